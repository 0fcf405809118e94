//! An instant as the API writes it: RFC 3339, UTC, milliseconds.

use chrono::{DateTime, Datelike as _, SecondsFormat, Timelike as _, Utc};
use serde::{Serialize, Serializer};
use std::fmt::{self, Write as _};
use utoipa::ToSchema;

/// An instant in UTC. Written with three decimals, so that text order is time order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, sqlx::Type, ToSchema)]
#[sqlx(transparent)]
#[schema(value_type = String, format = DateTime, example = "2026-11-23T09:30:00.000Z")]
pub struct Moment(pub DateTime<Utc>);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(at) = self;
        if !(0..=9999).contains(&at.year()) {
            return serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true));
        }
        // A page of calls holds 150 of these; chrono's formatter interprets a format for each.
        let mut text = Text {
            bytes: [0; 24],
            length: 0,
        };
        let (date, time) = (at.date_naive(), at.time());
        write!(
            text,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            time.second(),
            // A leap second counts on beyond 999 here; it is shown as the end of its second.
            (time.nanosecond() / 1_000_000).min(999),
        )
        .expect("years of four digits fit 24 bytes");
        serializer.serialize_str(text.as_str())
    }
}

struct Text {
    bytes: [u8; 24],
    length: usize,
}

impl Text {
    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).expect("digits and signs are ASCII")
    }
}

impl std::fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let end = self.length + text.len();
        self.bytes
            .get_mut(self.length..end)
            .ok_or(std::fmt::Error)?
            .copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_the_usual_formatter_would() {
        let odd = [
            "1970-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999Z",
            "2026-11-23T09:30:05.0425Z",
            "0001-01-01T00:00:00Z",
        ];
        for text in odd {
            let at = DateTime::parse_from_rfc3339(text).unwrap().to_utc();
            let expected = format!("\"{}\"", at.to_rfc3339_opts(SecondsFormat::Millis, true));
            assert_eq!(serde_json::to_string(&Moment(at)).unwrap(), expected);
        }
        assert!(serde_json::to_string(&Moment(DateTime::<Utc>::MAX_UTC)).is_ok());
    }
}
