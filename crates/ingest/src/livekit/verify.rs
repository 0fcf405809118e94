//! Whether a delivery is LiveKit's: a token signed with our secret that names this body's hash.

use crate::rejection::Rejection;
use axum::http::HeaderMap;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use frontdesk_process::livekit::{Keys, VideoGrants};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// LiveKit signs for five minutes. A token that is good for longer was made for something else.
const LONGEST_VALIDITY_S: i64 = 600;

/// A token that LiveKit made for a delivery, of which body is still to be seen.
pub(crate) struct Token<'a> {
    api_key: &'a str,
    sha256: String,
}

/// A delivery that is LiveKit's.
pub(super) struct Signed<'a> {
    pub(super) api_key: &'a str,
    pub(super) body_sha256: [u8; 32],
}

/// Checks all that the head of a delivery can tell.
pub(super) fn token<'a>(
    keys: &'a Keys,
    headers: &HeaderMap,
    now: DateTime<Utc>,
) -> Result<Token<'a>, Rejection> {
    let refused = |reason| Err(Rejection::Unsigned { reason });
    let (api_key, claims) = keys
        .verify(headers)
        .map_err(|reason| Rejection::Unsigned { reason })?;
    let expires = i64::try_from(claims.exp).unwrap_or(i64::MAX);
    if expires.saturating_sub(now.timestamp()) > LONGEST_VALIDITY_S {
        return refused("token_valid_too_long");
    }
    // A token that opens rooms is a participant's, and participants are strangers.
    if claims.video != VideoGrants::default() {
        return refused("token_with_grant");
    }
    if claims.sha256.is_empty() {
        return refused("token_without_hash");
    }
    Ok(Token {
        api_key,
        sha256: claims.sha256,
    })
}

impl<'a> Token<'a> {
    /// Checks the body's hash, over the bytes as received.
    pub(super) fn verify(self, body: &[u8]) -> Result<Signed<'a>, Rejection> {
        let body_sha256: [u8; 32] = Sha256::digest(body).into();
        match STANDARD.decode(&self.sha256) {
            Ok(signed) if bool::from(signed.as_slice().ct_eq(&body_sha256)) => Ok(Signed {
                api_key: self.api_key,
                body_sha256,
            }),
            _ => Err(Rejection::Unsigned {
                reason: "altered_body",
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderValue, header};
    use frontdesk_process::clock;
    use livekit_api::access_token::AccessToken;
    use std::time::Duration;

    const BODY: &[u8] = br#"{"event":"room_started"}"#;

    fn token(ttl: u64, change: impl FnOnce(AccessToken) -> AccessToken) -> String {
        let hash = STANDARD.encode(Sha256::digest(BODY));
        let token = AccessToken::with_api_key("k", "s")
            .with_ttl(Duration::from_secs(ttl))
            .with_sha256(&hash);
        change(token).to_jwt().unwrap()
    }

    fn headers(authorization: &str) -> HeaderMap {
        let value = HeaderValue::from_str(authorization).unwrap();
        HeaderMap::from_iter([(header::AUTHORIZATION, value)])
    }

    fn outcome(token: &str, body: &[u8]) -> &'static str {
        let keys = Keys::new([("k", "s")]);
        super::token(&keys, &headers(token), clock::now())
            .and_then(|token| token.verify(body))
            .map_or_else(|refusal| refusal.reason(), |_| "good")
    }

    #[test]
    fn only_a_token_for_these_bytes_is_good() {
        assert_eq!(outcome(&token(300, |token| token), BODY), "good");
        assert_eq!(
            outcome(&token(300, |token| token), br#"{"event":"room_startee"}"#),
            "altered_body"
        );
        assert_eq!(outcome(&token(300, |token| token), b""), "altered_body");
        assert_eq!(
            outcome(&token(300, |token| token.with_sha256("")), BODY),
            "token_without_hash"
        );
        let hex = hex::encode(Sha256::digest(BODY));
        assert_eq!(
            outcome(&token(300, |token| token.with_sha256(&hex)), BODY),
            "altered_body"
        );
    }

    #[test]
    fn a_token_made_for_something_else_is_refused() {
        assert_eq!(
            outcome(&token(3600, |token| token), BODY),
            "token_valid_too_long"
        );
        let grants = VideoGrants {
            room_join: true,
            room: "r".into(),
            ..Default::default()
        };
        let participant = token(300, |token| token.with_identity("i").with_grants(grants));
        assert_eq!(outcome(&participant, BODY), "token_with_grant");
    }
}
