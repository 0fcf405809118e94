//! Webhook bodies field by field in the order of LiveKit's .proto files, as Go's protojson prints
//! them: defaults left out, 64-bit numbers as strings, map keys sorted, one line.
//!
//! Only what the sandbox tells is here. Reading webhooks is ingest's and the projector's, with
//! types of their own: a mistake made here must not be made there as well.

use super::Webhook;
use serde::Serialize;
use std::collections::BTreeMap;

/// A 64-bit number, which protojson writes as a string; zero is left out by its field.
pub type Long = Option<LongDigits>;

/// The digits of a 64-bit number in quotation marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LongDigits(pub i64);

impl Serialize for LongDigits {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A 64-bit field holding this.
#[must_use]
pub fn long(value: i64) -> Long {
    (value != 0).then_some(LongDigits(value))
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Declares a message: every field is left out while it has proto's default.
macro_rules! message {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize)]
        #[cfg_attr(test, derive(serde::Deserialize), serde(default, deny_unknown_fields))]
        #[serde(rename_all = "camelCase")]
        #[allow(missing_docs, reason = "the fields are LiveKit's, documented in its .proto files")]
        pub struct $name {
            $(#[serde(skip_serializing_if = "is_default")] pub $field: $kind,)*
        }
    };
}

message!(
    /// `livekit.WebhookEvent`.
    WebhookEvent {
        event: String,
        room: Option<Room>,
        participant: Option<Participant>,
        egress_info: Option<EgressInfo>,
        track: Option<Track>,
        id: String,
        created_at: Long,
        room_end_reason: String,
    }
);

message!(
    /// `livekit.Room`.
    Room {
        sid: String,
        name: String,
        empty_timeout: u32,
        departure_timeout: u32,
        creation_time: Long,
        creation_time_ms: Long,
        turn_password: String,
        enabled_codecs: Vec<Codec>,
        metadata: String,
        num_participants: u32,
        num_publishers: u32,
        active_recording: bool,
    }
);

message!(
    /// `livekit.Codec`.
    Codec { mime: String }
);

message!(
    /// `livekit.ParticipantInfo`.
    Participant {
        sid: String,
        identity: String,
        state: String,
        metadata: String,
        joined_at: Long,
        joined_at_ms: Long,
        name: String,
        version: u32,
        permission: Option<Permission>,
        is_publisher: bool,
        kind: String,
        attributes: BTreeMap<String, String>,
        disconnect_reason: String,
    }
);

message!(
    /// `livekit.ParticipantPermission`.
    Permission {
        can_subscribe: bool,
        can_publish: bool,
        can_publish_data: bool,
        hidden: bool,
        recorder: bool,
        can_update_metadata: bool,
        agent: bool,
    }
);

message!(
    /// `livekit.TrackInfo`; audio, so its type is left out.
    Track {
        sid: String,
        name: String,
        source: String,
        mime_type: String,
        mid: String,
        codecs: Vec<TrackCodec>,
        stream: String,
        version: Option<Version>,
        audio_features: Vec<String>,
        backup_codec_policy: String,
    }
);

message!(
    /// `livekit.SimulcastCodecInfo`.
    TrackCodec { mime_type: String, mid: String, cid: String, video_layer_mode: String }
);

message!(
    /// `livekit.TimedVersion`.
    Version { unix_micro: Long }
);

message!(
    /// `livekit.EgressInfo` of a recorded room.
    EgressInfo {
        egress_id: String,
        room_id: String,
        room_name: String,
        source_type: String,
        status: String,
        started_at: Long,
        ended_at: Long,
        updated_at: Long,
        room_composite: Option<RoomComposite>,
        file_results: Vec<FileInfo>,
        details: String,
        error: String,
        error_code: i32,
        manifest_location: String,
        file: Option<FileInfo>,
    }
);

message!(
    /// `livekit.RoomCompositeEgressRequest`, storage keys included: the receiver must drop them.
    RoomComposite { room_name: String, audio_only: bool, file_outputs: Vec<FileOutput> }
);

message!(
    /// `livekit.EncodedFileOutput`.
    FileOutput { file_type: String, filepath: String, s3: Option<S3Upload> }
);

message!(
    /// `livekit.S3Upload`, redacted as the server redacts it.
    S3Upload { access_key: String, secret: String, region: String, bucket: String }
);

message!(
    /// `livekit.FileInfo`.
    FileInfo { filename: String, started_at: Long, ended_at: Long, duration: Long, size: Long, location: String }
);

impl WebhookEvent {
    /// The bytes to send, and the queue they wait in.
    #[must_use]
    pub fn print(&self, event: &'static str) -> Webhook {
        let egress = self.egress_info.as_ref().map(|egress| &egress.egress_id);
        let queue = egress
            .or(self.room.as_ref().map(|room| &room.name))
            .cloned()
            .unwrap_or_default();
        let body = serde_json::to_vec(self).expect("strings, numbers and lists always print");
        Webhook {
            queue,
            event,
            body: body.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl<'de> serde::Deserialize<'de> for LongDigits {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let digits: String = serde::Deserialize::deserialize(deserializer)?;
            digits.parse().map(Self).map_err(serde::de::Error::custom)
        }
    }

    /// Blanks outside strings removed: fixtures are printed for people, real bodies are one line.
    fn one_line(json: &str) -> String {
        let (mut text, mut escaped) = (false, false);
        json.chars()
            .filter(|&letter| {
                let keep = text || !letter.is_ascii_whitespace();
                match letter {
                    _ if escaped => escaped = false,
                    '\\' => escaped = true,
                    '"' => text = !text,
                    _ => {}
                }
                keep
            })
            .collect()
    }

    #[test]
    fn every_kind_of_body_prints_as_the_go_server_prints_it() {
        let shared = std::env::var("FRONTDESK_SHARED")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_owned());
        let folder = std::path::Path::new(&shared).join("fixtures/livekit");
        let Ok(files) = std::fs::read_dir(&folder) else {
            eprintln!("skipped: no fixtures at {}", folder.display());
            return;
        };
        let mut compared = 0;
        for file in files {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            // Ingress, agent jobs and what is unknown on purpose are not told by the sandbox.
            if !matches!(name.get(..1), Some("0" | "1" | "2" | "3" | "4")) {
                continue;
            }
            let line = one_line(&std::fs::read_to_string(&path).unwrap());
            let event: WebhookEvent =
                serde_json::from_str(&line).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(serde_json::to_string(&event).unwrap(), line, "{name}");
            compared += 1;
        }
        assert!(compared >= 20, "only {compared} fixtures compared");
    }

    #[test]
    fn defaults_are_left_out_and_long_numbers_are_strings() {
        let room = Room {
            sid: "RM_a".into(),
            creation_time: long(7),
            num_participants: 0,
            ..Room::default()
        };
        let event = WebhookEvent {
            event: "room_started".into(),
            room: Some(room),
            created_at: long(0),
            ..WebhookEvent::default()
        };
        let printed = event.print("room_started");
        assert_eq!(
            printed.body,
            r#"{"event":"room_started","room":{"sid":"RM_a","creationTime":"7"}}"#
        );
    }
}
