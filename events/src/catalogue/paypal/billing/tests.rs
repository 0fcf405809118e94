//! Amounts and times PayPal may send and nobody can have paid.
use super::*;
use serde_json::{Value, json};

fn reading(kind: &str, resource: &Value) -> Billing {
    let body = json!({ "resource": resource }).to_string();
    read(&format!("{PREFIX}{kind}"), body.as_bytes()).unwrap()
}

#[test]
fn a_sale_of_less_than_nothing_has_no_amount_and_was_not_paid() {
    let minus = json!({ "total": "-9.90", "currency": "USD" });
    for (state, left) in [
        ("completed", None),
        ("partially_refunded", None),
        ("denied", Some(SaleState::Denied)),
    ] {
        let resource = json!({ "id": "S1", "state": state, "amount": minus });
        let Billing::Sale(sale) = reading("payment.sale.completed", &resource) else {
            panic!("{state}")
        };
        assert_eq!((sale.amount, sale.state), (None, left), "{state}");
    }
}

#[test]
fn a_last_payment_of_less_than_nothing_is_none() {
    for (value, paid) in [("-9.9", false), ("9.9", true)] {
        let amount = json!({ "value": value, "currency_code": "USD" });
        let payment = json!({ "amount": amount, "time": "2026-03-01T09:16:03Z" });
        let resource =
            json!({ "id": "I-1", "status": "ACTIVE", "billing_info": { "last_payment": payment } });
        let said = reading("billing.subscription.updated", &resource);
        let Billing::Subscription(subscription) = said else {
            panic!("{value}")
        };
        assert_eq!(subscription.last_payment_at.is_some(), paid, "{value}");
        assert_eq!(subscription.last_payment.is_some(), paid, "{value}");
    }
}
