//! Tokens made with LiveKit's API key: one that signs a webhook, one that an agent carries.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use livekit_api::access_token::{AccessToken, AccessTokenError, VideoGrants};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// A webhook's token outlives every retry of it; LiveKit gives five minutes.
const WEBHOOK_LIFE: Duration = Duration::from_secs(300);
/// LiveKit's default for participants.
const AGENT_LIFE: Duration = Duration::from_secs(6 * 3600);

/// LiveKit's API key and its secret.
#[derive(Clone)]
pub struct LiveKitKey {
    /// The issuer of every token.
    pub key: String,
    /// Signs them.
    pub secret: String,
}

impl std::fmt::Debug for LiveKitKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("LiveKitKey")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl LiveKitKey {
    /// The bare token of a webhook: it names the body's hash and nobody.
    ///
    /// # Errors
    /// When the key or the secret is empty.
    pub fn sign_webhook(&self, body: &[u8]) -> Result<String, AccessTokenError> {
        let hash = BASE64_STANDARD.encode(Sha256::digest(body));
        AccessToken::with_api_key(&self.key, &self.secret)
            .with_ttl(WEBHOOK_LIFE)
            .with_sha256(&hash)
            .to_jwt()
    }

    /// The access token an agent of this name carries.
    ///
    /// # Errors
    /// When the key or the secret is empty.
    pub fn sign_agent(&self, name: &str) -> Result<String, AccessTokenError> {
        AccessToken::with_api_key(&self.key, &self.secret)
            .with_ttl(AGENT_LIFE)
            .with_identity(name)
            .with_kind("agent")
            .with_grants(VideoGrants {
                agent: true,
                ..VideoGrants::default()
            })
            .to_jwt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use livekit_api::access_token::TokenVerifier;

    #[test]
    fn livekits_own_verifier_takes_both_tokens() {
        let key = LiveKitKey {
            key: "APItest".into(),
            secret: "a secret of more than thirty-two letters".into(),
        };
        let verifier = TokenVerifier::with_api_key(&key.key, &key.secret);
        let claims = verifier.verify(&key.sign_webhook(b"{}").unwrap()).unwrap();
        assert_eq!(claims.sha256, BASE64_STANDARD.encode(Sha256::digest(b"{}")));
        assert_eq!((claims.iss.as_str(), claims.sub.as_str()), ("APItest", ""));
        let claims = verifier
            .verify(&key.sign_agent("receptionist").unwrap())
            .unwrap();
        assert_eq!(claims.sub, "receptionist");
    }
}
