//! LiveKit's webhooks: what is signed is stored, whatever it says.

use crate::stand::{
    KEY, OLD_KEY, OLD_SECRET, SECRET, Stand, counted, now, problem, signed, token, token_with,
};
use axum::http::StatusCode;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use frontdesk_events::StreamName;
use frontdesk_harness::fixtures;
use futures::{StreamExt as _, future, stream};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;

#[tokio::test]
async fn every_kind_of_delivery_is_stored_under_its_type_without_its_secrets() {
    let stand = Stand::start().await;
    let names = fixtures::names("livekit");
    assert!(names.len() > 20);
    for name in &names {
        let answer = stand.deliver(&fixtures::compact(name)).await;
        assert_eq!(answer.status(), StatusCode::OK, "{name}");
    }
    let stored = stand.stored(StreamName::Calls).await;
    assert_eq!(stored.len(), names.len());
    for (name, message) in names.iter().zip(&stored) {
        let sent: Value = serde_json::from_slice(&fixtures::compact(name)).unwrap();
        let envelope = &message.envelope;
        assert_eq!(envelope.id(), sent["id"], "{name}");
        assert_eq!(envelope.source(), format!("/livekit/{KEY}"), "{name}");
        assert_eq!(
            envelope.kind(),
            format!("io.livekit.{}", sent["event"].as_str().unwrap()),
            "{name}"
        );
        assert_eq!(envelope.content_type(), Some("application/json"), "{name}");
        assert!(
            envelope.time().is_some() && envelope.recorded_time().is_some(),
            "{name}"
        );
        let hash = hex::encode(Sha256::digest(fixtures::compact(name)));
        assert_eq!(envelope.extension("bodysha256"), Some(hash), "{name}");
        let text = String::from_utf8(envelope.data().to_vec()).unwrap();
        for secret in [
            "turnPassword",
            "FIXTUREturn",
            "FIXTURE-STREAM",
            "streamKey",
            "accessKey",
            "\"secret\"",
        ] {
            assert!(
                !text.contains(secret),
                "{name} still holds {secret}: {text}"
            );
        }
        let kept: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(kept["event"], sent["event"], "{name}");
        assert_eq!(kept["participant"], sent["participant"], "{name}");
        assert_eq!(kept["track"], sent["track"], "{name}");
        assert_eq!(kept["room"]["metadata"], sent["room"]["metadata"], "{name}");
    }
    let joined = &stored[names
        .iter()
        .position(|name| name.contains("02-participant_joined"))
        .unwrap()];
    assert_eq!(joined.envelope.subject(), Some("RM_4hWq9sXnB2Ld"));
    assert_eq!(
        joined.envelope.partition_key().as_deref(),
        Some("call_+15105550100_7rVqLm3TzKpX")
    );
    assert!(
        joined.subject.ends_with(".livekit.participant_joined"),
        "{}",
        joined.subject
    );
}

#[tokio::test]
async fn a_body_without_secrets_is_stored_byte_for_byte() {
    let stand = Stand::start().await;
    let body = br#"{ "event":"room_finished",  "id":"EV_1","room":{"name":"r","sid":"RM_1","big":12345678901234567890123, "f":1.0},"a":1,"a":2 }"#;
    assert_eq!(stand.deliver(body).await.status(), StatusCode::OK);
    assert_eq!(stand.only(StreamName::Calls).await.envelope.data(), body);
}

#[tokio::test]
async fn a_signature_that_is_not_livekits_is_refused_and_counted() {
    let stand = Stand::start().await;
    let body = fixtures::compact("livekit/01-room_started.json");
    let hash = STANDARD.encode(Sha256::digest(&body));
    let claims =
        |expires: i64| json!({"iss": KEY, "nbf": now() - 600, "exp": expires, "sha256": hash});
    let without_expiry = json!({"iss": KEY, "nbf": now() - 5, "sha256": hash});
    let with_grant = json!({"iss": KEY, "exp": now() + 300, "sha256": hash, "video": {"roomJoin": true, "room": "r"}});
    for (reason, authorization) in [
        ("missing_token", None),
        ("malformed_token", Some("x".to_owned())),
        (
            "wrong_secret",
            Some(token(KEY, "another secret", 300, &body)),
        ),
        ("unknown_key", Some(token("APIforeign", SECRET, 300, &body))),
        (
            "altered_body",
            Some(token(KEY, SECRET, 300, b"another body")),
        ),
        (
            "expired_token",
            Some(token_with(SECRET, &claims(now() - 300))),
        ),
        (
            "token_valid_too_long",
            Some(token_with(SECRET, &claims(now() + 3600))),
        ),
        ("malformed_token", Some(token_with(SECRET, &without_expiry))),
        ("token_with_grant", Some(token_with(SECRET, &with_grant))),
        (
            "token_without_hash",
            Some(token_with(SECRET, &json!({"iss": KEY, "exp": now() + 300}))),
        ),
    ] {
        let before = counted(&["ingest_rejected_total", "livekit", reason]).await;
        let headers: Vec<(&str, &str)> = authorization
            .as_deref()
            .map(|value| ("authorization", value))
            .into_iter()
            .collect();
        let (status, document) = problem(
            stand
                .post("/webhooks/livekit", &headers, body.clone())
                .await,
        )
        .await;
        assert_eq!((status, document["reason"].as_str()), (401, Some(reason)));
        assert!(
            counted(&["ingest_rejected_total", "livekit", reason]).await > before,
            "{reason}"
        );
    }
    assert_eq!(stand.count(StreamName::Calls).await, 0);
}

#[tokio::test]
async fn the_secret_before_a_rotation_is_still_good_and_is_another_source() {
    let stand = Stand::start().await;
    let body = fixtures::compact("livekit/01-room_started.json");
    let bare = token(OLD_KEY, OLD_SECRET, 300, &body);
    for authorization in [bare.clone(), format!("Bearer {bare}")] {
        let headers = [("authorization", authorization.as_str())];
        assert_eq!(
            stand
                .post("/webhooks/livekit", &headers, body.clone())
                .await
                .status(),
            StatusCode::OK
        );
    }
    assert_eq!(
        stand.only(StreamName::Calls).await.envelope.source(),
        format!("/livekit/{OLD_KEY}")
    );
}

#[tokio::test]
async fn what_is_signed_and_odd_is_stored_as_it_came() {
    let stand = Stand::start().await;
    let deep = format!(
        r#"{{"event":"room_started","id":"EV_deep","x":{}{}}}"#,
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    let odd: Vec<(&str, Vec<u8>)> = vec![
        ("unparsable", b"".to_vec()),
        ("unparsable", b"not json".to_vec()),
        ("unparsable", b"{\"event\":\"room_started\"".to_vec()),
        ("unparsable", b"\xff\xfe{}".to_vec()),
        ("unparsable", b"[1,2,3]".to_vec()),
        ("unparsable", br#"{"event":7,"id":"EV_7"}"#.to_vec()),
        ("call_answered", br#"{"event":"call_answered","id":"EV_a","new":{"deep":[1]}}"#.to_vec()),
        ("participant_left", br#"{"event":"participant_left","id":"EV_b","participant":{"disconnectReason":"NEW","kind":999}}"#.to_vec()),
        ("room_started", br#"{"event":"room_started","id":"EV_c","room":{"name":"nul\u0000name","sid":"RM\u0000"}}"#.to_vec()),
        ("room_started", br#"{"event":"room_started","id":"EV_d","room":{"name":"\ud800","metadata":"\udfff"}}"#.to_vec()),
        ("room_started", br#"{"event":"room_started","id":"EV_e","createdAt":"0"}"#.to_vec()),
        ("room_started", br#"{"event":"room_started","id":"EV_f","createdAt":"253402300799"}"#.to_vec()),
        ("room_started", br#"{"event":"room_started","id":"EV_g","createdAt":"99999999999999999999"}"#.to_vec()),
        ("room_started", br#"{"event":"room_started","id":"EV_h","createdAt":1e400,"room":{"creationTimeMs":-5}}"#.to_vec()),
        ("room_started", br#"{"event":"room_started","id":"","room":null,"room":{"name":"twice"}}"#.to_vec()),
        ("room_started", deep.into_bytes()),
    ];
    for (_, body) in &odd {
        let status = stand.deliver(body).await.status();
        assert_eq!(
            status,
            StatusCode::OK,
            "{}",
            String::from_utf8_lossy(&body[..body.len().min(80)])
        );
    }
    let stored = stand.stored(StreamName::Calls).await;
    assert_eq!(stored.len(), odd.len());
    for ((kind, body), message) in odd.iter().zip(&stored) {
        assert_eq!(message.envelope.kind(), format!("io.livekit.{kind}"));
        assert_eq!(message.envelope.data(), body.as_slice());
    }
    let times: Vec<_> = stored[10..14]
        .iter()
        .map(|message| message.envelope.time().map(|t| t.timestamp()))
        .collect();
    // Protobuf leaves a zero out, so one that is written means no time either.
    assert_eq!(times, [None, Some(253_402_300_799), None, None]);
}

#[tokio::test]
async fn hostile_names_and_headers_stay_inside_their_attributes() {
    let stand = Stand::start().await;
    let long = "x".repeat(10_000);
    let hostile = [
        "a.b.>",
        "*",
        "x\r\nNats-Rollup: all\r\n\r\n",
        " ",
        "%00%0d%0a",
        "ß😀",
        long.as_str(),
    ];
    for name in hostile {
        let body =
            json!({"event": name, "id": format!("EV {name}"), "room": {"name": name, "sid": name}})
                .to_string();
        let authorization = signed(body.as_bytes());
        let headers = [
            ("authorization", authorization.as_str()),
            ("nats-msg-id", "forged"),
            ("nats-rollup", "all"),
            ("nats-expected-last-sequence", "99"),
            ("ce-id", "forged"),
            ("ce-nats-msg-id", "forged"),
            ("ce-type", "com.paypal.payment.sale.completed"),
        ];
        let answer = stand
            .post("/webhooks/livekit", &headers, body.clone())
            .await;
        assert_eq!(answer.status(), StatusCode::OK, "{:.40}", name);
    }
    let stored = stand.stored(StreamName::Calls).await;
    assert_eq!(stored.len(), hostile.len());
    for (name, message) in hostile.iter().zip(&stored) {
        let tokens: Vec<_> = message.subject.split('.').collect();
        assert_eq!(tokens.len(), 4, "{}", message.subject);
        assert!(
            message.subject.len() < 120 && !message.subject.contains(['*', '>', ' ', '\r', '\n'])
        );
        let key = message.envelope.partition_key().unwrap();
        assert!(key == *name || key.starts_with("sha256:"), "{key:.40}");
        assert!(message.envelope.kind().starts_with("io.livekit."));
        for header in &message.headers {
            let ours = header.starts_with("ce-")
                || ["content-type", "Nats-Msg-Id"].contains(&header.as_str())
                || header.starts_with("Nats-Batch-");
            assert!(ours, "{header}");
        }
        let data: Value = serde_json::from_slice(message.envelope.data()).unwrap();
        assert_eq!(data["room"]["name"], *name);
    }
}

#[tokio::test]
async fn one_delivery_a_thousand_times_at_once_is_stored_once() {
    let stand = Stand::start().await;
    let body = fixtures::compact("livekit/02-participant_joined-sip.json");
    let answers = future::join_all((0..1000).map(|_| stand.deliver(&body))).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.status() == StatusCode::OK)
    );
    assert_eq!(stand.count(StreamName::Calls).await, 1);
}

#[tokio::test]
async fn many_deliveries_at_once_are_each_stored_once_in_batches() {
    let stand = Stand::start().await;
    let bodies: Vec<_> = (0..2000)
        .map(|n| json!({"event": "room_started", "id": format!("EV_{n}"), "room": {"name": format!("r{n}")}}).to_string())
        .collect();
    let deliveries = stream::iter(&bodies).map(|body| stand.deliver(body.as_bytes()));
    let statuses: Vec<_> = deliveries
        .buffer_unordered(256)
        .map(|answer| answer.status())
        .collect()
        .await;
    assert!(statuses.iter().all(|status| *status == StatusCode::OK));
    let stored = stand.stored(StreamName::Calls).await;
    let ids: HashSet<_> = stored
        .iter()
        .map(|message| message.envelope.id().to_owned())
        .collect();
    assert_eq!((stored.len(), ids.len()), (bodies.len(), bodies.len()));
    let batched = stored
        .iter()
        .filter(|message| message.headers.iter().any(|name| name == "Nats-Batch-Id"))
        .count();
    assert!(
        batched > bodies.len() / 2,
        "only {batched} travelled in batches"
    );
}

#[tokio::test]
async fn the_largest_body_is_stored_and_one_beyond_it_refused() {
    let stand = Stand::start().await;
    let fill = |size: usize| {
        let frame = r#"{"event":"room_started","id":"EV_1","x":""}"#;
        frame.replace("\"\"", &format!("\"{}\"", "x".repeat(size - frame.len())))
    };
    for size in [1024 * 1024 + 1, 3 * 1024 * 1024, 3 * 1024 * 1024 + 1] {
        let (status, document) = problem(stand.deliver(fill(size).as_bytes()).await).await;
        assert_eq!(
            (status, document["reason"].as_str()),
            (413, Some("too_large")),
            "{size}"
        );
    }
    assert_eq!(stand.count(StreamName::Calls).await, 0);
    let largest = fill(1024 * 1024);
    assert_eq!(
        stand.deliver(largest.as_bytes()).await.status(),
        StatusCode::OK
    );
    assert_eq!(
        stand.only(StreamName::Calls).await.envelope.data().len(),
        largest.len()
    );
}

#[tokio::test]
async fn an_event_that_is_too_large_with_its_metadata_is_stored_without_it() {
    let stand = Stand::start().await;
    // LiveKit's bounds, in text that JSON makes twice as long.
    let metadata = "\"".repeat(512 * 1024);
    let mut sent: Value =
        serde_json::from_slice(&fixtures::compact("livekit/02-participant_joined-sip.json"))
            .unwrap();
    for holder in ["room", "participant"] {
        sent[holder]["metadata"] = metadata.as_str().into();
    }
    sent["participant"]["attributes"]["own"] = "\"".repeat(63 * 1024).into();
    let body = sent.to_string().into_bytes();
    assert!(body.len() > 2 * 1024 * 1024);
    assert_eq!(stand.deliver(&body).await.status(), StatusCode::OK);
    let stored = stand.only(StreamName::Calls).await.envelope;
    let hash = hex::encode(Sha256::digest(&body));
    assert_eq!(stored.extension("bodysha256"), Some(hash));
    assert_eq!(stored.id(), sent["id"]);
    let kept: Value = serde_json::from_slice(stored.data()).unwrap();
    for holder in ["room", "participant"] {
        sent[holder].as_object_mut().unwrap().remove("metadata");
    }
    sent["room"].as_object_mut().unwrap().remove("turnPassword");
    assert_eq!(kept, sent);
}

#[tokio::test]
async fn a_large_body_must_be_signed_as_a_whole() {
    let stand = Stand::start().await;
    let body = |last: char| {
        let metadata = format!("{}{last}", "x".repeat(2 * 1024 * 1024));
        json!({"event": "room_started", "id": "EV_1", "room": {"metadata": metadata}}).to_string()
    };
    let signed = signed(body('a').as_bytes());
    let headers = [("authorization", signed.as_str())];
    let answer = stand.post("/webhooks/livekit", &headers, body('b')).await;
    let (status, document) = problem(answer).await;
    assert_eq!(
        (status, document["reason"].as_str()),
        (401, Some("altered_body"))
    );
    let answer = stand.post("/webhooks/livekit", &headers, body('a')).await;
    assert_eq!(answer.status(), StatusCode::OK);
}
