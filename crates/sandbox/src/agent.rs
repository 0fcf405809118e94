//! What the Python agent reports: CloudEvents with the call's conversation and what came of it.
//! Shapes follow what livekit-agents can really know; made-up fields would make the product lean
//! on something no agent can send.

pub mod report;
pub mod speech;

use bytes::Bytes;
use chrono::{DateTime, Utc};

/// The agent's name, in its identity, its token and its events' source.
pub const AGENT_NAME: &str = "receptionist";

/// One CloudEvent of an agent before it is put on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Made of the job's id, so a repeat is known as one.
    pub id: String,
    /// `dev.frontdesk.call.…`.
    pub kind: &'static str,
    /// Who reports.
    pub agent: String,
    /// `sip.callID`, or the visitor's participant sid.
    pub subject: String,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// One agent job sends in order, and a job has one room.
    pub room_name: String,
    /// JSON.
    pub data: Bytes,
    /// CloudEvents' structured mode instead of its binary one.
    pub structured: bool,
}
