//! `GET /api/live`: what changed in the viewer's account, as server-sent events. It carries ids only; the
//! dashboard asks the API again, so a lost or repeated message costs nothing.
//!
//! One subscription to NATS serves all listeners of the process ([`hub`]), each change goes to those it concerns
//! ([`listeners`]), gathered a moment for each account ([`gathered`]), and a stream ends with the right to hear it
//! ([`rights`]). Whenever something may have been missed, by us or by a slow listener, the listener is told to ask
//! for everything anew.

mod gathered;
mod hub;
mod listeners;
mod rights;

use crate::{
    Api,
    parameters::Parameters,
    problem::{Problem, ReadProblems},
    viewer::{Database, Right, Viewer},
};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};
use frontdesk_events::nats::Connection;
use frontdesk_process::{Shutdown, health::Health};
use listeners::Listeners;
use std::sync::Arc;

/// The live channel of this process.
pub(crate) struct Live(Arc<Listeners>);

impl Live {
    /// Subscribes in the background.
    pub(crate) fn start(
        nats: Connection,
        database: Database,
        health: Health,
        shutdown: Shutdown,
    ) -> Self {
        let listeners = Arc::new(Listeners::default());
        let all = ClosedAtEnd(listeners.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = hub::run(nats, &all.0, health) => {}
                () = hub::beat(&all.0) => {}
                () = rights::watch(database, &all.0) => {}
            }
        });
        Self(listeners)
    }
}

/// Ends every stream once nobody tells or watches any more, at shutdown or after a panic: a stream that is
/// open says that changes come.
struct ClosedAtEnd(Arc<Listeners>);

impl Drop for ClosedAtEnd {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Follows the changes of the account.
///
/// `hello` at the start; `calls` and `billing` with `{"ids": […]}` whenever rows of the account changed; `resync`
/// when changes may have been missed and everything should be fetched anew; a comment every 15
/// seconds. A reconnect with `Last-Event-ID` is answered with `resync`. An API key hears of billing when it has the
/// scope to read it; administrators also hear of calls that nobody owns. A person or key may follow 16 times at
/// once, and an account be followed 128 times: 429 beyond. The stream ends within seconds of the right to hear it:
/// sign-out, suspension, another account, a key that was revoked, an access token that is over.
#[utoipa::path(
    get, operation_id = "follow_changes", path = "/api/live", tag = "live",
    params(("last-event-id" = Option<String>, Header, description = "Sent by browsers when they reconnect")),
    responses((status = 200, description = "Server-sent events", content_type = "text/event-stream", body = String), ReadProblems)
)]
pub async fn follow(
    State(api): State<Api>,
    viewer: Viewer,
    given: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadCalls)?;
    given.finish()?;
    let came_back = headers.contains_key(HeaderName::from_static("last-event-id"));
    let listener = api.live().0.sit(viewer, came_back)?;
    let mut response = Response::new(Body::from_stream(listener));
    let fixed = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // nginx would hold events back until its buffer is full.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    for (name, value) in fixed {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
