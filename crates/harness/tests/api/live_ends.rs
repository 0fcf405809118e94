//! When a live channel ends: with the right to hear it, whoever took it and wherever, and at shutdown. Each of
//! these streams is open and hears before its right is taken; the end must come within [`BOUND`].

use crate::{
    auth_tokens::{log_in, part, signed},
    live::stands,
    person::{Following, Person},
    stage::{SECRET, Stage},
};
use chrono::TimeDelta;
use frontdesk_api::{users::ending::end_due, viewer};
use frontdesk_process::{clock, keyring::Keyring};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// The API looks every 2 seconds; the rest is a slow machine's.
const BOUND: Duration = Duration::from_secs(10);

/// Opens a stream that hears an account.
async fn open(stage: &Stage, person: &Person, account: Uuid) -> Following {
    hearing(stage, person.follow(None).await, account).await
}

/// Opens one with a key or access token.
async fn open_with(stage: &Stage, bearer: &str, account: Uuid) -> Following {
    let request = stage.request(Method::GET, "/api/live").bearer_auth(bearer);
    hearing(stage, Following::open(request).await, account).await
}

async fn hearing(stage: &Stage, mut following: Following, account: Uuid) -> Following {
    following.event("hello").await;
    stands(stage, &mut following, Some(account)).await;
    following
}

async fn ends(following: &mut Following, since: Instant, what: &str) {
    following.ended(what).await;
    assert!(since.elapsed() < BOUND, "{what}: {:?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_over_hears_no_more_and_the_others_do() {
    let stage = Stage::set().await;
    let ada = stage.person("ada").await;
    let mut others = open(&stage, &stage.sign_in(ada.id).await, ada.id).await;
    let [out, over, idle, moved] = [
        ada.clone(),
        stage.sign_in(ada.id).await,
        stage.sign_in(ada.id).await,
        stage.sign_in(ada.id).await,
    ];
    let shop = stage.user("shop").await;
    stage
        .execute(&format!(
            "insert into account.members (account_id, user_id, role, joined_at) values ('{shop}', '{}', 'reader', now())",
            ada.id
        ))
        .await;
    let mut streams = Vec::new();
    for person in [&out, &over, &idle, &moved] {
        streams.push(open(&stage, person, ada.id).await);
    }
    let of = |person: &Person| {
        let token = person.cookie.strip_prefix("session=").unwrap();
        format!("where token_hash = sha256(convert_to('{token}', 'UTF8'))")
    };
    let since = clock::monotonic();
    let signed_out = out.send(Method::POST, "/api/auth/logout", None).await;
    assert_eq!(signed_out.status, 204);
    for (change, person) in [
        ("expires_at = now() - interval '1 s'", &over),
        ("seen_at = now() - interval '13 h'", &idle),
    ] {
        let sql = format!("update account.sessions set {change} {}", of(person));
        assert_eq!(stage.execute(&sql).await, 1);
    }
    let switched = moved
        .post("/api/auth/account", &json!({ "account_id": shop }))
        .await;
    assert_eq!(switched.status, 200, "{}", switched.text);
    for (stream, what) in streams
        .iter_mut()
        .zip(["signed out", "over", "idle", "another account"])
    {
        ends(stream, since, what).await;
    }
    // The same look found these and left the other one open.
    stands(&stage, &mut others, Some(ada.id)).await;
    let since = clock::monotonic();
    let everywhere = stage.sign_in(ada.id).await;
    assert_eq!(everywhere.delete("/api/auth/sessions").await.status, 204);
    ends(&mut others, since, "signed out everywhere").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_suspended_hears_no_more_and_their_members_neither() {
    let stage = Stage::set().await;
    let (admin, ada, bob) = (
        stage.admin().await,
        stage.person("ada").await,
        stage.person("bob").await,
    );
    let reader = stage.member(ada.id, "reader").await;
    let mut of_ada = open(&stage, &ada, ada.id).await;
    let mut of_reader = open(&stage, &reader, ada.id).await;
    let mut of_bob = open(&stage, &bob, bob.id).await;
    let since = clock::monotonic();
    let path = format!("/api/admin/users/{}/suspend", ada.id);
    let answer = admin.post(&path, &json!({ "reason": "a test" })).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    ends(&mut of_ada, since, "suspended").await;
    ends(&mut of_reader, since, "a member of a suspended account").await;
    stands(&stage, &mut of_bob, Some(bob.id)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_no_member_any_more_hears_no_more() {
    let stage = Stage::set().await;
    let ada = stage.person("ada").await;
    let (gone, stays) = (
        stage.member(ada.id, "manager").await,
        stage.member(ada.id, "reader").await,
    );
    let mut of_gone = open(&stage, &gone, ada.id).await;
    let mut of_stays = open(&stage, &stays, ada.id).await;
    let since = clock::monotonic();
    // A change of role takes nothing away.
    let path = format!("/api/members/{}", stays.id);
    let changed = ada.put(&path, &json!({ "role": "manager" })).await;
    assert_eq!(changed.status, 204, "{}", changed.text);
    let removed = ada.delete(&format!("/api/members/{}", gone.id)).await;
    assert_eq!(removed.status, 204, "{}", removed.text);
    ends(&mut of_gone, since, "removed").await;
    stands(&stage, &mut of_stays, Some(ada.id)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_has_ended_is_heard_by_nobody() {
    let stage = Stage::set().await;
    let ada = stage.person("ada").await;
    let reader = stage.member(ada.id, "reader").await;
    let mut of_ada = open(&stage, &ada, ada.id).await;
    let mut of_reader = open(&stage, &reader, ada.id).await;
    let asked = json!({ "email": "ada@example.com" });
    let asked = ada
        .send(Method::DELETE, "/api/users/account", Some(&asked))
        .await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    // Whoever is about to leave hears until they have left.
    stands(&stage, &mut of_ada, Some(ada.id)).await;
    let since = clock::monotonic();
    let database = viewer::Database::open(&stage.database.url()).unwrap();
    let ended = end_due(&database, clock::now() + TimeDelta::days(31)).await;
    assert_eq!(ended.unwrap(), 1);
    ends(&mut of_ada, since, "deleted").await;
    ends(&mut of_reader, since, "a member of a deleted account").await;
}

/// A key of an account, by its owner: its id and itself.
async fn key(owner: &Person) -> (String, String) {
    let body = json!({ "name": "a test", "scopes": ["calls:read"] });
    let made = owner.post("/api/keys", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let text = |name: &str| made.json()[name].as_str().unwrap().to_owned();
    (text("id"), text("key"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_revoked_or_over_hears_no_more() {
    let stage = Stage::set().await;
    let ada = stage.person("ada").await;
    let mut streams = Vec::new();
    let mut ids = Vec::new();
    for _ in 0..3 {
        let (id, key) = key(&ada).await;
        streams.push(open_with(&stage, &key, ada.id).await);
        ids.push(id);
    }
    let since = clock::monotonic();
    assert_eq!(
        ada.delete(&format!("/api/keys/{}", ids[0])).await.status,
        204
    );
    let sql = format!(
        "update account.api_keys set expires_at = now() - interval '1 s' where id = '{}'",
        ids[1]
    );
    assert_eq!(stage.execute(&sql).await, 1);
    ends(&mut streams[0], since, "revoked").await;
    ends(&mut streams[1], since, "over").await;
    stands(&stage, &mut streams[2], Some(ada.id)).await;
    let since = clock::monotonic();
    let sql = format!(
        "update account.users set suspended_at = now() where id = '{}'",
        ada.id
    );
    assert_eq!(stage.execute(&sql).await, 1);
    ends(&mut streams[2], since, "a key of a suspended account").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_hears_no_longer_than_its_token_and_its_login_last() {
    let stage = Stage::set().await;
    let id = stage.browser().sign_up(&stage, "ada").await;
    let tokens = [log_in(&stage, "ada").await, log_in(&stage, "ada").await];
    let access: Vec<&str> = tokens
        .iter()
        .map(|all| all["access_token"].as_str().unwrap())
        .collect();
    let mut out = open_with(&stage, access[0], id).await;
    let mut stays = open_with(&stage, access[1], id).await;
    // The same token as the second, over in a few seconds.
    let parts: Vec<Value> = access[1].split('.').take(2).map(part).collect();
    let mut claims = parts[1].clone();
    claims["exp"] = json!(clock::now().timestamp() + 8);
    let secret = Keyring::new(SECRET).unwrap().derive("access token");
    let short = signed(&parts[0], &claims, &secret);
    let mut over = open_with(&stage, &short, id).await;
    let since = clock::monotonic();
    let answer = stage
        .request(Method::POST, "/api/auth/logout")
        .bearer_auth(access[0])
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 204);
    ends(&mut out, since, "signed out").await;
    over.ended("a token that is over").await;
    stands(&stage, &mut stays, Some(id)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_no_administrator_any_more_hears_nothing_of_nobodys_calls() {
    let stage = Stage::set().await;
    let admin = stage.admin().await;
    let mut of_admin = open(&stage, &admin, admin.id).await;
    stands(&stage, &mut of_admin, None).await;
    let since = clock::monotonic();
    let sql = format!(
        "update account.users set role = 'owner' where id = '{}'",
        admin.id
    );
    assert_eq!(stage.execute(&sql).await, 1);
    ends(&mut of_admin, since, "demoted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_whose_rights_nobody_can_confirm_end() {
    let stage = Stage::set().await;
    let mut following = open(&stage, stage.owner(), stage.owner().id).await;
    stage
        .execute("revoke select on account.sessions from frontdesk_auth")
        .await;
    following
        .ended("no right could be confirmed for twenty seconds")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_channel_ends_at_shutdown() {
    let stage = Stage::set().await;
    let mut following = stage.follow(None).await;
    following.event("hello").await;
    stage.shutdown.cancel();
    following.ended("shutdown").await;
}
