//! How rows reach tables: a row type is declared once with [`row!`](crate::row) or
//! [`rollup!`](crate::rollup), and everything else (SQL, encoding, digests) follows from it.
//!
//! There is no query language here and no reading back: rows are written by key, whole, and the
//! only arithmetic is the addition of rollups.

pub mod changes;
pub mod value;

pub use changes::{Changes, Derived};
pub use value::{Kind, Value, Values};

use frontdesk_events::nats::live::Topic;
use std::cmp::Ordering;
use uuid::Uuid;

/// One column of a table, in the order rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
}

/// A row of one table. Declare it with [`row!`](crate::row) or [`rollup!`](crate::rollup).
pub trait Row: PartialEq + Send + Sync + 'static {
    /// The table's name, without schema: `search_path` says which one is meant.
    const TABLE: &'static str;
    /// The columns of the primary key.
    const KEYS: &'static [&'static str];
    /// All columns; [`Row::put`] writes values in this order.
    const COLUMNS: &'static [Column];

    /// Appends one value for each column.
    fn put(&self, out: &mut Values);

    /// Appends one value for each column of the key.
    fn put_key(&self, out: &mut Values);

    /// Orders two rows by their key alone.
    fn order(&self, other: &Self) -> Ordering;
}

/// A row of sums that several aggregates add to. Its table holds, for each key, the sum of what
/// all rows of all states contribute; a key whose sums are all zero has no row.
pub trait Rollup: Row + Clone {
    /// The columns that are added up; the others are the key or follow from it.
    const SUMS: &'static [&'static str];

    /// Adds the sums of another row of the same key, `sign` times (1 or -1).
    fn add(&mut self, other: &Self, sign: i64);

    /// Whether all sums are zero.
    fn is_zero(&self) -> bool;
}

/// Who is told after the commit that a row changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tell {
    /// Whose row it is; `None` while nobody owns it.
    pub user: Option<Uuid>,
    /// What kind of row.
    pub topic: Topic,
    /// Its public id.
    pub id: String,
}

/// Who is told that a row changed when the row itself does not say whose it is: the user of
/// another row, as the commit leaves it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TellOwnerOf {
    /// A table with an `id` and a `user_id`.
    pub table: &'static str,
    /// The row's `id` there.
    pub row: String,
    /// What kind of row changed.
    pub topic: Topic,
    /// Its public id.
    pub id: String,
}

/// Somebody to be told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    /// Known already.
    User(Tell),
    /// Found after the commit.
    OwnerOf(TellOwnerOf),
}

impl From<Tell> for Audience {
    fn from(tell: Tell) -> Self {
        Self::User(tell)
    }
}

impl From<TellOwnerOf> for Audience {
    fn from(tell: TellOwnerOf) -> Self {
        Self::OwnerOf(tell)
    }
}

/// A table as the engine knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its key.
    pub keys: &'static [&'static str],
    /// Its columns.
    pub columns: &'static [Column],
    /// The columns that are added up; empty for a table that is not a rollup.
    pub sums: &'static [&'static str],
}

impl Table {
    /// The table of a row type.
    #[must_use]
    pub fn of<R: Row>() -> Self {
        Self {
            name: R::TABLE,
            keys: R::KEYS,
            columns: R::COLUMNS,
            sums: &[],
        }
    }

    /// The table of a rollup.
    #[must_use]
    pub fn rollup<R: Rollup>() -> Self {
        Self {
            name: R::TABLE,
            keys: R::KEYS,
            columns: R::COLUMNS,
            sums: R::SUMS,
        }
    }

    /// The kinds of the key's columns, in the key's order.
    #[must_use]
    pub fn key_kinds(&self) -> Vec<Kind> {
        let kind = |key: &&str| {
            let column = self.columns.iter().find(|column| column.name == *key);
            column
                .expect("a key is one of the columns: `row!` writes both from one list")
                .kind
        };
        self.keys.iter().map(kind).collect()
    }
}

/// A number, or an array of them, that rollups add up.
pub trait Sum {
    /// Adds another, `sign` times. Wraps on the way, so that a sum which fits is exact in whatever
    /// order it is made.
    fn add(&mut self, other: &Self, sign: i64);
    /// Whether nothing is left.
    fn is_zero(&self) -> bool;
}

impl Sum for i64 {
    fn add(&mut self, other: &Self, sign: i64) {
        *self = self.wrapping_add(other.wrapping_mul(sign));
    }

    fn is_zero(&self) -> bool {
        *self == 0
    }
}

impl<const N: usize> Sum for [i64; N] {
    fn add(&mut self, other: &Self, sign: i64) {
        for (sum, other) in self.iter_mut().zip(other) {
            sum.add(other, sign);
        }
    }

    fn is_zero(&self) -> bool {
        self.iter().all(Sum::is_zero)
    }
}

/// Declares a row type and how it is written. Fields are columns of the same name, in any order;
/// their types implement [`Value`]. The key's fields must be `Ord`.
///
/// ```
/// frontdesk_projector::row! {
///     /// One call.
///     pub struct CallRow in "calls", keyed by (id) {
///         /// Call id.
///         pub id: uuid::Uuid,
///         /// Who called.
///         pub caller: Option<String>,
///     }
/// }
/// ```
#[macro_export]
macro_rules! row {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident in $table:literal, keyed by ($($key:ident),+ $(,)?) {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident: $kind:ty),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $name {
            $($(#[$field_meta])* $field_vis $field: $kind,)+
        }

        impl $crate::table::Row for $name {
            const TABLE: &'static str = $table;
            const KEYS: &'static [&'static str] = &[$(stringify!($key)),+];
            const COLUMNS: &'static [$crate::table::Column] = &[$(
                $crate::table::Column {
                    name: stringify!($field),
                    kind: <$kind as $crate::table::Value>::KIND,
                }
            ),+];

            fn put(&self, out: &mut $crate::table::Values) {
                $(out.put(&self.$field);)+
            }

            fn put_key(&self, out: &mut $crate::table::Values) {
                $(out.put(&self.$key);)+
            }

            fn order(&self, other: &Self) -> ::std::cmp::Ordering {
                ::std::cmp::Ordering::Equal
                    $(.then_with(|| ::std::cmp::Ord::cmp(&self.$key, &other.$key)))+
            }
        }
    };
}

/// Declares a rollup: a row whose `sums` are added up over all contributions. Sums are `i64` or
/// `[i64; N]`; other fields that are not the key must follow from the key (a client's user).
///
/// ```
/// frontdesk_projector::rollup! {
///     /// Calls by client and hour.
///     pub struct Hourly in "hourly", keyed by (client_id, hour), adding (calls, talk_ms) {
///         pub client_id: uuid::Uuid,
///         pub hour: chrono::DateTime<chrono::Utc>,
///         pub user_id: Option<uuid::Uuid>,
///         pub calls: i64,
///         pub talk_ms: i64,
///     }
/// }
/// ```
#[macro_export]
macro_rules! rollup {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident in $table:literal, keyed by ($($key:ident),+ $(,)?),
            adding ($($sum:ident),+ $(,)?)
        { $($fields:tt)* }
    ) => {
        $crate::row! {
            $(#[$meta])*
            $vis struct $name in $table, keyed by ($($key),+) { $($fields)* }
        }

        impl $crate::table::Rollup for $name {
            const SUMS: &'static [&'static str] = &[$(stringify!($sum)),+];

            fn add(&mut self, other: &Self, sign: i64) {
                $($crate::table::Sum::add(&mut self.$sum, &other.$sum, sign);)+
            }

            fn is_zero(&self) -> bool {
                true $(&& $crate::table::Sum::is_zero(&self.$sum))+
            }
        }
    };
}
