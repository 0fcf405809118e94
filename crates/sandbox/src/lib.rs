//! The outside world for one machine: LiveKit's webhook sender with plausible calls, the agent's
//! CloudEvents, PayPal's signed webhooks, Google's and GitHub's logins and a mailbox, each over the
//! wire protocol of the real thing.
//!
//! Never in production: every target and listener must be a loopback address. Nothing here knows
//! Frontdesk's streams; what is written past the wire are a town of businesses ([`seed`]) and
//! accounts to try everything with ([`ready`]).
//!
//! Everything is told twice over: [`stories`] makes calls and subscriptions as plain values from
//! a seed and a start time, [`delivery`] carries them. Tests and benchmarks use the first half
//! without the second.

pub mod agent;
pub mod chance;
pub mod conversation;
pub mod delivery;
pub mod keys;
pub mod livekit;
pub mod loopback;
pub mod mailbox;
mod pages;
pub mod paypal;
pub mod providers;
pub mod ready;
pub mod registry;
pub mod run;
pub mod seed;
pub mod stories;
pub mod wire;
pub mod world;
