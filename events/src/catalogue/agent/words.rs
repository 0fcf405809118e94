//! An agent's reports in the plain words of a call's timeline.

use super::{Analysed, Transferred};

/// One line for people about a report of this type; `None` when it is not one we know.
#[must_use]
pub fn describe(kind: &str, data: &[u8]) -> Option<String> {
    use crate::catalogue::tolerant::read;
    Some(match kind {
        super::ANSWERED => "Receptionist answered the call".to_owned(),
        super::TRANSFERRED => match read::<Transferred>(data)
            .ok()
            .and_then(|report| report.transfer_to)
        {
            Some(to) => format!("Receptionist transferred the call to {to}"),
            None => "Receptionist transferred the call".to_owned(),
        },
        // How many turns it brought depends on what was known before.
        super::TRANSCRIPT => "Transcript arrived".to_owned(),
        super::ANALYSED => analysis(&read::<Analysed>(data).unwrap_or_default()),
        super::HEARTBEAT => "Receptionist is there".to_owned(),
        _ => return None,
    })
}

/// With the outcome as the call's page calls it: by its label, or by its status where it has none.
fn analysis(report: &Analysed) -> String {
    let outcome = report.outcome.as_ref();
    let label = outcome
        .and_then(|outcome| outcome.label.as_deref())
        .map(sentence)
        .filter(|label| !label.is_empty());
    let words = match (label, outcome.and_then(|outcome| outcome.status.as_deref())) {
        (Some(label), _) => label,
        (None, Some("success")) => "Success".to_owned(),
        (None, Some("fail")) => "No success".to_owned(),
        (None, _) => return "Call analysed".to_owned(),
    };
    format!("Call analysed, outcome: {words}")
}

/// A word of an agent's as a word of ours: `callback_requested` is `Callback requested`.
fn sentence(label: &str) -> String {
    let words = label.replace('_', " ");
    let mut letters = words.trim().chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_analysis_names_the_outcome_as_the_page_does() {
        let line = |data: &str| describe(crate::catalogue::agent::ANALYSED, data.as_bytes());
        for (outcome, said) in [
            (
                r#"{"status":"success","label":"booked"}"#,
                "Call analysed, outcome: Booked",
            ),
            (
                r#"{"status":"unknown","label":"callback_requested"}"#,
                "Call analysed, outcome: Callback requested",
            ),
            (r#"{"status":"success"}"#, "Call analysed, outcome: Success"),
            (
                r#"{"status":"fail","label":" _ "}"#,
                "Call analysed, outcome: No success",
            ),
            (r#"{"status":"unknown"}"#, "Call analysed"),
            ("null", "Call analysed"),
        ] {
            let data = format!(r#"{{"outcome":{outcome}}}"#);
            assert_eq!(line(&data).as_deref(), Some(said), "{outcome}");
        }
        assert_eq!(line("not json").as_deref(), Some("Call analysed"));
    }
}
