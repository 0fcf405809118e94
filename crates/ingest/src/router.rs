//! The routes, and the edge they share: read the body, ask the sender's module, answer.

use crate::{
    Ingest, agents,
    body::{self, Received},
    counts::{Counts, Sender},
    livekit, paypal,
    rejection::Rejection,
};
use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use frontdesk_events::StreamName;
use std::net::SocketAddr;

/// LiveKit's metadata and attributes alone may be 576 KiB. What the route takes the stream takes too:
/// LiveKit would hold a 413 for delivered.
const LIVEKIT_BODY: usize = StreamName::LARGEST_DATA;
/// PayPal's real bodies are 1–5 KiB.
const PAYPAL_BODY: usize = 256 * 1024;
const EVENTS_BODY: usize = StreamName::LARGEST_DATA;

/// Without a fallback, so that another application can stand beside them.
pub(crate) fn routes(ingest: &Ingest) -> Router {
    let livekit = post(from_livekit).fallback(async || WRONG_METHOD.answer(Sender::LiveKit));
    let paypal = post(from_paypal).fallback(async || WRONG_METHOD.answer(Sender::PayPal));
    let agents = post(from_agents).fallback(async || WRONG_METHOD.answer(Sender::Agent));
    Router::new()
        .route("/webhooks/livekit", livekit)
        .route("/webhooks/paypal", paypal.clone())
        // The address the earlier service gave to PayPal.
        .route("/api/webhooks/paypal", paypal)
        .route("/events", agents)
        .with_state(ingest.clone())
}

const WRONG_METHOD: Rejection = Rejection::WrongMethod;

/// What ingest's own listener answers under every other path.
pub(crate) async fn not_found() -> Response {
    // Whoever comes here is no sender we know; an agent is the likeliest.
    Rejection::NotFound.answer(Sender::Agent)
}

async fn from_livekit(State(ingest): State<Ingest>, request: Request) -> Response {
    let edge = Edge::new(&ingest, Sender::LiveKit, &request);
    edge.answer(async {
        let (headers, received) = edge.read(request, LIVEKIT_BODY).await?;
        livekit::receive(&ingest.0, &headers, received.bytes).await?;
        Ok(StatusCode::OK.into_response())
    })
    .await
}

async fn from_paypal(State(ingest): State<Ingest>, request: Request) -> Response {
    let edge = Edge::new(&ingest, Sender::PayPal, &request);
    edge.answer(async {
        let (headers, received) = edge.read(request, PAYPAL_BODY).await?;
        paypal::receive(&ingest.0, &headers, received.bytes).await?;
        Ok(StatusCode::OK.into_response())
    })
    .await
}

async fn from_agents(State(ingest): State<Ingest>, request: Request) -> Response {
    let edge = Edge::new(&ingest, Sender::Agent, &request);
    edge.answer(async {
        let (headers, received) = edge.read(request, EVENTS_BODY).await?;
        agents::receive(&ingest.0, &headers, received.bytes).await
    })
    .await
}

/// One request at the edge: who sends it, and from where.
struct Edge<'a> {
    ingest: &'a Ingest,
    sender: Sender,
    peer: Option<SocketAddr>,
}

impl<'a> Edge<'a> {
    fn new(ingest: &'a Ingest, sender: Sender, request: &Request) -> Self {
        let peer = request
            .extensions()
            .get::<ConnectInfo<SocketAddr>>()
            .map(|peer| peer.0);
        Self {
            ingest,
            sender,
            peer,
        }
    }

    async fn read(
        &self,
        request: Request<Body>,
        limit: usize,
    ) -> Result<(HeaderMap, Received<'a>), Rejection> {
        let (parts, body) = request.into_parts();
        let received = body::read(&parts.headers, body, limit, &self.ingest.0.memory).await?;
        Ok((parts.headers, received))
    }

    /// The one place where a rejection is counted, logged and turned into an answer.
    async fn answer(&self, receive: impl Future<Output = Result<Response, Rejection>>) -> Response {
        match receive.await {
            Ok(response) => response,
            Err(rejection) => {
                Counts::rejected(self.sender, rejection.reason());
                rejection.log(self.sender, self.peer);
                rejection.answer(self.sender)
            }
        }
    }
}
