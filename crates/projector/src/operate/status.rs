//! How far each projection is.

use super::{Operator, positions};
use crate::{aggregate::Fact, checkpoint, projection::Projection, schema};
use chrono::{DateTime, Utc};
use frontdesk_events::Partition;
use frontdesk_process::clock;
use serde::Serialize;
use std::{collections::BTreeMap, time::Duration};

/// The rate is counted over this.
const SAMPLE: Duration = Duration::from_secs(1);

/// One schema of a projection.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The schema: the projection's own, a shadow, or what a swap left behind.
    pub schema: String,
    /// Whether this program may write it.
    pub current: bool,
    /// The last sequence folded in every partition.
    pub checkpoint: i64,
    /// The stream's last sequence.
    pub stream_end: u64,
    /// At most so many messages are still to come: those stored since the partition that has come least far
    /// of those with something to come.
    pub lag_events: u64,
    /// How long the oldest of them has been waiting, as far as the tables know.
    pub lag_seconds: f64,
    /// The event time the tables are current to.
    pub as_of: Option<DateTime<Utc>>,
    /// Events folded a second, just now.
    pub events_per_s: f64,
}

impl Operator {
    /// The status of a projection's schemas: its own first, then shadow and left behind if there.
    ///
    /// # Errors
    /// When a server is away.
    pub async fn status<F: Fact>(&self, projection: &Projection<F>) -> anyhow::Result<Vec<Status>> {
        let database = self.database().await?;
        let name = projection.name;
        let mut found = Vec::new();
        for schema in [name.to_owned(), super::shadow(name), super::previous(name)] {
            if let Some(version) = schema::version(&database, &schema).await? {
                let before = lowest(&positions(&database, &schema, projection).await?);
                found.push((schema, version, before, clock::monotonic()));
            }
        }
        tokio::time::sleep(SAMPLE).await;
        let stream = self.connection.stream_state(projection.stream).await?;
        let mut statuses = Vec::new();
        for (schema, version, before, at) in found {
            let mut positions = positions(&database, &schema, projection).await?;
            let checkpoint = lowest(&positions);
            // A partition without newer messages is not behind, however far the others are.
            let behind =
                checkpoint::behind(&positions, &self.connection, projection.stream).await?;
            positions.retain(|partition, _| behind.contains(partition));
            let row = database
                .query_one(
                    &format!("select max(as_of), min(updated_at) from {schema}.checkpoints where sequence > 0"),
                    &[],
                )
                .await?;
            let lag_events = if positions.is_empty() {
                0
            } else {
                let folded = u64::try_from(lowest(&positions)).unwrap_or(0);
                stream.last_sequence.saturating_sub(folded)
            };
            let updated: Option<DateTime<Utc>> = row.get(1);
            let waiting = updated.map_or(0.0, |updated| {
                (clock::now() - updated).as_seconds_f64().max(0.0)
            });
            statuses.push(Status {
                current: version == projection.version(),
                schema,
                checkpoint,
                stream_end: stream.last_sequence,
                lag_events,
                lag_seconds: if lag_events == 0 { 0.0 } else { waiting },
                as_of: row.get(0),
                events_per_s: (checkpoint - before) as f64 / at.elapsed().as_secs_f64(),
            });
        }
        Ok(statuses)
    }
}

fn lowest(positions: &BTreeMap<Partition, i64>) -> i64 {
    positions.values().min().copied().unwrap_or(0)
}
