//! The stories of the fixtures: each, in each of its delivery orders, gives its read model.

use super::arrange::{Model, at, envelope, fold};
use frontdesk_events::{Envelope, Money};
use serde_json::Value;
use std::{collections::BTreeMap, path::PathBuf};

/// The committed copy if there is one, else PayPal's own sample beside the repository.
fn read(name: &str) -> Option<Value> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let shared =
        std::env::var_os("FRONTDESK_SHARED").map_or_else(|| root.join("../shared"), PathBuf::from);
    let places = [
        root.join("crates/harness/fixtures/paypal"),
        shared.join("fixtures/paypal"),
    ];
    let found = places
        .iter()
        .find_map(|place| std::fs::read(place.join(name)).ok());
    found.map(|bytes| serde_json::from_slice(&bytes).unwrap())
}

fn index() -> Value {
    read("index.json").expect("the index of the fixtures is committed")
}

fn story(names: &Value) -> Vec<Envelope> {
    let names = names.as_array().unwrap().iter();
    names
        .map(|name| {
            envelope(&read(name.as_str().unwrap()).expect("a story's events are committed"))
        })
        .collect()
}

/// Every order must give this: forwards, backwards, each event twice, and a hundred shuffles.
fn in_any_order(events: &[Envelope]) -> Model {
    let model = fold(events.iter());
    let doubled: Vec<&Envelope> = events.iter().chain(events).collect();
    let mut seed = 7_usize;
    for _ in 0..100 {
        let mut shuffled = doubled.clone();
        for last in (1..shuffled.len()).rev() {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(last, (seed >> 33) % (last + 1));
        }
        assert_eq!(fold(shuffled.into_iter()), model);
    }
    model
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value[field].as_str()
}

fn check_subscription(model: &Model, expected: &Value, name: &str) {
    let row = model.subscription();
    assert_eq!(row.status.as_deref(), text(expected, "status"), "{name}");
    if let Some(plan) = text(expected, "plan_id") {
        assert_eq!(row.plan_id.as_deref(), Some(plan), "{name}");
    }
    assert_eq!(
        row.cancelled_at,
        text(expected, "cancelled_at").map(at),
        "{name}"
    );
    if let Some(history) = expected["status_history"].as_array() {
        let seen: Vec<&Value> = row
            .status_history
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| &entry["status"])
            .collect();
        assert_eq!(seen, history.iter().collect::<Vec<_>>(), "{name}");
    }
    if let Some(until) = text(expected, "paid_through") {
        let by_paypal = at(&until[..20]);
        let by_last_sale = model.invoices.last().unwrap().issued_at + chrono::Months::new(1);
        let allowed = if until.contains("or sale time + 1 month") {
            by_last_sale
        } else {
            by_paypal
        };
        assert_eq!(row.paid_through, Some(allowed), "{name}");
    }
    assert!(!row.past_due, "every story ends paid: {name}");
}

fn check_invoices(model: &Model, expected: &Value, name: &str) {
    let expected = expected["invoices"].as_array().unwrap();
    assert_eq!(model.invoices.len(), expected.len(), "{name}");
    let by_id: BTreeMap<&str, _> = model
        .invoices
        .iter()
        .map(|row| (row.id.as_str(), row))
        .collect();
    for invoice in expected {
        let row = by_id[text(invoice, "sale_id").unwrap()];
        let minor = |field: &str| {
            Money::parse(text(invoice, field).unwrap(), &row.currency)
                .unwrap()
                .minor
        };
        assert_eq!(row.status, invoice["status"], "{name}");
        assert_eq!(row.currency, invoice["currency"], "{name}");
        assert_eq!(
            (row.amount_minor, row.refunded_minor),
            (minor("amount"), minor("refunded")),
            "{name}"
        );
    }
}

#[test]
fn every_story_gives_its_read_model_in_any_order() {
    for told in index()["stories"].as_array().unwrap() {
        let name = text(told, "name").unwrap();
        let mut order = told["order"].clone();
        let model = in_any_order(&story(&order));
        check_subscription(&model, &told["expected"], name);
        check_invoices(&model, &told["expected"], name);
        assert_eq!(
            model.subscription().custom_id.as_deref(),
            text(told, "tenant"),
            "{name}"
        );
        for (instead_of, other) in told["alternatives"].as_object().into_iter().flatten() {
            for event in order
                .as_array_mut()
                .unwrap()
                .iter_mut()
                .filter(|event| *event == instead_of)
            {
                *event = other.clone();
            }
            assert_eq!(in_any_order(&story(&order)), model, "{name} with {other}");
        }
    }
}

#[test]
fn every_delivery_order_gives_the_same() {
    for delivery in index()["delivery_orders"].as_array().unwrap() {
        let delivered = fold(story(&delivery["order"]).iter());
        let told = fold(story(&delivery["same_result_as"]).iter());
        assert_eq!(delivered, told, "{}", delivery["name"]);
    }
}

#[test]
fn the_refund_story_counts_each_refund_once() {
    let names = [
        "evt-d1-activated.json",
        "evt-d2-sale-completed.json",
        "evt-d3-sale-refunded-partial-1.json",
        "evt-d4-sale-refunded-partial-2.json",
        "evt-d5-sale-completed-renewal.json",
        "evt-d6-sale-refunded-simulator-shape.json",
        "evt-d7-sale-completed-renewal-2.json",
    ];
    let after = |count: usize| {
        let model = in_any_order(&story(&names[..count].into()));
        let invoices = model
            .invoices
            .iter()
            .map(|row| (row.status.clone(), row.refunded_minor));
        invoices.collect::<Vec<_>>()
    };
    assert_eq!(after(3), [("partially_refunded".into(), 1000)]);
    assert_eq!(after(4), [("refunded".into(), 2900)]);
    assert_eq!(
        after(7),
        [
            ("refunded".into(), 2900),
            ("refunded".into(), 2900),
            ("paid".into(), 0)
        ]
    );
}

#[test]
fn odd_events_make_no_invoice_and_no_harm() {
    let stranger = fold(story(&["evt-x1-sale-not-a-subscription.json"].as_slice().into()).iter());
    assert!(stranger.subscriptions.is_empty() && stranger.invoices.is_empty());
    assert_eq!(stranger.movements(), [("payment", "completed", 1400)]);

    let early = fold(story(&["evt-x2-sale-unknown-subscription.json"].as_slice().into()).iter());
    assert_eq!(
        (early.subscription().status.clone(), early.outcome()),
        (None, ("paid", 0))
    );

    let catalogue = [
        "evt-p1-plan-created.json",
        "evt-p2-plan-pricing-change-activated.json",
        "evt-p3-product-created.json",
    ];
    assert_eq!(
        fold(story(&catalogue.as_slice().into()).iter()),
        Model::default()
    );
}

#[test]
fn the_official_simulators_month_19_is_no_date() {
    let Some(body) = read("evt-x3-simulator-created-month-19.json") else {
        eprintln!("skipped: PayPal's own samples are not here");
        return;
    };
    let model = fold([envelope(&body)].iter());
    assert_eq!(
        model.subscription().status.as_deref(),
        Some("APPROVAL_PENDING")
    );
    assert_eq!(model.subscription().outstanding_minor, Some(1000));
}

/// Every event of the fixtures that is here.
pub(super) fn all() -> Vec<Envelope> {
    let index = index();
    let names = index["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| text(event, "file").unwrap());
    names.filter_map(read).map(|body| envelope(&body)).collect()
}

/// Whether an event is folded at all, and not a dead letter.
pub(super) fn is_readable(event: &Envelope) -> bool {
    use crate::aggregate::Fact as _;
    crate::billing::Fact::decode(event).is_ok()
}
