//! The outside world for one machine: LiveKit's webhook sender with plausible calls, the agent's
//! CloudEvents, and PayPal's signed webhooks, each over the wire protocol of the real thing.
//!
//! Never in production: every target and listener must be a loopback address. Nothing here knows
//! Frontdesk's streams or read models; the one thing written past the wire is `account`'s
//! businesses ([`seed`]), for as long as nobody can sign up.
//!
//! Everything is told twice over: [`stories`] makes calls and subscriptions as plain values from
//! a seed and a start time, [`delivery`] carries them. Tests and benchmarks use the first half
//! without the second.

pub mod agent;
pub mod chance;
pub mod conversation;
pub mod delivery;
pub mod livekit;
pub mod loopback;
pub mod paypal;
pub mod run;
pub mod seed;
pub mod stories;
pub mod wire;
pub mod world;
