//! What the list of calls may be filtered by, and where a page begins.

use super::{row::CallRow, sought::Sought};
use crate::{
    cursor::Cursor,
    parameters::{self, Parameters},
    problem::Problem,
    viewer::Whose,
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// The filters of the list.
#[derive(Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallFilters {
    /// Only calls of this client.
    pub(super) client_id: Option<Uuid>,
    /// `true`: calls that nobody owns, instead of the account's; for administrators of the service.
    pub(super) unassigned: Option<bool>,
    /// Started at or after (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) from: Option<DateTime<Utc>>,
    /// Started before (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    pub(super) to: Option<DateTime<Utc>>,
    /// Who called whom.
    #[param(value_type = Option<super::Direction>, inline)]
    pub(super) direction: Option<&'static str>,
    /// A part of the caller's or the dialled number: 1 to 15 digits; a leading + means its beginning.
    #[param(value_type = Option<String>, pattern = r"^\+?[0-9]{1,15}$")]
    pub(super) number: Option<NumberPart>,
    /// Where they stand.
    #[param(value_type = Option<super::CallState>, inline)]
    pub(super) state: Option<&'static str>,
    /// How they went.
    #[param(value_type = Option<super::CallResult>, inline)]
    pub(super) result: Option<&'static str>,
    /// What came of them.
    #[param(value_type = Option<super::OutcomeStatus>, inline)]
    pub(super) outcome: Option<&'static str>,
    /// `positive`, `neutral`, `negative`, or `unknown` for ended calls that have none of them.
    #[param(value_type = Option<SentimentFilter>, inline)]
    pub(super) sentiment: Option<&'static str>,
    /// Talked at least this long, in milliseconds.
    #[param(minimum = 0)]
    pub(super) min_talk_ms: Option<i64>,
    /// Talked at most this long, in milliseconds.
    #[param(minimum = 0)]
    pub(super) max_talk_ms: Option<i64>,
    /// With a recording, or without.
    pub(super) has_recording: Option<bool>,
    /// Words that were all said on the call, by the caller or the receptionist, in whatever order:
    /// 1 to 16 words, whole, whatever their case and accents. Words in quotation marks must follow
    /// one another in one turn. A word of three letters or more that ends with `*` is a beginning.
    /// What is no letter or digit only separates words. Notes, tools and summaries are not searched.
    #[param(value_type = Option<String>, min_length = 1, max_length = 512, example = "\"next tuesday\" appoint*")]
    pub(super) q: Option<Sought>,
}

/// Where a page begins and how long it is.
#[derive(Debug, Default, Clone, Copy, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallPaging {
    /// How many, 1 to 100; 50 when left out.
    #[param(minimum = 1, maximum = 100)]
    pub(super) limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    pub(super) cursor: Option<Position>,
}

/// What sentiment may be asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SentimentFilter {
    /// Content.
    Positive,
    /// Neither.
    Neutral,
    /// Upset.
    Negative,
    /// None of these, or not analysed.
    Unknown,
}

/// The sort key of a call: the page begins below it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) at: DateTime<Utc>,
    pub(super) id: Uuid,
}

impl Position {
    /// Above every call.
    pub(super) const TOP: Self = Self {
        at: DateTime::<Utc>::MAX_UTC,
        id: Uuid::max(),
    };

    /// Below this row.
    pub(super) fn of(row: &CallRow) -> Self {
        Self {
            at: row.started_at.0,
            id: row.id,
        }
    }

    fn parse(text: &str) -> Result<Self, String> {
        let cursor = Cursor::decode(text)?;
        Ok(Self {
            at: cursor.at,
            id: parameters::uuid(&cursor.id)
                .map_err(|_| "is not a cursor of this list".to_owned())?,
        })
    }
}

/// A part of a telephone number, as a pattern of LIKE. Digits and an anchor only, so there is
/// nothing in it to escape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NumberPart(pub(super) String);

impl NumberPart {
    fn parse(text: &str) -> Result<Self, String> {
        // An unescaped + arrives as a space.
        let (anchored, digits) = match text.strip_prefix(['+', ' ']) {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let digits: String = digits
            .chars()
            .filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.'))
            .collect();
        if !(1..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("must be 1 to 15 digits of a telephone number".into());
        }
        Ok(Self(if anchored {
            format!("+{digits}%")
        } else {
            format!("%{digits}%")
        }))
    }
}

/// The longest talk time anyone may ask for: a year.
const LONGEST_TALK_MS: i64 = 366 * 24 * 3_600_000;

impl CallFilters {
    /// With where a page begins, where the path says whose calls.
    pub(crate) fn take_for(given: Parameters, client: Uuid) -> Result<(Self, CallPaging), Problem> {
        let mut given = given.without_client();
        let filters = Self {
            client_id: Some(client),
            ..Self::take(&mut given)
        };
        let paging = CallPaging::take(&mut given);
        given.finish()?;
        Ok((filters, paging))
    }

    pub(super) fn take(given: &mut Parameters) -> Self {
        let filters = Self {
            client_id: given.take("client_id", parameters::uuid),
            unassigned: given.take("unassigned", parameters::flag),
            from: given.take("from", parameters::instant),
            to: given.take("to", parameters::instant),
            direction: given.take("direction", parameters::one_of(&["inbound", "outbound"])),
            number: given.take("number", NumberPart::parse),
            state: given.take("state", parameters::one_of(&["ringing", "live", "ended"])),
            result: given.take(
                "result",
                parameters::one_of(&["answered", "abandoned", "missed", "failed"]),
            ),
            outcome: given.take(
                "outcome",
                parameters::one_of(&["success", "fail", "unknown"]),
            ),
            sentiment: given.take(
                "sentiment",
                parameters::one_of(&["positive", "neutral", "negative", "unknown"]),
            ),
            min_talk_ms: given.take("min_talk_ms", parameters::whole(0, LONGEST_TALK_MS)),
            max_talk_ms: given.take("max_talk_ms", parameters::whole(0, LONGEST_TALK_MS)),
            has_recording: given.take("has_recording", parameters::flag),
            q: given.take("q", Sought::parse),
        };
        if filters.client_id.is_some() && filters.unassigned == Some(true) {
            given.refuse("unassigned", "contradicts client_id");
        }
        filters
    }

    pub(super) fn whose(&self) -> Whose {
        if self.unassigned == Some(true) {
            Whose::Nobody
        } else {
            Whose::Account
        }
    }

    /// Whether they leave few of an account's calls by themselves, before anything is counted.
    pub(super) fn are_narrow(&self) -> bool {
        self.client_id.is_some()
            || self.result.is_some_and(|result| result != "answered")
            || self.outcome.is_some()
            || self.sentiment == Some("negative")
            || self.min_talk_ms.is_some()
            || self.direction == Some("outbound")
    }

    /// The part of a number, as a pattern.
    pub(super) fn number(&self) -> Option<&str> {
        self.number.as_ref().map(|part| part.0.as_str())
    }

    pub(super) fn are_none(&self) -> bool {
        let Self {
            client_id,
            unassigned,
            from,
            to,
            direction,
            number,
            state,
            result,
            outcome,
            sentiment,
            min_talk_ms,
            max_talk_ms,
            has_recording,
            q,
        } = self;
        client_id.is_none()
            && unassigned.is_none()
            && from.is_none()
            && to.is_none()
            && direction.is_none()
            && number.is_none()
            && state.is_none()
            && result.is_none()
            && outcome.is_none()
            && sentiment.is_none()
            && min_talk_ms.is_none()
            && max_talk_ms.is_none()
            && has_recording.is_none()
            && q.is_none()
    }
}

impl CallPaging {
    pub(super) fn take(given: &mut Parameters) -> Self {
        Self {
            limit: given.take("limit", parameters::whole(1, super::LARGEST_LIMIT)),
            cursor: given.take("cursor", Position::parse),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(query: &str) -> Result<CallFilters, Problem> {
        let mut given = Parameters::parse(query);
        let filters = CallFilters::take(&mut given);
        CallPaging::take(&mut given);
        given.finish()?;
        Ok(filters)
    }

    #[test]
    fn a_part_of_a_number_is_digits_and_nothing_else() {
        let pattern = |text| NumberPart::parse(text).map(|part| part.0);
        assert_eq!(pattern("0147").as_deref(), Ok("%0147%"));
        assert_eq!(pattern("+1202").as_deref(), Ok("+1202%"));
        assert_eq!(
            pattern(" 1 (202) 555-01.47").as_deref(),
            Ok("+12025550147%"),
            "an unescaped plus"
        );
        for bad in [
            "",
            "+",
            "%",
            "_",
            "12%",
            "a1",
            "1234567890123456",
            "++1",
            "٣",
            "\\",
        ] {
            assert!(pattern(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn every_filter_names_its_bad_value() {
        for bad in [
            "client_id=1",
            "unassigned=yes",
            "from=2026-11-01",
            "to=x",
            "direction=out",
            "number=abc",
            "state=LIVE",
            "result=x",
            "outcome=x",
            "sentiment=x",
            "min_talk_ms=-1",
            "max_talk_ms=1.5",
            "has_recording=1",
            "limit=0",
            "limit=101",
            "cursor=x",
            "q=%F0%9F%A6%B7",
            "q=a&q=b",
            "client_id=018f3c1e-0000-7000-8000-000000000000&unassigned=true",
            "colour=red",
        ] {
            let problem = take(bad).unwrap_err();
            let name = bad
                .rsplit('&')
                .next()
                .and_then(|pair| pair.split('=').next())
                .unwrap();
            assert!(
                format!("{problem:?}").contains(&format!("field: {name:?}")),
                "{bad}: {problem:?}"
            );
        }
        assert!(take("").unwrap().are_none());
        assert!(!take("state=live").unwrap().are_none());
        assert!(!take("direction=inbound").unwrap().are_none());
        assert!(!take("q=tooth").unwrap().are_none());
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let foreign = Cursor {
            at: DateTime::UNIX_EPOCH,
            id: "8XY".into(),
        }
        .encode();
        assert!(Position::parse(&foreign).is_err());
    }
}
