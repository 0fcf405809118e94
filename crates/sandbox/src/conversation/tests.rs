//! The texts, all of them, played many times.

use super::*;
use crate::world::World;

fn professions() -> impl Iterator<Item = Profession> {
    Profession::ALL.into_iter().chain([Profession::Other])
}

fn every_script() -> impl Iterator<Item = (Profession, &'static Script)> {
    professions().flat_map(|profession| {
        of_profession(profession)
            .iter()
            .chain(everyday())
            .map(move |script| (profession, script))
    })
}

/// Every script, many times, with every wording likely seen.
fn every_conversation(mut check: impl FnMut(&Script, &Business, &Conversation)) {
    let world = World::town();
    let at = DateTime::from_timestamp(1_795_194_240, 0).unwrap();
    let mut dice = Dice::new(11);
    for (profession, script) in every_script() {
        let of_profession = |business: &&Business| business.profession == profession;
        let business = world.businesses.iter().find(of_profession);
        let business = business.unwrap_or(&world.businesses[0]);
        for _ in 0..25 {
            let caller = Caller::draw(&mut dice, business);
            check(
                script,
                business,
                &play(script, &mut dice, business, &caller, at),
            );
        }
    }
}

#[test]
fn every_profession_has_conversations_of_all_feelings() {
    for profession in professions() {
        let scripts = of_profession(profession);
        assert!(scripts.len() >= 6, "{profession:?}");
        for feeling in ["positive", "neutral", "negative"] {
            assert!(
                scripts.iter().any(|script| script.sentiment == feeling),
                "{profession:?} has no {feeling} one"
            );
        }
        assert!(
            scripts
                .iter()
                .any(|script| script.ending == Ending::Transfer),
            "{profession:?}"
        );
    }
}

#[test]
fn nothing_is_left_unfilled() {
    every_conversation(|script, _, conversation| {
        let mut texts = vec![
            &conversation.summary,
            &conversation.outcome_label,
            &conversation.outcome_reason,
        ];
        for turn in &conversation.turns {
            match turn {
                Turn::Said { text, .. } => texts.push(text),
                Turn::Tool {
                    arguments, output, ..
                } => {
                    assert!(
                        serde_json::from_str::<serde_json::Value>(arguments)
                            .unwrap()
                            .is_object()
                    );
                    texts.push(output);
                }
            }
        }
        for text in texts {
            assert!(
                !text.is_empty() && !text.contains(['{', '}', '[', ']', '|']),
                "{}: {text}",
                script.title
            );
            assert!(
                !text.contains("  ") && !text.contains(" ,") && !text.contains(" ."),
                "{}: {text}",
                script.title
            );
        }
    });
}

#[test]
fn money_and_feelings_rest_on_words_that_were_said() {
    every_conversation(|script, _, conversation| {
        let said = |words: &str| {
            conversation
                .turns
                .iter()
                .any(|turn| matches!(turn, Turn::Said { text, .. } if text == words))
        };
        assert!(said(&conversation.sentiment_evidence), "{}", script.title);
        assert_eq!(
            conversation.revenue.is_some(),
            script.revenue.is_some(),
            "{}",
            script.title
        );
        if let Some(revenue) = &conversation.revenue {
            assert!(said(&revenue.evidence), "{}", script.title);
            assert!(
                revenue.amount_minor > 0 && conversation.outcome == "success",
                "{}",
                script.title
            );
            let spoken = cast::dollars(revenue.amount_minor / 100);
            assert!(
                revenue.evidence.contains(&spoken),
                "{}: {spoken} in {}",
                script.title,
                revenue.evidence
            );
        }
        let fits = match conversation.sentiment {
            "positive" => conversation.sentiment_score > 0.15,
            "negative" => conversation.sentiment_score < -0.1,
            _ => conversation.sentiment_score.abs() < 0.4,
        };
        assert!(
            fits,
            "{}: {} {}",
            script.title, conversation.sentiment, conversation.sentiment_score
        );
    });
}

#[test]
fn a_transfer_ends_with_the_transfer_tool() {
    every_conversation(|script, _, conversation| {
        let transfers = matches!(conversation.turns.last(), Some(Turn::Tool { name, .. }) if name == "transfer_call");
        assert_eq!(
            transfers,
            conversation.ending == Ending::Transfer,
            "{}",
            script.title
        );
    });
}

#[test]
fn sentences_begin_with_a_capital() {
    assert_eq!(
        sentences("three hours? a fern, on the arm.  good"),
        "Three hours? A fern, on the arm. Good"
    );
    assert_eq!(sentences("it costs $1,200. {x}"), "It costs $1,200. {x}");
}
