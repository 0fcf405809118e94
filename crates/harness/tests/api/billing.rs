//! Subscriptions and invoices, from PayPal's events.

use crate::{stage::Stage, story::at};
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_events::Envelope;
use frontdesk_process::clock;
use serde_json::{Value, json};

pub(crate) fn paypal(id: &str, event: &str, time: DateTime<Utc>, resource: Value) -> Envelope {
    let body = json!({ "id": id, "event_type": event, "create_time": time.to_rfc3339(), "resource": resource });
    Envelope::new(
        id,
        "/paypal/sandbox",
        &format!("com.paypal.{}", event.to_lowercase()),
    )
    .unwrap()
    .with_time(time)
    .with_recorded_time(time)
    .with_partition_key("billing")
    .with_data("application/json", body.to_string().into_bytes())
}

pub(crate) fn subscription(
    id: &str,
    user: &str,
    status: &str,
    time: DateTime<Utc>,
    next: DateTime<Utc>,
) -> Value {
    json!({ "id": id, "plan_id": "P-SOLO", "status": status, "custom_id": format!("bill_{user}"),
        "create_time": time.to_rfc3339(), "start_time": time.to_rfc3339(), "update_time": time.to_rfc3339(),
        "status_update_time": time.to_rfc3339(),
        "billing_info": { "outstanding_balance": { "currency_code": "USD", "value": "0.0" }, "next_billing_time": next.to_rfc3339(),
            "last_payment": { "amount": { "currency_code": "USD", "value": "299.0" }, "time": time.to_rfc3339() } } })
}

pub(crate) fn sale(
    id: &str,
    subscription: &str,
    time: DateTime<Utc>,
    total: &str,
    currency: &str,
) -> Value {
    json!({ "id": id, "billing_agreement_id": subscription, "state": "completed", "create_time": time.to_rfc3339(),
        "update_time": time.to_rfc3339(), "amount": { "total": total, "currency": currency },
        "transaction_fee": { "value": "9.17", "currency": currency } })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_current_subscription_says_in_words_until_when_access_lasts() {
    let stage = Stage::set().await;
    let (ada, bob) = (stage.person("ada").await, stage.person("bob").await);
    let none = ada.json("/api/subscriptions/current").await;
    assert_eq!(none["subscription"], Value::Null);

    let start = clock::now() - TimeDelta::days(3);
    let next = start + TimeDelta::days(30);
    stage
        .tell(&[
            paypal(
                "WH-1",
                "BILLING.SUBSCRIPTION.ACTIVATED",
                start,
                subscription("I-ADA", "ada", "ACTIVE", start, next),
            ),
            paypal(
                "WH-2",
                "PAYMENT.SALE.COMPLETED",
                start,
                sale("S-1", "I-ADA", start, "299.00", "USD"),
            ),
            paypal(
                "WH-3",
                "BILLING.SUBSCRIPTION.CANCELLED",
                start,
                subscription("I-BOB", "bob", "CANCELLED", start, next),
            ),
        ])
        .await;
    let answer = ada.json("/api/subscriptions/current").await;
    assert_eq!(answer["freshness"]["state"], "live");
    let current = &answer["subscription"];
    assert_eq!(
        (&current["id"], &current["status"], &current["entitled"]),
        (&json!("I-ADA"), &json!("ACTIVE"), &json!(true))
    );
    assert_eq!(
        current["words"],
        json!([{ "text": "Active, next payment ", "day": current["next_billing_at"] }])
    );
    assert!(
        current["next_billing_at"]
            .as_str()
            .unwrap()
            .starts_with(&next.format("%Y-%m-%dT%H:%M").to_string())
    );
    assert_eq!(
        current["last_payment"]["amount"],
        json!({ "amount_minor": 29_900, "currency": "USD" })
    );
    let other = &bob.json("/api/subscriptions/current").await["subscription"];
    assert_eq!(
        (&other["id"], &other["status"]),
        (&json!("I-BOB"), &json!("CANCELLED"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_disputed_while_its_dispute_is_open() {
    let stage = Stage::set().await;
    let ada = stage.person("ada").await;
    let start = at("2026-10-01T10:00:00Z");
    let dispute = |id: &str, event: &str, status: &str, day: i64| {
        let time = start + TimeDelta::days(day);
        let resource = json!({ "dispute_id": "PP-D-1", "status": status, "create_time": time.to_rfc3339(),
            "update_time": time.to_rfc3339(),
            "disputed_transactions": [{ "seller_transaction_id": "S-1" }] });
        paypal(id, &format!("CUSTOMER.DISPUTE.{event}"), time, resource)
    };
    stage
        .tell(&[
            paypal(
                "WH-1",
                "BILLING.SUBSCRIPTION.ACTIVATED",
                start,
                subscription("I-ADA", "ada", "ACTIVE", start, start + TimeDelta::days(30)),
            ),
            paypal(
                "WH-2",
                "PAYMENT.SALE.COMPLETED",
                start,
                sale("S-1", "I-ADA", start, "299.00", "USD"),
            ),
            dispute("WH-3", "CREATED", "OPEN", 1),
        ])
        .await;
    let disputed = async || ada.json("/api/invoices").await["items"][0]["disputed"].clone();
    assert_eq!(disputed().await, true);
    stage
        .tell(&[dispute("WH-4", "RESOLVED", "RESOLVED", 9)])
        .await;
    assert_eq!(disputed().await, false);
}

#[tokio::test(flavor = "multi_thread")]
async fn invoices_are_paged_and_filtered_and_keep_their_currency() {
    let stage = Stage::set().await;
    let (ada, bob) = (stage.person("ada").await, stage.person("bob").await);
    let start = at("2026-10-01T10:00:00Z");
    let next = start + TimeDelta::days(31);
    let mut events = vec![
        paypal(
            "WH-A",
            "BILLING.SUBSCRIPTION.ACTIVATED",
            start,
            subscription("I-ADA", "ada", "ACTIVE", start, next),
        ),
        paypal(
            "WH-B",
            "BILLING.SUBSCRIPTION.ACTIVATED",
            start,
            subscription("I-BOB", "bob", "ACTIVE", start, next),
        ),
    ];
    // All at one instant: only the id orders them.
    for n in 0..9 {
        events.push(paypal(
            &format!("WH-A{n}"),
            "PAYMENT.SALE.COMPLETED",
            start,
            sale(&format!("SA{n}"), "I-ADA", start, "299.00", "USD"),
        ));
    }
    events.push(paypal(
        "WH-B0",
        "PAYMENT.SALE.COMPLETED",
        start,
        sale("SB0", "I-BOB", start + TimeDelta::days(1), "5000", "JPY"),
    ));
    events.push(paypal(
        "WH-R",
        "PAYMENT.SALE.REFUNDED",
        start,
        json!({ "id": "R-1", "sale_id": "SA3", "state": "completed", "create_time": start.to_rfc3339(), "update_time": start.to_rfc3339(),
            "amount": { "total": "-100.00", "currency": "USD" } }),
    ));
    stage.tell(&events).await;

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = ada.json(&format!("/api/invoices?limit=4{cursor}")).await;
        seen.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let ids: Vec<_> = seen
        .iter()
        .map(|invoice| invoice["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        [
            "SA8", "SA7", "SA6", "SA5", "SA4", "SA3", "SA2", "SA1", "SA0"
        ]
    );
    let yen = &bob.json("/api/invoices").await["items"][0]["amount"];
    assert_eq!(*yen, json!({ "amount_minor": 5_000, "currency": "JPY" }));
    let refunded = &seen[5];
    assert_eq!(
        (&refunded["status"], &refunded["refunded"]["amount_minor"]),
        (&json!("partially_refunded"), &json!(10_000))
    );
    assert_eq!(
        seen[0]["fee"],
        json!({ "amount_minor": 917, "currency": "USD" })
    );

    assert_eq!(
        ada.ids("/api/invoices?subscription_id=I-BOB").await,
        [""; 0],
        "it is another's"
    );
    assert_eq!(
        ada.ids("/api/invoices?subscription_id=I-ADA").await.len(),
        9
    );
    assert_eq!(bob.ids("/api/invoices").await, ["SB0"]);
    assert_eq!(
        ada.ids("/api/invoices?subscription_id=%27%20or%201%3D1")
            .await,
        [""; 0]
    );
}
