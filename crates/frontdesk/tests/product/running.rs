//! The whole product in one process, with servers of its own, as tests of it need it.

use frontdesk_harness::{Database, Nats, Program, people};
use serde_json::Value;
use std::path::Path;

pub(crate) const LIVEKIT_KEY: &str = "devkey";
pub(crate) const LIVEKIT_SECRET: &str = "0123456789abcdef0123456789abcdef";
const JWT_SECRET: &str = "a-secret-of-this-test-and-of-nothing-else";
/// The number of the one business.
const NUMBER: &str = "+12025550100";

/// `frontdesk serve all` with a NATS and a database of its own.
pub(crate) struct Product {
    program: Program,
    http: reqwest::Client,
    /// The session of the owner of the one business.
    cookie: String,
    // Kept: both end when they are dropped.
    _nats: Nats,
    _database: Database,
}

impl Product {
    /// Starts everything and waits until it is ready; calls can be ended at the LiveKit with this address.
    pub(crate) async fn start(livekit_url: &str) -> Self {
        let (nats, database) = (
            frontdesk_harness::nats().await,
            frontdesk_harness::database().await,
        );
        let environment = [
            ("DATABASE_URL", database.url()),
            ("NATS_URL", nats.url()),
            ("NATS_MONITOR_URL", nats.args().nats_monitor_url),
            ("PUBLIC_URL", "http://localhost:8080".into()),
            ("JWT_SECRET", JWT_SECRET.into()),
            ("LIVEKIT_URL", livekit_url.to_owned()),
            ("LIVEKIT_API_KEY", LIVEKIT_KEY.into()),
            ("LIVEKIT_API_SECRET", LIVEKIT_SECRET.into()),
            ("PAYPAL_WEBHOOK_ID", "5GP028458E2496506".into()),
            ("INGEST_LISTEN", "127.0.0.1:0".into()),
        ];
        let executable = Path::new(env!("CARGO_BIN_EXE_frontdesk"));
        let program = Program::start(executable, "all", "API_LISTEN", &environment).await;
        let client = database.client().await;
        let owner = people::user(&client, "olivia").await;
        people::business(&client, owner, "smile", NUMBER).await;
        let cookie = people::sign_in(&client, owner, owner).await;
        // The process has no TLS provider of its own: the test speaks plain HTTP on loopback.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            program,
            http: reqwest::Client::new(),
            cookie,
            _nats: nats,
            _database: database,
        }
    }

    /// Where webhooks go: ingest is mounted beside the API.
    pub(crate) fn ingest_url(&self) -> String {
        format!("http://{}", self.program.address)
    }

    /// A POST of the owner without a body; gives the status.
    pub(crate) async fn post(&self, path: &str) -> u16 {
        let origin = "http://localhost:8080";
        let url = format!("http://{}{path}", self.program.address);
        let request = self.http.post(&url).header("cookie", &self.cookie);
        let answer = request.header("origin", origin).send().await.unwrap();
        answer.status().as_u16()
    }

    /// A GET of the owner; panics on anything but 200 and JSON.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let url = format!("http://{}{path}", self.program.address);
        let request = self.http.get(&url).header("cookie", &self.cookie);
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "GET {path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }
}
