//! Workers with the real NATS, the real PostgreSQL and a real SMTP server: the relay, mails, exports,
//! and what is remembered of each.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::needless_pass_by_value,
    clippy::too_many_lines,
    reason = "a test fails by panicking; json!(…) reads better without a reference; a table of cases is long"
)]

mod exports;
mod hangups;
mod mails;
mod notices;
mod redrives;
mod refusals;
mod relay;
mod scene;
mod stand;
#[allow(dead_code, reason = "the api's tests use the rest of it")]
#[path = "../api/story.rs"]
mod story;
mod whole_export;
mod wire;
