//! LiveKit's API keys, and the access tokens signed with them: which key signed one, and what it says.
//! Ingest checks webhooks and agents' events by them, the api an agent that asks what to answer.
//!
//! HS256 alone, by LiveKit's own verifier. The key is chosen by the token's `iss`, so that an old
//! and a new secret are good at the same time while they rotate. A token is read from the
//! `Authorization` header, bare as LiveKit's webhooks send it or after `Bearer `.

use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, header};
use livekit_api::access_token::TokenVerifier;
use serde::Deserialize;
use std::{borrow::Cow, fmt};

pub use livekit_api::access_token::{Claims, VideoGrants};

/// Which keys are good, from the environment.
#[derive(Clone, Default, clap::Args)]
pub struct KeyArgs {
    /// LiveKit API key: webhooks and agents' tokens name it. Several with commas while rotating.
    #[arg(long, env = "LIVEKIT_API_KEY")]
    pub livekit_api_key: Option<String>,
    /// LiveKit API secret: webhooks and agents' tokens are signed with it. As many as keys.
    #[arg(long, env = "LIVEKIT_API_SECRET", hide_env_values = true)]
    pub livekit_api_secret: Option<String>,
    /// Further LiveKit keys as `key: secret`, with commas, as livekit-server itself reads them.
    #[arg(long, env = "LIVEKIT_KEYS", hide_env_values = true)]
    pub livekit_keys: Option<String>,
}

impl fmt::Debug for KeyArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyArgs")
            .field("livekit_api_key", &self.livekit_api_key)
            .finish_non_exhaustive()
    }
}

impl KeyArgs {
    /// The keys, old and new; none when nothing is set.
    ///
    /// # Errors
    /// One line about the setting that is wrong, without a secret in it.
    pub fn keys(&self) -> anyhow::Result<Option<Keys>> {
        let names = list(self.livekit_api_key.as_deref());
        let secrets = list(self.livekit_api_secret.as_deref());
        if names.len() != secrets.len() {
            bail!(
                "LIVEKIT_API_KEY names {} keys and LIVEKIT_API_SECRET {}: each key needs its secret",
                names.len(),
                secrets.len()
            );
        }
        let mut pairs: Vec<(&str, &str)> = names.into_iter().zip(secrets).collect();
        for pair in list(self.livekit_keys.as_deref()) {
            let (name, secret) = pair
                .split_once(':')
                .context("LIVEKIT_KEYS is `key: secret, key: secret`")?;
            pairs.push((name.trim(), secret.trim()));
        }
        if pairs
            .iter()
            .any(|(name, secret)| name.is_empty() || secret.is_empty())
        {
            bail!("LIVEKIT_KEYS is `key: secret, key: secret`");
        }
        Ok((!pairs.is_empty()).then(|| Keys::new(pairs)))
    }
}

fn list(text: Option<&str>) -> Vec<&str> {
    text.into_iter()
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

/// The API keys that are good now. A handful, so a list.
pub struct Keys(Vec<(String, TokenVerifier)>);

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(key, _)| key))
            .finish()
    }
}

/// Why a token is not believed: a word for labels.
pub type Refusal = &'static str;

#[derive(Deserialize)]
struct Issuer<'a> {
    #[serde(borrow)]
    iss: Cow<'a, str>,
}

impl Keys {
    /// These keys, each with its secret.
    #[must_use]
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(key, secret)| (key.to_owned(), TokenVerifier::with_api_key(key, secret)))
                .collect(),
        )
    }

    /// The key that signed the request's token, and the token's claims.
    ///
    /// Two pairs of one key name are two secrets of it: any of them will do.
    ///
    /// # Errors
    /// Why there is none that we believe.
    pub fn verify(&self, headers: &HeaderMap) -> Result<(&str, Claims), Refusal> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let value = values.next().ok_or("missing_token")?;
        if values.next().is_some() {
            return Err("two_tokens");
        }
        let token = value.to_str().map_err(|_| "malformed_token")?.trim();
        let token = match token.split_at_checked(7) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer ") => rest.trim_start(),
            _ => token,
        };
        let payload = token.split('.').nth(1).ok_or("malformed_token")?;
        let payload = URL_SAFE_NO_PAD
            .decode(payload)
            .map_err(|_| "malformed_token")?;
        let Issuer { iss } = serde_json::from_slice(&payload).map_err(|_| "malformed_token")?;
        let mut failure = "unknown_key";
        for (key, verifier) in self.0.iter().filter(|(key, _)| *key == iss) {
            match verifier.verify(token) {
                Ok(claims) => return Ok((key, claims)),
                Err(error) => failure = reason(&format!("{error:?}")),
            }
        }
        Err(failure)
    }

    /// The name of the agent whose token this is.
    ///
    /// # Errors
    /// As [`Self::verify`], and for a participant's token: a caller's browser holds one to join a room,
    /// and must not be able to report calls or ask what an agent is told.
    pub fn agent(&self, headers: &HeaderMap) -> Result<String, Refusal> {
        let (_, claims) = self.verify(headers)?;
        if claims.sub.is_empty() {
            return Err("token_without_name");
        }
        if claims.video.room_join && claims.kind != "agent" {
            return Err("participants_token");
        }
        Ok(claims.sub)
    }
}

/// The verifier's words as a label.
fn reason(error: &str) -> &'static str {
    for (word, reason) in [
        ("ExpiredSignature", "expired_token"),
        ("ImmatureSignature", "token_of_the_future"),
        ("InvalidSignature", "wrong_secret"),
        ("InvalidAlgorithm", "wrong_algorithm"),
    ] {
        if error.contains(word) {
            return reason;
        }
    }
    "malformed_token"
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use livekit_api::access_token::AccessToken;
    use std::time::Duration;

    fn headers(authorization: &str) -> HeaderMap {
        HeaderMap::from_iter([(
            header::AUTHORIZATION,
            HeaderValue::from_str(authorization).unwrap(),
        )])
    }

    fn token(key: &str, secret: &str) -> String {
        AccessToken::with_api_key(key, secret)
            .with_identity("a")
            .with_ttl(Duration::from_secs(60))
            .to_jwt()
            .unwrap()
    }

    fn refusal(keys: &Keys, headers: &HeaderMap) -> Refusal {
        keys.verify(headers).expect_err("it is refused")
    }

    #[test]
    fn a_key_without_its_secret_stops_the_start() {
        let keys = |key: &str, secret: &str, more: &str| {
            let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            KeyArgs {
                livekit_api_key: given(key),
                livekit_api_secret: given(secret),
                livekit_keys: given(more),
            }
            .keys()
        };
        for (key, secret, more) in [
            ("a,b", "s", ""),
            ("", "", "a"),
            ("", "", "a:"),
            ("", "s", ""),
        ] {
            let error = keys(key, secret, more).unwrap_err().to_string();
            assert!(
                error.starts_with("LIVEKIT_") && !error.contains('\n'),
                "{error}"
            );
        }
        assert!(keys("a,b", "s,t", "").unwrap().is_some());
        assert!(keys("", "", "a: s, b: t").unwrap().is_some());
        assert!(keys("", "", "").unwrap().is_none());
    }

    #[test]
    fn a_participant_is_no_agent() {
        let keys = Keys::new([("k", "s")]);
        let agent = |change: fn(AccessToken) -> AccessToken| {
            let token = AccessToken::with_api_key("k", "s").with_ttl(Duration::from_secs(60));
            keys.agent(&headers(&change(token).to_jwt().unwrap()))
        };
        assert_eq!(
            agent(|token| token.with_identity("ann")),
            Ok("ann".to_owned())
        );
        assert_eq!(agent(|token| token), Err("token_without_name"));
        let joins = |token: AccessToken| {
            token.with_identity("eve").with_grants(VideoGrants {
                room_join: true,
                room: "r".into(),
                ..VideoGrants::default()
            })
        };
        assert_eq!(agent(joins), Err("participants_token"));
    }

    #[test]
    fn the_old_and_the_new_secret_are_good_while_they_rotate() {
        let keys = Keys::new([("old", "s1"), ("new", "s2"), ("new", "s3")]);
        for (key, secret) in [("old", "s1"), ("new", "s2"), ("new", "s3")] {
            assert_eq!(keys.verify(&headers(&token(key, secret))).unwrap().0, key);
        }
        assert!(
            keys.verify(&headers(&format!("Bearer {}", token("old", "s1"))))
                .is_ok()
        );
        assert_eq!(
            refusal(&keys, &headers(&token("old", "s2"))),
            "wrong_secret"
        );
        assert_eq!(
            refusal(&keys, &headers(&token("foreign", "s1"))),
            "unknown_key"
        );
    }

    #[test]
    fn what_is_not_a_token_is_refused_with_its_reason() {
        let keys = Keys::new([("k", "s")]);
        assert_eq!(refusal(&keys, &HeaderMap::new()), "missing_token");
        for nonsense in [
            "",
            "Bearer",
            "a.b.c",
            "Bearer a.b.c",
            "....",
            "Basic YTpi",
            "a.e30.c",
        ] {
            assert_eq!(
                refusal(&keys, &headers(nonsense)),
                "malformed_token",
                "{nonsense:?}"
            );
        }
        let mut two = headers(&token("k", "s"));
        two.append(
            header::AUTHORIZATION,
            HeaderValue::from_str(&token("k", "s")).unwrap(),
        );
        assert_eq!(refusal(&keys, &two), "two_tokens");
    }

    #[test]
    fn a_token_cannot_choose_its_algorithm() {
        let keys = Keys::new([("k", "s")]);
        let claims = token("k", "s").split('.').nth(1).unwrap().to_owned();
        for algorithm in ["none", "HS384", "RS256"] {
            let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#));
            for signature in ["", "AAAA"] {
                assert!(
                    keys.verify(&headers(&format!("{header}.{claims}.{signature}")))
                        .is_err(),
                    "{algorithm}"
                );
            }
        }
    }
}
