//! Errors as RFC 9457 problems.
//!
//! A handler returns a [`Problem`]; the edge turns it into JSON, because only the edge knows the
//! request's id. What went wrong inside is logged here, once, and never sent.

mod documented;
mod of_callers;
mod of_database;

pub use documented::{
    ConflictProblem, GoneProblem, LinkProblem, MissingProblem, NotSetUpProblem, OpenProblems,
    OpenWriteProblems, ReadProblems, TryProblems, Unchanged, WriteProblems,
};
pub(crate) use of_database::{is_connection_trouble, is_stale_plan};

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::borrow::Cow;
use utoipa::ToSchema;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// How long a client waits before it tries again when a server of ours is away.
const RETRY_AFTER_SECONDS: u16 = 2;

/// An error as the caller sees it.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: Cow<'static, str>,
    errors: Vec<FieldError>,
    /// After how many seconds another try is worth it.
    retry: Option<u16>,
    /// Whether a session's plans were older than the tables: another try at once mends that.
    stale_plan: bool,
}

/// One wrong parameter or field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Its name as sent.
    pub field: String,
    /// What is wrong with it, in words.
    pub message: String,
}

/// The body of every answer with a status of 400 or more (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'a> {
    /// What kind of problem: stable, for programs.
    #[schema(example = "urn:frontdesk:problem:bad-parameter")]
    r#type: String,
    /// The kind in words.
    title: &'a str,
    /// The status of the answer.
    status: u16,
    /// This occurrence in words.
    detail: &'a str,
    /// The id of the request, also in the header `x-request-id`.
    instance: &'a str,
    /// Which parameters were wrong; absent when it is not about parameters.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [FieldError],
}

impl Problem {
    fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            kind,
            title,
            detail: detail.into(),
            errors: Vec::new(),
            retry: None,
            stale_plan: false,
        }
    }

    /// 400: which parameters are wrong, and why.
    #[must_use]
    pub fn bad_parameters(errors: Vec<FieldError>) -> Self {
        let listed: Vec<String> = errors
            .iter()
            .map(|error| format!("{} {}", error.field, error.message))
            .collect();
        let detail = listed.join("; ");
        Self {
            errors,
            ..Self::new(
                StatusCode::BAD_REQUEST,
                "bad-parameter",
                "A parameter is wrong",
                detail,
            )
        }
    }

    /// 409: it contradicts how things stand. `kind` tells programs which conflict it is.
    #[must_use]
    pub fn conflict(
        kind: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::CONFLICT, kind, title, detail)
    }

    /// 410: a link that was used or is too old.
    #[must_use]
    pub fn link_over() -> Self {
        Self::new(
            StatusCode::GONE,
            "link-over",
            "This link does not work any more",
            "it was used already or is too old; ask for another one",
        )
    }

    /// 410: an export whose files are gone.
    #[must_use]
    pub fn export_over() -> Self {
        Self::new(
            StatusCode::GONE,
            "export-over",
            "This export is gone",
            "its files were kept for some days only; ask for another one",
        )
    }

    /// 400: the body is not JSON.
    #[must_use]
    pub fn bad_json() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad-json",
            "Not JSON",
            "the body is not one JSON value",
        )
    }

    /// 415: the body does not say that it is JSON.
    #[must_use]
    pub fn not_json_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not-json",
            "Not JSON",
            "send the body with the header Content-Type: application/json",
        )
    }

    /// 408: the body trickled.
    #[must_use]
    pub fn too_slow() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "too-slow",
            "Too slow",
            "the body did not arrive in time; send it again",
        )
    }

    /// 413: how large the body may be.
    #[must_use]
    pub fn too_large(detail: &'static str) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "Too large",
            detail,
        )
    }

    /// 415: the body is no sound that is taken.
    #[must_use]
    pub fn not_sound(detail: &'static str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not-sound",
            "Not a sound",
            detail,
        )
    }

    /// 422: which fields of the body are wrong, and why.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let listed: Vec<String> = errors
            .iter()
            .map(|error| format!("{} {}", error.field, error.message))
            .collect();
        Self {
            errors,
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid",
                "Something in it is wrong",
                listed.join("; "),
            )
        }
    }

    /// 429: too often; try again after so many seconds.
    #[must_use]
    pub fn too_many(seconds: u16, detail: &'static str) -> Self {
        Self {
            retry: Some(seconds.max(1)),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many",
                "Too many tries",
                detail,
            )
        }
    }

    /// 404: no such thing, or not the viewer's.
    #[must_use]
    pub fn not_found(detail: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "Not found", detail)
    }

    /// 405.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let detail =
            "this path exists, but not for this method; the header Allow lists its methods";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "Method not allowed",
            detail,
        )
    }

    /// 503: something we need is away or too busy; worth another try.
    #[must_use]
    pub fn unavailable(detail: &'static str) -> Self {
        Self {
            retry: Some(RETRY_AFTER_SECONDS),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Not available now",
                detail,
            )
        }
    }

    /// 503: rebuilt tables were swapped in at this moment.
    fn stale_plan() -> Self {
        Self {
            stale_plan: true,
            ..Self::unavailable("the tables were replaced at this moment; try again")
        }
    }

    /// 503: this installation has not what it takes; only an operator can change that.
    #[must_use]
    pub fn not_set_up(detail: &'static str) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "not-set-up",
            "Not set up here",
            detail,
        )
    }

    /// 500: our mistake. The cause belongs into the log before this is made.
    #[must_use]
    pub fn internal() -> Self {
        let detail = "this is our mistake; the instance identifies it in our logs";
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong here",
            detail,
        )
    }

    /// For an error answer that a library made without a problem.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::METHOD_NOT_ALLOWED => Self::method_not_allowed(),
            StatusCode::NOT_FOUND => Self::not_found("there is nothing at this path"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::not_json_type(),
            StatusCode::PAYLOAD_TOO_LARGE => {
                Self::too_large("a request to the API may be at most 64 KiB")
            }
            status if status.is_server_error() => Self {
                status,
                ..Self::internal()
            },
            status => Self::new(
                status,
                "bad-request",
                "Bad request",
                status.canonical_reason().unwrap_or("refused"),
            ),
        }
    }

    /// Whether it is the session's plans that were refused, and nothing else is wrong.
    pub(crate) fn is_stale_plan(&self) -> bool {
        self.stale_plan
    }

    /// What went wrong, in words.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer, once the request's id is known.
    pub(crate) fn render(&self, instance: &str) -> Response {
        let body = ProblemBody {
            r#type: format!("urn:frontdesk:problem:{}", self.kind),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            instance,
            errors: &self.errors,
        };
        let json = serde_json::to_vec(&body).expect("a problem is plain data");
        let mut response = (
            self.status,
            [(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE))],
            json,
        )
            .into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
