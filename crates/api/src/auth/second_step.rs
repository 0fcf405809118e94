//! `POST /api/auth/login/code`: the second step of a log-in whose first a provider took.
//!
//! A sealed note in the browser says whose first step it was. It can be shown again until it is over,
//! and is worth nothing without a code that was not used yet.

use super::{
    entry,
    failures::{self, Tried},
    login::{self, must_wait},
    me::{self, Me, Who},
    provider::Provider,
    sealed::Note,
    second_factor::{self, Checked},
};
use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    body::{Body, Fields},
    config::Access,
    origin::Origin,
    parameters::Parameters,
    problem::{Problem, TryProblems},
    session::SignIn,
    viewer::session_token,
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
    response::Response,
};
use chrono::{DateTime, Utc};
use frontdesk_process::clock;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a first step leaves in the browser.
const FIRST_STEP: Note = Note::new("__Host-step", "step");

/// A first step that was taken.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct SecondStep {
    user: Uuid,
    provider: Provider,
}

impl SecondStep {
    pub(super) fn after(user: Uuid, provider: Provider) -> Self {
        Self { user, provider }
    }

    /// The cookie that says so.
    ///
    /// # Errors
    /// 500 when it cannot be written.
    pub(super) fn leave(self, access: &Access, now: DateTime<Utc>) -> Result<HeaderValue, Problem> {
        FIRST_STEP.leave(access, &self, now)
    }
}

/// The code of a second step.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StepCode {
    /// The code of the authenticator app, or a recovery code.
    #[schema(example = "287082")]
    code: String,
}

/// Ends a log-in through a provider that was sent to `/sign-in?step=code`.
#[utoipa::path(
    post, operation_id = "log_in_code", path = "/api/auth/login/code", tag = "auth", security(()),
    request_body = StepCode,
    responses(
        (status = 200, description = "Signed in", body = Me, headers(("set-cookie" = String, description = "The session"))),
        TryProblems
    )
)]
pub async fn take(
    State(api): State<Api>,
    origin: Origin,
    headers: HeaderMap,
    given: Parameters,
    Body(body): Body<StepCode>,
) -> Result<Response, Problem> {
    given.finish()?;
    let now = clock::now();
    let mut fields = Fields::default();
    let code = fields.take("code", Some(body.code), login::code);
    fields.finish()?;
    let step = FIRST_STEP
        .read::<SecondStep>(api.access(), &headers, now)
        .ok_or_else(Problem::unauthorised)?;
    api.limits()
        .try_secret(origin.address, clock::monotonic())?;
    let presented = session_token(api.access(), &headers).map(str::to_owned);
    let (at, code) = (api.clone(), code.flatten());
    let outcome = api.database().auth(move |db| {
        Box::pin(async move {
            let code = code.as_deref();
            match check(&at, db, &origin, step, code, now).await? {
                Outcome::Right => {}
                other => return Ok(Err(other)),
            }
            let who = SignIn {
                user: step.user,
                account: step.user,
                method: step.provider.word(),
                is_proven: true,
            };
            let presented = presented.as_deref();
            let entered = entry::enter(db, at.access(), &origin, presented, who, now).await?;
            let who = Who {
                person: step.user,
                account: step.user,
                session: Some(entered.session),
            };
            Ok(Ok((me::read(db, who, now).await?, entered)))
        })
    });
    match outcome.await? {
        Ok((me, entered)) => {
            let cookies = [entered.cookie, FIRST_STEP.take_back(api.access())];
            Ok(answer::with_cookies(StatusCode::OK, &me, cookies))
        }
        Err(Outcome::Wait(seconds)) => Err(must_wait(seconds)),
        // The note is over, or its login was unlinked: the first step must be taken again.
        Err(Outcome::Over) => Err(Problem::unauthorised()),
        Err(Outcome::Wrong | Outcome::Right) => Err(Problem::wrong_credentials()),
    }
}

/// What becomes of a try. A value and no error: what it leaves behind is committed.
enum Outcome {
    Right,
    Wrong,
    Wait(u16),
    Over,
}

async fn check(
    api: &Api,
    db: &mut PgConnection,
    origin: &Origin,
    step: SecondStep,
    code: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Outcome, Problem> {
    if !still_holds(db, step).await? {
        return Ok(Outcome::Over);
    }
    let counted = Tried::code(step.user);
    if let Err(seconds) = failures::begin(db, &counted, now).await? {
        return Ok(Outcome::Wait(seconds));
    }
    let checked = second_factor::check(db, api.keyring(), origin, step.user, code, now).await?;
    if matches!(checked, Checked::Right | Checked::NotWanted) {
        failures::forgive(db, &counted).await?;
        return Ok(Outcome::Right);
    }
    let act = Act {
        act: "user.login_failed",
        account: Some(step.user),
        actor: Actor::STRANGER,
        subject: None,
        detail: json!({ "wrong": "code" }),
    };
    audit::note(db, now, origin, act).await?;
    Ok(Outcome::Wrong)
}

/// Whether the login that took the first step is still theirs, and they may sign in.
async fn still_holds(db: &mut PgConnection, step: SecondStep) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (
            select from account.identities i
            join account.users u on u.id = i.user_id and u.deleted_at is null and u.suspended_at is null
            where i.user_id = $1 and i.provider = $2
        ) as "holds!""#,
        step.user,
        step.provider.word(),
    )
    .fetch_one(db)
    .await
}
