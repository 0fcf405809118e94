//! `POST /api/admin/dead-letters/{sequence}/redrive` and `…/discard`: an administrator has an event tried
//! again, or gives it up for good. A worker does it (`docs/adr/0011-redrive.md`); here it is written down, with
//! the reason.

use super::{one, scan};
use crate::{
    Api,
    admin::{
        Administrator,
        standing::{Reason, reason},
    },
    answer,
    audit::{self, Act, Actor},
    body::Body,
    origin::Origin,
    outbox::{self, Fact},
    parameters::Parameters,
    problem::{ConflictProblem, MissingProblem, Problem, WriteProblems},
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use frontdesk_events::catalogue::account;
use frontdesk_process::clock;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

/// It was written down; the letter goes when it is done.
#[derive(Debug, Serialize, ToSchema)]
pub struct LetterAsked {}

/// Has the event of a letter tried again by whoever could not take it.
///
/// The event goes to its stream once more and the letter goes. A worker gets all of its tries again; a
/// projection takes the event if what refused it was corrected meanwhile. What is refused once more
/// comes back as a new letter. 409 `not-redrivable` where no try can lead to anything.
#[utoipa::path(
    post, operation_id = "redrive_dead_letter", path = "/api/admin/dead-letters/{sequence}/redrive", tag = "admin",
    request_body = Reason,
    params(("sequence" = u64, Path, description = "Its place in the stream DEAD")),
    responses((status = 202, description = "It will be tried again", body = LetterAsked), ConflictProblem, MissingProblem, WriteProblems)
)]
pub async fn redrive(
    State(api): State<Api>,
    by: Administrator,
    origin: Origin,
    Path(sequence): Path<String>,
    given: Parameters,
    Body(why): Body<Reason>,
) -> Result<Response, Problem> {
    let sequence = one::place(&sequence)?;
    given.finish()?;
    let why = reason(why)?;
    let (_, letter) = one::find(&api, sequence).await?;
    let original = api
        .nats()
        .stored(letter.stream, letter.sequence)
        .await
        .map_err(|error| scan::away(&error))?;
    if let Some(obstacle) = letter.obstacle(original.as_ref()) {
        return Err(Problem::conflict(
            "not-redrivable",
            "It cannot be tried again",
            obstacle,
        ));
    }
    ask(&api, by, origin, Wanted::again(sequence, letter.id), why).await
}

/// Throws a letter away; the event stays in its stream.
///
/// Wants a fresh proof.
#[utoipa::path(
    post, operation_id = "discard_dead_letter", path = "/api/admin/dead-letters/{sequence}/discard", tag = "admin",
    request_body = Reason,
    params(("sequence" = u64, Path, description = "Its place in the stream DEAD")),
    responses((status = 202, description = "It will be thrown away", body = LetterAsked), MissingProblem, WriteProblems)
)]
pub async fn discard(
    State(api): State<Api>,
    by: Administrator,
    origin: Origin,
    Path(sequence): Path<String>,
    given: Parameters,
    Body(why): Body<Reason>,
) -> Result<Response, Problem> {
    by.0.require_proof(clock::now())?;
    let sequence = one::place(&sequence)?;
    given.finish()?;
    let why = reason(why)?;
    let (_, letter) = one::find(&api, sequence).await?;
    ask(&api, by, origin, Wanted::away(sequence, letter.id), why).await
}

/// What is to become of which letter.
#[derive(Clone)]
struct Wanted {
    fact: &'static str,
    act: &'static str,
    sequence: u64,
    letter_id: String,
}

impl Wanted {
    fn again(sequence: u64, letter_id: String) -> Self {
        Self {
            fact: account::REDRIVE_REQUESTED,
            act: "dead_letter.redriven",
            sequence,
            letter_id,
        }
    }

    fn away(sequence: u64, letter_id: String) -> Self {
        Self {
            fact: account::DISCARD_REQUESTED,
            act: "dead_letter.discarded",
            sequence,
            letter_id,
        }
    }
}

async fn ask(
    api: &Api,
    Administrator(by): Administrator,
    origin: Origin,
    wanted: Wanted,
    reason: String,
) -> Result<Response, Problem> {
    let now = clock::now();
    api.database()
        .admin(move |db| {
            Box::pin(async move {
                let person = by.person();
                let data = account::DeadLetter {
                    sequence: wanted.sequence,
                    letter_id: wanted.letter_id.clone(),
                    by: person,
                };
                let fact = Fact::about(wanted.fact, person, person, &data);
                outbox::record(db, now, fact).await?;
                let act = Act {
                    act: wanted.act,
                    account: None,
                    actor: Actor::admin(&by),
                    subject: Some(wanted.letter_id),
                    detail: json!({ "sequence": wanted.sequence, "reason": reason }),
                };
                audit::note(db, now, &origin, act).await?;
                Ok(())
            })
        })
        .await?;
    let mut response = answer::json(answer::written(&LetterAsked {}, 2));
    *response.status_mut() = StatusCode::ACCEPTED;
    Ok(response)
}
