//! Exchanging schemas by renaming them, in one short transaction.
//!
//! The transaction locks the live checkpoints against writers (readers are not held up). The
//! live projector's next batch, whose first statement moves them, then waits; when the names have
//! changed it finds other checkpoints in another table, forgets all it remembered and goes on
//! from there. So a batch is written into one schema or the other and never into both. The
//! incoming schema is caught up to the locked checkpoints first: what readers see does not go
//! back.

use super::{Operator, bar::Bar, drive, positions, previous, rebuild::analyze, shadow, told_up_to};
use crate::{aggregate::Fact, checkpoint, goal::Goal, projection::Projection, schema};
use anyhow::{Context as _, bail};
use frontdesk_events::{Partition, StreamName};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio_postgres::Client;

/// How long the live projector may be held up while the incoming schema does the last events.
const HOLD: Duration = Duration::from_secs(3);
/// Tries, each after catching up without holding anybody up.
const TRIES: u32 = 5;
const WITHIN: u64 = 100;

/// What a swap or rollback did.
#[derive(Debug, Clone, Serialize)]
pub struct Swapped {
    /// The schema that is read now.
    pub live: String,
    /// Where what was read before is kept.
    pub kept: String,
    /// A schema that was dropped to make room.
    pub dropped: Option<String>,
}

impl Operator {
    /// Puts `<name>_next` in the place of `<name>`, which becomes `<name>_prev`.
    ///
    /// # Errors
    /// When there is no shadow of this version, an older `<name>_prev` would be lost, or the live
    /// projector cannot be caught up with. Everything is then as it was.
    pub async fn swap<F: Fact>(&self, projection: Projection<F>) -> anyhow::Result<Swapped> {
        self.put_in_place(projection, false).await
    }

    /// Like [`Self::swap`], but an older `<name>_prev` is dropped, in the same transaction.
    ///
    /// # Errors
    /// As there.
    pub async fn swap_dropping_previous<F: Fact>(
        &self,
        projection: Projection<F>,
    ) -> anyhow::Result<Swapped> {
        self.put_in_place(projection, true).await
    }

    async fn put_in_place<F: Fact>(
        &self,
        projection: Projection<F>,
        drops_previous: bool,
    ) -> anyhow::Result<Swapped> {
        let (live, incoming, kept) = (
            projection.name.to_owned(),
            shadow(projection.name),
            previous(projection.name),
        );
        let mut database = self.alone(&live).await?;
        match schema::version(&database, &incoming).await? {
            None => bail!(
                "there is no schema {incoming}: run `frontdesk projections rebuild {live}` first"
            ),
            Some(version) if version != projection.version() => {
                bail!(
                    "schema {incoming} was made by another version: rebuild it with this program"
                );
            }
            Some(_) => {}
        }
        let dropped = schema::version(&database, &kept)
            .await?
            .map(|_| kept.clone());
        if dropped.is_some() && !drops_previous {
            bail!(
                "schema {kept}, which an earlier swap replaced, is still there and would be lost: go back to it \
                 with `frontdesk projections rollback {live}`, or let it go with \
                 `frontdesk projections swap {live} --drop-previous`"
            );
        }
        let places = Places {
            incoming: &incoming,
            outgoing: &kept,
            dropped: dropped.as_deref(),
        };
        self.exchange(&mut database, &Arc::new(projection), places)
            .await?;
        Ok(Swapped {
            live,
            kept,
            dropped,
        })
    }

    /// Puts `<name>_prev` back; what was read until now becomes `<name>_next`.
    ///
    /// # Errors
    /// When there is nothing to go back to, or a shadow is in the way.
    pub async fn rollback<F: Fact>(&self, projection: Projection<F>) -> anyhow::Result<Swapped> {
        let (live, incoming, kept) = (
            projection.name.to_owned(),
            previous(projection.name),
            shadow(projection.name),
        );
        let mut database = self.alone(&live).await?;
        let Some(version) = schema::version(&database, &incoming).await? else {
            bail!("there is no schema {incoming} to go back to");
        };
        if schema::version(&database, &kept).await?.is_some() {
            bail!(
                "schema {kept} is in the way: run `frontdesk projections drop-shadow {live}` first"
            );
        }
        let places = Places {
            incoming: &incoming,
            outgoing: &kept,
            dropped: None,
        };
        if version == projection.version() {
            self.exchange(&mut database, &Arc::new(projection), places)
                .await?;
        } else {
            // Only the program that made it can catch it up; whoever goes back starts that one.
            tracing::warn!(
                incoming,
                version,
                "the schema belongs to another version of the program: start that one"
            );
            let transaction = locked(&mut database, &live).await?;
            rename(&transaction, &live, places).await?;
            transaction.commit().await?;
        }
        Ok(Swapped {
            live,
            kept,
            dropped: None,
        })
    }

    async fn exchange<F: Fact>(
        &self,
        database: &mut Client,
        projection: &Arc<Projection<F>>,
        places: Places<'_>,
    ) -> anyhow::Result<()> {
        let (live, incoming) = (projection.name, places.incoming);
        if schema::version(database, live).await?.is_none() {
            database
                .batch_execute(&format!("alter schema {incoming} rename to {live}"))
                .await?;
            return Ok(());
        }
        for _ in 0..TRIES {
            let letters_after = Some(told_up_to(database, projection).await?);
            self.catch_up(database, projection, incoming, letters_after)
                .await?;
            let transaction = locked(database, live).await?;
            let goal = all_at_furthest(positions(&transaction, live, projection).await?);
            let reach = Goal::Reach(goal.clone());
            let mut engine = self.engine(projection, incoming, letters_after, reach);
            let caught_up = tokio::time::timeout(HOLD, drive(&mut engine, |_| {})).await;
            if let Ok(caught_up) = caught_up {
                caught_up?;
                let lock = format!("lock table {incoming}.checkpoints in exclusive mode");
                transaction.batch_execute(&lock).await?;
                let reached = positions(&transaction, incoming, projection).await?;
                if self.is_level(&reached, &goal, projection.stream).await? {
                    rename(&transaction, live, places).await?;
                    transaction.commit().await?;
                    return Ok(());
                }
            }
            transaction.rollback().await?;
        }
        bail!(
            "schema {incoming} does not catch up with {live} within {HOLD:?}; try again when there is less to do"
        )
    }

    /// Whether the incoming schema has all that is stored up to the goal. What stood at the goal itself may
    /// have been erased.
    async fn is_level(
        &self,
        reached: &Positions,
        goal: &Positions,
        stream: StreamName,
    ) -> anyhow::Result<bool> {
        if goal
            .iter()
            .all(|(partition, goal)| reached.get(partition) >= Some(goal))
        {
            return Ok(true);
        }
        let behind = checkpoint::behind(reached, &self.connection, stream).await?;
        Ok(behind.is_empty())
    }

    /// Folds what came since the schema was filled, or what an interrupted rebuild left undone.
    async fn catch_up<F: Fact>(
        &self,
        database: &Client,
        projection: &Arc<Projection<F>>,
        schema: &str,
        letters_after: Option<u64>,
    ) -> anyhow::Result<()> {
        let mut bar = Bar::new(&format!("catching up {schema}"), !self.shows);
        let goal = Goal::CatchUp { within: WITHIN };
        let mut engine = self.engine(projection, schema, letters_after, goal);
        let done = drive(&mut engine, |done| bar.show(done.events, done.pending)).await?;
        bar.finish();
        if done.events > WITHIN {
            analyze(database, schema).await?;
        }
        Ok(())
    }
}

type Positions = BTreeMap<Partition, i64>;

/// The furthest of these positions for every partition. Projectors that share the partitions stand at
/// different places, but an engine moves all its checkpoints together: aimed at each partition's own place
/// it would move one past events that were left out. To be ahead of a projector does no harm.
fn all_at_furthest(mut positions: Positions) -> Positions {
    let furthest = positions.values().max().copied().unwrap_or(0);
    positions
        .values_mut()
        .for_each(|position| *position = furthest);
    positions
}

/// Which schemas change places with the live one.
#[derive(Clone, Copy)]
struct Places<'a> {
    incoming: &'a str,
    outgoing: &'a str,
    /// What stands in the outgoing one's place and goes.
    dropped: Option<&'a str>,
}

/// A transaction that keeps the live projector from writing. Not for long.
async fn locked<'a>(
    database: &'a mut Client,
    live: &str,
) -> anyhow::Result<tokio_postgres::Transaction<'a>> {
    let transaction = database.transaction().await?;
    let lock =
        format!("set local lock_timeout = '3s'; lock table {live}.checkpoints in exclusive mode");
    transaction
        .batch_execute(&lock)
        .await
        .context("waiting for the live projector's transaction to end")?;
    Ok(transaction)
}

/// Nothing is dropped before the names change, and nothing when they do not.
async fn rename(
    transaction: &tokio_postgres::Transaction<'_>,
    live: &str,
    places: Places<'_>,
) -> anyhow::Result<()> {
    let Places {
        incoming, outgoing, ..
    } = places;
    let drop = places
        .dropped
        .map(|schema| format!("drop schema {schema} cascade; "));
    let sql = format!(
        "{}alter schema {live} rename to {outgoing}; alter schema {incoming} rename to {live}",
        drop.unwrap_or_default()
    );
    transaction
        .batch_execute(&sql)
        .await
        .with_context(|| format!("putting {incoming} in the place of {live}"))
}
