//! Too many dead letters at once. Events that cannot be decoded or folded leave the way, with the
//! reason, and can be redriven at any time, because folds ignore order. But a storm of them is a bug
//! of ours, not poison, and stops the projection instead.

use frontdesk_events::nats::DeadLetter;
use std::collections::VecDeque;

/// More dead letters than this among the last [`WINDOW`] events are a storm.
const MOST: usize = 100;
const WINDOW: u64 = 10_000;

/// Watches for a storm of dead letters. What is counted was written: a batch that is tried again,
/// in halves or after a lost connection, counts once.
#[derive(Debug, Default)]
pub(crate) struct Storm {
    events: u64,
    /// Where each dead letter stood, in events counted.
    dead: VecDeque<u64>,
}

impl Storm {
    /// Why the projection must stop before it writes this batch, if it must.
    pub(crate) fn forbids(&self, events: usize, dead: &[DeadLetter]) -> Option<String> {
        let last = dead.last()?;
        let events = self.events + events as u64;
        let found = self.within(events) + dead.len();
        (found > MOST).then(|| {
            format!(
                "{found} of the last {} events could not be folded, most recently number {} because: {}; this is \
                 a bug of the projection, not of single events: it stopped before them; correct it and start again",
                events.min(WINDOW),
                last.sequence(),
                last.reason(),
            )
        })
    }

    /// Counts a batch that was written.
    pub(crate) fn count(&mut self, events: usize, dead: &[DeadLetter]) {
        self.events += events as u64;
        self.dead.extend(dead.iter().map(|_| self.events));
        let gone = self.dead.len() - self.within(self.events);
        self.dead.drain(..gone);
    }

    /// How many of those counted are among the last events once so many are.
    fn within(&self, events: u64) -> usize {
        let gone = self.dead.partition_point(|at| at + WINDOW < events);
        self.dead.len() - gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(count: u64) -> Vec<DeadLetter> {
        (1..=count)
            .map(|sequence| DeadLetter::new(sequence, "refused"))
            .collect()
    }

    #[test]
    fn a_batch_that_is_looked_at_again_and_again_is_no_storm() {
        let storm = Storm::default();
        for events in [1000, 500, 250, 125] {
            assert_eq!(storm.forbids(events, &letters(60)), None);
        }
    }

    #[test]
    fn the_batch_that_would_make_it_a_storm_is_not_written() {
        let mut storm = Storm::default();
        storm.count(5000, &letters(60));
        assert_eq!(storm.forbids(5000, &letters(40)), None);
        let why = storm.forbids(5000, &letters(41)).unwrap();
        assert!(why.starts_with("101 of the last 10000 events"), "{why}");
        assert!(
            why.contains("most recently number 41 because: refused"),
            "{why}"
        );
        // Those of long ago do not count, and a batch without any is never the storm.
        storm.count(10_001, &letters(0));
        assert_eq!(storm.forbids(1, &letters(100)), None);
        storm.count(1, &letters(100));
        assert_eq!(storm.forbids(1, &[]), None);
    }
}
