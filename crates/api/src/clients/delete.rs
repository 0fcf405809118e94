//! `DELETE /api/clients/{id}`: a client is deleted.
//!
//! Its numbers are released and can be given to anybody, and its voice sample is gone. Its calls and
//! figures stay: they belong to the account. For 30 days its settings can be brought back.

use super::{
    change::{self, ChangeKind},
    lock, missing, numbers, row, sample,
};
use crate::{
    Api,
    audit::{self, Act, Actor},
    origin::Origin,
    parameters::{self, Parameters},
    problem::{MissingProblem, Problem, WriteProblems},
    viewer::{Right, Viewer, to_its_end},
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use chrono::{DateTime, Utc};
use frontdesk_process::clock;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

/// Deletes a client.
///
/// Its numbers are released, its voice sample is deleted. Its calls stay. It can be restored for 30
/// days, without its numbers.
#[utoipa::path(
    delete, operation_id = "delete_client", path = "/api/clients/{id}", tag = "clients",
    params(("id" = Uuid, Path, description = "The client")),
    responses((status = 204, description = "It is deleted"), MissingProblem, WriteProblems)
)]
pub async fn delete(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    Path(id): Path<String>,
    given: Parameters,
) -> Result<StatusCode, Problem> {
    viewer.require(Right::EditClients)?;
    let id = parameters::path_id("id", &id)?;
    given.finish()?;
    let (by, now) = (viewer.clone(), clock::now());
    let deleted = to_its_end(async move {
        let change = viewer.write(api.database(), move |db| {
            Box::pin(async move { mark(db, &by, now, &origin, id).await })
        });
        let sample = change.await?;
        sample::throw_away(&api, sample).await;
        Ok::<_, Problem>(())
    });
    deleted.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Marks it as deleted; gives the key of its voice sample, which nothing names any more.
async fn mark(
    db: &mut PgConnection,
    viewer: &Viewer,
    now: DateTime<Utc>,
    origin: &Origin,
    id: Uuid,
) -> Result<Option<String>, Problem> {
    lock::take(db, viewer.account()).await?;
    let row = row::one(db, id).await?.ok_or_else(missing)?;
    for number in &row.numbers {
        numbers::let_go(db, viewer, now, id, number).await?;
    }
    sqlx::query!(
        "update account.clients set deleted_at = $2, updated_at = $2, voice_sample = null, version = version + 1
        where id = $1",
        id,
        now,
    )
    .execute(&mut *db)
    .await?;
    let mut changes = change::of_one("deleted", false, true);
    if !row.numbers.is_empty() {
        let none: [&str; 0] = [];
        changes.append(&mut change::of_one("numbers", &row.numbers, none));
    }
    if let Some(sample) = &row.voice_sample {
        changes.append(&mut change::of_one("voice_sample", &sample.name, ()));
    }
    let kind = ChangeKind::Deleted;
    change::write_down(db, viewer, now, id, kind, &changes, &row.settings()).await?;
    let act = Act {
        act: "client.deleted",
        account: Some(viewer.account()),
        actor: Actor::from(viewer),
        subject: Some(id.to_string()),
        detail: json!({}),
    };
    audit::note(db, now, origin, act).await?;
    Ok(row.voice_sample.map(|sample| sample.0.key))
}
