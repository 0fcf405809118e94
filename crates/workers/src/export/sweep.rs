//! The end of exports: files whose time is over go, those of accounts that are gone, and what crashes
//! left behind. The directory is ours alone: of what has an export's name in it, what no row lists goes.

use super::{
    Export,
    files::{UNFINISHED, remove, remove_export},
};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use frontdesk_process::{Shutdown, clock};
use sqlx::FromRow;
use std::{io, time::Duration};
use tokio::fs::DirEntry;
use uuid::Uuid;

const EVERY: Duration = Duration::from_secs(3600);
/// Far longer than the making of any export.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

#[derive(FromRow)]
struct Row {
    id: Uuid,
}

impl Export {
    /// Sweeps at once and then every hour until shutdown.
    pub(crate) async fn sweep(&self, shutdown: &Shutdown) {
        while !shutdown.is_cancelled() {
            if let Err(error) = self.sweep_once(clock::now()).await {
                tracing::warn!(error = format!("{error:#}"), "sweeping exports");
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    /// What cannot be removed is told and left, and stops nobody: the first trouble is answered when all
    /// else is done.
    async fn sweep_once(&self, now: DateTime<Utc>) -> anyhow::Result<()> {
        let over: Vec<Row> = sqlx::query_as(
            "select id from ops.exports where expires_at <= $1 and files <> '[]' order by expires_at limit 1000",
        )
        .bind(now)
        .fetch_all(&self.pool)
        .await
        .context("looking for exports that are over")?;
        let taken = self.take_all_away(&over, now).await;
        taken.and(self.remove_abandoned(now).await)
    }

    /// Takes away every export of somebody whose account is gone.
    pub(super) async fn forget(&self, user: Uuid, now: DateTime<Utc>) -> anyhow::Result<()> {
        let left: Vec<Row> = sqlx::query_as(
            "select id from ops.exports where user_id = $1 and files <> '[]' order by expires_at",
        )
        .bind(user)
        .fetch_all(&self.pool)
        .await
        .context("looking for exports of an account that is gone")?;
        self.take_all_away(&left, now).await
    }

    async fn take_all_away(&self, exports: &[Row], now: DateTime<Utc>) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        for Row { id } in exports {
            match self.take_away(*id, now).await {
                Ok(()) => tracing::info!(export = %id, "an export is over"),
                Err(error) => {
                    tracing::warn!(export = %id, error = format!("{error:#}"), "an export stays");
                    outcome = outcome.and(Err(error));
                }
            }
        }
        outcome
    }

    /// The files first: a row that names none must mean that there are none.
    pub(super) async fn take_away(&self, id: Uuid, now: DateTime<Utc>) -> anyhow::Result<()> {
        remove_export(&self.directory, id)
            .await
            .context("removing an export")?;
        sqlx::query(
            "update ops.exports set files = '[]', expires_at = least(expires_at, $2) where id = $1",
        )
        .bind(id)
        .bind(now)
        .execute(&self.pool)
        .await
        .context("recording that an export is gone")?;
        Ok(())
    }

    async fn remove_abandoned(&self, now: DateTime<Utc>) -> anyhow::Result<()> {
        let mut entries = match tokio::fs::read_dir(&self.directory).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.context("listing exports")?,
        };
        let mut outcome = Ok(());
        while let Some(entry) = entries.next_entry().await.context("listing exports")? {
            if let Err(error) = self.remove_if_abandoned(&entry, now).await {
                let name = entry.file_name();
                tracing::warn!(
                    ?name,
                    error = format!("{error:#}"),
                    "what a crash left stays"
                );
                outcome = outcome.and(Err(error));
            }
        }
        outcome
    }

    async fn remove_if_abandoned(
        &self,
        entry: &DirEntry,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let name = entry.file_name();
        let Some((id, is_finished)) = name.to_str().and_then(export_of) else {
            return Ok(());
        };
        let touched: DateTime<Utc> = entry.metadata().await?.modified()?.into();
        if (now - touched).to_std().unwrap_or_default() <= ABANDONED {
            return Ok(());
        }
        if is_finished && self.is_listed(id).await? {
            return Ok(());
        }
        remove(&entry.path())
            .await
            .context("removing what a crash left")
    }

    async fn is_listed(&self, id: Uuid) -> anyhow::Result<bool> {
        sqlx::query_scalar(
            "select exists (select from ops.exports where id = $1 and files <> '[]')",
        )
        .bind(id)
        .fetch_one(&self.pool)
        .await
        .context("looking up what a crash left")
    }
}

/// Which export a directory is of, and whether it is whole; `None` for what is not ours.
fn export_of(name: &str) -> Option<(Uuid, bool)> {
    let unfinished = name.strip_suffix(UNFINISHED);
    let id: Uuid = unfinished.unwrap_or(name).parse().ok()?;
    // There are other ways to write an id, and we use none of them.
    (id.to_string() == unfinished.unwrap_or(name)).then_some((id, unfinished.is_none()))
}
