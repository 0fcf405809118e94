//! What earlier deliveries prove: which body each transmission came with, and where genuine
//! certificates were found.
//!
//! PayPal's signature covers a CRC-32 of the body, which another body can meet in milliseconds,
//! and it never expires: whoever has seen one delivery could have a body of their own stored under
//! its signature. So a transmission is bound to the first body it came with, by SHA-256.
//!
//! The memory of it is BILLING itself. Every stored delivery carries its transmission's id, its
//! body's hash and its certificate's address, so each ingest reads those back when it starts,
//! without the payloads, and follows the stream from there on: a restart forgets nothing, and
//! what one ingest stores another one knows a moment later. Until the stream has been read back,
//! PayPal's deliveries wait a little and are then answered 503. The role is ready all the same: a
//! BILLING that cannot be read must not cost LiveKit's events, which are sent again for seconds
//! and not, like PayPal's, for days.
//!
//! Its limits. The last [`REMEMBERED`] transmissions are known, not all: an older one could be
//! used again with another body, which then has to carry an event id of its own to be stored. Two
//! bodies of one transmission that reach two processes within the milliseconds before either reads
//! the other's from the stream are both stored. And a resend that JetStream drops as a repetition
//! within its duplicate window leaves its transmission known to this process alone. Closing these
//! would take a second write before each answer. Nothing is read back from PayPal yet, so what is
//! stored is believed; the api gives access for a plan of ours alone, paid in its currency.

use crate::rejection::Rejection;
use anyhow::Context as _;
use frontdesk_events::{
    Envelope, StreamName,
    nats::{Connection, Reader},
};
use frontdesk_process::Shutdown;
use sha2::{Digest as _, Sha256};
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;
use url::Url;

/// How many transmissions are bound: years of a small business's billing, in a few megabytes. An
/// attacker cannot push one out, because only genuine signatures enter.
pub(super) const REMEMBERED: usize = 50_000;
/// Addresses of genuine certificates. PayPal changes its own about once a year.
const GENUINE_URLS: usize = 8;

/// How long a delivery waits for the history at a start: well within PayPal's patience, and it
/// spares PayPal a second delivery.
const READ_WITHIN: Duration = Duration::from_secs(5);
/// 0 while PayPal's deliveries are answered 503 for want of the history.
const READ_GAUGE: &str = "ingest_paypal_history_read";
/// How long to wait before the stream is tried again.
const PAUSE: Duration = Duration::from_secs(1);
const MOST_AT_ONCE: usize = 1000;
/// So many pauses without a message, while the server says that it is there, mean that all that
/// was to be read has been erased.
const QUIET_PAUSES: u32 = 5;

/// A hash cut to 128 bits: as hard to meet as a SHA-256 for anyone, at half the memory.
type Short = [u8; 16];

/// What is known. Shared by the deliveries and the reader of the stream.
#[derive(Default)]
pub(super) struct History {
    known: Mutex<Known>,
    is_read: watch::Sender<bool>,
    is_troubled: AtomicBool,
}

#[derive(Default)]
struct Known {
    bodies: HashMap<Short, Short>,
    order: VecDeque<Short>,
    genuine_urls: VecDeque<String>,
}

impl History {
    /// Returns once everything stored before this process began is known.
    pub(super) async fn until_read(&self) -> Result<(), Rejection> {
        self.read_within(READ_WITHIN).await
    }

    async fn read_within(&self, patience: Duration) -> Result<(), Rejection> {
        let mut is_read = self.is_read.subscribe();
        let wait = tokio::time::timeout(patience, is_read.wait_for(|is_read| *is_read));
        if matches!(wait.await, Ok(Ok(_))) {
            return Ok(());
        }
        Err(Rejection::Unverifiable {
            reason: "history_unread",
            detail: "earlier deliveries are still being read back; send it again".into(),
        })
    }

    /// Binds a verified transmission to its body, or refuses a second body under its id.
    pub(super) fn bind(&self, transmission: &str, body: &[u8]) -> Result<(), Rejection> {
        let body = short(&Sha256::digest(body));
        if self.known().bind(transmission, body) == body {
            Ok(())
        } else {
            Err(Rejection::Unsigned {
                reason: "second_body",
            })
        }
    }

    /// Whether a genuine signature was verified with the certificate at this address.
    pub(super) fn is_genuine(&self, url: &str) -> bool {
        self.known().genuine_urls.iter().any(|known| known == url)
    }

    /// A genuine signature was verified with the certificate at this address.
    pub(super) fn found_genuine(&self, url: &str) {
        self.known().found_genuine(url);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known
            .lock()
            .expect("nothing panics while it holds this lock")
    }

    /// Takes what a stored delivery proves. Whatever else stands in BILLING proves nothing.
    fn learn(&self, envelope: &Envelope) {
        let extension = |name| envelope.extension(name);
        let Some(transmission) = extension("paypaltransmissionid") else {
            return;
        };
        let mut hash = [0; 32];
        let hash = extension("bodysha256")
            .filter(|text| hex::decode_to_slice(text, &mut hash).is_ok())
            .map(|_| short(&hash));
        let mut known = self.known();
        if let Some(hash) = hash {
            known.bind(&transmission, hash);
        }
        let is_simulated =
            extension("paypalwebhookid").is_none_or(|id| id == super::SIMULATOR_WEBHOOK_ID);
        // As it came it may be spelt otherwise than what is asked for.
        let url = extension("paypalcerturl").and_then(|url| Url::parse(&url).ok());
        if let Some(url) = url.filter(|_| !is_simulated) {
            known.found_genuine(url.as_str());
        }
    }

    /// Reads BILLING back and then follows it, until shutdown.
    pub(crate) async fn follow(self: Arc<Self>, nats: Connection, shutdown: Shutdown) {
        let mut next = None;
        metrics::gauge!(READ_GAUGE).set(0.0);
        while !shutdown.is_cancelled() {
            let outcome = tokio::select! {
                () = shutdown.cancelled() => return,
                outcome = self.read_on(&nats, &mut next) => outcome,
            };
            if let Err(error) = outcome {
                self.failed(&error);
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }

    /// Told once until it succeeds again; the stream is tried every second.
    fn failed(&self, error: &anyhow::Error) {
        if self.is_troubled.swap(true, Ordering::AcqRel) {
            return;
        }
        let error = format!("{error:#}");
        if *self.is_read.borrow() {
            tracing::warn!(
                error,
                "PayPal's deliveries to other processes are not followed"
            );
        } else {
            tracing::warn!(
                error,
                "PayPal's deliveries are answered 503: earlier ones are not read back yet"
            );
        }
    }

    fn succeeded(&self) {
        let is_news = !self.is_read.send_replace(true);
        if is_news {
            metrics::gauge!(READ_GAUGE).set(1.0);
        }
        if self.is_troubled.swap(false, Ordering::AcqRel) {
            tracing::info!("PayPal's earlier deliveries are read back and followed");
        }
    }

    /// Ends with the reader. `next` is the sequence to go on at; `None` before the first.
    async fn read_on(&self, nats: &Connection, next: &mut Option<u64>) -> anyhow::Result<()> {
        anyhow::ensure!(nats.is_connected(), "not connected to NATS");
        let last = nats.stream_state(StreamName::Billing).await?.last_sequence;
        let earliest = (last + 1).saturating_sub(REMEMBERED as u64).max(1);
        // A stream that is shorter than what was read is another one.
        let start = next.filter(|next| *next <= last + 1).unwrap_or(earliest);
        let mut reader = Reader::open_envelopes(nats, StreamName::Billing, start)
            .await
            .context("reading back PayPal's earlier deliveries")?;
        *next = Some(start);
        let (mut at_end, mut quiet) = (start > last, 0);
        loop {
            if at_end {
                self.succeeded();
            }
            let deliveries = reader.read(MOST_AT_ONCE, PAUSE).await?;
            quiet = if deliveries.is_empty() { quiet + 1 } else { 0 };
            at_end |= quiet >= QUIET_PAUSES;
            for delivery in deliveries {
                *next = Some(delivery.sequence + 1);
                // Not the stream's last sequence: that message may have been erased.
                at_end |= delivery.pending == 0;
                if let Ok(envelope) = delivery.envelope() {
                    self.learn(&envelope);
                }
            }
        }
    }
}

impl Known {
    /// The body this transmission is bound to, which is this one when it is new.
    fn bind(&mut self, transmission: &str, body: Short) -> Short {
        let transmission = short(&Sha256::digest(transmission));
        if let Some(bound) = self.bodies.get(&transmission) {
            return *bound;
        }
        if self.order.len() >= REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.bodies.remove(&oldest);
        }
        self.order.push_back(transmission);
        self.bodies.insert(transmission, body);
        body
    }

    fn found_genuine(&mut self, url: &str) {
        if self.genuine_urls.back().is_some_and(|last| last == url) {
            return;
        }
        self.genuine_urls.retain(|known| known != url);
        if self.genuine_urls.len() >= GENUINE_URLS {
            self.genuine_urls.pop_front();
        }
        self.genuine_urls.push_back(url.to_owned());
    }
}

fn short(hash: &[u8]) -> Short {
    let mut short = [0; 16];
    short.copy_from_slice(&hash[..16]);
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_delivery_waits_for_the_history_and_not_for_ever() {
        let history = Arc::<History>::default();
        let unread = history.read_within(Duration::ZERO).await.unwrap_err();
        assert_eq!(unread.reason(), "history_unread");
        let waiting = tokio::spawn({
            let history = history.clone();
            async move { history.until_read().await.is_ok() }
        });
        tokio::task::yield_now().await;
        history.succeeded();
        assert!(waiting.await.unwrap());
        history.failed(&anyhow::anyhow!("the reader ended"));
        assert!(
            history.read_within(Duration::ZERO).await.is_ok(),
            "once read it is known"
        );
    }

    #[test]
    fn a_second_body_under_one_transmission_is_refused() {
        let history = History::default();
        assert!(history.bind("a", b"one").is_ok());
        assert!(history.bind("a", b"one").is_ok());
        assert_eq!(
            history.bind("a", b"two").unwrap_err().reason(),
            "second_body"
        );
        assert!(history.bind("b", b"two").is_ok());
    }

    #[test]
    fn what_is_stored_binds_as_if_it_had_come_here() {
        let history = History::default();
        let stored = |hash: &str, webhook_id: &str, url: &str| {
            Envelope::new("WH-1", "/paypal/live", "com.paypal.x")
                .unwrap()
                .with_extension("paypaltransmissionid", "a")
                .with_extension("bodysha256", hash)
                .with_extension("paypalwebhookid", webhook_id)
                .with_extension("paypalcerturl", url)
        };
        history.learn(&stored(
            &hex::encode(Sha256::digest("one")),
            "5GP",
            "https://API.paypal.com:443/genuine",
        ));
        history.learn(&stored(
            "no hash",
            "WEBHOOK_ID",
            "https://api.paypal.com/simulated",
        ));
        assert!(history.bind("a", b"one").is_ok());
        assert!(history.bind("a", b"two").is_err());
        assert!(history.is_genuine("https://api.paypal.com/genuine"));
        assert!(!history.is_genuine("https://api.paypal.com/simulated"));
    }

    #[test]
    fn memory_is_bounded_and_the_last_are_kept() {
        let history = History::default();
        for number in 0..=REMEMBERED {
            history.bind(&number.to_string(), b"body").unwrap();
            history.found_genuine(&(number % 20).to_string());
        }
        let known = history.known();
        assert_eq!(
            (
                known.bodies.len(),
                known.order.len(),
                known.genuine_urls.len()
            ),
            (REMEMBERED, REMEMBERED, GENUINE_URLS)
        );
        drop(known);
        assert!(history.bind(&REMEMBERED.to_string(), b"other").is_err());
        assert!(
            history.bind("0", b"other").is_ok(),
            "the first is forgotten"
        );
    }
}
