//! Exports: all that is kept about somebody, as files they can read.
//!
//! `events.jsonl` holds every event about the account, its calls and its payments as it is stored, in
//! CloudEvents' JSON format, one a line; tables come as CSV beside it, and voice samples as they were
//! uploaded. Nothing that would open the account to somebody who finds the files is in them. Everything
//! is read in pages and written as it is read, so the largest account takes no more memory than the
//! smallest. An export is made in a directory of another name and renamed when it is whole: nobody can
//! fetch half of one.

mod events;
mod files;
mod rows;
mod samples;
mod sheets;
mod sweep;

pub use sheets::tables;

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
use frontdesk_process::{clock, files::Files};
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

/// Whether an export is to be made.
enum Standing {
    Wanted,
    /// Nobody asked for it, or the account is gone.
    Gone,
    /// Somebody else asked for it: it is none of this event's business.
    OfOthers,
}

/// Makes exports.
pub(crate) struct Export {
    directory: PathBuf,
    store: Files,
    pool: PgPool,
    connection: Connection,
}

impl Export {
    pub(crate) fn new(
        directory: PathBuf,
        store: Files,
        pool: PgPool,
        connection: Connection,
    ) -> Self {
        Self {
            directory,
            store,
            pool,
            connection,
        }
    }

    /// An export is listed in `ops.exports` before it has its name and is ready after, so that at no
    /// moment files lie there that nobody would sweep. Whoever ends the account takes away what is listed;
    /// this looks again after the renaming, so one of the two sees the other's work, in whatever order.
    async fn make(&self, export: &account::Export, trial: &Trial<'_>) -> anyhow::Result<Verdict> {
        match self.standing(export).await? {
            Standing::Wanted => {}
            Standing::Gone => return self.take_back(export, trial.now).await,
            Standing::OfOthers => return Ok(Verdict::over("the export is another account's")),
        }
        let folder = Folder::create(&self.directory, export.export_id)
            .await
            .context("making the directory of an export")?;
        let files = self.gather(&folder, export.user_id).await?;
        self.list(export, &files).await?;
        folder.publish().await.context("naming an export")?;
        let is_wanted = matches!(self.standing(export).await?, Standing::Wanted);
        if !is_wanted || !self.open(export).await? {
            return self.take_back(export, trial.now).await;
        }
        self.tell(export, trial).await?;
        Ok(Verdict::Done)
    }

    async fn gather(&self, folder: &Folder, user: Uuid) -> anyhow::Result<Vec<File>> {
        let mut files = vec![events::write(&self.connection, &self.pool, folder, user).await?];
        for sheet in sheets::all() {
            files.push(rows::write(&self.pool, folder, sheet, user).await?);
        }
        files.extend(samples::write(&self.pool, &self.store, folder, user).await?);
        Ok(files)
    }

    /// Removes what an earlier try, or this one, has made.
    async fn take_back(
        &self,
        export: &account::Export,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Verdict> {
        self.take_away(export.export_id, now).await?;
        Ok(Verdict::over(GONE))
    }

    async fn standing(&self, export: &account::Export) -> anyhow::Result<Standing> {
        let found: Option<(Uuid, bool)> = sqlx::query_as(
            "select e.user_id, u.deleted_at is null from account.exports e join account.users u on u.id = e.user_id
            where e.id = $1",
        )
        .bind(export.export_id)
        .fetch_optional(&self.pool)
        .await
        .context("looking up an export")?;
        Ok(match found {
            Some((user, _)) if user != export.user_id => Standing::OfOthers,
            Some((_, true)) => Standing::Wanted,
            _ => Standing::Gone,
        })
    }

    /// What is about to lie there, not to be fetched yet.
    async fn list(&self, export: &account::Export, files: &[File]) -> anyhow::Result<()> {
        sqlx::query(
            "insert into ops.exports (id, user_id, expires_at, files) values ($1, $2, $3, $4)
            on conflict (id) do update set ready_at = null, expires_at = excluded.expires_at,
                files = excluded.files, failure = null",
        )
        .bind(export.export_id)
        .bind(export.user_id)
        .bind(clock::now() + KEPT)
        .bind(serde_json::to_value(files)?)
        .execute(&self.pool)
        .await
        .context("listing the files of an export")?;
        Ok(())
    }

    /// From now on it can be fetched; false when it was taken away meanwhile.
    async fn open(&self, export: &account::Export) -> anyhow::Result<bool> {
        let now = clock::now();
        let opened = sqlx::query(
            "update ops.exports set ready_at = $2, expires_at = $3 where id = $1 and files <> '[]'",
        )
        .bind(export.export_id)
        .bind(now)
        .bind(now + KEPT)
        .execute(&self.pool)
        .await
        .context("recording an export")?;
        Ok(opened.rows_affected() > 0)
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
    /// It reads much, and nobody waits in front of a screen; but the end of an account does not wait for
    /// the export of a large one.
    const AT_ONCE: usize = 2;
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
