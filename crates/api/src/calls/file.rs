//! `GET /api/calls.csv`: the list of calls as a file, whole, filtered like the list.
//!
//! It is read a part at a time, each from the tables as they stand then. A call that comes while the
//! file is written is newer than what is still to come, and not in it.

use super::{
    filters::{CallFilters, Position},
    reading,
    row::CallRow,
};
use crate::{
    Api,
    csv::{self, Cell},
    parameters::Parameters,
    problem::{Problem, ReadProblems},
    viewer::{Right, Viewer},
};
use axum::{extract::State, response::Response};
use frontdesk_events::{Currency, Money};
use std::sync::Arc;

const FILE: csv::File = csv::File {
    name: "calls.csv",
    right: Right::ReadCalls,
    head: &[
        "started_at",
        "business",
        "direction",
        "caller_number",
        "caller_name",
        "dialled_number",
        "channel",
        "state",
        "result",
        "ring_s",
        "talk_s",
        "outcome",
        "outcome_label",
        "revenue",
        "currency",
        "sentiment",
        "summary",
        "transferred_to",
        "has_recording",
        "id",
    ],
};

/// Gives all calls that fit as a file.
#[utoipa::path(
    get, operation_id = "download_calls", path = "/api/calls.csv", tag = "calls", params(CallFilters),
    responses(
        (status = 200, description = "All calls that fit, newest first, with a line of titles. Times are in UTC, durations in whole seconds.", content_type = "text/csv", body = String),
        ReadProblems
    )
)]
pub async fn fetch(
    State(api): State<Api>,
    viewer: Viewer,
    mut given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(FILE.right)?;
    let filters = CallFilters::take(&mut given);
    given.finish()?;
    let filters = Arc::new(filters);
    let database = api.database().clone();
    let read = move |viewer: Viewer, below| {
        let (api, filters) = (api.clone(), Arc::clone(&filters));
        async move {
            let rows = reading::rows(&api, &viewer, filters, below, csv::PAGE).await?;
            let is_full = rows.len() as i64 == csv::PAGE;
            Ok(csv::Page {
                next: rows.last().filter(|_| is_full).map(Position::of),
                rows: rows.iter().map(cells).collect(),
            })
        }
    };
    csv::answer(database, viewer, FILE, Position::TOP, read).await
}

fn cells(row: &CallRow) -> Vec<Cell> {
    let said = |text: &Option<String>| Cell::maybe_said(text.as_deref());
    let revenue = row.revenue_minor.zip(row.revenue_currency.as_deref());
    let revenue = revenue.and_then(|(minor, currency)| {
        let currency = Currency::parse(currency)?;
        Some(Money { minor, currency })
    });
    vec![
        Cell::ours(row.started_at),
        said(&row.client_name),
        Cell::ours(&row.direction),
        said(&row.caller_number),
        said(&row.caller_name),
        said(&row.dialled_number),
        Cell::ours(&row.channel),
        Cell::ours(&row.state),
        Cell::maybe_ours(row.result.as_deref()),
        Cell::maybe_ours(row.ring_ms.map(seconds)),
        Cell::maybe_ours(row.talk_ms.map(seconds)),
        said(&row.outcome_status),
        said(&row.outcome_label),
        Cell::maybe_ours(revenue.map(|money| money.decimal())),
        Cell::maybe_ours(revenue.map(|money| money.currency)),
        said(&row.sentiment_label),
        said(&row.summary),
        said(&row.transferred_to),
        Cell::ours(row.has_recording),
        Cell::ours(row.id),
    ]
}

/// Whole ones: a spreadsheet of a country that writes a comma would take `4.250` for thousands.
fn seconds(millis: i64) -> i64 {
    millis.saturating_add(500).div_euclid(1_000)
}
