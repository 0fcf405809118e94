//! What is said on a call. The texts are data (`conversations/*.txt`, explained there); here a
//! script is played: names, days and prices filled in, one wording of several chosen.
//!
//! A conversation carries its own truth: the sentence its sentiment rests on and the sentence its
//! money rests on are marked in the script, so evidence is always a line that was really said.

pub mod cast;
pub mod script;

use crate::{
    chance::Dice,
    world::{Business, Profession},
};
use cast::Caller;
use chrono::{DateTime, Utc};
use script::{Ending, Line, Script, Speaker, Speech, ToolUse};
use std::sync::OnceLock;

/// One line of a transcript.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// Somebody spoke.
    Said {
        /// Who.
        speaker: Speaker,
        /// What.
        text: String,
        /// Whether the other one talked over it.
        interrupted: bool,
    },
    /// The receptionist used a tool.
    Tool {
        /// Which.
        name: String,
        /// A JSON object.
        arguments: String,
        /// What came back.
        output: String,
        /// Whether it was an error.
        failed: bool,
    },
}

/// Money captured by a call, in US cents, and the sentence that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revenue {
    /// US cents.
    pub amount_minor: i64,
    /// Spoken in the call.
    pub evidence: String,
}

/// A conversation as it was held.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// The script's title, for people who look for a text.
    pub title: &'static str,
    /// In order.
    pub turns: Vec<Turn>,
    /// How it ends.
    pub ending: Ending,
    /// `success`, `fail` or `unknown`.
    pub outcome: &'static str,
    /// In a word or two: Booked, Transferred.
    pub outcome_label: String,
    /// In a sentence.
    pub outcome_reason: String,
    /// For the owner.
    pub summary: String,
    /// `positive`, `neutral` or `negative`.
    pub sentiment: &'static str,
    /// From -1 to 1.
    pub sentiment_score: f64,
    /// Spoken in the call.
    pub sentiment_evidence: String,
    /// Captured money, if any.
    pub revenue: Option<Revenue>,
    /// Words to find it by.
    pub tags: Vec<&'static str>,
}

/// How many of a business's calls are of the kinds every business gets.
const EVERYDAY_SHARE: f64 = 0.16;

/// Holds a conversation with this business at this time.
///
/// # Panics
/// When a text of this crate does not parse, which a test rules out.
#[must_use]
pub fn hold(
    dice: &mut Dice,
    business: &Business,
    caller: &Caller,
    at: DateTime<Utc>,
) -> Conversation {
    let shelf = if dice.chance(EVERYDAY_SHARE) {
        everyday()
    } else {
        of_profession(business.profession)
    };
    let script = &shelf[dice.weighted(shelf.iter().map(|script| script.weight))];
    play(script, dice, business, caller, at)
}

/// Plays one script.
#[must_use]
pub fn play(
    script: &'static Script,
    dice: &mut Dice,
    business: &Business,
    caller: &Caller,
    at: DateTime<Utc>,
) -> Conversation {
    let cast = cast::Cast::of(script, dice, business, caller, at);
    let mut conversation = Conversation {
        title: script.title,
        turns: Vec::with_capacity(script.lines.len()),
        ending: script.ending,
        outcome: script.outcome,
        outcome_label: cast.fill(script.outcome_label, dice),
        outcome_reason: sentences(&cast.fill(script.outcome_reason, dice)),
        summary: sentences(&cast.fill(script.summary, dice)),
        sentiment: script.sentiment,
        // No two people are equally pleased.
        sentiment_score: ((script.sentiment_score + dice.fraction() * 0.2 - 0.1).clamp(-1.0, 1.0)
            * 100.0)
            .round()
            / 100.0,
        sentiment_evidence: String::new(),
        revenue: None,
        tags: script.tags.clone(),
    };
    for line in &script.lines {
        match line {
            Line::Said(speech) => conversation.say(speech, script.revenue, &cast, dice),
            Line::Tool(tool) => conversation.turns.push(use_tool(tool, &cast, dice)),
        }
    }
    conversation
}

fn use_tool(tool: &ToolUse, cast: &cast::Cast, dice: &mut Dice) -> Turn {
    let filled: Vec<_> = tool
        .arguments
        .iter()
        .map(|(key, value)| (*key, cast.fill(value, dice)))
        .collect();
    Turn::Tool {
        name: tool.name.to_owned(),
        arguments: object(&filled),
        output: cast.fill(tool.output, dice),
        failed: tool.failed,
    }
}

impl Conversation {
    fn say(&mut self, speech: &Speech, revenue: Option<&str>, cast: &cast::Cast, dice: &mut Dice) {
        let text = sentences(&cast.fill(speech.text, dice));
        if speech.feeling {
            self.sentiment_evidence.clone_from(&text);
        }
        if let (true, Some(variable)) = (speech.money, revenue) {
            let amount_minor = cast.amount_minor(variable);
            self.revenue = Some(Revenue {
                amount_minor,
                evidence: text.clone(),
            });
        }
        self.turns.push(Turn::Said {
            speaker: speech.speaker,
            text,
            interrupted: speech.interrupted,
        });
    }

    /// The conversation as it stands after the first `count` turns, when something from outside
    /// ended it: nothing that was not said counts.
    #[must_use]
    pub fn cut_short(mut self, count: usize, why: &str) -> Self {
        self.turns.truncate(count);
        let said = |words: &str| {
            self.turns
                .iter()
                .any(|turn| matches!(turn, Turn::Said { text, .. } if text == words))
        };
        if !said(&self.sentiment_evidence) {
            (self.sentiment, self.sentiment_score) = ("neutral", 0.0);
            self.sentiment_evidence.clear();
        }
        // A booking that was not finished is no revenue either.
        self.revenue = None;
        (self.outcome, self.outcome_label) = ("unknown", "Cut short".to_owned());
        self.outcome_reason = why.to_owned();
        self.summary =
            format!("{why} in the middle of the conversation; the transcript has what was said.");
        self.tags.push("cut-short");
        self
    }
}

/// The scripts of a profession.
///
/// # Panics
/// When a text of this crate does not parse, which a test rules out.
#[must_use]
pub fn of_profession(profession: Profession) -> &'static [Script] {
    static SHELVES: OnceLock<Vec<(Profession, Vec<Script>)>> = OnceLock::new();
    let shelves = SHELVES.get_or_init(|| {
        Profession::ALL
            .into_iter()
            .chain([Profession::Other])
            .map(|profession| (profession, parsed(text_of(profession))))
            .collect()
    });
    shelves
        .iter()
        .find(|(of, _)| *of == profession)
        .map_or(&[], |(_, scripts)| scripts)
}

/// The scripts every business can get.
///
/// # Panics
/// When a text of this crate does not parse, which a test rules out.
#[must_use]
pub fn everyday() -> &'static [Script] {
    static SHELF: OnceLock<Vec<Script>> = OnceLock::new();
    SHELF.get_or_init(|| parsed(include_str!("../conversations/everyone.txt")))
}

fn parsed(text: &'static str) -> Vec<Script> {
    script::parse(text).expect("a test parses every text of this crate")
}

fn text_of(profession: Profession) -> &'static str {
    match profession {
        Profession::Dentist => include_str!("../conversations/dentist.txt"),
        Profession::Plumber => include_str!("../conversations/plumber.txt"),
        Profession::Mechanic => include_str!("../conversations/mechanic.txt"),
        Profession::Locksmith => include_str!("../conversations/locksmith.txt"),
        Profession::Massage => include_str!("../conversations/massage.txt"),
        Profession::Photographer => include_str!("../conversations/photographer.txt"),
        Profession::RealEstate => include_str!("../conversations/real_estate.txt"),
        Profession::TattooArtist => include_str!("../conversations/tattoo_artist.txt"),
        Profession::HomeInspector => include_str!("../conversations/home_inspector.txt"),
        Profession::Other => include_str!("../conversations/any_business.txt"),
    }
}

/// A JSON object of strings in the order written.
fn object(pairs: &[(&str, String)]) -> String {
    let fields: Vec<_> = pairs
        .iter()
        .map(|(key, value)| {
            format!(
                "{}: {}",
                serde_json::Value::from(*key),
                serde_json::Value::from(value.as_str())
            )
        })
        .collect();
    format!("{{{}}}", fields.join(", "))
}

/// Sentences begin with a capital, also where a variable stands first.
fn sentences(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut begins = true;
    let mut ended = false;
    for letter in text.chars() {
        match letter {
            '.' | '?' | '!' => ended = true,
            ' ' => begins |= ended,
            _ => {}
        }
        if begins && letter.is_alphanumeric() {
            written.extend(letter.to_uppercase());
        } else {
            written.push(letter);
        }
        if !matches!(letter, '.' | '?' | '!' | ' ') {
            begins = false;
            ended = false;
        }
    }
    // An empty wording leaves two blanks, or one at an end.
    written.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
