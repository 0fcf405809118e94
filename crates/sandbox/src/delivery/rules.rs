//! What each sender tries again, how often and how long: LiveKit's server, the agent, PayPal, and
//! the sandbox itself while it tells the past.

use super::{Answer, Tried};
use crate::stories::WorldEvent;
use reqwest::StatusCode;
use std::time::Duration;

const fn seconds<const N: usize>(list: [u64; N]) -> [Duration; N] {
    let mut waits = [Duration::ZERO; N];
    let mut place = 0;
    while place < N {
        waits[place] = Duration::from_secs(list[place]);
        place += 1;
    }
    waits
}

/// LiveKit's, of go-retryablehttp: five tries within fifteen seconds.
const LIVEKIT_WAITS: [Duration; 4] = seconds([1, 2, 4, 8]);
/// An agent has the length of its shutdown to get rid of its reports.
const AGENT_WAITS: [Duration; 6] = seconds([1, 2, 4, 8, 15, 30]);
/// PayPal tries 25 times in three days and does not say when; these add up to that.
const PAYPAL_WAITS: [Duration; 25] = seconds([
    2, 4, 8, 16, 32, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 10_800, 14_400, 14_400, 14_400,
    18_000, 21_600, 21_600, 25_200, 25_200, 25_200, 25_200, 28_800,
]);
/// The past can wait for a server that is being restarted.
const PAST_WAITS: [Duration; 8] = seconds([1, 1, 2, 3, 5, 10, 20, 30]);

/// One sender's rules.
#[derive(Debug, Clone)]
pub struct Rules {
    waits: &'static [Duration],
    retried: fn(StatusCode) -> bool,
    queue: fn(&WorldEvent) -> String,
    /// Dropped when it leaves its queue older than this.
    pub(super) max_age: Option<Duration>,
    /// Dropped when so many of its queue wait already.
    pub(super) max_depth: usize,
    /// Deliveries at once over all queues.
    pub(super) in_flight: usize,
    /// Whether every try has a new signature.
    pub(super) sign_each_try: bool,
}

impl Rules {
    /// LiveKit's server with its default configuration: FIFO per room, 30 s of age, 200 deep, one
    /// token for all tries.
    #[must_use]
    pub fn livekit() -> Self {
        Self {
            waits: &LIVEKIT_WAITS,
            // Everything else, 4xx and 501 included, counts as delivered.
            retried: |status| {
                status == StatusCode::TOO_MANY_REQUESTS || retried_server_error(status)
            },
            queue,
            max_age: Some(Duration::from_secs(30)),
            max_depth: 200,
            in_flight: usize::MAX,
            sign_each_try: false,
        }
    }

    /// An agent: in order per job, no drops while it lives.
    #[must_use]
    pub fn agent() -> Self {
        Self {
            waits: &AGENT_WAITS,
            max_age: None,
            max_depth: usize::MAX,
            ..Self::livekit()
        }
    }

    /// PayPal: everything but 2xx is tried again, each time as a new transmission.
    #[must_use]
    pub fn paypal() -> Self {
        Self {
            waits: &PAYPAL_WAITS,
            retried: |status| !status.is_success(),
            max_age: None,
            max_depth: usize::MAX,
            in_flight: 4,
            sign_each_try: true,
            ..Self::livekit()
        }
    }

    /// The past: quick, but never more at once than the receiver takes gladly, and nothing lost.
    #[must_use]
    pub fn past() -> Self {
        Self {
            waits: &PAST_WAITS,
            max_age: None,
            max_depth: usize::MAX,
            in_flight: 48,
            ..Self::livekit()
        }
    }

    pub(super) fn queue_of(&self, event: &WorldEvent) -> String {
        (self.queue)(event)
    }

    /// How long to wait before the n-th further try; none after the last.
    pub(super) fn wait_before(&self, attempt: u32) -> Option<Duration> {
        self.waits.get(attempt as usize - 1).copied()
    }

    pub(super) fn judge(&self, tried: &Tried) -> Answer {
        match *tried {
            Ok((status, after)) if (self.retried)(status) => {
                let asks = status == StatusCode::TOO_MANY_REQUESTS
                    || status == StatusCode::SERVICE_UNAVAILABLE;
                // Uncapped, as go-retryablehttp has it.
                Answer::Again(after.filter(|_| asks))
            }
            Ok((status, _)) => Answer::Final(status),
            Err(_) => Answer::Again(None),
        }
    }
}

fn retried_server_error(status: StatusCode) -> bool {
    status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED
}

/// LiveKit's queues are per egress, else per room; an agent's per job, which is a room; each event
/// of PayPal's stands alone.
fn queue(event: &WorldEvent) -> String {
    match event {
        WorldEvent::LiveKit(webhook) => webhook.queue.clone(),
        WorldEvent::Agent(report) => report.room_name.clone(),
        WorldEvent::PayPal(notification) => notification.id.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paypal_tries_for_three_days_and_livekit_for_fifteen_seconds() {
        let sum = |rules: &Rules| rules.waits.iter().sum::<Duration>().as_secs();
        assert_eq!(sum(&Rules::livekit()), 15);
        let days = sum(&Rules::paypal()) as f64 / 86_400.0;
        assert!((2.8..3.2).contains(&days), "{days}");
    }

    #[test]
    fn livekit_takes_most_refusals_for_deliveries() {
        let rules = Rules::livekit();
        for status in [200, 204, 301, 400, 401, 404, 413, 501] {
            assert!(
                !(rules.retried)(StatusCode::from_u16(status).unwrap()),
                "{status}"
            );
        }
        for status in [429, 500, 502, 503, 504] {
            assert!(
                (rules.retried)(StatusCode::from_u16(status).unwrap()),
                "{status}"
            );
        }
        assert!((Rules::paypal().retried)(StatusCode::UNAUTHORIZED));
    }
}
