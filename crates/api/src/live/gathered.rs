//! Changes gathered over a moment, for each account by itself: a storm of events becomes a steady
//! trickle, a single event is told at once, and one account's storm delays nobody else's.

use frontdesk_events::nats::live::{Change, Topic};
use std::{
    collections::{BTreeSet, HashMap, VecDeque, hash_map::Entry},
    time::{Duration, Instant},
};
use uuid::Uuid;

/// At most one message an account and topic in this time. It is the most a change can wait here, so it
/// stays far below the 60 ms an event may take from its sender to the browser; what a browser can
/// render is its own to decide.
pub(super) const GATHER: Duration = Duration::from_millis(20);

/// More ids than this in one moment are told as "everything": a page shows a hundred.
pub(super) const MOST_IDS: usize = 500;

/// Whose rows, and of what kind; `None` are nobody's.
pub(super) type Rows = (Option<Uuid>, Topic);

/// What those who hear of these rows are to be told.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) rows: Rows,
    pub(super) what: What,
}

/// What happened to rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    /// These changed.
    Changed(BTreeSet<String>),
    /// Too many to name.
    Everything,
}

/// Who was told something in the last moment, and what came for them since. It holds nothing of whoever
/// was quiet for a moment, and of nobody more than [`MOST_IDS`].
#[derive(Debug, Default)]
pub(super) struct Gathered {
    heaps: HashMap<Rows, Heap>,
    /// When each of them may be told again. Every moment is equally long, so the first is the next.
    due: VecDeque<(Instant, Rows)>,
}

#[derive(Debug)]
enum Heap {
    Ids(BTreeSet<String>),
    TooMany,
}

impl Gathered {
    /// What is to be told at once: the change itself, after a quiet moment.
    pub(super) fn add(&mut self, change: Change, now: Instant) -> Option<Told> {
        let rows = (change.user, change.topic);
        match self.heaps.entry(rows) {
            Entry::Occupied(mut heap) => {
                heap.get_mut().add(change.ids);
                None
            }
            Entry::Vacant(place) => {
                place.insert(Heap::EMPTY);
                self.due.push_back((now + GATHER, rows));
                let mut heap = Heap::EMPTY;
                heap.add(change.ids);
                heap.told(rows)
            }
        }
    }

    /// When to ask what is due.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.front().map(|(due, _)| *due)
    }

    /// The next message whose moment is over.
    pub(super) fn take(&mut self, now: Instant) -> Option<Told> {
        while let Some((_, rows)) = self.due.pop_front_if(|(due, _)| *due <= now) {
            let heap = self.heaps.remove(&rows);
            let told = heap.and_then(|heap| heap.told(rows));
            if told.is_some() {
                self.heaps.insert(rows, Heap::EMPTY);
                self.due.push_back((now + GATHER, rows));
                return told;
            }
        }
        None
    }
}

impl Heap {
    const EMPTY: Self = Self::Ids(BTreeSet::new());

    fn add(&mut self, more: Vec<String>) {
        let Self::Ids(ids) = self else { return };
        for id in more {
            ids.insert(id);
            if ids.len() > MOST_IDS {
                *self = Self::TooMany;
                return;
            }
        }
    }

    fn told(self, rows: Rows) -> Option<Told> {
        let what = match self {
            Self::Ids(ids) if ids.is_empty() => return None,
            Self::Ids(ids) => What::Changed(ids),
            Self::TooMany => What::Everything,
        };
        Some(Told { rows, what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontdesk_process::clock;

    const ADA: Option<Uuid> = Some(Uuid::from_u128(1));
    const BOB: Option<Uuid> = Some(Uuid::from_u128(2));

    fn change(user: Option<Uuid>, topic: Topic, ids: &[&str]) -> Change {
        Change {
            user,
            topic,
            ids: ids.iter().map(|&id| id.to_owned()).collect(),
        }
    }

    fn told(user: Option<Uuid>, topic: Topic, ids: &[&str]) -> Told {
        let ids = ids.iter().map(|&id| id.to_owned()).collect();
        Told {
            rows: (user, topic),
            what: What::Changed(ids),
        }
    }

    fn storm(user: Option<Uuid>) -> Change {
        let ids: Vec<String> = (0..=MOST_IDS).map(|n| n.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        change(user, Topic::Calls, &ids)
    }

    #[test]
    fn the_first_change_is_told_at_once_and_the_next_together() {
        let start = clock::monotonic();
        let mut gathered = Gathered::default();
        let first = gathered.add(change(ADA, Topic::Calls, &["a"]), start);
        assert_eq!(first, Some(told(ADA, Topic::Calls, &["a"])));

        let soon = start + GATHER / 4;
        for ids in [&["b", "c"][..], &["b"]] {
            assert_eq!(gathered.add(change(ADA, Topic::Calls, ids), soon), None);
        }
        let other = gathered.add(change(ADA, Topic::Billing, &["I-1"]), soon);
        assert_eq!(
            other,
            Some(told(ADA, Topic::Billing, &["I-1"])),
            "another topic was quiet"
        );
        assert_eq!(gathered.take(soon), None);
        assert_eq!(gathered.due(), Some(start + GATHER));
        assert_eq!(
            gathered.take(start + GATHER),
            Some(told(ADA, Topic::Calls, &["b", "c"]))
        );
        assert_eq!(gathered.take(start + GATHER), None);
    }

    #[test]
    fn a_storm_is_told_as_everything_to_its_account_and_delays_no_other() {
        let start = clock::monotonic();
        let mut gathered = Gathered::default();
        let everything = Told {
            rows: (ADA, Topic::Calls),
            what: What::Everything,
        };
        assert_eq!(gathered.add(storm(ADA), start), Some(everything));
        for (user, id) in [(BOB, "b"), (None, "n")] {
            assert_eq!(
                gathered.add(change(user, Topic::Calls, &[id]), start),
                Some(told(user, Topic::Calls, &[id]))
            );
        }
        // It goes on, and what is kept of it does not grow.
        for _ in 0..3 {
            assert_eq!(gathered.add(storm(ADA), start), None);
        }
        assert!(matches!(
            gathered.heaps[&(ADA, Topic::Calls)],
            Heap::TooMany
        ));
        let later = gathered.take(start + GATHER).unwrap();
        assert_eq!((later.rows.0, later.what), (ADA, What::Everything));
    }

    #[test]
    fn whoever_is_quiet_is_forgotten() {
        let start = clock::monotonic();
        let mut gathered = Gathered::default();
        for user in 0..1_000 {
            let user = Some(Uuid::from_u128(user));
            assert!(
                gathered
                    .add(change(user, Topic::Calls, &["a"]), start)
                    .is_some()
            );
        }
        assert_eq!((gathered.heaps.len(), gathered.due.len()), (1_000, 1_000));
        assert_eq!(gathered.take(start + GATHER), None);
        assert!(gathered.heaps.is_empty() && gathered.due.is_empty());
    }
}
