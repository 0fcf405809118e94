//! Whether a report can be folded.
//!
//! What is missing here would be missing for ever: the event would be stored, and then belong to
//! no call or be a dead letter. So the sender is told, field by field, before anything is stored.

use super::{ANALYSED, ANSWERED, Analysed, Answered, HEARTBEAT, Heartbeat};
use super::{TRANSCRIPT, TRANSFERRED, Transcript, Transferred};
use crate::catalogue::tolerant::{self, NotAnObject};

/// What a report says of where it belongs, and what it lacks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reviewed {
    /// The room's name, which its partition is made of.
    pub room_name: Option<String>,
    /// The required fields that are absent, or not a text, by their names.
    pub lacks: Vec<&'static str>,
}

/// Reads of a report what the fold will find it by. `None` when this is no type of an agent's.
#[must_use]
pub fn review(kind: &str, data: &[u8]) -> Option<Result<Reviewed, NotAnObject>> {
    let required = match kind {
        ANSWERED => Answered::REQUIRED,
        TRANSFERRED => Transferred::REQUIRED,
        TRANSCRIPT => Transcript::REQUIRED,
        ANALYSED => Analysed::REQUIRED,
        HEARTBEAT => Heartbeat::REQUIRED,
        _ => return None,
    };
    Some(read(required, data))
}

/// The room that data of any type names as reports do.
#[must_use]
pub fn room_named_in(data: &[u8]) -> Option<String> {
    tolerant::read::<Heartbeat>(data).ok()?.room_name
}

/// The call that data of any type names as reports do.
#[must_use]
pub fn call_named_in(data: &[u8]) -> Option<String> {
    tolerant::read::<Heartbeat>(data).ok()?.call_id
}

/// A type of report, and which of the fields that all have it cannot do without.
pub(super) trait Report {
    const REQUIRED: &'static [&'static str];
}

fn read(required: &[&str], data: &[u8]) -> Result<Reviewed, NotAnObject> {
    // The report that has the common fields and no other: a megabyte of transcript is not built to be dropped.
    let about = tolerant::read::<Heartbeat>(data)?;
    let absent = [
        ("callId", about.call_id.is_none()),
        ("roomSid", about.room_sid.is_none()),
        ("roomName", about.room_name.is_none()),
    ];
    let lacks = absent
        .into_iter()
        .filter(|(name, is_absent)| *is_absent && required.contains(name));
    Ok(Reviewed {
        lacks: lacks.map(|(name, _)| name).collect(),
        room_name: about.room_name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::agent::TYPES;

    #[test]
    fn every_type_of_an_agent_is_reviewed_and_its_schema_requires_what_the_review_does() {
        for of in TYPES {
            let reviewed = review(of.kind, b"{}").expect("a type of an agent").unwrap();
            let schema = of.json_schema();
            let required: Vec<_> = schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|name| name.as_str())
                .collect();
            assert_eq!(reviewed.lacks, required, "{}", of.kind);
            for data in ["", "null", "[]", "\"{}\"", "7", "{", "{}{}"] {
                let read = review(of.kind, data.as_bytes()).unwrap();
                assert!(read.is_err(), "{}: {data}", of.kind);
            }
        }
        assert_eq!(review("com.example.thing", b"{}"), None);
    }

    #[test]
    fn a_field_of_another_kind_is_missing_and_another_spelling_is_not() {
        let lacks = |data: &str| review(ANSWERED, data.as_bytes()).unwrap().unwrap().lacks;
        assert_eq!(
            lacks(r#"{"callId":7,"roomSid":"","roomName":["r"]}"#),
            ["callId", "roomSid", "roomName"]
        );
        assert_eq!(
            lacks(r#"{"call_id":"c","room_sid":"s","room_name":"r"}"#),
            [""; 0]
        );
    }
}
