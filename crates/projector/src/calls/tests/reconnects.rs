//! Callers who come back, and what is a call's end meanwhile.

use super::stage::{Actor, Stage, agent, caller, time};
use crate::calls::CallRow;

fn again() -> Actor {
    Actor {
        sid: "PA_again",
        ..caller()
    }
}

fn talking() -> Stage {
    let mut stage = Stage::new();
    stage.joined(&caller(), 342).speaks(&agent(), 3_240);
    stage
}

fn state(call: &CallRow) -> (&str, Option<chrono::DateTime<chrono::Utc>>) {
    (&call.state, call.ended_at)
}

#[test]
fn a_caller_who_was_there_again_before_the_departure_was_told_is_still_there() {
    for (came, told) in [(29_800, 30_100), (30_020, 30_050), (30_990, 30_010)] {
        let mut stage = talking();
        stage
            .joined(&again(), came)
            .left(&caller(), told, "DUPLICATE_IDENTITY", "active");
        let call = stage.call();
        assert_eq!(state(&call), ("live", None), "{came} {told}");
        assert_eq!(call.answered_at, Some(time(3_240)));

        stage.left(&again(), 61_000, "CLIENT_INITIATED", "hangup");
        let call = stage.call();
        assert_eq!(state(&call), ("ended", Some(time(61_000))));
        assert_eq!(call.end_words.as_deref(), Some("The caller hung up"));
    }
}

#[test]
fn of_two_departures_in_one_second_the_one_that_came_last_says_why() {
    let mut stage = talking();
    stage
        .joined(&again(), 29_800)
        .left(&caller(), 30_100, "DUPLICATE_IDENTITY", "active")
        .left(&again(), 30_900, "CLIENT_INITIATED", "hangup");
    let call = stage.call();
    assert_eq!(state(&call), ("ended", Some(time(30_000))));
    assert_eq!(call.end_code.as_deref(), Some("CLIENT_INITIATED"));
}

#[test]
fn a_call_ends_at_its_last_departure_whichever_is_told_last() {
    let mut stage = talking();
    stage
        .joined(&again(), 29_800)
        .left(&again(), 31_000, "CLIENT_INITIATED", "hangup")
        .left(&caller(), 33_000, "DUPLICATE_IDENTITY", "active");
    let call = stage.call();
    assert_eq!(state(&call), ("ended", Some(time(33_000))));
    assert_eq!(call.end_code.as_deref(), Some("CLIENT_INITIATED"));
}

#[test]
fn a_participant_whose_departure_was_lost_does_not_keep_a_call_open_that_went_on_in_another() {
    let mut stage = talking();
    stage
        .joined(&again(), 30_000)
        .left(&again(), 61_000, "CLIENT_INITIATED", "hangup");
    assert_eq!(state(&stage.call()), ("ended", Some(time(61_000))));
}

#[test]
fn a_departure_whose_joining_was_lost_is_before_every_joining() {
    let mut stage = Stage::new();
    let mut unknown = caller();
    unknown.sid = "PA_unknown";
    stage
        .joined(&again(), 500)
        .left(&unknown, 30_000, "CLIENT_INITIATED", "active");
    stage.events[1] = without_times(&stage.events[1]);
    assert_eq!(state(&stage.call()), ("ringing", None));
}

fn without_times(envelope: &frontdesk_events::Envelope) -> frontdesk_events::Envelope {
    let mut data: serde_json::Value = serde_json::from_slice(envelope.data()).unwrap();
    let participant = data["participant"].as_object_mut().unwrap();
    participant.retain(|name, _| !name.starts_with("joinedAt"));
    envelope
        .clone()
        .with_data("application/json", data.to_string().into_bytes())
}
