//! Which instant a call's owner is asked for.

use super::stage::{Stage, caller, folded, room, time};
use crate::{
    aggregate::{Aggregate as _, OwnerQuestion},
    calls::{RoomSession, Transcript},
};
use chrono::{DateTime, Utc};
use serde_json::json;

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
