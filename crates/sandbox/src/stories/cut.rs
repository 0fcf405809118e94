//! A room that ends before its story does: who is in it then, and what LiveKit says instead of what
//! was planned.

use super::{
    Story, WorldEvent,
    stage::{Presence, event},
};
use crate::livekit::body::Participant;
use chrono::{DateTime, Utc};

/// What ends a room before its story does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// The server goes down.
    Shutdown,
    /// Somebody deletes the room.
    Deleted,
}

impl Cut {
    /// LiveKit's words: why a participant left, and why the room ended.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Shutdown => ("SERVER_SHUTDOWN", "ROOM_END_SERVER_SHUTDOWN"),
            Self::Deleted => ("ROOM_DELETED", "ROOM_END_API_DELETE"),
        }
    }
}

impl Story {
    /// LiveKit's id of its room.
    #[must_use]
    pub fn room_sid(&self) -> &str {
        &self.room.sid
    }

    /// LiveKit's name of its room.
    #[must_use]
    pub fn room_name(&self) -> &str {
        &self.room.name
    }

    /// What LiveKit says when its server goes down at `now`: everybody leaves, the room closes.
    /// Of a room that is closed already, the endings still to come (a recording is finished a
    /// moment after it).
    #[must_use]
    pub fn shut_down(&self, now: DateTime<Utc>) -> Vec<WorldEvent> {
        if now < self.closed {
            return self.cut(now, Cut::Shutdown);
        }
        let to_come = self.endings().into_iter().filter(|(at, _)| *at > now);
        to_come.map(|(_, event)| event).collect()
    }

    /// What of its recording, begun before `now`, is still to be told.
    fn recording_to_come(&self, now: DateTime<Utc>) -> Vec<WorldEvent> {
        let is_of_recording = |event: &WorldEvent| matches!(event, WorldEvent::LiveKit(webhook) if webhook.event.starts_with("egress_"));
        let mut events: Vec<_> = self
            .events
            .iter()
            .filter(|(_, event)| is_of_recording(event))
            .collect();
        let told = events.partition_point(|(offset, _)| self.start + *offset <= now);
        let to_come = events.split_off(told);
        if told == 0 {
            return Vec::new();
        }
        to_come
            .into_iter()
            .map(|(_, event)| event.clone())
            .collect()
    }

    /// What LiveKit says when somebody deletes the room at `now`, the end of its recording last.
    /// Nothing if the room is closed already.
    #[must_use]
    pub fn deleted(&self, now: DateTime<Utc>) -> Vec<WorldEvent> {
        let mut events = self.cut(now, Cut::Deleted);
        if !events.is_empty() {
            events.extend(self.recording_to_come(now));
        }
        events
    }

    /// Who is in the room at `now`; `None` when there is no room.
    #[must_use]
    pub fn there(&self, now: DateTime<Utc>) -> Option<Vec<Participant>> {
        let is_open = self.start <= now && now < self.closed;
        let there = |presence: &&Presence| presence.joined <= now && now < presence.left;
        let people = self.presences.iter().filter(there);
        is_open.then(|| people.map(|presence| presence.person.clone()).collect())
    }

    /// What LiveKit says when something ends the room at `now`: everybody leaves, the room closes.
    /// Nothing if the room is closed already.
    fn cut(&self, now: DateTime<Utc>, cut: Cut) -> Vec<WorldEvent> {
        let Some(there) = self.there(now) else {
            return Vec::new();
        };
        let (left_because, ended_because) = cut.words();
        let mut dice = self.dice.fork("shutdown", 0);
        let mut events: Vec<_> = there
            .into_iter()
            .map(|mut person| {
                let mut left = event("participant_left", &mut dice, now);
                person.disconnect_reason = left_because.to_owned();
                // The server goes first, so the line never gets to say `hangup`.
                if let Some(status) = person.attributes.get_mut("sip.callStatus") {
                    let answered = self.answered.is_some_and(|answered| answered <= now);
                    *status = if answered { "active" } else { "ringing" }.to_owned();
                }
                left.room = Some(self.room.clone());
                left.participant = Some(person);
                WorldEvent::LiveKit(left.print("participant_left"))
            })
            .collect();
        let mut finished = event("room_finished", &mut dice, now);
        finished.room = Some(self.room.clone());
        finished.room_end_reason = ended_because.to_owned();
        events.push(WorldEvent::LiveKit(finished.print("room_finished")));
        events
    }
}
