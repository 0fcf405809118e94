//! One connection: how it is spoken to, and when it has been quiet or slow for too long.
//!
//! hyper's own header timeout also runs between requests and makes a timer for each of them, so
//! it is off. Instead each connection notes what it is doing in three atomics, and a slow tick
//! looks at them.

use super::{
    Limits,
    body::{AnswerBody, Fate, TimedBody},
    linger::Linger,
    places::Place,
    refused::Refused,
};
use crate::{Shutdown, clock};
use axum::{
    body::Body,
    extract::ConnectInfo,
    http::{Request, Response, StatusCode, Version, header},
};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::MissedTickBehavior,
};
use tower::ServiceExt as _;

/// How often an HTTP/2 peer is asked whether it is still there, and how long it may take.
const PING_INTERVAL: Duration = Duration::from_secs(15);
const PING_PATIENCE: Duration = Duration::from_secs(10);

/// The size of a request's head over HTTP/2, where each of many streams holds one. No client of ours comes
/// near: what may be larger, over HTTP/1.1, is what proxies add.
const HEADER_LIST_BYTES: u32 = 16 * 1024;
/// Headers of one request, as over HTTP/1.1. Each costs memory of its own, however short it is.
const MOST_HEADERS: usize = 100;

/// A tick is never rarer than this, so a bound is overrun by a second at the most.
const SLOWEST_TICK: Duration = Duration::from_secs(1);

/// The application and how it is spoken to.
#[derive(Clone)]
pub(super) struct Server {
    app: axum::Router,
    limits: Arc<Limits>,
    http: Arc<Builder<TokioExecutor>>,
    refused: Arc<Refused>,
}

impl Server {
    pub(super) fn new(app: axum::Router, limits: Limits) -> Self {
        let mut http = Builder::new(TokioExecutor::new());
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(None)
            .max_buf_size(limits.header_bytes);
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.streams)
            .max_header_list_size(HEADER_LIST_BYTES)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_PATIENCE);
        Self {
            app,
            limits: Arc::new(limits),
            http: Arc::new(http),
            refused: Arc::default(),
        }
    }

    /// Answers the requests of one connection until either side ends it, or it is cut. It is one
    /// future for all of that: wrapped in another it would be kept twice, for hours, by each live
    /// channel.
    pub(super) async fn converse(
        self,
        stream: TcpStream,
        _place: Place,
        peer: SocketAddr,
        shutdown: Shutdown,
        cut: Shutdown,
    ) {
        let activity = Arc::new(Activity::new());
        let limits = self.limits.clone();
        let io = TokioIo::new(Watched {
            stream,
            activity: activity.clone(),
            linger: Linger::new(limits.linger),
        });
        let service = service_fn(|request| {
            let busy = Busy::new(&activity);
            answer(self.app.clone(), request, peer, busy, limits.body_read)
        });
        let mut connection = pin!(self.http.serve_connection(io, service));
        let mut shutdown = pin!(shutdown.cancelled());
        let mut cut = pin!(cut.cancelled());
        let mut ending = false;
        let mut tick = tokio::time::interval(
            (limits.header_read / 4).clamp(Duration::from_millis(10), SLOWEST_TICK),
        );
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                ended = &mut connection => {
                    if let Err(error) = ended
                        && !self.refused.note(&*error, peer, clock::monotonic())
                    {
                        tracing::trace!(%peer, %error, "connection ended");
                    }
                    return;
                }
                () = &mut cut => return,
                _ = tick.tick() => {
                    if let Some(reason) = activity.overdue(&limits) {
                        metrics::counter!("http_connections_closed_total", "reason" => reason).increment(1);
                        return;
                    }
                }
                () = &mut shutdown, if !ending => {
                    ending = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

async fn answer(
    app: axum::Router,
    request: Request<Incoming>,
    peer: SocketAddr,
    busy: Busy,
    patience: Duration,
) -> Result<Response<AnswerBody>, Infallible> {
    if request.headers().len() > MOST_HEADERS {
        metrics::counter!("http_connections_closed_total", "reason" => "many_headers").increment(1);
        let detail = "the request has more than 100 headers";
        let refused = problem(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail);
        return Ok(refused.map(|body| AnswerBody::new(body, busy)));
    }
    let fate = Fate::default();
    let is_http_1 = request.version() <= Version::HTTP_11;
    let mut request = request.map(|body| Body::new(TimedBody::new(body, patience, fate.clone())));
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = app.oneshot(request).await?;
    // An application that looked at the reason has said 408, or 503 to a sender that repeats.
    let has_said = [StatusCode::REQUEST_TIMEOUT, StatusCode::SERVICE_UNAVAILABLE];
    let mut response = if fate.out_of_time() && !has_said.contains(&response.status()) {
        // What an application that does not look at the reason would have called a bad body.
        problem(
            StatusCode::REQUEST_TIMEOUT,
            "the request body did not arrive in time",
        )
    } else {
        response
    };
    // HTTP/2 resets the stream and goes on; here what still comes stands before the next request.
    if is_http_1 && fate.given_up() {
        busy.expect_more();
        let close = header::HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    Ok(response.map(|body| AnswerBody::new(body, busy)))
}

fn problem(status: StatusCode, detail: &str) -> Response<Body> {
    let (title, code) = (
        status.canonical_reason().unwrap_or_default(),
        status.as_u16(),
    );
    let problem = format!(
        r#"{{"type":"about:blank","title":"{title}","status":{code},"detail":"{detail}"}}"#
    );
    let mut response = Response::new(Body::from(problem));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/problem+json"),
    );
    response
}

/// What a connection is doing. Times are milliseconds since it was accepted; zero means never.
struct Activity {
    accepted: Instant,
    /// Requests whose answer is not yet sent.
    active: AtomicUsize,
    /// When the last answer ended, or the connection began.
    quiet_since: AtomicU64,
    /// When the first byte of a head came that has not become a request yet.
    head_since: AtomicU64,
    /// Since when the client has not taken what we write.
    stuck_since: AtomicU64,
    /// HTTP/2 talks between requests (settings, windows, pings), so its bytes start no head.
    framed: AtomicBool,
    spoken: AtomicBool,
    /// A request was answered before all of its body had come.
    more_to_come: AtomicBool,
}

impl Activity {
    fn new() -> Self {
        Self {
            accepted: clock::monotonic(),
            active: AtomicUsize::new(0),
            quiet_since: AtomicU64::new(0),
            head_since: AtomicU64::new(0),
            stuck_since: AtomicU64::new(0),
            framed: AtomicBool::new(false),
            spoken: AtomicBool::new(false),
            more_to_come: AtomicBool::new(false),
        }
    }

    fn now(&self) -> u64 {
        let elapsed = clock::monotonic().duration_since(self.accepted).as_millis();
        u64::try_from(elapsed).unwrap_or(u64::MAX).max(1)
    }

    /// Which bound the connection has overrun, if any.
    fn overdue(&self, limits: &Limits) -> Option<&'static str> {
        let now = self.now();
        let over = |since: &AtomicU64, bound: Duration| {
            let since = since.load(Relaxed);
            since > 0 && u128::from(now.saturating_sub(since)) > bound.as_millis()
        };
        if over(&self.stuck_since, limits.idle) {
            return Some("answer_not_read");
        }
        if self.active.load(Relaxed) > 0 {
            return None;
        }
        if !self.framed.load(Relaxed) && over(&self.head_since, limits.header_read) {
            return Some("slow_head");
        }
        let quiet = u128::from(now.saturating_sub(self.quiet_since.load(Relaxed)));
        (quiet > limits.idle.as_millis()).then_some("idle")
    }

    fn received(&self, bytes: &[u8]) {
        if !self.spoken.swap(true, Relaxed) {
            self.framed.store(bytes.starts_with(b"PRI"), Relaxed);
        }
        let may_begin = self.active.load(Relaxed) == 0 && !self.more_to_come.load(Relaxed);
        if may_begin && self.head_since.load(Relaxed) == 0 {
            self.head_since.store(self.now(), Relaxed);
        }
    }

    fn wrote<T>(&self, poll: Poll<T>) -> Poll<T> {
        if poll.is_ready() {
            if self.stuck_since.load(Relaxed) != 0 {
                self.stuck_since.store(0, Relaxed);
            }
        } else if self.stuck_since.load(Relaxed) == 0 {
            self.stuck_since.store(self.now(), Relaxed);
        }
        poll
    }
}

/// A request in progress, from its head to the last byte of its answer.
pub(super) struct Busy(Arc<Activity>);

impl Busy {
    fn new(activity: &Arc<Activity>) -> Self {
        activity.active.fetch_add(1, Relaxed);
        activity.head_since.store(0, Relaxed);
        Self(activity.clone())
    }

    /// This request's body has not all come.
    fn expect_more(&self) {
        self.0.more_to_come.store(true, Relaxed);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.quiet_since.store(self.0.now(), Relaxed);
        self.0.active.fetch_sub(1, Relaxed);
    }
}

/// A socket that notes when it speaks.
struct Watched {
    stream: TcpStream,
    activity: Arc<Activity>,
    linger: Linger,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let poll = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.activity.received(&buffer.filled()[before..]);
        }
        poll
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.activity.wrote(poll)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.activity.wrote(poll)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.activity.more_to_come.load(Relaxed) {
            return Pin::new(&mut self.stream).poll_shutdown(context);
        }
        let Self { stream, linger, .. } = &mut *self;
        linger.poll_close(stream, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_overdue_by_what_it_is_doing() {
        let limits = Limits {
            header_read: Duration::from_secs(5),
            idle: Duration::from_secs(10),
            ..Limits::default()
        };
        // As if it had been accepted a while ago.
        let accepted = |ago| Activity {
            accepted: clock::monotonic()
                .checked_sub(Duration::from_secs(ago))
                .unwrap(),
            ..Activity::new()
        };
        assert_eq!(accepted(7).overdue(&limits), None);
        assert_eq!(accepted(50).overdue(&limits), Some("idle"));
        let with_head = accepted(7);
        with_head.head_since.store(1, Relaxed);
        assert_eq!(with_head.overdue(&limits), Some("slow_head"));
        let framed = accepted(7);
        framed.received(b"PRI * HTTP/2.0");
        framed.head_since.store(1, Relaxed);
        assert_eq!(framed.overdue(&limits), None);
        let working = Arc::new(accepted(50));
        let busy = Busy::new(&working);
        assert_eq!(working.overdue(&limits), None);
        let _ = working.wrote(Poll::<()>::Pending);
        working.stuck_since.store(1, Relaxed);
        assert_eq!(working.overdue(&limits), Some("answer_not_read"));
        drop(busy);
    }
}
