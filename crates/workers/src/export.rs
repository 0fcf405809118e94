//! Exports: all that is kept about somebody, as files they can read.
//!
//! `events.jsonl` holds every event about the account, its calls and its payments as it is stored, in
//! CloudEvents' JSON format, one a line; the tables of clients, calls and invoices come as CSV beside
//! it. Everything is read in pages and written as it is read, so the largest account takes no more
//! memory than the smallest. An export is made in a directory of another name and renamed when it is
//! whole: nobody can fetch half of one.

mod cell;
mod events;
mod files;
mod rows;
mod sweep;

use crate::worker::{Trial, Verdict, Worker};
use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use files::{File, Folder};
use frontdesk_events::{
    Envelope, Partition,
    catalogue::account,
    nats::{Connection, Outbound},
    subject,
};
use frontdesk_process::clock;
use sqlx::PgPool;
use std::{path::PathBuf, time::Duration};
use uuid::Uuid;

/// How long files can be fetched. Long enough to be read about after a holiday weekend; personal data
/// should not lie around longer.
const KEPT: TimeDelta = TimeDelta::days(7);
const PUBLISH: Duration = Duration::from_secs(5);
const SOURCE: &str = "/frontdesk/workers";
const GONE: &str = "the export or its account is gone";
/// What a person is told when it cannot be made.
const FAILED: &str = "The files could not be made. Please ask for them again.";

/// Makes exports.
pub(crate) struct Export {
    directory: PathBuf,
    pool: PgPool,
    connection: Connection,
}

impl Export {
    pub(crate) fn new(directory: PathBuf, pool: PgPool, connection: Connection) -> Self {
        Self {
            directory,
            pool,
            connection,
        }
    }

    async fn make(&self, export: &account::Export, trial: &Trial<'_>) -> anyhow::Result<Verdict> {
        if !self.is_wanted(export).await? {
            return Ok(Verdict::over(GONE));
        }
        let folder = Folder::create(&self.directory, export.export_id)
            .await
            .context("making the directory of an export")?;
        let mut files = Vec::new();
        let user = export.user_id;
        files.push(events::write(&self.connection, &self.pool, &folder, user).await?);
        for sheet in rows::SHEETS {
            files.push(rows::write(&self.pool, &folder, sheet, user).await?);
        }
        // The account may have ended while its data was gathered.
        if !self.is_wanted(export).await? {
            folder.discard().await.context("removing an export")?;
            return Ok(Verdict::over(GONE));
        }
        folder.publish().await.context("naming an export")?;
        self.record(export, &files).await?;
        self.tell(export, trial).await?;
        Ok(Verdict::Done)
    }

    async fn is_wanted(&self, export: &account::Export) -> anyhow::Result<bool> {
        sqlx::query_scalar(
            "select exists (select from account.exports e join account.users u on u.id = e.user_id
                where e.id = $1 and e.user_id = $2 and u.deleted_at is null)",
        )
        .bind(export.export_id)
        .bind(export.user_id)
        .fetch_one(&self.pool)
        .await
        .context("looking up an export")
    }

    async fn record(&self, export: &account::Export, files: &[File]) -> anyhow::Result<()> {
        // Made again after a crash it is the newer one that lies there.
        let now: DateTime<Utc> = clock::now();
        sqlx::query(
            "insert into ops.exports (id, user_id, ready_at, expires_at, files) values ($1, $2, $3, $4, $5)
            on conflict (id) do update set ready_at = excluded.ready_at, expires_at = excluded.expires_at,
                files = excluded.files, failure = null",
        )
        .bind(export.export_id)
        .bind(export.user_id)
        .bind(now)
        .bind(now + KEPT)
        .bind(serde_json::to_value(files)?)
        .execute(&self.pool)
        .await
        .context("recording an export")?;
        Ok(())
    }

    /// The fact that it is ready. Its id follows from the effect's key: told twice it is one fact.
    async fn tell(&self, export: &account::Export, trial: &Trial<'_>) -> anyhow::Result<()> {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_URL, trial.key.as_bytes()).to_string();
        let key = export.user_id.to_string();
        let event = Envelope::new(&id, SOURCE, account::EXPORT_READY)?
            .with_subject(&key)
            .with_time(trial.now)
            .with_recorded_time(trial.now)
            .with_partition_key(&key)
            .with_data("application/json", serde_json::to_vec(export)?);
        let subject = subject::fact(Partition::of(&key), account::EXPORT_READY);
        self.connection
            .publish(&Outbound::of(event, subject)?, PUBLISH)
            .await
            .context("telling that an export is ready")?;
        Ok(())
    }
}

impl Worker for Export {
    const NAME: &'static str = "export";
    const KINDS: &'static [&'static str] = &[account::EXPORT_REQUESTED, account::DELETED];
    /// One at a time: it reads much, and nobody waits in front of a screen.
    const AT_ONCE: usize = 1;
    /// What is in its way is a database, a stream or a disk: gone in minutes or to be put right by
    /// somebody, and then the person asks again.
    const DELAYS: &'static [Duration] = &[
        Duration::from_secs(10),
        Duration::from_secs(60),
        Duration::from_secs(300),
        Duration::from_secs(1800),
        Duration::from_secs(7200),
    ];

    async fn run(&self, trial: &Trial<'_>) -> Verdict {
        const UNREADABLE: &str = "its data is not what its type says";
        let done = if trial.event.kind() == account::DELETED {
            let Ok(account::User { user_id }) = serde_json::from_slice(trial.event.data()) else {
                return Verdict::discard(UNREADABLE);
            };
            self.forget(user_id, trial.now)
                .await
                .map(|()| Verdict::Done)
        } else {
            let Ok(export) = serde_json::from_slice(trial.event.data()) else {
                return Verdict::discard(UNREADABLE);
            };
            self.make(&export, trial).await
        };
        done.unwrap_or_else(|error| Verdict::retry(format!("{error:#}")))
    }

    async fn gave_up(&self, trial: &Trial<'_>) -> anyhow::Result<()> {
        if trial.event.kind() != account::EXPORT_REQUESTED {
            return Ok(());
        }
        let Ok(export) = serde_json::from_slice::<account::Export>(trial.event.data()) else {
            return Ok(());
        };
        sqlx::query(
            "insert into ops.exports (id, user_id, failure) values ($1, $2, $3)
            on conflict (id) do update set failure = excluded.failure",
        )
        .bind(export.export_id)
        .bind(export.user_id)
        .bind(FAILED)
        .execute(&self.pool)
        .await
        .context("recording that an export failed")?;
        Ok(())
    }
}
