//! An instant as the API writes it: RFC 3339, UTC, milliseconds.

use chrono::{DateTime, Datelike as _, SecondsFormat, Timelike as _, Utc};
use serde::{Serialize, Serializer};
use std::fmt;
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
        // A page of calls holds 150 of these, and a formatter interprets a format for each.
        let (date, time) = (at.date_naive(), at.time());
        let mut text = *b"0000-00-00T00:00:00.000Z";
        digits(&mut text[0..4], date.year().unsigned_abs());
        digits(&mut text[5..7], date.month());
        digits(&mut text[8..10], date.day());
        digits(&mut text[11..13], time.hour());
        digits(&mut text[14..16], time.minute());
        digits(&mut text[17..19], time.second());
        // A leap second counts on beyond 999 here; it is shown as the end of its second.
        digits(&mut text[20..23], (time.nanosecond() / 1_000_000).min(999));
        let text = std::str::from_utf8(&text).expect("digits and signs are ASCII");
        serializer.serialize_str(text)
    }
}

/// Writes a number over these places, zeros in front.
fn digits(places: &mut [u8], mut number: u32) {
    for place in places.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
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
