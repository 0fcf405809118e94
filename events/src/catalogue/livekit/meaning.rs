//! What LiveKit's fields mean together: which of several times is the best, and what an absent
//! enum stands for.

use super::{Egress, Participant, Room, Track, Webhook};
use crate::catalogue::moment::Moment;

impl Webhook {
    /// When it happened, by the best field its kind of event has.
    #[must_use]
    pub fn happened_at(&self) -> Option<Moment> {
        let egress = self.egress_info.as_ref();
        let best = match self.event.as_deref().unwrap_or_default() {
            "room_started" => self.room.as_ref().and_then(Room::created_at),
            "track_published" => self.track.as_ref().and_then(Track::published_at),
            "egress_started" => egress.and_then(|egress| egress.started_at),
            "egress_updated" => egress.and_then(|egress| egress.updated_at),
            "egress_ended" => egress.and_then(|egress| egress.ended_at),
            _ => None,
        };
        best.or(self.created_at)
    }

    /// The sid of the room it is about.
    #[must_use]
    pub fn room_sid(&self) -> Option<&str> {
        let room = self.room.as_ref().and_then(|room| room.sid.as_deref());
        let egress = || self.egress_info.as_ref()?.room_id.as_deref();
        let ingress = || {
            self.ingress_info
                .as_ref()?
                .state
                .as_ref()?
                .room_id
                .as_deref()
        };
        let job = || self.job.as_ref()?.room.as_ref()?.sid.as_deref();
        room.or_else(egress).or_else(ingress).or_else(job)
    }

    /// The name of the room it is about: what its partition is made of.
    #[must_use]
    pub fn room_name(&self) -> Option<&str> {
        let room = self.room.as_ref().and_then(|room| room.name.as_deref());
        let egress = || self.egress_info.as_ref()?.room_name.as_deref();
        let ingress = || self.ingress_info.as_ref()?.room_name.as_deref();
        let job = || self.job.as_ref()?.room.as_ref()?.name.as_deref();
        room.or_else(egress).or_else(ingress).or_else(job)
    }
}

impl Room {
    /// When it was made, as exactly as the server says.
    #[must_use]
    pub fn created_at(&self) -> Option<Moment> {
        self.creation_time_ms.or(self.creation_time)
    }
}

impl Participant {
    /// Its kind, STANDARD when absent.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("STANDARD")
    }

    /// When its signal connection came up, as exactly as the server says.
    #[must_use]
    pub fn joined_at(&self) -> Option<Moment> {
        self.joined_at_ms.or(self.joined_at)
    }

    /// Whether people in the room cannot see it, so that it is nobody's caller or answer.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.kind() == "EGRESS"
            || self
                .permission
                .as_ref()
                .is_some_and(|may| may.hidden || may.recorder)
    }

    /// Why it left, UNKNOWN_REASON when absent.
    #[must_use]
    pub fn disconnect_reason(&self) -> &str {
        self.disconnect_reason
            .as_deref()
            .unwrap_or("UNKNOWN_REASON")
    }
}

impl Track {
    /// Whether it carries sound; AUDIO is what an absent type means.
    #[must_use]
    pub fn is_audio(&self) -> bool {
        self.kind.as_deref().unwrap_or("AUDIO") == "AUDIO"
    }

    /// When it was published.
    #[must_use]
    pub fn published_at(&self) -> Option<Moment> {
        self.version.as_ref()?.unix_micro
    }
}

impl Egress {
    /// How far it is, EGRESS_STARTING when absent.
    #[must_use]
    pub fn status(&self) -> &str {
        self.status.as_deref().unwrap_or("EGRESS_STARTING")
    }
}
