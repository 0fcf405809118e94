//! The built dashboard: files with hashed names for ever, the page itself never from a cache.
//!
//! The page is what any unknown address shows to a browser that navigates there, because the
//! dashboard has its own routes. A missing script is not a navigation: answering it with a page
//! would hide the mistake.

use crate::{Api, edge::is_api, problem::Problem};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, Uri, header},
    response::{IntoResponse as _, Response},
};
use std::path::Path;
use tower::ServiceExt as _;
use tower_http::services::ServeDir;

/// Where the build puts files whose names hold a hash of their content.
const HASHED: &str = "/assets/";

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_EACH_TIME: HeaderValue = HeaderValue::from_static("no-cache");

/// A directory with a built dashboard.
pub struct Dashboard {
    files: ServeDir,
}

impl Dashboard {
    /// Looks whether there is one. The build puts `.br` and `.gz` beside what is worth it.
    #[must_use]
    pub fn open(directory: &Path) -> Option<Self> {
        if !directory.join("index.html").is_file() {
            tracing::warn!(directory = %directory.display(), "no dashboard there (WEB_DIR); serving the API alone");
            return None;
        }
        let files = ServeDir::new(directory)
            .precompressed_br()
            .precompressed_gzip()
            .append_index_html_on_directories(false);
        Some(Self { files })
    }

    async fn file(&self, method: &Method, headers: &HeaderMap, uri: Uri) -> Response {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method.clone();
        *request.headers_mut() = headers.clone();
        *request.uri_mut() = uri;
        match self.files.clone().oneshot(request).await {
            Ok(response) => response.map(Body::new),
            Err(never) => match never {},
        }
    }
}

/// Everything that is not a route of the API.
pub async fn serve(State(api): State<Api>, request: Request) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    let Some(dashboard) = api.web().filter(|_| !is_api(path)) else {
        return Problem::not_found("there is nothing at this path").into_response();
    };
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Problem::not_found("there is nothing at this path for this method").into_response();
    }
    let hashed = path.starts_with(HASHED);
    let mut response = if is_page(path) {
        dashboard
            .file(method, request.headers(), Uri::from_static("/index.html"))
            .await
    } else {
        dashboard
            .file(method, request.headers(), request.uri().clone())
            .await
    };
    if response.status().is_client_error()
        || response.status().is_redirection() && !is_not_modified(&response)
    {
        if !is_navigation(request.headers()) || hashed {
            return Problem::not_found("there is no such file in the dashboard").into_response();
        }
        response = dashboard
            .file(method, request.headers(), Uri::from_static("/index.html"))
            .await;
    }
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        if hashed { FOR_EVER } else { ASK_EACH_TIME },
    );
    response
}

fn is_page(path: &str) -> bool {
    path == "/" || path == "/index.html"
}

fn is_not_modified(response: &Response) -> bool {
    response.status() == axum::http::StatusCode::NOT_MODIFIED
}

/// Whether a browser opens this as a page.
fn is_navigation(headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    match text("sec-fetch-mode") {
        Some(mode) => mode == "navigate",
        None => text("accept").is_some_and(|accept| accept.contains("text/html")),
    }
}
