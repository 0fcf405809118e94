//! The role: what it is made of, how it starts, and how it ends without losing an answer.

use crate::{
    agents::Agents, body::Memory, commit::Committer, config::IngestArgs, counts::Counts, livekit::LiveKit, paypal::PayPal,
    router,
};
use anyhow::Context as _;
use frontdesk_events::{StreamName, nats::Connection};
use frontdesk_process::{
    Shutdown, clock,
    health::Health,
    listen::{self, Limits},
};
use std::{net::SocketAddr, sync::Arc, time::Duration};
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
    pub(crate) memory: Memory,
    limits: Limits,
    listen: SocketAddr,
    tasks: TaskTracker,
    drained: Shutdown,
}

impl Ingest {
    /// Starts the committers and the watch over JetStream. Serve [`Ingest::router`] afterwards,
    /// and [`Ingest::drain`] when the servers have ended.
    ///
    /// # Errors
    /// One line that says which setting is missing or wrong.
    pub async fn start(args: IngestArgs, nats: Connection, health: Health, shutdown: Shutdown) -> anyhow::Result<Self> {
        // reqwest is built without a cryptography provider of its own. A second install is refused
        // and harmless: whoever came first has chosen the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let keys = Arc::new(args.keys()?);
        let paypal = PayPal::new(args.paypal()?).context("preparing the check of PayPal's signatures")?;
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
            memory: Memory::default(),
            limits: Limits { connections_per_address: args.ingest_connections_per_address, ..Limits::default() },
            listen: args.ingest_listen,
            tasks,
            drained,
        };
        health.declare(CONDITION);
        parts.tasks.spawn(watch(nats, health, shutdown));
        Ok(Self(Arc::new(parts)))
    }

    /// The webhook routes, to be mounted on ingest's own listener and, on one machine, on the
    /// API's.
    #[must_use = "routes do nothing until they are served"]
    pub fn router(&self) -> axum::Router {
        router::routes(self)
    }

    /// Serves the webhook routes, and `others` (health, metrics), on INGEST_LISTEN until shutdown.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn serve(&self, others: axum::Router, shutdown: Shutdown) -> anyhow::Result<()> {
        let listener = tokio::net::TcpListener::bind(self.0.listen)
            .await
            .with_context(|| format!("listening for webhooks on {} (INGEST_LISTEN)", self.0.listen))?;
        listen::serve(listener, self.router().merge(others), self.0.limits.clone(), shutdown).await
    }

    /// Settles what is waiting to be stored, and ends. Call it after the servers have ended; what
    /// arrives later is answered 503.
    pub async fn drain(&self) {
        self.0.drained.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

/// Ready means: a 2xx given now would be on disk. The server's durability is asked for anew after
/// each reconnect, because it may be another server.
async fn watch(nats: Connection, health: Health, shutdown: Shutdown) {
    let mut trusted = false;
    let mut asked_at = clock::monotonic();
    loop {
        if !nats.is_connected() {
            trusted = false;
            health.not_ok(CONDITION, "not connected to NATS");
        } else if !trusted || asked_at.elapsed() > Duration::from_secs(60) {
            asked_at = clock::monotonic();
            match doubt(&nats).await {
                None => {
                    trusted = true;
                    health.ok(CONDITION);
                }
                Some(why) => {
                    trusted = false;
                    health.not_ok(CONDITION, &why);
                }
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(HEALTH_INTERVAL) => {}
        }
    }
}

/// Why an ack of this server would not mean what we promise; `None` when it does.
async fn doubt(nats: &Connection) -> Option<String> {
    for stream in [StreamName::Calls, StreamName::Billing] {
        if nats.stream_state(stream).await.is_err() {
            return Some(format!("stream {stream} is not there: run `frontdesk migrate`"));
        }
    }
    match nats.durability().await {
        // Whether a server that does not fsync may be used at all is decided at start by whoever
        // connects; here it only must not change unseen from safe to old.
        Ok(server) => server.check(true).err().map(|error| error.to_string()),
        Err(error) => Some(format!("{error:#}")),
    }
}
