//! One transmission of an event: PayPal's headers and its signature over
//! `id|time|webhook id|CRC-32 of the body` (facts: PayPal's SDKs; zlib's CRC, unsigned decimal).

use super::{Notification, authority::Signer};
use crate::wire::Post;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use std::sync::Arc;
use uuid::Uuid;

/// Transmission ids are version 5 of event id and attempt under this namespace.
const NAMESPACE: Uuid = Uuid::from_u128(0x0d3a_b7c4_91e2_4c1e_8f0a_2f4f_6d3c_58b1);

/// Signs for one webhook with one certificate.
#[derive(Debug, Clone)]
pub struct Transmitter {
    /// The key, and the certificate others fetch.
    pub signer: Arc<Signer>,
    /// The webhook's id: in no header and no body, the receiver must know it.
    pub webhook_id: String,
    /// Where certificates are fetched: scheme, host and port.
    pub certificates_at: String,
}

/// The parts of a transmission before they become headers, so that a test can bend each.
#[derive(Debug, Clone)]
pub struct Transmission {
    /// New at every attempt.
    pub id: Uuid,
    /// When it was sent, as the header has it.
    pub time: String,
    /// What the signature says the webhook is.
    pub webhook_id: String,
    /// Where the certificate is.
    pub certificate_url: String,
    /// `SHA256withRSA`.
    pub algorithm: String,
}

impl Transmitter {
    /// The parts of the n-th attempt.
    #[must_use]
    pub fn prepare(&self, event_id: &str, attempt: u32, now: DateTime<Utc>) -> Transmission {
        let name = format!("{event_id}\0{attempt}\0{}", now.timestamp_millis());
        Transmission {
            id: Uuid::new_v5(&NAMESPACE, name.as_bytes()),
            time: now.to_rfc3339_opts(SecondsFormat::Secs, true),
            webhook_id: self.webhook_id.clone(),
            certificate_url: self.certificate_url(&self.signer.certificate_id()),
            algorithm: "SHA256withRSA".to_owned(),
        }
    }

    /// Where the certificate of this id is fetched.
    #[must_use]
    pub fn certificate_url(&self, certificate_id: &str) -> String {
        format!(
            "{}/v1/notifications/certs/{certificate_id}",
            self.certificates_at.trim_end_matches('/')
        )
    }

    /// The signed request.
    #[must_use]
    pub fn post(&self, transmission: &Transmission, body: Bytes) -> Post {
        let signature = self
            .signer
            .sign(signed_text(transmission, &body).as_bytes());
        let headers = [
            ("accept", "*/*".to_owned()),
            ("content-type", "application/json".to_owned()),
            ("user-agent", "PayPal/AUHD-214.0-58391792".to_owned()),
            (
                "correlation-id",
                transmission.id.simple().to_string()[..13].to_owned(),
            ),
            ("paypal-transmission-id", transmission.id.to_string()),
            ("paypal-transmission-time", transmission.time.clone()),
            ("paypal-transmission-sig", BASE64_STANDARD.encode(signature)),
            ("paypal-auth-version", "v2".to_owned()),
            ("paypal-cert-url", transmission.certificate_url.clone()),
            ("paypal-auth-algo", transmission.algorithm.clone()),
        ];
        Post {
            path: "/webhooks/paypal",
            headers: headers.to_vec(),
            body,
        }
    }

    /// An event's n-th attempt, signed.
    #[must_use]
    pub fn transmit(&self, notification: &Notification, attempt: u32, now: DateTime<Utc>) -> Post {
        self.post(
            &self.prepare(&notification.id, attempt, now),
            notification.body.clone(),
        )
    }
}

/// What is signed.
#[must_use]
pub fn signed_text(transmission: &Transmission, body: &[u8]) -> String {
    let Transmission {
        id,
        time,
        webhook_id,
        ..
    } = transmission;
    format!("{id}|{time}|{webhook_id}|{}", crc32fast::hash(body))
}
