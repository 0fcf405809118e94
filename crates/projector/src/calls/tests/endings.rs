//! Why calls end.

use super::stage::{Stage, agent, caller, dialled, time, visitor};
use serde_json::json;

fn ended(reason: &str, status: &str, answered: bool) -> (Option<String>, String, String) {
    let mut stage = Stage::new();
    stage.joined(&caller(), 342);
    if answered {
        stage.speaks(&agent(), 3_240);
    }
    let call = stage.left(&caller(), 93_000, reason, status).call();
    assert_eq!(call.end_code.as_deref(), Some(reason));
    (call.result, call.end_by.unwrap(), call.end_words.unwrap())
}

/// Reason, last status, whether anybody answered; result, by whom, in which words.
const ENDINGS: &str = "
CLIENT_INITIATED | hangup | answered | answered | caller | The caller hung up
CLIENT_INITIATED | hangup | not | abandoned | caller | The caller hung up before anyone answered
CLIENT_INITIATED | ringing | not | missed | technical | Nobody answered until the ringing timed out
CLIENT_INITIATED | active | answered | answered | technical | The line dropped
ROOM_DELETED | active | answered | answered | operator | The call was ended from our side
ROOM_DELETED | ringing | not | missed | operator | The call was ended from our side
PARTICIPANT_REMOVED | active | answered | answered | operator | The caller was taken off the call from our side
SERVER_SHUTDOWN | active | answered | answered | technical | The media server shut down
CONNECTION_TIMEOUT | active | answered | answered | technical | The connection was lost
SIGNAL_CLOSE | ringing | not | missed | technical | The connection broke off
STATE_MISMATCH | active | answered | answered | technical | The connection fell out of step
JOIN_FAILURE | ringing | not | missed | technical | The caller could not join the room
MIGRATION | active | answered | answered | technical | The call moved to another media server
MEDIA_FAILURE | active | answered | answered | technical | The sound broke off
SIP_TRUNK_FAILURE | ringing | not | missed | technical | The phone line failed
AGENT_ERROR | active | answered | answered | technical | The receptionist failed
ROOM_CLOSED | active | answered | answered | technical | The room was closed while the call was on
USER_UNAVAILABLE | ringing | not | missed | caller | The person called could not be reached
DUPLICATE_IDENTITY | active | answered | answered | caller | The same caller came in again
USER_REJECTED | ringing | not | missed | caller | The person called declined
UNKNOWN_REASON | hangup | not | abandoned | unknown | The call ended, and nobody said why
SIP_SESSION_REFUSED | hangup | answered | answered | unknown | The call ended: sip session refused
";

#[test]
fn every_reason_has_words_and_somebody_behind_it() {
    for line in ENDINGS.trim().lines() {
        let [reason, status, answered, result, by, words] =
            line.split(" | ").collect::<Vec<_>>()[..]
        else {
            panic!("six columns: {line}")
        };
        let expected = (Some(result.to_owned()), by.to_owned(), words.to_owned());
        assert_eq!(
            ended(reason, status, answered == "answered"),
            expected,
            "{line}"
        );
    }
}

/// What a room's closing says of a call whose departure was lost; code, by whom, in which words.
const CLOSINGS: &str = "
ROOM_END_API_DELETE | ROOM_END_API_DELETE | operator | The call was ended from our side
ROOM_END_SERVER_SHUTDOWN | ROOM_END_SERVER_SHUTDOWN | technical | The media server shut down
ROOM_END_OPEN_FAILED | ROOM_END_OPEN_FAILED | technical | The room could not be opened
ROOM_END_SUPERSEDED | ROOM_END_SUPERSEDED | technical | The room was opened again elsewhere
ROOM_END_IDLE_TIMEOUT | ROOM_END_IDLE_TIMEOUT | unknown | The room was closed; when the caller left was not reported
ROOM_END_NEW | ROOM_END_NEW | unknown | The room was closed; when the caller left was not reported
 | ROOM_FINISHED | unknown | The room was closed; when the caller left was not reported
";

#[test]
fn a_closed_room_says_why_when_the_departure_was_lost() {
    for line in CLOSINGS.trim_matches('\n').lines() {
        let [reason, code, by, words] = line.split(" | ").map(str::trim).collect::<Vec<_>>()[..]
        else {
            panic!("four columns: {line}")
        };
        let mut stage = Stage::new();
        let call = stage.joined(&caller(), 342).closed(93_000, reason).call();
        let told = [call.end_code, call.end_by, call.end_words];
        assert_eq!(told.map(Option::unwrap), [code, by, words], "{line}");
    }
}

#[test]
fn a_status_that_became_active_proves_an_answer_no_track_shows() {
    let mut stage = Stage::new();
    stage
        .joined(&caller(), 342)
        .left(&caller(), 41_000, "ROOM_DELETED", "active");
    let call = stage.call();
    assert_eq!(
        (call.result.as_deref(), call.answered_at, call.talk_ms),
        (Some("answered"), None, None)
    );
    assert_eq!(call.ring_ms, None, "nobody said when");

    let mut pin = caller();
    pin.attributes["sip.callStatus"] = json!("active");
    let mut stage = Stage::new();
    stage
        .joined(&pin, 342)
        .left(&pin, 41_000, "CLIENT_INITIATED", "active");
    assert_eq!(
        stage.call().result.as_deref(),
        Some("abandoned"),
        "with a PIN it is active before any answer"
    );
}

#[test]
fn the_agents_own_account_tells_its_hang_up_from_an_operators() {
    for (closed, by) in [
        ("task_completed", "receptionist"),
        ("CR_USER_INITIATED", "receptionist"),
        ("participant_disconnected", "operator"),
        ("job_shutdown", "operator"),
    ] {
        let mut stage = Stage::new();
        stage
            .joined(&caller(), 342)
            .speaks(&agent(), 3_240)
            .left(&caller(), 41_000, "ROOM_DELETED", "active")
            .report(
                "call.analysed",
                42_000,
                json!({ "callId": "SCL_a", "closeReason": closed }),
            );
        assert_eq!(stage.call().end_by.as_deref(), Some(by), "{closed}");
    }
}

#[test]
fn a_transfer_is_said_whole() {
    // The second is what LiveKit is told to transfer to.
    for to in ["+14155550190", "tel:+14155550190", "TEL:+14155550190"] {
        let mut stage = Stage::new();
        stage
            .joined(&caller(), 342)
            .speaks(&agent(), 3_240)
            .report(
                "call.transferred",
                30_000,
                json!({ "callId": "SCL_a", "transferTo": to }),
            )
            .left(&caller(), 31_000, "CLIENT_INITIATED", "hangup");
        let call = stage.call();
        assert_eq!(
            call.end_words.as_deref(),
            Some("The receptionist transferred the call to +14155550190")
        );
        assert_eq!(
            (call.end_by.as_deref(), call.transferred_to.as_deref()),
            (Some("receptionist"), Some("+14155550190"))
        );
        assert_eq!(call.transferred_at, Some(super::stage::time(30_000)));
    }
}

#[test]
fn a_connection_that_never_came_up_is_told_by_who_called() {
    for (actor, words) in [
        (
            caller(),
            "The call reached us, but its connection never came up",
        ),
        (dialled(), "The call's connection never came up"),
    ] {
        let mut stage = Stage::new();
        stage.aborted(&actor, 2_000, "JOIN_FAILURE");
        assert_eq!(stage.call().end_words.as_deref(), Some(words));
    }
}

#[test]
fn a_transfer_ends_the_call_it_ended_and_no_later_one() {
    let ended = |at: i64, reason: &str, status: &str| {
        let mut stage = Stage::new();
        stage
            .joined(&caller(), 342)
            .speaks(&agent(), 3_240)
            .report("call.transferred", 60_000, json!({ "callId": "SCL_a" }))
            .left(&caller(), at, reason, status);
        stage.call().end_by.unwrap()
    };
    assert_eq!(ended(61_000, "ROOM_DELETED", "active"), "receptionist");
    assert_eq!(ended(90_000, "CLIENT_INITIATED", "hangup"), "receptionist");
    assert_eq!(
        ended(700_000, "CLIENT_INITIATED", "hangup"),
        "caller",
        "they talked on in the room"
    );
    assert_eq!(ended(700_000, "ROOM_DELETED", "active"), "operator");
}

#[test]
fn a_transfer_told_again_without_its_number_keeps_it() {
    let mut stage = Stage::new();
    let told = json!({ "callId": "SCL_a", "transferTo": "+14155550190" });
    stage
        .joined(&caller(), 342)
        .report("call.transferred", 30_000, told)
        .report("call.transferred", 32_000, json!({ "callId": "SCL_a" }));
    let call = stage.call();
    assert_eq!(call.transferred_to.as_deref(), Some("+14155550190"));
    assert_eq!(call.transferred_at, Some(super::stage::time(32_000)));
}

#[test]
fn an_agent_that_answers_after_the_caller_had_gone_answers_nobody() {
    let mut stage = Stage::new();
    stage
        .joined(&caller(), 342)
        .left(&caller(), 20_000, "CLIENT_INITIATED", "hangup")
        .report("call.answered", 26_000, json!({ "callId": "SCL_a" }));
    let call = stage.call();
    assert_eq!(
        (call.result.as_deref(), call.talk_ms),
        (Some("abandoned"), None)
    );
    // By a clock that is ahead it only seems so: the caller heard it.
    stage.speaks(&agent(), 19_000);
    assert_eq!(stage.call().result.as_deref(), Some("answered"));
}

#[test]
fn an_agent_that_was_left_tells_the_end_that_livekit_did_not() {
    let told = |reason: &str, ended: i64| {
        let ended = super::stage::time(ended).to_rfc3339();
        json!({ "callId": "SCL_a", "closeReason": reason, "endedAt": ended })
    };
    let talk = |reason: &str, ended: i64, closed: bool| {
        let mut stage = Stage::new();
        stage.joined(&caller(), 342).speaks(&agent(), 3_240).report(
            "call.analysed",
            62_000,
            told(reason, ended),
        );
        if closed {
            stage.closed(3_600_000, "");
        }
        let call = stage.call();
        (call.state, call.talk_ms)
    };
    let ended = ("ended".to_owned(), Some(56_760));
    assert_eq!(talk("CR_PARTICIPANT_DISCONNECTED", 60_000, false), ended);
    assert_eq!(talk("participant_disconnected", 60_000, true), ended);
    // It may pass the call on and go, and its clock may be of a year to come.
    let live = ("live".to_owned(), None);
    assert_eq!(talk("CR_TASK_COMPLETED", 60_000, false), live);
    assert_eq!(
        talk("CR_PARTICIPANT_DISCONNECTED", i64::pow(10, 11), false),
        live
    );
    // Whoever came back after that is there.
    let mut stage = Stage::new();
    stage
        .joined(&caller(), 70_000)
        .speaks(&agent(), 71_000)
        .report(
            "call.analysed",
            72_000,
            told("CR_PARTICIPANT_DISCONNECTED", 60_000),
        );
    assert_eq!(stage.call().state, "live");
    // LiveKit knows better.
    stage.left(&caller(), 90_000, "CLIENT_INITIATED", "hangup");
    assert_eq!(stage.call().ended_at, Some(super::stage::time(90_000)));
}

#[test]
fn a_visitor_leaves_in_other_words_than_a_phone() {
    let mut stage = Stage::new();
    stage
        .joined(&visitor(), 342)
        .left(&visitor(), 20_000, "CLIENT_INITIATED", "");
    let call = stage.call();
    assert_eq!(
        (call.result.as_deref(), call.end_by.as_deref()),
        (Some("abandoned"), Some("caller"))
    );
    assert_eq!(
        call.end_words.as_deref(),
        Some("The visitor left before anyone answered")
    );
}

#[test]
fn no_call_ends_later_than_its_end_was_told() {
    let mut stage = Stage::new();
    let year = 365 * 86_400_000;
    stage
        .joined(&caller(), 342)
        .left(&caller(), year, "CLIENT_INITIATED", "hangup");
    let left = stage.events.last_mut().unwrap();
    *left = left.clone().with_recorded_time(time(61_000));
    assert_eq!(stage.call().ended_at, Some(time(61_000)));
    let left = stage.events.last_mut().unwrap();
    *left = left.clone().with_recorded_time(time(year - 60_000));
    assert_eq!(stage.call().ended_at, Some(time(year)), "a minute is skew");
}
