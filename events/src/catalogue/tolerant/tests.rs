//! Every spelling a sender may choose, and any JSON at all.

// The macro makes public structs; in a test module nobody outside can reach them.
#![allow(unreachable_pub)]

use super::*;
use crate::catalogue::moment::Moment;
use proptest::prelude::*;
use serde_json::json;

struct Colours;
impl Names for Colours {
    const NAMES: &'static [(i64, &'static str)] = &[(0, "RED"), (3, "BLUE")];
}

record! {
    /// Something with a field of every kind.
    pub struct Thing requires ["name"] {
        /// Text.
        pub name: Option<String> as Text = "name" | "the_name",
        /// Integer.
        pub count: Option<i64> as Integer = "count",
        /// Number.
        pub share: Option<f64> as Number = "share",
        /// Flag.
        pub open: bool as Flag = "open",
        /// Enum.
        pub colour: Option<Word> as Name<Colours> = "colour",
        /// Time.
        pub at: Option<Moment> as Time = "at",
        /// Seconds.
        pub seconds: Option<Moment> as Seconds = "seconds",
        /// Nanoseconds.
        pub nanos: Option<Moment> as Nanos = "nanos",
        /// Object.
        pub inner: Option<Inner> as One<Inner> = "inner",
        /// List.
        pub inners: Vec<Inner> as Many<One<Inner>> = "inners",
        /// Attributes.
        pub attributes: Attributes as Attributes = "attributes",
        /// Numbers.
        pub numbers: std::collections::BTreeMap<String, f64> as Numbers = "numbers",
        /// Words.
        pub words: Option<String> as Words = "words",
        /// Verbatim.
        pub verbatim: Option<String> as Verbatim = "verbatim",
    }
}

record! {
    /// Something inside.
    pub struct Inner {
        /// Text.
        pub name: Option<String> as Text = "name",
    }
}

fn thing(json: &str) -> Thing {
    read(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn inner(name: &str) -> Inner {
    Inner {
        name: Some(name.to_owned()),
    }
}

#[test]
fn a_refusal_says_where_and_quotes_nothing() {
    let refusal = |bytes: &[u8]| read::<Thing>(bytes).unwrap_err().to_string();
    assert_eq!(
        refusal(b"{\"name\":\n \"Anna\", Anna}"),
        "not a JSON object (line 2, column 10)"
    );
    assert_eq!(
        refusal(b"{\"name\": \"Anna\"} Anna"),
        "not a JSON object (line 1, column 18)"
    );
    assert_eq!(refusal(b"\"Anna\""), "JSON but not an object");
}

#[test]
fn every_spelling_of_a_value_is_read() {
    for (json, count) in [
        ("7", 7),
        ("\"7\"", 7),
        ("7.9", 7),
        ("\" 7 \"", 7),
        ("7e0", 7),
        ("-3", -3),
        ("1e3", 1000),
    ] {
        assert_eq!(
            thing(&format!(r#"{{"count":{json}}}"#)).count,
            Some(count),
            "{json}"
        );
    }
    for (json, colour) in [
        ("3", "BLUE"),
        ("\"BLUE\"", "BLUE"),
        ("99", "99"),
        ("\"PUCE\"", "PUCE"),
        ("0", "RED"),
    ] {
        assert_eq!(
            thing(&format!(r#"{{"colour":{json}}}"#)).colour.as_deref(),
            Some(colour),
            "{json}"
        );
    }
}

#[test]
fn every_spelling_of_a_time_is_read() {
    for json in [
        "1795194240.5",
        "\"1795194240.5\"",
        "\"2026-11-20T17:04:00.5Z\"",
        "\"2026-11-20T18:04:00.5+01:00\"",
    ] {
        let at = thing(&format!(r#"{{"at":{json}}}"#)).at.map(Moment::micros);
        assert_eq!(at, Some(1_795_194_240_500_000), "{json}");
    }
    assert_eq!(
        thing(r#"{"nanos":"1795194242100000999"}"#)
            .nanos
            .map(Moment::micros),
        Some(1_795_194_242_100_000)
    );
}

#[test]
fn every_spelling_of_a_text_is_read() {
    for (json, words) in [
        (r#""a""#, "a"),
        (r#"["a","b"]"#, "a\nb"),
        (r#"["a",{"x":1},null,"b\n"]"#, "a\nb\n"),
    ] {
        assert_eq!(
            thing(&format!(r#"{{"words":{json}}}"#)).words.as_deref(),
            Some(words),
            "{json}"
        );
    }
    assert_eq!(
        thing(r#"{"verbatim":{"a": [1]}}"#).verbatim.as_deref(),
        Some(r#"{"a": [1]}"#)
    );
    assert_eq!(
        thing(r#"{"the_name":"snake"}"#).name.as_deref(),
        Some("snake")
    );
}

#[test]
fn a_repeated_key_counts_last_and_null_is_absent() {
    assert_eq!(
        thing(r#"{"name":"a","name":"b"}"#).name.as_deref(),
        Some("b")
    );
    assert_eq!(
        thing(r#"{"name":"a","the_name":"b"}"#).name.as_deref(),
        Some("b")
    );
    assert_eq!(
        thing(r#"{"attributes":{"a":"1","a":"2"}}"#)
            .attributes
            .get("a"),
        Some("2")
    );
    let all_null = json!({
        "name": null, "count": null, "share": null, "open": null, "colour": null, "at": null, "seconds": null,
        "nanos": null, "inner": null, "inners": null, "attributes": null, "numbers": null, "words": null,
        "verbatim": null,
    });
    assert_eq!(thing(&all_null.to_string()), Thing::default());
}

#[test]
fn absurd_times_are_absent() {
    for json in [
        "0",
        "-1",
        "99999999999999999",
        "1e300",
        "-1e300",
        "\"2026-19-01T00:00:00Z\"",
        "\"soon\"",
        "\"\"",
        "true",
        "253402300800",
        "\"+10000-01-01T00:00:00Z\"",
        "NaN",
    ] {
        let Ok(thing) = read::<Thing>(format!(r#"{{"seconds":{json},"name":"kept"}}"#).as_bytes())
        else {
            assert_eq!(json, "NaN");
            continue;
        };
        assert_eq!(
            (thing.seconds, thing.name.as_deref()),
            (None, Some("kept")),
            "{json}"
        );
    }
    assert_eq!(
        thing(r#"{"at":"1970-01-01T00:00:00Z"}"#)
            .at
            .map(Moment::micros),
        Some(0)
    );
    let last = thing(r#"{"at":"9999-12-31T23:59:59.999999Z"}"#).at;
    assert_eq!(
        last.map(|at| at.to_string()).as_deref(),
        Some("9999-12-31T23:59:59.999999Z")
    );
}

#[test]
fn what_is_no_character_is_replaced_and_loses_nothing() {
    assert_eq!(
        thing(r#"{"name":"a\u0000b"}"#).name.as_deref(),
        Some("a\u{FFFD}b")
    );
    assert_eq!(
        thing(r#"{"name":"\ud800x","count":1}"#).name.as_deref(),
        Some("\u{FFFD}x")
    );
    assert_eq!(
        thing(r#"{"name":"\ud83d\ude00\udc00"}"#).name.as_deref(),
        Some("😀\u{FFFD}")
    );
    assert_eq!(
        thing(r#"{"name":"\\ud800"}"#).name.as_deref(),
        Some("\\ud800")
    );
    assert_eq!(
        thing(r#"{"\udfff":{"deep":"\ud800"},"inner":"\ud800","count":1}"#).count,
        Some(1)
    );
    assert_eq!(
        thing(r#"{"numbers":{"a\u0000":1}}"#)
            .numbers
            .keys()
            .next()
            .map(String::as_str),
        Some("a\u{FFFD}")
    );
    let invalid = [b"{\"name\":\"a".as_slice(), &[0xFF], b"\",\"count\":1}"].concat();
    let thing: Thing = read(&invalid).unwrap();
    assert_eq!(
        (thing.name.as_deref(), thing.count),
        (Some("a\u{FFFD}"), Some(1))
    );
}

#[test]
fn a_value_however_deep_or_large_fails_nothing_around_it() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for name in ["name", "unknown", "verbatim", "words"] {
        assert_eq!(
            thing(&format!(r#"{{"{name}":{deep},"count":1}}"#)).count,
            Some(1),
            "{name}"
        );
    }
    assert_eq!(
        thing(r#"{"share":1e999,"count":1e999,"unknown":1e999,"name":"kept"}"#)
            .name
            .as_deref(),
        Some("kept")
    );
}

#[test]
fn only_what_is_no_object_is_refused() {
    for bytes in [
        "", "null", "[]", "7", "\"x\"", "{", "{}{}", "{\"a\":}", "nul", "\u{feff}",
    ] {
        assert!(read::<Thing>(bytes.as_bytes()).is_err(), "{bytes}");
    }
    assert_eq!(thing("{}"), Thing::default());
}

#[test]
fn an_element_that_is_no_object_leaves_the_others() {
    assert_eq!(
        thing(r#"{"inners":[1,{"name":"a"},null,[{}],"x",{"name":"b"}]}"#).inners,
        [inner("a"), inner("b")]
    );
    assert_eq!(
        thing(r#"{"attributes":{"a":1,"b":"x","c":{"d":[1]},"e":""}}"#)
            .attributes
            .iter()
            .collect::<Vec<_>>(),
        [("b", "x")]
    );
}

#[test]
fn the_schema_says_what_is_read() {
    let schema = root_schema::<Thing>().to_value();
    assert_eq!(schema["required"], json!(["name"]));
    assert_eq!(
        schema["properties"]["count"]["type"],
        json!(["integer", "string", "null"])
    );
    assert_eq!(
        schema["properties"]["colour"]["examples"],
        json!(["RED", "BLUE"])
    );
}

#[test]
fn a_number_no_float_can_hold_costs_only_its_field() {
    for field in [
        "name",
        "count",
        "share",
        "at",
        "inner",
        "inners",
        "attributes",
        "numbers",
        "words",
    ] {
        let text = format!(r#"{{"{field}":-1e999,"x":"1e999","open":true}}"#);
        assert!(thing(&text).open, "{text}");
    }
    let nested =
        r#"{"inners":[1e400,{"name":"a\"1e400"}],"numbers":{"a":1e400,"b":2},"verbatim":[1e400]}"#;
    let read = thing(nested);
    assert_eq!(read.inners.len(), 1);
    assert_eq!(read.inners[0].name.as_deref(), Some("a\"1e400"));
    assert_eq!(
        read.numbers.into_iter().collect::<Vec<_>>(),
        [("b".to_owned(), 2.0)]
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((any_key(), inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn any_key() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "name",
            "count",
            "share",
            "open",
            "colour",
            "at",
            "seconds",
            "nanos",
            "inner",
            "inners",
            "attributes",
            "numbers",
            "words",
            "verbatim",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn any_object_is_read(pairs in prop::collection::vec((any_key(), any_json()), 0..12)) {
        let object = Value::Object(pairs.into_iter().collect());
        prop_assert!(read::<Thing>(object.to_string().as_bytes()).is_ok());
    }

    #[test]
    fn any_value_of_another_kind_leaves_its_neighbour(value in any_json(), key in any_key()) {
        let text = format!("{{{}:{value},\"name\":\"kept\"}}", Value::from(key));
        prop_assert_eq!(thing(&text).name, Some("kept".to_owned()));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read::<Thing>(&bytes).is_ok();
    }
}
