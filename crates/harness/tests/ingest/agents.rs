//! Agents' CloudEvents in every mode, and what an agent may not say.

use crate::stand::{AGENT, KEY, SECRET, Stand, agent, counted, now, problem, token_with};
use axum::http::StatusCode;
use frontdesk_events::{StreamName, catalogue::account};
use serde_json::{Value, json};

pub const JSON: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";

pub fn data() -> Value {
    json!({"callId": "SCL_1", "roomSid": "RM_1", "roomName": "call_1", "answeredAt": 1_795_194_243.24})
}

/// An answered call in the JSON format, with members replaced or, by null, left out.
pub fn event(changes: &Value) -> Value {
    let mut event = json!({
        "specversion": "1.0", "id": "AJ_1:answered", "source": format!("/agents/{AGENT}"),
        "type": "dev.frontdesk.call.answered.v1", "subject": "SCL_1", "time": "2026-11-20T17:04:03.24Z",
        "data": data(),
    });
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            event.as_object_mut().unwrap().remove(name);
        } else {
            event[name] = value.clone();
        }
    }
    event
}

pub async fn send(stand: &Stand, media: &str, body: &str) -> reqwest::Response {
    stand
        .post(
            "/events",
            &[("authorization", &agent()), ("content-type", media)],
            body.to_owned(),
        )
        .await
}

/// Sends one event in binary mode with these further headers.
async fn send_binary(stand: &Stand, headers: &[(&str, &str)]) -> reqwest::Response {
    send_binary_with(stand, headers, &data().to_string()).await
}

pub async fn send_binary_with(
    stand: &Stand,
    headers: &[(&str, &str)],
    body: &str,
) -> reqwest::Response {
    let authorization = agent();
    let source = format!("/agents/{AGENT}");
    let mut all = vec![
        ("authorization", authorization.as_str()),
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "AJ_1:answered"),
        ("ce-source", source.as_str()),
        ("ce-type", "dev.frontdesk.call.answered.v1"),
    ];
    all.retain(|(name, _)| !headers.iter().any(|(other, _)| other == name));
    all.extend(headers.iter().filter(|(_, value)| *value != "(none)"));
    stand.post("/events", &all, body.to_owned()).await
}

#[tokio::test]
async fn all_three_modes_store_the_same_event_once() {
    let stand = Stand::start().await;
    let one = event(&json!({}));
    assert_eq!(
        send(
            &stand,
            "Application/CloudEvents+JSON; charset=UTF-8",
            &one.to_string()
        )
        .await
        .status(),
        StatusCode::OK
    );
    assert_eq!(
        send(&stand, BATCH, &json!([one, one]).to_string())
            .await
            .status(),
        StatusCode::OK
    );
    let subject = [
        ("ce-subject", "SCL_1"),
        ("ce-time", "2026-11-20T17:04:03.24Z"),
    ];
    assert_eq!(send_binary(&stand, &subject).await.status(), StatusCode::OK);
    let stored = stand.only(StreamName::Calls).await;
    let envelope = &stored.envelope;
    assert_eq!(
        (envelope.id(), envelope.subject()),
        ("AJ_1:answered", Some("SCL_1"))
    );
    assert_eq!(envelope.partition_key().as_deref(), Some("call_1"));
    assert_eq!(envelope.content_type(), Some("application/json"));
    assert_eq!(
        serde_json::from_slice::<Value>(envelope.data()).unwrap(),
        data()
    );
    assert!(
        stored.subject.ends_with(".agent.call-answered-v1"),
        "{}",
        stored.subject
    );
}

#[tokio::test]
async fn data_stays_the_bytes_that_came() {
    let stand = Stand::start().await;
    let source = format!("/agents/{AGENT}");
    let head = format!(
        r#""specversion":"1.0","source":"{source}","type":"com.example.thing","subject":"s""#
    );
    let cases: [(&str, &str, &[u8]); 5] = [
        (
            "json",
            r#""data": {"n":12345678901234567890123, "f":1.0,"a":1,"a":2,"s":"\ud800"}"#,
            br#"{"n":12345678901234567890123, "f":1.0,"a":1,"a":2,"s":"\ud800"}"#,
        ),
        (
            "text",
            r#""datacontenttype":"text/plain","data":"a\u0000\"b""#,
            b"a\0\"b",
        ),
        (
            "text-in-json",
            r#""datacontenttype":"application/json","data":"a""#,
            br#""a""#,
        ),
        (
            "binary",
            r#""datacontenttype":"application/octet-stream","data_base64":"/wD+""#,
            b"\xff\x00\xfe",
        ),
        ("nothing", r#""data":null"#, b""),
    ];
    for (id, members, _) in &cases {
        let body = format!(r#"{{"id":"{id}",{head},{members}}}"#);
        assert_eq!(
            send(&stand, JSON, &body).await.status(),
            StatusCode::OK,
            "{id}"
        );
    }
    let stored = stand.stored(StreamName::Calls).await;
    for ((id, _, expected), message) in cases.iter().zip(&stored) {
        assert_eq!(
            (message.envelope.id(), message.envelope.data()),
            (*id, *expected)
        );
    }
}

#[tokio::test]
async fn header_values_are_decoded_once_and_must_be_utf_8() {
    let stand = Stand::start().await;
    for (id, value, expected) in [
        ("1", "plain", "plain"),
        ("2", "Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ("3", "%2541", "%41"),
        ("4", "\"quoted \\\" %41\"", "quoted \" A"),
        ("5", "100%", "100%"),
        (
            "6",
            "line%0D%0ANats-Rollup:%20all",
            "line\r\nNats-Rollup: all",
        ),
    ] {
        let answer = send_binary(&stand, &[("ce-id", id), ("ce-subject", value)]).await;
        assert_eq!(answer.status(), StatusCode::OK, "{value}");
        let stored = stand.stored(StreamName::Calls).await;
        assert_eq!(stored.last().unwrap().envelope.subject(), Some(expected));
        assert!(
            stored
                .last()
                .unwrap()
                .headers
                .iter()
                .all(|name| name != "Nats-Rollup")
        );
    }
    for bad in ["%C0%A0", "%FF", "%ED%A0%80"] {
        let (status, document) = problem(send_binary(&stand, &[("ce-subject", bad)]).await).await;
        assert_eq!(
            (status, document["reason"].as_str()),
            (400, Some("not_a_cloudevent")),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn data_in_another_charset_is_refused_and_counted() {
    let stand = Stand::start().await;
    let words = ["ingest_rejected_total", "agent", "\"charset\""];
    let before = counted(&words).await;
    for media in [
        "application/json; charset=iso-8859-1",
        "application/json;Charset=\"UTF-16\"",
        "text/plain; charset='windows-1252'",
    ] {
        let answer = send_binary(&stand, &[("content-type", media)]).await;
        let (status, document) = problem(answer).await;
        assert_eq!(
            (status, document["reason"].as_str()),
            (415, Some("charset")),
            "{media}"
        );
        let detail = document["detail"].as_str().unwrap();
        assert!(detail.contains("charset than UTF-8"), "{detail}");
    }
    assert!(counted(&words).await >= before + 3);
    assert_eq!(stand.count(StreamName::Calls).await, 0);
    for (id, media) in [
        ("1", "application/json; charset=\"Utf-8\""),
        ("2", "application/json;charset=US-ASCII"),
        ("3", "text/plain"),
    ] {
        let own = [
            ("ce-id", id),
            ("ce-type", "com.example.thing"),
            ("content-type", media),
        ];
        let answer = send_binary(&stand, &own).await;
        assert_eq!(answer.status(), StatusCode::OK, "{media}");
    }
}

#[tokio::test]
async fn what_is_not_a_cloudevent_is_refused_by_name() {
    let stand = Stand::start().await;
    for (changes, named) in [
        (json!({"specversion": null}), "specversion"),
        (json!({"specversion": "0.3"}), "specversion"),
        (json!({"id": null}), "id"),
        (json!({"id": ""}), "id"),
        (json!({"source": null}), "source"),
        (json!({"type": ""}), "type"),
        (json!({"time": "2018-19-12T22:20:32.000Z"}), "time"),
        (json!({"time": 5}), "time"),
        (json!({"subject": ""}), "subject"),
        (json!({"dataschema": "not a uri"}), "dataschema"),
        (json!({"Upper": "x"}), "Upper"),
        (json!({"nats-msg-id": "x"}), "nats-msg-id"),
        (json!({"under_score": "x"}), "under_score"),
        (json!({"a".repeat(65): "x"}), &*"a".repeat(64)),
        // Its own attributes are strings in JSON.
        (json!({"id": 42}), "id"),
        (json!({"source": true}), "source"),
        (json!({"type": 7}), "type"),
        (json!({"subject": false}), "subject"),
        (json!({"ext": {"a": 1}}), "ext"),
        (json!({"ext": "x".repeat(5000)}), "ext"),
        (json!({"data_base64": "/wD+"}), "data"),
        (
            json!({"data": null, "data_base64": "no base64!"}),
            "data_base64",
        ),
    ] {
        let (status, document) =
            problem(send(&stand, JSON, &event(&changes).to_string()).await).await;
        assert_eq!(
            (status, document["reason"].as_str()),
            (400, Some("not_a_cloudevent")),
            "{changes}"
        );
        assert!(
            document["detail"].as_str().unwrap().contains(named),
            "{document}"
        );
    }
    for body in [
        "",
        "not json",
        "[]",
        "7",
        "{\"id\":",
        "{\"id\":\"1\",\"id\":\"2\"}",
        "\u{feff}{}",
    ] {
        assert_eq!(
            problem(send(&stand, JSON, body).await).await.0,
            400,
            "{body}"
        );
    }
    for headers in [
        [("ce-nats-msg-id", "forged")],
        [("ce-id", "(none)")],
        [("ce-time", "2018-19-12T22:20:32.000Z")],
        [("ce-data", "x")],
        [("ce-specversion", "2.0")],
    ] {
        assert_eq!(
            problem(send_binary(&stand, &headers).await).await.0,
            400,
            "{headers:?}"
        );
    }
    for media in [
        "application/json",
        "text/plain",
        "application/cloudevents+avro",
        "application/cloudevents",
    ] {
        assert_eq!(
            problem(send(&stand, media, &event(&json!({})).to_string()).await)
                .await
                .0,
            415,
            "{media}"
        );
    }
    assert_eq!(stand.count(StreamName::Calls).await, 0);
}

#[tokio::test]
async fn extensions_may_have_long_names_and_be_numbers() {
    let stand = Stand::start().await;
    let name = "a".repeat(64);
    let long = event(&json!({ name.as_str(): "x", "attempt": 3, "final": true }));
    let answer = send(&stand, JSON, &long.to_string()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let stored = stand.stored(StreamName::Calls).await;
    let kept = |name: &str| stored[0].envelope.extension(name).unwrap();
    assert_eq!(
        (kept(&name), kept("attempt"), kept("final")),
        ("x".into(), "3".into(), "true".into())
    );
}

#[tokio::test]
async fn an_agent_may_send_no_fact_about_accounts() {
    let stand = Stand::start().await;
    for fact in account::TYPES {
        for kind in [fact.kind.to_owned(), fact.kind.to_uppercase()] {
            let body = event(&json!({"type": kind})).to_string();
            let (status, document) = problem(send(&stand, JSON, &body).await).await;
            assert_eq!(
                (status, document["reason"].as_str()),
                (403, Some("reserved_type")),
                "{kind}"
            );
        }
    }
    for stream in [StreamName::Calls, StreamName::Accounts] {
        assert_eq!(stand.count(stream).await, 0);
    }
}

#[tokio::test]
async fn an_agent_speaks_in_its_own_name_alone() {
    let stand = Stand::start().await;
    for (changes, reason) in [
        (json!({"source": "/agents/another"}), "foreign_source"),
        (
            json!({"source": format!("/agents/{AGENT}/x")}),
            "foreign_source",
        ),
        (json!({"source": "/livekit/APItest"}), "foreign_source"),
        (
            json!({"type": "io.livekit.participant_joined"}),
            "reserved_type",
        ),
        (json!({"type": "IO.LiveKit.room_started"}), "reserved_type"),
        (
            json!({"type": "com.paypal.payment.sale.completed"}),
            "reserved_type",
        ),
        (
            json!({"type": "dev.frontdesk.account.changed.v1"}),
            "reserved_type",
        ),
        (
            json!({"type": "dev.frontdesk.dead_letter.v1"}),
            "reserved_type",
        ),
        (
            json!({"type": "Dev.Frontdesk.call.analysed.v2"}),
            "reserved_type",
        ),
    ] {
        let (status, document) =
            problem(send(&stand, JSON, &event(&changes).to_string()).await).await;
        assert_eq!(
            (status, document["reason"].as_str()),
            (403, Some(reason)),
            "{changes}"
        );
    }
    let claims = |extra: Value| {
        let mut claims = json!({"iss": KEY, "sub": AGENT, "exp": now() + 300});
        for (name, value) in extra.as_object().unwrap() {
            claims[name] = value.clone();
        }
        token_with(SECRET, &claims)
    };
    for (reason, token) in [
        ("token_without_name", claims(json!({"sub": ""}))),
        (
            "participants_token",
            claims(json!({"video": {"roomJoin": true, "room": "call_1"}})),
        ),
        ("expired_token", claims(json!({"exp": now() - 300}))),
        ("unknown_key", claims(json!({"iss": "APIforeign"}))),
        (
            "wrong_secret",
            token_with(
                "wrong",
                &json!({"iss": KEY, "sub": AGENT, "exp": now() + 300}),
            ),
        ),
        ("malformed_token", "x".into()),
    ] {
        let headers = [
            ("authorization", format!("Bearer {token}")),
            ("content-type", JSON.to_owned()),
        ];
        let headers = headers
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let answer = stand
            .post("/events", &headers, event(&json!({})).to_string())
            .await;
        assert!(answer.headers().contains_key("www-authenticate"));
        let (status, document) = problem(answer).await;
        assert_eq!((status, document["reason"].as_str()), (401, Some(reason)));
        let detail = document["detail"].as_str().unwrap();
        for word in ["LIVEKIT_API_SECRET", "LIVEKIT_API_KEY", "the agent's name"] {
            assert!(detail.contains(word), "{detail}");
        }
    }
    let headers = [("content-type", JSON)];
    assert_eq!(
        problem(
            stand
                .post("/events", &headers, event(&json!({})).to_string())
                .await
        )
        .await
        .0,
        401
    );
    assert_eq!(stand.count(StreamName::Calls).await, 0);
}

#[tokio::test]
async fn a_batch_is_stored_as_a_whole_or_not_at_all() {
    let stand = Stand::start().await;
    let numbered = |n: usize| event(&json!({"id": format!("e{n}")}));
    let mut batch: Vec<Value> = (0..200).map(numbered).collect();
    batch[3] = event(&json!({"id": "bad", "data": {}}));
    batch[7] = json!("no event");
    let (status, document) = problem(send(&stand, BATCH, &json!(batch).to_string()).await).await;
    assert_eq!(status, 400);
    assert!(
        document["detail"].as_str().unwrap().contains("event 7"),
        "{document}"
    );
    batch[7] = numbered(7);
    let (status, document) = problem(send(&stand, BATCH, &json!(batch).to_string()).await).await;
    assert_eq!((status, &document["errors"][0]["index"]), (422, &json!(3)));
    assert_eq!(stand.count(StreamName::Calls).await, 0);
    batch[3] = numbered(3);
    let answer = send(&stand, BATCH, &json!(batch).to_string()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let accepted: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(accepted, json!({"stored": 200, "duplicates": 0}));
    let again = send(&stand, BATCH, &json!(batch).to_string())
        .await
        .bytes()
        .await
        .unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&again).unwrap(),
        json!({"stored": 0, "duplicates": 200})
    );
    assert_eq!(stand.count(StreamName::Calls).await, 200);
    batch.push(numbered(200));
    let (status, document) = problem(send(&stand, BATCH, &json!(batch).to_string()).await).await;
    assert_eq!(
        (status, document["reason"].as_str()),
        (413, Some("too_many_events"))
    );
    let detail = document["detail"].as_str().unwrap();
    assert!(detail.contains("at most 200 events"), "{detail}");
    assert_eq!(stand.count(StreamName::Calls).await, 200);
    assert_eq!(send(&stand, BATCH, "[]").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_unknown_type_goes_where_its_key_says() {
    let stand = Stand::start().await;
    for (n, (changes, key)) in [
        (
            json!({"data": {"roomName": "room"}, "partitionkey": "pk"}),
            "room",
        ),
        (json!({"data": {}, "partitionkey": "pk"}), "pk"),
        (json!({"data": {}}), "SCL_1"),
        (json!({"data": {}, "subject": null}), "e3"),
        (json!({"data": {"roomName": "a.b.>"}}), "a.b.>"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut event = event(&changes);
        event["type"] = "com.example.new".into();
        event["id"] = format!("e{n}").into();
        assert_eq!(
            send(&stand, JSON, &event.to_string()).await.status(),
            StatusCode::OK
        );
        let stored = stand.stored(StreamName::Calls).await;
        assert_eq!(stored[n].envelope.partition_key().as_deref(), Some(key));
        assert_eq!(stored[n].subject.split('.').count(), 4);
    }
}

#[tokio::test]
async fn a_report_of_a_newer_agent_is_stored_beside_the_others() {
    let stand = Stand::start().await;
    for kind in ["call.analysed.v2", "agent.started.v1", "call.new"] {
        let body = json!({"type": format!("dev.frontdesk.{kind}"), "id": kind, "data": {"roomName": "room"}});
        let answer = send(&stand, JSON, &event(&body).to_string()).await;
        assert_eq!(answer.status(), StatusCode::OK, "{kind}");
        let stored = stand.stored(StreamName::Calls).await;
        let last = stored.last().unwrap();
        assert_eq!(last.envelope.kind(), format!("dev.frontdesk.{kind}"));
        assert_eq!(last.envelope.partition_key().as_deref(), Some("room"));
    }
}

#[tokio::test]
async fn an_event_has_so_many_attributes() {
    let stand = Stand::start().await;
    let with = |extensions: usize| {
        let mut event = event(&json!({}));
        for n in 0..extensions {
            event[format!("x{n}")] = "".into();
        }
        event.to_string()
    };
    assert_eq!(
        send(&stand, JSON, &with(100)).await.status(),
        StatusCode::OK
    );
    let (status, document) = problem(send(&stand, JSON, &with(1_000)).await).await;
    assert_eq!(status, 400);
    let detail = document["detail"].as_str().unwrap();
    assert!(detail.contains("more than 128"), "{document}");
    assert_eq!(stand.count(StreamName::Calls).await, 1);
}

#[tokio::test]
async fn the_largest_event_is_stored_with_all_its_attributes_and_one_beyond_it_refused() {
    let stand = Stand::start().await;
    let largest = 1024 * 1024;
    // The document with a text in it that makes it so long.
    let filled = |document: &Value, place: &str| {
        let mut filled = document.clone();
        let missing = largest - document.to_string().len() - r#","filler":"""#.len();
        filled.pointer_mut(place).unwrap()["filler"] = json!("x".repeat(missing));
        filled.to_string()
    };
    // In binary mode all attributes stand beside the body, here nearly as many as are taken.
    let value = "%E2%82%AC".repeat(450);
    let names: Vec<String> = (0..11).map(|n| format!("ce-ext{n}")).collect();
    let mut headers: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), value.as_str()))
        .collect();
    headers.push(("ce-id", "AJ_1:binary"));
    let body = filled(&data(), "");
    assert_eq!(body.len(), largest);
    let answer = send_binary_with(&stand, &headers, &body).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let structured = filled(&event(&json!({})), "/data");
    assert_eq!(
        send(&stand, JSON, &structured).await.status(),
        StatusCode::OK
    );
    assert_eq!(stand.count(StreamName::Calls).await, 2);
    let larger = format!("{structured} ");
    let (status, document) = problem(send(&stand, JSON, &larger).await).await;
    assert_eq!(
        (status, document["reason"].as_str()),
        (413, Some("too_large"))
    );
}
