//! When a call was answered and when it ended.
//!
//! LiveKit sends no event for either. The phone is picked up when anybody else's sound reaches
//! the room, and it is over when its participant left without coming back. No time goes backwards
//! here: an answer is never before the ringing, an end never before the answer.

use super::{
    callers::{self, Call, ranked},
    merge::Greatest,
    room::{Departure, Person, Role, Room, Track},
};
use frontdesk_events::catalogue::moment::Moment;

/// Webhooks say when something ended to the second, cut off.
const WEBHOOK_RESOLUTION_MICROS: i64 = 1_000_000;
/// How far the agent's clock may be from LiveKit's before its word is not believed.
const CLOCK_SKEW_MICROS: i64 = 60_000_000;
/// No phone rings for a day: an answer later than that is a broken clock's.
const LONGEST_RINGING_MICROS: i64 = 86_400_000_000;

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub enum End<'a> {
    /// It has not.
    Open,
    /// The caller left.
    Left(&'a Departure),
    /// The caller's connection never came up.
    Aborted(&'a Departure),
    /// Nobody said that the caller left, but the room was closed.
    Room(&'a (Moment, String)),
}

impl End<'_> {
    fn at(&self) -> Option<Moment> {
        match self {
            End::Open => None,
            End::Left(departure) | End::Aborted(departure) => Some(departure.at),
            End::Room((at, _)) => Some(*at),
        }
    }
}

/// A call's times.
#[derive(Debug)]
pub struct Timing<'a> {
    /// When it was answered.
    pub answered: Option<Moment>,
    /// When it ended.
    pub ended: Option<Moment>,
    /// How it ended.
    pub end: End<'a>,
}

/// The times of a call. `reported` is when an agent says it answered.
#[must_use]
pub fn timing<'a>(room: &'a Room, call: &Call<'a>, reported: Option<Moment>) -> Timing<'a> {
    let end = end(room, call);
    let answered = match end {
        End::Aborted(_) => None,
        _ => answered(room, call, end.at(), reported),
    };
    let ended = end
        .at()
        .map(|at| at.max(call.started).max(answered.unwrap_or(at)));
    Timing {
        answered,
        ended,
        end,
    }
}

fn end<'a>(room: &'a Room, call: &Call<'a>) -> End<'a> {
    let people = || call.people.iter().map(|(_, person)| *person);
    let left = people().filter_map(|person| person.left.0.as_ref()).max();
    let aborted = people()
        .filter_map(|person| person.aborted.0.as_ref())
        .max();
    // A sid that came after the last departure is a reconnect. LiveKit's seconds cannot tell the
    // two apart within one; a caller who came back is then the likelier story.
    let stays = |person: &Person| {
        person.active
            && person.left.is_none()
            && left
                .is_none_or(|left| callers::joined(person).is_some_and(|joined| joined >= left.at))
    };
    if people().any(stays) {
        return room.finished.0.as_ref().map_or(End::Open, End::Room);
    }
    match (left, aborted) {
        (Some(left), _) => End::Left(left),
        (None, Some(aborted)) => End::Aborted(aborted),
        (None, None) => room.finished.0.as_ref().map_or(End::Open, End::Room),
    }
}

fn answered(
    room: &Room,
    call: &Call<'_>,
    ended: Option<Moment>,
    reported: Option<Moment>,
) -> Option<Moment> {
    let said = call
        .people
        .iter()
        .filter_map(|(_, person)| person.answered.0)
        .min();
    let believable = |at: &Moment| {
        at.micros() >= call.started.micros() - CLOCK_SKEW_MICROS
            && at.micros() <= call.started.micros().saturating_add(LONGEST_RINGING_MICROS)
            && ended.is_none_or(|ended| at.micros() <= ended.micros() + CLOCK_SKEW_MICROS)
    };
    let known = said
        .filter(believable)
        .or_else(|| reported.filter(believable));
    let known = known.map(|at| ended.map_or(at, |ended| at.min(ended)).max(call.started));
    known.or_else(|| first_answer(room, call, ended))
}

/// The first sound of anybody else, from the caller's join on and before the caller was gone.
fn first_answer(room: &Room, call: &Call<'_>, ended: Option<Moment>) -> Option<Moment> {
    let at = room
        .tracks
        .values()
        .filter_map(|track| answers(room, call, track))
        .min()?;
    let in_time = ended
        .is_none_or(|ended| at.micros() < ended.micros() + WEBHOOK_RESOLUTION_MICROS)
        && at.micros() <= call.started.micros().saturating_add(LONGEST_RINGING_MICROS);
    in_time.then_some(at)
}

fn answers(room: &Room, call: &Call<'_>, track: &Track) -> Option<Moment> {
    let sid = track.person.0.as_deref()?;
    let person = room.people.get(sid);
    // A participant whose own event has not come yet counts, unless its identity says it only
    // listens: that event may be lost, and then the caller was answered all the same.
    let listens = track.recorder
        || person.is_some_and(|person| person.hidden || person.role == Role::Recorder);
    if listens || call.is_caller(sid) {
        return None;
    }
    let gone = person
        .and_then(|person| person.left.0.as_ref())
        .map(|left| left.at);
    let stopped = [track.stopped.0, gone].into_iter().flatten().min();
    if stopped.is_some_and(|at| at.micros() + WEBHOOK_RESOLUTION_MICROS <= call.joined.micros()) {
        return None;
    }
    ranked(&track.started).map(|at| at.max(call.joined))
}

/// Whether the phone's own status proves an answer that no track shows: it became `active` after
/// the caller had joined. (With a PIN it is `active` before anybody answers.)
#[must_use]
pub fn was_active(call: &Call<'_>) -> bool {
    call.people.iter().any(|(_, person)| {
        let Greatest(Some(left)) = &person.left else {
            return false;
        };
        let on_joining = person.status.0.as_deref();
        matches!(left.status.as_deref(), Some("active" | "automation"))
            && !matches!(on_joining, Some("active" | "automation"))
    })
}
