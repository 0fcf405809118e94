//! Ingest against a real nats-server: what it accepts is on disk exactly once, what it refuses
//! gets the right status and leaves nothing behind.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod stand;
mod authority;

mod livekit;
mod paypal;
mod agents;
mod store;
mod listener;
mod sdk_clients;
