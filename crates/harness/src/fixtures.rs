//! The committed fixtures beside this crate. PayPal's own bytes are never committed; the tests that
//! need them look in `../shared` themselves.

use std::path::{Path, PathBuf};

/// A committed fixture, for example `livekit/02-participant_joined-sip.json`.
fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(name)
}

/// Its bytes as one line, the way a sender sends them: fixtures are printed for reading.
#[must_use]
pub fn compact(name: &str) -> Vec<u8> {
    let bytes = std::fs::read(path(name)).unwrap_or_else(|error| panic!("fixture {name}: {error}"));
    let value: Box<serde_json::value::RawValue> = serde_json::from_slice(&bytes).unwrap();
    let mut line = Vec::with_capacity(bytes.len());
    let (mut in_string, mut escaped) = (false, false);
    for byte in value.get().bytes() {
        if in_string {
            line.push(byte);
            (in_string, escaped) = match byte {
                _ if escaped => (true, false),
                b'\\' => (true, true),
                b'"' => (false, false),
                _ => (true, false),
            };
        } else if !byte.is_ascii_whitespace() {
            line.push(byte);
            in_string = byte == b'"';
        }
    }
    line
}

/// All committed fixtures of a folder (`livekit`, `paypal`), by name.
#[must_use]
pub fn names(folder: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(path(folder))
        .unwrap()
        .map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_string_lossy()))
        .filter(|name| name.ends_with(".json"))
        .collect();
    names.sort();
    names
}
