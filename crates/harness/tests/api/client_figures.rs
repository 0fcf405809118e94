//! Calls, figures and revenue of one client.

use crate::{
    desk::problem,
    stage::Stage,
    story::{Story, analysis, at},
};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_has_its_own_calls_figures_and_revenue() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    let smile = stage.reception().await;
    let pipes = stage.business(olivia.id, "pipes", "+14155550124").await;
    let bob = stage.person("bob").await;
    stage.business(bob.id, "theirs", "+14155550125").await;
    let story = |name: &str, dialled: &'static str, started: &str, report: Value| Story {
        dialled,
        started: at(started),
        report,
        ..Story::new(name)
    };
    let earned = |minor| analysis("success", "positive", Some(minor));
    let stories = [
        // Half past midnight on the third in Berlin, still the second in New York.
        story(
            "one",
            "+14155550123",
            "2026-11-02T23:30:00Z",
            earned(12_000),
        ),
        story("two", "+14155550123", "2026-11-03T12:10:00Z", earned(3_000)),
        story(
            "three",
            "+14155550123",
            "2026-11-03T18:00:00Z",
            analysis("fail", "neutral", None),
        ),
        story(
            "other",
            "+14155550124",
            "2026-11-03T12:00:00Z",
            earned(99_900),
        ),
        story(
            "theirs",
            "+14155550125",
            "2026-11-03T12:00:00Z",
            earned(77_700),
        ),
    ];
    let events: Vec<_> = stories.iter().flat_map(Story::events).collect();
    stage.tell(&events).await;

    let month = "from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z";
    let calls = stage
        .json(&format!("/api/clients/{smile}/calls?{month}&limit=2"))
        .await;
    assert_eq!(calls["items"].as_array().unwrap().len(), 2);
    let next = calls["next_cursor"].as_str().unwrap();
    let rest = stage
        .json(&format!(
            "/api/clients/{smile}/calls?{month}&limit=2&cursor={next}"
        ))
        .await;
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    assert_eq!(rest["items"][0]["client"]["id"], json!(smile));
    let lost = stage
        .json(&format!("/api/clients/{smile}/calls?outcome=fail"))
        .await;
    assert_eq!(lost["items"].as_array().unwrap().len(), 1);

    let stats = stage
        .json(&format!("/api/clients/{smile}/stats?{month}"))
        .await;
    assert_eq!(stats["totals"]["calls"], 3);
    let all = stage
        .json(&format!("/api/stats?{month}&client_id={smile}"))
        .await;
    for part in [
        "totals",
        "previous",
        "by_hour",
        "by_day",
        "heat",
        "sentiment",
        "latency",
    ] {
        assert_eq!(stats[part], all[part], "{part}");
    }
    let revenue = |tz: &str| format!("/api/clients/{smile}/revenue?{month}&tz={tz}");
    let usd = |minor: i64| json!({ "amount_minor": minor, "currency": "USD" });
    let berlin = stage.json(&revenue("Europe/Berlin")).await;
    assert_eq!(berlin["totals"], json!([usd(15_000)]));
    assert_eq!(
        berlin["by_day"],
        json!([{ "date": "2026-11-03", "amount": usd(15_000) }])
    );
    for zone in ["America/New_York", "Asia/Kolkata"] {
        let days = stage.json(&revenue(zone)).await["by_day"].clone();
        let sum: i64 = days
            .as_array()
            .unwrap()
            .iter()
            .map(|day| day["amount"]["amount_minor"].as_i64().unwrap())
            .sum();
        assert_eq!(sum, 15_000, "{zone}");
    }
    let new_york = stage.json(&revenue("America/New_York")).await;
    assert_eq!(
        new_york["by_day"][0],
        json!({ "date": "2026-11-02", "amount": usd(12_000) })
    );
    let part =
        format!("/api/clients/{smile}/revenue?from=2026-11-03T12:05:00Z&to=2026-11-03T12:15:00Z");
    assert_eq!(
        stage.json(&part).await["totals"],
        json!([usd(3_000)]),
        "parts of hours are counted from the calls"
    );

    for rest in ["stats", "calls", "revenue"] {
        let place = format!("/api/clients/{pipes}/{rest}");
        assert_eq!(
            problem(&bob.get(&place).await),
            (404, "not-found".into()),
            "{place}"
        );
        for parameter in [
            format!("client_id={smile}"),
            "unassigned=true".into(),
            "unassigned=false".into(),
            "limt=1".into(),
        ] {
            let answer = stage.get(&format!("{place}?{parameter}")).await;
            assert_eq!(
                problem(&answer),
                (400, "bad-parameter".into()),
                "{place}?{parameter}"
            );
        }
    }
    // A deleted client's calls and figures stay.
    assert_eq!(
        olivia.delete(&format!("/api/clients/{smile}")).await.status,
        204
    );
    let stats = stage
        .json(&format!("/api/clients/{smile}/stats?{month}"))
        .await;
    assert_eq!(stats["totals"]["calls"], 3);
    assert_eq!(
        stage.json(&revenue("UTC")).await["totals"],
        json!([usd(15_000)])
    );
}
