//! What a webhook says, sorted out: one reading for every spelling and shape.
//!
//! Ids are there or the event is unreadable; states are the ones PayPal documents or absent;
//! amounts are without sign, which only what goes back may have. Which event type announced it hardly
//! matters: PayPal's own advice is to look at the resource, and types exist for which no real payload
//! is known.

use super::{
    PREFIX,
    states::{RefundState, SaleState, Status},
    wire,
};
use crate::{
    Money,
    catalogue::{
        moment::Moment,
        tolerant::{self, NotAnObject},
    },
};

/// One fact about billing.
#[derive(Debug, Clone, PartialEq)]
pub enum Billing {
    /// How a subscription stood at a moment.
    Subscription(Box<Subscription>),
    /// How a sale stood at a moment.
    Sale(Sale),
    /// Money given back by us.
    Refund(Refund),
    /// Money taken back from us.
    Reversal(Reversal),
    /// A complaint.
    Dispute(Dispute),
    /// Something that concerns no subscription or sale: plans, one-time payments, agreements of
    /// version 1, and whatever PayPal invents.
    Other,
}

/// Why an event of a known kind says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The body is not JSON.
    #[error("PayPal's body is {0}")]
    Body(#[from] NotAnObject),
    /// Without it the fact belongs to nothing.
    #[error("PayPal's event has no {0}")]
    Missing(&'static str),
}

/// How a subscription stood at a moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Subscription {
    /// `I-…`.
    pub id: String,
    /// Its status, if it is one we know.
    pub status: Option<Status>,
    /// Since when it has the status; the making of the subscription where PayPal does not say.
    pub status_at: Option<Moment>,
    /// When this was so: orders everything but the status.
    pub at: Option<Moment>,
    /// Whether PayPal announced it as a change: of two snapshots of one instant, the later.
    pub is_update: bool,
    /// `P-…`.
    pub plan_id: Option<String>,
    /// Whether the plan's terms were changed for this subscription alone.
    pub plan_overridden: bool,
    /// The buyer, in our words.
    pub custom_id: Option<String>,
    /// When it begins.
    pub start_at: Option<Moment>,
    /// When it was made.
    pub created_at: Option<Moment>,
    /// Who pays.
    pub payer_name: Option<String>,
    /// Who pays.
    pub payer_email: Option<String>,
    /// What is owed from failed payments.
    pub outstanding: Option<Money>,
    /// Whether all that was due is paid.
    pub settled: bool,
    /// PayPal's date of the next payment.
    pub next_billing_at: Option<Moment>,
    /// Whether no regular cycle has ended yet and a trial came before it: its dates may be the
    /// trial's.
    pub in_trial: bool,
    /// How many payments in a row have failed.
    pub failed_payments: Option<i64>,
    /// The last payment that succeeded: when, and how much.
    pub last_payment_at: Option<Moment>,
    /// The last payment that succeeded: how much.
    pub last_payment: Option<Money>,
    /// When a payment last failed.
    pub last_failed_at: Option<Moment>,
    /// When PayPal tries the failed payment again.
    pub next_retry_at: Option<Moment>,
}

/// How a sale stood at a moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sale {
    /// Seventeen characters.
    pub id: String,
    /// The subscription it pays for.
    pub subscription_id: Option<String>,
    /// The buyer, in our words.
    pub custom_id: Option<String>,
    /// Its state, if it is one we know.
    pub state: Option<SaleState>,
    /// How much, without sign.
    pub amount: Option<Money>,
    /// What PayPal keeps of it.
    pub fee: Option<Money>,
    /// When it was made.
    pub created_at: Option<Moment>,
    /// When this was so.
    pub updated_at: Option<Moment>,
}

/// Money given back by us. Never the sum of several: PayPal's cumulative figure is not here.
#[derive(Debug, Clone, PartialEq)]
pub struct Refund {
    /// The refund's own id.
    pub id: String,
    /// The sale it belongs to; the refund's own id when PayPal does not say.
    pub sale_id: String,
    /// Where it stands.
    pub state: RefundState,
    /// How much, without sign.
    pub amount: Option<Money>,
    /// The same in the payer's currency, without sign.
    pub to_payer: Option<Money>,
    /// When it was made.
    pub created_at: Option<Moment>,
    /// When this was so.
    pub updated_at: Option<Moment>,
}

/// Money taken back from us, for example by the payer's bank.
#[derive(Debug, Clone, PartialEq)]
pub struct Reversal {
    /// The reversal's id; the sale's own where PayPal sends the sale.
    pub id: String,
    /// The sale it belongs to; its own id when PayPal does not say, which then is the sale's if
    /// there is such a sale.
    pub sale_id: String,
    /// How much, without sign.
    pub amount: Option<Money>,
    /// When.
    pub at: Option<Moment>,
    /// The sale, where PayPal sends the sale itself.
    pub sale: Option<Box<Sale>>,
}

/// A complaint about sales.
#[derive(Debug, Clone, PartialEq)]
pub struct Dispute {
    /// `PP-…`.
    pub id: String,
    /// The sales it is about, sorted.
    pub sale_ids: Vec<String>,
    /// Whether it is over.
    pub resolved: bool,
    /// When this was so.
    pub at: Option<Moment>,
}

/// Reads what an event says about billing. `kind` is its CloudEvents type.
///
/// # Errors
/// When an event about a subscription, sale, refund, reversal or dispute is not JSON or does not
/// say which one it is about.
pub fn read(kind: &str, data: &[u8]) -> Result<Billing, Unreadable> {
    let Some(event_type) = kind.strip_prefix(PREFIX) else {
        return Ok(Billing::Other);
    };
    if let Some(change) = event_type.strip_prefix("billing.subscription.") {
        subscription(change, tolerant::read(data)?)
    } else if event_type == "payment.sale.refunded" {
        refund(tolerant::read(data)?)
    } else if event_type == "payment.sale.reversed" {
        reversal(tolerant::read(data)?)
    } else if let Some(change) = event_type.strip_prefix("payment.sale.") {
        sale(change, tolerant::read(data)?)
    } else if let Some(change) = event_type.strip_prefix("customer.dispute.") {
        dispute(change, tolerant::read(data)?)
    } else {
        Ok(Billing::Other)
    }
}

fn subscription(change: &str, event: wire::SubscriptionEvent) -> Result<Billing, Unreadable> {
    let resource = event.resource.ok_or(Unreadable::Missing("resource"))?;
    let of_version_1 = event
        .resource_type
        .is_some_and(|kind| kind.eq_ignore_ascii_case("agreement"))
        || (resource.status.is_none() && resource.state.is_some());
    if of_version_1 {
        return Ok(Billing::Other);
    }
    let status = resource.status.as_deref().and_then(Status::parse);
    let status_at = status_at(change, status, &resource);
    let id = resource.id.ok_or(Unreadable::Missing("resource.id"))?;
    let mut info = resource.billing_info.unwrap_or_default();
    let last_payment = last_payment(status, info.last_payment.take());
    let failed = info.last_failed_payment.unwrap_or_default();
    let is_failure = change == "payment.failed";
    let announced = resource.update_time.filter(|_| is_failure);
    let last_failed_at = failed.time.or(announced);
    let has_failed = is_failure || last_failed_at > last_payment.time;
    let subscriber = resource.subscriber.unwrap_or_default();
    Ok(Billing::Subscription(Box::new(Subscription {
        id,
        status,
        status_at,
        is_update: change == "updated",
        at: resource
            .update_time
            .or(resource.status_update_time)
            .or(resource.create_time),
        plan_id: resource.plan_id,
        plan_overridden: resource.plan_overridden,
        custom_id: resource.custom_id,
        start_at: resource.start_time,
        created_at: resource.create_time,
        payer_name: subscriber.name.as_ref().and_then(whole_name),
        payer_email: subscriber.email_address,
        outstanding: info
            .outstanding_balance
            .as_ref()
            .and_then(wire::Amount::money),
        // The amount of a failed payment is not in the balance before PayPal gives it up.
        settled: !has_failed
            && info
                .outstanding_balance
                .as_ref()
                .is_none_or(wire::Amount::is_zero),
        next_billing_at: info.next_billing_time,
        in_trial: in_trial(&info.cycle_executions),
        failed_payments: info.failed_payments_count,
        last_payment_at: last_payment.time,
        last_payment: last_payment.amount.as_ref().and_then(wire::Amount::money),
        last_failed_at,
        next_retry_at: failed
            .next_payment_retry_time
            .or(failed.next_payment_retry_date),
    })))
}

/// The making of the subscription where PayPal does not say. But that does not say when it began,
/// paused or ended; its last change does.
fn status_at(
    change: &str,
    status: Option<Status>,
    resource: &wire::Subscription,
) -> Option<Moment> {
    let is_announced = matches!(change, "activated" | "re-activated" | "suspended");
    let changed_at = resource
        .update_time
        .filter(|_| is_announced || status.is_some_and(Status::is_terminal));
    resource
        .status_update_time
        .or(changed_at)
        .or(resource.create_time)
}

/// Before its start nothing can have been paid, whatever the simulator's sample says, and less than
/// nothing never is.
fn last_payment(status: Option<Status>, said: Option<wire::Payment>) -> wire::Payment {
    let has_begun = !matches!(status, Some(Status::ApprovalPending | Status::Approved));
    let is_negative = |payment: &wire::Payment| {
        let amount = payment.amount.as_ref();
        amount.is_some_and(wire::Amount::is_negative)
    };
    said.filter(|payment| has_begun && !is_negative(payment))
        .unwrap_or_default()
}

fn in_trial(cycles: &[wire::Cycle]) -> bool {
    let are = |tenure: &str, cycle: &wire::Cycle| {
        let said = cycle.tenure_type.as_deref();
        said.is_some_and(|said| said.eq_ignore_ascii_case(tenure))
    };
    let has_trial = cycles.iter().any(|cycle| are("TRIAL", cycle));
    let has_run = |cycle: &wire::Cycle| cycle.cycles_completed.is_some_and(|count| count > 0);
    has_trial
        && !cycles
            .iter()
            .any(|cycle| are("REGULAR", cycle) && has_run(cycle))
}

fn whole_name(name: &wire::PayerName) -> Option<String> {
    let parts: Vec<&str> = [&name.given_name, &name.surname]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    if parts.is_empty() {
        name.full_name.clone()
    } else {
        Some(parts.join(" "))
    }
}

fn sale(change: &str, event: wire::SaleEvent) -> Result<Billing, Unreadable> {
    let resource = event.resource.ok_or(Unreadable::Missing("resource"))?;
    let state = resource
        .state
        .as_deref()
        .and_then(SaleState::parse)
        .or_else(|| SaleState::parse(change));
    // Less than nothing pays for nothing, so it does not say either that the sale was paid.
    let negative = resource
        .amount
        .as_ref()
        .is_some_and(wire::Amount::is_negative);
    Ok(Billing::Sale(Sale {
        id: resource.id.ok_or(Unreadable::Missing("resource.id"))?,
        subscription_id: resource.billing_agreement_id,
        custom_id: resource.custom,
        state: state.filter(|state| !(negative && state.was_paid())),
        amount: unsigned(resource.amount.as_ref()).filter(|_| !negative),
        fee: unsigned(resource.transaction_fee.as_ref()),
        created_at: resource.create_time,
        updated_at: resource.update_time.or(resource.create_time),
    }))
}

/// The sale itself, where PayPal sends it in place of a refund or reversal.
fn sale_of(resource: &wire::Refund, id: &str, state: SaleState) -> Sale {
    Sale {
        id: id.to_owned(),
        subscription_id: resource.billing_agreement_id.clone(),
        custom_id: resource.custom.clone(),
        state: Some(state),
        amount: unsigned(resource.amount.as_ref()),
        fee: unsigned(resource.transaction_fee.as_ref()),
        created_at: resource.create_time,
        updated_at: resource.update_time.or(resource.create_time),
    }
}

fn refund(event: wire::RefundEvent) -> Result<Billing, Unreadable> {
    let resource = event.resource.ok_or(Unreadable::Missing("resource"))?;
    let id = resource
        .id
        .clone()
        .ok_or(Unreadable::Missing("resource.id"))?;
    let named = wire::sale_named(resource.sale_id.as_ref(), &resource.links);
    let sale_state = resource.state.as_deref().and_then(SaleState::parse);
    if let (None, Some(state @ (SaleState::PartiallyRefunded | SaleState::Refunded))) =
        (&named, sale_state)
    {
        // Only a sale has these states.
        return Ok(Billing::Sale(sale_of(&resource, &id, state)));
    }
    Ok(Billing::Refund(Refund {
        sale_id: named.unwrap_or_else(|| id.clone()),
        id,
        state: resource
            .state
            .as_deref()
            .map_or(RefundState::Completed, RefundState::parse),
        amount: unsigned(resource.amount.as_ref()),
        to_payer: unsigned(resource.refund_to_payer.as_ref()),
        created_at: resource.create_time,
        updated_at: resource.update_time.or(resource.create_time),
    }))
}

fn reversal(event: wire::RefundEvent) -> Result<Billing, Unreadable> {
    let resource = event.resource.ok_or(Unreadable::Missing("resource"))?;
    let named = wire::sale_named(resource.sale_id.as_ref(), &resource.links);
    let id = resource
        .id
        .clone()
        .or_else(|| named.clone())
        .ok_or(Unreadable::Missing("resource.id"))?;
    let is_the_sale =
        named.as_ref().is_none_or(|sale| *sale == id) && resource.billing_agreement_id.is_some();
    Ok(Billing::Reversal(Reversal {
        sale_id: named.unwrap_or_else(|| id.clone()),
        amount: unsigned(resource.amount.as_ref()),
        at: resource.update_time.or(resource.create_time),
        sale: is_the_sale.then(|| Box::new(sale_of(&resource, &id, SaleState::Reversed))),
        id,
    }))
}

fn dispute(change: &str, event: wire::DisputeEvent) -> Result<Billing, Unreadable> {
    let resource = event.resource.ok_or(Unreadable::Missing("resource"))?;
    let mut sale_ids: Vec<String> = resource
        .disputed_transactions
        .into_iter()
        .filter_map(|disputed| disputed.seller_transaction_id)
        .collect();
    sale_ids.sort();
    sale_ids.dedup();
    Ok(Billing::Dispute(Dispute {
        id: resource
            .dispute_id
            .ok_or(Unreadable::Missing("resource.dispute_id"))?,
        sale_ids,
        resolved: resource
            .status
            .as_deref()
            .map_or(change == "resolved", |word| {
                word.eq_ignore_ascii_case("resolved")
            }),
        at: resource.update_time.or(resource.create_time),
    }))
}

fn unsigned(amount: Option<&wire::Amount>) -> Option<Money> {
    amount.and_then(wire::Amount::money).map(Money::abs)
}

#[cfg(test)]
mod tests;
