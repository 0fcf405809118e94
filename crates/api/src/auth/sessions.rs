//! `/api/auth/sessions` and `POST /api/auth/logout`: where somebody is signed in, and ending it.

use super::token;
use crate::{
    Api, answer,
    audit::{self, Act},
    moment::Moment,
    origin::Origin,
    parameters::{self, Parameters},
    problem::{MissingProblem, Problem, ReadProblems},
    session,
    viewer::{IDLE, Means, Plan, Right, Viewer},
};
use axum::{
    extract::{Path, State},
    response::Response,
};
use chrono::{DateTime, Utc};
use frontdesk_process::clock;
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// A signed-in browser.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedInBrowser {
    /// Its id, by which it is ended.
    pub id: Uuid,
    /// How it began: `password`, `google`, `github`, `signup`.
    #[schema(example = "password")]
    pub method: String,
    /// What the browser calls itself.
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")]
    pub user_agent: String,
    /// Where it signed in from.
    #[schema(example = "203.0.113.7")]
    pub address: String,
    /// When it signed in.
    pub created_at: Moment,
    /// When it last asked for something, to the minute.
    pub seen_at: Moment,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// The signed-in browsers of one person.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionList {
    /// Latest use first.
    pub items: Vec<SignedInBrowser>,
}

/// Lists where one is signed in.
#[utoipa::path(
    get, operation_id = "list_sessions", path = "/api/auth/sessions", tag = "auth",
    responses((status = 200, description = "Signed-in browsers, latest use first", body = SessionList), ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    viewer: Viewer,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::BeSomebody)?;
    given.finish()?;
    let wanted = (current(&viewer), clock::now());
    let items = viewer
        .read(api.database(), Plan::Fixed, wanted, |db, (current, now)| {
            Box::pin(read(db, *current, *now))
        })
        .await?;
    Ok(answer::json(answer::written(&SessionList { items }, 1024)))
}

/// Signs one browser out.
#[utoipa::path(
    delete, operation_id = "revoke_session", path = "/api/auth/sessions/{id}", tag = "auth",
    params(("id" = Uuid, Path, description = "The session")),
    responses((status = 204, description = "It is signed out"), ReadProblems, MissingProblem)
)]
pub async fn revoke(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    Path(id): Path<String>,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::BeSomebody)?;
    given.finish()?;
    let id = parameters::uuid(&id).map_err(|_| missing())?;
    end(&api, viewer.clone(), origin, id, "session.revoked").await?;
    let is_current = current(&viewer) == Some(id);
    let cookie = is_current.then(|| session::closing_cookie(api.access()));
    Ok(answer::done_with_cookie(cookie))
}

/// Signs out everywhere, this browser and all programs included.
#[utoipa::path(
    delete, operation_id = "revoke_all_sessions", path = "/api/auth/sessions", tag = "auth",
    responses((status = 204, description = "Signed out everywhere"), ReadProblems)
)]
pub async fn revoke_all(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::BeSomebody)?;
    given.finish()?;
    let now = clock::now();
    api.database()
        .auth(move |db| {
            Box::pin(async move {
                session::end_others(db, viewer.person(), None).await?;
                let act = of(&viewer, "session.revoked_all", None);
                audit::note(db, now, &origin, act).await?;
                Ok(())
            })
        })
        .await?;
    let cookie = session::closing_cookie(api.access());
    Ok(answer::done_with_cookie(Some(cookie)))
}

/// Signs this browser out, or the program whose access token it is.
#[utoipa::path(
    post, operation_id = "log_out", path = "/api/auth/logout", tag = "auth",
    responses((status = 204, description = "Signed out"), ReadProblems)
)]
pub async fn log_out(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::BeSomebody)?;
    given.finish()?;
    match *viewer.means() {
        Means::Session { id, .. } => end(&api, viewer, origin, id, "user.logged_out").await?,
        Means::Token { login, .. } => {
            end_program(&api, viewer, origin, login).await?;
            return Ok(answer::done_with_cookie(None));
        }
        Means::Key { .. } => return Err(Problem::forbidden("an API key is revoked instead")),
    }
    let cookie = session::closing_cookie(api.access());
    Ok(answer::done_with_cookie(Some(cookie)))
}

/// The session that asks.
pub(crate) fn current(viewer: &Viewer) -> Option<Uuid> {
    match viewer.means() {
        Means::Session { id, .. } => Some(*id),
        Means::Token { .. } | Means::Key { .. } => None,
    }
}

fn missing() -> Problem {
    Problem::not_found("there is no such session of yours")
}

async fn read(
    db: &mut PgConnection,
    current: Option<Uuid>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<SignedInBrowser>> {
    sqlx::query_as!(
        SignedInBrowser,
        r#"select id, method, user_agent, address, created_at as "created_at: Moment", seen_at as "seen_at: Moment",
            coalesce(id = $1, false) as "is_current!"
        from account.sessions
        where expires_at > $2 and seen_at > $3
        order by seen_at desc, created_at desc, id
        limit 200"#,
        current,
        now,
        now - IDLE,
    )
    .fetch_all(db)
    .await
}

async fn end(
    api: &Api,
    viewer: Viewer,
    origin: Origin,
    id: Uuid,
    act: &'static str,
) -> Result<(), Problem> {
    let now = clock::now();
    api.database()
        .auth(move |db| {
            Box::pin(async move {
                let ended = sqlx::query!(
                    "delete from account.sessions where id = $1 and user_id = $2",
                    id,
                    viewer.person(),
                )
                .execute(&mut *db)
                .await?;
                if ended.rows_affected() == 0 {
                    return Err(missing());
                }
                audit::note(db, now, &origin, of(&viewer, act, Some(id))).await?;
                Ok(())
            })
        })
        .await
}

async fn end_program(
    api: &Api,
    viewer: Viewer,
    origin: Origin,
    login: Uuid,
) -> Result<(), Problem> {
    let now = clock::now();
    api.database()
        .auth(move |db| {
            Box::pin(async move {
                token::end(db, viewer.person(), login).await?;
                let act = of(&viewer, "user.logged_out", Some(login));
                Ok(audit::note(db, now, &origin, act).await?)
            })
        })
        .await
}

/// What somebody did to their own sessions, whichever account they look at.
fn of<'a>(viewer: &Viewer, act: &'a str, session: Option<Uuid>) -> Act<'a> {
    Act {
        act,
        account: Some(viewer.person()),
        actor: viewer.into(),
        subject: session.map(|id| id.to_string()),
        detail: json!({}),
    }
}
