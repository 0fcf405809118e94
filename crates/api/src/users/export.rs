//! `/api/users/export`: a copy of all that is kept about an account, asked for by its owner, made by a
//! worker, fetched from here.
//!
//! The worker says in `ops.exports` what became of it and where its files are; a file that is not
//! listed there does not exist for the api, whatever lies in the directory.

pub mod file;

use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    moment::Moment,
    origin::Origin,
    outbox::{self, Fact},
    parameters::Parameters,
    problem::{ConflictProblem, Problem, ReadProblems, WriteProblems},
    viewer::{Plan, Right, Viewer},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_events::catalogue::account;
use frontdesk_process::clock;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{PgConnection, types::Json};
use utoipa::ToSchema;
use uuid::Uuid;

/// Exports one may ask for in a day: each reads all there is.
const MOST_A_DAY: usize = 3;

/// One that is not made by then was lost, and another may be asked for.
const STALLED: TimeDelta = TimeDelta::hours(24);

/// What is shown of the past.
const SHOWN: i64 = 20;

/// A copy of all that is kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct Export {
    /// Its id.
    pub id: Uuid,
    /// When it was asked for.
    pub requested_at: Moment,
    /// Where it stands.
    pub state: ExportState,
    /// Until when its files can be fetched; null until it is ready.
    pub expires_at: Option<Moment>,
    /// Why it could not be made, in words.
    #[schema(example = json!(null))]
    pub failure: Option<String>,
    /// What can be fetched; empty unless it is ready.
    pub files: Vec<ExportFile>,
}

/// Where an export stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportState {
    /// It is being made.
    Making,
    /// Its files can be fetched.
    Ready,
    /// It could not be made.
    Failed,
    /// Its files are gone.
    Expired,
}

/// A file of an export.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExportFile {
    /// Its name.
    #[schema(example = "calls.csv")]
    pub name: String,
    /// Its length.
    #[schema(example = 48_213)]
    pub bytes: i64,
    /// Where to fetch it.
    #[schema(example = "/api/users/export/018f3c1e-0000-7000-8000-000000000000/calls.csv")]
    pub href: String,
}

/// The exports of the account.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportList {
    /// Newest first, at most the latest twenty.
    pub items: Vec<Export>,
}

/// Asks for a copy of all that is kept about the account.
///
/// Wants a fresh proof, and a browser: no access token may. One is made at a time (409
/// `export-being-made`), and three a day (429).
#[utoipa::path(
    post, operation_id = "ask_for_export", path = "/api/users/export", tag = "users",
    responses((status = 202, description = "It is being made", body = Export), ConflictProblem, WriteProblems)
)]
pub async fn ask(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    given: Parameters,
) -> Result<Response, Problem> {
    let now = clock::now();
    viewer.require(Right::TakeAway)?;
    viewer.require_proof(now)?;
    given.finish()?;
    let asker = viewer.clone();
    let export = viewer
        .write(api.database(), move |db| {
            Box::pin(async move { write_down(db, now, &origin, &asker).await })
        })
        .await?;
    let body = answer::json(answer::written(&export, 256));
    Ok((StatusCode::ACCEPTED, body).into_response())
}

async fn write_down(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    origin: &Origin,
    viewer: &Viewer,
) -> Result<Export, Problem> {
    let account = viewer.account();
    // Two at once would each find none being made.
    sqlx::query!(
        "select from account.users where id = $1 for no key update",
        account
    )
    .fetch_one(&mut *db)
    .await?;
    refuse_too_many(now, &read(db, now, account, None).await?)?;
    let id = Uuid::new_v4();
    sqlx::query!(
        "insert into account.exports (id, user_id, requested_at, requested_by) values ($1, $2, $3, $4)",
        id,
        account,
        now,
        viewer.person(),
    )
    .execute(&mut *db)
    .await?;
    let asked = account::Export {
        user_id: account,
        export_id: id,
    };
    let fact = Fact::about(account::EXPORT_REQUESTED, account, account, &asked);
    outbox::record(db, now, fact).await?;
    let act = Act {
        act: "export.requested",
        account: Some(account),
        actor: Actor::from(viewer),
        subject: Some(id.to_string()),
        detail: json!({}),
    };
    audit::note(db, now, origin, act).await?;
    Ok(Export {
        id,
        requested_at: Moment(now),
        state: ExportState::Making,
        expires_at: None,
        failure: None,
        files: Vec::new(),
    })
}

fn refuse_too_many(now: DateTime<Utc>, known: &[Export]) -> Result<(), Problem> {
    if known
        .iter()
        .any(|export| export.state == ExportState::Making)
    {
        return Err(Problem::conflict(
            "export-being-made",
            "An export is being made",
            "wait until it is ready",
        ));
    }
    let mut of_today = known
        .iter()
        .map(|export| export.requested_at.0 + TimeDelta::days(1) - now)
        .filter(|left| *left > TimeDelta::zero());
    // Newest first: with this one over, there is room again.
    match of_today.nth(MOST_A_DAY - 1) {
        None => Ok(()),
        Some(left) => Err(Problem::too_many(
            u16::try_from(left.num_seconds()).unwrap_or(u16::MAX),
            "three exports were asked for within a day",
        )),
    }
}

/// Lists the account's exports.
#[utoipa::path(
    get, operation_id = "list_exports", path = "/api/users/export", tag = "users",
    responses((status = 200, description = "The latest exports", body = ExportList), ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    viewer: Viewer,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::Own)?;
    given.finish()?;
    let (now, account) = (clock::now(), viewer.account());
    let items = viewer
        .read(api.database(), Plan::Fixed, account, move |db, account| {
            Box::pin(read(db, now, *account, None))
        })
        .await?;
    Ok(answer::json(answer::written(&ExportList { items }, 1024)))
}

/// As the worker lists them.
#[derive(Debug, Deserialize)]
struct Made {
    name: String,
    bytes: i64,
}

async fn read(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    account: Uuid,
    only: Option<Uuid>,
) -> sqlx::Result<Vec<Export>> {
    let rows = sqlx::query!(
        r#"select asked.id, asked.requested_at, made.ready_at as "ready_at?", made.expires_at as "expires_at?",
            made.failure as "failure?", made.files as "files?: Json<Vec<Made>>"
        from account.exports asked
        left join ops.exports made on made.id = asked.id
        where asked.user_id = $1 and ($2::uuid is null or asked.id = $2)
        order by asked.requested_at desc, asked.id
        limit $3"#,
        account,
        only,
        SHOWN,
    )
    .fetch_all(db)
    .await?;
    let exports = rows.into_iter().map(|row| {
        let stands = state(
            now,
            row.requested_at,
            row.ready_at,
            row.expires_at,
            row.failure,
        );
        let (state, failure) = stands;
        let files = row.files.map(|files| files.0).unwrap_or_default();
        Export {
            id: row.id,
            requested_at: Moment(row.requested_at),
            expires_at: row.expires_at.map(Moment),
            files: match state {
                ExportState::Ready => files
                    .into_iter()
                    .map(|file| offered(row.id, file))
                    .collect(),
                _ => Vec::new(),
            },
            state,
            failure,
        }
    });
    Ok(exports.collect())
}

fn state(
    now: DateTime<Utc>,
    requested_at: DateTime<Utc>,
    ready_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    failure: Option<String>,
) -> (ExportState, Option<String>) {
    match (ready_at, failure) {
        (Some(_), _) if expires_at.is_none_or(|at| at <= now) => (ExportState::Expired, None),
        (Some(_), _) => (ExportState::Ready, None),
        (None, Some(failure)) => (ExportState::Failed, Some(failure)),
        (None, None) if now - requested_at > STALLED => {
            let failure = "it was not made in time; ask for another one";
            (ExportState::Failed, Some(failure.to_owned()))
        }
        (None, None) => (ExportState::Making, None),
    }
}

fn offered(export: Uuid, file: Made) -> ExportFile {
    ExportFile {
        href: format!("/api/users/export/{export}/{}", file.name),
        name: file.name,
        bytes: file.bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(minutes_ago: i64, state: ExportState) -> Export {
        Export {
            id: Uuid::nil(),
            requested_at: Moment(DateTime::UNIX_EPOCH - TimeDelta::minutes(minutes_ago)),
            state,
            expires_at: None,
            failure: None,
            files: Vec::new(),
        }
    }

    #[test]
    fn one_at_a_time_and_three_a_day() {
        let refused = |known: &[Export]| {
            let problem = refuse_too_many(DateTime::UNIX_EPOCH, known).err()?;
            Some(problem.status().as_u16())
        };
        let ready = |ago| asked(ago, ExportState::Ready);
        assert_eq!(refused(&[]), None);
        assert_eq!(refused(&[asked(1, ExportState::Making)]), Some(409));
        assert_eq!(refused(&[ready(1), ready(2)]), None);
        assert_eq!(refused(&[ready(1), ready(2), ready(3)]), Some(429));
        assert_eq!(refused(&[ready(1), ready(2), ready(1440)]), None);
    }

    #[test]
    fn an_export_that_nobody_makes_is_said_to_have_failed() {
        let now = DateTime::UNIX_EPOCH;
        let at = |hours| Some(now + TimeDelta::hours(hours));
        let stands = |asked, ready, expires, failure: Option<&str>| {
            let asked = now - TimeDelta::hours(asked);
            state(now, asked, ready, expires, failure.map(str::to_owned)).0
        };
        assert_eq!(stands(1, None, None, None), ExportState::Making);
        assert_eq!(stands(25, None, None, None), ExportState::Failed);
        assert_eq!(
            stands(1, None, None, Some("disk full")),
            ExportState::Failed
        );
        assert_eq!(stands(1, at(-1), at(1), None), ExportState::Ready);
        assert_eq!(stands(1, at(-1), at(0), None), ExportState::Expired);
        assert_eq!(stands(1, at(-1), None, None), ExportState::Expired);
    }
}
