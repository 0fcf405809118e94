//! The envelope of a PayPal event: the body byte for byte, and beside it the proof.

use super::{origin::Environment, transmission::Transmission};
use crate::{
    json::{inside, members, text},
    message::{outbound, type_part},
    rejection::Rejection,
};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_events::{Envelope, StreamName, nats::Outbound};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

/// How far ahead of us PayPal's clock may be. Its sandbox was once seven hours ahead.
const SKEW: TimeDelta = TimeDelta::minutes(5);

/// What of a body the envelope needs. Everything may be missing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outline<'a> {
    id: Option<Cow<'a, str>>,
    event_type: Option<Cow<'a, str>>,
    created: Option<DateTime<Utc>>,
    subject: Option<Cow<'a, str>>,
}

impl<'a> Outline<'a> {
    /// Total: whatever the bytes are, there is an outline.
    pub(super) fn read(body: &'a [u8]) -> Self {
        let Some([id, event_type, create_time, resource]) =
            members(body, ["id", "event_type", "create_time", "resource"])
        else {
            return Self::default();
        };
        let event_type = text(event_type);
        let [own, agreement, sale, dispute] = inside(
            resource,
            ["id", "billing_agreement_id", "sale_id", "dispute_id"],
        );
        Self {
            id: text(id).filter(|id| is_tame(id)),
            // A sale is filed under its subscription; a refund names only its sale.
            subject: [agreement, sale, own, dispute]
                .into_iter()
                .find_map(text)
                .filter(|subject| is_tame(subject)),
            created: text(create_time).and_then(|time| parse_time(&time)),
            event_type,
        }
    }

    /// The type after `com.paypal.`.
    pub(super) fn kind(&self) -> String {
        self.event_type
            .as_deref()
            .map_or_else(|| "unparsable".to_owned(), type_part)
    }
}

fn is_tame(name: &str) -> bool {
    name.len() <= 256 && !name.chars().any(char::is_control)
}

/// PayPal's simulator sends month 19; that is no time.
fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    (0..=253_402_300_799)
        .contains(&time.timestamp())
        .then_some(time)
}

/// What makes the signature checkable again.
pub(super) struct Proof<'a> {
    pub(super) transmission: &'a Transmission<'a>,
    pub(super) webhook_id: &'a str,
    pub(super) environment: Environment,
}

/// Puts outline, proof and body into an envelope for BILLING.
pub(super) fn wrap(
    outline: &Outline<'_>,
    proof: &Proof<'_>,
    body: Bytes,
    now: DateTime<Utc>,
) -> Result<Outbound, Rejection> {
    let hash = hex::encode(Sha256::digest(&body));
    let id = outline
        .id
        .as_deref()
        .map_or_else(|| format!("sha256:{hash}"), str::to_owned);
    let kind = outline.kind();
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
    if let Some(subject) = &outline.subject {
        envelope = envelope.with_subject(subject);
    }
    // Never a time that is still to come: the dashboard's freshness would lie.
    let plausible = outline.created.filter(|created| *created <= now + SKEW);
    if let Some(time) = plausible.or_else(|| transmission.sent_at()) {
        envelope = envelope.with_time(time);
    }
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

    fn subject(body: &str) -> Option<String> {
        Outline::read(body.as_bytes()).subject.map(Cow::into_owned)
    }

    #[test]
    fn money_is_filed_under_its_subscription_then_its_sale() {
        for (body, expected) in [
            (r#"{"resource":{"id":"I-1"}}"#, Some("I-1")),
            (
                r#"{"resource":{"id":"S1","billing_agreement_id":"I-1"}}"#,
                Some("I-1"),
            ),
            (r#"{"resource":{"id":"R1","sale_id":"S1"}}"#, Some("S1")),
            (r#"{"resource":{"dispute_id":"PP-1"}}"#, Some("PP-1")),
            (r#"{"resource":"odd"}"#, None),
        ] {
            assert_eq!(subject(body).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn an_impossible_create_time_is_no_time() {
        for time in [
            "2018-19-12T22:20:32.000Z",
            "",
            "yesterday",
            "1969-12-31T23:59:59Z",
            "+10000-01-01T00:00:00Z",
        ] {
            assert_eq!(parse_time(time), None, "{time}");
        }
        assert!(parse_time("2026-03-01T01:17:12-07:00").is_some());
        assert!(parse_time("9999-12-31T23:59:59Z").is_some());
    }

    #[test]
    fn types_are_paypals_in_lower_case() {
        let kind = |body: &str| Outline::read(body.as_bytes()).kind();
        assert_eq!(
            kind(r#"{"event_type":"BILLING.SUBSCRIPTION.RE-ACTIVATED"}"#),
            "billing.subscription.re-activated"
        );
        assert_eq!(kind(r#"{"event_type":"A B\r\n>"}"#), "a_b___");
        assert_eq!(kind("not json"), "unparsable");
    }

    proptest! {
        #[test]
        fn any_body_has_an_outline(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Outline::read(&bytes).kind();
        }
    }
}
