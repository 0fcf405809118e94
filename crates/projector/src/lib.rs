//! Streams to read models: fetch, fold, flush.
//!
//! Nothing here decides what an event means (that is the aggregates' business) or keeps anything
//! that the streams and account's history could not give again.
//!
//! Reading order: [`aggregate`] (what a fold is), [`table`] (how rows reach tables), `laws`,
//! [`calls`] and [`billing`] (the folds), [`projection`] (what makes up a read model); then the
//! engine: `engine` (the loop), `reader`, `batch`, `lane`, `owners`, `flush`, `checkpoint`,
//! `dead`, `stop`; then who drives it: `live` (the role) and [`operate`] (the operator).

pub mod aggregate;
pub mod billing;
pub mod calls;
#[cfg(any(test, feature = "laws"))]
pub mod laws;
pub mod table;

mod batch;
mod checkpoint;
mod command;
mod dead;
mod engine;
mod flush;
mod goal;
mod lane;
mod live;
pub mod operate;
mod owners;
mod progress;
pub mod projection;
pub mod projections;
mod reader;
mod schema;
mod sql;
mod stop;
mod store;

pub use command::{Name, Named, Output, ProjectionsCommand, command};
pub use live::{ProjectorArgs, keep, run};
pub use schema::{ensure_read_model, ensure_read_models};
