//! Dead letters as administrators see them: by cause, one by one, and what they ask to be done.

use crate::{person::Person, stage::Stage, story::Story};
use frontdesk_events::{
    StreamName,
    catalogue::account,
    nats::{DeadLetter, Role},
};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const PATH: &str = "/api/admin/dead-letters";

/// As the projection writes it about an event of the stream.
async fn letter(stage: &Stage, sequence: u64, reason: &str, reader: &str) {
    DeadLetter::new(sequence, reason)
        .publish(
            &stage.connection,
            Role::Projector,
            StreamName::Calls,
            reader,
        )
        .await
        .unwrap();
}

async fn asked(stage: &Stage, kind: &str) -> Vec<Value> {
    let sql = "select data::text from account.outbox where kind = $1 order by id";
    let rows = stage.client.query(sql, &[&kind]).await.unwrap();
    let text = |row: &tokio_postgres::Row| serde_json::from_str(row.get(0)).unwrap();
    rows.iter().map(text).collect()
}

async fn act(admin: &Person, place: u64, act: &str) -> (u16, Value) {
    let path = format!("{PATH}/{place}/{act}");
    let answer = admin.post(&path, &json!({ "reason": "ticket 4711" })).await;
    (answer.status, answer.json())
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_grouped_by_cause_and_listed_newest_first() {
    let stage = Stage::set().await;
    let admin = stage.admin().await;
    let none = admin.json(PATH).await;
    assert_eq!((&none["total"], &none["items"]), (&json!(0), &json!([])));
    stage.reception().await;
    stage.tell(&Story::new("first").events()).await;
    for place in 1..=4 {
        let reason = format!("expected value at line {place} column 7");
        letter(&stage, place, &reason, "calls").await;
    }
    letter(&stage, 5, "no such room", "calls").await;

    let all = admin.json(&format!("{PATH}?limit=2")).await;
    assert_eq!(all["total"], 5);
    assert_eq!(all["is_partial"], false);
    let groups = all["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    assert_eq!(groups[0]["cause"], "expected value at line … column …");
    assert_eq!(
        (&groups[0]["count"], &groups[1]["count"]),
        (&json!(4), &json!(1))
    );
    let newest = &all["items"][0];
    assert_eq!(
        (&newest["sequence"], &newest["stream_sequence"]),
        (&json!(5), &json!(5))
    );
    assert_eq!(
        (&newest["stream"], &newest["reader"]),
        (&json!("CALLS"), &json!("calls"))
    );
    assert_eq!(newest["reason"], "no such room");
    assert_eq!(newest["source"], "/livekit/devkey");
    assert!(
        newest["event_type"]
            .as_str()
            .unwrap()
            .starts_with("io.livekit.")
    );
    assert_eq!(
        newest["redrive"],
        json!({ "possible": true, "why_not": null })
    );

    let places = async |query: &str| -> Vec<u64> {
        let page = admin.json(&format!("{PATH}{query}")).await;
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["sequence"].as_u64().unwrap())
            .collect()
    };
    let cursor = all["next_cursor"].as_str().unwrap();
    assert_eq!(places(&format!("?limit=2&cursor={cursor}")).await, [3, 2]);
    assert_eq!(places("?limit=2&cursor=2").await, [1]);
    let group = groups[0]["group"].as_str().unwrap();
    assert_eq!(places(&format!("?group={group}")).await, [4, 3, 2, 1]);
    for bad in ["?cursor=x", "?cursor=-1", "?group=abc", "?limit=0", "?x=1"] {
        assert_eq!(
            admin.get(&format!("{PATH}{bad}")).await.status,
            400,
            "{bad}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_into_a_letter_leaves_a_trace() {
    let stage = Stage::set().await;
    let admin = stage.admin().await;
    stage.reception().await;
    stage.tell(&Story::new("seen").events()).await;
    letter(&stage, 2, "refused", "calls").await;
    let seen = admin.json(&format!("{PATH}/1")).await;
    assert_eq!(seen["letter"]["reason"], "refused");
    let body: Value = serde_json::from_str(seen["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["event"], "participant_joined");
    assert_eq!(seen["body_bytes"], seen["body"].as_str().unwrap().len());
    assert_eq!(
        (&seen["is_cut"], &seen["is_text"]),
        (&json!(false), &json!(true))
    );
    let headers = seen["headers"].as_array().unwrap();
    let has = |name: &str| {
        let named = |header: &Value| header["name"].as_str().unwrap().eq_ignore_ascii_case(name);
        headers.iter().any(named)
    };
    assert!(has("ce-id") && has("ce-type"), "{headers:?}");
    let audit = admin.json("/api/admin/audit").await;
    let entry = &audit["items"][0];
    assert_eq!(entry["act"], "dead_letter.viewed");
    assert_eq!(entry["subject"], "CALLS-2-calls");
    assert_eq!(entry["actor"]["id"], admin.id.to_string());
    for (place, status) in [
        ("2", 404),
        ("0", 400),
        ("x", 400),
        ("99999999999999999999", 400),
    ] {
        let answer = admin.get(&format!("{PATH}/{place}")).await;
        assert_eq!(answer.status, status, "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_body_is_cut_and_what_is_no_text_is_shown_as_such() {
    let mut stage = Stage::set().await;
    // It would write letters of its own about these.
    stage.stop_projector();
    let admin = stage.admin().await;
    let story = Story::new("long");
    let long = story.report("call.transcript", 1, json!({ "note": "ü".repeat(100_000) }));
    let odd = story
        .webhook("room_started", 0, json!({}))
        .with_data("application/octet-stream", vec![0xff, 0xfe, b'x', 0]);
    stage.publish(&[long, odd]).await;
    letter(&stage, 1, "too long", "calls").await;
    letter(&stage, 2, "no text", "calls").await;
    let seen = admin.json(&format!("{PATH}/1")).await;
    assert_eq!(
        (&seen["is_cut"], &seen["is_text"]),
        (&json!(true), &json!(true))
    );
    assert!(seen["body"].as_str().unwrap().len() <= 64 * 1024 + 3);
    assert!(seen["body_bytes"].as_u64().unwrap() > 200_000);
    let seen = admin.json(&format!("{PATH}/2")).await;
    assert_eq!(
        (&seen["is_text"], &seen["body_bytes"]),
        (&json!(false), &json!(4))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_is_written_down_with_its_reason() {
    let stage = Stage::set().await;
    let admin = stage.admin().await;
    stage.reception().await;
    stage.tell(&Story::new("again").events()).await;
    letter(&stage, 1, "refused", "calls").await;
    letter(&stage, 2, "refused", "nobody").await;
    assert_eq!(act(&admin, 1, "redrive").await, (202, json!({})));
    let wanted = json!({ "sequence": 1, "letter_id": "CALLS-1-calls", "by": admin.id });
    assert_eq!(asked(&stage, account::REDRIVE_REQUESTED).await, [wanted]);
    let (status, problem) = act(&admin, 2, "redrive").await;
    assert_eq!(status, 409);
    assert_eq!(problem["type"], "urn:frontdesk:problem:not-redrivable");
    let page = admin.json(PATH).await;
    assert_eq!(page["items"][0]["redrive"]["possible"], false);
    assert_eq!(page["items"][0]["redrive"]["why_not"], problem["detail"]);
    assert_eq!(asked(&stage, account::REDRIVE_REQUESTED).await.len(), 1);

    assert_eq!(act(&admin, 2, "discard").await, (202, json!({})));
    assert_eq!(asked(&stage, account::DISCARD_REQUESTED).await.len(), 1);
    let audit = admin.json("/api/admin/audit").await;
    assert_eq!(audit["items"][0]["act"], "dead_letter.discarded");
    assert_eq!(
        audit["items"][0]["detail"],
        json!({ "sequence": 2, "reason": "ticket 4711" })
    );
    assert_eq!(audit["items"][1]["act"], "dead_letter.redriven");

    assert_eq!(act(&admin, 3, "redrive").await.0, 404);
    let path = format!("{PATH}/1/redrive");
    assert_eq!(
        admin.post(&path, &json!({ "reason": " " })).await.status,
        422
    );
    // Throwing away wants a fresh proof; trying again does not.
    let sql = "update account.sessions set proven_at = now() - interval '1 hour'";
    stage.execute(sql).await;
    assert_eq!(act(&admin, 1, "discard").await.0, 403);
    assert_eq!(act(&admin, 1, "redrive").await.0, 202);
    let nobody = stage.sign_in(stage.newcomer("nobody").await).await;
    for method in [Method::GET, Method::POST] {
        let path = format!("{PATH}/{}", Uuid::new_v4());
        let answer = nobody.request(method, &path).send().await.unwrap();
        assert!(matches!(answer.status().as_u16(), 403 | 405));
    }
}
