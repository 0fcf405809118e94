//! Clocks that are wrong: LiveKit's, and agents'.

use super::stage::{START, Stage, agent, caller, time};
use chrono::TimeDelta;
use serde_json::json;

fn answered_call(ahead: i64) -> Stage {
    let mut stage = Stage::new();
    stage.ahead = ahead;
    stage
        .joined(&caller(), 342)
        .joined(&agent(), 1_650)
        .speaks(&agent(), 3_240)
        .left(&caller(), 93_000, "CLIENT_INITIATED", "hangup")
        .closed(120_000, "");
    stage
}

#[test]
fn a_call_told_by_a_clock_that_is_ahead_is_told_by_ours() {
    for ahead in [360_000, 3_600_000, 43_200_000] {
        let call = answered_call(ahead).call();
        assert_eq!(call.result.as_deref(), Some("answered"), "{ahead}");
        // Webhooks say to the second, cut off, when they were made, and that is what is compared.
        let near = |told: i64, meant: i64| (told - meant).abs() <= 2_000;
        assert!(near(call.ring_ms.unwrap(), 3_240), "{ahead} {call:?}");
        assert!(near(call.talk_ms.unwrap(), 89_760), "{ahead} {call:?}");
        let meant = time(93_000) - TimeDelta::milliseconds(ahead);
        let off = call.ended_at.unwrap() - meant;
        assert!(near(off.num_milliseconds(), 0), "{ahead} {call:?}");
    }
}

#[test]
fn a_clock_that_is_a_little_ahead_or_behind_is_believed() {
    for ahead in [240_000, -3_600_000] {
        let call = answered_call(ahead).call();
        assert_eq!(
            (call.ring_ms, call.talk_ms),
            (Some(3_240), Some(89_760)),
            "{ahead}"
        );
        assert_eq!(call.ended_at, Some(time(93_000)), "{ahead}");
    }
}

#[test]
fn one_time_of_a_year_to_come_is_no_time() {
    let mut stage = Stage::new();
    let participant = json!({
        "sid": "PA_caller", "identity": "sip_1", "kind": "SIP", "state": "ACTIVE",
        "attributes": { "sip.callID": "SCL_a", "sip.callStatus": "ringing" },
        "joinedAt": "253402300799", "joinedAtMs": "253402300799000",
    });
    stage
        .webhook(
            "participant_joined",
            642,
            json!({ "participant": participant }),
        )
        .speaks(&agent(), 3_240)
        .left(&caller(), 93_000, "CLIENT_INITIATED", "hangup");
    let call = stage.call();
    assert_eq!(call.result.as_deref(), Some("answered"));
    assert_eq!(call.talk_ms, Some(89_760));
    assert_eq!(call.started_at, time(0));
}

#[test]
fn an_agent_whose_clock_is_of_a_year_to_come_does_not_have_the_last_word() {
    let told = |summary: &str| {
        json!({ "roomSid": super::stage::ROOM, "roomName": super::stage::NAME, "callId": "SCL_a",
                "summary": summary })
    };
    let mut stage = answered_call(0);
    stage.tell(
        "/agents/x",
        "dev.frontdesk.call.analysed.v1",
        94_000,
        &told("wrong"),
    );
    let wrong = stage.events.pop().unwrap();
    let year = chrono::DateTime::from_timestamp_millis(START).unwrap() + TimeDelta::days(365);
    stage.events.push(wrong.with_time(year));
    stage.tell(
        "/agents/x",
        "dev.frontdesk.call.analysed.v1",
        95_000,
        &told("right"),
    );
    assert_eq!(stage.call().summary.as_deref(), Some("right"));
}
