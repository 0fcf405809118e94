//! Rooms of a fixed name, which many callers share, and rooms that are called by a wrong name.

use super::stage::{NAME, ROOM, START, Stage, agent, caller, dialled, folded, other_caller, room};
use crate::calls::{RoomSession, Transcript, call_id};
use serde_json::json;
use std::collections::BTreeSet;

/// Callers one after the other, five seconds apart, each there for four.
fn callers(stage: &mut Stage, many: usize) {
    stage.joined(&agent(), 100).speaks(&agent(), 200);
    for number in 0..many {
        let (sid, at) = (format!("PA_{number}"), 1_000 + number as i64 * 5_000);
        let participant = json!({
            "sid": sid, "identity": "sip_+15105550100", "name": "Phone +15105550100", "kind": "SIP",
            "joinedAtMs": (START + at).to_string(),
            "attributes": { "sip.callID": format!("SCL_{number}"), "sip.callStatus": "hangup", "sip.ruleID": "SDR_1",
                "sip.phoneNumber": "+15105550100", "sip.trunkPhoneNumber": "+14155550123" },
        });
        let track = json!({ "sid": format!("TR_{number}"), "source": "MICROPHONE",
            "version": { "unixMicro": ((START + at + 300) * 1000).to_string() } });
        stage
            .webhook(
                "participant_joined",
                at + 200,
                json!({ "participant": participant }),
            )
            .webhook(
                "track_published",
                at + 300,
                json!({ "participant": { "sid": sid }, "track": track }),
            )
            .webhook(
                "participant_left",
                at + 4_000,
                json!({ "participant": participant }),
            );
    }
}

#[test]
fn no_call_of_a_room_of_a_fixed_name_is_lost() {
    let many = 3_000;
    let mut stage = Stage::new();
    callers(&mut stage, many);
    let calls = stage.calls();
    assert_eq!(calls.len(), many);
    let ids: BTreeSet<_> = calls.iter().map(|call| call.id).collect();
    assert_eq!(ids.len(), many);
    for call in &calls {
        assert_eq!(
            (
                call.result.as_deref(),
                call.ring_ms.is_some_and(|ring| ring <= 1_000)
            ),
            (Some("answered"), true),
            "the agent could be heard all the time: {call:?}"
        );
    }
    let size = serde_json::to_vec(&room(&stage.events)).unwrap().len();
    assert!(size < many * 500, "{size} bytes");
}

#[test]
fn what_was_said_on_one_call_is_no_part_of_the_state_of_another() {
    let mut stage = Stage::new();
    let item = json!({ "id": "item_1", "type": "message", "role": "user", "text": "Hello" });
    for number in 0..60 {
        let items = vec![item.clone(); 1];
        let part = json!({ "callId": format!("SCL_{number}"), "items": items });
        stage.report("call.transcript", 90_000, part);
    }
    let states = folded::<Transcript>(&stage.events);
    assert_eq!(states.len(), 60);
    let largest = states
        .values()
        .map(|state| serde_json::to_vec(state).unwrap().len());
    assert!(largest.max().unwrap() < 300);
    assert_eq!(stage.turns().len(), 60, "each under an id of its own");
}

#[test]
fn a_rooms_recording_is_a_calls_only_where_there_is_one_call() {
    let file = json!([{ "duration": "90500000000", "location": "https://x.test/room.ogg" }]);
    let info = json!({ "egressId": "EG_1", "roomId": ROOM, "status": "EGRESS_COMPLETE", "fileResults": file });
    let mut stage = Stage::new();
    stage
        .joined(&caller(), 342)
        .joined(&agent(), 1_000)
        .speaks(&agent(), 2_000)
        .joined(&dialled(), 20_000)
        .left(&dialled(), 50_000, "ROOM_DELETED", "active")
        .webhook("egress_ended", 96_900, json!({ "egressInfo": info }));
    let call = stage.call();
    assert_eq!(
        (
            call.recording_state.as_deref(),
            call.recording_location.as_deref(),
            call.recording_ms
        ),
        (Some("ready"), Some("https://x.test/room.ogg"), Some(90_500)),
        "a phone dialled for the caller is no call of its own"
    );

    stage.joined(&other_caller(), 60_000);
    let calls = stage.calls();
    assert_ne!(calls[0].client_id, calls[1].client_id);
    for call in &calls {
        assert_eq!(
            (
                &call.recording_state,
                &call.recording_location,
                call.recording_ms
            ),
            (&None, &None, None),
            "{}",
            call.call_key
        );
    }

    let own = json!({ "callId": "SCL_b", "recording": { "egressId": "EG_2", "location": "https://x.test/b.ogg" } });
    stage.report("call.analysed", 97_000, own);
    let shown = stage
        .calls()
        .into_iter()
        .map(|call| (call.call_key, call.recording_location));
    let shown: Vec<_> = shown.collect();
    assert_eq!(
        shown,
        [
            ("SCL_a".to_owned(), None),
            ("SCL_b".to_owned(), Some("https://x.test/b.ogg".to_owned())),
        ],
        "what the agent says of a call is that call's"
    );
}

#[test]
fn a_report_that_calls_its_room_by_a_wrong_name_reaches_no_call() {
    let mut stage = Stage::new();
    stage.joined(&caller(), 342);
    let report = |name: &str| {
        let item = json!({ "id": "item_1", "type": "message", "role": "user", "text": "Hello" });
        json!({ "roomSid": ROOM, "roomName": name, "callId": "SCL_a", "summary": name, "transcript": [item] })
    };
    stage.report("call.analysed", 90_000, report("call_2"));
    assert_eq!(stage.call().summary, None);
    assert!(stage.turns().iter().all(|turn| turn.user_id.is_none()));
    stage.report("call.analysed", 80_000, report(NAME));
    assert_eq!(stage.call().summary.as_deref(), Some(NAME));
    let keys = folded::<RoomSession>(&stage.events).into_keys();
    assert_eq!(
        keys.count(),
        2,
        "one for each partition: no state has two writers"
    );
    let mut turns: Vec<_> = stage
        .turns()
        .into_iter()
        .map(|turn| turn.partition)
        .collect();
    turns.dedup();
    assert_eq!(turns.len(), 2, "no row has two writers either");
}

#[test]
fn a_room_of_another_name_holds_other_calls_even_under_the_same_sid() {
    let mut stage = Stage::new();
    let named = |name: &str| {
        json!({ "room": { "sid": ROOM, "name": name },
            "participant": { "sid": "PA_1", "kind": "SIP", "joinedAtMs": (START + 500).to_string() } })
    };
    stage
        .webhook("participant_joined", 600, named(NAME))
        .webhook("participant_joined", 600, named("call_2"));
    let ids: BTreeSet<_> = stage.calls().into_iter().map(|call| call.id).collect();
    let expected = [call_id(NAME, ROOM, "PA_1"), call_id("call_2", ROOM, "PA_1")];
    assert_eq!(ids, BTreeSet::from(expected));
}
