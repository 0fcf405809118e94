//! Reading the stream DEAD: all of it, headers alone, from its oldest letter.

use super::DeadLetterGroup;
use crate::{moment::Moment, problem::Problem};
use chrono::{DateTime, Utc};
use frontdesk_events::{
    StreamName,
    nats::{Connection, Letter, Reader},
};
use sha2::{Digest as _, Sha256};
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

/// A second's work. So many letters are one fault, and its newest ones tell it.
const MOST_LOOKED_AT: u64 = 50_000;
/// In all; a server that hangs is not waited for.
const PATIENCE: Duration = Duration::from_secs(4);
/// For what is stored already.
const NEXT: Duration = Duration::from_secs(2);
const AT_ONCE: usize = 1_000;

/// Which letters to gather.
pub(in crate::admin) struct Wanted {
    pub(in crate::admin) group: Option<String>,
    /// Only those before this sequence.
    pub(in crate::admin) below: u64,
    pub(in crate::admin) most: usize,
}

/// A letter and its place.
pub(in crate::admin) struct Found {
    pub(in crate::admin) sequence: u64,
    pub(in crate::admin) at: DateTime<Utc>,
    pub(in crate::admin) letter: Letter,
}

/// What was found.
#[derive(Default)]
pub(in crate::admin) struct Seen {
    pub(in crate::admin) groups: Vec<DeadLetterGroup>,
    pub(in crate::admin) total: u64,
    pub(in crate::admin) is_partial: bool,
    /// The newest first.
    pub(in crate::admin) page: Vec<Found>,
}

pub(in crate::admin) async fn scan(nats: &Connection, wanted: &Wanted) -> Result<Seen, Problem> {
    match tokio::time::timeout(PATIENCE, read(nats, wanted)).await {
        Ok(Ok(seen)) => Ok(seen),
        Ok(Err(error)) => Err(away(&error)),
        Err(_) => Err(away(&anyhow::anyhow!("no answer in time"))),
    }
}

/// The streams do not answer.
pub(in crate::admin) fn away(error: &anyhow::Error) -> Problem {
    tracing::warn!(%error, "looking for dead letters");
    Problem::unavailable("the streams do not answer")
}

async fn read(nats: &Connection, wanted: &Wanted) -> anyhow::Result<Seen> {
    let stream = nats.stream_state(StreamName::Dead).await?;
    let mut seen = Seen {
        total: stream.messages,
        ..Seen::default()
    };
    if stream.messages == 0 {
        return Ok(seen);
    }
    let newest = stream.last_sequence.saturating_sub(MOST_LOOKED_AT) + 1;
    seen.is_partial = newest > stream.first_sequence;
    let start = newest.max(stream.first_sequence);
    let mut reader = Reader::open_envelopes(nats, StreamName::Dead, start).await?;
    let mut groups: BTreeMap<String, DeadLetterGroup> = BTreeMap::new();
    let mut page: VecDeque<Found> = VecDeque::new();
    loop {
        let batch = reader.read(AT_ONCE, NEXT).await?;
        // What is left may have been thrown away in this moment.
        let is_last = batch.last().is_none_or(|last| last.pending == 0);
        for delivery in batch {
            // Nobody but our readers may write here; anything else is no letter to act on.
            let Some(letter) = delivery.envelope().ok().as_ref().and_then(Letter::read) else {
                continue;
            };
            let (sequence, at) = (delivery.sequence, delivery.stored_at);
            let (key, cause) = group(&letter);
            count(&mut groups, &key, cause, &letter, at);
            if sequence < wanted.below && wanted.group.as_ref().is_none_or(|group| *group == key) {
                page.push_front(Found {
                    sequence,
                    at,
                    letter,
                });
                page.truncate(wanted.most);
            }
        }
        if is_last {
            break;
        }
    }
    seen.groups = groups.into_values().collect();
    seen.groups
        .sort_by_key(|group| (std::cmp::Reverse(group.count), group.group.clone()));
    seen.page = page.into();
    Ok(seen)
}

fn count(
    groups: &mut BTreeMap<String, DeadLetterGroup>,
    key: &str,
    cause: String,
    letter: &Letter,
    at: DateTime<Utc>,
) {
    let group = groups
        .entry(key.to_owned())
        .or_insert_with(|| DeadLetterGroup {
            group: key.to_owned(),
            stream: letter.stream.as_str(),
            reader: letter.reader.clone(),
            cause,
            count: 0,
            newest_at: Moment(at),
        });
    group.count += 1;
    // They come in the order they were stored.
    group.newest_at = Moment(at);
}

/// The group of a letter: its key, and the cause in words.
pub(in crate::admin) fn group(letter: &Letter) -> (String, String) {
    let cause = without_numbers(&letter.reason);
    let whole = format!("{}\n{}\n{cause}", letter.stream, letter.reader);
    let key = hex::encode(&Sha256::digest(whole.as_bytes())[..8]);
    (key, cause)
}

/// Two reasons that differ in a place or an amount are one cause. A number in brackets is a code, as of
/// a mail server, and stays.
fn without_numbers(reason: &str) -> String {
    let mut cause = String::with_capacity(reason.len());
    let mut letters = reason.chars().peekable();
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        let begins_number =
            letter.is_ascii_digit() && before != '(' && !before.is_ascii_alphanumeric();
        if begins_number {
            while letters.next_if(char::is_ascii_digit).is_some() {}
            cause.push('…');
        } else {
            cause.push(letter);
        }
        before = letter;
    }
    cause
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_amounts_make_no_cause_of_their_own() {
        for (reason, cause) in [
            (
                "expected value at line 1 column 58",
                "expected value at line … column …",
            ),
            ("given up: refused (550)", "given up: refused (550)"),
            ("sha256 is missing", "sha256 is missing"),
            ("12", "…"),
            ("", ""),
            ("größer als 1,048,576", "größer als …,…,…"),
        ] {
            assert_eq!(without_numbers(reason), cause);
        }
    }
}
