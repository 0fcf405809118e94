//! `POST /api/auth/login`: e-mail address and password, and a code where one is wanted.
//!
//! Known and unknown addresses take the same way through this file: the same statements, one hash,
//! the same answer. Only who has shown the right password is told more: that a code is wanted, or that
//! the account is suspended.

use super::{
    entry,
    failures::{self, Tried},
    hashing::Verdict,
    me::{self, Me, Who},
    second_factor::{self, Checked},
};
use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    body::{Body, Fields},
    origin::Origin,
    parameters::Parameters,
    problem::{Problem, TryProblems},
    session::SignIn,
    text,
    viewer::session_token,
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use chrono::{DateTime, Utc};
use frontdesk_process::clock;
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// The longest code: a recovery code with its dashes, and room for spaces.
const LONGEST_CODE: usize = 64;

/// What somebody shows to be recognised.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The e-mail address.
    #[schema(example = "ada@example.com")]
    email: String,
    /// The password.
    #[schema(example = "three bells by nine")]
    password: String,
    /// The code of the authenticator app, or a recovery code, where one is wanted.
    #[schema(example = "287082")]
    code: Option<String>,
}

/// Signs a browser in.
#[utoipa::path(
    post, operation_id = "log_in", path = "/api/auth/login", tag = "auth", security(()),
    request_body = Credentials,
    responses(
        (status = 200, description = "Signed in", body = Me, headers(("set-cookie" = String, description = "The session"))),
        TryProblems
    )
)]
pub async fn log_in(
    State(api): State<Api>,
    origin: Origin,
    headers: HeaderMap,
    given: Parameters,
    Body(credentials): Body<Credentials>,
) -> Result<Response, Problem> {
    given.finish()?;
    let now = clock::now();
    let recognised = recognise(&api, &origin, credentials, now).await?;
    let presented = session_token(api.access(), &headers).map(str::to_owned);
    let at = api.clone();
    let (me, entered) = api
        .database()
        .auth(move |db| {
            Box::pin(async move {
                let user = recognised.hold(db).await?;
                let who = SignIn {
                    user,
                    account: user,
                    method: "password",
                    is_proven: true,
                };
                let presented = presented.as_deref();
                let entered = entry::enter(db, at.access(), &origin, presented, who, now).await?;
                let who = Who {
                    person: user,
                    account: user,
                    session: Some(entered.session),
                };
                Ok((me::read(db, who, now).await?, entered))
            })
        })
        .await?;
    Ok(answer::with_cookies(StatusCode::OK, &me, [entered.cookie]))
}

/// Somebody whose credentials were right a moment ago.
pub(super) struct Recognised {
    user: Uuid,
    /// When the password that was shown became theirs.
    since: Option<DateTime<Utc>>,
    /// A code was shown too, and was right.
    with_code: bool,
}

impl Recognised {
    /// Who it is, held until the end of the transaction that lets them in: whoever sets another password or
    /// turns two-step sign-in on meanwhile either ends what is opened here, or was first.
    ///
    /// # Errors
    /// 401 when the password is another one by now, or a code is wanted; 403 `suspended`.
    pub(super) async fn hold(&self, db: &mut PgConnection) -> Result<Uuid, Problem> {
        let user = sqlx::query!(
            r#"select p.changed_at, u.suspended_at is not null as "is_suspended!" from account.users u
            join account.passwords p on p.user_id = u.id
            where u.id = $1 and u.deleted_at is null
            for share of u, p"#,
            self.user
        )
        .fetch_optional(&mut *db)
        .await?
        .filter(|user| Some(user.changed_at) == self.since)
        .ok_or_else(Problem::wrong_credentials)?;
        if user.is_suspended {
            return Err(Problem::suspended());
        }
        // A statement of its own: one that waited for the lock still sees what was before.
        if !self.with_code && second_factor::is_on(db, self.user).await? {
            return Err(Problem::code_needed());
        }
        Ok(self.user)
    }
}

/// Finds out whose credentials these are, counts failures, and makes an old hash anew. The caller lets
/// them in.
///
/// # Errors
/// 401 `wrong-credentials` or `code-needed`, 403 `suspended`, 429, 503.
pub(super) async fn recognise(
    api: &Api,
    origin: &Origin,
    credentials: Credentials,
    now: DateTime<Utc>,
) -> Result<Recognised, Problem> {
    let given = Checkable::check(credentials)?;
    api.limits()
        .try_secret(origin.address, clock::monotonic())?;
    // Before the try is counted: that the line is full is not the owner's failure.
    let place = api.hasher().place()?;
    let (counted, known) = begin(api, origin, given.email, now).await?;
    let hash = known.as_ref().and_then(|known| known.hash.clone());
    let verdict = place.verify(given.password.clone(), hash).await?;
    let fresh = match verdict {
        Verdict::RightButCheap => Some(place.hash(given.password).await?),
        Verdict::Right | Verdict::Wrong => None,
    };
    drop(place);
    let since = known.as_ref().and_then(|known| known.since);
    let try_ = Try {
        api: api.clone(),
        origin: origin.clone(),
        counted,
        code: given.code,
        now,
    };
    let outcome = api.database().auth(move |db| {
        Box::pin(async move {
            match known {
                Some(known) if verdict != Verdict::Wrong => {
                    if let Some(fresh) = fresh {
                        renew(db, &known, &fresh).await?;
                    }
                    try_.after_password(db, &known).await
                }
                known => try_.failed(db, known.as_ref(), "password").await,
            }
        })
    });
    match outcome.await? {
        Outcome::Recognised { user, with_code } => Ok(Recognised {
            user,
            since,
            with_code,
        }),
        Outcome::Wrong => Err(Problem::wrong_credentials()),
        Outcome::CodeMissing => Err(Problem::code_needed()),
        Outcome::Suspended => Err(Problem::suspended()),
        Outcome::Wait(seconds) => Err(must_wait(seconds)),
    }
}

/// 429 after too many failures.
pub(super) fn must_wait(seconds: u16) -> Problem {
    Problem::too_many(seconds, "too many failed tries; wait a little")
}

struct Checkable {
    email: String,
    password: String,
    code: Option<String>,
}

impl Checkable {
    fn check(given: Credentials) -> Result<Self, Problem> {
        let mut fields = Fields::default();
        let email = fields.take("email", given.email, text::email);
        let password = fields.take("password", given.password, text::shown_password);
        let code = fields.take("code", given.code, code);
        fields.finish()?;
        match (email, password, code) {
            (Some(email), Some(password), Some(code)) => Ok(Self {
                email,
                password,
                code,
            }),
            _ => Err(Problem::internal()),
        }
    }
}

/// A code as typed; an empty field is none.
pub(super) fn code(given: Option<String>) -> Result<Option<String>, String> {
    match given {
        Some(code) if code.chars().count() > LONGEST_CODE => {
            Err(format!("must not be longer than {LONGEST_CODE} characters"))
        }
        code => Ok(code.filter(|code| !code.trim().is_empty())),
    }
}

struct Known {
    id: Uuid,
    hash: Option<String>,
    since: Option<DateTime<Utc>>,
    is_suspended: bool,
}

/// What a try was counted by.
struct Counted {
    passwords: Vec<Tried>,
    /// Set where the owner of the address never signed in from.
    afar: Option<Tried>,
}

impl Counted {
    /// The password was right.
    async fn forgive(&self, db: &mut PgConnection) -> sqlx::Result<()> {
        for tried in &self.passwords {
            failures::forgive(db, tried).await?;
        }
        match &self.afar {
            // The guesses of others stay counted.
            Some(tried) => failures::take_back(db, tried).await,
            None => Ok(()),
        }
    }
}

/// Counts the try and looks the address up. Known and unknown addresses cause the same statements.
async fn begin(
    api: &Api,
    origin: &Origin,
    email: String,
    now: DateTime<Utc>,
) -> Result<(Counted, Option<Known>), Problem> {
    let origin = origin.clone();
    let begun = api.database().auth(move |db| {
        Box::pin(async move {
            let passwords = Tried::passwords(&email, &origin);
            for tried in &passwords {
                if let Err(seconds) = failures::begin(db, tried, now).await? {
                    return Err(must_wait_or_reset(seconds));
                }
            }
            let afar = Tried::afar(&email);
            let known = sqlx::query_as!(
                Known,
                r#"select u.id, p.hash as "hash?", p.changed_at as "since?", u.suspended_at is not null as "is_suspended!"
                from account.users u
                left join account.passwords p on p.user_id = u.id
                where lower(u.email) = $1 and u.deleted_at is null"#,
                email,
            )
            .fetch_optional(&mut *db)
            .await?;
            let holder = known.as_ref().map(|known| known.id);
            let afar = if failures::is_at_home(db, holder, &origin).await? {
                None
            } else {
                if let Err(seconds) = failures::begin_afar(db, &afar, now).await? {
                    return Err(must_wait_or_reset(seconds));
                }
                Some(afar)
            };
            Ok((Counted { passwords, afar }, known))
        })
    });
    begun.await
}

/// Whoever reads the address's mail is kept out by nobody's guesses.
fn must_wait_or_reset(seconds: u16) -> Problem {
    let detail = "too many failed tries; wait, or choose a new password by mail";
    Problem::too_many(seconds, detail)
}

async fn renew(db: &mut PgConnection, known: &Known, fresh: &str) -> sqlx::Result<()> {
    // Not over a password that was changed while this one was verified.
    sqlx::query!(
        "update account.passwords set hash = $2 where user_id = $1 and hash = $3",
        known.id,
        fresh,
        known.hash,
    )
    .execute(db)
    .await?;
    Ok(())
}

enum Outcome {
    Recognised { user: Uuid, with_code: bool },
    Wrong,
    CodeMissing,
    Suspended,
    Wait(u16),
}

/// One try, as far as it is the same for everybody. What it leaves behind is committed, so its outcomes
/// are values and no errors.
struct Try {
    api: Api,
    origin: Origin,
    counted: Counted,
    code: Option<String>,
    now: DateTime<Utc>,
}

impl Try {
    async fn after_password(
        &self,
        db: &mut PgConnection,
        known: &Known,
    ) -> Result<Outcome, Problem> {
        self.counted.forgive(db).await?;
        if known.is_suspended {
            return Ok(Outcome::Suspended);
        }
        let counted = Tried::code(known.id);
        if self.code.is_some()
            && second_factor::is_on(db, known.id).await?
            && let Err(seconds) = failures::begin(db, &counted, self.now).await?
        {
            return Ok(Outcome::Wait(seconds));
        }
        let (keyring, code) = (self.api.keyring(), self.code.as_deref());
        let checked =
            second_factor::check(db, keyring, &self.origin, known.id, code, self.now).await?;
        match checked {
            Checked::NotWanted => Ok(Outcome::Recognised {
                user: known.id,
                with_code: false,
            }),
            Checked::Missing => Ok(Outcome::CodeMissing),
            Checked::Wrong => self.failed(db, Some(known), "code").await,
            Checked::Right => {
                failures::forgive(db, &counted).await?;
                Ok(Outcome::Recognised {
                    user: known.id,
                    with_code: true,
                })
            }
        }
    }

    async fn failed(
        &self,
        db: &mut PgConnection,
        known: Option<&Known>,
        what: &str,
    ) -> Result<Outcome, Problem> {
        let Some(known) = known else {
            // Nobody's record: rows of a stranger's choosing would stay for ever. What the row of an
            // account costs is paid all the same, or the time of a commit would tell who has one.
            metrics::counter!("logins_of_nobody_total").increment(1);
            failures::touch(db, &self.counted.passwords).await?;
            return Ok(Outcome::Wrong);
        };
        let act = Act {
            act: "user.login_failed",
            account: Some(known.id),
            actor: Actor::STRANGER,
            subject: None,
            detail: json!({ "wrong": what }),
        };
        audit::note(db, self.now, &self.origin, act).await?;
        Ok(Outcome::Wrong)
    }
}
