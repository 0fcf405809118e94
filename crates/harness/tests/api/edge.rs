//! What every request meets: credentials, problems, a database that is away.

use crate::{
    person::{Answer, read},
    stage::{Stage, args},
};
use frontdesk_api::Api;
use frontdesk_events::nats::Role;
use frontdesk_harness::{eventually, people};
use frontdesk_process::{
    Shutdown,
    health::Health,
    listen::{self, Limits},
};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

pub(crate) async fn send(
    stage: &Stage,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let request = stage.request(method, path);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    read(request.send().await.unwrap()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_a_problem_that_names_it() {
    let stage = Stage::set().await;
    let uuid = "018f3c1e-0000-7000-8000-000000000000";
    let both = format!("/api/calls?client_id={uuid}&unassigned=true");
    for (path, field) in [
        ("/api/calls?limit=0", "limit"),
        ("/api/calls?limit=101", "limit"),
        ("/api/calls?limit=ten", "limit"),
        ("/api/calls?limit=5&limit=6", "limit"),
        ("/api/calls?cursor=AAAA", "cursor"),
        ("/api/calls?cursor=%00", "cursor"),
        ("/api/calls?client_id=1", "client_id"),
        ("/api/calls?from=yesterday", "from"),
        ("/api/calls?from=2026-19-01T00:00:00Z", "from"),
        ("/api/calls?to=", "to"),
        ("/api/calls?number=%25", "number"),
        ("/api/calls?number=12%00", "number"),
        ("/api/calls?state=LIVE", "state"),
        ("/api/calls?result=won", "result"),
        ("/api/calls?outcome=%ff", "outcome"),
        ("/api/calls?sentiment=happy", "sentiment"),
        ("/api/calls?min_talk_ms=-1", "min_talk_ms"),
        ("/api/calls?max_talk_ms=99999999999999999999", "max_talk_ms"),
        ("/api/calls?has_recording=yes", "has_recording"),
        ("/api/calls?unassigned=1", "unassigned"),
        ("/api/calls?colour=red", "colour"),
        ("/api/calls?Limit=5", "Limit"),
        (&both, "unassigned"),
        ("/api/clients?all=true", "all"),
        (
            "/api/invoices?user_id=018f3c1e-0000-7000-8000-000000000000",
            "user_id",
        ),
        ("/api/invoices?cursor=!!!", "cursor"),
        ("/api/invoices?subscription_id=%00", "subscription_id"),
        ("/api/subscriptions/current?user_id=1", "user_id"),
        ("/api/stats?tz=Mars/Olympus", "tz"),
        (
            "/api/stats?from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z",
            "to",
        ),
        ("/api/stats?from=1000-01-01T00:00:00Z", "from"),
        ("/api/stats?to=9999-12-31T23:59:59Z", "to"),
        ("/api/live?topic=calls", "topic"),
        ("/api/openapi.json?v=3", "v"),
    ] {
        let answer = stage.get(path).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text);
        let problem = answer.json();
        assert_eq!(problem["errors"][0]["field"], field, "{path}");
        assert_eq!(problem["instance"], answer.header("x-request-id"));
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    for path in [
        "/api/calls?from=0000-01-01T00:00:00Z",
        "/api/calls?to=9999-12-31T23:59:60Z",
        "/api/stats?from=1970-01-01T00:00:00Z&to=1970-02-01T00:00:00Z",
    ] {
        assert_eq!(
            stage.get(path).await.status,
            200,
            "{path} is unusual and right"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_to_nobody() {
    let stage = Stage::set().await;
    let token = stage.owner().cookie.strip_prefix("session=").unwrap();
    for path in [
        "/api/calls",
        "/api/clients",
        "/api/invoices",
        "/api/subscriptions/current",
        "/api/stats",
        "/api/live",
    ] {
        for (name, value) in [
            ("accept", "*/*"),
            ("authorization", ""),
            ("authorization", "Bearer"),
            ("authorization", "Bearer "),
            ("authorization", "Bearer wrong"),
            ("authorization", "Bearer fd_wrong"),
            ("authorization", "Basic c3RhZ2UtdG9rZW4="),
            // A session is a browser's; as a token it is nothing.
            ("authorization", &format!("Bearer {token}")),
            ("cookie", "session="),
            ("cookie", "session=wrong"),
            ("cookie", &format!("Session={token}")),
            ("cookie", &format!("__Host-session={token}")),
            ("cookie", &format!("session={token}x")),
        ] {
            let answer = send(&stage, Method::GET, path, &[(name, value)]).await;
            assert_eq!(
                (answer.status, answer.header("www-authenticate")),
                (401, "Bearer"),
                "{path} {name}"
            );
        }
        for parameter in ["token", "session", "access_token"] {
            let path = format!("{path}?{parameter}={token}");
            let answer = send(&stage, Method::GET, &path, &[]).await;
            assert_eq!(answer.status, 401, "a secret in an address ends in logs");
        }
    }
    // The header decides: a program that sends a wrong one is told so, whatever cookie lies beside it.
    let both = [
        ("authorization", "Bearer wrong"),
        ("cookie", stage.owner().cookie.as_str()),
    ];
    let answer = send(&stage, Method::GET, "/api/clients", &both).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_site_makes_a_browser_change_anything() {
    let stage = Stage::set().await;
    let cookie = ("cookie", stage.owner().cookie.as_str());
    for (expected, headers) in [
        (403, vec![("sec-fetch-site", "cross-site")]),
        (403, vec![("sec-fetch-site", "same-site")]),
        (403, vec![("sec-fetch-site", "none")]),
        (
            403,
            vec![
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://localhost:8080"),
            ],
        ),
        (403, vec![("origin", "https://evil.example")]),
        (403, vec![("origin", "null")]),
        (405, vec![("sec-fetch-site", "same-origin")]),
        (403, vec![("origin", "http://localhost:8081")]),
        (403, vec![("origin", "https://localhost:8080")]),
        (403, vec![("origin", "http://localhost:8080/")]),
        (403, vec![("origin", "http://localhost.evil.example:8080")]),
        (405, vec![("origin", "http://localhost:8080")]),
        // Other names of the same machine.
        (405, vec![("origin", "http://127.0.0.1:8080")]),
        (405, vec![("origin", "http://[::1]:8080")]),
    ] {
        let mut all = vec![cookie];
        all.extend(headers.clone());
        let answer = send(&stage, Method::POST, "/api/stats", &all).await;
        assert_eq!(answer.status, expected, "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_trickles_is_a_problem_like_any_other() {
    let stage = Stage::set().await;
    let client = stage.reception().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = Limits {
        body_read: Duration::from_millis(100),
        ..Limits::default()
    };
    let shutdown = stage.shutdown.clone();
    tokio::spawn(listen::serve(listener, stage.router(), limits, shutdown));
    for head in [
        "POST /api/clients HTTP/1.1\r\ncontent-type: application/json".to_owned(),
        format!("PUT /api/clients/{client}/voice-sample HTTP/1.1"),
    ] {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "{head}\r\nhost: localhost\r\ncookie: {}\r\nsec-fetch-site: same-origin\r\ncontent-length: 100\r\n\r\n{{",
            stage.owner().cookie
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        for said in [
            "urn:frontdesk:problem:too-slow",
            "x-request-id: ",
            "cache-control: no-store",
            "content-security-policy: ",
        ] {
            assert!(answer.contains(said), "{said}: {answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_and_methods_are_problems() {
    let stage = Stage::set().await;
    for path in [
        "/api",
        "/api/",
        "/api/call",
        "/api/calls/",
        "/api/../api/nothing",
        "/api/webhooks/other",
        "/api/%00",
    ] {
        let answer = send(&stage, Method::GET, path, &[]).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["status"], 404);
    }
    for (method, path, allow) in [
        (Method::POST, "/api/calls", "GET,HEAD"),
        (Method::DELETE, "/api/stats", "GET,HEAD"),
        (
            Method::from_bytes(b"BREW").unwrap(),
            "/api/clients",
            "GET,HEAD,POST",
        ),
    ] {
        let answer = send(&stage, method, path, &[]).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, allow),
            "{path}"
        );
        assert_eq!(
            answer.json()["type"],
            "urn:frontdesk:problem:method-not-allowed"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_going_away_is_a_503_and_no_secret() {
    let mut cluster = frontdesk_harness::postgres::Cluster::start().await;
    let nats = frontdesk_harness::nats().await;
    let (health, shutdown) = (Health::default(), Shutdown::new());
    let api = Api::start(
        args(),
        &cluster.url(),
        nats.connect(Role::Api).await,
        health,
        shutdown.clone(),
    )
    .await
    .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/calls", listener.local_addr().unwrap());
    tokio::spawn(frontdesk_process::listen::serve(
        listener,
        api.router(),
        Default::default(),
        shutdown.clone(),
    ));
    let (owner, connection) = tokio_postgres::connect(&cluster.url(), tokio_postgres::NoTls)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let id = people::user(&owner, "olivia").await;
    let cookie = people::sign_in(&owner, id, id).await;
    drop(owner);
    connection.await.unwrap().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async || {
        let request = client.get(&url).header("cookie", &cookie);
        read(request.send().await.unwrap()).await
    };
    assert_eq!(ask().await.status, 200);
    cluster.kill();
    let away = ask().await;
    assert_eq!(
        (away.status, away.header("retry-after")),
        (503, "2"),
        "{}",
        away.text
    );
    assert_eq!(
        away.json()["type"],
        json!("urn:frontdesk:problem:unavailable")
    );
    for inside in ["sqlx", "os error", "127.0.0.1", "select"] {
        assert!(!away.text.contains(inside), "{}", away.text);
    }
    cluster.restart().await;
    // The very first request: sessions that died unnoticed must not cost anyone an answer.
    let back = ask().await;
    assert_eq!(back.status, 200, "{}", back.text);
    shutdown.cancel();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_cannot_take_what_all_need() {
    let stage =
        Stage::set_with(|args| args.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    let bob = stage.person("bob").await;
    let ask = async |cookie: &str| {
        let headers = [("cookie", cookie), ("x-forwarded-for", "203.0.113.7")];
        send(&stage, Method::GET, "/api/clients", &headers).await
    };
    let limited = eventually("it is too much", async || {
        let asked = (0..50).map(|_| ask(&stage.owner().cookie));
        let answers = futures::future::join_all(asked).await;
        answers.into_iter().find(|answer| answer.status != 200)
    })
    .await;
    assert_eq!(
        (limited.status, limited.header("retry-after")),
        (429, "1"),
        "{}",
        limited.text
    );
    assert_eq!(ask(&bob.cookie).await.status, 200, "another has their own");
}
