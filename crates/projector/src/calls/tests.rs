//! Calls told as events, and what rows they must give.

mod clocks;
mod endings;
mod laws;
mod odd;
mod outbound;
mod owners;
mod reconnects;
mod reports;
mod retellings;
mod shared_rooms;
mod soup;
mod stage;
mod stories;
mod transcripts;
