//! Until when access is paid.
//!
//! PayPal never says so. Its snapshots name the next payment, but a renewal sends no snapshot, a
//! failed payment shows the date after the next, a free trial shows today, and a cancelled
//! subscription shows none. So a date of PayPal's counts as long as no payment is newer than it,
//! and a payment by itself is good for one interval until PayPal says better.

use super::interval::Interval;
use chrono::{DateTime, TimeDelta, Utc};

/// What a payment is good for while nothing shows how often the subscription is paid: what most
/// plans are, and what [`Intervals`](super::interval::Intervals) says of doubt. The row then says
/// that PayPal did not name the date.
const USUAL: Interval = Interval::Months(1);

/// PayPal's dates stand at 10:00 UTC and the charge comes hours later, so a payment's own month
/// ends up to a day past PayPal's date for the same period. Then PayPal's date is the exact one.
const SAME_PERIOD: TimeDelta = TimeDelta::hours(24);

/// What is known about payments and dates.
#[derive(Debug, Clone, Copy, Default)]
pub struct Evidence {
    /// The last payment that succeeded. Without one nothing is paid, whatever dates there are: a
    /// free trial has them too.
    pub last_paid_at: Option<DateTime<Utc>>,
    /// The latest date of the next payment that PayPal named while nothing was owed.
    pub next_billing_at: Option<DateTime<Utc>>,
    /// How new PayPal's newest such word is.
    pub next_billing_as_of: Option<DateTime<Utc>>,
    /// How often it is paid, if that was shown.
    pub interval: Option<Interval>,
}

/// Until when, and whether that is PayPal's own date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaidThrough {
    /// The end of what is paid.
    pub until: DateTime<Utc>,
    /// Whether PayPal named it.
    pub firm: bool,
}

/// The end of what is paid; `None` when nothing ever was.
#[must_use]
pub fn paid_through(evidence: Evidence) -> Option<PaidThrough> {
    let last_paid_at = evidence.last_paid_at?;
    let provisional = evidence.interval.unwrap_or(USUAL).after(last_paid_at);
    // A date that is not after the last payment is the one that payment was made for.
    let named = evidence.next_billing_at.filter(|next| *next > last_paid_at);
    let is_newer = evidence
        .next_billing_as_of
        .is_some_and(|as_of| as_of >= last_paid_at);
    match named {
        Some(until) if is_newer || provisional <= until + SAME_PERIOD => {
            Some(PaidThrough { until, firm: true })
        }
        _ => Some(PaidThrough {
            until: provisional,
            firm: false,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<DateTime<Utc>> {
        Some(DateTime::parse_from_rfc3339(text).unwrap().to_utc())
    }

    fn until(last_paid: &str, next: &str, as_of: &str) -> (String, bool) {
        let evidence = Evidence {
            last_paid_at: at(last_paid),
            next_billing_at: at(next),
            next_billing_as_of: at(as_of),
            interval: None,
        };
        let paid = paid_through(evidence).unwrap();
        (paid.until.format("%m-%dT%H:%M").to_string(), paid.firm)
    }

    #[test]
    fn paypals_date_counts_when_it_is_newer_than_the_payment() {
        let paid = until(
            "2026-03-01T09:16:02Z",
            "2026-04-01T10:00:00Z",
            "2026-03-01T09:16:04Z",
        );
        assert_eq!(paid, ("04-01T10:00".into(), true));
    }

    #[test]
    fn a_renewal_is_good_for_a_month_until_paypal_says_better() {
        let paid = until(
            "2026-04-01T11:42:17Z",
            "2026-04-01T10:00:00Z",
            "2026-03-01T09:16:04Z",
        );
        assert_eq!(paid, ("05-01T11:42".into(), false));
        let said = until(
            "2026-04-01T11:42:17Z",
            "2026-05-01T10:00:00Z",
            "2026-04-01T12:42:17Z",
        );
        assert_eq!(said, ("05-01T10:00".into(), true));
    }

    #[test]
    fn a_snapshot_that_still_shows_the_date_just_paid_for_is_not_believed() {
        let paid = until(
            "2026-04-01T11:42:17Z",
            "2026-04-01T10:00:00Z",
            "2026-04-01T11:42:19Z",
        );
        assert_eq!(paid, ("05-01T11:42".into(), false));
    }

    #[test]
    fn a_setup_fee_a_moment_after_the_snapshot_extends_nothing() {
        let paid = until(
            "2026-03-14T16:01:40Z",
            "2026-04-14T10:00:00Z",
            "2026-03-14T16:01:31Z",
        );
        assert_eq!(paid, ("04-14T10:00".into(), true));
    }

    #[test]
    fn a_month_ends_on_its_last_day() {
        let evidence = |last_paid| Evidence {
            last_paid_at: at(last_paid),
            ..Evidence::default()
        };
        let end = |last_paid| {
            paid_through(evidence(last_paid))
                .unwrap()
                .until
                .to_rfc3339()
        };
        assert_eq!(end("2026-01-31T08:00:00Z"), "2026-02-28T08:00:00+00:00");
        assert_eq!(end("2028-01-31T08:00:00Z"), "2028-02-29T08:00:00+00:00");
        assert_eq!(
            end("9999-12-31T23:59:59Z"),
            "+10000-01-31T23:59:59+00:00",
            "absurd, but no crash"
        );
    }

    #[test]
    fn without_a_payment_nothing_is_paid() {
        let trial = Evidence {
            last_paid_at: None,
            next_billing_at: at("2026-03-01T10:00:00Z"),
            next_billing_as_of: at("2026-03-01T09:16:04Z"),
            interval: Some(Interval::Days(7)),
        };
        assert_eq!(paid_through(trial), None);
    }
}
