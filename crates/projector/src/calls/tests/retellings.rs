//! Calls told again must be the rows the projection holds.

use super::{
    soup::{Scene, play, scene, whole_call},
    stage::{Stage, agent, caller, other_caller},
};
use crate::calls::{CallRow, Retelling, TurnRow};
use frontdesk_events::{Envelope, catalogue::livekit, sharing::RoomCalls};
use proptest::{collection, prelude::*};
use serde_json::json;

fn retold(call: &CallRow, events: &[Envelope]) -> Retelling {
    let mut retelling = Retelling::of(call.partition, &call.room_sid, &call.call_key);
    events.iter().for_each(|event| retelling.hear(event));
    retelling
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn all_events_give_the_row_the_projection_holds(
        scenes in prop_oneof![collection::vec(scene(), 1..32), whole_call()],
    ) {
        let mut stage = Stage::new();
        stage.events = play(&scenes);
        for call in stage.calls() {
            let retelling = retold(&call, &stage.events);
            let nobodys = CallRow { user_id: None, client_id: None, ..call.clone() };
            prop_assert_eq!(retelling.call(), Some(nobodys));
            let of_call = |turn: &TurnRow| (turn.partition, &turn.room_sid, turn.call_key.as_deref())
                == (call.partition, &call.room_sid, Some(call.call_key.as_str()));
            let turns: Vec<_> = stage.turns().into_iter().filter(of_call)
                .map(|turn| TurnRow { user_id: None, ..turn }).collect();
            prop_assert_eq!(retelling.turns(), turns.clone());
            prop_assert_eq!(retelling.turn_count(), turns.len());
        }
    }

    #[test]
    fn a_row_holds_no_report_that_its_timeline_does_not_show(
        mut scenes in prop_oneof![collection::vec(scene(), 1..32), whole_call()],
    ) {
        // They would give a call and something else one name.
        scenes.retain(|scene| !matches!(scene, Scene::Bent(..)));
        let mut stage = Stage::new();
        stage.events = play(&scenes);
        let calls = stage.calls();
        for call in &calls {
            let beside = |other: &&CallRow| other.id != call.id
                && (other.partition, &other.room_sid) == (call.partition, &call.room_sid);
            let others = calls.iter().filter(beside).map(|other| other.call_key.clone());
            let shown = RoomCalls::new([call.call_key.clone()], others);
            let mut events = stage.events.clone();
            events.retain(|event| event.kind().starts_with(livekit::PREFIX) || shown.is_own(event));
            let (some, all) = (retold(call, &events), retold(call, &stage.events));
            prop_assert_eq!(some.call(), all.call());
            prop_assert_eq!(some.turns(), all.turns());
        }
    }
}

#[test]
fn some_events_give_what_was_known_then() {
    let mut stage = Stage::new();
    stage
        .joined(&agent(), 100)
        .joined(&caller(), 342)
        .speaks(&agent(), 3_240)
        .joined(&other_caller(), 4_000);
    let item = json!({ "id": "item_1", "type": "message", "role": "user", "text": "Hello" });
    let said = |call: &str| json!({ "callId": call, "items": [item] });
    stage.report("call.transcript", 30_000, said("SCL_b"));
    stage.report("call.transcript", 30_000, said("SCL_a"));
    stage.left(&caller(), 61_000, "CLIENT_INITIATED", "hangup");
    let mut calls = stage.calls();
    calls.retain(|call| call.call_key == "SCL_a");
    let then = |many: usize| {
        let retelling = retold(&calls[0], &stage.events[..many]);
        let state = retelling.call().map(|call| call.state);
        (state, retelling.turn_count())
    };
    let known = |state: &str, turns| (Some(state.to_owned()), turns);
    assert_eq!(then(1), (None, 0), "the agent alone is no call");
    assert_eq!(then(2), known("ringing", 0));
    assert_eq!(then(3), known("live", 0));
    assert_eq!(then(5), known("live", 0), "another call's words");
    assert_eq!(then(6), known("live", 1));
    assert_eq!(then(7), known("ended", 1));
}
