//! An agent's reports as pieces of state: only what rows show, each text bounded.

use super::{CallFact, LONGEST_NAME, LONGEST_TEXT, bounded, key, past, recorded};
use crate::calls::{
    key::RoomKey,
    merge::{Least, Recent, Said},
    room::{Analysis, Report, Room, Transfer},
    transcript::{AFTER_ALL_PARTS, Script},
};
use frontdesk_events::{
    Envelope,
    catalogue::agent::{
        Analysed, Answered, Heartbeat, Latency, Revenue, Transcript, Transferred, Usage,
    },
};
use serde_json::{Value, json};

const MOST_TAGS: usize = 50;
const LONGEST_TAG: usize = 128;
/// What one call may use is bounded tightly, because a state holds the analyses of all its calls.
const MOST_MODELS: usize = 10;
const MOST_QUANTITIES: usize = 16;
const LONGEST_WORD: usize = 64;
/// Summaries.
const LONGEST_SUMMARY: usize = 4_000;
/// Reasons and what they were taken from.
const LONGEST_REASON: usize = 2_000;
/// No call takes a million million turns or tokens: a larger figure is a mistake, as is one below
/// nothing.
const LARGEST_COUNT: i64 = 1_000_000_000_000;
/// A thousand million in currencies of two decimals: no call brings that in, so a larger figure is
/// a mistake and no revenue. 92 million of the largest fit a sum of 64 bits, which is more calls
/// than ingest can take in within an hour.
const LARGEST_REVENUE_MINOR: i64 = 100_000_000_000;

fn recent<T>(envelope: &Envelope, value: T) -> Recent<T> {
    Recent(vec![Said {
        at: recorded(envelope),
        id: key(envelope.id()),
        value,
    }])
}

/// The call a report names; empty when it names none.
fn about(call: Option<&str>) -> String {
    call.map(key).unwrap_or_default()
}

/// The fields every report has, wherever they stand.
macro_rules! place {
    ($report:expr, $envelope:expr) => {{
        let name = $report.room_name.as_deref();
        let sid = $report.room_sid.as_deref();
        sid.map(|sid| RoomKey::of(sid, name, $envelope))
    }};
}

fn fact(
    room: Option<RoomKey>,
    call: Option<&str>,
    agent: Option<&str>,
    mut report: Report,
) -> CallFact {
    report.agent = Least(agent.map(|name| bounded(name, LONGEST_NAME)));
    let mut session = Room::default();
    session.reports.insert(about(call), Box::new(report));
    CallFact {
        room,
        session: Some(Box::new(session)),
        script: None,
    }
}

pub(super) fn answered(report: &Answered, envelope: &Envelope) -> CallFact {
    let answered = past(report.answered_at, envelope).or_else(|| recorded(envelope));
    let answered = answered.map(|at| recent(envelope, at));
    fact(
        place!(report, envelope),
        report.call_id.as_deref(),
        report.agent_name.as_deref(),
        Report {
            answered: answered.unwrap_or_default(),
            ..Report::default()
        },
    )
}

pub(super) fn transferred(report: &Transferred, envelope: &Envelope) -> CallFact {
    let transfer = Transfer {
        to: name(report.transfer_to.as_deref().map(without_scheme)),
        at: past(report.transferred_at, envelope).or_else(|| recorded(envelope)),
    };
    fact(
        place!(report, envelope),
        report.call_id.as_deref(),
        report.agent_name.as_deref(),
        Report {
            transferred: recent(envelope, transfer),
            ..Report::default()
        },
    )
}

pub(super) fn transcript(report: &Transcript, envelope: &Envelope) -> CallFact {
    let script = Script::of_items(report.part, &report.items, recorded(envelope), envelope);
    CallFact {
        room: place!(report, envelope),
        session: None,
        script: Some((about(report.call_id.as_deref()), Box::new(script))),
    }
}

pub(super) fn analysed(report: &Analysed, envelope: &Envelope) -> CallFact {
    let mut fact = fact(
        place!(report, envelope),
        report.call_id.as_deref(),
        report.agent_name.as_deref(),
        Report {
            analysis: recent(envelope, analysis(report, envelope)),
            ..Report::default()
        },
    );
    if !report.transcript.is_empty() {
        let script = Script::of_items(
            Some(AFTER_ALL_PARTS),
            &report.transcript,
            recorded(envelope),
            envelope,
        );
        fact.script = Some((about(report.call_id.as_deref()), Box::new(script)));
    }
    fact
}

/// Filed under its room where it names one, and folded by nobody. So is what an agent tells in a type
/// of its own: a heartbeat requires nothing and has every field by which reports find their call.
pub(super) fn heartbeat(report: &Heartbeat, envelope: &Envelope) -> CallFact {
    CallFact {
        room: place!(report, envelope),
        ..CallFact::default()
    }
}

/// LiveKit is told to transfer to `tel:` and a number; whoever reads it wants the number.
fn without_scheme(to: &str) -> &str {
    match to.split_at_checked("tel:".len()) {
        Some((scheme, number)) if scheme.eq_ignore_ascii_case("tel:") => number,
        _ => to,
    }
}

fn name(text: Option<&str>) -> Option<String> {
    text.map(|text| bounded(text, LONGEST_NAME))
}

fn text(text: Option<&str>, longest: usize) -> Option<String> {
    text.map(|text| bounded(text, longest))
}

fn analysis(report: &Analysed, envelope: &Envelope) -> Analysis {
    let outcome = report.outcome.clone().unwrap_or_default();
    let revenue = outcome.revenue.unwrap_or_default();
    let sentiment = report.sentiment.clone().unwrap_or_default();
    let latency = report.latency.clone().unwrap_or_default();
    let recording = report.recording.clone().unwrap_or_default();
    let lower = |text: Option<&str>| name(text).map(|text| text.to_lowercase());
    Analysis {
        answered: past(report.answered_at, envelope),
        closed: lower(report.close_reason.as_deref()),
        ended: past(report.ended_at, envelope),
        status: lower(outcome.status.as_deref()),
        label: name(outcome.label.as_deref()),
        reason: text(outcome.reason.as_deref(), LONGEST_REASON),
        revenue: amount(&revenue),
        revenue_evidence: text(revenue.evidence.as_deref(), LONGEST_REASON),
        summary: text(report.summary.as_deref(), LONGEST_SUMMARY),
        sentiment: lower(sentiment.label.as_deref()),
        // On another scale it says nothing beside others.
        score: sentiment.score.filter(|score| (-1.0..=1.0).contains(score)),
        sentiment_evidence: text(sentiment.evidence.as_deref(), LONGEST_REASON),
        tags: report
            .tags
            .iter()
            .take(MOST_TAGS)
            .map(|tag| bounded(tag, LONGEST_TAG))
            .collect(),
        latency: latencies(&latency),
        turns: latency
            .turns
            .filter(|turns| (0..=LARGEST_COUNT).contains(turns)),
        usage: report.usage.iter().take(MOST_MODELS).map(usage).collect(),
        recorded: recording.egress_id.is_some() || recording.location.is_some(),
        location: text(recording.location.as_deref(), LONGEST_TEXT),
    }
}

fn amount(revenue: &Revenue) -> Option<(i64, String)> {
    let plausible = -LARGEST_REVENUE_MINOR..=LARGEST_REVENUE_MINOR;
    let minor = revenue
        .amount_minor
        .filter(|minor| plausible.contains(minor))?;
    let currency = frontdesk_events::money::Currency::parse(revenue.currency.as_deref()?)?;
    Some((minor, String::from(currency)))
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
    let word = |text: &str| bounded(text, LONGEST_WORD);
    let quantities: serde_json::Map<String, Value> = usage
        .quantities
        .iter()
        .filter(|(_, number)| (0.0..=LARGEST_COUNT as f64).contains(*number))
        .take(MOST_QUANTITIES)
        .map(|(name, number)| (word(name), quantity(*number)))
        .collect();
    json!({
        "kind": usage.kind.as_deref().map_or_else(|| "unknown".to_owned(), word),
        "provider": usage.provider.as_deref().map(word),
        "model": usage.model.as_deref().map(word),
        "quantities": quantities,
    })
}

/// Counts are shown as whole numbers, though they travel as floats.
fn quantity(number: f64) -> Value {
    if number.fract() == 0.0 {
        json!(number as i64)
    } else {
        json!(number)
    }
}
