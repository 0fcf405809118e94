//! The hardened HTTP listener, one for every role that answers HTTP.
//!
//! `axum::serve` waits for ever for a head, a body or the next request. Here every wait has an
//! end and every count a bound, so that a sender that is slow on purpose costs a socket for
//! seconds and nothing else. What a request *means* is the application's: this file knows no
//! route and refuses no method. Bodies are bounded in time here and in size by each route.

mod body;
mod connection;
mod linger;
mod places;
mod refused;

pub use body::BodyTimedOut;

use crate::{Shutdown, insiders::Network};
use futures::future::BoxFuture;
use places::Connections;
use std::{net::SocketAddr, time::Duration};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::task::TaskTracker;

/// How long open requests may take to end at shutdown. It is shorter than the grace of the
/// whole process, so that a role can still drain what they left.
const GRACE: Duration = Duration::from_secs(5);

/// How many connections may wait in the kernel's queue. The default of 128 overflows when a few
/// hundred senders come back at once, and each that does not fit tries again a second later.
const BACKLOG: u32 = 1024;

/// How long to leave the accept queue alone when the process has no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The bounds of one listener.
#[derive(Debug, Clone)]
pub struct Limits {
    /// From the first byte of a request's head to its last.
    pub header_read: Duration,
    /// From a request's head to the last byte of its body, and a second more for each 64 KiB that
    /// came; then the answer is 408, or the application's own.
    pub body_read: Duration,
    /// How long to go on reading, and throwing away, what a client still sends after it was
    /// answered. Closing at once would reset the connection, and the client lose the answer.
    pub linger: Duration,
    /// How long a connection may stay open without a request, before its first one too, and how
    /// long a client may refuse to read an answer. Clients open connections ahead of need, so a
    /// new one that is silent is not hurried.
    pub idle: Duration,
    /// The size of a request's head in bytes.
    pub header_bytes: usize,
    /// Connections at once. Above it new ones wait in the kernel's queue. Three quarters may be live
    /// channels, which stay for hours; the rest is for requests.
    pub connections: usize,
    /// Connections at once from one address, or from one subnet (/64) of the newer kind. Above it
    /// new ones are closed at once. Loopback is exempt: a proxy or a load generator on this machine
    /// speaks for many.
    pub connections_per_address: usize,
    /// Who else speaks for many and is exempt: our proxies.
    pub proxies: Vec<Network>,
    /// Requests at once on one HTTP/2 connection.
    pub streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_read: Duration::from_secs(5),
            body_read: Duration::from_secs(10),
            linger: Duration::from_secs(5),
            idle: Duration::from_secs(30),
            header_bytes: 64 * 1024,
            connections: 2048,
            connections_per_address: 64,
            proxies: Vec::new(),
            streams: 32,
        }
    }
}

/// Opens a listener whose queue is long enough for [`Limits::connections`].
///
/// # Errors
/// When the address cannot be had.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A restart must not wait for the connections of the last run to be forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves `app` until shutdown, then lets open requests end within a few seconds. The peer's
/// address is in the request as `axum::extract::ConnectInfo<SocketAddr>`. Boxed, so that it is compiled
/// here and not in every program that awaits it.
///
/// # Errors
/// When the listener itself is broken.
#[must_use = "nothing happens until it is awaited"]
pub fn serve(
    listener: TcpListener,
    app: axum::Router,
    limits: Limits,
    shutdown: Shutdown,
) -> BoxFuture<'static, anyhow::Result<()>> {
    Box::pin(accept(listener, app, limits, shutdown))
}

async fn accept(
    listener: TcpListener,
    app: axum::Router,
    limits: Limits,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "listening");
    let connections = Connections::new(&limits);
    let silence = limits.idle;
    let server = connection::Server::new(app, limits);
    let tasks = TaskTracker::new();
    let abort = Shutdown::new();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            // The permit first: a connection that cannot be served stays in the kernel's queue.
            accepted = async { (connections.free().await, listener.accept().await) } => accepted,
        };
        let (free, Ok((stream, peer))) = accepted else {
            tracing::warn!("accepting a connection failed; out of file descriptors?");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Some(place) = connections.admit(free, peer) else {
            metrics::counter!("http_connections_refused_total", "reason" => "per_address")
                .increment(1);
            continue;
        };
        let quick = quick(stream, peer, silence);
        let task = server
            .clone()
            .converse(quick, place, peer, shutdown.clone(), abort.clone());
        tasks.spawn(task);
    }
    drop(listener);
    tasks.close();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        tracing::info!(%address, open = tasks.len(), "cutting connections that did not end in time");
        abort.cancel();
        tasks.wait().await;
    }
    Ok(())
}

/// Without Nagle's algorithm: an answer is one small write, and waiting for an ack before it
/// would add 40 ms to every second webhook of a connection. And over when the peer takes nothing for
/// as long as a connection may idle: one that is gone without a word would keep its live channel for
/// a quarter of an hour, for what is written to it still fits the kernel's buffer.
fn quick(stream: TcpStream, peer: SocketAddr, silence: Duration) -> TcpStream {
    let set = stream
        .set_nodelay(true)
        .and_then(|()| socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(silence)));
    if let Err(error) = set {
        tracing::debug!(%peer, %error, "options of a connection not set");
    }
    stream
}
