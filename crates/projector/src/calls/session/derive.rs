//! From what is known of a room to the row of one of its calls.
//!
//! Three hands write a row: who called whom, what became of the call, and what the agent made of
//! it. None of them reads what another wrote.

use super::CallRow;
use crate::{
    aggregate::Owners,
    calls::{
        callers::{Call, Leg, Names, calls, ranked, text},
        ending::{caller_left, ending},
        key::Place,
        merge::Merge as _,
        number,
        room::{Departure, Recording, Report, Room, Stage},
        sound::Sounds,
        timing::{End, Reported, Timing, timing, was_active},
    },
};
use frontdesk_events::catalogue::moment::Moment;
use serde_json::Value;
use std::borrow::Cow;

/// The rows of a room's calls.
pub(super) fn call_rows(place: Place<'_>, room: &Room, owners: &dyn Owners) -> Vec<CallRow> {
    let calls = calls(&room.people, ranked(&room.created));
    let names = Names::of(&calls);
    let sounds = Sounds::of(room, &names);
    let reports = reports(room, &calls, &names);
    // An egress names the room alone and holds whoever was there, and whose their calls are is no
    // matter of this fold: only where there is one call is it surely that one's.
    let recording = recording(room).filter(|_| calls.len() == 1);
    let row = |(index, (call, report)): (usize, (&Call<'_>, Report))| {
        let mut row = CallRow {
            id: place.call_id(call.key),
            room_sid: place.sid.to_owned(),
            partition: place.partition,
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
        // Whoever calls hears us once we answer; a phone we dialled may hear us while it rings.
        let heard = (!call.outbound).then(|| sounds.heard_by(index, call));
        write_course(&mut row, room, call, &report, heard.flatten());
        write_transfer(&mut row, call, &report);
        write_analysis(&mut row, &report);
        write_recording(&mut row, recording, &report);
        row
    };
    calls.iter().zip(reports).enumerate().map(row).collect()
}

fn write_parties(row: &mut CallRow, call: &Call<'_>, owners: &dyn Owners) {
    let owner = call.owner(owners);
    row.user_id = owner.map(|owner| owner.user);
    row.client_id = owner.and_then(|owner| owner.client);
    row.channel = if call.phone { "phone" } else { "web" }.to_owned();
    row.direction = if call.outbound { "outbound" } else { "inbound" }.to_owned();
    row.caller_number = call
        .text(|person| &person.number)
        .and_then(number::normalised);
    row.caller_name = caller_name(call, row.caller_number.as_deref());
    row.dialled_number = call.dialled();
}

/// A week. LiveKit ends phone calls after a day, so a longer talk is a broken clock's.
const LONGEST_TALK_MS: i64 = 7 * 86_400_000;

fn write_course(
    row: &mut CallRow,
    room: &Room,
    call: &Call<'_>,
    report: &Report,
    heard: Option<Moment>,
) {
    let analysis = report.analysis.value();
    let analysis = analysis.as_deref();
    let mut answered: Vec<Moment> = report.answered.values().copied().collect();
    if answered.is_empty() {
        answered.extend(analysis.and_then(|analysis| analysis.answered));
    }
    let reported = Reported {
        answered,
        left: analysis
            .filter(|told| caller_left(told))
            .and_then(|told| told.ended),
    };
    let timing = timing(room, call, &reported, heard);
    let answered = timing.answered.is_some() || was_active(&timing.end, call);
    row.state = state(&timing).to_owned();
    row.result = result(&timing, call, answered).map(str::to_owned);
    row.started_at = call.started.time();
    row.answered_at = timing.answered.map(Moment::time);
    row.ended_at = timing.ended.map(Moment::time);
    row.ring_ms = ring(&timing, call, answered);
    row.talk_ms = timing
        .ended
        .zip(timing.answered)
        .map(|(ended, answered)| ended.millis_since(answered).min(LONGEST_TALK_MS));
    if let Some(end) = ending(&timing.end, call, answered, report) {
        row.end_by = Some(end.by.as_str().to_owned());
        row.end_code = Some(end.code);
        row.end_words = Some(end.words);
    }
}

/// Where the agent says the call went; else to whom it was put through in its own room.
fn write_transfer(row: &mut CallRow, call: &Call<'_>, report: &Report) {
    if let Some(transfer) = report.transferred.value() {
        row.transferred_at = transfer.at.map(Moment::time);
        row.transferred_to = transfer.into_owned().to;
        return;
    }
    let reached = call.legs.iter().filter(|leg| leg.sure && picked_up(leg));
    if let Some(leg) = reached.min_by_key(|leg| (leg.joined, leg.key)) {
        let numbers = leg
            .people
            .iter()
            .filter_map(|(_, person)| text(&person.number));
        row.transferred_to = numbers.min().and_then(number::normalised);
        row.transferred_at = Some(leg.joined.time());
    }
}

/// Whether it is known that somebody picked up: LiveKit tells no more than the last status, and a
/// `hangup` may have been one while it still rang.
fn picked_up(leg: &Leg<'_>) -> bool {
    leg.people.iter().any(|(_, person)| {
        let left = person.left.0.as_ref();
        let in_vain = left.is_some_and(|left| Departure::is_in_vain(&left.reason));
        let active = left.is_some_and(Departure::was_active);
        !in_vain && (active || !person.answered.is_none())
    })
}

fn write_analysis(row: &mut CallRow, report: &Report) {
    let Some(analysis) = report.analysis.value().map(Cow::into_owned) else {
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
fn recording(room: &Room) -> Option<&Recording> {
    room.recordings
        .iter()
        .max_by_key(|(id, recording)| (recording.stage.0, recording.millis.0, *id))
        .map(|(_, recording)| &**recording)
}

/// The room's, where it is this call's; else what the agent says of one.
fn write_recording(row: &mut CallRow, best: Option<&Recording>, report: &Report) {
    let none = Recording::default();
    let best = best.unwrap_or(&none);
    let analysis = report.analysis.value().unwrap_or_default();
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

/// Everything agents reported, call by call.
fn reports(room: &Room, calls: &[Call<'_>], names: &Names<'_>) -> Vec<Report> {
    let mut all: Vec<Report> = calls.iter().map(|_| Report::default()).collect();
    for (id, report) in &room.reports {
        if let Some(index) = names.named(id) {
            all[index].merge(report);
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
        // We were the caller: whoever hung up, nobody answered.
        _ if call.outbound => return Some("missed"),
        End::Left(departure, _) => departure.status.as_deref(),
        End::Told(_) => None,
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
