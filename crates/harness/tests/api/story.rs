//! Calls as their senders tell them.

use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_events::Envelope;
use serde_json::{Value, json};

/// An instant written in RFC 3339.
pub(crate) fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

/// A telephone call, in a room of its own unless it is put into another's.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    /// Short and unique: every id is made from it.
    pub(crate) name: String,
    /// The name of the call in whose room it is.
    pub(crate) room: String,
    pub(crate) tenant: Option<&'static str>,
    /// Whether the receptionist called: then `caller` is who was called, from `dialled`.
    pub(crate) outbound: bool,
    pub(crate) caller: &'static str,
    pub(crate) dialled: &'static str,
    pub(crate) started: DateTime<Utc>,
    /// Seconds after the start.
    pub(crate) answered: Option<i64>,
    /// Seconds after the start, and `sip.callStatus` at that moment; `None` while it goes on.
    pub(crate) left: Option<(i64, &'static str)>,
    /// What the agent reports at the end.
    pub(crate) report: Value,
    /// Whether it is recorded.
    pub(crate) recorded: bool,
}

impl Story {
    /// An answered call of a minute, at noon of 20 November 2026.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            room: name.to_owned(),
            tenant: None,
            outbound: false,
            caller: "+15105550100",
            dialled: "+14155550123",
            started: at("2026-11-20T12:00:00Z"),
            answered: Some(4),
            left: Some((64, "hangup")),
            report: Value::Null,
            recorded: false,
        }
    }

    pub(crate) fn room_sid(&self) -> String {
        format!("RM_{}", self.room)
    }

    fn room_name(&self) -> String {
        format!("call_{}", self.room)
    }

    /// All its events in the order they happen.
    pub(crate) fn events(&self) -> Vec<Envelope> {
        let mut events = vec![
            self.webhook("room_started", 0, json!({})),
            self.webhook(
                "participant_joined",
                0,
                json!({ "participant": self.participant("ringing", 0) }),
            ),
        ];
        if let Some(second) = self.answered {
            let agent = json!({ "sid": format!("PA_agent_{}", self.name), "identity": "agent-1", "kind": "AGENT",
                "attributes": { "lk.agent_name": "receptionist" } });
            let micros = (self.started + TimeDelta::seconds(second)).timestamp_micros();
            let track = json!({ "sid": format!("TR_{}", self.name), "type": "AUDIO", "source": "MICROPHONE",
                "version": { "unixMicro": micros.to_string() } });
            events.push(self.webhook("participant_joined", 1, json!({ "participant": agent })));
            events.push(self.webhook(
                "track_published",
                second,
                json!({ "participant": agent, "track": track }),
            ));
        }
        if self.recorded {
            events.push(self.egress("egress_started", 5, json!({ "status": "EGRESS_ACTIVE" })));
        }
        if let Some((second, status)) = self.left {
            let mut participant = self.participant(status, 0);
            participant["state"] = json!("DISCONNECTED");
            participant["disconnectReason"] = json!("CLIENT_INITIATED");
            events.push(self.webhook(
                "participant_left",
                second,
                json!({ "participant": participant }),
            ));
            if self.recorded {
                let file = json!({ "filename": "calls/x.ogg", "location": "https://files.example/x.ogg", "duration": "60000000000" });
                let done = json!({ "status": "EGRESS_COMPLETE", "fileResults": [file] });
                events.push(self.egress("egress_ended", second + 1, done));
            }
            events.push(self.webhook("room_finished", second + 20, json!({})));
            if !self.report.is_null() {
                events.push(self.report("call.analysed", second + 2, self.report.clone()));
            }
        }
        events
    }

    pub(crate) fn webhook(&self, event: &str, second: i64, more: Value) -> Envelope {
        let time = self.started + TimeDelta::seconds(second);
        let mut body = json!({
            "event": event,
            "id": format!("EV_{}_{event}_{second}", self.name),
            "room": { "sid": self.room_sid(), "name": self.room_name(),
                "creationTimeMs": self.started.timestamp_millis().to_string() },
            "createdAt": time.timestamp().to_string(),
        });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let id = format!(
            "{}-{}",
            body["id"].as_str().unwrap(),
            body["participant"]["sid"].as_str().unwrap_or("")
        );
        self.envelope(
            &id,
            "/livekit/devkey",
            &format!("io.livekit.{event}"),
            time,
            &body,
        )
    }

    pub(crate) fn report(&self, what: &str, second: i64, more: Value) -> Envelope {
        self.told(&format!("dev.frontdesk.{what}.v1"), second, more)
    }

    /// What the agent tells about it, in a type of any name.
    pub(crate) fn told(&self, kind: &str, second: i64, more: Value) -> Envelope {
        let time = self.started + TimeDelta::seconds(second);
        let mut body = json!({ "callId": format!("SCL_{}", self.name), "roomSid": self.room_sid(),
            "roomName": self.room_name(), "agentName": "receptionist" });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let id = format!("{}-{kind}-{second}", self.name);
        self.envelope(&id, "/agents/receptionist", kind, time, &body)
    }

    fn egress(&self, event: &str, second: i64, more: Value) -> Envelope {
        let mut info = json!({ "egressId": format!("EG_{}", self.name), "roomId": self.room_sid(),
            "roomName": self.room_name() });
        info.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        self.webhook(event, second, json!({ "egressInfo": info }))
    }

    fn envelope(
        &self,
        id: &str,
        source: &str,
        kind: &str,
        time: DateTime<Utc>,
        body: &Value,
    ) -> Envelope {
        Envelope::new(id, source, kind)
            .unwrap()
            .with_time(time)
            .with_recorded_time(time + TimeDelta::milliseconds(40))
            .with_subject(&self.room_sid())
            .with_partition_key(&self.room_name())
            .with_data("application/json", body.to_string().into_bytes())
    }

    fn participant(&self, status: &str, joined: i64) -> Value {
        let mut attributes = json!({ "sip.callID": format!("SCL_{}", self.name), "sip.callStatus": status,
            "sip.phoneNumber": self.caller, "sip.trunkPhoneNumber": self.dialled });
        if let Some(tenant) = self.tenant {
            attributes["app.tenantId"] = json!(tenant);
        }
        if self.outbound {
            let is_on_its_way = status == "ringing";
            if is_on_its_way {
                attributes["sip.callStatus"] = json!("dialing");
            }
            if let Some(second) = self.answered.filter(|_| !is_on_its_way) {
                let answered = self.started + TimeDelta::seconds(second);
                let millis = answered.timestamp_millis().to_string();
                attributes["lk.sip.answerTime"] = json!(millis);
            }
        }
        let joined = self.started + TimeDelta::seconds(joined);
        json!({ "sid": format!("PA_{}", self.name), "identity": format!("sip_{}", self.caller), "kind": "SIP",
            "name": format!("Phone {}", self.caller), "joinedAtMs": joined.timestamp_millis().to_string(),
            "attributes": attributes })
    }
}

/// An analysis with everything in it.
pub(crate) fn analysis(status: &str, label: &str, minor: Option<i64>) -> Value {
    json!({
        "outcome": { "status": status, "label": "booked", "reason": "Tuesday at nine suited",
            "revenue": minor.map(|minor| json!({ "amountMinor": minor, "currency": "USD", "evidence": "a check-up is 120" })) },
        "summary": "Asked for an appointment and took Tuesday at nine.",
        "sentiment": { "label": label, "score": 0.5, "evidence": "thank you so much" },
        "tags": ["appointment"],
        "latency": { "e2eP50": 0.9, "e2eP95": 1.8, "llmTtftP50": 0.4, "ttsTtfbP50": 0.2, "sttP50": 0.15, "turns": 7 },
        "usage": [{ "kind": "llm", "provider": "openai", "model": "gpt-4o-mini", "inputTokens": 1200, "outputTokens": 300 }],
    })
}
