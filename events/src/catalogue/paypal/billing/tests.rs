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

#[test]
fn nothing_is_settled_while_a_payment_fails_though_nothing_is_owed_yet() {
    let zero = json!({ "currency_code": "USD", "value": "0.0" });
    let paid = json!({ "time": "2026-02-10T15:22:39Z" });
    let failed = json!({ "time": "2026-03-10T11:02:15Z" });
    let settled = |change: &str, info: Value| {
        let resource = json!({ "id": "I-1", "status": "ACTIVE", "billing_info": info });
        let said = reading(&format!("billing.subscription.{change}"), &resource);
        let Billing::Subscription(subscription) = said else {
            panic!("{change}")
        };
        subscription.settled
    };
    assert!(settled("updated", json!({})));
    assert!(settled("updated", json!({ "outstanding_balance": zero })));
    let owing = json!({ "outstanding_balance": { "currency_code": "USD", "value": "9.9" } });
    assert!(!settled("updated", owing));
    for balance in [&zero, &Value::Null] {
        let info = |paid: &Value| json!({ "outstanding_balance": balance, "last_payment": paid, "last_failed_payment": failed });
        assert!(!settled("updated", info(&paid)));
        assert!(!settled("updated", info(&Value::Null)));
        let later = json!({ "time": "2026-03-15T11:00:00Z" });
        assert!(settled("updated", info(&later)), "it was paid since");
        assert!(!settled("payment.failed", info(&later)));
    }
}
