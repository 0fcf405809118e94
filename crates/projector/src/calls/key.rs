//! Which aggregate an event belongs to, from the event alone.
//!
//! A state has one writer only if its key decides the partition. A room's sid does not: a report
//! that names the right sid and a wrong room is stored in the wrong room's partition, which
//! another process may own. So the partition is part of every key, and of every row's key: such a
//! report is kept and filed under its room, but it reaches no call.

use super::fact::key;
use frontdesk_events::{Envelope, Partition};
use uuid::Uuid;

/// The namespace of call ids. For ever: another one would give every call another address.
const CALL_NAMESPACE: Uuid = Uuid::from_u128(0x5f6e_2f0c_9a54_4d0e_8b1d_6c3a_70e1_94b7);

/// Between the parts of a key. No part has it: [`key`] leaves no control characters.
pub(super) const BETWEEN: char = '\u{1f}';

/// The public id of a call, by its room's name and sid and its own key: the same on every replay.
#[must_use]
pub fn call_id(room_name: &str, room_sid: &str, call_key: &str) -> Uuid {
    let partition = i16::from(Partition::of(room_name).number());
    let room = RoomKey::within(partition, &key(room_sid));
    Place::of(room.session()).call_id(&key(call_key))
}

/// A room as its own partition knows it: the key of its session, `07.RM_…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomKey {
    text: String,
}

impl RoomKey {
    /// The room of this sid, in the partition the event was stored in. `name` is the room's name
    /// by the data, which decides where no partition key was kept.
    #[must_use]
    pub fn of(sid: &str, name: Option<&str>, envelope: &Envelope) -> Self {
        let partition = match envelope.partition_key() {
            Some(key) => Partition::of(&key),
            None => Partition::of(name.unwrap_or_default()),
        };
        Self::within(i16::from(partition.number()), &key(sid))
    }

    /// The room of a sid that is a key already.
    #[must_use]
    pub fn within(partition: i16, sid: &str) -> Self {
        Self {
            text: format!("{partition:02}.{sid}"),
        }
    }

    /// The key of the room's session.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.text
    }

    /// The key of the transcript of one of its calls, by the id it was reported under.
    #[must_use]
    pub fn transcript(&self, call: &str) -> String {
        format!("{}{BETWEEN}{call}", self.text)
    }

    /// The room's sid.
    #[must_use]
    pub fn sid(&self) -> &str {
        Place::of(&self.text).sid
    }
}

/// A key taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The session's key.
    pub room: &'a str,
    /// The partition's number.
    pub partition: i16,
    /// The room's sid.
    pub sid: &'a str,
    /// The id a transcript was reported under; empty in a session's key.
    pub call: &'a str,
}

impl<'a> Place<'a> {
    /// Takes any text, though only a [`RoomKey`] makes keys.
    #[must_use]
    pub fn of(key: &'a str) -> Self {
        let (room, call) = key.split_once(BETWEEN).unwrap_or((key, ""));
        let (partition, sid) = room.split_once('.').unwrap_or(("", room));
        Self {
            room,
            partition: partition.parse().unwrap_or_default(),
            sid,
            call,
        }
    }

    /// The id of a turn: no other call's item has it, whatever agents call calls and items. An
    /// item without an id goes by its place in the transcript.
    #[must_use]
    pub fn turn_id(&self, item: &str) -> String {
        let (call, length) = (self.call, self.call.len());
        match item.strip_prefix(BETWEEN) {
            Some(place) => format!("{length}:{call}#{place}"),
            None => format!("{length}:{call}/{item}"),
        }
    }

    /// See [`call_id`].
    #[must_use]
    pub fn call_id(&self, call_key: &str) -> Uuid {
        Uuid::new_v5(
            &CALL_NAMESPACE,
            format!("{}\0{call_key}", self.room).as_bytes(),
        )
    }
}
