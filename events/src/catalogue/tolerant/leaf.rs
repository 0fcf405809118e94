//! Readers of texts, numbers, flags, enum names and times.
//!
//! Each takes the raw text of its value first, so that a value of any kind, depth or size is
//! consumed before its kind is looked at: nothing in it can fail the record around it.

use super::{Reader, Word};
use crate::catalogue::moment::Moment;
use chrono::DateTime;
use memchr::memchr;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::{borrow::Cow, marker::PhantomData};

/// A JSON value that is looked at as a whole.
enum Leaf<'a> {
    Null,
    Flag(bool),
    Number(&'a str),
    Text(Cow<'a, str>),
    Compound(&'a str),
}

impl<'a> Leaf<'a> {
    fn read<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        Ok(match raw.as_bytes().first() {
            Some(b'"') => Self::Text(unquoted(raw)),
            Some(b'n') | None => Self::Null,
            Some(b't') => Self::Flag(true),
            Some(b'f') => Self::Flag(false),
            Some(b'{' | b'[') => Self::Compound(raw),
            Some(_) => Self::Number(raw),
        })
    }

    /// proto3 leaves an empty text out, so an empty one that is written means the same.
    fn text(self) -> Option<String> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text.into_owned()),
            _ => None,
        }
    }

    fn digits(&self) -> Option<&str> {
        match self {
            Self::Number(digits) => Some(digits),
            Self::Text(text) => Some(text.trim()),
            _ => None,
        }
    }

    fn integer(&self) -> Option<i64> {
        let digits = self.digits()?;
        digits.parse().ok().or_else(|| {
            let number: f64 = digits.parse().ok()?;
            // Up to 2^63 every float's integral part fits.
            (number.abs() < 9.2e18).then_some(number as i64)
        })
    }

    fn number(&self) -> Option<f64> {
        self.digits()?
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
    }

    /// A time in units of which `per_second` make a second. Whole numbers are kept exactly.
    fn epoch(&self, per_second: i64) -> Option<Moment> {
        let digits = self.digits()?;
        let micros = if let Ok(whole) = digits.parse::<i64>() {
            i64::try_from(i128::from(whole) * 1_000_000 / i128::from(per_second)).ok()?
        } else {
            let number: f64 = digits.parse().ok()?;
            let micros = (number * (1e6 / per_second as f64)).round();
            (micros.abs() < 9.2e18).then_some(micros as i64)?
        };
        Moment::from_micros(micros)
    }
}

/// The text between the quotes of a JSON string.
pub(super) fn unquoted(raw: &str) -> Cow<'_, str> {
    let inner = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    if memchr(b'\\', inner.as_bytes()).is_none() {
        return Cow::Borrowed(inner);
    }
    let text = serde_json::from_str::<String>(raw)
        .or_else(|_| serde_json::from_str(&without_lone_surrogates(raw)))
        .unwrap_or_default();
    Cow::Owned(text.replace('\0', "\u{FFFD}"))
}

/// JSON in which every `\u` escape that is half a surrogate pair has become `\ufffd`.
pub(super) fn without_lone_surrogates(json: &str) -> String {
    let mut repaired = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        repaired.push_str(before);
        let (text, length) = match surrogate(escape) {
            None => {
                let length = 1 + escape[1..].chars().next().map_or(0, char::len_utf8);
                (&escape[..length], length)
            }
            Some(high)
                if high < 0xDC00 && surrogate(&escape[6..]).is_some_and(|low| low >= 0xDC00) =>
            {
                (&escape[..12], 12)
            }
            Some(_) => ("\\ufffd", 6),
        };
        repaired.push_str(text);
        rest = &escape[length..];
    }
    repaired.push_str(rest);
    repaired
}

/// JSON in which every number beyond the range of a float has become `null`: no field takes one.
pub(super) fn without_immense_numbers(json: &str) -> String {
    let mut repaired = String::with_capacity(json.len());
    let mut rest = json;
    while !rest.is_empty() {
        let length = match rest.as_bytes()[0] {
            b'"' => string_length(rest),
            b'-' | b'0'..=b'9' => rest
                .bytes()
                .take_while(|byte| byte.is_ascii_digit() || b"+-.eE".contains(byte))
                .count(),
            _ => rest
                .find(|c: char| c == '"' || c == '-' || c.is_ascii_digit())
                .unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(length);
        let is_immense = !token.starts_with('"')
            && token
                .parse::<f64>()
                .is_ok_and(|number| number.is_infinite());
        repaired.push_str(if is_immense { "null" } else { token });
        rest = after;
    }
    repaired
}

/// How long the JSON string at the beginning is, quotes included.
fn string_length(json: &str) -> usize {
    let mut escaped = false;
    let end = json.bytes().enumerate().skip(1).find(|(_, byte)| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.map_or(json.len(), |(index, _)| index + 1)
}

fn surrogate(escape: &str) -> Option<u32> {
    let digits = escape.strip_prefix("\\u")?.get(..4)?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    (0xD800..0xE000).contains(&code).then_some(code)
}

macro_rules! leaf {
    ($(#[doc = $meaning:literal])+ $name:ident, $value:ty, $schema:tt, $take:expr) => {
        $(#[doc = $meaning])+
        #[derive(Debug)]
        pub struct $name;

        impl Reader for $name {
            type Value = $value;

            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$value, D::Error> {
                let take: fn(Leaf<'de>) -> $value = $take;
                Leaf::read(deserializer).map(take)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

leaf! {
    /// A text that is not empty.
    Text, Option<String>, { "type": ["string", "null"] }, |leaf| leaf.text()
}
leaf! {
    /// An integer, as a number or as text (protobuf's JSON writes 64 bits as text). A fraction is
    /// cut off.
    Integer, Option<i64>, { "type": ["integer", "string", "null"] }, |leaf| leaf.integer()
}
leaf! {
    /// A finite number, as such or as text.
    Number, Option<f64>, { "type": ["number", "string", "null"] }, |leaf| leaf.number()
}
leaf! {
    /// A flag; anything but `true` is false.
    Flag, bool, { "type": ["boolean", "null"] }, |leaf| match leaf {
        Leaf::Flag(flag) => flag,
        Leaf::Text(text) => text == "true",
        _ => false,
    }
}
leaf! {
    /// An instant: RFC 3339 text, or seconds since 1970 with fractions.
    Time, Option<Moment>, { "type": ["string", "number", "null"] }, |leaf| {
        if let Leaf::Text(text) = &leaf
            && let Ok(time) = DateTime::parse_from_rfc3339(text)
        {
            return Moment::from_time(time.to_utc());
        }
        leaf.epoch(1)
    }
}
leaf! {
    /// A text as it is, or any other value as its JSON.
    Verbatim, Option<String>, { "description": "text, or any JSON" }, |leaf| match leaf {
        Leaf::Compound(raw) | Leaf::Number(raw) => Some(raw.to_owned()),
        Leaf::Flag(flag) => Some(flag.to_string()),
        other => other.text(),
    }
}
leaf! {
    /// What was said: a text, or a list whose texts are its lines.
    Words, Option<String>, { "type": ["string", "array", "null"] }, |leaf| match leaf {
        Leaf::Compound(raw) if raw.starts_with('[') => {
            let items: Vec<&RawValue> = serde_json::from_str(raw).unwrap_or_default();
            let lines: Vec<_> =
                items.iter().map(|item| item.get()).filter(|item| item.starts_with('"')).map(unquoted).collect();
            Some(lines.join("\n")).filter(|text| !text.is_empty())
        }
        other => other.text(),
    }
}

/// A time of so many units a second. Zero is protobuf's default and means absent.
#[derive(Debug)]
pub struct Epoch<const PER_SECOND: i64>;
/// Seconds since 1970.
pub type Seconds = Epoch<1>;
/// Milliseconds since 1970.
pub type Millis = Epoch<1_000>;
/// Microseconds since 1970.
pub type Micros = Epoch<1_000_000>;
/// Nanoseconds since 1970, cut off to microseconds.
pub type Nanos = Epoch<1_000_000_000>;

impl<const PER_SECOND: i64> Reader for Epoch<PER_SECOND> {
    type Value = Option<Moment>;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error> {
        let moment = Leaf::read(deserializer)?.epoch(PER_SECOND);
        Ok(moment.filter(|moment| moment.micros() > 0))
    }
}

impl<const PER_SECOND: i64> JsonSchema for Epoch<PER_SECOND> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Epoch".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Integer::json_schema(generator)
    }
}

/// A provider's enum: the names by number, as its protocol numbers them.
pub trait Names {
    /// Number and name; 0 is what an absent field means.
    const NAMES: &'static [(i64, &'static str)];
}

/// The name of an enum value. A known number gives its name, any other number its digits, and a
/// name made after us is kept as it is.
#[derive(Debug)]
pub struct Name<N>(PhantomData<N>);

impl<N: Names> Reader for Name<N> {
    type Value = Option<Word>;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error> {
        let leaf = Leaf::read(deserializer)?;
        if let Leaf::Number(digits) = leaf {
            let Some(number) = leaf.integer() else {
                return Ok(None);
            };
            let known = N::NAMES.iter().find(|(of, _)| *of == number);
            return Ok(Some(known.map_or_else(
                || Cow::Owned(digits.to_owned()),
                |(_, name)| Cow::Borrowed(*name),
            )));
        }
        let Leaf::Text(text) = leaf else {
            return Ok(None);
        };
        if text.is_empty() {
            return Ok(None);
        }
        let known = N::NAMES.iter().find(|(_, name)| *name == text);
        Ok(Some(known.map_or_else(
            || Cow::Owned(text.into_owned()),
            |(_, name)| Cow::Borrowed(*name),
        )))
    }
}

impl<N: Names> JsonSchema for Name<N> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = N::NAMES.iter().map(|(_, name)| *name).collect();
        json_schema!({ "type": ["string", "integer", "null"], "examples": names })
    }
}
