//! `GET /api/admin/dead-letters/{sequence}`: one letter with what its event holds.
//!
//! That is personal data: numbers, names, what was said. So looking is an act, and is recorded before
//! anything is shown.

use super::{DeadLetter, attempts, effect_of, scan};
use crate::{
    Api,
    admin::Administrator,
    answer,
    audit::{self, Act, Actor},
    origin::Origin,
    parameters::Parameters,
    problem::{FieldError, MissingProblem, Problem, ReadProblems},
};
use axum::{
    extract::{Path, State},
    response::Response,
};
use frontdesk_events::{
    StreamName,
    nats::{Letter, admin::Stored},
};
use frontdesk_process::clock;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

/// As much of a body as is shown: a page that holds more helps nobody.
const LONGEST_BODY: usize = 64 * 1024;

/// One letter with what its event holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeadLetterPreview {
    /// What the list shows.
    pub letter: DeadLetter,
    /// The event's headers.
    pub headers: Vec<LetterHeader>,
    /// How many headers were too long for the letter.
    pub headers_left_out: u64,
    /// The event's data as text, at most 64 KiB; null when the letter holds none.
    pub body: Option<String>,
    /// How large the data is, in bytes.
    pub body_bytes: u64,
    /// Whether the data is longer than what is shown.
    pub is_cut: bool,
    /// Whether the data is text; where it is not, `\u{fffd}` stands for what is none.
    pub is_text: bool,
}

/// A header of a message.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterHeader {
    /// Its name.
    #[schema(example = "ce-type")]
    pub name: String,
    /// Its value as it stands on the wire.
    pub value: String,
}

/// Shows one dead letter. That somebody looked is recorded.
#[utoipa::path(
    get, operation_id = "show_dead_letter", path = "/api/admin/dead-letters/{sequence}", tag = "admin",
    params(("sequence" = u64, Path, description = "Its place in the stream DEAD")),
    responses((status = 200, description = "The letter and what its event holds", body = DeadLetterPreview), MissingProblem, ReadProblems)
)]
pub async fn show(
    State(api): State<Api>,
    Administrator(by): Administrator,
    origin: Origin,
    Path(sequence): Path<String>,
    given: Parameters,
) -> Result<Response, Problem> {
    let sequence = place(&sequence)?;
    given.finish()?;
    let (stored, letter) = find(&api, sequence).await?;
    let (now, id, key) = (clock::now(), letter.id.clone(), effect_of(&letter));
    let attempts = api
        .database()
        .admin(move |db| {
            Box::pin(async move {
                let act = Act {
                    act: "dead_letter.viewed",
                    account: None,
                    actor: Actor::admin(&by),
                    subject: Some(id),
                    detail: json!({ "sequence": sequence }),
                };
                audit::note(db, now, &origin, act).await?;
                let keys: Vec<String> = key.into_iter().collect();
                Ok(attempts(db, &keys).await?.into_values().next())
            })
        })
        .await?;
    let preview = preview(&api, stored, letter, attempts).await?;
    Ok(answer::json(answer::written(&preview, 2048 + LONGEST_BODY)))
}

async fn preview(
    api: &Api,
    stored: Stored,
    letter: Letter,
    attempts: Option<i32>,
) -> Result<DeadLetterPreview, Problem> {
    let headers = letter
        .headers
        .iter()
        .map(|(name, value)| LetterHeader {
            name: name.clone(),
            value: value.clone(),
        })
        .collect();
    let (headers_left_out, has_event) = (letter.headers_left_out, letter.subject.is_some());
    let found = scan::Found {
        sequence: stored.sequence,
        at: stored.stored_at,
        letter,
    };
    let payload = &stored.payload;
    let shown = &payload[..payload.len().min(LONGEST_BODY)];
    Ok(DeadLetterPreview {
        letter: DeadLetter::of(api, found, attempts).await?,
        headers,
        headers_left_out,
        body: has_event.then(|| String::from_utf8_lossy(shown).into_owned()),
        body_bytes: payload.len() as u64,
        is_cut: shown.len() < payload.len(),
        is_text: std::str::from_utf8(payload).is_ok(),
    })
}

/// The letter at this place.
pub(super) async fn find(api: &Api, sequence: u64) -> Result<(Stored, Letter), Problem> {
    let stored = api
        .nats()
        .stored(StreamName::Dead, sequence)
        .await
        .map_err(|error| scan::away(&error))?;
    stored
        .and_then(|stored| {
            let letter = stored.envelope.as_ref().and_then(Letter::read)?;
            Some((stored, letter))
        })
        .ok_or_else(|| Problem::not_found("there is no dead letter at this place"))
}

/// The sequence in a path.
pub(super) fn place(text: &str) -> Result<u64, Problem> {
    let sequence = text.parse().ok().filter(|sequence| *sequence > 0);
    sequence.ok_or_else(|| {
        Problem::bad_parameters(vec![FieldError {
            field: "sequence".to_owned(),
            message: "must be a whole number from 1".to_owned(),
        }])
    })
}
