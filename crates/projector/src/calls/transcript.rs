//! The aggregate `Transcript`: what was said on a call, item by item, as rows of `calls.turns`, and
//! its words, to find the call by.
//!
//! Its state holds who called as well (the little of it that decides whose call it is), so that
//! each turn carries its owner without looking into another aggregate. It is keyed by the call as
//! the agent names it, because a room of a fixed name holds any number of calls and a state is
//! written whole: an agent that names a call otherwise than by its key tells a story nobody owns.

mod line;

use self::line::{Line, Speaker};
use super::{
    CallFact,
    callers::{Call, calls},
    fact::key,
    key::{BETWEEN, Place, RoomKey},
    merge::{Keyed, Merge, merge_bounded},
    room::Person,
    said::SaidRow,
};
use crate::{
    aggregate::{Aggregate, FoldError, OwnerQuestion, Owners},
    row,
    table::{Changes, Derived, Table, Tell},
};
use chrono::{DateTime, Utc};
use frontdesk_events::{
    Envelope,
    catalogue::{agent::Item, moment::Moment},
    nats::live::Topic,
};
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, collections::BTreeMap};
use uuid::Uuid;

/// The most participants one call may have taken by reconnecting.
const MOST_PEOPLE: usize = 64;
/// The most items of one call that are kept: hours of talk. The earliest stay.
const MOST_LINES: usize = 2_000;
/// Parts are counted from 0; more than this many would not fit a day.
const LAST_PART: i64 = 1_000_000;
/// Where the items of an analysis stand: it holds all of a short call, or what was said after the
/// last part of a long one.
pub(super) const AFTER_ALL_PARTS: i64 = LAST_PART + 1;
/// The part of a report that names none.
const WITHOUT_PART: i64 = -1;

/// Folds what agents say was said.
#[derive(Debug)]
pub enum Transcript {}

/// The state of [`Transcript`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// The caller, by participant sid.
    #[serde(rename = "p", default, skip_serializing_if = "BTreeMap::is_empty")]
    people: Keyed<Person>,
    /// Lines by item id; by time or place, behind a character no id has, where there is none.
    #[serde(rename = "l", default, skip_serializing_if = "BTreeMap::is_empty")]
    lines: Keyed<Line>,
}

/// What was said on a call.
#[derive(Debug, Default, PartialEq)]
pub struct ScriptRows {
    /// One for each item.
    pub turns: Vec<TurnRow>,
    /// One, unless nobody said a word.
    pub said: Vec<SaidRow>,
}

row! {
    /// One item of a transcript. A tool's answer is part of its call.
    pub struct TurnRow in "turns", keyed by (room_sid, partition, id) {
        /// The room's sid.
        pub room_sid: String,
        /// The partition the reports came by.
        pub partition: i16,
        /// See [`Place::turn_id`].
        pub id: String,
        /// Which call.
        pub call_key: Option<String>,
        /// Its place in the call, from 0.
        pub position: i32,
        /// When.
        pub at: Option<DateTime<Utc>>,
        /// `caller`, `receptionist`, `tool` or `system`.
        pub speaker: String,
        /// What was said.
        pub text: Option<String>,
        /// Whether the other side spoke over it.
        pub interrupted: bool,
        /// The tool called.
        pub tool_name: Option<String>,
        /// With what.
        pub tool_arguments: Option<String>,
        /// What it answered.
        pub tool_output: Option<String>,
        /// Whether it failed.
        pub is_error: bool,
        /// How long the answer took.
        pub e2e_ms: Option<i64>,
        /// Whose call it is.
        pub user_id: Option<Uuid>,
    }
}

impl Script {
    /// What a participant event says about whose call it is.
    pub(super) fn of_person(sid: &str, person: &Person) -> Self {
        let person = Person {
            role: person.role,
            hidden: person.hidden,
            call: person.call.clone(),
            tenant: person.tenant.clone(),
            dialled: person.dialled.clone(),
            joined: person.joined.clone(),
            seen: person.seen.clone(),
            accepted: person.accepted.clone(),
            ..Person::default()
        };
        Self {
            people: BTreeMap::from([(sid.to_owned(), Box::new(person))]),
            lines: BTreeMap::new(),
        }
    }

    /// What a transcript says. Without a part its items stand in the order in which they were told, and
    /// each is one of its own: only an id, or the same words at the same moment, says that it was told before.
    pub(super) fn of_items(
        part: Option<i64>,
        items: &[Item],
        at: Option<Moment>,
        envelope: &Envelope,
    ) -> Self {
        let part = part.map_or(WITHOUT_PART, |part| part.clamp(0, AFTER_ALL_PARTS));
        let said = Reverse((at, key(envelope.id())));
        let mut script = Self::default();
        for (index, item) in items.iter().take(MOST_LINES).enumerate() {
            let Some(line) = Line::of(item, (part, index), said.clone()) else {
                continue;
            };
            let id = match (item.id.as_deref(), line.at) {
                (Some(id), _) => key(id),
                (None, _) if part != WITHOUT_PART => format!("{BETWEEN}{part}/{index}"),
                (None, Some(at)) => format!("{BETWEEN}@{}/{}", at.micros(), line.digest()),
                (None, None) => format!("{BETWEEN}{}/{index}", said.0.1),
            };
            script.take(&id, &line);
        }
        script
    }

    /// How many turns there are.
    pub(super) fn turn_count(&self) -> usize {
        group(&self.lines).len()
    }

    fn take(&mut self, id: &str, line: &Line) {
        if self.lines.get(id).is_none_or(|known| line < known) {
            self.lines.insert(id.to_owned(), Box::new(line.clone()));
        }
    }

    /// Drops the last lines beyond the bound. A line among the first ones was never dropped
    /// before: lines only ever move forwards.
    fn trim(&mut self) {
        if self.lines.len() <= MOST_LINES {
            return;
        }
        let lines = std::mem::take(&mut self.lines).into_iter();
        let mut all: Vec<(Box<Line>, String)> = lines.map(|(id, line)| (line, id)).collect();
        all.sort();
        all.truncate(MOST_LINES);
        self.lines = all.into_iter().map(|(line, id)| (id, line)).collect();
    }
}

impl Merge for Script {
    fn merge(&mut self, other: &Self) {
        merge_bounded(&mut self.people, &other.people, MOST_PEOPLE);
        for (id, line) in &other.lines {
            self.take(id, line);
        }
        self.trim();
    }
}

impl Aggregate for Transcript {
    const NAME: &'static str = "transcript";
    type Fact = CallFact;
    type State = Script;
    type Rows = ScriptRows;

    fn keys(fact: &CallFact) -> Vec<String> {
        let script = fact.script.as_ref().zip(fact.room.as_ref());
        script
            .map(|((call, _), room): (_, &RoomKey)| room.transcript(call))
            .into_iter()
            .collect()
    }

    fn fold(state: &mut Script, _: &str, fact: &CallFact) -> Result<(), FoldError> {
        if let Some((_, piece)) = &fact.script {
            state.merge(piece);
        }
        Ok(())
    }

    fn questions(state: &Script) -> Vec<OwnerQuestion> {
        if state.lines.is_empty() {
            return Vec::new();
        }
        calls(&state.people, None)
            .iter()
            .flat_map(Call::questions)
            .collect()
    }

    fn rows(key: &str, state: &Script, owners: &dyn Owners) -> ScriptRows {
        if state.lines.is_empty() {
            return ScriptRows::default();
        }
        let place = Place::of(key);
        let calls = calls(&state.people, None);
        let owner = calls
            .first()
            .and_then(|call| Some((call.owner(owners)?.user, call.joined.time())));
        let user = owner.map(|(user, _)| user);
        let turns = group(&state.lines).into_iter().enumerate();
        let turns: Vec<TurnRow> = turns
            .map(|(position, (id, line, answer))| TurnRow {
                id: place.turn_id(id),
                position: i32::try_from(position).unwrap_or(i32::MAX),
                ..turn(place, user, line, answer)
            })
            .collect();
        let texts = turns.iter().filter(|turn| turn.is_speech());
        let texts = texts.filter_map(|turn| turn.text.as_deref());
        let said = SaidRow::of(place.call_id(place.call), owner, texts);
        ScriptRows {
            said: said.into_iter().collect(),
            turns,
        }
    }
}

/// Orders what was said. Of reports without a part only times tell which came first: the items' own if all
/// of them have one, else those of the reports.
fn in_order(lines: &Keyed<Line>) -> Vec<(&Line, &str)> {
    let is_loose = |line: &Line| line.place.0 == WITHOUT_PART;
    let mut loose = lines.values().filter(|line| is_loose(line));
    let all_timed = loose.all(|line| line.at.is_some());
    let told = |line: &Line| {
        let own = line.at.filter(|_| all_timed);
        is_loose(line).then_some((own, line.said.0.0))
    };
    let each = lines.iter().map(|(id, line)| (&**line, id.as_str()));
    let mut ordered: Vec<(&Line, &str)> = each.collect();
    ordered.sort_by(|(one, id), (other, other_id)| {
        let parts = one.place.0.cmp(&other.place.0);
        parts
            .then_with(|| told(one).cmp(&told(other)))
            .then_with(|| (one, id).cmp(&(other, other_id)))
    });
    ordered
}

/// The lines of a call in their order, each tool call with its answer.
fn group(lines: &Keyed<Line>) -> Vec<(&str, &Line, Option<&Line>)> {
    let ordered = in_order(lines);
    let is_answer = |line: &Line| line.speaker == Speaker::Answer;
    let mut answers: BTreeMap<&str, &Line> = BTreeMap::new();
    for (line, _) in ordered.iter().filter(|(line, _)| is_answer(line)) {
        if let Some(call) = &line.tool_call {
            answers.entry(call).or_insert(line);
        }
    }
    let asked: Vec<&str> = ordered
        .iter()
        .filter(|(line, _)| line.speaker == Speaker::Tool)
        .filter_map(|(line, _)| line.tool_call.as_deref())
        .collect();
    ordered
        .into_iter()
        .filter_map(|(line, id)| {
            let call = line.tool_call.as_deref();
            if is_answer(line) {
                let taken = call.is_some_and(|call| asked.contains(&call));
                return (!taken).then_some((id, line, None));
            }
            let answer = call
                .filter(|_| line.speaker == Speaker::Tool)
                .and_then(|call| answers.get(call).copied());
            Some((id, line, answer))
        })
        .collect()
}

fn turn(place: Place<'_>, user_id: Option<Uuid>, line: &Line, answer: Option<&Line>) -> TurnRow {
    let speaker = match line.speaker {
        Speaker::Caller => "caller",
        Speaker::Receptionist => "receptionist",
        Speaker::Tool | Speaker::Answer => "tool",
        Speaker::System => "system",
    };
    TurnRow {
        room_sid: place.sid.to_owned(),
        partition: place.partition,
        id: String::new(),
        call_key: Some(place.call.to_owned()).filter(|call| !call.is_empty()),
        position: 0,
        at: line.at.map(Moment::time),
        speaker: speaker.to_owned(),
        text: line.text.clone(),
        interrupted: line.interrupted,
        tool_name: line
            .tool
            .clone()
            .or_else(|| answer.and_then(|answer| answer.tool.clone())),
        tool_arguments: line.arguments.clone(),
        tool_output: line
            .output
            .clone()
            .or_else(|| answer.and_then(|answer| answer.output.clone())),
        is_error: line.is_error || answer.is_some_and(|answer| answer.is_error),
        e2e_ms: line.e2e_ms,
        user_id,
    }
}

impl TurnRow {
    /// Whether it is what one of the two said to the other.
    fn is_speech(&self) -> bool {
        matches!(self.speaker.as_str(), "caller" | "receptionist")
    }

    /// The public id of the call it is part of.
    fn call_id(&self) -> Option<Uuid> {
        let room = RoomKey::within(self.partition, &self.room_sid);
        let call_key = self.call_key.as_deref()?;
        Some(Place::of(room.session()).call_id(call_key))
    }
}

impl Derived for ScriptRows {
    fn tables() -> Vec<Table> {
        vec![Table::of::<TurnRow>(), Table::of::<SaidRow>()]
    }

    fn changes(before: &Self, after: &Self, out: &mut Changes) {
        out.rows_telling(&before.turns, &after.turns, |row| {
            let id = row.call_id()?.to_string();
            Some(Tell {
                user: row.user_id,
                topic: Topic::Calls,
                id,
            })
        });
        // Whoever is told of the turns asks for both.
        out.rows(&before.said, &after.said);
    }
}
