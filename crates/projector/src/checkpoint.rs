//! How far a reader has come, and whether the stream is still the one it read.
//!
//! A checkpoint names the message it stands at by id and hash and the stream by its birth. After
//! a power cut or a restored backup a stream can be behind, or have other messages under the same
//! sequences; folding on would mix two histories, so the projection halts and says so.

use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_events::{
    Partition, PartitionSet, StreamName,
    nats::{Connection, admin::StreamState},
};
use futures::future::try_join_all;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use tokio_postgres::Client;

/// Events are rarely this late. One whose own time lies further back says nothing of how current
/// the tables are: it has a clock of 1970, or was redelivered by hand.
const LATEST: TimeDelta = TimeDelta::days(1);

/// What stood at a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Anchor {
    pub(crate) event_id: Option<String>,
    pub(crate) hash: Vec<u8>,
    pub(crate) stream_created_at: DateTime<Utc>,
}

/// The checkpoints one reader owns.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoint {
    /// Which table they were read from: after a swap the same name is another table, and what is
    /// remembered of its rows is void.
    pub(crate) table: u32,
    /// The last sequence folded, by partition.
    pub(crate) positions: BTreeMap<Partition, i64>,
    anchors: BTreeMap<i64, Anchor>,
}

impl Checkpoint {
    /// Reads the reader's rows, and makes those that are not there yet.
    pub(crate) async fn load(
        client: &Client,
        partitions: &PartitionSet,
    ) -> Result<Self, tokio_postgres::Error> {
        let numbers: Vec<i16> = partitions
            .iter()
            .map(|partition| i16::from(partition.number()))
            .collect();
        client
            .execute(
                "insert into checkpoints (partition, sequence)
                 select partition, 0 from unnest($1::smallint[]) as owned (partition)
                 on conflict (partition) do nothing",
                &[&numbers],
            )
            .await?;
        let rows = client
            .query(
                "select tableoid, partition, sequence, event_id, event_hash, stream_created_at
                 from checkpoints where partition = any($1::smallint[])",
                &[&numbers],
            )
            .await?;
        let mut checkpoint = Self {
            table: 0,
            positions: BTreeMap::new(),
            anchors: BTreeMap::new(),
        };
        for row in rows {
            checkpoint.table = row.get(0);
            let partition = u8::try_from(row.get::<_, i16>(1))
                .ok()
                .and_then(Partition::new);
            let Some(partition) = partition else { continue };
            let sequence = row.get(2);
            checkpoint.positions.insert(partition, sequence);
            if let (Some(hash), Some(stream_created_at)) = (row.get(4), row.get(5)) {
                checkpoint.anchors.insert(
                    sequence,
                    Anchor {
                        event_id: row.get(3),
                        hash,
                        stream_created_at,
                    },
                );
            }
        }
        Ok(checkpoint)
    }

    /// The first sequence to read.
    pub(crate) fn start(&self) -> u64 {
        let least = self.positions.values().min().copied().unwrap_or(0);
        u64::try_from(least + 1).unwrap_or(1)
    }

    /// The furthest sequence folded.
    pub(crate) fn furthest(&self) -> i64 {
        self.positions.values().max().copied().unwrap_or(0)
    }

    /// Whether a partition has this message already; so it is where readers of other partitions
    /// were ahead.
    pub(crate) fn has(&self, partition: Partition, sequence: i64) -> bool {
        self.positions
            .get(&partition)
            .is_some_and(|position| *position >= sequence)
    }

    /// Moves to a sequence; answers each partition that moves, with where it stood.
    pub(crate) fn advance(&mut self, sequence: i64) -> Vec<(Partition, i64)> {
        let behind = self
            .positions
            .iter_mut()
            .filter(|(_, position)| **position < sequence);
        behind
            .map(|(partition, position)| (*partition, std::mem::replace(position, sequence)))
            .collect()
    }

    /// Checks that the stream is the one these checkpoints were made on. The inner error is for
    /// the operator: the projection must not go on.
    pub(crate) async fn check(
        &self,
        connection: &Connection,
        stream: StreamName,
    ) -> anyhow::Result<Result<StreamState, String>> {
        let state = connection.stream_state(stream).await?;
        let last = i64::try_from(state.last_sequence).context("a stream sequence beyond 2^63")?;
        if last < self.furthest() {
            return Ok(Err(format!(
                "stream {stream} ends at {last}, behind the checkpoint {}: it lost events or was restored; \
                 restore the newer stream, or rebuild the projection from this one",
                self.furthest()
            )));
        }
        for (sequence, anchor) in &self.anchors {
            // Microseconds: PostgreSQL keeps no finer times.
            if anchor.stream_created_at.timestamp_micros() != state.created.timestamp_micros() {
                return Ok(Err(format!(
                    "stream {stream} was created at {}, the checkpoint was made on one created at {}: \
                     it is another stream; rebuild the projection from it, or bring the old one back",
                    state.created, anchor.stream_created_at
                )));
            }
            let found = connection
                .stored(stream, u64::try_from(*sequence).unwrap_or(0))
                .await?;
            // Erasing a person deletes messages, so a missing one proves nothing.
            let Some(found) = found else { continue };
            if hash(&found.subject, &found.payload) != anchor.hash {
                return Ok(Err(format!(
                    "message {sequence} of stream {stream} is not the one the checkpoint was made at \
                     (event {}): the stream went back and took other events; rebuild the projection",
                    anchor.event_id.as_deref().unwrap_or("without id")
                )));
            }
        }
        Ok(Ok(state))
    }
}

/// The partitions that have stored messages past these positions.
pub(crate) async fn behind(
    positions: &BTreeMap<Partition, i64>,
    connection: &Connection,
    stream: StreamName,
) -> anyhow::Result<Vec<Partition>> {
    let each = positions.iter().map(async |(partition, position)| {
        let last = connection.last_stored(stream, *partition).await?;
        let is_behind = last.is_some_and(|last| last.sequence as i64 > *position);
        anyhow::Ok(is_behind.then_some(*partition))
    });
    Ok(try_join_all(each).await?.into_iter().flatten().collect())
}

/// The hash that tells one message from another at the same sequence.
pub(crate) fn hash(subject: &str, payload: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(subject);
    hash.update([0]);
    hash.update(payload);
    hash.finalize().to_vec()
}

/// The event time the tables are current to after this message. A clock that is wrong by years
/// must not say so of the tables: then the time it was stored counts.
pub(crate) fn as_of(happened: Option<DateTime<Utc>>, stored: DateTime<Utc>) -> DateTime<Utc> {
    happened
        .filter(|time| *time <= stored && stored - *time <= LATEST)
        .unwrap_or(stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_of_1970_or_9999_does_not_date_the_tables() {
        let stored: DateTime<Utc> = "2026-11-23T18:00:00Z".parse().unwrap();
        let time = |text: &str| Some(text.parse::<DateTime<Utc>>().unwrap());
        assert_eq!(
            as_of(time("2026-11-23T17:59:58Z"), stored),
            time("2026-11-23T17:59:58Z").unwrap()
        );
        for absurd in [
            time("1970-01-01T00:00:00Z"),
            time("9999-12-31T23:59:59Z"),
            None,
        ] {
            assert_eq!(as_of(absurd, stored), stored);
        }
    }

    #[test]
    fn partitions_that_are_ahead_stay_where_they_are() {
        let partition = |number| Partition::new(number).unwrap();
        let positions = BTreeMap::from([(partition(0), 5), (partition(1), 9)]);
        let mut checkpoint = Checkpoint {
            table: 1,
            positions,
            anchors: BTreeMap::new(),
        };
        assert_eq!(checkpoint.start(), 6);
        assert!(checkpoint.has(partition(1), 9) && !checkpoint.has(partition(0), 6));
        assert_eq!(checkpoint.advance(8), [(partition(0), 5)]);
        assert_eq!(
            checkpoint.advance(12),
            [(partition(0), 8), (partition(1), 9)]
        );
    }
}
