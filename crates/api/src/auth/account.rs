//! `POST /api/auth/account`: looking at another account: one's own, one that one is a member of, or, for
//! administrators, any.
//!
//! The session stays the same one: the person does. What an administrator looks at without being a
//! member is on record for its owner to see, and read only.

use super::{
    me::{self, Me, Who},
    sessions,
};
use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    body::Body,
    origin::Origin,
    parameters::{self, Parameters},
    problem::{FieldError, MissingProblem, Problem, WriteProblems},
    viewer::{Right, Viewer},
};
use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use frontdesk_process::clock;
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// Which account to act for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AccountChoice)]
pub struct Choice {
    /// Its owner's id.
    #[schema(value_type = Uuid, example = "018f3c1e-0000-7000-8000-000000000000")]
    account_id: String,
}

/// Acts for another account from now on, in this browser.
#[utoipa::path(
    post, operation_id = "switch_account", path = "/api/auth/account", tag = "auth",
    request_body = Choice,
    responses((status = 200, description = "Acting for it", body = Me), WriteProblems, MissingProblem)
)]
pub async fn switch(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    given: Parameters,
    Body(choice): Body<Choice>,
) -> Result<Response, Problem> {
    viewer.require(Right::BeSomebody)?;
    given.finish()?;
    let account = parameters::uuid(&choice.account_id).map_err(|message| {
        let field = "account_id".to_owned();
        Problem::invalid(vec![FieldError { field, message }])
    })?;
    let session = sessions::current(&viewer).ok_or_else(|| {
        Problem::forbidden("an access token is for the account it was drawn for; draw another")
    })?;
    let now = clock::now();
    let me = api
        .database()
        .auth(move |db| Box::pin(take(db, viewer, origin, session, account, now)))
        .await?;
    Ok(answer::json(answer::written(&me, 1024)))
}

async fn take(
    db: &mut PgConnection,
    viewer: Viewer,
    origin: Origin,
    session: Uuid,
    account: Uuid,
    now: DateTime<Utc>,
) -> Result<Me, Problem> {
    let target = sqlx::query!(
        r#"select a.suspended_at is not null as "is_suspended!",
            (a.id = $2 or exists (
                select from account.members m where m.account_id = a.id and m.user_id = $2
            )) as "is_theirs!"
        from account.users a where a.id = $1 and a.deleted_at is null"#,
        account,
        viewer.person(),
    )
    .fetch_optional(&mut *db)
    .await?;
    let is_admin = viewer.require(Right::Administrate).is_ok();
    let target = target
        .filter(|target| target.is_theirs || is_admin)
        .ok_or_else(|| Problem::not_found("there is no such account of yours"))?;
    if target.is_suspended && !is_admin {
        return Err(Problem::suspended());
    }
    sqlx::query!(
        "update account.sessions set account_id = $2 where id = $1",
        session,
        account
    )
    .execute(&mut *db)
    .await?;
    if !target.is_theirs {
        let act = Act {
            act: "account.support_look",
            account: Some(account),
            actor: Actor::admin(&viewer),
            subject: Some(account.to_string()),
            detail: json!({}),
        };
        audit::note(db, now, &origin, act).await?;
    }
    let who = Who {
        person: viewer.person(),
        account,
        session: Some(session),
    };
    me::read(db, who, now).await
}
