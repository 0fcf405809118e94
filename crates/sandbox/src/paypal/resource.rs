//! Subscriptions, sales and refunds as PayPal writes them into events: subscriptions in the v2
//! form (`value`, `currency_code`), sales and refunds in the v1 form (`total`, `currency`).

use super::Notification;
use crate::chance::Dice;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

const API: &str = "https://api.sandbox.paypal.com/v1";

/// Whole seconds, as resources have them.
fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `299.0`: how subscriptions write money.
fn v2(minor: i64) -> Value {
    let value = if minor % 10 == 0 {
        format!("{}.{}", minor / 100, minor % 100 / 10)
    } else {
        v1(minor)
    };
    json!({ "currency_code": "USD", "value": value })
}

/// `299.00`: how sales write money.
fn v1(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

/// Who pays.
#[derive(Debug, Clone)]
pub struct Payer {
    /// First and last name.
    pub name: String,
    /// At example.com.
    pub email: String,
    /// PayPal's id of them.
    pub payer_id: String,
}

/// A subscription as it stands.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// `I-…`.
    pub id: String,
    /// `P-…`.
    pub plan_id: String,
    /// What we call the user.
    pub custom_id: String,
    /// Who pays.
    pub payer: Payer,
    /// `APPROVAL_PENDING`, `ACTIVE`, ….
    pub status: &'static str,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When the status last changed.
    pub status_changed: DateTime<Utc>,
    /// When anything last changed.
    pub updated: DateTime<Utc>,
    /// Paid cycles.
    pub cycles: u32,
    /// Amount and time.
    pub last_payment: Option<(i64, DateTime<Utc>)>,
    /// Always at 10:00 UTC; gone once cancelled.
    pub next_billing: Option<DateTime<Utc>>,
    /// Owed, US cents.
    pub outstanding: i64,
    /// Amount, time, next try.
    pub failed_payment: Option<(i64, DateTime<Utc>, DateTime<Utc>)>,
    /// Why it was cancelled.
    pub note: Option<String>,
}

impl Subscription {
    /// As an event has it.
    #[must_use]
    pub fn print(&self) -> Value {
        if self.status == "APPROVAL_PENDING" {
            return self.print_created();
        }
        let mut billing = json!({
            "outstanding_balance": v2(self.outstanding),
            "cycle_executions": [{
                "tenure_type": "REGULAR", "sequence": 1, "cycles_completed": self.cycles, "cycles_remaining": 0,
                "current_pricing_scheme_version": 1, "total_cycles": 0,
            }],
            "failed_payments_count": u8::from(self.failed_payment.is_some()),
        });
        if let Some((amount, at)) = self.last_payment {
            billing["last_payment"] = json!({ "amount": v2(amount), "time": stamp(at) });
        }
        if let Some((amount, at, retry)) = self.failed_payment {
            billing["last_failed_payment"] = json!({
                "amount": v2(amount), "time": stamp(at), "reason_code": "PAYMENT_DENIED",
                "next_payment_retry_time": stamp(retry),
            });
        }
        if let Some(next) = self.next_billing {
            billing["next_billing_time"] = stamp(next).into();
        }
        let (given, surname) = self
            .payer
            .name
            .split_once(' ')
            .unwrap_or((&self.payer.name, ""));
        let mut printed = json!({
            "quantity": "1",
            "subscriber": {
                "email_address": self.payer.email,
                "payer_id": self.payer.payer_id,
                "name": { "given_name": given, "surname": surname },
            },
            "create_time": stamp(self.created),
            "custom_id": self.custom_id,
            "plan_overridden": false,
            "shipping_amount": v2(0),
            "start_time": stamp(self.created),
            "update_time": stamp(self.updated),
            "billing_info": billing,
            "links": self.links(),
            "id": self.id,
            "plan_id": self.plan_id,
            "status": self.status,
            "status_update_time": stamp(self.status_changed),
        });
        if let Some(note) = &self.note {
            printed["status_change_note"] = note.as_str().into();
        }
        printed
    }

    /// Before the payer agreed PayPal tells very little.
    fn print_created(&self) -> Value {
        json!({
            "start_time": stamp(self.created),
            "quantity": "1",
            "create_time": stamp(self.created),
            "custom_id": self.custom_id,
            "links": [
                { "href": format!("https://www.sandbox.paypal.com/webapps/billing/subscriptions?ba_token=BA-{}", &self.id[2..]),
                  "rel": "approve", "method": "GET" },
                { "href": self.href(""), "rel": "edit", "method": "PATCH" },
                { "href": self.href(""), "rel": "self", "method": "GET" },
            ],
            "id": self.id,
            "plan_overridden": false,
            "plan_id": self.plan_id,
            "status": self.status,
        })
    }

    fn href(&self, action: &str) -> String {
        format!("{API}/billing/subscriptions/{}{action}", self.id)
    }

    fn links(&self) -> Value {
        let link = |action: &str, rel: &str, method: &str| json!({ "href": self.href(action), "rel": rel, "method": method });
        match self.status {
            "ACTIVE" => json!([
                link("/cancel", "cancel", "POST"),
                link("", "edit", "PATCH"),
                link("", "self", "GET"),
                link("/suspend", "suspend", "POST"),
                link("/capture", "capture", "POST"),
            ]),
            _ => json!([link("", "self", "GET")]),
        }
    }
}

/// A completed payment of a subscription.
#[derive(Debug, Clone)]
pub struct Sale {
    /// Seventeen letters and digits.
    pub id: String,
    /// `I-…`.
    pub subscription_id: String,
    /// Often but not always told.
    pub custom: Option<String>,
    /// US cents.
    pub amount: i64,
    /// When it was paid.
    pub paid: DateTime<Utc>,
}

impl Sale {
    /// As an event has it.
    #[must_use]
    pub fn print(&self) -> Value {
        // PayPal's usual price: 2.99 % and 49 cents.
        let fee = self.amount * 299 / 10_000 + 49;
        let href = format!("{API}/payments/sale/{}", self.id);
        let mut printed = json!({
            "billing_agreement_id": self.subscription_id,
            "amount": { "total": v1(self.amount), "currency": "USD", "details": { "subtotal": v1(self.amount) } },
            "payment_mode": "INSTANT_TRANSFER",
            "update_time": stamp(self.paid),
            "create_time": stamp(self.paid),
            "protection_eligibility_type": "ITEM_NOT_RECEIVED_ELIGIBLE,UNAUTHORIZED_PAYMENT_ELIGIBLE",
            "transaction_fee": { "currency": "USD", "value": v1(fee) },
            "protection_eligibility": "ELIGIBLE",
            "links": [
                { "method": "GET", "rel": "self", "href": href },
                { "method": "POST", "rel": "refund", "href": format!("{href}/refund") },
            ],
            "id": self.id,
            "state": "completed",
            "invoice_number": "",
        });
        if let Some(custom) = &self.custom {
            printed["custom"] = custom.as_str().into();
        }
        printed
    }
}

/// A part of a sale given back; `total` counts all refunds of that sale so far.
#[must_use]
pub fn refund(id: &str, sale: &Sale, amount: i64, total: i64, at: DateTime<Utc>) -> Value {
    let money = |minor| json!({ "value": v1(minor), "currency": "USD" });
    let fee = amount * 299 / 10_000;
    json!({
        "refund_reason_code": "REFUND",
        "refund_to_payer": money(amount),
        "update_time": stamp(at),
        "create_time": stamp(at),
        "total_refunded_amount": money(total),
        "refund_from_transaction_fee": money(fee),
        "refund_from_received_amount": money(amount - fee),
        "sale_id": sale.id,
        "links": [
            { "href": format!("{API}/payments/refund/{id}"), "rel": "self", "method": "GET" },
            { "href": format!("{API}/payments/sale/{}", sale.id), "rel": "sale", "method": "GET" },
        ],
        "id": id,
        "state": "completed",
        "amount": { "total": v1(amount), "currency": "USD" },
        "invoice_number": "",
    })
}

/// The event around a resource. PayPal makes it some seconds after the thing itself.
#[must_use]
pub fn notification(
    dice: &mut Dice,
    event_type: &'static str,
    resource: &Value,
    at: DateTime<Utc>,
) -> Notification {
    let id = format!("WH-{}-{}", dice.capitals(17), dice.capitals(17));
    let time = at + TimeDelta::milliseconds(dice.between(18_000, 70_000));
    let kind = match event_type {
        "PAYMENT.SALE.REFUNDED" => "refund",
        sale if sale.starts_with("PAYMENT.SALE.") => "sale",
        _ => "subscription",
    };
    let amount = |field: &str| {
        resource["amount"][field]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    let summary = match event_type {
        "BILLING.SUBSCRIPTION.CREATED" => "Subscription created".to_owned(),
        "BILLING.SUBSCRIPTION.ACTIVATED" => "Subscription activated".to_owned(),
        "BILLING.SUBSCRIPTION.UPDATED" => "Subscription updated".to_owned(),
        "BILLING.SUBSCRIPTION.CANCELLED" => "Subscription cancelled".to_owned(),
        "BILLING.SUBSCRIPTION.PAYMENT.FAILED" => "Subscription payment failed".to_owned(),
        "PAYMENT.SALE.REFUNDED" => format!(
            "A $ {} {} sale payment was refunded",
            amount("total"),
            amount("currency")
        ),
        _ => format!(
            "Payment completed for $ {} {}",
            amount("total"),
            amount("currency")
        ),
    };
    let href = format!("{API}/notifications/webhooks-events/{id}");
    let mut event = json!({
        "id": id,
        "event_version": "1.0",
        "create_time": time.to_rfc3339_opts(SecondsFormat::Millis, true),
        "resource_type": kind,
        "event_type": event_type,
        "summary": summary,
        "resource": resource,
        "links": [
            { "href": href, "rel": "self", "method": "GET" },
            { "href": format!("{href}/resend"), "rel": "resend", "method": "POST" },
        ],
    });
    if kind == "subscription" {
        event["resource_version"] = "2.0".into();
    }
    Notification {
        id,
        event_type,
        time,
        body: event.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_in_each_versions_own_way() {
        assert_eq!(v2(29_900)["value"], "299.0");
        assert_eq!(v2(0)["value"], "0.0");
        assert_eq!(v2(1_455)["value"], "14.55");
        assert_eq!(v2(990)["value"], "9.9");
        assert_eq!(v1(990), "9.90");
        assert_eq!(v1(29_907), "299.07");
    }
}
