//! Whose an event is in a room that several calls share, also calls of different accounts.
//!
//! By the calls its data names and by nothing it means: whoever shows events or hands them out must
//! not need a fold to know what is none of the reader's business.

use crate::{
    Envelope,
    catalogue::{agent, livekit},
};
use std::{borrow::Cow, collections::HashSet, iter};

/// How the types of agents' reports about calls begin.
const REPORTS: &str = "dev.frontdesk.call.";

/// The calls of one room, by key: those that are asked about, and all others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoomCalls {
    own: HashSet<String>,
    others: HashSet<String>,
}

impl RoomCalls {
    /// Parts the calls of a room.
    pub fn new(
        own: impl IntoIterator<Item = String>,
        others: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            own: own.into_iter().collect(),
            others: others.into_iter().collect(),
        }
    }

    /// Whether the room holds other calls too.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        !self.others.is_empty()
    }

    /// Whether an event of the room is about the own calls alone. In a room that holds no others every
    /// event is, but for what an agent tells about another call: the one it means may not be known yet.
    /// In a shared one it must name an own call and no other; what names none (a room that closes, an
    /// agent that comes) tells of everybody who is there.
    #[must_use]
    pub fn is_own(&self, event: &Envelope) -> bool {
        let is_of_agent = !event.kind().starts_with(livekit::PREFIX);
        if is_of_agent && !self.is_told_of_own(event) {
            return false;
        }
        if !self.is_shared() {
            return true;
        }
        let mut names_own = false;
        for text in texts(event.data()) {
            if self.others.contains(text.as_ref()) {
                return false;
            }
            names_own |= self.own.contains(text.as_ref());
        }
        names_own
    }

    /// What an agent tells is about the call in its field for it, read as the fold reads it, wherever
    /// else it mentions one. A report must name one; a heartbeat, and a type of the agent's own, may be
    /// of the room.
    fn is_told_of_own(&self, event: &Envelope) -> bool {
        match agent::call_named_in(event.data()) {
            Some(call) => self.own.contains(&call),
            None => !event.kind().starts_with(REPORTS),
        }
    }
}

/// The texts of JSON, keys included, each whole: one id may begin like another. What is broken elsewhere
/// is still searched, for nothing may be hidden behind a fault.
fn texts(json: &[u8]) -> impl Iterator<Item = Cow<'_, str>> {
    let mut rest = json;
    iter::from_fn(move || {
        let start = rest.iter().position(|byte| *byte == b'"')?;
        let mut end = start + 1;
        while *rest.get(end)? != b'"' {
            end += if rest[end] == b'\\' { 2 } else { 1 };
        }
        let (quoted, after) = (&rest[start..=end], &rest[end + 1..]);
        rest = after;
        let plain = &quoted[1..quoted.len() - 1];
        let escaped = plain.contains(&b'\\');
        let decoded = escaped.then(|| serde_json::from_slice(quoted).ok());
        Some(match decoded.flatten() {
            Some(text) => Cow::Owned(text),
            None => String::from_utf8_lossy(plain),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(data: &str) -> Envelope {
        Envelope::new("1", "/livekit/x", "io.livekit.participant_joined")
            .unwrap()
            .with_data("application/json", data.to_owned())
    }

    fn calls(others: &[&str]) -> RoomCalls {
        let others = others.iter().map(|&call| call.to_owned());
        RoomCalls::new(["SCL_1".to_owned()], others)
    }

    #[test]
    fn of_a_shared_room_only_what_names_an_own_call_and_no_other_is_own() {
        let own = event(r#"{"participant":{"attributes":{"sip.callID":"SCL_1"}}}"#);
        let foreign = event(r#"{"participant":{"attributes":{"sip.callID":"SCL_12"}}}"#);
        let both = event(r#"{"calls":["SCL_1","SCL_12"]}"#);
        let neither = event(r#"{"room":{"sid":"RM_1"}}"#);
        let alone = calls(&[]);
        assert!(
            [&own, &foreign, &both, &neither]
                .into_iter()
                .all(|event| alone.is_own(event))
        );
        let shared = calls(&["SCL_12"]);
        assert!(shared.is_own(&own));
        assert!(
            [&foreign, &both, &neither]
                .into_iter()
                .all(|event| !shared.is_own(event))
        );
    }

    #[test]
    fn a_report_about_no_call_that_is_known_is_nobodys() {
        let report = |data: &str| {
            Envelope::new("1", "/agents/x", "dev.frontdesk.call.analysed.v1")
                .unwrap()
                .with_data("application/json", data.to_owned())
        };
        for calls in [calls(&[]), calls(&["SCL_2"])] {
            for (data, is_own) in [
                (r#"{"callId":"SCL_1"}"#, true),
                (r#"{"call_id":"SCL_1"}"#, true),
                (r#"{"callId":"SCL_12"}"#, false),
                (r#"{"call_id":"SCL_12"}"#, false),
                (r#"{"callId":"SCL_1","callId":"SCL_12"}"#, false),
                (r#"{"callId":"SCL_12","summary":"SCL_1"}"#, false),
                (r#"{"callId":7}"#, false),
                ("{}", false),
                ("", false),
            ] {
                assert_eq!(calls.is_own(&report(data)), is_own, "{calls:?} {data}");
            }
        }
    }

    #[test]
    fn what_an_agent_tells_in_a_type_of_its_own_is_whoevers_call_it_names() {
        let own_type = |data: &str| {
            Envelope::new("1", "/agents/x", "com.example.menu_choice")
                .unwrap()
                .with_data("application/json", data.to_owned())
        };
        for (data, alone, shared) in [
            (r#"{"callId":"SCL_1","roomSid":"RM_1"}"#, true, true),
            (r#"{"callId":"SCL_2","roomSid":"RM_1"}"#, false, false),
            (r#"{"callId":"SCL_2","choice":"SCL_1"}"#, false, false),
            (r#"{"callId":"SCL_1","choice":"SCL_2"}"#, true, false),
            (r#"{"roomSid":"RM_1"}"#, true, false),
        ] {
            assert_eq!(calls(&[]).is_own(&own_type(data)), alone, "{data}");
            assert_eq!(calls(&["SCL_2"]).is_own(&own_type(data)), shared, "{data}");
        }
    }

    #[test]
    fn a_name_is_found_however_it_is_written_and_whatever_is_broken() {
        let shared = calls(&["SCL_12"]);
        for (data, is_own) in [
            (r#"{"callId":"SCL\u005f1"}"#, true),
            (r#"{"callId":"SCL_1","also":"SCL\u005f12"}"#, false),
            (r#"{"text":"she said \"SCL_12\"","callId":"SCL_1"}"#, true),
            (r#"{"SCL_12":1,"callId":"SCL_1"}"#, false),
            (
                r#"{"bad":"\ud800","callId":"SCL_1","also":"SCL_12"}"#,
                false,
            ),
            (r#"{"callId":"SCL_1","#, true),
            (r#"{"callId":"SCL_1"#, false),
            (r#"{"callId":"SCL_1\"#, false),
            ("", false),
        ] {
            assert_eq!(shared.is_own(&event(data)), is_own, "{data}");
        }
    }
}
