//! A recorded call: the egress that records it, and its recorder in the room. Its events wait in
//! a queue of their own, so they may overtake the room's.

use super::stage::{Person, Stage};
use crate::{
    livekit::body::{
        EgressInfo, FileInfo, FileOutput, LongDigits, Participant, Permission, RoomComposite,
        S3Upload, long,
    },
    world::Business,
};

/// Storage now and then refuses.
const FAILURE_SHARE: f64 = 0.02;
/// Bytes a second of the audio written.
const BYTES_A_SECOND: i64 = 8_000;

/// A recording under way.
pub struct Recording {
    info: EgressInfo,
    recorder: Person,
    active: i64,
    fails: bool,
}

impl Recording {
    /// Begins: accepted, the recorder joins, active.
    pub fn start(stage: &mut Stage, at: i64, business: &Business) -> Self {
        let file = format!("recordings/{}/{}.ogg", business.tenant_key, stage.room.sid);
        let id = format!("EG_{}", stage.dice.letters(12));
        let mut info = EgressInfo {
            egress_id: id.clone(),
            room_id: stage.room.sid.clone(),
            room_name: stage.room.name.clone(),
            source_type: "EGRESS_SOURCE_TYPE_SDK".to_owned(),
            room_composite: Some(composite(&stage.room.name, &file)),
            file_results: vec![FileInfo {
                filename: file.clone(),
                ..FileInfo::default()
            }],
            file: Some(FileInfo {
                filename: file,
                ..FileInfo::default()
            }),
            ..EgressInfo::default()
        };
        info.started_at = nanoseconds(stage, at);
        info.updated_at = info.started_at;
        stage.egress(at, "egress_started", info.clone());
        let joins = at + stage.dice.between(600, 900);
        let recorder = Participant {
            identity: id,
            permission: Some(Permission {
                can_subscribe: true,
                hidden: true,
                recorder: true,
                ..Permission::default()
            }),
            kind: "EGRESS".to_owned(),
            ..Participant::default()
        };
        let recorder = stage.join(joins, recorder);
        stage.room.active_recording = true;
        let active = at + stage.dice.between(1_500, 2_200);
        let fails = stage.dice.chance(FAILURE_SHARE);
        let mut recording = Self {
            info,
            recorder,
            active,
            fails,
        };
        recording.update(stage, active, "EGRESS_ACTIVE");
        recording
    }

    fn update(&mut self, stage: &mut Stage, at: i64, status: &str) {
        self.info.status = status.to_owned();
        self.info.updated_at = nanoseconds(stage, at);
        let began = nanoseconds(stage, self.active);
        self.on_file(|file| file.started_at = began);
        stage.egress(at, "egress_updated", self.info.clone());
    }

    fn on_file(&mut self, change: impl Fn(&mut FileInfo)) {
        self.info
            .file_results
            .iter_mut()
            .chain(self.info.file.as_mut())
            .for_each(change);
    }

    /// Ends with the call, or with the room when that was deleted; the egress id and the file's
    /// place, unless it failed.
    pub fn end(
        &mut self,
        stage: &mut Stage,
        ended: i64,
        room_deleted: bool,
    ) -> Option<(String, String)> {
        let (pause, reason) = if room_deleted {
            (40, "ROOM_DELETED")
        } else {
            (600, "CLIENT_INITIATED")
        };
        let stopped = (ended + pause).max(self.active + 100);
        stage.leave(stopped, &mut self.recorder, reason);
        self.update(stage, stopped + 50, "EGRESS_ENDING");
        let done = stopped + stage.dice.between(1_800, 3_600);
        self.info.ended_at = nanoseconds(stage, done);
        self.info.updated_at = self.info.ended_at;
        if self.fails {
            self.info.status = "EGRESS_FAILED".to_owned();
            self.info.error = "could not upload file: AccessDenied".to_owned();
            self.info.error_code = 403;
            stage.egress(done, "egress_ended", self.info.clone());
            return None;
        }
        let name = self
            .info
            .file
            .as_ref()
            .map(|file| file.filename.clone())
            .unwrap_or_default();
        let bucket = "https://recordings.s3.us-east-1.amazonaws.com";
        let location = format!("{bucket}/{name}");
        let last = nanoseconds(stage, stopped);
        let length = stage.clock.offset(stopped) - stage.clock.offset(self.active);
        self.on_file(|file| {
            file.ended_at = last;
            file.duration = long(length.num_nanoseconds().unwrap_or_default());
            file.size = long(length.num_milliseconds() * BYTES_A_SECOND / 1000);
            file.location.clone_from(&location);
        });
        self.info.status = "EGRESS_COMPLETE".to_owned();
        self.info.details = "End reason: Source closed".to_owned();
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.info.manifest_location = format!("{bucket}/{folder}/{}.json", self.info.egress_id);
        stage.egress(done, "egress_ended", self.info.clone());
        Some((self.info.egress_id.clone(), location))
    }
}

fn nanoseconds(stage: &Stage, at: i64) -> Option<LongDigits> {
    long(stage.clock.at(at).timestamp_nanos_opt().unwrap_or_default())
}

/// The request as LiveKit shows it: keys by their placeholders.
fn composite(room: &str, file: &str) -> RoomComposite {
    let s3 = S3Upload {
        access_key: "{access_key}".to_owned(),
        secret: "{secret}".to_owned(),
        region: "us-east-1".to_owned(),
        bucket: "recordings".to_owned(),
    };
    RoomComposite {
        room_name: room.to_owned(),
        audio_only: true,
        file_outputs: vec![FileOutput {
            file_type: "OGG".to_owned(),
            filepath: file.to_owned(),
            s3: Some(s3),
        }],
    }
}
