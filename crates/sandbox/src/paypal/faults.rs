//! Every way a PayPal delivery can be wrong, for tests: certificates that should not be trusted,
//! and transmissions that should not be believed. Nothing in `run` uses this.

use super::{
    Notification,
    authority::{Authority, MESSAGE_NAME, Request, Signer},
    transmission::Transmitter,
};
use crate::wire::Post;
use bytes::Bytes;
use chrono::{DateTime, Days, Utc};

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFault {
    /// Ended last week.
    Expired,
    /// Begins next week.
    NotYetValid,
    /// Another name, chained to the trusted authority all the same.
    WrongName,
    /// A name that only looks right from its end.
    LookalikeName,
    /// The right name, from an authority nobody trusts.
    OtherAuthority,
}

impl CertificateFault {
    /// A signer whose certificate has this fault.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn issue(self, authority: &Authority, now: DateTime<Utc>) -> anyhow::Result<Signer> {
        let days = |count: i64| {
            let (days, ago) = (Days::new(count.unsigned_abs()), count < 0);
            if ago {
                now.checked_sub_days(days)
            } else {
                now.checked_add_days(days)
            }
            .unwrap_or(now)
        };
        let sound = Request {
            name: MESSAGE_NAME,
            from: days(-1),
            until: days(395),
        };
        match self {
            Self::Expired => authority.issue(&Request {
                from: days(-400),
                until: days(-7),
                ..sound
            }),
            Self::NotYetValid => authority.issue(&Request {
                from: days(7),
                ..sound
            }),
            Self::WrongName => authority.issue(&Request {
                name: "www.sandbox.paypal.com",
                ..sound
            }),
            Self::LookalikeName => authority.issue(&Request {
                name: "messageverificationcerts.sandbox.paypal.com.example.net",
                ..sound
            }),
            Self::OtherAuthority => Authority::create(now)?.issue(&sound),
        }
    }
}

/// What is wrong with a transmission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransmissionFault {
    /// One bit of the signature is flipped.
    BadSignature,
    /// Signed for a webhook of somebody else.
    OtherWebhook,
    /// Signed for the literal `WEBHOOK_ID`, as the simulator does.
    Simulator,
    /// A byte of the body changed after signing.
    ChangedBody,
    /// Printed anew with indentation after signing.
    PrettyPrinted,
    /// This header is missing.
    MissingHeader(&'static str),
    /// An algorithm nobody uses.
    WrongAlgorithm,
    /// The certificate lies on this host (scheme and host).
    ForeignHost(String),
}

impl TransmissionFault {
    /// The delivery of this event with this fault.
    #[must_use]
    pub fn transmit(
        &self,
        transmitter: &Transmitter,
        notification: &Notification,
        now: DateTime<Utc>,
    ) -> Post {
        let mut transmission = transmitter.prepare(&notification.id, 0, now);
        match self {
            Self::OtherWebhook => transmission.webhook_id = "8XV11223AB445566C".to_owned(),
            Self::Simulator => transmission.webhook_id = "WEBHOOK_ID".to_owned(),
            Self::WrongAlgorithm => transmission.algorithm = "SHA1withRSA".to_owned(),
            Self::ForeignHost(host) => {
                let id = transmitter.signer.certificate_id();
                transmission.certificate_url = format!("{host}/v1/notifications/certs/{id}");
            }
            _ => {}
        }
        let mut post = transmitter.post(&transmission, notification.body.clone());
        match self {
            Self::BadSignature => post.bend_header("paypal-transmission-sig", |signature| {
                let bent = if signature.starts_with('A') { "B" } else { "A" };
                format!("{bent}{}", &signature[1..])
            }),
            Self::ChangedBody => {
                let mut body = post.body.to_vec();
                if let Some(last) = body.iter_mut().rev().find(|byte| byte.is_ascii_digit()) {
                    *last = if *last == b'0' { b'1' } else { b'0' };
                }
                post.body = body.into();
            }
            Self::PrettyPrinted => {
                let event: Option<serde_json::Value> = serde_json::from_slice(&post.body).ok();
                if let Some(printed) =
                    event.and_then(|event| serde_json::to_vec_pretty(&event).ok())
                {
                    post.body = Bytes::from(printed);
                }
            }
            Self::MissingHeader(name) => post.headers.retain(|(known, _)| known != name),
            _ => {}
        }
        post
    }
}
