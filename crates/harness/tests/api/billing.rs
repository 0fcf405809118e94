//! Subscriptions and invoices, from PayPal's events.

use crate::{
    desk::{make, name_plans, path, problem},
    stage::Stage,
    story::at,
};
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
    name_plans(&stage).await;
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

/// What a webhook says of the subscription of its user, with these fields over the usual ones.
fn told(name: &str, status: &str, change: Value) -> Envelope {
    let start = clock::now() - TimeDelta::days(3);
    let next = start + TimeDelta::days(30);
    let mut resource = subscription(&format!("I-{name}"), name, status, start, next);
    for (field, value) in change.as_object().unwrap() {
        resource[field] = value.clone();
    }
    let change = if status == "ACTIVE" {
        "ACTIVATED"
    } else {
        status
    };
    let event = format!("BILLING.SUBSCRIPTION.{change}");
    paypal(&format!("WH-{name}"), &event, start, resource)
}

/// That so much was paid last.
fn last_paid(value: &str, currency: &str) -> Value {
    let time = clock::now() - TimeDelta::days(3);
    let next = time + TimeDelta::days(30);
    json!({ "billing_info": { "next_billing_time": next.to_rfc3339(),
        "last_payment": { "amount": { "currency_code": currency, "value": value }, "time": time.to_rfc3339() } } })
}

#[tokio::test(flavor = "multi_thread")]
async fn access_comes_of_a_plan_of_ours_as_we_offer_it_and_paid_in_its_currency_alone() {
    let stage = Stage::set().await;
    name_plans(&stage).await;
    let admin = stage.admin().await;
    let white_label = json!({ "plan_id": "P-WHITE_LABEL", "plan_overridden": true });
    let stories = [
        ("paid", "CANCELLED", json!({}), true),
        // Old subscribers keep their price.
        ("cheap", "CANCELLED", last_paid("10.0", "USD"), true),
        (
            "unknown",
            "ACTIVE",
            json!({ "plan_id": "P-ELSEWHERE" }),
            false,
        ),
        ("overridden", "ACTIVE", white_label, false),
        ("euros", "CANCELLED", last_paid("299.0", "EUR"), false),
        ("nothing", "CANCELLED", last_paid("0.0", "USD"), false),
        ("negative", "CANCELLED", last_paid("-299.0", "USD"), false),
    ];
    let mut people = Vec::new();
    let mut events = Vec::new();
    for (name, status, change, entitled) in stories {
        people.push((stage.person(name).await, name, entitled));
        events.push(told(name, status, change));
    }
    // Known by a sale alone, which names the user.
    people.push((stage.person("cent").await, "cent", false));
    let time = clock::now() - TimeDelta::days(3);
    let mut cent = sale("S-CENT", "I-CENT", time, "0.01", "USD");
    cent["custom"] = json!("bill_cent");
    events.push(paypal("WH-cent", "PAYMENT.SALE.COMPLETED", time, cent));
    stage.tell(&events).await;

    for (place, (person, name, entitled)) in people.iter().enumerate() {
        let current = person.json("/api/subscriptions/current").await["subscription"].clone();
        assert_eq!(current["entitled"], *entitled, "{name}: {current}");
        assert_eq!(current["paid_through"].is_string(), *entitled, "{name}");
        let words = current["words"].to_string();
        assert_eq!(words.contains("access until"), *entitled, "{name}: {words}");
        let is_of_a_plan = !["unknown", "overridden", "cent"].contains(name);
        assert_eq!(
            !words.contains("no access"),
            is_of_a_plan,
            "{name}: {words}"
        );
        let page = admin.json(&format!("/api/admin/users/{}", person.id)).await;
        assert_eq!(page["subscription"], current, "{name}");
        let client = make(person, "Bright Smile").await;
        let number = json!({ "number": format!("+120255501{place:02}") });
        let assigned = person.post(&path(&client, "/numbers"), &number).await;
        if *entitled {
            assert_eq!(assigned.status, 201, "{name}: {}", assigned.text);
        } else {
            let refused = (409, "no-subscription".into());
            assert_eq!(problem(&assigned), refused, "{name}");
        }
    }

    // One that counts is not hidden by one that does not.
    let foreign = json!({ "custom_id": "bill_paid", "plan_id": "P-ELSEWHERE" });
    stage.tell(&[told("other", "ACTIVE", foreign)]).await;
    let (paid, ..) = &people[0];
    let current = paid.json("/api/subscriptions/current").await["subscription"].clone();
    assert_eq!(
        (&current["id"], &current["entitled"]),
        (&json!("I-paid"), &json!(true))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_payment_is_never_one_that_has_been() {
    let stage = Stage::set().await;
    name_plans(&stage).await;
    let ada = stage.person("ada").await;
    let past = (clock::now() - TimeDelta::days(10)).to_rfc3339();
    let mut change = last_paid("299.0", "USD");
    change["billing_info"]["next_billing_time"] = json!(past);
    stage.tell(&[told("ada", "ACTIVE", change)]).await;
    let next = async || {
        let current = ada.json("/api/subscriptions/current").await;
        current["subscription"]["next_billing_at"].clone()
    };
    // PayPal's date is older than the payment, which lasts a month by itself.
    let known = next().await;
    let after = DateTime::parse_from_rfc3339(known.as_str().unwrap()).unwrap();
    assert!(after > clock::now(), "{known}");
    let sql = "update billing.subscriptions set paid_through = next_billing_at, past_due = false";
    stage.client.execute(sql, &[]).await.unwrap();
    assert_eq!(next().await, Value::Null, "it is expected");
    let sql = "update billing.subscriptions set status = 'CANCELLED', paid_through = now() + interval '9 d'";
    stage.client.execute(sql, &[]).await.unwrap();
    assert_eq!(next().await, Value::Null, "there is none");
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
