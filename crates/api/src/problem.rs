//! Errors as RFC 9457 problems.
//!
//! A handler returns a [`Problem`]; the edge turns it into JSON, because only the edge knows the
//! request's id. What went wrong inside is logged here, once, and never sent.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use std::{borrow::Cow, collections::BTreeMap};
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder},
};

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

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        /// PostgreSQL's code of a statement that ran into `statement_timeout`.
        const QUERY_CANCELLED: &str = "57014";
        let code = error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code);
        match &error {
            _ if code.as_deref() == Some(QUERY_CANCELLED) => {
                tracing::warn!(%error, "a query took too long");
                Self::unavailable("this question takes too long to answer; narrow the filters")
            }
            // Class 40: two changes waited for each other, and PostgreSQL let one go.
            _ if code.as_deref().is_some_and(|code| code.starts_with("40")) => {
                tracing::warn!(%error, "two changes waited for each other");
                Self::unavailable("somebody changed the same at the same moment; try again")
            }
            sqlx::Error::PoolTimedOut => {
                tracing::warn!("no database connection became free in time");
                Self::unavailable("too many questions at once")
            }
            _ if is_connection_trouble(&error) => {
                tracing::warn!(%error, "the database is away");
                Self::unavailable("the database is away")
            }
            _ => {
                tracing::error!(%error, "a query failed");
                Self::internal()
            }
        }
    }
}

/// Whether the connection and not the statement is at fault: shutdown, crash, broken socket.
pub(crate) fn is_connection_trouble(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        // Class 08 is about connections; 57P01–57P03 say that the server stops or starts; 53300
        // that it has no place left.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            code.starts_with("08") || code.starts_with("57P0") || code == "53300"
        }),
        _ => false,
    }
}

/// The problems any read may answer with, for the OpenAPI document.
pub struct ReadProblems;

impl IntoResponses for ReadProblems {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        described(&[
            (
                400,
                "A parameter is unknown or has a bad value; `errors` names it",
            ),
            (401, "Not logged in"),
            (403, "Not allowed: by role, scope or suspension"),
            (429, "Too often; see Retry-After"),
            (500, "A mistake of ours"),
            (
                503,
                "The database is away, too busy, or the question takes too long; see Retry-After",
            ),
        ])
    }
}

/// The problems of a read that needs neither login nor database.
pub struct OpenProblems;

impl IntoResponses for OpenProblems {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        described(&[
            (400, "A parameter is unknown; `errors` names it"),
            (429, "Too often; see Retry-After"),
        ])
    }
}

/// The problems of a change that anybody may ask for.
pub struct OpenWriteProblems;

impl IntoResponses for OpenWriteProblems {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        described(&[
            (400, "The body is not JSON, or a parameter is unknown"),
            (403, "Refused: from another site"),
            (413, "The body is too large"),
            (415, "The body is not sent as JSON"),
            (
                422,
                "A field is missing, unknown or has a bad value; `errors` names it",
            ),
            (429, "Too often; see Retry-After"),
            (500, "A mistake of ours"),
            (503, "The database is away or too busy; see Retry-After"),
        ])
    }
}

/// The problems of a try to be recognised: those of any open change, and that it was not right.
pub struct TryProblems;

impl IntoResponses for TryProblems {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let mut responses = OpenWriteProblems::responses();
        responses.extend(described(&[
            (
                401,
                "Not the right credentials (`wrong-credentials`), or right so far and a code is wanted (`code-needed`)",
            ),
            (403, "The account is suspended, or refused from another site"),
        ]));
        responses
    }
}

/// The problems any change may answer with.
pub struct WriteProblems;

impl IntoResponses for WriteProblems {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        described(&[
            (
                400,
                "The body is not JSON, or a parameter is unknown or has a bad value",
            ),
            (401, "Not logged in"),
            (
                403,
                "Not allowed: by role, scope, suspension, from another site, or without a fresh proof",
            ),
            (413, "The body is too large"),
            (415, "The body is not of the kind that is asked for"),
            (
                422,
                "A field is missing, unknown or has a bad value; `errors` names it",
            ),
            (429, "Too often; see Retry-After"),
            (500, "A mistake of ours"),
            (503, "The database is away or too busy; see Retry-After"),
        ])
    }
}

/// The problem of a change that contradicts how things stand.
pub struct ConflictProblem;

impl IntoResponses for ConflictProblem {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        described(&[(409, "It contradicts how things stand; `type` says how")])
    }
}

/// The problem of a link in a mail that was used or is too old.
pub struct LinkProblem;

impl IntoResponses for LinkProblem {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        described(&[(410, "The link was used already or is too old")])
    }
}

/// The problem of something that was here and is kept no longer.
pub struct GoneProblem;

impl IntoResponses for GoneProblem {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        described(&[(410, "It was here and is gone")])
    }
}

/// The problem of a path that names one thing.
pub struct MissingProblem;

impl IntoResponses for MissingProblem {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        described(&[(404, "There is no such thing, or it is somebody else's")])
    }
}

fn described(statuses: &[(u16, &str)]) -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
    let response = |description: &str| {
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        ResponseBuilder::new()
            .description(description)
            .content(MEDIA_TYPE, content)
            .build()
    };
    statuses
        .iter()
        .map(|(status, description)| (status.to_string(), response(description).into()))
        .collect()
}
