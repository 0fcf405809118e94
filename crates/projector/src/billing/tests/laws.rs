//! The laws, on lives thick with collisions: few ids, few instants, so that nearly every event
//! contradicts another one of the same second.

use super::{
    arrange::{envelope, event, told, with},
    fixtures,
};
use crate::{
    billing::{Sale, Subscription},
    laws::{self, MadeUpOwners},
};
use frontdesk_events::Envelope;
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};

fn time() -> impl Strategy<Value = Value> {
    select(vec![
        json!("2026-01-31T10:00:00Z"),
        json!("2026-01-31T03:00:00-07:00"),
        json!("2026-02-01T10:00:00Z"),
        json!("2026-02-02T11:00:00Z"),
        json!("2026-02-28T10:00:00Z"),
        json!("2026-03-31T10:00:00.5Z"),
        json!("2018-19-12T22:20:32.000Z"),
        json!("9999-12-31T23:59:59-12:00"),
        json!(null),
    ])
}

fn amount() -> impl Strategy<Value = Value> {
    let decimal = select(vec![
        "9.90",
        "-9.90",
        "10",
        "4",
        "0.0",
        "1200",
        "1.234",
        "ten",
        "9223372036854775807",
    ]);
    let currency = select(vec!["USD", "JPY", "KWD", "EUR", "dollars"]);
    (decimal, currency, any::<bool>()).prop_map(|(decimal, currency, first)| {
        if first {
            json!({ "total": decimal, "currency": currency })
        } else {
            json!({ "value": decimal, "currency_code": currency })
        }
    })
}

fn key() -> impl Strategy<Value = Value> {
    select(vec![
        json!("key-1"),
        json!("key-2"),
        json!("key\u{0}3"),
        json!(null),
        json!(4),
    ])
}

prop_compose! {
    fn subscription_event()(
        id in select(vec!["I-1", "I-2"]),
        change in select(vec!["CREATED", "ACTIVATED", "UPDATED", "PAYMENT.FAILED", "SUSPENDED", "RE-ACTIVATED", "CANCELLED", "EXPIRED"]),
        status in select(vec!["APPROVAL_PENDING", "APPROVED", "ACTIVE", "ACTIVE", "SUSPENDED", "EXPIRED", "CANCELLED", "ODD"]),
        times in [time(), time(), time(), time(), time(), time(), time()],
        balance in amount(),
        paid in amount(),
        custom in key(),
        plan in select(vec!["P-1", "P-2"]),
        overridden in select(vec![json!(true), json!(false), json!(null)]),
        count in option::of(-1_i64..4),
    ) -> Envelope {
        let [made, changed, status_changed, next, paid_at, failed_at, retry] = times;
        event(&format!("BILLING.SUBSCRIPTION.{change}"), &with(json!({
            "id": id, "status": status, "plan_id": plan, "plan_overridden": overridden, "custom_id": custom, "create_time": made,
            "update_time": changed, "status_update_time": status_changed, "start_time": made,
            "subscriber": { "email_address": plan, "name": { "given_name": status } },
            "billing_info": {
                "outstanding_balance": balance, "next_billing_time": next, "failed_payments_count": count,
                "last_payment": { "amount": paid, "time": paid_at },
                "last_failed_payment": { "time": failed_at, "next_payment_retry_date": retry },
            },
        }), json!({})))
    }
}

prop_compose! {
    fn sale_event()(
        id in select(vec!["S1", "S2", "R1"]),
        agreement in select(vec![json!("I-1"), json!("I-2"), json!(null)]),
        change in select(vec!["COMPLETED", "PENDING", "DENIED"]),
        state in select(vec!["completed", "pending", "denied", "partially_refunded", "refunded", "reversed", "odd"]),
        times in [time(), time()],
        amount in amount(),
        fee in amount(),
        custom in key(),
    ) -> Envelope {
        let [made, changed] = times;
        event(&format!("PAYMENT.SALE.{change}"), &with(json!({
            "id": id, "billing_agreement_id": agreement, "state": state, "create_time": made,
            "update_time": changed, "amount": amount, "transaction_fee": fee, "custom": custom,
        }), json!({})))
    }
}

prop_compose! {
    fn money_back()(
        change in select(vec!["REFUNDED", "REVERSED"]),
        id in select(vec!["R1", "R2", "S1"]),
        sale in select(vec![json!("S1"), json!("S2"), json!(null)]),
        agreement in select(vec![json!("I-1"), json!(null), json!(null)]),
        state in select(vec!["completed", "pending", "failed", "cancelled", "refunded", "odd"]),
        times in [time(), time()],
        amounts in [amount(), amount()],
        custom in key(),
    ) -> Envelope {
        let [made, changed] = times;
        let [amount, to_payer] = amounts;
        event(&format!("PAYMENT.SALE.{change}"), &with(json!({
            "id": id, "sale_id": sale, "billing_agreement_id": agreement, "state": state, "create_time": made,
            "update_time": changed, "amount": amount, "refund_to_payer": to_payer, "total_refunded_amount": amount,
            "custom": custom,
        }), json!({})))
    }
}

prop_compose! {
    fn dispute_event()(
        change in select(vec!["CREATED", "UPDATED", "RESOLVED"]),
        id in select(vec!["PP-1", "PP-2"]),
        sales in vec(select(vec!["S1", "S2", "S3"]), 0..3),
        status in select(vec![json!("OPEN"), json!("RESOLVED"), json!(null)]),
        changed in time(),
    ) -> Envelope {
        let sales: Vec<Value> = sales.iter().map(|sale| json!({ "seller_transaction_id": sale })).collect();
        event(&format!("CUSTOMER.DISPUTE.{change}"), &with(json!({
            "dispute_id": id, "disputed_transactions": sales, "status": status, "update_time": changed,
        }), json!({})))
    }
}

/// Events with one of their fields made something else.
fn mutilated() -> impl Strategy<Value = Envelope> {
    let event = prop_oneof![
        subscription_event(),
        sale_event(),
        money_back(),
        dispute_event()
    ];
    let oddity = select(vec![
        json!(null),
        json!([]),
        json!({}),
        json!(-1),
        json!(true),
        json!("\u{0}"),
        json!(1e300),
    ]);
    (event, any::<prop::sample::Index>(), oddity).prop_map(|(event, at, oddity)| {
        let mut body: Value = serde_json::from_slice(event.data()).unwrap();
        let fields = body["resource"].as_object_mut().unwrap();
        let name = fields.keys().nth(at.index(fields.len())).unwrap().clone();
        fields.insert(name, oddity);
        envelope(&body)
    })
}

fn life() -> impl Strategy<Value = Vec<Envelope>> {
    let event = prop_oneof![
        4 => subscription_event(),
        4 => sale_event(),
        3 => money_back(),
        1 => dispute_event(),
        1 => mutilated(),
    ];
    vec(event, 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn subscriptions_obey_the_laws(events in life(), seed in any::<u64>()) {
        laws::hold::<Subscription>(&events, &MadeUpOwners, seed);
    }

    #[test]
    fn sales_obey_the_laws(events in life(), seed in any::<u64>()) {
        laws::hold::<Sale>(&events, &MadeUpOwners, seed);
    }

    #[test]
    fn nothing_crashes_a_fold(events in life(), seed in any::<u64>()) {
        for event in &events {
            laws::total::<Subscription>(event, &MadeUpOwners, seed);
            laws::total::<Sale>(event, &MadeUpOwners, seed);
        }
    }

    #[test]
    fn an_invoice_never_gives_back_more_than_it_took(events in life()) {
        let readable: Vec<Envelope> = events.into_iter().filter(fixtures::is_readable).collect();
        for invoice in &told(&readable).invoices {
            prop_assert!((0..=invoice.amount_minor).contains(&invoice.refunded_minor), "{invoice:?}");
            prop_assert!(invoice.status != "reversed" || invoice.refunded_minor == invoice.amount_minor);
        }
    }
}

#[test]
fn every_fixture_survives_every_mutilation() {
    let all = fixtures::all();
    assert!(all.len() > 40, "only {} fixtures", all.len());
    for (seed, event) in all.iter().enumerate() {
        laws::total::<Subscription>(event, &MadeUpOwners, seed as u64);
        laws::total::<Sale>(event, &MadeUpOwners, seed as u64);
    }
    laws::hold::<Subscription>(&all, &MadeUpOwners, 3);
    laws::hold::<Sale>(&all, &MadeUpOwners, 4);
}
