//! Dead letters that an administrator has tried again or thrown away (`docs/adr/0011-redrive.md`).
//!
//! *Again* is one thing for every reader: the event goes to its own stream once more, with the same id,
//! the same bytes and another `Nats-Msg-Id`. Folds ignore repetition, so a projection takes what it
//! refused and nothing else changes; workers know an event by its id, so all but the one that gave it up
//! pass it by. That one would too: its row in the ledger is opened again first.
//!
//! The letter goes when its event is on its way. Whoever cannot take it this time either writes another
//! letter, at the event's new place.

use crate::worker::{Trial, Verdict, Worker};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use frontdesk_events::{
    Envelope, StreamName,
    catalogue::account,
    nats::{Connection, Letter, Outbound, PublishError, admin::Stored},
};
use sqlx::PgPool;
use std::time::Duration;

const PUBLISH: Duration = Duration::from_secs(5);

/// Redrives and discards.
pub(crate) struct Redrive {
    connection: Connection,
    pool: PgPool,
}

impl Redrive {
    pub(crate) fn new(connection: Connection, pool: PgPool) -> Self {
        Self { connection, pool }
    }

    async fn act(
        &self,
        wanted: &account::DeadLetter,
        trial: &Trial<'_>,
    ) -> anyhow::Result<Verdict> {
        let Some(letter) = self.letter(wanted).await? else {
            return Ok(Verdict::over("the letter is not there any more"));
        };
        if trial.event.kind() == account::REDRIVE_REQUESTED {
            let original = self.original(&letter).await?;
            if let Some(obstacle) = letter.obstacle(original.as_ref()) {
                return Ok(Verdict::over(obstacle));
            }
            let Some((event, subject)) = original.and_then(event) else {
                return Ok(Verdict::over("the message is no event"));
            };
            if let Some(worker) = letter.worker() {
                self.reopen(&letter, event.id(), worker, trial.now).await?;
            }
            if let Err(refused) = self.publish(&letter, event, subject).await? {
                return Ok(Verdict::over(refused));
            }
        }
        self.connection
            .delete_stored(StreamName::Dead, wanted.sequence)
            .await?;
        Ok(Verdict::Done)
    }

    async fn letter(&self, wanted: &account::DeadLetter) -> anyhow::Result<Option<Letter>> {
        let stored = self
            .connection
            .stored(StreamName::Dead, wanted.sequence)
            .await?;
        let letter = stored
            .and_then(|stored| stored.envelope)
            .filter(|letter| letter.id() == wanted.letter_id);
        Ok(letter.as_ref().and_then(Letter::read))
    }

    async fn original(&self, letter: &Letter) -> anyhow::Result<Option<Stored>> {
        self.connection.stored(letter.stream, letter.sequence).await
    }

    /// Lets the worker act once more on an event it gave up, with all its tries. Once for each letter:
    /// done again after a crash, it could open what was given up a second time meanwhile, and nobody
    /// would bring the event.
    async fn reopen(
        &self,
        letter: &Letter,
        event: &str,
        worker: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        sqlx::query(
            "with first as (
                insert into ops.effects (key, effect, state, claimed_at, finished_at)
                values ($1, 'reopen', 'done', $3, $3)
                on conflict (key) do nothing returning key
            )
            update ops.effects set state = 'claimed', attempts = 0, finished_at = null
            where key = $2 and state = 'discarded' and exists (select from first)",
        )
        .bind(format!("{}/reopen", letter.id))
        .bind(format!("{event}/{worker}"))
        .bind(now)
        .execute(&self.pool)
        .await
        .context("opening an effect again")?;
        Ok(())
    }

    /// The inner error is one that no further try mends.
    async fn publish(
        &self,
        letter: &Letter,
        event: Envelope,
        subject: String,
    ) -> anyhow::Result<Result<(), String>> {
        // The letter's id, so that a letter is redriven once however often somebody asks.
        let message_id = format!("redriven {}", letter.id);
        let message = match Outbound::of(event, subject) {
            Ok(message) => message.once_more(&message_id),
            Err(error) => return Ok(Err(error.to_string())),
        };
        match self.connection.publish(&message, PUBLISH).await {
            Ok(_) => Ok(Ok(())),
            Err(PublishError::Unsendable(reason)) => Ok(Err(reason)),
            Err(error) => Err(error).context("publishing an event once more"),
        }
    }
}

fn event(stored: Stored) -> Option<(Envelope, String)> {
    Some((stored.envelope?, stored.subject))
}

impl Worker for Redrive {
    const NAME: &'static str = "redrive";
    const KINDS: &'static [&'static str] =
        &[account::REDRIVE_REQUESTED, account::DISCARD_REQUESTED];
    /// One after the other, as an administrator asked.
    const AT_ONCE: usize = 1;
    /// What is in its way is a stream that is full or a server that is away.
    const DELAYS: &'static [Duration] = &[
        Duration::from_secs(2),
        Duration::from_secs(15),
        Duration::from_secs(60),
        Duration::from_secs(300),
    ];

    async fn run(&self, trial: &Trial<'_>) -> Verdict {
        let Ok(wanted) = serde_json::from_slice(trial.event.data()) else {
            return Verdict::discard("its data is not what its type says");
        };
        self.act(&wanted, trial)
            .await
            .unwrap_or_else(|error| Verdict::retry(format!("{error:#}")))
    }
}
