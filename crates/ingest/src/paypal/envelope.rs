//! The envelope of a PayPal event: the body byte for byte, and beside it the proof.

use super::{origin::Environment, transmission::Transmission};
use crate::{
    message::{outbound, tame, type_part},
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
use std::borrow::Cow;

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
    let kind = kind(event);
    outbound(
        StreamName::Billing,
        envelope(event, &kind, proof, &body, now)?,
        "paypal",
        &kind,
        "application/json",
        body,
    )
}

fn envelope(
    event: &Event,
    kind: &str,
    proof: &Proof<'_>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Envelope, Rejection> {
    let hash = hex::encode(Sha256::digest(body));
    let id = event
        .id
        .as_deref()
        .map_or_else(|| Cow::Owned(format!("sha256:{hash}")), tame);
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
    if let Some(subject) = paypal::subject_of(event) {
        envelope = envelope.with_subject(&tame(&subject));
    }
    Ok(envelope.with_time(paypal::happened_at(event, transmission.time, now)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{assert_readable, hostile_name};
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
                ("\\PC{0,40}", hostile_name(), hostile_name(), "\\PC{0,30}").prop_map(|(kind, id, about, time)| {
                    let resource = serde_json::json!({
                        "id": about, "sale_id": id, "links": [{"rel": "sale", "href": format!("https://x/{about}")}],
                    });
                    serde_json::json!({"id": id, "event_type": kind, "create_time": time, "resource": resource})
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
            let event = read(&body);
            let envelope = envelope(&event, &kind(&event), &proof, &body, DateTime::UNIX_EPOCH).unwrap();
            assert_readable(&envelope.with_data("application/json", body.clone()));
            prop_assert!(wrap(&event, &proof, body.into(), DateTime::UNIX_EPOCH).is_ok());
        }
    }
}
