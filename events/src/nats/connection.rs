//! One connection a role, with the client's patience set on purpose.

use anyhow::Context as _;
use async_nats::{Client, ConnectOptions, Event, jetstream};
use futures::future::BoxFuture;
use std::{fmt, time::Duration};

/// The client's default notices a dead connection after two to three minutes; senders retry for
/// fifteen seconds, so we must know within ten.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// How many commands may wait for the socket. Above it a publisher waits, which is the
/// back-pressure ingest answers its senders with.
const CLIENT_CAPACITY: usize = 4096;

/// Who connects; each has its own NATS user and inbox prefix (`nats.conf` holds the permissions).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Publishes CALLS and BILLING.
    Ingest,
    /// Reads streams, publishes DEAD and the live channel.
    Projector,
    /// Listens to the live channel.
    Api,
    /// Reads and publishes on behalf of workers.
    Workers,
    /// Creates streams and inspects everything.
    Operator,
}

impl Role {
    /// The NATS user name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Projector => "projector",
            Self::Api => "api",
            Self::Workers => "workers",
            Self::Operator => "operator",
        }
    }
}

/// Where NATS is and how roles log in.
#[derive(Debug, Clone, clap::Args)]
pub struct NatsArgs {
    /// NATS server, for example nats://127.0.0.1:4222 (several with commas).
    #[arg(long, env = "NATS_URL", default_value = "nats://127.0.0.1:4222")]
    pub nats_url: String,
    /// The server's monitoring address, where its durability is checked.
    #[arg(
        long,
        env = "NATS_MONITOR_URL",
        default_value = "http://127.0.0.1:8222"
    )]
    pub nats_monitor_url: String,
    /// Password of the NATS user `ingest`; without it the role connects as NATS_URL says.
    #[arg(long, env = "NATS_INGEST_PASSWORD", hide_env_values = true)]
    pub nats_ingest_password: Option<Secret>,
    /// Password of the NATS user `projector`.
    #[arg(long, env = "NATS_PROJECTOR_PASSWORD", hide_env_values = true)]
    pub nats_projector_password: Option<Secret>,
    /// Password of the NATS user `api`.
    #[arg(long, env = "NATS_API_PASSWORD", hide_env_values = true)]
    pub nats_api_password: Option<Secret>,
    /// Password of the NATS user `workers`.
    #[arg(long, env = "NATS_WORKERS_PASSWORD", hide_env_values = true)]
    pub nats_workers_password: Option<Secret>,
    /// Password of the NATS user `operator`.
    #[arg(long, env = "NATS_OPERATOR_PASSWORD", hide_env_values = true)]
    pub nats_operator_password: Option<Secret>,
}

impl NatsArgs {
    /// A server without users, as tests start it.
    #[must_use]
    pub fn open(nats_url: &str, nats_monitor_url: &str) -> Self {
        Self {
            nats_url: nats_url.to_owned(),
            nats_monitor_url: nats_monitor_url.to_owned(),
            nats_ingest_password: None,
            nats_projector_password: None,
            nats_api_password: None,
            nats_workers_password: None,
            nats_operator_password: None,
        }
    }

    fn password(&self, role: Role) -> Option<&Secret> {
        match role {
            Role::Ingest => self.nats_ingest_password.as_ref(),
            Role::Projector => self.nats_projector_password.as_ref(),
            Role::Api => self.nats_api_password.as_ref(),
            Role::Workers => self.nats_workers_password.as_ref(),
            Role::Operator => self.nats_operator_password.as_ref(),
        }
    }
}

/// A value that never shows itself in logs or error texts.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The value, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// A role's connection to NATS. Cheap to clone; reconnects by itself for ever.
#[derive(Clone)]
pub struct Connection {
    pub(super) client: Client,
    pub(super) jetstream: jetstream::Context,
    pub(super) monitor_url: String,
}

impl Connection {
    /// Connects, waiting for a server that is not there yet (retries until the caller gives up).
    ///
    /// # Errors
    /// When the address is malformed.
    pub async fn open(args: &NatsArgs, role: Role) -> anyhow::Result<Self> {
        Self::connect(args, role, true).await
    }

    /// Connects once, for commands that should fail at once when the server is away.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the user.
    pub async fn open_now(args: &NatsArgs, role: Role) -> anyhow::Result<Self> {
        Self::connect(args, role, false).await
    }

    /// Boxed, so that the client is compiled here and not in every program that connects.
    fn connect(args: &NatsArgs, role: Role, wait: bool) -> BoxFuture<'_, anyhow::Result<Self>> {
        let mut options = ConnectOptions::new()
            .name(format!("frontdesk {}", role.as_str()))
            .custom_inbox_prefix(format!("_INBOX_{}", role.as_str()))
            .ping_interval(PING_INTERVAL)
            .connection_timeout(CONNECT_TIMEOUT)
            .request_timeout(Some(REQUEST_TIMEOUT))
            .client_capacity(CLIENT_CAPACITY)
            .event_callback(move |event| async move { note(role, &event) });
        if wait {
            options = options.retry_on_initial_connect();
        }
        if let Some(password) = args.password(role) {
            options = options.user_and_password(role.as_str().into(), password.expose().into());
        }
        let addresses: Vec<&str> = args.nats_url.split(',').map(str::trim).collect();
        Box::pin(async move {
            let client = options
                .connect(addresses)
                .await
                .with_context(|| format!("connecting to NATS as {}", role.as_str()))?;
            let mut jetstream = jetstream::new(client.clone());
            jetstream.set_timeout(REQUEST_TIMEOUT);
            Ok(Self {
                client,
                jetstream,
                monitor_url: args.nats_monitor_url.clone(),
            })
        })
    }

    /// Whether the socket is up at this moment.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.client.connection_state() == async_nats::connection::State::Connected
    }

    /// How often the socket came up. Subscriptions survive a loss, what was told meanwhile does
    /// not: a listener notices here.
    #[must_use]
    pub fn connects(&self) -> u64 {
        self.client
            .statistics()
            .connects
            .load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Sends what is buffered and closes.
    pub async fn close(&self) {
        // A lost connection has nothing left to drain, so its error changes nothing.
        let _ = self.client.drain().await;
    }
}

fn note(role: Role, event: &Event) {
    let role = role.as_str();
    match event {
        Event::Connected => tracing::info!(role, "connected to NATS"),
        Event::Disconnected => tracing::warn!(role, "disconnected from NATS"),
        // Whoever holds the connection let go of it: the end of a command or a role.
        Event::Draining | Event::Closed => tracing::debug!(role, %event, "left NATS"),
        Event::LameDuckMode => tracing::warn!(role, "NATS server is shutting down"),
        other => tracing::warn!(role, event = %other, "NATS event"),
    }
}
