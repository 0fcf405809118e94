//! The four reports of a call, as JSON: answered, transcript, transferred, analysed.

use super::{
    AGENT_NAME, Report,
    speech::{Item, Speech, percentile},
};
use crate::{
    conversation::{Conversation, Turn, script::Speaker},
    stories::Timeline,
};
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

/// What every report says about its call.
#[derive(Debug, Clone)]
pub struct Job {
    /// `AJ_…`, part of the agent's identity.
    pub id: String,
    /// `sip.callID`, or the visitor's participant sid.
    pub call_id: String,
    /// `RM_…`.
    pub room_sid: String,
    /// The room's name.
    pub room_name: String,
    /// What the dispatch rule said, if anything.
    pub tenant: Option<String>,
    /// Every second job's events travel in structured mode.
    pub structured: bool,
}

/// What the analysis adds to the conversation.
#[derive(Debug, Clone)]
pub struct Ending {
    /// When the agent answered, ms into the story.
    pub answered_ms: i64,
    /// When the call was over, ms into the story.
    pub ended_ms: i64,
    /// livekit-agents' word.
    pub close_reason: &'static str,
    /// Egress id and where the file lies.
    pub recording: Option<(String, String)>,
    /// How many items had been reported by `call.transcript`: the rest, or all when none, is in
    /// the analysis.
    pub reported: usize,
}

/// An instant as the reports write it.
fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// An instant as livekit-agents writes it in chat items.
fn epoch(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}

impl Job {
    fn report(
        &self,
        what: &'static str,
        part: &str,
        time: DateTime<Utc>,
        mut data: Value,
    ) -> Report {
        let (kind, name) = match what {
            "answered" => ("dev.frontdesk.call.answered.v1", "answered"),
            "transferred" => ("dev.frontdesk.call.transferred.v1", "transferred"),
            "transcript" => ("dev.frontdesk.call.transcript.v1", "transcript"),
            _ => ("dev.frontdesk.call.analysed.v1", "analysed"),
        };
        data["callId"] = self.call_id.as_str().into();
        data["roomSid"] = self.room_sid.as_str().into();
        data["roomName"] = self.room_name.as_str().into();
        data["jobId"] = self.id.as_str().into();
        data["agentName"] = AGENT_NAME.into();
        if let Some(tenant) = &self.tenant {
            data["tenantId"] = tenant.as_str().into();
        }
        Report {
            id: format!("{}:{name}{part}", self.id),
            kind,
            agent: AGENT_NAME.to_owned(),
            subject: self.call_id.clone(),
            time,
            room_name: self.room_name.clone(),
            data: data.to_string().into(),
            structured: self.structured,
        }
    }

    /// The caller hears the agent from now on.
    #[must_use]
    pub fn answered(&self, at: DateTime<Utc>) -> Report {
        self.report("answered", "", at, json!({ "answeredAt": stamp(at) }))
    }

    /// The caller is being put through.
    #[must_use]
    pub fn transferred(&self, at: DateTime<Utc>, to: &str) -> Report {
        self.report(
            "transferred",
            "",
            at,
            json!({ "transferTo": to, "transferredAt": stamp(at) }),
        )
    }

    /// What was said since the part before.
    #[must_use]
    pub fn transcript(
        &self,
        at: DateTime<Utc>,
        part: usize,
        items: &[Item],
        clock: Timeline,
        answered_ms: i64,
    ) -> Report {
        let items: Vec<_> = items
            .iter()
            .flat_map(|item| chat_items(item, clock, answered_ms))
            .collect();
        self.report(
            "transcript",
            &format!(":{part}"),
            at,
            json!({ "part": part, "items": items }),
        )
    }

    /// What came of the call.
    #[must_use]
    pub fn analysed(
        &self,
        at: DateTime<Utc>,
        conversation: &Conversation,
        speech: &Speech,
        clock: Timeline,
        ending: &Ending,
    ) -> Report {
        let revenue = conversation.revenue.as_ref().map(|revenue| {
            json!({ "amountMinor": revenue.amount_minor, "currency": "USD", "evidence": revenue.evidence })
        });
        let spoken = &speech.items[..];
        let rest: Vec<_> = spoken[ending.reported..]
            .iter()
            .flat_map(|item| chat_items(item, clock, ending.answered_ms))
            .collect();
        let mut data = json!({
            "sdkVersion": "1.8.9",
            "startedAt": stamp(clock.at(0)),
            "answeredAt": stamp(clock.at(ending.answered_ms)),
            "endedAt": stamp(clock.at(ending.ended_ms)),
            "durationMs": (clock.at(ending.ended_ms) - clock.at(ending.answered_ms)).num_milliseconds(),
            "closeReason": ending.close_reason,
            "outcome": {
                "status": conversation.outcome,
                "label": conversation.outcome_label,
                "reason": conversation.outcome_reason,
                "revenue": revenue,
            },
            "summary": conversation.summary,
            "sentiment": {
                "label": conversation.sentiment,
                "score": conversation.sentiment_score,
                "evidence": conversation.sentiment_evidence,
            },
            "tags": conversation.tags,
            "evaluations": [{
                "name": "task_completion",
                "verdict": match conversation.outcome { "success" => "pass", "fail" => "fail", _ => "maybe" },
                "reasoning": conversation.outcome_reason,
            }],
            "latency": latency(spoken),
            "usage": usage(speech, spoken),
            "errors": errors(spoken),
            "recording": ending.recording.as_ref().map(|(egress, location)| json!({ "egressId": egress, "location": location })),
        });
        if !rest.is_empty() {
            data["transcript"] = rest.into();
        }
        self.report("analysed", "", at, data)
    }
}

/// A turn as livekit-agents keeps it: a tool's use is two items, its call and its answer.
fn chat_items(item: &Item, clock: Timeline, answered_ms: i64) -> Vec<Value> {
    let at = |ms: i64| epoch(clock.at(answered_ms + ms));
    match &item.turn {
        Turn::Said {
            speaker,
            text,
            interrupted,
        } => {
            let caller = *speaker == Speaker::Caller;
            let metrics = if caller {
                json!({ "transcriptionDelay": item.delays.transcription, "endOfTurnDelay": item.delays.end_of_turn })
            } else if item.delays.whole > 0.0 {
                json!({ "llmNodeTtft": item.delays.model, "ttsNodeTtfb": item.delays.voice, "e2eLatency": item.delays.whole })
            } else {
                json!({ "llmNodeTtft": item.delays.model, "ttsNodeTtfb": item.delays.voice })
            };
            let mut said = json!({
                "id": item.id,
                "type": "message",
                "role": if caller { "user" } else { "assistant" },
                "text": text,
                "interrupted": interrupted,
                "startedAt": at(item.started_ms),
                "stoppedAt": at(item.stopped_ms),
                "createdAt": at(item.stopped_ms),
                "metrics": metrics,
            });
            if caller {
                said["confidence"] = item.confidence.into();
            }
            vec![said]
        }
        Turn::Tool {
            name,
            arguments,
            output,
            failed,
        } => vec![
            json!({
                "id": item.id,
                "type": "function_call",
                "callId": item.call_id,
                "name": name,
                "arguments": arguments,
                "createdAt": at(item.started_ms),
            }),
            json!({
                "id": format!("{}_out", item.id),
                "type": "function_call_output",
                "callId": item.call_id,
                "name": name,
                "output": output,
                "isError": failed,
                "createdAt": at(item.stopped_ms),
            }),
        ],
    }
}

/// The figures a report carries, in seconds, from the turns that were spoken.
fn latency(spoken: &[Item]) -> Value {
    let of = |pick: fn(&Item) -> f64, share| {
        percentile(
            spoken
                .iter()
                .map(pick)
                .filter(|seconds| *seconds > 0.0)
                .collect(),
            share,
        )
    };
    let replies = spoken.iter().filter(|item| item.delays.whole > 0.0).count();
    json!({
        "e2eP50": of(|item| item.delays.whole, 0.5),
        "e2eP95": of(|item| item.delays.whole, 0.95),
        "llmTtftP50": of(|item| item.delays.model, 0.5),
        "ttsTtfbP50": of(|item| item.delays.voice, 0.5),
        "sttP50": of(|item| item.delays.transcription, 0.5),
        "endOfTurnP50": of(|item| item.delays.end_of_turn, 0.5),
        "turns": replies,
    })
}

/// What the providers will bill, as livekit-agents counts it. Rough rules: four letters a token,
/// instructions of nine hundred tokens, everything said so far read again at each reply.
fn usage(speech: &Speech, spoken: &[Item]) -> Value {
    let (mut read, mut cached, mut written, mut history) = (0, 0, 0, 900);
    for item in spoken {
        match &item.turn {
            Turn::Said {
                speaker: Speaker::Caller,
                text,
                ..
            } => history += text.len() / 4 + 6,
            Turn::Said { text, .. } => {
                read += history;
                cached += history / 128 * 128;
                written += text.len() / 4 + 2;
                history += text.len() / 4 + 6;
            }
            Turn::Tool {
                arguments, output, ..
            } => {
                read += history;
                cached += history / 128 * 128;
                written += arguments.len() / 4 + 12;
                history += (arguments.len() + output.len()) / 4 + 20;
            }
        }
    }
    let turns = spoken
        .iter()
        .filter(|item| item.delays.end_of_turn > 0.0)
        .count();
    let tenths = |seconds: f64| (seconds * 10.0).round() / 10.0;
    json!([
        { "type": "llm_usage", "provider": "openai", "model": "gpt-4.1-mini",
          "input_tokens": read, "input_cached_tokens": cached, "output_tokens": written },
        { "type": "tts_usage", "provider": "cartesia", "model": "sonic-3",
          "characters_count": speech.voiced_letters, "audio_duration": tenths(speech.voiced_seconds) },
        { "type": "stt_usage", "provider": "deepgram", "model": "nova-3",
          "audio_duration": tenths(speech.heard_seconds + speech.voiced_seconds) },
        { "type": "eot_usage", "provider": "livekit", "model": "turn-detector", "total_requests": turns },
    ])
}

fn errors(spoken: &[Item]) -> Value {
    let failed = spoken
        .iter()
        .filter(|item| matches!(item.turn, Turn::Tool { failed: true, .. }))
        .count();
    if failed == 0 {
        json!({})
    } else {
        json!({ "tool": failed })
    }
}
