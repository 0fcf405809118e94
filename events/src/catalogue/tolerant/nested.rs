//! Readers of objects and lists.
//!
//! A value of another kind is skipped whole and gives nothing; an element that cannot be read is
//! left out of its list.

use super::{Key, Reader, Reading, Record, leaf, printable};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::{borrow::Cow, collections::BTreeMap, fmt, marker::PhantomData};

/// What a reader makes of an object or a list; of the other of the two, and of everything else,
/// it makes nothing.
trait Compound {
    type Value: Default;

    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::Value::default())
    }

    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::Value::default())
    }
}

struct Whole<C>(PhantomData<C>);

macro_rules! nothing {
    ($($visit:ident($type:ty))+) => {
        $(fn $visit<E>(self, _: $type) -> Result<C::Value, E> {
            Ok(C::Value::default())
        })+
    };
}

impl<'de, C: Compound> Visitor<'de> for Whole<C> {
    type Value = C::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    nothing! { visit_bool(bool) visit_i64(i64) visit_u64(u64) visit_f64(f64) visit_str(&str) }

    fn visit_unit<E>(self) -> Result<C::Value, E> {
        Ok(C::Value::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<C::Value, A::Error> {
        C::from_map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<C::Value, A::Error> {
        C::from_list(list)
    }
}

/// An object.
#[derive(Debug)]
pub struct One<T>(PhantomData<T>);

impl<T: Record> Compound for One<T> {
    type Value = Option<T>;

    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self::Value, A::Error> {
        let mut record = T::default();
        while let Some(name) = map.next_key_seed(Key)? {
            record.take(&name, &mut map)?;
        }
        Ok(Some(record))
    }
}

impl<T: Record> Reader for One<T> {
    type Value = Option<T>;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(Whole::<Self>(PhantomData))
    }
}

impl<T: Record> JsonSchema for One<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let object = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [object, { "type": "null" }] })
    }
}

/// A list of what another reader takes.
#[derive(Debug)]
pub struct Many<R>(PhantomData<R>);

impl<R: Reader<Value = Option<T>>, T> Compound for Many<R> {
    type Value = Vec<T>;

    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Reading::<R>::default())? {
            values.extend(value);
        }
        Ok(values)
    }
}

impl<R: Reader<Value = Option<T>>, T> Reader for Many<R> {
    type Value = Vec<T>;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(Whole::<Self>(PhantomData))
    }
}

impl<R: Reader> JsonSchema for Many<R> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("ListOf{}", R::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let items = generator.subschema_for::<R>();
        json_schema!({ "type": ["array", "null"], "items": items })
    }
}

/// Names and texts of the sender's own choosing, in the order they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes(Vec<(String, String)>);

impl Attributes {
    /// The text under a name; of repeated names the last one's. Never empty.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(of, _)| of == name)
            .map(|(_, text)| text.as_str())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
    }
}

impl Compound for Attributes {
    type Value = Self;

    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut texts = Vec::new();
        while let Some(name) = map.next_key_seed(Key)? {
            if let Some(text) = map.next_value_seed(Reading::<leaf::Text>::default())? {
                texts.push((name.into_owned(), text));
            }
        }
        Ok(Self(texts))
    }
}

impl Reader for Attributes {
    type Value = Self;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Whole::<Self>(PhantomData))
    }
}

impl JsonSchema for Attributes {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Attributes".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["object", "null"], "additionalProperties": { "type": ["string", "null"] } })
    }
}

/// Names and numbers of the sender's own choosing; what is no number is left out.
#[derive(Debug)]
pub struct Numbers;

impl Compound for Numbers {
    type Value = BTreeMap<String, f64>;

    fn from_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self::Value, A::Error> {
        let mut numbers = BTreeMap::new();
        while let Some(name) = map.next_key_seed(Key)? {
            if let Some(number) = map.next_value_seed(Reading::<leaf::Number>::default())? {
                numbers.insert(printable(&name), number);
            }
        }
        Ok(numbers)
    }
}

impl Reader for Numbers {
    type Value = BTreeMap<String, f64>;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(Whole::<Self>(PhantomData))
    }
}

impl JsonSchema for Numbers {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Numbers".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["object", "null"], "additionalProperties": true })
    }
}
