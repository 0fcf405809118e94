//! Events by chance: whole calls as they happen, and soups that make no sense at all.

use super::stage::{
    Actor, ROOM, START, Stage, agent, caller, other_caller, recorder, supervisor, visitor,
};
use frontdesk_events::Envelope;
use proptest::{collection, prelude::*, sample};
use serde_json::{Value, json};

const REASONS: &[&str] = &[
    "CLIENT_INITIATED",
    "ROOM_DELETED",
    "PARTICIPANT_REMOVED",
    "SERVER_SHUTDOWN",
    "DUPLICATE_IDENTITY",
    "CONNECTION_TIMEOUT",
    "SIP_SESSION_REFUSED",
    "",
    "17",
    "1",
];
const STATUSES: &[&str] = &["ringing", "active", "hangup", "automation", "dialing", "?"];
const CALLS: &[&str] = &["SCL_a", "SCL_b", "PA_visitor", "SCL_unknown", "PA_caller"];

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
    ]
}

/// A call as it happens, with one event in eight lost: who else was there, whether it was
/// answered, how it ended, when the agent reported.
pub(super) fn whole_call() -> impl Strategy<Value = Vec<Scene>> {
    let cast = (0..5_usize, any::<[bool; 7]>());
    let course = (
        500..20_000_i64,
        20_000..90_000_i64,
        0..REASONS.len(),
        0..STATUSES.len(),
    );
    (cast, course, collection::vec(0..8_u8, 40)).prop_map(
        |((caller, told), (answer, end, reason, status), luck)| {
            let [
                answered,
                reconnects,
                supervised,
                recorded,
                joined_by_other,
                reports,
                closes,
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
            also(
                recorded,
                vec![
                    Scene::Joined(7, 900),
                    Scene::Egress(0, 0, 900),
                    Scene::Egress(0, 1, end + 2_000),
                ],
            );
            also(joined_by_other, enters(2, 15_400));
            also(joined_by_other, vec![Scene::Left(2, end - 2_000, 0, 2)]);
            also(reconnects, vec![Scene::Left(caller, 12_000, 0, 1)]);
            also(reconnects, enters(1, 13_900));
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

fn enters(who: usize, speaks: i64) -> Vec<Scene> {
    vec![Scene::Joined(who, speaks - 400), Scene::Speaks(who, speaks)]
}

fn reported(answer: i64, end: i64) -> Vec<Scene> {
    let named = answer as usize % (CALLS.len() + 1);
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
        stage_scene(&mut stage, &actors, scene);
    }
    stage.events
}

fn stage_scene(stage: &mut Stage, actors: &[Actor], scene: &Scene) {
    match scene {
        Scene::Opened(at) => stage.webhook("room_started", *at, json!({})),
        Scene::Closed(at, reason) => {
            let reasons = [
                "ROOM_END_API_DELETE",
                "ROOM_END_IDLE_TIMEOUT",
                "ROOM_END_NEW",
                "",
            ];
            stage.closed(*at, reasons[*reason])
        }
        Scene::Joined(who, at) => stage.joined(&actors[*who], *at),
        Scene::Left(who, at, reason, status) => {
            stage.left(&actors[*who], *at, REASONS[*reason], STATUSES[*status])
        }
        Scene::Aborted(who, at, reason) => stage.aborted(&actors[*who], *at, REASONS[*reason]),
        Scene::Speaks(who, at) => stage.speaks(&actors[*who], *at),
        Scene::Silent(who, began, at) => stage.silent(&actors[*who], *began, *at),
        Scene::Egress(id, status, at) => egress(stage, *id, *status, *at),
        Scene::Report(what, named, at, said) => report(stage, *what, *named, *at, *said),
        Scene::Transcript(named, part, items, at) => {
            let items: Vec<_> = (0..*items).map(|index| item(index, *at)).collect();
            stage.report(
                "call.transcript",
                *at,
                json!({ "callId": call(*named), "part": part, "items": items }),
            )
        }
        Scene::Job(at) => {
            let job = json!({ "agentName": "night", "room": { "sid": ROOM } });
            stage.tell(
                "/livekit/devkey",
                "io.livekit.agent_job_started",
                *at,
                &json!({ "job": job }),
            )
        }
        Scene::Unknown(at) => stage.webhook(
            "something_new",
            *at,
            json!({ "participant": { "sid": "PA_caller" } }),
        ),
        Scene::Again(which, at) => again(stage, *which, *at),
        Scene::Bent(which, at, with) => bent(stage, *which, *at, *with),
    };
}

fn call(named: usize) -> Value {
    CALLS.get(named).map_or(Value::Null, |id| json!(id))
}

fn egress(stage: &mut Stage, id: usize, status: usize, at: i64) -> &mut Stage {
    let statuses = [
        "EGRESS_ACTIVE",
        "EGRESS_COMPLETE",
        "EGRESS_FAILED",
        "EGRESS_NEW",
        "3",
        "",
    ];
    let event = ["egress_started", "egress_updated", "egress_ended"][status % 3];
    let duration = at.abs() % 1_000 * 1_000_000;
    let id = ["EG_1", "EG_2", ""][id];
    let info = json!({
        "egressId": id, "roomId": ROOM, "status": statuses[status],
        "fileResults": [{ "location": format!("https://x.test/{id}"), "duration": duration.to_string() }],
    });
    stage.webhook(event, at, json!({ "egressInfo": info }))
}

fn report(stage: &mut Stage, what: usize, named: usize, at: i64, said: i64) -> &mut Stage {
    let said = json!((START + said) as f64 / 1000.0);
    let call = call(named);
    match what {
        0 => stage.report(
            "call.answered",
            at,
            json!({ "callId": call, "answeredAt": said }),
        ),
        1 => {
            let own =
                json!({ "callId": call, "transferTo": "+14155550190", "transferredAt": said });
            stage.report("call.transferred", at, own)
        }
        _ => stage.report("call.analysed", at, analysis(&call, at, &said)),
    }
}

fn analysis(call: &Value, at: i64, said: &Value) -> Value {
    json!({
        "callId": call, "answeredAt": said, "summary": format!("at {at}"), "closeReason": "CR_TASK_COMPLETED",
        "outcome": { "status": "success", "revenue": { "amountMinor": at, "currency": "USD" } },
        "sentiment": { "label": "negative", "score": (at % 997) as f64 / 997.0 },
        "latency": { "e2eP50": (at.abs() % 4_000) as f64 / 1000.0 },
        "usage": [{ "type": "llm_usage", "input_tokens": at, "seconds": 0.1 + 0.2 }],
        "transcript": if at % 2 == 0 { json!([item(1, at)]) } else { json!([]) },
    })
}

fn item(index: usize, at: i64) -> Value {
    let kinds = [
        "message",
        "function_call",
        "function_call_output",
        "agent_handoff",
        "message",
        "agent_config_update",
    ];
    json!({
        "id": if index == 4 { Value::Null } else { json!(format!("item_{}", (index as i64 + at.rem_euclid(3)) % 5)) },
        "type": kinds[index % kinds.len()], "role": if at % 2 == 0 { "user" } else { "assistant" },
        "content": [format!("words {at}")], "call_id": format!("c{}", index % 2), "name": "book", "arguments": { "day": at },
        "output": if index.is_multiple_of(2) { json!("done") } else { json!({ "slots": [1, 2] }) },
        "createdAt": (START + at) as f64 / 1000.0, "metrics": { "e2e_latency": 0.75 },
    })
}

fn again(stage: &mut Stage, which: usize, at: i64) -> &mut Stage {
    if let Some(envelope) =
        (!stage.events.is_empty()).then(|| stage.events[which % stage.events.len()].clone())
    {
        let accepted =
            chrono::DateTime::from_timestamp_millis(START.saturating_add(at)).unwrap_or_default();
        stage.events.push(envelope.with_recorded_time(accepted));
    }
    stage
}

fn bent(stage: &mut Stage, which: usize, at: usize, with: usize) -> &mut Stage {
    let Some(envelope) =
        (!stage.events.is_empty()).then(|| stage.events[which % stage.events.len()].clone())
    else {
        return stage;
    };
    let mut data: Value = serde_json::from_slice(envelope.data()).unwrap();
    let mut places = Vec::new();
    gather(&mut data, &mut places);
    let count = places.len();
    if count > 0 {
        let odd = [
            json!(null),
            json!(0),
            json!(-1),
            json!("x"),
            json!([]),
            json!({}),
            json!(1e300),
            json!("a\u{0}b"),
            json!(true),
        ];
        *places.swap_remove(at % count) = odd[with % odd.len()].clone();
    }
    drop(places);
    stage
        .events
        .push(envelope.with_data("application/json", data.to_string().into_bytes()));
    stage
}

fn gather<'v>(value: &'v mut Value, places: &mut Vec<&'v mut Value>) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| gather(value, places)),
        Value::Array(list) => list.iter_mut().for_each(|value| gather(value, places)),
        leaf => places.push(leaf),
    }
}
