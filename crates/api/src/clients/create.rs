//! `POST /api/clients`: a client is made.
//!
//! Without a subscription there is one, to look around with; plans limit numbers, not clients. Two
//! clients of one name cannot be told apart in any list, so of two that are made at once one is.

use super::{
    Client, KEPT,
    change::{self, ChangeKind},
    lock, row,
    settings::{ClientDraft, Settings},
};
use crate::{
    Api, answer,
    body::Body,
    parameters::Parameters,
    problem::{ConflictProblem, Problem, WriteProblems},
    subscriptions::plans,
    viewer::{Right, Viewer},
};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use chrono::{DateTime, Utc};
use frontdesk_process::clock;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

/// More clients than any business has, and as many as one list still shows in a moment.
const MOST_CLIENTS: i64 = 1_000;

/// Clients made within thirty days without a subscription, those counted that were deleted since: enough
/// to try every profession. What is deleted stays in the tables, so a bound of what is there bounds nothing.
const MOST_TRIED: i64 = 20;

/// The same with a subscription: everything there may be, made twice.
const MOST_MADE: i64 = 2_000;

/// How long whoever made too many is told to wait. There is room again one by one, as what was made grows
/// older than thirty days.
const WAIT_SECONDS: u16 = 43_200;

/// Makes a client.
///
/// 409 `no-subscription` when there is one already and nothing is subscribed to, `name-taken` when
/// another client of the account has the name, `too-many-clients` at a thousand. 429 when too many were
/// made within thirty days, deleted ones too: twenty without a subscription.
#[utoipa::path(
    post, operation_id = "create_client", path = "/api/clients", tag = "clients", request_body = ClientDraft,
    responses(
        (status = 201, description = "The client", body = Client, headers(("location" = String, description = "Its path"))),
        ConflictProblem, WriteProblems
    )
)]
pub async fn create(
    State(api): State<Api>,
    viewer: Viewer,
    given: Parameters,
    Body(draft): Body<ClientDraft>,
) -> Result<Response, Problem> {
    viewer.require(Right::EditClients)?;
    given.finish()?;
    let settings = draft.checked()?;
    let (by, now) = (viewer.clone(), clock::now());
    let change = viewer.write(api.database(), move |db| {
        Box::pin(async move { make(db, &by, now, &settings).await })
    });
    let client = change.await?;
    let place = HeaderValue::from_str(&format!("/api/clients/{}", client.id))
        .expect("a path of letters, digits and dashes fits a header");
    let answer = answer::json(answer::written(&client, 4096));
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], answer).into_response())
}

async fn make(
    db: &mut PgConnection,
    viewer: &Viewer,
    now: DateTime<Utc>,
    settings: &Settings,
) -> Result<Client, Problem> {
    lock::take(db, viewer.account()).await?;
    allow_another(db, viewer, now).await?;
    refuse_too_many(db, viewer, now).await?;
    require_free_name(db, &settings.name, None).await?;
    let id = Uuid::new_v4();
    // What LiveKit's rooms name it by: of its own, so that the id could change hands and it does not.
    let tenant_key = format!("tnt_{}", Uuid::new_v4().simple());
    sqlx::query!(
        "insert into account.clients
            (id, user_id, name, profession, tenant_key, time_zone, voice, greeting, instructions, hours, transfer_number)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        id,
        viewer.account(),
        settings.name,
        settings.profession,
        tenant_key,
        settings.time_zone,
        settings.voice,
        settings.greeting,
        settings.instructions,
        Json(&settings.hours) as _,
        settings.transfer_number,
    )
    .execute(&mut *db)
    .await?;
    let changes = change::between(None, settings);
    change::write_down(db, viewer, now, id, ChangeKind::Created, &changes, settings).await?;
    let row = row::one(db, id).await?.ok_or_else(Problem::internal)?;
    Ok(row.into())
}

/// Whether the account may have one client more. Under the account's lock.
pub(super) async fn allow_another(
    db: &mut PgConnection,
    viewer: &Viewer,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from account.clients where deleted_at is null"#
    )
    .fetch_one(&mut *db)
    .await?;
    match count {
        0 => Ok(()),
        MOST_CLIENTS.. => Err(Problem::conflict(
            "too-many-clients",
            "There are too many clients",
            "an account has at most 1,000 clients; delete one that is not needed, or write to us",
        )),
        _ if plans::of_account(db, viewer.account(), now)
            .await?
            .is_none() =>
        {
            Err(Problem::conflict(
                "no-subscription",
                "A subscription is needed",
                "without a subscription there is one client; subscribe to a plan to make more",
            ))
        }
        _ => Ok(()),
    }
}

/// Whether the account has made too many of late, whatever became of them. Under the account's lock.
async fn refuse_too_many(
    db: &mut PgConnection,
    viewer: &Viewer,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let made = sqlx::query_scalar!(
        r#"select count(*) as "made!" from account.clients where created_at > $1"#,
        now - KEPT,
    )
    .fetch_one(&mut *db)
    .await?;
    let refused = |detail| Err(Problem::too_many(WAIT_SECONDS, detail));
    match made {
        ..MOST_TRIED => Ok(()),
        MOST_MADE.. => refused("two thousand clients were made within thirty days"),
        _ if plans::of_account(db, viewer.account(), now)
            .await?
            .is_none() =>
        {
            refused("without a subscription twenty clients can be made within thirty days")
        }
        _ => Ok(()),
    }
}

/// Whether no other client of the account has this name, whatever its case. Under the account's lock.
pub(super) async fn require_free_name(
    db: &mut PgConnection,
    name: &str,
    except: Option<Uuid>,
) -> Result<(), Problem> {
    let is_taken = sqlx::query_scalar!(
        r#"select exists (
            select from account.clients
            where lower(name) = lower($1) and deleted_at is null and id is distinct from $2
        ) as "taken!""#,
        name,
        except,
    )
    .fetch_one(db)
    .await?;
    if !is_taken {
        return Ok(());
    }
    Err(Problem::conflict(
        "name-taken",
        "There is a client of this name",
        "another client of this account has this name; choose one that tells them apart",
    ))
}
