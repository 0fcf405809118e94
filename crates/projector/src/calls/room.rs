//! What is known of one room: the pieces facts are made of, and the states they add up to.
//!
//! Field names in JSON are one letter, because a state is written again for every batch that has
//! an event of its room. Every map is bounded, and every text as well: a hostile room cannot grow
//! its state for ever. What lies beyond a bound is chosen by its key, never by when it came. The
//! bounds are for rooms of a fixed name, which many callers share (docs/adr/0006).

mod analysis;

use super::merge::{Fill, Greatest, Keyed, Latest, Least, Merge, Recent, merge_bounded};
use frontdesk_events::catalogue::moment::Moment;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The most participants of one room that are kept: two months of a caller every five minutes.
/// Calls beyond it are lost.
pub const MOST_PEOPLE: usize = 16_384;
/// The most audio tracks of one room that are kept: two a participant.
pub const MOST_TRACKS: usize = 32_768;
/// The most recordings of one room that are kept.
pub const MOST_RECORDINGS: usize = 32;
/// The most call ids agents may report about in one room. Fewer than callers: ids are the agent's
/// to invent, and a report is the largest piece there is.
pub const MOST_REPORTS: usize = 4_096;

/// A value with the rank of where it was said; a lower rank is the better source.
pub type Ranked<T> = Least<(u8, T)>;

macro_rules! piece {
    (
        $(#[$meta:meta])*
        pub struct $name:ident { $( $(#[doc = $doc:literal])+ pub $field:ident: $type:ty = $short:literal, )+ }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        pub struct $name {
            $(
                $(#[doc = $doc])+
                #[serde(rename = $short, default, skip_serializing_if = "Nothing::nothing")]
                pub $field: $type,
            )+
        }
    };
}

piece! {
    /// The state of [`RoomSession`](super::RoomSession).
    pub struct Room {
        /// Its name.
        pub name: Least<String> = "n",
        /// When it was made.
        pub created: Ranked<Moment> = "c",
        /// When it was closed, and why.
        pub finished: Greatest<(Moment, String)> = "f",
        /// Who was in it, by participant sid.
        pub people: Keyed<Person> = "p",
        /// Audio that was sent in it, by track sid.
        pub tracks: Keyed<Track> = "t",
        /// Its recordings, by egress id.
        pub recordings: Keyed<Recording> = "e",
        /// What agents reported, by the call id they gave; empty when they gave none.
        pub reports: Keyed<Report> = "a",
        /// The name of the agent that was sent to it.
        pub agent: Ranked<String> = "g",
    }
}

piece! {
    /// A participant. Callers are told from the rest by role, when rows are made.
    pub struct Person {
        /// What it is.
        pub role: Role = "k",
        /// Others cannot see it.
        pub hidden: bool = "h",
        /// Its media connection came up.
        pub active: bool = "o",
        /// `sip.callID`.
        pub call: Ranked<String> = "c",
        /// `app.tenantId`.
        pub tenant: Ranked<String> = "t",
        /// The number dialled, raw.
        pub dialled: Ranked<String> = "d",
        /// When its signal connection came up.
        pub joined: Ranked<Moment> = "j",
        /// When we first heard of it.
        pub seen: Least<Moment> = "s",
        /// When the first event of it was accepted, by our own clock.
        pub accepted: Least<Moment> = "r",
        /// When the phone began to ring.
        pub invited: Least<Moment> = "i",
        /// When the phone was answered, where LiveKit says so.
        pub answered: Least<Moment> = "a",
        /// The caller's number, raw.
        pub number: Ranked<String> = "u",
        /// Its name for people, or its identity.
        pub name: Ranked<String> = "n",
        /// It came by a dispatch rule: it called us.
        pub ruled: bool = "b",
        /// It was seen dialling, or on a trunk without a rule: we called it.
        pub dials: bool = "w",
        /// `sip.callStatus` when it joined.
        pub status: Least<String> = "q",
        /// It left.
        pub left: Greatest<Departure> = "l",
        /// It went before its connection came up.
        pub aborted: Greatest<Departure> = "x",
    }
}

impl Person {
    /// The call it is part of: a phone's `sip.callID`, which a reconnect keeps, else its own sid.
    /// Whatever else has that attribute got it from somebody who may write attributes, and would
    /// give two calls one key.
    #[must_use]
    pub fn call_key<'a>(&'a self, sid: &'a str) -> &'a str {
        let call = self.call.0.as_ref().filter(|_| self.role == Role::Caller);
        call.map_or(sid, |(_, id)| id)
    }

    /// When it joined, if it ever did.
    #[must_use]
    pub fn joined(&self) -> Option<Moment> {
        let heard = self.seen.0.filter(|_| self.active);
        self.joined.0.as_ref().map(|(_, at)| *at).or(heard)
    }
}

/// What a participant is. The order decides when two events disagree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// A browser: STANDARD, which is also what an absent kind means.
    #[default]
    #[serde(rename = "v")]
    Visitor,
    /// A kind that makes no calls, or one made after us.
    #[serde(rename = "o")]
    Other,
    /// A phone: SIP.
    #[serde(rename = "c")]
    Caller,
    /// The receptionist: AGENT.
    #[serde(rename = "a")]
    Agent,
    /// A recorder: EGRESS.
    #[serde(rename = "r")]
    Recorder,
}

/// How a participant went.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Departure {
    /// When, to the second.
    #[serde(rename = "t")]
    pub at: Moment,
    /// LiveKit's disconnect reason.
    #[serde(rename = "r")]
    pub reason: String,
    /// The last `sip.callStatus`.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// Why a participant goes whom nobody picked up for: only one that was dialled can.
const DIALLED_IN_VAIN: [&str; 2] = ["USER_UNAVAILABLE", "USER_REJECTED"];

impl Departure {
    /// Whether this reason says that it was dialled and nobody picked up.
    #[must_use]
    pub fn is_in_vain(reason: &str) -> bool {
        DIALLED_IN_VAIN.contains(&reason)
    }

    /// Whether it was talking when it went.
    #[must_use]
    pub fn was_active(&self) -> bool {
        self.status.as_deref().is_some_and(is_active)
    }
}

/// Whether somebody is on the phone, by its `sip.callStatus`.
#[must_use]
pub fn is_active(status: &str) -> bool {
    matches!(status, "active" | "automation")
}

piece! {
    /// Audio somebody sent.
    pub struct Track {
        /// Who: participant sid.
        pub person: Least<String> = "p",
        /// The sender's identity is a recorder's.
        pub recorder: bool = "r",
        /// From when.
        pub started: Ranked<Moment> = "s",
        /// Until when, to the second.
        pub stopped: Greatest<Moment> = "e",
    }
}

piece! {
    /// A recording.
    pub struct Recording {
        /// How far it is.
        pub stage: Greatest<Stage> = "s",
        /// Where it can be had.
        pub location: Least<String> = "l",
        /// How long it is.
        pub millis: Greatest<i64> = "d",
    }
}

/// How far a recording is. The order decides between events of one recording, and between the
/// recordings of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stage {
    /// Requested or running.
    #[serde(rename = "r")]
    Recording,
    /// Ended without a file.
    #[serde(rename = "f")]
    Failed,
    /// Stored.
    #[serde(rename = "s")]
    Ready,
}

piece! {
    /// What agents reported about one call.
    pub struct Report {
        /// When it was answered, by each agent that took it.
        pub answered: Recent<Moment> = "w",
        /// Where it was transferred.
        pub transferred: Recent<Transfer> = "x",
        /// What came of it.
        pub analysis: Recent<Analysis> = "y",
        /// Who reported.
        pub agent: Least<String> = "n",
    }
}

/// A transfer to a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// To whom.
    #[serde(rename = "n")]
    pub to: Option<String>,
    /// When.
    #[serde(rename = "a")]
    pub at: Option<Moment>,
}

impl Fill for Transfer {
    fn fill(&mut self, older: &Self) {
        if self.to.is_none() {
            self.to.clone_from(&older.to);
        }
        self.at = self.at.or(older.at);
    }
}

piece! {
    /// What came of a call, as far as rows show it.
    pub struct Analysis {
        /// When it was answered.
        pub answered: Option<Moment> = "w",
        /// Why the agent's session closed.
        pub closed: Option<String> = "c",
        /// When it closed.
        pub ended: Option<Moment> = "d",
        /// `success`, `fail` or `unknown`.
        pub status: Option<String> = "o",
        /// The outcome in a word or two.
        pub label: Option<String> = "l",
        /// Why.
        pub reason: Option<String> = "r",
        /// Revenue in minor units, with its currency.
        pub revenue: Option<(i64, String)> = "m",
        /// What the revenue was taken from.
        pub revenue_evidence: Option<String> = "b",
        /// The call in a few sentences.
        pub summary: Option<String> = "s",
        /// `positive`, `neutral`, `negative`.
        pub sentiment: Option<String> = "f",
        /// How sure.
        pub score: Option<f64> = "h",
        /// What it was taken from.
        pub sentiment_evidence: Option<String> = "e",
        /// Labels.
        pub tags: Vec<String> = "t",
        /// Milliseconds: speech to text, model, voice, end to end, its 95th percentile.
        pub latency: [Option<i64>; 5] = "p",
        /// How many turns.
        pub turns: Option<i64> = "n",
        /// What was used, as the API shows it.
        pub usage: Vec<Value> = "u",
        /// Whether the agent knows of a recording.
        pub recorded: bool = "k",
        /// Where that recording is.
        pub location: Option<String> = "a",
    }
}

impl Merge for Room {
    fn merge(&mut self, other: &Self) {
        self.name.merge(&other.name);
        self.created.merge(&other.created);
        self.finished.merge(&other.finished);
        merge_bounded(&mut self.people, &other.people, MOST_PEOPLE);
        merge_bounded(&mut self.tracks, &other.tracks, MOST_TRACKS);
        merge_bounded(&mut self.recordings, &other.recordings, MOST_RECORDINGS);
        merge_bounded(&mut self.reports, &other.reports, MOST_REPORTS);
        self.agent.merge(&other.agent);
    }
}

impl Merge for Person {
    fn merge(&mut self, other: &Self) {
        self.role = self.role.max(other.role);
        self.hidden |= other.hidden;
        self.active |= other.active;
        self.ruled |= other.ruled;
        self.dials |= other.dials;
        self.call.merge(&other.call);
        self.tenant.merge(&other.tenant);
        self.dialled.merge(&other.dialled);
        self.joined.merge(&other.joined);
        self.seen.merge(&other.seen);
        self.accepted.merge(&other.accepted);
        self.invited.merge(&other.invited);
        self.answered.merge(&other.answered);
        self.number.merge(&other.number);
        self.name.merge(&other.name);
        self.status.merge(&other.status);
        self.left.merge(&other.left);
        self.aborted.merge(&other.aborted);
    }
}

impl Merge for Track {
    fn merge(&mut self, other: &Self) {
        self.person.merge(&other.person);
        self.recorder |= other.recorder;
        self.started.merge(&other.started);
        self.stopped.merge(&other.stopped);
    }
}

impl Merge for Recording {
    fn merge(&mut self, other: &Self) {
        self.stage.merge(&other.stage);
        self.location.merge(&other.location);
        self.millis.merge(&other.millis);
    }
}

impl Merge for Report {
    fn merge(&mut self, other: &Self) {
        self.answered.merge(&other.answered);
        self.transferred.merge(&other.transferred);
        self.analysis.merge(&other.analysis);
        self.agent.merge(&other.agent);
    }
}

/// What need not be written: the reader's default says the same.
trait Nothing {
    fn nothing(&self) -> bool;
}

macro_rules! nothing {
    ($($type:ty: $is:expr),+ $(,)?) => {
        $(impl Nothing for $type {
            fn nothing(&self) -> bool {
                let is: fn(&Self) -> bool = $is;
                is(self)
            }
        })+
    };
}
nothing! {
    bool: |flag| !flag,
    Role: |role| *role == Role::default(),
    [Option<i64>; 5]: |numbers| numbers.iter().all(Option::is_none),
}

impl<T> Nothing for Option<T> {
    fn nothing(&self) -> bool {
        self.is_none()
    }
}

impl<T> Nothing for Vec<T> {
    fn nothing(&self) -> bool {
        self.is_empty()
    }
}

impl<T> Nothing for BTreeMap<String, T> {
    fn nothing(&self) -> bool {
        self.is_empty()
    }
}

impl<T> Nothing for Least<T> {
    fn nothing(&self) -> bool {
        self.is_none()
    }
}

impl<T> Nothing for Greatest<T> {
    fn nothing(&self) -> bool {
        self.is_none()
    }
}

impl<T> Nothing for Recent<T> {
    fn nothing(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Nothing for Latest<T> {
    fn nothing(&self) -> bool {
        self.is_none()
    }
}
