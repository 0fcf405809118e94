//! What the README says to paste, pasted.

use crate::stand::{KEY, SECRET, Stand};
use frontdesk_events::StreamName;
use std::{io::Write as _, path::Path, process::Command};

/// The first shell block under a heading.
fn block(heading: &str) -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let text = std::fs::read_to_string(readme).unwrap();
    let section = text.split_once(heading).expect("the heading is there").1;
    let block = section.split_once("```sh\n").unwrap().1;
    block.split_once("```").unwrap().0.to_owned()
}

#[tokio::test]
async fn the_line_that_sends_an_agents_event_works_when_pasted() {
    if let Some(missing) = ["curl", "openssl"]
        .into_iter()
        .find(|tool| Command::new(tool).arg("version").output().is_err())
    {
        writeln!(std::io::stderr(), "SKIPPED: no {missing} to paste into").unwrap();
        return;
    }
    let stand = Stand::start().await;
    let place = std::env::temp_dir().join(format!("frontdesk-readme-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&place).unwrap();
    let settings = format!(
        "DATABASE_URL=postgres://a?b&c\nINGEST_LISTEN={}\nLIVEKIT_API_KEY={KEY}\nLIVEKIT_API_SECRET='{SECRET}'\n",
        stand.address
    );
    std::fs::write(place.join(".env"), settings).unwrap();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &block("## An agent's event")])
        .current_dir(&place)
        .env("NO_PROXY", "127.0.0.1");
    let output = tokio::task::spawn_blocking(move || shell.output())
        .await
        .unwrap()
        .unwrap();
    std::fs::remove_dir_all(place).unwrap();
    let answer = String::from_utf8_lossy(&output.stdout);
    assert!(
        answer.contains(r#"{"stored":1,"duplicates":0}"#),
        "{answer}"
    );
    let stored = stand.only(StreamName::Calls).await;
    assert_eq!(stored.envelope.kind(), "dev.frontdesk.call.answered.v1");
}
