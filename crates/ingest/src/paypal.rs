//! PayPal's webhooks: verify locally against PayPal's certificate, store byte for byte.
//!
//! PayPal: REST webhooks, "event signature verification". The signature covers only a CRC-32 of
//! the body, so a transmission id is bound to the first body it came with (`history`). The body and the
//! transmission headers are kept as they came, so that a signature can be checked again years
//! later. What a body says is not judged here.

mod certificates;
mod chain;
mod envelope;
mod history;
mod origin;
mod transmission;
mod verify;

pub(crate) use origin::{CertificateOrigin, Environment};

use crate::{counts::Sender, rejection::Rejection, run::Parts};
use axum::http::HeaderMap;
use bytes::Bytes;
use certificates::Certificates;
use frontdesk_events::nats::Connection;
use frontdesk_process::{Shutdown, clock};
use history::History;
use std::{path::PathBuf, sync::Arc};

/// What PayPal's simulator signs with, whoever asked it to.
pub(crate) const SIMULATOR_WEBHOOK_ID: &str = "WEBHOOK_ID";

/// How deliveries are checked.
#[derive(Debug)]
pub(crate) struct PayPalSettings {
    pub(crate) environment: Environment,
    pub(crate) webhook_ids: Vec<String>,
    pub(crate) origins: Vec<CertificateOrigin>,
    pub(crate) trust_bundle: Option<PathBuf>,
    pub(crate) allow_simulator: bool,
}

/// What is needed to judge PayPal's deliveries.
pub(crate) struct PayPal {
    settings: PayPalSettings,
    certificates: Certificates,
    history: Arc<History>,
}

impl PayPal {
    pub(crate) fn new(settings: PayPalSettings) -> anyhow::Result<Self> {
        if settings.webhook_ids.is_empty() && !settings.allow_simulator {
            tracing::warn!(
                "PAYPAL_WEBHOOK_ID is not set: PayPal's deliveries are answered 503 and stay with PayPal"
            );
        }
        let history = Arc::<History>::default();
        let certificates = Certificates::new(&settings, history.clone())?;
        Ok(Self {
            settings,
            certificates,
            history,
        })
    }

    /// Learns what earlier deliveries prove, and what other processes store from now on.
    pub(crate) fn follow(
        &self,
        nats: Connection,
        shutdown: Shutdown,
    ) -> impl Future<Output = ()> + use<> {
        self.history.clone().follow(nats, shutdown)
    }
}

/// Refuses what by its head alone is no delivery of PayPal's, before any of the body is waited for.
pub(crate) fn look(headers: &HeaderMap) -> Result<(), Rejection> {
    transmission::Transmission::read(headers).map(|_| ())
}

/// Returns once the event is on disk.
pub(crate) async fn receive(
    parts: &Parts,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<(), Rejection> {
    let now = clock::now();
    let paypal = &parts.paypal;
    let transmission = transmission::Transmission::read(headers)?;
    paypal.history.until_read().await?;
    let webhook_id = verify::verify(
        &paypal.settings,
        &paypal.certificates,
        &transmission,
        &body,
        now,
    )
    .await?;
    paypal.history.bind(transmission.id, &body)?;
    let event = envelope::read(&body);
    let proof = envelope::Proof {
        transmission: &transmission,
        webhook_id,
        environment: paypal.settings.environment,
    };
    let kind = envelope::kind(&event);
    let message = envelope::wrap(&event, &proof, body.clone(), now)?;
    let receipt = parts.billing.store(message).await?;
    parts
        .counts
        .accepted(Sender::PayPal, &kind, receipt.duplicate);
    Ok(())
}
