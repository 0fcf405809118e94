//! Serves message certificates as PayPal does: the leaf alone, as PEM, at an address made of its
//! hash. Tests put other answers on the shelf beside it.

use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// What a certificate's address answers.
#[derive(Debug, Clone)]
pub enum Answer {
    /// The certificate.
    Pem(String),
    /// The certificate with CRLF line ends, as some are.
    Crlf(String),
    /// An error page with status 200.
    Html,
    /// 404.
    NotFound,
    /// 302 to somewhere.
    Redirect(String),
    /// The certificate after a while.
    Slow(String, Duration),
    /// This many blanks.
    Large(usize),
}

/// Certificates by id, fixed once served.
#[derive(Debug, Clone, Default)]
pub struct Shelf(HashMap<String, Answer>);

impl Shelf {
    /// With one more answer.
    #[must_use]
    pub fn with(mut self, certificate_id: &str, answer: Answer) -> Self {
        self.0.insert(certificate_id.to_owned(), answer);
        self
    }

    /// The endpoint.
    pub fn router(self) -> Router {
        Router::new()
            .route("/v1/notifications/certs/{id}", get(serve))
            .with_state(Arc::new(self))
    }
}

async fn serve(State(shelf): State<Arc<Shelf>>, Path(id): Path<String>) -> Response {
    let pem =
        |text: String| ([(header::CONTENT_TYPE, "application/x-pem-file")], text).into_response();
    match shelf.0.get(&id).cloned() {
        Some(Answer::Pem(text)) => pem(text),
        Some(Answer::Crlf(text)) => pem(text.replace('\n', "\r\n")),
        Some(Answer::Html) => (
            [(header::CONTENT_TYPE, "text/html")],
            "<html><body>We'll be back soon</body></html>",
        )
            .into_response(),
        Some(Answer::Redirect(place)) => {
            (StatusCode::FOUND, [(header::LOCATION, place)]).into_response()
        }
        Some(Answer::Slow(text, pause)) => {
            tokio::time::sleep(pause).await;
            pem(text)
        }
        Some(Answer::Large(length)) => pem(" ".repeat(length)),
        Some(Answer::NotFound) | None => StatusCode::NOT_FOUND.into_response(),
    }
}
