//! Signing up: nobody is anybody before the address is proven, and nobody is told who has an account.

use crate::{
    browser::{Browser, PASSWORD, address, count, facts, mailed, token, wanted},
    person::Answer,
    stage::Stage,
};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

const REQUESTED: &str = "dev.frontdesk.signup.requested.v1";
const VERIFY: &str = "/api/auth/verify-email";

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_becomes_somebody_by_proving_the_address() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    let asked = browser
        .post(
            "/api/auth/signup",
            json!({ "name": "  Ada  Lovelace ", "email": "Ada@Example.com", "password": PASSWORD,
                "time_zone": "Europe/London", "locale": "en-GB" }),
        )
        .await;
    assert_eq!((asked.status, asked.text.as_str()), (202, "{}"));
    let cookie = asked.header("set-cookie");
    for part in [
        "signup=",
        "; HttpOnly",
        "; SameSite=Lax",
        "; Path=/",
        "; Max-Age=3600",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(browser.me().await, None);
    let users = "account.users where email = 'ada@example.com'";
    assert_eq!(count(&stage, users).await, 0, "nothing before the proof");

    let token = mailed(&stage, REQUESTED).await;
    let made = browser.post(VERIFY, json!({ "token": token })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let me = made.json();
    assert_eq!(me["user"]["name"], "Ada Lovelace");
    assert_eq!(me["user"]["email"], "ada@example.com");
    assert_eq!(me["user"]["time_zone"], "Europe/London");
    assert_eq!(me["user"]["locale"], "en-GB");
    assert_eq!(me["account"]["role"], "owner");
    assert_eq!(me["session"]["method"], "signup");
    assert_eq!(
        (&me["has_password"], &me["second_factor"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(browser.me().await.as_deref(), me["user"]["id"].as_str());
    assert!(
        !browser.cookies.contains_key("signup"),
        "it has done its work"
    );
    assert_eq!(
        facts(&stage).await,
        [REQUESTED, "dev.frontdesk.user.signed_up.v1"]
    );
    let sql = "select billing_key from account.users where email = 'ada@example.com'";
    let key: String = stage.client.query_one(sql, &[]).await.unwrap().get(0);
    assert!(key.starts_with("bk_") && key.len() > 40, "{key}");
    assert_eq!(stage.browser().log_in("ada", PASSWORD).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_travels_or_is_kept_holds_the_link_or_the_password() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    browser.post("/api/auth/signup", wanted("ada")).await;
    let token = mailed(&stage, REQUESTED).await;
    let cookie = browser.cookies["signup"].clone();
    for table in ["signups", "outbox", "audit"] {
        let sql = format!("select coalesce(string_agg(t::text, ''), '') from account.{table} t");
        let text: String = stage.client.query_one(&sql, &[]).await.unwrap().get(0);
        for secret in [token.as_str(), cookie.as_str(), PASSWORD] {
            assert!(!text.contains(secret), "{table} holds {secret}");
        }
        assert!(
            table == "signups" || !text.contains("ada@example.com"),
            "{table}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_alone_is_nobody() {
    let stage = Stage::set().await;
    let mut own = stage.browser();
    own.post("/api/auth/signup", wanted("ada")).await;
    let token = mailed(&stage, REQUESTED).await;

    let mut other = stage.browser();
    let asked = other.post(VERIFY, json!({ "token": token })).await;
    assert_eq!(asked.status, 409);
    assert_eq!(
        asked.json()["type"],
        "urn:frontdesk:problem:password-needed"
    );
    // Also with the cookie of another sign-up.
    other.post("/api/auth/signup", wanted("bob")).await;
    assert_eq!(
        other.post(VERIFY, json!({ "token": token })).await.status,
        409
    );
    let wrong = json!({ "token": token, "password": "not the password" });
    for _ in 0..5 {
        assert_eq!(other.post(VERIFY, wrong.clone()).await.status, 401);
    }
    assert_eq!(stage.lengthen_waits().await, 1);
    assert_eq!(other.post(VERIFY, wrong).await.status, 429);
    assert_eq!(other.me().await, None);
    stage.end_waits().await;
    let right = json!({ "token": token, "password": PASSWORD });
    assert_eq!(other.post(VERIFY, right).await.status, 201);
    assert!(other.me().await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_works_once_however_many_bring_it() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    browser.post("/api/auth/signup", wanted("ada")).await;
    let token = mailed(&stage, REQUESTED).await;
    let bring = |mut browser: Browser| {
        let token = token.clone();
        async move { browser.post(VERIFY, json!({ "token": token })).await.status }
    };
    let mut statuses = join_all((0..8).map(|_| bring(browser.clone()))).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 410, 410, 410, 410, 410, 410, 410]);
    assert_eq!(bring(browser).await, 410);
    assert_eq!(
        count(&stage, "account.users where email = 'ada@example.com'").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_too_old_or_none_is_over() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    browser.post("/api/auth/signup", wanted("ada")).await;
    let real = mailed(&stage, REQUESTED).await;
    let long = "x".repeat(10_000);
    for none in [
        "",
        "x",
        "\0",
        &long,
        &real[1..],
        &token(uuid::Uuid::new_v4()),
    ] {
        let answer = browser.post(VERIFY, json!({ "token": none })).await;
        assert_eq!(answer.status, 410, "{none:.20}");
    }
    stage
        .execute("update account.signups set expires_at = now() - interval '1 second'")
        .await;
    let answer = browser.post(VERIFY, json!({ "token": real })).await;
    assert_eq!(answer.json()["type"], "urn:frontdesk:problem:link-over");
}

/// What of an answer a stranger could compare. Times, ids and secrets differ between any two.
fn comparable(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
        .map(|(name, value)| {
            let value = value.to_str().unwrap();
            let shown = match value.split_once('=') {
                Some((cookie, rest)) if name == "set-cookie" => {
                    format!("{cookie}={}", rest.split_once(';').unwrap().1)
                }
                _ => value.to_owned(),
            };
            (name.to_string(), shown)
        })
        .collect();
    headers.sort();
    let mut body: Value = serde_json::from_str(&answer.text).unwrap();
    if let Some(body) = body.as_object_mut() {
        body.remove("instance");
    }
    (answer.status, headers, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_an_address_has_an_account_is_told_nowhere() {
    let stage = Stage::set().await;
    stage.browser().sign_up(&stage, "ada").await;
    let paths = [
        ("/api/auth/signup", vec![wanted("ada"), wanted("nobody")]),
        (
            "/api/auth/login",
            vec![
                json!({ "email": address("ada"), "password": "not the password" }),
                json!({ "email": address("nobody"), "password": "not the password" }),
                // Has an account and no password.
                json!({ "email": address("olivia"), "password": "not the password" }),
                json!({ "email": address("nobody"), "password": "not the password", "code": "123456" }),
            ],
        ),
        (
            "/api/auth/password/forgot",
            vec![
                json!({ "email": address("ada") }),
                json!({ "email": address("nobody") }),
            ],
        ),
    ];
    for (path, bodies) in paths {
        let mut seen = Vec::new();
        for body in bodies {
            let (hashes, mut browser) = (stage.api().password_hashes(), stage.browser());
            let answer = browser.post(path, body).await;
            let work = stage.api().password_hashes() - hashes;
            let cookies: Vec<_> = browser.cookies.keys().cloned().collect();
            seen.push((comparable(&answer), work, cookies));
        }
        assert!(seen.iter().all(|one| *one == seen[0]), "{path}: {seen:#?}");
    }
    let told = facts(&stage).await;
    assert!(told.contains(&"dev.frontdesk.signup.repeated.v1".to_owned()));
    // The link of a sign-up for an address with an account is sent to nobody; it would not work either.
    let sql = "select id from account.signups where email = 'ada@example.com'";
    let id = stage.client.query_one(sql, &[]).await.unwrap().get(0);
    let forged = json!({ "token": token(id), "password": PASSWORD });
    assert_eq!(stage.browser().post(VERIFY, forged).await.status, 410);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_prepared_for_a_stranger_is_gone_once_the_stranger_comes() {
    let stage = Stage::set().await;
    let mut attacker = stage.browser();
    let mut prepared = wanted("victim");
    prepared["password"] = json!("chosen by an attacker");
    attacker.post("/api/auth/signup", prepared).await;
    let of_attacker = mailed(&stage, REQUESTED).await;

    // The victim gets the attacker's mail, and clicks; and types the password they would choose.
    let mut victim = stage.browser();
    assert_eq!(
        victim
            .post(VERIFY, json!({ "token": of_attacker }))
            .await
            .status,
        409
    );
    let guessed = json!({ "token": of_attacker, "password": PASSWORD });
    assert_eq!(victim.post(VERIFY, guessed).await.status, 401);

    victim.sign_up(&stage, "victim").await;
    // Even if the attacker's browser got the link now, there is nothing left to prove.
    assert_eq!(
        attacker
            .post(VERIFY, json!({ "token": of_attacker }))
            .await
            .status,
        410
    );
    assert_eq!(
        attacker
            .log_in("victim", "chosen by an attacker")
            .await
            .status,
        401
    );
    assert_eq!(attacker.me().await, None);
    assert_eq!(count(&stage, "account.signups").await, 0);
    let own = "account.sessions s join account.users u on u.id = s.user_id where u.email = 'victim@example.com'";
    assert_eq!(count(&stage, own).await, 1, "the victim's own");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_sign_ups_proven_at_once_one_makes_the_account() {
    let stage = Stage::set().await;
    let mut pending = Vec::new();
    for _ in 0..4 {
        let mut browser = stage.browser();
        browser.post("/api/auth/signup", wanted("ada")).await;
        pending.push((browser, mailed(&stage, REQUESTED).await));
    }
    let proven = join_all(pending.into_iter().map(|(mut browser, token)| async move {
        browser.post(VERIFY, json!({ "token": token })).await.status
    }));
    let mut statuses = proven.await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 410, 410, 410]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_cannot_fill_a_mailbox() {
    let stage = Stage::set().await;
    for _ in 0..12 {
        let answer = stage
            .browser()
            .post("/api/auth/signup", wanted("ada"))
            .await;
        assert_eq!(answer.status, 202, "and is not told so");
    }
    assert_eq!(facts(&stage).await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_fields_are_named() {
    let stage = Stage::set().await;
    let long = "x".repeat(129);
    for (field, bad) in [
        ("name", json!("")),
        ("name", json!("\u{202e}evil")),
        ("name", json!("a\u{0}b")),
        ("name", json!("x".repeat(101))),
        ("name", json!(null)),
        ("email", json!("ada@localhost")),
        ("email", json!("ada@example.com\r\nBcc: all@example.com")),
        ("email", json!("ada\u{0}@example.com")),
        ("email", json!(["ada@example.com"])),
        ("password", json!("short")),
        ("password", json!(long)),
        ("password", json!("password1")),
        ("password", json!("ADA@example.com")),
        ("password", json!("nul\u{0}nul\u{0}nul")),
        ("time_zone", json!("Mars/Olympus")),
        ("locale", json!("english")),
        ("role", json!("admin")),
    ] {
        let mut body = wanted("ada");
        body[field] = bad.clone();
        let answer = stage.browser().post("/api/auth/signup", body).await;
        assert_eq!(answer.status, 422, "{field} {bad}");
        assert_eq!(answer.json()["errors"][0]["field"], field, "{bad}");
    }
    let mut fine = wanted("ada");
    fine["name"] = json!("🦷 Żółć 名前");
    fine["password"] = json!("påsswörd mit ümläuten");
    assert_eq!(
        stage.browser().post("/api/auth/signup", fine).await.status,
        202
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_one_json_object_of_known_fields() {
    let stage = Stage::set().await;
    let good = wanted("ada").to_string();
    let doubled = good.replacen('{', r#"{"email":"eve@example.com","#, 1);
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let huge = format!(r#"{{"name":"{}"}}"#, "x".repeat(70_000));
    for (kind, body, status) in [
        ("application/json", doubled.as_str(), 422),
        ("application/json", "[]", 422),
        ("application/json", "", 400),
        ("application/json", &good[..good.len() - 1], 400),
        ("application/json", &deep, 422),
        ("application/json", &format!(r#"{{"name":{deep}}}"#), 422),
        ("application/json", r#"{"name":"\ud800"}"#, 400),
        ("application/json", &huge, 413),
        ("text/plain", &good, 415),
        ("application/x-www-form-urlencoded", &good, 415),
        ("", &good, 415),
    ] {
        let mut request = stage
            .browser()
            .request(Method::POST, "/api/auth/signup")
            .body(body.to_owned());
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{kind} {body:.40}");
    }
    let query = stage
        .browser()
        .post("/api/auth/signup?x=1", wanted("ada"))
        .await;
    assert_eq!(query.status, 400);
    assert_eq!(facts(&stage).await.len(), 0);
}
