//! What LiveKit's fields mean together: where an event belongs, and what an absent enum stands for.

use super::{Egress, Participant, Track, Webhook};
use crate::catalogue::moment::Moment;

/// The places in a webhook that may name its room, each as sid and name.
#[derive(Default)]
pub(super) struct Places<'a> {
    pub(super) room: (Option<&'a str>, Option<&'a str>),
    pub(super) egress: (Option<&'a str>, Option<&'a str>),
    pub(super) ingress: (Option<&'a str>, Option<&'a str>),
    pub(super) job: (Option<&'a str>, Option<&'a str>),
}

impl<'a> Places<'a> {
    /// The room's own word goes first; a job's room stands inside the job.
    fn in_order(&self) -> [(Option<&'a str>, Option<&'a str>); 4] {
        [self.room, self.egress, self.ingress, self.job]
    }

    pub(super) fn sid(&self) -> Option<&'a str> {
        self.in_order().into_iter().find_map(|(sid, _)| sid)
    }

    pub(super) fn name(&self) -> Option<&'a str> {
        self.in_order().into_iter().find_map(|(_, name)| name)
    }
}

impl Webhook {
    /// The sid of the room it is about.
    #[must_use]
    pub fn room_sid(&self) -> Option<&str> {
        self.places().sid()
    }

    /// The name of the room it is about: what its partition is made of.
    #[must_use]
    pub fn room_name(&self) -> Option<&str> {
        self.places().name()
    }

    fn places(&self) -> Places<'_> {
        let egress = self.egress_info.as_ref();
        let ingress = self.ingress_info.as_ref();
        let state = ingress.and_then(|ingress| ingress.state.as_ref());
        let job = self.job.as_ref().and_then(|job| job.room.as_ref());
        let room = self.room.as_ref();
        Places {
            room: (
                room.and_then(|room| room.sid.as_deref()),
                room.and_then(|room| room.name.as_deref()),
            ),
            egress: (
                egress.and_then(|egress| egress.room_id.as_deref()),
                egress.and_then(|egress| egress.room_name.as_deref()),
            ),
            ingress: (
                state.and_then(|state| state.room_id.as_deref()),
                ingress.and_then(|ingress| ingress.room_name.as_deref()),
            ),
            job: (
                job.and_then(|room| room.sid.as_deref()),
                job.and_then(|room| room.name.as_deref()),
            ),
        }
    }
}

impl Participant {
    /// Its kind, STANDARD when absent.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("STANDARD")
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
