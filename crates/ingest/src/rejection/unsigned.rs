//! What a 401 says: what is wrong with the proof, and what a good one is.
//!
//! For whoever is setting up a sender. It names settings and claims, never a value of either.

use crate::counts::Sender;

/// The whole sentence for one reason.
pub(super) fn told(reason: &'static str, sender: Sender) -> String {
    format!(
        "{}; {}",
        what_is_wrong(reason, sender),
        what_is_needed(sender)
    )
}

fn what_is_needed(sender: Sender) -> &'static str {
    match sender {
        Sender::LiveKit => {
            "a webhook needs LiveKit's own Authorization header: a JWT for exactly this body, signed \
             with the LIVEKIT_API_SECRET that belongs to the LIVEKIT_API_KEY it names"
        }
        Sender::PayPal => {
            "a delivery needs PayPal's own transmission headers, signed for exactly this body and for \
             one of PAYPAL_WEBHOOK_ID"
        }
        Sender::Agent => {
            "an agent's request needs `Authorization: Bearer <LiveKit access token>`: a JWT signed with \
             LIVEKIT_API_SECRET (HS256) whose `iss` is LIVEKIT_API_KEY and whose `sub`, the identity, is \
             the agent's name"
        }
    }
}

fn what_is_wrong(reason: &'static str, sender: Sender) -> &'static str {
    match reason {
        "missing_token" => "there is no Authorization header",
        "two_tokens" => "there are two Authorization headers",
        "malformed_token" => {
            "the Authorization header holds no JWT that can be read: it needs `exp`, its times are whole \
             numbers, and it has no `aud`"
        }
        "unknown_key" => "the JWT's `iss` is no API key known here",
        "wrong_secret" => "the JWT is not signed with the secret of the key it names",
        "expired_token" => "the JWT has expired",
        "token_of_the_future" => "the JWT is not valid yet: a clock is wrong",
        "wrong_algorithm" if sender == Sender::PayPal => {
            "paypal-auth-algo is not the algorithm PayPal signs with"
        }
        "wrong_algorithm" => "the JWT is signed with another algorithm than HS256",
        "token_valid_too_long" => {
            "the JWT is good for more than ten minutes, so it was made for something else than a webhook"
        }
        "token_with_grant" => {
            "the JWT opens rooms (`video`), so it was made for a participant and not for a webhook"
        }
        "token_without_hash" => "the JWT names no hash of the body (`sha256`)",
        "altered_body" => "the JWT was made for another body",
        "token_without_name" => "the JWT names nobody (`sub` is empty)",
        "participants_token" => {
            "the JWT lets a caller or visitor join a room (`video.roomJoin` without `kind: agent`), and \
             those may not report calls"
        }
        "certificate_url" => "paypal-cert-url is no address of PayPal's certificates",
        "simulator" => {
            "PayPal's webhook simulator made this, which proves nothing (PAYPAL_ALLOW_SIMULATOR is off)"
        }
        "second_body" => "this transmission came before with another body",
        "wrong_signature" => "the signature does not fit",
        _ => "the signature was not accepted",
    }
}
