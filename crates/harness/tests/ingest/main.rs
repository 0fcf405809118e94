//! Ingest against a real nats-server: what it accepts is on disk exactly once, what it refuses
//! gets the right status and leaves nothing behind.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::too_many_lines,
    reason = "a test fails by panicking, and a table of attacks is one idea"
)]

mod attacks;
mod authority;
mod stand;

mod agents;
mod certificates;
mod listener;
mod livekit;
mod paypal;
mod permissions;
mod readme;
mod reports;
mod sdk_clients;
mod store;
