//! The role: what it is made of, how it starts, and how it ends without losing an answer.

use crate::{
    agents::Agents, body::Memory, commit::Committer, config::IngestArgs, counts::Counts,
    livekit::LiveKit, paypal::PayPal, router,
};
use anyhow::Context as _;
use frontdesk_events::{StreamName, nats::Connection};
use frontdesk_process::{Shutdown, health::Health, insiders::Network, listen::Limits};
use std::{sync::Arc, time::Duration};
use tokio_util::task::TaskTracker;

/// How often the role looks at what it depends on.
const HEALTH_INTERVAL: Duration = Duration::from_secs(1);
const CONDITION: &str = "ingest: jetstream";

/// The running role. Cheap to clone.
#[derive(Clone)]
pub struct Ingest(pub(crate) Arc<Parts>);

/// What every route needs.
pub(crate) struct Parts {
    pub(crate) livekit: LiveKit,
    pub(crate) paypal: PayPal,
    pub(crate) agents: Agents,
    pub(crate) calls: Committer,
    pub(crate) billing: Committer,
    pub(crate) counts: Counts,
    /// For the bodies of whoever holds a token.
    pub(crate) memory: Memory,
    /// For those of everybody else, so that they keep nobody out but each other.
    pub(crate) strangers: Memory,
    limits: Limits,
    tasks: TaskTracker,
    drained: Shutdown,
}

impl Ingest {
    /// Starts the committers and the watch over JetStream. Serve [`Ingest::app`] within
    /// [`Ingest::limits`], and [`Ingest::drain`] when the servers have ended. The proxies before us speak
    /// for many senders; where the api runs beside, it reads the same setting.
    ///
    /// # Errors
    /// One line that says which setting is missing or wrong.
    pub async fn start(
        args: IngestArgs,
        proxies: Vec<Network>,
        nats: Connection,
        health: Health,
        shutdown: Shutdown,
    ) -> anyhow::Result<Self> {
        // reqwest is built without a cryptography provider of its own. A second install is refused
        // and harmless: whoever came first has chosen the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let keys = Arc::new(args.keys()?);
        let paypal =
            PayPal::new(args.paypal()?).context("preparing the check of PayPal's signatures")?;
        let tasks = TaskTracker::new();
        let drained = Shutdown::new();
        let committer = |stream| Committer::start(stream, nats.clone(), &tasks, drained.clone());
        let parts = Parts {
            livekit: LiveKit::new(keys.clone()),
            paypal,
            agents: Agents::new(keys),
            calls: committer(StreamName::Calls),
            billing: committer(StreamName::Billing),
            counts: Counts::default(),
            memory: Memory::for_senders(),
            strangers: Memory::for_strangers(),
            limits: Limits {
                connections_per_address: args.ingest_connections_per_address,
                proxies,
                ..Limits::default()
            },
            tasks,
            drained,
        };
        let history = parts.paypal.follow(nats.clone(), shutdown.clone());
        parts.tasks.spawn(history);
        health.declare(CONDITION);
        parts.tasks.spawn(watch(nats, health, shutdown));
        Ok(Self(Arc::new(parts)))
    }

    /// The webhook routes alone, to be mounted beside the API's on one machine.
    #[must_use = "routes do nothing until they are served"]
    pub fn router(&self) -> axum::Router {
        router::routes(self)
    }

    /// The same for ingest's own listener, where every other path is a mistake that is told.
    #[must_use = "routes do nothing until they are served"]
    pub fn app(&self) -> axum::Router {
        self.router().fallback(router::not_found)
    }

    /// The bounds of the listener that serves [`Ingest::app`].
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.0.limits.clone()
    }

    /// Settles what is waiting to be stored, and ends. Call it after the servers have ended; what
    /// arrives later is answered 503.
    pub async fn drain(&self) {
        self.0.drained.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

/// Ready means that an event sent now could be stored. Whether an ack of this server may be
/// trusted is watched by whoever connects.
async fn watch(nats: Connection, health: Health, shutdown: Shutdown) {
    let mut streams_seen = false;
    while !shutdown.is_cancelled() {
        if !nats.is_connected() {
            streams_seen = false;
            health.not_ok(CONDITION, "not connected to NATS");
        } else if !streams_seen {
            // Once a connection: a stream does not go away while a server runs.
            match missing_stream(&nats).await {
                None => {
                    streams_seen = true;
                    health.ok(CONDITION);
                }
                Some(stream) => {
                    health.not_ok(
                        CONDITION,
                        &format!("stream {stream} is not there: run `frontdesk migrate`"),
                    );
                }
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(HEALTH_INTERVAL) => {}
        }
    }
}

async fn missing_stream(nats: &Connection) -> Option<StreamName> {
    for stream in [StreamName::Calls, StreamName::Billing] {
        if nats.stream_state(stream).await.is_err() {
            return Some(stream);
        }
    }
    None
}
