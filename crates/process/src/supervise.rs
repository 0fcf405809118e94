//! Shutdown on a signal, and roles that end together.
//!
//! A role that fails ends the process: whoever started it restarts it, and every role recovers
//! from its checkpoint or its sender's retry. Restarting a role inside the process would hide
//! the failure.

use crate::Shutdown;
use std::{future::Future, time::Duration};
use tokio::{signal::unix, task::JoinSet};

/// How long roles may take to end once asked; above it the process ends anyway, which no
/// invariant minds.
const GRACE: Duration = Duration::from_secs(10);

/// Cancels the token at SIGINT or SIGTERM.
///
/// # Errors
/// When the signals cannot be watched.
pub fn shutdown_on_signal() -> anyhow::Result<Shutdown> {
    let shutdown = Shutdown::new();
    let mut interrupt = unix::signal(unix::SignalKind::interrupt())?;
    let mut terminate = unix::signal(unix::SignalKind::terminate())?;
    let token = shutdown.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("shutting down");
        token.cancel();
    });
    Ok(shutdown)
}

/// The roles of one process.
pub struct Roles {
    shutdown: Shutdown,
    tasks: JoinSet<(&'static str, anyhow::Result<()>)>,
}

impl Roles {
    /// No roles yet.
    #[must_use]
    pub fn new(shutdown: Shutdown) -> Self {
        Self {
            shutdown,
            tasks: JoinSet::new(),
        }
    }

    /// Starts a role. It must end soon after the token is cancelled.
    pub fn start(
        &mut self,
        name: &'static str,
        role: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        self.tasks.spawn(async move { (name, role.await) });
    }

    /// Waits until all have ended. The first that fails, panics or ends unasked takes the others
    /// with it.
    ///
    /// # Errors
    /// What the first failing role said.
    pub async fn run(mut self) -> anyhow::Result<()> {
        let mut first_failure = None;
        let shutdown = self.shutdown.clone();
        let overdue = async {
            shutdown.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::pin!(overdue);
        loop {
            let ended = tokio::select! {
                ended = self.tasks.join_next() => ended,
                () = &mut overdue => {
                    tracing::warn!("roles did not end in time");
                    break;
                }
            };
            let Some(ended) = ended else { break };
            let failure = match ended {
                Ok((name, Ok(()))) if self.shutdown.is_cancelled() => {
                    tracing::debug!(role = name, "role ended");
                    continue;
                }
                Ok((name, Ok(()))) => anyhow::anyhow!("role {name} ended unasked"),
                Ok((name, Err(error))) => error.context(format!("role {name}")),
                Err(panic) => anyhow::anyhow!(panic).context("a role panicked"),
            };
            first_failure.get_or_insert(failure);
            self.shutdown.cancel();
        }
        first_failure.map_or(Ok(()), Err)
    }
}
