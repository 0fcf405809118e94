//! `GET /api/clients/{id}/history` and `POST /api/clients/{id}/restore`: what was changed of a client,
//! when and by whom, and the way back to what it was.
//!
//! A restore is an edit like any other: it makes a new version and a new row of the history, and takes
//! nothing of the history away. Numbers are never brought back: they may be somebody else's by now.

use super::{
    Client, KEPT,
    change::{ChangeKind, Changed, Changes},
    create, edit, lock, missing, row,
    settings::Settings,
};
use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    body::{Body, Fields},
    cursor::Cursor,
    moment::Moment,
    origin::Origin,
    parameters::{self, Parameters},
    problem::{ConflictProblem, MissingProblem, Problem, ReadProblems, WriteProblems},
    viewer::{Plan, Right, Viewer},
};
use axum::{
    extract::{Path, State},
    response::Response,
};
use chrono::{DateTime, Utc};
use frontdesk_process::clock;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{PgConnection, types::Json};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A change can hold two texts of ten thousand characters, so pages are short.
const USUAL_LIMIT: i64 = 20;
const LARGEST_LIMIT: i64 = 50;

/// A change of a client.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": 41, "at": "2026-11-24T10:00:00.000Z",
    "by": { "id": "018f3c1e-0000-7000-8000-000000000000", "name": "Ada Lovelace" },
    "kind": "edited", "changes": { "voice": { "from": "warm", "to": "calm" } }
}))]
pub struct ClientChange {
    /// Its id, for a restore.
    pub id: i64,
    /// When.
    pub at: Moment,
    /// Who; null when the service did it by itself.
    pub by: Option<ChangedBy>,
    /// What was done.
    #[schema(value_type = ChangeKind)]
    pub kind: String,
    /// The fields that changed, by name: settings, `numbers`, `voice_sample`, `deleted`.
    pub changes: BTreeMap<String, Changed>,
}

/// Who changed something.
#[derive(Debug, Serialize, ToSchema)]
pub struct ChangedBy {
    /// The person.
    pub id: Uuid,
    /// Their name; null when they have left the account.
    pub name: Option<String>,
}

/// A page of changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientHistory {
    /// The last one first.
    pub items: Vec<ClientChange>,
    /// What to send as `cursor` for the page that follows; null on the last one.
    pub next_cursor: Option<String>,
}

/// Where a page begins.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryFilters {
    /// How many, 1 to 50; 20 when left out.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<i64>,
}

/// Which change to go back to.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "change_id": 41, "version": 7 }))]
pub struct Restore {
    /// The client becomes what it was right after this change.
    change_id: i64,
    /// The client's `version` as it was seen, so that nothing is undone that was not looked at. A
    /// deleted client shows none, so it may be left out there.
    version: Option<i64>,
}

/// Lists the changes of a client, the last one first; also of one that was deleted and can be restored.
#[utoipa::path(
    get, operation_id = "list_client_changes", path = "/api/clients/{id}/history", tag = "clients",
    params(("id" = Uuid, Path, description = "The client"), HistoryFilters),
    responses((status = 200, description = "A page of changes", body = ClientHistory), MissingProblem, ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    viewer: Viewer,
    Path(id): Path<String>,
    mut given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadClients)?;
    let id = parameters::path_id("id", &id)?;
    let filters = HistoryFilters {
        limit: given.take("limit", parameters::whole(1, LARGEST_LIMIT)),
        cursor: given.take("cursor", position),
    };
    given.finish()?;
    let limit = filters.limit.unwrap_or(USUAL_LIMIT);
    let page = Page {
        client: id,
        kept_since: clock::now() - KEPT,
        below: filters.cursor.unwrap_or(i64::MAX),
        // One more than asked for tells whether a page follows.
        limit: limit + 1,
    };
    let read = viewer.read(api.database(), Plan::Fixed, page, |db, page| {
        Box::pin(read(db, page))
    });
    let mut rows = read.await?.ok_or_else(missing)?;
    let more = rows.len() as i64 > limit;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(ChangeRow::cursor);
    let items = rows.into_iter().map(ClientChange::from).collect();
    let history = ClientHistory { items, next_cursor };
    Ok(answer::json(answer::written(&history, 8192)))
}

/// Brings a client back to what it was after a change.
///
/// A deleted client comes back so too, within 30 days, without its numbers and voice sample. 409
/// `changed-meanwhile` when it has another version, `name-taken` when another client has its name by now, `no-subscription` when it would be the second
/// one without a subscription.
#[utoipa::path(
    post, operation_id = "restore_client", path = "/api/clients/{id}/restore", tag = "clients",
    params(("id" = Uuid, Path, description = "The client")), request_body = Restore,
    responses((status = 200, description = "The client", body = Client), ConflictProblem, MissingProblem, WriteProblems)
)]
pub async fn restore(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    Path(id): Path<String>,
    given: Parameters,
    Body(wanted): Body<Restore>,
) -> Result<Response, Problem> {
    viewer.require(Right::EditClients)?;
    let id = parameters::path_id("id", &id)?;
    given.finish()?;
    let (by, now) = (viewer.clone(), clock::now());
    let change = viewer.write(api.database(), move |db| {
        Box::pin(async move { restored(db, &by, now, &origin, id, &wanted).await })
    });
    let client = change.await?;
    Ok(answer::json(answer::written(&client, 4096)))
}

async fn restored(
    db: &mut PgConnection,
    viewer: &Viewer,
    now: DateTime<Utc>,
    origin: &Origin,
    id: Uuid,
    wanted: &Restore,
) -> Result<Client, Problem> {
    lock::take(db, viewer.account()).await?;
    let row = row::one_kept(db, id, now - KEPT)
        .await?
        .ok_or_else(missing)?;
    let snapshot = sqlx::query_scalar!(
        r#"select snapshot as "snapshot: Json<Settings>" from account.client_changes where client_id = $1 and id = $2"#,
        id,
        wanted.change_id,
    )
    .fetch_optional(&mut *db)
    .await?
    .ok_or_else(|| Problem::not_found("this client has no change with this id"))?;
    match wanted.version {
        Some(version) if version != row.version => {
            return Err(edit::changed_meanwhile(row.version));
        }
        None if row.deleted_at.is_none() => {
            let mut fields = Fields::default();
            fields.refuse("version", "is missing");
            fields.finish()?;
        }
        _ => {}
    }
    // What was right then need not be now: a number it puts callers through to may have become its own.
    let settings = snapshot.0.checked(&row.numbers)?;
    if row.deleted_at.is_some() {
        create::allow_another(db, viewer, now).await?;
        let act = Act {
            act: "client.restored",
            account: Some(viewer.account()),
            actor: Actor::from(viewer),
            subject: Some(id.to_string()),
            detail: json!({}),
        };
        audit::note(db, now, origin, act).await?;
    }
    edit::apply(db, viewer, now, row, ChangeKind::Restored, &settings).await
}

struct Page {
    client: Uuid,
    kept_since: DateTime<Utc>,
    below: i64,
    limit: i64,
}

struct ChangeRow {
    id: i64,
    at: DateTime<Utc>,
    by_user: Option<Uuid>,
    by_name: Option<String>,
    kind: String,
    changes: Json<Changes>,
}

impl ChangeRow {
    fn cursor(&self) -> String {
        Cursor {
            at: self.at,
            id: self.id.to_string(),
        }
        .encode()
    }
}

fn position(text: &str) -> Result<i64, String> {
    let cursor = Cursor::decode(text)?;
    let id = cursor.id.parse().ok().filter(|id| *id > 0);
    id.ok_or_else(|| "is not a cursor of this list".to_owned())
}

async fn read(db: &mut PgConnection, page: &Page) -> sqlx::Result<Option<Vec<ChangeRow>>> {
    if row::one_kept(db, page.client, page.kept_since)
        .await?
        .is_none()
    {
        return Ok(None);
    }
    let rows = sqlx::query_as!(
        ChangeRow,
        // Who is no member any more is not seen here, and has no name.
        r#"select c.id, c.at, c.by_user, u.name as "by_name?", c.kind, c.changes as "changes: Json<Changes>"
        from account.client_changes c
        left join account.users u on u.id = c.by_user
        where c.client_id = $1 and c.id < $2
        order by c.id desc
        limit $3"#,
        page.client,
        page.below,
        page.limit,
    )
    .fetch_all(db)
    .await?;
    Ok(Some(rows))
}

impl From<ChangeRow> for ClientChange {
    fn from(row: ChangeRow) -> Self {
        Self {
            id: row.id,
            at: Moment(row.at),
            by: row.by_user.map(|id| ChangedBy {
                id,
                name: row.by_name,
            }),
            kind: row.kind,
            changes: row.changes.0,
        }
    }
}
