//! PayPal's webhooks: subscriptions, their sales, refunds, reversals and disputes.
//!
//! A body travels byte for byte as PayPal signed it, so the data of these events is PayPal's own
//! envelope with the `resource` inside. Reading follows what PayPal really sends: amounts in two
//! spellings, three shapes of a reversal, dates that are no dates. Nothing here decides what an
//! event means for an invoice: that is the projector's.
//!
//! Reading order: [`Event`] (what ingest needs of any delivery), [`wire`] (shapes as sent),
//! [`states`] and [`billing`] (the same, sorted out for folds), [`describe`] (for people).

pub mod billing;
pub mod states;
pub mod wire;
mod words;

pub use billing::{Billing, Unreadable, read};
pub use words::describe;

use super::{
    EventType,
    moment::Moment,
    tolerant::{NotAnObject, One, Text, Time, record, root_schema},
};
use crate::StreamName;
use chrono::{DateTime, TimeDelta, Utc};
use schemars::Schema;
use wire::{Id, Resource};

/// What the `type` of a PayPal event begins with; the rest is its `event_type` in lower case.
pub const PREFIX: &str = "com.paypal.";

/// A PayPal clock may be this far ahead before its date is not believed. Its sandbox has stamped
/// events seven hours ahead; an event from the future would stand at the top of every timeline.
const FAST_CLOCK: TimeDelta = TimeDelta::minutes(5);

record! {
    /// What every webhook of PayPal has, as far as an envelope needs it.
    pub struct Event requires ["id", "event_type", "resource"] {
        /// `WH-…`: the same in every retry and resend.
        pub id: Option<String> as Id = "id",
        /// For example `PAYMENT.SALE.COMPLETED`.
        pub event_type: Option<String> as Text = "event_type",
        /// When PayPal says it made the event. Never trusted alone: see [`happened_at`].
        pub create_time: Option<Moment> as Time = "create_time",
        /// For example `subscription`, `sale`, `refund`, or `Agreement` for the API before it.
        pub resource_type: Option<String> as Text = "resource_type",
        /// What it is about.
        pub resource: Option<Resource> as One<Resource> = "resource",
    }
}

impl Event {
    /// Reads what an envelope needs from a body.
    ///
    /// # Errors
    /// When the body is not one JSON object.
    pub fn read(body: &[u8]) -> Result<Self, NotAnObject> {
        super::tolerant::read(body)
    }

    /// The CloudEvents `type`; `None` when the event does not say what it is.
    #[must_use]
    pub fn kind(&self) -> Option<String> {
        Some(format!(
            "{PREFIX}{}",
            self.event_type.as_ref()?.to_ascii_lowercase()
        ))
    }
}

/// What the event is about: the subscription, else the sale, else whatever the resource is.
#[must_use]
pub fn subject_of(event: &Event) -> Option<String> {
    let resource = event.resource.as_ref()?;
    resource
        .billing_agreement_id
        .clone()
        .or_else(|| wire::sale_named(resource.sale_id.as_ref(), &resource.links))
        .or_else(|| resource.id.clone())
        .or_else(|| resource.dispute_id.clone())
}

/// When it happened: PayPal's envelope says so unless its date is absent, impossible or ahead of
/// us by more than a fast clock; then the time of the transmission, on the same terms; then now.
#[must_use]
pub fn happened_at(event: &Event, transmission_time: &str, now: DateTime<Utc>) -> DateTime<Utc> {
    let transmitted = DateTime::parse_from_rfc3339(transmission_time)
        .ok()
        .map(|time| time.to_utc());
    let believed = |time: &DateTime<Utc>| *time <= now + FAST_CLOCK;
    let made = event.create_time.map(Moment::time).filter(believed);
    made.or(transmitted
        .and_then(Moment::from_time)
        .map(Moment::time)
        .filter(believed))
        .unwrap_or(now)
}

const fn webhook(kind: &'static str, schema: fn() -> Schema) -> EventType {
    EventType {
        kind,
        stream: StreamName::Billing,
        source: "paypal",
        schema,
        fields: &[],
    }
}

const SUBSCRIPTION: fn() -> Schema = root_schema::<wire::SubscriptionEvent>;
const SALE: fn() -> Schema = root_schema::<wire::SaleEvent>;
const REFUND: fn() -> Schema = root_schema::<wire::RefundEvent>;
const DISPUTE: fn() -> Schema = root_schema::<wire::DisputeEvent>;
const PLAN: fn() -> Schema = root_schema::<wire::PlanEvent>;
const CAPTURE: fn() -> Schema = root_schema::<wire::CaptureEvent>;

/// Every webhook of PayPal that we ask for.
pub const TYPES: &[EventType] = &[
    webhook("com.paypal.billing.subscription.created", SUBSCRIPTION),
    webhook("com.paypal.billing.subscription.activated", SUBSCRIPTION),
    webhook("com.paypal.billing.subscription.updated", SUBSCRIPTION),
    webhook("com.paypal.billing.subscription.expired", SUBSCRIPTION),
    webhook("com.paypal.billing.subscription.cancelled", SUBSCRIPTION),
    webhook("com.paypal.billing.subscription.suspended", SUBSCRIPTION),
    webhook("com.paypal.billing.subscription.re-activated", SUBSCRIPTION),
    webhook(
        "com.paypal.billing.subscription.payment.failed",
        SUBSCRIPTION,
    ),
    webhook("com.paypal.payment.sale.completed", SALE),
    webhook("com.paypal.payment.sale.pending", SALE),
    webhook("com.paypal.payment.sale.denied", SALE),
    webhook("com.paypal.payment.sale.refunded", REFUND),
    webhook("com.paypal.payment.sale.reversed", REFUND),
    webhook("com.paypal.customer.dispute.created", DISPUTE),
    webhook("com.paypal.customer.dispute.updated", DISPUTE),
    webhook("com.paypal.customer.dispute.resolved", DISPUTE),
    webhook("com.paypal.billing.plan.created", PLAN),
    webhook("com.paypal.billing.plan.updated", PLAN),
    webhook("com.paypal.billing.plan.activated", PLAN),
    webhook("com.paypal.billing.plan.deactivated", PLAN),
    webhook("com.paypal.billing.plan.pricing-change.activated", PLAN),
    webhook("com.paypal.payment.capture.completed", CAPTURE),
    webhook("com.paypal.payment.capture.pending", CAPTURE),
    webhook("com.paypal.payment.capture.denied", CAPTURE),
    webhook("com.paypal.payment.capture.refunded", CAPTURE),
    webhook("com.paypal.payment.capture.reversed", CAPTURE),
];

#[cfg(test)]
mod tests;
