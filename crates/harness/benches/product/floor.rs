//! The floor below every HTTP figure: a route that reads a body and answers, behind the same
//! listener, in a process of its own.

use super::{load, report::Report, traffic::Call};
use axum::{
    Router,
    body::Bytes,
    routing::{get, post},
};
use frontdesk_harness::{eventually, guard::Guarded, nats::free_port};
use frontdesk_process::{
    Shutdown, clock,
    listen::{self, Limits},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::TcpListener;

/// Bounds each measurement.
const LONGEST: Duration = Duration::from_secs(20);

/// Serves the empty route until killed.
///
/// # Errors
/// When the address is taken.
pub async fn serve(address: SocketAddr) -> anyhow::Result<()> {
    let app = Router::new()
        .route("/webhooks/livekit", post(async |_: Bytes| "ok"))
        .route("/", get(async || "ok"));
    listen::serve(
        TcpListener::bind(address).await?,
        app,
        Limits::default(),
        Shutdown::new(),
    )
    .await
}

/// Starts it as a process of its own.
async fn start() -> anyhow::Result<(Guarded, SocketAddr)> {
    let address: SocketAddr = format!("127.0.0.1:{}", free_port()).parse()?;
    let itself = std::env::current_exe()?;
    let address_text = address.to_string();
    let command = [
        itself.to_str().unwrap_or_default(),
        "--floor",
        &address_text,
    ];
    let log = std::env::temp_dir().join("frontdesk-bench-floor.log");
    let server = Guarded::start(&command, &log, None);
    eventually("the empty route answers", async || {
        load::Connection::open(address).await.ok()
    })
    .await;
    Ok((server, address))
}

/// Measures it with the load of the ingest benchmark.
///
/// # Errors
/// When it does not start.
pub async fn measure(report: &mut Report, quick: bool) -> anyhow::Result<()> {
    let (_server, address) = start().await?;
    let start = clock::now();
    let count = if quick { 24_000 } else { 144_000 };
    let requests = (0..count)
        .map(|index| Call::new(index, start).webhook_request(index % 10))
        .collect();
    let outcome = load::send_all(address, Arc::new(requests), 256, LONGEST).await?;
    report.note(
        "limit_empty_route_per_s",
        "an empty route behind the same listener, requests/s",
        outcome.per_second(),
    );
    Ok(())
}

/// Measures it with requests that carry nothing.
///
/// # Errors
/// When it does not start.
pub async fn small(report: &mut Report, count: usize, connections: usize) -> anyhow::Result<()> {
    let (_server, address) = start().await?;
    let requests = vec![b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(); count];
    let outcome = load::send_all(address, Arc::new(requests), connections, LONGEST).await?;
    report.note(
        "limit_empty_get_per_s",
        "a GET of an empty route behind the same listener, 32 connections, requests/s",
        outcome.per_second(),
    );
    Ok(())
}
