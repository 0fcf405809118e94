//! The floor below every HTTP figure: a route that reads a body and answers, behind the same
//! listener, in a process of its own.

use super::{load, report::Report, traffic::Call};
use axum::{Router, body::Bytes, routing::post};
use frontdesk_harness::{eventually, guard::Guarded, nats::free_port};
use frontdesk_process::{
    Shutdown, clock,
    listen::{self, Limits},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::TcpListener;

/// Serves the empty route until killed.
///
/// # Errors
/// When the address is taken.
pub async fn serve(address: SocketAddr) -> anyhow::Result<()> {
    let app = Router::new().route("/webhooks/livekit", post(async |_: Bytes| "ok"));
    listen::serve(
        TcpListener::bind(address).await?,
        app,
        Limits::default(),
        Shutdown::new(),
    )
    .await
}

/// Measures it with the load of the ingest benchmark.
///
/// # Errors
/// When it does not start.
pub async fn measure(report: &mut Report, quick: bool) -> anyhow::Result<()> {
    let address: SocketAddr = format!("127.0.0.1:{}", free_port()).parse()?;
    let itself = std::env::current_exe()?;
    let address_text = address.to_string();
    let command = [
        itself.to_str().unwrap_or_default(),
        "--floor",
        &address_text,
    ];
    let _server = Guarded::start(
        &command,
        &std::env::temp_dir().join("frontdesk-bench-floor.log"),
        None,
    );
    eventually("the empty route answers", async || {
        load::Connection::open(address).await.ok()
    })
    .await;
    let start = clock::now();
    let count = if quick { 24_000 } else { 144_000 };
    let requests = (0..count)
        .map(|index| Call::new(index, start).webhook_request(index % 10))
        .collect();
    let outcome = load::send_all(address, Arc::new(requests), 256, Duration::from_secs(20)).await?;
    report.note(
        "limit_empty_route_per_s",
        "an empty route behind the same listener, requests/s",
        outcome.per_second(),
    );
    Ok(())
}
