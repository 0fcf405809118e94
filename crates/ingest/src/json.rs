//! Reading a few members of a JSON object without a type for it.
//!
//! Providers add fields, change types and send what strict parsers refuse; none of that may cost
//! an event. So only the wanted members are looked at, each on its own: one that is odd is
//! missing, and the others are still there.

use serde::{
    Deserializer as _,
    de::{Deserialize, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

/// The named members of a JSON object, as written; of one that comes twice, the last.
/// `None` when the bytes are not one JSON object.
pub(crate) fn members<'a, const N: usize>(
    json: &'a [u8],
    names: [&str; N],
) -> Option<[Option<&'a RawValue>; N]> {
    struct Wanted<'n, const N: usize>([&'n str; N]);

    impl<'a, const N: usize> Visitor<'a> for Wanted<'_, N> {
        type Value = [Option<&'a RawValue>; N];

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }

        fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = [None; N];
            while let Some(Key(key)) = map.next_key()? {
                match self.0.iter().position(|name| *name == key) {
                    Some(index) => found[index] = Some(map.next_value()?),
                    None => {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
            }
            Ok(found)
        }
    }

    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let found = deserializer.deserialize_map(Wanted(names)).ok()?;
    deserializer.end().ok()?;
    Some(found)
}

/// The members of a member; all missing when it is missing or not an object.
pub(crate) fn inside<'a, const N: usize>(
    value: Option<&'a RawValue>,
    names: [&str; N],
) -> [Option<&'a RawValue>; N] {
    value
        .and_then(|value| members(value.get().as_bytes(), names))
        .unwrap_or([None; N])
}

/// A string that is not empty. A lone surrogate makes it missing.
pub(crate) fn text(value: Option<&RawValue>) -> Option<Cow<'_, str>> {
    let Key(text) = serde_json::from_str(value?.get()).ok()?;
    (!text.is_empty()).then_some(text)
}

/// A whole number, written as a number or as a string, as protojson does for 64 bits.
pub(crate) fn whole(value: Option<&RawValue>) -> Option<i64> {
    value?.get().trim_matches('"').parse().ok()
}

/// A string, borrowed where nothing in it is escaped.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl<'a> Visitor<'a> for Text {
            type Value = Key<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_odd_member_costs_only_itself() {
        let json = br#"{"id":"a","n":"12","room":{"sid":7,"name":"\ud800"},"n2":9,"id2":null,"x":{"y":["\udc00",1e999]}}"#;
        let [id, n, room, n2, id2] = members(json, ["id", "n", "room", "n2", "id2"]).unwrap();
        assert_eq!(
            (text(id).as_deref(), whole(n), whole(n2), text(id2)),
            (Some("a"), Some(12), Some(9), None)
        );
        let [sid, name] = inside(room, ["sid", "name"]);
        assert_eq!((text(sid), text(name)), (None, None));
    }

    #[test]
    fn of_a_member_that_comes_twice_the_last_counts() {
        let [id] = members(br#"{"id":"a","\u0069d":"b"}"#, ["id"]).unwrap();
        assert_eq!(text(id).as_deref(), Some("b"));
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = format!(
            r#"{{"a":{}{},"id":"x"}}"#,
            "[".repeat(400_000),
            "]".repeat(400_000)
        );
        let [id] = members(deep.as_bytes(), ["id"]).unwrap();
        assert_eq!(text(id).as_deref(), Some("x"));
        assert!(members(&deep.as_bytes()[..deep.len() - 9], ["id"]).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some([a]) = members(&bytes, ["a"]) {
                let _ = (text(a), whole(a));
            }
        }
    }
}
