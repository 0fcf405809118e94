//! JSON bodies, read strictly: what is unknown, doubled or not text is refused by name, because a
//! field with a typing error would otherwise be ignored and look saved.

use crate::problem::{FieldError, Problem};
use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use bytes::Bytes;
use frontdesk_process::listen::BodyTimedOut;
use serde::de::{DeserializeOwned, IgnoredAny};
use std::error::Error;

/// A request's JSON body. `T` denies unknown fields (`#[serde(deny_unknown_fields)]`).
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::not_json_type());
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| unread(&rejection, rejection.status()))?;
        read(&bytes).map(Self)
    }
}

/// A body that could not be read to its end. That it came too slowly stands in the error's chain alone:
/// what we do not say of it, the listener would, without the request's id.
pub(crate) fn unread(error: &(dyn Error + 'static), status: StatusCode) -> Problem {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<BodyTimedOut>() {
            return Problem::too_slow();
        }
        cause = error.source();
    }
    Problem::of_status(status)
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(|value| value.split(';').next().unwrap_or_default().trim());
    media.is_some_and(|media| media.eq_ignore_ascii_case("application/json"))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    // A derived reader would take the fields in their order from an array.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(match serde_json::from_slice::<IgnoredAny>(bytes) {
            Ok(_) => wrong_field(".".to_owned(), "invalid type"),
            Err(_) => Problem::bad_json(),
        });
    }
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        // What is read first may have the wrong type in what is no JSON further on.
        if !inner.is_data() || serde_json::from_slice::<IgnoredAny>(bytes).is_err() {
            return Problem::bad_json();
        }
        wrong_field(path, &inner.to_string())
    })?;
    reader.end().map_err(|_| Problem::bad_json())?;
    Ok(value)
}

/// serde's words without its position, and the field they are about.
fn wrong_field(path: String, words: &str) -> Problem {
    let words = words
        .rsplit_once(" at line ")
        .map_or(words, |(words, _)| words);
    // A missing or doubled field is named in the words alone.
    let named = words.split('`').nth(1);
    let field = match named {
        Some(name) if path == "." => name.to_owned(),
        Some(name)
            if words.starts_with("missing field") || words.starts_with("duplicate field") =>
        {
            format!("{path}.{name}")
        }
        _ => path,
    };
    let message = if words.starts_with("unknown field") {
        "is not a field of this request".to_owned()
    } else if words.starts_with("missing field") {
        "is missing".to_owned()
    } else if words.starts_with("duplicate field") {
        "is given more than once".to_owned()
    } else {
        "has the wrong type".to_owned()
    };
    let field = field.chars().filter(|c| !c.is_control()).take(64).collect();
    Problem::invalid(vec![FieldError { field, message }])
}

/// The fields of one body, each checked once; all mistakes are told together.
#[derive(Debug, Default)]
pub struct Fields(Vec<FieldError>);

impl Fields {
    /// Checks a field. A bad one is remembered for [`Self::finish`].
    pub fn take<T, U>(
        &mut self,
        name: &str,
        given: T,
        check: impl FnOnce(T) -> Result<U, String>,
    ) -> Option<U> {
        match check(given) {
            Ok(value) => Some(value),
            Err(message) => {
                self.refuse(name, &message);
                None
            }
        }
    }

    /// Remembers that a field is wrong for a reason of the resource's own.
    pub fn refuse(&mut self, name: &str, message: &str) {
        self.0.push(FieldError {
            field: name.to_owned(),
            message: message.to_owned(),
        });
    }

    /// Ends the taking.
    ///
    /// # Errors
    /// 422 that lists every bad field.
    pub fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid(self.0))
        }
    }
}

/// What serde derives takes the fields of a struct from an array as well, in their order: an array of two
/// times would be a stretch, and one of four booleans somebody's choices. With this, and
/// `#[serde(remote = "Self")]` beside the derives, only an object is one.
macro_rules! only_as_object {
    ($kind:ident) => {
        impl<'de> serde::Deserialize<'de> for $kind {
            fn deserialize<D: serde::Deserializer<'de>>(given: D) -> Result<Self, D::Error> {
                struct Object;

                impl<'de> serde::de::Visitor<'de> for Object {
                    type Value = $kind;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        map: A,
                    ) -> Result<$kind, A::Error> {
                        $kind::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                    }
                }
                given.deserialize_map(Object)
            }
        }

        impl serde::Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $kind::serialize(self, serializer)
            }
        }
    };
}
pub(crate) use only_as_object;

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        #[allow(dead_code, reason = "read to see it refused")]
        name: String,
        #[allow(dead_code, reason = "read to see it refused")]
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[allow(dead_code, reason = "read to see it refused")]
        number: u8,
    }

    fn refused(body: &str) -> String {
        format!("{:?}", read::<Example>(body.as_bytes()).unwrap_err())
    }

    #[test]
    fn a_mistake_is_named_by_its_field() {
        for (body, field, words) in [
            (r#"{"name":"a","nmae":"b"}"#, "nmae", "is not a field"),
            (r#"{"name":"a","name":"b"}"#, "name", "more than once"),
            (r"{}", "name", "is missing"),
            (r#"{"name":7}"#, "name", "wrong type"),
            (
                r#"{"name":"a","inner":{"number":300}}"#,
                "inner.number",
                "wrong type",
            ),
            (r#"{"name":"a","inner":{}}"#, "inner.number", "is missing"),
            (r#"["a",null]"#, ".", "wrong type"),
        ] {
            let problem = refused(body);
            assert!(
                problem.contains(&format!("field: {field:?}")) && problem.contains(words),
                "{body}: {problem}"
            );
        }
    }

    #[test]
    fn what_is_not_json_is_said_to_be_none() {
        for body in [
            "",
            "{",
            "[1",
            "nul",
            "{\"name\":\"a\"} x",
            "\u{feff}{}",
            "{\"name\":\"\\ud800\"}",
        ] {
            assert!(
                refused(body).contains("bad-json"),
                "{body:?}: {}",
                refused(body)
            );
        }
        let deep = "[".repeat(10_000);
        assert!(refused(&deep).contains("bad-json"));
    }
}
