//! When a call was answered and when it ended.
//!
//! LiveKit sends no event for either. The phone is picked up when anybody else's sound reaches
//! the room, and it is over when its participant left without coming back. No time goes backwards
//! here: an answer is never before the ringing, an end never before the answer.

use super::{
    callers::Call,
    merge::Greatest,
    room::{Departure, Person, Room},
};
use frontdesk_events::catalogue::moment::Moment;

/// Webhooks say when something ended to the second, cut off.
pub(super) const WEBHOOK_RESOLUTION_MICROS: i64 = 1_000_000;
/// How far the agent's clock may be from LiveKit's before its word is not believed.
const CLOCK_SKEW_MICROS: i64 = 60_000_000;
/// No phone rings for a day: an answer later than that is a broken clock's.
const LONGEST_RINGING_MICROS: i64 = 86_400_000_000;

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub enum End<'a> {
    /// It has not.
    Open,
    /// The caller left: how its last participant went, and when the last one went.
    Left(&'a Departure, Moment),
    /// The caller's connection never came up.
    Aborted(&'a Departure),
    /// Nobody said that the caller left, but the room was closed.
    Room(&'a (Moment, String)),
}

impl End<'_> {
    fn at(&self) -> Option<Moment> {
        match self {
            End::Open => None,
            End::Left(_, at) | End::Room((at, _)) => Some(*at),
            End::Aborted(departure) => Some(departure.at),
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

/// The times of a call. `reported` is when an agent says it answered, `heard` when anybody else's
/// sound first reached the caller.
#[must_use]
pub fn timing<'a>(
    room: &'a Room,
    call: &Call<'a>,
    reported: Option<Moment>,
    heard: Option<Moment>,
) -> Timing<'a> {
    let end = end(room, call);
    let answered = match end {
        End::Aborted(_) => None,
        _ => answered(call, end.at(), reported, heard),
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

/// A call goes on while one of its participants is there. A phone has one at a time: a reconnect
/// brings a new one and takes the old one away, in either order and within a second, which is all
/// that a departure's time tells. So participants are put in order by when they joined, never by
/// when another left, and one that joined before another of the same call is gone even if its
/// departure was lost.
fn end<'a>(room: &'a Room, call: &Call<'a>) -> End<'a> {
    let people = || call.people.iter().map(|(_, person)| *person);
    let came = |person: &&Person| person.active || !person.left.is_none();
    let last = people().filter(came).map(Person::joined).max();
    let stays =
        |person: &Person| person.active && person.left.is_none() && Some(person.joined()) == last;
    let closed = || room.finished.0.as_ref().map_or(End::Open, End::Room);
    if people().any(stays) {
        return closed();
    }
    let departed = |person: &'a Person| Some((person.joined(), person.left.0.as_ref()?));
    let aborted = people().filter_map(|person| person.aborted.0.as_ref());
    match people().filter_map(departed).max() {
        Some((_, last)) => {
            let left = people().filter_map(|person| person.left.0.as_ref());
            End::Left(last, left.map(|left| left.at).max().unwrap_or(last.at))
        }
        None => aborted.max().map_or_else(closed, End::Aborted),
    }
}

fn answered(
    call: &Call<'_>,
    ended: Option<Moment>,
    reported: Option<Moment>,
    heard: Option<Moment>,
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
    // A sound counts from the caller's join on and before the caller was gone.
    let in_time = |at: &Moment| {
        ended.is_none_or(|ended| at.micros() < ended.micros() + WEBHOOK_RESOLUTION_MICROS)
            && at.micros() <= call.started.micros().saturating_add(LONGEST_RINGING_MICROS)
    };
    known.or_else(|| heard.filter(in_time))
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
