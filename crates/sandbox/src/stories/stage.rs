//! The room of a call: who enters and leaves, and LiveKit's webhooks about it. Ids, times and the
//! stale counters look as a real server's do.

use super::{Offset, Story, Timeline, WorldEvent};
use crate::{
    agent::Report,
    chance::Dice,
    livekit::body::{
        Codec, Participant, Permission, Room, Track, TrackCodec, Version, WebhookEvent, long,
    },
};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// What a server offers by default.
const CODECS: [&str; 10] = [
    "audio/PCMU",
    "audio/PCMA",
    "audio/opus",
    "audio/red",
    "video/VP8",
    "video/H264",
    "video/VP9",
    "video/AV1",
    "video/H265",
    "video/rtx",
];
/// Seconds a room stays open after its last caller left, LiveKit's default.
const DEPARTURE_TIMEOUT: u32 = 20;

/// Somebody in a room, in story milliseconds and real time.
#[derive(Debug, Clone)]
pub struct Presence {
    pub(super) person: Participant,
    pub(super) joined: DateTime<Utc>,
    pub(super) left: DateTime<Utc>,
}

/// A room while its story is written.
pub struct Stage {
    /// Rolled for everything in this room.
    pub dice: Dice,
    /// Story time to real time.
    pub clock: Timeline,
    /// As webhooks print it.
    pub room: Room,
    events: Vec<(i64, WorldEvent)>,
    presences: Vec<Presence>,
    /// When the caller was answered, if ever.
    pub answered: Option<i64>,
    closed: i64,
}

/// A participant and what it publishes.
#[derive(Debug, Clone)]
pub struct Person {
    /// As it joined.
    pub participant: Participant,
    track: Option<Track>,
}

impl Person {
    /// Sets an attribute; LiveKit tells nobody until the next event about this participant.
    pub fn set_attribute(&mut self, name: &str, value: &str) {
        self.participant
            .attributes
            .insert(name.to_owned(), value.to_owned());
    }
}

pub(super) fn event(name: &'static str, dice: &mut Dice, at: DateTime<Utc>) -> WebhookEvent {
    WebhookEvent {
        event: name.to_owned(),
        id: format!("EV_{}", dice.letters(12)),
        created_at: long(at.timestamp()),
        ..WebhookEvent::default()
    }
}

impl Stage {
    /// An empty room made at the story's start.
    #[must_use]
    pub fn open(mut dice: Dice, clock: Timeline, name: String, metadata: String) -> Self {
        let made = clock.at(0);
        let room = Room {
            sid: format!("RM_{}", dice.letters(12)),
            name,
            empty_timeout: 300,
            departure_timeout: DEPARTURE_TIMEOUT,
            creation_time: long(made.timestamp()),
            creation_time_ms: long(made.timestamp_millis()),
            turn_password: dice.letters(43),
            enabled_codecs: CODECS
                .iter()
                .map(|&mime| Codec {
                    mime: mime.to_owned(),
                })
                .collect(),
            metadata,
            ..Room::default()
        };
        let mut stage = Self {
            dice,
            clock,
            room,
            events: Vec::with_capacity(24),
            presences: Vec::new(),
            answered: None,
            closed: 0,
        };
        let mut started = event("room_started", &mut stage.dice, made);
        started.room = Some(stage.room.clone());
        stage.post(0, "room_started", &started);
        stage
    }

    fn post(&mut self, at: i64, name: &'static str, event: &WebhookEvent) {
        self.events
            .push((at, WorldEvent::LiveKit(event.print(name))));
    }

    /// An agent's report, sent at this time.
    pub fn report(&mut self, at: i64, report: Report) {
        self.events.push((at, WorldEvent::Agent(report)));
    }

    fn event(&mut self, name: &'static str, at: i64) -> WebhookEvent {
        let instant = self.clock.at(at);
        event(name, &mut self.dice, instant)
    }

    /// Room and participant as track events name them.
    fn brief(&self, person: &Person) -> (Room, Participant) {
        let room = Room {
            sid: self.room.sid.clone(),
            name: self.room.name.clone(),
            ..Room::default()
        };
        let participant = Participant {
            sid: person.participant.sid.clone(),
            identity: person.participant.identity.clone(),
            ..Participant::default()
        };
        (room, participant)
    }

    /// Somebody joins; the webhook comes once media is up, a moment later.
    pub fn join(&mut self, at: i64, mut participant: Participant) -> Person {
        let joined = self.clock.at(at);
        participant.sid = format!("PA_{}", self.dice.letters(12));
        participant.joined_at = long(joined.timestamp());
        participant.joined_at_ms = long(joined.timestamp_millis());
        let mut person = Person {
            participant,
            track: None,
        };
        person.participant.state = "ACTIVE".to_owned();
        person.participant.version = 2;
        let active = at + self.dice.between(60, 160);
        let mut event = self.event("participant_joined", active);
        event.room = Some(self.room.clone());
        event.participant = Some(person.participant.clone());
        self.post(active, "participant_joined", &event);
        person
    }

    /// Somebody publishes audio.
    pub fn publish(&mut self, at: i64, person: &mut Person, name: &str, mime: &str, cid: &str) {
        let micro = self.clock.at(at).timestamp_millis() * 1000 + self.dice.between(0, 999);
        let codec = TrackCodec {
            mime_type: mime.to_owned(),
            mid: "0".to_owned(),
            cid: cid.to_owned(),
            video_layer_mode: "ONE_SPATIAL_LAYER_PER_STREAM".to_owned(),
        };
        let track = Track {
            sid: format!("TR_AM{}", self.dice.letters(12)),
            name: name.to_owned(),
            source: "MICROPHONE".to_owned(),
            mime_type: mime.to_owned(),
            mid: "0".to_owned(),
            codecs: vec![codec],
            stream: "camera".to_owned(),
            version: Some(Version {
                unix_micro: long(micro),
            }),
            backup_codec_policy: "SIMULCAST".to_owned(),
            ..Track::default()
        };
        self.room.num_publishers += 1;
        person.participant.is_publisher = true;
        person.track = Some(track);
        self.track_event(at + 10, "track_published", person);
    }

    fn track_event(&mut self, at: i64, name: &'static str, person: &Person) {
        let mut event = self.event(name, at);
        let (room, participant) = self.brief(person);
        (event.room, event.participant, event.track) =
            (Some(room), Some(participant), person.track.clone());
        self.post(at, name, &event);
    }

    /// Somebody leaves, first taking their audio with them.
    pub fn leave(&mut self, at: i64, person: &mut Person, reason: &str) {
        if person.track.is_some() {
            self.track_event(at - 20, "track_unpublished", person);
        }
        self.disconnect(at, person, "participant_left", reason);
        if person.track.take().is_some() {
            self.room.num_publishers = self.room.num_publishers.saturating_sub(1);
        }
        // Where the room's story is cut, this is who must still be told as gone.
        let joined = person.participant.joined_at_ms.map_or(0, |ms| ms.0);
        self.presences.push(Presence {
            person: person.participant.clone(),
            joined: DateTime::from_timestamp_millis(joined).unwrap_or_default(),
            left: self.clock.at(at),
        });
    }

    /// Media never came up: neither joined nor left is ever told.
    pub fn abort(&mut self, at: i64, participant: Participant) {
        let joined = self.clock.at(at - 9_000);
        let mut person = Person {
            participant,
            track: None,
        };
        person.participant.sid = format!("PA_{}", self.dice.letters(12));
        person.participant.joined_at = long(joined.timestamp());
        person.participant.joined_at_ms = long(joined.timestamp_millis());
        self.disconnect(
            at,
            &mut person,
            "participant_connection_aborted",
            "CONNECTION_TIMEOUT",
        );
    }

    fn disconnect(&mut self, at: i64, person: &mut Person, name: &'static str, reason: &str) {
        person.participant.state = "DISCONNECTED".to_owned();
        person.participant.disconnect_reason = reason.to_owned();
        person.participant.version += u32::try_from(self.dice.between(3, 9)).unwrap_or(3);
        let mut event = self.event(name, at);
        event.room = Some(self.room.clone());
        event.participant = Some(person.participant.clone());
        self.post(at, name, &event);
    }

    /// An egress event; room named in brief.
    pub fn egress(
        &mut self,
        at: i64,
        name: &'static str,
        egress: crate::livekit::body::EgressInfo,
    ) {
        let mut event = self.event(name, at);
        event.room = Some(Room {
            sid: self.room.sid.clone(),
            name: self.room.name.clone(),
            ..Room::default()
        });
        event.egress_info = Some(egress);
        self.post(at, name, &event);
    }

    /// The room closes.
    pub fn finish(&mut self, at: i64, reason: &str) {
        let mut event = self.event("room_finished", at);
        if reason == "ROOM_END_IDLE_TIMEOUT" {
            (self.room.num_participants, self.room.num_publishers) = (0, 0);
        }
        event.room = Some(self.room.clone());
        event.room_end_reason = reason.to_owned();
        self.closed = at;
        self.post(at, "room_finished", &event);
    }

    /// When an idle room closes after its last caller left.
    pub fn idle_close(&mut self, left: i64) -> i64 {
        left + i64::from(DEPARTURE_TIMEOUT) * 1000 + self.dice.between(200, 3000)
    }

    /// The finished story, in the order of its times.
    #[must_use]
    pub fn close(mut self) -> Story {
        self.events.sort_by_key(|(at, _)| *at);
        let events: Vec<(Offset, WorldEvent)> = self
            .events
            .into_iter()
            .map(|(at, event)| (self.clock.offset(at), event))
            .collect();
        Story {
            start: self.clock.at(0),
            events,
            presences: self.presences,
            answered: self.answered.map(|at| self.clock.at(at)),
            closed: self.clock.at(self.closed),
            room: self.room,
            dice: self.dice,
        }
    }
}

/// May speak and listen.
#[must_use]
pub fn speaker_permission() -> Permission {
    Permission {
        can_subscribe: true,
        can_publish: true,
        can_publish_data: true,
        ..Permission::default()
    }
}

/// The agent as it joins.
#[must_use]
pub fn agent(job: &str, name: &str) -> Participant {
    Participant {
        identity: format!("agent-{job}"),
        permission: Some(Permission {
            can_update_metadata: true,
            agent: true,
            ..speaker_permission()
        }),
        kind: "AGENT".to_owned(),
        attributes: BTreeMap::from([
            ("lk.agent.name".to_owned(), name.to_owned()),
            ("lk.agent_name".to_owned(), name.to_owned()),
        ]),
        ..Participant::default()
    }
}
