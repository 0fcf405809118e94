//! A JSON answer, written once into a buffer of about the right size.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Writes `value` as JSON. `size` is a guess of its bytes: a good one saves the copies of a
/// growing buffer.
pub(crate) fn written(value: &impl Serialize, size: usize) -> Bytes {
    let mut body = Vec::with_capacity(size);
    serde_json::to_writer(&mut body, value).expect("answers are plain data with string keys");
    body.into()
}

/// Answers with JSON that is written already.
pub(crate) fn json(body: Bytes) -> Response {
    (
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )],
        body,
    )
        .into_response()
}

/// Answers with JSON and sets cookies.
pub(crate) fn with_cookies(
    status: StatusCode,
    value: &impl Serialize,
    cookies: impl IntoIterator<Item = HeaderValue>,
) -> Response {
    let mut response = json(written(value, 1024));
    *response.status_mut() = status;
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Answers that it is done, and sets a cookie.
pub(crate) fn done_with_cookie(cookie: Option<HeaderValue>) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Writes `value`, which is somebody's own, as JSON; for a program with an entity tag, or only saying
/// that it has it already. For answers that seldom change: an answer with freshness in it changes with
/// every event.
///
/// A browser is told to keep nothing (`no-store`): what it keeps lies on a disk that others use, also
/// after signing out. So a tag would be of no use to it, and it gets none. A program has no store but its
/// own memory; an agent asks the same at every call, and the tag spares it the answer. No cache between
/// may keep what was asked for with `Authorization` unless it is told so, and `private` tells it not to.
pub(crate) fn tagged(request: &HeaderMap, value: &impl Serialize) -> Response {
    let body = serde_json::to_vec(value).expect("answers are plain data with string keys");
    if is_of_a_program(request) {
        return tagged_bytes(request, body);
    }
    let mut answer = json(body.into());
    answer
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Also a page of another origin sends `Authorization`, and a browser would keep its answers.
fn is_of_a_program(request: &HeaderMap) -> bool {
    let is_from_a_browser =
        request.contains_key("sec-fetch-site") || request.contains_key(header::ORIGIN);
    request.contains_key(header::AUTHORIZATION) && !is_from_a_browser
}

/// JSON that is nobody's own and there already, with an entity tag for everybody.
pub(crate) fn tagged_bytes(request: &HeaderMap, body: Vec<u8>) -> Response {
    let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&body)[..12]));
    let known = request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|list| {
            list.split(',')
                .map(|tag| tag.trim().trim_start_matches("W/"))
                .any(|known| known == tag || known == "*")
        });
    let value = HeaderValue::from_str(&tag).expect("a quoted hex string is a header value");
    // Whoever keeps it asks each time; what it may not do is answer from it unasked.
    let headers = [
        (header::ETAG, value),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        ),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    (
        headers,
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )],
        body,
    )
        .into_response()
}
