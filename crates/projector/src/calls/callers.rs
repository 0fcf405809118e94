//! Which calls a room holds, and when each began.
//!
//! A call is a phone: one `sip.callID`, whatever number of participant sids its reconnects took.
//! Only a room that never saw a phone has web visitors. Supervisors, recorders and agents are
//! never callers.

use super::{
    merge::Least,
    number,
    room::{Person, Role},
};
use crate::aggregate::{Owner, OwnerQuestion, Owners};
use frontdesk_events::catalogue::moment::Moment;
use std::collections::BTreeMap;

/// A room is made for its first caller, who joins within seconds. One that stood open for longer
/// was not made for this call, and its age is no ringing.
const ROOM_MADE_FOR_CALL_MICROS: i64 = 60_000_000;
/// An invitation further from the join than this is a clock gone wrong.
const LONGEST_INVITATION_MICROS: i64 = 3_600_000_000;

/// One call of a room.
#[derive(Debug)]
pub struct Call<'a> {
    /// `sip.callID`, else the participant's sid.
    pub key: &'a str,
    /// Whether it is a phone; else a web visitor.
    pub phone: bool,
    /// Its participants by sid: more than one after a reconnect.
    pub people: Vec<(&'a str, &'a Person)>,
    /// When its first participant joined.
    pub joined: Moment,
    /// When it began to ring.
    pub started: Moment,
}

/// The calls of a room, by key. One of which no event says any time is left out: a row needs one.
#[must_use]
pub fn calls<'a>(people: &'a BTreeMap<String, Person>, created: Option<Moment>) -> Vec<Call<'a>> {
    let phone = people.values().any(|person| person.role == Role::Caller);
    let mut by_key: BTreeMap<&str, Vec<(&str, &Person)>> = BTreeMap::new();
    for (sid, person) in people {
        if phone && person.role == Role::Caller {
            let key = person.call.0.as_ref().map_or(sid.as_str(), |(_, id)| id);
            by_key.entry(key).or_default().push((sid, person));
        } else if !phone && person.role == Role::Visitor && !person.hidden {
            by_key.entry(sid).or_default().push((sid, person));
        }
    }
    let mut calls: Vec<Call<'a>> = by_key
        .into_iter()
        .filter_map(|(key, people)| {
            let joined = people
                .iter()
                .filter_map(|(_, person)| joined(person))
                .min()
                .or(created)?;
            Some(Call {
                key,
                phone,
                people,
                joined,
                started: joined,
            })
        })
        .collect();
    let first = calls.iter().map(|call| (call.joined, call.key)).min();
    for call in &mut calls {
        let created = created.filter(|_| first == Some((call.joined, call.key)));
        call.started = started(call, created);
    }
    calls
}

/// When a participant joined, or was first heard of.
#[must_use]
pub fn joined(person: &Person) -> Option<Moment> {
    ranked(&person.joined).or(person.seen.0)
}

/// A ranked value without its rank.
#[must_use]
pub fn ranked<T: Copy>(value: &Least<(u8, T)>) -> Option<T> {
    value.0.as_ref().map(|(_, value)| *value)
}

/// A ranked text without its rank.
#[must_use]
pub fn text(value: &Least<(u8, String)>) -> Option<&str> {
    value.0.as_ref().map(|(_, text)| text.as_str())
}

fn started(call: &Call<'_>, created: Option<Moment>) -> Moment {
    let within =
        |at: &Moment, micros: i64| (0..=micros).contains(&(call.joined.micros() - at.micros()));
    let invited = call
        .people
        .iter()
        .filter_map(|(_, person)| person.invited.0)
        .min();
    invited
        .filter(|at| within(at, LONGEST_INVITATION_MICROS))
        .or_else(|| created.filter(|at| within(at, ROOM_MADE_FOR_CALL_MICROS)))
        .unwrap_or(call.joined)
}

impl Call<'_> {
    /// Whether this participant is the caller, under any of its sids.
    #[must_use]
    pub fn is_caller(&self, sid: &str) -> bool {
        self.people.iter().any(|(of, _)| *of == sid)
    }

    /// The best known text of a kind, over all of the caller's sids.
    #[must_use]
    pub fn text<'s>(
        &'s self,
        piece: impl Fn(&'s Person) -> &'s Least<(u8, String)>,
    ) -> Option<&'s str> {
        self.people
            .iter()
            .filter_map(|(_, person)| piece(person).0.as_ref())
            .min()
            .map(|(_, text)| text.as_str())
    }

    /// The number dialled: normalised, or as it came when it is none.
    #[must_use]
    pub fn dialled(&self) -> Option<String> {
        self.text(|person| &person.dialled)
            .map(|raw| number::normalised(raw).unwrap_or_else(|| raw.to_owned()))
    }

    /// Who to ask about its owner, the best first.
    #[must_use]
    pub fn questions(&self) -> Vec<OwnerQuestion> {
        let at = self.started.time();
        let tenant = self
            .text(|person| &person.tenant)
            .map(|key| OwnerQuestion::Tenant(key.to_owned(), at));
        let number = self
            .dialled()
            .filter(|number| number::is_assignable(number));
        tenant
            .into_iter()
            .chain(number.map(|number| OwnerQuestion::Number(number, at)))
            .collect()
    }

    /// Whose call it is.
    #[must_use]
    pub fn owner(&self, owners: &dyn Owners) -> Option<Owner> {
        self.questions()
            .iter()
            .find_map(|question| owners.owner(question))
    }
}

/// The call an agent's report is about: the one it names, by key or by participant sid, else the
/// only one there is.
#[must_use]
pub fn named<'c, 'a>(calls: &'c [Call<'a>], id: &str) -> Option<&'c Call<'a>> {
    let by_key = calls.iter().find(|call| call.key == id);
    let by_sid = || calls.iter().find(|call| call.is_caller(id));
    let only = || (calls.len() == 1).then(|| &calls[0]);
    by_key.or_else(by_sid).or_else(only)
}
