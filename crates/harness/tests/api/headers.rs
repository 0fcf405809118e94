//! What every answer carries: safety, origins, tags, compression.

use crate::{
    browser::{PASSWORD, address},
    edge::send,
    person::read,
    stage::Stage,
};
use reqwest::{Method, header};
use serde_json::{Value, json};

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
async fn a_page_of_a_listed_origin_logs_in_stays_logged_in_and_reads_why_it_is_refused() {
    let stage =
        Stage::set_with(|args| args.cors_origins = vec!["https://app.example".into()]).await;
    stage.browser().sign_up(&stage, "ada").await;
    let post = async |origin: &str, path: &str, body: &Value| {
        let request = stage
            .request(Method::POST, path)
            .header("origin", origin)
            .header("sec-fetch-site", "cross-site")
            .json(body);
        read(request.send().await.unwrap()).await
    };
    let credentials = json!({ "email": address("ada"), "password": PASSWORD });
    let (listed, other) = ("https://app.example", "https://evil.example");
    let begun = post(listed, "/api/auth/token", &credentials).await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    assert_eq!(begun.header("access-control-allow-origin"), listed);
    let token = json!({ "refresh_token": begun.json()["refresh_token"] });
    let refused = post(other, "/api/auth/refresh", &token).await;
    assert_eq!(
        (
            refused.status,
            refused.header("access-control-allow-origin")
        ),
        (403, "")
    );
    let kept = post(listed, "/api/auth/refresh", &token).await;
    assert_eq!(kept.status, 200, "{}", kept.text);
    assert_eq!(kept.header("access-control-allow-origin"), listed);
    let refused = post(other, "/api/auth/token", &credentials).await;
    assert_eq!(
        (
            refused.status,
            refused.header("access-control-allow-origin")
        ),
        (403, "")
    );
    // What sets a cookie is for our own pages; a listed page can read that it is refused, and why.
    for path in ["/api/auth/login", "/api/auth/signup", "/api/auth/token/"] {
        let refused = post(listed, path, &credentials).await;
        assert_eq!(refused.status, 403, "{path}");
        assert_eq!(
            refused.header("access-control-allow-origin"),
            listed,
            "{path}"
        );
        assert_eq!(refused.json()["type"], "urn:frontdesk:problem:cross-site");
        assert_eq!(refused.json()["instance"], refused.header("x-request-id"));
    }
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
