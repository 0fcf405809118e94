//! Writing a batch: one transaction, all statements sent at once, one wait.
//!
//! The checkpoint moves first. Another writer then waits for its row lock before it has written
//! anything, and a swap, which locks the checkpoints' table, sees whole transactions only.

use crate::{
    checkpoint::Anchor,
    stop::{Stop, Verdict, verdict, words},
    store::{Rows, Writer},
    table::{
        Audience, Table, Tell, TellOwnerOf, Values,
        changes::{TableChanges, Warning, Writes},
        value::clean,
    },
};
use bytes::{BufMut as _, BytesMut};
use chrono::{DateTime, Utc};
use frontdesk_events::{
    Partition,
    nats::{
        Connection, DeadLetter,
        live::{Change, MOST_IDS},
    },
};
use futures::{
    FutureExt as _, SinkExt as _,
    future::{BoxFuture, join_all},
};
use std::{
    collections::{BTreeSet, HashMap},
    pin::pin,
    time::Duration,
};
use tokio_postgres::{
    Client, Statement,
    error::SqlState,
    types::{IsNull, Kind as TypeKind, ToSql, Type, to_sql_checked},
};
use uuid::Uuid;

/// A transaction that takes longer than this is on a connection nobody answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// From this many rows on COPY beats an array, whose rows the server first takes apart.
const COPY_FROM: usize = 200;

/// What one batch writes.
pub(crate) struct Flush {
    pub(crate) events: usize,
    /// The last sequence of the batch.
    pub(crate) last: u64,
    pub(crate) advance: Advance,
    /// By aggregate, in the projection's order.
    pub(crate) states: Vec<Writes>,
    pub(crate) tables: Vec<TableChanges>,
    pub(crate) rollups: Vec<(Table, Values)>,
    pub(crate) index: Values,
    pub(crate) tells: BTreeSet<Audience>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) dead: Vec<DeadLetter>,
    /// When the last message was stored.
    pub(crate) stored_at: DateTime<Utc>,
}

/// How the checkpoints move.
pub(crate) struct Advance {
    /// The table they are in.
    pub(crate) table: u32,
    /// Each that moves, with where it stood.
    pub(crate) from: Vec<(Partition, i64)>,
    pub(crate) to: i64,
    pub(crate) anchor: Anchor,
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) pending: i64,
}

type Step<'a> = BoxFuture<'a, Result<(), tokio_postgres::Error>>;

impl Flush {
    /// Commits the batch.
    pub(crate) async fn commit(&self, writer: &Writer) -> Result<(), Stop> {
        let client = &writer.client;
        let zeros: Vec<_> = self
            .rollups
            .iter()
            .map(|(table, sums)| keys_of(table, sums))
            .collect();
        let mut steps: Vec<Step<'_>> =
            vec![client.batch_execute("begin").boxed(), self.advance(writer)];
        steps.push(add_rows(client, &writer.index, &self.index));
        for (statements, states) in writer.states.iter().zip(&self.states) {
            steps.push(write_rows(client, &statements.write, &states.changed));
            steps.push(add_rows(client, statements, &states.fresh));
        }
        for TableChanges {
            table,
            writes,
            deletes,
        } in &self.tables
        {
            let statements = writer.table(table);
            // Deletes first: a row may give its place in a unique index to another.
            steps.push(write_rows(client, &statements.delete, deletes));
            steps.push(write_rows(client, &statements.rows.write, &writes.changed));
            steps.push(add_rows(client, &statements.rows, &writes.fresh));
        }
        for ((table, sums), zeros) in self.rollups.iter().zip(&zeros) {
            let statements = writer.table(table);
            steps.push(write_rows(client, &statements.rows.write, sums));
            steps.push(write_rows(client, &statements.delete, zeros));
        }
        steps.push(client.batch_execute("commit").boxed());
        // Polled in order the first time, which is when each sends: that is the pipeline.
        let results = tokio::time::timeout(PATIENCE, join_all(steps))
            .await
            .map_err(|_| {
                Stop::Lost(anyhow::anyhow!(
                    "the database did not answer for {PATIENCE:?}"
                ))
            })?;
        self.judge(results)
    }

    fn advance<'a>(&'a self, writer: &'a Writer) -> Step<'a> {
        let Advance {
            table,
            from,
            to,
            anchor,
            as_of,
            pending,
        } = &self.advance;
        let partitions: Vec<i16> = from
            .iter()
            .map(|(partition, _)| i16::from(partition.number()))
            .collect();
        let before: Vec<i64> = from.iter().map(|(_, sequence)| *sequence).collect();
        async move {
            let parameters: [&(dyn ToSql + Sync); 9] = [
                &partitions,
                &before,
                table,
                to,
                &anchor.event_id,
                &anchor.hash,
                &anchor.stream_created_at,
                as_of,
                pending,
            ];
            writer
                .client
                .query(&writer.advance, &parameters)
                .await
                .map(|_| ())
        }
        .boxed()
    }

    fn judge(&self, results: Vec<Result<(), tokio_postgres::Error>>) -> Result<(), Stop> {
        // The first failure is the cause; the others only say that the transaction is lost.
        let failed = results
            .into_iter()
            .enumerate()
            .find_map(|(step, result)| Some((step, result.err()?)));
        let Some((step, error)) = failed else {
            return Ok(());
        };
        if step == 1 && error.code() == Some(&SqlState::DIVISION_BY_ZERO) {
            return Err(Stop::Raced);
        }
        Err(match verdict(&error) {
            Verdict::Data => Stop::Data {
                reason: words(&error),
                last: self.last,
                events: self.events,
            },
            _ => error.into(),
        })
    }

    /// Tells who listens which rows changed, a bounded number of ids at a time.
    pub(crate) async fn tell(&mut self, connection: &Connection, writer: &Writer) {
        let (mut tells, mut owned) = (BTreeSet::new(), Vec::new());
        for audience in std::mem::take(&mut self.tells) {
            match audience {
                Audience::User(tell) => drop(tells.insert(tell)),
                Audience::OwnerOf(tell) => owned.push(tell),
            }
        }
        for part in owned.chunk_by(|a, b| a.table == b.table) {
            tells.extend(find_owners(&writer.client, part).await);
        }
        let tells: Vec<Tell> = tells.into_iter().collect();
        for group in tells.chunk_by(|a, b| (a.user, a.topic) == (b.user, b.topic)) {
            for part in group.chunks(MOST_IDS) {
                let ids = part.iter().map(|tell| tell.id.clone()).collect();
                connection
                    .tell(&Change {
                        user: part[0].user,
                        topic: part[0].topic,
                        ids,
                    })
                    .await;
            }
        }
    }
}

/// Whom to tell of rows that do not say whose they are: one question for all of a batch. Without an answer nobody's change is told: the channel is a hint, the rows are right.
async fn find_owners(client: &Client, tells: &[TellOwnerOf]) -> Vec<Tell> {
    let Some(first) = tells.first() else {
        return Vec::new();
    };
    let sql = format!(
        "select id, user_id from {} where id = any($1::text[])",
        first.table
    );
    let rows: Vec<_> = tells.iter().map(|tell| clean(&tell.row)).collect();
    let found = client.query(&sql, &[&rows]).await.unwrap_or_else(|error| {
        tracing::debug!(%error, "nobody is told of changes in other rows");
        Vec::new()
    });
    let users: HashMap<String, Option<Uuid>> =
        found.iter().map(|row| (row.get(0), row.get(1))).collect();
    let tell = |tell: &TellOwnerOf| Tell {
        user: users.get(&*clean(&tell.row)).copied().flatten(),
        topic: tell.topic,
        id: tell.id.clone(),
    };
    tells.iter().map(tell).collect()
}

/// The keys of a rollup's rows. Only a key from which something was taken can have become zero,
/// but asking for all costs little: there are few.
fn keys_of(table: &Table, rows: &Values) -> Values {
    let position = |key: &&str| table.columns.iter().position(|column| column.name == *key);
    let keys: Vec<usize> = table.keys.iter().filter_map(position).collect();
    rows.select(&keys)
}

/// Rows of keys the table does not have: many of them are copied in. If one is there all the same
/// the batch fails and is written in smaller ones, which are not copied.
fn add_rows<'a>(client: &'a Client, statements: &'a Rows, rows: &'a Values) -> Step<'a> {
    match &statements.copy {
        Some(copy) if rows.rows() >= COPY_FROM => copy_rows(client, copy, rows).boxed(),
        _ => write_rows(client, &statements.write, rows),
    }
}

fn write_rows<'a>(client: &'a Client, statement: &'a Statement, rows: &'a Values) -> Step<'a> {
    if rows.is_empty() {
        return futures::future::ok(()).boxed();
    }
    async move {
        let arrays: Vec<Array<'_>> = rows
            .columns()
            .iter()
            .map(|bytes| Array {
                rows: rows.rows(),
                bytes,
            })
            .collect();
        client.execute_raw(statement, &arrays).await.map(|_| ())
    }
    .boxed()
}

/// Rows in the format of binary COPY: each the number of its fields, then the fields.
async fn copy_rows(
    client: &Client,
    statement: &Statement,
    rows: &Values,
) -> Result<(), tokio_postgres::Error> {
    let mut sink = pin!(client.copy_in(statement).await?);
    let mut data = BytesMut::with_capacity(rows.size() + rows.rows() * 2 + 32);
    data.put_slice(b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0");
    let fields = i16::try_from(rows.columns().len()).expect("a table has fewer than 1,600 columns");
    for row in rows.iter_rows() {
        data.put_i16(fields);
        for field in row {
            data.put_slice(field);
        }
    }
    data.put_i16(-1);
    sink.send(data.freeze()).await?;
    sink.finish().await.map(|_| ())
}

/// A column as a binary array parameter.
#[derive(Debug)]
struct Array<'a> {
    rows: usize,
    bytes: &'a [u8],
}

impl ToSql for Array<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let TypeKind::Array(member) = kind.kind() else {
            return Err(format!("a column is written to a parameter of type {kind}").into());
        };
        // One dimension, with nulls possible, of so many elements counted from one.
        out.put_i32(1);
        out.put_i32(1);
        out.put_u32(member.oid());
        out.put_i32(i32::try_from(self.rows)?);
        out.put_i32(1);
        out.put_slice(self.bytes);
        Ok(IsNull::No)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(kind.kind(), TypeKind::Array(_))
    }

    to_sql_checked!();
}
