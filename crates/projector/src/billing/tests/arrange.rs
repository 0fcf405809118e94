//! Webhooks as bodies, and the rows they fold to.

use crate::{
    aggregate::{Aggregate, Fact as _},
    billing::{
        Fact, Sale, Subscription,
        rows::{InvoiceRow, PaymentRow, SubscriptionRow},
    },
    laws::MadeUpOwners,
};
use chrono::{DateTime, Utc};
use frontdesk_events::{Envelope, catalogue::paypal};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The read model of some events.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Model {
    pub(super) subscriptions: Vec<SubscriptionRow>,
    pub(super) invoices: Vec<InvoiceRow>,
    pub(super) payments: Vec<PaymentRow>,
    /// Whether a subscription names more than one payer.
    pub(super) in_conflict: bool,
    /// Sales that are paid, of an amount nobody can read.
    pub(super) without_amount: Vec<String>,
}

impl Model {
    pub(super) fn subscription(&self) -> &SubscriptionRow {
        assert_eq!(self.subscriptions.len(), 1);
        &self.subscriptions[0]
    }

    pub(super) fn invoice(&self) -> &InvoiceRow {
        assert_eq!(self.invoices.len(), 1, "{:?}", self.invoices);
        &self.invoices[0]
    }

    /// Status and refunded amount of the only invoice.
    pub(super) fn outcome(&self) -> (&str, i64) {
        (&self.invoice().status, self.invoice().refunded_minor)
    }

    /// Kind, state and amount of each movement.
    pub(super) fn movements(&self) -> Vec<(&str, &str, i64)> {
        self.payments
            .iter()
            .map(|row| (row.kind.as_str(), row.state.as_str(), row.amount_minor))
            .collect()
    }
}

/// Folds events in this order. Every order and repetition must give the same, so it tries some
/// others as well.
pub(super) fn told(events: &[Envelope]) -> Model {
    let model = fold(events.iter());
    assert_eq!(fold(events.iter().rev()), model, "backwards");
    assert_eq!(fold(events.iter().chain(events)), model, "twice");
    for start in 1..events.len() {
        let (head, tail) = events.split_at(start);
        assert_eq!(
            fold(tail.iter().chain(head)),
            model,
            "beginning with event {start}"
        );
    }
    model
}

pub(super) fn fold<'a>(events: impl Iterator<Item = &'a Envelope>) -> Model {
    let facts: Vec<Fact> = events.map(|event| Fact::decode(event).unwrap()).collect();
    let mut model = Model::default();
    for (_, rows) in rows_of::<Subscription>(&facts) {
        model.in_conflict |= rows.in_conflict;
        model.subscriptions.extend(rows.subscriptions);
    }
    for (_, rows) in rows_of::<Sale>(&facts) {
        model.without_amount.extend(rows.without_amount);
        model.invoices.extend(rows.invoices);
        model.payments.extend(rows.payments);
    }
    model
        .invoices
        .sort_by(|a, b| (a.issued_at, &a.id).cmp(&(b.issued_at, &b.id)));
    model
}

fn rows_of<A: Aggregate<Fact = Fact>>(facts: &[Fact]) -> BTreeMap<String, A::Rows> {
    let mut states: BTreeMap<String, A::State> = BTreeMap::new();
    for fact in facts {
        for key in A::keys(fact) {
            A::fold(states.entry(key.clone()).or_default(), &key, fact).unwrap();
        }
    }
    states
        .into_iter()
        .map(|(key, state)| (key.clone(), A::rows(&key, &state, &MadeUpOwners)))
        .collect()
}

/// An envelope as ingest makes it.
pub(super) fn envelope(body: &Value) -> Envelope {
    let data = body.to_string().into_bytes();
    let event = paypal::Event::read(&data).unwrap();
    let accepted_at = at("2027-06-30T12:00:00Z");
    let id = event.id.clone().unwrap_or_else(|| "WH-0".to_owned());
    let kind = event
        .kind()
        .unwrap_or_else(|| "com.paypal.unknown".to_owned());
    let envelope = Envelope::new(&id, "/paypal/sandbox", &kind).unwrap();
    envelope
        .with_time(paypal::happened_at(
            &event,
            "2027-06-30T12:00:00Z",
            accepted_at,
        ))
        .with_recorded_time(accepted_at)
        .with_data("application/json", data)
}

/// An event of this type about this resource, made at the start of 2026.
pub(super) fn event(event_type: &str, resource: &Value) -> Envelope {
    envelope(&json!({
        "id": format!("WH-{event_type}"), "create_time": "2026-01-01T00:00:00Z", "event_type": event_type,
        "resource_type": "any", "resource": resource,
    }))
}

/// A subscription event: `I-1`, of this status since this time, with more fields on top.
pub(super) fn subscription(change: &str, status: &str, time: &str, more: Value) -> Envelope {
    let resource = json!({
        "id": "I-1", "status": status, "status_update_time": time, "update_time": time,
        "create_time": "2026-01-01T08:00:00Z", "start_time": "2026-01-01T08:00:00Z", "plan_id": "P-1", "custom_id": "key-1",
    });
    event(
        &format!("BILLING.SUBSCRIPTION.{change}"),
        &with(resource, more),
    )
}

/// A running subscription that owes nothing and names its next payment.
pub(super) fn active(time: &str, next: &str) -> Envelope {
    let info = json!({
        "outstanding_balance": { "currency_code": "USD", "value": "0.0" }, "next_billing_time": next,
        "failed_payments_count": 0,
    });
    subscription("ACTIVATED", "ACTIVE", time, json!({ "billing_info": info }))
}

/// A payment that failed.
pub(super) fn failed(time: &str, retry: &str) -> Envelope {
    let owed = json!({ "currency_code": "USD", "value": "9.9" });
    let info = json!({
        "outstanding_balance": owed, "next_billing_time": "2026-12-01T10:00:00Z", "failed_payments_count": 1,
        "last_failed_payment": { "amount": owed, "time": time, "next_payment_retry_time": retry },
    });
    let more = json!({ "billing_info": info, "update_time": time, "status_update_time": "2026-01-01T08:01:00Z" });
    subscription("PAYMENT.FAILED", "ACTIVE", time, more)
}

/// Sale `S1` of `I-1` in this state since this time, with more fields on top.
pub(super) fn sale(state: &str, time: &str, amount: &str, more: Value) -> Envelope {
    let resource = json!({
        "id": "S1", "billing_agreement_id": "I-1", "state": state, "create_time": "2026-01-01T08:00:30Z",
        "update_time": time, "amount": { "total": amount, "currency": "USD" },
    });
    let change = if matches!(state, "pending" | "denied") {
        state.to_uppercase()
    } else {
        "COMPLETED".to_owned()
    };
    event(&format!("PAYMENT.SALE.{change}"), &with(resource, more))
}

/// A refund of `S1`.
pub(super) fn refund(id: &str, time: &str, amount: &str, cumulative: &str) -> Envelope {
    let resource = json!({
        "id": id, "sale_id": "S1", "state": "completed", "create_time": time, "update_time": time,
        "amount": { "total": amount, "currency": "USD" },
        "total_refunded_amount": { "value": cumulative, "currency": "USD" },
    });
    event("PAYMENT.SALE.REFUNDED", &resource)
}

/// A dispute about `S1`.
pub(super) fn dispute(change: &str, status: &str, time: &str) -> Envelope {
    let resource = json!({
        "dispute_id": "PP-1", "status": status, "create_time": "2026-01-10T00:00:00Z", "update_time": time,
        "disputed_transactions": [{ "seller_transaction_id": "S1" }],
    });
    event(&format!("CUSTOMER.DISPUTE.{change}"), &resource)
}

/// The object with these fields over its own; `null` takes one away.
pub(super) fn with(mut object: Value, more: Value) -> Value {
    if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
        object.extend(more);
        object.retain(|_, value| !value.is_null());
    }
    object
}

pub(super) fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}
