//! Whole calls as they happen, and the rows they give.

use super::stage::{
    Actor, NAME, START, Stage, agent, caller, other_caller, recorder, supervisor, time, visitor,
};
use crate::calls::{CallRow, call_id};
use serde_json::json;
use uuid::Uuid;

pub(super) fn answered_call() -> Stage {
    let mut stage = Stage::new();
    stage
        .webhook("room_started", 118, json!({}))
        .joined(&caller(), 342)
        .speaks(&caller(), 780)
        .joined(&agent(), 1_650)
        .speaks(&agent(), 3_240)
        .left(&caller(), 93_000, "CLIENT_INITIATED", "hangup")
        .left(&agent(), 95_000, "CLIENT_INITIATED", "")
        .closed(116_000, "ROOM_END_IDLE_TIMEOUT");
    stage
}

#[test]
fn an_answered_call_has_its_times_its_caller_and_its_owner() {
    let call = answered_call().call();
    assert_eq!(call.id, call_id(NAME, "RM_stage", "SCL_a"));
    assert_eq!(
        (call.state.as_str(), call.result.as_deref()),
        ("ended", Some("answered"))
    );
    assert_eq!(
        (call.started_at, call.answered_at, call.ended_at),
        (time(0), Some(time(3_240)), Some(time(93_000)))
    );
    assert_eq!((call.ring_ms, call.talk_ms), (Some(3_240), Some(89_760)));
    assert_eq!(
        (call.end_code.as_deref(), call.end_by.as_deref()),
        (Some("CLIENT_INITIATED"), Some("caller"))
    );
    assert_eq!(call.end_words.as_deref(), Some("The caller hung up"));
    assert_eq!(call.caller_number.as_deref(), Some("+15105550100"));
    assert_eq!(
        call.caller_name, None,
        "the name says no more than the number"
    );
    assert_eq!(call.dialled_number.as_deref(), Some("+14155550123"));
    assert_eq!(call.agent_name.as_deref(), Some("receptionist"));
    assert_eq!(
        (call.client_id, call.user_id),
        (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(101)))
    );
    assert_eq!(call.channel, "phone");
}

#[test]
fn a_call_is_ringing_then_live_then_ended() {
    let states: Vec<_> = (2..=6)
        .map(|count| {
            let mut stage = answered_call();
            stage.events.truncate(count);
            let call = stage.call();
            (call.state, call.result, call.talk_ms)
        })
        .collect();
    let ringing = ("ringing".to_owned(), None, None);
    assert_eq!(states[..3], [ringing.clone(), ringing.clone(), ringing]);
    assert_eq!(states[3], ("live".to_owned(), None, None));
    assert_eq!(
        states[4],
        (
            "ended".to_owned(),
            Some("answered".to_owned()),
            Some(89_760)
        )
    );
}

#[test]
fn a_hidden_supervisor_and_a_recorder_answer_nobody() {
    let mut stage = Stage::new();
    stage
        .joined(&caller(), 342)
        .speaks(&supervisor(), 2_000)
        .speaks(&recorder(), 2_500);
    assert_eq!(
        stage.call().state,
        "live",
        "who spoke is not known yet, and it was not the caller"
    );
    stage
        .joined(&supervisor(), 1_500)
        .joined(&recorder(), 1_600);
    let call = stage.call();
    assert_eq!((call.state.as_str(), call.answered_at), ("ringing", None));
}

#[test]
fn a_recorder_whose_own_event_is_lost_answers_nobody() {
    let mut stage = Stage::new();
    stage.joined(&caller(), 342).speaks(&recorder(), 2_500);
    assert_eq!(stage.call().state, "ringing");
}

#[test]
fn sound_after_the_caller_was_gone_is_no_answer() {
    let mut stage = Stage::new();
    stage
        .joined(&caller(), 342)
        .left(&caller(), 12_000, "CLIENT_INITIATED", "hangup")
        .joined(&agent(), 14_000)
        .speaks(&agent(), 15_000);
    let call = stage.call();
    assert_eq!(
        (call.result.as_deref(), call.answered_at),
        (Some("abandoned"), None)
    );
    assert_eq!((call.ring_ms, call.talk_ms), (Some(12_000), None));
    assert_eq!(
        call.end_words.as_deref(),
        Some("The caller hung up before anyone answered")
    );
}

#[test]
fn an_answer_within_the_second_of_the_departure_counts_and_time_does_not_go_backwards() {
    let mut stage = Stage::new();
    stage.joined(&caller(), 342).speaks(&agent(), 12_640).left(
        &caller(),
        12_900,
        "CLIENT_INITIATED",
        "hangup",
    );
    let call = stage.call();
    assert_eq!(
        (call.result.as_deref(), call.talk_ms),
        (Some("answered"), Some(0))
    );
    assert_eq!(
        (call.answered_at, call.ended_at),
        (Some(time(12_640)), Some(time(12_640)))
    );
}

#[test]
fn sound_that_was_there_before_the_caller_answers_on_joining() {
    let mut stage = Stage::new();
    stage
        .joined(&agent(), 100)
        .speaks(&agent(), 900)
        .joined(&caller(), 2_000);
    let call = stage.call();
    assert_eq!(
        (call.started_at, call.answered_at, call.ring_ms),
        (time(0), Some(time(2_000)), Some(2_000))
    );

    stage.silent(&agent(), 900, 1_999);
    assert_eq!(
        stage.call().answered_at,
        None,
        "over within second 1, before the join in second 2"
    );
    let mut stage = Stage::new();
    stage
        .speaks(&agent(), 900)
        .joined(&caller(), 2_400)
        .silent(&agent(), 900, 2_000);
    assert_eq!(
        stage.call().answered_at,
        Some(time(2_400)),
        "seconds cannot tell 2.0 s from 2.9 s"
    );
    let mut stage = Stage::new();
    stage
        .speaks(&agent(), 900)
        .silent(&agent(), 900, 1_000)
        .joined(&caller(), 5_000);
    assert_eq!(
        stage.call().answered_at,
        None,
        "that sound was over before the call"
    );
}

#[test]
fn a_reconnect_keeps_the_call_open_and_is_one_call() {
    let again = super::stage::Actor {
        sid: "PA_again",
        ..caller()
    };
    let mut stage = Stage::new();
    stage
        .joined(&caller(), 342)
        .speaks(&agent(), 3_240)
        .left(&caller(), 30_000, "CLIENT_INITIATED", "active")
        .joined(&again, 32_000)
        .speaks(&again, 32_500);
    let call = stage.call();
    assert_eq!((call.state.as_str(), call.ended_at), ("live", None));
    assert_eq!(call.started_at, time(0));
    assert_eq!(
        call.answered_at,
        Some(time(3_240)),
        "the caller's own sound under another sid is no answer"
    );

    stage.left(&again, 61_000, "CLIENT_INITIATED", "hangup");
    let call = stage.call();
    assert_eq!(
        (call.state.as_str(), call.ended_at),
        ("ended", Some(time(61_000)))
    );
    assert_eq!(call.end_words.as_deref(), Some("The caller hung up"));
}

#[test]
fn a_room_that_closes_ends_the_call_whose_departure_was_lost() {
    let mut stage = Stage::new();
    stage
        .joined(&caller(), 342)
        .speaks(&agent(), 3_240)
        .closed(50_000, "ROOM_END_SERVER_SHUTDOWN");
    let call = stage.call();
    assert_eq!(
        (call.state.as_str(), call.result.as_deref()),
        ("ended", Some("answered"))
    );
    assert_eq!(
        (call.ended_at, call.end_by.as_deref()),
        (Some(time(50_000)), Some("technical"))
    );

    let mut stage = Stage::new();
    stage
        .joined(&caller(), 342)
        .closed(200_000, "ROOM_END_IDLE_TIMEOUT");
    assert_eq!(stage.call().result.as_deref(), Some("missed"));
}

#[test]
fn the_departure_and_not_the_closing_of_the_room_is_the_end() {
    let mut stage = answered_call();
    stage.closed(500_000, "ROOM_END_IDLE_TIMEOUT");
    assert_eq!(stage.call().ended_at, Some(time(93_000)));
}

#[test]
fn a_connection_that_never_came_up_is_a_failed_call() {
    let mut stage = Stage::new();
    stage
        .speaks(&agent(), 900)
        .aborted(&caller(), 30_000, "JOIN_FAILURE");
    let call = stage.call();
    assert_eq!(
        (
            call.state.as_str(),
            call.result.as_deref(),
            call.answered_at
        ),
        ("ended", Some("failed"), None)
    );
    assert_eq!(
        (call.end_code.as_deref(), call.end_by.as_deref()),
        (Some("JOIN_FAILURE"), Some("technical"))
    );
    assert_eq!(
        (call.ended_at, call.ring_ms),
        (Some(time(30_000)), Some(30_000))
    );
}

#[test]
fn a_hidden_number_gives_no_number_and_the_tenant_still_finds_the_owner() {
    let mut hidden = caller();
    hidden.identity = "sip_9b1f3c7a0d5e8246";
    hidden.name = "Phone 0100";
    hidden.attributes =
        json!({ "app.tenantId": "tnt_a", "sip.callID": "SCL_a", "sip.callStatus": "ringing" });
    let mut stage = Stage::new();
    stage.joined(&hidden, 342);
    let call = stage.call();
    assert_eq!((call.caller_number, call.dialled_number), (None, None));
    assert_eq!(call.caller_name.as_deref(), Some("Number ending in 0100"));
    assert_eq!(call.client_id, Some(Uuid::from_u128(1)));
}

#[test]
fn callers_who_share_a_room_are_calls_of_their_own() {
    let mut stage = Stage::new();
    stage
        .joined(&caller(), 342)
        .joined(&agent(), 1_000)
        .speaks(&agent(), 2_000)
        .joined(&other_caller(), 40_000)
        .left(&caller(), 60_000, "CLIENT_INITIATED", "hangup");
    let calls = stage.calls();
    let by_key =
        |key: &str| -> &CallRow { calls.iter().find(|call| call.call_key == key).unwrap() };
    let (first, second) = (by_key("SCL_a"), by_key("SCL_b"));
    assert_eq!(
        (first.state.as_str(), first.started_at, first.talk_ms),
        ("ended", time(0), Some(58_000))
    );
    assert_eq!(
        (second.state.as_str(), second.started_at),
        ("live", time(40_000))
    );
    assert_eq!(
        (second.answered_at, second.ring_ms),
        (Some(time(40_000)), Some(0)),
        "the agent already spoke"
    );
    assert_eq!(second.caller_number.as_deref(), Some("+15105550177"));
    assert_eq!(second.dialled_number.as_deref(), Some("+14155550199"));
    assert_eq!(
        second.client_id,
        Some(Uuid::from_u128(2)),
        "by its number, having no tenant"
    );
}

#[test]
fn a_visitor_who_names_a_tenant_keeps_the_call_when_a_phone_comes_after() {
    let named = Actor {
        attributes: json!({ "app.tenantId": "tenant-1" }),
        ..visitor()
    };
    let told = |visitor: &Actor, phone: i64| {
        let mut stage = Stage::new();
        stage
            .joined(visitor, 5_000)
            .speaks(&agent(), 6_000)
            .joined(&caller(), phone);
        let calls = stage.calls().into_iter();
        calls
            .map(|call| (call.call_key, call.ring_ms))
            .collect::<Vec<_>>()
    };
    let row = |key: &str, ring| (key.to_owned(), Some(ring));
    assert_eq!(
        told(&named, 40_000),
        [row("PA_visitor", 6_000), row("SCL_a", 0)],
        "the room was not made for the phone"
    );
    let keys = |calls: Vec<(String, Option<i64>)>| {
        let keys = calls.into_iter().map(|(key, _)| key);
        keys.collect::<Vec<_>>()
    };
    assert_eq!(
        keys(told(&named, 4_000)),
        ["SCL_a"],
        "who comes after a phone helps"
    );
    assert_eq!(
        keys(told(&visitor(), 40_000)),
        ["SCL_a"],
        "who names nobody is nobody's"
    );
}

#[test]
fn a_web_visitor_who_names_no_tenant_is_a_call_only_where_no_phone_ever_was() {
    let mut stage = Stage::new();
    stage
        .joined(&visitor(), 410)
        .joined(&supervisor(), 500)
        .joined(&agent(), 900)
        .speaks(&agent(), 1_700);
    let call = stage.call();
    assert_eq!(
        (call.channel.as_str(), call.call_key.as_str()),
        ("web", "PA_visitor")
    );
    assert_eq!(
        (call.caller_name.as_deref(), call.client_id),
        (Some("Dana"), None)
    );
    assert_eq!((call.state.as_str(), call.ring_ms), ("live", Some(1_700)));

    stage.left(&visitor(), 301_000, "CONNECTION_TIMEOUT", "");
    let call = stage.call();
    assert_eq!(
        (call.result.as_deref(), call.end_by.as_deref()),
        (Some("answered"), Some("technical"))
    );

    stage.joined(&caller(), 700);
    let calls = stage.calls();
    assert_eq!(
        calls
            .iter()
            .map(|call| call.call_key.as_str())
            .collect::<Vec<_>>(),
        ["SCL_a"]
    );
}

#[test]
fn an_old_room_is_not_taken_for_ringing_and_an_invitation_is() {
    let mut stage = Stage::new();
    stage.joined(&caller(), 3_600_000);
    assert_eq!(stage.call().started_at, time(3_600_000));

    let mut invited = caller();
    invited.attributes["lk.sip.inviteTime"] = json!((START + 3_598_500).to_string());
    let mut stage = Stage::new();
    stage.joined(&invited, 3_600_000);
    assert_eq!(stage.call().started_at, time(3_598_500));
}

#[test]
fn a_room_made_again_under_its_name_holds_other_calls() {
    let mut again = answered_call();
    again.webhook(
        "room_started",
        400_000,
        json!({ "room": { "sid": "RM_again", "name": "call_1" } }),
    );
    assert_ne!(
        call_id(NAME, "RM_stage", "SCL_a"),
        call_id(NAME, "RM_again", "SCL_a")
    );
    assert_eq!(
        call_id(NAME, "RM_stage", "SCL_a").to_string(),
        call_id(NAME, "RM_stage", "SCL_a").to_string()
    );
    assert_eq!(
        call_id(
            "call-_+15105550100_4hWq9sXnB2Ld",
            "RM_4hWq9sXnB2Ld",
            "SCL_Bz6UoG4fHtNj"
        )
        .get_version_num(),
        5
    );
}
