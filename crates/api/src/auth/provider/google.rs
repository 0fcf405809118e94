//! Google: OpenID Connect. Its addresses and keys are read from where its issuer publishes them, and
//! what it says about a person is a token signed with one of these keys.
//!
//! OpenID Connect Core 1.0, section 3.1.3.7: what must hold of the token. Google's `sub` is for ever;
//! its addresses change hands, so they identify nobody.

mod cached;
mod token;

use super::{
    Answer, Person, Trouble,
    client::{Asked, Client},
    outside::Outside,
    settings::{GoogleSettings, Registered, is_safe},
};
use cached::Cached;
use chrono::{DateTime, TimeDelta, Utc};
use oauth2::{AuthType, RedirectUrl};
use serde::Deserialize;
use std::sync::Arc;
use token::Keys;
use url::Url;

/// Enough to know somebody again and to write to them.
const SCOPES: &[&str] = &["openid", "email", "profile"];

/// How long addresses and keys are kept. Google's own answers say some hours.
const KEPT_FOR: TimeDelta = TimeDelta::hours(1);

/// A key we do not know is asked for at most this often: tokens that name one cost the sender nothing.
const ASKED_AGAIN: TimeDelta = TimeDelta::minutes(1);

/// Google, or whoever `GOOGLE_ISSUER` names.
pub(super) struct Google {
    registered: Registered,
    issuer: String,
    redirect: RedirectUrl,
    published: Cached<Published>,
    keys: Cached<Keys>,
}

/// What the issuer says of itself (OpenID Connect Discovery 1.0, section 3).
#[derive(Deserialize)]
struct Published {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    /// Whether it says who it is beside every code (RFC 9207); then one without is none of its.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Google {
    pub(super) fn new(settings: GoogleSettings, redirect: RedirectUrl) -> Self {
        Self {
            registered: settings.registered,
            issuer: settings.issuer,
            redirect,
            published: Cached::default(),
            keys: Cached::default(),
        }
    }

    /// Where the browser goes.
    pub(super) async fn ask(
        &self,
        outside: &Outside,
        asked: &Asked<'_>,
        now: DateTime<Utc>,
    ) -> Result<Url, Trouble> {
        let published = self.published(outside, now).await?;
        Ok(self.client(&published).ask(asked))
    }

    /// Who came back with this code.
    pub(super) async fn recognise(
        &self,
        outside: &Outside,
        answer: Answer,
        verifier: String,
        nonce: &str,
        now: DateTime<Utc>,
    ) -> Result<Person, Trouble> {
        let published = self.published(outside, now).await?;
        if published.authorization_response_iss_parameter_supported && !answer.names_issuer {
            return Err(unbelievable("without its issuer"));
        }
        let tokens = self
            .client(&published)
            .exchange(outside, answer.code, verifier)
            .await?;
        let token = tokens
            .id
            .ok_or_else(|| unbelievable("without an id token"))?;
        let kid = token::key_of(&token)?;
        let mut keys = self.keys(outside, &published, KEPT_FOR, now).await?;
        if keys.find(&kid).is_none() {
            // It may be signed with a key that was published since.
            keys = self.keys(outside, &published, ASKED_AGAIN, now).await?;
        }
        let key = keys
            .find(&kid)
            .ok_or_else(|| unbelievable("signed with an unknown key"))?;
        let expected = token::Expected {
            issuer: &self.issuer,
            audience: &self.registered.id,
            nonce,
        };
        token::read(&token, key, &expected, now)
    }

    /// The issuer, as RFC 9207 lets it say itself beside a code.
    pub(super) fn is_issuer(&self, told: &str) -> bool {
        told == self.issuer
    }

    async fn published(
        &self,
        outside: &Outside,
        now: DateTime<Utc>,
    ) -> Result<Arc<Published>, Trouble> {
        let at = format!(
            "{}/.well-known/openid-configuration",
            self.issuer.trim_end_matches('/')
        );
        self.published
            .read(KEPT_FOR, now, async || {
                let url = Url::parse(&at).map_err(|_| Trouble::Unavailable)?;
                let published: Published = outside.read(url, None).await?;
                let endpoints = [
                    &published.authorization_endpoint,
                    &published.token_endpoint,
                    &published.jwks_uri,
                ];
                if published.issuer != self.issuer || !endpoints.into_iter().all(is_safe) {
                    return Err(unbelievable("with addresses of somebody else"));
                }
                Ok(published)
            })
            .await
    }

    async fn keys(
        &self,
        outside: &Outside,
        published: &Published,
        no_older: TimeDelta,
        now: DateTime<Utc>,
    ) -> Result<Arc<Keys>, Trouble> {
        let url = published.jwks_uri.clone();
        self.keys
            .read(no_older, now, async || outside.read(url, None).await)
            .await
    }

    fn client(&self, published: &Published) -> Client {
        let endpoints = (
            published.authorization_endpoint.clone(),
            published.token_endpoint.clone(),
        );
        let how = AuthType::BasicAuth;
        Client::new(&self.registered, &self.redirect, endpoints, how, SCOPES)
    }
}

/// Something that must not be believed.
fn unbelievable(what: &'static str) -> Trouble {
    tracing::warn!(what, "a login provider answered what must not be believed");
    Trouble::Failed
}
