//! Keeping a projection running: what helps is tried for ever, what does not is said in health.
//!
//! A lost connection never ends the process: the checkpoint makes a new start cheap, and the
//! other projection goes on meanwhile.

use crate::{
    aggregate::Fact,
    engine::{Engine, Settings},
    goal::Goal,
    progress::Progress,
    projection::Projection,
    projections,
    stop::Stop,
};
use frontdesk_events::{Partition, PartitionSet, nats::Connection};
use frontdesk_process::{Shutdown, clock, health::Health};
use futures::future::BoxFuture;
use std::{sync::Arc, time::Duration};

/// How long after a lost connection the next try comes; doubled each time up to the bound.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LAST_RETRY: Duration = Duration::from_secs(5);

/// A projection that an operator must put right looks again this often whether it was.
const HALTED_RETRY: Duration = Duration::from_secs(10);

/// With messages to come and none folded for this long, the projection is not ready.
const UNHEALTHY: Duration = Duration::from_secs(60);
const WATCH: Duration = Duration::from_secs(1);

/// How the projector runs.
#[derive(Debug, Clone, clap::Args)]
pub struct ProjectorArgs {
    /// The partitions this process folds, for example 0-7: several projectors share the sixteen.
    /// Billing has only the first.
    #[arg(long, env = "PROJECTOR_PARTITIONS", default_value = "0-15")]
    pub partitions: PartitionSet,
    /// The most events in one transaction. Only a backlog makes large ones; 2,000 cost PostgreSQL a
    /// fifth less an event than 1,000, larger ones save nothing more and hold more memory.
    #[arg(long, env = "PROJECTOR_BATCH", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub batch: u32,
}

/// Runs all projections until shutdown. Boxed, so that the engine is compiled here and not in every
/// program that awaits it.
///
/// # Errors
/// Never for a server that is away; health says so instead.
#[must_use = "nothing happens until it is awaited"]
pub fn run(
    args: ProjectorArgs,
    database_url: String,
    connection: Connection,
    health: Health,
    shutdown: Shutdown,
) -> BoxFuture<'static, anyhow::Result<()>> {
    Box::pin(keep_all(args, database_url, connection, health, shutdown))
}

async fn keep_all(
    args: ProjectorArgs,
    database_url: String,
    connection: Connection,
    health: Health,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let keep_calls = keep(
        Arc::new(projections::calls()),
        args.partitions.clone(),
        &args,
        &database_url,
        connection.clone(),
        &health,
        &shutdown,
    );
    let billing = Arc::new(projections::billing());
    let partition = billing.all_partitions();
    // BILLING has one partition; whoever owns its number folds it.
    let keep_billing = async {
        if args
            .partitions
            .iter()
            .any(|owned| owned == Partition::BILLING)
        {
            keep(
                billing,
                partition,
                &args,
                &database_url,
                connection.clone(),
                &health,
                &shutdown,
            )
            .await;
        }
    };
    tokio::join!(keep_calls, keep_billing);
    Ok(())
}

/// Runs one projection until shutdown.
pub async fn keep<F: Fact>(
    projection: Arc<Projection<F>>,
    partitions: PartitionSet,
    args: &ProjectorArgs,
    database_url: &str,
    connection: Connection,
    health: &Health,
    shutdown: &Shutdown,
) {
    let name = projection.name;
    let condition = format!("projector-{name}");
    health.declare(&condition);
    let settings = Settings {
        schema: name.to_owned(),
        partitions,
        most: args.batch as usize,
        live: true,
        letters_after: Some(0),
        goal: Goal::Follow,
    };
    let mut engine = Engine::new(projection, settings, database_url, connection);
    let watch = watch(name, &condition, engine.progress.clone(), health);
    let retry = async {
        let mut patience = FIRST_RETRY;
        while !shutdown.is_cancelled() {
            let before = engine.progress.read().events;
            let Err(stop) = engine.run(shutdown).await else {
                return;
            };
            if engine.progress.read().events > before {
                patience = FIRST_RETRY;
            }
            let pause = after(name, &condition, &stop, patience, health);
            patience = if pause == patience {
                LAST_RETRY.min(patience * 2)
            } else {
                patience
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.cancelled() => return,
            }
        }
    };
    tokio::select! {
        () = retry => {}
        () = watch => {}
    }
}

/// Says why a run ended; answers how long to wait before the next.
fn after(
    name: &str,
    condition: &str,
    stop: &Stop,
    patience: Duration,
    health: &Health,
) -> Duration {
    match stop {
        Stop::Lost(error) => {
            tracing::warn!(
                projection = name,
                error = format!("{error:#}"),
                "the projection starts again"
            );
            health.not_ok(condition, &format!("starting again: {error:#}"));
            patience
        }
        Stop::Raced => {
            tracing::info!(
                projection = name,
                "another writer was first, or the schema was swapped"
            );
            FIRST_RETRY / 2
        }
        Stop::Data { .. } => Duration::ZERO,
        Stop::Halt(why) => {
            tracing::error!(projection = name, why, "the projection halts");
            health.not_ok(condition, why);
            HALTED_RETRY
        }
        Stop::Storm(why) => {
            tracing::error!(projection = name, why, "the projection stops");
            health.not_ok(condition, why);
            Duration::MAX
        }
    }
}

/// Reports lag, and health while the engine runs; what ends a run is reported by [`after`].
async fn watch(name: &'static str, condition: &str, progress: Progress, health: &Health) {
    let mut last = (0, clock::monotonic());
    loop {
        let done = progress.read();
        if done.events != last.0 || (done.pending == 0 && !done.unwritten) {
            last = (done.events, clock::monotonic());
        }
        let lag = done
            .stored_at
            .filter(|_| done.pending > 0)
            .map_or(0.0, |stored| (clock::now() - stored).as_seconds_f64());
        metrics::gauge!("frontdesk_projection_lag_events", "projection" => name)
            .set(done.pending as f64);
        metrics::gauge!("frontdesk_projection_lag_seconds", "projection" => name).set(lag);
        if done.running && last.1.elapsed() < UNHEALTHY {
            health.ok(condition);
        } else if done.running {
            let why = format!(
                "no progress for {} s with at least {} events to come",
                UNHEALTHY.as_secs(),
                done.pending + u64::from(done.unwritten)
            );
            health.not_ok(condition, &why);
        }
        tokio::time::sleep(WATCH).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_projector_can_be_a_task() {
        fn is_a_task(_: impl Future<Output = anyhow::Result<()>> + Send + 'static) {}
        let _ = |args, connection, health, shutdown| {
            is_a_task(run(args, String::new(), connection, health, shutdown));
        };
    }
}
