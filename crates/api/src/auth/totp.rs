//! `/api/auth/totp`: a person sets up, ends and renews their second factor.

use super::{
    failures::{self, Tried},
    login::{code, must_wait},
    password, second_factor, sessions,
};
use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    body::{Body, Fields},
    origin::Origin,
    outbox::{self, Fact},
    parameters::Parameters,
    problem::{ConflictProblem, FieldError, Problem, WriteProblems},
    session,
    viewer::{Right, Viewer},
};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode},
    response::Response,
};
use chrono::{DateTime, Utc};
use frontdesk_events::catalogue::account;
use frontdesk_process::clock;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// What an authenticator app is given. It is shown once.
#[derive(Debug, Serialize, ToSchema)]
pub struct TotpOffer {
    /// The secret in base32, to be typed where no picture can be taken.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    pub secret: String,
    /// The same as an address that authenticator apps open.
    #[schema(
        example = "otpauth://totp/Frontdesk:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Frontdesk"
    )]
    pub uri: String,
    /// The same as a picture (an SVG document).
    #[schema(example = "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>")]
    pub qr_svg: String,
}

/// Codes that open once each when the app is lost. They are shown once.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecoveryCodes {
    /// Ten of them.
    #[schema(example = json!(["abcd-efgh-ijkl-mnop"]))]
    pub recovery_codes: Vec<String>,
}

/// The first code of an authenticator app.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TotpCode {
    /// Six digits.
    #[schema(example = "287082")]
    pub code: String,
}

/// Shows a secret to give to an authenticator app. It counts for nothing until a code confirms it,
/// within an hour; asking again shows another one.
#[utoipa::path(
    post, operation_id = "begin_totp", path = "/api/auth/totp", tag = "auth",
    responses(
        (status = 200, description = "The secret, shown this once", body = TotpOffer),
        ConflictProblem, WriteProblems
    )
)]
pub async fn begin(
    State(api): State<Api>,
    viewer: Viewer,
    given: Parameters,
) -> Result<Response, Problem> {
    let (user, now) = (proven(&viewer)?, clock::now());
    given.finish()?;
    let keyring = api.keyring().clone();
    let offer = api
        .database()
        .auth(move |db| {
            Box::pin(async move { second_factor::offer(db, &keyring, user, now).await })
        })
        .await?;
    let offer = TotpOffer {
        secret: offer.secret,
        uri: offer.uri,
        qr_svg: offer.qr_svg,
    };
    Ok(answer::json(answer::written(&offer, 16 * 1024)))
}

/// Confirms the secret with the first code of the app. From then on signing in wants a code. Signs out
/// everywhere else.
#[utoipa::path(
    post, operation_id = "confirm_totp", path = "/api/auth/totp/confirm", tag = "auth",
    request_body = TotpCode,
    responses(
        (status = 200, description = "Codes for the day the app is lost, shown this once", body = RecoveryCodes,
            headers(("set-cookie" = String, description = "The session's next secret"))),
        ConflictProblem, WriteProblems
    )
)]
pub async fn confirm(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    given: Parameters,
    Body(body): Body<TotpCode>,
) -> Result<Response, Problem> {
    let (_, now) = (proven(&viewer)?, clock::now());
    given.finish()?;
    let mut fields = Fields::default();
    let code = fields.take("code", Some(body.code), code);
    fields.finish()?;
    let code = code.flatten().unwrap_or_default();
    let at = api.clone();
    let outcome = api.database().auth(move |db| {
        Box::pin(async move { turn_on(db, &at, &viewer, &origin, &code, now).await })
    });
    match outcome.await? {
        Confirmed::On(recovery_codes, cookie) => Ok(shown(recovery_codes, cookie)),
        Confirmed::Wait(seconds) => Err(must_wait(seconds)),
        Confirmed::Wrong => Err(Problem::invalid(vec![FieldError {
            field: "code".into(),
            message: "is not the code the app shows now".into(),
        }])),
    }
}

/// What becomes of a first code. A value and no error: what a wrong one leaves behind is committed.
enum Confirmed {
    On(Vec<String>, Option<HeaderValue>),
    Wrong,
    Wait(u16),
}

async fn turn_on(
    db: &mut PgConnection,
    api: &Api,
    viewer: &Viewer,
    origin: &Origin,
    code: &str,
    now: DateTime<Utc>,
) -> Result<Confirmed, Problem> {
    let (user, counted) = (viewer.person(), Tried::first_code(viewer.person()));
    let kept = sessions::current(viewer);
    hold(db, viewer).await?;
    if let Err(seconds) = failures::begin(db, &counted, now).await? {
        return Ok(Confirmed::Wait(seconds));
    }
    let Some(codes) = second_factor::confirm(db, api.keyring(), user, code, now).await? else {
        note(db, now, origin, viewer, "second_factor.wrong_code").await?;
        return Ok(Confirmed::Wrong);
    };
    failures::forgive(db, &counted).await?;
    note(db, now, origin, viewer, "second_factor.enabled").await?;
    tell(db, now, user, account::SECOND_FACTOR_ENABLED).await?;
    session::end_others(db, user, kept).await?;
    // What was copied of it before wanted no code.
    let cookie = session::rotate_kept(db, api.access(), kept, now).await?;
    Ok(Confirmed::On(codes, cookie))
}

/// Keeps the login that asks from ending meanwhile. The user's row first: of two browsers that would end
/// each other one waits, and then finds itself signed out.
async fn hold(db: &mut PgConnection, viewer: &Viewer) -> Result<(), Problem> {
    password::hold(db, viewer.person()).await?;
    viewer.hold(db).await
}

/// Turns the second factor off. Signs out everywhere else.
#[utoipa::path(
    delete, operation_id = "end_totp", path = "/api/auth/totp", tag = "auth",
    responses(
        (status = 204, description = "Signing in wants no code any more",
            headers(("set-cookie" = String, description = "The session's next secret"))),
        WriteProblems
    )
)]
pub async fn end(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    given: Parameters,
) -> Result<Response, Problem> {
    let (user, now) = (proven(&viewer)?, clock::now());
    given.finish()?;
    let at = api.clone();
    let cookie = api
        .database()
        .auth(move |db| {
            Box::pin(async move {
                hold(db, &viewer).await?;
                if !second_factor::end(db, user).await? {
                    return Ok(None);
                }
                note(db, now, &origin, &viewer, "second_factor.disabled").await?;
                tell(db, now, user, account::SECOND_FACTOR_DISABLED).await?;
                let kept = sessions::current(&viewer);
                session::end_others(db, user, kept).await?;
                session::rotate_kept(db, at.access(), kept, now).await
            })
        })
        .await?;
    Ok(answer::done_with_cookie(cookie))
}

/// Draws other recovery codes; those before open nothing any more.
#[utoipa::path(
    post, operation_id = "renew_recovery_codes", path = "/api/auth/totp/recovery-codes", tag = "auth",
    responses(
        (status = 200, description = "The new codes, shown this once", body = RecoveryCodes),
        ConflictProblem, WriteProblems
    )
)]
pub async fn renew(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    given: Parameters,
) -> Result<Response, Problem> {
    let (user, now) = (proven(&viewer)?, clock::now());
    given.finish()?;
    let codes = api
        .database()
        .auth(move |db| {
            Box::pin(async move {
                // One after the other: of two at once each would leave the codes of the other.
                hold(db, &viewer).await?;
                if !second_factor::is_on(db, user).await? {
                    return Err(Problem::conflict(
                        "not-on",
                        "Two-step sign-in is off",
                        "recovery codes stand in for an authenticator app; set one up first",
                    ));
                }
                let act = "second_factor.recovery_codes_renewed";
                note(db, now, &origin, &viewer, act).await?;
                second_factor::draw_recovery_codes(db, user).await
            })
        })
        .await?;
    Ok(shown(codes, None))
}

/// Whose second factor it is; they showed a password or code just now.
fn proven(viewer: &Viewer) -> Result<Uuid, Problem> {
    viewer.require(Right::BeSomebody)?;
    viewer.require_proof(clock::now())?;
    Ok(viewer.person())
}

fn shown(recovery_codes: Vec<String>, cookie: Option<HeaderValue>) -> Response {
    answer::with_cookies(StatusCode::OK, &RecoveryCodes { recovery_codes }, cookie)
}

async fn note(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    origin: &Origin,
    viewer: &Viewer,
    act: &str,
) -> sqlx::Result<()> {
    let act = Act {
        act,
        account: Some(viewer.person()),
        actor: Actor::from(viewer),
        subject: None,
        detail: json!({}),
    };
    audit::note(db, now, origin, act).await
}

pub(crate) async fn tell(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    user: Uuid,
    kind: &str,
) -> sqlx::Result<()> {
    let fact = Fact {
        kind,
        of: user,
        subject: user,
        data: json!({ "user_id": user }),
    };
    outbox::record(db, now, fact).await
}
