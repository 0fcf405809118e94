//! The tables of an export as CSV.
//!
//! PostgreSQL writes each row as an object of texts in the order of its columns, so that a sheet is
//! its SQL and nothing else here knows a column. Pages follow the key, never a row number: rows that
//! come meanwhile are met once or not at all.

use super::{
    cell::cell,
    files::{File, Folder},
};
use anyhow::Context as _;
use sqlx::{PgPool, Row as _, postgres::PgRow};
use uuid::Uuid;

/// Rows of a page: a call may bring a transcript of a few hundred kilobytes.
const PAGE: i64 = 100;

/// One table.
pub(super) struct Sheet {
    name: &'static str,
    columns: &'static [&'static str],
    /// Selects `(key text, cells text[])` for user $1 with a key after $2, ordered by key, at most $3.
    sql: &'static str,
}

pub(super) const SHEETS: &[Sheet] = &[
    Sheet {
        name: "account.csv",
        columns: &[
            "id", "email", "name", "role", "time_zone", "locale", "created_at", "notify_new_call",
            "notify_missed_call", "notify_daily_summary", "notify_payment_trouble",
        ],
        sql: "select id::text as key, array[id::text, email, name, role, time_zone, locale,
                to_char(created_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), notify_new_call::text,
                notify_missed_call::text, notify_daily_summary::text, notify_payment_trouble::text] as cells
            from account.users where id = $1 and id::text > $2 order by key limit $3",
    },
    Sheet {
        name: "clients.csv",
        columns: &[
            "id", "name", "profession", "time_zone", "voice", "greeting", "instructions", "hours",
            "transfer_number", "numbers", "created_at", "updated_at", "deleted_at",
        ],
        sql: "select c.id::text as key, array[c.id::text, c.name, c.profession, c.time_zone, c.voice, c.greeting,
                c.instructions, c.hours::text, c.transfer_number,
                (select string_agg(held.number, ' ' order by held.number) from (
                    select distinct on (a.number) a.number, a.client_id from account.number_assignments a
                    where a.user_id = $1 order by a.number, a.assigned_at desc, a.id desc) held
                    where held.client_id = c.id),
                to_char(c.created_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),
                to_char(c.updated_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),
                to_char(c.deleted_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')] as cells
            from account.clients c where c.user_id = $1 and c.id::text > $2 order by key limit $3",
    },
    Sheet {
        name: "calls.csv",
        columns: &[
            "id", "client_id", "direction", "channel", "caller_number", "caller_name", "dialled_number", "state",
            "result", "started_at", "answered_at", "ended_at", "ring_ms", "talk_ms", "ended_because",
            "outcome", "outcome_label", "outcome_reason", "revenue_minor", "revenue_currency", "revenue_evidence",
            "summary", "sentiment", "tags", "transferred_to", "transcript",
        ],
        sql: "select id::text as key, array[id::text, client_id::text, direction, channel, caller_number,
                caller_name, dialled_number, state, result,
                to_char(started_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),
                to_char(answered_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),
                to_char(ended_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),
                ring_ms::text, talk_ms::text, end_words, outcome_status, outcome_label, outcome_reason,
                revenue_minor::text, revenue_currency, revenue_evidence, summary, sentiment_label,
                array_to_string(tags, ', '), transferred_to,
                (select string_agg(t.speaker || ': ' || t.text, E'\\n' order by t.position, t.id)
                    from calls.turns t where t.room_sid = calls.room_sid and t.call_key = calls.call_key
                    and t.user_id = $1 and t.text is not null)] as cells
            from calls.calls where user_id = $1 and id::text > $2 order by key limit $3",
    },
    Sheet {
        name: "invoices.csv",
        columns: &[
            "id", "subscription_id", "status", "issued_at", "amount_minor", "refunded_minor", "currency",
        ],
        sql: "select i.id as key, array[i.id, i.subscription_id, i.status,
                to_char(i.issued_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),
                i.amount_minor::text, i.refunded_minor::text, i.currency] as cells
            from billing.invoices i left join billing.subscriptions s on s.id = i.subscription_id
            where coalesce(s.user_id, i.user_id) = $1 and i.id > $2 order by key limit $3",
    },
];

/// Writes one table.
pub(super) async fn write(
    db: &PgPool,
    folder: &Folder,
    sheet: &Sheet,
    user: Uuid,
) -> anyhow::Result<File> {
    let mut sink = folder.file(sheet.name).await?;
    let mut lines = csv::Writer::from_writer(Vec::new());
    lines.write_record(sheet.columns)?;
    let mut after = String::new();
    loop {
        let page: Vec<PgRow> = sqlx::query(sheet.sql)
            .bind(user)
            .bind(&after)
            .bind(PAGE)
            .fetch_all(db)
            .await
            .with_context(|| format!("reading {}", sheet.name))?;
        for row in &page {
            let cells: Vec<Option<String>> = row.try_get("cells")?;
            let texts = cells
                .iter()
                .map(|text| cell(text.as_deref().unwrap_or_default()));
            lines.write_record(texts.map(|text| text.into_owned()))?;
        }
        lines.flush()?;
        sink.write(lines.get_ref()).await?;
        lines = csv::Writer::from_writer(Vec::new());
        match page.last() {
            Some(last) => after = last.try_get("key")?,
            None => break,
        }
    }
    Ok(sink.finish().await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_sheet_has_a_name_and_a_page_of_its_own() {
        let names: BTreeSet<_> = SHEETS.iter().map(|sheet| sheet.name).collect();
        assert_eq!(names.len(), SHEETS.len());
        for sheet in SHEETS {
            assert!(sheet.name.ends_with(".csv"));
            assert!(
                sheet.sql.contains("order by key limit $3"),
                "{}",
                sheet.name
            );
        }
    }
}
