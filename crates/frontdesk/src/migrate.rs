//! `frontdesk migrate`: tables, read models and streams, each as it should be. Running it twice
//! changes nothing.

use anyhow::Context as _;
use frontdesk_events::nats::{Connection, NatsArgs, Role, admin::StreamChange};

/// Options of `frontdesk migrate`.
#[derive(clap::Args)]
pub(crate) struct MigrateArgs {
    /// PostgreSQL, for example postgres://user@host/frontdesk; its user must own the database.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    #[command(flatten)]
    nats: NatsArgs,
    /// How many NATS servers keep each stream (3 in a cluster).
    #[arg(long, env = "STREAM_REPLICAS", default_value_t = 1)]
    replicas: usize,
    /// Bytes each of the four streams may use before it refuses new events; keep all together below
    /// 80 % of the volume. A full disk freezes a stream until NATS starts again, and nobody is told
    /// (-1: no bound).
    #[arg(long, env = "STREAM_MAX_BYTES", default_value_t = -1, allow_hyphen_values = true)]
    max_bytes: i64,
    /// Accept a NATS server that acknowledges before it fsyncs: a power cut then loses events.
    #[arg(long, env = "ALLOW_LAZY_SYNC")]
    allow_lazy_sync: bool,
}

/// Brings PostgreSQL and NATS to where this version wants them.
///
/// # Errors
/// When either cannot be reached, refuses, or the NATS server may lose acknowledged events.
pub(crate) async fn run(args: MigrateArgs) -> anyhow::Result<()> {
    let nats = Connection::open_now(&args.nats, Role::Operator).await?;
    let server = nats.durability().await?;
    server.check(args.allow_lazy_sync)?;
    if !server.sync_always {
        tracing::warn!(
            "NATS does not fsync before it acknowledges: a power cut loses accepted events"
        );
    }

    if args.max_bytes < 0 {
        tracing::warn!(
            "STREAM_MAX_BYTES sets no bound: a full disk then freezes the streams until NATS starts again"
        );
    }

    let pool = sqlx::PgPool::connect(&args.database_url)
        .await
        .context("connecting to PostgreSQL (DATABASE_URL)")?;
    sqlx::migrate!("../../migrations")
        .run(&pool)
        .await
        .context("migrating the tables of account and ops")?;
    pool.close().await;
    frontdesk_projector::ensure_read_models(&args.database_url).await?;
    tracing::info!("tables and read models are in place");

    for (stream, change) in nats.ensure_streams(args.replicas, args.max_bytes).await? {
        let change = match change {
            StreamChange::Created => "created",
            StreamChange::Updated => "updated",
            StreamChange::Unchanged => "unchanged",
        };
        tracing::info!(%stream, change, "stream is in place");
    }
    Ok(())
}
