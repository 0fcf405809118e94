//! LiveKit access tokens: which key signed one, and what it says.
//!
//! HS256 alone, by LiveKit's own verifier. The key is chosen by the token's `iss`, so that an old
//! and a new secret are good at the same time while they rotate. A token is read from the
//! `Authorization` header, bare as LiveKit's webhooks send it or after `Bearer `.

use crate::rejection::Rejection;
use axum::http::{HeaderMap, header};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use livekit_api::access_token::{Claims, TokenVerifier};
use serde::Deserialize;
use std::borrow::Cow;

/// The API keys that are good now. A handful, so a list.
pub(crate) struct Keys(Vec<(String, TokenVerifier)>);

#[derive(Deserialize)]
struct Issuer<'a> {
    #[serde(borrow)]
    iss: Cow<'a, str>,
}

impl Keys {
    pub(crate) fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
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
    pub(crate) fn verify(&self, headers: &HeaderMap) -> Result<(&str, Claims), Rejection> {
        let refused = |reason| Rejection::Unsigned { reason };
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let value = values.next().ok_or(refused("missing_token"))?;
        if values.next().is_some() {
            return Err(refused("two_tokens"));
        }
        let token = value
            .to_str()
            .map_err(|_| refused("malformed_token"))?
            .trim();
        let token = match token.split_at_checked(7) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer ") => rest.trim_start(),
            _ => token,
        };
        let payload = token.split('.').nth(1).ok_or(refused("malformed_token"))?;
        let payload = URL_SAFE_NO_PAD
            .decode(payload)
            .map_err(|_| refused("malformed_token"))?;
        let Issuer { iss } =
            serde_json::from_slice(&payload).map_err(|_| refused("malformed_token"))?;
        let mut failure = "unknown_key";
        for (key, verifier) in self.0.iter().filter(|(key, _)| *key == iss) {
            match verifier.verify(token) {
                Ok(claims) => return Ok((key, claims)),
                Err(error) => failure = reason(&format!("{error:?}")),
            }
        }
        Err(refused(failure))
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
pub(crate) mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use livekit_api::access_token::AccessToken;
    use std::time::Duration;

    pub(crate) fn headers(authorization: &str) -> HeaderMap {
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

    fn refusal(keys: &Keys, headers: &HeaderMap) -> &'static str {
        keys.verify(headers).expect_err("it is refused").reason()
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
