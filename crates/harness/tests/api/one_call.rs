//! One call: its details, its transcript and its source events.

use crate::{
    stage::Stage,
    story::{Story, analysis},
};
use frontdesk_events::{Envelope, Partition, nats::binding};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use uuid::Uuid;

fn transcript(story: &Story) -> Envelope {
    let second =
        |second: i64| (story.started + chrono::TimeDelta::seconds(second)).timestamp() as f64;
    story.report(
        "call.transcript",
        70,
        json!({ "part": 0, "items": [
            { "id": "i1", "type": "message", "role": "assistant", "text": "Bright Smile, good morning", "createdAt": second(5) },
            { "id": "i2", "type": "message", "role": "user", "text": "Hello <script>", "createdAt": second(8), "interrupted": true },
            { "id": "i3", "type": "function_call", "name": "check_calendar", "arguments": "{\"day\":\"Tuesday\"}", "callId": "c1", "createdAt": second(9) },
            { "id": "i4", "type": "function_call_output", "callId": "c1", "output": "free at nine", "isError": false, "createdAt": second(10) },
        ] }),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_shows_everything_that_was_reported_about_it() {
    let stage = Stage::set().await;
    stage.reception().await;
    let story = Story {
        report: analysis("success", "positive", Some(12_000)),
        recorded: true,
        ..Story::new("full")
    };
    let transferred = story.report(
        "call.transferred",
        30,
        json!({ "transferTo": "+14155550666", "transferredAt": "2026-11-20T12:00:30Z" }),
    );
    let mut events = story.events();
    events.extend([transcript(&story), transferred]);
    stage.tell(&events).await;

    let id = stage.ids("/api/calls").await.remove(0);
    let page = stage.json(&format!("/api/calls/{id}")).await;
    let call = &page["call"];
    assert_eq!(call["id"], id);
    assert_eq!(
        (&call["state"], &call["result"]),
        (&json!("ended"), &json!("answered"))
    );
    assert_eq!(call["end_reason"]["code"], "CLIENT_INITIATED");
    assert!(!call["end_reason"]["words"].as_str().unwrap().is_empty());
    assert_eq!(
        call["outcome"],
        json!({ "status": "success", "label": "booked", "reason": "Tuesday at nine suited" })
    );
    assert_eq!(
        call["revenue"],
        json!({ "amount_minor": 12_000, "currency": "USD" })
    );
    assert_eq!(call["revenue_evidence"], "a check-up is 120");
    assert_eq!(call["sentiment"]["label"], "positive");
    assert_eq!(call["sentiment_evidence"], "thank you so much");
    assert_eq!(call["tags"], json!(["appointment"]));
    assert_eq!(call["latencies"]["e2e_p50_ms"], 900);
    assert_eq!(call["latencies"]["turns"], 7);
    assert_eq!(call["usage"][0]["kind"], "llm");
    assert!(
        call["usage"][0]["quantities"]
            .as_object()
            .unwrap()
            .values()
            .any(|amount| amount == 1200.0 || amount == 1200)
    );
    assert_eq!(call["recording"]["state"], "ready");
    assert_eq!(
        (&call["has_recording"], &call["recording"]["duration_ms"]),
        (&json!(true), &json!(60_000))
    );
    assert_eq!(call["transferred_to"], "+14155550666");
    assert_eq!(
        (&call["room_sid"], &call["agent_name"]),
        (&json!("RM_full"), &json!("receptionist"))
    );

    let turns = page["turns"].as_array().unwrap();
    let speakers: Vec<_> = turns
        .iter()
        .map(|turn| turn["speaker"].as_str().unwrap())
        .collect();
    assert_eq!(speakers[..2], ["receptionist", "caller"]);
    assert_eq!(
        (&turns[0]["offset_ms"], &turns[1]["interrupted"]),
        (&json!(5_000), &json!(true))
    );
    assert_eq!(turns[1]["text"], "Hello <script>");
    let tool = turns
        .iter()
        .find(|turn| turn["tool"] != Value::Null)
        .unwrap();
    assert_eq!(tool["tool"]["name"], "check_calendar");
    assert!(
        turns
            .iter()
            .any(|turn| turn["tool"]["output"] == "free at nine"),
        "{turns:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_call_has_nulls_where_nothing_is_known() {
    let stage = Stage::set().await;
    stage.reception().await;
    stage
        .tell(
            &Story {
                left: None,
                ..Story::new("live")
            }
            .events(),
        )
        .await;
    let id = stage.ids("/api/calls?state=live").await.remove(0);
    let call = stage.json(&format!("/api/calls/{id}")).await["call"].clone();
    for field in [
        "result",
        "ended_at",
        "talk_ms",
        "end_reason",
        "outcome",
        "revenue",
        "sentiment",
        "summary",
        "recording",
        "latencies",
    ] {
        assert_eq!(call[field], Value::Null, "{field}");
    }
    assert_eq!(call["answered_at"], "2026-11-20T12:00:04.000Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn source_events_stand_in_the_order_they_happened_with_late_ones_marked() {
    let stage = Stage::set().await;
    stage.reception().await;
    let story = Story::new("timeline");
    let mut events = story.events();
    // Accepted ten minutes after it happened.
    let late = story
        .report("call.analysed", 66, analysis("success", "neutral", None))
        .with_recorded_time(story.started + chrono::TimeDelta::seconds(666));
    events.push(late);
    stage.tell(&events).await;
    let id = stage.ids("/api/calls").await.remove(0);
    let page = stage.json(&format!("/api/calls/{id}/events")).await;
    let items = page["items"].as_array().unwrap();
    assert_eq!(items.len(), events.len());
    let happened: Vec<_> = items
        .iter()
        .map(|item| item["happened_at"].as_str().unwrap())
        .collect();
    assert!(happened.is_sorted(), "{happened:?}");
    assert_ne!(
        items.last().unwrap()["type"],
        "dev.frontdesk.call.analysed.v1",
        "it was stored last, and the room was closed after it"
    );
    let late: Vec<_> = items
        .iter()
        .filter(|item| item["late_ms"] != Value::Null)
        .collect();
    assert_eq!((late.len(), &late[0]["late_ms"]), (1, &json!(600_000)));
    assert_eq!(late[0]["type"], "dev.frontdesk.call.analysed.v1");
    for item in items {
        let words = item["summary"].as_str().unwrap();
        assert!(
            words.len() > 5 && words != "The stream cannot be read at the moment",
            "{item}"
        );
        assert_eq!(item["duplicate"], false);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stored_twice_is_shown_twice_and_marked_once() {
    let stage = Stage::set().await;
    stage.reception().await;
    let story = Story::new("twice");
    let events = story.events();
    stage.tell(&events).await;
    store_past_the_window(&stage, &events[0]).await;
    stage.caught_up().await;

    let id = stage.ids("/api/calls").await.remove(0);
    let page = stage.json(&format!("/api/calls/{id}/events")).await;
    let marked: Vec<_> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["duplicate"].as_bool().unwrap())
        .collect();
    assert_eq!(marked.len(), events.len() + 1);
    assert_eq!(marked.iter().filter(|marked| **marked).count(), 1);
    assert_eq!(
        marked[..3],
        [false, false, true],
        "it stands where it happened, after the original and the caller of the same second"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_in_whole_seconds_stands_where_it_came() {
    let stage = Stage::set().await;
    stage.reception().await;
    let story = Story::new("seconds");
    let arrived = |envelope: Envelope, ms: i64| {
        envelope.with_recorded_time(story.started + chrono::TimeDelta::milliseconds(ms))
    };
    let mut events = story.events();
    // By its clock of whole seconds it left at 64; it was heard of after what happened at 64.5.
    let exact = story
        .report("call.analysed", 64, analysis("success", "neutral", None))
        .with_time(story.started + chrono::TimeDelta::milliseconds(64_500));
    let left = events
        .extract_if(.., |envelope| {
            envelope.kind() == "io.livekit.participant_left"
        })
        .next()
        .unwrap();
    events.extend([arrived(exact, 64_600), arrived(left, 64_900)]);
    stage.tell(&events).await;
    let id = stage.ids("/api/calls").await.remove(0);
    let page = stage.json(&format!("/api/calls/{id}/events")).await;
    let kinds: Vec<_> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds[kinds.len() - 3..],
        [
            "dev.frontdesk.call.analysed.v1",
            "io.livekit.participant_left",
            "io.livekit.room_finished"
        ]
    );
}

/// Stores an event that the server's duplicate window does not recognise, as when it comes hours
/// later: without `Nats-Msg-Id`, which the connection of the product always sends.
async fn store_past_the_window(stage: &Stage, envelope: &Envelope) {
    let (headers, payload) = binding::encode(envelope).unwrap();
    let mut block = String::from("NATS/1.0\r\n");
    for (name, values) in headers.iter() {
        values
            .iter()
            .for_each(|value| block.push_str(&format!("{name}: {}\r\n", value.as_str())));
    }
    block.push_str("\r\n");
    let subject = format!(
        "calls.{}.livekit.room_started",
        Partition::of(&envelope.partition_key().unwrap())
    );
    let (head, all) = (block.len(), block.len() + payload.len());
    let mut message =
        format!("CONNECT {{\"headers\":true}}\r\nHPUB {subject} {head} {all}\r\n{block}")
            .into_bytes();
    message.extend_from_slice(&payload);
    message.extend_from_slice(b"\r\nPING\r\n");
    let mut socket = TcpStream::connect(stage.nats.url().strip_prefix("nats://").unwrap())
        .await
        .unwrap();
    socket.write_all(&message).await.unwrap();
    let mut heard = Vec::new();
    while !heard.windows(4).any(|window| window == b"PONG") {
        assert!(
            socket.read_buf(&mut heard).await.unwrap() > 0,
            "{}",
            String::from_utf8_lossy(&heard)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_there_is_a_404_and_a_bad_id_a_400() {
    let stage = Stage::set().await;
    for tail in ["", "/events"] {
        let missing = stage
            .get(&format!("/api/calls/{}{tail}", Uuid::new_v4()))
            .await;
        assert_eq!(missing.status, 404, "{}", missing.text);
        let bad = stage.get(&format!("/api/calls/17{tail}")).await;
        assert_eq!(
            (bad.status, &bad.json()["errors"][0]["field"]),
            (400, &json!("id"))
        );
        let more = stage
            .get(&format!("/api/calls/{}{tail}?as=of", Uuid::new_v4()))
            .await;
        assert_eq!(
            (more.status, &more.json()["errors"][0]["field"]),
            (400, &json!("as"))
        );
    }
}
