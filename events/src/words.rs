//! The words of a text, as the read models keep them and as a search asks for them.
//!
//! Whoever keeps words, looks for them or marks them in a text must agree on what a word is, to the
//! letter, and on what day something was said, so it is said once, here. A word is a property of the
//! text alone: no language is guessed, nothing is stemmed, and no word is too common to count.

use chrono::{DateTime, Utc};
use std::{borrow::Cow, ops::Range};
use unicode_normalization::UnicodeNormalization as _;

/// A longer word is cut, wherever it stands: nobody speaks one, and an index holds short keys.
const LONGEST_WORD: usize = 64;

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word<'a> {
    /// As it is kept and compared: lower case, without accents.
    pub folded: Cow<'a, str>,
    /// Where it stands in the text, in bytes.
    pub place: Range<usize>,
}

/// The words of a text in their order: runs of letters and digits. What is written without spaces
/// between words (Chinese, Japanese, Thai and the like) is taken letter by letter.
pub fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    runs(text).filter_map(|place| {
        let folded = folded(&text[place.clone()]);
        (!folded.is_empty()).then_some(Word { folded, place })
    })
}

/// The day by which words are kept and asked for: since 1970, UTC.
#[must_use]
pub fn day(at: DateTime<Utc>) -> i32 {
    i32::try_from(at.timestamp().div_euclid(86_400)).unwrap_or(i32::MAX)
}

fn runs(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut letters = text.char_indices().peekable();
    std::iter::from_fn(move || {
        let (start, first) = letters.find(|(_, c)| c.is_alphanumeric())?;
        let mut end = start + first.len_utf8();
        let alone = stands_alone(first);
        while let Some((at, c)) = letters
            .next_if(|(_, c)| is_mark(*c) || (!alone && c.is_alphanumeric() && !stands_alone(*c)))
        {
            end = at + c.len_utf8();
        }
        Some(start..end)
    })
}

/// Whether the script has no spaces between words.
fn stands_alone(c: char) -> bool {
    matches!(c,
        // Thai, Lao, Burmese, Khmer.
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        // Kana, and the ideographs of all planes.
        | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether it belongs to the letter before it.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// Whether it is an accent that may be left out: not the vowels that scripts of India write so.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}'
        | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}')
}

fn folded(word: &str) -> Cow<'_, str> {
    if word
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
    {
        return Cow::Borrowed(&word[..word.len().min(LONGEST_WORD)]);
    }
    let mut folded = if word.is_ascii() {
        word.to_ascii_lowercase()
    } else {
        let bare = word.nfkd().filter(|c| !is_accent(*c));
        let lower = bare.flat_map(char::to_lowercase).filter(|c| !is_accent(*c));
        let letters = lower.filter(|c| c.is_alphanumeric() || is_mark(*c));
        letters
            .flat_map(|c| {
                spelt_out(c)
                    .chars()
                    .chain(spelt_out(c).is_empty().then_some(c))
            })
            .nfc()
            .collect()
    };
    folded.truncate(folded.floor_char_boundary(LONGEST_WORD));
    Cow::Owned(folded)
}

/// Letters that hold their accent inside; empty for all others.
fn spelt_out(c: char) -> &'static str {
    match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ħ' => "h",
        'ı' => "i",
        'ς' => "σ",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Vec<String> {
        words(text).map(|word| word.folded.into_owned()).collect()
    }

    #[test]
    fn words_are_runs_of_letters_and_digits_without_case_and_accents() {
        for (text, expected) in [
            (
                "Hello, I'd like an appointment!",
                &["hello", "i", "d", "like", "an", "appointment"][..],
            ),
            ("Café CAFÉ cafe\u{301}", &["cafe", "cafe", "cafe"]),
            (
                "Straße Łódź Ærø İstanbul",
                &["strasse", "lodz", "aero", "istanbul"],
            ),
            (
                "+1 (202) 555-0147 at 10:30",
                &["1", "202", "555", "0147", "at", "10", "30"],
            ),
            ("ada@example.com", &["ada", "example", "com"]),
            ("ΟΔΟΣ οδός", &["οδοσ", "οδοσ"]),
            ("מָקוֹם ‏مُوعِد", &["מקום", "موعد"]),
            ("हिन्दी", &["हिन्दी"]),
            ("歯医者です", &["歯", "医", "者", "で", "す"]),
            ("한국어", &["한국어"]),
            ("ｗｉｄｅ ﬁne", &["wide", "fine"]),
            ("½ x²", &["12", "x2"]),
            ("🦷 … & | ! ' \" \\ -- \u{301}\0", &[]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
        assert_eq!(found(&"ä".repeat(500)), ["a".repeat(LONGEST_WORD)]);
    }

    proptest! {
        #[test]
        fn any_text_has_words_that_are_words_again(text in any::<String>()) {
            let mut last = 0;
            for word in words(&text) {
                prop_assert!(word.place.start >= last && word.place.end > word.place.start);
                last = word.place.end;
                prop_assert!(text.get(word.place.clone()).is_some());
                prop_assert!(word.folded.len() <= LONGEST_WORD);
                prop_assert!(!word.folded.contains(['\0', '\'', '\\', '@', ' ', ':', '*', '&', '|', '!']));
            }
        }
    }
}
