//! What every request passes on its way in and every answer on its way out: an id, a count, the
//! headers that keep browsers safe, and the body of a problem.

use crate::{Api, origin::address_of, problem::Problem, viewer::is_same_origin};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use frontdesk_process::clock;
use std::{
    fmt::Write as _,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// The header that carries a request's id. Ours always: one from outside would let a stranger
/// write into our logs.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// No inline script, nothing from elsewhere, in nobody's frame. Styles may be inline because
/// dialogs and charts set their sizes so; that cannot run anything.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; media-src 'self'; connect-src 'self'; manifest-src 'self'; \
    base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Two years: browsers then never try http again.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=63072000; includeSubDomains";

const FIXED_HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=()",
    ),
];

/// What a page of another listed origin logs in with and stays logged in with. They take no cookie and set
/// none, so nothing can be forged: whoever asks brings the password or the token along.
const OF_PROGRAMS: [&str; 2] = ["/api/auth/token", "/api/auth/refresh"];

/// The outermost layer.
pub async fn pass(State(api): State<Api>, request: Request, next: Next) -> Response {
    let id = next_request_id();
    let started = clock::monotonic();
    let is_api = is_api(request.uri().path());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let mut response = settled(next.run(request).await, is_api, &id);
    protect(response.headers_mut(), is_api, api.access().https);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status();
    if status.is_server_error() {
        tracing::warn!(request = id, status = status.as_u16(), %method, route = route.as_ref().map_or("-", |route| route.as_str()), "answered with an error");
    }
    // A path of a stranger's choosing must not become a label: each would be kept for ever.
    let route = route.map_or_else(
        || if is_api { "unknown" } else { "dashboard" }.to_owned(),
        |route| route.as_str().to_owned(),
    );
    metrics::histogram!("api_request_seconds", "route" => route, "status" => class(status))
        .record(started.elapsed().as_secs_f64());
    response
}

/// Refuses what is refused whatever it asks for. Behind the layer that says which origins may read, or a
/// page of one could not even read that it is to slow down.
pub async fn refuse(State(api): State<Api>, request: Request, next: Next) -> Response {
    match refused(&api, &request) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

/// The dashboard's files are not counted: they cost nothing.
fn refused(api: &Api, request: &Request) -> Option<Problem> {
    if !is_api(request.uri().path()) {
        return None;
    }
    let address = address_of(api, request.extensions(), request.headers());
    if let Err(problem) = api.limits().request(address, clock::monotonic()) {
        return Some(problem);
    }
    is_forged(api, request).then(Problem::cross_site)
}

/// Whether a page of another site made a browser send a change: by its session, or to log somebody in
/// as somebody else. Programs send neither header, and what carries `Authorization` no page can forge.
fn is_forged(api: &Api, request: &Request) -> bool {
    let headers = request.headers();
    let from_a_browser =
        headers.contains_key("sec-fetch-site") || headers.contains_key(header::ORIGIN);
    !request.method().is_safe()
        && !headers.contains_key(header::AUTHORIZATION)
        && from_a_browser
        && !is_same_origin(api.access(), headers)
        && !is_of_a_listed_page(api, request)
}

/// Whether a page of a listed origin logs itself in.
fn is_of_a_listed_page(api: &Api, request: &Request) -> bool {
    let origin = request.headers().get(header::ORIGIN);
    OF_PROGRAMS.contains(&request.uri().path())
        && origin.is_some_and(|origin| api.access().cors_origins.contains(origin))
}

/// Whether a path belongs to the API and not to the dashboard.
pub(crate) fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

/// Gives a problem its body. An error that some library answered gets one too.
fn settled(mut response: Response, is_api: bool, id: &str) -> Response {
    let problem = match response.extensions_mut().remove::<Problem>() {
        Some(problem) => problem,
        None if is_api
            && (response.status().is_client_error() || response.status().is_server_error()) =>
        {
            Problem::of_status(response.status())
        }
        None => return response,
    };
    let mut rendered = problem.render(id);
    for name in [
        header::ALLOW,
        header::VARY,
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
    ] {
        if let Some(value) = response.headers_mut().remove(&name) {
            rendered.headers_mut().insert(name, value);
        }
    }
    rendered
}

fn protect(headers: &mut HeaderMap, is_api: bool, https: bool) {
    for (name, value) in FIXED_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if https {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static(STRICT_TRANSPORT_SECURITY),
        );
    }
    if is_api {
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
}

fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

/// Unique in this process and, by the part drawn at its start, among processes.
fn next_request_id() -> String {
    static START: LazyLock<String> =
        LazyLock::new(|| uuid::Uuid::new_v4().simple().to_string()[..12].to_owned());
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let mut id = String::with_capacity(24);
    write!(id, "{}-{:x}", *START, COUNT.fetch_add(1, Ordering::Relaxed))
        .expect("a String takes any text");
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dashboard_is_not_the_api() {
        for path in ["/api", "/api/", "/api/calls", "/api/nothing"] {
            assert!(is_api(path), "{path}");
        }
        for path in ["/", "/apis", "/calls", "/assets/api/x.js"] {
            assert!(!is_api(path), "{path}");
        }
    }

    #[test]
    fn ids_of_requests_differ() {
        assert_ne!(next_request_id(), next_request_id());
    }
}
