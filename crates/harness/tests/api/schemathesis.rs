//! Schemathesis, a tester that knows nothing of us but the OpenAPI document, asks every route with what
//! the document allows and with what it does not. No answer may be a mistake of ours, none may be one
//! that the document does not promise.

use crate::{browser::count, person::Person, stage::Stage};
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

/// The end of a run, in seconds, wherever it stands: a slow machine tries fewer examples.
const LONGEST: &str = "60";

fn schemathesis() -> Option<PathBuf> {
    let python = std::env::var_os("FRONTDESK_PYTHON").map(PathBuf::from)?;
    let program = python.parent()?.join("schemathesis");
    if program.exists() {
        return Some(program);
    }
    let said = writeln!(
        std::io::stderr(),
        "SKIPPED: schemathesis is not installed (make test installs it)"
    );
    said.unwrap();
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_to_the_code_finds_no_mistake_and_no_surprise() {
    let Some(program) = schemathesis() else {
        return;
    };
    let stage = Stage::set().await;
    stage.reception().await;
    let tried = ask(&program, &stage, stage.owner(), &[]).await;
    assert!(tried > 300, "only {tried} were tried");
}

/// Half of what is asked about somebody is asked about one who is there, so that the answers are real:
/// suspended, resumed, promoted, demoted, and refused because they are so already.
#[tokio::test(flavor = "multi_thread")]
async fn as_an_administrator_it_finds_none_either() {
    let Some(program) = schemathesis() else {
        return;
    };
    let stage = Stage::set().await;
    stage.reception().await;
    let (admin, people) = (
        stage.admin().await,
        [stage.person("ada").await, stage.person("bob").await],
    );
    let config = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    let settings = format!(
        r#"
[dictionaries.people]
values = ["{}", "{}"]
[[operations]]
include-path-regex = "^/api/admin/users/"
parameters = {{ "path.id" = {{ dictionary = "people", probability = 0.5 }} }}
"#,
        people[0].id, people[1].id
    );
    std::fs::write(config.path(), settings).unwrap();
    let config = config.path().to_str().unwrap();
    let admin_alone = [
        "--config-file",
        config,
        "--include-path-regex",
        "^/api/admin/",
    ];
    let tried = ask(&program, &stage, &admin, &admin_alone).await;
    assert!(tried > 300, "only {tried} were tried");
    for act in ["suspended", "resumed", "promoted", "demoted"] {
        let acts = format!("account.audit where actor_kind = 'admin' and act = 'user.{act}'");
        assert!(count(&stage, &acts).await > 0, "nobody was {act}");
    }
    let all = [
        "--config-file",
        config,
        "--exclude-path-regex",
        "^/api/admin/",
    ];
    let tried = ask(&program, &stage, &admin, &all).await;
    assert!(tried > 300, "only {tried} were tried");
}

/// Lets it ask as somebody, with more arguments; gives how many requests it made. Panics with what it
/// found.
async fn ask(program: &Path, stage: &Stage, person: &Person, more: &[&str]) -> usize {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/openapi.json");
    let mut command = Command::new(program);
    // It takes the configuration before what it is to do.
    let (before, more) = match more {
        ["--config-file", file, more @ ..] => (vec!["--config-file", *file], more),
        more => (vec![], more),
    };
    command
        .args(before)
        .arg("run")
        .arg(document)
        .args(["--url", &stage.url()])
        .args(["--header", &format!("Cookie: {}", person.cookie)])
        .args(["--header", "Sec-Fetch-Site: same-origin"])
        .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"])
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", EXAMPLES, "--seed", "7", "--workers", "1", "--max-time", LONGEST])
        .args(["--generation-database", "none", "--no-color"])
        .args(more)
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
        Some((generated, passed.strip_suffix(" passed")?))
    });
    let (generated, passed) = counted.unwrap_or_else(|| panic!("{said}"));
    assert_eq!(generated, passed, "{said}");
    generated.parse().unwrap()
}
