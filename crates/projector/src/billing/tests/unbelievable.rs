//! Dates that cannot be, and amounts that cannot be read.

use super::arrange::{active, at, sale, subscription, told};
use crate::{
    billing::rows::SaleRows,
    table::{Changes, Derived as _},
};
use serde_json::json;

const LAST: &str = "9999-12-31T23:59:59Z";

#[test]
fn a_payment_dated_to_come_pays_for_no_more_than_one_that_came_today() {
    let paid = "2026-03-01T09:00:00Z";
    let usual = sale(
        "completed",
        paid,
        "9.90",
        json!({ "id": "S2", "create_time": paid }),
    );
    let absurd = sale("completed", LAST, "9.90", json!({ "create_time": LAST }));
    let model = told(&[usual.clone(), absurd]);
    // It is dated by its delivery, which was before the usual one.
    let until = |model: &super::arrange::Model| model.subscription().paid_through;
    assert_eq!(until(&model), until(&told(&[usual])));
    let issued: Vec<_> = model.invoices.iter().map(|row| row.issued_at).collect();
    assert_eq!(issued, [at("2026-01-01T00:00:00Z"), at(paid)]);
}

#[test]
fn a_snapshot_dated_to_come_does_not_have_the_last_word() {
    let absurd = subscription("ACTIVATED", "ACTIVE", LAST, json!({ "plan_id": "P-9" }));
    let later = subscription(
        "SUSPENDED",
        "SUSPENDED",
        "2026-03-01T09:00:00Z",
        json!({ "plan_id": "P-2" }),
    );
    let model = told(&[absurd, later]);
    let row = model.subscription();
    assert_eq!(
        (row.status.as_deref(), row.plan_id.as_deref()),
        (Some("SUSPENDED"), Some("P-2"))
    );
}

#[test]
fn a_payment_of_an_amount_that_cannot_be_read_is_warned_of_and_pays() {
    let snapshot = active("2026-01-01T08:01:00Z", "2026-02-01T10:00:00Z");
    let paid = "2026-01-01T08:00:30Z";
    for amount in ["1,299.00", "9.905", "1e3", "", "９.９０"] {
        let model = told(&[snapshot.clone(), sale("completed", paid, amount, json!({}))]);
        assert_eq!(model.without_amount, ["S1"], "{amount}");
        assert_eq!(model.invoices.len(), 0, "{amount}");
        assert!(model.subscription().paid_through.is_some(), "{amount}");
    }
    let read = told(&[sale("completed", paid, "9.90", json!({}))]);
    assert_eq!(read.without_amount, [""; 0]);
    let waiting = told(&[sale("pending", paid, "1e3", json!({}))]);
    assert_eq!(waiting.without_amount, [""; 0]);
}

#[test]
fn an_amount_that_cannot_be_read_is_warned_of_once() {
    let unread = SaleRows {
        without_amount: Some("S1".to_owned()),
        ..SaleRows::default()
    };
    let warned = |before: &SaleRows, after: &SaleRows| {
        let mut changes = Changes::new(&SaleRows::tables());
        SaleRows::changes(before, after, &mut changes);
        let warnings = changes.take_warnings().into_iter();
        warnings.map(|warning| warning.id).collect::<Vec<_>>()
    };
    assert_eq!(warned(&SaleRows::default(), &unread), ["S1"]);
    assert_eq!(warned(&unread, &unread), [""; 0]);
    assert_eq!(warned(&unread, &SaleRows::default()), [""; 0]);
}
