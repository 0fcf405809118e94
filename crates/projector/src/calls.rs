//! Calls: what LiveKit's webhooks and the agent's reports add up to.
//!
//! Two aggregates. [`RoomSession`], keyed by room, gives the rows of `calls.calls` and their share
//! of the hourly rollups: when a call was answered only the whole room can tell. [`Transcript`],
//! keyed by room and call, gives `calls.turns` and `calls.said`, apart, because a state is rewritten
//! whenever it changes and what was said is by far the larger one.
//!
//! A fact is decoded into a small piece of state, and folding is merging that piece
//! ([`merge::Merge`]): every part of a state is a minimum, a maximum, a union or "the latest by
//! time and id", so order and repetition cannot matter. What a call *is* (when it was answered,
//! how it ended) is never stored; it is derived from the whole state each time.
//!
//! Reading order: [`key`] (which aggregate), [`fact`] (events to pieces), [`room`] (the pieces and
//! the states), [`callers`] (which calls a room holds), [`sound`], [`timing`] and [`ending`] (what
//! became of them), [`session`], [`transcript`] and [`said`] (rows), [`rollup`] (sums), [`retelling`]
//! (one call as it was known once).
//!
//! Nothing here reads a clock: a call whose end was never reported stays live until the room's
//! end is reported, by LiveKit or by a reconciler.

pub mod callers;
pub mod ending;
pub mod fact;
pub mod key;
pub mod merge;
pub mod number;
pub mod retelling;
pub mod rollup;
pub mod room;
pub mod said;
pub mod session;
pub mod sound;
pub mod timing;
pub mod transcript;

pub use fact::CallFact;
pub use key::call_id;
pub use retelling::Retelling;
pub use session::{CallRow, RoomSession};
pub use transcript::{Transcript, TurnRow};

#[cfg(test)]
mod tests;
