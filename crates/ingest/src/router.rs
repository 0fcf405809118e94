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

/// LiveKit takes a 413 as delivered. Its largest events carry a whole room and a whole participant: twice
/// 512 KiB of metadata and 64 KiB of attributes, in JSON up to twice that. What of it is too large for the
/// stream is left out ([`livekit::receive`]).
const LIVEKIT_BODY: usize = 3 * 1024 * 1024;
/// PayPal's real bodies are 1–5 KiB.
const PAYPAL_BODY: usize = 256 * 1024;
const EVENTS_BODY: usize = StreamName::LARGEST_DATA;

/// Without a fallback, so that another application can stand beside them.
pub(crate) fn routes(ingest: &Ingest) -> Router {
    let livekit = post(from_livekit)
        .fallback(async |request: Request| wrong_method(Sender::LiveKit, &request));
    let paypal =
        post(from_paypal).fallback(async |request: Request| wrong_method(Sender::PayPal, &request));
    let agents =
        post(from_agents).fallback(async |request: Request| wrong_method(Sender::Agent, &request));
    Router::new()
        .route("/webhooks/livekit", livekit)
        .route("/webhooks/paypal", paypal.clone())
        // The address the earlier service gave to PayPal.
        .route("/api/webhooks/paypal", paypal)
        .route("/events", agents)
        .with_state(ingest.clone())
}

fn wrong_method(sender: Sender, request: &Request) -> Response {
    refuse(&Rejection::WrongMethod, sender, peer(request))
}

/// What ingest's own listener answers under every other path.
pub(crate) async fn not_found(request: Request) -> Response {
    let sender = meant_for(request.uri().path());
    refuse(&Rejection::NotFound, sender, peer(&request))
}

/// Whose URL is set wrong, by a path that is nearly a right one: a slash at its end, or two at its
/// beginning. Of all others an agent is the likeliest.
fn meant_for(path: &str) -> Sender {
    let path = path.to_ascii_lowercase();
    if path.contains("/webhooks/livekit") {
        Sender::LiveKit
    } else if path.contains("/webhooks/paypal") {
        Sender::PayPal
    } else {
        Sender::Agent
    }
}

/// The one place where a rejection is counted, logged and turned into an answer.
fn refuse(rejection: &Rejection, sender: Sender, peer: Option<SocketAddr>) -> Response {
    Counts::rejected(sender, rejection.reason());
    rejection.log(sender, peer);
    rejection.answer(sender)
}

fn peer(request: &Request) -> Option<SocketAddr> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    peer.map(|peer| peer.0)
}

async fn from_livekit(State(ingest): State<Ingest>, request: Request) -> Response {
    let edge = Edge::new(&ingest, Sender::LiveKit, &request);
    edge.answer(async {
        let token = livekit::token(&ingest.0, request.headers())?;
        let (_, received) = edge.read(request, LIVEKIT_BODY).await?;
        livekit::receive(&ingest.0, token, received.bytes).await?;
        Ok(StatusCode::OK.into_response())
    })
    .await
}

async fn from_paypal(State(ingest): State<Ingest>, request: Request) -> Response {
    let edge = Edge::new(&ingest, Sender::PayPal, &request);
    edge.answer(async {
        paypal::look(request.headers())?;
        let (headers, received) = edge.read(request, PAYPAL_BODY).await?;
        paypal::receive(&ingest.0, &headers, received.bytes).await?;
        Ok(StatusCode::OK.into_response())
    })
    .await
}

async fn from_agents(State(ingest): State<Ingest>, request: Request) -> Response {
    let edge = Edge::new(&ingest, Sender::Agent, &request);
    edge.answer(async {
        let agent = ingest.0.agents.authenticate(request.headers())?;
        let (headers, received) = edge.read(request, EVENTS_BODY).await?;
        agents::receive(&ingest.0, &agent, &headers, received.bytes).await
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
        Self {
            ingest,
            sender,
            peer: peer(request),
        }
    }

    async fn read(
        &self,
        request: Request<Body>,
        limit: usize,
    ) -> Result<(HeaderMap, Received<'a>), Rejection> {
        let (parts, body) = request.into_parts();
        // Whoever sends for PayPal has proved nothing yet.
        let memory = match self.sender {
            Sender::PayPal => &self.ingest.0.strangers,
            _ => &self.ingest.0.memory,
        };
        let received = body::read(&parts.headers, body, limit, memory).await?;
        Ok((parts.headers, received))
    }

    async fn answer(&self, receive: impl Future<Output = Result<Response, Rejection>>) -> Response {
        match receive.await {
            Ok(response) => response,
            Err(rejection) => refuse(&rejection, self.sender, self.peer),
        }
    }
}
