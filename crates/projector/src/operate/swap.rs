//! Exchanging schemas by renaming them, in one short transaction.
//!
//! The transaction locks the live checkpoints against writers (readers are not held up). The
//! live projector's next batch, whose first statement moves them, then waits; when the names have
//! changed it finds other checkpoints in another table, forgets all it remembered and goes on
//! from there. So a batch is written into one schema or the other and never into both. The
//! incoming schema is caught up to the locked checkpoints first: what readers see does not go
//! back.

use super::{Operator, drive, positions, previous, shadow};
use crate::{aggregate::Fact, engine::Goal, projection::Projection, schema};
use anyhow::{Context as _, bail};
use serde::Serialize;
use std::{sync::Arc, time::Duration};
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
    /// Puts `<name>_next` in the place of `<name>`, which becomes `<name>_prev`. An older
    /// `<name>_prev` is dropped.
    ///
    /// # Errors
    /// When there is no shadow of this version, or the live projector cannot be caught up with.
    pub async fn swap<F: Fact>(&self, projection: Projection<F>) -> anyhow::Result<Swapped> {
        let (live, incoming, kept) = (
            projection.name.to_owned(),
            shadow(projection.name),
            previous(projection.name),
        );
        let mut database = self.database().await?;
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
        schema::drop(&database, &kept).await?;
        self.exchange(&mut database, &Arc::new(projection), &incoming, &kept)
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
        let mut database = self.database().await?;
        let Some(version) = schema::version(&database, &incoming).await? else {
            bail!("there is no schema {incoming} to go back to");
        };
        if schema::version(&database, &kept).await?.is_some() {
            bail!(
                "schema {kept} is in the way: run `frontdesk projections drop-shadow {live}` first"
            );
        }
        if version == projection.version() {
            self.exchange(&mut database, &Arc::new(projection), &incoming, &kept)
                .await?;
        } else {
            // Only the program that made it can catch it up; whoever goes back starts that one.
            tracing::warn!(
                incoming,
                version,
                "the schema belongs to another version of the program: start that one"
            );
            let transaction = locked(&mut database, &live).await?;
            rename(&transaction, &live, &incoming, &kept).await?;
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
        incoming: &str,
        outgoing: &str,
    ) -> anyhow::Result<()> {
        let live = projection.name;
        if schema::version(database, live).await?.is_none() {
            database
                .batch_execute(&format!("alter schema {incoming} rename to {live}"))
                .await?;
            return Ok(());
        }
        for _ in 0..TRIES {
            drive(
                &mut self.engine(projection, incoming, Goal::CatchUp { within: WITHIN }),
                |_| {},
            )
            .await?;
            let transaction = locked(database, live).await?;
            let goal = positions(&transaction, live, projection).await?;
            let mut engine = self.engine(projection, incoming, Goal::Reach(goal.clone()));
            let caught_up = tokio::time::timeout(HOLD, drive(&mut engine, |_| {})).await;
            if let Ok(caught_up) = caught_up {
                caught_up?;
                let lock = format!("lock table {incoming}.checkpoints in exclusive mode");
                transaction.batch_execute(&lock).await?;
                let reached = positions(&transaction, incoming, projection).await?;
                if goal
                    .iter()
                    .all(|(partition, goal)| reached.get(partition) >= Some(goal))
                {
                    rename(&transaction, live, incoming, outgoing).await?;
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

async fn rename(
    transaction: &tokio_postgres::Transaction<'_>,
    live: &str,
    incoming: &str,
    outgoing: &str,
) -> anyhow::Result<()> {
    let sql = format!(
        "alter schema {live} rename to {outgoing}; alter schema {incoming} rename to {live}"
    );
    transaction
        .batch_execute(&sql)
        .await
        .with_context(|| format!("putting {incoming} in the place of {live}"))
}
