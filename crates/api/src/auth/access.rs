//! Access tokens of programs: a quarter of an hour long, and of no use before that once their login
//! is over.
//!
//! A token names the login it came from: the family of its refresh tokens. Whoever checks it looks
//! whether that family still lives, so signing out everywhere, another password, or a refresh token
//! that was used twice end the tokens that are out at once, without a list of them.

use crate::{config::Access, problem::Problem};
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_process::keyring::Keyring;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long a token serves: what a stolen one is worth.
pub(crate) const LASTS: TimeDelta = TimeDelta::minutes(15);

/// What the key of access tokens is derived for.
const SIGNED_FOR: &str = "access token";

/// For whom they are: another service's token is none of ours.
const AUDIENCE: &str = "frontdesk-api";

/// What a token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    /// The person.
    pub(crate) sub: Uuid,
    /// Whose clients and calls it is about.
    pub(crate) account: Uuid,
    /// The login it came from: `family` in `account.refresh_tokens`.
    pub(crate) sid: Uuid,
    iat: i64,
    exp: i64,
    /// When its login was proven.
    proven_at: i64,
    jti: Uuid,
}

/// Whom a token is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holder {
    pub(super) person: Uuid,
    pub(super) account: Uuid,
    pub(super) family: Uuid,
    pub(super) proven_at: DateTime<Utc>,
}

impl Claims {
    /// When its login was proven.
    pub(crate) fn proven_at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.proven_at, 0).unwrap_or_default()
    }

    /// When it is over.
    pub(crate) fn expires_at(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.exp, 0).unwrap_or_default()
    }
}

/// Writes a token.
///
/// # Errors
/// 500 when it cannot be signed.
pub(super) fn write(
    access: &Access,
    holder: Holder,
    now: DateTime<Utc>,
) -> Result<String, Problem> {
    let claims = Claims {
        iss: access.origin.clone(),
        aud: AUDIENCE.to_owned(),
        sub: holder.person,
        account: holder.account,
        sid: holder.family,
        iat: now.timestamp(),
        exp: (now + LASTS).timestamp(),
        proven_at: holder.proven_at.timestamp(),
        jti: Uuid::new_v4(),
    };
    let key = EncodingKey::from_secret(&key(&access.keyring));
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).map_err(|error| {
        tracing::error!(%error, "an access token could not be signed");
        Problem::internal()
    })
}

/// Reads a token that is ours, for us, and not over.
pub(crate) fn read(access: &Access, token: &str, now: DateTime<Utc>) -> Option<Claims> {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    rules.set_audience(&[AUDIENCE]);
    rules.set_issuer(&[&access.origin]);
    // The library asks a clock of its own; ours says below.
    rules.validate_exp = false;
    let key = DecodingKey::from_secret(&key(&access.keyring));
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &rules)
        .ok()?
        .claims;
    (now.timestamp() < claims.exp).then_some(claims)
}

fn key(keyring: &Keyring) -> [u8; 32] {
    keyring.derive(SIGNED_FOR)
}
