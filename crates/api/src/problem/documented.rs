//! Which problems a route may answer with, for the OpenAPI document, and that nothing changed: sets that
//! routes name.

use super::MEDIA_TYPE;
use std::collections::BTreeMap;
use utoipa::{
    IntoResponses,
    openapi::{ContentBuilder, HeaderBuilder, Object, Ref, RefOr, ResponseBuilder, Type},
};

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
            (408, "The body did not arrive in time"),
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
            (408, "The body did not arrive in time"),
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

/// The problem of what this installation has not been given, beside that of a database that is away.
pub struct NotSetUpProblem;

impl IntoResponses for NotSetUpProblem {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        described(&[(
            503,
            "It is not set up here (`not-set-up`), or the database is away or too busy; see Retry-After",
        )])
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

/// The answer to `if-none-match` that names the answer of now.
pub struct Unchanged;

impl IntoResponses for Unchanged {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let tag = HeaderBuilder::new()
            .schema(Some(Object::with_type(Type::String)))
            .description(Some("Names the answer at hand"))
            .build();
        let response = ResponseBuilder::new()
            .description("The answer at hand still holds")
            .header("etag", tag)
            .build();
        BTreeMap::from([("304".to_owned(), response.into())])
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
