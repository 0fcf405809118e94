//! What is wrong with who asks, and not with what is asked.

use super::Problem;
use axum::http::StatusCode;

impl Problem {
    /// 401: nobody we know.
    #[must_use]
    pub fn unauthorised() -> Self {
        let detail = "sign in, or send the header Authorization: Bearer <API key or access token>";
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorised",
            "Not logged in",
            detail,
        )
    }

    /// 403: a page of another origin used the session.
    #[must_use]
    pub fn cross_site() -> Self {
        let detail = "changes with a session cookie must come from the dashboard's own origin";
        Self::new(
            StatusCode::FORBIDDEN,
            "cross-site",
            "Refused from another site",
            detail,
        )
    }

    /// 401: not the right e-mail address and password, or not the right code. Which of them is not told.
    #[must_use]
    pub fn wrong_credentials() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "wrong-credentials",
            "Not the right credentials",
            "the e-mail address, the password or the code is not right",
        )
    }

    /// 401: address and password are right, and a second factor is asked for.
    #[must_use]
    pub fn code_needed() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "code-needed",
            "A code is needed",
            "send the code of the authenticator app, or a recovery code, as `code`",
        )
    }

    /// 403: somebody we know, who may not do this.
    #[must_use]
    pub fn forbidden(detail: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", detail)
    }

    /// 403: the account is suspended.
    #[must_use]
    pub fn suspended() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "suspended",
            "Suspended",
            "this account is suspended; write to us to have it opened again",
        )
    }

    /// 403: a password or code must be shown again first.
    #[must_use]
    pub fn proof_needed() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "proof-needed",
            "Show that it is you",
            "confirm with your password or a code first (POST /api/auth/prove)",
        )
    }

    /// 403: the link in a mail is about another account than the one signed in to.
    #[must_use]
    pub fn other_account() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "other-account",
            "Of another account",
            "the link is about another account than the one you are signed in to",
        )
    }

    /// 403: an invitation that was sent to somebody else.
    #[must_use]
    pub fn other_address() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "other-address",
            "Sent to another address",
            "sign in with the address the invitation was sent to",
        )
    }
}
