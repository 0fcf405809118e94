//! Senders that are slow, endless, broken or too many.

use crate::stand::{Stand, agent, args, counted, problem, signed, token};
use axum::http::StatusCode;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use frontdesk_events::{StreamName, nats::Role};
use frontdesk_harness::eventually;
use frontdesk_ingest::Ingest;
use frontdesk_process::{Shutdown, clock, health::Health, listen::Limits};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// The product's bounds, an order smaller or more.
fn quick() -> Limits {
    Limits {
        header_read: Duration::from_millis(500),
        body_read: Duration::from_millis(500),
        idle: Duration::from_millis(1500),
        linger: Duration::from_millis(500),
        ..Limits::default()
    }
}

async fn connect(stand: &Stand) -> TcpStream {
    TcpStream::connect(stand.address).await.unwrap()
}

/// What the server says until it closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await;
    // A reset is as good an end as an orderly one.
    let _ = read.expect("the server ends the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_body_that_stops_or_trickles_is_asked_for_again_and_the_connection_ends() {
    let stand = Stand::with(&[], quick()).await;
    let before = counted(&["ingest_rejected_total", "livekit", "slow_body"]).await;
    let token = signed(b"{}");
    let head = format!(
        "POST /webhooks/livekit HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\ncontent-length: 5000\r\n\r\n{{\"event\""
    );
    let mut stopped = connect(&stand).await;
    stopped.write_all(head.as_bytes()).await.unwrap();
    // LiveKit takes any 4xx but 429 as delivered: 408 would lose the event.
    let answer = rest(stopped).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("retry-after: 2\r\n"), "{answer}");
    let mut trickling = connect(&stand).await;
    trickling.write_all(head.as_bytes()).await.unwrap();
    let (mut reader, mut writer) = trickling.into_split();
    let drops = tokio::spawn(async move {
        while writer.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let mut answer = [0; 12];
    reader.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 503");
    drops.abort();
    assert!(counted(&["ingest_rejected_total", "livekit", "slow_body"]).await >= before + 2);
    assert_eq!(stand.count(StreamName::Calls).await, 0);
}

#[tokio::test]
async fn a_large_body_on_a_slow_line_has_the_time_it_needs() {
    let stand = Stand::with(&[], quick()).await;
    let mut slow = connect(&stand).await;
    let (pieces, piece) = (8, vec![b' '; 64 * 1024]);
    let length = pieces * piece.len();
    let token = signed(b"{}");
    let head = format!(
        "POST /webhooks/livekit HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\ncontent-length: {length}\r\n\r\n"
    );
    slow.write_all(head.as_bytes()).await.unwrap();
    let begun = clock::monotonic();
    for _ in 0..pieces {
        slow.write_all(&piece).await.unwrap();
        tokio::time::sleep(quick().body_read / 4).await;
    }
    assert!(
        begun.elapsed() > quick().body_read,
        "slower than a small body may be"
    );
    let mut answer = [0; 12];
    slow.read_exact(&mut answer).await.unwrap();
    assert_eq!(
        &answer, b"HTTP/1.1 401",
        "read to its end, and found to be another's"
    );
}

#[tokio::test]
async fn a_body_without_an_end_is_cut_at_the_limit() {
    let stand = Stand::with(&[], Limits::default()).await;
    let mut raw = connect(&stand).await;
    let token = agent();
    let head = format!(
        "POST /events HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    raw.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    for _ in 0..17 {
        if raw.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    assert!(rest(raw).await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn a_client_that_sends_all_before_it_listens_still_reads_that_it_was_too_much() {
    let stand = Stand::start().await;
    let size = 6 * 1024 * 1024;
    let piece = vec![b'x'; 64 * 1024];
    let bearer = |token: String| format!("authorization: {token}\r\n");
    for (path, proof, framing) in [
        (
            "/webhooks/livekit",
            bearer(signed(b"{}")),
            format!("content-length: {size}"),
        ),
        (
            "/webhooks/paypal",
            transmission(),
            "transfer-encoding: chunked".to_owned(),
        ),
        (
            "/events",
            bearer(agent()),
            format!("content-length: {size}"),
        ),
    ] {
        let is_chunked = framing.starts_with("transfer");
        let mut raw = connect(&stand).await;
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\n{proof}{framing}\r\n\r\n");
        raw.write_all(head.as_bytes()).await.unwrap();
        for _ in 0..size / piece.len() {
            if is_chunked {
                raw.write_all(b"10000\r\n").await.unwrap();
            }
            raw.write_all(&piece).await.unwrap();
            if is_chunked {
                raw.write_all(b"\r\n").await.unwrap();
            }
        }
        raw.shutdown().await.unwrap();
        let answer = rest(raw).await.to_ascii_lowercase();
        assert!(answer.starts_with("http/1.1 413"), "{path}: {answer}");
        assert!(answer.contains("connection: close\r\n"), "{path}: {answer}");
        assert!(
            answer.contains("\"reason\":\"too_large\""),
            "{path}: {answer}"
        );
    }
}

/// The head of a delivery in PayPal's shape, which proves nothing.
fn transmission() -> String {
    let signature = STANDARD.encode([7; 256]);
    format!(
        "paypal-transmission-id: t-1\r\npaypal-transmission-time: 2026-11-20T17:04:00Z\r\n\
         paypal-transmission-sig: {signature}\r\npaypal-auth-algo: SHA256withRSA\r\n\
         paypal-cert-url: https://api.paypal.com/cert.pem\r\n"
    )
}

#[tokio::test]
async fn a_stranger_is_refused_before_any_of_the_body_is_waited_for() {
    let stand = Stand::start().await;
    let forged = token("APIforeign", "a secret nobody here has", 60, b"{}");
    for (path, proof, status) in [
        ("/webhooks/livekit", String::new(), "401"),
        (
            "/webhooks/livekit",
            format!("authorization: {forged}\r\n"),
            "401",
        ),
        ("/events", String::new(), "401"),
        ("/webhooks/paypal", String::new(), "400"),
    ] {
        let mut raw = connect(&stand).await;
        let head =
            format!("POST {path} HTTP/1.1\r\nhost: x\r\n{proof}content-length: 1000000\r\n\r\n");
        raw.write_all(head.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        raw.read_exact(&mut answer).await.unwrap();
        assert_eq!(
            String::from_utf8_lossy(&answer),
            format!("HTTP/1.1 {status}"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn many_headers_over_http_2_are_refused_as_over_http_1() {
    let stand = Stand::start().await;
    let http2 = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    for (count, status) in [(90, 200), (101, 431)] {
        let body = r#"{"event":"room_started","id":"EV_1"}"#;
        let mut request = http2
            .post(stand.url("/webhooks/livekit"))
            .header("authorization", signed(body.as_bytes()))
            .body(body);
        for n in 0..count {
            request = request.header(format!("x-{n}"), "");
        }
        assert_eq!(
            request.send().await.unwrap().status().as_u16(),
            status,
            "{count}"
        );
    }
}

#[tokio::test]
async fn a_client_that_never_stops_sending_is_cut() {
    let stand = Stand::with(&[], quick()).await;
    let mut endless = connect(&stand).await;
    endless
        .write_all(b"POST /events HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n")
        .await
        .unwrap();
    let started = clock::monotonic();
    let piece = vec![b'x'; 1024];
    while endless.write_all(&piece).await.is_ok() {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "it still listens"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_providers_path_that_is_nearly_right_is_counted_as_the_providers() {
    let stand = Stand::start().await;
    for (sender, right, paths) in [
        (
            "livekit",
            "/webhooks/livekit",
            [
                "/webhooks/livekit/",
                "//webhooks/LiveKit",
                "/webhooks/livekit/x",
            ],
        ),
        (
            "paypal",
            "/webhooks/paypal",
            [
                "/webhooks/paypal/",
                "/api/webhooks/paypal/",
                "/webhooks/paypals",
            ],
        ),
    ] {
        for path in paths {
            let words = ["ingest_rejected_total", sender, "not_found"];
            let before = counted(&words).await;
            let (status, document) = problem(stand.post(path, &[], "{}").await).await;
            assert_eq!(status, 404, "{path}");
            let detail = document["detail"].as_str().unwrap();
            assert!(detail.ends_with(&format!("exactly {right}")), "{detail}");
            assert!(counted(&words).await > before, "{path}");
        }
    }
}

#[tokio::test]
async fn a_wrong_path_or_method_is_told() {
    let stand = Stand::start().await;
    let wrong = [
        ["ingest_rejected_total", "agent", "not_found"],
        ["ingest_rejected_total", "livekit", "wrong_method"],
    ];
    let before = [counted(&wrong[0]).await, counted(&wrong[1]).await];
    for path in ["/", "/webhooks", "/webhook/livekit", "/api/calls"] {
        let (status, document) = problem(stand.post(path, &[], "{}").await).await;
        assert_eq!(status, 404, "{path}");
        let detail = document["detail"].as_str().unwrap();
        assert!(detail.contains("/webhooks/livekit"), "{detail}");
    }
    for path in ["/webhooks/livekit", "/webhooks/paypal", "/events"] {
        for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
            let request = stand
                .client
                .request(method.parse().unwrap(), stand.url(path));
            let answer = request.send().await.unwrap();
            assert_eq!(answer.headers()["allow"], "POST", "{method} {path}");
            assert_eq!(problem(answer).await.0, 405, "{method} {path}");
        }
    }
    // LiveKit reads no answer and takes these as delivered: only we can say so.
    for (words, before) in wrong.iter().zip(before) {
        assert!(counted(words).await >= before + 4, "{words:?}");
    }
}

#[tokio::test]
async fn a_truncated_or_garbled_request_leaves_nothing_and_the_server_goes_on() {
    let stand = Stand::start().await;
    let body = br#"{"event":"room_started","id":"EV_1"}"#;
    let head = format!(
        "POST /webhooks/livekit HTTP/1.1\r\nhost: x\r\nauthorization: {}\r\ncontent-length: {}\r\n\r\n",
        signed(body),
        body.len()
    );
    let mut truncated = connect(&stand).await;
    truncated.write_all(head.as_bytes()).await.unwrap();
    truncated.write_all(&body[..20]).await.unwrap();
    truncated.shutdown().await.unwrap();
    let answer = rest(truncated).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 503"),
        "{answer}"
    );
    let chunked = format!(
        "POST /webhooks/livekit HTTP/1.1\r\nhost: x\r\nauthorization: {}\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        signed(body)
    );
    for garbage in [
        "\x16\x03\x01\x02\x00\x01\x00",
        "GET\r\n\r\n",
        "POST /webhooks/livekit HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        &chunked,
    ] {
        let mut stream = connect(&stand).await;
        stream.write_all(garbage.as_bytes()).await.unwrap();
        let answer = rest(stream).await;
        // A head that is none is hyper's to refuse; a body that broke on its way may come again.
        let is_refused = ["HTTP/1.1 400", "HTTP/1.1 503"]
            .iter()
            .any(|status| answer.starts_with(status));
        assert!(answer.is_empty() || is_refused, "{answer}");
    }
    assert_eq!(stand.count(StreamName::Calls).await, 0);
    assert_eq!(stand.deliver(body).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_head_that_is_slow_or_huge_and_an_idle_connection_are_ended() {
    let stand = Stand::with(&[], quick()).await;
    let silent = connect(&stand).await;
    let mut slow = connect(&stand).await;
    slow.write_all(b"POST /webhooks/livekit HTTP/1.1\r\nhost: x\r\nx-a: ")
        .await
        .unwrap();
    let started = clock::monotonic();
    assert_eq!(rest(slow).await, "");
    let slow_took = started.elapsed();
    assert_eq!(rest(silent).await, "");
    assert!(
        slow_took < started.elapsed(),
        "a head that has begun is hurried, silence is not"
    );
    let mut huge = connect(&stand).await;
    let line = format!("x-a: {}\r\n", "y".repeat(8000));
    let _ = huge
        .write_all(
            format!(
                "POST /events HTTP/1.1\r\nhost: x\r\n{}\r\n",
                line.repeat(20)
            )
            .as_bytes(),
        )
        .await;
    assert!(rest(huge).await.starts_with("HTTP/1.1 431"));
    let mut idle = connect(&stand).await;
    idle.write_all(b"GET /events HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let started = clock::monotonic();
    assert!(rest(idle).await.starts_with("HTTP/1.1 405"));
    assert!(
        started.elapsed() >= Duration::from_millis(500),
        "it was kept for the next request"
    );
}

#[tokio::test]
async fn its_own_listener_knows_who_speaks_for_many() {
    let stand = Stand::start().await;
    let args = args(&["--ingest-connections-per-address", "7"]);
    let proxies = vec!["172.16.0.0/12".parse().unwrap()];
    let connection = stand.nats.connect(Role::Ingest).await;
    let (health, shutdown) = (Health::default(), Shutdown::new());
    let ingest = Ingest::start(args, proxies, connection, health, shutdown);
    let ingest = ingest.await.unwrap();
    let limits = ingest.limits();
    assert_eq!(limits.connections_per_address, 7);
    let [proxies] = limits.proxies.as_slice() else {
        panic!("{:?}", limits.proxies);
    };
    assert!(proxies.contains("172.17.0.1".parse().unwrap()));
}

#[tokio::test]
async fn a_head_that_no_route_sees_is_counted_by_why_it_was_refused() {
    let stand = Stand::start().await;
    let head = |lines: &str| format!("POST /webhooks/livekit HTTP/1.1\r\nhost: x\r\n{lines}\r\n");
    let many: String = (0..120).map(|n| format!("x-{n}: y\r\n")).collect();
    let huge = format!("x-a: {}\r\n", "y".repeat(70_000));
    for (reason, status, lines) in [
        ("large_head", "431", many.as_str()),
        ("large_head", "431", &huge),
        (
            "bad_head",
            "400",
            "content-length: 5\r\ncontent-length: 6\r\n",
        ),
        (
            "bad_head",
            "400",
            "transfer-encoding: chunked\r\ntransfer-encoding: gzip\r\n",
        ),
        ("bad_head", "400", "x-a: y\r\n folded\r\n"),
    ] {
        let closed = ["http_connections_closed_total", reason];
        let before = counted(&closed).await;
        let mut raw = connect(&stand).await;
        // The end of a head that is too large may not be read any more.
        let _ = raw.write_all(head(lines).as_bytes()).await;
        let answer = rest(raw).await;
        // Bytes that nobody read reset the connection, and the answer may go with it.
        let is_lost = answer.is_empty() && lines.len() > 64 * 1024;
        assert!(
            is_lost || answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{reason}: {answer}"
        );
        eventually("it is counted", async || {
            (counted(&closed).await > before).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn a_connection_serves_many_requests_and_http_2_is_spoken() {
    let stand = Stand::with(&[], quick()).await;
    let http2 = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    for n in 0..5 {
        let body = format!(r#"{{"event":"room_started","id":"EV_{n}"}}"#);
        let request = http2
            .post(stand.url("/webhooks/livekit"))
            .header("authorization", signed(body.as_bytes()));
        let answer = request.body(body).send().await.unwrap();
        assert_eq!(
            (answer.status(), answer.version()),
            (StatusCode::OK, axum::http::Version::HTTP_2)
        );
    }
    let mut raw = connect(&stand).await;
    for n in 0..3 {
        let body = format!(r#"{{"event":"room_started","id":"EV_raw_{n}"}}"#);
        let head = format!(
            "POST /webhooks/livekit HTTP/1.1\r\nhost: x\r\nauthorization: {}\r\ncontent-length: {}\r\n\r\n",
            signed(body.as_bytes()),
            body.len()
        );
        raw.write_all(head.as_bytes()).await.unwrap();
        raw.write_all(body.as_bytes()).await.unwrap();
        let mut answer = vec![0; 12];
        raw.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, b"HTTP/1.1 200");
        let mut end = Vec::new();
        while !end.ends_with(b"\r\n\r\n") {
            end.push(raw.read_u8().await.unwrap());
        }
    }
    assert_eq!(stand.count(StreamName::Calls).await, 8);
}
