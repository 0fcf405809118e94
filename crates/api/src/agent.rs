//! `GET /api/agent/clients/by-number/{e164}`: what the voice agent must know to answer a call that
//! came in on a number. It asks at each call, so an answer that has not changed is a tag and no more.

use crate::{
    Api, answer,
    clients::hours::Hours,
    parameters::{self, Parameters},
    problem::{MissingProblem, Problem, ReadProblems},
    subscriptions::plans,
    viewer::{Plan, Right, Viewer},
};
use axum::{
    extract::{FromRequestParts, Path, State},
    http::{HeaderMap, request::Parts},
    response::Response,
};
use chrono::{DateTime, Utc};
use frontdesk_process::clock;
use serde::Serialize;
use sqlx::{PgConnection, types::Json};
use utoipa::ToSchema;
use uuid::Uuid;

/// What to answer a call with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "client_id": "018f3c1e-0000-7000-8000-000000000001",
    "tenant_key": "tnt_5c1b0f2a3d4e4f6a8b9c0d1e2f3a4b5c",
    "name": "Bright Smile Dental",
    "in_service": true,
    "greeting": "Thank you for calling Bright Smile Dental. How can I help you today?",
    "instructions": "You answer the telephone of Bright Smile Dental, a dental practice.",
    "voice": "warm",
    "hours": {
        "monday": [{ "from": "09:00", "to": "17:00" }],
        "tuesday": [], "wednesday": [], "thursday": [], "friday": [], "saturday": [], "sunday": []
    },
    "time_zone": "America/New_York",
    "transfer_number": "+12025550123"
}))]
pub struct Answering {
    /// The client that has the number.
    pub client_id: Uuid,
    /// What a LiveKit room names the client by, in the attribute `app.tenantId`.
    pub tenant_key: String,
    /// The business's name.
    pub name: String,
    /// Whether the account's subscription pays for this number now; when not, the call is not to be
    /// answered. Of more numbers than the plan has, those that were assigned first are paid for.
    pub in_service: bool,
    /// What to say first, names filled in; empty when that is left to the agent.
    pub greeting: String,
    /// How to speak and act, names filled in.
    pub instructions: String,
    /// The id of the voice.
    pub voice: String,
    /// When the business is open, in its time zone.
    pub hours: Hours,
    /// IANA name.
    pub time_zone: String,
    /// Where callers who want a person are put through to, E.164.
    pub transfer_number: Option<String>,
}

/// Who asks what to answer.
#[derive(Debug)]
pub enum Asking {
    /// The service's own agent, with a token of LiveKit's that is not a participant's. It answers for
    /// everybody.
    Agent,
    /// The account's owner, or a program with a key of the account's.
    Account(Viewer),
}

impl FromRequestParts<Api> for Asking {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let keys = api.access().livekit.as_ref();
        if keys.is_some_and(|keys| keys.agent(&parts.headers).is_ok()) {
            return Ok(Self::Agent);
        }
        // A token of ours, a key, a session; and whatever is none of these is refused there.
        Viewer::from_request_parts(parts, api)
            .await
            .map(Self::Account)
    }
}

/// Shows what to answer a call with that came in on a number.
///
/// For API keys with the scope `agent` and the account's owner: 404 for numbers that no client of the
/// account has. For the service's agents, who prove themselves with an access token of LiveKit's that
/// joins no room or has the kind `agent`: for every account's numbers.
#[utoipa::path(
    get, operation_id = "show_answering", path = "/api/agent/clients/by-number/{e164}", tag = "agent",
    params(
        ("e164" = String, Path, description = "The number that was dialled, E.164", example = "+12025550147"),
        ("if-none-match" = Option<String>, Header, description = "The `etag` of an answer that is at hand")
    ),
    responses(
        (status = 200, description = "What to answer with", body = Answering, headers(("etag" = String, description = "Names this answer"))),
        (status = 304, description = "The answer at hand still holds"),
        MissingProblem, ReadProblems
    )
)]
pub async fn by_number(
    State(api): State<Api>,
    asking: Asking,
    Path(number): Path<String>,
    given: Parameters,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Asking::Account(viewer) = &asking {
        viewer.require(Right::Answer)?;
    }
    let number = parameters::path_number("e164", &number)?;
    given.finish()?;
    let wanted = (number, clock::now());
    let answering = match asking {
        Asking::Account(viewer) => {
            let read = viewer.read(api.database(), Plan::Fixed, wanted, |db, (number, now)| {
                Box::pin(read(db, number, *now))
            });
            read.await?
        }
        Asking::Agent => {
            let read = api.database().agent(move |db| {
                let (number, now) = wanted;
                Box::pin(async move { Ok(read(db, &number, now).await?) })
            });
            read.await?
        }
    };
    let missing = || Problem::not_found("no client has this number");
    let answering = answering.ok_or_else(missing)?;
    Ok(answer::tagged(&headers, &answering))
}

async fn read(
    db: &mut PgConnection,
    number: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Answering>> {
    let row = sqlx::query!(
        // The last of the rows that are seen says whose the number is: an account sees its own alone.
        r#"select c.id, c.user_id, c.tenant_key, c.name, c.greeting, c.instructions, c.voice,
            c.hours as "hours: Json<Hours>", c.time_zone, c.transfer_number, u.name as owner,
            u.suspended_at is not null as "is_suspended!"
        from (
            select client_id from account.number_assignments where number = $1
            order by assigned_at desc, id desc limit 1
        ) last
        join account.clients c on c.id = last.client_id and c.deleted_at is null
        join account.users u on u.id = c.user_id"#,
        number,
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let in_service = match plans::of_account(db, row.user_id, now).await? {
        _ if row.is_suspended => false,
        None => false,
        Some(plan) => match plan.number_limit {
            None => true,
            Some(limit) => held_up_to(db, row.user_id, number).await? <= i64::from(limit),
        },
    };
    Ok(Some(Answering {
        client_id: row.id,
        tenant_key: row.tenant_key,
        in_service,
        greeting: filled(&row.greeting, &row.name, &row.owner),
        instructions: filled(&row.instructions, &row.name, &row.owner),
        name: row.name,
        voice: row.voice,
        hours: row.hours.0,
        time_zone: row.time_zone,
        transfer_number: row.transfer_number,
    }))
}

/// Which of the account's numbers this one is, counted from the one it has had longest.
async fn held_up_to(db: &mut PgConnection, account: Uuid, number: &str) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"with held as (
            select number, assigned_at, id from (
                select distinct on (number) number, client_id, assigned_at, id
                from account.number_assignments where user_id = $2
                order by number, assigned_at desc, id desc
            ) last where client_id is not null
        )
        select count(*) as "place!" from held
        join held this on this.number = $1
            and (held.assigned_at, held.id) <= (this.assigned_at, this.id)"#,
        number,
        account
    )
    .fetch_one(db)
    .await
}

/// Puts names where their placeholders stand, once: a name that looks like a placeholder stays a name.
fn filled(text: &str, business: &str, owner: &str) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let found = [("business}", business), ("owner}", owner)]
            .into_iter()
            .find_map(|(word, name)| Some((after.strip_prefix(word)?, name)));
        match found {
            Some((after, name)) => {
                filled.push_str(name);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_where_their_placeholders_stood() {
        let fill = |text| filled(text, "Bright {owner} Smile", "Ada");
        assert_eq!(
            fill("Hello from {business}, {owner} is out."),
            "Hello from Bright {owner} Smile, Ada is out."
        );
        for plain in [
            "",
            "no braces",
            "{",
            "}{",
            "{unknown} {{ }",
            "{business",
            "{Business}",
        ] {
            assert_eq!(fill(plain), plain);
        }
        assert_eq!(fill("{{owner}}"), "{Ada}");
    }
}
