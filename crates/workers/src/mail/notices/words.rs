//! What notices say. Everything a caller or an agent said is shown such that it becomes no link.

use super::{calls::Call, day::Figures, payments::Failure};
use crate::mail::{
    letter::{Letter, shown, shown_up_to},
    moment::in_words,
    words::{button, hello},
};
use chrono::{DateTime, NaiveDate, Utc};
use url::Url;

/// A summary is a few sentences; what is longer is read on the page.
const LONGEST_SUMMARY: usize = 600;

pub(super) fn call(call: &Call, url: Url, choices: &Url) -> Letter {
    let client = call.client.as_deref().map(shown);
    let client = client.filter(|name| !name.is_empty());
    let whose = client.map_or_else(String::new, |name| format!(" for {name}"));
    let (subject, told) = if call.is_answered {
        (
            "A call was answered",
            format!("A call{whose} was answered and has ended."),
        )
    } else {
        (
            "A call was missed",
            format!("A call{whose} ended without an answer."),
        )
    };
    let mut paragraphs = vec![told];
    let summary = call.summary.as_deref().unwrap_or_default();
    paragraphs.extend(Some(shown_up_to(summary, LONGEST_SUMMARY)).filter(|text| !text.is_empty()));
    let mut particulars = vec![
        ("Caller", caller(call)),
        ("When", in_words(call.started_at, &call.time_zone)),
    ];
    if let Some(talk) = call.talk_ms.filter(|_| call.is_answered) {
        particulars.push(("Talk time", length(talk)));
    }
    if let Some(outcome) = &call.outcome {
        particulars.push(("Outcome", shown(outcome)));
    }
    Letter {
        subject,
        greeting: hello(&call.name),
        paragraphs,
        particulars,
        button: button("See the call", url),
        remarks: vec![chosen(choices)],
    }
}

pub(super) fn more_calls(first: &Call, calls: &[Call], url: Url, choices: &Url) -> Letter {
    let missed = calls.iter().filter(|call| !call.is_answered).count();
    Letter {
        subject: "More calls",
        greeting: hello(&first.name),
        paragraphs: vec![
            "There were many calls within the hour, so these are not told one by one.".to_owned(),
        ],
        particulars: vec![
            ("Calls", calls.len().to_string()),
            ("Not answered", missed.to_string()),
            ("Since", in_words(first.ended_at, &first.time_zone)),
        ],
        button: button("See the calls", url),
        remarks: vec![chosen(choices)],
    }
}

pub(super) fn day(
    name: &str,
    day: NaiveDate,
    figures: &Figures,
    url: Url,
    choices: &Url,
) -> Letter {
    Letter {
        subject: "Your calls yesterday",
        greeting: hello(name),
        paragraphs: vec![format!("This was {}.", day.format("%A %-d %B %Y"))],
        particulars: vec![
            ("Calls", figures.calls.to_string()),
            ("Answered", figures.answered.to_string()),
            (
                "Not answered",
                (figures.calls - figures.answered).to_string(),
            ),
            ("Successful", figures.successful.to_string()),
            ("Talk time", length(figures.talk_ms)),
        ],
        button: button("See the calls", url),
        remarks: vec![chosen(choices)],
    }
}

pub(super) fn payment_failed(
    failure: &Failure,
    now: DateTime<Utc>,
    url: Url,
    choices: &Url,
) -> Letter {
    let mut particulars = vec![("When", in_words(failure.failed_at, &failure.time_zone))];
    if let Some(again) = failure.next_retry_at.filter(|again| *again > now) {
        particulars.push(("Tried again", in_words(again, &failure.time_zone)));
    }
    Letter {
        subject: "A payment failed",
        greeting: hello(&failure.name),
        paragraphs: vec![
            "PayPal could not collect the payment for your plan. Please see to it that the next try succeeds: \
             without a payment your numbers stop being answered in the end. The billing page says until when \
             they are in service."
                .to_owned(),
        ],
        particulars,
        button: button("Go to billing", url),
        remarks: vec![chosen(choices)],
    }
}

fn chosen(choices: &Url) -> String {
    format!("You chose to get such mails. You can choose otherwise: {choices}")
}

fn caller(call: &Call) -> String {
    let said = [call.caller_name.as_deref(), call.caller_number.as_deref()];
    let said: Vec<String> = said.into_iter().flatten().map(shown).collect();
    match said.join(", ") {
        nobody if nobody.is_empty() => "Not shown".to_owned(),
        somebody => somebody,
    }
}

/// `3 min 5 s`.
fn length(ms: i64) -> String {
    let seconds = ms / 1000;
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_read_at_a_glance() {
        for (ms, words) in [
            (0, "0 s"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (185_000, "3 min 5 s"),
        ] {
            assert_eq!(length(ms), words);
        }
    }
}
