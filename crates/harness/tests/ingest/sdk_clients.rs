//! The official CloudEvents SDKs as agents: what they send in each mode is taken and stored.

use crate::stand::{AGENT, Stand, agent};
use frontdesk_events::StreamName;
use serde_json::{Value, json};
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Runs a client if it is installed; its output is what it was answered, one JSON line each.
async fn run(stand: &Stand, program: PathBuf, script: &str, needs: &Path) -> Option<Vec<Value>> {
    if !needs.exists() {
        // Past the test's captured output: a run that checked nothing must show it.
        let said = writeln!(
            std::io::stderr(),
            "SKIPPED: {} is not installed (make test installs it)",
            needs.display()
        );
        said.unwrap();
        return None;
    }
    let mut command = Command::new(program);
    command
        .arg(here("tests/clients").join(script))
        .args([stand.url("/events"), format!("/agents/{AGENT}")])
        .env("AUTHORIZATION", agent())
        .env("NO_PROXY", "127.0.0.1");
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    Some(
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

async fn check(stand: &Stand, answers: &[Value]) {
    assert!(answers.len() >= 5, "{answers:?}");
    for answer in answers {
        assert_eq!(answer["status"], 200, "{answer}");
    }
    let stored = stand.stored(StreamName::Calls).await;
    let report = json!({"callId": "SCL_1", "roomSid": "RM_1", "roomName": "call_1", "note": "Grüße “€” 😀 100%"});
    for mode in ["binary", "structured", "batch"] {
        let message = stored
            .iter()
            .find(|message| message.envelope.id() == mode)
            .expect(mode);
        let envelope = &message.envelope;
        assert_eq!(envelope.kind(), "dev.frontdesk.call.answered.v1", "{mode}");
        assert_eq!(envelope.subject(), Some("Zoë \"call\" 100%"), "{mode}");
        assert_eq!(
            envelope.extension("tenant").as_deref(),
            Some("Ä B"),
            "{mode}"
        );
        assert_eq!(
            envelope.partition_key().as_deref(),
            Some("call_1"),
            "{mode}"
        );
        assert_eq!(
            envelope.time().unwrap().timestamp(),
            1_795_194_243,
            "{mode}"
        );
        assert_eq!(
            serde_json::from_slice::<Value>(envelope.data()).unwrap(),
            report,
            "{mode}"
        );
    }
    for mode in ["binary-bytes", "structured-bytes"] {
        let message = stored
            .iter()
            .find(|message| message.envelope.id() == mode)
            .expect(mode);
        assert_eq!(message.envelope.data(), b"\xff\x00\xfe", "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_sdk_is_understood_in_every_mode() {
    let stand = Stand::start().await;
    let python = here("../../.venv/bin/python");
    let package = here("../../.venv/installed.txt");
    if let Some(answers) = run(&stand, python, "send.py", &package).await {
        check(&stand, &answers).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_javascript_sdk_is_understood_in_every_mode() {
    let stand = Stand::start().await;
    let package = here("tests/clients/node_modules/cloudevents");
    if let Some(answers) = run(&stand, "node".into(), "send.mjs", &package).await {
        check(&stand, &answers).await;
    }
}
