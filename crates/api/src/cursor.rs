//! Where a page ended, as opaque text.
//!
//! It holds the sort key of the last row, so a page that follows is the same whatever arrived
//! meanwhile above it. It grants nothing: a forged one only starts elsewhere in what the viewer
//! may see anyway.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};

/// The sort key of the last row of a page: an instant, then an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The instant of the row.
    pub at: DateTime<Utc>,
    /// Its id; ids break ties between equal instants.
    pub id: String,
}

impl Cursor {
    /// As text for the client.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut bytes = self.at.timestamp_micros().to_be_bytes().to_vec();
        bytes.extend_from_slice(self.id.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads what a client sent.
    ///
    /// # Errors
    /// In words, for anything that is not a cursor of ours.
    pub fn decode(text: &str) -> Result<Self, String> {
        let parts = || {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let (micros, id) = bytes.split_first_chunk::<8>()?;
            let at = DateTime::from_timestamp_micros(i64::from_be_bytes(*micros))?;
            let id = std::str::from_utf8(id)
                .ok()
                .filter(|id| !id.is_empty() && !id.contains('\0'))?;
            Some(Self {
                at,
                id: id.to_owned(),
            })
        };
        parts()
            .filter(|cursor| is_storable(cursor.at))
            .ok_or_else(|| "is not a next_cursor of an earlier page".to_owned())
    }
}

/// PostgreSQL counts microseconds from 4714 BC to 294276; the driver counts them from 2000, so
/// the far ends of chrono's range would overflow there.
fn is_storable(at: DateTime<Utc>) -> bool {
    use chrono::Datelike as _;
    (-4000..=200_000).contains(&at.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        let cursor = Cursor {
            at: DateTime::from_timestamp_micros(1_795_426_200_123_456).unwrap(),
            id: "I-ß1".into(),
        };
        assert_eq!(Cursor::decode(&cursor.encode()), Ok(cursor));
    }

    #[test]
    fn whatever_else_is_sent_is_refused() {
        let far = Cursor {
            at: DateTime::from_timestamp_micros(8_000_000_000_000_000_000).unwrap(),
            id: "x".into(),
        };
        let bad = [
            "",
            "a",
            "!!",
            "AAAAAAAAAAA",
            "AAAAAAAAAAD_",
            "AAAAAAAAAAA=",
            &far.encode(),
            &"A".repeat(500),
        ];
        for text in bad {
            // A long run of A is the instant zero and an id of NULs.
            assert!(Cursor::decode(text).is_err(), "{text:?}");
        }
    }
}
