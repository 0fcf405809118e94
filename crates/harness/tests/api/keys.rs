//! API keys: shown once, good for their scopes alone, and of no use once they are revoked, over, or
//! their maker is gone.

use crate::{
    browser::{count, facts},
    person::{Answer, read},
    stage::Stage,
};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

const SCOPES: [&str; 5] = [
    "calls:read",
    "clients:read",
    "clients:write",
    "billing:read",
    "agent",
];

fn wanted(scopes: &[&str]) -> Value {
    json!({ "name": "Till", "scopes": scopes })
}

async fn key(stage: &Stage, scopes: &[&str]) -> Value {
    let made = stage.owner().post("/api/keys", &wanted(scopes)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()
}

async fn ask(stage: &Stage, method: Method, path: &str, key: &str) -> Answer {
    read(
        stage
            .request(method, path)
            .bearer_auth(key)
            .send()
            .await
            .unwrap(),
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_shown_once_and_kept_as_a_hash() {
    let stage = Stage::set().await;
    let made = key(&stage, &["calls:read", "billing:read"]).await;
    let text = made["key"].as_str().unwrap();
    let parts: Vec<&str> = text.splitn(3, '_').collect();
    assert_eq!(
        (parts[0], parts[1].len(), parts[2].len()),
        ("fd", 8, 43),
        "{text}"
    );
    assert_eq!(made["prefix"], format!("fd_{}", parts[1]));
    assert!(
        parts[1]
            .bytes()
            .all(|letter| matches!(letter, b'a'..=b'z' | b'2'..=b'7'))
    );
    let listed = stage.owner().json("/api/keys").await;
    assert_eq!(listed["items"][0]["id"], made["id"]);
    assert_eq!(listed["items"][0]["used_at"], Value::Null);
    assert!(!listed.to_string().contains(parts[2]));
    for table in ["api_keys", "audit", "outbox"] {
        let held = format!("account.{table} t where t::text like '%{}%'", parts[2]);
        assert_eq!(count(&stage, &held).await, 0, "{table}");
    }
    assert_eq!(
        ask(&stage, Method::GET, "/api/calls", text).await.status,
        200
    );
    let listed = stage.owner().json("/api/keys").await;
    assert!(listed["items"][0]["used_at"].is_string());
    assert!(
        facts(&stage)
            .await
            .contains(&"dev.frontdesk.key.created.v1".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_what_its_scopes_name_and_nothing_else() {
    let stage = Stage::set().await;
    let routes = [
        ("/api/calls", "calls:read"),
        ("/api/stats", "calls:read"),
        ("/api/clients", "clients:read"),
        ("/api/subscriptions/current", "billing:read"),
        ("/api/invoices", "billing:read"),
    ];
    // What belongs to a person or an owner is no key's, whatever its scopes.
    let persons = [
        (Method::GET, "/api/auth/me"),
        (Method::GET, "/api/auth/sessions"),
        (Method::DELETE, "/api/auth/sessions"),
        (Method::GET, "/api/auth/identities"),
        (Method::POST, "/api/auth/totp"),
        (Method::DELETE, "/api/auth/totp"),
        (Method::GET, "/api/keys"),
        (Method::GET, "/api/audit"),
        (
            Method::DELETE,
            "/api/keys/018f3c1e-0000-7000-8000-000000000000",
        ),
    ];
    for scope in SCOPES {
        let made = key(&stage, &[scope]).await;
        let text = made["key"].as_str().unwrap();
        for (path, needed) in routes {
            let expected = if needed == scope { 200 } else { 403 };
            let answer = ask(&stage, Method::GET, path, text).await;
            assert_eq!(answer.status, expected, "{scope} {path}: {}", answer.text);
        }
        for (method, path) in persons.clone() {
            let answer = ask(&stage, method.clone(), path, text).await;
            assert_eq!(answer.status, 403, "{scope} {method} {path}");
        }
        let more = stage.request(Method::POST, "/api/keys").bearer_auth(text);
        let more = read(more.json(&wanted(&SCOPES)).send().await.unwrap()).await;
        assert_eq!(more.status, 403, "a key must not make keys");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_revoked_over_or_changed_opens_nothing() {
    let stage = Stage::set().await;
    let revoked = key(&stage, &["calls:read"]).await;
    let path = format!("/api/keys/{}", revoked["id"].as_str().unwrap());
    assert_eq!(stage.owner().delete(&path).await.status, 204);
    assert_eq!(stage.owner().delete(&path).await.status, 404);
    let over = key(&stage, &["calls:read"]).await;
    let id = over["id"].as_str().unwrap();
    let sql = format!(
        "update account.api_keys set expires_at = now() - interval '1 second' where id = '{id}'"
    );
    stage.execute(&sql).await;
    let good = key(&stage, &["calls:read"]).await;
    let good = good["key"].as_str().unwrap();
    let last = if good.ends_with('A') { "B" } else { "A" };
    let changed = format!("{}{last}", &good[..good.len() - 1]);
    for text in [
        revoked["key"].as_str().unwrap(),
        over["key"].as_str().unwrap(),
        changed.as_str(),
        &good[..11],
        "fd_",
        "fd_aaaaaaaa_",
    ] {
        assert_eq!(
            ask(&stage, Method::GET, "/api/calls", text).await.status,
            401,
            "{text}"
        );
    }
    assert_eq!(
        ask(&stage, Method::GET, "/api/calls", good).await.status,
        200
    );
    // A key with its owner's account.
    stage
        .execute("update account.users set suspended_at = now()")
        .await;
    assert_eq!(
        ask(&stage, Method::GET, "/api/calls", good).await.status,
        403
    );
    stage
        .execute("update account.users set suspended_at = null")
        .await;
    stage
        .execute("update account.users set deleted_at = now()")
        .await;
    assert_eq!(
        ask(&stage, Method::GET, "/api/calls", good).await.status,
        401
    );
    assert!(
        facts(&stage)
            .await
            .contains(&"dev.frontdesk.key.revoked.v1".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_their_accounts_own_and_made_by_its_owner() {
    let stage = Stage::set().await;
    let made = key(&stage, &["calls:read"]).await;
    let path = format!("/api/keys/{}", made["id"].as_str().unwrap());
    let other = stage.person("otto").await;
    assert_eq!(other.json("/api/keys").await["items"], json!([]));
    assert_eq!(other.delete(&path).await.status, 404);
    for role in ["manager", "reader"] {
        let member = stage.member(stage.owner().id, role).await;
        assert_eq!(member.get("/api/keys").await.status, 403, "{role}");
        assert_eq!(
            member.post("/api/keys", &wanted(&["agent"])).await.status,
            403,
            "{role}"
        );
        assert_eq!(member.delete(&path).await.status, 403, "{role}");
    }
    assert_eq!(stage.owner().ids("/api/keys").await.len(), 1);
    stage
        .execute("update account.sessions set proven_at = proven_at - interval '16 minutes'")
        .await;
    let unproven = stage.owner().post("/api/keys", &wanted(&["agent"])).await;
    assert_eq!(unproven.status, 403);
    assert!(unproven.text.contains("proof-needed"));
    // Ending one needs no proof: who finds a key lost is in a hurry.
    assert_eq!(stage.owner().delete(&path).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_a_member_dies_with_the_membership() {
    let stage = Stage::set().await;
    let member = stage.member(stage.owner().id, "manager").await;
    let made = key(&stage, &["calls:read"]).await;
    let text = made["key"].as_str().unwrap();
    // No route makes one, but what an owner made stays when they are a member only.
    let sql = format!("update account.api_keys set user_id = '{}'", member.id);
    stage.execute(&sql).await;
    assert_eq!(
        ask(&stage, Method::GET, "/api/calls", text).await.status,
        200
    );
    stage.execute("delete from account.members").await;
    assert_eq!(
        ask(&stage, Method::GET, "/api/calls", text).await.status,
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_key_is_asked_to_be_is_checked() {
    let stage = Stage::set().await;
    for (body, field) in [
        (json!({ "name": "", "scopes": ["agent"] }), "name"),
        (json!({ "name": "a\u{202e}b", "scopes": ["agent"] }), "name"),
        (
            json!({ "name": "x".repeat(101), "scopes": ["agent"] }),
            "name",
        ),
        (json!({ "name": "Till", "scopes": [] }), "scopes"),
        (
            json!({ "name": "Till", "scopes": ["everything"] }),
            "scopes",
        ),
        (
            json!({ "name": "Till", "scopes": ["agent", "agent"] }),
            "scopes",
        ),
        (
            json!({ "name": "Till", "scopes": ["agent"], "expires_at": "2020-01-01T00:00:00Z" }),
            "expires_at",
        ),
        (
            json!({ "name": "Till", "scopes": ["agent"], "expires_at": "tomorrow" }),
            "expires_at",
        ),
        (
            json!({ "name": "Till", "scopes": ["agent"], "owner": "me" }),
            "owner",
        ),
        (json!({ "name": "Till" }), "scopes"),
    ] {
        let answer = stage.owner().post("/api/keys", &body).await;
        assert_eq!(answer.status, 422, "{body}");
        assert_eq!(answer.json()["errors"][0]["field"], field, "{body}");
    }
    let body = json!({ "name": "Till", "scopes": ["agent"], "expires_at": "2199-01-01T00:00:00Z" });
    let made = stage.owner().post("/api/keys", &body).await;
    assert_eq!(made.json()["expires_at"], "2199-01-01T00:00:00.000Z");
    assert_eq!(stage.owner().delete("/api/keys/none").await.status, 404);
    for _ in 0..99 {
        let made = stage.owner().post("/api/keys", &wanted(&["agent"])).await;
        assert_eq!(made.status, 201);
    }
    let full = stage.owner().post("/api/keys", &wanted(&["agent"])).await;
    assert_eq!(full.status, 409);
    assert!(full.text.contains("key-limit"));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_made_at_once_are_counted_one_by_one() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    let fill = format!(
        "insert into account.api_keys (id, prefix, key_hash, name, user_id, account_id, scopes, created_at)
        select gen_random_uuid(), 'fd_' || n, sha256(n::text::bytea), 'k', '{0}', '{0}', '{{agent}}', now()
        from generate_series(1, 97) n",
        owner.id
    );
    stage.execute(&fill).await;
    let body = wanted(&["agent"]);
    let made = join_all((0..12).map(|_| owner.post("/api/keys", &body))).await;
    let made = made.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 3);
}
