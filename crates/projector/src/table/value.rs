//! Values in PostgreSQL's binary form, column by column.
//!
//! A column is the concatenation of its values, each with its length before it. That is at once
//! what a binary array parameter and a field of binary COPY look like, so a value is encoded
//! once and only copied afterwards. This is also the one place where what PostgreSQL cannot hold
//! is made harmless: NUL in text, dates outside its calendar, numbers that are not numbers.

use chrono::{DateTime, Datelike as _, TimeZone as _, Utc};
use std::borrow::Cow;
use uuid::Uuid;

/// A column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `text`
    Text,
    /// `bytea`
    Bytes,
    /// `uuid`
    Uuid,
    /// `timestamptz`
    Time,
    /// `bigint`
    BigInt,
    /// `integer`
    Int,
    /// `smallint`
    SmallInt,
    /// `double precision`
    Double,
    /// `boolean`
    Bool,
    /// `jsonb`
    Json,
    /// `text[]`
    TextArray,
    /// `bigint[]`
    BigIntArray,
    /// `tsvector`
    Words,
}

impl Kind {
    /// The type's SQL name.
    #[must_use]
    pub fn sql(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bytes => "bytea",
            Self::Uuid => "uuid",
            Self::Time => "timestamptz",
            Self::BigInt => "bigint",
            Self::Int => "integer",
            Self::SmallInt => "smallint",
            Self::Double => "double precision",
            Self::Bool => "boolean",
            Self::Json => "jsonb",
            Self::TextArray => "text[]",
            Self::BigIntArray => "bigint[]",
            Self::Words => "tsvector",
        }
    }

    /// How its values travel: arrays as literals, because `unnest` would flatten an array of
    /// arrays, and JSON as its text.
    #[must_use]
    pub fn carrier(self) -> Self {
        match self {
            Self::TextArray | Self::BigIntArray | Self::Json => Self::Text,
            other => other,
        }
    }
}

/// Something that fits a column.
pub trait Value {
    /// The column's type.
    const KIND: Kind;
    /// Appends the length and the bytes of its carrier's binary form.
    fn encode(&self, out: &mut Vec<u8>);
}

/// Rows, column by column.
#[derive(Debug, Default, Clone)]
pub struct Values {
    columns: Vec<Vec<u8>>,
    next: usize,
    rows: usize,
}

impl Values {
    /// No rows yet, of this many columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self {
            columns: vec![Vec::new(); columns],
            next: 0,
            rows: 0,
        }
    }

    /// Appends the next value of the current row.
    pub fn put<V: Value + ?Sized>(&mut self, value: &V) {
        value.encode(&mut self.columns[self.next]);
        self.next += 1;
        if self.next == self.columns.len() {
            self.next = 0;
            self.rows += 1;
        }
    }

    /// How many whole rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        debug_assert_eq!(self.next, 0, "a row ends with its last column");
        self.rows
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The columns as encoded.
    #[must_use]
    pub fn columns(&self) -> &[Vec<u8>] {
        &self.columns
    }

    /// Bytes of all columns.
    #[must_use]
    pub fn size(&self) -> usize {
        self.columns.iter().map(Vec::len).sum()
    }

    /// The same rows with these columns only, in this order.
    #[must_use]
    pub fn select(&self, columns: &[usize]) -> Self {
        let columns = columns
            .iter()
            .map(|column| self.columns[*column].clone())
            .collect();
        Self {
            columns,
            next: 0,
            rows: self.rows,
        }
    }

    /// The fields of each row, encoded, in the order they were put.
    pub fn iter_rows(&self) -> impl Iterator<Item = Vec<&[u8]>> {
        let mut rest: Vec<&[u8]> = self.columns.iter().map(Vec::as_slice).collect();
        (0..self.rows).map(move |_| rest.iter_mut().map(split_field).collect())
    }
}

/// Takes the first field, its length included, off a column.
fn split_field<'a>(column: &mut &'a [u8]) -> &'a [u8] {
    let length = column
        .first_chunk()
        .map_or(-1, |length| i32::from_be_bytes(*length));
    let (field, rest) = column.split_at(4 + usize::try_from(length).unwrap_or(0));
    *column = rest;
    field
}

fn field(out: &mut Vec<u8>, bytes: &[u8]) {
    // A message is at most 1 MiB, so a field made of one cannot outgrow an i32.
    out.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// Text as PostgreSQL can hold it: U+0000 becomes U+FFFD.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.as_bytes().contains(&0) {
        text.replace('\0', "\u{fffd}").into()
    } else {
        text.into()
    }
}

impl Value for str {
    const KIND: Kind = Kind::Text;
    fn encode(&self, out: &mut Vec<u8>) {
        field(out, clean(self).as_bytes());
    }
}

impl Value for String {
    const KIND: Kind = Kind::Text;
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_str().encode(out);
    }
}

impl<V: Value + ?Sized> Value for &V {
    const KIND: Kind = V::KIND;
    fn encode(&self, out: &mut Vec<u8>) {
        (**self).encode(out);
    }
}

impl<V: Value> Value for Option<V> {
    const KIND: Kind = V::KIND;
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.encode(out),
            None => out.extend_from_slice(&(-1_i32).to_be_bytes()),
        }
    }
}

impl Value for [u8] {
    const KIND: Kind = Kind::Bytes;
    fn encode(&self, out: &mut Vec<u8>) {
        field(out, self);
    }
}

impl Value for Uuid {
    const KIND: Kind = Kind::Uuid;
    fn encode(&self, out: &mut Vec<u8>) {
        field(out, self.as_bytes());
    }
}

/// Microseconds from 1970 to 2000, where PostgreSQL's calendar counts from.
const EPOCH_2000: i64 = 946_684_800_000_000;
/// PostgreSQL's calendar begins in 4714 BC; chrono's ends before PostgreSQL's does.
const FIRST_YEAR: i32 = -4712;

impl Value for DateTime<Utc> {
    const KIND: Kind = Kind::Time;
    fn encode(&self, out: &mut Vec<u8>) {
        let time = if self.year() < FIRST_YEAR {
            Utc.with_ymd_and_hms(FIRST_YEAR, 1, 1, 0, 0, 0)
                .single()
                .unwrap_or(Self::UNIX_EPOCH)
        } else {
            *self
        };
        field(out, &(time.timestamp_micros() - EPOCH_2000).to_be_bytes());
    }
}

impl Value for i64 {
    const KIND: Kind = Kind::BigInt;
    fn encode(&self, out: &mut Vec<u8>) {
        field(out, &self.to_be_bytes());
    }
}

impl Value for i32 {
    const KIND: Kind = Kind::Int;
    fn encode(&self, out: &mut Vec<u8>) {
        field(out, &self.to_be_bytes());
    }
}

impl Value for i16 {
    const KIND: Kind = Kind::SmallInt;
    fn encode(&self, out: &mut Vec<u8>) {
        field(out, &self.to_be_bytes());
    }
}

impl Value for f64 {
    const KIND: Kind = Kind::Double;
    fn encode(&self, out: &mut Vec<u8>) {
        // JSON has no NaN and no infinity; whoever reads the row could not show one.
        match self.is_finite() {
            true => field(out, &self.to_be_bytes()),
            false => None::<Self>.encode(out),
        }
    }
}

impl Value for bool {
    const KIND: Kind = Kind::Bool;
    fn encode(&self, out: &mut Vec<u8>) {
        field(out, &[u8::from(*self)]);
    }
}

impl Value for serde_json::Value {
    const KIND: Kind = Kind::Json;
    fn encode(&self, out: &mut Vec<u8>) {
        // serde_json writes U+0000 as its escape, which `jsonb` refuses as well. Outside strings
        // and escapes a backslash cannot stand, so an even run of them before it is text.
        let text = self.to_string();
        field(
            out,
            if text.contains("\\u0000") {
                escape_free(&text)
            } else {
                text
            }
            .as_bytes(),
        );
    }
}

/// Replaces the escape of U+0000, but not an escaped backslash followed by `u0000`.
fn escape_free(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let (taken, written) = if escape.starts_with("\\u0000") {
            (6, "\u{fffd}")
        } else {
            (2, &escape[..2])
        };
        out.push_str(written);
        rest = &escape[taken..];
    }
    out + rest
}

impl Value for Vec<String> {
    const KIND: Kind = Kind::TextArray;
    fn encode(&self, out: &mut Vec<u8>) {
        let mut literal = String::from("{");
        for (index, text) in self.iter().enumerate() {
            literal.push_str(if index == 0 { "\"" } else { ",\"" });
            for letter in clean(text).chars() {
                if matches!(letter, '"' | '\\') {
                    literal.push('\\');
                }
                literal.push(letter);
            }
            literal.push('"');
        }
        literal.push('}');
        field(out, literal.as_bytes());
    }
}

impl<const N: usize> Value for [i64; N] {
    const KIND: Kind = Kind::BigIntArray;
    fn encode(&self, out: &mut Vec<u8>) {
        let numbers: Vec<String> = self.iter().map(i64::to_string).collect();
        field(out, format!("{{{}}}", numbers.join(",")).as_bytes());
    }
}
