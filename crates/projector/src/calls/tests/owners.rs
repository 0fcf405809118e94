//! By what a call's owner is asked for, and as of which instant.

use super::stage::{Actor, Stage, caller, folded, room, time, visitor};
use crate::{
    aggregate::{Aggregate as _, OwnerQuestion},
    calls::{RoomSession, Transcript},
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

/// The instants the session and the transcript ask about.
fn asked(stage: &Stage) -> Vec<DateTime<Utc>> {
    let mut questions = RoomSession::questions(&room(&stage.events));
    let scripts = folded::<Transcript>(&stage.events);
    questions.extend(scripts.values().flat_map(Transcript::questions));
    let mut instants: Vec<_> = questions
        .into_iter()
        .map(|question| match question {
            OwnerQuestion::Number(_, at)
            | OwnerQuestion::Tenant(_, at)
            | OwnerQuestion::Billing(_, at) => at,
        })
        .collect();
    assert_eq!(instants.len(), 4, "a number and a tenant each");
    instants.dedup();
    instants
}

fn told(joined: i64, accepted: [i64; 2]) -> Stage {
    let mut stage = Stage::new();
    let item = json!({ "id": "item_1", "type": "message", "role": "user", "text": "Hello" });
    stage
        .joined(&caller(), joined)
        .left(&caller(), joined + 60_000, "CLIENT_INITIATED", "hangup")
        .report(
            "call.transcript",
            90_000,
            json!({ "callId": "SCL_a", "items": [item] }),
        );
    for (event, at) in stage.events.iter_mut().zip(accepted) {
        *event = event.clone().with_recorded_time(time(at));
    }
    stage
}

#[test]
fn a_call_is_whose_it_was_as_the_caller_joined() {
    assert_eq!(asked(&told(342, [700, 61_000])), [time(342)]);
    let imported = told(342, [86_400_000, 86_400_000]);
    assert_eq!(asked(&imported), [time(342)], "whenever that was learnt");
}

#[test]
fn a_senders_clock_that_is_ahead_asks_for_no_instant_to_come() {
    let mut stage = told(600_000, [400, 60_400]);
    assert_eq!(asked(&stage), [time(400)]);
    stage.events.reverse();
    assert_eq!(asked(&stage), [time(400)], "in any order");
}

/// A visitor with what a phone of the first client has.
fn pretender(attributes: Value) -> Actor {
    Actor {
        attributes,
        ..visitor()
    }
}

#[test]
fn what_only_a_phone_has_is_read_of_phones_alone() {
    let pretends = pretender(json!({
        "sip.callID": "SCL_a", "sip.callStatus": "active", "sip.ruleID": "SDR_1", "sip.phoneNumber": "+15105550100",
        "sip.trunkPhoneNumber": "+14155550123", "lk.sip.inviteTime": "1795194239000", "lk.sip.answerTime": "1795194241000",
    }));
    let mut stage = Stage::new();
    stage
        .joined(&pretends, 342)
        .left(&pretends, 61_000, "CLIENT_INITIATED", "active");
    let call = stage.call();
    assert_eq!(
        (call.call_key.as_str(), call.channel.as_str()),
        ("PA_visitor", "web")
    );
    assert_eq!((call.user_id, call.client_id), (None, None));
    assert_eq!((call.caller_number, call.dialled_number), (None, None));
    assert_eq!(
        (call.started_at, call.answered_at, call.result.as_deref()),
        (time(0), None, Some("abandoned"))
    );
    assert!(RoomSession::questions(&room(&stage.events)).is_empty());
}

#[test]
fn a_visitors_tenant_is_the_one_it_came_with() {
    let came_with = |tenant: &str| pretender(json!({ "app.tenantId": tenant }));
    let smile = Some(Uuid::from_u128(1));
    let client_of = |stage: &Stage| {
        let mut backwards = Stage::new();
        backwards.events = stage.events.iter().rev().cloned().collect();
        let client = stage.call().client_id;
        assert_eq!(backwards.call().client_id, client, "in any order");
        client
    };
    let item = json!({ "id": "item_1", "type": "message", "role": "user", "text": "Hello" });
    let said = json!({ "callId": "PA_visitor", "items": [item] });

    let mut stage = Stage::new();
    stage
        .joined(&visitor(), 342)
        .left(&came_with("tnt_a"), 61_000, "CLIENT_INITIATED", "")
        .report("call.transcript", 62_000, said.clone());
    assert_eq!(client_of(&stage), None, "it gave itself another's later");
    assert_eq!(stage.turns()[0].user_id, None);

    let mut stage = Stage::new();
    stage
        .joined(&came_with("tnt_a"), 342)
        .left(&came_with("tnt_b"), 61_000, "CLIENT_INITIATED", "")
        .report("call.transcript", 62_000, said);
    assert_eq!(client_of(&stage), smile);
    assert_eq!(stage.turns()[0].user_id, Some(Uuid::from_u128(101)));

    stage.events.remove(0);
    assert_eq!(client_of(&stage), None, "its joining was lost");

    let mut aborted = Stage::new();
    aborted.aborted(&came_with("tnt_a"), 342, "JOIN_FAILURE");
    assert_eq!(client_of(&aborted), smile, "nothing came before it");

    let mut phone = Stage::new();
    phone.left(&caller(), 61_000, "CLIENT_INITIATED", "hangup");
    assert_eq!(client_of(&phone), smile, "a phone's is its dispatch rule's");
}
