//! The invariants that a compiler cannot hold. Each test names the rule it keeps.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Every file below a folder with one of the endings, as (path from the root, text).
fn files(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(path) = open.pop() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["node_modules", "target", "dist", "fixtures"].contains(&name.as_str())
                && !name.starts_with('.')
            {
                open.extend(
                    fs::read_dir(&path)
                        .unwrap()
                        .map(|entry| entry.unwrap().path()),
                );
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            let from_root = path
                .strip_prefix(root())
                .unwrap()
                .to_string_lossy()
                .into_owned();
            found.push((from_root, fs::read_to_string(&path).unwrap()));
        }
    }
    assert!(
        !found.is_empty(),
        "nothing below {folder}: the test would hold nothing"
    );
    found.sort();
    found
}

fn rust(folder: &str) -> Vec<(String, String)> {
    files(folder, &[".rs"])
}

/// A file's code without its unit tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap()
}

fn assert_none(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn only_events_names_the_nats_client() {
    let found: Vec<_> = files("crates", &[".rs", "Cargo.toml"])
        .into_iter()
        .filter(|(path, _)| path != "crates/harness/tests/tidy.rs")
        .filter(|(_, text)| text.contains("async_nats") || text.contains("async-nats"))
        .map(|(path, _)| path)
        .collect();
    assert_none("only `events` may name async_nats", &found);
}

#[test]
fn folds_know_no_clock_network_or_chance() {
    let forbidden = [
        "clock::",
        "Utc::now",
        "reqwest",
        "tokio",
        "tokio_postgres",
        "rand",
        "new_v4",
        "frontdesk_process",
    ];
    let mut found = Vec::new();
    for (path, text) in rust("crates/projector/src") {
        let is_fold = ["calls", "billing"].iter().any(|name| {
            path.starts_with(&format!("crates/projector/src/{name}/"))
                || path.ends_with(&format!("src/{name}.rs"))
        });
        if is_fold {
            let hit = forbidden.iter().filter(|word| code(&text).contains(*word));
            found.extend(hit.map(|word| format!("{path}: {word}")));
        }
    }
    assert_none("a fold sees the event and its own state alone", &found);
}

#[test]
fn each_schema_has_one_writer() {
    let owners = [
        ("calls", "projector"),
        ("billing", "projector"),
        ("account", "api"),
        ("ops", "workers"),
    ];
    let mut found = Vec::new();
    for (path, text) in rust("crates") {
        let owner = path.split('/').nth(1).unwrap().to_owned();
        // The sandbox plays the owner of the accounts until the accounts work brings the real one.
        if ["harness", "sandbox"].contains(&owner.as_str()) || path.contains("/tests/") {
            continue;
        }
        let text = code(&text).to_lowercase();
        for (schema, writer) in owners {
            for verb in ["insert into", "update", "delete from", "truncate", "copy"] {
                if owner != writer && text.contains(&format!("{verb} {schema}.")) {
                    found.push(format!("{path}: {verb} {schema}"));
                }
            }
        }
    }
    assert_none("a schema is written by its owner alone", &found);
}

/// What sees rows of all accounts is compared with an account by hand, so it is looked at by name.
#[test]
fn few_places_see_across_accounts() {
    let may = [
        // Who somebody is.
        (
            "auth(",
            &["auth/", "keys.rs", "members/joining.rs", "users/email.rs"][..],
        ),
        // Running the service.
        (
            "admin(",
            &[
                "admin/",
                "auth/sweep.rs",
                "users/ending.rs",
                "users/operator.rs",
            ],
        ),
        ("agent(", &["agent.rs"]),
    ];
    let folder = "crates/api/src/";
    let mut found = Vec::new();
    for (path, text) in rust(folder) {
        let text: String = code(&text).split_whitespace().collect();
        for (call, places) in &may {
            let calls = [format!("database().{call}"), format!("database.{call}")];
            let is_there = places
                .iter()
                .any(|place| path[folder.len()..].starts_with(place));
            if !is_there && calls.iter().any(|call| text.contains(call)) {
                found.push(format!("{path}: {call}"));
            }
        }
    }
    assert_none("only these see rows of all accounts", &found);
}

#[test]
fn nothing_else_has_an_http_client() {
    let clients = ["reqwest", "oauth2", "lettre"];
    // The file store has one of its own, whose TLS is chosen in the manifest.
    let code = ["projector", "process"]
        .into_iter()
        .flat_map(|name| rust(&format!("crates/{name}/src")));
    let manifest = "crates/projector/Cargo.toml";
    let text = fs::read_to_string(root().join(manifest)).unwrap();
    let dependencies = text.split("[dev-dependencies]").next().unwrap().to_owned();
    let found: Vec<_> = code
        .chain([(manifest.to_owned(), dependencies)])
        .filter(|(_, text)| clients.iter().any(|client| text.contains(client)))
        .map(|(path, _)| path)
        .collect();
    assert_none(
        "only `ingest`, `workers` and the api's login providers have an HTTP client",
        &found,
    );
}

#[test]
fn the_api_speaks_to_login_providers_alone() {
    let place = "crates/api/src/auth/provider";
    let mut found: Vec<_> = rust("crates/api")
        .into_iter()
        .filter(|(path, _)| {
            path != &format!("{place}.rs") && !path.starts_with(&format!("{place}/"))
        })
        .flat_map(|(path, text)| {
            ["reqwest", "oauth2", "hyper_util::client", "lettre"]
                .into_iter()
                .filter(move |client| text.contains(client))
                .map(move |client| format!("{path}: {client}"))
        })
        .collect();
    let manifest = fs::read_to_string(root().join("crates/api/Cargo.toml")).unwrap();
    if manifest.contains("lettre") {
        found.push("crates/api/Cargo.toml: lettre".to_owned());
    }
    assert_none(
        "the api speaks to nobody but login providers, and only in auth/provider",
        &found,
    );
}

#[test]
fn a_file_holds_one_idea() {
    let mut found = Vec::new();
    for folder in ["crates", "events", "web/src"] {
        for (path, text) in files(folder, &[".rs", ".ts", ".tsx"]) {
            let is_test =
                path.contains("/tests/") || path.contains("/benches/") || path.contains(".test.");
            let lines = code(&text)
                .lines()
                .filter(|line| !line.trim().is_empty())
                .count();
            if !is_test && !path.ends_with("schema.ts") && lines > 400 {
                found.push(format!("{path}: {lines} lines"));
            }
        }
    }
    assert_none("a file of more than 400 lines holds two ideas", &found);
}

#[test]
fn every_rust_file_says_why_it_exists() {
    let mut found = Vec::new();
    for folder in ["crates", "events"] {
        found.extend(
            rust(folder)
                .into_iter()
                .filter(|(_, text)| !text.starts_with("//!"))
                .map(|(path, _)| path),
        );
    }
    assert_none("a file opens with `//!` and its reason", &found);
}

#[test]
fn names_say_what_a_thing_is() {
    let forbidden = [
        "util", "utils", "common", "helper", "helpers", "manager", "service", "base", "misc",
        "new", "v2", "data", "info",
    ];
    let mut found = Vec::new();
    for folder in ["crates", "events", "web/src"] {
        for (path, _) in files(folder, &[".rs", ".ts", ".tsx", ".css"]) {
            let words = path.split(['/', '_', '-', '.']);
            found.extend(
                words
                    .filter(|word| forbidden.contains(word))
                    .map(|word| format!("{path}: {word}")),
            );
        }
    }
    assert_none("these words name nothing", &found);
}

#[test]
fn no_secret_or_machine_is_named() {
    let mut found = Vec::new();
    for folder in [
        "crates",
        "events",
        "web/src",
        "scripts",
        "migrations",
        "docs",
    ] {
        for (path, text) in files(
            folder,
            &[
                ".rs", ".ts", ".tsx", ".sh", ".sql", ".md", ".toml", ".json", ".yaml",
            ],
        ) {
            let suspicious = [
                "BEGIN RSA PRIVATE KEY",
                "BEGIN PRIVATE KEY",
                "\"resolved\": \"http",
            ];
            let is_this_file = path.ends_with("tidy.rs");
            let hit = suspicious
                .iter()
                .filter(|word| !is_this_file && text.contains(*word));
            found.extend(hit.map(|word| format!("{path}: {word}")));
        }
    }
    assert_none(
        "no private key and no download address is committed",
        &found,
    );
}

#[test]
fn every_event_type_has_a_schema_and_an_example() {
    let asyncapi = fs::read_to_string(root().join("events/asyncapi.yaml")).unwrap();
    let mut found = Vec::new();
    for entry in frontdesk_events::catalogue::all() {
        let kind = entry.kind;
        for (folder, what) in [("schemas", "schema"), ("examples", "example")] {
            if !root().join(format!("events/{folder}/{kind}.json")).exists() {
                found.push(format!("{kind} has no {what}"));
            }
        }
        if !asyncapi.contains(kind) {
            found.push(format!("{kind} is not in asyncapi.yaml"));
        }
    }
    assert_none("the catalogue is complete", &found);
}

#[test]
fn the_architecture_page_is_short_and_true() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    assert!(
        page.lines().count() <= 150,
        "ARCHITECTURE.md has {} lines",
        page.lines().count()
    );
    let places = page.split('`').skip(1).step_by(2).filter(|text| {
        (text.contains('/') || text.ends_with(".md") || text.ends_with(".yaml"))
            && !text.contains([' ', '<', '*', ':', '{', '$'])
            && !text.starts_with('/')
    });
    let missing: Vec<_> = places
        .filter(|place| !root().join(place).exists())
        .map(str::to_owned)
        .collect();
    assert_none("ARCHITECTURE.md names places that do not exist", &missing);
}

#[test]
fn the_makefile_stays_small() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let targets: Vec<_> = makefile
        .lines()
        .filter(|line| {
            line.starts_with(|c: char| c.is_ascii_lowercase())
                && line.contains(':')
                && !line.contains(":=")
        })
        .collect();
    assert!(
        !targets.is_empty() && targets.len() <= 12,
        "{} targets",
        targets.len()
    );
    for target in targets {
        assert!(target.contains("## "), "{target:?} has no line of help");
    }
}
