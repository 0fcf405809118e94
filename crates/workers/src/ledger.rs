//! What was done: `ops.effects`, one row for each effect of each event.
//!
//! A row is claimed before the effect is tried and gets its outcome after, each in a transaction of its
//! own, so that a crash leaves "claimed" behind and never "done" without the effect. Who tries holds a
//! lock of PostgreSQL's meanwhile, which ends with its session: "claimed" without the lock means that
//! somebody died trying, and the next one may try. Rows are kept for ever: a consumer that is made anew
//! gives out every event of the stream again.

use chrono::{DateTime, Utc};
use sqlx::{PgPool, Postgres, Transaction};

/// A reason longer than this is cut.
const LONGEST_REASON: usize = 500;

/// Remembers effects.
#[derive(Clone)]
pub(crate) struct Ledger {
    pool: PgPool,
}

/// Whether an effect may be tried now.
pub(crate) enum Claim {
    /// By us, and by nobody else until this is dropped.
    Ours(Turn),
    /// It was made, or given up.
    Finished,
    /// Somebody else is at it.
    InOtherHands,
}

/// The sole right to try an effect.
pub(crate) struct Turn {
    /// The number of this try, from 1; those that were cut off are not counted.
    pub(crate) attempt: i32,
    lock: Transaction<'static, Postgres>,
}

impl Turn {
    /// Lets others try. Dropped instead, the lock stays until the pool next uses the session.
    pub(crate) async fn end(self) {
        // A session that is gone holds no lock either.
        let _ = self.lock.rollback().await;
    }
}

/// How an effect ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    Discarded,
}

impl Ledger {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    pub(crate) async fn claim(
        &self,
        key: &str,
        effect: &str,
        now: DateTime<Utc>,
    ) -> sqlx::Result<Claim> {
        let mut lock = self.pool.begin().await?;
        let is_ours: bool = sqlx::query_scalar(
            "select pg_try_advisory_xact_lock(hashtextextended('effect ' || $1, 0))",
        )
        .bind(key)
        .fetch_one(&mut *lock)
        .await?;
        if !is_ours {
            return Ok(Claim::InOtherHands);
        }
        // Beside the lock's transaction, because the claim must stay when that is rolled back.
        let ended: Option<i32> = sqlx::query_scalar(
            "insert into ops.effects as e (key, effect, state, attempts, claimed_at)
            values ($1, $2, 'claimed', 0, $3)
            on conflict (key) do update set claimed_at = excluded.claimed_at where e.state = 'claimed'
            returning attempts",
        )
        .bind(key)
        .bind(effect)
        .bind(now)
        .fetch_optional(&self.pool)
        .await?;
        Ok(match ended {
            Some(ended) => Claim::Ours(Turn {
                attempt: ended.saturating_add(1),
                lock,
            }),
            None => Claim::Finished,
        })
    }

    /// Writes down that a try was in vain, and why.
    pub(crate) async fn note(&self, key: &str, attempt: i32, reason: &str) -> sqlx::Result<()> {
        sqlx::query(
            "update ops.effects set reason = $2, attempts = $3 where key = $1 and state = 'claimed'",
        )
            .bind(key)
            .bind(cut(reason))
            .bind(attempt)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Writes down how it ended. From here on it is never tried again.
    pub(crate) async fn finish(
        &self,
        key: &str,
        attempt: i32,
        end: End,
        reason: Option<&str>,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        let state = match end {
            End::Done => "done",
            End::Discarded => "discarded",
        };
        sqlx::query(
            "update ops.effects set state = $2, reason = $3, finished_at = $4, attempts = $5
            where key = $1 and state = 'claimed'",
        )
        .bind(key)
        .bind(state)
        .bind(reason.map(cut))
        .bind(now)
        .bind(attempt)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

impl Ledger {
    /// Writes down effects that one other effect made as well.
    pub(crate) async fn finish_beside(
        &self,
        keys: &[String],
        effect: &str,
        reason: &str,
        now: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        sqlx::query(
            "insert into ops.effects as e (key, effect, state, attempts, claimed_at, finished_at, reason)
            select key, $2, 'done', 1, $4, $4, $3 from unnest($1::text[]) key
            on conflict (key) do update set state = 'done', finished_at = $4, reason = $3 where e.state = 'claimed'",
        )
        .bind(keys)
        .bind(effect)
        .bind(reason)
        .bind(now)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Those of these effects that are finished.
    pub(crate) async fn finished(&self, keys: &[String]) -> sqlx::Result<Vec<String>> {
        sqlx::query_scalar("select key from ops.effects where key = any($1) and state <> 'claimed'")
            .bind(keys)
            .fetch_all(&self.pool)
            .await
    }
}

fn cut(reason: &str) -> String {
    reason.chars().take(LONGEST_REASON).collect()
}
