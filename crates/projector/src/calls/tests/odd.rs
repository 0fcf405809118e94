//! Input nobody should send, and still somebody will.

use super::stage::{ROOM, Stage, caller, folded, room};
use crate::{
    aggregate::{Aggregate as _, Fact as _},
    calls::{
        CallFact, RoomSession, Transcript,
        merge::Merge as _,
        room::{MOST_PEOPLE, MOST_REPORTS, MOST_TRACKS, Room},
    },
};
use frontdesk_events::catalogue::agent;
use serde_json::json;

#[test]
fn an_event_we_do_not_know_is_filed_under_its_room_and_folded_by_nobody() {
    let mut stage = Stage::new();
    stage.webhook("call_answered", 3_000, json!({})).tell(
        "/x",
        "com.example.thing",
        0,
        &json!([1, 2]),
    );
    let fact = CallFact::decode(&stage.events[0]).unwrap();
    assert_eq!(fact.index_key(), Some(ROOM));
    assert!(stage.calls().is_empty());
    let fact = CallFact::decode(&stage.events[1]).unwrap();
    assert!(
        fact.index_key().is_none()
            && RoomSession::keys(&fact).is_empty()
            && Transcript::keys(&fact).is_empty()
    );
}

#[test]
fn what_an_agent_tells_in_a_type_of_its_own_is_filed_under_the_room_it_names() {
    let kind = "com.example.menu_choice";
    let mut stage = Stage::new();
    stage
        .tell(
            "/agents/x",
            kind,
            0,
            &json!({ "callId": "SCL_a", "roomSid": ROOM, "choice": 2 }),
        )
        .tell("/agents/x", kind, 0, &json!({ "room_sid": ROOM }))
        .tell("/agents/x", kind, 0, &json!({ "callId": "SCL_a" }))
        .tell("/agents/x", kind, 0, &json!({ "roomSid": [ROOM] }));
    let facts: Vec<CallFact> = stage
        .events
        .iter()
        .map(|event| CallFact::decode(event).unwrap())
        .collect();
    let filed: Vec<Option<&str>> = facts.iter().map(CallFact::index_key).collect();
    assert_eq!(filed, [Some(ROOM), Some(ROOM), None, None]);
    for fact in &facts {
        assert!(RoomSession::keys(fact).is_empty() && Transcript::keys(fact).is_empty());
    }
}

#[test]
fn a_known_event_that_is_no_object_is_a_dead_letter() {
    let mut stage = Stage::new();
    stage.tell(
        "/livekit/k",
        "io.livekit.room_started",
        0,
        &json!("not an object"),
    );
    assert!(CallFact::decode(&stage.events[0]).is_err());
    stage.tell(
        "/livekit/k",
        "io.livekit.unparsable",
        0,
        &json!("not an object"),
    );
    let fact = CallFact::decode(&stage.events[1]).unwrap();
    assert!(
        fact.index_key().is_none(),
        "of no known type: kept, and folded by nobody"
    );
}

#[test]
fn an_absurd_room_sid_still_fits_an_index() {
    let mut stage = Stage::new();
    let sid = "a.b.>\r\n*".repeat(2_000);
    stage.webhook(
        "participant_joined",
        0,
        json!({ "room": { "sid": sid }, "participant": { "sid": sid, "kind": "SIP" } }),
    );
    let fact = CallFact::decode(&stage.events[0]).unwrap();
    assert!(fact.index_key().unwrap().len() < 100);
    let states = folded::<RoomSession>(&stage.events);
    assert!(states.keys().all(|key| key.len() < 100));
    let mut people = states.values().flat_map(|state| state.people.keys());
    assert!(people.all(|sid| sid.len() < 100));
}

#[test]
fn a_hostile_room_cannot_grow_its_state_for_ever() {
    let mut state = Room::default();
    for number in 0..MOST_TRACKS + 9 {
        let mut more = Room::default();
        let id = format!("{number:06}");
        more.people.insert(id.clone(), Default::default());
        more.tracks.insert(id.clone(), Default::default());
        more.reports.insert(id, Default::default());
        state.merge(&more);
    }
    assert_eq!(
        (state.people.len(), state.tracks.len(), state.reports.len()),
        (MOST_PEOPLE, MOST_TRACKS, MOST_REPORTS)
    );
}

#[test]
fn no_text_of_a_sender_makes_a_piece_large() {
    let long = "x".repeat(100_000);
    let attributes = json!({ "sip.callID": long, "app.tenantId": long, "sip.phoneNumber": long,
        "sip.trunkPhoneNumber": long, "sip.callStatus": long });
    let participant = json!({ "sid": long, "identity": long, "kind": "SIP", "name": long,
        "disconnectReason": long, "attributes": attributes });
    let quantities: serde_json::Map<_, _> = (0..50)
        .map(|index| (format!("{index}{long}"), json!(index)))
        .collect();
    let usage: Vec<_> = (0..50).map(|_| json!(quantities)).collect();
    let mut stage = Stage::new();
    stage
        .webhook("participant_left", 0, json!({ "participant": participant }))
        .report(
            "call.analysed",
            0,
            json!({ "callId": long, "summary": long, "tags": vec![&long; 99], "usage": usage, "closeReason": long,
                "outcome": { "reason": long, "label": long, "status": long, "revenue": { "evidence": long } },
                "sentiment": { "label": long, "evidence": long }, "recording": { "location": long } }),
        );
    let size = serde_json::to_vec(&room(&stage.events)).unwrap().len();
    assert!(size < 48_000, "{size} bytes");
}

#[test]
fn junk_of_an_agent_is_no_dead_letter() {
    for kind in [
        agent::HEARTBEAT,
        agent::ANSWERED,
        agent::TRANSFERRED,
        agent::TRANSCRIPT,
        agent::ANALYSED,
    ] {
        let junk: [&[u8]; 6] = [
            b"",
            b"null",
            b"[[[",
            b"\xff",
            b"{\"roomSid\":7}",
            b"{\"callId\":\"SCL_a\"}",
        ];
        for data in junk {
            let mut stage = Stage::new();
            stage.say(kind, 0, data);
            let fact = CallFact::decode(&stage.events[0]).unwrap();
            assert_eq!(fact.index_key(), None, "{kind} {data:?}");
            assert!(RoomSession::keys(&fact).is_empty() && Transcript::keys(&fact).is_empty());
        }
    }
}

#[test]
fn a_field_of_the_wrong_shape_costs_only_itself() {
    let mut stage = Stage::new();
    stage.joined(&caller(), 342).report(
        "call.analysed",
        9_000,
        json!({ "callId": "SCL_a", "summary": "Booked.", "tags": { "a": 1 }, "usage": "much", "latency": [1],
            "sentiment": 7, "transcript": "words", "outcome": { "status": ["success"], "label": "booked", "revenue": 5 } }),
    );
    let call = stage.call();
    assert_eq!(
        (call.summary.as_deref(), call.outcome_label.as_deref()),
        (Some("Booked."), Some("booked"))
    );
    assert!(call.tags.is_empty() && call.outcome_status.is_none() && call.usage.is_none());
}

#[test]
fn a_usual_state_is_small() {
    let mut stage = Stage::new();
    stage
        .webhook("room_started", 118, json!({}))
        .joined(&caller(), 342)
        .speaks(&caller(), 780);
    let state = serde_json::to_string(&room(&stage.events)).unwrap();
    assert!(state.len() < 600, "{} bytes: {state}", state.len());
}

#[test]
fn times_no_database_holds_are_absent_and_no_duration_is_negative() {
    for absurd in [
        "0",
        "-1",
        "99999999999999999",
        "\"month 19\"",
        "null",
        "1e300",
        "253402300799999",
    ] {
        let absurd: serde_json::Value = serde_json::from_str(absurd).unwrap();
        let mut stage = Stage::new();
        let mut participant =
            json!({ "sid": "PA_1", "kind": "SIP", "joinedAt": absurd, "joinedAtMs": absurd });
        stage.webhook(
            "participant_joined",
            0,
            json!({ "createdAt": absurd, "participant": participant }),
        );
        participant["disconnectReason"] = json!("CLIENT_INITIATED");
        stage.webhook(
            "participant_left",
            0,
            json!({ "createdAt": absurd, "participant": participant }),
        );
        stage.webhook(
            "track_published",
            0,
            json!({
                "createdAt": absurd, "participant": { "sid": "PA_2" },
                "track": { "sid": "TR_1", "version": { "unixMicro": absurd } },
            }),
        );
        let call = stage.call();
        let durations = [call.ring_ms, call.talk_ms];
        assert!(
            durations.into_iter().flatten().all(|millis| millis >= 0),
            "{absurd}: {call:?}"
        );
        assert!(
            call.ended_at.is_none_or(|ended| ended >= call.started_at),
            "{absurd}: {call:?}"
        );
    }
}
