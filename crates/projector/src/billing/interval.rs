//! How often a subscription is paid, as far as its own snapshots show it.
//!
//! A plan says it (`BILLING.PLAN.*`), but a plan's event names no subscription, and a fold sees
//! its own state alone: a row that waited for another aggregate's event would depend on which came
//! first. What a subscription's snapshot does say is when it was last paid and when it is paid
//! next; between the two lies one interval.

use chrono::{DateTime, Days, Months, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// PayPal's next date stands at 10:00 UTC and the charge comes hours later.
const SAME_DAY: TimeDelta = TimeDelta::hours(24);
/// PayPal's longest interval is a year.
const MOST_MONTHS: u8 = 12;
/// Three weeks may as well be a month whose payment succeeded at the second retry, ten days late.
const MOST_WEEKS: u8 = 2;

/// From one payment to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interval {
    /// So many weeks.
    Weeks(u8),
    /// So many calendar months, because that is how PayPal bills; at a month's end chrono takes
    /// the last day there is, and so does PayPal.
    Months(u8),
}

impl Interval {
    /// The interval between a payment and the next one; `None` when it is none that PayPal bills
    /// by, as after a payment that succeeded days late.
    #[must_use]
    pub fn between(paid_at: DateTime<Utc>, next_at: DateTime<Utc>) -> Option<Self> {
        let weeks = (1..=MOST_WEEKS).map(Self::Weeks);
        let months = (1..=MOST_MONTHS).map(Self::Months);
        weeks
            .chain(months)
            .find(|interval| (interval.after(paid_at) - next_at).abs() <= SAME_DAY)
    }

    /// The end of the interval that begins here.
    #[must_use]
    pub fn after(self, at: DateTime<Utc>) -> DateTime<Utc> {
        let end = match self {
            Self::Weeks(weeks) => at.checked_add_days(Days::new(7 * u64::from(weeks))),
            Self::Months(months) => at.checked_add_months(Months::new(u32::from(months))),
        };
        end.unwrap_or(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(paid_at: &str, next_at: &str) -> Option<Interval> {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        Interval::between(at(paid_at), at(next_at))
    }

    #[test]
    fn the_next_date_shows_the_interval() {
        let paid = "2026-01-31T11:42:17Z";
        let cases = [
            ("2026-02-07T10:00:00Z", Some(Interval::Weeks(1))),
            ("2026-02-14T10:00:00Z", Some(Interval::Weeks(2))),
            ("2026-02-28T10:00:00Z", Some(Interval::Months(1))),
            ("2026-04-30T10:00:00Z", Some(Interval::Months(3))),
            ("2027-01-31T10:00:00Z", Some(Interval::Months(12))),
            // Late payments and dates that are none.
            ("2026-02-25T10:00:00Z", None),
            ("2026-02-21T10:00:00Z", None),
            ("2026-01-31T10:00:00Z", None),
            ("2025-12-31T10:00:00Z", None),
            ("9999-12-31T23:59:59Z", None),
        ];
        for (next, expected) in cases {
            assert_eq!(between(paid, next), expected, "{next}");
        }
        assert_eq!(between("9999-12-31T23:59:59Z", paid), None);
    }
}
