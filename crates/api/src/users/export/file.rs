//! `GET /api/users/export/{id}/{name}`: a file of an export, streamed from the disk to its owner.
//!
//! Whoever asked for the export has proven who they are; here a browser that is signed in is enough. The
//! link stands on a page, is followed by the browser itself, and could show no dialog for another proof.

use super::{Export, ExportState};
use crate::{
    Api,
    audit::{self, Act, Actor},
    origin::Origin,
    parameters::{self, Parameters},
    problem::{GoneProblem, MissingProblem, Problem, ReadProblems},
    viewer::{Right, Viewer},
};
use axum::{
    body::Body,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_process::clock;
use serde_json::json;
use sqlx::PgConnection;
use std::{io, path};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

/// Fetches of one file within this are one act on the record: a program that asks over and over would
/// else fill it.
const ONE_ACT: TimeDelta = TimeDelta::hours(1);

/// How far back it is looked for in the record of the account, which may be long.
const LOOKED_AT: i64 = 500;

/// Fetches a file of an export.
///
/// That it was fetched is on the record, once a file and hour.
#[utoipa::path(
    get, operation_id = "download_export", path = "/api/users/export/{id}/{name}", tag = "users",
    params(
        ("id" = Uuid, Path, description = "The export"),
        ("name" = String, Path, description = "One of its files", example = "calls.csv"),
    ),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream", body = Vec<u8>),
        GoneProblem, MissingProblem, ReadProblems
    )
)]
pub async fn fetch(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    Path((id, name)): Path<(String, String)>,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::TakeAway)?;
    let id = parameters::path_id("id", &id)?;
    given.finish()?;
    let (now, asker, wanted) = (clock::now(), viewer.clone(), name.clone());
    viewer
        .write(api.database(), move |db| {
            Box::pin(async move {
                let account = asker.account();
                let known = super::read(db, now, account, Some(id)).await?;
                admit(known, &wanted)?;
                if is_on_record(db, now - ONE_ACT, account, (id, wanted.as_str())).await? {
                    return Ok(());
                }
                let act = Act {
                    act: "export.fetched",
                    account: Some(account),
                    actor: Actor::from(&asker),
                    subject: Some(id.to_string()),
                    detail: json!({ "file": wanted }),
                };
                Ok(audit::note(db, now, &origin, act).await?)
            })
        })
        .await?;
    stream(&api, id, &name).await
}

/// Whether the record says of this file that it was fetched since.
async fn is_on_record(
    db: &mut PgConnection,
    since: DateTime<Utc>,
    account: Uuid,
    (export, file): (Uuid, &str),
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
            select from (
                select at, act, subject, detail from account.audit where user_id = $1 order by id desc limit $5
            ) latest
            where act = 'export.fetched' and at > $2 and subject = $3 and detail->>'file' = $4
        ) as "known!""#,
        account,
        since,
        export.to_string(),
        file,
        LOOKED_AT,
    )
    .fetch_one(db)
    .await
}

/// Whether this file can be fetched now.
fn admit(known: Vec<Export>, name: &str) -> Result<(), Problem> {
    let missing = || Problem::not_found("there is no such file");
    let export = known.into_iter().next().ok_or_else(missing)?;
    if export.state == ExportState::Expired {
        return Err(Problem::export_over());
    }
    let is_listed = export.files.iter().any(|file| file.name == name);
    (is_listed && is_plain(name))
        .then_some(())
        .ok_or_else(missing)
}

/// Whether it names something in the export's own directory, whatever the worker has listed.
fn is_plain(name: &str) -> bool {
    let mut parts = path::Path::new(name).components();
    matches!(parts.next(), Some(path::Component::Normal(part)) if part == name)
        && parts.next().is_none()
}

async fn stream(api: &Api, id: Uuid, name: &str) -> Result<Response, Problem> {
    let place = api.export_dir().join(id.to_string()).join(name);
    let opened = match tokio::fs::File::open(&place).await {
        Ok(file) => file.metadata().await.map(|about| (file, about.len())),
        Err(error) => Err(error),
    };
    let (file, bytes) = match opened {
        Ok(opened) => opened,
        // Taken away between the look at the table and here.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            tracing::warn!(export = %id, "a file that is listed is not there (EXPORT_DIR)");
            return Err(Problem::export_over());
        }
        Err(error) => {
            tracing::error!(export = %id, %error, "a file of an export cannot be read");
            return Err(Problem::internal());
        }
    };
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        .unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        ),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_LENGTH, HeaderValue::from(bytes)),
    ];
    Ok((headers, Body::from_stream(ReaderStream::new(file))).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
        for good in ["calls.csv", "a b", "..hidden"] {
            assert!(is_plain(good), "{good}");
        }
        for bad in ["", ".", "..", "/etc/passwd", "a/b", "../x", "a/", "./a"] {
            assert!(!is_plain(bad), "{bad}");
        }
    }
}
