//! Proving that the tables are what the stream gives: replay to the live checkpoint into a
//! scratch schema, and compare digests by table and by user.
//!
//! A digest is a sum over the rows' hashes, so the order rows are stored in does not matter. Two
//! hashes of 64 bits make an accidental match of different rows hopeless.

use super::{Operator, bar::Bar, drive, positions};
use crate::{aggregate::Fact, goal::Goal, projection::Projection, schema};
use serde::Serialize;
use std::{collections::BTreeMap, sync::Arc};
use tokio_postgres::{GenericClient, IsolationLevel};

/// What a verification found.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// The last sequence of the live checkpoint.
    pub sequence: i64,
    /// Tables compared.
    pub tables: usize,
    /// Rows compared.
    pub rows: i64,
    /// What is not the same; empty is proof of equality.
    pub differences: Vec<Difference>,
}

/// Rows of one table and user that differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// Whose rows; `None` for rows of nobody and tables without a user.
    pub user: Option<String>,
    /// How many rows are live.
    pub live_rows: i64,
    /// How many the stream gives. With equal counts their contents differ.
    pub replayed_rows: i64,
}

/// Count and two sums of hashes, by table and user.
type Digests = BTreeMap<(String, Option<String>), (i64, String, String)>;

impl Operator {
    /// Replays to the live checkpoint and compares. The live projector goes on meanwhile.
    ///
    /// # Errors
    /// When a server stays away or the replay cannot be done; a difference is not an error.
    pub async fn verify<F: Fact>(
        &self,
        projection: Projection<F>,
        bar: &mut Bar,
    ) -> anyhow::Result<Verified> {
        let projection = Arc::new(projection);
        let (name, scratch) = (projection.name, format!("{}_verify", projection.name));
        let mut database = self.alone(name).await?;
        schema::must_be_current(&database, name, &projection).await?;
        // One snapshot for checkpoint and rows; it ends before the replay, which may take long.
        let snapshot = database
            .build_transaction()
            .isolation_level(IsolationLevel::RepeatableRead)
            .read_only(true)
            .start()
            .await?;
        let goal = positions(&snapshot, name, &projection).await?;
        let live = digests(&snapshot, name).await?;
        snapshot.commit().await?;

        schema::drop(&database, &scratch).await?;
        schema::create(&mut database, &scratch, &projection).await?;
        let sequence = goal.values().max().copied().unwrap_or(0);
        let mut engine = self.engine(&projection, &scratch, None, Goal::Reach(goal));
        let replayed = drive(&mut engine, |done| {
            bar.show(done.last, (sequence as u64).saturating_sub(done.last));
        })
        .await;
        bar.finish();
        // A connection as old as the replay may not have outlived it.
        let database = self.database().await?;
        let digested = match replayed {
            Ok(_) => digests(&database, &scratch).await,
            Err(error) => Err(error),
        };
        schema::drop(&database, &scratch).await?;
        let replayed = digested?;

        let tables: std::collections::BTreeSet<&String> = live
            .keys()
            .chain(replayed.keys())
            .map(|(table, _)| table)
            .collect();
        Ok(Verified {
            sequence,
            tables: tables.len(),
            rows: live.values().map(|(count, _, _)| count).sum(),
            differences: differences(&live, &replayed),
        })
    }
}

async fn digests(client: &impl GenericClient, schema: &str) -> anyhow::Result<Digests> {
    let tables = client
        .query(
            "select c.relname::text, exists (
                 select from pg_attribute a where a.attrelid = c.oid and a.attname = 'user_id' and not a.attisdropped)
             from pg_class c join pg_namespace n on n.oid = c.relnamespace
             where n.nspname = $1 and c.relkind = 'r' and c.relname <> 'checkpoints'",
            &[&schema],
        )
        .await?;
    let mut digests = Digests::new();
    for row in tables {
        let (table, has_user): (String, bool) = (row.get(0), row.get(1));
        let user = if has_user {
            "user_id::text"
        } else {
            "null::text"
        };
        let sql = format!(
            "select {user}, count(*),
                 sum(hashtextextended(t::text, 0)::numeric)::text,
                 sum(hashtextextended(t::text, 1)::numeric)::text
             from {schema}.{table} t group by 1"
        );
        for row in client.query(&sql, &[]).await? {
            digests.insert(
                (table.clone(), row.get(0)),
                (row.get(1), row.get(2), row.get(3)),
            );
        }
    }
    Ok(digests)
}

fn differences(live: &Digests, replayed: &Digests) -> Vec<Difference> {
    let keys: std::collections::BTreeSet<_> = live.keys().chain(replayed.keys()).collect();
    let rows = |digests: &Digests, key| digests.get(key).map_or(0, |(count, _, _)| *count);
    keys.into_iter()
        .filter(|key| live.get(*key) != replayed.get(*key))
        .map(|key| Difference {
            table: key.0.clone(),
            user: key.1.clone(),
            live_rows: rows(live, key),
            replayed_rows: rows(replayed, key),
        })
        .collect()
}
