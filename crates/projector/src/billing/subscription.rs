//! A subscription: its snapshots and the sales that name it, to one row.
//!
//! Status, money and dates are three things here. The status is PayPal's word of the latest
//! change; the money is what sales and snapshots say was paid; access follows the money. A
//! failed payment changes no status, and a cancelled subscription keeps what it has paid for.

use super::{
    Fact,
    interval::{Interval, Intervals, SAME_DAY},
    latest::{Latest, earlier},
    paid_through::{Evidence, paid_through},
    rows::{SubscriptionRow, SubscriptionRows},
    standing::Standing,
    whose,
};
use crate::aggregate::{Aggregate, FoldError, OwnerQuestion, Owners};
use frontdesk_events::{
    Money,
    catalogue::{
        moment::Moment,
        paypal::{Billing, billing, states::Status},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Of two snapshots of one instant the later stage counts, then the one announced as a change:
/// PayPal's clock has whole seconds, and a plan may change in the second of its start.
type Order = (Option<Moment>, Option<Status>, bool);

/// The fold of one subscription.
#[derive(Debug)]
pub struct Subscription;

/// Everything known of one subscription.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Every status it was seen in, with its date.
    statuses: BTreeSet<(Option<Moment>, Status)>,
    created: Option<Moment>,
    start: Latest<Moment, Order>,
    plan_id: Latest<String, Order>,
    plan_overridden: Latest<bool, Order>,
    custom_id: Latest<String, Order>,
    payer_name: Latest<String, Order>,
    payer_email: Latest<String, Order>,
    outstanding: Latest<Money, Order>,
    failed_payments: Latest<i64, Order>,
    /// The latest date of a next payment, of snapshots that run and owe nothing. A snapshot that
    /// owes shows the date after the next one, as if the failed one had been paid.
    next_billing: Option<Moment>,
    /// How new the newest of those snapshots is.
    next_billing_as_of: Option<Moment>,
    /// How often it is paid, by snapshots that run and owe nothing.
    intervals: Intervals,
    /// When snapshots say that money last came.
    paid: Option<Moment>,
    last_payment: Latest<Money>,
    /// When a payment last failed, and when PayPal tries again.
    failure: Latest<Option<Moment>>,
    sales: BTreeMap<String, Standing>,
    accepted: Option<Moment>,
}

impl Aggregate for Subscription {
    const NAME: &'static str = "subscription";
    type Fact = Fact;
    type State = State;
    type Rows = SubscriptionRows;

    fn keys(fact: &Fact) -> Vec<String> {
        match &fact.says {
            Billing::Subscription(subscription) => vec![subscription.id.clone()],
            Billing::Sale(sale) => sale.subscription_id.iter().cloned().collect(),
            _ => Vec::new(),
        }
    }

    fn fold(state: &mut State, _key: &str, fact: &Fact) -> Result<(), FoldError> {
        match &fact.says {
            Billing::Subscription(snapshot) => state.merge(snapshot),
            Billing::Sale(sale) => state
                .sales
                .entry(sale.id.clone())
                .or_default()
                .merge(sale, fact),
            _ => return Ok(()),
        }
        state.accepted = state.accepted.max(fact.accepted_at);
        Ok(())
    }

    fn questions(state: &State) -> Vec<OwnerQuestion> {
        state.question().into_iter().collect()
    }

    fn rows(key: &str, state: &State, owners: &dyn Owners) -> SubscriptionRows {
        let owner = state
            .question()
            .and_then(|question| owners.owner(&question));
        SubscriptionRows(vec![state.row(key, owner.map(|owner| owner.user))])
    }
}

impl State {
    fn merge(&mut self, snapshot: &billing::Subscription) {
        let at = snapshot.at;
        let order = (at, snapshot.status, snapshot.is_update);
        self.statuses
            .extend(snapshot.status.map(|status| (snapshot.status_at, status)));
        self.created = earlier(self.created, snapshot.created_at);
        self.start.offer(order, snapshot.start_at);
        self.plan_id.offer(order, snapshot.plan_id.clone());
        // Who names the plan also says whether its terms hold.
        let overridden = snapshot
            .plan_id
            .is_some()
            .then_some(snapshot.plan_overridden);
        self.plan_overridden.offer(order, overridden);
        self.custom_id.offer(order, snapshot.custom_id.clone());
        self.payer_name.offer(order, snapshot.payer_name.clone());
        self.payer_email.offer(order, snapshot.payer_email.clone());
        self.outstanding.offer(order, snapshot.outstanding);
        self.failed_payments.offer(order, snapshot.failed_payments);
        if snapshot.status == Some(Status::Active)
            && snapshot.settled
            && snapshot.next_billing_at.is_some()
        {
            self.next_billing = self.next_billing.max(snapshot.next_billing_at);
            // A snapshot that tells of a payment is not older than that payment.
            self.next_billing_as_of = self
                .next_billing_as_of
                .max(at.max(snapshot.last_payment_at));
            if let Some((paid_at, interval)) = interval_in(snapshot) {
                self.intervals.show(paid_at, interval);
            }
        }
        self.paid = self.paid.max(snapshot.last_payment_at);
        self.last_payment
            .offer(snapshot.last_payment_at, snapshot.last_payment);
        if snapshot.last_failed_at.is_some() {
            self.failure
                .offer(snapshot.last_failed_at, Some(snapshot.next_retry_at));
        }
    }

    /// The status that counts, with its date. A terminal one is for ever, so of those the later
    /// stage counts from its earliest date on; of the others the one of the latest date.
    fn status(&self) -> Option<(Option<Moment>, Status)> {
        let terminal = self
            .statuses
            .iter()
            .map(|(_, status)| *status)
            .filter(|status| status.is_terminal())
            .max();
        let Some(terminal) = terminal else {
            return self.statuses.last().copied();
        };
        let dates = self
            .statuses
            .iter()
            .filter(|(_, status)| *status == terminal)
            .map(|(at, _)| *at);
        Some((dates.fold(None, earlier), terminal))
    }

    /// The statuses in order, without repetitions and without what is dated after the end.
    fn history(&self) -> serde_json::Value {
        let mut history: Vec<(Option<Moment>, Status)> = Vec::new();
        let end = self.status().filter(|(_, status)| status.is_terminal());
        let living = self
            .statuses
            .iter()
            .filter(|(_, status)| !status.is_terminal());
        let living =
            living.filter(|(at, _)| end.is_none_or(|(end, _)| end.is_none() || *at <= end));
        for (at, status) in living.copied().chain(end) {
            if history.last().is_none_or(|(_, last)| *last != status) {
                history.push((at, status));
            }
        }
        let entry = |(at, status): (Option<Moment>, Status)| json!({ "status": status.as_str(), "at": at.map(|at| at.to_string()) });
        history.into_iter().map(entry).collect()
    }

    /// Whom it is billed to: by its own word, else by what its newest sales say.
    fn payer(&self) -> Option<&String> {
        let by_sales = self
            .sales
            .values()
            .filter_map(|sale| sale.custom_id.dated())
            .max();
        self.custom_id
            .value()
            .or(by_sales.map(|(_, custom_id)| custom_id))
    }

    fn question(&self) -> Option<OwnerQuestion> {
        whose(self.payer()?, self.accepted)
    }

    fn last_paid(&self) -> Option<Moment> {
        self.sales
            .values()
            .filter_map(Standing::paid_at)
            .max()
            .max(self.paid)
    }

    fn last_payment(&self) -> Option<(Moment, Money)> {
        let paid = |sale: &Standing| Some((sale.paid_at()?, *sale.amount.value()?));
        let said = self
            .last_payment
            .dated()
            .and_then(|(at, amount)| Some(((*at)?, *amount)));
        self.sales.values().filter_map(paid).max().max(said)
    }

    fn row(&self, key: &str, user: Option<uuid::Uuid>) -> SubscriptionRow {
        let time = |moment: Option<Moment>| moment.map(Moment::time);
        let status = self.status();
        let last_paid = self.last_paid();
        let paid = paid_through(Evidence {
            last_paid_at: time(last_paid),
            next_billing_at: time(self.next_billing),
            next_billing_as_of: time(self.next_billing_as_of),
            interval: self.intervals.believed(),
        });
        let failure = self.failure.dated();
        let past_due = failure.is_some_and(|(at, _)| *at > last_paid);
        let last_payment = self.last_payment();
        let outstanding = self.outstanding.value();
        SubscriptionRow {
            id: key.to_owned(),
            user_id: user,
            custom_id: self.payer().cloned(),
            plan_id: self.plan_id.value().cloned(),
            plan_overridden: self.plan_overridden.value() == Some(&true),
            status: status.map(|(_, status)| status.as_str().to_owned()),
            status_at: time(status.and_then(|(at, _)| at)),
            status_history: self.history(),
            started_at: time(self.start.value().copied().or(self.created)),
            next_billing_at: time(self.next_billing),
            paid_through: paid.map(|paid| paid.until),
            paid_through_firm: paid.is_some_and(|paid| paid.firm),
            cancelled_at: time(
                status
                    .filter(|(_, status)| *status == Status::Cancelled)
                    .and_then(|(at, _)| at),
            ),
            past_due,
            last_failed_at: time(failure.and_then(|(at, _)| *at)),
            next_retry_at: time(failure.filter(|_| past_due).and_then(|(_, retry)| *retry)),
            failed_payments: self
                .failed_payments
                .value()
                .and_then(|count| i32::try_from(*count).ok()),
            outstanding_minor: outstanding.map(|amount| amount.minor),
            outstanding_currency: outstanding.map(|amount| amount.currency.to_string()),
            last_payment_minor: last_payment.map(|(_, amount)| amount.minor),
            last_payment_currency: last_payment.map(|(_, amount)| amount.currency.to_string()),
            last_payment_at: time(last_payment.map(|(at, _)| at)),
            payer_name: self.payer_name.value().cloned(),
            payer_email: self.payer_email.value().cloned(),
        }
    }
}

/// The last payment, and what lies between it and the next; `None` for what pays for no interval:
/// a trial, or a setup fee, which is paid when the subscription is made and that may be long
/// before its start. The count of cycles would tell them apart too, but it lags.
fn interval_in(snapshot: &billing::Subscription) -> Option<(Moment, Interval)> {
    let paid_at = snapshot.last_payment_at.filter(|_| !snapshot.in_trial)?;
    let is_fee = snapshot
        .start_at
        .is_some_and(|start| paid_at.time() < start.time() - SAME_DAY);
    let interval = Interval::between(paid_at.time(), snapshot.next_billing_at?.time());
    interval
        .filter(|_| !is_fee)
        .map(|interval| (paid_at, interval))
}
