//! Why somebody comes back from a provider and is not signed in.

use super::outside::NoAnswer;
use crate::problem::Problem;
use axum::http::StatusCode;
use oauth2::{ErrorResponse, RequestTokenError};

/// A reason in a word; the sign-in page says it in words of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// What came back belongs to no log-in that this browser began: too late, another browser, or
    /// somebody else's.
    StateMismatch,
    /// The person said no.
    Denied,
    /// The provider said something that must not be believed, or refused.
    Failed,
    /// The provider is away.
    Unavailable,
    /// The provider does not vouch for the address.
    AddressUnverified,
    /// The address has an account, which this login does not belong to.
    AddressKnown,
    /// The account is suspended.
    Suspended,
    /// To be linked, but it is linked to another account.
    IdentityTaken,
    /// To be linked, but another login of this provider is.
    AlreadyLinked,
    /// To be linked to a session that is over, or of another browser.
    SignedOut,
    /// From too many tries.
    TooMany,
    /// Something of ours is away.
    Ours,
}

impl Trouble {
    /// For programs: `problem=` of the address it is brought to.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::StateMismatch => "state-mismatch",
            Self::Denied => "provider-denied",
            Self::Failed => "provider-failed",
            Self::Unavailable => "provider-unavailable",
            Self::AddressUnverified => "email-unverified",
            Self::AddressKnown => "address-known",
            Self::Suspended => "suspended",
            Self::IdentityTaken => "identity-taken",
            Self::AlreadyLinked => "already-linked",
            Self::SignedOut => "signed-out",
            Self::TooMany => "too-many",
            Self::Ours => "unavailable",
        }
    }

    /// From what a token endpoint did instead of giving a token.
    pub(super) fn of_exchange<E: ErrorResponse>(error: &RequestTokenError<NoAnswer, E>) -> Self {
        // Nothing of the answer is logged: it may hold tokens, and it is the provider's text.
        let (trouble, what) = match error {
            RequestTokenError::Request(error) => return Self::of_silence(error),
            RequestTokenError::ServerResponse(_) => (Self::Failed, "refused the code"),
            RequestTokenError::Parse(..) => (Self::Failed, "answered no token"),
            RequestTokenError::Other(_) => (Self::Unavailable, "answered nothing of use"),
        };
        tracing::warn!(what, "a login provider gave no token");
        trouble
    }

    fn of_silence(error: &NoAnswer) -> Self {
        tracing::warn!(%error, "a login provider did not answer");
        match error {
            NoAnswer::Unreachable(_) => Self::Unavailable,
            NoAnswer::TooLarge => Self::Failed,
        }
    }
}

impl From<NoAnswer> for Trouble {
    fn from(error: NoAnswer) -> Self {
        Self::of_silence(&error)
    }
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        match problem.status() {
            StatusCode::TOO_MANY_REQUESTS => Self::TooMany,
            _ => Self::Ours,
        }
    }
}

impl From<sqlx::Error> for Trouble {
    fn from(error: sqlx::Error) -> Self {
        Problem::from(error).into()
    }
}
