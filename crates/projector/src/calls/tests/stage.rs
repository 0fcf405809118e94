//! A room on which events are staged, the way LiveKit and the agent would send them.

use crate::{
    aggregate::{Aggregate, Fact as _, Owner, OwnerQuestion, Owners},
    calls::{CallFact, CallRow, RoomSession, Transcript, TurnRow},
};
use chrono::{DateTime, Utc};
use frontdesk_events::Envelope;
use serde_json::{Value, json};

pub(super) const ROOM: &str = "RM_stage";
/// 2026-11-20 17:04:00 UTC, in milliseconds.
pub(super) const START: i64 = 1_795_194_240_000;

/// Someone on the stage.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    pub(super) sid: &'static str,
    pub(super) identity: &'static str,
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    pub(super) hidden: bool,
    pub(super) attributes: Value,
}

pub(super) fn caller() -> Actor {
    Actor {
        sid: "PA_caller",
        identity: "sip_+15105550100",
        kind: "SIP",
        name: "Phone +15105550100",
        hidden: false,
        attributes: json!({
            "app.tenantId": "tnt_a", "sip.callID": "SCL_a", "sip.callStatus": "ringing",
            "sip.phoneNumber": "+15105550100", "sip.trunkPhoneNumber": "+14155550123",
        }),
    }
}

pub(super) fn other_caller() -> Actor {
    Actor {
        sid: "PA_other",
        identity: "sip_+15105550177",
        name: "Phone +15105550177",
        attributes: json!({
            "sip.callID": "SCL_b", "sip.callStatus": "ringing", "sip.phoneNumber": "15105550177",
            "sip.trunkPhoneNumber": "(1) 415-555-0199",
        }),
        ..caller()
    }
}

pub(super) fn agent() -> Actor {
    Actor {
        sid: "PA_agent",
        identity: "agent-AJ_1",
        kind: "AGENT",
        name: "",
        hidden: false,
        attributes: json!({ "lk.agent_name": "receptionist" }),
    }
}

pub(super) fn supervisor() -> Actor {
    Actor {
        sid: "PA_supervisor",
        identity: "supervisor_17",
        kind: "",
        name: "Supervisor",
        hidden: true,
        attributes: json!({}),
    }
}

pub(super) fn recorder() -> Actor {
    Actor {
        sid: "PA_recorder",
        identity: "EG_1",
        kind: "EGRESS",
        name: "",
        ..supervisor()
    }
}

pub(super) fn visitor() -> Actor {
    Actor {
        sid: "PA_visitor",
        identity: "user_8842",
        name: "Dana",
        hidden: false,
        ..supervisor()
    }
}

/// Events of one room, numbered as they are told. Times are milliseconds after [`START`].
#[derive(Debug, Default)]
pub(super) struct Stage {
    pub(super) events: Vec<Envelope>,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn webhook(&mut self, event: &str, at: i64, body: Value) -> &mut Self {
        let mut data = json!({
            "event": event,
            "room": { "sid": ROOM, "name": "call_1", "creationTimeMs": START.to_string() },
            "createdAt": ((START + at).div_euclid(1000)).to_string(),
        });
        merge(&mut data, body);
        self.tell("/livekit/devkey", &format!("io.livekit.{event}"), at, &data)
    }

    pub(super) fn report(&mut self, what: &str, at: i64, body: Value) -> &mut Self {
        let mut data =
            json!({ "roomSid": ROOM, "roomName": "call_1", "agentName": "receptionist" });
        merge(&mut data, body);
        self.tell(
            "/agents/receptionist",
            &format!("dev.frontdesk.{what}.v1"),
            at,
            &data,
        )
    }

    pub(super) fn tell(&mut self, source: &str, kind: &str, at: i64, data: &Value) -> &mut Self {
        let id = format!("EV_{:04}", self.events.len());
        let envelope = Envelope::new(&id, source, kind)
            .unwrap()
            .with_time(time(at))
            .with_recorded_time(time(at + 40))
            .with_partition_key("call_1")
            .with_data("application/json", data.to_string().into_bytes());
        self.events.push(envelope);
        self
    }

    pub(super) fn joined(&mut self, actor: &Actor, at: i64) -> &mut Self {
        self.webhook(
            "participant_joined",
            at + 300,
            json!({ "participant": described(actor, at, "ACTIVE") }),
        )
    }

    pub(super) fn left(&mut self, actor: &Actor, at: i64, reason: &str, status: &str) -> &mut Self {
        self.gone("participant_left", actor, at, reason, status)
    }

    pub(super) fn aborted(&mut self, actor: &Actor, at: i64, reason: &str) -> &mut Self {
        self.gone(
            "participant_connection_aborted",
            actor,
            at,
            reason,
            "ringing",
        )
    }

    fn gone(
        &mut self,
        event: &str,
        actor: &Actor,
        at: i64,
        reason: &str,
        status: &str,
    ) -> &mut Self {
        let mut participant = described(actor, 240, "DISCONNECTED");
        participant["disconnectReason"] = json!(reason);
        if actor.kind == "SIP" {
            participant["attributes"]["sip.callStatus"] = json!(status);
        }
        self.webhook(event, at, json!({ "participant": participant }))
    }

    pub(super) fn speaks(&mut self, actor: &Actor, at: i64) -> &mut Self {
        self.track("track_published", actor, at, at)
    }

    pub(super) fn silent(&mut self, actor: &Actor, began: i64, at: i64) -> &mut Self {
        self.track("track_unpublished", actor, began, at)
    }

    fn track(&mut self, event: &str, actor: &Actor, began: i64, at: i64) -> &mut Self {
        let body = json!({
            "participant": { "sid": actor.sid, "identity": actor.identity },
            "track": {
                "sid": format!("TR_{}", actor.sid), "source": "MICROPHONE",
                "version": { "unixMicro": ((START + began) * 1000).to_string() },
            },
        });
        self.webhook(event, at, body)
    }

    pub(super) fn closed(&mut self, at: i64, reason: &str) -> &mut Self {
        self.webhook("room_finished", at, json!({ "roomEndReason": reason }))
    }

    pub(super) fn calls(&self) -> Vec<CallRow> {
        let state = folded::<RoomSession>(&self.events);
        RoomSession::rows(ROOM, &state, &Known).calls
    }

    pub(super) fn call(&self) -> CallRow {
        let mut calls = self.calls();
        assert_eq!(calls.len(), 1, "{calls:#?}");
        calls.remove(0)
    }

    pub(super) fn turns(&self) -> Vec<TurnRow> {
        let state = folded::<Transcript>(&self.events);
        Transcript::rows(ROOM, &state, &Known).turns
    }
}

pub(super) fn folded<A: Aggregate<Fact = CallFact>>(events: &[Envelope]) -> A::State {
    let mut state = A::State::default();
    for envelope in events {
        let fact = CallFact::decode(envelope).unwrap();
        for key in A::keys(&fact) {
            A::fold(&mut state, &key, &fact).unwrap();
        }
    }
    state
}

pub(super) fn time(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(START + at).unwrap()
}

fn described(actor: &Actor, joined: i64, state: &str) -> Value {
    let mut participant = json!({
        "sid": actor.sid, "identity": actor.identity, "state": state, "attributes": actor.attributes,
        "joinedAt": ((START + joined).div_euclid(1000)).to_string(),
        "joinedAtMs": (START + joined).to_string(),
    });
    // protobuf's JSON leaves defaults out: a visitor has no kind.
    for (field, text) in [("kind", actor.kind), ("name", actor.name)] {
        if !text.is_empty() {
            participant[field] = json!(text);
        }
    }
    if actor.hidden {
        participant["permission"] = json!({ "canSubscribe": true, "hidden": true });
    }
    participant
}

fn merge(into: &mut Value, from: Value) {
    let (Value::Object(into), Value::Object(from)) = (into, from) else {
        return;
    };
    into.extend(from);
}

/// `tnt_a` and `+14155550123` belong to one client, `+14155550199` to another.
pub(super) struct Known;

impl Owners for Known {
    fn owner(&self, question: &OwnerQuestion) -> Option<Owner> {
        let client = match question {
            OwnerQuestion::Tenant(key, _) if key == "tnt_a" => 1,
            OwnerQuestion::Number(number, _) if number == "+14155550123" => 1,
            OwnerQuestion::Number(number, _) if number == "+14155550199" => 2,
            _ => return None,
        };
        Some(Owner {
            user: uuid::Uuid::from_u128(client + 100),
            client: Some(uuid::Uuid::from_u128(client)),
        })
    }
}
