//! LiveKit's enums by number, as its protocol 1.52 numbers them.
//!
//! A server writes a number where its own enum lacks the name. Values made later need no change
//! here: they are read as they are.

use crate::catalogue::tolerant::Names;

macro_rules! names {
    ($($(#[doc = $meaning:literal])+ $name:ident: $($number:literal $text:literal),+;)+) => {
        $(
            $(#[doc = $meaning])+
            #[derive(Debug)]
            pub struct $name;

            impl Names for $name {
                const NAMES: &'static [(i64, &'static str)] = &[$(($number, $text)),+];
            }
        )+
    };
}

names! {
    /// What a participant is (`ParticipantInfo.Kind`).
    Kinds: 0 "STANDARD", 1 "INGRESS", 2 "EGRESS", 3 "SIP", 4 "AGENT", 7 "CONNECTOR", 8 "BRIDGE";
    /// Where a participant stands (`ParticipantInfo.State`).
    States: 0 "JOINING", 1 "JOINED", 2 "ACTIVE", 3 "DISCONNECTED";
    /// Why a participant left (`DisconnectReason`).
    DisconnectReasons: 0 "UNKNOWN_REASON", 1 "CLIENT_INITIATED", 2 "DUPLICATE_IDENTITY", 3 "SERVER_SHUTDOWN",
        4 "PARTICIPANT_REMOVED", 5 "ROOM_DELETED", 6 "STATE_MISMATCH", 7 "JOIN_FAILURE", 8 "MIGRATION",
        9 "SIGNAL_CLOSE", 10 "ROOM_CLOSED", 11 "USER_UNAVAILABLE", 12 "USER_REJECTED", 13 "SIP_TRUNK_FAILURE",
        14 "CONNECTION_TIMEOUT", 15 "MEDIA_FAILURE", 16 "AGENT_ERROR";
    /// Why a room was closed (`RoomEndReason`).
    RoomEndReasons: 0 "ROOM_END_UNKNOWN", 1 "ROOM_END_API_DELETE", 2 "ROOM_END_IDLE_TIMEOUT",
        3 "ROOM_END_SERVER_SHUTDOWN", 4 "ROOM_END_SUPERSEDED", 5 "ROOM_END_OPEN_FAILED";
    /// What a track carries (`TrackType`).
    TrackTypes: 0 "AUDIO", 1 "VIDEO", 2 "DATA";
    /// Where a track comes from (`TrackSource`).
    TrackSources: 0 "UNKNOWN", 1 "CAMERA", 2 "MICROPHONE", 3 "SCREEN_SHARE", 4 "SCREEN_SHARE_AUDIO";
    /// How far a recording is (`EgressStatus`).
    EgressStatuses: 0 "EGRESS_STARTING", 1 "EGRESS_ACTIVE", 2 "EGRESS_ENDING", 3 "EGRESS_COMPLETE",
        4 "EGRESS_FAILED", 5 "EGRESS_ABORTED", 6 "EGRESS_LIMIT_REACHED";
    /// How far an incoming stream is (`IngressState.Status`).
    IngressStatuses: 0 "ENDPOINT_INACTIVE", 1 "ENDPOINT_BUFFERING", 2 "ENDPOINT_PUBLISHING", 3 "ENDPOINT_ERROR",
        4 "ENDPOINT_COMPLETE";
    /// How far an agent's job is (`JobStatus`).
    JobStatuses: 0 "JS_PENDING", 1 "JS_RUNNING", 2 "JS_SUCCESS", 3 "JS_FAILED";
}
