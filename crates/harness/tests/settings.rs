//! What `make up` writes down for a machine, asked of the scripts themselves.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A second instance with nothing in it; gone with the test.
struct Instance(tempfile::TempDir);

impl Instance {
    fn begin() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn store(&self) -> PathBuf {
        self.0.path().join("nats")
    }

    /// Runs a line beside the scripts' settings.
    fn run(&self, line: &str) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let script = format!(". scripts/prelude.sh; . scripts/settings.sh; {line}");
        let output = Command::new("bash")
            .args(["-c", &script, "scripts/test"])
            .current_dir(root)
            .env("FRONTDESK_DATA", self.0.path())
            .env_remove("STREAM_MAX_BYTES")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The bound of one stream, once it is chosen.
    fn bound(&self) -> u64 {
        self.run("bound_streams \"$DATA/nats\"; setting STREAM_MAX_BYTES")
            .parse()
            .unwrap()
    }

    fn free(&self) -> u64 {
        let free = self.run("df --output=avail -B1 \"$DATA\" | tail -n 1");
        free.parse().unwrap()
    }
}

#[test]
fn streams_are_bound_by_what_is_free_once_and_for_all() {
    let instance = Instance::begin();
    let bound = instance.bound();
    let least = 128 * 1024 * 1024;
    assert!(bound >= least, "{bound}");
    // Others write to the volume meanwhile, but not half of it.
    assert!(
        bound == least || bound * 4 < instance.free() / 10 * 8,
        "{bound} is too much for each of four streams"
    );
    fs::create_dir(instance.store()).unwrap();
    fs::write(instance.store().join("1.blk"), vec![0; 1 << 20]).unwrap();
    assert_eq!(instance.bound(), bound, "it does not wander");
    let written = fs::read_to_string(instance.0.path().join("env")).unwrap();
    assert_eq!(written.matches("STREAM_MAX_BYTES=").count(), 1, "{written}");
}

#[test]
fn what_streams_hold_already_is_theirs_and_what_somebody_chose_stays() {
    let instance = Instance::begin();
    fs::create_dir(instance.store()).unwrap();
    let held = fs::File::create(instance.store().join("1.blk")).unwrap();
    // A file of holes takes no room, and is as long as one that does.
    held.set_len(1 << 40).unwrap();
    assert!(instance.bound() > 1 << 40);

    let chosen = Instance::begin();
    fs::write(chosen.0.path().join("env"), "STREAM_MAX_BYTES=12345").unwrap();
    assert_eq!(chosen.bound(), 12_345);
}

#[test]
fn whoever_sets_it_by_hand_is_told_of_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for file in [
        "README.md",
        ".env.example",
        "compose.yaml",
        "deploy/README.md",
    ] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        assert!(text.contains("STREAM_MAX_BYTES"), "{file}");
    }
}
