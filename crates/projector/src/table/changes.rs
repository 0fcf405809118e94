//! What a batch does to the tables: rows to write, keys to delete, sums to add, users to tell.

use super::{Audience, Rollup, Row, Table, Tell, Values};
use std::{any::Any, cmp::Ordering, collections::BTreeSet};

/// The rows one state gives, as tables.
///
/// `changes` must do to the tables exactly what turns `before` into `after`; with
/// `before == after` it does nothing, and from `Self::default()` it writes everything.
pub trait Derived: Default + PartialEq + Send + Sync + 'static {
    /// The tables and rollups it writes.
    fn tables() -> Vec<Table>;

    /// Says what must change: usually one [`Changes::rows`] a table and one [`Changes::rollup`]
    /// a rollup.
    fn changes(before: &Self, after: &Self, out: &mut Changes);
}

/// Rows to write. Those of a key that was never written can be copied in, which is faster.
#[derive(Debug, Default)]
pub struct Writes {
    /// Rows of keys the table does not have.
    pub fresh: Values,
    /// Rows to write over what has their key.
    pub changed: Values,
}

impl Writes {
    /// Nothing yet, for a table of so many columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self {
            fresh: Values::new(columns),
            changed: Values::new(columns),
        }
    }
}

/// What a batch does to one table.
#[derive(Debug)]
pub struct TableChanges {
    /// Which.
    pub table: Table,
    /// Whole rows to write.
    pub writes: Writes,
    /// Keys whose rows go.
    pub deletes: Values,
}

/// What a batch does to the tables of a projection.
pub struct Changes {
    tables: Vec<TableChanges>,
    rollups: Vec<Box<dyn Sums>>,
    tells: BTreeSet<Audience>,
    warnings: Vec<Warning>,
}

/// Something about a row that an operator should look into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What, in words.
    pub what: &'static str,
    /// Of which row.
    pub id: String,
}

impl Changes {
    /// Nothing yet, for these tables.
    #[must_use]
    pub fn new(tables: &[Table]) -> Self {
        let tables = tables
            .iter()
            .filter(|table| table.sums.is_empty())
            .map(|table| TableChanges {
                table: *table,
                writes: Writes::new(table.columns.len()),
                deletes: Values::new(table.keys.len()),
            })
            .collect();
        Self {
            tables,
            rollups: Vec::new(),
            tells: BTreeSet::new(),
            warnings: Vec::new(),
        }
    }

    /// Writes the rows of `after` that are not in `before`, deletes those whose key is only in
    /// `before`. Neither may hold a key twice; order does not matter.
    pub fn rows<R: Row>(&mut self, before: &[R], after: &[R]) {
        self.rows_telling(before, after, |_| None::<Tell>);
    }

    /// Like [`Self::rows`], and tells the owner of each changed row, before and after.
    pub fn rows_telling<R: Row, T: Into<Audience>>(
        &mut self,
        before: &[R],
        after: &[R],
        tell: impl Fn(&R) -> Option<T>,
    ) {
        if before == after {
            return;
        }
        let changes = self
            .tables
            .iter_mut()
            .find(|changes| changes.table.name == R::TABLE)
            .expect("Derived::tables names every table that Derived::changes writes");
        let tells = &mut self.tells;
        let tell = |row: &R| tell(row).map(Into::into);
        merge(before, after, |before, after| match (before, after) {
            (Some(before), Some(after)) if before == after => {}
            (before, Some(after)) => {
                after.put(match before {
                    Some(_) => &mut changes.writes.changed,
                    None => &mut changes.writes.fresh,
                });
                tells.extend(before.and_then(&tell).into_iter().chain(tell(after)));
            }
            (Some(before), None) => {
                before.put_key(&mut changes.deletes);
                tells.extend(tell(before));
            }
            (None, None) => {}
        });
    }

    /// Takes the contributions of `before` off a rollup and adds those of `after`.
    pub fn rollup<R: Rollup>(
        &mut self,
        before: impl IntoIterator<Item = R>,
        after: impl IntoIterator<Item = R>,
    ) {
        let index = self
            .rollups
            .iter()
            .position(|sums| sums.table().name == R::TABLE)
            .unwrap_or_else(|| {
                self.rollups.push(Box::new(SumsOf::<R>(Vec::new())));
                self.rollups.len() - 1
            });
        let sums: &mut dyn Any = &mut *self.rollups[index];
        let SumsOf::<R>(rows) = sums
            .downcast_mut()
            .expect("a rollup's table has one row type");
        rows.extend(before.into_iter().map(|row| (row, -1)));
        rows.extend(after.into_iter().map(|row| (row, 1)));
    }

    /// What happens to each table; the rest stays.
    pub fn take_tables(&mut self) -> Vec<TableChanges> {
        let shapes: Vec<Table> = self.tables.iter().map(|changes| changes.table).collect();
        std::mem::replace(&mut self.tables, Self::new(&shapes).tables)
    }

    /// The sums to add to each rollup, one row a key and none that adds nothing, in key order:
    /// two writers that lock rows in one order cannot deadlock.
    #[must_use]
    pub fn rollups(&self) -> Vec<(Table, Values)> {
        self.rollups
            .iter()
            .map(|sums| (sums.table(), sums.values()))
            .collect()
    }

    /// Warns of a row once the batch is written; nothing in the tables changes by it.
    pub fn warn(&mut self, what: &'static str, id: &str) {
        self.warnings.push(Warning {
            what,
            id: id.to_owned(),
        });
    }

    /// What is warned of.
    pub fn take_warnings(&mut self) -> Vec<Warning> {
        std::mem::take(&mut self.warnings)
    }

    /// Who is told, sorted by user and kind.
    pub fn take_tells(&mut self) -> BTreeSet<Audience> {
        std::mem::take(&mut self.tells)
    }
}

/// Walks two sets of rows in key order, pairing rows of the same key.
fn merge<R: Row>(before: &[R], after: &[R], mut pair: impl FnMut(Option<&R>, Option<&R>)) {
    let sorted = |rows: &'_ [R]| -> Vec<usize> {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        // Nearly always sorted already: the standard sort then makes one pass.
        order.sort_by(|a, b| rows[*a].order(&rows[*b]));
        order
    };
    let (left, right) = (sorted(before), sorted(after));
    let mut left = left.iter().map(|index| &before[*index]).peekable();
    let mut right = right.iter().map(|index| &after[*index]).peekable();
    loop {
        let order = match (left.peek(), right.peek()) {
            (Some(left), Some(right)) => left.order(right),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return,
        };
        match order {
            Ordering::Less => pair(left.next(), None),
            Ordering::Equal => pair(left.next(), right.next()),
            Ordering::Greater => pair(None, right.next()),
        }
    }
}

/// The contributions to one rollup, whatever its row type.
trait Sums: Any + Send {
    fn table(&self) -> Table;
    fn values(&self) -> Values;
}

struct SumsOf<R: Rollup>(Vec<(R, i64)>);

impl<R: Rollup> Sums for SumsOf<R> {
    fn table(&self) -> Table {
        Table::rollup::<R>()
    }

    fn values(&self) -> Values {
        let mut rows: Vec<&(R, i64)> = self.0.iter().collect();
        rows.sort_by(|(a, _), (b, _)| a.order(b));
        let mut values = Values::new(R::COLUMNS.len());
        for key in rows.chunk_by(|(a, _), (b, _)| a.order(b) == Ordering::Equal) {
            // A sum starts as its first row, which already counts once.
            let (first, sign) = key[0];
            let mut sum = first.clone();
            sum.add(first, sign - 1);
            for (row, sign) in &key[1..] {
                sum.add(row, *sign);
            }
            if !sum.is_zero() {
                sum.put(&mut values);
            }
        }
        values
    }
}
