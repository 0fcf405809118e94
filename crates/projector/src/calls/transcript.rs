//! The aggregate `Transcript`: what was said in a room, item by item, as rows of `calls.turns`.
//!
//! Its state holds who called as well (the little of it that decides whose call it is), so that
//! each turn carries its owner without looking into another aggregate.

mod line;

use self::line::{Line, Speaker};
use super::{
    CallFact, call_id,
    callers::{Call, calls, named, ranked},
    fact::key,
    merge::{Merge, merge_bounded},
    room::{MOST_PEOPLE, Person, Ranked},
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

/// The most items of one room that are kept: hours of talk. The earliest stay.
const MOST_LINES: usize = 2_000;
/// Parts are counted from 0; more than this many would not fit a day.
const LAST_PART: i64 = 1_000_000;
/// Where the items of an analysis stand: it holds all of a short call, or what was said after the
/// last part of a long one.
pub(super) const AFTER_ALL_PARTS: i64 = LAST_PART + 1;

/// Folds what agents say was said.
#[derive(Debug)]
pub enum Transcript {}

/// The state of [`Transcript`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Script {
    /// When the room was made.
    #[serde(rename = "c", default, skip_serializing_if = "Ranked::is_none")]
    created: Ranked<Moment>,
    /// Possible callers, by participant sid.
    #[serde(rename = "p", default, skip_serializing_if = "BTreeMap::is_empty")]
    people: BTreeMap<String, Person>,
    /// Lines by call id, then by item id.
    #[serde(rename = "l", default, skip_serializing_if = "BTreeMap::is_empty")]
    lines: BTreeMap<String, BTreeMap<String, Line>>,
}

/// What was said in a room.
#[derive(Debug, Default, PartialEq)]
pub struct ScriptRows {
    /// One for each item.
    pub turns: Vec<TurnRow>,
}

row! {
    /// One item of a transcript. A tool's answer is part of its call.
    pub struct TurnRow in "turns", keyed by (room_sid, id) {
        /// The room's sid.
        pub room_sid: String,
        /// The item's id, behind its call's when the room holds several.
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
    pub(super) fn of_person(sid: &str, person: &Person, created: &Ranked<Moment>) -> Self {
        let person = Person {
            role: person.role,
            hidden: person.hidden,
            call: person.call.clone(),
            tenant: person.tenant.clone(),
            dialled: person.dialled.clone(),
            joined: person.joined.clone(),
            seen: person.seen.clone(),
            invited: person.invited.clone(),
            ..Person::default()
        };
        let people = BTreeMap::from([(sid.to_owned(), person)]);
        Self {
            created: created.clone(),
            people,
            lines: BTreeMap::new(),
        }
    }

    /// What a transcript says.
    pub(super) fn of_items(
        call: &str,
        part: Option<i64>,
        items: &[Item],
        at: Option<Moment>,
        envelope: &Envelope,
    ) -> Self {
        let part = part.unwrap_or_default().clamp(0, AFTER_ALL_PARTS);
        let said = Reverse((at, key(envelope.id())));
        let lines = items
            .iter()
            .take(MOST_LINES)
            .enumerate()
            .filter_map(|(index, item)| {
                let line = Line::of(item, (part, index), said.clone())?;
                Some((
                    item.id
                        .as_deref()
                        .map_or_else(|| format!("{part}/{index}"), key),
                    line,
                ))
            });
        let mut script = Self::default();
        for (id, line) in lines {
            script.take(call, &id, &line);
        }
        script
    }

    fn take(&mut self, call: &str, id: &str, line: &Line) {
        let lines = match self.lines.get_mut(call) {
            Some(lines) => lines,
            None => self.lines.entry(call.to_owned()).or_default(),
        };
        if lines.get(id).is_none_or(|known| line < known) {
            lines.insert(id.to_owned(), line.clone());
        }
    }

    /// Drops the last lines beyond the bound. A line among the first ones was never dropped
    /// before: lines only ever move forwards.
    fn trim(&mut self) {
        let count: usize = self.lines.values().map(BTreeMap::len).sum();
        if count <= MOST_LINES {
            return;
        }
        let mut all: Vec<(Line, String, String)> = Vec::with_capacity(count);
        for (call, lines) in std::mem::take(&mut self.lines) {
            all.extend(lines.into_iter().map(|(id, line)| (line, call.clone(), id)));
        }
        all.sort();
        all.truncate(MOST_LINES);
        for (line, call, id) in all {
            self.lines.entry(call).or_default().insert(id, line);
        }
    }
}

impl Merge for Script {
    fn merge(&mut self, other: &Self) {
        self.created.merge(&other.created);
        merge_bounded(&mut self.people, &other.people, MOST_PEOPLE);
        for (call, lines) in &other.lines {
            for (id, line) in lines {
                self.take(call, id, line);
            }
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
        fact.script
            .as_ref()
            .and(fact.room.clone())
            .into_iter()
            .collect()
    }

    fn fold(state: &mut Script, _: &str, fact: &CallFact) -> Result<(), FoldError> {
        if let Some(piece) = &fact.script {
            state.merge(piece);
        }
        Ok(())
    }

    fn questions(state: &Script) -> Vec<OwnerQuestion> {
        if state.lines.is_empty() {
            return Vec::new();
        }
        calls(&state.people, ranked(&state.created))
            .iter()
            .flat_map(Call::questions)
            .collect()
    }

    fn rows(room_sid: &str, state: &Script, owners: &dyn Owners) -> ScriptRows {
        if state.lines.is_empty() {
            return ScriptRows::default();
        }
        let calls = calls(&state.people, ranked(&state.created));
        let mut turns = Vec::new();
        for (id, lines) in &state.lines {
            let call = named(&calls, id);
            let call_key = call
                .map(|call| call.key)
                .or(Some(id.as_str()).filter(|id| !id.is_empty()));
            let user = call
                .and_then(|call| call.owner(owners))
                .map(|owner| owner.user);
            let prefix = if state.lines.len() > 1 {
                format!("{id}/")
            } else {
                String::new()
            };
            turns.extend(group(lines).into_iter().enumerate().map(
                |(position, (id, line, answer))| TurnRow {
                    id: format!("{prefix}{id}"),
                    position: i32::try_from(position).unwrap_or(i32::MAX),
                    ..turn(room_sid, call_key, user, line, answer)
                },
            ));
        }
        ScriptRows { turns }
    }
}

/// The lines of a call in their order, each tool call with its answer.
fn group(lines: &BTreeMap<String, Line>) -> Vec<(&str, &Line, Option<&Line>)> {
    let mut ordered: Vec<(&Line, &str)> =
        lines.iter().map(|(id, line)| (line, id.as_str())).collect();
    ordered.sort();
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

fn turn(
    room_sid: &str,
    call_key: Option<&str>,
    user_id: Option<Uuid>,
    line: &Line,
    answer: Option<&Line>,
) -> TurnRow {
    let speaker = match line.speaker {
        Speaker::Caller => "caller",
        Speaker::Receptionist => "receptionist",
        Speaker::Tool | Speaker::Answer => "tool",
        Speaker::System => "system",
    };
    TurnRow {
        room_sid: room_sid.to_owned(),
        id: String::new(),
        call_key: call_key.map(str::to_owned),
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

impl Derived for ScriptRows {
    fn tables() -> Vec<Table> {
        vec![Table::of::<TurnRow>()]
    }

    fn changes(before: &Self, after: &Self, out: &mut Changes) {
        out.rows_telling(&before.turns, &after.turns, |row| {
            let id = call_id(&row.room_sid, row.call_key.as_deref()?).to_string();
            Some(Tell {
                user: row.user_id,
                topic: Topic::Calls,
                id,
            })
        });
    }
}
