//! Ending a call from the dashboard, as far as the api goes: what it writes down, for whom, how often.

use crate::{person::Person, stage::Stage, story::Story};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

async fn hang_up(person: &Person, call: &str) -> (u16, Value) {
    let path = format!("/api/calls/{call}/hangup");
    let answer = person.send(Method::POST, &path, None).await;
    (answer.status, answer.json())
}

/// What waits in the outbox about a call.
async fn asked(stage: &Stage, call: &str) -> Vec<Value> {
    let sql = "select data::text from account.outbox
        where kind = 'dev.frontdesk.call.hangup_requested.v1' and subject = $1 order by id";
    let rows = stage.client.query(sql, &[&call]).await.unwrap();
    let text = |row: &tokio_postgres::Row| serde_json::from_str(row.get(0)).unwrap();
    rows.iter().map(text).collect()
}

/// The owner's call that goes on, and one that is over.
async fn calls(stage: &Stage) -> (String, String) {
    stage.reception().await;
    let on = Story {
        left: None,
        ..Story::new("on")
    };
    stage.tell(&on.events()).await;
    stage.tell(&Story::new("over").events()).await;
    let of = async |state: &str| {
        let list = stage.json(&format!("/api/calls?state={state}")).await;
        list["items"][0]["id"].as_str().unwrap().to_owned()
    };
    (of("live").await, of("ended").await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_goes_on_is_asked_for_once_however_often_somebody_clicks() {
    let stage = Stage::set().await;
    let (on, over) = calls(&stage).await;
    let owner = stage.owner();
    let path = format!("/api/calls/{on}/hangup");
    let clicks = (0..8).map(|_| owner.send(Method::POST, &path, None));
    for answer in futures::future::join_all(clicks).await {
        assert_eq!((answer.status, answer.json()), (202, json!({})));
        assert_eq!(answer.headers["location"], format!("/api/calls/{on}"));
    }
    let wanted = json!({ "user_id": owner.id, "call_id": on, "by": owner.id });
    assert_eq!(asked(&stage, &on).await, [wanted]);

    // Given up meanwhile, it can be asked for again.
    stage
        .execute("update account.hangups set asked_at = asked_at - interval '31 seconds'")
        .await;
    assert_eq!(hang_up(owner, &on).await.0, 202);
    assert_eq!(asked(&stage, &on).await.len(), 2);
    let audit = owner.json("/api/audit").await;
    let acts = audit["items"].as_array().unwrap();
    assert_eq!(acts.len(), 2);
    assert_eq!(acts[0]["act"], "call.hung_up");
    assert_eq!(acts[0]["subject"], on);

    let (status, problem) = hang_up(owner, &over).await;
    assert_eq!(
        (status, &problem["type"]),
        (409, &json!("urn:frontdesk:problem:call-over"))
    );
    assert!(asked(&stage, &over).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_for_the_owner_and_managers_and_calls_of_others_are_not_there() {
    let stage = Stage::set().await;
    let other = stage.person("other").await;
    let manager = stage.member(stage.owner().id, "manager").await;
    let reader = stage.member(stage.owner().id, "reader").await;
    let admin = stage.admin().await;
    let (on, _) = calls(&stage).await;
    assert_eq!(hang_up(&reader, &on).await.0, 403);
    for stranger in [&other, &admin] {
        assert_eq!(hang_up(stranger, &on).await.0, 404);
    }
    assert_eq!(hang_up(&other, &Uuid::new_v4().to_string()).await.0, 404);
    assert!(asked(&stage, &on).await.is_empty());
    assert_eq!(hang_up(&manager, &on).await.0, 202);
    let wanted = asked(&stage, &on).await;
    assert_eq!(wanted[0]["user_id"], stage.owner().id.to_string());
    assert_eq!(wanted[0]["by"], manager.id.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_livekit_it_says_so_and_asks_nobody() {
    let stage = Stage::set_with(|args| args.livekit_url = Some(" ".to_owned())).await;
    let (on, over) = calls(&stage).await;
    let (status, problem) = hang_up(stage.owner(), &on).await;
    assert_eq!(status, 503);
    assert_eq!(problem["type"], "urn:frontdesk:problem:not-set-up");
    assert!(problem["detail"].as_str().unwrap().contains("LIVEKIT_URL"));
    assert_eq!(hang_up(stage.owner(), &over).await.0, 409);
    assert!(asked(&stage, &on).await.is_empty());
}
