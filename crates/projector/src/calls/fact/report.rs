//! An agent's reports as pieces of state: only what rows show, each text bounded.

use super::{CallFact, LONGEST_NAME, LONGEST_TEXT, bounded, key, recorded};
use crate::calls::{
    merge::{Latest, Least, Said},
    room::{Analysis, Report, Room, Transfer},
    transcript::{AFTER_ALL_PARTS, Script},
};
use frontdesk_events::{
    Envelope,
    catalogue::agent::{Analysed, Answered, Latency, Transcript, Transferred, Usage},
};
use serde_json::{Value, json};

const MOST_TAGS: usize = 50;
const MOST_MODELS: usize = 20;
const MOST_QUANTITIES: usize = 30;

fn said<T>(envelope: &Envelope, value: Option<T>) -> Latest<T> {
    Latest(value.map(|value| Said {
        at: recorded(envelope),
        id: key(envelope.id()),
        value,
    }))
}

/// The call a report names; empty when it names none.
fn about(call: Option<&str>) -> String {
    call.map(key).unwrap_or_default()
}

fn fact(
    room: Option<&str>,
    call: Option<&str>,
    agent: Option<&str>,
    mut report: Report,
) -> CallFact {
    report.agent = Least(agent.map(|name| bounded(name, LONGEST_NAME)));
    let mut session = Room::default();
    session.reports.insert(about(call), report);
    CallFact {
        room: room.map(key),
        session: Some(Box::new(session)),
        script: None,
    }
}

pub(super) fn answered(report: &Answered, envelope: &Envelope) -> CallFact {
    let answered = report.answered_at.or_else(|| recorded(envelope));
    fact(
        report.room_sid.as_deref(),
        report.call_id.as_deref(),
        report.agent_name.as_deref(),
        Report {
            answered: said(envelope, answered),
            ..Report::default()
        },
    )
}

pub(super) fn transferred(report: &Transferred, envelope: &Envelope) -> CallFact {
    let transfer = Transfer {
        to: name(report.transfer_to.as_deref()),
        at: report.transferred_at.or_else(|| recorded(envelope)),
    };
    fact(
        report.room_sid.as_deref(),
        report.call_id.as_deref(),
        report.agent_name.as_deref(),
        Report {
            transferred: said(envelope, Some(transfer)),
            ..Report::default()
        },
    )
}

pub(super) fn transcript(report: &Transcript, envelope: &Envelope) -> CallFact {
    let script = Script::of_items(
        &about(report.call_id.as_deref()),
        report.part,
        &report.items,
        recorded(envelope),
        envelope,
    );
    CallFact {
        room: report.room_sid.as_deref().map(key),
        session: None,
        script: Some(Box::new(script)),
    }
}

pub(super) fn analysed(report: &Analysed, envelope: &Envelope) -> CallFact {
    let call = about(report.call_id.as_deref());
    let mut fact = fact(
        report.room_sid.as_deref(),
        report.call_id.as_deref(),
        report.agent_name.as_deref(),
        Report {
            analysis: said(envelope, Some(analysis(report))),
            ..Report::default()
        },
    );
    if !report.transcript.is_empty() {
        let script = Script::of_items(
            &call,
            Some(AFTER_ALL_PARTS),
            &report.transcript,
            recorded(envelope),
            envelope,
        );
        fact.script = Some(Box::new(script));
    }
    fact
}

fn name(text: Option<&str>) -> Option<String> {
    text.map(|text| bounded(text, LONGEST_NAME))
}

fn text(text: Option<&str>) -> Option<String> {
    text.map(|text| bounded(text, LONGEST_TEXT))
}

fn analysis(report: &Analysed) -> Analysis {
    let outcome = report.outcome.clone().unwrap_or_default();
    let revenue = outcome.revenue.unwrap_or_default();
    let sentiment = report.sentiment.clone().unwrap_or_default();
    let latency = report.latency.clone().unwrap_or_default();
    let recording = report.recording.clone().unwrap_or_default();
    let lower = |text: Option<&str>| name(text).map(|text| text.to_lowercase());
    Analysis {
        answered: report.answered_at,
        closed: lower(report.close_reason.as_deref()),
        status: lower(outcome.status.as_deref()),
        label: name(outcome.label.as_deref()),
        reason: text(outcome.reason.as_deref()),
        revenue: revenue
            .amount_minor
            .zip(currency(revenue.currency.as_deref())),
        revenue_evidence: text(revenue.evidence.as_deref()),
        summary: text(report.summary.as_deref()),
        sentiment: lower(sentiment.label.as_deref()),
        score: sentiment.score,
        sentiment_evidence: text(sentiment.evidence.as_deref()),
        tags: report
            .tags
            .iter()
            .take(MOST_TAGS)
            .map(|tag| bounded(tag, LONGEST_NAME))
            .collect(),
        latency: latencies(&latency),
        turns: latency.turns.filter(|turns| *turns >= 0),
        usage: report.usage.iter().take(MOST_MODELS).map(usage).collect(),
        recorded: recording.egress_id.is_some() || recording.location.is_some(),
        location: text(recording.location.as_deref()),
    }
}

fn currency(code: Option<&str>) -> Option<String> {
    frontdesk_events::money::Currency::parse(code?).map(String::from)
}

fn latencies(latency: &Latency) -> [Option<i64>; 5] {
    [
        latency.stt_p50,
        latency.llm_ttft_p50,
        latency.tts_ttfb_p50,
        latency.e2e_p50,
        latency.e2e_p95,
    ]
    .map(millis)
}

/// Seconds as whole milliseconds. No answer takes an hour: such a figure is a mistake.
pub(in crate::calls) fn millis(seconds: Option<f64>) -> Option<i64> {
    seconds
        .filter(|seconds| (0.0..3600.0).contains(seconds))
        .map(|seconds| (seconds * 1000.0).round() as i64)
}

fn usage(usage: &Usage) -> Value {
    let quantities: serde_json::Map<String, Value> = usage
        .quantities
        .iter()
        .take(MOST_QUANTITIES)
        .map(|(name, number)| (bounded(name, LONGEST_NAME), quantity(*number)))
        .collect();
    json!({
        "kind": name(usage.kind.as_deref()).unwrap_or_else(|| "unknown".to_owned()),
        "provider": name(usage.provider.as_deref()),
        "model": name(usage.model.as_deref()),
        "quantities": quantities,
    })
}

/// Counts are shown as whole numbers, though they travel as floats.
fn quantity(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        json!(number as i64)
    } else {
        json!(number)
    }
}
