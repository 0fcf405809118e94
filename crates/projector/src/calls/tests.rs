//! Calls told as events, and what rows they must give.

mod endings;
mod laws;
mod odd;
mod reports;
mod soup;
mod stage;
mod stories;
mod transcripts;
