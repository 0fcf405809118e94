//! The voice samples of somebody's clients, from the file store.

use super::files::{File, Folder};
use anyhow::Context as _;
use frontdesk_process::files::{FileError, Files, Reading};
use futures::TryStreamExt as _;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

/// How often a sample may be replaced while it is looked for.
const LOOKS: usize = 3;

#[derive(FromRow, PartialEq, Eq)]
struct Sample {
    key: String,
    kind: Option<String>,
}

pub(super) async fn write(
    db: &PgPool,
    store: &Files,
    folder: &Folder,
    user: Uuid,
) -> anyhow::Result<Vec<File>> {
    let clients: Vec<Uuid> = sqlx::query_scalar(
        "select id from account.clients where user_id = $1 and voice_sample is not null order by created_at, id",
    )
    .bind(user)
    .fetch_all(db)
    .await
    .context("reading which clients have voice samples")?;
    let mut written = Vec::with_capacity(clients.len());
    for client in clients {
        let Some((sample, mut reading)) = find(db, store, client).await? else {
            continue;
        };
        // What its owner calls it is in clients.csv, and no part of a path.
        let name = format!("voice_sample_{client}.{}", ending(sample.kind.as_deref()));
        let mut sink = folder.file(&name).await?;
        while let Some(piece) = reading
            .content
            .try_next()
            .await
            .context("reading a voice sample")?
        {
            sink.write(&piece).await?;
        }
        written.push(sink.finish().await?);
    }
    Ok(written)
}

/// The sample of a client. It may be replaced or removed between the look at the row and the one into
/// the store; one that is named and not there is lost, and no reason to keep the rest from its owner.
async fn find(
    db: &PgPool,
    store: &Files,
    client: Uuid,
) -> anyhow::Result<Option<(Sample, Reading)>> {
    let mut before = None;
    for _ in 0..LOOKS {
        let found: Option<Sample> = sqlx::query_as(
            "select voice_sample ->> 'key' as key, voice_sample ->> 'type' as kind from account.clients
            where id = $1 and voice_sample ->> 'key' is not null",
        )
        .bind(client)
        .fetch_optional(db)
        .await
        .context("reading where a voice sample lies")?;
        let Some(sample) = found else {
            return Ok(None);
        };
        if before.as_ref() == Some(&sample) {
            break;
        }
        match store.read(&sample.key).await {
            Ok(reading) => return Ok(Some((sample, reading))),
            Err(FileError::Missing) => before = Some(sample),
            Err(error) => return Err(error).context("opening a voice sample"),
        }
    }
    tracing::warn!(%client, "a voice sample is not in the file store (FILE_STORE)");
    Ok(None)
}

/// The kinds of sound that can be uploaded.
fn ending(kind: Option<&str>) -> &'static str {
    match kind {
        Some("audio/wav") => "wav",
        Some("audio/mpeg") => "mp3",
        Some("audio/ogg") => "ogg",
        Some("audio/flac") => "flac",
        Some("audio/mp4") => "m4a",
        _ => "bin",
    }
}
