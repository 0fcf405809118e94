//! Schemathesis, a tester that knows nothing of us but the OpenAPI document, asks every route with what
//! the document allows and with what it does not. No answer may be a mistake of ours, none may be one
//! that the document does not promise.

use crate::stage::Stage;
use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

/// Routes that end the session that asks, or never end: each has tests of its own.
const LEFT_OUT: [&str; 6] = [
    "/api/live",
    "/api/auth/logout",
    "/api/auth/password/change",
    "/api/auth/sessions",
    "/api/auth/account",
    "/api/users/account",
];

/// So many made-up examples a route, besides those the document gives and their neighbours.
const EXAMPLES: &str = "6";

/// The end of the run, in seconds, wherever it stands: a slow machine tries fewer examples.
const LONGEST: &str = "60";

fn schemathesis() -> Option<PathBuf> {
    let python = std::env::var_os("FRONTDESK_PYTHON").map(PathBuf::from)?;
    Some(python.parent()?.join("schemathesis")).filter(|program| program.exists())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_to_the_code_finds_no_mistake_and_no_surprise() {
    let Some(program) = schemathesis() else {
        let said = writeln!(
            std::io::stderr(),
            "SKIPPED: schemathesis is not installed (make test installs it)"
        );
        return said.unwrap();
    };
    let stage = Stage::set().await;
    stage.reception().await;
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/openapi.json");
    let mut command = Command::new(program);
    command
        .arg("run")
        .arg(document)
        .args(["--url", &stage.url()])
        .args(["--header", &format!("Cookie: {}", stage.owner().cookie)])
        .args(["--header", "Sec-Fetch-Site: same-origin"])
        .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"])
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", EXAMPLES, "--seed", "7", "--workers", "1", "--max-time", LONGEST])
        .args(["--generation-database", "none", "--no-color"])
        .env("NO_PROXY", "127.0.0.1")
        // It keeps notes where it runs.
        .current_dir(env!("CARGO_TARGET_TMPDIR"));
    for path in LEFT_OUT {
        command.args(["--exclude-path", path]);
    }
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // "14475 generated, 14475 passed"
    let counted = said.lines().find_map(|line| {
        let (generated, passed) = line.trim().split_once(" generated, ")?;
        Some((
            generated.to_owned(),
            passed.strip_suffix(" passed")?.to_owned(),
        ))
    });
    let (generated, passed) = counted.unwrap_or_else(|| panic!("{said}"));
    assert_eq!(generated, passed, "{said}");
    assert!(generated.parse::<usize>().unwrap() > 1_000, "{said}");
}
