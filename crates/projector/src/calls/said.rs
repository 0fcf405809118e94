//! The words said on a call, as one row of `calls.said`: what a search looks into.
//!
//! They are cut out of the text here and not by PostgreSQL: the api marks places by the same rules
//! (`frontdesk_events::words`), and a row must not depend on how a server was set up. Everything is
//! bounded, because PostgreSQL refuses a `tsvector` beyond 1 MiB and one refused row stops a batch.

use crate::{
    row,
    table::{Kind, Value},
};
use chrono::{DateTime, Utc};
use frontdesk_events::words::{Word, day, words};
use std::borrow::Cow;
use uuid::Uuid;

/// The most different words of one call: an hour of talk has a fifth of it.
const MOST_WORDS: usize = 10_000;
/// The last place PostgreSQL tells from the next. Words said later are found, but not as a part of a
/// phrase.
const LAST_PLACE: u16 = 16_382;
/// The place of a word that has none: they are counted from 1.
const NOWHERE: u16 = 0;
/// PostgreSQL keeps so many places of one word, less one.
const MOST_PLACES: usize = 255;
/// Between the last word of a turn and the first of the next, so that no phrase goes from one speaker
/// to the other.
const BETWEEN_TURNS: u16 = 2;

row! {
    /// The words of one call.
    pub struct SaidRow in "said", keyed by (call_id) {
        /// Which call.
        pub call_id: Uuid,
        /// Whose call it is.
        pub user_id: Option<Uuid>,
        /// What was said.
        pub words: Words,
    }
}

/// A `tsvector` in PostgreSQL's binary form: how many words, then each with its places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<u8>);

impl SaidRow {
    /// The row of a call on which this was said, turn by turn; `None` when there is no word in it.
    /// `owner` is the account whose call it is, and when the caller joined.
    #[must_use]
    pub fn of<'a>(
        call_id: Uuid,
        owner: Option<(Uuid, DateTime<Utc>)>,
        turns: impl Iterator<Item = &'a str>,
    ) -> Option<Self> {
        let mut said: Vec<(Cow<'a, str>, u16)> = Vec::new();
        let mut place: u16 = 0;
        for turn in turns {
            for Word { folded, .. } in words(turn) {
                place = place.saturating_add(1);
                said.push((folded, if place > LAST_PLACE { NOWHERE } else { place }));
            }
            place = place.saturating_add(BETWEEN_TURNS);
        }
        if said.is_empty() {
            return None;
        }
        // No word of a text begins so (crates/projector/schema/tenants_calls.sql asks for these).
        if let Some((user, joined)) = owner {
            said.push((format!("@{user}").into(), NOWHERE));
            said.push((format!("@{user}/{}", day(joined)).into(), NOWHERE));
        }
        said.sort_unstable();
        Some(Self {
            call_id,
            user_id: owner.map(|(user, _)| user),
            words: Words::of_sorted(&said),
        })
    }
}

impl Words {
    fn of_sorted(said: &[(Cow<'_, str>, u16)]) -> Self {
        let mut bytes = vec![0; 4];
        let mut count: i32 = 0;
        for (number, word) in said.chunk_by(|a, b| a.0 == b.0).enumerate() {
            // Without those of the account nobody would find the others.
            if number >= MOST_WORDS && !word[0].0.starts_with('@') {
                continue;
            }
            count += 1;
            bytes.extend_from_slice(word[0].0.as_bytes());
            bytes.push(0);
            let places = word.iter().map(|(_, place)| *place);
            let places: Vec<u16> = places
                .filter(|place| *place != NOWHERE)
                .take(MOST_PLACES)
                .collect();
            let number = u16::try_from(places.len()).expect("there are at most MOST_PLACES");
            bytes.extend_from_slice(&number.to_be_bytes());
            bytes.extend(places.iter().flat_map(|place| place.to_be_bytes()));
        }
        bytes[..4].copy_from_slice(&count.to_be_bytes());
        Self(bytes)
    }
}

impl Value for Words {
    const KIND: Kind = Kind::Words;

    fn encode(&self, out: &mut Vec<u8>) {
        let Self(bytes) = self;
        let length = i32::try_from(bytes.len()).expect("words are bounded in number and length");
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As PostgreSQL would print it.
    fn printed(turns: &[&str], owner: Option<(Uuid, DateTime<Utc>)>) -> Option<String> {
        let row = SaidRow::of(Uuid::nil(), owner, turns.iter().copied())?;
        let mut rest = &row.words.0[4..];
        let mut words = Vec::new();
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == 0).unwrap();
            let word = std::str::from_utf8(&rest[..end]).unwrap();
            let number = |at: usize| u16::from_be_bytes([rest[at], rest[at + 1]]);
            let count = usize::from(number(end + 1));
            let places: Vec<_> = (0..count)
                .map(|n| number(end + 3 + 2 * n).to_string())
                .collect();
            let colon = if places.is_empty() { "" } else { ":" };
            words.push(format!("{word}{colon}{}", places.join(",")));
            rest = &rest[end + 3 + 2 * count..];
        }
        let count = i32::from_be_bytes(row.words.0[..4].try_into().unwrap());
        assert_eq!(usize::try_from(count).unwrap(), words.len());
        Some(words.join(" "))
    }

    fn owner(seconds: i64) -> Option<(Uuid, DateTime<Utc>)> {
        DateTime::from_timestamp(seconds, 0).map(|joined| (Uuid::from_u128(1), joined))
    }

    #[test]
    fn words_stand_in_order_with_a_gap_between_turns() {
        let turns = ["Good morning, good Ada!", "", "Good…"];
        assert_eq!(printed(&turns, None).unwrap(), "ada:4 good:1,3,9 morning:2");
        let account = "@00000000-0000-0000-0000-000000000001";
        for (seconds, day) in [(0, "0"), (86_399, "0"), (86_400, "1"), (-1, "-1")] {
            assert_eq!(
                printed(&["10 a"], owner(seconds)).unwrap(),
                format!("10:1 {account} {account}/{day} a:2")
            );
        }
        assert_eq!(printed(&["🦷", ""], owner(0)), None);
    }

    #[test]
    fn a_call_of_any_length_stays_within_what_postgresql_takes() {
        let many: Vec<String> = (0..40_000).map(|n| format!("{n:060}")).collect();
        let row = SaidRow::of(Uuid::nil(), owner(0), many.iter().map(String::as_str)).unwrap();
        assert_eq!(row.words.0[..4], 10_002_i32.to_be_bytes());
        assert!(row.words.0.len() < 1 << 20);
        let same = vec!["so"; 100_000].join(" ");
        let printed = printed(&[&same], None).unwrap();
        assert_eq!(printed.matches(',').count(), MOST_PLACES - 1);
        let late = format!("{same} late");
        assert!(
            self::printed(&[&late], None)
                .unwrap()
                .starts_with("late so:")
        );
    }
}
