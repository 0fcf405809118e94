//! How current the read models are, for every answer.
//!
//! One task asks PostgreSQL for the checkpoints and NATS for the ends of the streams a few times
//! a second; a request only reads what it found. So an answer about freshness costs nothing, and
//! may itself be a fraction of a second old.

mod progress;

use crate::{moment::Moment, viewer::Database};
use chrono::{DateTime, Utc};
use frontdesk_events::{Partition, StreamName, nats::Connection};
use frontdesk_process::{Shutdown, clock, health::Health};
use progress::{Progress, Sight};
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};
use tokio::sync::watch;
use utoipa::ToSchema;

/// How often we look: the dashboard's "0.3 s behind" is at most this old.
const EVERY: Duration = Duration::from_millis(250);

/// One look must not outlive its successor by much, or a hanging server would show as "live".
const PATIENCE: Duration = Duration::from_secs(2);

/// How current an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Freshness {
    /// The event time the tables are current to; null before the first event.
    pub as_of: Option<Moment>,
    /// How many stored events are not in the tables yet. An upper bound while several projectors
    /// share the stream.
    pub lag_events: u64,
    /// How long ago the oldest of them was stored, in milliseconds.
    pub lag_ms: u64,
    /// In one word.
    pub state: FreshnessState,
}

/// Freshness in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FreshnessState {
    /// Current, or behind by what an event needs to pass through.
    Live,
    /// Events wait, and are being worked off.
    Behind,
    /// Events wait and nothing happens, or we cannot see whether they do.
    Stalled,
}

impl Freshness {
    /// Before the first look succeeded.
    const UNKNOWN: Self = Self {
        as_of: None,
        lag_events: 0,
        lag_ms: 0,
        state: FreshnessState::Stalled,
    };
}

/// The latest freshness of both read models.
#[derive(Debug, Clone)]
pub struct Board {
    calls: watch::Receiver<Freshness>,
    billing: watch::Receiver<Freshness>,
}

impl Board {
    /// Of everything in schema `calls`.
    #[must_use]
    pub fn calls(&self) -> Freshness {
        *self.calls.borrow()
    }

    /// Of everything in schema `billing`.
    #[must_use]
    pub fn billing(&self) -> Freshness {
        *self.billing.borrow()
    }
}

/// Starts looking.
#[must_use]
pub(crate) fn start(
    database: Database,
    nats: Connection,
    health: Health,
    shutdown: Shutdown,
) -> Board {
    let (calls, calls_seen) = watch::channel(Freshness::UNKNOWN);
    let (billing, billing_seen) = watch::channel(Freshness::UNKNOWN);
    health.declare(POSTGRES);
    health.declare(STREAMS);
    let watcher = Watcher {
        database,
        nats,
        health,
    };
    tokio::spawn(async move {
        let mut models = [
            Model::new(StreamName::Calls, calls),
            Model::new(StreamName::Billing, billing),
        ];
        while !shutdown.is_cancelled() {
            watcher.look(&mut models).await;
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    });
    Board {
        calls: calls_seen,
        billing: billing_seen,
    }
}

const POSTGRES: &str = "api-postgres";
const STREAMS: &str = "api-nats";

/// One read model and what we knew of it last.
struct Model {
    stream: StreamName,
    told: watch::Sender<Freshness>,
    progress: Progress,
}

impl Model {
    fn new(stream: StreamName, told: watch::Sender<Freshness>) -> Self {
        Self {
            stream,
            told,
            progress: Progress::start(clock::monotonic()),
        }
    }
}

/// Where one partition's reader stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    partition: i16,
    sequence: i64,
    stream_created_at: Option<DateTime<Utc>>,
    as_of: Option<DateTime<Utc>>,
}

/// Which of the two does not answer, and what it said.
enum Blind {
    Postgres(String),
    Streams(String),
}

struct Watcher {
    database: Database,
    nats: Connection,
    health: Health,
}

impl Watcher {
    async fn look(&self, models: &mut [Model]) {
        // Reported once a look: two models that fail differently would otherwise take turns.
        let (mut postgres, mut streams) = (None, None);
        for model in models {
            let sight = match self.sight(model.stream).await {
                Ok(sight) => Some(sight),
                Err(Blind::Postgres(why)) => {
                    postgres.get_or_insert(format!("reading checkpoints: {why}"));
                    None
                }
                Err(Blind::Streams(why)) => {
                    streams.get_or_insert(why);
                    None
                }
            };
            let (mono, wall) = (clock::monotonic(), clock::now());
            let before = *model.told.borrow();
            model
                .told
                .send_replace(model.progress.judge(sight, before, mono, wall));
        }
        // Without checkpoints the streams were not asked.
        if streams.is_some() || postgres.is_none() {
            self.report(STREAMS, streams);
        }
        self.report(POSTGRES, postgres);
    }

    fn report(&self, condition: &str, why: Option<String>) {
        match why {
            Some(why) => self.health.not_ok(condition, &why),
            None => self.health.ok(condition),
        }
    }

    async fn sight(&self, stream: StreamName) -> Result<Sight, Blind> {
        let late = || "no answer in time".to_owned();
        let checkpoints = tokio::time::timeout(PATIENCE, self.checkpoints(stream)).await;
        let checkpoints = checkpoints
            .map_err(|_| Blind::Postgres(late()))?
            .map_err(|error| Blind::Postgres(error.to_string()))?;
        let compared = tokio::time::timeout(PATIENCE, self.compare(stream, &checkpoints)).await;
        compared
            .map_err(|_| Blind::Streams(late()))?
            .map_err(|error| Blind::Streams(format!("{error:#}")))
    }

    async fn checkpoints(&self, stream: StreamName) -> sqlx::Result<Vec<Checkpoint>> {
        let mut session = self.database.system().await?;
        match stream {
            StreamName::Billing => {
                sqlx::query_as!(
                    Checkpoint,
                    "select partition, sequence, stream_created_at, as_of from billing.checkpoints order by partition"
                )
                .fetch_all(&mut *session)
                .await
            }
            _ => {
                sqlx::query_as!(
                    Checkpoint,
                    "select partition, sequence, stream_created_at, as_of from calls.checkpoints order by partition"
                )
                .fetch_all(&mut *session)
                .await
            }
        }
    }

    async fn compare(
        &self,
        stream: StreamName,
        checkpoints: &[Checkpoint],
    ) -> anyhow::Result<Sight> {
        let end = self.nats.stream_state(stream).await?;
        let last = end.last_sequence;
        // PostgreSQL keeps microseconds, NATS nanoseconds.
        let born = end.created.timestamp_micros();
        let foreign = checkpoints.iter().any(|checkpoint| {
            sequence(checkpoint) > last
                || checkpoint
                    .stream_created_at
                    .is_some_and(|at| at.timestamp_micros() != born)
        });
        let waiting = self.waiting(stream, checkpoints, last).await?;
        let oldest_waiting = match &waiting {
            // It may belong to another partition or be erased; then the end's time must do.
            Some(waiting) => {
                let first = self.nats.stored(stream, waiting.after + 1).await?;
                Some(first.map_or(end.last_stored_at, |message| message.stored_at))
            }
            None => None,
        };
        let newest = checkpoints.iter().filter_map(|known| known.as_of).max();
        Ok(Sight {
            // A reader whose partitions are quiet is not behind, however old its last event is.
            as_of: waiting.map_or(newest, |waiting| waiting.as_of.or(newest)),
            lag_events: waiting.map_or(0, |waiting| waiting.events),
            oldest_waiting,
            folded: checkpoints.iter().map(sequence).sum(),
            foreign,
        })
    }

    /// What is stored and not folded.
    async fn waiting(
        &self,
        stream: StreamName,
        checkpoints: &[Checkpoint],
        last: u64,
    ) -> anyhow::Result<Option<Waiting>> {
        let as_of = |at: u64| {
            let there = checkpoints.iter().filter(|known| sequence(known) == at);
            there.filter_map(|known| known.as_of).min()
        };
        let mut readers: BTreeMap<u64, Vec<Partition>> = BTreeMap::new();
        for partition in partitions(stream) {
            let known = checkpoints
                .iter()
                .find(|checkpoint| checkpoint.partition == i16::from(partition.number()));
            readers
                .entry(known.map_or(0, sequence))
                .or_default()
                .push(partition);
        }
        if readers.len() == 1 {
            let at = readers.keys().next().copied().unwrap_or_default();
            return Ok((at < last).then(|| Waiting {
                after: at,
                events: last.saturating_sub(at),
                as_of: as_of(at),
            }));
        }
        // Readers stand at different places, each at the last event of its own partitions; the
        // stream's end says nothing about them.
        let mut all: Option<Waiting> = None;
        for (at, partitions) in readers {
            let mut end = 0;
            for partition in partitions {
                let message = self.nats.last_stored(stream, partition).await?;
                end = end.max(message.map_or(0, |message| message.sequence));
            }
            if end > at {
                let waiting = all.get_or_insert(Waiting {
                    after: at,
                    events: 0,
                    as_of: None,
                });
                waiting.events += end - at;
                waiting.after = waiting.after.min(at);
                waiting.as_of = waiting.as_of.into_iter().chain(as_of(at)).min();
            }
        }
        Ok(all)
    }
}

/// Events that are stored and not folded.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    /// The sequence all before which are folded.
    after: u64,
    events: u64,
    /// The time of the last event folded by the reader that is furthest behind.
    as_of: Option<DateTime<Utc>>,
}

fn sequence(checkpoint: &Checkpoint) -> u64 {
    u64::try_from(checkpoint.sequence).unwrap_or_default()
}

fn partitions(stream: StreamName) -> Vec<Partition> {
    match stream {
        StreamName::Billing => vec![Partition::BILLING],
        _ => frontdesk_events::PartitionSet::all().iter().collect(),
    }
}
