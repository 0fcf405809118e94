//! Reading what others send, field by field, and losing nothing over one bad field.
//!
//! serde's derived structs refuse a whole event for a repeated key, a `null` or a number where a
//! text was promised, and the providers' own crates refuse it for an enum value made after them.
//! Here a field that cannot be read is absent and everything else stays. Only bytes that are not
//! a JSON object at all are refused.
//!
//! The fields of a [`record!`](crate::catalogue::tolerant::record) are read straight from the
//! bytes, without a tree of values between: the projector does this for every event of a replay.
//! Repeated keys: the last one counts, as in JavaScript and Go.

mod leaf;
mod nested;

pub use leaf::{
    Epoch, Flag, Integer, Micros, Millis, Name, Names, Nanos, Number, Seconds, Text, Time,
    Verbatim, Words,
};
pub use nested::{Attributes, Many, Numbers, One};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};
use std::{borrow::Cow, fmt, marker::PhantomData};

/// A text that is usually one of a known few: the known ones cost no allocation.
pub type Word = Cow<'static, str>;

/// How one field is read. An implementation consumes exactly one JSON value whatever it is.
pub trait Reader: JsonSchema {
    /// What it gives; the default when the value is not of its kind.
    type Value: Default;

    /// Reads one value.
    ///
    /// # Errors
    /// Only when the bytes are not JSON.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error>;
}

/// A JSON object with known fields; made by [`record!`](crate::catalogue::tolerant::record).
pub trait Record: Default + JsonSchema {
    /// Takes the next value of `map` as the field `name`, or skips it.
    ///
    /// # Errors
    /// Only when the bytes are not JSON.
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;
}

/// Bytes that are not one JSON object. It goes into logs and dead letters, so it says where and
/// not in the parser's words, which may quote the body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnObject {
    /// Not JSON from here on.
    #[error("not a JSON object (line {line}, column {column})")]
    Broken {
        /// From 1.
        line: usize,
        /// From 1, in bytes; 0 where a line ended too early.
        column: usize,
    },
    /// JSON, but no object.
    #[error("JSON but not an object")]
    OtherKind,
}

impl From<serde_json::Error> for NotAnObject {
    fn from(error: serde_json::Error) -> Self {
        Self::Broken {
            line: error.line(),
            column: error.column(),
        }
    }
}

/// Reads a record from bytes. Bytes that are not UTF-8 and escapes that are no characters become
/// U+FFFD, and so does NUL, which PostgreSQL cannot hold.
///
/// # Errors
/// When the bytes are not one JSON object.
pub fn read<T: Record>(bytes: &[u8]) -> Result<T, NotAnObject> {
    // Nearly always plain UTF-8, which this sees much faster than the lossy reading does.
    let text =
        std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
    let record = parse(&text).or_else(|error| {
        // A key, or a text where an object belongs, may hold half a surrogate pair, and a number
        // there may be beyond every float: JSON by its grammar, but no Rust value. Too rare to
        // look for before it has failed.
        let repaired = leaf::without_immense_numbers(&leaf::without_lone_surrogates(&text));
        if repaired == text {
            Err(error)
        } else {
            parse(&repaired)
        }
    });
    record?.ok_or(NotAnObject::OtherKind)
}

fn parse<T: Record>(text: &str) -> Result<Option<T>, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let record = One::<T>::read(&mut deserializer)?;
    deserializer.end()?;
    Ok(record)
}

/// Lets a [`Reader`] stand where serde wants a seed.
#[derive(Debug)]
pub struct Reading<R>(PhantomData<R>);

impl<R> Default for Reading<R> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<'de, R: Reader> DeserializeSeed<'de> for Reading<R> {
    type Value = R::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<R::Value, D::Error> {
        R::read(deserializer)
    }
}

/// An object's key, borrowed where it has no escapes.
pub(crate) struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// A name of the sender's choosing as PostgreSQL can hold it, NUL replaced.
pub(crate) fn printable(name: &str) -> String {
    name.replace('\0', "\u{FFFD}")
}

/// The schema of a record, from its fields: wire name, meaning, schema of the value.
#[must_use]
pub fn object_schema(
    meaning: &str,
    required: &[&str],
    fields: Vec<(&str, &str, Schema)>,
) -> Schema {
    let mut properties = Map::new();
    for (name, meaning, mut schema) in fields {
        schema.insert("description".to_owned(), Value::from(meaning.trim()));
        properties.insert(name.to_owned(), schema.to_value());
    }
    let mut schema = json_schema!({
        "type": "object",
        "description": meaning.trim(),
        "properties": properties,
    });
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::from(required.to_vec()));
    }
    schema
}

/// The schema of one of ours, complete with its definitions. Draft 07, because it is what
/// AsyncAPI's parser reads without further help.
#[must_use]
pub fn root_schema<T: JsonSchema>() -> Schema {
    schemars::generate::SchemaSettings::draft07()
        .into_generator()
        .into_root_schema_for::<T>()
}

/// The schema of `T` behind a reference.
pub(crate) fn reference<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Declares a struct whose fields are read tolerantly:
/// `pub field: Type as Reader = "wireName" | "alias"`. `requires ["wireName"]` names the fields
/// whose absence the schema calls wrong; reading never does.
macro_rules! record {
    (
        $(#[doc = $meaning:literal])+
        pub struct $name:ident $(requires [$($required:literal),+])? {
            $(
                $(#[doc = $field_meaning:literal])+
                pub $field:ident: $type:ty as $reader:ty = $wire:literal $(| $alias:literal)*,
            )+
        }
    ) => {
        $(#[doc = $meaning])+
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $name {
            $( $(#[doc = $field_meaning])+ pub $field: $type, )+
        }

        impl $crate::catalogue::tolerant::Record for $name {
            fn take<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                name: &str,
                map: &mut A,
            ) -> Result<(), A::Error> {
                use $crate::catalogue::tolerant::Reading;
                match name {
                    $( $wire $(| $alias)* => {
                        self.$field = map.next_value_seed(Reading::<$reader>::default())?;
                    } )+
                    _ => {
                        map.next_value::<serde::de::IgnoredAny>()?;
                    }
                }
                Ok(())
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::catalogue::tolerant::object_schema(
                    concat!($($meaning),+),
                    &[$($($required),+)?],
                    vec![$( (
                        $wire,
                        concat!($($field_meaning),+),
                        $crate::catalogue::tolerant::reference::<$reader>(generator),
                    ) ),+],
                )
            }
        }
    };
}
pub(crate) use record;

#[cfg(test)]
mod tests;
