//! Tables of an export as CSV.
//!
//! PostgreSQL writes each row as an object of texts in the order of its columns, so that a sheet is
//! its SQL and nothing here knows a column. Pages follow the key, never a row number: rows that come
//! meanwhile are met once or not at all, and a page of the end costs what one of the beginning does.

use super::{
    files::{File, Folder},
    sheets::Sheet,
};
use anyhow::Context as _;
use frontdesk_process::sheet::guarded;
use futures::TryStreamExt as _;
use sqlx::{PgPool, Row as _};
use uuid::Uuid;

/// Rows of a page. They are written as they come, so this bounds the time of a statement and not the
/// memory.
const PAGE: i64 = 1_000;

/// Writes one table.
pub(super) async fn write(
    db: &PgPool,
    folder: &Folder,
    sheet: &Sheet,
    user: Uuid,
) -> anyhow::Result<File> {
    let mut sink = folder.file(sheet.name).await?;
    sink.write(&line(sheet.columns)?).await?;
    let mut after = sheet.first.map(str::to_owned);
    loop {
        let mut rows = sqlx::query(sheet.sql)
            .bind(user)
            .bind(after[0].clone())
            .bind(after[1].clone())
            .bind(PAGE)
            .fetch(db);
        let mut met = 0;
        while let Some(row) = rows
            .try_next()
            .await
            .with_context(|| format!("reading {}", sheet.name))?
        {
            let cells: Vec<Option<String>> = row.try_get("cells")?;
            let cells: Vec<_> = cells
                .iter()
                .map(|text| guarded(text.as_deref().unwrap_or_default()))
                .collect();
            sink.write(&line(&cells)?).await?;
            after = [row.try_get("key_1")?, row.try_get("key_2")?];
            met += 1;
        }
        if met < PAGE {
            return Ok(sink.finish().await?);
        }
    }
}

fn line<T: AsRef<str>>(cells: &[T]) -> anyhow::Result<Vec<u8>> {
    let mut line = csv::Writer::from_writer(Vec::new());
    line.write_record(cells.iter().map(|cell| cell.as_ref().as_bytes()))?;
    Ok(line.into_inner()?)
}
