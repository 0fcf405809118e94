//! The whole product in one process, with servers of its own, as tests of it need it.

use frontdesk_harness::{Database, Nats, Program};
use std::path::{Path, PathBuf};

/// The executable under test.
pub(crate) const EXECUTABLE: &str = env!("CARGO_BIN_EXE_frontdesk");
pub(crate) const LIVEKIT_KEY: &str = "devkey";
pub(crate) const LIVEKIT_SECRET: &str = "0123456789abcdef0123456789abcdef";
/// PayPal's name for our webhook.
pub(crate) const WEBHOOK: &str = "5GP028458E2496506";
/// The address people type; where it really answers is [`Product::url`].
pub(crate) const PUBLIC_URL: &str = "http://localhost:8080";
const JWT_SECRET: &str = "a-secret-of-this-test-and-of-nothing-else";

/// `frontdesk serve all` with a NATS and a database of its own.
pub(crate) struct Product {
    program: Program,
    pub(crate) database: Database,
    /// What it writes: exports, uploads. Gone with it.
    files: PathBuf,
    // Kept: it ends when it is dropped.
    _nats: Nats,
}

impl Product {
    /// Starts everything with these settings beside the usual ones, and waits until it is ready.
    pub(crate) async fn start(more: &[(&str, String)]) -> Self {
        let (nats, database) = (
            frontdesk_harness::nats().await,
            frontdesk_harness::database().await,
        );
        let files =
            std::env::temp_dir().join(format!("frontdesk-product-{}", uuid::Uuid::new_v4()));
        let inside = |name: &str| files.join(name).to_string_lossy().into_owned();
        let mut environment = vec![
            ("DATABASE_URL", database.url()),
            ("NATS_URL", nats.url()),
            ("NATS_MONITOR_URL", nats.args().nats_monitor_url),
            ("PUBLIC_URL", PUBLIC_URL.into()),
            ("JWT_SECRET", JWT_SECRET.into()),
            ("LIVEKIT_API_KEY", LIVEKIT_KEY.into()),
            ("LIVEKIT_API_SECRET", LIVEKIT_SECRET.into()),
            ("PAYPAL_WEBHOOK_ID", WEBHOOK.into()),
            ("INGEST_LISTEN", "127.0.0.1:0".into()),
            ("EXPORT_DIR", inside("exports")),
            ("FILE_STORE", inside("uploads")),
        ];
        environment.extend(more.iter().cloned());
        let program =
            Program::start(Path::new(EXECUTABLE), "all", "API_LISTEN", &environment).await;
        // The process has no TLS provider of its own: the test speaks plain HTTP on loopback.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            program,
            database,
            files,
            _nats: nats,
        }
    }

    /// Where pages, the API and webhooks are: ingest is mounted beside the API.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.program.address)
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        self.program.kill();
        let _ = std::fs::remove_dir_all(&self.files);
    }
}
