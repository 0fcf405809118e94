//! From what was seen to "live", "behind" or "stalled". Time is an argument, so this is tested
//! without waiting.

use super::{Freshness, FreshnessState};
use crate::moment::Moment;
use chrono::{DateTime, Utc};
use std::time::{Duration, Instant};

/// Lag below this is the normal way of an event through the projector.
const LIVE_WITHIN_MS: u64 = 2_000;

/// Waiting events and no progress for this long: the projector is not working.
const STALLED_AFTER: Duration = Duration::from_secs(10);

/// What one look found out about a read model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sight {
    pub(super) as_of: Option<DateTime<Utc>>,
    pub(super) lag_events: u64,
    pub(super) oldest_waiting: Option<DateTime<Utc>>,
    /// Rises with every folded event.
    pub(super) folded: u64,
    /// The tables belong to another stream, or know more than the stream holds.
    pub(super) foreign: bool,
}

/// Remembers when something last moved, to tell "behind" from "stalled".
#[derive(Debug)]
pub(super) struct Progress {
    folded: u64,
    moved: Instant,
    seen: Instant,
}

impl Progress {
    pub(super) fn start(now: Instant) -> Self {
        Self {
            folded: 0,
            moved: now,
            seen: now,
        }
    }

    pub(super) fn judge(
        &mut self,
        sight: Option<Sight>,
        before: Freshness,
        now: Instant,
        wall: DateTime<Utc>,
    ) -> Freshness {
        let Some(sight) = sight else {
            // What we knew last grows old; after a while it is worth nothing.
            let blind = now.saturating_duration_since(self.seen);
            if blind < STALLED_AFTER {
                return before;
            }
            let lag_ms = u64::try_from(blind.as_millis()).unwrap_or(u64::MAX);
            return Freshness {
                state: FreshnessState::Stalled,
                lag_ms,
                ..before
            };
        };
        self.seen = now;
        if sight.folded != self.folded || sight.lag_events == 0 {
            self.folded = sight.folded;
            self.moved = now;
        }
        let lag_ms = sight.oldest_waiting.map_or(0, |stored| {
            (wall - stored).num_milliseconds().max(0).unsigned_abs()
        });
        let state = if sight.foreign || now.saturating_duration_since(self.moved) >= STALLED_AFTER {
            FreshnessState::Stalled
        } else if lag_ms <= LIVE_WITHIN_MS {
            FreshnessState::Live
        } else {
            FreshnessState::Behind
        };
        Freshness {
            as_of: sight.as_of.map(Moment),
            lag_events: sight.lag_events,
            lag_ms,
            state,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use frontdesk_process::clock;

    fn sight(folded: u64, lag_events: u64, waiting_ms: i64, wall: DateTime<Utc>) -> Option<Sight> {
        let oldest_waiting =
            (lag_events > 0).then(|| wall - chrono::TimeDelta::milliseconds(waiting_ms));
        Some(Sight {
            as_of: Some(wall),
            lag_events,
            oldest_waiting,
            folded,
            foreign: false,
        })
    }

    #[test]
    fn waiting_events_are_behind_while_the_reader_moves_and_stalled_when_it_does_not() {
        let (start, wall) = (clock::monotonic(), clock::now());
        let mut progress = Progress::start(start);
        let mut at = |seconds: u64, sight: Option<Sight>| {
            progress
                .judge(
                    sight,
                    Freshness::UNKNOWN,
                    start + Duration::from_secs(seconds),
                    wall,
                )
                .state
        };
        assert_eq!(at(0, sight(5, 0, 0, wall)), FreshnessState::Live);
        assert_eq!(
            at(60, sight(5, 0, 0, wall)),
            FreshnessState::Live,
            "an idle stream is live"
        );
        assert_eq!(at(61, sight(5, 1, 100, wall)), FreshnessState::Live);
        assert_eq!(at(65, sight(5, 9, 4_000, wall)), FreshnessState::Behind);
        assert_eq!(at(69, sight(6, 9, 4_000, wall)), FreshnessState::Behind);
        assert_eq!(at(78, sight(6, 9, 9_000, wall)), FreshnessState::Behind);
        assert_eq!(at(79, sight(6, 9, 9_000, wall)), FreshnessState::Stalled);
        assert_eq!(at(80, sight(7, 8, 9_000, wall)), FreshnessState::Behind);
    }

    #[test]
    fn what_cannot_be_seen_is_stalled_after_a_while() {
        let (start, wall) = (clock::monotonic(), clock::now());
        let mut progress = Progress::start(start);
        let live = progress.judge(sight(5, 0, 0, wall), Freshness::UNKNOWN, start, wall);
        assert_eq!(
            progress.judge(None, live, start + Duration::from_secs(3), wall),
            live
        );
        let blind = progress.judge(None, live, start + Duration::from_secs(12), wall);
        assert_eq!(
            (blind.state, blind.lag_ms),
            (FreshnessState::Stalled, 12_000)
        );
        assert_eq!(blind.as_of, live.as_of);
    }

    #[test]
    fn tables_of_another_stream_are_stalled() {
        let (start, wall) = (clock::monotonic(), clock::now());
        let foreign = sight(5, 0, 0, wall).map(|sight| Sight {
            foreign: true,
            ..sight
        });
        let judged = Progress::start(start).judge(foreign, Freshness::UNKNOWN, start, wall);
        assert_eq!(judged.state, FreshnessState::Stalled);
    }
}
