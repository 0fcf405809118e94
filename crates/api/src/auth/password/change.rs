//! `POST /api/auth/password/change`: another password, by somebody signed in.
//!
//! It wants the password of before, or a fresh proof from people who had none. The browser that asks
//! stays signed in, with another secret; all others are signed out.

use super::{Whose, hold, set};
use crate::{
    Api, answer,
    audit::{self, Act},
    auth::{
        failures::{self, Tried},
        prove, sessions,
    },
    body::{Body, Fields},
    origin::Origin,
    parameters::Parameters,
    problem::{FieldError, Problem, WriteProblems},
    session, text,
    viewer::{Right, Viewer},
};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode},
    response::Response,
};
use chrono::{DateTime, Utc};
use frontdesk_process::clock;
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// The password from now on, and the one before.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasswordChange)]
pub struct Wanted {
    /// The one before; left out by who has none yet.
    #[schema(example = "three bells by nine")]
    current_password: Option<String>,
    /// 8 to 128 characters, none of the most common passwords.
    #[schema(example = "four bells by ten")]
    password: String,
}

/// Changes the password. Signs out everywhere else.
#[utoipa::path(
    post, operation_id = "change_password", path = "/api/auth/password/change", tag = "auth",
    request_body = Wanted,
    responses(
        (status = 204, description = "It is the password now",
            headers(("set-cookie" = String, description = "The session's next secret"))),
        WriteProblems
    )
)]
pub async fn change(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    given: Parameters,
    Body(wanted): Body<Wanted>,
) -> Result<Response, Problem> {
    viewer.require(Right::BeSomebody)?;
    given.finish()?;
    let now = clock::now();
    let person = viewer.person();
    let before = before(&api, person).await?;
    let password = before.whose.accept(wanted.password)?;
    if before.hash.is_some() {
        let is_same = wanted.current_password.as_deref() == Some(password.as_str());
        check_current(&api, &viewer, wanted.current_password, now).await?;
        // Said only to whoever knows it.
        if is_same {
            return Err(refused("password", "is the one you have"));
        }
    } else {
        viewer.require_proof(now)?;
    }
    let change = Change {
        before: before.hash,
        after: api.hasher().hash(password).await?,
        viewer,
        origin,
        now,
    };
    let at = api.clone();
    let cookie = api
        .database()
        .auth(move |db| Box::pin(async move { change.make(&at, db).await }))
        .await?;
    Ok(answer::done_with_cookie(cookie))
}

struct Before {
    whose: Whose,
    hash: Option<String>,
}

async fn before(api: &Api, person: Uuid) -> Result<Before, Problem> {
    let found = api.database().auth(move |db| {
        Box::pin(async move {
            let found = sqlx::query!(
                r#"select u.email, u.name, p.hash as "hash?"
                from account.users u left join account.passwords p on p.user_id = u.id
                where u.id = $1"#,
                person
            )
            .fetch_optional(db)
            .await?;
            Ok(found)
        })
    });
    let found = found.await?.ok_or_else(Problem::unauthorised)?;
    Ok(Before {
        whose: Whose {
            email: found.email,
            name: found.name,
        },
        hash: found.hash,
    })
}

async fn check_current(
    api: &Api,
    viewer: &Viewer,
    current: Option<String>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let mut fields = Fields::default();
    let current = fields.take("current_password", current, |given| match given {
        Some(given) => text::shown_password(given),
        None => Err("is missing".into()),
    });
    fields.finish()?;
    let current = current.ok_or_else(Problem::internal)?;
    prove::check_password(api, viewer, current, now)
        .await
        .map_err(|problem| {
            if problem.status() == StatusCode::UNAUTHORIZED {
                // No 401: whoever asks is signed in, and a form must say where the mistake is.
                refused("current_password", "is not right")
            } else {
                problem
            }
        })
}

fn refused(field: &str, message: &str) -> Problem {
    Problem::invalid(vec![FieldError {
        field: field.into(),
        message: message.into(),
    }])
}

struct Change {
    before: Option<String>,
    after: String,
    viewer: Viewer,
    origin: Origin,
    now: DateTime<Utc>,
}

impl Change {
    async fn make(self, api: &Api, db: &mut PgConnection) -> Result<Option<HeaderValue>, Problem> {
        let person = self.viewer.person();
        // Of two changes at once one wins; the other showed a password that is none any more.
        hold(db, person).await?;
        let hash = sqlx::query_scalar!(
            "select hash from account.passwords where user_id = $1",
            person
        )
        .fetch_optional(&mut *db)
        .await?;
        if hash != self.before {
            return Err(refused("current_password", "is not right"));
        }
        let kept = sessions::current(&self.viewer);
        set(db, person, &self.after, kept, self.now).await?;
        failures::forgive(db, &Tried::proof(person)).await?;
        let act = Act {
            act: "user.password_changed",
            account: Some(person),
            actor: (&self.viewer).into(),
            subject: Some(person.to_string()),
            detail: json!({}),
        };
        audit::note(db, self.now, &self.origin, act).await?;
        session::rotate_kept(db, api.access(), kept, self.now).await
    }
}
