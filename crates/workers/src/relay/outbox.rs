//! The outbox as the relay sees it: read in order, taken out once published.

use anyhow::{Context as _, anyhow};
use chrono::{DateTime, Utc};
use sqlx::{Connection as _, FromRow, PgConnection, postgres::PgConnectOptions};
use std::{future::Future, time::Duration};
use uuid::Uuid;

/// Facts taken at once: as many as make a batch whose one fsync is cheap for each of them.
const MOST: i64 = 256;

/// Longer than any of these statements takes. A host that is gone without a word answers nothing for
/// ever, and the relay would seem well.
const PATIENCE: Duration = Duration::from_secs(10);
/// The other side of the same: a session nobody speaks in is ended by PostgreSQL, or the lock of a relay
/// whose host is gone would keep the others from relaying. Who holds or wants the lock speaks every
/// second; who publishes may be silent for longer, and loses nothing but its turn.
const SILENCE: &str = "60s";

/// The outbox through the session that holds the lock.
pub(super) struct Outbox {
    seat: PgConnection,
}

/// A fact that waits to be published.
#[derive(Debug, FromRow)]
pub(super) struct Fact {
    pub(super) id: i64,
    pub(super) event_id: Uuid,
    pub(super) partition_key: Uuid,
    pub(super) kind: String,
    pub(super) subject: String,
    /// JSON.
    pub(super) data: String,
    pub(super) occurred_at: DateTime<Utc>,
}

/// What waits.
#[derive(Debug, FromRow)]
pub(super) struct Waiting {
    pub(super) facts: i64,
    pub(super) oldest: Option<DateTime<Utc>>,
}

/// A session that may come to relay.
pub(super) async fn seat(options: &PgConnectOptions) -> anyhow::Result<PgConnection> {
    let options = options.clone().options([
        ("idle_session_timeout", SILENCE),
        ("tcp_keepalives_idle", "10"),
        ("tcp_keepalives_interval", "5"),
        ("tcp_keepalives_count", "3"),
    ]);
    answered(
        "connecting to PostgreSQL",
        PgConnection::connect_with(&options),
    )
    .await
}

/// Whether this session may relay from now on. The lock is the session's: it ends with it.
pub(super) async fn lead(seat: &mut PgConnection) -> anyhow::Result<bool> {
    let asked = sqlx::query_scalar(
        "select pg_try_advisory_lock(hashtextextended('relay of the outbox', 0))",
    )
    .fetch_one(seat);
    answered("asking to relay the outbox", asked).await
}

/// An answer of PostgreSQL's, if it comes in time. After one that did not, the session is of no use.
async fn answered<T>(
    doing: &'static str,
    asked: impl Future<Output = sqlx::Result<T>>,
) -> anyhow::Result<T> {
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer.context(doing),
        Err(_) => Err(anyhow!("PostgreSQL does not answer").context(doing)),
    }
}

impl Outbox {
    pub(super) fn new(seat: PgConnection) -> Self {
        Self { seat }
    }

    /// The next facts, by id, without those of these keys.
    pub(super) async fn next(&mut self, without: &[Uuid]) -> anyhow::Result<Vec<Fact>> {
        let asked = sqlx::query_as(
            "select id, event_id, partition_key, kind, subject, data::text as data, occurred_at
            from account.outbox where partition_key <> all ($1) order by id limit $2",
        )
        .bind(without)
        .bind(MOST)
        .fetch_all(&mut self.seat);
        answered("reading the outbox", asked).await
    }

    /// Takes out what the stream has.
    pub(super) async fn published(&mut self, ids: &[i64]) -> anyhow::Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let asked = sqlx::query("select account.outbox_published($1)")
            .bind(ids)
            .execute(&mut self.seat);
        answered("taking published facts out of the outbox", asked).await?;
        Ok(())
    }

    /// How much waits, counted up to a bound: beyond it only the age matters.
    pub(super) async fn waiting(&mut self) -> anyhow::Result<Waiting> {
        let asked = sqlx::query_as(
            "select count(*) as facts, min(occurred_at) as oldest
            from (select occurred_at from account.outbox order by id limit 10000) first",
        )
        .fetch_one(&mut self.seat);
        answered("counting the outbox", asked).await
    }
}
