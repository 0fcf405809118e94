//! What every request meets: credentials, problems, a database that is away.

use crate::stage::{Answer, Stage, TOKEN, args, read};
use frontdesk_api::Api;
use frontdesk_events::nats::Role;
use frontdesk_process::{Shutdown, health::Health};
use reqwest::Method;
use serde_json::json;

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
        ("/api/invoices?user_id=me", "user_id"),
        ("/api/invoices?cursor=!!!", "cursor"),
        ("/api/invoices?subscription_id=%00", "subscription_id"),
        ("/api/subscriptions/current?user_id=", "user_id"),
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
async fn nothing_is_answered_without_the_token() {
    let stage = Stage::set().await;
    for path in [
        "/api/calls",
        "/api/clients",
        "/api/invoices",
        "/api/subscriptions/current",
        "/api/stats",
        "/api/live",
    ] {
        for authorization in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer wrong",
            "Basic c3RhZ2UtdG9rZW4=",
            "stage-token",
            "Bearer stage-token2",
        ] {
            let answer = send(
                &stage,
                Method::GET,
                path,
                &[("authorization", authorization)],
            )
            .await;
            assert_eq!(
                (answer.status, answer.header("www-authenticate")),
                (401, "Bearer"),
                "{path} {authorization}"
            );
            assert_eq!(answer.json()["title"], "Not logged in");
        }
        let parameter = send(&stage, Method::GET, &format!("{path}?token={TOKEN}"), &[]).await;
        assert_eq!(
            parameter.status, 401,
            "a token in an address would end in logs"
        );
    }
    let lower = send(
        &stage,
        Method::GET,
        "/api/clients",
        &[("authorization", "bearer stage-token")],
    )
    .await;
    assert_eq!(lower.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_becomes_a_cookie_that_no_script_and_no_other_site_can_use() {
    let stage = Stage::set().await;
    let bearer = ("authorization", "Bearer stage-token");
    let opened = send(&stage, Method::POST, "/api/dev/session", &[bearer]).await;
    assert_eq!(opened.status, 204, "{}", opened.text);
    let cookie = opened.header("set-cookie").to_owned();
    for part in [
        "frontdesk_dev=stage-token",
        "HttpOnly",
        "SameSite=Strict",
        "Path=/",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "localhost is plain http");
    let pair = cookie.split(';').next().unwrap();
    assert_eq!(
        send(&stage, Method::GET, "/api/clients", &[("cookie", pair)])
            .await
            .status,
        200
    );
    assert_eq!(
        send(
            &stage,
            Method::GET,
            "/api/clients",
            &[("cookie", "frontdesk_dev=x")]
        )
        .await
        .status,
        401
    );
    for (expected, headers) in [
        (401, vec![]),
        (401, vec![("authorization", "Bearer wrong")]),
        (403, vec![("cookie", pair)]),
        (
            403,
            vec![
                ("cookie", pair),
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://evil.example"),
            ],
        ),
        (
            401,
            vec![("cookie", pair), ("sec-fetch-site", "same-origin")],
        ),
        (
            401,
            vec![("cookie", pair), ("origin", "http://localhost:8080")],
        ),
    ] {
        let answer = send(&stage, Method::POST, "/api/dev/session", &headers).await;
        assert_eq!(answer.status, expected, "{headers:?}");
        assert_eq!(answer.header("set-cookie"), "");
    }
    let closed = send(&stage, Method::DELETE, "/api/dev/session", &[]).await;
    assert!(closed.status == 204 && closed.header("set-cookie").contains("Max-Age=0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_does_not_start_with_a_token_the_world_could_use() {
    let (nats, database) = tokio::join!(frontdesk_harness::nats(), frontdesk_harness::database());
    let mut args = args();
    args.public_url = "https://frontdesk.example".parse().unwrap();
    let connection = nats.connect(Role::Api).await;
    let started = Api::start(
        args,
        &database.url(),
        connection,
        Health::default(),
        Shutdown::new(),
    )
    .await;
    let error = started.err().unwrap().to_string();
    assert!(
        error.contains("DEV_TOKEN") && error.contains("PUBLIC_URL") && !error.contains('\n'),
        "{error}"
    );
    assert!(!error.contains(TOKEN));
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
        (Method::GET, "/api/dev/session", "POST,DELETE"),
        (
            Method::from_bytes(b"BREW").unwrap(),
            "/api/clients",
            "GET,HEAD",
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
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let ask = async || read(client.get(&url).bearer_auth(TOKEN).send().await.unwrap()).await;
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
