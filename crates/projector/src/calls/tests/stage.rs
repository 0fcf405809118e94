//! A room on which events are staged, the way LiveKit and the agent would send them.

use crate::{
    aggregate::{Aggregate, Fact as _, Owner, OwnerQuestion, Owners},
    calls::{CallFact, CallRow, RoomSession, Transcript, TurnRow, room::Room, said::SaidRow},
};
use chrono::{DateTime, Utc};
use frontdesk_events::{Envelope, Partition};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) const ROOM: &str = "RM_stage";
pub(super) const NAME: &str = "call_1";
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

/// A person the agent dials, to put the caller through.
pub(super) fn dialled() -> Actor {
    Actor {
        sid: "PA_out",
        identity: "sip_+15105550190",
        name: "Phone +15105550190",
        attributes: json!({
            "sip.callID": "SCL_out", "sip.callStatus": "dialing", "sip.phoneNumber": "+15105550190",
            "sip.trunkPhoneNumber": "+14155550123", "sip.trunkID": "ST_out",
        }),
        ..caller()
    }
}

/// The same phone as one that came by a dispatch rule, as every inbound one does.
pub(super) fn ruled(mut actor: Actor) -> Actor {
    actor.attributes["sip.ruleID"] = json!("SDR_1");
    actor
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
    /// How far, in milliseconds, the clocks of senders are ahead of ours. Times stay theirs.
    pub(super) ahead: i64,
    /// When who was told to have joined: their departures say so again.
    joined: BTreeMap<&'static str, i64>,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn webhook(&mut self, event: &str, at: i64, body: Value) -> &mut Self {
        let mut data = json!({
            "event": event,
            "room": { "sid": ROOM, "name": NAME, "creationTimeMs": START.to_string() },
            "createdAt": ((START + at).div_euclid(1000)).to_string(),
        });
        merge(&mut data, body);
        self.tell("/livekit/devkey", &format!("io.livekit.{event}"), at, &data)
    }

    pub(super) fn report(&mut self, what: &str, at: i64, body: Value) -> &mut Self {
        let mut data = json!({ "roomSid": ROOM, "roomName": NAME, "agentName": "receptionist" });
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
            .with_recorded_time(time(at + 40 - self.ahead))
            .with_partition_key(room_name(data))
            .with_data("application/json", data.to_string().into_bytes());
        self.events.push(envelope);
        self
    }

    /// An agent's event with these bytes as data.
    pub(super) fn say(&mut self, kind: &str, at: i64, data: &[u8]) -> &mut Self {
        self.tell("/agents/receptionist", kind, at, &Value::Null);
        let envelope = self.events.pop().unwrap();
        self.events
            .push(envelope.with_data("application/json", data.to_vec()));
        self
    }

    pub(super) fn joined(&mut self, actor: &Actor, at: i64) -> &mut Self {
        self.joined.insert(actor.sid, at);
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
        let joined = self.joined.get(actor.sid).copied().unwrap_or(240);
        let mut participant = described(actor, joined, "DISCONNECTED");
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

    /// All calls, whatever the room.
    pub(super) fn calls(&self) -> Vec<CallRow> {
        let states = folded::<RoomSession>(&self.events).into_iter();
        let rows = states.map(|(key, state)| RoomSession::rows(&key, &state, &Known).calls);
        rows.flatten().collect()
    }

    pub(super) fn call(&self) -> CallRow {
        let mut calls = self.calls();
        assert_eq!(calls.len(), 1, "{calls:#?}");
        calls.remove(0)
    }

    pub(super) fn turns(&self) -> Vec<TurnRow> {
        let states = folded::<Transcript>(&self.events).into_iter();
        let rows = states.map(|(key, state)| Transcript::rows(&key, &state, &Known).turns);
        rows.flatten().collect()
    }

    /// The rows of words.
    pub(super) fn said(&self) -> Vec<SaidRow> {
        let states = folded::<Transcript>(&self.events).into_iter();
        let rows = states.map(|(key, state)| Transcript::rows(&key, &state, &Known).said);
        rows.flatten().collect()
    }
}

/// Ingest makes the partition of the room's name.
fn room_name(data: &Value) -> &str {
    let name = data["room"]["name"].as_str();
    name.or(data["roomName"].as_str()).unwrap_or(NAME)
}

pub(super) fn folded<A: Aggregate<Fact = CallFact>>(
    events: &[Envelope],
) -> BTreeMap<String, A::State> {
    let mut states: BTreeMap<String, A::State> = BTreeMap::new();
    for envelope in events {
        let fact = CallFact::decode(envelope).unwrap();
        for key in A::keys(&fact) {
            A::fold(states.entry(key.clone()).or_default(), &key, &fact).unwrap();
        }
    }
    states
}

/// The state of the stage's own room.
pub(super) fn room(events: &[Envelope]) -> Room {
    let key = format!("{}.{ROOM}", Partition::of(NAME));
    folded::<RoomSession>(events).remove(&key).unwrap()
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
