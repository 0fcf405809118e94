//! LiveKit's side of the wire: bodies as its Go server prints them, the tokens that sign them, and the
//! API by which a call is ended. What is sent when is told by [`crate::stories`]; how it is retried and dropped by
//! [`crate::delivery`].

pub mod body;
pub mod rooms;
pub mod token;

use bytes::Bytes;

/// One webhook before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Whose queue it waits in: the egress id, else the room's name (LiveKit's own rule), so
    /// recordings are unordered against their room.
    pub queue: String,
    /// `participant_joined` and its like.
    pub event: &'static str,
    /// Exactly what is sent and hashed: one line.
    pub body: Bytes,
}
