//! Realistic deliveries, rendered ahead: whole HTTP requests with signed bodies, so that the load
//! generator only writes bytes.
//!
//! One call is twelve events, as a LiveKit server and an agent send them: ten webhooks of 0.7 to
//! 1.6 KB, a transcript and an analysis.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use chrono::{DateTime, Utc};
use livekit_api::access_token::AccessToken;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// The keys of the server under test.
pub const KEY: &str = "benchkey";
/// Its secret; as long as LiveKit asks for.
pub const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Events of one call.
pub const EVENTS_A_CALL: usize = 12;

const CODECS: [&str; 10] = [
    "audio/PCMU",
    "audio/PCMA",
    "audio/opus",
    "audio/red",
    "video/VP8",
    "video/H264",
    "video/VP9",
    "video/AV1",
    "video/H265",
    "video/rtx",
];

/// Numbers that are called in turn.
const NUMBERS: usize = 40;

/// All numbers that any call is made to.
pub fn numbers() -> impl Iterator<Item = String> {
    (0..NUMBERS).map(dialled)
}

fn dialled(call: usize) -> String {
    format!("+1303555{:04}", call % NUMBERS)
}

/// One call: ten webhooks and two reports of the agent.
pub struct Call {
    number: usize,
    start: DateTime<Utc>,
}

impl Call {
    /// The `number`-th call of a run; number and start decide every byte.
    pub fn new(number: usize, start: DateTime<Utc>) -> Self {
        Self { number, start }
    }

    /// The room's sid.
    pub fn room_sid(&self) -> String {
        format!("RM_{:012}", self.number)
    }

    /// The key of the call in its room.
    pub fn call_key(&self) -> String {
        format!("SCL_{:012}", self.number)
    }

    /// The room's name.
    pub fn room_name(&self) -> String {
        format!(
            "call-_+1202555{:04}_{:012}",
            self.number % 10_000,
            self.number
        )
    }

    fn caller(&self) -> String {
        format!("+1202555{:04}", self.number % 10_000)
    }

    fn room(&self) -> Value {
        let codecs: Vec<Value> = CODECS.iter().map(|mime| json!({ "mime": mime })).collect();
        json!({
            "sid": self.room_sid(), "name": self.room_name(), "emptyTimeout": 300, "departureTimeout": 20,
            "creationTime": self.start.timestamp().to_string(),
            "creationTimeMs": self.start.timestamp_millis().to_string(),
            "turnPassword": "a password that must not be stored", "enabledCodecs": codecs,
        })
    }

    fn participant(&self, kind: &str, status: &str) -> Value {
        let millis = self.start.timestamp_millis() + 220;
        let attributes = if kind == "SIP" {
            json!({
                "sip.callID": self.call_key(), "sip.callIDFull": format!("{:032x}@198.51.100.20", self.number),
                "sip.callStatus": status, "sip.callTag": "as6f8b21c0", "sip.hostname": "198.51.100.20",
                "sip.phoneNumber": self.caller(), "sip.ruleID": "SDR_Xc4Nm8KaUiOp", "sip.trunkID": "ST_pL2sVw9QeRtY",
                "sip.trunkPhoneNumber": dialled(self.number),
            })
        } else {
            json!({ "lk.agent_name": "receptionist", "lk.agent.state": "speaking" })
        };
        json!({
            "sid": format!("PA_{kind}_{:012}", self.number),
            "identity": if kind == "SIP" { format!("sip_{}", self.caller()) } else { format!("agent-AJ_{:012}", self.number) },
            "state": "ACTIVE", "joinedAt": (millis / 1000).to_string(), "joinedAtMs": millis.to_string(),
            "name": format!("Phone {}", self.caller()), "version": 2, "kind": kind, "attributes": attributes,
            "permission": { "canSubscribe": true, "canPublish": true, "canPublishData": true },
        })
    }

    fn track(&self, kind: &str, after_ms: i64) -> Value {
        json!({
            "sid": format!("TR_{kind}_{:010}", self.number), "source": "MICROPHONE", "mimeType": "audio/opus", "mid": "0",
            "codecs": [{ "mimeType": "audio/opus", "mid": "0", "cid": "audio" }], "stream": "camera",
            "version": { "unixMicro": ((self.start.timestamp_millis() + after_ms) * 1000).to_string() },
        })
    }

    fn webhook(&self, step: usize) -> Value {
        let slim = json!({ "sid": self.room_sid(), "name": self.room_name() });
        let of = |kind: &str| json!({ "sid": format!("PA_{kind}_{:012}", self.number), "identity": "x" });
        let talk = 30 + (self.number % 240) as i64;
        let (event, after, mut body) = match step {
            0 => ("room_started", 0, json!({ "room": self.room() })),
            1 => (
                "participant_joined",
                0,
                json!({ "room": self.room(), "participant": self.participant("SIP", "ringing") }),
            ),
            2 => (
                "track_published",
                1,
                json!({ "room": slim, "participant": of("SIP"), "track": self.track("SIP", 700) }),
            ),
            3 => (
                "participant_joined",
                2,
                json!({ "room": self.room(), "participant": self.participant("AGENT", "") }),
            ),
            4 => (
                "track_published",
                3,
                json!({ "room": slim, "participant": of("AGENT"), "track": self.track("AGENT", 3100) }),
            ),
            5 => (
                "track_unpublished",
                talk,
                json!({ "room": slim, "participant": of("SIP"), "track": self.track("SIP", 700) }),
            ),
            6 => {
                let mut participant = self.participant("SIP", "hangup");
                participant["disconnectReason"] = "CLIENT_INITIATED".into();
                (
                    "participant_left",
                    talk,
                    json!({ "room": self.room(), "participant": participant }),
                )
            }
            7 => (
                "track_unpublished",
                talk,
                json!({ "room": slim, "participant": of("AGENT"), "track": self.track("AGENT", 3100) }),
            ),
            8 => (
                "participant_left",
                talk,
                json!({ "room": self.room(), "participant": self.participant("AGENT", "") }),
            ),
            _ => (
                "room_finished",
                talk + 20,
                json!({ "room": self.room(), "roomEndReason": "ROOM_END_IDLE_TIMEOUT" }),
            ),
        };
        body["event"] = event.into();
        body["id"] = format!("EV_{:012}_{step}", self.number).into();
        body["createdAt"] = (self.start.timestamp() + after).to_string().into();
        body
    }

    /// The `step`-th webhook (0 to 9) as a whole request.
    pub fn webhook_request(&self, step: usize) -> Vec<u8> {
        let body = self.webhook(step).to_string();
        let hash = BASE64_STANDARD.encode(Sha256::digest(body.as_bytes()));
        let token = AccessToken::with_api_key(KEY, SECRET)
            .with_ttl(Duration::from_secs(540))
            .with_sha256(&hash)
            .to_jwt()
            .expect("a token of plain claims");
        request(
            "/webhooks/livekit",
            "application/webhook+json",
            &format!("Authorization: {token}\r\n"),
            &body,
        )
    }

    fn report_request(&self, kind: &str, token: &str, data: &Value) -> Vec<u8> {
        let headers = format!(
            "Authorization: Bearer {token}\r\nce-specversion: 1.0\r\nce-id: AJ_{:012}:{kind}\r\n\
             ce-source: /agents/receptionist\r\nce-type: dev.frontdesk.call.{kind}.v1\r\nce-subject: {}\r\n",
            self.number,
            self.call_key()
        );
        request("/events", "application/json", &headers, &data.to_string())
    }

    /// The agent's transcript and analysis as whole requests.
    pub fn report_requests(&self, token: &str) -> [Vec<u8>; 2] {
        let epoch = self.start.timestamp() as f64 + 3.0;
        let items: Vec<Value> = (0..8)
            .map(|turn| {
                let (role, text) = if turn % 2 == 0 {
                    ("assistant", "Good morning, Bright Smile Dental, how can I help you today?")
                } else {
                    ("user", "Hello, I would like to move my appointment to next Tuesday, please.")
                };
                json!({ "id": format!("item_{:012}_{turn}", self.number), "type": "message", "role": role, "text": text,
                        "interrupted": false, "createdAt": epoch + f64::from(turn) * 4.0,
                        "metrics": { "e2eLatency": 0.9 + f64::from(turn) * 0.05 } })
            })
            .collect();
        let common = json!({ "callId": self.call_key(), "roomSid": self.room_sid(), "roomName": self.room_name() });
        let mut transcript = common.clone();
        transcript["part"] = 0.into();
        transcript["items"] = items.into();
        let mut analysed = common;
        let revenue = self
            .number
            .is_multiple_of(3)
            .then(|| json!({ "amountMinor": 24_000, "currency": "USD" }));
        analysed["outcome"] = json!({ "status": "success", "label": "booked", "reason": "moved", "revenue": revenue });
        analysed["summary"] = "The caller moved an appointment to next Tuesday at ten.".into();
        analysed["sentiment"] = json!({ "label": "positive", "score": 0.7 });
        analysed["latency"] = json!({ "e2eP50": 1.1, "e2eP95": 1.8, "llmTtftP50": 0.4, "ttsTtfbP50": 0.2, "turns": 8 });
        [
            self.report_request("transcript", token, &transcript),
            self.report_request("analysed", token, &analysed),
        ]
    }
}

/// The token agents of a run share.
pub fn agent_token() -> String {
    AccessToken::with_api_key(KEY, SECRET)
        .with_identity("receptionist")
        .with_ttl(Duration::from_secs(3600))
        .to_jwt()
        .expect("a token of plain claims")
}

fn request(path: &str, content_type: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// All requests of the calls `first..first + count`, in an order that mixes sixteen rooms as
/// concurrent calls would.
pub fn requests(first: usize, count: usize, start: DateTime<Utc>) -> Vec<Vec<u8>> {
    let token = agent_token();
    let mut requests = Vec::with_capacity(count * EVENTS_A_CALL);
    for group in (first..first + count).collect::<Vec<_>>().chunks(16) {
        let calls: Vec<Call> = group
            .iter()
            .map(|number| {
                Call::new(
                    *number,
                    start + chrono::Duration::seconds(*number as i64 % 2_000_000),
                )
            })
            .collect();
        for step in 0..10 {
            requests.extend(calls.iter().map(|call| call.webhook_request(step)));
        }
        requests.extend(calls.iter().flat_map(|call| call.report_requests(&token)));
    }
    requests
}
