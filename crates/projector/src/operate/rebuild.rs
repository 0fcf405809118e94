//! Filling a shadow schema from the first event on, beside the one that is read.

use super::{Operator, bar::Bar, drive, shadow, told_up_to};
use crate::{aggregate::Fact, goal::Goal, projection::Projection, schema};
use anyhow::{Context as _, bail};
use frontdesk_process::clock;
use serde::Serialize;
use std::sync::Arc;

/// So near the end of a stream that grows meanwhile, its end can be aimed at.
const WITHIN: u64 = 100;

/// What a rebuild did.
#[derive(Debug, Clone, Serialize)]
pub struct Rebuilt {
    /// The schema it filled.
    pub schema: String,
    /// Events folded.
    pub events: u64,
    /// Events that could not be. Only those that the live projector has not passed are published: of the
    /// others it told, unless it could fold what this program cannot.
    pub dead_letters: u64,
    /// How long it took.
    pub seconds: f64,
    /// Events a second.
    pub events_per_s: f64,
}

impl Operator {
    /// Builds the projection into `<name>_next`, replacing what is there, until it has caught up.
    ///
    /// # Errors
    /// When a server stays away, or the stream holds what the projection cannot be trusted with.
    pub async fn rebuild<F: Fact>(
        &self,
        projection: Projection<F>,
        bar: &mut Bar,
    ) -> anyhow::Result<Rebuilt> {
        let projection = Arc::new(projection);
        let schema = shadow(projection.name);
        let mut database = self.alone(projection.name).await?;
        schema::drop(&database, &schema).await?;
        schema::create(&mut database, &schema, &projection).await?;
        let total = self
            .connection
            .stream_state(projection.stream)
            .await?
            .messages;
        let started = clock::monotonic();
        let letters_after = Some(told_up_to(&database, &projection).await?);
        let goal = Goal::CatchUp { within: WITHIN };
        let mut engine = self.engine(&projection, &schema, letters_after, goal);
        let mut done = drive(&mut engine, |done| {
            let pending = if done.events == 0 {
                total
            } else {
                done.pending
            };
            bar.show(done.events, pending);
        })
        .await?;
        // And what had come by now: without load, that is everything.
        let end = self
            .connection
            .stream_state(projection.stream)
            .await?
            .last_sequence as i64;
        let end = projection
            .all_partitions()
            .iter()
            .map(|partition| (partition, end))
            .collect();
        let mut engine = self.engine(&projection, &schema, letters_after, Goal::Reach(end));
        let rest = drive(&mut engine, |_| {}).await?;
        done.events += rest.events;
        done.dead += rest.dead;
        bar.finish();
        let seconds = started.elapsed().as_secs_f64();
        // A connection as old as the rebuild may not have outlived it.
        analyze(&self.database().await?, &schema).await?;
        Ok(Rebuilt {
            schema,
            events: done.events,
            dead_letters: done.dead,
            seconds,
            events_per_s: done.events as f64 / seconds,
        })
    }

    /// Drops a shadow (`<name>_next`), or what the last swap left behind (`<name>_prev`).
    ///
    /// # Errors
    /// When there is none, or the database refuses.
    pub async fn drop_shadow(&self, name: &str, left_behind: bool) -> anyhow::Result<String> {
        let schema = if left_behind {
            super::previous(name)
        } else {
            shadow(name)
        };
        let database = self.alone(name).await?;
        if schema::version(&database, &schema).await?.is_none() {
            bail!("there is no schema {schema} to drop");
        }
        schema::drop(&database, &schema).await?;
        Ok(schema)
    }
}

/// Without figures about the new tables the first readers after a swap would get plans for empty
/// ones.
pub(super) async fn analyze(database: &tokio_postgres::Client, schema: &str) -> anyhow::Result<()> {
    let tables = database
        .query(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = $1",
            &[&schema],
        )
        .await?;
    for table in tables {
        let table: String = table.get(0);
        database
            .batch_execute(&format!("analyze {table}"))
            .await
            .with_context(|| format!("analysing {table}"))?;
    }
    Ok(())
}
