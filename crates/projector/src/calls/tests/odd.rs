//! Input nobody should send, and still somebody will.

use super::stage::{ROOM, Stage, caller, folded};
use crate::{
    aggregate::{Aggregate as _, Fact as _},
    calls::{CallFact, RoomSession, Transcript, room},
};
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
    let state = folded::<RoomSession>(&stage.events);
    assert!(state.people.keys().all(|sid| sid.len() < 100));
}

#[test]
fn a_hostile_room_cannot_grow_its_state_for_ever() {
    let mut stage = Stage::new();
    for number in 0..2_000 {
        let sid = format!("PA_{number}");
        let participant = json!({ "sid": sid, "identity": "x".repeat(10_000), "kind": "SIP", "name": "y".repeat(10_000) });
        stage.webhook(
            "participant_joined",
            0,
            json!({ "participant": participant }),
        );
        stage.webhook(
            "track_published",
            0,
            json!({ "participant": { "sid": sid }, "track": { "sid": sid } }),
        );
    }
    let state = folded::<RoomSession>(&stage.events);
    assert_eq!(
        (state.people.len(), state.tracks.len()),
        (room::MOST_PEOPLE, room::MOST_TRACKS)
    );
    assert!(serde_json::to_vec(&state).unwrap().len() < 400_000);
}

#[test]
fn a_usual_state_is_small() {
    let mut stage = Stage::new();
    stage
        .webhook("room_started", 118, json!({}))
        .joined(&caller(), 342)
        .speaks(&caller(), 780);
    let state = serde_json::to_string(&folded::<RoomSession>(&stage.events)).unwrap();
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
