//! Streams to read models: fetch, fold, flush.
//!
//! Nothing here decides what an event means (that is the aggregates' business) or keeps anything
//! that the streams and account's history could not give again.

pub mod aggregate;
pub mod table;
pub mod calls;
pub mod billing;
#[cfg(any(test, feature = "laws"))]
pub mod laws;

pub mod projection;
pub mod projections;
mod lane;
mod reader;
mod owners;
mod batch;
mod checkpoint;
mod dead;
mod sql;
mod store;
mod flush;
mod stop;
mod engine;
mod schema;
mod live;
pub mod operate;
mod command;

pub use command::{Name, Named, Output, ProjectionsCommand, command};
pub use live::{ProjectorArgs, keep, run};
pub use schema::{ensure_read_model, ensure_read_models};
