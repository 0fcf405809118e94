//! Mails that follow from what the projector knows and not from a fact: about calls, about the day
//! before, about a payment that failed. Each only to the owner of the account, who chose to get it.
//!
//! A stream would tell of a call before its row says what it was, so the read models are looked at every
//! few seconds instead, by one process at a time. What was told is in the ledger, under a key made of the
//! call, day or payment; what is older than its bound is never told. So no place in a stream has to be
//! remembered, and a rebuild of the read models tells nobody anything twice.

mod calls;
mod day;
mod payments;
mod words;

use super::{letter::Letter, post::Post};
use crate::{
    ledger::{Claim, End, Ledger},
    worker::Verdict,
};
use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_process::{Shutdown, clock};
use sqlx::PgPool;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// How often it is looked. A call is told of after it has settled, so this adds little.
const EVERY: Duration = Duration::from_secs(15);

/// When one that was tried in vain is tried again. Until then it stands in nobody's way.
const AGAIN: TimeDelta = TimeDelta::minutes(3);
/// Tries in vain after which a round ends: it may be the mail server, and each costs time.
const MOST_FAILURES: usize = 3;

/// Tells people what they chose to hear of.
pub(crate) struct Notices {
    post: Arc<Post>,
    pool: PgPool,
    ledger: Ledger,
    /// Those that were tried in vain, and when they are due again.
    put_off: HashMap<String, DateTime<Utc>>,
}

/// One mail to be sent.
struct Notice {
    /// The same at every try.
    key: String,
    /// Which kind it is, as the ledger names it.
    effect: &'static str,
    address: String,
    letter: Letter,
    happened_at: DateTime<Utc>,
    /// Keys of others that this one tells of as well.
    beside: Vec<String>,
}

impl Notices {
    pub(crate) fn new(post: Arc<Post>, pool: PgPool) -> Self {
        Self {
            ledger: Ledger::new(pool.clone()),
            post,
            pool,
            put_off: HashMap::new(),
        }
    }

    /// Looks at once and then every few seconds until shutdown.
    pub(crate) async fn run(mut self, shutdown: &Shutdown) {
        while !shutdown.is_cancelled() {
            if let Err(error) = self.round(clock::now(), shutdown).await {
                tracing::warn!(error = format!("{error:#}"), "notices wait");
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    async fn round(&mut self, now: DateTime<Utc>, shutdown: &Shutdown) -> anyhow::Result<()> {
        let mut seat = self
            .pool
            .begin()
            .await
            .context("connecting to PostgreSQL")?;
        let is_ours: bool =
            sqlx::query_scalar("select pg_try_advisory_xact_lock(hashtextextended('notices', 0))")
                .fetch_one(&mut *seat)
                .await
                .context("asking to send notices")?;
        let told = if is_ours {
            self.tell(now, shutdown).await
        } else {
            Ok(())
        };
        // A session that is gone holds no lock either.
        let _ = seat.rollback().await;
        told
    }

    async fn tell(&mut self, now: DateTime<Utc>, shutdown: &Shutdown) -> anyhow::Result<()> {
        let post = Arc::clone(&self.post);
        let links = post.links();
        let calls = calls::due(&self.pool, links, now);
        let mut due = calls.await.context("looking for calls to tell of")?;
        let payments = payments::due(&self.pool, &self.ledger, links, now);
        due.extend(payments.await.context("looking for payments to tell of")?);
        let days = day::due(&self.pool, &self.ledger, links, now);
        due.extend(days.await.context("looking for days to tell of")?);
        self.put_off.retain(|_, until| *until > now);
        let mut failures = 0;
        for notice in due {
            if shutdown.is_cancelled() || failures == MOST_FAILURES {
                break;
            }
            if !self.put_off.contains_key(&notice.key) && !self.send(notice).await? {
                failures += 1;
            }
        }
        Ok(())
    }

    /// False when the mail server does not take it now.
    async fn send(&mut self, notice: Notice) -> anyhow::Result<bool> {
        let (key, effect) = (notice.key.as_str(), notice.effect);
        let claim = self.ledger.claim(key, effect, clock::now()).await;
        let Claim::Ours(turn) = claim.context("claiming a notice")? else {
            return Ok(true);
        };
        let to = self.post.links().recipient(notice.address);
        let sent = self
            .post
            .send(&to, &notice.letter, key, notice.happened_at)
            .await;
        let (end, reason) = match sent {
            Verdict::Done => (End::Done, None),
            Verdict::Over { reason } | Verdict::Discard { reason } => {
                (End::Discarded, Some(reason))
            }
            Verdict::Retry { reason } => {
                let noted = self.ledger.note(key, turn.attempt, &reason).await;
                turn.end().await;
                noted.context("noting a try")?;
                tracing::warn!(key, reason, "tried again later");
                self.put_off.insert(key.to_owned(), clock::now() + AGAIN);
                return Ok(false);
            }
        };
        let now = clock::now();
        let written = async {
            // Those beside it first: a crash in between sends the same message again and tells of no
            // other.
            self.ledger
                .finish_beside(
                    &notice.beside,
                    effect,
                    reason.as_deref().unwrap_or(calls::TOGETHER),
                    now,
                )
                .await?;
            self.ledger
                .finish(key, turn.attempt, end, reason.as_deref(), now)
                .await
        };
        let written = written.await;
        turn.end().await;
        metrics::counter!("frontdesk_notices_total", "kind" => effect).increment(1);
        written.context("noting an outcome")?;
        Ok(true)
    }
}
