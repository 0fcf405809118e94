//! `GET /api/invoices`: what was charged, newest first. One invoice is one PayPal sale.

use crate::{
    Api, answer,
    calls::LARGEST_LIMIT,
    cursor::Cursor,
    freshness::Freshness,
    moment::Moment,
    money::Money,
    parameters::{self, Parameters},
    problem::{Problem, ReadProblems},
    viewer::{Plan, Right, Viewer},
};
use axum::{extract::State, response::Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::{IntoParams, ToSchema};

const USUAL_LIMIT: i64 = 50;

/// One charge.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invoice {
    /// PayPal's sale id.
    pub id: String,
    /// The subscription it belongs to; null when PayPal names none.
    pub subscription_id: Option<String>,
    /// Where it stands.
    #[schema(value_type = InvoiceStatus)]
    pub status: String,
    /// Whether a dispute about it is open.
    pub disputed: bool,
    /// What was charged.
    pub amount: Money,
    /// What went back.
    pub refunded: Money,
    /// What PayPal kept.
    pub fee: Option<Money>,
    /// When it was charged.
    pub issued_at: Moment,
}

/// Where an invoice stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    /// The money is on its way.
    Pending,
    /// It came.
    Paid,
    /// A part went back.
    PartiallyRefunded,
    /// All went back.
    Refunded,
    /// PayPal took it back after a dispute or a bounced payment.
    Reversed,
    /// It never came.
    Failed,
}

/// A page of invoices.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvoicePage {
    /// Newest first.
    pub items: Vec<Invoice>,
    /// What to send as `cursor` for the page that follows; null on the last one.
    pub next_cursor: Option<String>,
    /// How current this is.
    pub freshness: Freshness,
}

/// The filters of the list.
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InvoiceFilters {
    /// Only charges of this subscription.
    subscription_id: Option<String>,
    /// How many, 1 to 100; 50 when left out.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

impl InvoiceFilters {
    fn take(mut given: Parameters) -> Result<Self, Problem> {
        let filters = Self {
            subscription_id: given.take("subscription_id", |text| Ok(text.to_owned())),
            limit: given.take("limit", parameters::whole(1, LARGEST_LIMIT)),
            cursor: given.take("cursor", Cursor::decode),
        };
        given.finish()?;
        Ok(filters)
    }
}

/// Lists invoices, newest first.
#[utoipa::path(
    get, operation_id = "list_invoices", path = "/api/invoices", tag = "billing", params(InvoiceFilters),
    responses((status = 200, description = "A page of invoices", body = InvoicePage), ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    viewer: Viewer,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadBilling)?;
    let filters = InvoiceFilters::take(given)?;
    let limit = filters.limit.unwrap_or(USUAL_LIMIT);
    let wanted = limit + 1;
    let freshness = api.board().billing();
    let mut rows = viewer
        .read(
            api.database(),
            Plan::ByValues,
            filters,
            move |db, filters| Box::pin(read(db, filters, wanted)),
        )
        .await?;
    let more = rows.len() as i64 == wanted;
    rows.truncate(limit as usize);
    let next_cursor = rows.last().filter(|_| more).map(InvoiceRow::cursor);
    let items: Vec<_> = rows.into_iter().map(Invoice::from).collect();
    let size = 256 + items.len() * 350;
    Ok(answer::json(answer::written(
        &InvoicePage {
            items,
            next_cursor,
            freshness,
        },
        size,
    )))
}

struct InvoiceRow {
    id: String,
    subscription_id: Option<String>,
    status: String,
    disputed: bool,
    amount_minor: i64,
    refunded_minor: i64,
    fee_minor: Option<i64>,
    currency: String,
    issued_at: Moment,
}

async fn read(
    db: &mut PgConnection,
    filters: &InvoiceFilters,
    limit: i64,
) -> sqlx::Result<Vec<InvoiceRow>> {
    let (at, id) = filters
        .cursor
        .as_ref()
        .map_or((DateTime::<Utc>::MAX_UTC, ""), |cursor| {
            (cursor.at, &cursor.id)
        });
    sqlx::query_as!(
        InvoiceRow,
        r#"select id, subscription_id, status, disputed, amount_minor, refunded_minor, fee_minor, currency,
            issued_at as "issued_at: Moment"
        from billing.invoices
        where (issued_at, id) < ($1, $2) and ($3::text is null or subscription_id = $3)
        order by issued_at desc, id desc
        limit $4"#,
        at,
        id,
        filters.subscription_id,
        limit,
    )
    .fetch_all(db)
    .await
}

impl InvoiceRow {
    fn cursor(&self) -> String {
        Cursor {
            at: self.issued_at.0,
            id: self.id.clone(),
        }
        .encode()
    }
}

impl From<InvoiceRow> for Invoice {
    fn from(row: InvoiceRow) -> Self {
        let money = |amount_minor| Money {
            amount_minor,
            currency: row.currency.clone(),
        };
        Self {
            amount: money(row.amount_minor),
            refunded: money(row.refunded_minor),
            fee: row.fee_minor.map(money),
            id: row.id,
            subscription_id: row.subscription_id,
            status: row.status,
            disputed: row.disputed,
            issued_at: row.issued_at,
        }
    }
}
