//! Profile and address: one's own whoever's account one looks at, and an address only by proof.

use crate::{
    auth_tokens,
    browser::{Browser, PASSWORD, count, facts, mailed, token},
    person::{Person, read},
    stage::Stage,
};
use frontdesk_events::catalogue::account;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

fn profile(name: &str) -> Value {
    json!({ "name": name, "time_zone": "Europe/Berlin", "locale": "de-DE", "notifications": {
        "new_call": true, "missed_call": false, "daily_summary": false, "payment_trouble": true } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_ones_own_whoevers_account_one_looks_at() {
    let stage = Stage::set().await;
    let (owner, reader) = (
        stage.owner(),
        stage.member(stage.owner().id, "reader").await,
    );
    let before = owner.json("/api/users/profile").await;
    assert_eq!(before["time_zone"], "UTC");
    assert_eq!(before["notifications"]["missed_call"], true);

    let wanted = profile("  Zoe\u{308}   Rea ");
    let saved = reader.put("/api/users/profile", &wanted).await;
    assert_eq!(saved.status, 200, "{}", saved.text);
    let saved = saved.json();
    assert_eq!(saved["name"], "Zoë Rea", "one spelling of one line");
    assert_eq!(saved["notifications"], wanted["notifications"]);
    assert_eq!(reader.json("/api/users/profile").await, saved);
    assert_eq!(owner.json("/api/users/profile").await, before);

    // What stays as it was is no news.
    let again = reader.put("/api/users/profile", &saved).await;
    assert_eq!(again.status, 200);
    let sql = "select partition_key, data from account.outbox where kind = $1";
    let told = stage
        .client
        .query(sql, &[&account::PROFILE_CHANGED])
        .await
        .unwrap();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].get::<_, Uuid>(0), reader.id);
    let names = told[0].get::<_, Value>(1)["changes"].clone();
    assert_eq!(
        names,
        json!(["name", "time_zone", "locale", "notifications"])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_profile_is_refused_by_field() {
    let stage = Stage::set().await;
    let with = |field: &str, value: Value| {
        let mut wanted = profile("Ada");
        wanted[field] = value;
        wanted
    };
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("a\u{202e}b")),
        ("name", json!("a\u{0}b")),
        ("name", json!("😀".repeat(101))),
        ("name", json!(7)),
        ("time_zone", json!("Mars/Olympus")),
        ("time_zone", json!("+02:00")),
        ("locale", json!("en_US")),
        ("notifications", json!({})),
        ("notifications", json!([false, true, true, true])),
        ("role", json!("admin")),
    ] {
        let wanted = with(field, value.clone());
        let answer = stage.owner().put("/api/users/profile", &wanted).await;
        assert_eq!(answer.status, 422, "{field}: {value}");
        let named = answer.json()["errors"][0]["field"].clone();
        assert!(named.as_str().unwrap().starts_with(field), "{named}");
    }
    let twice = r#"{"name":"a","name":"b","time_zone":"UTC","locale":"en","notifications":{}}"#;
    let answer = raw(stage.owner(), Method::PUT, "/api/users/profile", twice).await;
    assert_eq!(answer, 422);
    let kept = with("name", json!("😀".repeat(100)));
    assert_eq!(
        stage.owner().put("/api/users/profile", &kept).await.status,
        200
    );
}

async fn raw(person: &Person, method: Method, path: &str, body: &'static str) -> u16 {
    let request = person.request(method, path).body(body);
    let request = request.header("content-type", "application/json");
    request.send().await.unwrap().status().as_u16()
}

async fn ask(person: &Person, email: &str) -> u16 {
    let body = json!({ "email": email });
    person.post("/api/users/email", &body).await.status
}

async fn confirm(person: &Person, token: &str) -> u16 {
    let body = json!({ "token": token });
    let answer = person.post("/api/users/email/confirm", &body).await;
    answer.status
}

async fn is_in(person: &Person) -> bool {
    person.get("/api/auth/me").await.status == 200
}

async fn address(stage: &Stage, id: Uuid) -> String {
    let sql = "select email from account.users where id = $1";
    stage.client.query_one(sql, &[&id]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_changes_once_the_new_one_is_proven_and_other_browsers_are_signed_out() {
    let stage = Stage::set().await;
    let here = stage.owner();
    let elsewhere = stage.sign_in(here.id).await;
    let bystander = stage.person("bystander").await;
    assert_eq!(ask(here, "Olivia@New.Example.com").await, 202);
    assert_eq!(address(&stage, here.id).await, "olivia@example.com");
    let token = mailed(&stage, account::EMAIL_CHANGE_REQUESTED).await;
    let body = json!({ "token": token });
    let done = here.post("/api/users/email/confirm", &body).await;
    assert_eq!(done.status, 204, "{}", done.text);
    assert_eq!(address(&stage, here.id).await, "olivia@new.example.com");
    let secret = done.header("set-cookie").split(['=', ';']).nth(1).unwrap();
    let mut kept = stage.browser().with_cookie("session", secret);
    assert!(kept.me().await.is_some(), "the browser that asked stays");
    assert!(!is_in(here).await, "with another secret");
    assert!(!is_in(&elsewhere).await);
    assert!(is_in(&bystander).await);
    let again = kept.post("/api/users/email/confirm", body).await;
    assert_eq!(again.status, 410, "a link works once");

    assert_eq!(facts(&stage).await.last().unwrap(), account::EMAIL_CHANGED);
    let list = kept.get("/api/audit").await.json();
    let acts: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["act"])
        .collect();
    assert_eq!(acts, ["user.email_changed", "user.email_change_requested"]);
    let told = count(&stage, "account.outbox where data::text like '%@%'").await;
    assert_eq!(told, 0, "no address in a stream");
}

async fn waiting(browser: &mut Browser) -> Value {
    browser.get("/api/auth/me").await.json()["email_change"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_waits_is_told_to_the_browsers_of_who_asked_alone() {
    const WANTED: &str = "ada@new.example.com";
    let stage = Stage::set().await;
    let mut ada = stage.browser();
    let id = ada.sign_up(&stage, "ada").await;
    assert_eq!(waiting(&mut ada).await, Value::Null);
    let asked = ada
        .post(
            "/api/users/email",
            json!({ "email": "Ada@New.Example.com" }),
        )
        .await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let told = waiting(&mut ada).await;
    assert_eq!(told["email"], WANTED);
    let kept = format!(
        "account.mail_tokens where date_trunc('milliseconds', expires_at) = {}",
        quoted(&told["expires_at"])
    );
    assert_eq!(count(&stage, &kept).await, 1, "{told}");
    let elsewhere = stage.browser().log_in("ada", PASSWORD).await;
    assert_eq!(elsewhere.json()["email_change"], told);

    let (member, admin) = (stage.member(id, "manager").await, stage.admin().await);
    let look = json!({ "account_id": id });
    for answer in [
        member.get("/api/auth/me").await,
        member.get("/api/members").await,
        admin.get("/api/admin/users").await,
        admin.get(&format!("/api/admin/users/{id}")).await,
        admin.post("/api/auth/account", &look).await,
        admin.get("/api/auth/me").await,
    ] {
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(!answer.text.contains(WANTED), "{}", answer.text);
    }
    let tokens = auth_tokens::log_in(&stage, "ada").await;
    let program = stage
        .request(Method::GET, "/api/auth/me")
        .bearer_auth(tokens["access_token"].as_str().unwrap());
    let program = read(program.send().await.unwrap()).await;
    assert_eq!(program.json()["email_change"], Value::Null);
    for place in ["account.outbox", "account.audit"] {
        let held = format!("{place} t where t::text ilike '%{WANTED}%'");
        assert_eq!(count(&stage, &held).await, 0, "{place}");
    }
}

/// As a text in SQL.
fn quoted(text: &Value) -> String {
    format!("'{}'", text.as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_waits_until_it_is_proven_or_over_or_another_takes_its_place() {
    let stage = Stage::set().await;
    let mut ada = stage.browser();
    ada.sign_up(&stage, "ada").await;
    stage.person("taken").await;
    // One that has an account waits like any other.
    for wanted in ["one@example.com", "taken@example.com", "last@example.com"] {
        let asked = ada
            .post("/api/users/email", json!({ "email": wanted }))
            .await;
        assert_eq!(asked.status, 202, "{}", asked.text);
        assert_eq!(waiting(&mut ada).await["email"], wanted);
    }
    // What no link would bring about is not waited for.
    for (spoil, mend) in [
        (
            "update account.mail_tokens set expires_at = expires_at - interval '1 h'",
            "update account.mail_tokens set expires_at = expires_at + interval '1 h'",
        ),
        (
            "update account.users set email = 'moved@example.com' where email = 'ada@example.com'",
            "update account.users set email = 'ada@example.com' where email = 'moved@example.com'",
        ),
    ] {
        stage.execute(spoil).await;
        assert_eq!(waiting(&mut ada).await, Value::Null, "{spoil}");
        stage.execute(mend).await;
        assert_eq!(waiting(&mut ada).await["email"], "last@example.com");
    }
    let token = mailed(&stage, account::EMAIL_CHANGE_REQUESTED).await;
    let done = ada
        .post("/api/users/email/confirm", json!({ "token": token }))
        .await;
    assert_eq!(done.status, 204, "{}", done.text);
    let me = ada.get("/api/auth/me").await.json();
    assert_eq!(me["user"]["email"], "last@example.com");
    assert_eq!(me["email_change"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_counts_from_whoever_asked_and_from_nobody_else_who_presses_it() {
    let stage = Stage::set().await;
    let (mallory, victim) = (stage.person("mallory").await, stage.person("victim").await);
    assert_eq!(ask(&mallory, "victim@home.example.com").await, 202);
    let token = mailed(&stage, account::EMAIL_CHANGE_REQUESTED).await;
    let body = json!({ "token": token });
    // The owner of the mailbox presses, in a browser where nobody is signed in, or in their own account.
    let mut nobody = stage.browser();
    let refused = nobody.post("/api/users/email/confirm", body.clone()).await;
    assert_eq!(refused.status, 401);
    let refused = victim.post("/api/users/email/confirm", &body).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("other-account"), "{}", refused.text);
    assert_eq!(address(&stage, mallory.id).await, "mallory@example.com");
    assert_eq!(address(&stage, victim.id).await, "victim@example.com");
    assert!(is_in(&mallory).await && is_in(&victim).await);
    let key = json!({ "name": "Till", "scopes": ["clients:write"] });
    let key = mallory.post("/api/keys", &key).await.json()["key"].clone();
    let request = stage
        .request(Method::POST, "/api/users/email/confirm")
        .bearer_auth(key.as_str().unwrap());
    let by_key = request.json(&body).send().await.unwrap().status();
    assert_eq!(by_key, 403, "a program that looks through mail");
    // It was not used up by them.
    assert_eq!(confirm(&mallory, &token).await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_has_an_account_is_answered_alike_and_no_mail_tells() {
    let stage = Stage::set().await;
    let (owner, taken) = (stage.owner(), stage.person("taken").await);
    let body = |email: &str| json!({ "email": email });
    let free = owner
        .post("/api/users/email", &body("free@example.com"))
        .await;
    let known = owner
        .post("/api/users/email", &body("Taken@example.com"))
        .await;
    assert_eq!((free.status, &free.text), (known.status, &known.text));
    assert_eq!(free.status, 202);
    assert_eq!(facts(&stage).await, [account::EMAIL_CHANGE_REQUESTED]);
    // Not even somebody who could guess the link gets the address.
    let sql = "select id from account.mail_tokens where email = 'taken@example.com'";
    let row: Uuid = stage.client.query_one(sql, &[]).await.unwrap().get(0);
    assert_eq!(confirm(owner, &token(row)).await, 409);
    assert_eq!(address(&stage, taken.id).await, "taken@example.com");
    // Only the latest works, whether it was mailed or not.
    let first = mailed(&stage, account::EMAIL_CHANGE_REQUESTED).await;
    assert_eq!(confirm(owner, &first).await, 410);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_gets_few_mails_however_many_people_want_their_address() {
    let stage = Stage::set().await;
    for number in 0..7 {
        let person = stage.person(&format!("person{number}")).await;
        assert_eq!(ask(&person, "Stranger@home.example.com").await, 202);
    }
    assert_eq!(
        facts(&stage).await,
        [account::EMAIL_CHANGE_REQUESTED; 5],
        "each fact is a mail"
    );
    let wanted = "account.mail_tokens where email = 'stranger@home.example.com'";
    assert_eq!(count(&stage, wanted).await, 7, "all are answered alike");
    assert_eq!(ask(stage.owner(), "other@home.example.com").await, 202);
    assert_eq!(facts(&stage).await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_prove_one_address_at_once_one_gets_it() {
    let stage = Stage::set().await;
    let (ada, bob) = (stage.person("ada").await, stage.person("bob").await);
    let mut links = Vec::new();
    for person in [&ada, &bob] {
        assert_eq!(ask(person, "wanted@example.com").await, 202);
        links.push(mailed(&stage, account::EMAIL_CHANGE_REQUESTED).await);
    }
    let (one, other) = tokio::join!(confirm(&ada, &links[0]), confirm(&bob, &links[1]));
    let mut answers = [one, other];
    answers.sort_unstable();
    assert_eq!(answers, [204, 409]);
    let holders = count(&stage, "account.users where email = 'wanted@example.com'").await;
    assert_eq!(holders, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shown_twice_at_once_works_once() {
    let stage = Stage::set().await;
    let (owner, again) = (stage.owner(), stage.sign_in(stage.owner().id).await);
    assert_eq!(ask(owner, "olivia@new.example.com").await, 202);
    let token = mailed(&stage, account::EMAIL_CHANGE_REQUESTED).await;
    let (one, other) = tokio::join!(confirm(owner, &token), confirm(&again, &token));
    let mut answers = [one, other];
    answers.sort_unstable();
    // The other's session ended with it, before it was looked at or after.
    assert!(
        answers == [204, 410] || answers == [204, 401],
        "{answers:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_over_or_for_something_else_changes_nothing() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    let set = async |sql: &str| stage.client.batch_execute(sql).await.unwrap();
    for spoil in [
        "update account.mail_tokens set expires_at = now() where used_at is null",
        "update account.mail_tokens set purpose = 'reset_password' where used_at is null",
        "update account.users set email = 'moved@example.com' where email = 'olivia@example.com'",
        "update account.users set suspended_at = now() where email = 'moved@example.com'",
    ] {
        let is_last = spoil.contains("suspended");
        assert_eq!(ask(owner, "olivia@new.example.com").await, 202, "{spoil}");
        set(spoil).await;
        let token = mailed(&stage, account::EMAIL_CHANGE_REQUESTED).await;
        let expected = if is_last { 403 } else { 410 };
        assert_eq!(confirm(owner, &token).await, expected, "{spoil}");
    }
    set("update account.users set suspended_at = null").await;
    for token in ["", "x", &token(Uuid::nil()), &"A".repeat(5000)] {
        assert_eq!(confirm(owner, token).await, 410);
    }
    assert_eq!(address(&stage, owner.id).await, "moved@example.com");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_wants_a_fresh_proof_and_patience() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    for bad in [
        "",
        "x",
        "a@localhost",
        "a@example.com\r\nBcc: b@example.com",
        "olivia@example.com",
    ] {
        assert_eq!(ask(owner, bad).await, 422, "{bad:?}");
    }
    for number in 0..5 {
        assert_eq!(ask(owner, &format!("o{number}@example.com")).await, 202);
    }
    let answer = owner
        .post(
            "/api/users/email",
            &json!({ "email": "one@more.example.com" }),
        )
        .await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("retry-after"), "3600");
    let sql = "update account.sessions set proven_at = now() - interval '16 minutes'";
    stage.client.batch_execute(sql).await.unwrap();
    let stale = owner
        .post("/api/users/email", &json!({ "email": "late@example.com" }))
        .await;
    assert_eq!(stale.status, 403);
    assert!(stale.text.contains("proof-needed"), "{}", stale.text);
    let reader = stage.member(owner.id, "reader").await;
    assert_eq!(
        ask(&reader, "reader@new.example.com").await,
        202,
        "it is their own"
    );
}
