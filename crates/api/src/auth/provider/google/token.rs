//! Reading an id token: who signed it, for whom, when, and for which log-in.

use super::super::{Person, Trouble};
use super::unbelievable;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;

/// How far clocks of two well-kept servers differ.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::seconds(60);

/// The keys an issuer signs with (RFC 7517). Tolerant: of keys we cannot use nothing is asked.
#[derive(Deserialize)]
pub(super) struct Keys {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
pub(super) struct Key {
    kid: Option<String>,
    kty: Option<String>,
    r#use: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl Keys {
    pub(super) fn find(&self, kid: &str) -> Option<&Key> {
        self.keys.iter().find(|key| {
            key.kid.as_deref() == Some(kid)
                && key.kty.as_deref() == Some("RSA")
                && key.r#use.as_deref() != Some("enc")
        })
    }
}

/// What a token must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    pub(super) nonce: &'a str,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    exp: i64,
    /// One or several; which of them are right is the library's to say.
    aud: Value,
    azp: Option<String>,
    nonce: Option<String>,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
    name: Option<String>,
}

/// The name of the key a token says it is signed with.
pub(super) fn key_of(token: &str) -> Result<String, Trouble> {
    let header = jsonwebtoken::decode_header(token).ok();
    // The algorithm is ours to choose: a token that says another is none for us.
    header
        .filter(|header| header.alg == Algorithm::RS256)
        .and_then(|header| header.kid)
        .ok_or_else(|| unbelievable("without a key or in another algorithm"))
}

/// Who the token is about.
pub(super) fn read(
    token: &str,
    key: &Key,
    expected: &Expected<'_>,
    now: DateTime<Utc>,
) -> Result<Person, Trouble> {
    let (Some(n), Some(e)) = (&key.n, &key.e) else {
        return Err(unbelievable("signed with half a key"));
    };
    let key = DecodingKey::from_rsa_components(n, e)
        .map_err(|_| unbelievable("signed with a key that is none"))?;
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    rules.set_issuer(&[expected.issuer]);
    rules.set_audience(&[expected.audience]);
    // The library asks a clock of its own; ours says below.
    rules.validate_exp = false;
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &rules)
        .map_err(|_| unbelievable("with a wrong signature, issuer or audience"))?
        .claims;
    check(&claims, expected, now)?;
    Ok(Person {
        subject: claims.sub,
        email: claims.email.filter(|_| claims.email_verified),
        name: claims.name,
    })
}

fn check(claims: &Claims, expected: &Expected<'_>, now: DateTime<Utc>) -> Result<(), Trouble> {
    if claims.exp <= (now - CLOCKS_DIFFER).timestamp() {
        return Err(unbelievable("that is over"));
    }
    // Without it a token of another log-in, or one that leaked, would do.
    if claims.nonce.as_deref() != Some(expected.nonce) {
        return Err(unbelievable("of another log-in"));
    }
    let is_alone = claims
        .aud
        .as_array()
        .is_none_or(|several| several.len() == 1);
    let is_for_us = match claims.azp.as_deref() {
        Some(azp) => azp == expected.audience,
        None => is_alone,
    };
    if !is_for_us {
        return Err(unbelievable("for somebody else as well"));
    }
    if claims.sub.is_empty() || claims.sub.len() > 255 || !claims.sub.is_ascii() {
        return Err(unbelievable("about nobody"));
    }
    Ok(())
}
