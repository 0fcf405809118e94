//! Events by chance: whole calls as they happen, and soups that make no sense at all.

mod told;

use super::stage::{
    Actor, START, Stage, agent, caller, dialled, other_caller, recorder, ruled, supervisor, visitor,
};
use frontdesk_events::Envelope;
use proptest::{collection, prelude::*, sample};
use serde_json::json;

const REASONS: &[&str] = &[
    "CLIENT_INITIATED",
    "ROOM_DELETED",
    "PARTICIPANT_REMOVED",
    "SERVER_SHUTDOWN",
    "DUPLICATE_IDENTITY",
    "CONNECTION_TIMEOUT",
    "SIP_SESSION_REFUSED",
    "USER_REJECTED",
    "",
    "17",
    "1",
];
const STATUSES: &[&str] = &["ringing", "active", "hangup", "automation", "dialing", "?"];
const CALLS: &[&str] = &[
    "SCL_a",
    "SCL_b",
    "PA_visitor",
    "SCL_unknown",
    "PA_caller",
    "SCL_out",
    "SCL_crowd_1",
];
/// Room names, of which the second and third are wrong; they lie in different partitions.
const NAMES: &[&str] = &["call_1", "call_2", "another", ""];

fn actors() -> Vec<Actor> {
    let again = Actor {
        sid: "PA_again",
        ..caller()
    };
    let nameless = Actor {
        sid: "PA_nameless",
        attributes: json!({ "sip.callStatus": "ringing" }),
        ..caller()
    };
    let mut timed = Actor {
        sid: "PA_timed",
        ..caller()
    };
    timed.attributes["lk.sip.inviteTime"] = json!((START - 900).to_string());
    timed.attributes["lk.sip.answerTime"] = json!((START + 4_321).to_string());
    let shown = Actor {
        hidden: false,
        ..supervisor()
    };
    let double = Actor {
        sid: "PA_caller",
        ..visitor()
    };
    vec![
        caller(),
        again,
        other_caller(),
        nameless,
        timed,
        agent(),
        supervisor(),
        recorder(),
        visitor(),
        shown,
        double,
        dialled(),
        ruled(caller()),
        ruled(other_caller()),
        Actor {
            sid: "PA_out_again",
            ..dialled()
        },
        // A visitor that writes attributes of its own.
        Actor {
            attributes: json!({ "app.tenantId": "tnt_a", "sip.ruleID": "SDR_1", "sip.callStatus": "active",
                "sip.trunkPhoneNumber": "+14155550123", "lk.sip.answerTime": (START + 9_000).to_string() }),
            ..visitor()
        },
        Actor {
            sid: "PA_taken",
            attributes: json!({ "sip.callID": "SCL_out" }),
            ..visitor()
        },
    ]
}

/// One thing that happens.
#[derive(Debug, Clone)]
pub(super) enum Scene {
    Opened(i64),
    Closed(i64, usize),
    Joined(usize, i64),
    Left(usize, i64, usize, usize),
    Aborted(usize, i64, usize),
    Speaks(usize, i64),
    Silent(usize, i64, i64),
    Egress(usize, usize, i64),
    Report(usize, usize, i64, i64),
    Transcript(usize, i64, usize, i64),
    Job(i64),
    Unknown(i64),
    /// An event again, with another time of acceptance.
    Again(usize, i64),
    /// A field of an event replaced by something else.
    Bent(usize, usize, usize),
    /// An event again, about a room of the same sid and this name.
    Misnamed(usize, usize),
    /// Callers of a room of a fixed name, one after the other.
    Crowd(usize, i64),
    /// A report of a type we know whose data is no report.
    Junk(usize, usize, i64),
}

fn offset() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => 0..100_000_i64,
        1 => -5_000..5_000_i64,
        1 => sample::select(vec![-START, -START - 1, 86_400_000, 253_402_300_799_000 - START, 100_000_000_000_000]),
    ]
}

pub(super) fn scene() -> impl Strategy<Value = Scene> {
    let who = 0..actors().len();
    let reason = 0..REASONS.len();
    let status = 0..STATUSES.len();
    prop_oneof![
        1 => offset().prop_map(Scene::Opened),
        1 => (offset(), 0..4_usize).prop_map(|(at, reason)| Scene::Closed(at, reason)),
        6 => (who.clone(), offset()).prop_map(|(who, at)| Scene::Joined(who, at)),
        6 => (who.clone(), offset(), reason.clone(), status)
            .prop_map(|(who, at, reason, status)| Scene::Left(who, at, reason, status)),
        1 => (who.clone(), offset(), reason).prop_map(|(who, at, reason)| Scene::Aborted(who, at, reason)),
        5 => (who.clone(), offset()).prop_map(|(who, at)| Scene::Speaks(who, at)),
        2 => (who, offset(), offset()).prop_map(|(who, began, at)| Scene::Silent(who, began, at)),
        2 => (0..3_usize, 0..6_usize, offset()).prop_map(|(id, status, at)| Scene::Egress(id, status, at)),
        4 => (0..3_usize, 0..=CALLS.len(), offset(), offset())
            .prop_map(|(what, call, at, said)| Scene::Report(what, call, at, said)),
        3 => (0..=CALLS.len(), 0..3_i64, 0..6_usize, offset())
            .prop_map(|(call, part, items, at)| Scene::Transcript(call, part, items, at)),
        1 => offset().prop_map(Scene::Job),
        1 => offset().prop_map(Scene::Unknown),
        2 => (any::<usize>(), offset()).prop_map(|(which, at)| Scene::Again(which, at)),
        2 => (any::<usize>(), any::<usize>(), any::<usize>()).prop_map(|(which, at, with)| Scene::Bent(which, at, with)),
        2 => (any::<usize>(), 0..NAMES.len()).prop_map(|(which, name)| Scene::Misnamed(which, name)),
        1 => (1..6_usize, offset()).prop_map(|(many, at)| Scene::Crowd(many, at)),
        1 => (any::<usize>(), any::<usize>(), offset()).prop_map(|(kind, form, at)| Scene::Junk(kind, form, at)),
    ]
}

/// A call as it happens, with one event in eight lost: who else was there, whether it was
/// answered, how it ended, when the agent reported. A caller who reconnects may be there again
/// before its departure is told.
pub(super) fn whole_call() -> impl Strategy<Value = Vec<Scene>> {
    let cast = (0..5_usize, any::<[bool; 8]>(), -900..1_500_i64);
    let course = (
        500..20_000_i64,
        20_000..90_000_i64,
        0..REASONS.len(),
        0..STATUSES.len(),
    );
    (cast, course, collection::vec(0..8_u8, 40)).prop_map(
        |((caller, told, away), (answer, end, reason, status), luck)| {
            let [
                answered,
                reconnects,
                supervised,
                recorded,
                joined_by_other,
                reports,
                closes,
                put_through,
            ] = told;
            let mut scenes = vec![
                Scene::Opened(118),
                Scene::Joined(caller, 342),
                Scene::Speaks(caller, 780),
            ];
            let mut also = |happens: bool, more: Vec<Scene>| {
                scenes.extend(more.into_iter().filter(|_| happens));
            };
            also(answered, enters(5, answer));
            also(supervised, enters(6, answer + 500));
            also(recorded, records(end));
            also(joined_by_other, enters(2, 15_400));
            also(joined_by_other, vec![Scene::Left(2, end - 2_000, 0, 2)]);
            also(reconnects, vec![Scene::Left(caller, 12_000, 0, 1)]);
            also(reconnects, enters(1, 12_400 + away));
            also(put_through, dials(16_000, end - 1_000, status));
            also(reports, reported(answer, end));
            also(
                true,
                vec![Scene::Left(
                    if reconnects { 1 } else { caller },
                    end,
                    reason,
                    status,
                )],
            );
            also(closes, vec![Scene::Closed(end + 22_000, 1)]);
            scenes
                .into_iter()
                .zip(luck)
                .filter(|(_, luck)| *luck > 0)
                .map(|(scene, _)| scene)
                .collect()
        },
    )
}

fn records(end: i64) -> Vec<Scene> {
    vec![
        Scene::Joined(7, 900),
        Scene::Egress(0, 0, 900),
        Scene::Egress(0, 1, end + 2_000),
    ]
}

fn dials(speaks: i64, leaves: i64, status: usize) -> Vec<Scene> {
    let mut scenes = enters(11, speaks);
    scenes.push(Scene::Left(11, leaves, 0, status));
    scenes
}

fn enters(who: usize, speaks: i64) -> Vec<Scene> {
    vec![Scene::Joined(who, speaks - 400), Scene::Speaks(who, speaks)]
}

fn reported(answer: i64, end: i64) -> Vec<Scene> {
    // Every second time the caller's own, whom most are.
    let named = (answer as usize % (2 * CALLS.len() + 1)).saturating_sub(CALLS.len());
    vec![
        Scene::Report(0, named, answer + 50, answer + 10),
        Scene::Transcript(named, 0, 5, end),
        Scene::Report(2, named, end + 1_000, answer + 20),
    ]
}

pub(super) fn play(scenes: &[Scene]) -> Vec<Envelope> {
    let mut stage = Stage::new();
    let actors = actors();
    for scene in scenes {
        told::stage_scene(&mut stage, &actors, scene);
    }
    stage.events
}
