//! What others reach in the sandbox: at its HTTP address PayPal's certificates, LiveKit's server API,
//! the mailbox's pages and the login providers, at its SMTP address the mailbox itself. Each of them is left out where
//! the settings name a real one.

use super::Outside;
use crate::{
    keys::SigningKey,
    loopback,
    mailbox::{self, Mailbox},
    pages,
    paypal::{
        certificates::{Answer, Shelf},
        transmission::Transmitter,
    },
    providers::{Client, github::GitHub, google::Google},
};
use anyhow::Context as _;
use axum::{Router, extract::DefaultBodyLimit, middleware, routing::get};
use frontdesk_process::{
    Shutdown,
    listen::{self, Limits},
};
use std::{net::SocketAddr, path::Path, sync::Arc};

/// Forms and questions; nobody sends more here than a name.
const BODY_BYTES: usize = 64 * 1024;
const GOOGLE_KEY_FILE: &str = "google.key";

/// What is imitated beside PayPal and LiveKit.
#[derive(Debug, Clone, Default)]
pub struct Services {
    /// Where mail is taken; nowhere when a real server takes it.
    pub smtp_listen: Option<SocketAddr>,
    /// The product's address, to which people come back who sign in.
    pub public_url: String,
    /// Google's name and secret for the product; nothing when Google is real.
    pub google: Option<(String, String)>,
    /// GitHub's.
    pub github: Option<(String, String)>,
}

impl Services {
    /// Where mails can be read.
    #[must_use]
    pub fn mailbox_url(&self, listen: SocketAddr) -> Option<String> {
        self.smtp_listen.map(|_| format!("http://{listen}/mail"))
    }
}

/// Where others reach the sandbox.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// Certificates, mailbox pages, login providers.
    pub http: SocketAddr,
    /// The mailbox, where there is one.
    pub smtp: Option<SocketAddr>,
}

/// Serves everything until shutdown, LiveKit's API (`livekit`) among it; the addresses are bound when
/// this returns.
///
/// # Errors
/// When an address is taken or open to others, or a key or the mails cannot be kept.
pub async fn serve(
    outside: &Outside,
    transmitter: &Transmitter,
    livekit: Router,
    shutdown: &Shutdown,
) -> anyhow::Result<Addresses> {
    let services = &outside.services;
    let mut router = certificates(transmitter)
        .route(pages::STYLE_PATH, get(pages::style))
        .merge(livekit);
    let mut smtp = None;
    if let Some(listen) = services.smtp_listen {
        let mailbox = Arc::new(Mailbox::open(&outside.state_dir)?);
        smtp = Some(mailbox::serve(listen, Arc::clone(&mailbox), shutdown.clone()).await?);
        router = router.merge(mailbox::router(mailbox));
    }
    let listener = bind(outside.listen)?;
    let http = listener.local_addr()?;
    let base = format!("http://{http}");
    router = router.merge(providers(services, &base, &outside.state_dir).await?);
    let app = router
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::from_fn(pages::guard));
    spawn(listener, app, shutdown.clone());
    Ok(Addresses { http, smtp })
}

/// Serves LiveKit's API of one room until shutdown; gives the address.
///
/// # Errors
/// When no address is free.
pub(super) fn serve_room(api: Router, shutdown: Shutdown) -> anyhow::Result<SocketAddr> {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = listener.local_addr()?;
    let app = api.layer(middleware::from_fn(pages::guard));
    spawn(listener, app, shutdown);
    Ok(address)
}

/// Serves the message certificate alone until shutdown; the address is bound when this returns.
///
/// # Errors
/// When the address is taken or open to others.
pub async fn serve_certificates(
    listen: SocketAddr,
    transmitter: &Transmitter,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    spawn(bind(listen)?, certificates(transmitter), shutdown);
    Ok(())
}

fn bind(address: SocketAddr) -> anyhow::Result<tokio::net::TcpListener> {
    let address = loopback::listener(address)?;
    listen::bind(address).with_context(|| format!("listening on {address}"))
}

fn spawn(listener: tokio::net::TcpListener, app: Router, shutdown: Shutdown) {
    tokio::spawn(async move {
        if let Err(error) = listen::serve(listener, app, Limits::default(), shutdown).await {
            tracing::error!(%error, "the sandbox's HTTP address ended");
        }
    });
}

fn certificates(transmitter: &Transmitter) -> Router {
    let signer = &transmitter.signer;
    let pem = Answer::Pem(signer.certificate.clone());
    Shelf::default()
        .with(&signer.certificate_id(), pem)
        .router()
}

/// The login providers that are imitated.
async fn providers(services: &Services, base: &str, state_dir: &Path) -> anyhow::Result<Router> {
    let mut router = Router::new();
    if let Some(client) = client(services, services.google.as_ref(), "google") {
        let path = state_dir.join(GOOGLE_KEY_FILE);
        let key = tokio::task::spawn_blocking(move || SigningKey::open_or_create(&path)).await??;
        router = router.merge(Google::of(client, base, key).router());
    }
    if let Some(client) = client(services, services.github.as_ref(), "github") {
        router = router.merge(GitHub::of(client).router());
    }
    Ok(router)
}

/// The product as this provider knows it. Where others reach the product, everybody could be
/// anybody: nobody is let in then, and the rest of the sandbox goes on.
fn client(services: &Services, named: Option<&(String, String)>, provider: &str) -> Option<Client> {
    let (id, secret) = named.cloned()?;
    match Client::of_product(id, secret, &services.public_url, provider) {
        Ok(client) => Some(client),
        Err(error) => {
            tracing::warn!(%error, provider, "nobody can sign in through this provider");
            None
        }
    }
}
