//! When a run of the engine is done.

use crate::{aggregate::Fact, reader::Taken};
use frontdesk_events::Partition;
use std::collections::BTreeMap;

/// When a run is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Never; until shutdown.
    Follow,
    /// When at most this many messages are still to come.
    CatchUp { within: u64 },
    /// When exactly these sequences are folded, by partition.
    Reach(BTreeMap<Partition, i64>),
}

impl Goal {
    /// Drops what no run to this goal folds.
    pub(crate) fn leave_out_what_is_beyond<F: Fact>(&self, batch: &mut Vec<Taken<F>>) {
        if let Self::Reach(until) = self {
            batch.retain(|taken| {
                until
                    .get(&taken.partition)
                    .is_some_and(|until| taken.sequence as i64 <= *until)
            });
        }
    }

    /// Whether it is met once everything up to `seen` is folded.
    pub(crate) fn is_reached(&self, seen: u64, pending: u64) -> bool {
        match self {
            Self::Follow => false,
            Self::CatchUp { within } => pending <= *within,
            Self::Reach(until) => pending == 0 || until.values().all(|until| seen as i64 >= *until),
        }
    }
}
