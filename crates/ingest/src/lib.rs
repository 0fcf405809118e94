//! HTTP in: LiveKit's and PayPal's webhooks and agents' CloudEvents, verified, wrapped and put on
//! disk before anyone is told 2xx.
//!
//! It decides two things, "is this from whom it says" and "is it stored", and nothing about what
//! an event means: unknown types, fields and values pass through. No header from outside is ever
//! copied into a message, and no body or token into a log.
//!
//! Reading order: [`config`], `run` (the role), `router` (the routes and their common edge), then
//! the three senders, then `message` and `commit` (how events get on disk).

pub mod config;

mod body;
mod counts;
mod rejection;
mod router;
mod run;

mod agents;
mod livekit;
mod paypal;

mod commit;
mod message;

pub use config::IngestArgs;
pub use run::Ingest;
