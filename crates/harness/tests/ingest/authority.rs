//! PayPal's certificate address and its signer, true and forged.

use crate::stand::Stand;
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_process::{clock, listen::Limits};
use frontdesk_sandbox::paypal::authority::{Authority, Request, Signer};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

pub const NAME: &str = "messageverificationcerts.sandbox.paypal.com";
pub const WEBHOOK_ID: &str = "5GP028458E2496506";

/// RSA keys are slow to make, so all tests of the process share one authority and its issues.
pub struct World {
    pub authority: Authority,
    pub genuine: Signer,
    pub expired: Signer,
    pub misnamed: Signer,
    pub foreign: Signer,
}

pub fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let now = clock::now();
        let authority = Authority::create(now - TimeDelta::days(900)).unwrap();
        let issue = |authority: &Authority, name: &str, until: DateTime<Utc>| {
            authority
                .issue(&Request {
                    name,
                    from: until - TimeDelta::days(400),
                    until,
                })
                .unwrap()
        };
        let next_year = now + TimeDelta::days(300);
        World {
            genuine: issue(&authority, NAME, next_year),
            expired: issue(&authority, NAME, now - TimeDelta::days(3)),
            misnamed: issue(
                &authority,
                "messageverificationcerts.sandbox.paypal.com.evil.example",
                next_year,
            ),
            foreign: issue(
                &Authority::create(now - TimeDelta::days(900)).unwrap(),
                NAME,
                next_year,
            ),
            authority,
        }
    })
}

/// What the certificate address answers under a name.
pub enum Served {
    Pem(String),
    Status(u16),
    Html,
    Redirect(String),
    Never,
    Endless,
}

/// The certificate address, and how often each name was asked for.
#[derive(Clone, Default)]
pub struct CertificateHost {
    served: Arc<Mutex<HashMap<String, Served>>>,
    asked: Arc<Mutex<HashMap<String, usize>>>,
}

impl CertificateHost {
    pub fn serve(&self, name: &str, served: Served) {
        self.served.lock().unwrap().insert(name.to_owned(), served);
    }

    pub fn times_asked(&self, name: &str) -> usize {
        self.asked
            .lock()
            .unwrap()
            .get(name)
            .copied()
            .unwrap_or_default()
    }

    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/v1/notifications/certs/{name}", get(answer))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        origin
    }
}

async fn answer(State(host): State<CertificateHost>, Path(name): Path<String>) -> Response {
    *host.asked.lock().unwrap().entry(name.clone()).or_default() += 1;
    let (hang, response) = match host.served.lock().unwrap().get(&name) {
        Some(Served::Pem(pem)) => (false, pem.clone().into_response()),
        Some(Served::Html) => (false, "<html>Sorry</html>".into_response()),
        Some(Served::Status(status)) => (
            false,
            StatusCode::from_u16(*status).unwrap().into_response(),
        ),
        Some(Served::Redirect(to)) => (false, Redirect::temporary(to).into_response()),
        Some(Served::Endless) => (
            false,
            "-----BEGIN CERTIFICATE-----\n"
                .repeat(100_000)
                .into_response(),
        ),
        Some(Served::Never) => (true, ().into_response()),
        None => (false, StatusCode::NOT_FOUND.into_response()),
    };
    if hang {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    response
}

/// Ingest that trusts the world's authority and fetches from a host of the test's own.
pub struct PayPalStand {
    pub stand: Stand,
    pub host: CertificateHost,
    pub origin: String,
    bundle: PathBuf,
    flags: Vec<String>,
}

impl Drop for PayPalStand {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.bundle);
    }
}

impl PayPalStand {
    pub async fn start(flags: &[&str]) -> Self {
        let ids = format!("0OLD0000000000000, {WEBHOOK_ID}");
        Self::with(&[flags, &["--paypal-webhook-id", &ids]].concat()).await
    }

    /// Without a webhook id, unless the flags name one.
    pub async fn with(flags: &[&str]) -> Self {
        let host = CertificateHost::default();
        let origin = host.start().await;
        let bundle =
            std::env::temp_dir().join(format!("frontdesk-bundle-{}.pem", uuid::Uuid::new_v4()));
        std::fs::write(&bundle, world().authority.certificate()).unwrap();
        let defaults = [
            "--paypal-cert-hosts",
            &origin,
            "--paypal-trust-bundle",
            bundle.to_str().unwrap(),
        ];
        let flags = [&defaults, flags].concat();
        let stand = Stand::with(&flags, Limits::default()).await;
        host.serve("CERT-1", Served::Pem(world().genuine.certificate.clone()));
        Self {
            stand,
            host,
            flags: flags.into_iter().map(str::to_owned).collect(),
            origin: origin.clone(),
            bundle: bundle.clone(),
        }
    }

    /// The same ingest anew, with nothing in its memory.
    pub async fn restart(&mut self) {
        let flags: Vec<_> = self.flags.iter().map(String::as_str).collect();
        self.stand.restart(&flags).await;
    }

    pub fn certificate_url(&self, name: &str) -> String {
        format!("{}/v1/notifications/certs/{name}", self.origin)
    }

    /// A delivery as PayPal makes it.
    pub fn delivery(&self, body: &[u8]) -> Delivery {
        let id = uuid::Uuid::new_v4().to_string();
        let time = clock::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        self.delivery_by(&world().genuine, "CERT-1", WEBHOOK_ID, &id, &time, body)
    }

    /// A delivery with everything chosen.
    pub fn delivery_by(
        &self,
        signer: &Signer,
        certificate: &str,
        webhook_id: &str,
        id: &str,
        time: &str,
        body: &[u8],
    ) -> Delivery {
        let signed = format!("{id}|{time}|{webhook_id}|{}", crc32fast::hash(body));
        Delivery {
            headers: vec![
                ("content-type", "application/json".into()),
                ("paypal-transmission-id", id.into()),
                ("paypal-transmission-time", time.into()),
                (
                    "paypal-transmission-sig",
                    STANDARD.encode(signer.sign(signed.as_bytes())),
                ),
                ("paypal-cert-url", self.certificate_url(certificate)),
                ("paypal-auth-algo", "SHA256withRSA".into()),
                ("paypal-auth-version", "v2".into()),
            ],
            body: body.to_vec(),
        }
    }

    pub async fn send(&self, delivery: &Delivery) -> reqwest::Response {
        self.send_to("/webhooks/paypal", delivery).await
    }

    pub async fn send_to(&self, path: &str, delivery: &Delivery) -> reqwest::Response {
        let headers: Vec<_> = delivery
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        self.stand.post(path, &headers, delivery.body.clone()).await
    }
}

/// Headers and body of one transmission.
#[derive(Clone)]
pub struct Delivery {
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Delivery {
    /// The same with one header changed, or left out when the value is empty.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut changed = self.clone();
        for header in &mut changed.headers {
            if header.0 == name {
                value.clone_into(&mut header.1);
            }
        }
        changed.headers.retain(|header| !header.1.is_empty());
        changed
    }

    pub fn header(&self, name: &str) -> &str {
        &self
            .headers
            .iter()
            .find(|header| header.0 == name)
            .unwrap()
            .1
    }
}
