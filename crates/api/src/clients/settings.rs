//! What an owner decides about a client, and the rules for it. A change is checked whole, by the same
//! rules whether it is made, edited or restored.

use super::{hours::Hours, numbers::numbering_plan, professions, voices};
use crate::{
    body::Fields,
    problem::Problem,
    text::{self, lines},
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// What fits a sign above a door.
const LONGEST_PROFESSION: usize = 40;
/// Half a minute of speech; callers hang up on longer ones.
const LONGEST_GREETING: usize = 500;
/// Several pages; more would crowd the call itself out of the agent's memory.
const LONGEST_INSTRUCTIONS: usize = 10_000;

/// A client's settings, checked. Stored with each change, so that it can be brought back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) profession: String,
    pub(super) time_zone: String,
    pub(super) voice: String,
    pub(super) greeting: String,
    pub(super) instructions: String,
    pub(super) hours: Hours,
    pub(super) transfer_number: Option<String>,
}

/// A client to be made. What is left out is chosen for it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "name": "Bright Smile Dental", "profession": "dentist", "time_zone": "America/New_York" }))]
pub struct ClientDraft {
    /// 1 to 100 characters, not the name of another client of the account.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// The id of a profession (`GET /api/professions`), or 1 to 40 characters of own words.
    #[schema(min_length = 1, max_length = 40)]
    profession: String,
    /// IANA name.
    #[schema(example = "America/New_York")]
    time_zone: String,
    /// The id of a voice; left out, the usual one.
    #[serde(default)]
    voice: Option<String>,
    /// At most 500 characters; left out, that of the profession.
    #[serde(default)]
    #[schema(max_length = 500)]
    greeting: Option<String>,
    /// At most 10,000 characters; left out, those of the profession.
    #[serde(default)]
    #[schema(max_length = 10_000)]
    instructions: Option<String>,
    /// When it is open; left out, closed all week.
    #[serde(default)]
    hours: Option<Hours>,
    /// E.164; left out, callers are not put through.
    #[serde(default)]
    transfer_number: Option<String>,
}

/// All settings of a client, as they are to be, and the version they are based on.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "version": 3, "name": "Bright Smile Dental", "profession": "dentist", "time_zone": "America/New_York",
    "voice": "warm", "greeting": "Thank you for calling {business}.", "instructions": "Be kind.",
    "hours": { "monday": [{ "from": "09:00", "to": "17:00" }] }, "transfer_number": null
}))]
pub struct ClientEdit {
    /// `version` of what was edited; if the client has another one now, it was changed meanwhile.
    #[schema(minimum = 1)]
    pub(super) version: i64,
    /// 1 to 100 characters, not the name of another client of the account.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// The id of a profession, or 1 to 40 characters of own words.
    #[schema(min_length = 1, max_length = 40)]
    profession: String,
    /// IANA name.
    #[schema(example = "America/New_York")]
    time_zone: String,
    /// The id of a voice.
    voice: String,
    /// At most 500 characters.
    #[schema(max_length = 500)]
    greeting: String,
    /// At most 10,000 characters.
    #[schema(max_length = 10_000)]
    instructions: String,
    /// When it is open.
    hours: Hours,
    /// E.164, none of the client's own; null when callers are not put through.
    #[serde(deserialize_with = "given_or_null")]
    #[schema(required)]
    transfer_number: Option<String>,
}

/// Null must be said: a field that was forgotten would otherwise take the number away.
fn given_or_null<'de, D: Deserializer<'de>>(given: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(given)
}

impl ClientDraft {
    /// By the rules, with what is left out.
    pub(super) fn checked(self) -> Result<Settings, Problem> {
        let template = professions::template(&self.profession);
        Settings {
            voice: self.voice.unwrap_or_else(|| voices::USUAL.to_owned()),
            greeting: self
                .greeting
                .unwrap_or_else(|| template.greeting.to_owned()),
            instructions: self
                .instructions
                .unwrap_or_else(|| template.instructions.to_owned()),
            hours: self.hours.unwrap_or_default(),
            name: self.name,
            profession: self.profession,
            time_zone: self.time_zone,
            transfer_number: self.transfer_number,
        }
        .checked(&[])
    }
}

impl ClientEdit {
    /// As they were sent.
    pub(super) fn settings(self) -> Settings {
        Settings {
            name: self.name,
            profession: self.profession,
            time_zone: self.time_zone,
            voice: self.voice,
            greeting: self.greeting,
            instructions: self.instructions,
            hours: self.hours,
            transfer_number: self.transfer_number,
        }
    }
}

impl Settings {
    /// By the rules; `numbers` are those the client has.
    pub(super) fn checked(self, numbers: &[String]) -> Result<Self, Problem> {
        let mut fields = Fields::default();
        let hours = self.hours.checked(&mut fields);
        let name = fields.take("name", self.name, text::name);
        let profession = fields.take("profession", self.profession, profession);
        let time_zone = fields.take("time_zone", self.time_zone, text::time_zone);
        let voice = fields.take("voice", self.voice, |id| voices::known(&id));
        let greeting = fields.take("greeting", self.greeting, lines(LONGEST_GREETING));
        let instructions = fields.take(
            "instructions",
            self.instructions,
            lines(LONGEST_INSTRUCTIONS),
        );
        let transfer_number = fields.take("transfer_number", self.transfer_number, |given| {
            given.map(|given| transfer(&given, numbers)).transpose()
        });
        let checked = || {
            Some(Self {
                name: name?,
                profession: profession?,
                time_zone: time_zone?,
                voice: voice?,
                greeting: greeting?,
                instructions: instructions?,
                hours,
                transfer_number: transfer_number?,
            })
        };
        let checked = checked();
        fields.finish()?;
        checked.ok_or_else(Problem::internal)
    }
}

fn profession(given: String) -> Result<String, String> {
    let profession = text::name(given)?;
    match profession.chars().count() {
        0..=LONGEST_PROFESSION => Ok(profession),
        _ => Err(format!(
            "must not be longer than {LONGEST_PROFESSION} characters"
        )),
    }
}

/// A call that is put through to the number it came in on would go round for ever.
fn transfer(given: &str, numbers: &[String]) -> Result<String, String> {
    let number = text::phone_number(given).and_then(numbering_plan::dialable)?;
    match numbers.contains(&number) {
        true => Err("is a number of this business: the call would come back".to_owned()),
        false => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn draft(change: &serde_json::Value) -> Result<Settings, String> {
        let mut body = json!({ "name": "Bright Smile", "profession": "dentist", "time_zone": "Europe/Berlin" });
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        let draft: ClientDraft = serde_json::from_value(body).map_err(|error| error.to_string())?;
        draft.checked().map_err(|problem| format!("{problem:?}"))
    }

    #[test]
    fn what_is_left_out_comes_from_the_profession() {
        let settings = draft(&json!({})).unwrap();
        assert!(
            settings.greeting.contains("{business}") && settings.instructions.lines().count() > 10
        );
        assert_eq!(
            (settings.voice.as_str(), settings.hours),
            ("warm", Hours::default())
        );
        let own = draft(&json!({ "profession": "Llama groomer", "greeting": "" })).unwrap();
        assert_eq!(own.greeting, "", "what is given is kept, also nothing");
        assert!(
            !own.instructions.is_empty(),
            "any business can be answered for"
        );
    }

    #[test]
    fn every_rule_names_its_field() {
        let long = |count: usize| "x".repeat(count);
        for (change, field) in [
            (json!({ "name": "" }), "name"),
            (json!({ "name": long(101) }), "name"),
            (json!({ "name": "Bright\u{202e} Smile" }), "name"),
            (json!({ "profession": " " }), "profession"),
            (json!({ "profession": long(41) }), "profession"),
            (json!({ "time_zone": "Mars/Olympus" }), "time_zone"),
            (json!({ "voice": "darth" }), "voice"),
            (json!({ "greeting": long(501) }), "greeting"),
            (json!({ "greeting": "a\u{0}b" }), "greeting"),
            (json!({ "instructions": long(10_001) }), "instructions"),
            (
                json!({ "hours": { "monday": [{ "from": "9", "to": "10:00" }] } }),
                "hours.monday[0].from",
            ),
            (json!({ "transfer_number": "911" }), "transfer_number"),
        ] {
            let problem = draft(&change).unwrap_err();
            assert!(
                problem.contains(&format!("field: {field:?}")),
                "{change}: {problem}"
            );
        }
        assert!(draft(&json!({ "greeting": "ä".repeat(500), "name": "🦷".repeat(100) })).is_ok());
    }

    #[test]
    fn a_call_is_not_put_through_to_where_it_came_in() {
        let own = ["+12025550147".to_owned()];
        let mut settings = draft(&json!({ "transfer_number": "+1 202 555 0123" })).unwrap();
        assert!(settings.clone().checked(&own).is_ok());
        settings.transfer_number = Some("+1 (202) 555-0147".to_owned());
        assert!(settings.checked(&own).is_err());
    }
}
