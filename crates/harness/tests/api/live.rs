//! The live channel.

use crate::{person::read, stage::Stage, story::Story};
use frontdesk_events::nats::live::{Change, Topic};
use frontdesk_harness::eventually;
use reqwest::Method;
use serde_json::Value;

fn ids(block: &str) -> Vec<String> {
    let data = block
        .lines()
        .find_map(|line| line.strip_prefix("data: "))
        .unwrap();
    let data: Value = serde_json::from_str(data).unwrap();
    data["ids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_told_after_it_can_be_read() {
    let stage = Stage::set().await;
    stage.reception().await;
    let mut following = stage.follow(None).await;
    assert!(following.next().await.unwrap().contains("event: hello"));
    stage
        .publish(
            &Story {
                left: None,
                ..Story::new("live")
            }
            .events(),
        )
        .await;
    let told = ids(&following.event("calls").await);
    assert_eq!(told, stage.ids("/api/calls").await);
    assert_eq!(told.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_everybody_reach_whoever_sees_everything() {
    let stage = Stage::set().await;
    let mut following = stage.follow(None).await;
    following.event("hello").await;
    for (user, topic, id) in [
        (None, Topic::Calls, "a"),
        (Some(uuid::Uuid::new_v4()), Topic::Billing, "I-1"),
    ] {
        let change = Change {
            user,
            topic,
            ids: vec![id.into()],
        };
        let name = if topic == Topic::Calls {
            "calls"
        } else {
            "billing"
        };
        // Core NATS forgets what is told before the subscription stands.
        let told = async {
            loop {
                stage.connection.tell(&change).await;
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        };
        let heard = tokio::select! {
            block = following.event(name) => block,
            () = told => unreachable!("it tells for ever"),
        };
        assert_eq!(ids(&heard), [id]);
        assert!(
            heard.lines().any(|line| line.starts_with("id: ")),
            "{heard}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_is_told_to_ask_anew() {
    let stage = Stage::set().await;
    let mut following = stage.follow(Some("17")).await;
    assert!(following.next().await.unwrap().contains("event: hello"));
    assert!(following.next().await.unwrap().contains("event: resync"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_to_nats_ends_in_a_resync() {
    let mut stage = Stage::set().await;
    stage.reception().await;
    let mut following = stage.follow(None).await;
    following.event("hello").await;
    // Whatever the first connection had to say is heard before the loss.
    eventually("the API is ready", async || {
        stage.health.is_ready().then_some(())
    })
    .await;
    stage
        .publish(
            &Story {
                left: None,
                ..Story::new("before")
            }
            .events(),
        )
        .await;
    following.event("calls").await;
    stage.nats.restart().await;
    following.event("resync").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_channel_beats_every_fifteen_seconds() {
    let stage = Stage::set().await;
    let mut following = stage.follow(None).await;
    loop {
        if following.next().await.unwrap().starts_with(": heartbeat") {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_takes_compression_still_hears_at_once() {
    let stage = Stage::set().await;
    let request = stage.owner().request(Method::GET, "/api/live");
    let mut response = request
        .header("accept-encoding", "gzip, br")
        .send()
        .await
        .unwrap();
    assert!(!response.headers().contains_key("content-encoding"));
    assert!(
        response
            .chunk()
            .await
            .unwrap()
            .unwrap()
            .starts_with(b"event: hello")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_channel_ends_at_shutdown() {
    let stage = Stage::set().await;
    let mut following = stage.follow(None).await;
    following.event("hello").await;
    stage.shutdown.cancel();
    while following.next().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_counted_and_given_back() {
    let stage = Stage::set().await;
    let mut open = Vec::new();
    for _ in 0..512 {
        open.push(stage.follow(None).await);
    }
    let full = read(
        stage
            .owner()
            .request(Method::GET, "/api/live")
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(
        (full.status, full.header("retry-after")),
        (503, "2"),
        "{}",
        full.text
    );
    open.clear();
    eventually("a place is free again", async || {
        let response = stage
            .owner()
            .request(Method::GET, "/api/live")
            .send()
            .await
            .unwrap();
        (response.status() == 200).then_some(())
    })
    .await;
}
