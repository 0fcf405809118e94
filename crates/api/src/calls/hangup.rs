//! `POST /api/calls/{id}/hangup`: somebody at the dashboard ends a call that goes on.
//!
//! The api speaks to no LiveKit. It writes down that somebody wants the call to end, and a worker asks
//! LiveKit for it, once, and remembers that it did (`ops.effects`). So the answer is "asked for"; that
//! the call is over is told by the call itself, when LiveKit has said so.

use super::one::call_id;
use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    origin::Origin,
    outbox::{self, Fact},
    parameters::Parameters,
    problem::{ConflictProblem, MissingProblem, NotSetUpProblem, Problem, WriteProblems},
    viewer::{Right, Viewer},
};
use axum::{
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_events::catalogue::account;
use frontdesk_process::clock;
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// Whoever clicks again within this asks for nothing more. As long as the worker tries: after it, what
/// was asked for has happened or was given up, and asking again is worth something.
const ASKED_FOR: TimeDelta = TimeDelta::seconds(30);

/// It was asked for; the call says when it is over.
#[derive(Debug, Serialize, ToSchema)]
pub struct HangUpAsked {}

/// Ends a call that rings or goes on.
///
/// The answer comes at once, the end within a second or two: the call's `state` (and `live`) tells it.
/// Asking again meanwhile changes nothing. 409 `call-over`, 503 `not-set-up`.
#[utoipa::path(
    post, operation_id = "hang_up_call", path = "/api/calls/{id}/hangup", tag = "calls",
    params(("id" = Uuid, Path, description = "The call")),
    responses(
        (status = 202, description = "LiveKit is asked to end it", body = HangUpAsked,
            headers(("Location" = String, description = "The call, whose state tells the rest"))),
        ConflictProblem, MissingProblem, WriteProblems, NotSetUpProblem
    )
)]
pub async fn ask(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    Path(id): Path<String>,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::HangUp)?;
    let id = call_id(&id)?;
    given.finish()?;
    let (by, now, can) = (viewer.clone(), clock::now(), api.access().hangs_up);
    viewer
        .write(api.database(), move |db| {
            Box::pin(async move {
                must_go_on(db, id).await?;
                if !can {
                    return Err(Problem::not_set_up(
                        "no LiveKit is set up (LIVEKIT_URL), so calls cannot be ended from here",
                    ));
                }
                write_down(db, &by, now, &origin, id).await
            })
        })
        .await?;
    let mut response = answer::json(answer::written(&HangUpAsked {}, 2));
    *response.status_mut() = StatusCode::ACCEPTED;
    if let Ok(place) = HeaderValue::from_str(&format!("/api/calls/{id}")) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

async fn must_go_on(db: &mut PgConnection, id: Uuid) -> Result<(), Problem> {
    let state = sqlx::query_scalar!("select state from calls.calls where id = $1", id)
        .fetch_optional(db)
        .await?;
    match state.as_deref() {
        None => Err(Problem::not_found("there is no call with this id")),
        Some("ended") => Err(Problem::conflict(
            "call-over",
            "The call is over",
            "this call has ended already",
        )),
        Some(_) => Ok(()),
    }
}

async fn write_down(
    db: &mut PgConnection,
    viewer: &Viewer,
    now: DateTime<Utc>,
    origin: &Origin,
    id: Uuid,
) -> Result<(), Problem> {
    // Two at once: the second waits here for the first, and then finds that it was just asked for.
    let asked = sqlx::query_scalar!(
        "insert into account.hangups as h (user_id, call_id, asked_by, asked_at) values ($1, $2, $3, $4)
        on conflict (user_id, call_id) do update set asked_by = excluded.asked_by, asked_at = excluded.asked_at
            where h.asked_at < $5
        returning asked_at",
        viewer.account(),
        id,
        viewer.person(),
        now,
        now - ASKED_FOR,
    )
    .fetch_optional(&mut *db)
    .await?;
    if asked.is_none() {
        return Ok(());
    }
    let wanted = account::Hangup {
        user_id: viewer.account(),
        call_id: id,
        by: viewer.person(),
    };
    let fact = Fact::about(account::HANGUP_REQUESTED, viewer.account(), id, &wanted);
    outbox::record(db, now, fact).await?;
    let act = Act {
        act: "call.hung_up",
        account: Some(viewer.account()),
        actor: Actor::from(viewer),
        subject: Some(id.to_string()),
        detail: json!({}),
    };
    audit::note(db, now, origin, act).await?;
    Ok(())
}
