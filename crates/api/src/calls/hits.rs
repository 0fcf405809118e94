//! Where on a call the words looked for were said.
//!
//! A place is text in pieces, never markup: what was said is a stranger's, and whatever we put into
//! it to mark something they could say as well.

use super::{Call, Hit, Piece, sought::Sought};
use crate::moment::Moment;
use futures::TryStreamExt as _;
use sqlx::PgConnection;
use std::{collections::HashMap, ops::Range};
use uuid::Uuid;

/// As many as a row of a list has room for.
const MOST_HITS: usize = 3;
/// Turns of a call that are read: half an hour of talk.
const MOST_TURNS: i64 = 400;
/// What is read for a whole page. Beyond it calls are shown without places: a hundred calls as long
/// as a call can be would be hundreds of megabytes.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// The length of a place in characters, and how much of it may stand before the first hit.
const LONGEST_PLACE: usize = 240;
const LEAD: usize = 80;

/// A turn that holds some of the words.
struct Candidate {
    /// How many of them.
    terms: usize,
    position: i32,
    hit: Hit,
}

/// Gives each call its places.
pub(super) async fn find(
    db: &mut PgConnection,
    sought: &Sought,
    calls: &mut [Call],
) -> sqlx::Result<()> {
    let mut found = candidates(db, sought, calls).await?;
    for call in calls {
        let mut hits = found.remove(&call.id).unwrap_or_default();
        // Those that say most about why the call was found, then in the order they were said.
        hits.sort_by_key(|hit| (usize::MAX - hit.terms, hit.position));
        hits.truncate(MOST_HITS);
        hits.sort_by_key(|hit| hit.position);
        call.hits = Some(hits.into_iter().map(|hit| hit.hit).collect());
    }
    Ok(())
}

async fn candidates(
    db: &mut PgConnection,
    sought: &Sought,
    calls: &[Call],
) -> sqlx::Result<HashMap<Uuid, Vec<Candidate>>> {
    let ids: Vec<Uuid> = calls.iter().map(|call| call.id).collect();
    let mut turns = sqlx::query!(
        r#"select c.id as "call_id!", t.id as "id!", t.at as "at?: Moment", t.speaker as "speaker!", t.text as "text!",
            t.position as "position!"
        from calls.calls c
        cross join lateral (
            select * from calls.turns
            where room_sid = c.room_sid and partition = c.partition and (call_key is null or call_key = c.call_key)
                and speaker in ('caller', 'receptionist') and text is not null
            order by position, id
            limit $2
        ) t
        where c.id = any($1)"#,
        &ids,
        MOST_TURNS,
    )
    .fetch(db);
    let (mut found, mut read) = (HashMap::<Uuid, Vec<Candidate>>::new(), 0);
    while let Some(turn) = turns.try_next().await? {
        read += turn.text.len();
        if read > MOST_BYTES {
            break;
        }
        let (places, terms) = sought.places(&turn.text);
        if terms == 0 {
            continue;
        }
        let hit = Hit {
            speaker: turn.speaker,
            turn_id: turn.id,
            at: turn.at,
            pieces: pieces(&turn.text, &places),
        };
        found.entry(turn.call_id).or_default().push(Candidate {
            terms,
            position: turn.position,
            hit,
        });
    }
    Ok(found)
}

/// The text around the first place, cut to the length of a place between words where it can be.
fn pieces(text: &str, places: &[Range<usize>]) -> Vec<Piece> {
    let shown = excerpt(text, places.first().map_or(0, |place| place.start));
    let mut pieces = Vec::new();
    let mut piece = |text: &str, hit: bool| {
        if !text.is_empty() {
            pieces.push(Piece {
                text: text.to_owned(),
                hit,
            });
        }
    };
    if shown.start > 0 {
        piece("…", false);
    }
    let mut at = shown.start;
    let inside = places
        .iter()
        .filter(|place| place.start >= shown.start && place.start < shown.end);
    for place in inside {
        piece(&text[at..place.start], false);
        at = place.end.min(shown.end);
        piece(&text[place.start..at], true);
    }
    piece(&text[at..shown.end], false);
    if shown.end < text.len() {
        piece("…", false);
    }
    pieces
}

/// So much of a text as a place has room for, with a lead before `at`.
fn excerpt(text: &str, at: usize) -> Range<usize> {
    // A character takes one to four bytes, so a text of few bytes needs no counting.
    if text.len() <= LONGEST_PLACE {
        return 0..text.len();
    }
    let lead = text[..at].char_indices().rev().take(LEAD).last();
    let mut start = lead.map_or(at, |(start, _)| start);
    if start > 0 {
        // On to the next word, unless there is none before the hit.
        let word = text[start..at].find(char::is_whitespace);
        start += word.map_or(0, |space| space + 1);
        start = text.ceil_char_boundary(start);
    }
    let mut end = text[start..]
        .char_indices()
        .nth(LONGEST_PLACE)
        .map_or(text.len(), |(length, _)| start + length);
    if end < text.len()
        && let Some(space) = text[at..end].rfind(char::is_whitespace)
    {
        end = at + space;
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(sought: &str, text: &str) -> String {
        let (places, _) = Sought::parse(sought).unwrap().places(text);
        let pieces = pieces(text, &places);
        let marked = |piece: &Piece| match piece.hit {
            true => format!("[{}]", piece.text),
            false => piece.text.clone(),
        };
        pieces.iter().map(marked).collect()
    }

    #[test]
    fn a_short_text_is_shown_whole_with_its_hits_apart() {
        let text = "Next Tuesday, or the Tuesday after <b>next</b>?";
        assert_eq!(
            shown("next tuesday", text),
            "[Next] [Tuesday], or the [Tuesday] after <b>[next]</b>?"
        );
        assert_eq!(
            shown("\"next tuesday\"", text),
            "[Next Tuesday], or the Tuesday after <b>next</b>?"
        );
    }

    #[test]
    fn a_long_text_is_cut_between_words_around_its_first_hit() {
        let text = format!(
            "{}my tooth hurts {}",
            "well so ".repeat(100),
            "and so on ".repeat(100)
        );
        let cut = shown("tooth", &text);
        assert!(cut.contains("my [tooth] hurts and"), "{cut}");
        assert!(cut.starts_with("…well") || cut.starts_with("…so"), "{cut}");
        assert!(
            cut.ends_with("so…") || cut.ends_with("on…") || cut.ends_with("and…"),
            "{cut}"
        );
        assert!(cut.chars().count() <= LONGEST_PLACE + 4, "{cut}");
        let unbroken = format!("{}歯が痛い{}", "あ".repeat(500), "い".repeat(500));
        let cut = shown("歯", &unbroken);
        assert!(cut.contains("あ[歯]が"), "{cut}");
        assert!(cut.chars().count() <= LONGEST_PLACE + 4, "{cut}");
    }
}
