//! From what is known of a room to the row of one of its calls.
//!
//! Three hands write a row: who called whom, what became of the call, and what the agent made of
//! it. None of them reads what another wrote.

use super::CallRow;
use crate::{
    aggregate::Owners,
    calls::{
        call_id,
        callers::{Call, named, text},
        ending::ending,
        merge::Merge as _,
        number,
        room::{Analysis, Recording, Report, Room, Stage},
        timing::{End, Timing, timing, was_active},
    },
};
use frontdesk_events::catalogue::moment::Moment;
use serde_json::Value;

/// The row of a call.
pub(super) fn call_row(
    room_sid: &str,
    room: &Room,
    calls: &[Call<'_>],
    call: &Call<'_>,
    owners: &dyn Owners,
) -> CallRow {
    let report = report(room, calls, call);
    let mut row = CallRow {
        id: call_id(room_sid, call.key),
        room_sid: room_sid.to_owned(),
        room_name: room.name.0.clone().unwrap_or_default(),
        call_key: call.key.to_owned(),
        agent_name: report
            .agent
            .0
            .clone()
            .or_else(|| text(&room.agent).map(str::to_owned)),
        ..CallRow::default()
    };
    write_parties(&mut row, call, owners);
    write_course(&mut row, room, call, &report);
    write_analysis(&mut row, &report);
    write_recording(&mut row, room, &report);
    row
}

fn write_parties(row: &mut CallRow, call: &Call<'_>, owners: &dyn Owners) {
    let owner = call.owner(owners);
    row.user_id = owner.map(|owner| owner.user);
    row.client_id = owner.and_then(|owner| owner.client);
    row.channel = if call.phone { "phone" } else { "web" }.to_owned();
    row.caller_number = call
        .text(|person| &person.number)
        .and_then(number::normalised);
    row.caller_name = caller_name(call, row.caller_number.as_deref());
    row.dialled_number = call.dialled();
}

fn write_course(row: &mut CallRow, room: &Room, call: &Call<'_>, report: &Report) {
    let analysed = || {
        report
            .analysis
            .value()
            .and_then(|analysis| analysis.answered)
    };
    let timing = timing(
        room,
        call,
        report.answered.value().copied().or_else(analysed),
    );
    let answered =
        timing.answered.is_some() || (!matches!(timing.end, End::Open) && was_active(call));
    row.state = state(&timing).to_owned();
    row.result = result(&timing, call, answered).map(str::to_owned);
    row.started_at = call.started.time();
    row.answered_at = timing.answered.map(Moment::time);
    row.ended_at = timing.ended.map(Moment::time);
    row.ring_ms = ring(&timing, call, answered);
    row.talk_ms = timing
        .ended
        .zip(timing.answered)
        .map(|(ended, answered)| ended.millis_since(answered));
    if let Some(end) = ending(&timing.end, call, answered, report) {
        row.end_by = Some(end.by.as_str().to_owned());
        row.end_code = Some(end.code);
        row.end_words = Some(end.words);
    }
    if let Some(transfer) = report.transferred.value() {
        row.transferred_to.clone_from(&transfer.to);
        row.transferred_at = transfer.at.map(Moment::time);
    }
}

fn write_analysis(row: &mut CallRow, report: &Report) {
    let Some(analysis) = report.analysis.value().cloned() else {
        return;
    };
    row.outcome_status = analysis.status;
    row.outcome_label = analysis.label;
    row.outcome_reason = analysis.reason;
    (row.revenue_minor, row.revenue_currency) = analysis.revenue.unzip();
    row.revenue_evidence = analysis.revenue_evidence;
    row.summary = analysis.summary;
    row.sentiment_label = analysis.sentiment;
    row.sentiment_score = analysis.score;
    row.sentiment_evidence = analysis.sentiment_evidence;
    row.tags = analysis.tags;
    [
        row.stt_p50_ms,
        row.llm_p50_ms,
        row.tts_p50_ms,
        row.e2e_p50_ms,
        row.e2e_p95_ms,
    ] = analysis.latency;
    row.turns = analysis.turns;
    row.usage = (!analysis.usage.is_empty()).then(|| Value::from(analysis.usage));
}

/// The room's best recording. One that is stored counts more than one that failed.
fn write_recording(row: &mut CallRow, room: &Room, report: &Report) {
    let empty = (Recording::default(), Analysis::default());
    let best = room
        .recordings
        .iter()
        .max_by_key(|(id, recording)| (recording.stage.0, recording.millis.0, *id));
    let best = best.map_or(&empty.0, |(_, recording)| recording);
    let analysis = report.analysis.value().unwrap_or(&empty.1);
    let state = match best.stage.0 {
        Some(Stage::Recording) => Some("recording"),
        Some(Stage::Failed) => Some("failed"),
        Some(Stage::Ready) => Some("ready"),
        None if analysis.location.is_some() => Some("ready"),
        None if analysis.recorded => Some("recording"),
        None => None,
    };
    row.recording_state = state.map(str::to_owned);
    row.recording_location = best
        .location
        .0
        .clone()
        .or_else(|| analysis.location.clone());
    row.recording_ms = best.millis.0;
}

/// Everything agents reported about this call.
fn report(room: &Room, calls: &[Call<'_>], call: &Call<'_>) -> Report {
    let mut all = Report::default();
    for (id, report) in &room.reports {
        if named(calls, id).is_some_and(|named| named.key == call.key) {
            all.merge(report);
        }
    }
    all
}

fn state(timing: &Timing<'_>) -> &'static str {
    match (timing.end, timing.answered) {
        (End::Open, None) => "ringing",
        (End::Open, Some(_)) => "live",
        _ => "ended",
    }
}

fn result(timing: &Timing<'_>, call: &Call<'_>, answered: bool) -> Option<&'static str> {
    let status = match timing.end {
        End::Open => return None,
        End::Aborted(_) => return Some("failed"),
        _ if answered => return Some("answered"),
        End::Left(departure) => departure.status.as_deref(),
        // Whether the caller was still there when the room went, nobody said.
        End::Room(_) => Some("ringing"),
    };
    let waited = matches!(status, Some("ringing" | "dialing"));
    Some(if call.phone && waited {
        "missed"
    } else {
        "abandoned"
    })
}

/// Until the answer, or until the caller was gone. Unknown where only the phone's status proves
/// that there was an answer.
fn ring(timing: &Timing<'_>, call: &Call<'_>, answered: bool) -> Option<i64> {
    let unanswered_until = timing.ended.filter(|_| !answered);
    timing
        .answered
        .or(unanswered_until)
        .map(|until| until.millis_since(call.started))
}

/// A name that says more than the number does. LiveKit calls a phone `Phone <number>`, and a
/// hidden one `Phone <last four digits>`.
fn caller_name(call: &Call<'_>, number: Option<&str>) -> Option<String> {
    let name = call.text(|person| &person.name)?;
    if !call.phone {
        return Some(name.to_owned());
    }
    let Some(rest) = name.strip_prefix("Phone ").map(str::trim) else {
        // An identity: nothing a person would want to read.
        return (!name.starts_with("sip_")).then(|| name.to_owned());
    };
    let digits = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    match number::normalised(rest) {
        normal if normal.as_deref() == number && number.is_some() => None,
        _ if number.is_none() && digits && rest.len() <= 4 => {
            Some(format!("Number ending in {rest}"))
        }
        Some(_) => None,
        None if rest.is_empty() || rest.eq_ignore_ascii_case("anonymous") => None,
        None => Some(rest.to_owned()),
    }
}
