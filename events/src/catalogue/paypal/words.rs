//! PayPal's events in the plain words of a subscription's timeline.

use super::{
    PREFIX,
    wire::{
        Amount, CaptureEvent, DisputeEvent, PlanEvent, RefundEvent, SaleEvent, SubscriptionEvent,
    },
};
use crate::{Money, catalogue::tolerant};

/// The longest text of somebody else's in a line of the timeline, in characters.
const LONGEST_QUOTE: usize = 120;

/// One line for people about an event of this type, whatever its data.
#[must_use]
pub fn describe(kind: &str, data: &[u8]) -> String {
    let event_type = kind.strip_prefix(PREFIX).unwrap_or(kind);
    let words = if let Some(change) = event_type.strip_prefix("billing.subscription.") {
        subscription(change, &tolerant::read(data).unwrap_or_default())
    } else if let Some(change) = event_type.strip_prefix("payment.sale.") {
        sale(change, data)
    } else if let Some(change) = event_type.strip_prefix("customer.dispute.") {
        dispute(change, &tolerant::read(data).unwrap_or_default())
    } else if let Some(change) = event_type.strip_prefix("billing.plan.") {
        plan(change, &tolerant::read(data).unwrap_or_default())
    } else if let Some(change) = event_type.strip_prefix("payment.capture.") {
        capture(change, &tolerant::read(data).unwrap_or_default())
    } else {
        None
    };
    words.unwrap_or_else(|| format!("PayPal sent {}", quoted(&event_type.to_uppercase())))
}

fn subscription(change: &str, event: &SubscriptionEvent) -> Option<String> {
    let resource = event.resource.as_ref();
    let words = match change {
        "created" => "Subscription created, not approved yet",
        "activated" => "Subscription active",
        "re-activated" => "Subscription active again",
        "updated" => "Subscription changed",
        "expired" => "Subscription ended after its last payment",
        "suspended" => "Subscription suspended",
        "cancelled" => "Subscription cancelled",
        "payment.failed" => {
            let failed = resource?
                .billing_info
                .as_ref()
                .and_then(|info| info.last_failed_payment.as_ref());
            let amount = of(failed.and_then(|failed| failed.amount.as_ref()));
            let retry = failed.and_then(|failed| {
                failed
                    .next_payment_retry_time
                    .or(failed.next_payment_retry_date)
            });
            return Some(match retry {
                Some(at) => format!(
                    "Payment{amount} failed; PayPal tries again on {}",
                    at.time().format("%-d %B %Y")
                ),
                None => format!("Payment{amount} failed"),
            });
        }
        _ => return None,
    };
    let note = resource.and_then(|resource| resource.status_change_note.as_deref());
    Some(
        match note.filter(|_| matches!(change, "cancelled" | "suspended" | "re-activated")) {
            Some(note) => format!("{words}: “{}”", quoted(note)),
            None => words.to_owned(),
        },
    )
}

fn sale(change: &str, data: &[u8]) -> Option<String> {
    if matches!(change, "refunded" | "reversed") {
        let event: RefundEvent = tolerant::read(data).unwrap_or_default();
        let amount = of(event
            .resource
            .as_ref()
            .and_then(|refund| refund.amount.as_ref()));
        return Some(match change {
            "refunded" => format!("Refund{amount} sent to the payer"),
            _ => format!("Payment{amount} taken back through PayPal"),
        });
    }
    let event: SaleEvent = tolerant::read(data).unwrap_or_default();
    let amount = event
        .resource
        .as_ref()
        .and_then(|sale| sale.amount.as_ref());
    if amount.is_some_and(Amount::is_negative) {
        return None;
    }
    let amount = of(amount);
    Some(match change {
        "completed" => format!("Payment{amount} received"),
        "pending" => format!("Payment{amount} is on its way"),
        "denied" => format!("Payment{amount} was denied"),
        _ => return None,
    })
}

fn dispute(change: &str, event: &DisputeEvent) -> Option<String> {
    let resource = event.resource.as_ref();
    let amount = of(resource.and_then(|dispute| dispute.dispute_amount.as_ref()));
    let waits_for = match resource.and_then(|dispute| dispute.status.as_deref()) {
        Some("WAITING_FOR_SELLER_RESPONSE") => ": PayPal waits for our answer",
        Some("WAITING_FOR_BUYER_RESPONSE") => ": PayPal waits for the payer's answer",
        Some("UNDER_REVIEW") => ": PayPal is deciding",
        _ => "",
    };
    let outcome = resource.and_then(|dispute| dispute.dispute_outcome.as_ref());
    let ended = match outcome.and_then(|outcome| outcome.outcome_code.as_deref()) {
        Some("RESOLVED_BUYER_FAVOUR" | "ACCEPTED") => " in the payer's favour",
        Some("RESOLVED_SELLER_FAVOUR" | "DENIED") => " in our favour",
        Some("CANCELED_BY_BUYER") => ": the payer withdrew it",
        _ => "",
    };
    Some(match change {
        "created" => format!("The payer disputes a payment{amount}{waits_for}"),
        "updated" => format!("Dispute of a payment{amount} moved on{waits_for}"),
        "resolved" => format!("Dispute of a payment{amount} resolved{ended}"),
        _ => return None,
    })
}

fn plan(change: &str, event: &PlanEvent) -> Option<String> {
    let name = event
        .resource
        .as_ref()
        .and_then(|plan| plan.name.as_deref().or(plan.id.as_deref()));
    let plan = name.map_or_else(
        || "A plan".to_owned(),
        |name| format!("Plan “{}”", quoted(name)),
    );
    Some(match change {
        "created" => format!("{plan} created"),
        "updated" => format!("{plan} changed"),
        "activated" => format!("{plan} put on sale"),
        "deactivated" => format!("{plan} taken off sale"),
        "pricing-change.activated" => format!("{plan} has a new price"),
        _ => return None,
    })
}

fn capture(change: &str, event: &CaptureEvent) -> Option<String> {
    let amount = of(event
        .resource
        .as_ref()
        .and_then(|capture| capture.amount.as_ref()));
    Some(match change {
        "completed" => format!("One-time payment{amount} received"),
        "pending" => format!("One-time payment{amount} is on its way"),
        "denied" | "declined" => format!("One-time payment{amount} was denied"),
        "refunded" => format!("One-time payment: refund{amount} sent to the payer"),
        "reversed" => format!("One-time payment{amount} taken back through PayPal"),
        _ => return None,
    })
}

/// ` of 9.90 USD`, or nothing where there is no readable amount.
fn of(amount: Option<&Amount>) -> String {
    amount
        .and_then(Amount::money)
        .map(Money::abs)
        .map_or_else(String::new, |amount| format!(" of {amount}"))
}

fn quoted(text: &str) -> String {
    let printable = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    let clean: String = printable.take(LONGEST_QUOTE).collect();
    if text.chars().count() > LONGEST_QUOTE {
        clean + "…"
    } else {
        clean
    }
}
