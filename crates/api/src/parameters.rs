//! Query parameters, each taken by name and parsed once.
//!
//! What nobody took is refused: a filter with a typing error would otherwise answer with
//! everything, and look right. The mistakes of a request are told at once, as many as help.

use crate::{
    problem::{FieldError, Problem},
    text,
};
use axum::{extract::FromRequestParts, http::request::Parts};
use chrono::{DateTime, Utc};
use std::convert::Infallible;
use uuid::Uuid;

/// The longest value we look at. The longest honest one is a cursor.
const LONGEST_VALUE: usize = 512;

/// Mistakes that are told of one request. A query of nothing else would make an answer many times its size.
const MOST_TOLD: usize = 16;

/// The parameters of one request.
#[derive(Debug, Default)]
pub struct Parameters {
    pairs: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Parameters {
    /// Splits a query string.
    #[must_use]
    pub fn parse(query: &str) -> Self {
        let pairs = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        Self {
            pairs,
            errors: Vec::new(),
        }
    }

    /// Takes a parameter. A bad value is remembered for [`Self::finish`].
    pub fn take<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let place = self.pairs.iter().position(|(found, _)| found == name)?;
        let (_, value) = self.pairs.remove(place);
        if self.pairs.iter().any(|(found, _)| found == name) {
            self.pairs.retain(|(found, _)| found != name);
            self.refuse(name, "is given more than once");
            return None;
        }
        match readable(&value).and_then(|()| parse(&value)) {
            Ok(parsed) => Some(parsed),
            Err(message) => {
                self.refuse(name, &message);
                None
            }
        }
    }

    /// Remembers that a parameter is wrong for a reason of the resource's own.
    pub fn refuse(&mut self, name: &str, message: &str) {
        self.errors.push(FieldError {
            field: name.to_owned(),
            message: message.to_owned(),
        });
    }

    /// Whether something was refused already.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Refuses what would name a client once more, where the path names it.
    #[must_use]
    pub(crate) fn without_client(mut self) -> Self {
        for name in ["client_id", "unassigned"] {
            if self.pairs.iter().any(|(found, _)| found == name) {
                self.pairs.retain(|(found, _)| found != name);
                self.refuse(name, "is no parameter here: the path names the client");
            }
        }
        self
    }

    /// Ends the taking.
    ///
    /// # Errors
    /// The problem that lists every bad parameter and the first unknown ones.
    pub fn finish(mut self) -> Result<(), Problem> {
        let room = MOST_TOLD.saturating_sub(self.errors.len());
        for (name, _) in std::mem::take(&mut self.pairs).into_iter().take(room) {
            let name: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
            self.errors.push(FieldError {
                field: name,
                message: "is not a parameter of this path".into(),
            });
        }
        if self.errors.is_empty() {
            Ok(())
        } else {
            Err(Problem::bad_parameters(self.errors))
        }
    }
}

fn readable(value: &str) -> Result<(), String> {
    match value {
        "" => Err("is empty; leave it out instead".into()),
        value if value.len() > LONGEST_VALUE => {
            Err(format!("is longer than {LONGEST_VALUE} bytes"))
        }
        // The decoder puts U+FFFD where the bytes were not UTF-8. PostgreSQL has no NUL in text.
        value if value.contains(['\0', '\u{fffd}']) => {
            Err("holds characters that are not text".into())
        }
        _ => Ok(()),
    }
}

/// A UUID in its usual form.
///
/// # Errors
/// In words.
pub fn uuid(text: &str) -> Result<Uuid, String> {
    // The crate also takes braces, urn: and forms without dashes; one thing, one spelling.
    match Uuid::parse_str(text) {
        Ok(id) if text.len() == 36 => Ok(id),
        _ => Err("must be a UUID like 018f3c1e-0000-7000-8000-000000000000".into()),
    }
}

/// The UUID in a place of the path.
///
/// # Errors
/// 400 that names the place.
pub fn path_id(name: &str, text: &str) -> Result<Uuid, Problem> {
    uuid(text).map_err(|message| {
        Problem::bad_parameters(vec![FieldError {
            field: name.to_owned(),
            message,
        }])
    })
}

/// The telephone number in a place of the path.
///
/// # Errors
/// 400 that names the place.
pub(crate) fn path_number(name: &str, text: &str) -> Result<String, Problem> {
    text::phone_number(text).map_err(|message| {
        Problem::bad_parameters(vec![FieldError {
            field: name.to_owned(),
            message,
        }])
    })
}

/// An instant in RFC 3339.
///
/// # Errors
/// In words.
pub fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let at = DateTime::parse_from_rfc3339(text).map_err(|_| {
        "must be a time like 2026-11-23T09:30:00Z (write + as %2B in the address)".to_owned()
    })?;
    Ok(at.to_utc())
}

/// `true` or `false`.
///
/// # Errors
/// In words.
pub fn flag(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "must be true or false".to_owned())
}

/// A whole number within bounds.
pub fn whole(least: i64, most: i64) -> impl Fn(&str) -> Result<i64, String> {
    move |text| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        text.parse()
            .ok()
            .filter(|number| plain && (least..=most).contains(number))
            .ok_or_else(|| format!("must be a whole number from {least} to {most}"))
    }
}

/// One of a few words.
pub fn one_of(words: &'static [&'static str]) -> impl Fn(&str) -> Result<&'static str, String> {
    move |text| {
        let found = words.iter().find(|word| **word == text).copied();
        found.ok_or_else(|| format!("must be one of {}", words.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(mut parameters: Parameters, take: impl Fn(&mut Parameters)) -> String {
        take(&mut parameters);
        format!("{:?}", parameters.finish().unwrap_err())
    }

    #[test]
    fn every_mistake_is_named_at_once() {
        let problem = refused(Parameters::parse("limit=0&wrong=1&limt=3"), |parameters| {
            parameters.take("limit", whole(1, 100));
        });
        for name in ["limit", "wrong", "limt"] {
            assert!(problem.contains(name), "{problem}");
        }
    }

    #[test]
    fn a_query_of_nothing_but_mistakes_is_answered_shortly() {
        let query = format!("limit=0&{}", "a&".repeat(30_000));
        let mut parameters = Parameters::parse(&query);
        parameters.take("limit", whole(1, 100));
        let problem = parameters.finish().unwrap_err();
        assert!(problem.detail().starts_with("limit "), "{problem:?}");
        assert!(problem.detail().len() < 1024, "{}", problem.detail().len());
        assert_eq!(format!("{problem:?}").matches("FieldError").count(), 16);
    }

    #[test]
    fn values_that_are_not_plain_text_are_refused() {
        for query in [
            "a=%00",
            "a=x%00y",
            "a=%ff",
            "a=",
            "a",
            "a=1&a=1",
            &format!("a={}", "x".repeat(600)),
        ] {
            let problem = refused(Parameters::parse(query), |parameters| {
                assert_eq!(
                    parameters.take("a", |text| Ok(text.to_owned())),
                    None,
                    "{query:?}"
                );
            });
            assert!(problem.contains("\"a\""), "{problem}");
        }
    }

    #[test]
    fn parsers_take_one_spelling() {
        assert!(uuid("018f3c1e-0000-7000-8000-000000000000").is_ok());
        for bad in [
            "018f3c1e000070008000000000000000",
            "{018f3c1e-0000-7000-8000-000000000000}",
            "1",
        ] {
            assert!(uuid(bad).is_err(), "{bad}");
        }
        assert!(instant("2026-11-23T09:30:00+02:00").is_ok());
        for bad in [
            "2026-11-23",
            "2026-11-23T09:30:00",
            "2026-19-01T00:00:00Z",
            "now",
        ] {
            assert!(instant(bad).is_err(), "{bad}");
        }
        assert_eq!(whole(1, 100)("100"), Ok(100));
        for bad in [
            "0",
            "101",
            "+5",
            "5.0",
            "1e1",
            " 5",
            "99999999999999999999",
            "٣",
            "-",
        ] {
            assert!(whole(1, 100)(bad).is_err(), "{bad}");
        }
        assert!(flag("TRUE").is_err());
    }
}
