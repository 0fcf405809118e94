//! The outbox as the relay sees it: read in order, taken out once published.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Facts taken at once: as many as make a batch whose one fsync is cheap for each of them.
const MOST: i64 = 256;

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

/// Whether this session may relay from now on. The lock is the session's: it ends with it.
pub(super) async fn lead(seat: &mut PgConnection) -> anyhow::Result<bool> {
    sqlx::query_scalar("select pg_try_advisory_lock(hashtextextended('relay of the outbox', 0))")
        .fetch_one(seat)
        .await
        .context("asking to relay the outbox")
}

impl Outbox {
    pub(super) fn new(seat: PgConnection) -> Self {
        Self { seat }
    }

    /// The next facts, by id, without those of these keys.
    pub(super) async fn next(&mut self, without: &BTreeSet<Uuid>) -> anyhow::Result<Vec<Fact>> {
        let without: Vec<Uuid> = without.iter().copied().collect();
        sqlx::query_as(
            "select id, event_id, partition_key, kind, subject, data::text as data, occurred_at
            from account.outbox where partition_key <> all ($1) order by id limit $2",
        )
        .bind(without)
        .bind(MOST)
        .fetch_all(&mut self.seat)
        .await
        .context("reading the outbox")
    }

    /// Takes out what the stream has.
    pub(super) async fn published(&mut self, ids: &[i64]) -> anyhow::Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        sqlx::query("select account.outbox_published($1)")
            .bind(ids)
            .execute(&mut self.seat)
            .await
            .context("taking published facts out of the outbox")?;
        Ok(())
    }

    /// How much waits, counted up to a bound: beyond it only the age matters.
    pub(super) async fn waiting(&mut self) -> anyhow::Result<Waiting> {
        sqlx::query_as(
            "select count(*) as facts, min(occurred_at) as oldest
            from (select occurred_at from account.outbox order by id limit 10000) first",
        )
        .fetch_one(&mut self.seat)
        .await
        .context("counting the outbox")
    }
}
