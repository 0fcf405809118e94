//! How far a run of the engine is, for health, metrics and progress bars.

use chrono::{DateTime, Utc};
use std::sync::{Arc, Mutex};

/// What a run has done so far, for progress bars and health.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress(Arc<Mutex<Done>>);

/// See [`Progress`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Done {
    pub(crate) events: u64,
    pub(crate) dead: u64,
    pub(crate) last: u64,
    pub(crate) pending: u64,
    pub(crate) stored_at: Option<DateTime<Utc>>,
    /// Whether messages were taken and none of them is written. Once others are written after them, `pending`
    /// counts those that are not.
    pub(crate) unwritten: bool,
    /// Whether this run has shown that it works: it wrote a batch, or found that there is nothing to write.
    pub(crate) running: bool,
}

impl Progress {
    pub(crate) fn read(&self) -> Done {
        self.0
            .lock()
            .expect("nothing panics while it holds this lock")
            .clone()
    }

    pub(crate) fn note(&self, note: impl FnOnce(&mut Done)) {
        note(
            &mut self
                .0
                .lock()
                .expect("nothing panics while it holds this lock"),
        );
    }
}
