//! What every answer carries: safety, origins, tags, compression.

use crate::{edge::send, stage::Stage};
use reqwest::{Method, header};

#[tokio::test(flavor = "multi_thread")]
async fn answers_carry_the_headers_that_keep_browsers_safe() {
    let stage = Stage::set().await;
    let session = ("cookie", stage.owner().cookie.as_str());
    for (path, headers) in [
        ("/api/calls", vec![session]),
        ("/api/calls", vec![]),
        ("/api/nothing", vec![]),
        ("/", vec![]),
    ] {
        let answer = send(&stage, Method::GET, path, &headers).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("script-src 'self';"),
            "{policy}"
        );
        assert_eq!(answer.header("strict-transport-security"), "", "plain http");
        assert_ne!(answer.header("x-request-id"), "");
        if path.starts_with("/api") {
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        }
    }
    let forged = send(
        &stage,
        Method::GET,
        "/api/nothing",
        &[("x-request-id", "forged")],
    )
    .await;
    assert_ne!(forged.header("x-request-id"), "forged");
}

#[tokio::test(flavor = "multi_thread")]
async fn https_insists_on_https() {
    let stage =
        Stage::set_with(|args| args.public_url = "https://localhost:8443".parse().unwrap()).await;
    let answer = send(&stage, Method::GET, "/", &[]).await;
    assert!(
        answer
            .header("strict-transport-security")
            .starts_with("max-age=")
    );
    let cookie = stage.owner().cookie.as_str();
    let host = cookie.replace("session=", "__Host-session=");
    for (cookie, status) in [(cookie, 401), (host.as_str(), 200)] {
        let answer = send(&stage, Method::GET, "/api/clients", &[("cookie", cookie)]).await;
        assert_eq!(answer.status, status, "only a cookie no other host can set");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_origins_may_read_from_elsewhere() {
    let stage =
        Stage::set_with(|args| args.cors_origins = vec!["https://app.example".into()]).await;
    let cookie = stage.owner().cookie.clone();
    let from = |origin| vec![("origin", origin), ("cookie", cookie.as_str())];
    let listed = send(
        &stage,
        Method::GET,
        "/api/clients",
        &from("https://app.example"),
    )
    .await;
    assert_eq!(
        listed.header("access-control-allow-origin"),
        "https://app.example"
    );
    assert_eq!(
        listed.header("access-control-allow-credentials"),
        "",
        "the cookie is for our own origin"
    );
    let other = send(
        &stage,
        Method::GET,
        "/api/clients",
        &from("https://evil.example"),
    )
    .await;
    assert_eq!(other.header("access-control-allow-origin"), "");
    let refused = send(
        &stage,
        Method::GET,
        "/api/clients?x=1",
        &from("https://app.example"),
    )
    .await;
    assert_eq!(
        (
            refused.status,
            refused.header("access-control-allow-origin")
        ),
        (400, "https://app.example")
    );
    let preflight = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "GET"),
        ("access-control-request-headers", "authorization"),
    ];
    let preflight = send(&stage, Method::OPTIONS, "/api/calls", &preflight).await;
    assert_eq!(
        preflight.header("access-control-allow-origin"),
        "https://app.example"
    );
    let own = Stage::set().await;
    assert_eq!(
        send(
            &own,
            Method::GET,
            "/api/clients",
            &from("https://app.example")
        )
        .await
        .header("access-control-allow-origin"),
        ""
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_seldom_change_are_not_sent_twice() {
    let stage = Stage::set().await;
    for path in ["/api/openapi.json", "/api/subscriptions/plans"] {
        let first = stage.get(path).await;
        let tag = first.header("etag").to_owned();
        assert!(first.status == 200 && tag.starts_with('"'), "{path}");
        let headers = [
            ("cookie", stage.owner().cookie.as_str()),
            ("if-none-match", tag.as_str()),
        ];
        let again = send(&stage, Method::GET, path, &headers).await;
        assert_eq!(
            (again.status, again.text.as_str(), again.header("etag")),
            (304, "", tag.as_str())
        );
        let changed = send(
            &stage,
            Method::GET,
            path,
            &[
                ("cookie", stage.owner().cookie.as_str()),
                ("if-none-match", "\"old\""),
            ],
        )
        .await;
        assert_eq!(changed.status, 200);
    }
    let open = send(&stage, Method::GET, "/api/openapi.json", &[]).await;
    assert_eq!(open.json()["info"]["title"], "Frontdesk");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_compressed_for_whoever_asks() {
    let stage = Stage::set().await;
    let plain = send(&stage, Method::GET, "/api/openapi.json", &[]).await;
    for encoding in ["br", "gzip"] {
        let answer = stage
            .request(Method::GET, "/api/openapi.json")
            .header(header::ACCEPT_ENCODING, encoding)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.headers()["content-encoding"], encoding);
        assert!(answer.bytes().await.unwrap().len() < plain.text.len() / 4);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_somebodys_own_is_kept_by_no_browser_and_tagged_for_programs() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    let client = stage.reception().await;
    let one = format!("/api/clients/{client}");
    let number = "/api/agent/clients/by-number/%2B14155550123";
    let key = serde_json::json!({ "name": "Agent", "scopes": ["agent", "clients:read"] });
    let made = owner.post("/api/keys", &key).await.json();
    let key = format!("Bearer {}", made["key"].as_str().unwrap());
    for path in ["/api/clients", &one, number] {
        let seen = owner.get(path).await;
        assert_eq!(
            (
                seen.status,
                seen.header("cache-control"),
                seen.header("etag")
            ),
            (200, "no-store", ""),
            "{path}"
        );
        let by_program = [("authorization", key.as_str())];
        let told = send(&stage, Method::GET, path, &by_program).await;
        assert_eq!(told.header("cache-control"), "private, no-cache", "{path}");
        let tag = told.header("etag").to_owned();
        let known = [
            ("authorization", key.as_str()),
            ("if-none-match", tag.as_str()),
        ];
        let known = send(&stage, Method::GET, path, &known).await;
        assert_eq!((known.status, known.text.as_str()), (304, ""), "{path}");
        // A page of another origin is in a browser too.
        let page = [
            ("authorization", key.as_str()),
            ("sec-fetch-site", "cross-site"),
        ];
        let page = send(&stage, Method::GET, path, &page).await;
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
    }
}
