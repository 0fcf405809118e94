//! What PayPal is known to send, and what nobody should.

use super::{
    billing::{Reversal, Sale, Subscription},
    states::{RefundState, SaleState, Status},
    *,
};
use crate::Money;
use serde_json::{Value, json};

fn body(resource_type: &str, resource: &Value) -> Vec<u8> {
    json!({ "id": "WH-1", "event_type": "X", "resource_type": resource_type, "resource": resource })
        .to_string()
        .into_bytes()
}

fn reading(kind: &str, resource: &Value) -> Billing {
    read(&format!("{PREFIX}{kind}"), &body("any", resource)).unwrap()
}

fn subscription(kind: &str, resource: &Value) -> Subscription {
    match reading(kind, resource) {
        Billing::Subscription(subscription) => *subscription,
        other => panic!("{other:?}"),
    }
}

fn sale(kind: &str, resource: &Value) -> Sale {
    match reading(kind, resource) {
        Billing::Sale(sale) => sale,
        other => panic!("{other:?}"),
    }
}

fn reversal(resource: &Value) -> Reversal {
    match reading("payment.sale.reversed", resource) {
        Billing::Reversal(reversal) => reversal,
        other => panic!("{other:?}"),
    }
}

fn moment(text: &str) -> Option<Moment> {
    Moment::from_time(DateTime::parse_from_rfc3339(text).unwrap().to_utc())
}

fn event(value: &Value) -> Event {
    Event::read(value.to_string().as_bytes()).unwrap()
}

#[test]
fn the_subject_is_the_subscription_then_the_sale_then_the_resource() {
    let subject = |resource: Value| subject_of(&event(&json!({ "resource": resource })));
    let is = |text: &str| Some(text.to_owned());
    assert_eq!(subject(json!({ "id": "I-1", "plan_id": "P-1" })), is("I-1"));
    assert_eq!(
        subject(json!({ "id": "S1", "billing_agreement_id": "I-1" })),
        is("I-1")
    );
    assert_eq!(subject(json!({ "id": "S1" })), is("S1"));
    assert_eq!(subject(json!({ "id": "R1", "sale_id": "S1" })), is("S1"));
    let link = json!({ "rel": "sale", "href": "https://api.paypal.com/v1/payments/sale/S1" });
    assert_eq!(subject(json!({ "id": "R1", "links": [1, link] })), is("S1"));
    assert_eq!(subject(json!({ "dispute_id": "PP-1" })), is("PP-1"));
    assert_eq!(
        subject(json!({ "id": "x".repeat(129), "dispute_id": 7 })),
        None,
        "no id may break a key"
    );
    assert_eq!(subject(json!([])), None);
}

#[test]
fn the_kind_is_the_event_type_in_lower_case() {
    let kind = |event_type: Value| event(&json!({ "event_type": event_type })).kind();
    assert_eq!(
        kind(json!("BILLING.SUBSCRIPTION.RE-ACTIVATED")).as_deref(),
        Some("com.paypal.billing.subscription.re-activated")
    );
    assert_eq!(kind(json!("")), None);
    assert_eq!(kind(json!(3)), None);
}

#[test]
fn an_event_happened_when_paypal_says_unless_it_cannot_be() {
    let now = moment("2026-03-01T09:20:00Z").unwrap().time();
    let at = |create_time: &str, transmitted: &str| {
        happened_at(
            &event(&json!({ "create_time": create_time })),
            transmitted,
            now,
        )
        .to_rfc3339()
    };
    let transmitted = "2026-03-01T09:17:10Z";
    assert_eq!(
        at("2026-03-01T09:16:31.402Z", transmitted),
        "2026-03-01T09:16:31.402+00:00"
    );
    assert_eq!(
        at("2026-03-01T02:16:31-07:00", transmitted),
        "2026-03-01T09:16:31+00:00"
    );
    assert_eq!(
        at("2026-03-01T09:25:00Z", transmitted),
        "2026-03-01T09:25:00+00:00",
        "a clock may be a little fast"
    );
    assert_eq!(
        at("2026-03-01T16:16:30Z", transmitted),
        "2026-03-01T09:17:10+00:00",
        "seven hours ahead"
    );
    assert_eq!(
        at("2018-19-12T22:20:32.000Z", transmitted),
        "2026-03-01T09:17:10+00:00",
        "month 19"
    );
    assert_eq!(at("", "not a date"), now.to_rfc3339());
    assert_eq!(
        at("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        now.to_rfc3339()
    );
}

#[test]
fn a_subscription_is_routed_by_its_status_whatever_announces_it() {
    let resource =
        json!({ "id": "I-1", "status": "ACTIVE", "status_update_time": "2026-03-01T09:16:03Z" });
    for kind in [
        "re-activated",
        "activated",
        "payment.completed",
        "something-new",
    ] {
        let subscription = subscription(&format!("billing.subscription.{kind}"), &resource);
        assert_eq!(subscription.status, Some(Status::Active), "{kind}");
    }
    let unknown = json!({ "id": "I-1", "status": "HIBERNATING" });
    assert_eq!(
        subscription("billing.subscription.updated", &unknown).status,
        None
    );
}

#[test]
fn an_agreement_of_version_1_is_ignored() {
    let agreement = json!({ "id": "I-1", "state": "Active" });
    assert_eq!(
        reading("billing.subscription.created", &agreement),
        Billing::Other
    );
    let body = body("Agreement", &json!({ "id": "I-1", "status": "ACTIVE" }));
    assert_eq!(
        read("com.paypal.billing.subscription.created", &body),
        Ok(Billing::Other)
    );
}

#[test]
fn a_retry_date_is_read_under_both_names() {
    for name in ["next_payment_retry_time", "next_payment_retry_date"] {
        let failed = json!({ "time": "2026-03-10T11:02:15Z", name: "2026-03-15T10:00:00Z" });
        let resource = json!({ "id": "I-1", "status": "ACTIVE", "billing_info": { "last_failed_payment": failed } });
        let subscription = subscription("billing.subscription.payment.failed", &resource);
        assert_eq!(
            subscription.next_retry_at,
            moment("2026-03-15T10:00:00Z"),
            "{name}"
        );
    }
}

#[test]
fn a_failure_without_its_time_happened_when_it_was_announced() {
    let resource =
        json!({ "id": "I-1", "status": "ACTIVE", "update_time": "2026-03-10T11:02:16Z" });
    let failed_at = |kind| subscription(kind, &resource).last_failed_at;
    assert_eq!(
        failed_at("billing.subscription.payment.failed"),
        moment("2026-03-10T11:02:16Z")
    );
    assert_eq!(failed_at("billing.subscription.updated"), None);
}

#[test]
fn a_balance_that_cannot_be_read_is_not_settled() {
    let settled = |balance: Value| {
        let resource = json!({ "id": "I-1", "billing_info": { "outstanding_balance": balance } });
        subscription("billing.subscription.updated", &resource).settled
    };
    assert!(settled(json!({ "currency_code": "JPY", "value": "0.0" })));
    assert!(settled(Value::Null));
    assert!(!settled(json!({ "currency_code": "USD", "value": "9.9" })));
    assert!(!settled(json!({ "currency_code": "USD", "value": [] })));
}

#[test]
fn a_sale_is_read_in_both_spellings_of_its_amount() {
    let amounts = [
        json!({ "total": "9.90", "currency": "USD" }),
        json!({ "value": "9.9", "currency_code": "USD" }),
        json!({ "value": 9.9, "currency_code": "usd", "total": null }),
    ];
    for amount in amounts {
        let sale = sale(
            "payment.sale.completed",
            &json!({ "id": "S1", "state": "completed", "amount": amount }),
        );
        assert_eq!(sale.amount, Money::parse("9.90", "USD"), "{amount}");
    }
}

#[test]
fn a_sale_without_a_state_we_know_is_what_its_event_says() {
    let state = |kind, state: Value| sale(kind, &json!({ "id": "S1", "state": state })).state;
    assert_eq!(
        state("payment.sale.denied", Value::Null),
        Some(SaleState::Denied)
    );
    assert_eq!(
        state("payment.sale.pending", json!("under_moonlight")),
        Some(SaleState::Pending)
    );
    assert_eq!(
        state("payment.sale.completed", json!("partially_refunded")),
        Some(SaleState::PartiallyRefunded)
    );
    assert_eq!(state("payment.sale.thought-over", json!(1)), None);
}

#[test]
fn a_refund_has_its_own_amount_without_sign_and_never_the_cumulative_one() {
    let real = json!({
        "id": "R2", "sale_id": "S1", "state": "completed", "amount": { "total": "19.00", "currency": "USD" },
        "total_refunded_amount": { "value": "29.00", "currency": "USD" },
    });
    let simulated =
        json!({ "id": "R2", "sale_id": "S1", "amount": { "total": "-19.00", "currency": "USD" } });
    for resource in [real, simulated] {
        let Billing::Refund(refund) = reading("payment.sale.refunded", &resource) else {
            panic!("{resource}")
        };
        assert_eq!((refund.id.as_str(), refund.sale_id.as_str()), ("R2", "S1"));
        assert_eq!(refund.amount, Money::parse("19.00", "USD"));
        assert_eq!(refund.state, RefundState::Completed);
    }
}

#[test]
fn a_refunded_sale_in_place_of_a_refund_is_a_sale() {
    let resource = json!({ "id": "S1", "state": "refunded", "billing_agreement_id": "I-1" });
    assert_eq!(
        sale("payment.sale.refunded", &resource).state,
        Some(SaleState::Refunded)
    );
}

#[test]
fn the_three_shapes_of_a_reversal_find_their_sale() {
    let amount = json!({ "total": "-9.90", "currency": "USD" });
    let refund_like = reversal(&json!({ "id": "R1", "sale_id": "S1", "amount": amount }));
    assert_eq!(
        (refund_like.id.as_str(), refund_like.sale_id.as_str()),
        ("R1", "S1")
    );
    assert_eq!(refund_like.sale, None);

    let is_the_sale =
        reversal(&json!({ "id": "S1", "billing_agreement_id": "I-1", "amount": amount }));
    assert_eq!(is_the_sale.sale_id, "S1");
    let sale = is_the_sale.sale.unwrap();
    assert_eq!(
        (sale.state, sale.amount),
        (Some(SaleState::Reversed), Money::parse("9.90", "USD"))
    );

    let says_nothing = reversal(&json!({ "id": "X1", "amount": amount }));
    assert_eq!(
        (says_nothing.sale_id.as_str(), says_nothing.sale),
        ("X1", None)
    );
}

#[test]
fn a_dispute_names_its_sales_once_each() {
    let dispute = json!({
        "dispute_id": "PP-1", "status": "RESOLVED",
        "disputed_transactions": [
            { "seller_transaction_id": "S2" }, null, { "seller_transaction_id": "S1" },
            { "seller_transaction_id": "S2" }, {},
        ],
    });
    let Billing::Dispute(dispute) = reading("customer.dispute.updated", &dispute) else {
        panic!()
    };
    assert_eq!(dispute.sale_ids, ["S1", "S2"]);
    assert!(dispute.resolved);
}

#[test]
fn what_says_nothing_about_itself_is_unreadable_and_what_is_foreign_is_not() {
    let missing = |kind: &str, resource| read(&format!("{PREFIX}{kind}"), &body("any", &resource));
    assert_eq!(
        missing("payment.sale.completed", json!({})),
        Err(Unreadable::Missing("resource.id"))
    );
    assert_eq!(
        missing("billing.subscription.created", json!(null)),
        Err(Unreadable::Missing("resource"))
    );
    assert!(matches!(
        read("com.paypal.payment.sale.denied", b"[]"),
        Err(Unreadable::Body(_))
    ));
    assert_eq!(
        missing("payment.capture.completed", json!({})),
        Ok(Billing::Other)
    );
    assert_eq!(
        read("com.paypal.new.thing", b"\xff\0 not json"),
        Ok(Billing::Other)
    );
    assert_eq!(read("io.livekit.room_started", b""), Ok(Billing::Other));
}

#[test]
fn a_timeline_speaks_plainly() {
    let line =
        |kind: &str, resource: Value| describe(&format!("{PREFIX}{kind}"), &body("any", &resource));
    let amount = json!({ "total": "9.90", "currency": "USD" });
    let failed = json!({ "billing_info": { "last_failed_payment": {
        "amount": { "value": "1200", "currency_code": "JPY" }, "next_payment_retry_date": "2026-03-15T10:00:00Z" } } });
    let lines = [
        line("payment.sale.completed", json!({ "amount": amount })),
        line(
            "payment.sale.completed",
            json!({ "amount": { "total": "-9.90", "currency": "USD" } }),
        ),
        line(
            "payment.sale.refunded",
            json!({ "amount": { "total": "-29.00", "currency": "USD" } }),
        ),
        line(
            "billing.subscription.cancelled",
            json!({ "status_change_note": "Too\nexpensive" }),
        ),
        line("billing.subscription.payment.failed", failed),
        line(
            "customer.dispute.resolved",
            json!({ "dispute_outcome": { "outcome_code": "RESOLVED_SELLER_FAVOUR" } }),
        ),
        line(
            "billing.plan.pricing-change.activated",
            json!({ "name": "Solo" }),
        ),
        line("billing.subscription.something-new", json!({})),
        describe("com.paypal.payment.sale.denied", b"\xff not json"),
    ];
    assert_eq!(
        lines,
        [
            "Payment of 9.90 USD received",
            "PayPal sent PAYMENT.SALE.COMPLETED",
            "Refund of 29.00 USD sent to the payer",
            "Subscription cancelled: “Too expensive”",
            "Payment of 1200 JPY failed; PayPal tries again on 15 March 2026",
            "Dispute of a payment resolved in our favour",
            "Plan “Solo” has a new price",
            "PayPal sent BILLING.SUBSCRIPTION.SOMETHING-NEW",
            "Payment was denied",
        ]
    );
}

#[test]
fn words_for_a_stage_are_paypals_own() {
    for word in [
        "APPROVAL_PENDING",
        "APPROVED",
        "ACTIVE",
        "SUSPENDED",
        "EXPIRED",
        "CANCELLED",
    ] {
        assert_eq!(Status::parse(word).map(Status::as_str), Some(word));
        assert_eq!(
            serde_json::to_value(Status::parse(word)).unwrap(),
            json!(word)
        );
    }
    for word in [
        "pending",
        "denied",
        "completed",
        "partially_refunded",
        "refunded",
        "reversed",
    ] {
        assert_eq!(SaleState::parse(word).map(SaleState::as_str), Some(word));
        assert_eq!(
            serde_json::to_value(SaleState::parse(word)).unwrap(),
            json!(word)
        );
    }
}

#[test]
fn every_type_has_an_example_that_is_read_and_described() {
    for of in TYPES {
        let path = format!("{}/examples/{}.json", env!("CARGO_MANIFEST_DIR"), of.kind);
        let body = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let event = Event::read(&body).unwrap();
        assert_eq!(event.kind().as_deref(), Some(of.kind));
        assert!(
            event.create_time.is_some() && subject_of(&event).is_some(),
            "{path}"
        );
        let says = read(of.kind, &body).unwrap();
        let concerns_billing = ["subscription", "sale", "dispute"]
            .iter()
            .any(|family| of.kind.contains(family));
        assert_eq!(says != Billing::Other, concerns_billing, "{path}");
        assert!(
            !describe(of.kind, &body).starts_with("PayPal sent"),
            "{path}"
        );
    }
}
