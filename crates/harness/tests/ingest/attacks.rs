//! What a stranger, or an agent gone wrong, might try.

use crate::stand::{AGENT, KEY, SECRET, Stand, agent, now, problem, signed, token_with};
use axum::http::StatusCode;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use frontdesk_events::StreamName;
use futures::future;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const BODY: &[u8] = br#"{"event":"room_started","id":"EV_1"}"#;

/// A token of these two parts, signed with the right secret whatever they say.
fn signed_parts(header: &str, claims: &str) -> String {
    let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    let text = parts.join(".");
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let signature = URL_SAFE_NO_PAD.encode(ring::hmac::sign(&key, text.as_bytes()));
    format!("{text}.{signature}")
}

async fn refused(stand: &Stand, token: &str) -> (u16, String) {
    let headers = [("authorization", token)];
    let answer = stand.post("/webhooks/livekit", &headers, BODY).await;
    let (status, document) = problem(answer).await;
    (status, document["reason"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_mutilated_token_opens_nothing() {
    let stand = Stand::start().await;
    let hash = STANDARD.encode(Sha256::digest(BODY));
    let exp = now() + 300;
    let claims = json!({"iss": KEY, "nbf": now() - 5, "exp": exp, "sha256": hash}).to_string();
    let good = signed_parts(r#"{"alg":"HS256","typ":"JWT"}"#, &claims);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let tampered = |part: usize| {
        let mut parts: Vec<_> = good.split('.').map(str::to_owned).collect();
        let flipped = if parts[part].starts_with('a') {
            "b"
        } else {
            "a"
        };
        parts[part].replace_range(0..1, flipped);
        parts.join(".")
    };
    let header = |alg: &str| signed_parts(&format!(r#"{{"alg":{alg},"typ":"JWT"}}"#), &claims);
    let two_issuers =
        format!(r#"{{"iss":"APIforeign","iss":"{KEY}","exp":{exp},"sha256":"{hash}"}}"#);
    for token in [
        tampered(0),
        tampered(1),
        tampered(2),
        head.to_owned(),
        format!("{head}."),
        format!("{head}.."),
        format!("{good}.{signature}"),
        format!("{good}="),
        format!("{good} {good}"),
        format!("Bearer Bearer {good}"),
        format!("Basic {good}"),
        header(r#""none""#),
        header(r#""None""#),
        header(r#""HS384""#),
        header(r#""HS512""#),
        header(r#""RS256""#),
        header(r#""ES256""#),
        header(r#"["HS256"]"#),
        header("null"),
        signed_parts("not json", &claims),
        signed_parts(r#"{"alg":"HS256"}"#, "not json"),
        signed_parts(r#"{"alg":"HS256"}"#, "[]"),
        signed_parts(r#"{"alg":"HS256"}"#, &two_issuers),
        signed_parts(
            r#"{"alg":"HS256"}"#,
            &claims.replace(&exp.to_string(), "1e400"),
        ),
        signed_parts(
            r#"{"alg":"HS256"}"#,
            &claims.replace(&exp.to_string(), "-1"),
        ),
        signed_parts(
            r#"{"alg":"HS256"}"#,
            &claims.replace(&exp.to_string(), "18446744073709551615"),
        ),
        signed_parts(r#"{"alg":"HS256"}"#, &claims.replace(KEY, r"\u0000")),
        "x".repeat(30_000),
    ] {
        let (status, reason) = refused(&stand, &token).await;
        assert_eq!(status, 401, "{reason}: {token:.200}");
    }
    assert_eq!(stand.count(StreamName::Calls).await, 0);
    let headers = [("authorization", good.as_str())];
    let answer = stand.post("/webhooks/livekit", &headers, BODY).await;
    assert_eq!(answer.status(), StatusCode::OK, "the whole one does");
}

/// What the server says to raw bytes on a connection of their own.
async fn raw(stand: &Stand, request: &[u8]) -> String {
    let mut stream = tokio::net::TcpStream::connect(stand.address).await.unwrap();
    stream.write_all(request).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    // A reset is an answer too.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_second_request_cannot_be_smuggled_behind_a_first() {
    let stand = Stand::start().await;
    let token = signed(BODY);
    let inner = format!(
        "POST /webhooks/livekit HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\ncontent-length: {}\r\n\r\n{}",
        BODY.len(),
        String::from_utf8_lossy(BODY)
    );
    for framing in [
        "content-length: 5\r\ntransfer-encoding: chunked".to_owned(),
        "content-length: 0\r\ncontent-length: 5".to_owned(),
        "transfer-encoding: xchunked".to_owned(),
        "transfer-encoding: chunked, identity".to_owned(),
        "content-length: +0".to_owned(),
        "content-length: 0x0".to_owned(),
        format!("content-length: {}", inner.len()),
    ] {
        let request =
            format!("POST /events HTTP/1.1\r\nhost: x\r\n{framing}\r\n\r\n0\r\n\r\n{inner}");
        let answer = raw(&stand, request.as_bytes()).await;
        assert!(!answer.contains("HTTP/1.1 200"), "{framing}: {answer}");
    }
    assert_eq!(stand.count(StreamName::Calls).await, 0);
}

fn event(id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": format!("/agents/{AGENT}"),
        "type": "dev.frontdesk.call.answered.v1",
        "data": {"callId": "SCL_1", "roomSid": "RM_1", "roomName": "call_1"},
    })
}

async fn send(stand: &Stand, media: &str, body: &str) -> reqwest::Response {
    let authorization = agent();
    let headers = [
        ("authorization", authorization.as_str()),
        ("content-type", media),
    ];
    stand.post("/events", &headers, body.to_owned()).await
}

#[tokio::test]
async fn one_event_a_hundred_times_at_once_in_every_mode_is_stored_once() {
    let stand = Stand::start().await;
    let (one, many) = (
        event("e1").to_string(),
        json!([event("e1"), event("e1")]).to_string(),
    );
    let answers = future::join_all((0..100).map(|n| {
        let (media, body) = if n % 2 == 0 {
            ("application/cloudevents+json", &one)
        } else {
            ("application/cloudevents-batch+json", &many)
        };
        send(&stand, media, body)
    }))
    .await;
    let mut stored = 0;
    for answer in answers {
        assert_eq!(answer.status(), StatusCode::OK);
        let accepted: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        stored += accepted["stored"].as_u64().unwrap();
    }
    assert_eq!((stored, stand.count(StreamName::Calls).await), (1, 1));
}

#[tokio::test]
async fn odd_media_types_and_encodings_get_an_answer_and_store_nothing() {
    let stand = Stand::start().await;
    let body = event("e1").to_string();
    for media in [
        "application/cloudevents+json+json",
        "application/cloudevents+xml",
        "application/cloudevents-batch",
        "application/json, application/cloudevents+json",
        "application / cloudevents+json",
        ";application/cloudevents+json",
        "multipart/form-data; boundary=x",
        "",
    ] {
        let (status, _) = problem(send(&stand, media, &body).await).await;
        assert_eq!(status, 415, "{media}");
    }
    let authorization = agent();
    for encoding in ["gzip", "br", "identity, gzip", "x"] {
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/cloudevents+json"),
            ("content-encoding", encoding),
        ];
        let answer = stand.post("/events", &headers, body.clone()).await;
        assert_eq!(problem(answer).await.0, 415, "{encoding}");
    }
    for bytes in [
        body.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        [b"\xef\xbb\xbf", body.as_bytes()].concat(),
        [body.as_bytes(), b"\0"].concat(),
        body.replace("e1", "e\\ud800").into_bytes(),
        body.replace("\"id\"", "\"\\udfff\":1,\"id\"").into_bytes(),
        "[".repeat(200_000).into_bytes(),
        "{\"a\":".repeat(100_000).into_bytes(),
        format!(
            "{{{}\"id\":1}}",
            (0..60_000).fold(String::new(), |all, n| all + &format!("\"x{n}\":1,"))
        )
        .into_bytes(),
    ] {
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/cloudevents+json"),
        ];
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        let (status, document) = problem(stand.post("/events", &headers, bytes).await).await;
        assert_eq!(status, 400, "{shown}: {document}");
    }
    assert_eq!(stand.count(StreamName::Calls).await, 0);
}

#[tokio::test]
async fn an_agents_odd_name_stays_one_name() {
    let stand = Stand::start().await;
    for (name, source, status) in [
        ("a b", "/agents/a%20b", 200),
        ("../livekit/APItest", "/livekit/APItest", 403),
        ("a/b", "/agents/a/b", 200),
        ("a%2Fb", "/agents/a%2Fb", 403),
        ("a%2Fb", "/agents/a%252Fb", 200),
        ("a", "/agents/a\u{0}", 403),
        (
            "\r\nNats-Msg-Id: 1",
            "/agents/%0D%0ANats-Msg-Id%3A%201",
            200,
        ),
    ] {
        let token = token_with(
            SECRET,
            &json!({"iss": KEY, "sub": name, "exp": now() + 300}),
        );
        let bearer = format!("Bearer {token}");
        let mut one = event("e1");
        one["source"] = source.into();
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/cloudevents+json"),
        ];
        let answer = stand.post("/events", &headers, one.to_string()).await;
        assert_eq!(answer.status().as_u16(), status, "{name:?}");
    }
    for message in stand.stored(StreamName::Calls).await {
        assert!(message.envelope.source().starts_with("/agents/"));
        assert_eq!(message.subject.split('.').count(), 4);
    }
}
