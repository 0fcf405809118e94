//! A subscription: its snapshots and the sales that name it, to one row.
//!
//! Status, money and dates are three things here. The status is PayPal's word of the latest
//! change; the money is what sales and snapshots say was paid; access follows the money. A
//! failed payment changes no status, and a cancelled subscription keeps what it has paid for.

use super::{
    Fact,
    interval::{Intervals, Payment, SAME_PAYMENT},
    latest::{Earliest, Latest, earlier},
    named::Named,
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
        paypal::{
            Billing, billing,
            states::{SaleState, Status},
        },
    },
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Of how many payments that snapshots tell of the dates are kept: three can recur.
const PAYMENTS_KEPT: usize = 3;

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
    /// Whom it is billed to: the first word counts. A later one must not pass what was paid, and
    /// who paid it, on to another account.
    custom_id: Earliest<String>,
    /// The billing keys its snapshots name, two at the most: more than one is a conflict.
    custom_ids: BTreeSet<String>,
    payer_name: Latest<String, Order>,
    payer_email: Latest<String, Order>,
    outstanding: Latest<Money, Order>,
    failed_payments: Latest<i64, Order>,
    /// The dates of next payments, of snapshots that run and owe nothing. A snapshot that owes shows
    /// the date after the next one, as if the failed one had been paid.
    named: BTreeSet<Named>,
    /// When payments failed.
    failures: BTreeSet<Moment>,
    /// The last payments that snapshots tell of.
    paid: BTreeMap<Moment, Option<Money>>,
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
            Billing::Reversal(reversal) => {
                let sale = reversal.sale.as_ref();
                let subscription = sale.and_then(|sale| sale.subscription_id.clone());
                subscription.into_iter().collect()
            }
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
            Billing::Reversal(reversal) => {
                // The invoice made of it is whoever's the subscription is. What it says of the
                // payment is hearsay, and pays for nothing here.
                let Some(sale) = &reversal.sale else {
                    return Ok(());
                };
                let known = state.sales.entry(sale.id.clone()).or_default();
                known.custom_id.offer(None, sale.custom_id.clone());
            }
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
        SubscriptionRows {
            subscriptions: vec![state.row(key, owner.map(|owner| owner.user))],
            in_conflict: state.in_conflict(),
        }
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
        self.custom_id.offer(at, snapshot.custom_id.clone());
        self.custom_ids.extend(snapshot.custom_id.clone());
        if self.custom_ids.len() > 2 {
            self.custom_ids.pop_last();
        }
        self.payer_name.offer(order, snapshot.payer_name.clone());
        self.payer_email.offer(order, snapshot.payer_email.clone());
        self.outstanding.offer(order, snapshot.outstanding);
        self.failed_payments.offer(order, snapshot.failed_payments);
        self.named.extend(Named::by(snapshot));
        if let Some(paid_at) = snapshot.last_payment_at {
            let amount = self.paid.entry(paid_at).or_default();
            *amount = snapshot.last_payment.max(*amount);
            if self.paid.len() > PAYMENTS_KEPT {
                self.paid.pop_first();
            }
        }
        self.failures.extend(snapshot.last_failed_at);
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

    /// Whom it is billed to: by its own word, else by that of its first sale that says so.
    fn payer(&self) -> Option<&String> {
        let mut by_sales = Earliest::default();
        for sale in self.sales.values() {
            by_sales.offer(sale.made.moment(), sale.custom_id.value());
        }
        self.custom_id.value().or(by_sales.value().copied())
    }

    /// Whether PayPal names more than one billing key for it.
    fn in_conflict(&self) -> bool {
        let payer = self.payer();
        let mut by_sales = self
            .sales
            .values()
            .filter_map(|sale| sale.custom_id.value());
        self.custom_ids.len() > 1 || by_sales.any(|other| Some(other) != payer)
    }

    fn question(&self) -> Option<OwnerQuestion> {
        whose(self.payer()?, self.accepted)
    }

    /// When payments failed, by snapshots and by sales that were denied.
    fn failures(&self) -> BTreeSet<Moment> {
        let denied = self
            .sales
            .values()
            .filter(|sale| sale.state.value() == Some(&SaleState::Denied))
            .filter_map(|sale| sale.made.moment());
        self.failures.iter().copied().chain(denied).collect()
    }

    /// Every payment once, in order of date.
    fn payments(&self) -> Vec<Payment> {
        let by_sales = self.sales.values().filter_map(|sale| {
            Some(Payment {
                at: sale.paid_at()?,
                amount: sale.amount.value().copied(),
            })
        });
        let by_snapshots = self.paid.iter().map(|(at, amount)| Payment {
            at: *at,
            amount: *amount,
        });
        let mut payments: Vec<Payment> = by_sales.chain(by_snapshots).collect();
        payments.sort_unstable();
        payments.dedup_by(|later, earlier| {
            let is_same = later.at.time() - earlier.at.time() <= SAME_PAYMENT;
            if is_same {
                earlier.at = later.at;
                earlier.amount = later.amount.or(earlier.amount);
            }
            is_same
        });
        payments
    }

    fn row(&self, key: &str, user: Option<uuid::Uuid>) -> SubscriptionRow {
        let time = |moment: Option<Moment>| moment.map(Moment::time);
        let status = self.status();
        let payments = self.payments();
        let last_paid = payments.last().map(|payment| payment.at);
        let mut named: Vec<&Named> = self.named.iter().collect();
        let failures = self.failures();
        named.retain(|named| !named.counts_a_failure_as_paid(&payments, &failures));
        let next_billing = named.iter().map(|named| named.next_at).max();
        let as_of = named.iter().filter_map(|named| named.as_of).max();
        let mut intervals = Intervals::default();
        for named in named {
            named.show(&payments, &mut intervals);
        }
        let paid = paid_through(Evidence {
            last_paid_at: time(last_paid),
            next_billing_at: time(next_billing),
            next_billing_as_of: time(as_of),
            interval: intervals.believed(&payments),
        });
        let failure = self.failure.dated();
        let past_due = failure.is_some_and(|(at, _)| *at > last_paid);
        let mut newest = payments.iter().rev();
        let last_payment = newest.find_map(|payment| Some((payment.at, payment.amount?)));
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
            next_billing_at: time(next_billing),
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
