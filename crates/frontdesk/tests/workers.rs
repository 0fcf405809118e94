//! `kill -9` of workers, PostgreSQL and nats-server at random moments.
//!
//! Afterwards the stream ACCOUNTS holds every committed fact, those of one key in the order of their
//! commits; and no mail was sent twice but those whose worker died between the mail server's "250" and
//! its own note of it. `KILLS` sets how often (12 when unset), `SEED` repeats a run's choices;
//! `MAILS` and `PAUSE_MS` say how many mails there are and how long the mail server thinks about each.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

#[path = "workers/mailing.rs"]
mod mailing;
#[path = "workers/relaying.rs"]
mod relaying;
#[path = "workers/stage.rs"]
mod stage;
