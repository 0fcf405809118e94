//! `GET /api/professions`: what there is to choose from when a client is made: professions, each with
//! a greeting and instructions that can be used as they are, and voices.
//!
//! The texts lie beside this file, a greeting and then the instructions. They are copied into a client
//! when it is made: a better text later changes no receptionist that somebody has listened to.

use super::voices::{self, Voice};
use crate::{
    Api, answer,
    parameters::Parameters,
    problem::{Problem, ReadProblems, Unchanged},
    viewer::{Right, Viewer},
};
use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Serialize;
use utoipa::ToSchema;

/// A profession and what a receptionist of it says and does.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Profession {
    /// Its id; what `profession` of a client is then.
    #[schema(example = "dentist")]
    pub id: &'static str,
    /// Its name.
    #[schema(example = "Dentist")]
    pub name: &'static str,
    /// What to say first; `{business}` and `{owner}` stand for the names of business and owner.
    #[schema(example = "Thank you for calling {business}. How can I help you today?")]
    pub greeting: &'static str,
    /// How to speak and act; with the same placeholders.
    pub instructions: &'static str,
}

/// What there is to choose from.
#[derive(Debug, Serialize, ToSchema)]
pub struct Choices {
    /// Nine professions; a client may also have another, in own words.
    pub professions: Vec<Profession>,
    /// The voices.
    pub voices: &'static [Voice],
}

macro_rules! text {
    ($id:literal) => {
        include_str!(concat!("professions/", $id, ".md"))
    };
}

const ALL: [(&str, &str, &str); 9] = [
    ("dentist", "Dentist", text!("dentist")),
    ("plumber", "Plumber", text!("plumber")),
    ("mechanic", "Mechanic", text!("mechanic")),
    ("locksmith", "Locksmith", text!("locksmith")),
    ("massage", "Massage and chiropractic", text!("massage")),
    ("photographer", "Photographer", text!("photographer")),
    ("real_estate", "Real estate", text!("real_estate")),
    ("tattoo", "Tattoo artist", text!("tattoo")),
    ("home_inspector", "Home inspector", text!("home_inspector")),
];

/// What suits any business.
const OTHER: &str = text!("other");

/// Lists professions and voices.
#[utoipa::path(
    get, operation_id = "list_professions", path = "/api/professions", tag = "clients",
    responses((status = 200, description = "Professions and voices", body = Choices), Unchanged, ReadProblems)
)]
pub async fn list(
    State(_api): State<Api>,
    viewer: Viewer,
    given: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadClients)?;
    given.finish()?;
    let choices = Choices {
        professions: ALL.iter().map(|entry| profession(*entry)).collect(),
        voices: &voices::ALL,
    };
    Ok(answer::tagged(&headers, &choices))
}

/// The texts for a profession: one of the nine, or any other.
pub(super) fn template(id: &str) -> Profession {
    let known = ALL.iter().find(|(known, _, _)| *known == id);
    profession(known.copied().unwrap_or(("other", "Other", OTHER)))
}

fn profession((id, name, text): (&'static str, &'static str, &'static str)) -> Profession {
    let (greeting, instructions) = text.split_once("\n\n").unwrap_or((text, ""));
    Profession {
        id,
        name,
        greeting: greeting.trim(),
        instructions: instructions.trim(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::settings::Settings;

    #[test]
    fn every_text_can_be_used_as_it_is() {
        let others = [("other", "Other", OTHER)];
        for entry in ALL.iter().chain(&others) {
            let found = profession(*entry);
            let (id, lines) = (found.id, found.instructions.lines().count());
            assert!(
                found.greeting.contains("{business}"),
                "{id}: whom did I call?"
            );
            assert!((15..=40).contains(&lines), "{id}: {lines} lines");
            for needed in ["price", "transfer", "number", "never"] {
                assert!(
                    found.instructions.to_lowercase().contains(needed),
                    "{id} says nothing of {needed}"
                );
            }
            let plain = found
                .instructions
                .replace("{business}", "")
                .replace("{owner}", "");
            assert!(
                !plain.contains(['{', '}']),
                "{id} has a placeholder that nobody fills"
            );
            let settings = Settings {
                name: "Any".to_owned(),
                profession: found.id.to_owned(),
                time_zone: "UTC".to_owned(),
                voice: voices::USUAL.to_owned(),
                greeting: found.greeting.to_owned(),
                instructions: found.instructions.to_owned(),
                hours: Default::default(),
                transfer_number: None,
            };
            let kept = settings.clone().checked(&[]).unwrap();
            assert_eq!(kept, settings, "{id} is kept as it is written");
        }
    }
}
