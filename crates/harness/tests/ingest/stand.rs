//! A running ingest with a nats-server of its own, and its senders.

use axum::http::HeaderMap;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use clap::Parser;
use frontdesk_events::{
    Envelope, PartitionSet, StreamName,
    nats::{Connection, Reader, Role},
};
use frontdesk_harness::{Nats, eventually};
use frontdesk_ingest::{Ingest, IngestArgs};
use frontdesk_process::{
    Shutdown, clock,
    health::Health,
    listen::{self, Limits},
    telemetry::Metrics,
};
use livekit_api::access_token::AccessToken;
use reqwest::{Client, Response};
use sha2::{Digest as _, Sha256};
use std::{net::SocketAddr, sync::OnceLock, time::Duration};

pub const KEY: &str = "APItest";
pub const SECRET: &str = "a secret of thirty-two characters";
pub const OLD_KEY: &str = "APIold";
pub const OLD_SECRET: &str = "the secret before the last rotation";
pub const AGENT: &str = "receptionist";

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    ingest: IngestArgs,
}

/// Ingest under test. Its server ends with it.
pub struct Stand {
    pub nats: Nats,
    pub ingest: Ingest,
    pub address: SocketAddr,
    pub client: Client,
    pub operator: Connection,
    shutdown: Shutdown,
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// A message of a stream as a reader sees it.
pub struct Stored {
    pub subject: String,
    pub envelope: Envelope,
    pub headers: Vec<String>,
}

impl Stand {
    pub async fn start() -> Self {
        Self::with(&[], Limits::default()).await
    }

    pub async fn with(flags: &[&str], limits: Limits) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        metrics();
        let nats = frontdesk_harness::nats().await;
        let (ingest, address, shutdown) =
            serve(nats.connect(Role::Ingest).await, flags, limits).await;
        let operator = nats.connect(Role::Operator).await;
        let client = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Self {
            nats,
            ingest,
            address,
            client,
            operator,
            shutdown,
        }
    }

    /// Another ingest on the same server, as after a restart of the process.
    pub async fn restart(&mut self, flags: &[&str]) {
        self.shutdown.cancel();
        (self.ingest, self.address, self.shutdown) = serve(
            self.nats.connect(Role::Ingest).await,
            flags,
            Limits::default(),
        )
        .await;
    }

    /// What a signal does.
    pub fn shut_down(&self) {
        self.shutdown.cancel();
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Posts bytes with headers.
    pub async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Response {
        let mut request = self.client.post(self.url(path)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    /// A delivery as LiveKit makes it.
    pub async fn deliver(&self, body: &[u8]) -> Response {
        let headers = [
            ("authorization", signed(body)),
            ("content-type", "application/webhook+json".to_owned()),
        ];
        let headers = headers
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        self.post("/webhooks/livekit", &headers, body.to_vec())
            .await
    }

    /// Everything in a stream.
    pub async fn stored(&self, stream: StreamName) -> Vec<Stored> {
        let count = self.operator.stream_state(stream).await.unwrap().messages;
        let count = usize::try_from(count).unwrap();
        let mut reader = Reader::open(&self.operator, stream, &PartitionSet::all(), 1)
            .await
            .unwrap();
        let mut stored = Vec::new();
        while stored.len() < count {
            let deliveries = reader.read(1000, Duration::from_secs(2)).await.unwrap();
            stored.extend(deliveries.iter().map(|delivery| {
                Stored {
                    subject: delivery.subject.clone(),
                    envelope: delivery.envelope().unwrap(),
                    headers: delivery
                        .headers()
                        .map(|(name, _)| name.to_owned())
                        .collect(),
                }
            }));
        }
        stored
    }

    /// The only message of a stream.
    pub async fn only(&self, stream: StreamName) -> Stored {
        let mut stored = self.stored(stream).await;
        assert_eq!(stored.len(), 1, "messages in {stream}");
        stored.remove(0)
    }

    /// How many messages a stream holds.
    pub async fn count(&self, stream: StreamName) -> u64 {
        self.operator.stream_state(stream).await.unwrap().messages
    }
}

/// The configuration that these flags make.
pub fn args(flags: &[&str]) -> IngestArgs {
    let keys = format!("{OLD_KEY}: {OLD_SECRET}");
    let defaults = [
        "ingest",
        "--livekit-api-key",
        KEY,
        "--livekit-api-secret",
        SECRET,
        "--livekit-keys",
        keys.as_str(),
    ];
    Command::try_parse_from(defaults.iter().chain(flags))
        .unwrap()
        .ingest
}

/// Starts ingest and waits until it is ready.
pub async fn serve(
    connection: Connection,
    flags: &[&str],
    limits: Limits,
) -> (Ingest, SocketAddr, Shutdown) {
    let shutdown = Shutdown::new();
    let health = Health::default();
    let (told, ending) = (health.clone(), shutdown.clone());
    let ingest = Ingest::start(args(flags), Vec::new(), connection, told, ending)
        .await
        .unwrap();
    let listener = listen::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(listen::serve(
        listener,
        ingest.app(),
        limits,
        shutdown.clone(),
    ));
    eventually("ingest is ready", async || health.is_ready().then_some(())).await;
    (ingest, address, shutdown)
}

/// The process's metrics, installed once for all tests in it.
pub fn metrics() -> &'static Metrics {
    static METRICS: OnceLock<Metrics> = OnceLock::new();
    METRICS.get_or_init(|| Metrics::install().unwrap())
}

/// The value of a line of `/metrics` whose name and labels contain all the words. Tests share one
/// process, so a test may only ask whether a count has grown.
pub async fn counted(words: &[&str]) -> u64 {
    use tower::ServiceExt as _;
    let request = axum::http::Request::get("/metrics")
        .body(axum::body::Body::empty())
        .unwrap();
    let response = metrics().router().oneshot(request).await.unwrap();
    let bytes = axum::body::to_bytes(response.into_body(), 10 << 20)
        .await
        .unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    text.lines()
        .filter(|line| words.iter().all(|word| line.contains(word)))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}

/// The token LiveKit sends with a body.
pub fn signed(body: &[u8]) -> String {
    token(KEY, SECRET, 300, body)
}

/// A webhook token of any key and validity.
pub fn token(key: &str, secret: &str, seconds: u64, body: &[u8]) -> String {
    AccessToken::with_api_key(key, secret)
        .with_ttl(Duration::from_secs(seconds))
        .with_sha256(&STANDARD.encode(Sha256::digest(body)))
        .to_jwt()
        .unwrap()
}

/// A well signed token with any claims; LiveKit's own library refuses to make bad ones.
pub fn token_with(secret: &str, claims: &serde_json::Value) -> String {
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    format!(
        "{signed}.{}",
        URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, signed.as_bytes()))
    )
}

/// The `Authorization` of an agent.
pub fn agent() -> String {
    let token = AccessToken::with_api_key(KEY, SECRET)
        .with_identity(AGENT)
        .to_jwt()
        .unwrap();
    format!("Bearer {token}")
}

/// Seconds since 1970.
pub fn now() -> i64 {
    clock::now().timestamp()
}

/// An answer's status and problem document.
pub async fn problem(response: Response) -> (u16, serde_json::Value) {
    let status = response.status().as_u16();
    let headers: HeaderMap = response.headers().clone();
    assert_eq!(
        headers["content-type"], "application/problem+json",
        "status {status}"
    );
    let document: serde_json::Value =
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(document["status"], status);
    (status, document)
}
