//! What was said, and whose call it belongs to.

use super::stage::{Stage, caller, folded, other_caller};
use crate::calls::{Transcript, said::SaidRow};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

fn message(id: &str, role: &str, text: &str) -> serde_json::Value {
    json!({ "id": id, "type": "message", "role": role, "content": [text], "createdAt": 1_795_194_244.5 })
}

#[test]
fn items_come_in_order_with_their_speakers_and_owner() {
    let mut stage = Stage::new();
    stage
        .report("call.transcript", 91_000, json!({ "callId": "SCL_a", "part": 1, "items": [message("item_3", "assistant", "Bye")] }))
        .report("call.transcript", 90_000, json!({ "callId": "SCL_a", "part": 0, "items": [
            message("item_1", "assistant", "Bright Smile, good morning"),
            { "id": "item_2", "type": "message", "role": "user", "text": "Hello", "interrupted": true,
              "metrics": { "e2e_latency": 1.25, "started_speaking_at": 1_795_194_250.25 } },
        ] }))
        .joined(&caller(), 342);
    let turns = stage.turns();
    let said: Vec<_> = turns
        .iter()
        .map(|turn| {
            (
                turn.position,
                turn.speaker.as_str(),
                turn.text.as_deref().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            (0, "receptionist", "Bright Smile, good morning"),
            (1, "caller", "Hello"),
            (2, "receptionist", "Bye")
        ]
    );
    assert!(
        turns
            .iter()
            .all(|turn| turn.call_key.as_deref() == Some("SCL_a")
                && turn.user_id == Some(Uuid::from_u128(101)))
    );
    assert_eq!((turns[1].interrupted, turns[1].e2e_ms), (true, Some(1_250)));
    assert_eq!(
        turns[1].at.unwrap().to_rfc3339(),
        "2026-11-20T17:04:10.250+00:00"
    );
}

#[test]
fn a_tool_call_and_its_answer_are_one_turn() {
    let items = json!([
        { "id": "item_1", "type": "function_call", "call_id": "c1", "name": "book", "arguments": "{\"day\":1}" },
        { "id": "item_2", "type": "function_call_output", "call_id": "c1", "name": "book", "output": "no slot", "is_error": true },
        { "id": "item_3", "type": "function_call_output", "call_id": "c9", "output": "an orphan" },
        { "id": "item_4", "type": "agent_config_update", "instructions": "the secret prompt" },
        { "id": "item_5", "type": "message", "role": "user", "content": [] },
    ]);
    let mut stage = Stage::new();
    stage.report(
        "call.transcript",
        0,
        json!({ "callId": "SCL_a", "items": items }),
    );
    let turns = stage.turns();
    assert_eq!(
        turns
            .iter()
            .map(|turn| turn.id.as_str())
            .collect::<Vec<_>>(),
        ["5:SCL_a/item_1", "5:SCL_a/item_3"]
    );
    assert_eq!(
        (
            turns[0].tool_name.as_deref(),
            turns[0].tool_arguments.as_deref()
        ),
        (Some("book"), Some("{\"day\":1}"))
    );
    assert_eq!(
        (turns[0].tool_output.as_deref(), turns[0].is_error),
        (Some("no slot"), true)
    );
    assert!(!format!("{turns:?}").contains("secret"));
}

#[test]
fn an_item_sent_twice_is_one_and_its_later_version_counts() {
    let mut stage = Stage::new();
    for (at, text) in [(95_000, "Hello there"), (90_000, "Hello")] {
        let items = [message("item_1", "user", text)];
        stage.report(
            "call.transcript",
            at,
            json!({ "callId": "SCL_a", "items": items }),
        );
    }
    let turns = stage.turns();
    assert_eq!(turns.len(), 1);
    assert_eq!(turns[0].text.as_deref(), Some("Hello there"));
}

#[test]
fn reports_without_a_part_stand_in_the_order_in_which_they_were_told() {
    let item = |id: Option<&str>, at: f64, text: &str| {
        let mut item = message("", "user", text);
        item["createdAt"] = json!(at);
        item["id"] = json!(id);
        item
    };
    let told = |items: &[(i64, serde_json::Value)]| {
        let mut stage = Stage::new();
        for (at, item) in items {
            stage.report(
                "call.transcript",
                *at,
                json!({ "callId": "SCL_a", "items": [item] }),
            );
        }
        let texts = stage.turns().into_iter().map(|turn| turn.text.unwrap());
        texts.collect::<Vec<_>>().join(" ")
    };
    let first = 1_795_194_244.5;
    for ids in [[Some("a"), Some("b"), Some("c")], [None; 3]] {
        let items = [
            (15_000, item(ids[1], first + 5.0, "two")),
            (10_000, item(ids[0], first, "one")),
            (20_000, item(ids[2], first + 10.0, "three")),
            // Told again, as whoever sends all of it each time would.
            (21_000, item(ids[0], first, "one")),
        ];
        for told_so_far in [&items[..3], &items] {
            assert_eq!(told(told_so_far), "one two three", "{ids:?}");
        }
    }
    let same_moment = ["yes", "no"].map(|text| item(None, first, text));
    let mut stage = Stage::new();
    stage.report(
        "call.transcript",
        10_000,
        json!({ "callId": "SCL_a", "items": same_moment }),
    );
    assert_eq!(stage.turns().len(), 2, "two that have no ids are two");
    let bare = |text: &str| json!({ "type": "message", "role": "user", "text": text });
    assert_eq!(
        told(&[(10_000, bare("one")), (15_000, bare("two"))]),
        "one two"
    );
}

#[test]
fn an_analysis_holds_all_of_a_short_call_or_the_rest_of_a_long_one() {
    let rest = [
        message("item_2", "user", "Hello"),
        message("item_3", "assistant", "Bye"),
    ];
    let mut stage = Stage::new();
    stage.report(
        "call.analysed",
        96_000,
        json!({ "callId": "SCL_a", "transcript": rest }),
    );
    let said =
        |stage: &Stage| -> Vec<String> { stage.turns().into_iter().map(|turn| turn.id).collect() };
    assert_eq!(said(&stage), ["5:SCL_a/item_2", "5:SCL_a/item_3"]);
    let first = [
        message("item_1", "assistant", "Good morning"),
        message("item_2", "user", "Hello"),
    ];
    stage.report(
        "call.transcript",
        90_000,
        json!({ "callId": "SCL_a", "part": 0, "items": first }),
    );
    assert_eq!(
        said(&stage),
        ["5:SCL_a/item_1", "5:SCL_a/item_2", "5:SCL_a/item_3"]
    );
}

#[test]
fn two_calls_of_a_room_may_number_their_items_alike() {
    let mut stage = Stage::new();
    stage.joined(&caller(), 342).joined(&other_caller(), 400);
    for call in ["SCL_a", "SCL_b"] {
        stage.report(
            "call.transcript",
            90_000,
            json!({ "callId": call, "items": [message("item_1", "user", call)] }),
        );
    }
    let turns = stage.turns();
    let said: Vec<_> = turns
        .iter()
        .map(|turn| (turn.id.as_str(), turn.user_id.unwrap().as_u128()))
        .collect();
    assert_eq!(said, [("5:SCL_a/item_1", 101), ("5:SCL_b/item_1", 102)]);
}

#[test]
fn an_endless_transcript_keeps_its_beginning() {
    let mut stage = Stage::new();
    for part in (0..30).rev() {
        let items: Vec<_> = (0..200)
            .map(|index| message(&format!("item_{part}_{index}"), "user", "words"))
            .collect();
        stage.report(
            "call.transcript",
            90_000,
            json!({ "callId": "SCL_a", "part": part, "items": items }),
        );
    }
    let turns = stage.turns();
    assert_eq!(
        (turns.len(), turns[0].id.as_str(), turns[1_999].id.as_str()),
        (2_000, "5:SCL_a/item_0_0", "5:SCL_a/item_9_199")
    );
}

#[test]
fn no_two_items_share_a_turn_whatever_calls_and_items_are_called() {
    let mut stage = Stage::new();
    let nameless = json!({ "role": "user", "text": "third" });
    let told = [
        ("x", json!([message("0/1", "user", "first"), nameless])),
        ("x/0", json!([message("1", "user", "second")])),
        ("x#0", json!([message("1", "user", "fourth")])),
        ("", json!([message("x/0/1", "user", "fifth")])),
    ];
    for (call, items) in told {
        stage.report(
            "call.transcript",
            90_000,
            json!({ "callId": call, "items": items }),
        );
    }
    let turns = stage.turns();
    let ids: BTreeSet<_> = turns.iter().map(|turn| &turn.id).collect();
    assert_eq!((turns.len(), ids.len()), (5, 5), "{ids:?}");
}

#[test]
fn control_characters_in_an_agents_ids_do_not_move_it_into_another_call() {
    let mut stage = Stage::new();
    for (room, call) in [("A\u{1f}B", "C"), ("A", "B\u{1f}C")] {
        let items = [message("a\u{0}b", "user", "Hello")];
        stage.report(
            "call.transcript",
            90_000,
            json!({ "roomSid": room, "callId": call, "items": items }),
        );
    }
    assert_eq!(folded::<Transcript>(&stage.events).len(), 2);
    for turn in stage.turns() {
        let keys = [&turn.room_sid, &turn.id, turn.call_key.as_ref().unwrap()];
        let control = keys.iter().any(|key| key.contains(char::is_control));
        assert!(!control, "{turn:?}");
    }
}

#[test]
fn a_call_is_found_by_what_the_two_said_and_belongs_to_its_owner() {
    let items = json!([
        message("item_1", "assistant", "Bright Smile, good morning"),
        message("item_2", "user", "Good! Zo\u{e9} speaking"),
        message("item_3", "system", "Be kind"),
        { "id": "item_4", "type": "function_call", "call_id": "c1", "name": "book", "arguments": "{\"day\":1}" },
    ]);
    let mut stage = Stage::new();
    stage.report(
        "call.transcript",
        0,
        json!({ "callId": "SCL_a", "items": items }),
    );
    let texts = ["Bright Smile, good morning", "Good! Zoe speaking"];
    let of_nobody = stage.said();
    stage.joined(&caller(), 342);
    let call = stage.calls()[0].id;
    let row = |owner| {
        SaidRow::of(call, owner, texts.into_iter())
            .into_iter()
            .collect::<Vec<_>>()
    };
    assert_eq!(of_nobody, row(None));
    let joined = stage.calls()[0].started_at;
    assert_eq!(stage.said(), row(Some((Uuid::from_u128(101), joined))));
}
