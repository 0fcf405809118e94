//! Sessions: listed, ended, over by themselves, and of one person alone; acting for other accounts;
//! showing again that it is you.

use crate::{
    browser::{Browser, PASSWORD, count},
    stage::Stage,
};
use frontdesk_api::Api;
use frontdesk_events::nats::Role;
use frontdesk_harness::eventually;
use frontdesk_process::{Shutdown, health::Health};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

async fn sessions(browser: &mut Browser) -> Vec<Value> {
    let list = browser.get("/api/auth/sessions").await;
    assert_eq!(list.status, 200, "{}", list.text);
    list.json()["items"].as_array().unwrap().clone()
}

/// Somebody in one browser who logs in in two others.
async fn in_three_browsers(stage: &Stage) -> [Browser; 3] {
    let mut one = stage.browser().called("One");
    one.sign_up(stage, "ada").await;
    let (mut two, mut three) = (
        stage.browser().called("Two"),
        stage.browser().called("Three"),
    );
    assert_eq!(two.log_in("ada", PASSWORD).await.status, 200);
    assert_eq!(three.log_in("ada", PASSWORD).await.status, 200);
    [one, two, three]
}

#[tokio::test(flavor = "multi_thread")]
async fn one_sees_where_one_is_signed_in_and_signs_another_browser_out() {
    let stage = Stage::set().await;
    let [mut one, mut two, mut three] = in_three_browsers(&stage).await;
    let list = sessions(&mut two).await;
    let names: Vec<_> = list.iter().map(|session| &session["user_agent"]).collect();
    assert_eq!(names.len(), 3);
    let current: Vec<_> = list
        .iter()
        .filter(|session| session["is_current"] == true)
        .collect();
    assert_eq!(current.len(), 1);
    assert_eq!(current[0]["user_agent"], "Two");
    assert_eq!(current[0]["address"], "127.0.0.1");
    let other = list
        .iter()
        .find(|session| session["user_agent"] == "One")
        .unwrap();
    assert_eq!(other["method"], "signup");
    let path = format!("/api/auth/sessions/{}", other["id"].as_str().unwrap());
    assert_eq!(two.delete(&path).await.status, 204);
    assert_eq!(one.me().await, None, "signed out");
    assert!(two.me().await.is_some() && three.me().await.is_some());
    assert_eq!(two.delete(&path).await.status, 404, "only once");
    // One's own like any other; then the cookie goes too.
    let path = format!("/api/auth/sessions/{}", current[0]["id"].as_str().unwrap());
    assert_eq!(two.delete(&path).await.status, 204);
    assert!(two.cookies.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_of_others_do_not_exist() {
    let stage = Stage::set().await;
    let [mut one, _, _] = in_three_browsers(&stage).await;
    let mut stranger = stage.browser();
    stranger.sign_up(&stage, "mallory").await;
    assert_eq!(sessions(&mut stranger).await.len(), 1);
    let target = sessions(&mut one).await[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for id in [target.as_str(), &Uuid::new_v4().to_string(), "1", "%00"] {
        let answer = stranger.delete(&format!("/api/auth/sessions/{id}")).await;
        assert_eq!(answer.status, 404, "{id}");
    }
    assert_eq!(stranger.delete("/api/auth/sessions").await.status, 204);
    assert_eq!(sessions(&mut one).await.len(), 3);
    // Nor for who is in the same account, or runs the service.
    let id: Uuid = one.me().await.unwrap().parse().unwrap();
    let member = stage.member(id, "manager").await;
    let admin = stage.admin().await;
    for other in [member, admin] {
        assert_eq!(
            other
                .delete(&format!("/api/auth/sessions/{target}"))
                .await
                .status,
            404
        );
        assert_eq!(
            other.json("/api/auth/sessions").await["items"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_ends_the_session_and_not_only_the_cookie() {
    let stage = Stage::set().await;
    let [mut one, mut two, _] = in_three_browsers(&stage).await;
    let copied = one.clone();
    let answer = one.send(Method::POST, "/api/auth/logout", None).await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert!(one.cookies.is_empty());
    assert_eq!(copied.clone().me().await, None);
    assert!(two.me().await.is_some());
    assert_eq!(
        one.send(Method::POST, "/api/auth/logout", None)
            .await
            .status,
        401
    );
    // Another site cannot sign anybody out.
    let cookie = format!("session={}", two.cookies["session"]);
    let forged = stage
        .request(Method::POST, "/api/auth/logout")
        .header("cookie", cookie)
        .header("sec-fetch-site", "cross-site");
    assert_eq!(forged.send().await.unwrap().status(), 403);
    assert!(two.me().await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_everywhere_ends_all_and_what_programs_drew() {
    let stage = Stage::set().await;
    let [mut one, mut two, mut three] = in_three_browsers(&stage).await;
    let refresh = "insert into account.refresh_tokens (token_hash, family, user_id, account_id, created_at, proven_at, expires_at)
        select sha256('x'), gen_random_uuid(), id, id, now(), now(), now() + interval '30 d'
        from account.users where email = 'ada@example.com'";
    stage.execute(refresh).await;
    assert_eq!(one.delete("/api/auth/sessions").await.status, 204);
    for browser in [&mut one, &mut two, &mut three] {
        assert_eq!(browser.me().await, None);
    }
    assert_eq!(count(&stage, "account.refresh_tokens").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_logs_out_ends_its_own_login_alone() {
    let stage = Stage::set().await;
    let [mut one, _, _] = in_three_browsers(&stage).await;
    let credentials = json!({ "email": "ada@example.com", "password": PASSWORD });
    let token = async || {
        let tokens = stage
            .browser()
            .post("/api/auth/token", credentials.clone())
            .await;
        format!("Bearer {}", tokens.json()["access_token"].as_str().unwrap())
    };
    let (first, second) = (token().await, token().await);
    let ask = async |method: Method, path: &str, token: &str| {
        let request = stage.request(method, path).header("authorization", token);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask(Method::GET, "/api/auth/me", &first).await, 200);
    assert_eq!(ask(Method::POST, "/api/auth/logout", &first).await, 204);
    assert_eq!(ask(Method::GET, "/api/auth/me", &first).await, 401);
    assert_eq!(ask(Method::GET, "/api/auth/me", &second).await, 200);
    assert!(one.me().await.is_some());
    assert_eq!(one.delete("/api/auth/sessions").await.status, 204);
    assert_eq!(
        ask(Method::GET, "/api/auth/me", &second).await,
        401,
        "everywhere"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_it_is_idle_or_old() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    browser.sign_up(&stage, "ada").await;
    let age = async |change: &str| {
        let sql = format!("update account.sessions set {change} where method = 'signup'");
        stage.execute(&sql).await
    };
    age("seen_at = now() - interval '11 h 59 min'").await;
    assert!(browser.me().await.is_some());
    let recent = "account.sessions where method = 'signup' and seen_at > now() - interval '1 min'";
    assert_eq!(count(&stage, recent).await, 1, "use is noted");
    age("seen_at = now() - interval '12 h 1 s'").await;
    assert_eq!(browser.me().await, None, "idle for twelve hours");
    age("seen_at = now(), expires_at = now() + interval '1 h'").await;
    assert!(browser.me().await.is_some());
    age("expires_at = now() - interval '1 s'").await;
    assert_eq!(browser.me().await, None, "a week old, however busy");
    let longest = "account.sessions where expires_at - created_at > interval '7 d'";
    assert_eq!(count(&stage, longest).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_swept_away() {
    let stage = Stage::set().await;
    let [_, mut two, _] = in_three_browsers(&stage).await;
    stage
        .browser()
        .post("/api/auth/signup", crate::browser::wanted("bob"))
        .await;
    stage.browser().log_in("nobody", "not the password").await;
    stage.execute("update account.sessions set expires_at = now() - interval '1 s' where method = 'signup'").await;
    stage
        .execute("update account.signups set expires_at = now() - interval '1 s'")
        .await;
    stage
        .execute("update account.login_failures set last_at = now() - interval '25 h'")
        .await;
    // Each process sweeps as it starts.
    let shutdown = Shutdown::new();
    let _second = Api::start(
        crate::stage::args(),
        &stage.database.url(),
        stage.nats.connect(Role::Api).await,
        Health::default(),
        shutdown.clone(),
    )
    .await
    .unwrap();
    eventually("what is over is gone", async || {
        let over = "(select 1 from account.signups union all select 1 from account.login_failures
            union all select 1 from account.sessions where method = 'signup') o";
        (count(&stage, over).await == 0).then_some(())
    })
    .await;
    assert_eq!(sessions(&mut two).await.len(), 2, "and nothing else");
    shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_acts_for_accounts_one_is_a_member_of_and_no_others() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    let id = browser.sign_up(&stage, "ada").await;
    let (shop, stranger) = (stage.user("shop").await, stage.user("stranger").await);
    let join = format!(
        "insert into account.members (account_id, user_id, role, joined_at) values ('{shop}', '{id}', 'manager', now())"
    );
    stage.execute(&join).await;
    let session = browser.cookies["session"].clone();
    let switched = browser
        .post("/api/auth/account", json!({ "account_id": shop }))
        .await;
    assert_eq!(switched.status, 200, "{}", switched.text);
    let me = switched.json();
    assert_eq!(
        me["account"],
        json!({ "id": shop, "name": "shop", "role": "manager" })
    );
    assert_eq!(me["user"]["id"], id.to_string());
    let roles: Vec<_> = me["accounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["role"])
        .collect();
    assert_eq!(roles, ["owner", "manager"]);
    assert_eq!(browser.cookies["session"], session, "the same session");
    for other in [stranger, Uuid::new_v4()] {
        let answer = browser
            .post("/api/auth/account", json!({ "account_id": other }))
            .await;
        assert_eq!(answer.status, 404);
    }
    for bad in [json!("1"), json!(7), json!(null), json!("\u{0}")] {
        let answer = browser
            .post("/api/auth/account", json!({ "account_id": bad }))
            .await;
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["field"]),
            (422, &json!("account_id"))
        );
    }
    assert_eq!(
        browser.get("/api/auth/me").await.json()["account"]["id"],
        shop.to_string()
    );
    // Whoever is removed, or whose other account is suspended, is back in their own and not locked out.
    stage
        .execute(&format!(
            "update account.users set suspended_at = now() where id = '{shop}'"
        ))
        .await;
    assert_eq!(
        browser.get("/api/auth/me").await.json()["account"]["id"],
        id.to_string()
    );
    let refused = browser
        .post("/api/auth/account", json!({ "account_id": shop }))
        .await;
    assert_eq!(refused.status, 403);
    stage
        .execute(&format!(
            "update account.users set suspended_at = null where id = '{shop}'"
        ))
        .await;
    stage.execute("delete from account.members").await;
    assert_eq!(
        browser.get("/api/auth/me").await.json()["account"]["role"],
        "owner"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_looks_at_any_account_and_its_owner_sees_that() {
    let stage = Stage::set().await;
    let admin = stage.admin().await;
    let shop = stage.user("shop").await;
    let me = admin
        .post("/api/auth/account", &json!({ "account_id": shop }))
        .await;
    assert_eq!(me.status, 200, "{}", me.text);
    assert_eq!(
        me.json()["account"],
        json!({ "id": shop, "name": "shop", "role": "reader" })
    );
    let looks = format!(
        "account.audit where act = 'account.support_look' and user_id = '{shop}' and actor_id = '{}' and actor_kind = 'admin'",
        admin.id
    );
    assert_eq!(count(&stage, &looks).await, 1);
    let own = admin
        .post("/api/auth/account", &json!({ "account_id": admin.id }))
        .await;
    assert_eq!(own.json()["account"]["role"], "owner");
    assert_eq!(count(&stage, &looks).await, 1);
    // Who is no administrator any more looks at their own.
    admin
        .post("/api/auth/account", &json!({ "account_id": shop }))
        .await;
    stage
        .execute("update account.users set role = 'owner'")
        .await;
    let me = admin.json("/api/auth/me").await;
    assert_eq!(me["account"]["id"], admin.id.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_shown_again_is_a_proof_and_a_new_secret() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    browser.sign_up(&stage, "ada").await;
    stage
        .execute("update account.sessions set proven_at = now() - interval '16 min'")
        .await;
    let until = async |browser: &mut Browser| {
        let me = browser.get("/api/auth/me").await.json();
        me["session"]["proven_until"].as_str().unwrap().to_owned()
    };
    let before = until(&mut browser).await;
    let old = browser.clone();
    let wrong = browser
        .post("/api/auth/prove", json!({ "password": "not the password" }))
        .await;
    assert_eq!(wrong.status, 401);
    assert_eq!(
        wrong.json()["type"],
        "urn:frontdesk:problem:wrong-credentials"
    );
    assert_eq!(until(&mut browser).await, before);
    let right = browser
        .post("/api/auth/prove", json!({ "password": PASSWORD }))
        .await;
    assert_eq!((right.status, right.text.as_str()), (204, ""));
    assert!(until(&mut browser).await > before);
    assert_ne!(browser.cookies["session"], old.cookies["session"]);
    assert_eq!(
        old.clone().me().await,
        None,
        "a copy of the secret before is worth nothing"
    );
    assert_eq!(sessions(&mut browser).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_cannot_be_guessed() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    browser.sign_up(&stage, "ada").await;
    for (body, field) in [
        (json!({}), "password"),
        (json!({ "password": PASSWORD, "code": "123456" }), "code"),
        (json!({ "code": "  " }), "password"),
        (json!({ "code": "1".repeat(65) }), "code"),
    ] {
        let answer = browser.post("/api/auth/prove", body.clone()).await;
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["field"]),
            (422, &json!(field)),
            "{body}"
        );
    }
    // Without an authenticator app there is no code.
    assert_eq!(
        browser
            .post("/api/auth/prove", json!({ "code": "123456" }))
            .await
            .status,
        401
    );
    for _ in 0..4 {
        let wrong = browser
            .post("/api/auth/prove", json!({ "password": "not the password" }))
            .await;
        assert_eq!(wrong.status, 401);
    }
    assert_eq!(stage.lengthen_waits().await, 1);
    let waiting = browser
        .post("/api/auth/prove", json!({ "password": PASSWORD }))
        .await;
    assert_eq!(waiting.status, 429);
    let stranger = stage
        .browser()
        .post("/api/auth/prove", json!({ "password": PASSWORD }))
        .await;
    assert_eq!(stranger.status, 401);
    // Who has no password cannot prove with one.
    let other = stage.person("without").await;
    let answer = other
        .post("/api/auth/prove", &json!({ "password": PASSWORD }))
        .await;
    assert_eq!(answer.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_offer_is_read_when_it_is_asked_for_and_shown_to_this_machine_alone() {
    let file = std::env::temp_dir().join(format!("frontdesk-offer-{}.json", Uuid::new_v4()));
    let path = file.clone();
    let stage = Stage::set_with(move |args| {
        args.ready_accounts = Some(path);
        args.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let nothing = json!({ "providers": [], "ready_accounts": [], "mailbox_url": null });
    let mut browser = stage.browser();
    assert_eq!(
        browser.get("/api/auth/offer").await.json(),
        nothing,
        "not written yet"
    );
    let account = json!({ "title": "An owner", "email": "owner@example.com", "password": "first day of spring", "api_key": null });
    let written = json!({ "mailbox_url": "http://localhost:8025", "accounts": [account] });
    std::fs::write(&file, written.to_string()).unwrap();
    let offer = browser.get("/api/auth/offer").await.json();
    assert_eq!(offer["mailbox_url"], "http://localhost:8025");
    assert_eq!(
        offer["ready_accounts"],
        json!([{ "title": "An owner", "email": "owner@example.com", "password": "first day of spring" }])
    );
    let elsewhere = stage
        .browser()
        .from("203.0.113.9")
        .get("/api/auth/offer")
        .await;
    assert_eq!(elsewhere.json(), nothing);
    std::fs::write(&file, "{ not json").unwrap();
    assert_eq!(browser.get("/api/auth/offer").await.json(), nothing);
    std::fs::remove_file(&file).unwrap();
}
