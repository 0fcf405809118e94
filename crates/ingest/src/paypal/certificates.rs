//! Fetching and keeping PayPal's signing certificates.
//!
//! Whoever can reach the webhook address can make us fetch any path of PayPal's host, so fetches
//! are few, small, short, never redirected, one at a time for a URL, and failures are remembered.
//!
//! The bound on fetches must not become a way to shut PayPal out: a stranger could use it up with
//! invented names. So it counts only addresses that never verified a delivery. Those that did are
//! known from the stored deliveries ([`History`]), a restart included, and are fetched whenever
//! they are needed, which is once a day, or once a minute while the fetch fails or the certificate
//! is past its end. What is left to a
//! stranger who never pauses is the time before the very first delivery and after PayPal has
//! changed its certificate, about once a year: then PayPal is answered 503 as long as that goes on,
//! keeps the delivery for three days, and the log names the address that was not fetched.

use super::{
    PayPalSettings,
    chain::{Bundle, Certificate, Distrust},
    history::History,
    origin::Environment,
};
use crate::rejection::Rejection;
use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, StatusCode, redirect};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::OnceCell;
use url::Url;

const FETCH_PATIENCE: Duration = Duration::from_secs(5);
const LARGEST_CERTIFICATE: usize = 64 * 1024;
/// How long a certificate is used before PayPal is asked again.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// How long a failure answers for its URL, and a certificate that has ended.
const FAILURE_KEPT: TimeDelta = TimeDelta::seconds(60);
const MOST_KEPT: usize = 16;
const UNREACHABLE: Distrust = "certificate_unreachable";
/// Fetches a minute of addresses that never verified a delivery, which a stranger may have made up.
const FETCHES: usize = 6;

/// The certificates by their URL.
pub(super) struct Certificates {
    source: Arc<Source>,
    history: Arc<History>,
    kept: Mutex<Kept>,
}

/// Where they come from, and who must vouch for them.
struct Source {
    client: Client,
    bundle_path: Option<PathBuf>,
    environments: Vec<Environment>,
}

#[derive(Default)]
struct Kept {
    slots: HashMap<Url, Slot>,
    /// When the last minute's fetches of unknown addresses began.
    fetches: Vec<DateTime<Utc>>,
}

struct Slot {
    began: DateTime<Utc>,
    fetched: Arc<OnceCell<Result<Certificate, Distrust>>>,
    is_genuine: bool,
}

impl Slot {
    fn failed(&self) -> bool {
        matches!(self.fetched.get(), Some(Err(_)))
    }

    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        let kept = match self.fetched.get() {
            Some(Err(_)) => FAILURE_KEPT,
            // PayPal may long have put the next one under the same URL.
            Some(Ok(certificate)) if certificate.has_ended(now) => FAILURE_KEPT,
            _ => KEPT,
        };
        now - self.began < kept
    }
}

/// A certificate that was found; it stays usable if its slot goes.
pub(super) struct Found(Arc<OnceCell<Result<Certificate, Distrust>>>);

impl std::ops::Deref for Found {
    type Target = Certificate;

    fn deref(&self) -> &Certificate {
        self.0
            .get()
            .and_then(|fetched| fetched.as_ref().ok())
            .expect("only made from a certificate that was fetched")
    }
}

impl Certificates {
    pub(super) fn new(settings: &PayPalSettings, history: Arc<History>) -> anyhow::Result<Self> {
        let mut client = Client::builder()
            .timeout(FETCH_PATIENCE)
            .redirect(redirect::Policy::none())
            .https_only(
                !settings
                    .origins
                    .iter()
                    .any(super::CertificateOrigin::is_loopback),
            );
        if settings
            .origins
            .iter()
            .all(super::CertificateOrigin::is_loopback)
        {
            client = client.no_proxy();
        }
        if let Err(why) = Bundle::read(settings.trust_bundle.as_deref()) {
            // It may still come: a stand-in writes its authority when it starts.
            tracing::warn!(why, "no authorities for PayPal's certificates yet");
        }
        let mut environments = vec![settings.environment];
        if settings.allow_simulator {
            environments.push(Environment::Live);
        }
        let source = Source {
            client: client
                .build()
                .context("building the HTTP client for PayPal's certificates")?,
            bundle_path: settings.trust_bundle.clone(),
            environments,
        };
        Ok(Self {
            source: Arc::new(source),
            history,
            kept: Mutex::default(),
        })
    }

    /// The certificate at a permitted URL, fetched at most once at a time.
    pub(super) async fn certificate(
        &self,
        url: &Url,
        now: DateTime<Utc>,
    ) -> Result<Found, Rejection> {
        let slot = self.slot(url, now)?;
        if !slot.initialized() {
            let (source, slot, url) = (self.source.clone(), slot.clone(), url.clone());
            // Whoever hangs up does not end it: the next one would begin another, which nobody counts.
            let fetching = tokio::spawn(async move {
                slot.get_or_init(|| source.fetch(&url, now)).await;
            });
            // One that panicked has left no answer, and is told below.
            let _ = fetching.await;
        }
        let reason = match slot.get() {
            Some(Ok(_)) => return Ok(Found(slot)),
            Some(Err(reason)) => reason,
            None => UNREACHABLE,
        };
        Err(Rejection::Unverifiable {
            reason,
            detail: format!(
                "PayPal's certificate cannot be had or trusted now: {}",
                reason.replace('_', " ")
            ),
        })
    }

    /// What a fetch would have brought.
    #[cfg(test)]
    pub(super) fn put(&self, url: &Url, pem: &[u8], now: DateTime<Utc>) {
        let bundle = Bundle::read(None).unwrap();
        let fetched = OnceCell::new_with(Some(Certificate::parse(pem, Arc::new(bundle))));
        let slot = Slot {
            began: now,
            fetched: Arc::new(fetched),
            is_genuine: false,
        };
        self.kept.lock().unwrap().slots.insert(url.clone(), slot);
    }

    /// A genuine signature was verified with the certificate at this URL.
    pub(super) fn proved(&self, url: &Url) {
        self.history.found_genuine(url.as_str());
        let mut kept = self
            .kept
            .lock()
            .expect("nothing panics while it holds this lock");
        if let Some(slot) = kept.slots.get_mut(url) {
            slot.is_genuine = true;
        }
    }

    fn slot(
        &self,
        url: &Url,
        now: DateTime<Utc>,
    ) -> Result<Arc<OnceCell<Result<Certificate, Distrust>>>, Rejection> {
        let mut kept = self
            .kept
            .lock()
            .expect("nothing panics while it holds this lock");
        if let Some(slot) = kept.slots.get(url)
            && slot.is_fresh(now)
        {
            return Ok(slot.fetched.clone());
        }
        let is_genuine = self.history.is_genuine(url.as_str());
        if !is_genuine {
            kept.fetches
                .retain(|began| now - began < TimeDelta::minutes(1));
            if kept.fetches.len() >= FETCHES {
                tracing::warn!(%url, "not fetched: too many unknown certificates within a minute");
                return Err(Rejection::Unverifiable {
                    reason: "certificate_fetches",
                    detail: "too many unknown certificates were asked for within a minute".into(),
                });
            }
            kept.fetches.push(now);
        }
        kept.make_room();
        let fetched = Arc::new(OnceCell::new());
        kept.slots.insert(
            url.clone(),
            Slot {
                began: now,
                fetched: fetched.clone(),
                is_genuine,
            },
        );
        Ok(fetched)
    }
}

impl Source {
    async fn fetch(&self, url: &Url, now: DateTime<Utc>) -> Result<Certificate, Distrust> {
        let fetched = self.judged(url, now).await;
        if let Err(why) = &fetched {
            tracing::warn!(%url, why, "no usable certificate at PayPal");
        }
        fetched
    }

    async fn judged(&self, url: &Url, now: DateTime<Utc>) -> Result<Certificate, Distrust> {
        let unreachable = |_| UNREACHABLE;
        let mut response = self
            .client
            .get(url.clone())
            .send()
            .await
            .map_err(unreachable)?;
        if response.status() != StatusCode::OK {
            return Err(UNREACHABLE);
        }
        let mut pem = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            pem.extend_from_slice(&chunk);
            if pem.len() > LARGEST_CERTIFICATE {
                return Err("not_a_certificate");
            }
        }
        let bundle = Bundle::read(self.bundle_path.as_deref()).map_err(|why| {
            tracing::error!(why, "PayPal's certificates cannot be judged");
            "no_trust_bundle"
        })?;
        let certificate = Certificate::parse(&pem, Arc::new(bundle))?;
        let mut verdict = Err("untrusted_certificate");
        for environment in &self.environments {
            verdict = certificate.check(*environment, now);
            if verdict.is_ok() {
                break;
            }
        }
        verdict.map(|()| certificate)
    }
}

impl Kept {
    /// Leaves a place free: of what never proved genuine, failures first, then the oldest.
    fn make_room(&mut self) {
        while self.slots.len() >= MOST_KEPT {
            let least = self
                .slots
                .iter()
                .min_by_key(|(_, slot)| (slot.is_genuine, !slot.failed(), slot.began));
            let Some(url) = least.map(|(url, _)| url.clone()) else {
                return;
            };
            self.slots.remove(&url);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first certificate of the bundle, fetched so long before its end, and that end.
    fn fetched_before_its_end(long: TimeDelta) -> (Certificates, Url, DateTime<Utc>) {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = PayPalSettings {
            environment: Environment::Sandbox,
            webhook_ids: Vec::new(),
            origins: Environment::Sandbox.certificate_origins(),
            trust_bundle: None,
            allow_simulator: false,
        };
        let certificates = Certificates::new(&settings, Arc::default()).unwrap();
        let url: Url = "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1"
            .parse()
            .unwrap();
        let end: DateTime<Utc> = "2031-11-10T00:00:00Z".parse().unwrap();
        certificates.put(&url, include_bytes!("../../trust/paypal.pem"), end - long);
        (certificates, url, end)
    }

    #[test]
    fn a_certificate_past_its_end_is_fetched_again_though_it_is_not_a_day_old() {
        let (certificates, url, end) = fetched_before_its_end(TimeDelta::hours(1));
        let is_kept = |now| certificates.slot(&url, now).unwrap().initialized();
        assert!(is_kept(end), "it is good to its last moment");
        assert!(!is_kept(end + TimeDelta::seconds(1)));
    }

    #[test]
    fn a_certificate_past_its_end_is_fetched_once_a_minute() {
        let (certificates, url, end) = fetched_before_its_end(TimeDelta::seconds(10));
        let is_kept = |now| certificates.slot(&url, now).unwrap().initialized();
        assert!(is_kept(end + TimeDelta::seconds(49)));
        let again = certificates
            .slot(&url, end + TimeDelta::seconds(50))
            .unwrap();
        assert!(
            again.set(Err("certificate_out_of_date")).is_ok(),
            "it is fetched now"
        );
        assert!(is_kept(end + TimeDelta::seconds(109)));
        assert!(!is_kept(end + TimeDelta::seconds(110)));
    }
}
