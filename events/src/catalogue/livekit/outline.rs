//! What an envelope needs of a webhook: which event it is, when it happened and where it belongs.
//!
//! Apart from [`Webhook`](super::Webhook) because ingest reads this of every delivery: a
//! participant's metadata and attributes may be half a megabyte, and nothing here copies them.

use super::{Version, meaning::Places};
use crate::catalogue::{
    moment::Moment,
    tolerant::{self, Millis, Nanos, NotAnObject, One, Seconds, Text, record},
};

record! {
    /// A webhook as far as its envelope needs it.
    pub struct Outline {
        /// Which event, for example `participant_joined`.
        pub event: Option<String> as Text = "event",
        /// The id of this event.
        pub id: Option<String> as Text = "id",
        /// When the server took it out of its queue, in seconds.
        pub created_at: Option<Moment> as Seconds = "createdAt" | "created_at",
        /// The room.
        pub room: Option<Place> as One<Place> = "room",
        /// The participant.
        pub participant: Option<Someone> as One<Someone> = "participant",
        /// The track.
        pub track: Option<Published> as One<Published> = "track",
        /// The recording.
        pub egress_info: Option<Recorded> as One<Recorded> = "egressInfo" | "egress_info",
        /// The incoming stream.
        pub ingress_info: Option<Incoming> as One<Incoming> = "ingressInfo" | "ingress_info",
        /// The agent's job.
        pub job: Option<Work> as One<Work> = "job",
    }
}

record! {
    /// A room's names and its beginning.
    pub struct Place {
        /// Its sid.
        pub sid: Option<String> as Text = "sid",
        /// Its name.
        pub name: Option<String> as Text = "name",
        /// When it was made, in seconds.
        pub creation_time: Option<Moment> as Seconds = "creationTime" | "creation_time",
        /// When it was made, in milliseconds.
        pub creation_time_ms: Option<Moment> as Millis = "creationTimeMs" | "creation_time_ms",
    }
}

record! {
    /// A participant's name.
    pub struct Someone {
        /// Its sid.
        pub sid: Option<String> as Text = "sid",
    }
}

record! {
    /// A track's time.
    pub struct Published {
        /// When it was published.
        pub version: Option<Version> as One<Version> = "version",
    }
}

record! {
    /// A recording's names and times.
    pub struct Recorded {
        /// Its id.
        pub egress_id: Option<String> as Text = "egressId" | "egress_id",
        /// The room's sid.
        pub room_id: Option<String> as Text = "roomId" | "room_id",
        /// The room's name.
        pub room_name: Option<String> as Text = "roomName" | "room_name",
        /// When it was accepted.
        pub started_at: Option<Moment> as Nanos = "startedAt" | "started_at",
        /// When this was said.
        pub updated_at: Option<Moment> as Nanos = "updatedAt" | "updated_at",
        /// When it was over.
        pub ended_at: Option<Moment> as Nanos = "endedAt" | "ended_at",
    }
}

record! {
    /// An incoming stream's names.
    pub struct Incoming {
        /// Its id.
        pub ingress_id: Option<String> as Text = "ingressId" | "ingress_id",
        /// The room's name.
        pub room_name: Option<String> as Text = "roomName" | "room_name",
        /// How far it is.
        pub state: Option<IncomingState> as One<IncomingState> = "state",
    }
}

record! {
    /// The room of an incoming stream.
    pub struct IncomingState {
        /// The room's sid.
        pub room_id: Option<String> as Text = "roomId" | "room_id",
    }
}

record! {
    /// An agent's job and its room.
    pub struct Work {
        /// Its id.
        pub id: Option<String> as Text = "id",
        /// The room it is for.
        pub room: Option<Place> as One<Place> = "room",
    }
}

impl Place {
    fn named(&self) -> (Option<&str>, Option<&str>) {
        (self.sid.as_deref(), self.name.as_deref())
    }
}

impl Outline {
    /// Reads what an envelope needs from a body.
    ///
    /// # Errors
    /// When the body is not one JSON object.
    pub fn read(body: &[u8]) -> Result<Self, NotAnObject> {
        tolerant::read(body)
    }

    /// When it happened, by the best field its kind of event has. `createdAt` is when the
    /// server's queue got to it, in whole seconds, so an event's own finer time goes first.
    #[must_use]
    pub fn happened_at(&self) -> Option<Moment> {
        let egress = self.egress_info.as_ref();
        let best = match self.event.as_deref().unwrap_or_default() {
            "room_started" => self
                .room
                .as_ref()
                .and_then(|room| room.creation_time_ms.or(room.creation_time)),
            // The version is the publication's, so it cannot date the end of a track.
            "track_published" => self
                .track
                .as_ref()
                .and_then(|track| track.version.as_ref()?.unix_micro),
            "egress_started" => egress.and_then(|egress| egress.started_at),
            "egress_updated" => egress.and_then(|egress| egress.updated_at),
            "egress_ended" => egress.and_then(|egress| egress.ended_at),
            _ => None,
        };
        best.or(self.created_at)
    }

    /// What it is about: the room's sid, else whatever has an id.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        let egress = || self.egress_info.as_ref()?.egress_id.as_deref();
        let ingress = || self.ingress_info.as_ref()?.ingress_id.as_deref();
        let job = || self.job.as_ref()?.id.as_deref();
        let participant = || self.participant.as_ref()?.sid.as_deref();
        self.places()
            .sid()
            .or_else(egress)
            .or_else(ingress)
            .or_else(job)
            .or_else(participant)
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
        Places {
            room: self.room.as_ref().map(Place::named).unwrap_or_default(),
            egress: (
                egress.and_then(|egress| egress.room_id.as_deref()),
                egress.and_then(|egress| egress.room_name.as_deref()),
            ),
            ingress: (
                state.and_then(|state| state.room_id.as_deref()),
                ingress.and_then(|ingress| ingress.room_name.as_deref()),
            ),
            job: job.map(Place::named).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::livekit::Webhook;

    fn outline(body: &str) -> Outline {
        Outline::read(body.as_bytes()).unwrap()
    }

    #[test]
    fn the_finest_time_of_the_event_itself_is_taken() {
        for (body, expected) in [
            (
                r#"{"event":"room_started","createdAt":"9","room":{"creationTimeMs":"1795194240118","creationTime":"1"}}"#,
                "2026-11-20T17:04:00.118Z",
            ),
            (
                r#"{"event":"room_started","createdAt":"9","room":{"creationTime":"1795194240"}}"#,
                "2026-11-20T17:04:00Z",
            ),
            (
                r#"{"event":"track_published","createdAt":"9","track":{"version":{"unixMicro":"1795194243240417"}}}"#,
                "2026-11-20T17:04:03.240417Z",
            ),
            (
                r#"{"event":"track_unpublished","createdAt":"1795194333","track":{"version":{"unixMicro":"1795194243240417"}}}"#,
                "2026-11-20T17:05:33Z",
            ),
            (
                r#"{"event":"egress_ended","egressInfo":{"startedAt":"1","endedAt":"1795194336900000000"}}"#,
                "2026-11-20T17:05:36.900Z",
            ),
            (
                r#"{"event":"participant_left","createdAt":1}"#,
                "1970-01-01T00:00:01Z",
            ),
            (
                r#"{"event":"participant_left","createdAt":"253402300799"}"#,
                "9999-12-31T23:59:59Z",
            ),
        ] {
            let at = outline(body).happened_at().map(|at| at.to_string());
            assert_eq!(at.as_deref(), Some(expected), "{body}");
        }
    }

    #[test]
    fn an_impossible_time_is_no_time() {
        for created_at in [
            // Protobuf leaves a zero out; one that is written means the same.
            "0",
            "253402300800",
            "-1",
            "9223372036854775807",
            "99999999999999999999",
            "1e400",
            "null",
            "{}",
            "\"soon\"",
        ] {
            let body = format!(r#"{{"event":"participant_left","createdAt":{created_at}}}"#);
            assert_eq!(outline(&body).happened_at(), None, "{created_at}");
        }
    }

    #[test]
    fn events_find_their_room_wherever_it_stands_and_the_fold_finds_the_same() {
        for (body, subject, room) in [
            (
                r#"{"event":"a","room":{"sid":"RM","name":"n"}}"#,
                Some("RM"),
                Some("n"),
            ),
            (
                r#"{"event":"a","room":{"name":"n"},"ingressInfo":{"ingressId":"IN","state":{"roomId":"RM"}}}"#,
                Some("RM"),
                Some("n"),
            ),
            (
                r#"{"event":"a","egressInfo":{"egressId":"EG","roomId":"RM","roomName":"n"}}"#,
                Some("RM"),
                Some("n"),
            ),
            (
                r#"{"event":"a","job":{"id":"AJ","room":{"sid":"RM","name":"n"}}}"#,
                Some("RM"),
                Some("n"),
            ),
            (r#"{"event":"a","job":{"id":"AJ"}}"#, Some("AJ"), None),
            (
                r#"{"event":"a","egressInfo":{"egressId":"EG"}}"#,
                Some("EG"),
                None,
            ),
            (r#"{"event":"a","room":[],"participant":"x"}"#, None, None),
        ] {
            let outline = outline(body);
            assert_eq!(
                (outline.subject(), outline.room_name()),
                (subject, room),
                "{body}"
            );
            let folded: Webhook = tolerant::read(body.as_bytes()).unwrap();
            assert_eq!(folded.room_name(), room, "{body}");
            assert_eq!(
                folded.room_sid(),
                subject.filter(|sid| *sid == "RM"),
                "{body}"
            );
        }
    }
}
