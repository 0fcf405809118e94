//! Why a request is not accepted: the one error of this edge, and its answer.
//!
//! The status is part of the contract with each sender. LiveKit takes any 4xx but 429 as
//! delivered, so a 4xx is only given for what a retry cannot mend; what we cannot do *now*, and
//! what broke on its way here, is 503 with a short `Retry-After`. PayPal repeats whatever is not
//! 2xx for three days.

mod unsigned;

use crate::{commit::NotStored, counts::Sender};
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use frontdesk_process::{clock, rarely::Rarely};
use serde::Serialize;
use std::{collections::BTreeMap, net::SocketAddr, sync::Mutex, time::Duration};

/// LiveKit obeys it without a cap while its whole patience is 15 s, so it stays short.
const RETRY_AFTER_S: &str = "2";

/// How often one kind of refusal is logged at the most.
const LOG_EVERY: Duration = Duration::from_secs(1);

/// Why a request is refused. `reason` words are labels of a metric: a closed set, never input.
#[derive(Debug)]
pub(crate) enum Rejection {
    /// The signature is missing or wrong: 401. Someone probes, or a key is out of step.
    Unsigned { reason: &'static str },
    /// Well signed, but not allowed to say this: 403.
    Forbidden {
        reason: &'static str,
        detail: String,
    },
    /// Not a request of the kind this address takes: 400.
    Malformed {
        reason: &'static str,
        detail: String,
    },
    /// Well formed, but what it says lacks something: 422, field by field.
    Incomplete(Vec<Problem>),
    /// 415.
    MediaType {
        reason: &'static str,
        detail: String,
    },
    /// 413.
    TooLarge { limit: usize },
    /// More events in a batch than are taken: 413.
    TooMany { limit: usize },
    /// The body stalled on its way: 503. A 408 would be the end of it for LiveKit.
    TooSlow,
    /// The body broke off or was garbled on its way: 503, for the same reason.
    CutOff,
    /// Nothing is at this path: 404.
    NotFound,
    /// The path is right and the method is not: 405.
    WrongMethod,
    /// It cannot be verified now: 503.
    Unverifiable {
        reason: &'static str,
        detail: String,
    },
    /// Too much at once: 503.
    Busy,
    /// It is not on disk: 503, or 413 when it never can be.
    NotStored(NotStored),
}

/// One thing that is wrong with one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// Its place in a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) index: Option<usize>,
    /// The attribute, or `data.<field>`.
    pub(crate) field: String,
    pub(crate) message: String,
}

#[derive(Serialize)]
struct ProblemDocument<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    reason: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Problem],
}

impl Rejection {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unsigned { .. } => StatusCode::UNAUTHORIZED,
            Self::Forbidden { .. } => StatusCode::FORBIDDEN,
            Self::Malformed { .. } => StatusCode::BAD_REQUEST,
            Self::Incomplete(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::MediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } | Self::TooMany { .. } | Self::NotStored(NotStored::TooLarge) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooSlow
            | Self::CutOff
            | Self::Unverifiable { .. }
            | Self::Busy
            | Self::NotStored(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The label it is counted under.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Unsigned { reason }
            | Self::Forbidden { reason, .. }
            | Self::Malformed { reason, .. }
            | Self::MediaType { reason, .. }
            | Self::Unverifiable { reason, .. } => reason,
            Self::Incomplete(_) => "incomplete",
            Self::TooLarge { .. } => "too_large",
            Self::TooMany { .. } => "too_many_events",
            Self::TooSlow => "slow_body",
            Self::CutOff => "truncated_body",
            Self::NotFound => "not_found",
            Self::WrongMethod => "wrong_method",
            Self::Busy => "busy",
            Self::NotStored(reason) => reason.label(),
        }
    }

    fn detail(&self, sender: Sender) -> String {
        match self {
            Self::Unsigned { reason } => unsigned::told(reason, sender),
            Self::Forbidden { detail, .. }
            | Self::Malformed { detail, .. }
            | Self::MediaType { detail, .. }
            | Self::Unverifiable { detail, .. } => detail.clone(),
            Self::Incomplete(problems) => match problems.as_slice() {
                [only] => format!("{}: {}", only.field, only.message),
                many => format!(
                    "{} problems; nothing of this request was stored",
                    many.len()
                ),
            },
            Self::TooLarge { limit } => format!("the body is larger than {limit} bytes"),
            Self::TooMany { limit } => {
                format!("a batch holds at most {limit} events; send the rest in another")
            }
            Self::TooSlow => "the body did not arrive in time; send it again".into(),
            Self::CutOff => "the body ended before it was complete; send it again".into(),
            Self::NotFound => nothing_here(sender).into(),
            Self::WrongMethod => "this path takes POST alone".into(),
            Self::Busy => "too many large requests at once; try again".into(),
            Self::NotStored(reason) => reason.to_string(),
        }
    }

    /// Once, where it is answered, without body and token. Anybody can be refused as often as he likes, so
    /// of one kind a line is written once a second; all are counted.
    pub(crate) fn log(&self, sender: Sender, peer: Option<SocketAddr>) {
        let (source, reason, status) = (sender.as_str(), self.reason(), self.status().as_u16());
        let Some(untold) = is_due(source, reason) else {
            return;
        };
        let (peer, detail) = (peer.map(tracing::field::display), self.detail(sender));
        if self.is_for_the_operator(sender) {
            tracing::warn!(source, reason, status, peer, detail, untold, "refused");
        } else {
            tracing::info!(source, reason, status, peer, detail, untold, "refused");
        }
    }

    /// Whether somebody here should look, and not only the sender.
    fn is_for_the_operator(&self, sender: Sender) -> bool {
        match self {
            Self::Unsigned { .. }
            | Self::Unverifiable { .. }
            | Self::NotStored(_)
            | Self::Busy
            | Self::TooSlow
            | Self::CutOff => true,
            // A provider's URL is set wrong. It reads no answer, and LiveKit takes this one as delivered.
            Self::NotFound => sender != Sender::Agent,
            _ => false,
        }
    }

    /// What the sender is told.
    pub(crate) fn answer(&self, sender: Sender) -> Response {
        let status = self.status();
        let errors: &[Problem] = if let Self::Incomplete(problems) = self {
            problems
        } else {
            &[]
        };
        let document = ProblemDocument {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: self.detail(sender),
            reason: self.reason(),
            errors,
        };
        let mut response = (status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// What a 404 says to whoever set the URL.
fn nothing_here(sender: Sender) -> &'static str {
    match sender {
        Sender::LiveKit => {
            "there is nothing at this path, and what LiveKit sends here is lost: its webhooks go to exactly \
             /webhooks/livekit"
        }
        Sender::PayPal => {
            "there is nothing at this path, and what PayPal sends here is not taken: its webhooks go to \
             exactly /webhooks/paypal"
        }
        Sender::Agent => {
            "there is nothing at this path: LiveKit's webhooks go to /webhooks/livekit, PayPal's to \
             /webhooks/paypal, agents' events to /events"
        }
    }
}

/// How many of this kind went untold, when it is time for a line. Both words are of closed sets.
fn is_due(source: &'static str, reason: &'static str) -> Option<u64> {
    static LINES: Mutex<BTreeMap<(&str, &str), Rarely>> = Mutex::new(BTreeMap::new());
    let mut lines = LINES
        .lock()
        .expect("nothing panics while it holds this lock");
    let line = lines
        .entry((source, reason))
        .or_insert_with(|| Rarely::new(LOG_EVERY));
    line.is_due(clock::monotonic())
}

impl From<NotStored> for Rejection {
    fn from(reason: NotStored) -> Self {
        Self::NotStored(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_url_that_is_set_wrong_is_for_the_operator() {
        let warned = |sender| Rejection::NotFound.is_for_the_operator(sender);
        assert!(warned(Sender::LiveKit) && warned(Sender::PayPal));
        assert!(!warned(Sender::Agent), "anybody may try paths");
        let told = Rejection::NotFound.detail(Sender::LiveKit);
        assert!(told.ends_with("exactly /webhooks/livekit"), "{told}");
    }
}
