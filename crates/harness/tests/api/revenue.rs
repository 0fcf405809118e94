//! What subscriptions bring in, from PayPal's events.

use crate::{
    billing::{paypal, sale, subscription},
    desk::name_plans,
    stage::Stage,
    story::at,
};
use chrono::{DateTime, Utc};
use frontdesk_events::Envelope;
use serde_json::{Value, json};

fn paid(id: &str, of: &str, day: &str, total: &str, currency: &str) -> Envelope {
    let time = noon(day);
    let sale = sale(id, of, time, total, currency);
    paypal(&format!("WH-{id}"), "PAYMENT.SALE.COMPLETED", time, sale)
}

fn noon(day: &str) -> DateTime<Utc> {
    at(&format!("{day}T12:00:00Z"))
}

fn begun(id: &str, user: &str, plan: &str, day: &str) -> Envelope {
    let time = noon(day);
    let mut resource = subscription(id, user, "ACTIVE", time, time);
    resource["plan_id"] = json!(plan);
    // Its payments are told by their sales alone.
    resource["billing_info"]
        .as_object_mut()
        .unwrap()
        .remove("last_payment");
    let event = "BILLING.SUBSCRIPTION.ACTIVATED";
    paypal(&format!("WH-{id}"), event, time, resource)
}

/// The same with terms that PayPal was told for it alone.
fn overridden(begun: Envelope) -> Envelope {
    let mut body: Value = serde_json::from_slice(begun.data()).unwrap();
    body["resource"]["plan_overridden"] = json!(true);
    begun.with_data("application/json", body.to_string().into_bytes())
}

/// The month of an answer.
fn month<'a>(revenue: &'a Value, name: &str) -> &'a Value {
    let months = revenue["months"].as_array().unwrap();
    months.iter().find(|month| month["month"] == name).unwrap()
}

/// The row of a plan and currency.
fn row_of<'a>(plans: &'a [Value], plan: Value, currency: &str) -> &'a Value {
    let is_it = |row: &&Value| row["plan"] == plan && row["currency"] == currency;
    plans.iter().find(is_it).unwrap()
}

fn amount(subscriptions: i64, amount_minor: i64) -> Value {
    json!({ "subscriptions": subscriptions, "amount_minor": amount_minor })
}

#[tokio::test(flavor = "multi_thread")]
async fn what_recurs_is_new_and_is_lost_fits_together_and_no_currency_is_added_to_another() {
    let stage = Stage::set().await;
    let admin = stage.admin().await;
    name_plans(&stage).await;
    stage.person("ada").await;
    stage.person("bob").await;
    stage.person("eve").await;
    stage.person("mia").await;
    let failed = |id: &str, day: &str| {
        let resource = json!({ "id": "I-ADA", "custom_id": "bill_ada" });
        paypal(
            id,
            "BILLING.SUBSCRIPTION.PAYMENT.FAILED",
            noon(day),
            resource,
        )
    };
    stage
        .tell(&[
            // Ada pays from January on; in March two days late, after a failure told twice.
            begun("I-ADA", "ada", "P-SOLO", "2026-01-31"),
            paid("A1", "I-ADA", "2026-01-31", "299.00", "USD"),
            paid("A2", "I-ADA", "2026-02-28", "299.00", "USD"),
            failed("WH-F1", "2026-03-31"),
            failed("WH-F1", "2026-03-31"),
            failed("WH-F2", "2026-04-01"),
            paid("A3", "I-ADA", "2026-04-02", "299.00", "USD"),
            // Bob pays once, in euros, which is not what his plan costs.
            begun("I-BOB", "bob", "P-PRO", "2026-02-10"),
            paid("B1", "I-BOB", "2026-02-10", "450.00", "EUR"),
            // Eve's plan is none of ours, and her money went back.
            begun("I-EVE", "eve", "P-ELSEWHERE", "2026-02-15"),
            paid("E1", "I-EVE", "2026-02-15", "10.00", "USD"),
            // Nothing is no payment.
            paid("N1", "I-EVE", "2026-01-15", "0.00", "USD"),
            // Mia's plan has a price of her own.
            overridden(begun("I-MIA", "mia", "P-SOLO", "2026-02-16")),
            paid("M1", "I-MIA", "2026-02-16", "20.00", "USD"),
        ])
        .await;
    let revenue = admin
        .json("/api/admin/revenue?from=2026-01&to=2026-04")
        .await;
    assert_eq!(revenue["months"].as_array().unwrap().len(), 4);
    let january = month(&revenue, "2026-01");
    assert_eq!(january["counted_at"], "2026-02-01T00:00:00.000Z");
    let solo = &january["plans"][0];
    assert_eq!(
        (&solo["plan"], &solo["plan_name"]),
        (&json!("solo"), &json!("Solo"))
    );
    assert_eq!(solo["currency"], "USD");
    assert_eq!(
        (&solo["recurring"], &solo["new"]),
        (&amount(1, 29_900), &amount(1, 29_900))
    );
    assert_eq!(solo["lost"], amount(0, 0));
    assert_eq!(january["plans"].as_array().unwrap().len(), 1);

    let february = month(&revenue, "2026-02");
    let plans = february["plans"].as_array().unwrap();
    assert_eq!(plans.len(), 3);
    let of = |plan, currency| row_of(plans, plan, currency);
    assert_eq!(of(json!("solo"), "USD")["new"], amount(0, 0));
    assert_eq!(of(Value::Null, "EUR")["recurring"], amount(1, 45_000));
    assert_eq!(of(Value::Null, "USD")["new"], amount(2, 3_000));
    assert_eq!(
        february["received"],
        json!([{ "currency": "EUR", "paid_minor": 45_000, "returned_minor": 0 },
            { "currency": "USD", "paid_minor": 32_900, "returned_minor": 0 }])
    );

    // Ada's payment of 28 February still holds at the end of March; the others' do not.
    let march = month(&revenue, "2026-03");
    let plans = march["plans"].as_array().unwrap();
    let of = |plan, currency| row_of(plans, plan, currency);
    assert_eq!(of(json!("solo"), "USD")["recurring"], amount(1, 29_900));
    assert_eq!(of(Value::Null, "EUR")["lost"], amount(1, 45_000));
    assert_eq!(of(Value::Null, "EUR")["recurring"], amount(0, 0));
    assert_eq!(of(Value::Null, "USD")["lost"], amount(2, 3_000));
    assert_eq!(march["failed"], json!({ "tries": 1, "subscriptions": 1 }));
    assert_eq!(march["received"], json!([]));

    let april = month(&revenue, "2026-04");
    assert_eq!(april["plans"][0]["recurring"], amount(1, 29_900));
    assert_eq!(april["plans"].as_array().unwrap().len(), 1);
    assert_eq!(april["failed"]["tries"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_back_does_not_recur() {
    let stage = Stage::set().await;
    let admin = stage.admin().await;
    stage.person("ada").await;
    let refund = json!({ "id": "R1", "sale_id": "A1", "state": "completed",
        "create_time": "2026-03-10T12:00:00Z", "update_time": "2026-03-10T12:00:00Z",
        "amount": { "total": "299.00", "currency": "USD" } });
    stage
        .tell(&[
            begun("I-ADA", "ada", "P-SOLO", "2026-03-01"),
            paid("A1", "I-ADA", "2026-03-01", "299.00", "USD"),
            paypal("WH-R1", "PAYMENT.SALE.REFUNDED", noon("2026-03-10"), refund),
        ])
        .await;
    let revenue = admin
        .json("/api/admin/revenue?from=2026-03&to=2026-03")
        .await;
    let march = month(&revenue, "2026-03");
    assert_eq!(march["plans"], json!([]));
    assert_eq!(
        march["received"],
        json!([{ "currency": "USD", "paid_minor": 29_900, "returned_minor": 29_900 }])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_period_is_a_year_unless_it_is_said_and_never_more_than_three() {
    let stage = Stage::set().await;
    let admin = stage.admin().await;
    let usual = admin.json("/api/admin/revenue").await;
    assert_eq!(usual["months"].as_array().unwrap().len(), 12);
    assert_eq!(usual["months"][0]["plans"], json!([]));
    let path = "/api/admin/revenue";
    let longest = admin.json(&format!("{path}?from=2023-01&to=2025-12")).await;
    assert_eq!(longest["months"].as_array().unwrap().len(), 36);
    for bad in [
        "?from=2022-12&to=2025-12",
        "?from=2026-02&to=2026-01",
        "?to=2199-01",
        "?from=2026-13",
        "?from=2026-1",
        "?from=",
        "?month=2026-01",
    ] {
        assert_eq!(
            admin.get(&format!("{path}{bad}")).await.status,
            400,
            "{bad}"
        );
    }
}
