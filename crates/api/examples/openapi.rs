//! Writes the OpenAPI document: `cargo run -p frontdesk-api --example openapi > crates/api/openapi.json`.

use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    io::stdout().write_all(frontdesk_api::openapi_document().as_bytes())
}
