//! The list of calls: filters and pages.

use crate::{
    stage::Stage,
    story::{Story, analysis, at},
};
use chrono::TimeDelta;
use frontdesk_harness::eventually;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The names of the calls a list shows, by their rooms' order of arrival in `stories`.
async fn named(stage: &Stage, path: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for id in stage.ids(path).await {
        let one = stage.json(&format!("/api/calls/{id}")).await;
        names.insert(
            one["call"]["room_sid"]
                .as_str()
                .unwrap()
                .trim_start_matches("RM_")
                .to_owned(),
        );
    }
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn every_filter_gives_exactly_the_calls_it_names() {
    let stage = Stage::set().await;
    let smile = stage.reception().await;
    stage
        .business(stage.owner().id, "pipes", "+14155550124")
        .await;
    let stories = [
        Story {
            tenant: Some("tnt_smile"),
            report: analysis("success", "positive", Some(12_000)),
            recorded: true,
            ..Story::new("booked")
        },
        Story {
            dialled: "+14155550124",
            report: analysis("fail", "negative", None),
            left: Some((304, "hangup")),
            ..Story::new("upset")
        },
        Story {
            answered: None,
            left: Some((9, "hangup")),
            caller: "+442071234567",
            ..Story::new("gaveup")
        },
        Story {
            answered: None,
            left: Some((180, "ringing")),
            dialled: "+14155550199",
            started: at("2026-11-21T12:00:00Z"),
            ..Story::new("missed")
        },
        Story {
            left: None,
            started: at("2026-11-22T12:00:00Z"),
            report: Value::Null,
            ..Story::new("talking")
        },
        Story {
            left: None,
            answered: None,
            started: at("2026-11-22T12:01:00Z"),
            ..Story::new("ringing")
        },
        Story {
            outbound: true,
            caller: "+15105550177",
            started: at("2026-11-19T12:00:00Z"),
            ..Story::new("reminder")
        },
    ];
    let events: Vec<_> = stories.iter().flat_map(Story::events).collect();
    stage.tell(&events).await;

    let all = [
        "booked", "gaveup", "reminder", "ringing", "talking", "upset",
    ];
    let client = format!("client_id={smile}");
    for (filter, expected) in [
        ("", &all[..]),
        (
            client.as_str(),
            &["booked", "gaveup", "reminder", "ringing", "talking"],
        ),
        ("unassigned=false", &all[..]),
        ("from=2026-11-21T12:00:00Z", &["ringing", "talking"]),
        (
            "to=2026-11-21T12:00:00Z",
            &["booked", "gaveup", "reminder", "upset"],
        ),
        (
            "direction=inbound",
            &["booked", "gaveup", "ringing", "talking", "upset"],
        ),
        ("direction=outbound", &["reminder"]),
        ("direction=outbound&number=0177", &["reminder"]),
        ("direction=outbound&result=missed", &[]),
        (
            "from=2026-11-21T13:00:00%2B01:00&to=2026-11-22T12:01:00Z",
            &["talking"],
        ),
        ("number=207123", &["gaveup"]),
        ("number=%2B44", &["gaveup"]),
        ("number=0199", &[]),
        ("number=999", &[]),
        ("state=ended", &["booked", "gaveup", "reminder", "upset"]),
        ("state=live", &["talking"]),
        ("state=ringing", &["ringing"]),
        ("result=answered", &["booked", "reminder", "upset"]),
        ("result=abandoned", &["gaveup"]),
        ("result=missed", &[]),
        ("result=failed", &[]),
        ("outcome=success", &["booked"]),
        ("outcome=fail", &["upset"]),
        ("sentiment=negative", &["upset"]),
        ("sentiment=unknown", &["gaveup", "reminder"]),
        ("min_talk_ms=60001", &["upset"]),
        (
            "min_talk_ms=60000&max_talk_ms=60000",
            &["booked", "reminder"],
        ),
        ("has_recording=true", &["booked"]),
        (
            "has_recording=false&state=ended",
            &["gaveup", "reminder", "upset"],
        ),
        (
            "state=ended&result=answered&outcome=success&sentiment=positive&number=5105550100",
            &["booked"],
        ),
    ] {
        let expected: BTreeSet<String> = expected.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(
            named(&stage, &format!("/api/calls?{filter}")).await,
            expected,
            "{filter}"
        );
    }
    let refused = stage.get("/api/calls?unassigned=true").await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    let admin = stage.admin().await;
    let nobodys = admin.json("/api/calls?unassigned=true").await;
    let numbers: Vec<_> = nobodys["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| &call["dialled_number"])
        .collect();
    assert_eq!(numbers, ["+14155550199"]);
    assert_eq!(admin.ids("/api/calls").await, [""; 0], "their own account");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_says_who_called_whom() {
    let stage = Stage::set().await;
    stage.reception().await;
    let made = Story {
        outbound: true,
        caller: "+15105550177",
        ..Story::new("made")
    };
    let came = Story {
        started: at("2026-11-20T11:00:00Z"),
        ..Story::new("came")
    };
    stage.tell(&[made.events(), came.events()].concat()).await;
    let list = stage.json("/api/calls").await;
    let said = |n: usize| {
        let call = &list["items"][n];
        ["direction", "caller_number", "dialled_number"].map(|name| call[name].as_str().unwrap())
    };
    assert_eq!(said(0), ["outbound", "+15105550177", "+14155550123"]);
    assert_eq!(said(1), ["inbound", "+15105550100", "+14155550123"]);
    let id = list["items"][0]["id"].as_str().unwrap();
    let one = stage.json(&format!("/api/calls/{id}")).await;
    assert_eq!(one["call"]["direction"], "outbound");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_not_answered_with_what_its_owners_browser_is_just_reading() {
    let stage = Stage::set().await;
    let admin = stage.admin().await;
    let body = json!({ "name": "a test", "scopes": ["calls:read"] });
    let made = admin.post("/api/keys", &body).await.json();
    let key = made["key"].as_str().unwrap();
    for path in [
        "/api/calls?unassigned=true",
        "/api/stats?unassigned=true&tz=Asia/Kolkata",
    ] {
        // The browser's read waits for the lock, and an equal question waits with it.
        let mut client = stage.database.client().await;
        let lock = client.transaction().await.unwrap();
        let sql = "lock table calls.calls in access exclusive mode";
        lock.batch_execute(sql).await.unwrap();
        let browser = tokio::spawn({
            let admin = admin.clone();
            async move { admin.get(path).await.status }
        });
        let waiting = "select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'";
        eventually("the browser's read waits", async || {
            let count: i64 = stage.client.query_one(waiting, &[]).await.unwrap().get(0);
            (count > 0).then_some(())
        })
        .await;
        let request = stage.request(Method::GET, path).bearer_auth(key);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 403, "{path}");
        lock.rollback().await.unwrap();
        assert_eq!(browser.await.unwrap(), 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_each_call_once_while_others_arrive() {
    let stage = Stage::set().await;
    stage.reception().await;
    // All at the same instant: only the id orders them.
    let stories: Vec<_> = (0..25).map(|n| Story::new(&format!("tie{n}"))).collect();
    let events: Vec<_> = stories.iter().flat_map(Story::events).collect();
    stage.tell(&events).await;
    let all = stage.ids("/api/calls").await;
    assert_eq!(all.len(), 25);

    for filter in ["", "&state=ended"] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        for page in 0.. {
            let list = stage
                .json(&format!("/api/calls?limit=7{filter}{cursor}"))
                .await;
            let ids: Vec<_> = list["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned())
                .collect();
            assert!(ids.len() <= 7);
            seen.extend(ids);
            let late = Story {
                started: at("2026-11-23T12:00:00Z"),
                ..Story::new(&format!("late{page}{}", filter.len()))
            };
            stage.tell(&late.events()).await;
            match list["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        seen.retain(|id| all.contains(id));
        assert_eq!(seen, all, "in order, none twice, none missing");
    }
    // A page that ends exactly with the last call promises no other.
    let exact = stage
        .json(&format!(
            "/api/calls?limit=25&to={}",
            "2026-11-21T00:00:00Z"
        ))
        .await;
    assert_eq!(
        (
            exact["items"].as_array().unwrap().len(),
            &exact["next_cursor"]
        ),
        (25, &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_listed_newest_first_with_their_client() {
    let stage = Stage::set().await;
    let smile = stage.reception().await;
    let older = Story {
        started: at("2026-11-20T12:00:00Z") - TimeDelta::days(1),
        ..Story::new("older")
    };
    let newer = Story {
        caller: "anonymous",
        ..Story::new("newer")
    };
    stage.tell(&[older.events(), newer.events()].concat()).await;

    let list = stage.json("/api/calls").await;
    let [first, second] = list["items"].as_array().unwrap().as_slice() else {
        panic!("{list}")
    };
    assert_eq!(first["caller_number"], Value::Null);
    assert_eq!(second["client"]["id"], smile.to_string());
    assert_eq!(second["client"]["name"], "smile");
    assert_eq!(second["caller_number"], "+15105550100");
    assert_eq!(second["started_at"], "2026-11-19T12:00:00.000Z");
    assert_eq!(
        (&second["ring_ms"], &second["talk_ms"]),
        (&Value::from(4_000), &Value::from(60_000))
    );
    // The API looks at the checkpoints a few times a second, and may not have since.
    eventually("the API knows that nothing waits", async || {
        let freshness = stage.json("/api/calls").await["freshness"].clone();
        (freshness["lag_events"] == 0 && freshness["state"] == "live").then_some(())
    })
    .await;

    let clients = stage.json("/api/clients").await;
    assert_eq!(
        clients["items"][0]["numbers"],
        serde_json::json!(["+14155550123"])
    );
}
