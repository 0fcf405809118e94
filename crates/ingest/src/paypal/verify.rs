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
        return Err(Rejection::Unverifiable {
            reason: "not_configured",
            detail,
        });
    }
    let certificate = certificates.certificate(&url, now).await?;
    let is_signed_for = |id: &str| {
        certificate.verifies(
            transmission.signed_text(id, body).as_bytes(),
            &transmission.signature,
        )
    };
    let unverifiable = |reason: &'static str| Rejection::Unverifiable {
        reason,
        detail: format!(
            "the signing certificate is not accepted: {}",
            reason.replace('_', " ")
        ),
    };
    if let Some(id) = settings.webhook_ids.iter().find(|id| is_signed_for(id)) {
        // Again at each use: a certificate may expire while it is kept.
        certificate
            .check(settings.environment, now)
            .map_err(unverifiable)?;
        certificates.proved(&url);
        return Ok(id);
    }
    if is_signed_for(SIMULATOR_WEBHOOK_ID) {
        if !settings.allow_simulator {
            return Err(Rejection::Unsigned {
                reason: "simulator",
            });
        }
        certificate
            .check(Environment::Live, now)
            .or_else(|_| certificate.check(settings.environment, now))
            .map_err(unverifiable)?;
        return Ok(SIMULATOR_WEBHOOK_ID);
    }
    Err(Rejection::Unsigned {
        reason: "wrong_signature",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderMap, HeaderName};
    use serde_json::Value;
    use std::{io::Write as _, path::PathBuf, sync::Arc};

    /// PayPal's own signatures. They are not ours to publish, so they stay beside the repository,
    /// or where FRONTDESK_SHARED says; where that is set, they must be there.
    fn vectors() -> Option<Value> {
        let named = std::env::var_os("FRONTDESK_SHARED").map(PathBuf::from);
        let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
        let shared = named.clone().unwrap_or_else(|| beside.into());
        let file = shared.join("fixtures/paypal/signature-vectors.json");
        match std::fs::read(&file) {
            Ok(text) => Some(serde_json::from_slice(&text).unwrap()),
            Err(error) if named.is_some() => panic!("{}: {error}", file.display()),
            Err(_) => {
                // Past the test's captured output: a run that checked nothing must show it.
                let said = writeln!(
                    std::io::stderr(),
                    "SKIPPED: PayPal's genuine signatures are not checked, there is no {} \
                     (FRONTDESK_SHARED=<folder> names another place)",
                    file.display()
                );
                said.unwrap();
                None
            }
        }
    }

    async fn outcome(
        vector: &Value,
        pem: &str,
        change: impl FnOnce(&mut PayPalSettings, &mut Vec<u8>),
    ) -> String {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let headers: HeaderMap = vector["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| {
                (
                    name.parse::<HeaderName>().unwrap(),
                    text(value).parse().unwrap(),
                )
            })
            .collect();
        let url = text(&vector["headers"]["paypal-cert-url"]);
        let environment = if url.contains("sandbox") {
            Environment::Sandbox
        } else {
            Environment::Live
        };
        let mut settings = PayPalSettings {
            environment,
            webhook_ids: vec!["0AA00000AA000000A".into(), text(&vector["webhook_id"])],
            origins: environment.certificate_origins(),
            trust_bundle: None,
            allow_simulator: true,
        };
        settings.webhook_ids.retain(|id| id != SIMULATOR_WEBHOOK_ID);
        let mut body = text(&vector["body"]).into_bytes();
        change(&mut settings, &mut body);
        let now = DateTime::parse_from_rfc3339(&text(&vector["verify_at"]))
            .unwrap()
            .to_utc();
        let certificates = Certificates::new(&settings, Arc::default()).unwrap();
        certificates.put(&url.parse().unwrap(), pem.as_bytes(), now);
        let transmission = Transmission::read(&headers).unwrap();
        match verify(&settings, &certificates, &transmission, &body, now).await {
            Ok(webhook_id) => webhook_id.to_owned(),
            Err(rejection) => format!("refused: {}", rejection.reason()),
        }
    }

    #[tokio::test]
    async fn genuine_deliveries_verify_and_their_forgeries_do_not() {
        let Some(vectors) = vectors() else { return };
        let all = vectors["vectors"].as_array().unwrap();
        assert!(!all.is_empty());
        for vector in all {
            let certificate = &vectors["certificates"][vector["cert"].as_str().unwrap()];
            let pem = certificate["pem"].as_str().unwrap();
            let name = vector["name"].as_str().unwrap();
            let webhook_id = vector["webhook_id"].as_str().unwrap();
            assert_eq!(outcome(vector, pem, |_, _| {}).await, webhook_id, "{name}");
            assert_eq!(
                outcome(vector, &pem.replace('\n', "\r\n"), |_, _| {}).await,
                webhook_id,
                "{name} with CRLF"
            );
            let changed = outcome(vector, pem, |_, body| body.push(b' ')).await;
            assert_eq!(changed, "refused: wrong_signature", "{name}");
            let production =
                outcome(vector, pem, |settings, _| settings.allow_simulator = false).await;
            let expected = if webhook_id == SIMULATOR_WEBHOOK_ID {
                "refused: simulator"
            } else {
                webhook_id
            };
            assert_eq!(production, expected, "{name}");
        }
    }

    #[tokio::test]
    async fn a_certificate_of_another_year_or_name_proves_nothing() {
        let Some(vectors) = vectors() else { return };
        let genuine = vectors["vectors"]
            .as_array()
            .unwrap()
            .iter()
            .find(|v| v["webhook_id"] != SIMULATOR_WEBHOOK_ID);
        let mut genuine = genuine.unwrap().clone();
        let pem = vectors["certificates"][genuine["cert"].as_str().unwrap()]["pem"]
            .as_str()
            .unwrap();
        let as_live = outcome(&genuine, pem, |settings, _| {
            settings.environment = Environment::Live;
        })
        .await;
        assert_eq!(as_live, "refused: foreign_certificate");
        genuine["verify_at"] = "2026-11-23T00:00:00Z".into();
        assert_eq!(
            outcome(&genuine, pem, |_, _| {}).await,
            "refused: certificate_out_of_date"
        );
    }
}
