//! What the Python agent reports about calls: our own event types, version 1.
//!
//! The agent sees what webhooks do not say: when the caller was answered, where the call was
//! transferred, what was said and what came of it. A report must name its call and its room, or it
//! could never be shown; [`review`] says so while its sender still listens.

mod review;
mod words;

pub use review::{Reviewed, call_named_in, review, room_named_in};
pub use words::describe;

use super::{
    EventType,
    moment::Moment,
    tolerant::{
        Flag, Integer, Many, Number, Numbers, One, Reading, Record, Text, Time, Verbatim, Words,
        printable, record, root_schema,
    },
};
use crate::StreamName;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::MapAccess;
use std::{borrow::Cow, collections::BTreeMap};

/// What the `type` of an agent's event begins with.
pub const PREFIX: &str = "dev.frontdesk.";
/// The caller was answered.
pub const ANSWERED: &str = "dev.frontdesk.call.answered.v1";
/// The call was transferred to a person.
pub const TRANSFERRED: &str = "dev.frontdesk.call.transferred.v1";
/// A part of what was said.
pub const TRANSCRIPT: &str = "dev.frontdesk.call.transcript.v1";
/// What came of the call.
pub const ANALYSED: &str = "dev.frontdesk.call.analysed.v1";
/// The agent is there.
pub const HEARTBEAT: &str = "dev.frontdesk.agent.heartbeat.v1";

const fn report<T: JsonSchema>(kind: &'static str) -> EventType {
    EventType {
        kind,
        stream: StreamName::Calls,
        source: "agent",
        schema: root_schema::<T>,
        fields: &[],
    }
}

/// Every report of an agent.
pub const TYPES: &[EventType] = &[
    report::<Answered>(ANSWERED),
    report::<Transferred>(TRANSFERRED),
    report::<Transcript>(TRANSCRIPT),
    report::<Analysed>(ANALYSED),
    report::<Heartbeat>(HEARTBEAT),
];

/// A record with the fields every report has, and its own.
macro_rules! report {
    (
        $(#[doc = $meaning:literal])+
        pub struct $name:ident $(requires [$($required:literal),+])? { $($own:tt)* }
    ) => {
        impl review::Report for $name {
            const REQUIRED: &'static [&'static str] = &[$($($required),+)?];
        }

        record! {
            $(#[doc = $meaning])+
            pub struct $name $(requires [$($required),+])? {
                /// `sip.callID` of the caller, or the participant sid of a web visitor.
                pub call_id: Option<String> as Text = "callId" | "call_id",
                /// The room's sid.
                pub room_sid: Option<String> as Text = "roomSid" | "room_sid",
                /// The room's name; the partition is made of it.
                pub room_name: Option<String> as Text = "roomName" | "room_name",
                /// The agent's job, `AJ_…`.
                pub job_id: Option<String> as Text = "jobId" | "job_id",
                /// The agent's name.
                pub agent_name: Option<String> as Text = "agentName" | "agent_name",
                /// The client's tenant key, where the agent knows it.
                pub tenant_id: Option<String> as Text = "tenantId" | "tenant_id",
                $($own)*
            }
        }
    };
}

report! {
    /// The caller was answered.
    pub struct Answered requires ["callId", "roomSid", "roomName"] {
        /// When.
        pub answered_at: Option<Moment> as Time = "answeredAt" | "answered_at",
    }
}

report! {
    /// The call was transferred to a person.
    pub struct Transferred requires ["callId", "roomSid", "roomName"] {
        /// The number or address it went to.
        pub transfer_to: Option<String> as Text = "transferTo" | "transfer_to",
        /// When.
        pub transferred_at: Option<Moment> as Time = "transferredAt" | "transferred_at",
    }
}

report! {
    /// A part of what was said on a call.
    pub struct Transcript requires ["callId", "roomSid", "roomName"] {
        /// Which part, from 0.
        pub part: Option<i64> as Integer = "part",
        /// At most 200 items.
        pub items: Vec<Item> as Many<One<Item>> = "items",
    }
}

report! {
    /// What came of a call, sent once when it is over.
    pub struct Analysed requires ["callId", "roomSid", "roomName"] {
        /// The version of livekit-agents.
        pub sdk_version: Option<String> as Text = "sdkVersion" | "sdk_version",
        /// When the session began.
        pub started_at: Option<Moment> as Time = "startedAt" | "started_at",
        /// When the caller was answered.
        pub answered_at: Option<Moment> as Time = "answeredAt" | "answered_at",
        /// When the session ended.
        pub ended_at: Option<Moment> as Time = "endedAt" | "ended_at",
        /// How long the session was, in milliseconds.
        pub duration_ms: Option<i64> as Integer = "durationMs" | "duration_ms",
        /// Why the session closed.
        pub close_reason: Option<String> as Text = "closeReason" | "close_reason",
        /// Whether the caller got what they wanted.
        pub outcome: Option<Outcome> as One<Outcome> = "outcome",
        /// The call in a few sentences.
        pub summary: Option<String> as Text = "summary",
        /// The caller's mood.
        pub sentiment: Option<Sentiment> as One<Sentiment> = "sentiment",
        /// Labels.
        pub tags: Vec<String> as Many<Text> = "tags",
        /// Verdicts of judges.
        pub evaluations: Vec<Evaluation> as Many<One<Evaluation>> = "evaluations",
        /// What was said, where the call was short; else it comes as transcript events.
        pub transcript: Vec<Item> as Many<One<Item>> = "transcript",
        /// How fast the agent was, in seconds.
        pub latency: Option<Latency> as One<Latency> = "latency",
        /// What the call used, by model.
        pub usage: Vec<Usage> as Many<One<Usage>> = "usage",
        /// How many errors, by component.
        pub errors: BTreeMap<String, f64> as Numbers = "errors",
        /// Where the recording is.
        pub recording: Option<Recording> as One<Recording> = "recording",
    }
}

report! {
    /// The agent is there, with or without a call: an idle one names none.
    pub struct Heartbeat {
        /// How many calls it has now.
        pub active_jobs: Option<i64> as Integer = "activeJobs" | "active_jobs",
        /// How busy its machine is, 0 to 1.
        pub load: Option<f64> as Number = "load",
    }
}

record! {
    /// Whether the caller got what they wanted.
    pub struct Outcome {
        /// `success`, `fail` or `unknown`.
        pub status: Option<String> as Text = "status",
        /// A short name, for example `appointment booked`.
        pub label: Option<String> as Text = "label",
        /// Why.
        pub reason: Option<String> as Text = "reason",
        /// What it brought in.
        pub revenue: Option<Revenue> as One<Revenue> = "revenue",
    }
}

record! {
    /// What a call brought in.
    pub struct Revenue {
        /// In the currency's smallest unit.
        pub amount_minor: Option<i64> as Integer = "amountMinor" | "amount_minor",
        /// ISO 4217.
        pub currency: Option<String> as Text = "currency",
        /// The words it was taken from.
        pub evidence: Option<String> as Text = "evidence",
    }
}

record! {
    /// The caller's mood.
    pub struct Sentiment {
        /// `positive`, `neutral` or `negative`.
        pub label: Option<String> as Text = "label",
        /// How sure, or how strong: -1 to 1.
        pub score: Option<f64> as Number = "score",
        /// The words it was taken from.
        pub evidence: Option<String> as Text = "evidence",
    }
}

record! {
    /// A judge's verdict.
    pub struct Evaluation {
        /// What was judged.
        pub name: Option<String> as Text = "name",
        /// `pass`, `fail` or `maybe`.
        pub verdict: Option<String> as Text = "verdict",
        /// Why.
        pub reasoning: Option<String> as Text = "reasoning",
    }
}

record! {
    /// How fast the agent was, in seconds.
    pub struct Latency {
        /// From the end of the caller's words to the first sound of the answer, median.
        pub e2e_p50: Option<f64> as Number = "e2eP50" | "e2e_p50",
        /// The same, 95th percentile.
        pub e2e_p95: Option<f64> as Number = "e2eP95" | "e2e_p95",
        /// To the model's first token, median.
        pub llm_ttft_p50: Option<f64> as Number = "llmTtftP50" | "llm_ttft_p50",
        /// To the voice's first byte, median.
        pub tts_ttfb_p50: Option<f64> as Number = "ttsTtfbP50" | "tts_ttfb_p50",
        /// Until the end of a turn was noticed, median.
        pub end_of_turn_p50: Option<f64> as Number = "endOfTurnP50" | "end_of_turn_p50",
        /// Until speech had become text, median.
        pub stt_p50: Option<f64> as Number = "sttP50" | "stt_p50",
        /// Of how many turns.
        pub turns: Option<i64> as Integer = "turns",
    }
}

record! {
    /// Where a recording is.
    pub struct Recording {
        /// `EG_…`.
        pub egress_id: Option<String> as Text = "egressId" | "egress_id",
        /// Its address.
        pub location: Option<String> as Text = "location",
    }
}

record! {
    /// One thing said or done on a call, as livekit-agents keeps its chat history.
    pub struct Item {
        /// `item_…`; unique within the call.
        pub id: Option<String> as Text = "id",
        /// `message`, `function_call`, `function_call_output` or `agent_handoff`.
        pub kind: Option<String> as Text = "type",
        /// `user`, `assistant`, `system` or `developer`.
        pub role: Option<String> as Text = "role",
        /// What was said.
        pub text: Option<String> as Words = "text",
        /// What was said, as livekit-agents writes it.
        pub content: Option<String> as Words = "content",
        /// Whether the other side spoke over it.
        pub interrupted: bool as Flag = "interrupted",
        /// How sure the transcription is, 0 to 1.
        pub confidence: Option<f64> as Number = "confidence" | "transcriptConfidence" | "transcript_confidence",
        /// When speaking began.
        pub started_at: Option<Moment> as Time = "startedAt" | "started_at",
        /// When speaking ended.
        pub stopped_at: Option<Moment> as Time = "stoppedAt" | "stopped_at",
        /// When the item was made.
        pub created_at: Option<Moment> as Time = "createdAt" | "created_at",
        /// The tool called.
        pub name: Option<String> as Text = "name" | "toolName" | "tool_name",
        /// What it was called with: JSON as text, or JSON.
        pub arguments: Option<String> as Verbatim = "arguments" | "toolArgs" | "tool_args",
        /// What the tool answered.
        pub output: Option<String> as Verbatim = "output",
        /// Whether the tool failed.
        pub is_error: bool as Flag = "isError" | "is_error",
        /// Joins a tool's answer to its call.
        pub call_id: Option<String> as Text = "callId" | "call_id",
        /// How fast this turn was, in seconds.
        pub metrics: Option<ItemMetrics> as One<ItemMetrics> = "metrics",
    }
}

record! {
    /// How fast a turn was, in seconds; times in seconds since 1970.
    pub struct ItemMetrics {
        /// From the end of the caller's words to the first sound of the answer.
        pub e2e_latency: Option<f64> as Number = "e2eLatency" | "e2e_latency",
        /// When speaking began.
        pub started_speaking_at: Option<Moment> as Time = "startedSpeakingAt" | "started_speaking_at",
        /// When speaking ended.
        pub stopped_speaking_at: Option<Moment> as Time = "stoppedSpeakingAt" | "stopped_speaking_at",
    }
}

/// What a call used of one model. Every number livekit-agents reports is kept under its name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Usage {
    /// For example `llm_usage`.
    pub kind: Option<String>,
    /// For example `openai`.
    pub provider: Option<String>,
    /// For example `gpt-4.1-mini`.
    pub model: Option<String>,
    /// For example `input_tokens`.
    pub quantities: BTreeMap<String, f64>,
}

impl Record for Usage {
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "kind" | "type" => self.kind = map.next_value_seed(Reading::<Text>::default())?,
            "provider" => self.provider = map.next_value_seed(Reading::<Text>::default())?,
            "model" => self.model = map.next_value_seed(Reading::<Text>::default())?,
            name => {
                if let Some(number) = map.next_value_seed(Reading::<Number>::default())? {
                    self.quantities.insert(printable(name), number);
                }
            }
        }
        Ok(())
    }
}

impl JsonSchema for Usage {
    fn schema_name() -> Cow<'static, str> {
        "Usage".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let text = json_schema!({ "type": ["string", "null"] });
        json_schema!({
            "type": "object",
            "description": "What a call used of one model; every further number is a quantity.",
            "properties": { "type": text, "kind": text, "provider": text, "model": text },
        })
    }
}

impl Item {
    /// What was said, under either name.
    #[must_use]
    pub fn words(&self) -> Option<&str> {
        self.text.as_deref().or(self.content.as_deref())
    }
}
