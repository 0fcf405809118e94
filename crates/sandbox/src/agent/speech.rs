//! How long a conversation takes and how quickly the machine answers: turns get times from the
//! length of their words, replies get the delays of a speech-to-text, a model and a voice.
//!
//! The figures of the analysis are computed from these turns, never drawn on their own.

use crate::{
    chance::Dice,
    conversation::{Conversation, Turn, script::Speaker},
};

/// Letters a second, as people talk on the phone; the voice is a little quicker.
const CALLER_PACE: f64 = 12.0;
const VOICE_PACE: f64 = 14.5;
/// How many of a caller's turns begin with a long pause.
const PAUSE_SHARE: f64 = 0.07;

/// One item of a chat history; times in ms since the call was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// `item_…`; a tool's answer names its call by `call_id`.
    pub id: String,
    /// The turn it tells.
    pub turn: Turn,
    /// For a tool call and its answer: what joins them.
    pub call_id: String,
    /// When the words, or the tool's work, began.
    pub started_ms: i64,
    /// When they ended.
    pub stopped_ms: i64,
    /// How sure speech-to-text was; callers only.
    pub confidence: f64,
    /// Delays of this turn, in seconds.
    pub delays: Delays,
}

/// Delays of one turn in seconds; zero where it has none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Delays {
    /// Speech-to-text.
    pub transcription: f64,
    /// Until the caller's turn was known to be over.
    pub end_of_turn: f64,
    /// The model's first token.
    pub model: f64,
    /// The voice's first sound.
    pub voice: f64,
    /// From the caller's last sound to the receptionist's first.
    pub whole: f64,
}

/// A conversation with its times.
#[derive(Debug, Clone)]
pub struct Speech {
    /// In order.
    pub items: Vec<Item>,
    /// From answering to the last word.
    pub length_ms: i64,
    /// Sound of callers and of the voice, in seconds.
    pub heard_seconds: f64,
    /// Sound of the voice alone.
    pub voiced_seconds: f64,
    /// Letters the voice spoke.
    pub voiced_letters: usize,
}

/// Gives every turn its times.
#[must_use]
pub fn speak(conversation: &Conversation, dice: &mut Dice) -> Speech {
    let mut talk = Talk {
        // People differ, and so do machines' days: one factor a call.
        hurry: dice.skewed(1.1, 0.4),
        strain: dice.skewed(1.0, 0.45),
        now: 500,
        heard: Delays::default(),
        tool_seconds: 0.0,
    };
    let items: Vec<Item> = conversation
        .turns
        .iter()
        .map(|turn| talk.item(turn, dice))
        .collect();
    let spoken = |who: Speaker| {
        items
            .iter()
            .filter(move |item| matches!(item.turn, Turn::Said { speaker, .. } if speaker == who))
    };
    let seconds = |who| {
        spoken(who)
            .map(|item| (item.stopped_ms - item.started_ms) as f64 / 1000.0)
            .sum::<f64>()
    };
    let voiced_letters = spoken(Speaker::Receptionist)
        .map(|item| {
            if let Turn::Said { text, .. } = &item.turn {
                text.len()
            } else {
                0
            }
        })
        .sum();
    let (heard_seconds, voiced_seconds) =
        (seconds(Speaker::Caller), seconds(Speaker::Receptionist));
    let length_ms = items.last().map_or(0, |item| item.stopped_ms);
    Speech {
        items,
        length_ms,
        heard_seconds,
        voiced_seconds,
        voiced_letters,
    }
}

/// A conversation while it goes on.
struct Talk {
    hurry: f64,
    strain: f64,
    now: i64,
    /// What was measured on the caller's last turn; the next reply has waited for it.
    heard: Delays,
    tool_seconds: f64,
}

impl Talk {
    fn item(&mut self, turn: &Turn, dice: &mut Dice) -> Item {
        let delays = match turn {
            Turn::Said {
                speaker: Speaker::Caller,
                ..
            } => self.caller_begins(dice),
            Turn::Said {
                speaker: Speaker::Receptionist,
                ..
            } => self.receptionist_begins(dice),
            Turn::Tool { .. } => Delays {
                model: seconds(dice.skewed(0.42 * self.strain, 0.5)),
                ..Delays::default()
            },
        };
        if matches!(turn, Turn::Tool { .. }) {
            self.now += (delays.model * 1000.0) as i64;
        }
        let started_ms = self.now;
        self.now += self.length_ms(turn, dice);
        let confidence = match turn {
            Turn::Said {
                speaker: Speaker::Caller,
                ..
            } => (0.99 - dice.fraction() * dice.fraction() * 0.3).max(0.5),
            _ => 0.0,
        };
        Item {
            id: format!("item_{}", dice.hex(12)),
            turn: turn.clone(),
            call_id: if matches!(turn, Turn::Tool { .. }) {
                format!("call_{}", dice.letters(16))
            } else {
                String::new()
            },
            started_ms,
            stopped_ms: self.now,
            confidence: seconds(confidence),
            delays,
        }
    }

    /// A caller thinks a moment; now and then somebody looks for a card or asks across the room.
    fn caller_begins(&mut self, dice: &mut Dice) -> Delays {
        self.now += (dice.skewed(1_300.0, 0.8) * self.hurry) as i64;
        if dice.chance(PAUSE_SHARE) {
            self.now += dice.between(4_000, 30_000);
        }
        self.heard = Delays {
            transcription: seconds(dice.skewed(0.24 * self.strain, 0.5)),
            end_of_turn: seconds(dice.skewed(0.42, 0.5)),
            ..Delays::default()
        };
        self.heard
    }

    fn receptionist_begins(&mut self, dice: &mut Dice) -> Delays {
        let model = dice.skewed(0.5 * self.strain, 0.55);
        let voice = dice.skewed(0.21 * self.strain, 0.5);
        let answers_somebody = self.heard.end_of_turn > 0.0;
        let whole = if answers_somebody {
            self.heard.end_of_turn.max(self.heard.transcription)
                + model
                + voice
                + 0.08
                + self.tool_seconds
        } else {
            0.0
        };
        self.now += ((model + voice + self.heard.end_of_turn) * 1000.0) as i64;
        self.heard = Delays::default();
        self.tool_seconds = 0.0;
        Delays {
            model: seconds(model),
            voice: seconds(voice),
            whole: seconds(whole),
            ..Delays::default()
        }
    }

    fn length_ms(&mut self, turn: &Turn, dice: &mut Dice) -> i64 {
        let length = match turn {
            Turn::Said {
                speaker: Speaker::Caller,
                text,
                ..
            } => text.len() as f64 / CALLER_PACE * self.hurry + 250.0 / 1000.0,
            Turn::Said { text, .. } => text.len() as f64 / VOICE_PACE + 0.2,
            Turn::Tool { name, failed, .. } => {
                // Somebody pays in between.
                let slow = if name == "send_payment_link" {
                    9.0
                } else {
                    0.0
                };
                let work = if *failed {
                    5.0
                } else {
                    dice.skewed(0.55, 0.8) + slow
                };
                self.tool_seconds += if slow > 0.0 { 0.6 } else { work };
                work
            }
        };
        (length * 1000.0) as i64
    }
}

/// Rounded to ms, as measured.
fn seconds(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// The value below which this share of the values lies (nearest rank); none of nothing.
#[must_use]
pub fn percentile(mut values: Vec<f64>, share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() as f64 * share).ceil() as usize;
    values.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{conversation, world::World};
    use chrono::DateTime;

    #[test]
    fn conversations_last_from_twenty_seconds_to_six_minutes_and_turns_do_not_overlap() {
        let world = World::town();
        let mut dice = Dice::new(9);
        let at = DateTime::from_timestamp(1_795_194_240, 0).unwrap();
        let mut lengths = Vec::new();
        for round in 0..600 {
            let business = &world.businesses[round % world.businesses.len()];
            let caller = conversation::cast::Caller::draw(&mut dice, business);
            let speech = speak(
                &conversation::hold(&mut dice, business, &caller, at),
                &mut dice,
            );
            for pair in speech.items.windows(2) {
                assert!(pair[0].stopped_ms <= pair[1].started_ms);
            }
            assert!(
                speech
                    .items
                    .iter()
                    .all(|item| item.started_ms <= item.stopped_ms && item.delays.whole < 12.0)
            );
            lengths.push(speech.length_ms as f64 / 1000.0);
        }
        let at = |share| percentile(lengths.clone(), share).unwrap();
        assert!(
            at(0.02) > 8.0 && at(0.1) > 15.0 && at(1.0) < 360.0,
            "{} {} {}",
            at(0.02),
            at(0.1),
            at(1.0)
        );
        assert!((50.0..110.0).contains(&at(0.5)), "{}", at(0.5));
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        assert_eq!(percentile(vec![3.0, 1.0, 2.0], 0.5), Some(2.0));
        assert_eq!(percentile(vec![3.0, 1.0, 2.0], 0.95), Some(3.0));
        assert_eq!(percentile(vec![], 0.5), None);
    }
}
