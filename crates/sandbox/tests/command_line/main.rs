//! The commands a person types, run as a person runs them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod by_hand;

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_frontdesk-sandbox");
const KEY: &str = "APItest";
const SECRET: &str = "a secret of more than thirty-two letters";

/// One state directory for all: its RSA keys are made once.
fn state_dir() -> PathBuf {
    static STATE: OnceLock<PathBuf> = OnceLock::new();
    let made =
        STATE.get_or_init(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("sandbox-state"));
    made.clone()
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn command(arguments: &[&str], state_dir: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("RUST_LOG", "warn");
    command.env("LIVEKIT_API_KEY", KEY);
    command.env("LIVEKIT_API_SECRET", SECRET);
    command.env("PAYPAL_WEBHOOK_ID", "5GP028458E2496506");
    command.env("SANDBOX_LISTEN", "127.0.0.1:0");
    command.env("SANDBOX_SMTP_LISTEN", "127.0.0.1:0");
    command.args(arguments).arg("--state-dir").arg(state_dir);
    command
}

async fn sandbox(arguments: &[&str]) -> Output {
    let mut command = command(arguments, &state_dir());
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Answers with what arrived: a header and the body.
async fn echo() -> String {
    async fn answer(headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
        let kind = headers["content-type"].to_str().unwrap().to_owned();
        let token = headers.contains_key("authorization")
            || headers.contains_key("paypal-transmission-sig");
        let status = if token {
            StatusCode::ACCEPTED
        } else {
            StatusCode::UNAUTHORIZED
        };
        (status, format!("{kind}|{}", String::from_utf8_lossy(&body)))
    }
    let routes = Router::new()
        .route("/webhooks/livekit", post(answer))
        .route("/webhooks/paypal", post(answer))
        .route("/events", post(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}")
}

#[tokio::test]
async fn a_file_is_sent_byte_for_byte_and_the_answer_printed() {
    let target = echo().await;
    let body = "{ \"event\": \"room_started\",\n  \"room\": {} }\n";
    let path = file("sent.json", body);
    let sent = sandbox(&[
        "send",
        "livekit",
        path.to_str().unwrap(),
        "--target",
        &target,
    ])
    .await;
    assert_eq!(
        text(&sent.stdout),
        format!("202 Accepted\napplication/webhook+json|{body}"),
        "{}",
        text(&sent.stderr)
    );
    assert!(sent.status.success());
    let sent = sandbox(&[
        "send",
        "paypal",
        path.to_str().unwrap(),
        "--target",
        &target,
    ])
    .await;
    assert_eq!(
        text(&sent.stdout),
        format!("202 Accepted\napplication/json|{body}"),
        "{}",
        text(&sent.stderr)
    );
}

#[tokio::test]
async fn an_event_needs_the_source_of_an_agent() {
    let target = echo().await;
    let good = file(
        "event.json",
        r#"{"specversion":"1.0","id":"1","source":"/agents/receptionist","type":"t"}"#,
    );
    let sent = sandbox(&["send", "event", good.to_str().unwrap(), "--target", &target]).await;
    assert!(
        text(&sent.stdout).starts_with("202 Accepted\napplication/cloudevents+json|"),
        "{}",
        text(&sent.stderr)
    );
    let batch = file(
        "batch.json",
        r#"[{"specversion":"1.0","id":"1","source":"/agents/receptionist","type":"t"}]"#,
    );
    let sent = sandbox(&[
        "send",
        "event",
        batch.to_str().unwrap(),
        "--target",
        &target,
    ])
    .await;
    assert!(text(&sent.stdout).contains("application/cloudevents-batch+json"));
    let bad = file(
        "stranger.json",
        r#"{"specversion":"1.0","id":"1","source":"/elsewhere","type":"t"}"#,
    );
    let sent = sandbox(&["send", "event", bad.to_str().unwrap(), "--target", &target]).await;
    assert!(!sent.status.success() && text(&sent.stderr).contains("/agents/<name>"));
}

#[tokio::test]
async fn a_printed_command_works_when_pasted() {
    let target = echo().await;
    let path = file("it's signed.json", "{\"event\":\"room_started\"}");
    let signed = sandbox(&[
        "sign",
        "livekit",
        path.to_str().unwrap(),
        "--target",
        &target,
    ])
    .await;
    let command = text(&signed.stdout);
    assert!(
        command.starts_with("curl -i -X POST "),
        "{}",
        text(&signed.stderr)
    );
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: no curl here to paste into");
        return;
    }
    let pasted = tokio::task::spawn_blocking(move || {
        Command::new("sh").arg("-c").arg(&command).output().unwrap()
    });
    let answer = text(&pasted.await.unwrap().stdout);
    assert!(
        answer.contains("202 Accepted") && answer.ends_with("|{\"event\":\"room_started\"}"),
        "{answer}"
    );
}

#[tokio::test]
async fn other_machines_are_refused() {
    let path = file("refused.json", "{}");
    for target in ["http://192.0.2.1:8081", "https://frontdesk.example.com"] {
        for command in ["send", "sign"] {
            let refused = sandbox(&[
                command,
                "livekit",
                path.to_str().unwrap(),
                "--target",
                target,
            ])
            .await;
            assert!(
                !refused.status.success() && refused.stdout.is_empty(),
                "{command} {target}"
            );
        }
        let refused = sandbox(&["run", "--target", target]).await;
        assert!(!refused.status.success(), "run {target}");
    }
    let refused = sandbox(&["run", "--listen", "0.0.0.0:8090"]).await;
    assert!(!refused.status.success() && text(&refused.stderr).contains("loopback"));
}
