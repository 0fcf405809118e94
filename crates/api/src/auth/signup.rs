//! `POST /api/auth/signup`: somebody wants an account.
//!
//! Nothing is made but a row that waits for its address to be proven, so nobody can prepare an account
//! for somebody else (pre-hijacking). Known and unknown addresses get the same row, the same cookie and
//! the same answer; what differs is the mail, which only the address's owner reads.

use super::guessable;
use crate::{
    Api, answer,
    body::{Body, Fields},
    limits::MailFor,
    origin::Origin,
    outbox::{self, Fact},
    parameters::Parameters,
    problem::{OpenWriteProblems, Problem},
    session::{self, Secret},
    text,
};
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_events::catalogue::account::{SIGNUP_REPEATED, SIGNUP_REQUESTED, Signup, User};
use frontdesk_process::{clock, keyring};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// How long the link in a mail works, and the browser that asked is remembered.
pub(super) const LASTS: TimeDelta = TimeDelta::minutes(60);

/// Until somebody says otherwise.
pub(in crate::auth) const DEFAULT_TIME_ZONE: &str = "UTC";
pub(in crate::auth) const DEFAULT_LOCALE: &str = "en-US";

/// Somebody who wants an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignupRequest)]
pub struct Asked {
    /// Their name.
    #[schema(example = "Ada Lovelace")]
    name: String,
    /// Their e-mail address, which they prove with the link that is sent to it.
    #[schema(example = "ada@example.com")]
    email: String,
    /// 8 to 128 characters, none of the most common passwords.
    #[schema(example = "three bells by nine")]
    password: String,
    /// IANA name; UTC when it is left out.
    #[schema(example = "America/New_York")]
    time_zone: Option<String>,
    /// Language and region; en-US when it is left out.
    #[schema(example = "en-US")]
    locale: Option<String>,
}

/// A mail is on its way, if the address can be written to.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailSent {}

/// Asks for an account. The mail's link ends the sign-up.
#[utoipa::path(
    post, operation_id = "sign_up", path = "/api/auth/signup", tag = "auth", security(()),
    request_body = Asked,
    responses(
        (status = 202, description = "A mail with a link was sent to the address", body = MailSent,
            headers(("set-cookie" = String, description = "By which this browser may end the sign-up"))),
        OpenWriteProblems
    )
)]
pub async fn sign_up(
    State(api): State<Api>,
    origin: Origin,
    given: Parameters,
    Body(asked): Body<Asked>,
) -> Result<Response, Problem> {
    given.finish()?;
    let wanted = Wanted::check(asked)?;
    let may_write = api.limits().mail(
        origin.address,
        MailFor::SignUp,
        &wanted.email,
        clock::monotonic(),
    )?;
    let password_hash = api.hasher().hash(wanted.password.clone()).await?;
    let browser = Secret::draw()?;
    let cookie = session::cookie(
        api.access(),
        api.access().signup_cookie(),
        &browser.text,
        LASTS,
    );
    let id = Uuid::new_v4();
    let row = Row {
        id,
        token_hash: keyring::hash(&api.keyring().mail_link(id)).to_vec(),
        browser_hash: browser.hash,
        password_hash,
        wanted,
        may_write,
        now: clock::now(),
    };
    api.database()
        .auth(move |db| Box::pin(row.keep(db)))
        .await?;
    Ok(answer::with_cookies(
        StatusCode::ACCEPTED,
        &MailSent {},
        [cookie],
    ))
}

struct Wanted {
    name: String,
    email: String,
    password: String,
    time_zone: String,
    locale: String,
}

impl Wanted {
    fn check(asked: Asked) -> Result<Self, Problem> {
        let mut fields = Fields::default();
        let zone = asked.time_zone.unwrap_or_else(|| DEFAULT_TIME_ZONE.into());
        let locale = asked.locale.unwrap_or_else(|| DEFAULT_LOCALE.into());
        let name = fields.take("name", asked.name, text::name);
        let email = fields.take("email", asked.email, text::email);
        let time_zone = fields.take("time_zone", zone, text::time_zone);
        let locale = fields.take("locale", locale, text::locale);
        let (known_email, known_name) = (
            email.clone().unwrap_or_default(),
            name.clone().unwrap_or_default(),
        );
        let password = fields.take("password", asked.password, |given| {
            guessable::refuse(text::password(given)?, &known_email, &known_name)
        });
        fields.finish()?;
        match (name, email, password, time_zone, locale) {
            (Some(name), Some(email), Some(password), Some(time_zone), Some(locale)) => Ok(Self {
                name,
                email,
                password,
                time_zone,
                locale,
            }),
            _ => Err(Problem::internal()),
        }
    }
}

struct Row {
    id: Uuid,
    token_hash: Vec<u8>,
    browser_hash: Vec<u8>,
    password_hash: String,
    wanted: Wanted,
    may_write: bool,
    now: DateTime<Utc>,
}

impl Row {
    /// Keeps it, also when the address has an account: its link is then never sent, and the work is
    /// the same.
    async fn keep(self, db: &mut PgConnection) -> Result<(), Problem> {
        sqlx::query!(
            "insert into account.signups (id, email, name, time_zone, locale, password_hash, token_hash, browser_hash,
                created_at, expires_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            self.id,
            self.wanted.email,
            self.wanted.name,
            self.wanted.time_zone,
            self.wanted.locale,
            self.password_hash,
            self.token_hash,
            self.browser_hash,
            self.now,
            self.now + LASTS,
        )
        .execute(&mut *db)
        .await?;
        let holder = sqlx::query_scalar!(
            "select id from account.users where lower(email) = $1",
            self.wanted.email
        )
        .fetch_optional(&mut *db)
        .await?;
        let signup = Signup { signup_id: self.id };
        let fact = match holder {
            Some(user) => Fact::about_user(SIGNUP_REPEATED, user, &User { user_id: user }),
            None => Fact::about(SIGNUP_REQUESTED, self.id, self.id, &signup),
        };
        if self.may_write {
            outbox::record(db, self.now, fact).await?;
        }
        Ok(())
    }
}
