//! Until when what was paid lasts: how often a subscription is paid is never said, and what shows it
//! is late, paused, failed or free at times.

use super::arrange::{at, failed, sale, subscription, told};
use frontdesk_events::Envelope;
use serde_json::{Value, json};

/// A running subscription that was paid at one date and is paid next at another.
fn running(paid: &str, next: &str, cycles: &Value) -> Envelope {
    let info = json!({
        "outstanding_balance": { "currency_code": "USD", "value": "0.0" }, "next_billing_time": next,
        "last_payment": { "amount": { "currency_code": "USD", "value": "99.0" }, "time": paid },
        "cycle_executions": cycles, "failed_payments_count": 0,
    });
    let more = json!({ "billing_info": info, "status_update_time": "2026-01-01T08:00:30Z" });
    subscription("UPDATED", "ACTIVE", paid, more)
}

fn renewal(time: &str) -> Envelope {
    let more = json!({ "id": "S2", "create_time": time });
    sale("completed", time, "99.00", more)
}

#[test]
fn a_renewal_is_good_for_the_interval_the_snapshots_show() {
    let cases = [
        // Paid yearly, quarterly, weekly, every other day and daily: the first payment cannot be late.
        (
            "2027-01-01T10:00:00Z",
            "2027-01-01T11:00:00Z",
            "2028-01-01T11:00:00Z",
        ),
        (
            "2026-04-01T10:00:00Z",
            "2026-04-01T11:00:00Z",
            "2026-07-01T11:00:00Z",
        ),
        (
            "2026-01-08T10:00:00Z",
            "2026-01-08T11:00:00Z",
            "2026-01-15T11:00:00Z",
        ),
        (
            "2026-01-03T10:00:00Z",
            "2026-01-03T11:00:00Z",
            "2026-01-05T11:00:00Z",
        ),
        (
            "2026-01-02T10:00:00Z",
            "2026-01-02T11:00:00Z",
            "2026-01-03T11:00:00Z",
        ),
    ];
    for (next, paid_again, until) in cases {
        let snapshot = running("2026-01-01T11:00:00Z", next, &json!([]));
        let model = told(&[snapshot, renewal(paid_again)]);
        let row = model.subscription();
        assert_eq!(row.paid_through, Some(at(until)), "{next}");
        assert!(!row.paid_through_firm, "PayPal has not named it");
    }
}

#[test]
fn what_lies_after_a_later_payment_may_be_the_rest_of_a_month() {
    for next in ["2026-03-08", "2026-03-02", "2026-03-25"] {
        let snapshot = running(
            "2026-03-01T11:00:00Z",
            &format!("{next}T10:00:00Z"),
            &json!([]),
        );
        let model = told(&[snapshot, renewal(&format!("{next}T11:00:00Z"))]);
        let paid_through = model.subscription().paid_through.unwrap();
        let month = next.replace("-03-", "-04-");
        assert_eq!(paid_through, at(&format!("{month}T11:00:00Z")));
    }
}

/// A sale of its own of 9.90 at this time.
fn sold(time: &str) -> Envelope {
    let more = json!({ "id": format!("S-{time}"), "create_time": time });
    sale("completed", time, "9.90", more)
}

#[test]
fn sales_show_by_themselves_how_often_a_plan_is_paid() {
    let trial = subscription("ACTIVATED", "ACTIVE", "2026-01-01T08:01:00Z", json!({}));
    let until = |sold_on: &[&str]| {
        let sales = sold_on.iter().map(|day| sold(&format!("{day}T11:00:00Z")));
        let events: Vec<Envelope> = sales.chain([trial.clone()]).collect();
        told(&events).subscription().paid_through.unwrap()
    };
    let weekly = ["2026-01-08", "2026-01-15", "2026-01-22"];
    assert_eq!(until(&weekly[..2]), at("2026-02-15T11:00:00Z"), "not yet");
    assert_eq!(until(&weekly), at("2026-01-29T11:00:00Z"));
    let daily = ["2026-01-08", "2026-01-09", "2026-01-10"];
    assert_eq!(until(&daily), at("2026-01-11T11:00:00Z"));
    let now_monthly = ["2026-01-08", "2026-01-15", "2026-02-15"];
    assert_eq!(until(&now_monthly), at("2026-03-15T11:00:00Z"));
}

#[test]
fn a_change_of_price_ends_what_the_first_payment_showed() {
    let weekly = running("2026-01-01T11:00:00Z", "2026-01-08T10:00:00Z", &json!([]));
    let other_plan = sold("2026-01-08T11:00:00Z");
    let model = told(&[weekly, other_plan]);
    let row = model.subscription();
    assert_eq!(row.paid_through, Some(at("2026-02-08T11:00:00Z")));
}

/// Begun and paid on New Year's Day for a month.
fn begun() -> [Envelope; 2] {
    let info = json!({
        "outstanding_balance": { "currency_code": "USD", "value": "0.0" }, "next_billing_time": "2026-02-01T10:00:00Z",
        "last_payment": { "amount": { "currency_code": "USD", "value": "9.9" }, "time": "2026-01-01T08:00:30Z" },
        "failed_payments_count": 0,
    });
    let more = json!({ "billing_info": info });
    let begun = subscription("ACTIVATED", "ACTIVE", "2026-01-01T08:01:00Z", more);
    [begun, sold("2026-01-01T08:00:30Z")]
}

#[test]
fn a_pause_makes_no_interval_longer() {
    let info = json!({
        "outstanding_balance": { "currency_code": "USD", "value": "0.0" }, "next_billing_time": "2026-04-01T10:00:00Z",
        "last_payment": { "amount": { "currency_code": "USD", "value": "9.9" }, "time": "2026-01-01T08:00:30Z" },
        "failed_payments_count": 0,
    });
    let paused = subscription("SUSPENDED", "SUSPENDED", "2026-01-10T00:00:00Z", json!({}));
    for dated in [json!("2026-03-01T00:00:00Z"), Value::Null] {
        let more = json!({ "billing_info": info, "status_update_time": dated });
        let resumed = subscription("RE-ACTIVATED", "ACTIVE", "2026-03-01T00:00:00Z", more);
        let [begun, first] = begun();
        let events = [
            begun,
            first,
            paused.clone(),
            resumed,
            sold("2026-04-01T11:00:00Z"),
        ];
        let model = told(&events);
        let row = model.subscription();
        assert_eq!(row.status.as_deref(), Some("ACTIVE"));
        assert_eq!(
            row.paid_through,
            Some(at("2026-05-01T11:00:00Z")),
            "{dated}"
        );
    }
}

#[test]
fn a_failed_payment_is_no_paid_period_before_its_amount_is_owed_either() {
    let info = |balance: &Value| {
        json!({
            "outstanding_balance": balance, "next_billing_time": "2026-03-01T10:00:00Z", "failed_payments_count": 0,
            "last_payment": { "amount": { "currency_code": "USD", "value": "9.9" }, "time": "2026-01-01T08:00:30Z" },
            "last_failed_payment": { "time": "2026-02-01T11:00:00Z", "next_payment_retry_time": "2026-02-06T10:00:00Z" },
        })
    };
    let zero = json!({ "currency_code": "USD", "value": "0.0" });
    for balance in [&zero, &Value::Null] {
        for change in ["PAYMENT.FAILED", "UPDATED"] {
            let more = json!({ "billing_info": info(balance), "status_update_time": "2026-01-01T08:01:00Z" });
            let failed = subscription(change, "ACTIVE", "2026-02-01T11:00:01Z", more);
            let [begun, first] = begun();
            let events = [begun, first, failed];
            let model = told(&events);
            let row = model.subscription();
            assert_eq!(row.paid_through, Some(at("2026-02-01T10:00:00Z")));
            assert!(row.past_due);
            let retried = told(&[&events[..], &[sold("2026-02-06T11:00:00Z")]].concat());
            let row = retried.subscription();
            let until = Some(at("2026-03-06T11:00:00Z"));
            assert_eq!((row.paid_through, row.past_due), (until, false));
        }
    }
}

/// Two days after the second payment was due: it is not in it yet.
fn lagging() -> Envelope {
    let info = json!({
        "outstanding_balance": { "currency_code": "USD", "value": "0.0" }, "next_billing_time": "2026-03-01T10:00:00Z",
        "last_payment": { "amount": { "currency_code": "USD", "value": "9.9" }, "time": "2026-01-01T08:00:30Z" },
    });
    let more = json!({ "billing_info": info, "status_update_time": "2026-01-01T08:01:00Z" });
    subscription("UPDATED", "ACTIVE", "2026-02-03T00:00:00Z", more)
}

#[test]
fn a_snapshot_that_does_not_know_of_a_failure_makes_no_paid_period_of_it() {
    let [begun, first] = begun();
    let fails = [
        failed("2026-02-01T11:00:00Z", "2026-02-06T10:00:00Z"),
        failed("2026-02-06T11:00:00Z", "2026-02-11T10:00:00Z"),
    ];
    let events = [&[begun, first, lagging()][..], &fails].concat();
    let model = told(&events);
    let row = model.subscription();
    assert_eq!(row.paid_through, Some(at("2026-02-01T10:00:00Z")));
    let retried = told(&[&events[..], &[sold("2026-02-11T11:00:00Z")]].concat());
    let until = retried.subscription().paid_through;
    assert_eq!(until, Some(at("2026-03-11T11:00:00Z")), "a month, not two");
}

#[test]
fn a_renewal_that_was_denied_is_no_paid_period() {
    let [begun, first] = begun();
    let more = json!({ "id": "S2", "create_time": "2026-02-01T11:00:00Z" });
    let denied = sale("denied", "2026-02-07T11:00:00Z", "9.90", more);
    let events = [begun, first, lagging(), denied];
    let model = told(&events);
    let row = model.subscription();
    assert_eq!(row.paid_through, Some(at("2026-02-01T10:00:00Z")));
    let paid = told(&[&events[..], &[sold("2026-03-01T11:00:00Z")]].concat());
    let until = paid.subscription().paid_through;
    assert_eq!(until, Some(at("2026-04-01T11:00:00Z")), "a month, not two");
}

#[test]
fn a_snapshot_that_does_not_know_of_a_payment_shows_no_longer_interval() {
    let [begun, first] = begun();
    let sales = ["2026-02-01T11:00:00Z", "2026-03-01T11:00:00Z"].map(sold);
    let model = told(&[&[begun, first, lagging()][..], &sales].concat());
    let row = model.subscription();
    assert_eq!(row.paid_through, Some(at("2026-04-01T11:00:00Z")));
}

#[test]
fn a_failure_within_a_paid_period_takes_nothing_of_it_away() {
    let yearly = running("2026-01-01T11:00:00Z", "2027-01-01T10:00:00Z", &json!([]));
    let model = told(&[
        yearly,
        failed("2026-06-01T11:00:00Z", "2026-06-06T10:00:00Z"),
    ]);
    let row = model.subscription();
    assert_eq!(row.paid_through, Some(at("2027-01-01T10:00:00Z")));
}

#[test]
fn a_failure_that_names_nothing_is_known_by_its_type() {
    let info = json!({ "next_billing_time": "2026-03-01T10:00:00Z" });
    let more = json!({ "billing_info": info, "status_update_time": "2026-01-01T08:01:00Z" });
    let failed = subscription("PAYMENT.FAILED", "ACTIVE", "2026-02-01T11:00:01Z", more);
    let [begun, first] = begun();
    let model = told(&[begun, first, failed]);
    let row = model.subscription();
    assert_eq!(row.paid_through, Some(at("2026-02-01T10:00:00Z")));
}

#[test]
fn a_setup_fee_before_the_start_does_not_show_how_often_the_plan_is_paid() {
    let cancelled = subscription("CANCELLED", "CANCELLED", "2026-04-08T00:00:00Z", json!({}));
    // No distance of the fee from the first payment is the plan's, though it costs as much.
    for (start, until) in [
        ("2026-01-02T08:00:00Z", "2026-02-02T08:00:00Z"),
        ("2026-01-08T10:00:00Z", "2026-02-08T11:00:00Z"),
        ("2026-01-15T10:00:00Z", "2026-02-15T11:00:00Z"),
        ("2026-04-01T10:00:00Z", "2026-05-01T11:00:00Z"),
    ] {
        let info = json!({
            "outstanding_balance": { "currency_code": "USD", "value": "0.0" }, "next_billing_time": start,
            "last_payment": { "amount": { "currency_code": "USD", "value": "99.0" }, "time": "2026-01-01T09:00:00Z" },
            "cycle_executions": [{ "tenure_type": "REGULAR", "cycles_completed": 0 }], "failed_payments_count": 0,
        });
        let more = json!({ "billing_info": info, "start_time": start });
        let begun = subscription("ACTIVATED", "ACTIVE", "2026-01-01T09:00:02Z", more);
        let first = renewal(&start.replace("T10", "T11"));
        let row = told(&[begun, first, cancelled.clone()])
            .subscription()
            .clone();
        assert_eq!(row.paid_through, Some(at(until)));
    }
}

#[test]
fn a_payment_that_came_late_does_not_make_the_next_ones_shorter() {
    let in_time = running("2026-01-01T11:00:00Z", "2026-02-01T10:00:00Z", &json!([]));
    let late = running("2026-02-15T11:00:00Z", "2026-03-01T10:00:00Z", &json!([]));
    let next = renewal("2026-03-01T11:00:00Z");
    for events in [vec![late.clone(), next.clone()], vec![in_time, late, next]] {
        let model = told(&events);
        let row = model.subscription();
        assert_eq!(row.paid_through, Some(at("2026-04-01T11:00:00Z")));
    }
}

#[test]
fn a_paid_trial_does_not_show_how_often_the_plan_is_paid() {
    let cycles = json!([{ "tenure_type": "TRIAL", "cycles_completed": 1 }, { "tenure_type": "REGULAR", "cycles_completed": 0 }]);
    let trial = running("2026-01-01T11:00:00Z", "2026-01-08T10:00:00Z", &cycles);
    let model = told(&[trial, renewal("2026-01-08T11:00:00Z")]);
    assert_eq!(
        model.subscription().paid_through,
        Some(at("2026-02-08T11:00:00Z"))
    );
}
