//! How the machinery stands, whole and with parts of it away.

use crate::{stage::Stage, story::Story};
use frontdesk_events::{
    StreamName,
    catalogue::account,
    nats::{Consumer, ConsumerOptions, DeadLetter, Role},
    subject,
};
use frontdesk_harness::eventually;
use frontdesk_process::clock;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const PATH: &str = "/api/admin/health";

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let mut items = list.as_array().unwrap().iter();
    items
        .find(|item| item["name"] == name)
        .unwrap_or_else(|| panic!("{name} in {list}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_told_in_one_answer() {
    let stage = Stage::set().await;
    let admin = stage.admin().await;
    stage.reception().await;
    let now = clock::now();
    let mut events = Story::new("here").events();
    for event in &mut events {
        *event = event.clone().with_recorded_time(now);
    }
    let count = events.len();
    stage.tell(&events).await;
    for (sequence, reader) in [(1, "calls"), (2, "workers-mail")] {
        DeadLetter::new(sequence, "refused")
            .publish(&stage.connection, Role::Workers, StreamName::Calls, reader)
            .await
            .unwrap();
    }
    let options = ConsumerOptions {
        stream: StreamName::Accounts,
        name: "workers-mail".to_owned(),
        subjects: vec![subject::facts_of(account::SIGNED_UP)],
        ack_wait: Duration::from_secs(5),
        most_unsettled: 10,
    };
    Consumer::open(&stage.connection, &options).await.unwrap();
    let id = Uuid::new_v4();
    stage
        .client
        .execute(
            "insert into account.outbox (event_id, partition_key, kind, subject, data, occurred_at)
            values ($1, $1, 'x', 'x', '{}', '2026-11-20T12:00:00Z')",
            &[&id],
        )
        .await
        .unwrap();
    stage
        .execute(
            "insert into ops.effects (key, effect, state, attempts, claimed_at, reason) values
            ('a/mail', 'mail', 'claimed', 3, '2026-11-20T12:00:00Z', 'put off'), ('b/mail', 'mail', 'done', 1, now(), null)",
        )
        .await;
    let health = eventually("the board has looked", async || {
        let health = admin.json(PATH).await;
        let calls = named(&health["projections"], "calls").clone();
        (calls["state"] == "live" && calls["lag_events"] == 0).then_some(health)
    })
    .await;
    assert_eq!(health["unreachable"], json!([]));
    let calls = named(&health["streams"], "CALLS");
    assert_eq!(
        (&calls["messages"], &calls["last_sequence"]),
        (&json!(count), &json!(count))
    );
    assert!(calls["bytes"].as_u64().unwrap() > 0);
    assert_eq!(
        named(&health["streams"], "BILLING")["last_stored_at"],
        Value::Null
    );
    let source = &health["arrivals"]["sources"][0];
    assert_eq!(
        (&source["source"], &source["events"]),
        (&json!("/livekit/devkey"), &json!(count))
    );
    assert!(source["per_second"].as_f64().unwrap() > 0.0);
    let dead = &health["dead_letters"];
    assert_eq!(
        (&dead["count"], dead["groups"].as_array().unwrap().len()),
        (&json!(2), 2)
    );
    let mail = named(&health["workers"], "mail");
    assert_eq!(
        (&mail["waiting"], &mail["given_up"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(health["outbox"]["waiting"], 1);
    assert_eq!(health["outbox"]["oldest_at"], "2026-11-20T12:00:00.000Z");
    let effect = &health["effects"][0];
    assert_eq!(
        (&effect["open"], &effect["most_attempts"]),
        (&json!(1), &json!(3))
    );
    assert_eq!(effect["reason"], "put off");
    assert_eq!(health["exports"]["waiting"], 0);
    assert_eq!(named(&health["conditions"], "api-nats")["ok"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_nats_the_rest_still_comes_and_soon() {
    let mut stage = Stage::set().await;
    let admin = stage.admin().await;
    stage.nats.kill();
    let started = clock::monotonic();
    let health = admin.json(PATH).await;
    assert!(started.elapsed() < Duration::from_secs(10));
    for part in ["streams", "dead_letters", "workers"] {
        assert_eq!(health[part], Value::Null, "{part}");
        let gone = health["unreachable"].as_array().unwrap();
        let why = gone.iter().find(|gone| gone["part"] == part).unwrap();
        assert!(!why["why"].as_str().unwrap().is_empty());
    }
    assert_eq!(health["outbox"]["waiting"], 0);
    assert_eq!(health["effects"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_model_that_is_away_takes_nothing_else_with_it() {
    let mut stage = Stage::set().await;
    let admin = stage.admin().await;
    stage.stop_projector();
    stage
        .execute("alter schema calls rename to calls_away")
        .await;
    let health = admin.json(PATH).await;
    assert_eq!(health["arrivals"], Value::Null);
    assert_eq!(health["unreachable"][0]["part"], "arrivals");
    // What the database said stays in the log.
    let said = health["unreachable"].to_string();
    assert!(!said.contains("calls.event_index"), "{said}");
    assert!(health["streams"].is_array() && health["outbox"].is_object());
    stage
        .execute("alter schema calls_away rename to calls")
        .await;
}
