//! The SQL of tables, made from their shapes.
//!
//! Every write is one statement for a whole batch: `unnest` turns the columns' arrays into rows.

use crate::table::{Column, Kind, Table};
use std::fmt::Write as _;

/// Moves the checkpoints if they stand where this reader left them, in the same table. Otherwise
/// it divides by zero: an error, so that everything sent along with it is rolled back without
/// waiting for an answer in between.
pub(crate) const ADVANCE: &str = "
    with moved as (
        update checkpoints c
        set sequence = $4, event_id = $5, event_hash = $6, stream_created_at = $7,
            as_of = greatest(c.as_of, $8), pending = $9, updated_at = clock_timestamp()
        from unnest($1::smallint[], $2::bigint[]) as u (partition, sequence)
        where c.partition = u.partition and c.sequence = u.sequence and c.tableoid = $3
        returning 1
    )
    select 1 / (count(*) = cardinality($1))::integer from moved";

/// What a statement needs to know of a table.
pub(crate) struct Shape {
    pub(crate) name: String,
    keys: Vec<&'static str>,
    columns: Vec<Column>,
    sums: &'static [&'static str],
}

impl Shape {
    pub(crate) fn of(table: &Table) -> Self {
        Self {
            name: table.name.to_owned(),
            keys: table.keys.to_vec(),
            columns: table.columns.to_vec(),
            sums: table.sums,
        }
    }
}

/// The table of an aggregate's states.
pub(crate) fn states_table(aggregate: &str) -> Shape {
    Shape {
        name: format!("{aggregate}_states"),
        keys: vec!["key"],
        columns: vec![
            Column {
                name: "key",
                kind: Kind::Text,
            },
            Column {
                name: "state",
                kind: Kind::Bytes,
            },
        ],
        sums: &[],
    }
}

pub(crate) fn load_states(aggregate: &str) -> String {
    format!("select key, state from {aggregate}_states where key = any($1::text[])")
}

/// `unnest($1::uuid[], …) as u (a0, …)`
fn unnest(kinds: &[Kind]) -> String {
    let list = |write: &dyn Fn(usize, Kind) -> String| -> String {
        let parts: Vec<String> = kinds
            .iter()
            .enumerate()
            .map(|(index, kind)| write(index, *kind))
            .collect();
        parts.join(", ")
    };
    let arrays = list(&|index, kind| format!("${}::{}[]", index + 1, kind.carrier().sql()));
    let names = list(&|index, _| format!("a{index}"));
    format!("unnest({arrays}) as u ({names})")
}

fn insert_of(shape: &Shape) -> String {
    let names: Vec<&str> = shape.columns.iter().map(|column| column.name).collect();
    let kinds: Vec<Kind> = shape.columns.iter().map(|column| column.kind).collect();
    let cast = |(index, kind): (usize, &Kind)| {
        if *kind == kind.carrier() {
            format!("a{index}")
        } else {
            format!("a{index}::{}", kind.sql())
        }
    };
    let values: Vec<String> = kinds.iter().enumerate().map(cast).collect();
    format!(
        "insert into {} ({}) select {} from {}",
        shape.name,
        names.join(", "),
        values.join(", "),
        unnest(&kinds)
    )
}

/// New rows only; what is there stays.
pub(crate) fn insert(shape: &Shape) -> String {
    insert_of(shape) + " on conflict do nothing"
}

/// Rows written over what has their key; of a rollup, added to it.
pub(crate) fn upsert(shape: &Shape) -> String {
    let mut sql = insert_of(shape);
    let rest: Vec<&Column> = shape
        .columns
        .iter()
        .filter(|column| !shape.keys.contains(&column.name))
        .collect();
    let _ = write!(sql, " on conflict ({}) do ", shape.keys.join(", "));
    if rest.is_empty() {
        return sql + "nothing";
    }
    let set: Vec<String> = rest
        .iter()
        .map(|column| assignment(shape, column))
        .collect();
    let _ = write!(sql, "update set {}", set.join(", "));
    sql
}

fn assignment(shape: &Shape, column: &Column) -> String {
    let (table, name) = (&shape.name, column.name);
    match (shape.sums.contains(&name), column.kind) {
        (false, _) => format!("{name} = excluded.{name}"),
        (true, Kind::BigIntArray) => format!(
            "{name} = (select array_agg(coalesce(old, 0) + coalesce(more, 0) order by place)
                from unnest({table}.{name}, excluded.{name}) with ordinality as s (old, more, place))"
        ),
        (true, _) => format!("{name} = {table}.{name} + excluded.{name}"),
    }
}

/// Deletes rows by key; of a rollup, only those whose sums are all zero, because a rebuild
/// would not have made them.
pub(crate) fn delete(table: &Table) -> String {
    let same: Vec<String> = table
        .keys
        .iter()
        .enumerate()
        .map(|(index, key)| format!("t.{key} = u.a{index}"))
        .collect();
    let mut sql = format!(
        "delete from {} t using {} where {}",
        table.name,
        unnest(&table.key_kinds()),
        same.join(" and ")
    );
    for sum in table.sums {
        let array = table
            .columns
            .iter()
            .any(|column| column.name == *sum && column.kind == Kind::BigIntArray);
        let _ = match array {
            true => write!(sql, " and 0 = all (t.{sum})"),
            false => write!(sql, " and t.{sum} = 0"),
        };
    }
    sql
}

/// Binary COPY, for tables whose columns travel as what they are.
pub(crate) fn copy(shape: &Shape) -> Option<String> {
    let as_they_are = |column: &Column| column.kind == column.kind.carrier();
    let names: Vec<&str> = shape.columns.iter().map(|column| column.name).collect();
    shape.columns.iter().all(as_they_are).then(|| {
        format!(
            "copy {} ({}) from stdin (format binary)",
            shape.name,
            names.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOURLY: Table = Table {
        name: "hourly",
        keys: &["client", "hour"],
        columns: &[
            Column {
                name: "client",
                kind: Kind::Uuid,
            },
            Column {
                name: "hour",
                kind: Kind::Time,
            },
            Column {
                name: "owner",
                kind: Kind::Uuid,
            },
            Column {
                name: "calls",
                kind: Kind::BigInt,
            },
            Column {
                name: "latency",
                kind: Kind::BigIntArray,
            },
        ],
        sums: &["calls", "latency"],
    };

    #[test]
    fn a_rollup_is_added_to_and_everything_else_written_over() {
        let sql = upsert(&Shape::of(&HOURLY));
        assert!(
            sql.contains("a3, a4::bigint[] from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]"),
            "{sql}"
        );
        assert!(
            sql.contains("on conflict (client, hour) do update set owner = excluded.owner"),
            "{sql}"
        );
        assert!(
            sql.contains("calls = hourly.calls + excluded.calls"),
            "{sql}"
        );
    }

    #[test]
    fn an_empty_sum_leaves_no_row() {
        assert!(delete(&HOURLY).ends_with(
            "where t.client = u.a0 and t.hour = u.a1 and t.calls = 0 and 0 = all (t.latency)"
        ));
    }
}
