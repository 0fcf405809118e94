//! How answers say how current they are.

use crate::{stage::Stage, story::Story};
use frontdesk_harness::eventually;
use serde_json::Value;

async fn until(stage: &Stage, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
    eventually(what, async || {
        let freshness = stage.json("/api/calls").await["freshness"].clone();
        fits(&freshness).then_some(freshness)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn freshness_goes_from_live_over_behind_to_stalled_and_back() {
    let mut stage = Stage::set().await;
    let empty = until(&stage, "an empty stream is live", |freshness| {
        freshness["state"] == "live"
    })
    .await;
    assert_eq!(
        (&empty["as_of"], &empty["lag_events"]),
        (&Value::Null, &Value::from(0))
    );

    let story = Story::new("one");
    stage.tell(&story.events()).await;
    let live = until(&stage, "the tables are current", |freshness| {
        freshness["as_of"] != Value::Null && freshness["lag_events"] == 0
    })
    .await;
    assert_eq!(
        (&live["state"], &live["lag_ms"]),
        (&Value::from("live"), &Value::from(0))
    );

    stage.stop_projector();
    let more = Story::new("two").events();
    stage.publish(&more).await;
    let behind = until(&stage, "waiting events are counted", |freshness| {
        freshness["state"] == "behind"
    })
    .await;
    assert_eq!(behind["lag_events"], more.len());
    assert!(behind["lag_ms"].as_i64().unwrap() >= 2_000, "{behind}");
    until(&stage, "nothing moves", |freshness| {
        freshness["state"] == "stalled"
    })
    .await;

    stage.start_projector();
    let again = until(&stage, "it moves again", |freshness| {
        freshness["state"] == "live"
    })
    .await;
    assert_eq!(again["lag_events"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_that_owns_some_partitions_is_judged_by_those() {
    let mut stage = Stage::set().await;
    stage.tell(&Story::new("one").events()).await;
    stage.stop_projector();
    // As if another projector, which owns partition 9, had gone ahead alone.
    stage
        .client
        .execute(
            "update calls.checkpoints set sequence = sequence - 1 where partition <> 9",
            &[],
        )
        .await
        .unwrap();
    let room = (0..)
        .map(|n| format!("x{n}"))
        .find(|name| frontdesk_events::Partition::of(&format!("call_{name}")).number() == 9);
    stage
        .publish(
            &Story {
                left: None,
                answered: None,
                ..Story::new(&room.unwrap())
            }
            .events(),
        )
        .await;
    stage
        .client
        .execute(
            "update calls.checkpoints set sequence = sequence + 2 where partition = 9",
            &[],
        )
        .await
        .unwrap();
    // Everyone is at the end of what is theirs, except the owner of the first room's partition.
    let lag = until(&stage, "one event waits", |freshness| {
        freshness["lag_events"] == 1
    })
    .await;
    assert_ne!(lag["as_of"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_names_what_is_away() {
    let mut stage = Stage::set().await;
    eventually("all is there", async || {
        stage.health.is_ready().then_some(())
    })
    .await;
    stage.nats.kill();
    eventually("NATS is missed", async || {
        let condition = stage.health.conditions().remove("api-nats")?;
        (!condition.ok && !condition.why.is_empty()).then_some(())
    })
    .await;
    assert_eq!(
        stage.json("/api/calls").await["items"],
        serde_json::json!([]),
        "reading goes on"
    );
    stage.nats.restart().await;
    eventually("all is there again", async || {
        stage.health.is_ready().then_some(())
    })
    .await;
}
