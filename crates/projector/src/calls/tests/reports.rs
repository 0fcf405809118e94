//! What the agent and the recorder add to a call.

use super::{
    stage::{START, Stage, caller, other_caller, time},
    stories::answered_call,
};
use crate::{
    calls::{
        rollup::{self, HourlyRevenue},
        session::SessionRows,
    },
    table::{Changes, Derived as _, Row as _, Values},
};
use serde_json::json;

#[test]
fn an_answer_time_of_livekit_beats_the_agents_and_that_beats_the_sound() {
    let mut stage = answered_call();
    stage.report(
        "call.answered",
        4_000,
        json!({ "callId": "SCL_a", "answeredAt": time(3_900).to_rfc3339() }),
    );
    assert_eq!(stage.call().answered_at, Some(time(3_900)));

    let mut told = caller();
    told.attributes["lk.sip.answerTime"] = json!((START + 3_500).to_string());
    stage.left(&told, 93_000, "CLIENT_INITIATED", "hangup");
    assert_eq!(stage.call().answered_at, Some(time(3_500)));
}

#[test]
fn an_agent_that_takes_over_from_one_that_crashed_does_not_answer_the_call_anew() {
    let answered = |at: i64| json!({ "callId": "SCL_a", "answeredAt": time(at).to_rfc3339() });
    for [first, second] in [[4_000, 50_000], [50_000, 4_000]] {
        let mut stage = answered_call();
        stage
            .report("call.answered", first, answered(first - 100))
            .report("call.answered", second, answered(second - 100));
        assert_eq!(stage.call().answered_at, Some(time(3_900)));
    }
    // An early one that is of no time of this call is not believed for it.
    let mut stage = answered_call();
    stage
        .report("call.answered", 4_000, answered(-86_400_000))
        .report("call.answered", 5_000, answered(4_900));
    assert_eq!(stage.call().answered_at, Some(time(4_900)));
}

#[test]
fn an_agents_clock_that_is_ahead_does_not_answer_a_call_in_time_to_come() {
    let mut stage = answered_call();
    stage.report(
        "call.answered",
        4_000,
        json!({ "callId": "SCL_a", "answeredAt": time(700_000).to_rfc3339() }),
    );
    assert_eq!(stage.call().answered_at, Some(time(4_000)));
}

#[test]
fn an_absurd_answer_time_is_not_believed() {
    for absurd in [
        "9999-12-31T23:59:59Z",
        "1970-01-01T00:00:00Z",
        "2026-19-01T00:00:00Z",
        "later",
    ] {
        let mut stage = answered_call();
        stage.report(
            "call.answered",
            4_000,
            json!({ "callId": "SCL_a", "answeredAt": absurd }),
        );
        let answered = stage.call().answered_at.unwrap();
        assert!(
            answered == time(3_240) || answered == time(4_000),
            "{absurd}: {answered}"
        );
    }
}

#[test]
fn what_came_of_a_call_is_in_its_row_and_the_latest_word_counts() {
    let analysis = |label: &str| {
        json!({
            "callId": "SCL_a", "closeReason": "participant_disconnected",
            "outcome": { "status": "success", "label": label, "reason": "Booked for Monday",
                "revenue": { "amountMinor": 18_000, "currency": "usd", "evidence": "180 dollars" } },
            "summary": "A check-up was booked.",
            "sentiment": { "label": "Positive", "score": 0.8, "evidence": "Lovely, thanks" },
            "tags": ["new patient"],
            "latency": { "e2eP50": 1.42, "e2eP95": 2.1, "llmTtftP50": 0.61, "ttsTtfbP50": 0.2, "sttP50": 0.3, "turns": 9 },
            "usage": [{ "type": "llm_usage", "provider": "x", "model": "y", "input_tokens": 120, "output_tokens": 40 }],
            "recording": { "egressId": "EG_1", "location": "s3://recordings/1.ogg" },
        })
    };
    let mut stage = answered_call();
    stage
        .report("call.analysed", 99_000, analysis("second"))
        .report("call.analysed", 97_000, analysis("first"));
    let call = stage.call();
    assert_eq!(call.outcome_label.as_deref(), Some("second"));
    assert_eq!(
        (call.revenue_minor, call.revenue_currency.as_deref()),
        (Some(18_000), Some("USD"))
    );
    assert_eq!(
        (call.sentiment_label.as_deref(), call.sentiment_score),
        (Some("positive"), Some(0.8))
    );
    assert_eq!(
        (call.stt_p50_ms, call.llm_p50_ms, call.tts_p50_ms),
        (Some(300), Some(610), Some(200))
    );
    assert_eq!(
        (call.e2e_p50_ms, call.e2e_p95_ms, call.turns),
        (Some(1_420), Some(2_100), Some(9))
    );
    assert_eq!(
        call.usage,
        Some(json!([{ "kind": "llm_usage", "provider": "x", "model": "y",
            "quantities": { "input_tokens": 120, "output_tokens": 40 } }]))
    );
    assert_eq!(call.recording_state.as_deref(), Some("ready"));
}

#[test]
fn an_ended_call_adds_to_its_hour_and_an_open_one_does_not() {
    let mut stage = answered_call();
    let report = json!({
        "callId": "SCL_a", "latency": { "e2eP50": 1.42 }, "sentiment": { "label": "positive" },
        "outcome": { "status": "success", "revenue": { "amountMinor": 18_000, "currency": "USD" } },
    });
    stage.report("call.analysed", 99_000, report.clone());
    let call = stage.call();
    let hourly = rollup::hourly(&call).unwrap();
    assert_eq!(
        (
            hourly.calls,
            hourly.answered,
            hourly.success,
            hourly.positive
        ),
        (1, 1, 1, 1)
    );
    assert_eq!(
        (hourly.talk_ms, hourly.hour.to_rfc3339()),
        (89_760, "2026-11-20T17:00:00+00:00".to_owned())
    );
    assert_eq!(hourly.latency.iter().sum::<i64>(), 1);
    assert_eq!(hourly.latency[rollup::latency_class(1_420)], 1);
    assert_eq!(
        rollup::revenue(&call).map(|revenue| revenue.amount_minor),
        Some(18_000)
    );
    stage.events.retain(|event| {
        !event.kind().ends_with("participant_left") && !event.kind().ends_with("finished")
    });
    let open = stage.call();
    assert_eq!(
        (rollup::hourly(&open), rollup::revenue(&open)),
        (None, None)
    );

    let mut unanswered = Stage::new();
    unanswered
        .joined(&caller(), 342)
        .left(&caller(), 20_000, "CLIENT_INITIATED", "hangup")
        .report("call.analysed", 22_000, report);
    let hourly = rollup::hourly(&unanswered.call()).unwrap();
    assert_eq!(
        (
            hourly.abandoned,
            hourly.answered,
            hourly.success,
            hourly.positive
        ),
        (1, 0, 0, 1),
        "success is a share of the answered calls"
    );
}

#[test]
fn numbers_that_cannot_be_are_none_and_cost_only_themselves() {
    let score = |score: serde_json::Value| {
        let mut stage = answered_call();
        let sentiment = json!({ "label": "positive", "score": score });
        let report = json!({ "callId": "SCL_a", "sentiment": sentiment });
        stage.report("call.analysed", 99_000, report);
        let call = stage.call();
        assert_eq!(call.sentiment_label.as_deref(), Some("positive"), "{score}");
        call.sentiment_score
    };
    for possible in [-1.0, -0.25, 0.0, 1.0] {
        assert_eq!(score(json!(possible)), Some(possible));
    }
    for absurd in [
        json!(1.000_1),
        json!(-1.5),
        json!(100),
        json!(1e308),
        json!(-1e308),
    ] {
        assert_eq!(score(absurd.clone()), None, "{absurd}");
    }

    let mut stage = answered_call();
    let report = json!({
        "callId": "SCL_a", "summary": "Booked.",
        "latency": { "e2eP50": 1e308, "e2eP95": -1, "llmTtftP50": 0.61, "turns": i64::MAX },
        "usage": [{ "type": "llm_usage", "a": 1e308, "b": -5, "c": 9e15, "input_tokens": 120, "seconds": 0.5 }],
    });
    stage.report("call.analysed", 99_000, report);
    let call = stage.call();
    assert_eq!(
        (
            call.e2e_p50_ms,
            call.e2e_p95_ms,
            call.llm_p50_ms,
            call.turns
        ),
        (None, None, Some(610), None)
    );
    assert_eq!(
        call.usage.unwrap()[0]["quantities"],
        json!({ "input_tokens": 120, "seconds": 0.5 })
    );
    assert_eq!(call.summary.as_deref(), Some("Booked."));
}

#[test]
fn a_revenue_no_call_brings_in_is_none() {
    let of = |amount: serde_json::Value| {
        let mut stage = answered_call();
        let revenue = json!({ "amountMinor": amount, "currency": "USD", "evidence": "said so" });
        let report =
            json!({ "callId": "SCL_a", "summary": "Sold.", "outcome": { "revenue": revenue } });
        stage.report("call.analysed", 99_000, report);
        let call = stage.call();
        assert_eq!(
            (call.summary.as_deref(), call.revenue_evidence.as_deref()),
            (Some("Sold."), Some("said so"))
        );
        (call.revenue_minor, call.revenue_currency)
    };
    let usd = || Some("USD".to_owned());
    assert_eq!(
        of(json!(100_000_000_000_i64)),
        (Some(100_000_000_000), usd())
    );
    assert_eq!(
        of(json!(-18_000)),
        (Some(-18_000), usd()),
        "money given back"
    );
    for absurd in [
        json!(100_000_000_001_i64),
        json!(i64::MAX),
        json!(i64::MIN),
        json!("9223372036854775807"),
        json!(1e18),
    ] {
        assert_eq!(of(absurd.clone()), (None, None), "{absurd}");
    }
}

#[test]
fn sums_are_exact_however_large_what_is_taken_off_and_added() {
    let row = |amount_minor: i64| HourlyRevenue {
        client_id: uuid::Uuid::nil(),
        hour: time(0),
        currency: "USD".to_owned(),
        user_id: None,
        amount_minor,
    };
    for amount in [1, i64::MAX / 2 + 1, i64::MAX, i64::MIN] {
        let mut changes = Changes::new(&SessionRows::tables());
        changes.rollup([row(amount)], [row(amount)]);
        assert!(changes.rollups()[0].1.is_empty(), "{amount}");
        let mut changes = Changes::new(&SessionRows::tables());
        changes.rollup(
            [row(amount), row(i64::MAX)],
            [row(amount), row(i64::MAX - 7)],
        );
        let mut expected = Values::new(HourlyRevenue::COLUMNS.len());
        row(-7).put(&mut expected);
        assert_eq!(
            changes.rollups()[0].1.columns(),
            expected.columns(),
            "{amount}"
        );
    }
}

#[test]
fn a_report_about_a_call_that_is_not_known_is_nobodys_until_it_is() {
    let sold =
        json!({ "status": "success", "revenue": { "amountMinor": 18_000, "currency": "USD" } });
    let report = |call: serde_json::Value, text: &str| {
        let item = json!({ "id": "item_1", "type": "message", "role": "user", "text": text });
        json!({ "callId": call, "summary": text, "outcome": sold, "transcript": [item] })
    };
    let mut stage = Stage::new();
    stage.report("call.analysed", 99_000, report(json!("SCL_b"), "another's"));
    assert!(stage.calls().is_empty());
    stage.joined(&caller(), 342);
    // Neither does any other name count for the only call there is.
    for (at, id) in [
        (99_100, json!("PA_caller")),
        (99_200, json!(null)),
        (99_300, json!("sip_+15105550100")),
    ] {
        stage.report("call.analysed", at, report(id, "nobody's"));
    }
    let call = stage.call();
    assert_eq!(
        (call.summary, call.outcome_status, call.revenue_minor),
        (None, None, None)
    );
    assert!(stage.turns().iter().all(|turn| turn.user_id.is_none()));

    stage.report("call.analysed", 99_500, report(json!("SCL_a"), "its own"));
    stage.joined(&other_caller(), 400);
    let summaries: Vec<_> = stage
        .calls()
        .into_iter()
        .map(|call| (call.call_key, call.summary.unwrap()))
        .collect();
    assert_eq!(
        summaries,
        [
            ("SCL_a".to_owned(), "its own".to_owned()),
            ("SCL_b".to_owned(), "another's".to_owned()),
        ]
    );
    let turns = stage.turns();
    let mut owned: Vec<_> = turns
        .iter()
        .filter(|turn| turn.user_id.is_some())
        .map(|turn| {
            (
                turn.call_key.as_deref().unwrap(),
                turn.text.as_deref().unwrap(),
            )
        })
        .collect();
    owned.sort_unstable();
    assert_eq!(owned, [("SCL_a", "its own"), ("SCL_b", "another's")]);
}

#[test]
fn a_recording_is_followed_to_its_file_and_a_failed_one_does_not_hide_it() {
    let egress = |id: &str, status: &str| json!({ "egressInfo": { "egressId": id, "roomId": "RM_stage", "status": status } });
    let mut stage = answered_call();
    stage.webhook(
        "egress_started",
        2_100,
        json!({ "egressInfo": { "egressId": "EG_1", "roomId": "RM_stage" } }),
    );
    assert_eq!(stage.call().recording_state.as_deref(), Some("recording"));
    stage.webhook("egress_ended", 11_100, egress("EG_2", "EGRESS_FAILED"));
    assert_eq!(stage.call().recording_state.as_deref(), Some("failed"));
    let mut done = egress("EG_1", "EGRESS_COMPLETE");
    done["egressInfo"]["fileResults"] =
        json!([{ "duration": "90500000000", "location": "https://x.test/1.ogg" }]);
    stage.webhook("egress_ended", 96_900, done);
    let call = stage.call();
    assert_eq!(
        (call.recording_state.as_deref(), call.recording_ms),
        (Some("ready"), Some(90_500))
    );
    assert_eq!(
        call.recording_location.as_deref(),
        Some("https://x.test/1.ogg")
    );
}

#[test]
fn a_later_analysis_unsays_nothing_it_leaves_out() {
    let whole = json!({
        "callId": "SCL_a", "outcome": { "status": "success", "label": "booked",
            "revenue": { "amountMinor": 18_000, "currency": "USD" } },
        "summary": "A check-up was booked.", "sentiment": { "label": "positive", "score": 0.8 }, "tags": ["new"],
    });
    let odd = json!({ "callId": "SCL_a", "outcome": 7, "sentiment": "ecstatic", "summary": 5 });
    let corrected =
        json!({ "callId": "SCL_a", "outcome": { "status": "fail", "label": "complaint" } });
    let mut stage = answered_call();
    stage
        .report("call.analysed", 99_000, odd)
        .report("call.analysed", 97_000, whole)
        .report("call.analysed", 98_000, json!({ "callId": "SCL_a" }));
    let call = stage.call();
    assert_eq!(call.outcome_label.as_deref(), Some("booked"));
    assert_eq!(call.revenue_minor, Some(18_000));
    assert_eq!(call.summary.as_deref(), Some("A check-up was booked."));
    assert_eq!(call.sentiment_label.as_deref(), Some("positive"));

    stage.report("call.analysed", 100_000, corrected);
    let call = stage.call();
    assert_eq!(call.outcome_label.as_deref(), Some("complaint"));
    assert_eq!(
        call.revenue_minor, None,
        "an outcome is one thing: this one brought nothing in"
    );
    assert_eq!(call.summary.as_deref(), Some("A check-up was booked."));
}
