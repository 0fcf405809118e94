//! A line of the log that anybody can bring about is written now and then, with how often it was left out.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

/// When one kind of line was last written.
#[derive(Debug)]
pub struct Rarely {
    every: Duration,
    told: Mutex<Told>,
}

#[derive(Debug)]
struct Told {
    last: Option<Instant>,
    untold: u64,
}

impl Rarely {
    /// For a line that is written once in so long at the most.
    #[must_use]
    pub const fn new(every: Duration) -> Self {
        let told = Told {
            last: None,
            untold: 0,
        };
        Self {
            every,
            told: Mutex::new(told),
        }
    }

    /// How many went untold since the last time, when it is time to tell again.
    ///
    /// # Panics
    /// Never: nothing panics while it holds the lock.
    pub fn is_due(&self, now: Instant) -> Option<u64> {
        let mut told = self
            .told
            .lock()
            .expect("nothing panics while it holds this lock");
        if told.last.is_some_and(|last| now - last < self.every) {
            told.untold += 1;
            return None;
        }
        told.last = Some(now);
        Some(std::mem::take(&mut told.untold))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn the_log_hears_of_it_once_in_so_long_and_of_how_many_there_were() {
        let rarely = Rarely::new(Duration::from_secs(60));
        let begun = clock::monotonic();
        let after = |seconds| rarely.is_due(begun + Duration::from_secs(seconds));
        assert_eq!(after(0), Some(0));
        assert_eq!([after(1), after(30), after(59)], [None; 3]);
        assert_eq!(after(60), Some(3));
        assert_eq!(after(61), None);
    }
}
