//! Stories that are in no fixture: what real life does to a subscription.

use super::arrange::{
    Model, active, at, dispute, envelope, event, failed, refund, sale, subscription, told,
};
use crate::{
    billing::rows::SubscriptionRows,
    table::{Changes, Derived as _},
};
use frontdesk_events::Envelope;
use serde_json::{Value, json};

const PAID: &str = "2026-01-01T08:00:30Z";

fn paid(amount: &str) -> frontdesk_events::Envelope {
    sale("completed", PAID, amount, json!({}))
}

fn reversed(resource: &Value) -> frontdesk_events::Envelope {
    event("PAYMENT.SALE.REVERSED", resource)
}

#[test]
fn a_refund_and_then_a_reversal_give_back_the_whole_once() {
    let reversal = json!({
        "id": "R9", "sale_id": "S1", "create_time": "2026-02-01T00:00:00Z",
        "amount": { "total": "-19.00", "currency": "USD" },
    });
    let model = told(&[
        paid("29.00"),
        refund("R1", "2026-01-05T00:00:00Z", "10.00", "10.00"),
        reversed(&reversal),
    ]);
    assert_eq!(model.outcome(), ("reversed", 2900));
    let movements = [
        ("payment", "completed", 2900),
        ("refund", "completed", -1000),
        ("reversal", "completed", -1900),
    ];
    assert_eq!(model.movements(), movements);
}

#[test]
fn a_reversal_told_with_the_whole_sale_gives_back_what_had_not_gone() {
    let whole = json!({ "total": "9.90", "currency": "USD" });
    let the_sale = json!({ "id": "S1", "billing_agreement_id": "I-1", "state": "reversed", "amount": whole,
        "create_time": PAID, "update_time": "2026-02-01T00:00:00Z" });
    let refunds = [
        refund("R1", "2026-01-05T00:00:00Z", "3.00", "3.00"),
        refund("R2", "2026-01-06T00:00:00Z", "3.00", "6.00"),
    ];
    for (count, rest) in [(0, -990), (1, -690), (2, -390)] {
        let events: Vec<_> = refunds[..count]
            .iter()
            .cloned()
            .chain([reversed(&the_sale), paid("9.90")])
            .collect();
        let model = told(&events);
        assert_eq!(model.outcome(), ("reversed", 990));
        let movements = model.movements();
        let last = ("reversal", "completed", rest);
        assert!(movements.contains(&last), "{movements:?}");
        let sum: i64 = movements.iter().map(|(.., minor)| minor).sum();
        assert_eq!(sum, 0, "{movements:?}");
    }
}

#[test]
fn a_reversal_counts_once_in_whatever_shapes_it_comes() {
    let amount = json!({ "total": "-9.90", "currency": "USD" });
    let refund_like = json!({ "id": "R9", "sale_id": "S1", "amount": amount, "create_time": "2026-02-01T00:00:00Z" });
    let the_sale = json!({ "id": "S1", "billing_agreement_id": "I-1", "state": "completed", "amount": amount,
        "create_time": PAID, "update_time": "2026-02-01T00:00:00Z" });
    let bare = json!({ "id": "S1", "amount": amount, "create_time": "2026-02-01T00:00:01Z" });
    for shapes in [
        vec![&refund_like],
        vec![&the_sale],
        vec![&bare],
        vec![&refund_like, &the_sale, &bare],
    ] {
        let events: Vec<_> = shapes
            .into_iter()
            .map(reversed)
            .chain([paid("9.90")])
            .collect();
        let model = told(&events);
        assert_eq!(model.outcome(), ("reversed", 990));
        let movements = model.movements();
        assert_eq!(
            movements,
            [
                ("payment", "completed", 990),
                ("reversal", "completed", -990)
            ]
        );
    }
}

#[test]
fn a_reversal_that_names_nothing_we_know_waits_and_harms_no_invoice() {
    let bare = json!({ "id": "X7", "state": "completed", "amount": { "total": "-0.49", "currency": "USD" } });
    let model = told(&[reversed(&bare), paid("9.90")]);
    assert_eq!(model.outcome(), ("paid", 0));
    assert_eq!(
        model.movements(),
        [
            ("payment", "completed", 990),
            ("reversal", "completed", -49)
        ]
    );
}

#[test]
fn a_reversed_sale_is_known_from_its_reversal_alone() {
    let the_sale = json!({ "id": "S1", "billing_agreement_id": "I-1", "state": "reversed", "create_time": PAID,
        "amount": { "total": "-9.90", "currency": "USD" }, "update_time": "2026-02-01T00:00:00Z" });
    assert_eq!(told(&[reversed(&the_sale)]).outcome(), ("reversed", 990));
    let half = json!({ "id": "S1", "billing_agreement_id": "I-1", "create_time": "2026-02-01T00:00:00Z",
        "amount": { "total": "-4.00", "currency": "USD" } });
    let model = told(&[reversed(&half), paid("9.90")]);
    assert_eq!(
        (model.invoice().amount_minor, model.invoice().issued_at),
        (990, at(PAID)),
        "the sale knows better"
    );
}

#[test]
fn no_more_is_refunded_than_was_paid() {
    let model = told(&[
        paid("9.90"),
        refund("R1", "2026-01-05T00:00:00Z", "50.00", "50.00"),
    ]);
    assert_eq!(model.outcome(), ("refunded", 990));
}

#[test]
fn partial_refunds_add_up_by_their_own_amounts() {
    let first = refund("R1", "2026-01-05T00:00:00Z", "4.00", "4.00");
    let second = refund("R2", "2026-01-05T00:00:00Z", "5.00", "9.00");
    assert_eq!(
        told(&[paid("9.90"), first.clone(), second.clone()]).outcome(),
        ("partially_refunded", 900)
    );
    let third = refund("R3", "2026-01-06T00:00:00Z", "0.90", "9.90");
    assert_eq!(
        told(&[third, second, first, paid("9.90")]).outcome(),
        ("refunded", 990)
    );
}

#[test]
fn a_refund_that_failed_gives_nothing_back() {
    let refund = |state: &str, time: &str| {
        let amount = json!({ "total": "9.90", "currency": "USD" });
        let resource = json!({ "id": "R1", "sale_id": "S1", "state": state, "update_time": time, "amount": amount });
        event("PAYMENT.SALE.REFUNDED", &resource)
    };
    let pending = refund("pending", "2026-01-05T00:00:00Z");
    assert_eq!(
        told(&[paid("9.90"), pending.clone()]).outcome(),
        ("refunded", 990),
        "it is on its way"
    );
    let failed = refund("failed", "2026-01-09T00:00:00Z");
    let model = told(&[paid("9.90"), pending, failed]);
    assert_eq!(model.outcome(), ("paid", 0));
    assert_eq!(model.movements()[1], ("refund", "failed", -990));
}

#[test]
fn a_refund_in_a_foreign_currency_is_not_mistaken_for_ours() {
    let refund = |to_payer: Value| {
        let foreign = json!({ "total": "900", "currency": "JPY" });
        let resource =
            json!({ "id": "R1", "sale_id": "S1", "amount": foreign, "refund_to_payer": to_payer });
        event("PAYMENT.SALE.REFUNDED", &resource)
    };
    let strange = told(&[
        paid("9.90"),
        refund(json!({ "value": "8.00", "currency": "EUR" })),
    ]);
    assert_eq!(strange.outcome(), ("paid", 0));
    assert_eq!(
        (
            strange.payments[1].amount_minor,
            strange.payments[1].currency.as_str()
        ),
        (-900, "JPY")
    );
    let sensible = told(&[
        paid("9.90"),
        refund(json!({ "value": "6.00", "currency": "USD" })),
    ]);
    assert_eq!(sensible.outcome(), ("partially_refunded", 600));
}

#[test]
fn a_refund_waits_for_its_sale() {
    let orphan = refund("R1", "2026-01-05T00:00:00Z", "4.00", "4.00");
    let alone = told(std::slice::from_ref(&orphan));
    assert!(alone.invoices.is_empty());
    assert_eq!(alone.movements(), [("refund", "completed", -400)]);
    let model = told(&[orphan, paid("9.90")]);
    assert_eq!(model.outcome(), ("partially_refunded", 400));
    assert!(
        model
            .payments
            .iter()
            .all(|row| row.subscription_id.as_deref() == Some("I-1"))
    );
}

#[test]
fn a_sale_that_says_it_was_refunded_is_believed_without_the_refund() {
    let model = told(&[
        paid("9.90"),
        sale("refunded", "2026-01-09T00:00:00Z", "9.90", json!({})),
    ]);
    assert_eq!(model.outcome(), ("refunded", 990));
    let some = told(&[
        paid("9.90"),
        sale(
            "partially_refunded",
            "2026-01-09T00:00:00Z",
            "9.90",
            json!({}),
        ),
    ]);
    assert_eq!(some.outcome(), ("partially_refunded", 0));
}

#[test]
fn an_e_cheque_is_paid_when_it_clears_and_not_before() {
    let pending = sale("pending", PAID, "9.90", json!({ "payment_mode": "ECHECK" }));
    let snapshot = active("2026-01-01T08:01:00Z", "2026-02-01T10:00:00Z");
    let waiting = told(&[snapshot.clone(), pending.clone()]);
    assert_eq!(waiting.outcome(), ("pending", 0));
    assert_eq!(waiting.subscription().paid_through, None);
    let cleared = sale("completed", "2026-01-06T09:00:00Z", "9.90", json!({}));
    let model = told(&[snapshot.clone(), pending.clone(), cleared]);
    assert_eq!(model.outcome(), ("paid", 0));
    assert_eq!(
        model.subscription().paid_through,
        Some(at("2026-02-01T10:00:00Z"))
    );
    let bounced = sale("denied", "2026-01-06T09:00:00Z", "9.90", json!({}));
    let model = told(&[snapshot, pending, bounced]);
    assert_eq!(model.outcome(), ("failed", 0));
    assert_eq!(model.subscription().paid_through, None);
    assert_eq!(model.movements(), [("payment", "denied", 990)]);
}

#[test]
fn a_sale_that_clears_within_its_second_is_paid() {
    let model = told(&[sale("pending", PAID, "9.90", json!({})), paid("9.90")]);
    assert_eq!(model.outcome(), ("paid", 0));
}

#[test]
fn a_free_trial_is_active_but_not_paid_until_its_first_payment() {
    let info = json!({
        "outstanding_balance": { "currency_code": "USD", "value": "0.0" }, "next_billing_time": "2026-01-01T10:00:00Z",
        "cycle_executions": [{ "tenure_type": "TRIAL", "cycles_completed": 0 }], "failed_payments_count": 0,
    });
    let trial = subscription(
        "ACTIVATED",
        "ACTIVE",
        "2026-01-01T08:01:00Z",
        json!({ "billing_info": info }),
    );
    let model = told(std::slice::from_ref(&trial));
    assert_eq!(model.subscription().status.as_deref(), Some("ACTIVE"));
    assert_eq!(
        (
            model.subscription().paid_through,
            model.subscription().past_due
        ),
        (None, false)
    );
    let first = sale(
        "completed",
        "2026-01-15T11:00:00Z",
        "9.90",
        json!({ "create_time": "2026-01-15T11:00:00Z" }),
    );
    let model = told(&[trial, first]);
    assert_eq!(
        model.subscription().paid_through,
        Some(at("2026-02-15T11:00:00Z"))
    );
    assert!(!model.subscription().paid_through_firm);
}

#[test]
fn a_cancelled_subscription_keeps_what_it_paid_for_and_never_comes_back() {
    let cancelled = subscription("CANCELLED", "CANCELLED", "2026-01-20T00:00:00Z", json!({}));
    let late = active("2026-01-25T00:00:00Z", "2026-02-01T10:00:00Z");
    let model = told(&[paid("9.90"), cancelled, late]);
    assert_eq!(model.subscription().status.as_deref(), Some("CANCELLED"));
    assert_eq!(
        model.subscription().cancelled_at,
        Some(at("2026-01-20T00:00:00Z"))
    );
    assert_eq!(
        model.subscription().paid_through,
        Some(at("2026-02-01T10:00:00Z"))
    );
}

#[test]
fn cancelled_beats_expired() {
    let expired = subscription("EXPIRED", "EXPIRED", "2026-03-01T00:00:00Z", json!({}));
    let cancelled = subscription("CANCELLED", "CANCELLED", "2026-02-01T00:00:00Z", json!({}));
    let model = told(&[expired, cancelled]);
    assert_eq!(model.subscription().status.as_deref(), Some("CANCELLED"));
    assert_eq!(
        model.subscription().status_at,
        Some(at("2026-02-01T00:00:00Z"))
    );
}

#[test]
fn cancelled_while_past_due_stays_past_due() {
    let cancelled = subscription("CANCELLED", "CANCELLED", "2026-02-03T00:00:00Z", json!({}));
    let events = [
        active("2026-01-01T08:01:00Z", "2026-02-01T10:00:00Z"),
        paid("9.90"),
        failed("2026-02-01T11:00:00Z", "2026-02-06T10:00:00Z"),
        cancelled,
    ];
    let model = told(&events);
    let row = model.subscription();
    assert_eq!(row.status.as_deref(), Some("CANCELLED"));
    assert!(row.past_due);
    assert_eq!(
        row.paid_through,
        Some(at("2026-02-01T10:00:00Z")),
        "the date after the failed one is not paid"
    );
    assert_eq!(row.next_retry_at, Some(at("2026-02-06T10:00:00Z")));
    assert_eq!(row.outstanding_minor, Some(990));
}

#[test]
fn a_payment_ends_the_dunning_and_an_old_failure_does_not_reopen_it() {
    let first = failed("2026-02-01T11:00:00Z", "2026-02-06T10:00:00Z");
    let second = failed("2026-02-06T11:00:00Z", "2026-02-11T10:00:00Z");
    let due = told(&[paid("9.90"), first.clone(), second.clone()]);
    assert!(due.subscription().past_due);
    assert_eq!(
        due.subscription().next_retry_at,
        Some(at("2026-02-11T10:00:00Z"))
    );
    let late = json!({ "id": "S2", "create_time": "2026-02-11T11:00:00Z" });
    let model = told(&[
        paid("9.90"),
        sale("completed", "2026-02-11T11:00:00Z", "9.90", late),
        second,
        first,
    ]);
    assert!(!model.subscription().past_due);
    assert_eq!(model.subscription().next_retry_at, None);
    assert_eq!(
        model.subscription().last_failed_at,
        Some(at("2026-02-06T11:00:00Z"))
    );
}

#[test]
fn a_pause_and_its_end_are_told_by_the_status_dates() {
    let begun = active("2026-01-01T08:01:00Z", "2026-02-01T10:00:00Z");
    let paused = subscription("SUSPENDED", "SUSPENDED", "2026-01-10T00:00:00Z", json!({}));
    let model = told(&[begun.clone(), paid("9.90"), paused.clone()]);
    assert_eq!(model.subscription().status.as_deref(), Some("SUSPENDED"));
    assert_eq!(
        model.subscription().paid_through,
        Some(at("2026-02-01T10:00:00Z")),
        "a pause takes nothing away"
    );
    assert!(!model.subscription().past_due);
    let resumed = active("2026-03-01T00:00:00Z", "2026-03-20T10:00:00Z");
    let model = told(&[begun, paid("9.90"), paused, resumed]);
    assert_eq!(model.subscription().status.as_deref(), Some("ACTIVE"));
    let history = model
        .subscription()
        .status_history
        .as_array()
        .unwrap()
        .clone();
    let words: Vec<_> = history
        .iter()
        .map(|entry| entry["status"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["ACTIVE", "SUSPENDED", "ACTIVE"]);
}

#[test]
fn two_changes_of_one_second_are_told_apart_by_what_they_say() {
    let second = "2026-01-01T08:01:00Z";
    let plan = |plan: &str| subscription("UPDATED", "ACTIVE", second, json!({ "plan_id": plan }));
    let pending = subscription("CREATED", "APPROVAL_PENDING", second, json!({}));
    let model = told(&[pending, plan("P-2"), plan("P-1")]);
    assert_eq!(model.subscription().status.as_deref(), Some("ACTIVE"));
    assert_eq!(model.subscription().plan_id.as_deref(), Some("P-2"));
    let began = subscription("ACTIVATED", "ACTIVE", second, json!({ "plan_id": "P-9" }));
    assert_eq!(
        told(&[began, plan("P-2")])
            .subscription()
            .plan_id
            .as_deref(),
        Some("P-2"),
        "a change comes after its start"
    );
}

#[test]
fn a_snapshot_before_the_start_proves_no_payment() {
    let info = json!({ "last_payment": { "amount": { "currency_code": "USD", "value": "500" }, "time": "2018-12-01T01:20:49Z" } });
    let more = json!({ "billing_info": info });
    let model = told(&[subscription(
        "CREATED",
        "APPROVAL_PENDING",
        "2026-01-01T08:00:00Z",
        more,
    )]);
    assert_eq!(
        (
            model.subscription().paid_through,
            model.subscription().last_payment_at
        ),
        (None, None)
    );
}

#[test]
fn a_plan_change_comes_with_its_update_and_costs_nothing_by_itself() {
    let changed = json!({ "plan_id": "P-2", "status_update_time": "2026-01-01T08:01:00Z" });
    let updated = subscription("UPDATED", "ACTIVE", "2026-01-10T00:00:00Z", changed);
    let model = told(&[
        updated,
        active("2026-01-01T08:01:00Z", "2026-02-01T10:00:00Z"),
        paid("9.90"),
    ]);
    assert_eq!(model.subscription().plan_id.as_deref(), Some("P-2"));
    assert_eq!(model.invoices.len(), 1);
}

#[test]
fn whether_a_plan_is_overridden_is_the_newest_word_of_who_names_the_plan() {
    let said = |time: &str, overridden: Value| {
        let more = json!({ "plan_overridden": overridden });
        subscription("UPDATED", "ACTIVE", time, more)
    };
    let plain = active("2026-01-01T08:01:00Z", "2026-02-01T10:00:00Z");
    let overridden = said("2026-01-02T08:00:00Z", json!(true));
    let is_overridden = |events: &[Envelope]| told(events).subscription().plan_overridden;
    assert!(!is_overridden(std::slice::from_ref(&plain)));
    assert!(is_overridden(&[plain.clone(), overridden.clone()]));
    let revised = said("2026-01-03T08:00:00Z", json!(false));
    assert!(!is_overridden(&[
        plain.clone(),
        overridden.clone(),
        revised
    ]));
    let silent = json!({ "plan_id": null, "plan_overridden": null });
    let silent = subscription("SUSPENDED", "SUSPENDED", "2026-01-04T08:00:00Z", silent);
    assert!(is_overridden(&[plain, overridden, silent]));
}

#[test]
fn yen_and_dinars_keep_their_decimals() {
    let yen = |total: &str| json!({ "amount": { "total": total, "currency": "JPY" } });
    let refunded =
        json!({ "id": "R1", "sale_id": "S1", "amount": { "total": "-200", "currency": "JPY" } });
    let model = told(&[
        sale("completed", PAID, "", yen("1200")),
        event("PAYMENT.SALE.REFUNDED", &refunded),
    ]);
    assert_eq!(
        (model.invoice().amount_minor, model.outcome()),
        (1200, ("partially_refunded", 200))
    );
    let dinar = json!({ "amount": { "total": "1.234", "currency": "KWD" } });
    assert_eq!(
        told(&[sale("completed", PAID, "", dinar)])
            .invoice()
            .amount_minor,
        1234
    );
}

#[test]
fn a_fee_in_another_currency_is_not_shown_as_ours() {
    let fee =
        |currency: &str| json!({ "transaction_fee": { "value": "0.64", "currency": currency } });
    assert_eq!(
        told(&[sale("completed", PAID, "9.90", fee("USD"))])
            .invoice()
            .fee_minor,
        Some(64)
    );
    assert_eq!(
        told(&[sale("completed", PAID, "9.90", fee("EUR"))])
            .invoice()
            .fee_minor,
        None
    );
}

#[test]
fn a_sale_without_a_subscription_moves_money_and_makes_no_invoice() {
    let model = told(&[sale(
        "completed",
        PAID,
        "9.90",
        json!({ "billing_agreement_id": null }),
    )]);
    assert!(model.invoices.is_empty() && model.subscriptions.is_empty());
    assert_eq!(model.movements(), [("payment", "completed", 990)]);
}

#[test]
fn a_dispute_marks_its_invoice_until_it_is_resolved() {
    let opened = dispute("CREATED", "OPEN", "2026-01-10T00:00:00Z");
    let reviewed = dispute("UPDATED", "UNDER_REVIEW", "2026-01-12T00:00:00Z");
    let resolved = dispute("RESOLVED", "RESOLVED", "2026-01-12T00:00:00Z");
    let open = told(&[opened.clone(), paid("9.90"), reviewed.clone()]);
    assert!(open.invoice().disputed);
    assert_eq!(open.outcome(), ("paid", 0), "a dispute moves no money");
    assert!(
        !told(&[resolved, reviewed, opened.clone(), paid("9.90")])
            .invoice()
            .disputed
    );
    assert!(told(&[opened]).invoices.is_empty());
}

#[test]
fn one_sale_under_two_event_ids_is_one_invoice() {
    let mut again = json!({ "id": "WH-OTHER", "event_type": "PAYMENT.SALE.COMPLETED" });
    again["resource"] =
        serde_json::from_slice::<Value>(paid("9.90").data()).unwrap()["resource"].clone();
    let model = told(&[paid("9.90"), envelope(&again)]);
    assert_eq!((model.invoices.len(), model.payments.len()), (1, 1));
}

#[test]
fn a_lost_sale_is_made_up_for_by_what_a_snapshot_says_was_paid() {
    let info = json!({ "last_payment": { "amount": { "currency_code": "USD", "value": "9.9" }, "time": "2026-02-01T11:00:00Z" } });
    let cancelled = subscription(
        "CANCELLED",
        "CANCELLED",
        "2026-02-10T00:00:00Z",
        json!({ "billing_info": info }),
    );
    let model = told(&[
        active("2026-01-01T08:01:00Z", "2026-02-01T10:00:00Z"),
        paid("9.90"),
        cancelled,
    ]);
    assert_eq!(
        model.subscription().paid_through,
        Some(at("2026-03-01T11:00:00Z"))
    );
    assert_eq!(
        model.subscription().last_payment_at,
        Some(at("2026-02-01T11:00:00Z"))
    );
}

#[test]
fn a_sale_without_any_date_is_dated_by_its_delivery() {
    let undated = sale(
        "completed",
        PAID,
        "9.90",
        json!({ "create_time": "2018-19-12T22:20:32Z", "update_time": 7.5e300 }),
    );
    assert_eq!(
        told(&[undated]).invoice().issued_at,
        at("2026-01-01T00:00:00Z")
    );
}

#[test]
fn a_sale_of_less_than_nothing_is_no_invoice_and_gives_no_access() {
    let snapshot = active("2026-01-01T08:01:00Z", "2026-02-01T10:00:00Z");
    let model = told(&[snapshot.clone(), paid("-9.90")]);
    assert_eq!((model.invoices.len(), model.payments.len()), (0, 0));
    let row = model.subscription();
    assert_eq!(
        (
            row.paid_through,
            row.last_payment_minor,
            row.last_payment_at
        ),
        (None, None, None)
    );
    let on_its_way = sale("pending", "2026-01-01T08:00:20Z", "9.90", json!({}));
    let model = told(&[snapshot.clone(), on_its_way, paid("-9.90")]);
    assert_eq!(model.outcome(), ("pending", 0), "it does not clear another");
    assert_eq!(model.subscription().paid_through, None);
    let again = sale("completed", "2026-01-01T08:00:40Z", "-9.90", json!({}));
    let model = told(&[snapshot, paid("9.90"), again]);
    assert_eq!(model.outcome(), ("paid", 0), "nor takes it back");
}

#[test]
fn nothing_of_a_free_sale_is_refunded() {
    assert_eq!(told(&[paid("0.00")]).outcome(), ("paid", 0));
}

#[test]
fn an_agreement_of_version_1_is_nobodys_subscription() {
    let legacy = json!({ "id": "I-1", "state": "Active" });
    assert_eq!(
        told(&[event("BILLING.SUBSCRIPTION.CREATED", &legacy)]),
        Model::default()
    );
}

#[test]
fn who_pays_is_known_from_a_sale_when_the_subscription_does_not_say() {
    let quiet = json!({ "custom_id": null });
    let model = told(&[
        subscription("CREATED", "APPROVAL_PENDING", "2026-01-01T08:00:00Z", quiet),
        sale("completed", PAID, "9.90", json!({ "custom": "key-2" })),
    ]);
    assert_eq!(model.subscription().custom_id.as_deref(), Some("key-2"));
    let model = told(&[
        active(PAID, "2026-02-01T10:00:00Z"),
        sale("completed", PAID, "9.90", json!({ "custom": "key-2" })),
    ]);
    assert_eq!(
        model.subscription().custom_id.as_deref(),
        Some("key-1"),
        "its own word counts more"
    );
}

#[test]
fn a_subscription_stays_with_whom_it_named_first() {
    let named = |change: &str, key: &str, time: &str| {
        subscription(change, "ACTIVE", time, json!({ "custom_id": key }))
    };
    let first = named("ACTIVATED", "key-2", "2026-01-01T08:01:00Z");
    let later = named("UPDATED", "key-1", "2026-01-10T00:00:00Z");
    let model = told(&[first.clone(), later.clone()]);
    assert_eq!(model.subscription().custom_id.as_deref(), Some("key-2"));
    assert!(model.in_conflict);
    assert!(!told(&[first.clone(), named("UPDATED", "key-2", PAID)]).in_conflict);
    let of_another = sale("completed", PAID, "9.90", json!({ "custom": "key-1" }));
    let model = told(&[first.clone(), of_another]);
    assert_eq!(model.subscription().custom_id.as_deref(), Some("key-2"));
    assert!(model.in_conflict);
    let undated = json!({ "custom_id": "key-1", "update_time": null, "status_update_time": null, "create_time": null });
    let undated = subscription("UPDATED", "ACTIVE", PAID, undated);
    let model = told(&[undated, first, later]);
    assert_eq!(model.subscription().custom_id.as_deref(), Some("key-2"));
}

#[test]
fn a_conflict_is_warned_of_once() {
    let rows = |in_conflict| SubscriptionRows {
        subscriptions: vec![
            told(&[active(PAID, "2026-02-01T10:00:00Z")])
                .subscription()
                .clone(),
        ],
        in_conflict,
    };
    let warned = |before: &SubscriptionRows, after: &SubscriptionRows| {
        let mut changes = Changes::new(&SubscriptionRows::tables());
        SubscriptionRows::changes(before, after, &mut changes);
        let warnings = changes.take_warnings().into_iter();
        warnings.map(|warning| warning.id).collect::<Vec<_>>()
    };
    assert_eq!(warned(&rows(false), &rows(true)), ["I-1"]);
    assert_eq!(warned(&SubscriptionRows::default(), &rows(true)), ["I-1"]);
    assert_eq!(warned(&rows(true), &rows(true)), [""; 0]);
    assert_eq!(warned(&rows(false), &rows(false)), [""; 0]);
}

#[test]
fn of_sales_the_first_one_says_whose_a_silent_subscription_is() {
    let of = |id: &str, key: &str, time: &str| {
        let more = json!({ "id": id, "custom": key, "create_time": time });
        sale("completed", time, "9.90", more)
    };
    let model = told(&[
        of("S2", "key-1", "2026-02-01T11:00:00Z"),
        of("S1", "key-2", "2026-01-01T08:00:30Z"),
    ]);
    assert_eq!(model.subscription().custom_id.as_deref(), Some("key-2"));
    assert!(model.in_conflict);
}

#[test]
fn a_sale_is_whoevers_its_subscription_is() {
    let model = told(&[
        active(PAID, "2026-02-01T10:00:00Z"),
        sale("completed", PAID, "9.90", json!({ "custom": "key-2" })),
        refund("R1", "2026-01-05T00:00:00Z", "4.00", "4.00"),
    ]);
    assert!(model.payments.iter().all(|row| row.user_id.is_none()));
    assert_eq!(model.payments.len(), 2);
    let alone = json!({ "custom": "key-2", "billing_agreement_id": null });
    let model = told(&[sale("completed", PAID, "9.90", alone)]);
    assert!(
        model.payments[0].user_id.is_some(),
        "there is nobody else to ask"
    );
}

#[test]
fn a_sale_known_by_its_reversal_alone_has_a_subscription_to_belong_to() {
    let the_sale = json!({ "id": "S1", "billing_agreement_id": "I-1", "state": "reversed", "create_time": PAID,
        "custom": "key-2", "amount": { "total": "-9.90", "currency": "USD" } });
    let model = told(&[reversed(&the_sale)]);
    let row = model.subscription();
    assert_eq!(row.custom_id.as_deref(), Some("key-2"));
    assert!(row.user_id.is_some());
    assert_eq!((row.paid_through, row.last_payment_at), (None, None));
    let model = told(&[reversed(&the_sale), active(PAID, "2026-02-01T10:00:00Z")]);
    assert_eq!(model.subscription().custom_id.as_deref(), Some("key-1"));
}
