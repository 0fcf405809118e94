//! Why a call ended: LiveKit's reason, who that was, and words for people.
//!
//! For a phone CLIENT_INITIATED does not mean that the caller hung up: it covers hang-up, cancel,
//! ringing timeout and a dropped line, and only `sip.callStatus` tells them apart.

use super::{
    callers::Call,
    room::{Analysis, Departure, Report, Transfer},
    timing::End,
};
use frontdesk_events::catalogue::moment::Moment;
use std::borrow::Cow;

/// A phone to which a call is passed on may ring for as long before the line is let go.
const LONGEST_TRANSFER_MS: i64 = 120_000;

/// Who ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The caller.
    Caller,
    /// The agent.
    Receptionist,
    /// Somebody, or something, on our side: a command to LiveKit.
    Operator,
    /// Nobody meant it.
    Technical,
    /// LiveKit does not say.
    Unknown,
}

impl By {
    /// As the API writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Receptionist => "receptionist",
            Self::Operator => "operator",
            Self::Technical => "technical",
            Self::Unknown => "unknown",
        }
    }
}

/// Why a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// LiveKit's own reason.
    pub code: String,
    /// Who that was.
    pub by: By,
    /// In words.
    pub words: String,
}

impl Ending {
    fn new(code: &str, by: By, words: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            by,
            words: words.into(),
        }
    }
}

/// Why a call ended; `None` while it has not. `reports` are those about this call.
#[must_use]
pub fn ending(end: &End<'_>, call: &Call<'_>, answered: bool, reports: &Report) -> Option<Ending> {
    match end {
        End::Open => None,
        End::Left(departure, _) => Some(left(departure, call, answered, reports)),
        End::Aborted(departure) => {
            let words = if call.outbound {
                "The call's connection never came up"
            } else {
                "The call reached us, but its connection never came up"
            };
            Some(Ending::new(&departure.reason, By::Technical, words))
        }
        End::Told(_) => Some(Ending::new(
            "PARTICIPANT_DISCONNECTED",
            By::Unknown,
            "The call ended on the caller's side",
        )),
        End::Room((_, reason)) => Some(room_closed(reason)),
    }
}

fn left(departure: &Departure, call: &Call<'_>, answered: bool, reports: &Report) -> Ending {
    let reason = departure.reason.as_str();
    let (by, words) = match reason {
        "CLIENT_INITIATED" => return client_initiated(departure, call, answered, reports),
        "ROOM_DELETED" => return room_deleted(departure, reports),
        "PARTICIPANT_REMOVED" => (
            By::Operator,
            "The caller was taken off the call from our side",
        ),
        "SERVER_SHUTDOWN" => (By::Technical, "The media server shut down"),
        "CONNECTION_TIMEOUT" => (By::Technical, "The connection was lost"),
        "SIGNAL_CLOSE" => (By::Technical, "The connection broke off"),
        "STATE_MISMATCH" => (By::Technical, "The connection fell out of step"),
        "JOIN_FAILURE" => (By::Technical, "The caller could not join the room"),
        "MIGRATION" => (By::Technical, "The call moved to another media server"),
        "MEDIA_FAILURE" => (By::Technical, "The sound broke off"),
        "SIP_TRUNK_FAILURE" => (By::Technical, "The phone line failed"),
        "AGENT_ERROR" => (By::Technical, "The receptionist failed"),
        "ROOM_CLOSED" => (By::Technical, "The room was closed while the call was on"),
        "DUPLICATE_IDENTITY" => (By::Caller, "The same caller came in again"),
        "USER_UNAVAILABLE" => (By::Caller, "The person called could not be reached"),
        "USER_REJECTED" => (By::Caller, "The person called declined"),
        "UNKNOWN_REASON" => (By::Unknown, "The call ended, and nobody said why"),
        other => {
            let words = format!("The call ended: {}", other.to_lowercase().replace('_', " "));
            return Ending::new(other, By::Unknown, words);
        }
    };
    Ending::new(reason, by, words)
}

fn client_initiated(
    departure: &Departure,
    call: &Call<'_>,
    answered: bool,
    reports: &Report,
) -> Ending {
    let (by, words) = match (departure.status.as_deref(), answered) {
        _ if let Some(transfer) = ending_transfer(departure, reports) => {
            return transferred(&departure.reason, &transfer);
        }
        _ if !call.phone && answered => (By::Caller, "The visitor left"),
        _ if !call.phone => (By::Caller, "The visitor left before anyone answered"),
        (Some("ringing" | "dialing"), false) => {
            (By::Technical, "Nobody answered until the ringing timed out")
        }
        (Some("hangup"), true) if call.outbound => (By::Caller, "The person called hung up"),
        (Some("hangup"), false) if call.outbound => (
            By::Unknown,
            "The line was hung up, and nobody said that the call was answered",
        ),
        (Some("hangup"), false) => (By::Caller, "The caller hung up before anyone answered"),
        (Some("hangup"), true) => (By::Caller, "The caller hung up"),
        (Some("active" | "automation" | "ringing" | "dialing"), _) => {
            (By::Technical, "The line dropped")
        }
        _ => (By::Unknown, "The call ended on the caller's side"),
    };
    Ending::new(&departure.reason, by, words)
}

/// The transfer that ended a call. Whoever was put through to a person in the same room talks on; that call
/// ends in another way, later.
fn ending_transfer<'a>(departure: &Departure, reports: &'a Report) -> Option<Cow<'a, Transfer>> {
    let transfer = reports.transferred.value()?;
    let is_long_ago = |at: Moment| departure.at.millis_since(at) > LONGEST_TRANSFER_MS;
    (!transfer.at.is_some_and(is_long_ago)).then_some(transfer)
}

fn transferred(code: &str, transfer: &Transfer) -> Ending {
    let words = match &transfer.to {
        Some(to) => format!("The receptionist transferred the call to {to}"),
        None => "The receptionist transferred the call".to_owned(),
    };
    Ending::new(code, By::Receptionist, words)
}

/// Why the agent's session closed, as the SDK names it with or without its prefix.
fn closed(analysis: &Analysis) -> &str {
    let closed = analysis.closed.as_deref().unwrap_or_default();
    closed.strip_prefix("cr_").unwrap_or(closed)
}

/// Whether the agent's session closed because the caller left.
#[must_use]
pub fn caller_left(analysis: &Analysis) -> bool {
    closed(analysis) == "participant_disconnected"
}

/// The agent deletes the room when its task is done, or once it has passed the call on; so does an operator
/// who hangs up. Only the agent's own account can tell.
fn room_deleted(departure: &Departure, reports: &Report) -> Ending {
    let code = departure.reason.as_str();
    if let Some(transfer) = ending_transfer(departure, reports) {
        return transferred(code, &transfer);
    }
    let analysis = reports.analysis.value().unwrap_or_default();
    match closed(&analysis) {
        "task_completed" | "user_initiated" => {
            Ending::new(code, By::Receptionist, "The receptionist ended the call")
        }
        _ => Ending::new(code, By::Operator, "The call was ended from our side"),
    }
}

fn room_closed(reason: &str) -> Ending {
    match reason {
        "ROOM_END_API_DELETE" => {
            Ending::new(reason, By::Operator, "The call was ended from our side")
        }
        "ROOM_END_SERVER_SHUTDOWN" => {
            Ending::new(reason, By::Technical, "The media server shut down")
        }
        "ROOM_END_OPEN_FAILED" => {
            Ending::new(reason, By::Technical, "The room could not be opened")
        }
        "ROOM_END_SUPERSEDED" => {
            Ending::new(reason, By::Technical, "The room was opened again elsewhere")
        }
        "" => Ending::new(
            "ROOM_FINISHED",
            By::Unknown,
            "The room was closed; when the caller left was not reported",
        ),
        other => Ending::new(
            other,
            By::Unknown,
            "The room was closed; when the caller left was not reported",
        ),
    }
}
