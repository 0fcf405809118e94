//! What every page of the sandbox has in common: one frame, one style sheet, headers that let
//! nothing from elsewhere in, and an ear for this machine's names only.
//!
//! What is shown here (mails, names somebody typed) is a stranger's text: templates escape it, and
//! no page has a script written into it.

use crate::loopback::is_loopback;
use askama::Template;
use axum::{
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use url::Url;

/// Where the style sheet lies; the certificate endpoint and the mails have their own paths.
pub(crate) const STYLE_PATH: &str = "/assets/sandbox.css";
const STYLE: &str = include_str!("pages/sandbox.css");

/// A page, shown. The templates stand in `templates`, and every text in them is escaped.
pub(crate) fn shown(page: &impl Template) -> Response {
    match page.render() {
        Ok(page) => Html(page).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct Trouble<'a> {
    title: &'a str,
    why: &'a str,
}

/// A page that says what is wrong.
pub(crate) fn trouble(status: StatusCode, title: &str, why: &str) -> Response {
    let mut page = shown(&Trouble { title, why });
    *page.status_mut() = status;
    page
}

/// The style sheet.
pub(crate) async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

/// What a page may load and where its forms may lead, unless it said so itself.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; \
     img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Headers for every answer. Who asks by another name than this machine's is a website whose name
/// was pointed here, and gets no mail to read.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    if !addressed_here(&request) {
        return (
            StatusCode::MISDIRECTED_REQUEST,
            "the sandbox answers to loopback names only\n",
        )
            .into_response();
    }
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(POLICY);
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    answer
}

fn addressed_here(request: &Request) -> bool {
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| {
            request
                .uri()
                .authority()
                .map(|authority| authority.as_str())
        });
    let url = host.and_then(|host| Url::parse(&format!("http://{host}/")).ok());
    url.is_some_and(|url| is_loopback(&url))
}
