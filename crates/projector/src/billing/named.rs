//! The dates of next payments that PayPal named, each as one snapshot had it.
//!
//! All are kept, because whether one can be believed depends on what else is known: a snapshot in
//! the days after a payment failed may say nothing of it.

use super::interval::{Interval, Intervals, Payment, SAME_DAY, SAME_PAYMENT};
use chrono::TimeDelta;
use frontdesk_events::{
    Money,
    catalogue::{
        moment::Moment,
        paypal::{billing, states::Status},
    },
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The first payment is made at the start, by clocks that may differ.
const BEFORE_START: TimeDelta = TimeDelta::hours(1);

/// What a snapshot says of the next payment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Named {
    /// When it is.
    pub next_at: Moment,
    /// How new the snapshot is. One that tells of a payment is not older than that payment.
    pub as_of: Option<Moment>,
    /// The payment that lies an interval before, if one does.
    after: Option<After>,
}

/// The last payment before the next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct After {
    paid_at: Moment,
    amount: Option<Money>,
    /// Whether it is the first one, which is made at the start.
    is_first: bool,
}

impl Named {
    /// `None` unless the subscription runs and owes nothing: one that owes shows the date after the
    /// next one, as if the failed payment had been paid.
    pub fn by(snapshot: &billing::Subscription) -> Option<Self> {
        let runs = snapshot.status == Some(Status::Active) && snapshot.settled;
        Some(Self {
            next_at: snapshot.next_billing_at.filter(|_| runs)?,
            as_of: snapshot.at.max(snapshot.last_payment_at),
            after: After::by(snapshot),
        })
    }

    /// Whether a payment had failed between the last one and this date when the snapshot was made.
    /// The amount is not owed before PayPal gives it up; until then another event tells of it.
    pub fn counts_a_failure_as_paid(
        &self,
        payments: &[Payment],
        failures: &BTreeSet<Moment>,
    ) -> bool {
        let paid = payments.iter().map(|payment| Some(payment.at));
        let last_paid = paid.filter(|at| *at <= self.as_of).max().flatten();
        failures.iter().any(|failed_at| {
            let is_open = last_paid < Some(*failed_at) && Some(*failed_at) <= self.as_of;
            is_open && *failed_at < self.next_at
        })
    }

    /// Tells what lies between the last payment and this one; of these payments none may have been made
    /// between, of which the snapshot did not know.
    pub fn show(&self, payments: &[Payment], intervals: &mut Intervals) {
        let Some(after) = &self.after else { return };
        let is_missed = |payment: &Payment| {
            payment.at.time() > after.paid_at.time() + SAME_PAYMENT
                && Some(payment.at) <= self.as_of
        };
        if payments.iter().any(is_missed) {
            return;
        }
        if let Some(interval) = Interval::between(after.paid_at.time(), self.next_at.time()) {
            let payment = Payment {
                at: after.paid_at,
                amount: after.amount,
            };
            intervals.show(payment, interval, after.is_first);
        }
    }
}

impl After {
    /// `None` for what pays for no interval: a trial, or a setup fee, which is paid when the
    /// subscription is made and that is before its start. (The count of cycles would tell
    /// them apart too, but it lags.) Neither where the status changed since the payment: a pause
    /// lies between.
    fn by(snapshot: &billing::Subscription) -> Option<Self> {
        let paid_at = snapshot.last_payment_at.filter(|_| !snapshot.in_trial)?;
        let start = snapshot.start_at.map(Moment::time);
        let is_fee = start.is_some_and(|start| paid_at.time() < start - BEFORE_START);
        let was_paused = snapshot
            .status_at
            .is_some_and(|since| since.time() > paid_at.time() + SAME_DAY);
        (!is_fee && !was_paused).then_some(Self {
            paid_at,
            amount: snapshot.last_payment,
            is_first: start.is_some_and(|start| paid_at.time() <= start + SAME_DAY),
        })
    }
}
