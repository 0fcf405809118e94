//! How often a subscription is paid, as far as its own snapshots and payments show it.
//!
//! A plan says it (`BILLING.PLAN.*`), but a plan's event names no subscription, and a fold sees
//! its own state alone: a row that waited for another aggregate's event would depend on which came
//! first. What a subscription's snapshot does say is when it was last paid and when it is paid
//! next; between the two lies one interval. And payments that recur show it themselves.
//!
//! Or less than one lies there: a payment that succeeded late stands nearer to the next, and a
//! setup fee has nothing to do with it. An interval too short takes paid access away from an
//! owner, so no payment that may have been late shortens anything, and doubt goes to the longer:
//! of months the greater of what the last two payments show, so that a plan that became shorter is
//! seen in the end; a month where nothing is shown. One too long gives months for nothing, so
//! nothing counts that more than one payment should have been in: a pause, a payment that failed.
//!
//! Days are believed in two cases only. The first payment is made at the start and cannot be late,
//! so what lies after it is exact; and three payments that lie equally close together are no
//! accident. Either way of one amount: a trial, a fee and another plan have other prices.
//!
//! What stays unknown: a plan longer than a month whose payments no snapshot tells of while it
//! runs, as after a free trial, until three payments recur. While it is active PayPal's word gives
//! access all the same; cancelled, it keeps a month from its last payment. PayPal's own date,
//! where it names one, counts before any of this.

use chrono::{DateTime, Days, Months, TimeDelta, Utc};
use frontdesk_events::{Money, catalogue::moment::Moment};
use std::collections::BTreeMap;

/// PayPal's next date stands at 10:00 UTC and the charge comes hours later.
pub(super) const SAME_DAY: TimeDelta = TimeDelta::hours(24);
/// A fee, and the snapshot that tells of a payment, are dated within minutes of it; the payments of
/// a daily plan lie further apart, however late the first of them was in its day.
pub(super) const SAME_PAYMENT: TimeDelta = TimeDelta::hours(6);
/// PayPal's longest interval is a year, in months or in days.
const MOST_MONTHS: u8 = 12;
/// The same in days.
const MOST_DAYS: u16 = 365;
/// How close together recurring payments are believed. Those of a monthly plan that are less late
/// each time may lie equally far apart too, but hardly less than three weeks: PayPal's second
/// retry, the last one, is ten days late.
const CLOSE_DAYS: u16 = 14;

/// Of how many payments what they show is kept: two that agree are no accident.
const KEPT: usize = 2;

/// From one payment to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interval {
    /// So many days; seven are a week.
    Days(u16),
    /// So many calendar months, because that is how PayPal bills; at a month's end chrono takes
    /// the last day there is, and so does PayPal.
    Months(u8),
}

impl Interval {
    /// The interval between a payment and the next one; `None` when it is none that PayPal bills
    /// by. Of weeks and months a day more or less is the hour of the charge; days are told by
    /// their dates.
    #[must_use]
    pub fn between(paid_at: DateTime<Utc>, next_at: DateTime<Utc>) -> Option<Self> {
        let weeks = [7, 14].map(Self::Days);
        let mut usual = weeks.into_iter().chain((1..=MOST_MONTHS).map(Self::Months));
        let is_near = |interval: &Self| (interval.after(paid_at) - next_at).abs() <= SAME_DAY;
        usual.find(is_near).or_else(|| {
            let days = (next_at.date_naive() - paid_at.date_naive()).num_days();
            let days = u16::try_from(days).ok()?;
            (1..=MOST_DAYS).contains(&days).then_some(Self::Days(days))
        })
    }

    /// The end of the interval that begins here.
    #[must_use]
    pub fn after(self, at: DateTime<Utc>) -> DateTime<Utc> {
        let end = match self {
            Self::Days(days) => at.checked_add_days(Days::new(days.into())),
            Self::Months(months) => at.checked_add_months(Months::new(months.into())),
        };
        end.unwrap_or(at)
    }
}

/// A payment that succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Payment {
    /// When.
    pub at: Moment,
    /// How much, where that is known.
    pub amount: Option<Money>,
}

impl Payment {
    /// Whether both may pay for the same thing.
    fn is_like(&self, other: &Self) -> bool {
        let amounts = self.amount.zip(other.amount);
        amounts.is_none_or(|(one, other)| one == other)
    }
}

/// What snapshots have shown, by the dates of payments and of each payment the longest, so that
/// order and repetition change nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Intervals {
    /// Months, by the last few payments that showed them.
    months: BTreeMap<Moment, Interval>,
    /// Days, by the first payment.
    first: Option<(Payment, Interval)>,
}

impl Intervals {
    /// Takes what lies between this payment and the next. Days after another payment than the
    /// first may be the rest of a month.
    pub fn show(&mut self, payment: Payment, interval: Interval, is_first: bool) {
        match interval {
            Interval::Days(_) if is_first => {
                self.first = self.first.max(Some((payment, interval)));
            }
            Interval::Days(_) => {}
            Interval::Months(_) => {
                let longest = self.months.entry(payment.at).or_insert(interval);
                *longest = interval.max(*longest);
                if self.months.len() > KEPT {
                    self.months.pop_first();
                }
            }
        }
    }

    /// The interval to count with after the last of these payments, which are in order; `None`
    /// while there is none to believe.
    #[must_use]
    pub fn believed(&self, payments: &[Payment]) -> Option<Interval> {
        let recurring = recurring(payments);
        if let Some(Interval::Days(_)) = recurring {
            return recurring;
        }
        let (first, last) = (self.first.as_ref(), payments.last());
        let first = first.filter(|(paid, _)| last.is_none_or(|last| last.is_like(paid)));
        let months = self.months.values().copied().max();
        // A plan that became shorter sends payments and no snapshot; one whose payments were lost on
        // the way to us recurs too seldom.
        let months = months.map(|months| recurring.map_or(months, |recurs| months.min(recurs)));
        months
            .or(recurring)
            .or(first.map(|(_, interval)| *interval))
    }
}

/// What lies between the last three payments, where it is twice the same.
fn recurring(payments: &[Payment]) -> Option<Interval> {
    let [.., first, second, third] = payments else {
        return None;
    };
    let between = |one: &Payment, other: &Payment| {
        let interval = Interval::between(one.at.time(), other.at.time());
        interval.filter(|_| one.is_like(other))
    };
    let interval = between(first, second)?;
    let is_close = interval <= Interval::Days(CLOSE_DAYS) || interval >= Interval::Months(1);
    (is_close && between(second, third) == Some(interval)).then_some(interval)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Interval::{Days, Months};

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    /// A payment of so many cents at eleven o'clock of this day of 2026.
    fn payment(day: &str, minor: i64) -> Payment {
        let amount = Money::parse("0.01", "USD").map(|cent| Money { minor, ..cent });
        Payment {
            at: Moment::from_time(at(&format!("2026-{day}T11:00:00Z"))).unwrap(),
            amount,
        }
    }

    fn payments(days: &[&str]) -> Vec<Payment> {
        days.iter().map(|day| payment(day, 990)).collect()
    }

    #[test]
    fn the_next_date_shows_the_interval() {
        let between = |paid, next| Interval::between(at(paid), at(next));
        let paid = "2026-01-31T11:42:17Z";
        let cases = [
            ("2026-02-01T10:00:00Z", Some(Days(1))),
            ("2026-02-02T10:00:00Z", Some(Days(2))),
            ("2026-02-07T10:00:00Z", Some(Days(7))),
            ("2026-02-14T10:00:00Z", Some(Days(14))),
            ("2026-02-21T10:00:00Z", Some(Days(21))),
            ("2026-02-28T10:00:00Z", Some(Months(1))),
            ("2026-03-17T10:00:00Z", Some(Days(45))),
            ("2026-04-30T10:00:00Z", Some(Months(3))),
            ("2027-01-31T10:00:00Z", Some(Months(12))),
            // Dates that are none.
            ("2026-01-31T12:00:00Z", None),
            ("2026-01-31T10:00:00Z", None),
            ("2025-12-31T10:00:00Z", None),
            ("2028-01-31T10:00:00Z", None),
            ("9999-12-31T23:59:59Z", None),
        ];
        for (next, expected) in cases {
            assert_eq!(between(paid, next), expected, "{next}");
        }
        assert_eq!(between("9999-12-31T23:59:59Z", paid), None);
        let late_in_the_day = between("2026-03-01T23:30:00Z", "2026-03-02T10:00:00Z");
        assert_eq!(late_in_the_day, Some(Days(1)));
    }

    type Shown<'a> = (&'a str, Interval, bool);

    fn believed(shown: &[Shown<'_>], paid: &[Payment]) -> Option<Interval> {
        let told = |shown: &mut dyn Iterator<Item = &Shown<'_>>| {
            let mut intervals = Intervals::default();
            for (day, interval, is_first) in shown {
                intervals.show(payment(day, 990), *interval, *is_first);
            }
            intervals
        };
        let intervals = told(&mut shown.iter());
        assert_eq!(told(&mut shown.iter().rev()), intervals, "backwards");
        let twice = told(&mut shown.iter().chain(shown));
        assert_eq!(twice, intervals, "with repetitions");
        intervals.believed(paid)
    }

    #[test]
    fn no_single_payment_makes_an_interval_shorter() {
        let (first, second, third) = ("01-01", "02-01", "03-01");
        let months = |shown: &[(&str, u8)]| {
            let shown: Vec<Shown<'_>> = shown
                .iter()
                .map(|(day, months)| (*day, Months(*months), false))
                .collect();
            believed(&shown, &[])
        };
        assert_eq!(months(&[]), None);
        assert_eq!(months(&[(first, 1)]), Some(Months(1)));
        assert_eq!(months(&[(first, 3), (second, 2)]), Some(Months(3)));
        let now_monthly = [(first, 12), (second, 1), (third, 1)];
        assert_eq!(months(&now_monthly), Some(Months(1)));
        let late = [(first, Months(1), true), (second, Days(14), false)];
        assert_eq!(believed(&late, &[]), Some(Months(1)));
        assert_eq!(believed(&late[1..], &payments(&[second])), None);
    }

    #[test]
    fn days_after_the_first_payment_hold_for_payments_of_its_amount() {
        let shown = [("01-01", Days(7), true)];
        let weekly = Some(Days(7));
        assert_eq!(believed(&shown, &payments(&["01-01", "01-08"])), weekly);
        assert_eq!(believed(&shown, &payments(&["02-15"])), weekly);
        assert_eq!(believed(&shown, &[payment("01-08", 4900)]), None);
        let now_monthly = [shown[0], ("02-01", Months(1), false)];
        assert_eq!(
            believed(&now_monthly, &payments(&["02-01"])),
            Some(Months(1))
        );
    }

    #[test]
    fn three_payments_equally_far_apart_show_the_interval() {
        let recurs = |days: &[&str]| believed(&[], &payments(days));
        assert_eq!(recurs(&["01-01", "01-08"]), None);
        assert_eq!(recurs(&["01-01", "01-08", "01-15"]), Some(Days(7)));
        assert_eq!(recurs(&["01-01", "01-02", "01-03"]), Some(Days(1)));
        assert_eq!(recurs(&["01-01", "01-08", "01-16"]), Some(Days(7)));
        assert_eq!(recurs(&["01-01", "01-08", "01-22"]), None);
        assert_eq!(recurs(&["01-15", "04-15", "07-15"]), Some(Months(3)));
        // Payments of a monthly plan, ten, five and no days late.
        assert_eq!(recurs(&["03-11", "04-06", "05-02"]), None);
        let mut dearer = payments(&["01-01", "01-08", "01-15"]);
        dearer[2] = payment("01-15", 4900);
        assert_eq!(believed(&[], &dearer), None);
        let monthly = [("01-01", Months(1), true)];
        let lost = payments(&["01-01", "03-01", "05-01"]);
        assert_eq!(believed(&monthly, &lost), Some(Months(1)), "PayPal said so");
        let yearly = [("01-01", Months(12), true)];
        let now_monthly = payments(&["06-01", "07-01", "08-01"]);
        assert_eq!(believed(&yearly, &now_monthly), Some(Months(1)));
        let now_weekly = payments(&["02-01", "02-08", "02-15"]);
        assert_eq!(believed(&monthly, &now_weekly), Some(Days(7)));
    }
}
