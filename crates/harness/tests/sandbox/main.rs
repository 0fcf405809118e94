//! The sandbox against the real ingest and the real database.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod stand;
mod world;
