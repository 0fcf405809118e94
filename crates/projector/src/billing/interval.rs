//! How often a subscription is paid, as far as its own snapshots show it.
//!
//! A plan says it (`BILLING.PLAN.*`), but a plan's event names no subscription, and a fold sees
//! its own state alone: a row that waited for another aggregate's event would depend on which came
//! first. What a subscription's snapshot does say is when it was last paid and when it is paid
//! next; between the two lies one interval.
//!
//! Or less than one: a payment that succeeded late stands nearer to the next, and a setup fee has
//! nothing to do with it. An interval too short takes paid access away from an owner, one too long
//! gives a little for nothing, so [`Intervals`] lets no single payment shorten anything. Weeks are
//! believed only when two payments agree and months were never seen; of months the greater of what
//! the last two payments show counts, so that a plan that became shorter is seen in the end. And
//! PayPal's own date, where it names one, counts before any of this.

use chrono::{DateTime, Days, Months, TimeDelta, Utc};
use frontdesk_events::catalogue::moment::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// PayPal's next date stands at 10:00 UTC and the charge comes hours later.
pub(super) const SAME_DAY: TimeDelta = TimeDelta::hours(24);
/// PayPal's longest interval is a year.
const MOST_MONTHS: u8 = 12;
/// Three weeks may as well be a month whose payment succeeded at the second retry, ten days late.
const MOST_WEEKS: u8 = 2;

/// Of how many payments what they show is kept: two that agree are no accident.
const KEPT: usize = 2;

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

/// What payments have shown. Of each kind the last few by their dates and of each of these the
/// longest interval, so that order and repetition change nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intervals {
    weeks: BTreeMap<Moment, Interval>,
    months: BTreeMap<Moment, Interval>,
}

impl Intervals {
    /// Takes what lies between this payment and the next.
    pub fn show(&mut self, paid_at: Moment, interval: Interval) {
        let shown = match interval {
            Interval::Weeks(_) => &mut self.weeks,
            Interval::Months(_) => &mut self.months,
        };
        let longest = shown.entry(paid_at).or_insert(interval);
        *longest = interval.max(*longest);
        if shown.len() > KEPT {
            shown.pop_first();
        }
    }

    /// The interval to count with; `None` while there is none to believe.
    #[must_use]
    pub fn believed(&self) -> Option<Interval> {
        let longest = |shown: &BTreeMap<Moment, Interval>| shown.values().copied().max();
        longest(&self.months).or_else(|| longest(&self.weeks).filter(|weeks| self.recurs(*weeks)))
    }

    /// Whether the payments that show weeks lie whole intervals apart, as those of a monthly plan
    /// that were late twice do not.
    fn recurs(&self, interval: Interval) -> bool {
        let (Some((first, _)), Some((last, _))) =
            (self.weeks.first_key_value(), self.weeks.last_key_value())
        else {
            return false;
        };
        let period = interval.after(first.time()) - first.time();
        let apart = (last.time() - first.time()).num_seconds() + SAME_DAY.num_seconds();
        let period = period.num_seconds().max(1);
        apart >= period && apart % period <= 2 * SAME_DAY.num_seconds()
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

    fn believed(shown: &[(&str, Interval)]) -> Option<Interval> {
        let told = |shown: &mut dyn Iterator<Item = &(&str, Interval)>| {
            let mut intervals = Intervals::default();
            for (paid_at, interval) in shown {
                let paid_at = DateTime::parse_from_rfc3339(paid_at).unwrap().to_utc();
                intervals.show(Moment::from_time(paid_at).unwrap(), *interval);
            }
            intervals
        };
        let intervals = told(&mut shown.iter());
        assert_eq!(told(&mut shown.iter().rev()), intervals, "backwards");
        assert_eq!(
            told(&mut shown.iter().chain(shown)),
            intervals,
            "with repetitions"
        );
        intervals.believed()
    }

    #[test]
    fn no_single_payment_makes_an_interval_shorter() {
        use Interval::{Months, Weeks};
        let (first, second, third) = (
            "2026-01-01T11:00:00Z",
            "2026-02-01T11:00:00Z",
            "2026-03-01T11:00:00Z",
        );
        assert_eq!(believed(&[]), None);
        assert_eq!(believed(&[(first, Weeks(1))]), None);
        assert_eq!(believed(&[(first, Months(1))]), Some(Months(1)));
        assert_eq!(
            believed(&[(first, Months(1)), (second, Weeks(2)), (third, Weeks(2))]),
            Some(Months(1)),
            "months were seen"
        );
        let quarterly = [(first, Months(3)), (second, Months(2))];
        assert_eq!(believed(&quarterly), Some(Months(3)));
        let now_monthly = [(first, Months(12)), (second, Months(1)), (third, Months(1))];
        assert_eq!(believed(&now_monthly), Some(Months(1)));
    }

    #[test]
    fn weeks_are_believed_when_payments_lie_weeks_apart() {
        let shown = |weeks, second| {
            believed(&[
                ("2026-01-01T11:00:00Z", Interval::Weeks(weeks)),
                (second, Interval::Weeks(weeks)),
            ])
        };
        let weekly = Some(Interval::Weeks(1));
        assert_eq!(shown(1, "2026-01-08T10:15:00Z"), weekly);
        assert_eq!(shown(1, "2026-01-29T12:30:00Z"), weekly);
        assert_eq!(shown(2, "2026-01-15T11:00:00Z"), Some(Interval::Weeks(2)));
        // Reported twice, and two late payments of a monthly plan.
        assert_eq!(shown(1, "2026-01-01T11:00:07Z"), None);
        assert_eq!(shown(2, "2026-02-01T11:00:00Z"), None);
        assert_eq!(shown(2, "2026-01-31T11:00:00Z"), None);
    }
}
