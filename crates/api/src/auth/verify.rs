//! `POST /api/auth/verify-email`: the address of a sign-up is proven, and the account is made.
//!
//! The link alone is not enough to be somebody. Who wrote somebody else's address into the form waits
//! for them to click; so the link counts in the browser that began, or with the password chosen then.
//! Of several sign-ups of one address the first that is proven wins and the others are gone with it.

use super::{
    entry::Entered,
    failures::{self, Tried},
    hashing::Verdict,
    login::must_wait,
    me::{self, Me, Who},
};
use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    body::{Body, Fields},
    origin::Origin,
    outbox::{self, Fact},
    parameters::Parameters,
    problem::{ConflictProblem, LinkProblem, Problem, TryProblems},
    session::{self, Secret, SignIn},
    text,
    viewer::{cookie, session_token},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_events::catalogue::account::{SIGNED_UP, SignedUp};
use frontdesk_process::{clock, keyring};
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// What the link carried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EmailProof)]
pub struct Shown {
    /// What stands behind the # of the link.
    #[schema(example = "1FVY5PtoRDokl4PHZwODXxa0JwyVrMpqclpdOgJUdNk")]
    token: String,
    /// The password chosen at the sign-up; needed in another browser than the one that began.
    #[schema(example = "three bells by nine")]
    password: Option<String>,
}

/// Ends a sign-up: makes the account and signs in.
#[utoipa::path(
    post, operation_id = "verify_email", path = "/api/auth/verify-email", tag = "auth", security(()),
    request_body = Shown,
    responses(
        (status = 201, description = "The account is made, and this browser signed in", body = Me,
            headers(("set-cookie" = String, description = "The session"))),
        TryProblems, ConflictProblem, LinkProblem
    )
)]
pub async fn verify(
    State(api): State<Api>,
    origin: Origin,
    headers: HeaderMap,
    given: Parameters,
    Body(shown): Body<Shown>,
) -> Result<Response, Problem> {
    given.finish()?;
    let mut fields = Fields::default();
    let password = fields.take("password", shown.password, |given| {
        given.map(text::shown_password).transpose()
    });
    fields.finish()?;
    api.limits()
        .try_secret(origin.address, clock::monotonic())?;
    let now = clock::now();
    let token_hash = keyring::hash(&shown.token).to_vec();
    let pending = find(&api, token_hash, now).await?;
    let browser = cookie(&headers, api.access().signup_cookie()).map(session::hash);
    if browser.as_ref() != Some(&pending.browser_hash) {
        let password = password.flatten().ok_or_else(password_needed)?;
        check_password(&api, &origin, &pending, password, now).await?;
    }
    let proven = Proven {
        signup: pending.id,
        email: pending.email,
        user: Uuid::new_v4(),
        presented: session_token(api.access(), &headers).map(str::to_owned),
        origin,
        now,
    };
    let at = api.clone();
    let made = api
        .database()
        .auth(move |db| Box::pin(async move { proven.make(&at, db).await }))
        .await?;
    let (me, entered) = made.ok_or_else(Problem::link_over)?;
    let name = api.access().signup_cookie();
    let forgotten = session::cookie(api.access(), name, "", TimeDelta::zero());
    Ok(answer::with_cookies(
        StatusCode::CREATED,
        &me,
        [entered.cookie, forgotten],
    ))
}

fn password_needed() -> Problem {
    Problem::conflict(
        "password-needed",
        "The password is needed",
        "this is not the browser that began; send the password chosen at the sign-up as `password`",
    )
}

struct Pending {
    id: Uuid,
    email: String,
    browser_hash: Vec<u8>,
    password_hash: String,
}

async fn find(api: &Api, token_hash: Vec<u8>, now: DateTime<Utc>) -> Result<Pending, Problem> {
    let found = api.database().auth(move |db| {
        Box::pin(async move {
            let found = sqlx::query_as!(
                Pending,
                "select id, email, browser_hash, password_hash from account.signups where token_hash = $1 and expires_at > $2",
                token_hash,
                now,
            )
            .fetch_optional(db)
            .await?;
            Ok(found)
        })
    });
    found.await?.ok_or_else(Problem::link_over)
}

async fn check_password(
    api: &Api,
    origin: &Origin,
    pending: &Pending,
    password: String,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    // Before the try is counted: that the line is full is not the person's failure.
    let place = api.hasher().place()?;
    // A right one is not forgiven: the row it is about goes.
    let tried = Tried::signup(pending.id, origin);
    let begun = api
        .database()
        .auth(move |db| Box::pin(async move { Ok(failures::begin(db, &tried, now).await?) }));
    begun.await?.map_err(must_wait)?;
    let hash = Some(pending.password_hash.clone());
    match place.verify(password, hash).await? {
        Verdict::Right | Verdict::RightButCheap => Ok(()),
        Verdict::Wrong => Err(Problem::wrong_credentials()),
    }
}

struct Proven {
    signup: Uuid,
    email: String,
    user: Uuid,
    presented: Option<String>,
    origin: Origin,
    now: DateTime<Utc>,
}

impl Proven {
    /// Makes the account; nothing when the sign-up is over or its address has one meanwhile.
    async fn make(
        self,
        api: &Api,
        db: &mut PgConnection,
    ) -> Result<Option<(Me, Entered)>, Problem> {
        if !self.take(db).await? {
            return Ok(None);
        }
        self.record(db).await?;
        if let Some(presented) = &self.presented {
            session::close(db, presented).await?;
        }
        let who = SignIn {
            user: self.user,
            account: self.user,
            method: "signup",
            is_proven: true,
        };
        let (session, cookie) =
            session::open(db, api.access(), self.now, &self.origin, who).await?;
        let who = Who {
            person: self.user,
            account: self.user,
            session: Some(session),
        };
        Ok(Some((
            me::read(db, who, self.now).await?,
            Entered { session, cookie },
        )))
    }

    /// Turns the sign-up into user and password. Deleting it is what lets one of several requests
    /// through.
    async fn take(&self, db: &mut PgConnection) -> Result<bool, Problem> {
        // One address at a time: two sign-ups that are proven at once would wait for each other.
        sqlx::query!(
            "select pg_advisory_xact_lock(hashtextextended('address ' || $1::text, 0))",
            self.email
        )
        .execute(&mut *db)
        .await?;
        let taken = sqlx::query!(
            "delete from account.signups where id = $1 returning name, time_zone, locale, password_hash",
            self.signup
        )
        .fetch_optional(&mut *db)
        .await?;
        let Some(taken) = taken else { return Ok(false) };
        let billing_key = format!("bk_{}", Secret::draw()?.text);
        let made = sqlx::query!(
            "insert into account.users (id, email, name, billing_key, time_zone, locale)
            values ($1, $2, $3, $4, $5, $6)
            on conflict do nothing",
            self.user,
            self.email,
            taken.name,
            billing_key,
            taken.time_zone,
            taken.locale,
        )
        .execute(&mut *db)
        .await?;
        if made.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query!(
            "insert into account.passwords (user_id, hash, changed_at) values ($1, $2, $3)",
            self.user,
            taken.password_hash,
            self.now,
        )
        .execute(&mut *db)
        .await?;
        sqlx::query!(
            "delete from account.signups where lower(email) = $1",
            self.email
        )
        .execute(db)
        .await?;
        Ok(true)
    }

    async fn record(&self, db: &mut PgConnection) -> sqlx::Result<()> {
        let act = Act {
            act: "user.signed_up",
            account: Some(self.user),
            actor: Actor::person(self.user),
            subject: Some(self.user.to_string()),
            detail: json!({ "method": "password" }),
        };
        audit::note(db, self.now, &self.origin, act).await?;
        let signed_up = SignedUp {
            user_id: self.user,
            method: "password".to_owned(),
        };
        let fact = Fact::about_user(SIGNED_UP, self.user, &signed_up);
        outbox::record(db, self.now, fact).await
    }
}
