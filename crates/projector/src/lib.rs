//! Streams to read models: fetch, fold, flush.

pub mod aggregate;
pub mod table;
#[cfg(any(test, feature = "laws"))]
pub mod laws;
