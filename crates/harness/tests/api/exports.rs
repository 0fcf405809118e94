//! Exports: asked for by the owner, fetched by the owner, and nothing else from that directory. What
//! the worker says of them is written as it writes it; the worker has its own tests.

use crate::{
    auth_tokens::log_in,
    browser::{count, facts},
    person::Person,
    stage::{Stage, args},
};
use frontdesk_events::catalogue::account;
use reqwest::Method;
use serde_json::{Value, json};
use std::{fs, path::PathBuf};
use uuid::Uuid;

async fn ask(person: &Person) -> (u16, Value) {
    let answer = person.send(Method::POST, "/api/users/export", None).await;
    (answer.status, answer.json())
}

/// What the worker does when an export is ready.
async fn make(stage: &Stage, export: &str, user: Uuid, files: &[(&str, &str)]) -> PathBuf {
    let directory = args().export_dir.join(export);
    fs::create_dir_all(&directory).unwrap();
    let mut listed = Vec::new();
    for (name, content) in files {
        fs::write(directory.join(name), content).unwrap();
        listed.push(json!({ "name": name, "bytes": content.len(), "sha256": "00" }));
    }
    let sql = "insert into ops.exports (id, user_id, ready_at, expires_at, files)
               values ($1, $2, now(), now() + interval '7 d', $3)";
    let id: Uuid = export.parse().unwrap();
    stage
        .client
        .execute(sql, &[&id, &user, &json!(listed)])
        .await
        .unwrap();
    directory
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_asked_for_made_and_fetched_by_its_owner_alone() {
    let stage = Stage::set().await;
    let (owner, other) = (stage.owner(), stage.person("other").await);
    let manager = stage.member(owner.id, "manager").await;
    let (status, export) = ask(owner).await;
    assert_eq!((status, &export["state"]), (202, &json!("making")));
    assert_eq!(facts(&stage).await, [account::EXPORT_REQUESTED]);
    let (status, problem) = ask(owner).await;
    assert_eq!(status, 409, "{problem}");
    assert_eq!(problem["type"], "urn:frontdesk:problem:export-being-made");

    let id = export["id"].as_str().unwrap();
    let href = format!("/api/users/export/{id}/calls.csv");
    assert_eq!(owner.get(&href).await.status, 404, "not made yet");
    let directory = make(&stage, id, owner.id, &[("calls.csv", "id\r\n1\r\n")]).await;
    fs::write(directory.join("secret.txt"), "left by mistake").unwrap();
    let list = owner.json("/api/users/export").await;
    assert_eq!(list["items"][0]["state"], "ready");
    assert_eq!(
        list["items"][0]["files"],
        json!([{ "name": "calls.csv", "bytes": 7, "href": href }])
    );
    let file = owner.get(&href).await;
    assert_eq!((file.status, file.text.as_str()), (200, "id\r\n1\r\n"));
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"calls.csv\""
    );
    assert_eq!(file.header("cache-control"), "no-store");
    assert_eq!(
        count(&stage, "account.audit where act = 'export.fetched'").await,
        1
    );

    assert_eq!(other.get(&href).await.status, 404);
    assert_eq!(other.ids("/api/users/export").await, Vec::<String>::new());
    assert_eq!(manager.get(&href).await.status, 403);
    assert_eq!(manager.get("/api/users/export").await.status, 403);
    assert_eq!(ask(&manager).await.0, 403);
    for name in [
        "secret.txt",
        "..%2F..%2Fetc%2Fpasswd",
        "%2Fetc%2Fpasswd",
        "..",
        ".",
        "%00",
        "calls.csv%2F",
    ] {
        let path = format!("/api/users/export/{id}/{name}");
        let answer = owner.request(Method::GET, &path).send().await.unwrap();
        assert!(
            matches!(answer.status().as_u16(), 400 | 404),
            "{name}: {}",
            answer.status()
        );
    }
    let nobody = stage.request(Method::GET, &href).send().await.unwrap();
    assert_eq!(nobody.status(), 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_said_to_be_gone_and_failures_are_told() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    let (_, export) = ask(owner).await;
    let id = export["id"].as_str().unwrap();
    make(&stage, id, owner.id, &[("calls.csv", "x")]).await;
    let href = format!("/api/users/export/{id}/calls.csv");
    let directory = args().export_dir.join(id);
    fs::remove_file(directory.join("calls.csv")).unwrap();
    assert_eq!(
        owner.get(&href).await.status,
        410,
        "taken away a moment ago"
    );
    let sql = "update ops.exports set expires_at = now()";
    stage.client.batch_execute(sql).await.unwrap();
    assert_eq!(owner.get(&href).await.status, 410);
    let item = owner.json("/api/users/export").await["items"][0].clone();
    assert_eq!(
        (&item["state"], &item["files"]),
        (&json!("expired"), &json!([]))
    );

    let (status, second) = ask(owner).await;
    assert_eq!(status, 202, "an old one stands in nobody's way");
    let sql = "insert into ops.exports (id, user_id, failure) values ($1, $2, 'the disk is full')";
    let second: Uuid = second["id"].as_str().unwrap().parse().unwrap();
    stage
        .client
        .execute(sql, &[&second, &owner.id])
        .await
        .unwrap();
    let item = owner.json("/api/users/export").await["items"][0].clone();
    assert_eq!(item["state"], "failed");
    assert_eq!(item["failure"], "the disk is full");

    let (status, third) = ask(owner).await;
    assert_eq!(status, 202);
    make(&stage, third["id"].as_str().unwrap(), owner.id, &[]).await;
    let answer = owner.send(Method::POST, "/api/users/export", None).await;
    assert_eq!(answer.status, 429, "three a day");
    assert!(!answer.header("retry-after").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_fetched_over_and_over_is_on_the_record_once_an_hour() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    let (_, export) = ask(owner).await;
    let id = export["id"].as_str().unwrap();
    let files = [("calls.csv", "id"), ("clients.csv", "id")];
    make(&stage, id, owner.id, &files).await;
    let fetch = async |method: Method, name: &str| {
        let path = format!("/api/users/export/{id}/{name}");
        let answer = owner.request(method, &path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{name}");
    };
    let recorded = async || count(&stage, "account.audit where act = 'export.fetched'").await;
    for method in [Method::GET, Method::HEAD, Method::GET] {
        fetch(method, "calls.csv").await;
    }
    assert_eq!(recorded().await, 1);
    fetch(Method::GET, "clients.csv").await;
    fetch(Method::GET, "calls.csv").await;
    assert_eq!(recorded().await, 2, "each file by itself");
    let sql = "alter table account.audit disable trigger only_forgotten;
        update account.audit set at = at - interval '1 h';
        alter table account.audit enable trigger only_forgotten";
    stage.client.batch_execute(sql).await.unwrap();
    fetch(Method::GET, "calls.csv").await;
    assert_eq!(recorded().await, 3, "an hour later once more");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_asked_for_with_a_fresh_proof_and_leaves_through_a_browser() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    let (_, export) = ask(owner).await;
    let id = export["id"].as_str().unwrap();
    make(&stage, id, owner.id, &[("calls.csv", "x")]).await;
    stage
        .execute("update account.sessions set proven_at = now() - interval '16 minutes'")
        .await;
    let (status, problem) = ask(owner).await;
    assert_eq!(
        (status, &problem["type"]),
        (403, &json!("urn:frontdesk:problem:proof-needed"))
    );
    let href = format!("/api/users/export/{id}/calls.csv");
    assert_eq!(
        owner.get(&href).await.status,
        200,
        "a link of the page is followed by the browser itself"
    );

    let ada = stage.browser().sign_up(&stage, "ada").await;
    let tokens = log_in(&stage, "ada").await;
    let access = tokens["access_token"].as_str().unwrap();
    let id = Uuid::new_v4().to_string();
    let sql = format!(
        "insert into account.exports (id, user_id, requested_at, requested_by)
        values ('{id}', '{ada}', now(), '{ada}')"
    );
    stage.execute(&sql).await;
    make(&stage, &id, ada, &[("calls.csv", "x")]).await;
    let by_token = async |method: Method, path: &str| {
        let request = stage.request(method, path).bearer_auth(access);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(by_token(Method::GET, "/api/users/export").await, 200);
    let href = format!("/api/users/export/{id}/calls.csv");
    assert_eq!(by_token(Method::GET, &href).await, 403);
    assert_eq!(by_token(Method::POST, "/api/users/export").await, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_asked_for_at_once_one_is_made() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    let ((one, _), (other, _)) = tokio::join!(ask(owner), ask(owner));
    let mut answers = [one, other];
    answers.sort_unstable();
    assert_eq!(answers, [202, 409]);
}
