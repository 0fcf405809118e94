//! When a call was answered and when it ended.
//!
//! LiveKit sends no event for either. The phone is picked up when anybody else's sound reaches
//! the room, and it is over when its participant left without coming back. A phone that we dialled
//! hears us while it rings: that it was picked up must be said. No time goes backwards here: an answer is never before the ringing, an end never before the answer.

use super::{
    callers::Call,
    room::{Departure, Person, Room, is_active},
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
    /// LiveKit did not say that the caller left, but the agent did, and when.
    Told(Moment),
    /// Nobody said that the caller left, but the room was closed.
    Room(&'a (Moment, String)),
}

impl End<'_> {
    /// When.
    #[must_use]
    pub fn at(&self) -> Option<Moment> {
        match self {
            End::Open => None,
            End::Left(_, at) | End::Told(at) | End::Room((at, _)) => Some(*at),
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

/// What an agent says of a call's times.
#[derive(Debug, Clone, Default)]
pub struct Reported {
    /// When it was answered. An agent that takes over from one that crashed says so as well.
    pub answered: Vec<Moment>,
    /// When the caller left.
    pub left: Option<Moment>,
}

/// The times of a call. `heard` is when anybody else's sound first reached whoever called us.
#[must_use]
pub fn timing<'a>(
    room: &'a Room,
    call: &Call<'a>,
    reported: &Reported,
    heard: Option<Moment>,
) -> Timing<'a> {
    let end = end(room, call, reported.left);
    let answered = match end {
        End::Aborted(_) => None,
        _ if in_vain(&end, call) => None,
        _ => answered(call, end.at(), &reported.answered, heard),
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
pub(super) fn gone<'a>(call: &Call<'a>) -> Option<End<'a>> {
    let people = || call.people.iter().map(|(_, person)| *person);
    let came = |person: &&Person| person.active || !person.left.is_none();
    let last = people().filter(came).map(Person::joined).max();
    let stays =
        |person: &Person| person.active && person.left.is_none() && Some(person.joined()) == last;
    if people().any(stays) {
        return None;
    }
    let departed = |person: &'a Person| Some((person.joined(), person.left.0.as_ref()?));
    let aborted = people().filter_map(|person| person.aborted.0.as_ref());
    match people().filter_map(departed).max() {
        Some((_, last)) => {
            let left = people().filter_map(|person| person.left.0.as_ref());
            let at = left.map(|left| left.at).max().unwrap_or(last.at);
            Some(End::Left(last, at))
        }
        None => aborted.max().map(End::Aborted),
    }
}

/// LiveKit knows best, and its news of a departure may be lost: then the agent's, unless somebody of the call
/// came after that, and a room's closing, which comes late.
fn end<'a>(room: &'a Room, call: &Call<'a>, told: Option<Moment>) -> End<'a> {
    let closed = || room.finished.0.as_ref().map_or(End::Open, End::Room);
    let came = call.people.iter().filter_map(|(_, person)| person.joined());
    let last = came.max();
    let told = told.filter(|at| last.is_none_or(|last| *at >= last));
    gone(call).or(told.map(End::Told)).unwrap_or_else(closed)
}

/// Whether LiveKit says that the phone we dialled was not picked up. It is the one that dialled,
/// so nobody knows better.
fn in_vain(end: &End<'_>, call: &Call<'_>) -> bool {
    let End::Left(departure, _) = end else {
        return false;
    };
    call.outbound && Departure::is_in_vain(&departure.reason)
}

fn answered(
    call: &Call<'_>,
    ended: Option<Moment>,
    reported: &[Moment],
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
    let is_before_end = |at: &Moment| {
        ended.is_none_or(|ended| at.micros() < ended.micros() + WEBHOOK_RESOLUTION_MICROS)
    };
    // A sound counts from the caller's join on and before the caller was gone.
    let heard = heard.filter(|at| {
        is_before_end(at)
            && at.micros() <= call.started.micros().saturating_add(LONGEST_RINGING_MICROS)
    });
    // An agent that answers after the caller had gone answers nobody. By a clock that is ahead it only
    // seems to: then the caller heard something.
    let is_of_call = |at: &Moment| is_before_end(at) || heard.is_some() || call.outbound;
    let reported = || reported.iter().copied().filter(believable);
    // Whoever was answered stays so: of several agents the first one answered.
    let known = said
        .filter(believable)
        .or_else(|| reported().filter(is_of_call).min());
    let known = known.map(|at| ended.map_or(at, |ended| at.min(ended)).max(call.started));
    known.or(heard)
}

/// Whether the phone's own status proves an answer whose time nobody said. Of a caller's phone it
/// does when it became `active` after joining: with a PIN it is `active` before anybody answers.
/// One that we dialled is `active` once it was picked up, and stays so through a reconnect.
#[must_use]
pub fn was_active(end: &End<'_>, call: &Call<'_>) -> bool {
    let proves = |person: &Person| {
        let left = person.left.0.as_ref().is_some_and(Departure::was_active);
        let on_joining = person.status.0.as_deref().is_some_and(is_active);
        if call.outbound {
            left || on_joining
        } else {
            left && !on_joining
        }
    };
    let over = !matches!(end, End::Open);
    over && !in_vain(end, call) && call.people.iter().any(|(_, person)| proves(person))
}
