//! Ingest with the real NATS and the real PostgreSQL, and a sandbox that knows it.

use clap::Parser;
use frontdesk_events::{
    Envelope, PartitionSet, StreamName,
    nats::{Connection, Reader, Role},
};
use frontdesk_harness::{Database, Nats, eventually, nats::free_port};
use frontdesk_ingest::{Ingest, IngestArgs};
use frontdesk_process::{
    Shutdown,
    health::Health,
    listen::{self, Limits},
};
use frontdesk_sandbox::{
    livekit::token::LiveKitKey,
    run::{Outside, Real, Scene, services::Services},
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

const KEY: &str = "APItest";
const SECRET: &str = "a secret of thirty-two characters";
const WEBHOOK: &str = "5GP028458E2496506";

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    ingest: IngestArgs,
}

/// Ingest and a sandbox that knows it.
pub(crate) struct Stand {
    _nats: Nats,
    _ingest: Ingest,
    pub(crate) database: Database,
    pub(crate) operator: Connection,
    pub(crate) outside: Outside,
    pub(crate) shutdown: Shutdown,
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.shutdown.cancel();
        let _ = std::fs::remove_dir_all(&self.outside.state_dir);
    }
}

impl Stand {
    pub(crate) async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let shutdown = Shutdown::new();
        let state_dir =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(uuid::Uuid::new_v4().to_string());
        let certificates = free_address();
        let args = ingest_args(certificates, &state_dir);
        let nats = frontdesk_harness::nats().await;
        let health = Health::default();
        let connection = nats.connect(Role::Ingest).await;
        let ingest = Ingest::start(
            args,
            Vec::new(),
            connection,
            health.clone(),
            shutdown.clone(),
        )
        .await
        .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(listen::serve(
            listener,
            ingest.router(),
            Limits::default(),
            shutdown.clone(),
        ));
        eventually("ingest is ready", async || health.is_ready().then_some(())).await;
        let database = frontdesk_harness::database().await;
        let outside = Outside {
            target,
            seed: 7,
            state_dir,
            listen: certificates,
            services: Services {
                public_url: "http://localhost:8080".to_owned(),
                ..Services::default()
            },
            livekit: LiveKitKey {
                key: KEY.to_owned(),
                secret: SECRET.to_owned(),
            },
            webhook_id: WEBHOOK.to_owned(),
            database_url: Some(database.url()),
            shuffle: true,
            double: true,
            real: Real::default(),
        };
        let operator = nats.connect(Role::Operator).await;
        Self {
            _nats: nats,
            _ingest: ingest,
            database,
            operator,
            outside,
            shutdown,
        }
    }

    pub(crate) async fn scene(&self) -> Scene {
        self.outside.clone().prepare().await.unwrap()
    }

    pub(crate) async fn count(&self, stream: StreamName) -> u64 {
        self.operator.stream_state(stream).await.unwrap().messages
    }

    /// Everything in a stream.
    pub(crate) async fn stored(&self, stream: StreamName) -> Vec<Envelope> {
        let count = self.count(stream).await as usize;
        let mut reader = Reader::open(&self.operator, stream, &PartitionSet::all(), 1)
            .await
            .unwrap();
        let mut stored = Vec::new();
        while stored.len() < count {
            let deliveries = reader.read(1000, Duration::from_secs(2)).await.unwrap();
            let envelopes = deliveries.iter().map(|delivery| delivery.envelope());
            stored.extend(envelopes.map(Result::unwrap));
        }
        stored
    }

    /// Type and room of everything in CALLS.
    pub(crate) async fn calls(&self) -> Vec<(String, String)> {
        let stored = self.stored(StreamName::Calls).await;
        let told = stored.iter();
        told.map(|envelope| {
            (
                envelope.kind().to_owned(),
                envelope.partition_key().unwrap(),
            )
        })
        .collect()
    }
}

/// Ingest that trusts the sandbox's PayPal.
fn ingest_args(certificates: SocketAddr, state_dir: &Path) -> IngestArgs {
    let bundle = state_dir.join("paypal-ca.pem");
    let origin = format!("http://{certificates}");
    let flags = [
        "ingest",
        "--livekit-api-key",
        KEY,
        "--livekit-api-secret",
        SECRET,
        "--paypal-webhook-id",
        WEBHOOK,
        "--paypal-cert-hosts",
        &origin,
        "--paypal-trust-bundle",
        bundle.to_str().unwrap(),
    ];
    Command::try_parse_from(flags).unwrap().ingest
}

fn free_address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, free_port()).into()
}
