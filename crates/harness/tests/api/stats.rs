//! Figures of a period in the viewer's zone.

use crate::{
    person::Person,
    stage::Stage,
    story::{Story, analysis, at},
};
use frontdesk_api::stats::latency::BOUNDS_MS;
use serde_json::{Value, json};

async fn stage_with_a_month() -> Stage {
    let stage = Stage::set().await;
    stage.reception().await;
    stage
        .business(stage.owner().id, "pipes", "+14155550199")
        .await;
    let call = |name: &str, started: &str| Story {
        started: at(started),
        tenant: Some("tnt_smile"),
        ..Story::new(name)
    };
    let stories = [
        // 23:30 in New York on 31 October, so the month before there and November in UTC's view.
        call("edge", "2026-11-01T03:30:00Z"),
        // New York falls back from 02:00 to 01:00 at 06:00 UTC: both are its hour 1.
        Story {
            report: analysis("success", "positive", Some(12_000)),
            ..call("before", "2026-11-01T05:30:00Z")
        },
        Story {
            report: analysis("fail", "negative", None),
            ..call("after", "2026-11-01T06:30:00Z")
        },
        Story {
            answered: None,
            left: Some((8, "hangup")),
            ..call("gaveup", "2026-11-02T15:10:00Z")
        },
        Story {
            tenant: None,
            dialled: "+14155550199",
            ..call("pipes", "2026-11-02T15:50:00Z")
        },
        Story {
            left: None,
            ..call("talking", "2026-11-02T15:55:00Z")
        },
        // In none of the figures: the first in a whole hour, the other in a part of one.
        outbound(call("reminder", "2026-11-01T05:45:00Z")),
        outbound(call("callback", "2026-11-02T15:20:00Z")),
    ];
    let events: Vec<_> = stories.iter().flat_map(Story::events).collect();
    stage.tell(&events).await;
    stage
}

/// A call that the receptionist made, with all that a figure could count.
fn outbound(call: Story) -> Story {
    Story {
        outbound: true,
        report: analysis("success", "positive", Some(7_000)),
        ..call
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_follow_the_viewers_days_and_hours() {
    let stage = stage_with_a_month().await;
    let new_york =
        "/api/stats?from=2026-11-01T04:00:00Z&to=2026-12-01T05:00:00Z&tz=America/New_York";
    let stats = stage.json(new_york).await;
    let totals = &stats["totals"];
    assert_eq!(
        (&totals["calls"], &totals["answered"], &totals["abandoned"]),
        (&json!(4), &json!(3), &json!(1))
    );
    assert_eq!(totals["talk_ms"], 180_000);
    assert_eq!(
        (&totals["average_talk_ms"], &totals["answered_share"]),
        (&json!(60_000), &json!(0.75))
    );
    assert_eq!(
        (&totals["success"], &totals["revenue"]),
        (
            &json!(1),
            &json!([{ "amount_minor": 12_000, "currency": "USD" }])
        )
    );
    assert_eq!(stats["previous"]["calls"], 1, "the whole month before");
    assert_eq!(stats["by_hour"].as_array().unwrap().len(), 24);
    assert_eq!(stats["by_hour"][1]["calls"], 2, "the hour that came twice");
    assert_eq!(stats["by_hour"][10]["calls"], 2);
    let days = stats["by_day"].as_array().unwrap();
    assert_eq!(days.len(), 30);
    assert_eq!(
        (&days[0]["date"], &days[0]["calls"]),
        (&json!("2026-11-01"), &json!(2))
    );
    assert_eq!(
        (&days[1]["calls"], &days[2]["calls"]),
        (&json!(2), &json!(0))
    );
    let heat: i64 = stats["heat"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cell| cell["calls"].as_i64().unwrap())
        .sum();
    assert_eq!(heat, 4);
    assert_eq!(
        stats["sentiment"],
        json!({ "positive": 1, "neutral": 0, "negative": 1, "unknown": 2 })
    );
    assert_eq!(stats["latency"]["over_target_share"], 0.0);

    let utc = stage
        .json("/api/stats?from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z")
        .await;
    assert_eq!(
        (&utc["totals"]["calls"], &utc["by_day"][0]["calls"]),
        (&json!(5), &json!(3))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_all_answered_calls_are_a_success() {
    let stage = Stage::set().await;
    stage.reception().await;
    let success = |name: &str, started: &str, answered| Story {
        started: at(started),
        answered,
        report: analysis("success", "positive", None),
        ..Story::new(name)
    };
    // Two in a whole hour, one in a part of one; of the first only one was answered.
    let stories = [
        success("served", "2026-11-02T14:10:00Z", Some(4)),
        success("gaveup", "2026-11-02T14:20:00Z", None),
        success("late", "2026-11-02T15:05:00Z", None),
    ];
    let events: Vec<_> = stories.iter().flat_map(Story::events).collect();
    stage.tell(&events).await;
    let bounds = "from=2026-11-02T14:00:00Z&to=2026-11-02T15:10:00Z";
    for zone in ["UTC", "Asia/Kolkata"] {
        let stats = stage.json(&format!("/api/stats?{bounds}&tz={zone}")).await;
        let totals = &stats["totals"];
        assert_eq!(
            (
                &totals["calls"],
                &totals["answered"],
                &totals["success"],
                &totals["success_share"]
            ),
            (&json!(3), &json!(1), &json!(1), &json!(1.0)),
            "{zone}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_of_counting_gives_the_same_sums() {
    let stage = stage_with_a_month().await;
    let bounds = "from=2026-11-01T03:30:00Z&to=2026-11-02T15:50:00.001Z";
    let listed = stage
        .ids(&format!(
            "/api/calls?{bounds}&state=ended&direction=inbound"
        ))
        .await
        .len();
    let made = stage
        .ids(&format!("/api/calls?{bounds}&direction=outbound"))
        .await;
    assert_eq!(made.len(), 2);
    let hourly = stage.json(&format!("/api/stats?{bounds}")).await;
    // Kolkata's hours are half of two of UTC's, so everything is counted from the calls.
    let counted = stage
        .json(&format!("/api/stats?{bounds}&tz=Asia/Kolkata"))
        .await;
    assert_eq!(hourly["totals"]["calls"], listed);
    for field in ["totals", "previous", "sentiment", "latency"] {
        assert_eq!(hourly[field], counted[field], "{field}");
    }
    assert_eq!(
        counted["by_hour"][21]["calls"], 1,
        "15:50 UTC is 21:20 in Kolkata"
    );
    let newest = stage.json("/api/calls?limit=1").await;
    let smile = newest["items"][0]["client"]["id"].as_str().unwrap();
    let revenue = format!("/api/clients/{smile}/revenue?{bounds}");
    for zone in ["UTC", "Asia/Kolkata"] {
        let earned = stage.json(&format!("{revenue}&tz={zone}")).await;
        assert_eq!(earned["totals"], hourly["totals"]["revenue"], "{zone}");
    }
    for stats in [&hourly, &counted] {
        for list in ["by_hour", "by_day", "heat"] {
            let sum: usize = stats[list]
                .as_array()
                .unwrap()
                .iter()
                .map(|part| part["calls"].as_u64().unwrap() as usize)
                .sum();
            assert_eq!(sum, listed, "{list}");
        }
        let columns = stats["latency"]["histogram"].as_array().unwrap();
        assert_eq!(
            columns
                .iter()
                .map(|column| column["calls"].as_i64().unwrap())
                .sum::<i64>(),
            2
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_can_be_limited_to_a_client_or_to_what_nobody_owns() {
    let stage = stage_with_a_month().await;
    let nobodys = Story {
        dialled: "+14155550777",
        started: at("2026-11-02T15:50:00Z"),
        ..Story::new("nobodys")
    };
    stage.tell(&nobodys.events()).await;
    let admin = stage.admin().await;
    let client = stage.json("/api/clients").await["items"][1]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let calls = async |who: &Person, filter: &str| {
        let stats = who
            .json(&format!(
                "/api/stats?from=2026-11-01T00:00:00Z&to=2026-11-03T00:20:00Z{filter}"
            ))
            .await;
        stats["totals"]["calls"].as_i64().unwrap()
    };
    assert_eq!(
        (
            calls(stage.owner(), "").await,
            calls(stage.owner(), &format!("&client_id={client}")).await,
            calls(&admin, "&unassigned=true").await
        ),
        (5, 4, 1)
    );
    let half = calls(&admin, "&unassigned=true&tz=Asia/Kolkata").await;
    assert_eq!(half, 1);
    assert_eq!(
        calls(&admin, &format!("&client_id={client}")).await,
        0,
        "of another account"
    );
    let nil = "&client_id=00000000-0000-0000-0000-000000000000";
    for who in [stage.owner(), &admin] {
        assert_eq!(calls(who, nil).await, 0, "an id like any other");
    }
    assert_eq!(stage.get("/api/stats?unassigned=true").await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_period_has_zeros_and_nulls() {
    let stage = Stage::set().await;
    let stats = stage
        .json("/api/stats?from=2026-01-01T00:00:00Z&to=2026-01-01T00:00:00Z")
        .await;
    assert_eq!(
        (
            &stats["totals"]["calls"],
            &stats["totals"]["answered_share"]
        ),
        (&json!(0), &Value::Null)
    );
    assert_eq!(
        (&stats["by_day"], &stats["latency"]["e2e_p50_ms"]),
        (&json!([]), &Value::Null)
    );
    let now = stage.json("/api/stats").await;
    assert_eq!(now["period"]["tz"], "UTC");
}

#[test]
fn the_histogram_has_the_projectors_columns() {
    assert_eq!(
        BOUNDS_MS,
        frontdesk_projector::calls::rollup::LATENCY_BOUNDS_MS
    );
}
