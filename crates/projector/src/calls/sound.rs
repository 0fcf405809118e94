//! Who could be heard in a room, and from when.
//!
//! A caller is answered by the first sound of anybody else. A room of a fixed name has thousands
//! of callers and tracks, so they are laid out once for all calls instead of being looked through
//! for each.

use super::{
    callers::{Call, Names, ranked},
    room::{Role, Room, Track},
    timing::WEBHOOK_RESOLUTION_MICROS,
};
use frontdesk_events::catalogue::moment::Moment;

/// What could be heard in a room, by the time it began.
#[derive(Debug)]
pub struct Sounds {
    sounds: Vec<Sound>,
    /// For each beginning of the list: what lasts longest in it, and what lasts longest among
    /// what is not of that one's call.
    longest: Vec<[Option<Lasts>; 2]>,
}

#[derive(Debug)]
struct Sound {
    from: Moment,
    lasts: Lasts,
}

/// Until when, and of which call's caller; of nobody's when it is an agent's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lasts {
    until: i64,
    call: Option<usize>,
}

impl Sounds {
    /// The sounds of a room.
    #[must_use]
    pub fn of(room: &Room, names: &Names<'_>) -> Self {
        let mut sounds: Vec<Sound> = room
            .tracks
            .values()
            .filter_map(|track| sound(room, names, track))
            .collect();
        sounds.sort_by_key(|sound| sound.from);
        let mut best = [None; 2];
        let longest = sounds
            .iter()
            .map(|sound| {
                best = longest(best, sound.lasts);
                best
            })
            .collect();
        Self { sounds, longest }
    }

    /// From when the caller of this call heard somebody else. What could be heard before it
    /// joined counts from its joining, unless it was over by then.
    #[must_use]
    pub fn heard_by(&self, index: usize, call: &Call<'_>) -> Option<Moment> {
        let foreign = |lasts: &Lasts| lasts.call != Some(index);
        let reaches = |lasts: &Lasts| lasts.until > call.joined.micros();
        let before = self
            .sounds
            .partition_point(|sound| sound.from <= call.joined);
        let longest = before.checked_sub(1).map(|last| self.longest[last]);
        let mut longest = longest.into_iter().flatten().flatten();
        if longest.any(|lasts| foreign(&lasts) && reaches(&lasts)) {
            return Some(call.joined);
        }
        self.sounds[before..]
            .iter()
            .find(|sound| foreign(&sound.lasts) && reaches(&sound.lasts))
            .map(|sound| sound.from)
    }
}

fn longest(best: [Option<Lasts>; 2], new: Lasts) -> [Option<Lasts>; 2] {
    let [first, second] = best;
    match first {
        Some(known) if known.until >= new.until => {
            let better = second.is_none_or(|second| second.until < new.until);
            [
                first,
                if better && known.call != new.call {
                    Some(new)
                } else {
                    second
                },
            ]
        }
        Some(known) if known.call == new.call => [Some(new), second],
        known => [Some(new), known],
    }
}

fn sound(room: &Room, names: &Names<'_>, track: &Track) -> Option<Sound> {
    let sid = track.person.0.as_deref()?;
    let person = room.people.get(sid);
    // A participant whose own event has not come yet counts, unless its identity says it only
    // listens: that event may be lost, and then the caller was answered all the same.
    let listens = track.recorder
        || person.is_some_and(|person| person.hidden || person.role == Role::Recorder);
    if listens {
        return None;
    }
    let gone = person
        .and_then(|person| person.left.0.as_ref())
        .map(|left| left.at);
    let stopped = [track.stopped.0, gone].into_iter().flatten().min();
    Some(Sound {
        from: ranked(&track.started)?,
        lasts: Lasts {
            until: stopped.map_or(i64::MAX, |at| at.micros() + WEBHOOK_RESOLUTION_MICROS),
            call: names.caller(sid),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Two remembered at each place are enough to answer for any caller.
        #[test]
        fn the_longest_of_others_is_never_forgotten(
            all in proptest::collection::vec((0..9_i64, 0..4_usize), 1..12), caller in 0..4_usize,
        ) {
            let all = all.into_iter().map(|(until, call)| Lasts { until, call: call.checked_sub(1) });
            let all: Vec<_> = all.collect();
            let best = all.iter().fold([None; 2], |best, lasts| longest(best, *lasts));
            let others = |lasts: &&Lasts| lasts.call != Some(caller);
            let expected = all.iter().filter(others).map(|lasts| lasts.until).max();
            let found = best.iter().flatten().filter(others).map(|lasts| lasts.until).max();
            prop_assert_eq!(found, expected);
        }
    }
}
