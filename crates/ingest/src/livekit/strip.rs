//! Secrets out, every other byte as it came.
//!
//! Rooms carry their TURN password, ingress its stream key, egress requests may carry storage
//! keys (see the facts on LiveKit, section 1). They are cut out of the text token by token: no
//! number, escape or order changes, nothing is too deep, and a body that is no JSON at all is
//! searched just the same, because it will be stored too. The same knife takes the metadata out of what
//! is too large to be stored.

use memchr::{memchr2, memmem};

/// Without one of these there is nothing to cut. An escaped key would hide from them, so any
/// escape of an ASCII character leads to the slow way as well.
const TRACES: [&[u8]; 6] = [
    b"urnPassword",
    b"turn_password",
    b"treamKey",
    b"stream_key",
    b"gress",
    b"\\u00",
];

/// Cut wherever they stand.
const SECRET: [&str; 2] = ["turnpassword", "streamkey"];
/// The raw request inside an egress: what it says is in the results as well.
const EGRESS_REQUEST: [&str; 7] = [
    "roomcomposite",
    "participant",
    "track",
    "trackcomposite",
    "web",
    "egress",
    "replay",
];
/// Cut inside an egress and inside whatever describes a storage.
const CREDENTIAL: [&str; 10] = [
    "secret",
    "secretkey",
    "secretaccesskey",
    "accesskey",
    "accesskeyid",
    "sessiontoken",
    "accountkey",
    "credentials",
    "password",
    "signingkey",
];
const STORAGE: [&str; 8] = [
    "egress",
    "storage",
    "backupstorage",
    "s3",
    "gcp",
    "azure",
    "alioss",
    "proxy",
];

/// The body without its secrets; `None` when it has none and can go out as it is.
pub(super) fn strip(body: &[u8]) -> Option<Vec<u8>> {
    if !TRACES
        .iter()
        .any(|trace| memmem::find(body, trace).is_some())
    {
        return None;
    }
    cut(body, is_secret)
}

/// The body without any member called `metadata`; `None` when it has none.
pub(super) fn without_metadata(body: &[u8]) -> Option<Vec<u8>> {
    let mut rest = cut(body, |key, _| key == b"metadata")?;
    // It waits to be stored, and not with the room of all that was cut.
    rest.shrink_to_fit();
    Some(rest)
}

/// The body without the members whose key, at its place, is unwanted; `None` when it has none.
fn cut(body: &[u8], is_unwanted: IsUnwanted) -> Option<Vec<u8>> {
    let mut cutter = Cutter {
        body,
        is_unwanted,
        at: 0,
        kept: 0,
        out: None,
        open: Vec::new(),
    };
    cutter.run();
    let (kept, out) = (cutter.kept, cutter.out);
    out.map(|mut out| {
        out.extend_from_slice(&body[kept..]);
        out
    })
}

/// Asked of a key as [`PlainKey`] has it.
type IsUnwanted = fn(&[u8], Place) -> bool;

/// What the keys of an object mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Anywhere,
    /// Directly inside `egressInfo`.
    Egress,
    /// Deeper inside an egress, or inside a storage.
    Storage,
}

struct Cutter<'a> {
    body: &'a [u8],
    is_unwanted: IsUnwanted,
    at: usize,
    /// Up to here the body is in `out`, or cut.
    kept: usize,
    /// Made with the first cut.
    out: Option<Vec<u8>>,
    /// The open objects and arrays.
    open: Vec<Place>,
}

impl Cutter<'_> {
    fn run(&mut self) {
        let mut next = Place::Anywhere;
        while let Some(&byte) = self.body.get(self.at) {
            match byte {
                b'"' => {
                    let start = self.at;
                    self.at = string_end(self.body, start);
                    let colon = blank_end(self.body, self.at);
                    if self.body.get(colon) != Some(&b':') {
                        continue;
                    }
                    let place = self.place();
                    let key = PlainKey::of(&self.body[start..self.at]);
                    if (self.is_unwanted)(key.as_bytes(), place) {
                        self.cut(start, value_end(self.body, colon + 1));
                    } else {
                        next = place_of_value(key.as_bytes(), place);
                        self.at = colon + 1;
                    }
                }
                b'{' | b'[' => {
                    self.open.push(next.max_of(self.place()));
                    next = Place::Anywhere;
                    self.at += 1;
                }
                b'}' | b']' => {
                    self.open.pop();
                    self.at += 1;
                }
                b',' => {
                    next = Place::Anywhere;
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
    }

    fn place(&self) -> Place {
        self.open.last().copied().unwrap_or(Place::Anywhere)
    }

    /// Leaves out a member, with the comma after it or, of a last one, the comma before it.
    fn cut(&mut self, start: usize, end: usize) {
        let out = self
            .out
            .get_or_insert_with(|| Vec::with_capacity(self.body.len()));
        out.extend_from_slice(&self.body[self.kept..start]);
        let after = blank_end(self.body, end);
        self.kept = if self.body.get(after) == Some(&b',') {
            blank_end(self.body, after + 1)
        } else {
            let solid = out
                .iter()
                .rposition(|byte| !byte.is_ascii_whitespace())
                .map_or(0, |last| last + 1);
            if out[..solid].last() == Some(&b',') {
                out.truncate(solid - 1);
            }
            end
        };
        self.at = self.kept;
    }
}

impl Place {
    /// What the inside of a value is, given its key's meaning and where it stands.
    fn max_of(self, outside: Self) -> Self {
        match (self, outside) {
            (Self::Anywhere, Self::Egress | Self::Storage) => Self::Storage,
            (own, _) => own,
        }
    }
}

fn is_secret(key: &[u8], place: Place) -> bool {
    let is_in = |list: &[&str]| list.iter().any(|name| name.as_bytes() == key);
    match place {
        Place::Anywhere => is_in(&SECRET),
        Place::Egress => is_in(&SECRET) || is_in(&EGRESS_REQUEST) || is_in(&CREDENTIAL),
        Place::Storage => is_in(&SECRET) || is_in(&CREDENTIAL),
    }
}

fn place_of_value(key: &[u8], place: Place) -> Place {
    match key {
        b"egressinfo" => Place::Egress,
        _ if place != Place::Anywhere || STORAGE.iter().any(|name| name.as_bytes() == key) => {
            Place::Storage
        }
        _ => Place::Anywhere,
    }
}

/// No name that is looked for is longer.
const LONGEST_KEY: usize = 24;

/// A key as it is compared: unescaped, lower case, without `_`: `turn_password` and
/// `turnPassword` are one. On the stack, because a body has many keys.
struct PlainKey {
    bytes: [u8; LONGEST_KEY],
    length: usize,
}

impl PlainKey {
    /// A key longer than all that are looked for is as good as none.
    fn of(quoted: &[u8]) -> Self {
        let unescaped = if quoted.contains(&b'\\') {
            serde_json::from_slice::<String>(quoted).ok()
        } else {
            None
        };
        let mut key = Self {
            bytes: [0; LONGEST_KEY],
            length: 0,
        };
        for byte in unescaped.as_ref().map_or(quoted, String::as_bytes) {
            if matches!(byte, b'_' | b'-' | b'"') {
                continue;
            }
            let Some(place) = key.bytes.get_mut(key.length) else {
                return Self {
                    bytes: [0; LONGEST_KEY],
                    length: 0,
                };
            };
            *place = byte.to_ascii_lowercase();
            key.length += 1;
        }
        key
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// The position after the string that begins at `start`; the end of the body if it has no end.
fn string_end(body: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = body.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        at += found;
        if body[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    body.len()
}

fn blank_end(body: &[u8], start: usize) -> usize {
    let blank = body[start.min(body.len())..]
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count();
    start.min(body.len()) + blank
}

/// The position after the value that begins at or after `start`.
fn value_end(body: &[u8], start: usize) -> usize {
    let mut at = blank_end(body, start);
    let mut depth = 0_usize;
    while let Some(&byte) = body.get(at) {
        match byte {
            b'"' => at = string_end(body, at),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                at += 1;
            }
            b',' if depth == 0 => return at,
            _ if depth == 0 => {
                // A number or a word.
                let length = body[at..]
                    .iter()
                    .take_while(|byte| !b",}] \t\r\n\"".contains(byte))
                    .count();
                return at + length.max(1);
            }
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    body.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(body: &str, expected: &str) {
        let stripped = strip(body.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap());
        assert_eq!(stripped.as_deref().unwrap_or(body), expected);
    }

    #[test]
    fn secrets_go_and_every_other_byte_stays() {
        check(
            r#"{"room":{"sid":"a", "turnPassword":"x", "n":1.0}}"#,
            r#"{"room":{"sid":"a", "n":1.0}}"#,
        );
        check(r#"{"room":{"turnPassword":"x\"}"}}"#, r#"{"room":{}}"#);
        check(
            r#"{"room":{"sid":"a" , "turn_password" : "x"}, "b":2}"#,
            r#"{"room":{"sid":"a" }, "b":2}"#,
        );
        check(
            r#"{"job":{"room":{"turnPassword":"x"}},"z":"\ud800"}"#,
            r#"{"job":{"room":{}},"z":"\ud800"}"#,
        );
        check(
            r#"{"ingressInfo":{"streamKey":"k","url":"u","stream_key":"k"}}"#,
            r#"{"ingressInfo":{"url":"u"}}"#,
        );
        check(r#"{"room":{"\u0074urnPassword":"x"}}"#, r#"{"room":{}}"#);
    }

    #[test]
    fn an_egress_loses_its_request_and_its_storage_keys() {
        check(
            r#"{"track":{"sid":"t"},"egressInfo":{"egressId":"e","roomComposite":{"fileOutputs":[{"s3":{"secret":"x"}}]},"track":{"a":[1,{"b":2}]},"status":"S"}}"#,
            r#"{"track":{"sid":"t"},"egressInfo":{"egressId":"e","status":"S"}}"#,
        );
        check(
            r#"{"egress_info":{"x":[{"s3":{"access_key":"k","secret":"s","bucket":"b"}}],"fileResults":[{"filename":"f"}]}}"#,
            r#"{"egress_info":{"x":[{"s3":{"bucket":"b"}}],"fileResults":[{"filename":"f"}]}}"#,
        );
        check(
            r#"{"job":{"egress":{"room":{"azure":{"accountName":"n","accountKey":"k"}}}}}"#,
            r#"{"job":{"egress":{"room":{"azure":{"accountName":"n"}}}}}"#,
        );
    }

    #[test]
    fn an_ordinary_password_attribute_is_the_customers_own() {
        let body =
            r#"{"participant":{"attributes":{"password":"door code","secret":"1"}},"e":"ingress"}"#;
        check(body, body);
    }

    #[test]
    fn secrets_leave_even_what_is_not_json() {
        for body in [
            r#"{"room":{"turnPassword":"hush"#,
            r#"{"turnPassword":["hush",{"a":"hush"#,
            r#"[[["turnPassword" : "hush" garbage"#,
            r#"}}"turnPassword":"hush","#,
        ] {
            let stripped = String::from_utf8(strip(body.as_bytes()).unwrap()).unwrap();
            assert!(!stripped.contains("hush"), "{body} became {stripped}");
        }
    }

    #[test]
    fn metadata_goes_wherever_it_stands_and_every_other_byte_stays() {
        let body = r#"{"event":"e", "room":{"metadata":"{\"a\":1}","sid":"s"},"participant":{"sid":"p", "metadata" : "x","attributes":{"k":"metadata"}},"n":1.0}"#;
        let rest = without_metadata(body.as_bytes()).unwrap();
        assert_eq!(
            String::from_utf8(rest).unwrap(),
            r#"{"event":"e", "room":{"sid":"s"},"participant":{"sid":"p", "attributes":{"k":"metadata"}},"n":1.0}"#
        );
        assert_eq!(without_metadata(br#"{"room":{"sid":"metadata"}}"#), None);
    }

    /// Any JSON value, some of whose keys are secrets.
    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<i64>().prop_map(Into::into),
            "[a-z\\\\\"{}\\[\\],: ]{0,8}".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(5, 60, 5, |inner| {
            let key = prop_oneof![
                Just("turnPassword".to_owned()),
                Just("egressInfo".to_owned()),
                Just("track".to_owned()),
                Just("secret".to_owned()),
                Just("metadata".to_owned()),
                "[a-z\"\\\\]{1,4}",
            ];
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
                proptest::collection::hash_map(key, inner, 0..5)
                    .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// The same rules on a parsed value, written down independently of any text.
    fn expected(value: &serde_json::Value, place: Place) -> serde_json::Value {
        match value {
            serde_json::Value::Object(members) => members
                .iter()
                .filter(|(key, _)| {
                    !is_secret(
                        key.to_lowercase().replace(['_', '-', '"'], "").as_bytes(),
                        place,
                    )
                })
                .map(|(key, value)| {
                    let inside = place_of_value(
                        key.to_lowercase().replace(['_', '-', '"'], "").as_bytes(),
                        place,
                    );
                    (key.clone(), expected(value, inside.max_of(place)))
                })
                .collect(),
            serde_json::Value::Array(items) => {
                let inside = if place == Place::Egress {
                    Place::Storage
                } else {
                    place
                };
                items.iter().map(|item| expected(item, inside)).collect()
            }
            other => other.clone(),
        }
    }

    fn expected_without_metadata(value: &serde_json::Value) -> serde_json::Value {
        match value {
            serde_json::Value::Object(members) => members
                .iter()
                .filter(|(key, _)| *key != "metadata")
                .map(|(key, value)| (key.clone(), expected_without_metadata(value)))
                .collect(),
            serde_json::Value::Array(items) => {
                items.iter().map(expected_without_metadata).collect()
            }
            other => other.clone(),
        }
    }

    proptest! {
        #[test]
        fn cutting_metadata_equals_removing_members(value in json()) {
            let text = value.to_string();
            let rest = without_metadata(text.as_bytes()).unwrap_or(text.into_bytes());
            let rest: serde_json::Value = serde_json::from_slice(&rest).unwrap();
            prop_assert_eq!(rest, expected_without_metadata(&value));
        }

        #[test]
        fn cutting_text_equals_removing_members(value in json(), pretty: bool) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            let stripped = strip(text.as_bytes()).unwrap_or(text.into_bytes());
            let stripped: serde_json::Value = serde_json::from_slice(&stripped).unwrap();
            prop_assert_eq!(stripped, expected(&value, Place::Anywhere));
        }

        #[test]
        fn any_bytes_are_taken(mut bytes in proptest::collection::vec(
            prop_oneof![any::<u8>(), proptest::sample::select(b"{}[]\",:\\ ".to_vec())], 0..100), at in 0usize..100) {
            let at = at.min(bytes.len());
            bytes.splice(at..at, *b"\"turnPassword\":");
            let _ = strip(&bytes);
            let _ = without_metadata(&bytes);
        }
    }
}
