//! Programs that log in: access tokens that cannot be forged and end with their login, refresh tokens
//! that work once.

use crate::{
    auth_password::forget,
    auth_totp::with_totp,
    browser::{PASSWORD, address, count, facts, mailed},
    person::{Answer, read},
    stage::{SECRET, Stage},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use frontdesk_process::keyring::Keyring;
use futures::future::join_all;
use reqwest::Method;
use ring::hmac;
use serde_json::{Value, json};

/// A program; it has no cookie and says nothing of a page.
pub(crate) async fn log_in(stage: &Stage, name: &str) -> Value {
    let body = json!({ "email": address(name), "password": PASSWORD });
    let answer = stage.browser().post("/api/auth/token", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("set-cookie"), "");
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

async fn refresh(stage: &Stage, tokens: &Value) -> Answer {
    let body = json!({ "refresh_token": tokens["refresh_token"] });
    stage.browser().post("/api/auth/refresh", body).await
}

async fn me(stage: &Stage, token: &str) -> u16 {
    let request = stage
        .request(Method::GET, "/api/auth/me")
        .bearer_auth(token);
    read(request.send().await.unwrap()).await.status
}

async fn works(stage: &Stage, tokens: &Value) -> bool {
    me(stage, tokens["access_token"].as_str().unwrap()).await == 200
}

pub(crate) fn part(text: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

pub(crate) fn signed(header: &Value, claims: &Value, key: &[u8]) -> String {
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let said = format!("{}.{}", encoded(header), encoded(claims));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), said.as_bytes());
    format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_logs_in_and_asks_without_a_cookie() {
    let stage = Stage::set().await;
    let id = stage.browser().sign_up(&stage, "ada").await;
    let tokens = log_in(&stage, "ada").await;
    assert_eq!(
        (&tokens["token_type"], &tokens["expires_in"]),
        (&json!("Bearer"), &json!(900))
    );
    let access = tokens["access_token"].as_str().unwrap();
    let claims = part(access.split('.').nth(1).unwrap());
    assert_eq!(claims["iss"], "http://localhost:8080");
    assert_eq!(claims["aud"], "frontdesk-api");
    assert_eq!(
        (&claims["sub"], &claims["account"]),
        (&json!(id), &json!(id))
    );
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        900
    );
    let request = stage
        .request(Method::GET, "/api/auth/me")
        .bearer_auth(access);
    let me = read(request.send().await.unwrap()).await.json();
    assert_eq!(
        (&me["user"]["id"], &me["session"]),
        (&json!(id), &Value::Null)
    );
    // Its login was proven just now.
    let key = json!({ "name": "Till", "scopes": ["agent"] });
    let request = stage.request(Method::POST, "/api/keys").bearer_auth(access);
    assert_eq!(
        read(request.json(&key).send().await.unwrap()).await.status,
        201
    );
    for credentials in [
        json!({ "email": address("ada"), "password": "not the password" }),
        json!({ "email": address("nobody"), "password": PASSWORD }),
    ] {
        let refused = stage.browser().post("/api/auth/token", credentials).await;
        assert_eq!(refused.status, 401);
        assert!(refused.text.contains("wrong-credentials"));
    }
    let told = facts(&stage).await;
    assert_eq!(told.last().unwrap(), "dev.frontdesk.key.created.v1");
    assert!(told.contains(&"dev.frontdesk.user.signed_in.v1".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_needs_the_second_step_too() {
    let stage = Stage::set().await;
    let (app, _) = with_totp(&mut stage.browser(), &stage, "ada").await;
    let mut body = json!({ "email": address("ada"), "password": PASSWORD });
    let without = stage.browser().post("/api/auth/token", body.clone()).await;
    assert_eq!(without.status, 401);
    assert!(without.text.contains("code-needed"));
    body["code"] = json!(app.code(0));
    assert_eq!(
        stage
            .browser()
            .post("/api/auth/token", body.clone())
            .await
            .status,
        200
    );
    assert_eq!(
        stage.browser().post("/api/auth/token", body).await.status,
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_cannot_be_forged_or_taken_from_elsewhere() {
    let stage = Stage::set().await;
    stage.browser().sign_up(&stage, "ada").await;
    let victim = stage.browser().sign_up(&stage, "bob").await;
    let tokens = log_in(&stage, "ada").await;
    let access = tokens["access_token"].as_str().unwrap();
    let parts: Vec<&str> = access.split('.').collect();
    let (header, claims) = (part(parts[0]), part(parts[1]));
    let key = Keyring::new(SECRET).unwrap().derive("access token");
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        claims
    };
    // What we sign ourselves is taken, so what is refused below is refused for its own reason.
    assert_eq!(me(&stage, &signed(&header, &claims, &key)).await, 200);
    let past = json!(claims["iat"].as_i64().unwrap() - 1);
    let b64 = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let other = with("sub", json!(victim));
    let other_key = Keyring::new(SECRET).unwrap().derive("mail link");
    for forged in [
        // Somebody else, with the signature of this one, none, or that of another key.
        format!("{}.{}.{}", parts[0], b64(&other), parts[2]),
        format!(
            "{}.{}.",
            b64(&json!({ "alg": "none", "typ": "JWT" })),
            b64(&other)
        ),
        format!("{}.{}.", parts[0], b64(&other)),
        signed(&header, &claims, &other_key),
        signed(&header, &claims, SECRET.as_bytes()),
        signed(&header, &claims, b""),
        // The right key under another algorithm's name.
        signed(&json!({ "alg": "HS384", "typ": "JWT" }), &claims, &key),
        signed(&json!({ "alg": "RS256", "typ": "JWT" }), &claims, &key),
        // For others, of others, over, of another login, of an account that is not theirs.
        signed(&header, &with("aud", json!("another-service")), &key),
        signed(&header, &with("iss", json!("http://localhost:9999")), &key),
        signed(&header, &with("exp", past), &key),
        signed(&header, &with("sid", json!(victim)), &key),
        signed(&header, &with("account", json!(victim)), &key),
        signed(&header, &other, &key),
        // And nothing at all.
        String::new(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        format!("{access}."),
        tokens["refresh_token"].as_str().unwrap().to_owned(),
    ] {
        assert_eq!(me(&stage, &forged).await, 401, "{forged}");
    }
    for name in ["exp", "aud", "iss", "sub", "sid", "account"] {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(
            me(&stage, &signed(&header, &claims, &key)).await,
            401,
            "without {name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_works_once_and_a_copy_ends_its_family() {
    let stage = Stage::set().await;
    stage.browser().sign_up(&stage, "ada").await;
    let first = log_in(&stage, "ada").await;
    let other = log_in(&stage, "ada").await;
    let second = refresh(&stage, &first).await.json();
    let third = refresh(&stage, &second).await.json();
    assert!(works(&stage, &third).await && works(&stage, &first).await);
    let thief = refresh(&stage, &first).await;
    assert_eq!(thief.status, 401, "{}", thief.text);
    for tokens in [&first, &second, &third] {
        assert!(
            !works(&stage, tokens).await,
            "access tokens end with their login"
        );
        assert_eq!(refresh(&stage, tokens).await.status, 401);
    }
    assert!(
        works(&stage, &other).await,
        "another login is no part of it"
    );
    assert_eq!(refresh(&stage, &other).await.status, 200);
    assert_eq!(
        count(&stage, "account.audit where act = 'token.reused'").await,
        1
    );
    for token in [
        "",
        "fdr_",
        "fdr_2Yb0y9cVPiJ0o4rRNeDWmEPmFOjAgfpfnfQCvQdMn3I",
    ] {
        assert_eq!(
            refresh(&stage, &json!({ "refresh_token": token }))
                .await
                .status,
            401
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_used_many_times_at_once_ends_its_family() {
    let stage = Stage::set().await;
    stage.browser().sign_up(&stage, "ada").await;
    for _ in 0..5 {
        let first = log_in(&stage, "ada").await;
        let answers = join_all((0..8).map(|_| refresh(&stage, &first))).await;
        let won: Vec<Value> = answers
            .iter()
            .filter(|answer| answer.status == 200)
            .map(Answer::json)
            .collect();
        assert_eq!(won.len(), 1, "one at most is answered with tokens");
        assert!(!works(&stage, &won[0]).await);
        assert_eq!(refresh(&stage, &won[0]).await.status, 401);
    }
    assert_eq!(count(&stage, "account.refresh_tokens").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_everywhere_and_another_password_end_programs_at_once() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    browser.sign_up(&stage, "ada").await;
    let tokens = log_in(&stage, "ada").await;
    assert_eq!(browser.delete("/api/auth/sessions").await.status, 204);
    assert!(!works(&stage, &tokens).await);
    assert_eq!(refresh(&stage, &tokens).await.status, 401);

    browser.log_in("ada", PASSWORD).await;
    let tokens = log_in(&stage, "ada").await;
    let body = json!({ "current_password": PASSWORD, "password": "four bells by ten" });
    let changed = browser.post("/api/auth/password/change", body).await;
    assert_eq!(changed.status, 204, "{}", changed.text);
    assert!(!works(&stage, &tokens).await);

    // Also while the program refreshes without end.
    let body = json!({ "email": address("ada"), "password": "four bells by ten" });
    let mut tokens = stage.browser().post("/api/auth/token", body).await.json();
    let mut everywhere = browser.clone();
    let ending = tokio::spawn(async move { everywhere.delete("/api/auth/sessions").await.status });
    for _ in 0..200 {
        let answer = refresh(&stage, &tokens).await;
        if answer.status != 200 {
            break;
        }
        tokens = answer.json();
    }
    assert_eq!(ending.await.unwrap(), 204);
    assert!(!works(&stage, &tokens).await);
    assert_eq!(refresh(&stage, &tokens).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_signs_itself_out_and_no_other() {
    let stage = Stage::set().await;
    stage.browser().sign_up(&stage, "ada").await;
    let (tokens, other) = (log_in(&stage, "ada").await, log_in(&stage, "ada").await);
    let access = tokens["access_token"].as_str().unwrap();
    let request = stage
        .request(Method::POST, "/api/auth/logout")
        .bearer_auth(access);
    assert_eq!(read(request.send().await.unwrap()).await.status, 204);
    assert!(!works(&stage, &tokens).await && works(&stage, &other).await);
    assert_eq!(refresh(&stage, &tokens).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn suspension_deletion_and_a_reset_act_before_a_token_is_over() {
    let stage = Stage::set().await;
    let id = stage.browser().sign_up(&stage, "ada").await;
    let tokens = log_in(&stage, "ada").await;
    let access = tokens["access_token"].as_str().unwrap();
    let user = format!("where id = '{id}'");
    stage
        .execute(&format!(
            "update account.users set suspended_at = now() {user}"
        ))
        .await;
    assert_eq!(me(&stage, access).await, 403);
    assert_eq!(refresh(&stage, &tokens).await.status, 401);
    stage
        .execute(&format!(
            "update account.users set suspended_at = null {user}"
        ))
        .await;
    assert_eq!(me(&stage, access).await, 200);
    let tokens = refresh(&stage, &tokens).await;
    assert_eq!(tokens.status, 200, "who was suspended did not steal it");

    let mut browser = stage.browser();
    let token = forget(&stage).await;
    let body = json!({ "token": token, "password": "four bells by ten" });
    assert_eq!(
        browser.post("/api/auth/password/reset", body).await.status,
        204
    );
    assert!(!works(&stage, &tokens.json()).await);

    let body = json!({ "email": address("ada"), "password": "four bells by ten" });
    let tokens = stage.browser().post("/api/auth/token", body).await.json();
    stage
        .execute(&format!(
            "update account.users set deleted_at = now() {user}"
        ))
        .await;
    assert!(!works(&stage, &tokens).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_ages_with_the_login_and_not_with_the_token() {
    let stage = Stage::set().await;
    stage.browser().sign_up(&stage, "ada").await;
    let tokens = log_in(&stage, "ada").await;
    stage
        .execute("update account.refresh_tokens set proven_at = proven_at - interval '16 minutes'")
        .await;
    let tokens = refresh(&stage, &tokens).await.json();
    let access = tokens["access_token"].as_str().unwrap();
    let key = json!({ "name": "Till", "scopes": ["agent"] });
    let request = stage.request(Method::POST, "/api/keys").bearer_auth(access);
    let refused = read(request.json(&key).send().await.unwrap()).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("proof-needed"));
    // Also when the sweep has taken the family's first rows, which are over.
    stage
        .execute("delete from account.refresh_tokens where used_at is not null")
        .await;
    let tokens = refresh(&stage, &tokens).await.json();
    let access = tokens["access_token"].as_str().unwrap();
    let request = stage.request(Method::POST, "/api/keys").bearer_auth(access);
    let refused = read(request.json(&key).send().await.unwrap()).await;
    assert!(refused.text.contains("proof-needed"), "{}", refused.text);
    // Thirty days of silence are the end.
    stage
        .execute("update account.refresh_tokens set expires_at = now()")
        .await;
    assert_eq!(refresh(&stage, &tokens).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_over_ninety_days_after_it_began_however_often_it_is_used() {
    let stage = Stage::set().await;
    stage.browser().sign_up(&stage, "ada").await;
    let tokens = log_in(&stage, "ada").await;
    let age = async |days: i32| {
        let sql =
            format!("update account.refresh_tokens set proven_at = now() - interval '{days} d'");
        stage.execute(&sql).await;
    };
    age(89).await;
    let tokens = refresh(&stage, &tokens).await;
    assert_eq!(tokens.status, 200, "{}", tokens.text);
    let last =
        "account.refresh_tokens where used_at is null and expires_at > now() + interval '25 h'";
    assert_eq!(count(&stage, last).await, 0, "the last token ends with it");
    age(91).await;
    assert_eq!(refresh(&stage, &tokens.json()).await.status, 401);
}

/// Refreshes without a pause until it is refused.
async fn refresh_on(stage: &Stage, mut tokens: Value) {
    for _ in 0..500 {
        let answer = refresh(stage, &tokens).await;
        if answer.status != 200 {
            return;
        }
        tokens = answer.json();
    }
    panic!("it is never refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_program_that_refreshes_at_that_moment_outlives_a_change_of_standing_or_address() {
    let stage = Stage::set().await;
    let id = stage.browser().sign_up(&stage, "ada").await;
    let admin = stage.admin().await;
    let reason = json!({ "reason": "a test" });
    let decide = async |decision: &str| {
        let path = format!("/api/admin/users/{id}/{decision}");
        let answer = admin.post(&path, &reason).await;
        assert_eq!(answer.status, 200, "{decision}: {}", answer.text);
    };
    let tokens = format!("account.refresh_tokens where user_id = '{id}'");
    let mut name = "ada".to_owned();
    for round in 0..6 {
        for change in ["suspend", "promote", "confirm"] {
            let programs = join_all((0..4).map(|_| log_in(&stage, &name))).await;
            let refreshing = join_all(
                programs
                    .into_iter()
                    .map(|tokens| refresh_on(&stage, tokens)),
            );
            let ended = async {
                if change == "confirm" {
                    let owner = stage.sign_in(id).await;
                    name = format!("ada{round}");
                    let body = json!({ "email": address(&name) });
                    let asked = owner.post("/api/users/email", &body).await;
                    assert_eq!(asked.status, 202, "{}", asked.text);
                    let token =
                        mailed(&stage, "dev.frontdesk.user.email_change_requested.v1").await;
                    let body = json!({ "token": token });
                    let done = owner.post("/api/users/email/confirm", &body).await;
                    assert_eq!(done.status, 204, "{}", done.text);
                } else {
                    decide(change).await;
                }
            };
            let ((), _) = tokio::join!(ended, refreshing);
            assert_eq!(count(&stage, &tokens).await, 0, "{change} in round {round}");
            match change {
                "suspend" => decide("resume").await,
                "promote" => decide("demote").await,
                _ => {}
            }
            stage.execute("delete from account.mail_tokens").await;
        }
    }
}
