//! Logs to stderr and metrics for Prometheus. Logs carry ids, never payloads, numbers or tokens.

use axum::{Router, http::header, routing::get};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::{io::IsTerminal as _, time::Duration};
use tracing_subscriber::EnvFilter;

/// Bounds in seconds of every latency histogram: from a fast query to a hopeless one.
const LATENCY_BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
];

/// How often histograms are folded, so that a process nobody scrapes keeps its size.
const UPKEEP: Duration = Duration::from_secs(5);

/// What a role that runs for days says by itself.
pub const OF_A_ROLE: &str = "info,sqlx=warn";
/// What a command that somebody waits for says beside its answer.
pub const OF_A_COMMAND: &str = "warn";

/// Starts logging: readable on a terminal, JSON lines elsewhere. `RUST_LOG` overrides the level.
pub fn start_logging(level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // A second start (several tests in a process) keeps the first: harmless.
    let _ = if std::io::stderr().is_terminal() {
        builder.try_init()
    } else {
        builder
            .json()
            .flatten_event(true)
            .with_ansi(false)
            .try_init()
    };
}

/// The process's metrics.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Installs the recorder and keeps it small in the background.
    ///
    /// # Errors
    /// When a recorder is installed already.
    pub fn install() -> anyhow::Result<Self> {
        let handle = PrometheusBuilder::new()
            .set_buckets(&LATENCY_BUCKETS)?
            .install_recorder()?;
        let upkeep = handle.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(UPKEEP).await;
                upkeep.run_upkeep();
            }
        });
        Ok(Self(handle))
    }

    /// `/metrics` in Prometheus' text format.
    pub fn router(&self) -> Router {
        let handle = self.0.clone();
        let render = move || {
            let text = handle.render();
            async move { ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text) }
        };
        Router::new().route("/metrics", get(render))
    }
}
