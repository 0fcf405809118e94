//! One item of a transcript, as far as rows show it.

use crate::calls::fact::{bounded, key, millis};
use frontdesk_events::catalogue::{agent::Item, moment::Moment};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::cmp::Reverse;

/// The longest text of one item, in bytes.
const LONGEST_LINE: usize = 4_000;

/// One item of a transcript. Of two versions the one placed earlier wins, then the one said later.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Line {
    #[serde(rename = "p")]
    pub(super) place: (i64, usize),
    #[serde(rename = "t")]
    pub(super) said: Reverse<(Option<Moment>, String)>,
    #[serde(rename = "w")]
    pub(super) speaker: Speaker,
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub(super) at: Option<Moment>,
    #[serde(rename = "x", default, skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<String>,
    #[serde(rename = "i", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) interrupted: bool,
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub(super) tool: Option<String>,
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub(super) arguments: Option<String>,
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    pub(super) output: Option<String>,
    #[serde(rename = "e", default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_error: bool,
    #[serde(rename = "k", default, skip_serializing_if = "Option::is_none")]
    pub(super) tool_call: Option<String>,
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub(super) e2e_ms: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Speaker {
    #[serde(rename = "c")]
    Caller,
    #[serde(rename = "r")]
    Receptionist,
    #[serde(rename = "t")]
    Tool,
    /// What a tool answered: shown with its call.
    #[serde(rename = "o")]
    Answer,
    #[serde(rename = "s")]
    System,
}

impl Line {
    /// Who said what, in a few characters.
    pub(super) fn digest(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(format!("{:?}", self.speaker));
        for text in [&self.text, &self.tool, &self.arguments, &self.output] {
            hash.update(text.as_deref().unwrap_or_default());
            hash.update([0]);
        }
        hex::encode(&hash.finalize()[..8])
    }

    /// `None` for what nobody said: configuration (it holds the prompt), empty messages, and kinds
    /// made after us.
    pub(super) fn of(
        item: &Item,
        place: (i64, usize),
        said: Reverse<(Option<Moment>, String)>,
    ) -> Option<Self> {
        let kind = item.kind.as_deref().unwrap_or("message");
        let speaker = match (kind, item.role.as_deref()) {
            ("message", Some("user")) => Speaker::Caller,
            ("message", Some("assistant")) => Speaker::Receptionist,
            ("message", _) | ("agent_handoff", _) => Speaker::System,
            ("function_call", _) => Speaker::Tool,
            ("function_call_output", _) => Speaker::Answer,
            _ => return None,
        };
        let line = |text: &str| bounded(text, LONGEST_LINE);
        let text = match kind {
            "agent_handoff" => Some(
                item.words()
                    .map_or_else(|| "Handed over to another receptionist".to_owned(), line),
            ),
            "message" => Some(line(item.words()?)),
            _ => None,
        };
        let metrics = item.metrics.clone().unwrap_or_default();
        Some(Self {
            place,
            said,
            speaker,
            at: item
                .started_at
                .or(metrics.started_speaking_at)
                .or(item.created_at),
            text,
            interrupted: item.interrupted,
            tool: item.name.as_deref().map(|name| bounded(name, 256)),
            arguments: item.arguments.as_deref().map(line),
            output: item.output.as_deref().map(line),
            is_error: item.is_error,
            tool_call: item.call_id.as_deref().map(key),
            e2e_ms: millis(metrics.e2e_latency),
        })
    }
}
