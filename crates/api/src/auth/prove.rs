//! `POST /api/auth/prove`: showing a password or code again before something dangerous.
//!
//! Whoever finds a browser open is signed in and is not its user. The proof lasts a quarter of an hour
//! ([`PROOF_LASTS`](crate::viewer::PROOF_LASTS)); with it the session gets another secret. Where
//! signing in wants a code, this wants one too: what is behind both must not open to the password alone.

use super::{
    failures::{self, Tried},
    hashing::Verdict,
    login::{code, must_wait},
    second_factor::{self, Checked},
    sessions,
};
use crate::{
    Api, answer,
    audit::{self, Act},
    body::{Body, Fields},
    origin::Origin,
    parameters::Parameters,
    problem::{Problem, WriteProblems},
    session, text,
    viewer::{Right, Viewer},
};
use axum::{extract::State, http::HeaderValue, response::Response};
use chrono::{DateTime, Utc};
use frontdesk_process::clock;
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// One of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The password.
    #[schema(example = "three bells by nine")]
    password: Option<String>,
    /// A code of the authenticator app, or a recovery code.
    code: Option<String>,
}

/// Shows again that it is you: with a code if you have an authenticator app (401 `code-needed`), with the
/// password otherwise.
#[utoipa::path(
    post, operation_id = "prove", path = "/api/auth/prove", tag = "auth",
    request_body = Proof,
    responses(
        (status = 204, description = "Proven for a quarter of an hour",
            headers(("set-cookie" = String, description = "The session's next secret"))),
        WriteProblems
    )
)]
pub async fn prove(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    given: Parameters,
    Body(proof): Body<Proof>,
) -> Result<Response, Problem> {
    viewer.require(Right::BeSomebody)?;
    given.finish()?;
    let shown = Shown::check(proof)?;
    let Some(session) = sessions::current(&viewer) else {
        return Err(Problem::forbidden(
            "an access token is proven when it is drawn; draw another",
        ));
    };
    let now = clock::now();
    if let Shown::Password(password) = &shown {
        refuse_password_alone(&api, viewer.person()).await?;
        check_password(&api, &viewer, password.clone(), now).await?;
    }
    let at = api.clone();
    let cookie = api
        .database()
        .auth(move |db| {
            Box::pin(async move {
                let person = viewer.person();
                if let Shown::Code(code) = &shown
                    && let Err(problem) = check_code(&at, db, &origin, person, code, now).await?
                {
                    return Ok(Err(problem));
                }
                failures::forgive(db, &Tried::proof(person)).await?;
                let cookie = proven(&at, db, &viewer, &origin, session, now).await?;
                Ok(Ok(cookie))
            })
        })
        .await??;
    Ok(answer::done_with_cookie(Some(cookie)))
}

async fn refuse_password_alone(api: &Api, person: Uuid) -> Result<(), Problem> {
    let is_on = api
        .database()
        .auth(move |db| Box::pin(async move { Ok(second_factor::is_on(db, person).await?) }));
    if is_on.await? {
        return Err(Problem::code_needed());
    }
    Ok(())
}

enum Shown {
    Password(String),
    Code(String),
}

impl Shown {
    fn check(proof: Proof) -> Result<Self, Problem> {
        let mut fields = Fields::default();
        let password = fields.take("password", proof.password, |given| {
            given.map(text::shown_password).transpose()
        });
        let code = fields.take("code", proof.code, code);
        let shown = match (password.flatten(), code.flatten()) {
            (Some(password), None) => Some(Self::Password(password)),
            (None, Some(code)) => Some(Self::Code(code)),
            (Some(_), Some(_)) => {
                fields.refuse("code", "must not be given together with a password");
                None
            }
            (None, None) => {
                fields.refuse("password", "is missing, and so is a code");
                None
            }
        };
        fields.finish()?;
        shown.ok_or_else(Problem::internal)
    }
}

/// Checks the password of somebody signed in, counted by the person: only their own browsers come here.
///
/// # Errors
/// 401 `wrong-credentials`, 429.
pub(super) async fn check_password(
    api: &Api,
    viewer: &Viewer,
    password: String,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    // Before the try is counted: that the line is full is not the person's failure.
    let place = api.hasher().place()?;
    let person = viewer.person();
    let tried = Tried::proof(person);
    let begun = api.database().auth(move |db| {
        Box::pin(async move {
            if let Err(seconds) = failures::begin(db, &tried, now).await? {
                return Err(must_wait(seconds));
            }
            Ok(sqlx::query_scalar!(
                "select hash from account.passwords where user_id = $1",
                person
            )
            .fetch_optional(db)
            .await?)
        })
    });
    let hash = begun.await?;
    match place.verify(password, hash).await? {
        Verdict::Right | Verdict::RightButCheap => Ok(()),
        Verdict::Wrong => Err(Problem::wrong_credentials()),
    }
}

/// What is wrong with a code. The count of a wrong one is committed, so that is a value.
async fn check_code(
    api: &Api,
    db: &mut PgConnection,
    origin: &Origin,
    person: Uuid,
    code: &str,
    now: DateTime<Utc>,
) -> Result<Result<(), Problem>, Problem> {
    if let Err(seconds) = failures::begin(db, &Tried::proof(person), now).await? {
        return Ok(Err(must_wait(seconds)));
    }
    let checked = second_factor::check(db, api.keyring(), origin, person, Some(code), now).await?;
    Ok(match checked {
        Checked::Right => Ok(()),
        Checked::NotWanted | Checked::Missing | Checked::Wrong => Err(Problem::wrong_credentials()),
    })
}

async fn proven(
    api: &Api,
    db: &mut PgConnection,
    viewer: &Viewer,
    origin: &Origin,
    session: Uuid,
    now: DateTime<Utc>,
) -> Result<HeaderValue, Problem> {
    sqlx::query!(
        "update account.sessions set proven_at = $2 where id = $1",
        session,
        now
    )
    .execute(&mut *db)
    .await?;
    let act = Act {
        act: "user.proven",
        account: Some(viewer.person()),
        actor: viewer.into(),
        subject: Some(session.to_string()),
        detail: json!({}),
    };
    audit::note(db, now, origin, act).await?;
    session::rotate(db, api.access(), session, now).await
}
