//! LiveKit's webhooks: `livekit.WebhookEvent` in protobuf's JSON.
//!
//! Our own types, because the official crate refuses a whole event for one enum value made after
//! it. A field that is absent means protobuf's default; where that default is a trap (an absent
//! track type is AUDIO), a method says so. Times are instants here, whatever unit they came in.

mod meaning;
mod names;
mod outline;
mod words;

pub use names::{
    DisconnectReasons, EgressStatuses, IngressStatuses, JobStatuses, Kinds, RoomEndReasons, States,
    TrackSources, TrackTypes,
};
pub use outline::Outline;
pub use words::describe;

use super::{
    EventType,
    moment::Moment,
    tolerant::{
        Attributes, Flag, Integer, Many, Micros, Millis, Name, Nanos, One, Seconds, Text, Word,
        record, root_schema,
    },
};
use crate::StreamName;

/// What the `type` of a LiveKit event begins with; the rest is the webhook's `event`.
pub const PREFIX: &str = "io.livekit.";
/// A room was made; nobody has joined yet.
pub const ROOM_STARTED: &str = "io.livekit.room_started";
/// A room was closed.
pub const ROOM_FINISHED: &str = "io.livekit.room_finished";
/// A participant's media connection came up.
pub const PARTICIPANT_JOINED: &str = "io.livekit.participant_joined";
/// A participant that had been active is gone.
pub const PARTICIPANT_LEFT: &str = "io.livekit.participant_left";
/// A participant is gone that never became active; comes instead of joined and left.
pub const PARTICIPANT_CONNECTION_ABORTED: &str = "io.livekit.participant_connection_aborted";
/// A participant began to send a track.
pub const TRACK_PUBLISHED: &str = "io.livekit.track_published";
/// A participant stopped sending a track.
pub const TRACK_UNPUBLISHED: &str = "io.livekit.track_unpublished";
/// A recording was accepted.
pub const EGRESS_STARTED: &str = "io.livekit.egress_started";
/// A recording is running, or ending.
pub const EGRESS_UPDATED: &str = "io.livekit.egress_updated";
/// A recording is over, well or badly.
pub const EGRESS_ENDED: &str = "io.livekit.egress_ended";
/// An outside media stream began to come in.
pub const INGRESS_STARTED: &str = "io.livekit.ingress_started";
/// An outside media stream ended.
pub const INGRESS_ENDED: &str = "io.livekit.ingress_ended";
/// An agent's job waits for a worker.
pub const AGENT_JOB_PENDING: &str = "io.livekit.agent_job_pending";
/// An agent's job began.
pub const AGENT_JOB_STARTED: &str = "io.livekit.agent_job_started";
/// An agent's job ended.
pub const AGENT_JOB_ENDED: &str = "io.livekit.agent_job_ended";

const ROOM: &[&str] = &["event", "id", "createdAt", "room"];
const PARTICIPANT: &[&str] = &["event", "id", "createdAt", "room", "participant"];
const TRACK: &[&str] = &["event", "id", "createdAt", "room", "participant", "track"];
const EGRESS: &[&str] = &["event", "id", "createdAt", "room", "egressInfo"];
const INGRESS: &[&str] = &["event", "id", "createdAt", "room", "ingressInfo"];
const JOB: &[&str] = &["event", "id", "createdAt", "job"];

const fn webhook(kind: &'static str, fields: &'static [&'static str]) -> EventType {
    EventType {
        kind,
        stream: StreamName::Calls,
        source: "livekit",
        schema: root_schema::<Webhook>,
        fields,
    }
}

/// Every webhook of LiveKit.
pub const TYPES: &[EventType] = &[
    webhook(ROOM_STARTED, ROOM),
    webhook(
        ROOM_FINISHED,
        &["event", "id", "createdAt", "room", "roomEndReason"],
    ),
    webhook(PARTICIPANT_JOINED, PARTICIPANT),
    webhook(PARTICIPANT_LEFT, PARTICIPANT),
    webhook(PARTICIPANT_CONNECTION_ABORTED, PARTICIPANT),
    webhook(TRACK_PUBLISHED, TRACK),
    webhook(TRACK_UNPUBLISHED, TRACK),
    webhook(EGRESS_STARTED, EGRESS),
    webhook(EGRESS_UPDATED, EGRESS),
    webhook(EGRESS_ENDED, EGRESS),
    webhook(INGRESS_STARTED, INGRESS),
    webhook(INGRESS_ENDED, INGRESS),
    webhook(AGENT_JOB_PENDING, JOB),
    webhook(AGENT_JOB_STARTED, JOB),
    webhook(AGENT_JOB_ENDED, JOB),
];

record! {
    /// One webhook of LiveKit.
    pub struct Webhook requires ["event"] {
        /// Which event, for example `participant_joined`.
        pub event: Option<String> as Text = "event",
        /// The id of this event, `EV_…`; the same in every repetition.
        pub id: Option<String> as Text = "id",
        /// When the server took it out of its queue, in seconds: not when it happened.
        pub created_at: Option<Moment> as Seconds = "createdAt" | "created_at",
        /// The room. Track and egress events carry its sid and name only, ingress its name.
        pub room: Option<Room> as One<Room> = "room",
        /// The participant. Track events carry its sid and identity only.
        pub participant: Option<Participant> as One<Participant> = "participant",
        /// The track of a track event.
        pub track: Option<Track> as One<Track> = "track",
        /// The recording of an egress event.
        pub egress_info: Option<Egress> as One<Egress> = "egressInfo" | "egress_info",
        /// The stream of an ingress event.
        pub ingress_info: Option<Ingress> as One<Ingress> = "ingressInfo" | "ingress_info",
        /// The job of an agent event.
        pub job: Option<Job> as One<Job> = "job",
        /// Why a room was closed; absent before server 1.13.7.
        pub room_end_reason: Option<Word> as Name<RoomEndReasons> = "roomEndReason" | "room_end_reason",
        /// Deprecated by LiveKit and never set by its server: there is no sign of a gap.
        pub num_dropped: Option<i64> as Integer = "numDropped" | "num_dropped",
    }
}

record! {
    /// A room as LiveKit describes it.
    pub struct Room {
        /// `RM_…`; a room that is made again under its name has another one.
        pub sid: Option<String> as Text = "sid",
        /// Its name.
        pub name: Option<String> as Text = "name",
        /// When it was made, in seconds.
        pub creation_time: Option<Moment> as Seconds = "creationTime" | "creation_time",
        /// When it was made, in milliseconds; absent on older servers.
        pub creation_time_ms: Option<Moment> as Millis = "creationTimeMs" | "creation_time_ms",
        /// Seconds it stays open when nobody comes.
        pub empty_timeout: Option<i64> as Integer = "emptyTimeout" | "empty_timeout",
        /// Seconds it stays open after the last one left.
        pub departure_timeout: Option<i64> as Integer = "departureTimeout" | "departure_timeout",
        /// How many may join; absent is any number.
        pub max_participants: Option<i64> as Integer = "maxParticipants" | "max_participants",
        /// Refreshed every five seconds at the most and without agents: not to be counted on.
        pub num_participants: Option<i64> as Integer = "numParticipants" | "num_participants",
        /// As stale as the number of participants.
        pub num_publishers: Option<i64> as Integer = "numPublishers" | "num_publishers",
        /// The dispatch rule's room metadata.
        pub metadata: Option<String> as Text = "metadata",
        /// Whether a recording runs.
        pub active_recording: bool as Flag = "activeRecording" | "active_recording",
    }
}

record! {
    /// Someone, or something, in a room.
    pub struct Participant {
        /// `PA_…`; another one after every reconnect.
        pub sid: Option<String> as Text = "sid",
        /// Its name within the room, for example `sip_+15105550100`.
        pub identity: Option<String> as Text = "identity",
        /// Its name for people.
        pub name: Option<String> as Text = "name",
        /// What it is; absent is STANDARD.
        pub kind: Option<Word> as Name<Kinds> = "kind",
        /// Where it stands; absent is JOINING.
        pub state: Option<Word> as Name<States> = "state",
        /// When its signal connection came up, in seconds.
        pub joined_at: Option<Moment> as Seconds = "joinedAt" | "joined_at",
        /// When its signal connection came up, in milliseconds.
        pub joined_at_ms: Option<Moment> as Millis = "joinedAtMs" | "joined_at_ms",
        /// Counts its changes.
        pub version: Option<i64> as Integer = "version",
        /// What it may do.
        pub permission: Option<Permission> as One<Permission> = "permission",
        /// Whether it can send media.
        pub is_publisher: bool as Flag = "isPublisher" | "is_publisher",
        /// The dispatch rule's metadata, for SIP.
        pub metadata: Option<String> as Text = "metadata",
        /// `sip.…`, `lk.…` and the dispatch rule's own.
        pub attributes: Attributes as Attributes = "attributes",
        /// Why it left; absent is UNKNOWN_REASON.
        pub disconnect_reason: Option<Word> as Name<DisconnectReasons> = "disconnectReason" | "disconnect_reason",
    }
}

record! {
    /// What a participant may do.
    pub struct Permission {
        /// Others cannot see it: a supervisor or a recorder.
        pub hidden: bool as Flag = "hidden",
        /// It records.
        pub recorder: bool as Flag = "recorder",
        /// It is an agent.
        pub agent: bool as Flag = "agent",
        /// It may receive media.
        pub can_subscribe: bool as Flag = "canSubscribe" | "can_subscribe",
        /// It may send media.
        pub can_publish: bool as Flag = "canPublish" | "can_publish",
        /// It may send messages.
        pub can_publish_data: bool as Flag = "canPublishData" | "can_publish_data",
        /// It may change its own attributes.
        pub can_update_metadata: bool as Flag = "canUpdateMetadata" | "can_update_metadata",
    }
}

record! {
    /// A medium a participant sends.
    pub struct Track {
        /// `TR_…`.
        pub sid: Option<String> as Text = "sid",
        /// Its name.
        pub name: Option<String> as Text = "name",
        /// What it carries; absent is AUDIO.
        pub kind: Option<Word> as Name<TrackTypes> = "type",
        /// Where it comes from; absent is UNKNOWN.
        pub source: Option<Word> as Name<TrackSources> = "source",
        /// Its codec.
        pub mime_type: Option<String> as Text = "mimeType" | "mime_type",
        /// Whether it was silent when it was published.
        pub muted: bool as Flag = "muted",
        /// When it was published: the only exact time of a track event.
        pub version: Option<Version> as One<Version> = "version",
    }
}

record! {
    /// When a thing last changed.
    pub struct Version {
        /// In microseconds.
        pub unix_micro: Option<Moment> as Micros = "unixMicro" | "unix_micro",
    }
}

record! {
    /// A recording or outgoing stream. What was asked for is not read: it can hold storage keys.
    pub struct Egress {
        /// `EG_…`; absent when a recording could not even be launched.
        pub egress_id: Option<String> as Text = "egressId" | "egress_id",
        /// The room's sid.
        pub room_id: Option<String> as Text = "roomId" | "room_id",
        /// The room's name.
        pub room_name: Option<String> as Text = "roomName" | "room_name",
        /// How far it is; absent is EGRESS_STARTING.
        pub status: Option<Word> as Name<EgressStatuses> = "status",
        /// When it was accepted, in nanoseconds.
        pub started_at: Option<Moment> as Nanos = "startedAt" | "started_at",
        /// When this was said, in nanoseconds.
        pub updated_at: Option<Moment> as Nanos = "updatedAt" | "updated_at",
        /// When it was over, in nanoseconds.
        pub ended_at: Option<Moment> as Nanos = "endedAt" | "ended_at",
        /// The files it writes.
        pub file_results: Vec<RecordedFile> as Many<One<RecordedFile>> = "fileResults" | "file_results",
        /// The file it writes, as older servers say it.
        pub file: Option<RecordedFile> as One<RecordedFile> = "file",
        /// What went wrong.
        pub error: Option<String> as Text = "error",
        /// What went wrong, as a number.
        pub error_code: Option<i64> as Integer = "errorCode" | "error_code",
        /// Why it ended.
        pub details: Option<String> as Text = "details",
    }
}

record! {
    /// A file of a recording.
    pub struct RecordedFile {
        /// Its path in the storage.
        pub filename: Option<String> as Text = "filename",
        /// Where it can be had; absent until it is stored.
        pub location: Option<String> as Text = "location",
        /// Its length, in nanoseconds.
        pub duration: Option<i64> as Integer = "duration",
        /// Its size in bytes.
        pub size: Option<i64> as Integer = "size",
        /// When it begins, in nanoseconds.
        pub started_at: Option<Moment> as Nanos = "startedAt" | "started_at",
        /// When it ends, in nanoseconds.
        pub ended_at: Option<Moment> as Nanos = "endedAt" | "ended_at",
    }
}

record! {
    /// A stream that comes in from outside.
    pub struct Ingress {
        /// `IN_…`.
        pub ingress_id: Option<String> as Text = "ingressId" | "ingress_id",
        /// Its name.
        pub name: Option<String> as Text = "name",
        /// The room's name.
        pub room_name: Option<String> as Text = "roomName" | "room_name",
        /// The identity it has in the room.
        pub participant_identity: Option<String> as Text = "participantIdentity" | "participant_identity",
        /// How far it is.
        pub state: Option<IngressState> as One<IngressState> = "state",
    }
}

record! {
    /// How far an incoming stream is.
    pub struct IngressState {
        /// Absent is ENDPOINT_INACTIVE.
        pub status: Option<Word> as Name<IngressStatuses> = "status",
        /// The room's sid.
        pub room_id: Option<String> as Text = "roomId" | "room_id",
        /// When it began, in nanoseconds.
        pub started_at: Option<Moment> as Nanos = "startedAt" | "started_at",
        /// When it ended, in nanoseconds.
        pub ended_at: Option<Moment> as Nanos = "endedAt" | "ended_at",
        /// When this was said, in nanoseconds.
        pub updated_at: Option<Moment> as Nanos = "updatedAt" | "updated_at",
        /// What went wrong.
        pub error: Option<String> as Text = "error",
    }
}

record! {
    /// An agent's work on a room.
    pub struct Job {
        /// `AJ_…`.
        pub id: Option<String> as Text = "id",
        /// The room it is for.
        pub room: Option<Room> as One<Room> = "room",
        /// The agent's name.
        pub agent_name: Option<String> as Text = "agentName" | "agent_name",
        /// How far it is.
        pub state: Option<JobState> as One<JobState> = "state",
    }
}

record! {
    /// How far an agent's job is.
    pub struct JobState {
        /// Absent is JS_PENDING.
        pub status: Option<Word> as Name<JobStatuses> = "status",
        /// What went wrong.
        pub error: Option<String> as Text = "error",
        /// When it began, in nanoseconds.
        pub started_at: Option<Moment> as Nanos = "startedAt" | "started_at",
        /// When it ended, in nanoseconds.
        pub ended_at: Option<Moment> as Nanos = "endedAt" | "ended_at",
        /// When this was said, in nanoseconds.
        pub updated_at: Option<Moment> as Nanos = "updatedAt" | "updated_at",
        /// The agent's identity in the room.
        pub participant_identity: Option<String> as Text = "participantIdentity" | "participant_identity",
    }
}
