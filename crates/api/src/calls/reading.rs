//! Reading calls, newest first: whatever is asked for, by the statement that is made for it.
//!
//! The unfiltered page is what every dashboard asks for after every change, so it has a statement
//! of its own with one fixed plan. With filters the values decide which index serves, so that
//! statement is planned anew for each run. Words are found first (see [`search`]) and rows then read
//! by id.

use super::{
    Call,
    filters::{CallFilters, Position},
    hits,
    row::{CallRow, select_calls},
    search,
};
use crate::{
    Api,
    moment::Moment,
    problem::Problem,
    viewer::{Plan, Viewer, Whose},
};
use sqlx::PgConnection;
use std::sync::Arc;
use uuid::Uuid;

/// Reads the calls below a position, with the places where words were said; at most 101.
pub(super) async fn page(
    api: &Api,
    viewer: &Viewer,
    filters: Arc<CallFilters>,
    below: Position,
    limit: i64,
) -> Result<Vec<Call>, Problem> {
    if filters.are_none() {
        let read = viewer.read(api.database(), Plan::Fixed, below, move |db, below| {
            Box::pin(newest(db, *below, limit))
        });
        return Ok(read.await?.into_iter().map(Call::from).collect());
    }
    let read = viewer.read_of(
        filters.whose(),
        api.database(),
        Plan::ByValues,
        filters,
        move |db, filters| {
            Box::pin(async move {
                let rows = fitting(db, filters, below, limit).await?;
                let mut calls: Vec<Call> = rows.into_iter().map(Call::from).collect();
                if let Some(sought) = &filters.q {
                    hits::find(db, sought, &mut calls).await?;
                }
                Ok(calls)
            })
        },
    );
    read.await
}

/// Reads the rows below a position, as many as there are up to the limit.
pub(super) async fn rows(
    api: &Api,
    viewer: &Viewer,
    filters: Arc<CallFilters>,
    below: Position,
    limit: i64,
) -> Result<Vec<CallRow>, Problem> {
    let read = viewer.read_of(
        filters.whose(),
        api.database(),
        Plan::ByValues,
        filters,
        move |db, filters| Box::pin(fitting(db, filters, below, limit)),
    );
    read.await
}

async fn fitting(
    db: &mut PgConnection,
    filters: &CallFilters,
    below: Position,
    limit: i64,
) -> sqlx::Result<Vec<CallRow>> {
    let Some(sought) = &filters.q else {
        return filtered(db, filters, below, limit).await;
    };
    let found = search::find(db, filters, sought, below, limit).await?;
    by_id(db, &found).await
}

async fn newest(db: &mut PgConnection, below: Position, limit: i64) -> sqlx::Result<Vec<CallRow>> {
    // PostgreSQL plans for a tenth of the table when the limit is a parameter, and would sort
    // all of it; the constant (the largest page and one more) keeps it on the index. The order is
    // said at each level, else it is forgotten between them and the page is sorted again.
    select_calls!(
        r#"select * from (
            select * from calls.calls
            where (started_at, id) < ($1, $2)
            order by started_at desc, id desc
            limit 101
        ) newest order by started_at desc, id desc limit $3"#,
        below.at,
        below.id,
        limit,
    )
    .fetch_all(db)
    .await
}

async fn by_id(db: &mut PgConnection, ids: &[Uuid]) -> sqlx::Result<Vec<CallRow>> {
    select_calls!("select * from calls.calls where id = any($1)", ids)
        .fetch_all(db)
        .await
}

async fn filtered(
    db: &mut PgConnection,
    filters: &CallFilters,
    below: Position,
    limit: i64,
) -> sqlx::Result<Vec<CallRow>> {
    select_calls!(
        r#"select * from calls.calls
        where (started_at, id) < ($1, $2)
            and ($3::uuid is null or client_id = $3)
            and (not $4::boolean or user_id is null)
            and ($5::timestamptz is null or started_at >= $5)
            and ($6::timestamptz is null or started_at < $6)
            and ($7::text is null or caller_number like $7 or dialled_number like $7)
            and ($8::text is null or state = $8)
            and ($9::text is null or result = $9)
            and ($10::text is null or outcome_status = $10)
            and ($11::text is null or case $11
                when 'unknown' then state = 'ended'
                    and (sentiment_label is null or sentiment_label not in ('positive', 'neutral', 'negative'))
                else sentiment_label = $11 end)
            and ($12::bigint is null or talk_ms >= $12)
            and ($13::bigint is null or talk_ms <= $13)
            and ($14::boolean is null or (recording_state is not distinct from 'ready') = $14)
            and ($15::text is null or direction = $15)
        order by started_at desc, id desc
        limit $16"#,
        below.at,
        below.id,
        filters.client_id,
        filters.whose() == Whose::Nobody,
        filters.from,
        filters.to,
        filters.number(),
        filters.state,
        filters.result,
        filters.outcome,
        filters.sentiment,
        filters.min_talk_ms,
        filters.max_talk_ms,
        filters.has_recording,
        filters.direction,
        limit,
    )
    .fetch_all(db)
    .await
}
