//! `PUT /api/clients/{id}`: a client's settings are replaced.
//!
//! Who saves what was changed meanwhile is told so, with the version there is now and nothing of what
//! the other wrote: they look first, and then save again or do not.

use super::{
    Client,
    change::{self, ChangeKind},
    create, lock, missing, row,
    row::ClientRow,
    settings::{ClientEdit, Settings},
};
use crate::{
    Api, answer,
    body::Body,
    parameters::{self, Parameters},
    problem::{ConflictProblem, MissingProblem, Problem, WriteProblems},
    viewer::{Right, Viewer},
};
use axum::{
    extract::{Path, State},
    response::Response,
};
use chrono::{DateTime, Utc};
use frontdesk_process::clock;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

/// Replaces the settings of a client.
///
/// 409 `changed-meanwhile` when it has another version than the one that was edited, `name-taken` when
/// another client of the account has the name. An edit that changes nothing makes no version. 429 when
/// the client was changed two hundred times within a day.
#[utoipa::path(
    put, operation_id = "edit_client", path = "/api/clients/{id}", tag = "clients",
    params(("id" = Uuid, Path, description = "The client")), request_body = ClientEdit,
    responses((status = 200, description = "The client", body = Client), ConflictProblem, MissingProblem, WriteProblems)
)]
pub async fn replace(
    State(api): State<Api>,
    viewer: Viewer,
    Path(id): Path<String>,
    given: Parameters,
    Body(edit): Body<ClientEdit>,
) -> Result<Response, Problem> {
    viewer.require(Right::EditClients)?;
    let id = parameters::path_id("id", &id)?;
    given.finish()?;
    let (by, now) = (viewer.clone(), clock::now());
    let change = viewer.write(api.database(), move |db| {
        Box::pin(async move { edited(db, &by, now, id, edit).await })
    });
    let client = change.await?;
    Ok(answer::json(answer::written(&client, 4096)))
}

async fn edited(
    db: &mut PgConnection,
    viewer: &Viewer,
    now: DateTime<Utc>,
    id: Uuid,
    edit: ClientEdit,
) -> Result<Client, Problem> {
    lock::take(db, viewer.account()).await?;
    let row = row::one(db, id).await?.ok_or_else(missing)?;
    let based_on = edit.version;
    let settings = edit.settings().checked(&row.numbers)?;
    if row.version != based_on {
        return Err(changed_meanwhile(row.version));
    }
    apply(db, viewer, now, row, ChangeKind::Edited, &settings).await
}

/// Brings a client to these settings, and back from deletion if it was deleted. Under the account's
/// lock, settings checked.
pub(super) async fn apply(
    db: &mut PgConnection,
    viewer: &Viewer,
    now: DateTime<Utc>,
    before: ClientRow,
    kind: ChangeKind,
    settings: &Settings,
) -> Result<Client, Problem> {
    let mut changes = change::between(Some(&before.settings()), settings);
    if before.deleted_at.is_some() {
        changes.append(&mut change::of_one("deleted", true, false));
    }
    if changes.is_empty() {
        return Ok(before.into());
    }
    change::allow_another(db, now, before.id).await?;
    create::require_free_name(db, &settings.name, Some(before.id)).await?;
    sqlx::query!(
        "update account.clients set name = $2, profession = $3, time_zone = $4, voice = $5, greeting = $6,
            instructions = $7, hours = $8, transfer_number = $9, version = version + 1, updated_at = $10, deleted_at = null
        where id = $1",
        before.id,
        settings.name,
        settings.profession,
        settings.time_zone,
        settings.voice,
        settings.greeting,
        settings.instructions,
        Json(&settings.hours) as _,
        settings.transfer_number,
        now,
    )
    .execute(&mut *db)
    .await?;
    change::write_down(db, viewer, now, before.id, kind, &changes, settings).await?;
    let row = row::one(db, before.id)
        .await?
        .ok_or_else(Problem::internal)?;
    Ok(row.into())
}

pub(super) fn changed_meanwhile(version: i64) -> Problem {
    Problem::conflict(
        "changed-meanwhile",
        "It was changed meanwhile",
        format!("the client is at version {version} now; look at it, and then save again"),
    )
}
