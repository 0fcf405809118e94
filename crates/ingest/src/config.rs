//! What ingest reads from its environment, checked once.
//!
//! A value that would make it accept unsigned input, or refuse everything, is an error at start
//! with one clear line, not a surprise with the first delivery.

use crate::paypal::{CertificateOrigin, Environment, PayPalSettings, SIMULATOR_WEBHOOK_ID};
use anyhow::{Context as _, bail};
use frontdesk_process::livekit::{KeyArgs, Keys};
use std::{net::SocketAddr, path::PathBuf};

/// Ingest's configuration.
#[derive(Debug, Clone, clap::Args)]
pub struct IngestArgs {
    /// Where ingest listens for webhooks and agents' events.
    #[arg(long, env = "INGEST_LISTEN", default_value = "127.0.0.1:8081")]
    pub ingest_listen: SocketAddr,
    /// Connections at once from one address; loopback and TRUSTED_PROXIES are exempt.
    #[arg(long, env = "INGEST_CONNECTIONS_PER_ADDRESS", default_value_t = 64)]
    pub ingest_connections_per_address: usize,
    /// The keys that webhooks and agents' tokens are signed with.
    #[command(flatten)]
    pub livekit: KeyArgs,

    /// Which PayPal this is. Certificates, ids and sources of the two never mix.
    #[arg(long, env = "PAYPAL_MODE", default_value = "sandbox")]
    pub paypal_mode: Environment,
    /// Ids of our webhooks at PayPal (with commas). Without one, PayPal's deliveries are answered
    /// 503, so that PayPal keeps them for three days.
    #[arg(long, env = "PAYPAL_WEBHOOK_ID")]
    pub paypal_webhook_id: Option<String>,
    /// Hosts PayPal's signing certificate may come from (with commas). A bare name means https on
    /// port 443; an origin such as http://127.0.0.1:8090 is accepted on loopback alone.
    #[arg(long, env = "PAYPAL_CERT_HOSTS")]
    pub paypal_cert_hosts: Option<String>,
    /// PEM file of the authorities that certificate must chain to, instead of the ones built in.
    /// Read anew for each certificate, so that an authority can be added without a restart.
    #[arg(long, env = "PAYPAL_TRUST_BUNDLE")]
    pub paypal_trust_bundle: Option<PathBuf>,
    /// Accept deliveries of PayPal's webhook simulator. Anybody can have those made, so never in
    /// production.
    #[arg(long, env = "PAYPAL_ALLOW_SIMULATOR", default_value_t = false)]
    pub paypal_allow_simulator: bool,
}

impl IngestArgs {
    /// The LiveKit keys, old and new.
    pub(crate) fn keys(&self) -> anyhow::Result<Keys> {
        self.livekit.keys()?.context(
            "LIVEKIT_API_KEY and LIVEKIT_API_SECRET are needed: webhooks and agents' events are checked with them",
        )
    }

    /// How PayPal's deliveries are checked.
    pub(crate) fn paypal(&self) -> anyhow::Result<PayPalSettings> {
        let mut webhook_ids: Vec<String> = list(self.paypal_webhook_id.as_deref())
            .into_iter()
            .map(str::to_owned)
            .collect();
        if webhook_ids.iter().any(|id| id == SIMULATOR_WEBHOOK_ID) && !self.paypal_allow_simulator {
            bail!(
                "PAYPAL_WEBHOOK_ID holds {SIMULATOR_WEBHOOK_ID}, under which anybody can have deliveries signed; \
                 only PAYPAL_ALLOW_SIMULATOR=true, on a development machine, permits that"
            );
        }
        if webhook_ids
            .iter()
            .any(|id| !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
        {
            bail!(
                "PAYPAL_WEBHOOK_ID holds something that is not a webhook id (letters and digits)"
            );
        }
        let mut origins: Vec<CertificateOrigin> = match list(self.paypal_cert_hosts.as_deref()) {
            hosts if hosts.is_empty() => self.paypal_mode.certificate_origins(),
            hosts => hosts
                .into_iter()
                .map(str::parse)
                .collect::<Result<_, String>>()
                .map_err(anyhow::Error::msg)?,
        };
        if self.paypal_allow_simulator {
            webhook_ids.retain(|id| id != SIMULATOR_WEBHOOK_ID);
            // The simulator signs with the live certificate whatever the app it is asked from.
            origins.extend(Environment::Live.certificate_origins());
        }
        Ok(PayPalSettings {
            environment: self.paypal_mode,
            webhook_ids,
            origins,
            trust_bundle: self.paypal_trust_bundle.clone(),
            allow_simulator: self.paypal_allow_simulator,
        })
    }
}

fn list(text: Option<&str>) -> Vec<&str> {
    text.into_iter()
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        ingest: IngestArgs,
    }

    fn args(flags: &[&str]) -> IngestArgs {
        Command::try_parse_from([&["ingest"], flags].concat())
            .unwrap()
            .ingest
    }

    #[test]
    fn without_a_key_nothing_could_be_checked() {
        assert!(args(&[]).keys().is_err());
        assert!(
            args(&["--livekit-api-key", "a", "--livekit-api-secret", "s"])
                .keys()
                .is_ok()
        );
    }

    #[test]
    fn the_simulators_webhook_id_needs_its_own_switch() {
        assert!(
            args(&["--paypal-webhook-id", "5GP02,WEBHOOK_ID"])
                .paypal()
                .is_err()
        );
        let settings = args(&[
            "--paypal-webhook-id",
            "WEBHOOK_ID",
            "--paypal-allow-simulator",
        ])
        .paypal()
        .unwrap();
        assert!(settings.allow_simulator && settings.webhook_ids.is_empty());
    }

    #[test]
    fn certificates_come_from_https_or_from_loopback() {
        for good in [
            "api.paypal.com",
            "http://127.0.0.1:8090",
            "http://localhost:1",
            "http://[::1]:8",
            "api.x.test:443",
        ] {
            assert!(
                args(&["--paypal-cert-hosts", good]).paypal().is_ok(),
                "{good}"
            );
        }
        for bad in [
            "http://api.paypal.com",
            "http://10.0.0.1:80",
            "ftp://127.0.0.1",
            "https://a/b",
            "u@api.paypal.com",
            "a b",
        ] {
            assert!(
                args(&["--paypal-cert-hosts", bad]).paypal().is_err(),
                "{bad}"
            );
        }
    }
}
