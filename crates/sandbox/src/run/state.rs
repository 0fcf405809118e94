//! What a sandbox remembers between runs: when it first ran, and what it has told already. Told
//! twice would do no harm (the ids are the same), only work.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fs, io::ErrorKind, path::Path};

const FILE: &str = "sandbox.json";

/// The memory.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct State {
    /// The first run: the past ends here, and subscriptions are counted back from here.
    pub anchor: DateTime<Utc>,
    /// Whether the calls of the past were told to their end.
    pub past_told: bool,
    /// PayPal has told everything up to here.
    pub billed_until: Option<DateTime<Utc>>,
}

impl State {
    /// This directory's memory; begun at `now` when there is none.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn open(state_dir: &Path, now: DateTime<Utc>) -> anyhow::Result<Self> {
        let path = state_dir.join(FILE);
        match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .with_context(|| format!("{} is damaged; delete it to begin anew", path.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let state = Self {
                    anchor: now,
                    past_told: false,
                    billed_until: None,
                };
                state.write(state_dir)?;
                Ok(state)
            }
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }

    /// Writes it; a crash leaves the old one or the new one.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn write(&self, state_dir: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(state_dir).with_context(|| format!("making {}", state_dir.display()))?;
        let (path, unfinished) = (
            state_dir.join(FILE),
            state_dir.join("sandbox.json.unfinished"),
        );
        fs::write(&unfinished, serde_json::to_vec_pretty(self)?)
            .with_context(|| format!("writing {}", unfinished.display()))?;
        fs::rename(&unfinished, &path).with_context(|| format!("writing {}", path.display()))
    }
}
