//! How each scene is told: the events LiveKit and the agent would send for it.

use super::{CALLS, NAMES, REASONS, STATUSES, Scene};
use crate::calls::tests::stage::{Actor, ROOM, START, Stage};
use frontdesk_events::catalogue::agent;
use serde_json::{Value, json};

pub(super) fn stage_scene(stage: &mut Stage, actors: &[Actor], scene: &Scene) {
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
        Scene::Misnamed(which, name) => misnamed(stage, *which, NAMES[*name]),
        Scene::Crowd(many, at) => crowd(stage, *many, *at),
        Scene::Junk(kind, form, at) => junk(stage, *kind, *form, *at),
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
        "outcome": { "status": "success", "revenue": { "amountMinor": amount(at), "currency": "USD" } },
        "sentiment": { "label": "negative", "score": (at % 997) as f64 / 997.0 },
        "latency": { "e2eP50": (at.abs() % 4_000) as f64 / 1000.0 },
        "usage": [{ "type": "llm_usage", "input_tokens": at, "seconds": 0.1 + 0.2 }],
        "transcript": if at % 2 == 0 { json!([item(1, at)]) } else { json!([]) },
    })
}

/// Plausible, or as large as it gets.
fn amount(at: i64) -> Value {
    match at.rem_euclid(5) {
        0 => json!(i64::MAX),
        1 => json!(i64::MIN),
        2 => json!("9223372036854775807"),
        _ => json!(at),
    }
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
    let mut data: Value = serde_json::from_slice(envelope.data()).unwrap_or_default();
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

fn misnamed<'s>(stage: &'s mut Stage, which: usize, name: &str) -> &'s mut Stage {
    let Some(envelope) =
        (!stage.events.is_empty()).then(|| stage.events[which % stage.events.len()].clone())
    else {
        return stage;
    };
    let Ok(Value::Object(mut data)) = serde_json::from_slice(envelope.data()) else {
        return stage;
    };
    match data.get_mut("room") {
        Some(Value::Object(room)) => room.insert("name".to_owned(), json!(name)),
        _ => data.insert("roomName".to_owned(), json!(name)),
    };
    let data = Value::Object(data).to_string().into_bytes();
    let envelope = envelope
        .with_partition_key(name)
        .with_data("application/json", data);
    stage.events.push(envelope);
    stage
}

fn crowd(stage: &mut Stage, many: usize, at: i64) -> &mut Stage {
    for index in 0..many {
        let at = at.saturating_add(index as i64 * 700);
        let participant = json!({
            "sid": format!("PA_crowd_{index}"), "kind": "SIP", "joinedAtMs": (START + at).to_string(),
            "attributes": { "sip.callID": format!("SCL_crowd_{index}"), "sip.ruleID": "SDR_1",
                "sip.trunkPhoneNumber": "+14155550123" },
        });
        let body = json!({ "participant": participant });
        stage.webhook("participant_joined", at, body.clone());
        if index % 2 == 0 {
            stage.webhook("participant_left", at.saturating_add(9_000), body);
        }
    }
    stage
}

fn junk(stage: &mut Stage, kind: usize, form: usize, at: i64) -> &mut Stage {
    let kinds = [
        agent::HEARTBEAT,
        agent::ANSWERED,
        agent::TRANSFERRED,
        agent::TRANSCRIPT,
        agent::ANALYSED,
    ];
    let forms: [&[u8]; 5] = [b"", b"null", b"[1]", b"\xff\xfe", b"{\"roomSid\":"];
    stage.say(kinds[kind % kinds.len()], at, forms[form % forms.len()])
}

fn gather<'v>(value: &'v mut Value, places: &mut Vec<&'v mut Value>) {
    match value {
        Value::Object(map) => map.values_mut().for_each(|value| gather(value, places)),
        Value::Array(list) => list.iter_mut().for_each(|value| gather(value, places)),
        leaf => places.push(leaf),
    }
}
