//! What is looked for in calls: `q`, taken apart once, for the index that finds calls and for the
//! reader who marks places.
//!
//! Nothing of it is ever an operator: what is not a word or a quotation mark only separates words,
//! so no query is malformed and none can reach PostgreSQL as anything but quoted words.

use frontdesk_events::words::words;
use std::ops::Range;

/// More words find nothing that fewer do not, and each costs a look into the index.
const MOST_WORDS: usize = 16;
/// A beginning of fewer letters would stand for half of all words.
const SHORTEST_BEGINNING: usize = 3;

/// What must have been said: each of the terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sought {
    terms: Vec<Term>,
}

/// Words that must follow one another. One word alone is the usual case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Term {
    words: Vec<String>,
    /// Whether the last word may go on.
    open: bool,
}

impl Sought {
    /// Reads what somebody typed.
    ///
    /// # Errors
    /// In words.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut terms = Vec::new();
        // Inside quotation marks at every second part; a mark that is never closed closes at the end.
        for (part, quoted) in text
            .split(['"', '“', '”', '„', '«', '»'])
            .zip([false, true].into_iter().cycle())
        {
            if quoted {
                terms.extend(Term::of(part));
            } else {
                terms.extend(part.split_whitespace().filter_map(Term::of));
            }
        }
        terms.sort();
        terms.dedup();
        let count: usize = terms.iter().map(|term| term.words.len()).sum();
        match count {
            0 => Err("holds no word to look for".into()),
            1..=MOST_WORDS => Ok(Self { terms }),
            _ => Err(format!("holds more than {MOST_WORDS} words")),
        }
    }

    /// As PostgreSQL's `tsquery` is written. Words are letters and digits, so there is nothing to
    /// escape in them.
    pub(super) fn tsquery(&self) -> String {
        let terms: Vec<_> = self.terms.iter().map(Term::tsquery).collect();
        terms.join(" & ")
    }

    /// The places of a text that belong to a term, in order and apart, and how many of the terms
    /// there are in it.
    pub(super) fn places(&self, text: &str) -> (Vec<Range<usize>>, usize) {
        let found: Vec<_> = words(text).collect();
        let (mut places, mut terms) = (Vec::new(), 0);
        for term in &self.terms {
            let before = places.len();
            let windows = found.windows(term.words.len());
            places.extend(windows.filter_map(|window| {
                let is_said = term.is(window.iter().map(|word| &*word.folded));
                is_said.then(|| window[0].place.start..window[window.len() - 1].place.end)
            }));
            terms += usize::from(places.len() > before);
        }
        (apart(places), terms)
    }
}

impl Term {
    /// `None` when there is no word in it.
    fn of(text: &str) -> Option<Self> {
        let words: Vec<String> = words(text).map(|word| word.folded.into_owned()).collect();
        let last = words.last()?;
        let open = text.trim_end().ends_with('*') && last.chars().count() >= SHORTEST_BEGINNING;
        Some(Self { words, open })
    }

    fn tsquery(&self) -> String {
        let words: Vec<_> = self.words.iter().map(|word| format!("'{word}'")).collect();
        let open = if self.open { ":*" } else { "" };
        format!("({}{open})", words.join(" <-> "))
    }

    fn is<'a>(&self, said: impl ExactSizeIterator<Item = &'a str>) -> bool {
        let last = self.words.len() - 1;
        said.zip(&self.words).enumerate().all(|(n, (said, word))| {
            said == word || (self.open && n == last && said.starts_with(word))
        })
    }
}

/// Places in order, those that touch made one.
fn apart(mut places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    places.sort_by_key(|place| (place.start, place.end));
    let mut apart: Vec<Range<usize>> = Vec::with_capacity(places.len());
    for place in places {
        match apart.last_mut() {
            Some(last) if place.start < last.end => last.end = last.end.max(place.end),
            _ => apart.push(place),
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Result<String, String> {
        Sought::parse(text).map(|sought| sought.tsquery())
    }

    #[test]
    fn words_are_all_required_and_quoted_ones_follow_one_another() {
        for (text, expected) in [
            ("Appointment", "('appointment')"),
            ("next tuesday", "('next') & ('tuesday')"),
            ("tuesday next Tuesday", "('next') & ('tuesday')"),
            ("\"next Tuesday\" ten", "('next' <-> 'tuesday') & ('ten')"),
            ("“next Tuesday”", "('next' <-> 'tuesday')"),
            ("\"next tuesday", "('next' <-> 'tuesday')"),
            ("I'd", "('i' <-> 'd')"),
            ("appoint*", "('appoint':*)"),
            ("\"next tue*\"", "('next' <-> 'tue':*)"),
            ("ap*", "('ap')"),
            ("a & | b", "('a') & ('b')"),
            ("!a <-> b:* (c)", "('a') & ('b') & ('c')"),
            (
                "'); drop table calls; --",
                "('calls') & ('drop') & ('table')",
            ),
            ("\\' 🦷 café", "('cafe')"),
            ("歯医者", "('歯' <-> '医' <-> '者')"),
            ("مَوعِد", "('موعد')"),
        ] {
            assert_eq!(query(text).as_deref(), Ok(expected), "{text}");
        }
        for bad in [
            "…",
            "\"\"",
            " ",
            "🦷",
            "& | !",
            "*",
            &"a b c d e f g h i "
                .repeat(2)
                .replace('a', "z1 z2 z3 z4 z5 z6 z7 z8 z9"),
        ] {
            assert!(query(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn places_are_whole_words_in_the_text_as_it_was_said() {
        let places = |sought: &str, text: &str| {
            let (places, terms) = Sought::parse(sought).unwrap().places(text);
            (
                places
                    .into_iter()
                    .map(|place| text[place].to_owned())
                    .collect::<Vec<_>>(),
                terms,
            )
        };
        let text = "Café at ten, CAFE\u{301} at nine; cafeteria";
        assert_eq!(
            places("cafe", text),
            (vec!["Café".into(), "CAFE\u{301}".into()], 1)
        );
        assert_eq!(places("cafe*", text).0.len(), 3);
        assert_eq!(
            places("\"cafe at\" nine", text),
            (
                vec!["Café at".into(), "CAFE\u{301} at".into(), "nine".into()],
                2
            )
        );
        assert_eq!(
            places("\"at ten cafe\" \"ten cafe at nine\"", text),
            (vec!["at ten, CAFE\u{301} at nine".into()], 2)
        );
        assert_eq!(places("eleven", text), (vec![], 0));
        assert_eq!(places("a", ""), (vec![], 0));
    }
}
