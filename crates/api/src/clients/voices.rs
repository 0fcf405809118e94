//! The voices there are. Their ids are what agents know them by, so one that was ever offered stays.

use serde::Serialize;
use utoipa::ToSchema;

/// The voice of a client that was not given one.
pub(super) const USUAL: &str = "warm";

/// A voice.
#[derive(Debug, Serialize, ToSchema)]
pub struct Voice {
    /// Its id.
    #[schema(example = "warm")]
    pub id: &'static str,
    /// Its name.
    #[schema(example = "Warm")]
    pub name: &'static str,
    /// How it sounds, and what it suits.
    pub description: &'static str,
}

pub(super) const ALL: [Voice; 6] = [
    Voice {
        id: "warm",
        name: "Warm",
        description: "Friendly and unhurried, like somebody who has time. Suits most businesses.",
    },
    Voice {
        id: "bright",
        name: "Bright",
        description: "Cheerful and a little faster. Suits studios and salons.",
    },
    Voice {
        id: "calm",
        name: "Calm",
        description: "Low and even; settles callers who are in pain or upset. Suits practices.",
    },
    Voice {
        id: "brisk",
        name: "Brisk",
        description: "Short and to the point. Suits emergencies and busy workshops.",
    },
    Voice {
        id: "deep",
        name: "Deep",
        description: "Dark and steady. Suits trades and property.",
    },
    Voice {
        id: "soft",
        name: "Soft",
        description: "Quiet and gentle. Suits massage and everything that is meant to relax.",
    },
];

/// The id of a voice.
///
/// # Errors
/// In words.
pub(super) fn known(id: &str) -> Result<String, String> {
    match ALL.iter().any(|voice| voice.id == id) {
        true => Ok(id.to_owned()),
        false => Err("is not one of the voices (GET /api/professions lists them)".to_owned()),
    }
}
