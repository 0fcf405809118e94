//! What the users have paid so far: a subscription each, told from the month it began to now. And
//! how somebody begins who has none.

use crate::{
    chance::Dice,
    paypal::{
        Notification,
        resource::{Payer, Sale, Subscription, notification, refund},
    },
    world::{BillingTale, Plan, User, World},
};
use chrono::{DateTime, Days, Months, NaiveTime, TimeDelta, Utc};

/// PayPal's id of a plan.
#[must_use]
pub fn plan_id(plan: Plan) -> &'static str {
    match plan {
        Plan::Solo => "P-5ML4271244454362WXSOLO01",
        Plan::Pro => "P-5ML4271244454362WXPRO002",
        Plan::WhiteLabel => "P-5ML4271244454362WXWHITE3",
    }
}

/// A month of a plan, US cents.
#[must_use]
pub fn price(plan: Plan) -> i64 {
    match plan {
        Plan::Solo => 29_900,
        Plan::Pro => 49_900,
        Plan::WhiteLabel => 79_900,
    }
}

/// Everything PayPal has to say about these users up to `until`, oldest first. Two calls with the
/// same `anchor` (when this sandbox first ran) tell the same past, event ids included.
#[must_use]
pub fn past_notifications(
    world: &World,
    anchor: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Vec<Notification> {
    let mut told: Vec<_> = world
        .users
        .iter()
        .flat_map(|user| subscription_story(user, anchor, until))
        .collect();
    told.retain(|notification| notification.time <= until);
    told.sort_by_key(|notification| notification.time);
    told
}

/// Somebody who pays.
#[derive(Debug, Clone)]
pub struct Subscriber {
    /// First and last name.
    pub name: String,
    /// Theirs.
    pub email: String,
    /// PayPal's `custom_id`.
    pub billing_key: String,
}

/// How long ago somebody subscribed of whom PayPal tells now: it takes its time with the last of
/// them.
const TOLD_AFTER: TimeDelta = TimeDelta::minutes(6);

/// What PayPal tells when somebody subscribes to a plan: that the subscription is made, paid for
/// the first time, and active.
#[must_use]
pub fn first_notifications(
    subscriber: &Subscriber,
    plan: Plan,
    now: DateTime<Utc>,
) -> Vec<Notification> {
    let seed = now.timestamp_millis().unsigned_abs();
    let dice = Dice::new(0).fork(&subscriber.billing_key, seed);
    let mut tale = Tale::of(dice, subscriber, plan, now - TOLD_AFTER);
    tale.subscribe();
    tale.told
}

/// One user's subscription.
#[must_use]
pub fn subscription_story(
    user: &User,
    anchor: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Vec<Notification> {
    let mut tale = Tale::begin(user, anchor);
    tale.subscribe();
    let cancelled = (user.tale == BillingTale::Cancelled).then(|| anchor - TimeDelta::days(4));
    let last = cancelled.map_or(until, |cancelled| cancelled.min(until));
    for month in 1_u32.. {
        let due = tale.due(month);
        if due > last {
            break;
        }
        tale.month(user, month, due);
    }
    if let Some(cancelled) = cancelled {
        tale.cancel(cancelled);
    }
    tale.told
}

struct Tale {
    dice: Dice,
    subscription: Subscription,
    plan: Plan,
    sales: Vec<Sale>,
    told: Vec<Notification>,
}

impl Tale {
    fn begin(user: &User, anchor: DateTime<Utc>) -> Self {
        let mut dice =
            Dice::new(0).fork(&user.billing_key, anchor.timestamp_millis().unsigned_abs());
        // Renewals are spread over the month; who is past due failed only just now.
        let before = if user.tale == BillingTale::PastDue {
            2
        } else {
            5 + dice.below(20) as u64
        };
        let before = Days::new(before);
        let began = anchor
            .checked_sub_months(Months::new(user.months))
            .unwrap_or(anchor);
        let began = began.checked_sub_days(before).unwrap_or(began);
        let began = began.date_naive().and_time(NaiveTime::MIN).and_utc()
            + TimeDelta::seconds(dice.between(50_000, 75_000));
        let plan = if user.tale == BillingTale::Upgraded {
            Plan::Solo
        } else {
            user.plan
        };
        let subscriber = Subscriber {
            name: user.name.clone(),
            email: user.email.clone(),
            billing_key: user.billing_key.clone(),
        };
        Self::of(dice, &subscriber, plan, began)
    }

    /// Nothing told yet, of somebody who subscribes at `began`.
    fn of(mut dice: Dice, subscriber: &Subscriber, plan: Plan, began: DateTime<Utc>) -> Self {
        let subscription = Subscription {
            id: format!("I-{}", dice.capitals(12)),
            plan_id: plan_id(plan).to_owned(),
            custom_id: subscriber.billing_key.clone(),
            payer: Payer {
                name: subscriber.name.clone(),
                email: subscriber.email.clone(),
                payer_id: dice.capitals(13),
            },
            status: "APPROVAL_PENDING",
            created: began,
            status_changed: began,
            updated: began,
            cycles: 0,
            last_payment: None,
            next_billing: None,
            outstanding: 0,
            failed_payment: None,
            note: None,
        };
        Self {
            dice,
            subscription,
            plan,
            sales: Vec::new(),
            told: Vec::new(),
        }
    }

    fn tell_subscription(&mut self, event_type: &'static str, at: DateTime<Utc>) {
        let printed = self.subscription.print();
        let told = notification(&mut self.dice, event_type, &printed, at);
        self.told.push(told);
    }

    /// When the n-th renewal is due: PayPal says ten o'clock, always.
    fn due(&self, month: u32) -> DateTime<Utc> {
        let day = self.subscription.created.date_naive();
        let day = day.checked_add_months(Months::new(month)).unwrap_or(day);
        day.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(10)
    }

    fn subscribe(&mut self) {
        let created = self.subscription.created;
        self.tell_subscription("BILLING.SUBSCRIPTION.CREATED", created);
        let paid = created + TimeDelta::seconds(self.dice.between(60, 240));
        self.pay(paid);
        self.subscription.status = "ACTIVE";
        self.subscription.status_changed = paid + TimeDelta::seconds(1);
        self.subscription.updated = paid + TimeDelta::seconds(2);
        self.subscription.next_billing = Some(self.due(1));
        self.tell_subscription(
            "BILLING.SUBSCRIPTION.ACTIVATED",
            paid + TimeDelta::seconds(2),
        );
    }

    /// A sale; the subscription itself is not told anew.
    fn pay(&mut self, paid: DateTime<Utc>) {
        let amount = price(self.plan);
        let sale = Sale {
            id: self.dice.capitals(17),
            subscription_id: self.subscription.id.clone(),
            custom: self
                .dice
                .chance(0.8)
                .then(|| self.subscription.custom_id.clone()),
            amount,
            paid,
        };
        let told = notification(
            &mut self.dice,
            "PAYMENT.SALE.COMPLETED",
            &sale.print(),
            paid,
        );
        self.told.push(told);
        self.sales.push(sale);
        self.subscription.cycles += 1;
        self.subscription.last_payment = Some((amount, paid));
    }

    /// One renewal, as this user's tale has it. The n-th month counted from the end decides, so
    /// that trouble is recent.
    fn month(&mut self, user: &User, month: u32, due: DateTime<Utc>) {
        let charged = due + TimeDelta::seconds(self.dice.between(900, 9_000));
        let from_end = user.months.saturating_sub(month);
        match (user.tale, from_end) {
            (BillingTale::PastDue, _) if self.subscription.failed_payment.is_some() => {}
            (BillingTale::PastDue, 0) => self.fail(month, charged),
            (BillingTale::Recovered, 1) => {
                self.fail(month, charged);
                let retried = charged + TimeDelta::days(5);
                self.subscription.failed_payment = None;
                // The retry pays what was owed, no more.
                self.subscription.outstanding = 0;
                self.pay(retried);
            }
            (BillingTale::PartlyRefunded, 1) => {
                self.pay(charged);
                self.refund_part(charged + TimeDelta::hours(50));
            }
            (BillingTale::Upgraded, 2) => {
                self.pay(charged);
                self.upgrade(charged + TimeDelta::days(9), month);
            }
            _ => self.pay(charged),
        }
    }

    fn fail(&mut self, month: u32, at: DateTime<Utc>) {
        let amount = price(self.plan);
        let retry =
            at.date_naive().and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(5 * 24 + 10);
        self.subscription.failed_payment = Some((amount, at, retry));
        self.subscription.outstanding = amount;
        self.subscription.updated = at + TimeDelta::seconds(1);
        self.subscription.next_billing = Some(self.due(month + 1));
        self.tell_subscription(
            "BILLING.SUBSCRIPTION.PAYMENT.FAILED",
            at + TimeDelta::seconds(1),
        );
    }

    fn refund_part(&mut self, at: DateTime<Utc>) {
        let Some(sale) = self.sales.last().cloned() else {
            return;
        };
        let id = self.dice.capitals(17);
        let amount = sale.amount / 3 / 100 * 100;
        let printed = refund(&id, &sale, amount, amount, at);
        let told = notification(&mut self.dice, "PAYMENT.SALE.REFUNDED", &printed, at);
        self.told.push(told);
    }

    /// From Solo to Pro; the new price counts from the next cycle.
    fn upgrade(&mut self, at: DateTime<Utc>, month: u32) {
        self.plan = Plan::Pro;
        self.subscription.plan_id = plan_id(Plan::Pro).to_owned();
        self.subscription.updated = at;
        self.subscription.next_billing = Some(self.due(month + 1));
        self.tell_subscription("BILLING.SUBSCRIPTION.UPDATED", at);
    }

    fn cancel(&mut self, at: DateTime<Utc>) {
        self.subscription.status = "CANCELLED";
        self.subscription.status_changed = at;
        self.subscription.updated = at + TimeDelta::seconds(1);
        self.subscription.next_billing = None;
        self.subscription.note = Some("Closing the shop for the winter".to_owned());
        self.tell_subscription("BILLING.SUBSCRIPTION.CANCELLED", at + TimeDelta::seconds(1));
    }
}

#[cfg(test)]
mod tests;
