//! What the operator's commands share: who asks, names of schemas, and driving the engine to a
//! goal instead of for ever.

pub mod bar;
pub mod rebuild;
pub mod status;
pub mod swap;
pub mod verify;

use crate::{
    aggregate::Fact,
    engine::{Engine, Settings},
    goal::Goal,
    progress::Done,
    projection::Projection,
    schema,
    stop::Stop,
    store,
};
use anyhow::{Context as _, bail};
use frontdesk_events::{PartitionSet, nats::Connection};
use frontdesk_process::Shutdown;
use std::{sync::Arc, time::Duration};
use tokio_postgres::Client;

/// The server takes a moment to see that the command before has gone, and holds its lock so long.
const LET_GO: Duration = Duration::from_millis(100);
const LET_GO_TRIES: u32 = 20;

/// Commands that change schemas of one projection come one at a time: a second rebuild would drop
/// the tables the first is filling. PostgreSQL gives the lock back when the command ends, however
/// it ends.
const ALONE: &str =
    "select pg_try_advisory_lock(hashtextextended('frontdesk projections ' || $1, 0))";

/// Events in one transaction while nobody waits for the first of them.
const LARGE_BATCH: usize = 4000;

/// A rebuild stands a server's restart, but somebody is watching: it does not wait for ever.
const TRIES: u32 = 30;
const PAUSE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(200);

/// An operator's access to both servers.
#[derive(Clone)]
pub struct Operator {
    database_url: String,
    connection: Connection,
    shows: bool,
}

impl Operator {
    /// DATABASE_URL must name a user who may create schemas.
    #[must_use]
    pub fn new(database_url: &str, connection: Connection) -> Self {
        Self {
            database_url: database_url.to_owned(),
            connection,
            shows: false,
        }
    }

    /// Whether work that may take long shows itself on standard error.
    #[must_use]
    pub fn showing(self, shows: bool) -> Self {
        Self { shows, ..self }
    }

    async fn database(&self) -> anyhow::Result<Client> {
        store::connect_as_owner(&self.database_url).await
    }

    /// A connection that keeps other commands off this projection for as long as it lives.
    async fn alone(&self, name: &str) -> anyhow::Result<Client> {
        let database = self.database().await?;
        for _ in 0..LET_GO_TRIES {
            let row = database.query_one(ALONE, &[&name]).await;
            let is_alone: bool = row.context("asking whether another command works")?.get(0);
            if is_alone {
                return Ok(database);
            }
            tokio::time::sleep(LET_GO).await;
        }
        bail!(
            "another `frontdesk projections` command works on {name}: wait until it ends, or stop it"
        );
    }

    /// Fills a schema that is not read. `letters_after` as in [`Settings`].
    fn engine<F: Fact>(
        &self,
        projection: &Arc<Projection<F>>,
        schema: &str,
        letters_after: Option<u64>,
        goal: Goal,
    ) -> Engine<F> {
        let settings = Settings {
            schema: schema.to_owned(),
            partitions: projection.all_partitions(),
            most: LARGE_BATCH,
            live: false,
            letters_after,
            goal,
        };
        Engine::new(
            Arc::clone(projection),
            settings,
            &self.database_url,
            self.connection.clone(),
        )
    }
}

/// How far the schema that is read has come in every partition; 0 when there is none. Its projector has told
/// of dead letters up to there. Of those behind, nobody will once another schema stands in its place.
async fn told_up_to<F: Fact>(client: &Client, projection: &Projection<F>) -> anyhow::Result<u64> {
    let live = projection.name;
    if schema::version(client, live).await?.is_none() {
        return Ok(0);
    }
    let positions = positions(client, live, projection).await?;
    let lowest = positions.into_values().min().unwrap_or(0);
    Ok(u64::try_from(lowest).unwrap_or(0))
}

/// The schema a rebuild fills.
fn shadow(name: &str) -> String {
    format!("{name}_next")
}

/// The schema a swap leaves behind.
fn previous(name: &str) -> String {
    format!("{name}_prev")
}

/// The partitions a checkpoint table has rows for; those of the stream if it has none yet.
async fn positions<F: Fact>(
    client: &impl tokio_postgres::GenericClient,
    schema: &str,
    projection: &Projection<F>,
) -> anyhow::Result<std::collections::BTreeMap<frontdesk_events::Partition, i64>> {
    let owned: PartitionSet = projection.all_partitions();
    let rows = client
        .query(
            &format!("select partition, sequence from {schema}.checkpoints"),
            &[],
        )
        .await
        .with_context(|| format!("reading the checkpoints of schema {schema}"))?;
    let mut positions: std::collections::BTreeMap<_, _> =
        owned.iter().map(|partition| (partition, 0)).collect();
    for row in rows {
        let partition = u8::try_from(row.get::<_, i16>(0))
            .ok()
            .and_then(frontdesk_events::Partition::new);
        if let Some(position) = partition.and_then(|partition| positions.get_mut(&partition)) {
            *position = row.get(1);
        }
    }
    Ok(positions)
}

/// Runs an engine to its goal, showing how far it is.
async fn drive<F: Fact>(
    engine: &mut Engine<F>,
    mut show: impl FnMut(&Done),
) -> anyhow::Result<Done> {
    let shutdown = Shutdown::new();
    let progress = engine.progress.clone();
    let mut tries = 0;
    let mut ticks = tokio::time::interval(TICK);
    loop {
        let before = progress.read().events;
        let stop = {
            let mut run = std::pin::pin!(engine.run(&shutdown));
            loop {
                tokio::select! {
                    result = &mut run => break result,
                    _ = ticks.tick() => show(&progress.read()),
                }
            }
        };
        show(&progress.read());
        tries = if progress.read().events > before {
            0
        } else {
            tries + 1
        };
        match stop {
            Ok(()) => return Ok(progress.read()),
            Err(Stop::Data { .. }) => {}
            Err(Stop::Halt(why) | Stop::Storm(why)) => bail!(why),
            Err(Stop::Raced) if tries > 3 => {
                bail!("another program writes the same schema; stop it first")
            }
            Err(stop) if tries > TRIES => return Err(anyhow::anyhow!(stop)),
            Err(stop) => {
                tracing::warn!(%stop, "starting again at the checkpoint");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
