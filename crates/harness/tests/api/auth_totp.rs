//! The second step of a log-in: codes that count once, recovery codes, and no way to guess or go
//! round it.

use crate::{
    auth_password::forget,
    authenticator::Authenticator,
    browser::{Browser, PASSWORD, address, count, facts},
    person::Answer,
    stage::Stage,
};
use frontdesk_api::{UsersCommand, users_command};
use frontdesk_harness::eventually;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

/// Signs somebody up and turns their second factor on; gives the app and the recovery codes.
pub(crate) async fn with_totp(
    browser: &mut Browser,
    stage: &Stage,
    name: &str,
) -> (Authenticator, Vec<String>) {
    browser.sign_up(stage, name).await;
    turn_on(browser).await
}

pub(crate) async fn turn_on(browser: &mut Browser) -> (Authenticator, Vec<String>) {
    let offer = browser.send(Method::POST, "/api/auth/totp", None).await;
    assert_eq!(offer.status, 200, "{}", offer.text);
    let app = Authenticator::of(offer.json()["secret"].as_str().unwrap());
    // The step before: so that the present one is not used up yet.
    let confirmed = browser
        .post(
            "/api/auth/totp/confirm",
            json!({ "code": app.code_before().await }),
        )
        .await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);
    let codes = confirmed.json()["recovery_codes"].clone();
    (app, serde_json::from_value(codes).unwrap())
}

async fn log_in(browser: &mut Browser, name: &str, code: &str) -> Answer {
    let body = json!({ "email": address(name), "password": PASSWORD, "code": code });
    browser.post("/api/auth/login", body).await
}

/// What kind of problem.
fn kind(answer: &Answer) -> String {
    let kind = answer.json()["type"].as_str().unwrap().to_owned();
    kind.rsplit(':').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_wants_a_code_once_it_is_confirmed() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    browser.sign_up(&stage, "ada").await;
    let offer = browser
        .send(Method::POST, "/api/auth/totp", None)
        .await
        .json();
    assert!(offer["uri"].as_str().unwrap().contains("ada%40example.com"));
    assert!(offer["qr_svg"].as_str().unwrap().contains("<svg"));
    // What is not confirmed counts for nothing.
    assert_eq!(stage.browser().log_in("ada", PASSWORD).await.status, 200);
    let app = Authenticator::of(offer["secret"].as_str().unwrap());
    let wrong = browser
        .post("/api/auth/totp/confirm", json!({ "code": "000000" }))
        .await;
    assert_eq!((wrong.status, kind(&wrong)), (422, "invalid".into()));
    assert_eq!(
        browser.get("/api/auth/me").await.json()["second_factor"],
        false
    );
    let confirmed = browser
        .post(
            "/api/auth/totp/confirm",
            json!({ "code": app.code_before().await }),
        )
        .await;
    let codes = confirmed.json()["recovery_codes"].clone();
    assert_eq!(codes.as_array().unwrap().len(), 10);
    assert_eq!(
        browser.get("/api/auth/me").await.json()["second_factor"],
        true
    );

    let without = stage.browser().log_in("ada", PASSWORD).await;
    assert_eq!(
        (without.status, kind(&without)),
        (401, "code-needed".into())
    );
    assert_eq!(without.header("set-cookie"), "");
    let code = app.code(0);
    // Who has the code and not the password learns nothing.
    let mut stranger = stage.browser();
    let body = json!({ "email": address("ada"), "password": "not the password", "code": code });
    let refused = stranger.post("/api/auth/login", body).await;
    assert_eq!(
        (refused.status, kind(&refused)),
        (401, "wrong-credentials".into())
    );
    let mut phone = stage.browser();
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    assert_eq!(log_in(&mut phone, "ada", &spaced).await.status, 200);
    assert!(phone.me().await.is_some());
    assert!(
        facts(&stage)
            .await
            .contains(&"dev.frontdesk.user.second_factor_enabled.v1".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_counts_once_also_in_ten_requests_at_once() {
    let stage = Stage::set().await;
    let (app, codes) = with_totp(&mut stage.browser(), &stage, "ada").await;
    for code in [app.code(0), codes[0].clone()] {
        // Each try is counted; ten at once are more than five.
        stage.execute("delete from account.login_failures").await;
        let tries = (0..5).map(|_| async {
            let mut browser = stage.browser();
            log_in(&mut browser, "ada", &code).await.status
        });
        let mut answers = join_all(tries).await;
        answers.sort_unstable();
        assert_eq!(answers, [200, 401, 401, 401, 401], "{code}");
        stage.execute("delete from account.login_failures").await;
        assert_eq!(log_in(&mut stage.browser(), "ada", &code).await.status, 401);
    }
    // An older step is over with the newer one, and the confirming code was used as well.
    stage.execute("delete from account.login_failures").await;
    assert_eq!(
        log_in(&mut stage.browser(), "ada", &app.code(-1))
            .await
            .status,
        401
    );
    assert_eq!(
        log_in(&mut stage.browser(), "ada", &app.code(1))
            .await
            .status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn recovery_codes_open_once_each_and_are_recorded() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    let (_, codes) = with_totp(&mut browser, &stage, "ada").await;
    let typed = codes[3].to_uppercase().replace('-', " ");
    assert_eq!(
        log_in(&mut stage.browser(), "ada", &typed).await.status,
        200
    );
    assert_eq!(
        log_in(&mut stage.browser(), "ada", &codes[3]).await.status,
        401
    );
    let used = "account.audit where act = 'second_factor.recovery_code_used'";
    assert_eq!(count(&stage, used).await, 1);
    let renewed = browser
        .send(Method::POST, "/api/auth/totp/recovery-codes", None)
        .await;
    let renewed: Vec<String> =
        serde_json::from_value(renewed.json()["recovery_codes"].clone()).unwrap();
    assert!(renewed.len() == 10 && !renewed.contains(&codes[4]));
    assert_eq!(
        log_in(&mut stage.browser(), "ada", &codes[4]).await.status,
        401
    );
    assert_eq!(
        log_in(&mut stage.browser(), "ada", &renewed[4])
            .await
            .status,
        200
    );
    // Nobody else's.
    let mut other = stage.browser();
    with_totp(&mut other, &stage, "bob").await;
    assert_eq!(
        log_in(&mut stage.browser(), "bob", &renewed[5])
            .await
            .status,
        401
    );
    // The tables hold none of them as it is.
    let plain = renewed[5].replace('-', "");
    let held = format!("account.recovery_codes r where r::text like '%{plain}%'");
    assert_eq!(count(&stage, &held).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn how_many_recovery_codes_are_left_is_told() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    browser.sign_up(&stage, "ada").await;
    assert_eq!(left(&mut browser).await, Value::Null);
    let offer = browser.send(Method::POST, "/api/auth/totp", None).await;
    assert_eq!(offer.status, 200, "{}", offer.text);
    assert_eq!(left(&mut browser).await, Value::Null, "not confirmed yet");
    let (_, codes) = turn_on(&mut browser).await;
    assert_eq!(left(&mut browser).await, json!({ "left": 10, "of": 10 }));
    // Neither somebody else's nor a wrong one takes any.
    let (_, others) = with_totp(&mut stage.browser(), &stage, "bob").await;
    let theirs = log_in(&mut stage.browser(), "bob", &others[0]).await;
    assert_eq!(
        theirs.json()["recovery_codes"],
        json!({ "left": 9, "of": 10 })
    );
    let wrong = log_in(&mut stage.browser(), "ada", &others[1]).await;
    assert_eq!(wrong.status, 401);
    let entered = log_in(&mut stage.browser(), "ada", &codes[0]).await;
    assert_eq!(
        entered.json()["recovery_codes"],
        json!({ "left": 9, "of": 10 })
    );
    let proven = browser
        .post("/api/auth/prove", json!({ "code": codes[1] }))
        .await;
    assert_eq!(proven.status, 204, "{}", proven.text);
    assert_eq!(left(&mut browser).await, json!({ "left": 8, "of": 10 }));
    let renewed = browser.send(Method::POST, RENEW, None).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text);
    assert_eq!(left(&mut browser).await, json!({ "left": 10, "of": 10 }));
    assert_eq!(browser.delete("/api/auth/totp").await.status, 204);
    assert_eq!(left(&mut browser).await, Value::Null);
}

async fn left(browser: &mut Browser) -> Value {
    browser.get("/api/auth/me").await.json()["recovery_codes"].clone()
}

const RENEW: &str = "/api/auth/totp/recovery-codes";

#[tokio::test(flavor = "multi_thread")]
async fn recovery_codes_renewed_twice_at_once_are_ten() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    with_totp(&mut browser, &stage, "ada").await;
    let mut again = browser.clone();
    let mut other = stage.database.client().await;
    let busy = other.transaction().await.unwrap();
    let hold = "select from account.recovery_codes for update";
    busy.batch_execute(hold).await.unwrap();
    let waiting =
        "pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    let let_go = async {
        eventually("both wait", async || {
            (count(&stage, waiting).await >= 2).then_some(())
        })
        .await;
        busy.rollback().await.unwrap();
    };
    let (one, two, ()) = tokio::join!(
        browser.send(Method::POST, RENEW, None),
        again.send(Method::POST, RENEW, None),
        let_go
    );
    assert_eq!((one.status, two.status), (200, 200));
    assert_eq!(count(&stage, "account.recovery_codes").await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_cannot_be_guessed_with_the_password_in_hand() {
    let stage = Stage::set().await;
    let (app, _) = with_totp(&mut stage.browser(), &stage, "ada").await;
    let mut thief = stage.browser();
    for guess in 0..5 {
        // The right password forgives no wrong code.
        let answer = log_in(&mut thief, "ada", &format!("{guess:06}")).await;
        assert_eq!(answer.status, 401);
    }
    assert_eq!(stage.lengthen_waits().await, 1);
    for code in ["000005", "000006", &app.code(0)] {
        let answer = log_in(&mut thief, "ada", code).await;
        assert_eq!(answer.status, 429);
        assert!(!answer.header("retry-after").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_changed_by_who_proved_who_they_are() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    let (app, _) = with_totp(&mut browser, &stage, "ada").await;
    let again = browser.send(Method::POST, "/api/auth/totp", None).await;
    assert_eq!((again.status, kind(&again)), (409, "already-on".into()));
    stage
        .execute("update account.sessions set proven_at = proven_at - interval '16 minutes'")
        .await;
    for answer in [
        browser.send(Method::POST, "/api/auth/totp", None).await,
        browser
            .post("/api/auth/totp/confirm", json!({ "code": app.code(0) }))
            .await,
        browser.delete("/api/auth/totp").await,
        browser
            .send(Method::POST, "/api/auth/totp/recovery-codes", None)
            .await,
    ] {
        assert_eq!((answer.status, kind(&answer)), (403, "proof-needed".into()));
    }
    // What is behind both does not open to the password alone.
    let half = browser
        .post("/api/auth/prove", json!({ "password": PASSWORD }))
        .await;
    assert_eq!((half.status, kind(&half)), (401, "code-needed".into()));
    assert_eq!(browser.delete("/api/auth/totp").await.status, 403);
    let proven = browser
        .post("/api/auth/prove", json!({ "code": app.code(0) }))
        .await;
    assert_eq!(proven.status, 204, "{}", proven.text);
    assert_eq!(browser.delete("/api/auth/totp").await.status, 204);
    assert_eq!(stage.browser().log_in("ada", PASSWORD).await.status, 200);
    assert_eq!(count(&stage, "account.recovery_codes").await, 0);
    let none = browser
        .send(Method::POST, "/api/auth/totp/recovery-codes", None)
        .await;
    assert_eq!((none.status, kind(&none)), (409, "not-on".into()));
    let nothing = browser
        .post("/api/auth/totp/confirm", json!({ "code": "123456" }))
        .await;
    assert_eq!(
        (nothing.status, kind(&nothing)),
        (409, "nothing-to-confirm".into())
    );
    assert!(
        facts(&stage)
            .await
            .contains(&"dev.frontdesk.user.second_factor_disabled.v1".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_is_sealed_and_no_use_in_another_row() {
    let stage = Stage::set().await;
    let mut ada = stage.browser();
    with_totp(&mut ada, &stage, "ada").await;
    let (app, _) = with_totp(&mut stage.browser(), &stage, "mallory").await;
    // Somebody who can write to the table gives Ada the secret they know.
    stage
        .execute(
            "update account.second_factors set last_step = 0, secret_sealed = (
                 select secret_sealed from account.second_factors f join account.users u on u.id = f.user_id
                 where u.name = 'mallory')",
        )
        .await;
    assert_eq!(
        log_in(&mut stage.browser(), "ada", &app.code(0))
            .await
            .status,
        401
    );
    assert_eq!(
        log_in(&mut stage.browser(), "mallory", &app.code(0))
            .await
            .status,
        200
    );
    // What was never confirmed is over after an hour.
    let mut eve = stage.browser();
    eve.sign_up(&stage, "eve").await;
    let offer: Value = eve.send(Method::POST, "/api/auth/totp", None).await.json();
    let app = Authenticator::of(offer["secret"].as_str().unwrap());
    stage
        .execute("update account.second_factors set created_at = created_at - interval '61 minutes' where confirmed_at is null")
        .await;
    let late = eve
        .post("/api/auth/totp/confirm", json!({ "code": app.code(0) }))
        .await;
    assert_eq!(late.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_code_cannot_be_guessed_and_guesses_are_on_record() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    browser.sign_up(&stage, "ada").await;
    let offer = browser.send(Method::POST, "/api/auth/totp", None).await;
    let app = Authenticator::of(offer.json()["secret"].as_str().unwrap());
    let mut confirm = async |code: &str| {
        let body = json!({ "code": code });
        browser.post("/api/auth/totp/confirm", body).await
    };
    let long = confirm(&"1".repeat(65)).await;
    assert_eq!(long.json()["errors"][0]["field"], "code");
    for _ in 0..5 {
        assert_eq!(confirm("000000").await.status, 422);
    }
    stage.lengthen_waits().await;
    assert_eq!(confirm(&app.code(0)).await.status, 429);
    let noted = "account.audit where act = 'second_factor.wrong_code' and address is not null";
    assert_eq!(count(&stage, noted).await, 5);
    stage.end_waits().await;
    assert_eq!(confirm(&app.code(0)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_gives_no_more_guesses_at_codes() {
    let stage = Stage::set().await;
    let (app, _) = with_totp(&mut stage.browser(), &stage, "ada").await;
    let mut thief = stage.browser();
    for guess in 0..5 {
        log_in(&mut thief, "ada", &format!("{guess:06}")).await;
    }
    stage.lengthen_waits().await;
    assert_eq!(log_in(&mut thief, "ada", &app.code(0)).await.status, 429);
    let link = forget(&stage).await;
    let body = json!({ "token": link, "password": "four bells by ten" });
    let reset = thief.post("/api/auth/password/reset", body).await;
    assert_eq!(reset.status, 204, "{}", reset.text);
    let body =
        json!({ "email": address("ada"), "password": "four bells by ten", "code": app.code(0) });
    assert_eq!(thief.post("/api/auth/login", body).await.status, 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn turning_it_on_or_off_signs_out_everywhere_else() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    browser.sign_up(&stage, "ada").await;
    let mut other = stage.browser();
    other.log_in("ada", PASSWORD).await;
    let body = json!({ "email": address("ada"), "password": PASSWORD });
    assert_eq!(
        stage.browser().post("/api/auth/token", body).await.status,
        200
    );
    let mut copy = browser.clone();
    let (app, _) = turn_on(&mut browser).await;
    assert!(browser.me().await.is_some());
    assert_eq!(copy.me().await, None, "what was copied wanted no code");
    assert_eq!(other.me().await, None);
    assert_eq!(count(&stage, "account.refresh_tokens").await, 0);
    assert_eq!(log_in(&mut other, "ada", &app.code(0)).await.status, 200);
    let mut copy = browser.clone();
    assert_eq!(browser.delete("/api/auth/totp").await.status, 204);
    assert!(browser.me().await.is_some());
    assert_eq!(copy.me().await, None);
    assert_eq!(other.me().await, None);
}

/// Turns on what somebody was offered, in the moment in which `going_on` waits for their row.
pub(crate) async fn turned_on_meanwhile<T>(stage: &Stage, going_on: impl Future<Output = T>) -> T {
    let mut client = stage.database.client().await;
    let turning_on = client.transaction().await.unwrap();
    let sql = "select from account.users for no key update;
        update account.second_factors set confirmed_at = now()";
    turning_on.batch_execute(sql).await.unwrap();
    let waiting =
        "pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    let let_go = async {
        eventually("it waits", async || {
            (count(stage, waiting).await >= 1).then_some(())
        })
        .await;
        turning_on.commit().await.unwrap();
    };
    tokio::join!(going_on, let_go).0
}

#[tokio::test(flavor = "multi_thread")]
async fn who_logs_in_while_it_is_turned_on_needs_a_code() {
    for path in ["/api/auth/login", "/api/auth/token"] {
        let stage = Stage::set().await;
        let mut browser = stage.browser();
        browser.sign_up(&stage, "ada").await;
        let offer = browser.send(Method::POST, "/api/auth/totp", None).await;
        assert_eq!(offer.status, 200);
        let mut other = stage.browser();
        let body = json!({ "email": address("ada"), "password": PASSWORD });
        let answer = turned_on_meanwhile(&stage, other.post(path, body)).await;
        assert_eq!(
            (answer.status, kind(&answer).as_str()),
            (401, "code-needed"),
            "{path}"
        );
        assert_eq!(count(&stage, "account.refresh_tokens").await, 0, "{path}");
        assert_eq!(other.me().await, None, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_lets_in_who_lost_app_and_codes() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    with_totp(&mut browser, &stage, "ada").await;
    let url = stage.database.url();
    let end = async |email: &str| {
        let email = email.to_owned();
        users_command(UsersCommand::EndSecondFactor { email }, &url).await
    };
    for wrong in ["nobody@example.com", "ada", ""] {
        assert!(end(wrong).await.is_err(), "{wrong:?}");
    }
    end("Ada@example.com").await.unwrap();
    assert_eq!(browser.me().await, None, "signed out everywhere");
    assert_eq!(stage.browser().log_in("ada", PASSWORD).await.status, 200);
    assert_eq!(count(&stage, "account.recovery_codes").await, 0);
    let noted = "account.audit where act = 'second_factor.disabled' and actor_kind = 'system'";
    assert_eq!(count(&stage, noted).await, 1);
    end("ada@example.com").await.unwrap();
    assert_eq!(count(&stage, noted).await, 1, "what is off stays off");
    let told = facts(&stage).await;
    let off = "dev.frontdesk.user.second_factor_disabled.v1";
    assert_eq!(told.iter().filter(|kind| *kind == off).count(), 1);
}
