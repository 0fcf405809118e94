//! `GET /api/live`: what changed, as server-sent events. It carries ids only; the dashboard asks
//! the API again, so a lost or repeated message costs nothing.
//!
//! One subscription to NATS serves all listeners of the process. Whenever something may have been
//! missed, by us or by a slow listener, the listener is told to ask for everything anew.

mod hub;

use crate::{
    Api,
    parameters::Parameters,
    problem::{Problem, ReadProblems},
    viewer::{Right, Viewer},
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use frontdesk_events::nats::Connection;
use frontdesk_process::{Shutdown, health::Health};
use futures::{Stream, StreamExt as _, stream};
use hub::Told;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};

/// How often a silent stream says that it lives; proxies cut what is silent for 30 s and more.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How soon a browser comes back after the stream ended.
const COME_BACK: Duration = Duration::from_secs(1);

/// Streams at once. Each holds a connection for hours; the rest of the listener's connections
/// must stay for requests.
const MOST_LISTENERS: usize = 512;

/// How far a listener may fall behind before it is told to ask anew: a few seconds of the
/// busiest stream.
const BACKLOG: usize = 256;

/// The live channel of this process.
pub(crate) struct Live {
    told: broadcast::Sender<Arc<Told>>,
    places: Arc<Semaphore>,
    shutdown: Shutdown,
}

impl Live {
    /// Subscribes in the background.
    pub(crate) fn start(nats: Connection, health: Health, shutdown: Shutdown) -> Self {
        let (told, _) = broadcast::channel(BACKLOG);
        tokio::spawn(hub::run(nats, told.clone(), health, shutdown.clone()));
        Self {
            told,
            places: Arc::new(Semaphore::new(MOST_LISTENERS)),
            shutdown,
        }
    }
}

/// Follows changes.
///
/// `hello` at the start; `calls` and `billing` with `{"ids": […]}` whenever rows changed; `resync`
/// when changes may have been missed and everything should be fetched anew; a comment every 15
/// seconds. A reconnect with `Last-Event-ID` is answered with `resync`.
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
    let live = api.live();
    let Ok(place) = Arc::clone(&live.places).try_acquire_owned() else {
        return Err(Problem::unavailable("too many pages follow already"));
    };
    metrics::gauge!("api_live_listeners").increment(1.0);
    let listener = Listener {
        told: live.told.subscribe(),
        shutdown: live.shutdown.clone(),
        _place: Place(place),
    };
    let came_back = headers.contains_key(HeaderName::from_static("last-event-id"));
    let first = [
        Some(Event::default().event("hello").retry(COME_BACK).data("{}")),
        came_back.then(resync),
    ];
    let events = stream::iter(first.into_iter().flatten())
        .chain(listener.events())
        .map(Ok::<_, Infallible>);
    let mut response = Sse::new(events)
        .keep_alive(KeepAlive::new().interval(HEARTBEAT).text("heartbeat"))
        .into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // nginx would hold events back until its buffer is full.
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(response)
}

fn resync() -> Event {
    Event::default().event("resync").data("{}")
}

/// One place among the listeners; given back when the connection ends, however it ends.
struct Place(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

impl Drop for Place {
    fn drop(&mut self) {
        metrics::gauge!("api_live_listeners").decrement(1.0);
    }
}

struct Listener {
    told: broadcast::Receiver<Arc<Told>>,
    shutdown: Shutdown,
    _place: Place,
}

impl Listener {
    /// Ends at shutdown.
    fn events(self) -> impl Stream<Item = Event> {
        stream::unfold(self, async |mut listener| {
            let received = tokio::select! {
                () = listener.shutdown.cancelled() => return None,
                received = listener.told.recv() => received,
            };
            let event = match received {
                Ok(told) => match &*told {
                    Told::Changed {
                        topic,
                        number,
                        body,
                    } => Event::default().event(topic).id(number).data(body),
                    Told::Resync => resync(),
                },
                Err(broadcast::error::RecvError::Lagged(_)) => resync(),
                Err(broadcast::error::RecvError::Closed) => return None,
            };
            Some((event, listener))
        })
    }
}
