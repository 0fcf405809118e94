//! What the NATS server must be before a 2xx may mean "on disk".

use super::connection::Connection;
use crate::StreamName;
use anyhow::{Context as _, bail};
use serde::Deserialize;

/// Older servers could skip the fsync in block compaction even with `sync_interval: always`.
const OLDEST: (u64, u64, u64) = (2, 15, 1);

/// What the server says of itself, as far as a 2xx depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Durability {
    /// Its version as it prints it.
    pub version: String,
    /// Whether it fsyncs each write before acknowledging it.
    pub sync_always: bool,
    /// The largest message it takes, in bytes, head and payload together.
    pub max_payload: usize,
}

#[derive(Deserialize)]
struct Varz {
    version: String,
    #[serde(default)]
    max_payload: usize,
    jetstream: Option<JetStream>,
}

#[derive(Deserialize)]
struct JetStream {
    config: Option<JetStreamConfig>,
}

#[derive(Deserialize)]
struct JetStreamConfig {
    #[serde(default)]
    sync_always: bool,
}

impl Durability {
    /// Whether an ack of this server means that the event survives a power cut.
    ///
    /// # Errors
    /// One line that says what is wrong and how to mend it.
    pub fn check(&self, allow_lazy_sync: bool) -> anyhow::Result<()> {
        let mut parts = self
            .version
            .split(['.', '-'])
            .map(|part| part.parse().unwrap_or(0));
        let mut part = || parts.next().unwrap_or(0);
        if (part(), part(), part()) < OLDEST {
            bail!(
                "nats-server {} is older than 2.15.1, which is the first whose fsync can be trusted",
                self.version
            );
        }
        if !self.sync_always && !allow_lazy_sync {
            bail!(
                "nats-server does not fsync before it acknowledges: set `sync_interval: always` in its \
                 jetstream block, or pass --allow-lazy-sync and accept that a power cut loses events"
            );
        }
        if self.max_payload < StreamName::LARGEST_MESSAGE {
            bail!(
                "nats-server takes messages of {} bytes, and the largest webhook makes one of {}: a sender \
                 would take its refusal as delivered. Set `max_payload: 1179648` in its configuration",
                self.max_payload,
                StreamName::LARGEST_MESSAGE
            );
        }
        Ok(())
    }
}

impl Connection {
    /// Asks the monitoring endpoint `/varz`.
    ///
    /// # Errors
    /// When it cannot be reached or answers something else.
    pub async fn durability(&self) -> anyhow::Result<Durability> {
        let url = format!("{}/varz", self.monitor_url.trim_end_matches('/'));
        let varz: Varz = reqwest::Client::builder()
            .timeout(std::time::Duration::from_secs(5))
            .no_proxy()
            .build()?
            .get(&url)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .with_context(|| format!("asking the NATS monitor at {url} (NATS_MONITOR_URL)"))?
            .json()
            .await
            .with_context(|| format!("reading the answer of {url}"))?;
        let sync_always = varz
            .jetstream
            .and_then(|js| js.config)
            .is_some_and(|config| config.sync_always);
        Ok(Durability {
            version: varz.version,
            sync_always,
            max_payload: varz.max_payload,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_may_lose_acknowledged_events_is_refused() {
        let server = |version: &str, sync_always| Durability {
            version: version.into(),
            sync_always,
            max_payload: StreamName::LARGEST_MESSAGE,
        };
        let small = Durability {
            max_payload: StreamName::LARGEST_MESSAGE - 1,
            ..server("2.15.1", true)
        };
        assert!(small.check(true).is_err());
        assert!(server("2.15.1", true).check(false).is_ok());
        assert!(server("2.16.0-RC.1", true).check(false).is_ok());
        assert!(server("2.15.0", true).check(false).is_err());
        assert!(server("2.9.25", true).check(true).is_err());
        assert!(server("2.15.1", false).check(false).is_err());
        assert!(server("2.15.1", false).check(true).is_ok());
        assert!(server("nonsense", true).check(true).is_err());
    }
}
