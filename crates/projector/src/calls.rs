//! Calls: what LiveKit's webhooks and the agent's reports add up to.
//!
//! Two aggregates, both keyed by room sid. [`RoomSession`] gives the rows of `calls.calls` and
//! their share of the hourly rollups; [`Transcript`] gives `calls.turns`, apart, because a state is
//! rewritten whenever it changes and what was said is by far the larger one.
//!
//! A fact is decoded into a small piece of state, and folding is merging that piece
//! ([`merge::Merge`]): every part of a state is a minimum, a maximum, a union or "the latest by
//! time and id", so order and repetition cannot matter. What a call *is* (when it was answered,
//! how it ended) is never stored; it is derived from the whole state each time.
//!
//! Reading order: [`fact`] (events to pieces), [`room`] (the pieces and the states),
//! [`callers`] (which calls a room holds), [`timing`] and [`ending`] (what became of them),
//! [`session`] and [`transcript`] (rows), [`rollup`] (sums).
//!
//! Nothing here reads a clock: a call whose end was never reported stays live until the room's
//! end is reported, by LiveKit or by a reconciler.

pub mod callers;
pub mod ending;
pub mod fact;
pub mod merge;
pub mod number;
pub mod rollup;
pub mod room;
pub mod session;
pub mod timing;
pub mod transcript;

pub use fact::CallFact;
pub use session::{CallRow, RoomSession};
pub use transcript::{Transcript, TurnRow};

use uuid::Uuid;

/// The namespace of call ids. For ever: another one would give every call another address.
const CALL_NAMESPACE: Uuid = Uuid::from_u128(0x5f6e_2f0c_9a54_4d0e_8b1d_6c3a_70e1_94b7);

/// The public id of a call: the same for the same room sid and call key, on every replay.
#[must_use]
pub fn call_id(room_sid: &str, call_key: &str) -> Uuid {
    Uuid::new_v5(
        &CALL_NAMESPACE,
        format!("{room_sid}\0{call_key}").as_bytes(),
    )
}

#[cfg(test)]
mod tests;
