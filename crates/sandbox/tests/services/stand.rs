//! All services of a sandbox, at addresses of their own.

use frontdesk_process::Shutdown;
use frontdesk_sandbox::{
    livekit::token::LiveKitKey,
    paypal::transmission::Transmitter,
    run::{
        Outside, Real,
        services::{Addresses, Services, serve},
    },
};
use std::path::PathBuf;
use tokio::sync::OnceCell;

pub(crate) const PUBLIC: &str = "http://localhost:18099";
pub(crate) const SECRET: &str = "a client's secret & more";

/// Running services; they end when this is dropped.
pub(crate) struct Stand {
    pub(crate) addresses: Addresses,
    pub(crate) client: reqwest::Client,
    outside: Outside,
    transmitter: Transmitter,
    shutdown: Shutdown,
}

impl Stand {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Services)) -> Self {
        let nowhere = "127.0.0.1:0".parse().unwrap();
        let mut services = Services {
            smtp_listen: Some(nowhere),
            public_url: PUBLIC.to_owned(),
            google: Some(("frontdesk.google".to_owned(), SECRET.to_owned())),
            github: Some(("frontdesk.github".to_owned(), SECRET.to_owned())),
        };
        change(&mut services);
        let tests = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let outside = Outside {
            target: "http://127.0.0.1:9".to_owned(),
            seed: 1,
            state_dir: tests.join(uuid::Uuid::new_v4().to_string()),
            listen: nowhere,
            services,
            livekit: LiveKitKey {
                key: String::new(),
                secret: String::new(),
            },
            webhook_id: String::new(),
            database_url: None,
            shuffle: false,
            double: false,
            real: Real::default(),
        };
        std::fs::create_dir_all(&outside.state_dir).unwrap();
        let transmitter = transmitter(&outside).await;
        let shutdown = Shutdown::new();
        let addresses = serve(&outside, &transmitter, axum::Router::new(), &shutdown)
            .await
            .unwrap();
        Self {
            addresses,
            client: browser(),
            outside,
            transmitter,
            shutdown,
        }
    }

    /// The same state directory served anew, as after a restart.
    pub(crate) async fn restart(&mut self) {
        self.shutdown.cancel();
        self.shutdown = Shutdown::new();
        let served = serve(
            &self.outside,
            &self.transmitter,
            axum::Router::new(),
            &self.shutdown,
        );
        self.addresses = served.await.unwrap();
    }

    pub(crate) fn at(&self, path: &str) -> String {
        format!("http://{}{path}", self.addresses.http)
    }

    pub(crate) async fn page(&self, path: &str) -> String {
        let answer = self.client.get(self.at(path)).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.text().await.unwrap()
    }

    pub(crate) async fn json(&self, path: &str) -> serde_json::Value {
        serde_json::from_str(&self.page(path).await).unwrap()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.shutdown.cancel();
        let _ = std::fs::remove_dir_all(&self.outside.state_dir);
    }
}

/// A client that follows no redirects and names itself.
fn browser() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .user_agent("frontdesk-tests")
        .build()
        .unwrap()
}

/// PayPal's keys are made once: they are not what is tested here.
async fn transmitter(outside: &Outside) -> Transmitter {
    static MADE: OnceCell<Transmitter> = OnceCell::const_new();
    let make = async || {
        let state_dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sandbox-state");
        let outside = Outside {
            state_dir,
            ..outside.clone()
        };
        outside.transmitter().await.unwrap()
    };
    MADE.get_or_init(make).await.clone()
}
