//! From an event to the piece of state it stands for.
//!
//! Everything a fold could dislike is settled here, once: which field says when, which sid is
//! meant, how long a text may be. An event of a type we do not know stands for nothing, but it is filed
//! under the room it names; neither that nor an event without a room is an error. Neither is an agent's event that cannot be read: ingest refuses what
//! names no call, so nobody could say what it was about, and dead letters by the hundred stop the
//! projection, which is not in an agent's power. A webhook LiveKit signed and we cannot read is a
//! dead letter: the fault is ours.

mod report;

pub(super) use report::millis;

use super::{
    key::RoomKey,
    merge::{Greatest, Least},
    room::{Departure, Person, Recording, Role, Room, Stage, Track},
    transcript::Script,
};
use crate::aggregate::{Fact, FoldError};
use chrono::DateTime;
use frontdesk_events::{
    Envelope,
    catalogue::{
        agent,
        livekit::{self, Egress, Participant, Webhook},
        moment::Moment,
        tolerant,
    },
};
use sha2::{Digest as _, Sha256};

/// A key longer than this is replaced by its hash: PostgreSQL's indexes hold 2,700 bytes.
const LONGEST_KEY: usize = 128;
/// How far a sender's clock may be ahead of ours and still be believed.
const CLOCK_SKEW_MICROS: i64 = 5 * 60_000_000;
/// A clock that is ahead by more than a day was not set wrong: the time is nonsense.
const LARGEST_SKEW_MICROS: i64 = 86_400_000_000;
/// Names, labels and numbers.
pub(super) const LONGEST_NAME: usize = 512;
/// Addresses of recordings: signed ones are long.
pub(super) const LONGEST_TEXT: usize = 4_000;

/// What an event says about a room.
#[derive(Debug, Default)]
pub struct CallFact {
    /// Which room; `None` when it concerns none.
    pub room: Option<RoomKey>,
    /// What it adds to the call.
    pub session: Option<Box<Room>>,
    /// What it adds to a transcript, and to that of which call.
    pub script: Option<(String, Box<Script>)>,
}

impl Fact for CallFact {
    fn decode(envelope: &Envelope) -> Result<Self, FoldError> {
        let kind = envelope.kind();
        if let Some(event) = kind.strip_prefix(livekit::PREFIX) {
            // Ingest keeps what is no JSON, and what names no event, as types of their own.
            let known = livekit::TYPES.iter().any(|of| of.kind == kind);
            return match tolerant::read::<Webhook>(envelope.data()) {
                Ok(webhook) => Ok(from_webhook(event, &webhook, envelope)),
                Err(error) if known => Err(FoldError(error.to_string())),
                Err(_) => Ok(Self::default()),
            };
        }
        Ok(match kind {
            agent::ANSWERED => report::answered(&said(envelope), envelope),
            agent::TRANSFERRED => report::transferred(&said(envelope), envelope),
            agent::TRANSCRIPT => report::transcript(&said(envelope), envelope),
            agent::ANALYSED => report::analysed(&said(envelope), envelope),
            // What an agent tells in its own words belongs beside the room's other events.
            _ => report::heartbeat(&said(envelope), envelope),
        })
    }

    fn index_key(&self) -> Option<&str> {
        self.room.as_ref().map(RoomKey::sid)
    }
}

/// What an agent says; nothing at all when it cannot be read.
fn said<T: tolerant::Record>(envelope: &Envelope) -> T {
    tolerant::read(envelope.data()).unwrap_or_default()
}

/// A sid or id as a key. One with control characters is replaced by its hash as well: they stand
/// between the parts of longer keys, and PostgreSQL holds no NUL.
pub(super) fn key(sid: &str) -> String {
    if sid.len() <= LONGEST_KEY && !sid.contains(char::is_control) {
        return sid.to_owned();
    }
    format!("sha256:{}", hex::encode(Sha256::digest(sid.as_bytes())))
}

/// A text of at most so many bytes, cut between characters.
pub(super) fn bounded(text: &str, longest: usize) -> String {
    text[..text.floor_char_boundary(longest)].to_owned()
}

/// When an event that says nothing better happened: as its sender says, unless that is still to come. Of
/// what agents say the latest counts, and a clock that is ahead would have the last word for ever.
pub(super) fn recorded(envelope: &Envelope) -> Option<Moment> {
    let accepted = accepted(envelope);
    let said = envelope.time().and_then(Moment::from_time);
    said.filter(|at| !is_to_come(*at, accepted)).or(accepted)
}

fn accepted(envelope: &Envelope) -> Option<Moment> {
    envelope.recorded_time().and_then(Moment::from_time)
}

fn is_to_come(at: Moment, accepted: Option<Moment>) -> bool {
    accepted.is_some_and(|accepted| at.micros() - accepted.micros() > CLOCK_SKEW_MICROS)
}

/// A time that an agent's report names, unless it is still to come.
pub(super) fn past(at: Option<Moment>, envelope: &Envelope) -> Option<Moment> {
    at.filter(|at| !is_to_come(*at, accepted(envelope)))
}

/// The clock of whoever sent a webhook, beside ours. One that is ahead would end calls in a year to come,
/// so what it says is told by our clock. All of it is: of a call whose end alone is moved, every sound
/// would be after the end.
#[derive(Debug, Clone, Copy)]
struct Clock {
    accepted: Option<Moment>,
    ahead_micros: i64,
}

impl Clock {
    fn of(webhook: &Webhook, envelope: &Envelope) -> Self {
        let accepted = accepted(envelope);
        let ahead = accepted
            .zip(webhook.created_at)
            .map(|(accepted, created)| created.micros() - accepted.micros());
        let is_skew = |ahead: &i64| (CLOCK_SKEW_MICROS..=LARGEST_SKEW_MICROS).contains(ahead);
        Self {
            accepted,
            ahead_micros: ahead.filter(is_skew).unwrap_or_default(),
        }
    }

    /// One of its times by our clock; `None` for one that is to come all the same.
    fn ours(self, at: Moment) -> Option<Moment> {
        let at = Moment::from_micros(at.micros() - self.ahead_micros)?;
        (!is_to_come(at, self.accepted)).then_some(at)
    }

    /// When the webhook was made, never later than it came.
    fn said_at(self, webhook: &Webhook, envelope: &Envelope) -> Option<Moment> {
        match webhook.created_at {
            Some(created) => self.ours(created).or(self.accepted),
            None => recorded(envelope),
        }
    }
}

fn from_webhook(event: &str, webhook: &Webhook, envelope: &Envelope) -> CallFact {
    let Some(sid) = webhook.room_sid() else {
        return CallFact::default();
    };
    let room = RoomKey::of(sid, webhook.room_name(), envelope);
    let clock = Clock::of(webhook, envelope);
    let mut piece = room_piece(webhook, clock);
    let at = clock.said_at(webhook, envelope);
    let mut script = None;
    match event {
        "room_finished" => {
            let reason = webhook.room_end_reason.as_deref().unwrap_or_default();
            piece.finished = Greatest(Some((
                at.unwrap_or_else(unknown),
                bounded(reason, LONGEST_NAME),
            )));
        }
        "participant_joined" | "participant_left" | "participant_connection_aborted" => {
            let person = person_piece(event, webhook.participant.as_ref(), at, clock);
            if let Some((sid, mut person)) = person {
                person.accepted = Least(accepted(envelope));
                if matches!(person.role, Role::Visitor | Role::Caller) {
                    let call = person.call_key(&sid).to_owned();
                    script = Some((call, Box::new(Script::of_person(&sid, &person))));
                }
                piece.agent = agent_name(webhook.participant.as_ref());
                piece.people.insert(sid, Box::new(person));
            }
        }
        "track_published" | "track_unpublished" => {
            piece
                .tracks
                .extend(track_piece(event == "track_published", webhook, at, clock));
        }
        "egress_started" | "egress_updated" | "egress_ended" => {
            piece.recordings.extend(
                webhook
                    .egress_info
                    .as_ref()
                    .map(|egress| recording(event, egress)),
            );
        }
        "agent_job_pending" | "agent_job_started" | "agent_job_ended" => {
            let name = webhook
                .job
                .as_ref()
                .and_then(|job| job.agent_name.as_deref());
            piece.agent = ranked(1, name);
        }
        _ => {}
    }
    let session = (piece != Room::default()).then(|| Box::new(piece));
    CallFact {
        room: Some(room),
        session,
        script,
    }
}

/// The time of something whose time nobody says: rows never let an end precede its beginning, so
/// the start of the calendar means "at once".
fn unknown() -> Moment {
    Moment::from_time(DateTime::UNIX_EPOCH).expect("1970 is the first moment")
}

fn ranked(rank: u8, text: Option<&str>) -> Least<(u8, String)> {
    Least(text.map(|text| (rank, bounded(text, LONGEST_NAME))))
}

fn room_piece(webhook: &Webhook, clock: Clock) -> Room {
    let room = webhook
        .room
        .as_ref()
        .or_else(|| webhook.job.as_ref()?.room.as_ref());
    let exact = room
        .and_then(|room| clock.ours(room.creation_time_ms?))
        .map(|at| (0, at));
    let coarse = room
        .and_then(|room| clock.ours(room.creation_time?))
        .map(|at| (1, at));
    Room {
        name: Least(webhook.room_name().map(|name| bounded(name, LONGEST_NAME))),
        created: Least(exact.or(coarse)),
        ..Room::default()
    }
}

fn person_piece(
    event: &str,
    participant: Option<&Participant>,
    at: Option<Moment>,
    clock: Clock,
) -> Option<(String, Person)> {
    let participant = participant?;
    let sid = participant.sid.as_deref()?;
    // What was true when the call came in stays: attributes can be changed later.
    let rank = u8::from(event != "participant_joined");
    let role = role(participant.kind());
    let attribute = |name: &str| participant.attributes.get(name);
    // LiveKit's SIP service alone sets these, on the phones it brings. What else has them wrote them
    // itself, and would choose whose call it is by a number.
    let of_phone = |name: &str| attribute(name).filter(|_| role == Role::Caller);
    // A visitor's is in its token when it comes; what it says when it goes it may have written.
    let is_given = role == Role::Caller || event != "participant_left";
    let tenant = attribute("app.tenantId").filter(|_| is_given);
    let departure = || {
        Greatest(Some(Departure {
            at: at.unwrap_or_else(unknown),
            reason: bounded(participant.disconnect_reason(), LONGEST_NAME),
            status: of_phone("sip.callStatus").map(|status| bounded(status, 64)),
        }))
    };
    let ours = |at: Option<Moment>| at.and_then(|at| clock.ours(at));
    let exact = ours(participant.joined_at_ms).map(|at| (0, at));
    let coarse = ours(participant.joined_at).map(|at| (1, at));
    let time_of = |name: &str| Least(ours(of_phone(name).and_then(attribute_time)));
    let status = of_phone("sip.callStatus");
    let ruled = of_phone("sip.ruleID").is_some();
    // LiveKit names the rule of every call that comes in, whatever else it hides.
    let is_sent = !ruled && of_phone("sip.trunkID").is_some();
    let in_vain = Departure::is_in_vain(participant.disconnect_reason());
    let mut person = Person {
        role,
        hidden: participant.is_hidden(),
        ruled,
        dials: is_sent || status == Some("dialing") || in_vain,
        active: event == "participant_joined",
        call: Least(of_phone("sip.callID").map(|id| (rank, key(id)))),
        tenant: ranked(rank, tenant),
        dialled: ranked(rank, of_phone("sip.trunkPhoneNumber")),
        joined: Least(exact.or(coarse)),
        seen: Least(at),
        invited: time_of("lk.sip.inviteTime"),
        answered: time_of("lk.sip.answerTime"),
        number: ranked(rank, of_phone("sip.phoneNumber")),
        name: match &participant.name {
            Some(name) => ranked(rank, Some(name)),
            None => ranked(2, participant.identity.as_deref()),
        },
        ..Person::default()
    };
    match event {
        "participant_left" => person.left = departure(),
        "participant_joined" => {
            person.status = Least(status.map(|status| bounded(status, 64)));
        }
        _ => person.aborted = departure(),
    }
    Some((key(sid), person))
}

fn role(kind: &str) -> Role {
    match kind {
        "STANDARD" => Role::Visitor,
        "SIP" => Role::Caller,
        "AGENT" => Role::Agent,
        "EGRESS" => Role::Recorder,
        _ => Role::Other,
    }
}

/// A time in an attribute. LiveKit writes milliseconds; since no document promises it, the size
/// of the number decides between seconds, milliseconds, microseconds and nanoseconds.
fn attribute_time(text: &str) -> Option<Moment> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Moment::from_time(time.to_utc());
    }
    let number: i64 = text.trim().parse().ok().filter(|number| *number > 0)?;
    // Read in the wrong unit, any time of this century would be outside 1970 to 9999, or in 1970.
    let micros = match number.ilog10() {
        ..=10 => number * 1_000_000,
        11..=13 => number * 1_000,
        14..=16 => number,
        _ => number / 1_000,
    };
    Moment::from_micros(micros)
}

fn agent_name(participant: Option<&Participant>) -> Least<(u8, String)> {
    let agent = participant.filter(|participant| role(participant.kind()) == Role::Agent);
    ranked(
        0,
        agent.and_then(|agent| {
            agent
                .attributes
                .get("lk.agent_name")
                .or_else(|| agent.attributes.get("lk.agent.name"))
        }),
    )
}

fn track_piece(
    published: bool,
    webhook: &Webhook,
    at: Option<Moment>,
    clock: Clock,
) -> Option<(String, Box<Track>)> {
    let track = webhook.track.as_ref().filter(|track| track.is_audio())?;
    let participant = webhook.participant.as_ref()?;
    let person = key(participant.sid.as_deref()?);
    // The track's own time is exact and the same in both events; `createdAt` of the publishing
    // event is when the server found time to say so.
    let exact = track.published_at().and_then(|at| clock.ours(at));
    let exact = exact.map(|at| (u8::from(!published), at));
    let at = at.filter(|_| webhook.created_at.is_some());
    let coarse = at.filter(|_| published).map(|at| (2, at));
    let piece = Track {
        recorder: participant
            .identity
            .as_deref()
            .is_some_and(|identity| identity.starts_with("EG_")),
        started: Least(exact.or(coarse)),
        stopped: Greatest(at.filter(|_| !published)),
        person: Least(Some(person.clone())),
    };
    Some((track.sid.as_deref().map_or(person, key), Box::new(piece)))
}

fn recording(event: &str, egress: &Egress) -> (String, Box<Recording>) {
    let file = egress.file_results.first().or(egress.file.as_ref());
    let location = file.and_then(|file| file.location.as_deref());
    let stage = match (egress.status(), event) {
        ("EGRESS_COMPLETE" | "EGRESS_LIMIT_REACHED", _) => Stage::Ready,
        ("EGRESS_FAILED" | "EGRESS_ABORTED", _) => Stage::Failed,
        (_, "egress_ended") if location.is_some() => Stage::Ready,
        (_, "egress_ended") => Stage::Failed,
        _ => Stage::Recording,
    };
    let millis = file
        .and_then(|file| file.duration)
        .map(|nanos| nanos.max(0) / 1_000_000);
    let piece = Recording {
        stage: Greatest(Some(stage)),
        location: Least(location.map(|location| bounded(location, LONGEST_TEXT))),
        millis: Greatest(millis.filter(|millis| *millis > 0)),
    };
    // An automatic recording that could not be launched has no id.
    (
        key(egress.egress_id.as_deref().unwrap_or_default()),
        Box::new(piece),
    )
}
