//! Whether a delivery is PayPal's and for one of our webhooks.
//!
//! What the sender got wrong is 401; what we cannot find out now (no certificate, one that does
//! not chain to our bundle today) is 503, so that PayPal comes again while an operator adds an
//! authority.

use super::{
    PayPalSettings, SIMULATOR_WEBHOOK_ID, certificates::Certificates, origin, origin::Environment,
    transmission::Transmission,
};
use crate::rejection::Rejection;
use chrono::{DateTime, Utc};

/// The webhook id whose signature it is.
pub(super) async fn verify<'a>(
    settings: &'a PayPalSettings,
    certificates: &Certificates,
    transmission: &Transmission<'_>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<&'a str, Rejection> {
    let url = origin::permitted(transmission.certificate_url, &settings.origins)?;
    if settings.webhook_ids.is_empty() && !settings.allow_simulator {
        let detail = "PayPal is not configured here (PAYPAL_WEBHOOK_ID)".into();
        return Err(Rejection::Unverifiable { reason: "not_configured", detail });
    }
    let certificate = certificates.certificate(&url, now).await?;
    let is_signed_for =
        |id: &str| certificate.verifies(transmission.signed_text(id, body).as_bytes(), &transmission.signature);
    let unverifiable = |reason: &'static str| Rejection::Unverifiable {
        reason,
        detail: format!("the signing certificate is not accepted: {}", reason.replace('_', " ")),
    };
    if let Some(id) = settings.webhook_ids.iter().find(|id| is_signed_for(id)) {
        // Again at each use: a certificate may expire while it is kept.
        certificate.check(settings.environment, now).map_err(unverifiable)?;
        certificates.proved(&url);
        return Ok(id);
    }
    if is_signed_for(SIMULATOR_WEBHOOK_ID) {
        if !settings.allow_simulator {
            return Err(Rejection::Unsigned { reason: "simulator" });
        }
        certificate
            .check(Environment::Live, now)
            .or_else(|_| certificate.check(settings.environment, now))
            .map_err(unverifiable)?;
        return Ok(SIMULATOR_WEBHOOK_ID);
    }
    Err(Rejection::Unsigned { reason: "wrong_signature" })
}
