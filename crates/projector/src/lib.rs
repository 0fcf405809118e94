//! Streams to read models: fetch, fold, flush.

pub mod aggregate;
