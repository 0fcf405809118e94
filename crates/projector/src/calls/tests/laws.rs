//! The laws, for calls of every kind: plausible ones, and any soup of events.

use super::{
    soup::{play, scene, whole_call},
    stage::Stage,
};
use crate::{
    aggregate::{Aggregate as _, Fact as _},
    calls::{CallFact, RoomSession, Transcript, rollup},
    laws::{self, MadeUpOwners},
};
use frontdesk_events::Envelope;
use proptest::{collection, prelude::*};
use serde_json::Value;
use std::{collections::BTreeSet, path::Path};

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_soup_of_events_obeys_the_laws(scenes in collection::vec(scene(), 1..32), seed in any::<u64>()) {
        let events = play(&scenes);
        laws::hold::<RoomSession>(&events, &MadeUpOwners, seed);
        laws::hold::<Transcript>(&events, &MadeUpOwners, seed);
    }

    #[test]
    fn any_call_obeys_the_laws_whatever_is_lost(scenes in whole_call(), seed in any::<u64>()) {
        let events = play(&scenes);
        laws::hold::<RoomSession>(&events, &MadeUpOwners, seed);
        laws::hold::<Transcript>(&events, &MadeUpOwners, seed);
    }

    #[test]
    fn rows_are_sound_whatever_happened(scenes in prop_oneof![collection::vec(scene(), 1..24), whole_call()]) {
        let mut stage = Stage::new();
        stage.events = play(&scenes);
        for call in stage.calls() {
            let durations = [call.ring_ms, call.talk_ms, call.recording_ms];
            prop_assert!(durations.into_iter().flatten().all(|millis| millis >= 0), "{call:?}");
            prop_assert!(call.answered_at.is_none_or(|answered| answered >= call.started_at), "{call:?}");
            prop_assert!(call.ended_at.is_none_or(|ended| ended >= call.answered_at.unwrap_or(call.started_at)), "{call:?}");
            let ended = call.state == "ended";
            prop_assert_eq!((ended, ended, ended), (call.result.is_some(), call.ended_at.is_some(), call.end_words.is_some()));
            prop_assert_eq!(call.talk_ms.is_some(), ended && call.answered_at.is_some());
            let shares = rollup::hourly(&call).is_none_or(|hour| hour.success <= hour.answered);
            prop_assert!(shares, "{call:?}");
        }
        // No row has two writers, whatever rooms are called.
        let (calls, turns) = (stage.calls(), stage.turns());
        let ids: BTreeSet<_> = calls.iter().map(|call| call.id).collect();
        prop_assert_eq!(ids.len(), calls.len());
        let ids: BTreeSet<_> = turns.iter().map(|turn| (&turn.room_sid, turn.partition, &turn.id)).collect();
        prop_assert_eq!(ids.len(), turns.len());
    }

    #[test]
    fn no_mutilation_of_an_event_breaks_a_fold(scene in scene(), seed in any::<u64>()) {
        for envelope in play(&[scene]) {
            laws::total::<RoomSession>(&envelope, &MadeUpOwners, seed);
            laws::total::<Transcript>(&envelope, &MadeUpOwners, seed);
        }
    }
}

/// The invented webhooks kept with the harness, as ingest would wrap them.
fn fixtures() -> Vec<Envelope> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../harness/fixtures/livekit");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    let envelopes = files.iter().map(|path| {
        let data = std::fs::read(path).unwrap();
        let body: Value = serde_json::from_slice(&data).unwrap();
        let kind = format!("io.livekit.{}", body["event"].as_str().unwrap());
        Envelope::new(body["id"].as_str().unwrap(), "/livekit/devkey", &kind)
            .unwrap()
            .with_partition_key(body["room"]["name"].as_str().unwrap_or_default())
            .with_data("application/json", data)
    });
    envelopes.collect()
}

#[test]
fn every_fixture_obeys_the_laws_and_survives_any_mutilation() {
    let fixtures = fixtures();
    assert!(fixtures.len() > 20);
    for seed in 0..8 {
        laws::hold::<RoomSession>(&fixtures, &MadeUpOwners, seed);
        for envelope in &fixtures {
            laws::total::<RoomSession>(envelope, &MadeUpOwners, seed);
            laws::total::<Transcript>(envelope, &MadeUpOwners, seed);
        }
    }
}

#[test]
fn the_fixtures_tell_the_calls_they_were_made_to_tell() {
    let mut rooms: std::collections::BTreeMap<String, crate::calls::room::Room> =
        std::collections::BTreeMap::new();
    for envelope in fixtures() {
        let fact = CallFact::decode(&envelope).unwrap();
        for key in RoomSession::keys(&fact) {
            RoomSession::fold(rooms.entry(key.clone()).or_default(), &key, &fact).unwrap();
        }
    }
    let mut calls: Vec<_> = rooms
        .iter()
        .flat_map(|(key, room)| RoomSession::rows(key, room, &MadeUpOwners).calls)
        .collect();
    calls.sort_by(|a, b| (&a.room_sid, &a.call_key).cmp(&(&b.room_sid, &b.call_key)));
    let calls: Vec<_> = calls
        .into_iter()
        .map(|call| {
            let recording = call.recording_state.unwrap_or_default();
            format!(
                "{} {} {} {} ring {:?} talk {:?} {}",
                call.channel,
                call.call_key,
                call.state,
                call.result.unwrap_or_default(),
                call.ring_ms,
                call.talk_ms,
                recording
            )
        })
        .collect();
    assert_eq!(
        calls,
        [
            "phone SCL_Bz6UoG4fHtNj ended answered ring Some(3122) talk Some(89759) ready",
            "phone SCL_r4TyUi7OpAsD ringing  ring None talk None ",
            "web PA_e1RtYu6IoPaS ended abandoned ring Some(300900) talk None ",
            "phone SCL_u3IoPa7SdFgH ended abandoned ring Some(89910) talk None ",
            "phone SCL_e7MkQ2vPxWtS ended abandoned ring Some(11215) talk None ",
            "phone SCL_m6NbVc8XzLkJ ended answered ring None talk None ",
        ]
    );
}
