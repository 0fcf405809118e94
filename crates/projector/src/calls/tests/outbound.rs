//! Phones that were dialled and did not call.

use super::stage::{START, Stage, agent, caller, dialled, other_caller, ruled, time, visitor};
use crate::calls::{CallRow, rollup};
use serde_json::json;

fn talking() -> Stage {
    let mut stage = Stage::new();
    stage
        .joined(&caller(), 342)
        .joined(&agent(), 1_650)
        .speaks(&agent(), 3_240);
    stage
}

fn keys(calls: &[CallRow]) -> Vec<(&str, &str)> {
    calls
        .iter()
        .map(|call| (call.call_key.as_str(), call.direction.as_str()))
        .collect()
}

#[test]
fn a_person_dialled_for_a_caller_is_part_of_the_callers_call() {
    let mut stage = talking();
    stage
        .joined(&dialled(), 20_000)
        .speaks(&dialled(), 24_000)
        .left(&caller(), 61_000, "CLIENT_INITIATED", "hangup");
    let call = stage.call();
    assert_eq!(
        (call.call_key.as_str(), call.direction.as_str()),
        ("SCL_a", "inbound")
    );
    assert_eq!(call.ended_at, Some(time(61_000)));
    assert_eq!(call.caller_number.as_deref(), Some("+15105550100"));
    assert_eq!(
        call.transferred_to, None,
        "whether it was reached is not known"
    );

    stage.left(&dialled(), 90_000, "ROOM_DELETED", "active");
    let call = stage.call();
    assert_eq!(call.transferred_to.as_deref(), Some("+15105550190"));
    assert_eq!(call.transferred_at, Some(time(20_000)));
    assert_eq!(call.ended_at, Some(time(61_000)));
}

#[test]
fn any_one_sign_of_dialling_is_enough() {
    let mut plain = dialled();
    plain.attributes["sip.callStatus"] = json!("ringing");
    plain
        .attributes
        .as_object_mut()
        .unwrap()
        .remove("sip.trunkID");
    for (status, reason) in [
        ("dialing", "ROOM_DELETED"),
        ("hangup", "USER_REJECTED"),
        ("hangup", "USER_UNAVAILABLE"),
    ] {
        let mut stage = talking();
        stage
            .joined(&plain, 20_000)
            .left(&plain, 40_000, reason, status);
        let alone = |stage: &Stage| {
            let call = stage.call();
            assert_eq!(call.call_key, "SCL_a", "{status} {reason}");
            assert_eq!(call.transferred_to, None, "{status} {reason}");
        };
        alone(&stage);
        stage.events.remove(3);
        alone(&stage);
    }
    let mut stage = Stage::new();
    stage.joined(&ruled(caller()), 342).joined(&plain, 20_000);
    assert_eq!(stage.call().call_key, "SCL_a", "others came by a rule");
}

#[test]
fn a_phone_on_a_trunk_without_a_rule_was_dialled_whatever_it_does() {
    let mut rings = dialled();
    rings.attributes["sip.callStatus"] = json!("ringing");
    let mut stage = Stage::new();
    stage
        .joined(&visitor(), 342)
        .speaks(&agent(), 3_240)
        .joined(&rings, 40_000)
        .left(&rings, 58_000, "CLIENT_INITIATED", "hangup");
    let call = stage.call();
    assert_eq!(
        (call.call_key.as_str(), call.channel.as_str()),
        ("PA_visitor", "web")
    );

    let mut stage = Stage::new();
    stage
        .speaks(&agent(), 1_500)
        .left(&rings, 40_000, "CLIENT_INITIATED", "hangup");
    let call = stage.call();
    assert_eq!(
        (call.direction.as_str(), call.talk_ms),
        ("outbound", None),
        "that it joined was lost"
    );
}

#[test]
fn a_report_under_the_dialled_phones_id_is_about_no_call() {
    let mut stage = talking();
    stage
        .joined(&ruled(other_caller()), 9_000)
        .joined(&ruled(caller()), 342)
        .joined(&dialled(), 20_000)
        .report(
            "call.analysed",
            70_000,
            json!({ "callId": "SCL_out", "summary": "Put through." }),
        );
    let calls = stage.calls();
    assert_eq!(keys(&calls), [("SCL_a", "inbound"), ("SCL_b", "inbound")]);
    assert!(
        calls.iter().all(|call| call.summary.is_none()),
        "for whom it was dialled is a guess, and the two are of different accounts"
    );
}

#[test]
fn with_two_callers_there_nobody_knows_who_was_put_through() {
    let mut stage = talking();
    stage
        .joined(&other_caller(), 9_000)
        .joined(&dialled(), 20_000)
        .left(&dialled(), 50_000, "ROOM_DELETED", "active");
    assert!(
        stage
            .calls()
            .iter()
            .all(|call| call.transferred_to.is_none())
    );
    stage.left(&caller(), 15_000, "CLIENT_INITIATED", "hangup");
    let calls = stage.calls();
    assert_eq!(calls[0].transferred_to, None);
    assert_eq!(calls[1].transferred_to.as_deref(), Some("+15105550190"));
}

#[test]
fn a_call_that_went_out_is_told_as_such_and_is_in_no_figure() {
    let mut stage = Stage::new();
    stage
        .joined(&agent(), 200)
        .speaks(&agent(), 300)
        .joined(&dialled(), 1_000)
        .left(&dialled(), 9_000, "CLIENT_INITIATED", "hangup");
    let call = stage.call();
    assert_eq!(
        (
            call.direction.as_str(),
            call.state.as_str(),
            call.channel.as_str()
        ),
        ("outbound", "ended", "phone")
    );
    assert_eq!(
        call.client_id,
        Some(uuid::Uuid::from_u128(1)),
        "by the number it shows"
    );
    assert_eq!(
        (rollup::hourly(&call), rollup::revenue(&call)),
        (None, None)
    );

    // Who calls in afterwards is a caller like any other.
    stage.joined(&other_caller(), 20_000);
    assert_eq!(
        keys(&stage.calls()),
        [("SCL_b", "inbound"), ("SCL_out", "outbound")]
    );
}

#[test]
fn a_visitor_stays_the_caller_when_a_phone_is_dialled_for_it() {
    let mut stage = Stage::new();
    stage.joined(&visitor(), 410).joined(&dialled(), 20_000);
    let call = stage.call();
    assert_eq!(
        (call.channel.as_str(), call.call_key.as_str()),
        ("web", "PA_visitor")
    );
}

/// A phone the agent dials, which hears the agent from its first second on.
fn rings() -> Stage {
    let mut stage = Stage::new();
    stage
        .joined(&agent(), 200)
        .speaks(&agent(), 300)
        .joined(&dialled(), 1_000);
    stage
}

#[test]
fn a_phone_that_nobody_picked_up_was_not_answered_by_the_sound_of_the_one_who_dialled() {
    let mut open = rings();
    assert_eq!(open.call().state, "ringing");
    for (reason, status) in [
        ("USER_UNAVAILABLE", "hangup"),
        ("USER_REJECTED", "hangup"),
        ("USER_UNAVAILABLE", "active"),
        ("CLIENT_INITIATED", "hangup"),
        ("ROOM_DELETED", "dialing"),
    ] {
        let mut stage = rings();
        stage.left(&dialled(), 31_000, reason, status);
        let call = stage.call();
        assert_eq!(
            (call.direction.as_str(), call.result.as_deref()),
            ("outbound", Some("missed")),
            "{reason} {status}"
        );
        assert_eq!((call.answered_at, call.talk_ms), (None, None), "{reason}");
        assert_eq!(call.ring_ms, Some(31_000), "{reason}");
    }
    let said = json!({ "callId": "SCL_out", "answeredAt": (START + 2_000) as f64 / 1000.0 });
    open.left(&dialled(), 31_000, "USER_UNAVAILABLE", "hangup")
        .report("call.answered", 2_050, said);
    let call = open.call();
    assert_eq!(call.result.as_deref(), Some("missed"), "LiveKit dialled");
    assert_eq!(
        call.end_words.as_deref(),
        Some("The person called could not be reached")
    );
}

#[test]
fn a_phone_we_dialled_was_answered_when_anybody_says_so() {
    let mut stage = rings();
    stage.left(&dialled(), 31_000, "ROOM_DELETED", "active");
    let call = stage.call();
    assert_eq!(
        (call.result.as_deref(), call.answered_at),
        (Some("answered"), None),
        "by its status, which does not say when"
    );

    let mut stage = rings();
    let said = json!({ "callId": "SCL_out", "answeredAt": (START + 11_000) as f64 / 1000.0 });
    stage.report("call.answered", 11_050, said).left(
        &dialled(),
        31_000,
        "CLIENT_INITIATED",
        "hangup",
    );
    let call = stage.call();
    assert_eq!(
        (call.result.as_deref(), call.talk_ms),
        (Some("answered"), Some(20_000))
    );
    assert_eq!(call.end_words.as_deref(), Some("The person called hung up"));

    let mut timed = dialled();
    timed.attributes["lk.sip.answerTime"] = json!((START + 6_000).to_string());
    let mut stage = rings();
    stage.left(&timed, 31_000, "CLIENT_INITIATED", "hangup");
    let call = stage.call();
    assert_eq!(
        (call.result.as_deref(), call.talk_ms),
        (Some("answered"), Some(25_000))
    );
}

#[test]
fn a_phone_dialled_after_the_caller_had_left_is_a_call_of_its_own() {
    let mut stage = talking();
    stage
        .left(&caller(), 61_000, "CLIENT_INITIATED", "hangup")
        .joined(&dialled(), 600_000)
        .left(&dialled(), 700_000, "ROOM_DELETED", "active");
    let calls = stage.calls();
    assert_eq!(
        keys(&calls),
        [("SCL_a", "inbound"), ("SCL_out", "outbound")]
    );
    assert_eq!(calls[0].transferred_to, None);

    stage.joined(&other_caller(), 599_000);
    let calls = stage.calls();
    assert_eq!(keys(&calls), [("SCL_a", "inbound"), ("SCL_b", "inbound")]);
    assert_eq!(calls[0].transferred_to, None);
    assert_eq!(calls[1].transferred_to.as_deref(), Some("+15105550190"));
}

#[test]
fn a_caller_who_hangs_up_while_a_phone_is_dialled_was_not_put_through() {
    for (left, dialled_at, transferred) in [(61_000, 61_700, true), (61_000, 65_000, false)] {
        let mut stage = talking();
        stage
            .left(&caller(), left, "CLIENT_INITIATED", "hangup")
            .joined(&dialled(), dialled_at)
            .left(&dialled(), 90_000, "ROOM_DELETED", "active");
        let call = stage.call();
        assert_eq!(call.call_key, "SCL_a", "the phone is a leg of its call");
        assert_eq!(
            call.transferred_to.is_some(),
            transferred,
            "departures are told to the second: {dialled_at}"
        );
    }
}

#[test]
fn a_caller_whose_departure_was_lost_in_a_reconnect_is_gone_all_the_same() {
    let again = super::stage::Actor {
        sid: "PA_again",
        ..caller()
    };
    let mut stage = talking();
    stage
        .joined(&again, 20_000)
        .left(&again, 61_000, "CLIENT_INITIATED", "hangup")
        .joined(&dialled(), 600_000);
    assert_eq!(
        keys(&stage.calls()),
        [("SCL_a", "inbound"), ("SCL_out", "outbound")]
    );
}

#[test]
fn a_visitor_cannot_take_the_key_of_a_phones_call() {
    let mut taken = visitor();
    taken.attributes["sip.callID"] = json!("SCL_out");
    let mut stage = Stage::new();
    stage.joined(&dialled(), 1_000).joined(&taken, 5_000);
    assert_eq!(
        keys(&stage.calls()),
        [("PA_visitor", "inbound"), ("SCL_out", "outbound")]
    );
    let mut named = visitor();
    named.sid = "SCL_out";
    let mut stage = Stage::new();
    stage.joined(&dialled(), 1_000).joined(&named, 5_000);
    assert_eq!(stage.call().direction, "outbound", "one row for one key");
}
