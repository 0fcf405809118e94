//! One call told again from events of its room: what was known of it once, and what each event changed.
//!
//! By the same folds as the tables, so that all events give the same rows. Only whose the call is stays
//! open: that is asked of history, and nobody answers here.

use super::{
    CallFact,
    key::RoomKey,
    room::Room,
    session::{CallRow, RoomSession},
    transcript::{Script, Transcript, TurnRow},
};
use crate::aggregate::{Aggregate, Fact as _, Owner, OwnerQuestion, Owners};
use frontdesk_events::Envelope;

/// A call and what was heard of it so far.
#[derive(Debug)]
pub struct Retelling {
    call: String,
    room: RoomKey,
    session: Room,
    transcript: String,
    script: Script,
}

impl Retelling {
    /// A call by the columns of its row, before its first event.
    #[must_use]
    pub fn of(partition: i16, room_sid: &str, call_key: &str) -> Self {
        let room = RoomKey::within(partition, room_sid);
        Self {
            call: call_key.to_owned(),
            transcript: room.transcript(call_key),
            room,
            session: Room::default(),
            script: Script::default(),
        }
    }

    /// Folds an event. Order and repetition do not matter. One of another room, and one that would be a
    /// dead letter, changes nothing.
    pub fn hear(&mut self, event: &Envelope) {
        let Ok(fact) = CallFact::decode(event) else {
            return;
        };
        fold::<RoomSession>(&mut self.session, self.room.session(), &fact);
        fold::<Transcript>(&mut self.script, &self.transcript, &fact);
    }

    /// The call's row, without its owner; `None` before any event told of it.
    #[must_use]
    pub fn call(&self) -> Option<CallRow> {
        let rows = RoomSession::rows(self.room.session(), &self.session, &Nobody);
        rows.calls.into_iter().find(|row| row.call_key == self.call)
    }

    /// What was said on it, in order, without its owner.
    #[must_use]
    pub fn turns(&self) -> Vec<TurnRow> {
        Transcript::rows(&self.transcript, &self.script, &Nobody).turns
    }

    /// How many turns there are: cheaper than the turns.
    #[must_use]
    pub fn turn_count(&self) -> usize {
        self.script.turn_count()
    }
}

fn fold<A: Aggregate<Fact = CallFact>>(state: &mut A::State, key: &str, fact: &CallFact) {
    if A::keys(fact).iter().any(|found| found == key) {
        // Refused, it is a dead letter and the state is as it was.
        let _: Result<(), _> = A::fold(state, key, fact);
    }
}

/// Answers for no owner.
struct Nobody;

impl Owners for Nobody {
    fn owner(&self, _: &OwnerQuestion) -> Option<Owner> {
        None
    }
}
