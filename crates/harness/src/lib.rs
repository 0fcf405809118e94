//! Tests only: real servers, a database a test, fixtures, and waiting for conditions.
//!
//! Nothing here imitates a part of the product or of its infrastructure. A test gets its own
//! nats-server (ready in milliseconds) and its own database (copied from a migrated template),
//! and both end with the test process, however it ends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking"
)]

pub mod chance;
pub mod deadline;
pub mod fixtures;
pub mod guard;
pub mod mailbox;
pub mod nats;
pub mod people;
pub mod postgres;
pub mod program;

pub use deadline::eventually;
pub use mailbox::Mailbox;
pub use nats::Nats;
pub use postgres::Database;
pub use program::Program;

/// A nats-server of this test's own, with the four streams, fsyncing before each ack.
pub async fn nats() -> Nats {
    Nats::start().await
}

/// A migrated database of this test's own.
pub async fn database() -> Database {
    Database::create().await
}
