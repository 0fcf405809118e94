//! Serving the built dashboard.

use crate::{
    person::{Answer, read},
    stage::Stage,
};
use reqwest::Method;
use std::{fs, path::PathBuf};

struct Built(PathBuf);

impl Built {
    fn new() -> Self {
        let directory =
            std::env::temp_dir().join(format!("frontdesk-web-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(directory.join("assets")).unwrap();
        fs::write(
            directory.join("index.html"),
            "<!doctype html><title>Frontdesk</title>",
        )
        .unwrap();
        fs::write(directory.join("favicon.svg"), "<svg/>").unwrap();
        fs::write(directory.join("assets/app-3f2a.js"), "plain").unwrap();
        fs::write(directory.join("assets/app-3f2a.js.br"), "brotli").unwrap();
        fs::write(directory.join("assets/app-3f2a.js.gz"), "gzip").unwrap();
        fs::write(
            directory.parent().unwrap().join("frontdesk-secret.txt"),
            "secret",
        )
        .unwrap();
        Self(directory)
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn get(stage: &Stage, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = stage.request(Method::GET, path);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    read(request.send().await.unwrap()).await
}

const PAGE: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

#[tokio::test(flavor = "multi_thread")]
async fn hashed_files_are_kept_for_ever_and_the_page_never() {
    let built = Built::new();
    let stage = Stage::set_with(|args| args.web_dir = Some(built.0.clone())).await;
    let page = get(&stage, "/", &[PAGE]).await;
    assert_eq!(
        (page.status, page.header("cache-control")),
        (200, "no-cache")
    );
    assert!(page.header("content-type").starts_with("text/html"));
    let script = get(&stage, "/assets/app-3f2a.js", &[]).await;
    assert_eq!(
        (script.text.as_str(), script.header("cache-control")),
        ("plain", "public, max-age=31536000, immutable")
    );
    assert!(script.header("content-type").contains("javascript"));
    for (accepted, text) in [("br, gzip", "brotli"), ("gzip", "gzip")] {
        let script = stage
            .request(Method::GET, "/assets/app-3f2a.js")
            .header("accept-encoding", accepted)
            .send()
            .await
            .unwrap();
        assert!(accepted.starts_with(script.headers()["content-encoding"].to_str().unwrap()));
        assert_eq!(script.bytes().await.unwrap(), text);
    }
    assert_eq!(
        get(&stage, "/favicon.svg", &[])
            .await
            .header("cache-control"),
        "no-cache"
    );
    let again = get(
        &stage,
        "/assets/app-3f2a.js",
        &[("if-modified-since", script.header("last-modified"))],
    )
    .await;
    assert_eq!(
        (again.status, again.header("cache-control")),
        (304, "public, max-age=31536000, immutable")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_navigation_gets_the_page_for_an_unknown_address() {
    let built = Built::new();
    let stage = Stage::set_with(|args| args.web_dir = Some(built.0.clone())).await;
    for path in [
        "/calls",
        "/calls/018f3c1e-0000-7000-8000-000000000000?tab=events",
        "/assets",
        "/a.b",
    ] {
        let page = get(&stage, path, &[PAGE]).await;
        assert_eq!(
            (page.status, page.header("cache-control")),
            (200, "no-cache"),
            "{path}"
        );
        assert!(page.text.contains("<title>Frontdesk"), "{path}");
        let not_a_page = get(&stage, path, &[("accept", "*/*")]).await;
        assert_eq!(
            (not_a_page.status, not_a_page.header("content-type")),
            (404, "application/problem+json"),
            "{path}"
        );
    }
    let missing = get(&stage, "/assets/gone-1234.js", &[PAGE]).await;
    assert_eq!((missing.status, missing.header("cache-control")), (404, ""));
    let script = get(&stage, "/old.js", &[PAGE, ("sec-fetch-mode", "no-cors")]).await;
    assert_eq!(script.status, 404);
    let post = read(
        stage
            .request(Method::POST, "/calls")
            .header(PAGE.0, PAGE.1)
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(post.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outside_the_directory_is_served() {
    let built = Built::new();
    let stage = Stage::set_with(|args| args.web_dir = Some(built.0.clone())).await;
    for path in [
        "/..%2ffrontdesk-secret.txt",
        "/assets/..%2f..%2ffrontdesk-secret.txt",
        "/%2e%2e/frontdesk-secret.txt",
        "//etc/passwd",
        "/%00",
    ] {
        let answer = get(&stage, path, &[]).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_dashboard_the_api_still_answers() {
    let stage = Stage::set_with(|args| args.web_dir = Some("/nonexistent".into())).await;
    assert_eq!(get(&stage, "/", &[PAGE]).await.status, 404);
    stage.json("/api/calls").await;
}
