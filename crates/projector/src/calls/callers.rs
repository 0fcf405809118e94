//! Which calls a room holds, and when each began.
//!
//! A call is a phone: one `sip.callID`, whatever number of participant sids its reconnects took.
//! A web visitor is a call of its own in a room that nobody phoned. In any other it is one only if it names
//! its tenant and was there before the first phone: who joins a phone call from the web listens or helps.
//! Supervisors, recorders and agents are never callers.
//!
//! A phone we dialled ourselves while a caller was there (a person to transfer to) is a leg of
//! that caller's call and no call of its own; one dialled while nobody was there is a call that
//! went out. LiveKit does not say which way a call goes. An inbound one has a dispatch rule
//! (`sip.ruleID`); one that dials out has a trunk (`sip.trunkID`) and no rule, may be seen `dialing` as
//! it joins or leaves, and has no rule where others of its room have one. A phone of which none of this
//! is known called us.

use super::{
    merge::{Keyed, Least},
    number,
    room::{Person, Role},
    timing::{End, WEBHOOK_RESOLUTION_MICROS, gone},
};
use crate::aggregate::{Owner, OwnerQuestion, Owners};
use frontdesk_events::catalogue::moment::Moment;
use std::collections::{BTreeMap, BTreeSet};

/// A room is made for its first caller, who joins within seconds. One that stood open for longer
/// was not made for this call, and its age is no ringing.
const ROOM_MADE_FOR_CALL_MICROS: i64 = 60_000_000;
/// An invitation further from the join than this is a clock gone wrong.
const LONGEST_INVITATION_MICROS: i64 = 3_600_000_000;
/// A caller may hang up while the phone that is dialled for it is on its way into the room.
const DIALLING_TAKES_MICROS: i64 = 5_000_000;

/// One participant, under each sid its reconnects took.
pub type People<'a> = Vec<(&'a str, &'a Person)>;

/// One call of a room.
#[derive(Debug)]
pub struct Call<'a> {
    /// `sip.callID`, else the participant's sid.
    pub key: &'a str,
    /// Whether it is a phone; else a web visitor.
    pub phone: bool,
    /// Whether we called; else they did.
    pub outbound: bool,
    /// Its participants by sid: more than one after a reconnect.
    pub people: People<'a>,
    /// When its first participant joined.
    pub joined: Moment,
    /// When it began to ring.
    pub started: Moment,
    /// The phones that were dialled for it.
    pub legs: Vec<Leg<'a>>,
}

/// A phone that was dialled while a caller was in the room.
#[derive(Debug)]
pub struct Leg<'a> {
    /// `sip.callID`, else the participant's sid.
    pub key: &'a str,
    /// Its participants by sid.
    pub people: People<'a>,
    /// When it joined.
    pub joined: Moment,
    /// Whether this caller was in the room then and no other, so that it was surely dialled for it.
    pub sure: bool,
}

/// The calls of a room, by key. One of which no event says any time is left out: a row needs one.
#[must_use]
pub fn calls<'a>(people: &'a Keyed<Person>, created: Option<Moment>) -> Vec<Call<'a>> {
    let grouped = |wanted: &dyn Fn(&Person) -> bool| {
        let mut by_key: BTreeMap<&'a str, People<'a>> = BTreeMap::new();
        for (sid, person) in people.iter().filter(|(_, person)| wanted(person)) {
            let key = person.call_key(sid);
            by_key.entry(key).or_default().push((sid, person));
        }
        by_key
    };
    let phones = grouped(&|person| person.role == Role::Caller);
    let ruled = |people: &People<'_>| people.iter().any(|(_, person)| person.ruled);
    let dials = |people: &People<'_>| people.iter().any(|(_, person)| person.dials);
    let rules = phones.values().any(ruled);
    let (out, came): (Vec<_>, Vec<_>) = phones
        .into_iter()
        .partition(|(_, people)| !ruled(people) && (dials(people) || rules));
    let mut calls: Vec<Call<'a>> = came
        .into_iter()
        .filter_map(|(key, people)| call(key, people, created))
        .collect();
    let first_phone = calls.iter().map(|call| call.joined).min();
    let mut visitors = grouped(&|person| person.role == Role::Visitor && !person.hidden);
    // Of two calls of one key only one can have a row.
    visitors.retain(|key, _| {
        let is_out = out.binary_search_by_key(key, |(phone, _)| phone).is_ok();
        !is_out && calls.binary_search_by_key(key, |call| call.key).is_err()
    });
    let visitors = visitors
        .into_iter()
        .filter_map(|(key, people)| call(key, people, created));
    calls.extend(visitors.filter(|visitor| {
        let was_first = |phone| visitor.joined < phone && visitor.names_tenant();
        first_phone.is_none_or(was_first)
    }));
    calls.sort_by_key(|call| call.key);
    let out = out
        .into_iter()
        .filter_map(|(key, people)| call(key, people, created));
    give_legs(&mut calls, out.collect());
    let first = calls.iter().map(|call| (call.joined, call.key)).min();
    for call in &mut calls {
        let created = created.filter(|_| first == Some((call.joined, call.key)));
        call.started = started(call, created);
    }
    calls
}

fn call<'a>(key: &'a str, people: People<'a>, created: Option<Moment>) -> Option<Call<'a>> {
    let joined = people
        .iter()
        .filter_map(|(_, person)| ranked(&person.joined).or(person.seen.0))
        .min()
        .or(created)?;
    Some(Call {
        key,
        phone: people
            .first()
            .is_some_and(|(_, person)| person.role == Role::Caller),
        outbound: false,
        people,
        joined,
        started: joined,
        legs: Vec::new(),
    })
}

/// Gives each phone that was dialled to the caller who had come last of those there; what was
/// dialled while nobody was there becomes a call.
fn give_legs<'a>(calls: &mut Vec<Call<'a>>, mut out: Vec<Call<'a>>) {
    if out.is_empty() {
        return;
    }
    out.sort_by_key(|dialled| (dialled.joined, dialled.key));
    let mut attendance = Attendance::of(calls);
    for mut dialled in out {
        let Some((index, sure)) = attendance.caller_at(dialled.joined) else {
            dialled.outbound = true;
            calls.push(dialled);
            continue;
        };
        calls[index].legs.push(Leg {
            key: dialled.key,
            people: dialled.people,
            joined: dialled.joined,
            sure,
        });
    }
    calls.sort_by_key(|call| call.key);
}

/// Which callers are in a room, as time goes by.
struct Attendance<'a> {
    /// Who is still to come and to go, the last first.
    coming: Vec<(Moment, &'a str, usize)>,
    going: Vec<(i64, Moment, &'a str, usize)>,
    present: BTreeSet<(Moment, &'a str, usize)>,
    last_gone: Option<(i64, usize)>,
}

impl<'a> Attendance<'a> {
    fn of(calls: &[Call<'a>]) -> Self {
        let each = || calls.iter().enumerate();
        let mut coming: Vec<_> = each()
            .map(|(index, call)| (call.joined, call.key, index))
            .collect();
        let going = |(index, call): (usize, &Call<'a>)| {
            let at = gone(call).as_ref().and_then(End::at)?;
            // Its second was cut off, and nobody goes before coming.
            let at = at.micros().saturating_add(WEBHOOK_RESOLUTION_MICROS);
            Some((at.max(call.joined.micros()), call.joined, call.key, index))
        };
        let mut going: Vec<_> = each().filter_map(going).collect();
        coming.sort_unstable_by(|one, other| other.cmp(one));
        going.sort_unstable_by(|one, other| other.cmp(one));
        Self {
            coming,
            going,
            present: BTreeSet::new(),
            last_gone: None,
        }
    }

    /// The caller for whom a phone was dialled that joined then, and whether it can be no other's.
    /// To be asked in the order of time.
    fn caller_at(&mut self, at: Moment) -> Option<(usize, bool)> {
        while let Some(came) = self.coming.pop_if(|(joined, ..)| *joined <= at) {
            self.present.insert(came);
        }
        while let Some((left, joined, key, index)) =
            self.going.pop_if(|(left, ..)| *left <= at.micros())
        {
            self.present.remove(&(joined, key, index));
            self.last_gone = Some((left, index));
        }
        let present = self.present.last().map(|(.., index)| *index);
        present
            .map(|index| (index, self.present.len() == 1))
            .or_else(|| {
                let (left, index) = self.last_gone?;
                (at.micros() - left <= DIALLING_TAKES_MICROS).then_some((index, false))
            })
    }
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

    fn names_tenant(&self) -> bool {
        self.text(|person| &person.tenant).is_some()
    }

    /// The number dialled: normalised, or as it came when it is none.
    #[must_use]
    pub fn dialled(&self) -> Option<String> {
        self.text(|person| &person.dialled)
            .map(|raw| number::normalised(raw).unwrap_or_else(|| raw.to_owned()))
    }

    /// Who to ask about its owner, the best first: whose it was as the caller joined, which a
    /// transcript knows as well without the rest of the room. What we have accepted has happened:
    /// by a clock that is ahead it would be to come, and nobody's until then.
    #[must_use]
    pub fn questions(&self) -> Vec<OwnerQuestion> {
        let accepted = self
            .people
            .iter()
            .filter_map(|(_, person)| person.accepted.0);
        let at = accepted.fold(self.joined, Moment::min).time();
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

/// Whose ids are whose, for rooms of any number of calls: an index into them by call key and by
/// participant sid.
#[derive(Debug)]
pub struct Names<'a> {
    keys: BTreeMap<&'a str, usize>,
    sids: BTreeMap<&'a str, usize>,
}

impl<'a> Names<'a> {
    /// The ids of these calls.
    #[must_use]
    pub fn of(calls: &[Call<'a>]) -> Self {
        let mut names = Self {
            keys: BTreeMap::new(),
            sids: BTreeMap::new(),
        };
        for (index, call) in calls.iter().enumerate() {
            names.keys.insert(call.key, index);
            let sids = call.people.iter().map(|(sid, _)| (*sid, index));
            names.sids.extend(sids);
        }
        names
    }

    /// Whose own participant this is.
    #[must_use]
    pub fn caller(&self, sid: &str) -> Option<usize> {
        self.sids.get(sid).copied()
    }

    /// The call an agent's report is about: the one whose key it names. A report about no call of
    /// the room is nobody's until there is one: the call it means may be another account's, of
    /// which LiveKit has not told yet. By the key alone, because transcripts, timelines and exports
    /// know no other name of a call (`events/src/sharing.rs`).
    #[must_use]
    pub fn named(&self, id: &str) -> Option<usize> {
        self.keys.get(id).copied()
    }
}
