//! The envelope of a PayPal event: the body byte for byte, and beside it the proof.

use super::{origin::Environment, transmission::Transmission};
use crate::{
    message::{outbound, type_part},
    rejection::Rejection,
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use frontdesk_events::{
    Envelope, StreamName,
    catalogue::paypal::{self, Event},
    nats::Outbound,
};
use sha2::{Digest as _, Sha256};

/// Total: whatever the bytes are, there is an event, though it may say nothing.
pub(super) fn read(body: &[u8]) -> Event {
    Event::read(body).unwrap_or_default()
}

/// The type after `com.paypal.`.
pub(super) fn kind(event: &Event) -> String {
    event
        .event_type
        .as_deref()
        .map_or_else(|| "unparsable".to_owned(), type_part)
}

fn is_tame(name: &str) -> bool {
    !name.chars().any(char::is_control)
}

/// What makes the signature checkable again.
pub(super) struct Proof<'a> {
    pub(super) transmission: &'a Transmission<'a>,
    pub(super) webhook_id: &'a str,
    pub(super) environment: Environment,
}

/// Puts event, proof and body into an envelope for BILLING.
pub(super) fn wrap(
    event: &Event,
    proof: &Proof<'_>,
    body: Bytes,
    now: DateTime<Utc>,
) -> Result<Outbound, Rejection> {
    let hash = hex::encode(Sha256::digest(&body));
    let id = event
        .id
        .as_deref()
        .filter(|id| is_tame(id))
        .map_or_else(|| format!("sha256:{hash}"), str::to_owned);
    let kind = kind(event);
    let Proof {
        transmission,
        webhook_id,
        environment,
    } = proof;
    let mut envelope = Envelope::new(
        &id,
        &format!("/paypal/{environment}"),
        &format!("com.paypal.{kind}"),
    )
    .map_err(|error| Rejection::Malformed {
        reason: "unfit",
        detail: error.to_string(),
    })?
    .with_recorded_time(now)
    .with_partition_key("billing")
    .with_extension("bodysha256", &hash)
    .with_extension("paypaltransmissionid", transmission.id)
    .with_extension("paypaltransmissiontime", transmission.time)
    .with_extension("paypaltransmissionsig", transmission.signature_text)
    .with_extension("paypalcerturl", transmission.certificate_url)
    .with_extension("paypalauthalgo", transmission.algorithm)
    .with_extension("paypalwebhookid", webhook_id);
    if let Some(subject) = paypal::subject_of(event).filter(|subject| is_tame(subject)) {
        envelope = envelope.with_subject(&subject);
    }
    envelope = envelope.with_time(paypal::happened_at(event, transmission.time, now));
    outbound(
        StreamName::Billing,
        envelope,
        "paypal",
        &kind,
        "application/json",
        body,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn types_are_paypals_in_lower_case() {
        let kind = |body: &str| kind(&read(body.as_bytes()));
        assert_eq!(
            kind(r#"{"event_type":"BILLING.SUBSCRIPTION.RE-ACTIVATED"}"#),
            "billing.subscription.re-activated"
        );
        assert_eq!(kind(r#"{"event_type":"A B\r\n>"}"#), "a_b___");
        assert_eq!(kind("not json"), "unparsable");
    }

    proptest! {
        #[test]
        fn any_body_can_be_wrapped(
            body in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..200),
                ("\\PC{0,40}", "(?s).{0,200}", "\\PC{0,30}").prop_map(|(kind, id, time)| {
                    serde_json::json!({"id": id, "event_type": kind, "create_time": time, "resource": {"id": id}})
                        .to_string()
                        .into_bytes()
                }),
            ]
        ) {
            let transmission = Transmission {
                id: "a",
                time: "9999-12-31T23:59:59-12:00",
                certificate_url: "https://api.paypal.com/v1/notifications/certs/CERT-1",
                algorithm: "SHA256withRSA",
                signature_text: "",
                signature: Vec::new(),
            };
            let proof = Proof { transmission: &transmission, webhook_id: "1", environment: Environment::Live };
            prop_assert!(wrap(&read(&body), &proof, body.into(), DateTime::UNIX_EPOCH).is_ok());
        }
    }
}
