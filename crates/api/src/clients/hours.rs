//! When a business is open: for each day of the week some stretches of local time.
//!
//! A stretch does not go past midnight; one that should is two, the first of which ends at 24:00.

use crate::body::{self, Fields};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// More stretches a day than a business has breaks; what the editor shows without scrolling.
const MOST_A_DAY: usize = 4;

const MINUTES_A_DAY: u16 = 24 * 60;

/// When a business is open. A day that is left out or empty is closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields, default)]
#[schema(example = json!({
    "monday": [{ "from": "09:00", "to": "12:30" }, { "from": "13:30", "to": "17:00" }],
    "saturday": [{ "from": "10:00", "to": "24:00" }]
}))]
pub struct Hours {
    /// On Mondays; at most four, without overlap.
    #[schema(max_items = 4)]
    pub monday: Vec<Stretch>,
    /// On Tuesdays.
    #[schema(max_items = 4)]
    pub tuesday: Vec<Stretch>,
    /// On Wednesdays.
    #[schema(max_items = 4)]
    pub wednesday: Vec<Stretch>,
    /// On Thursdays.
    #[schema(max_items = 4)]
    pub thursday: Vec<Stretch>,
    /// On Fridays.
    #[schema(max_items = 4)]
    pub friday: Vec<Stretch>,
    /// On Saturdays.
    #[schema(max_items = 4)]
    pub saturday: Vec<Stretch>,
    /// On Sundays.
    #[schema(max_items = 4)]
    pub sunday: Vec<Stretch>,
}

/// A stretch of a day in local time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct Stretch {
    /// When it begins, 00:00 to 23:59.
    #[schema(example = "09:00", pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    pub from: String,
    /// When it ends, later than it begins, at most 24:00.
    #[schema(
        example = "17:00",
        pattern = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
    )]
    pub to: String,
}

body::only_as_object!(Hours);
body::only_as_object!(Stretch);

impl Hours {
    /// Puts the stretches of each day in order; what is wrong is told by its place.
    pub(super) fn checked(mut self, fields: &mut Fields) -> Self {
        let days = [
            ("monday", &mut self.monday),
            ("tuesday", &mut self.tuesday),
            ("wednesday", &mut self.wednesday),
            ("thursday", &mut self.thursday),
            ("friday", &mut self.friday),
            ("saturday", &mut self.saturday),
            ("sunday", &mut self.sunday),
        ];
        for (name, day) in days {
            if let Err((place, message)) = in_order(day) {
                fields.refuse(&format!("hours.{name}{place}"), &message);
            }
        }
        self
    }
}

/// Sorts a day. What is wrong with it is told by its place in it.
fn in_order(day: &mut [Stretch]) -> Result<(), (String, String)> {
    if day.len() > MOST_A_DAY {
        let message = format!("must not have more than {MOST_A_DAY} stretches");
        return Err((String::new(), message));
    }
    for (place, stretch) in day.iter().enumerate() {
        let wrong = |field: &str, message: &str| (format!("[{place}].{field}"), message.to_owned());
        let from = minutes(&stretch.from)
            .filter(|from| *from < MINUTES_A_DAY)
            .ok_or_else(|| wrong("from", "must be a time like 09:00"))?;
        let to = minutes(&stretch.to)
            .ok_or_else(|| wrong("to", "must be a time like 17:00, at most 24:00"))?;
        if to <= from {
            return Err(wrong("to", "must be later than from"));
        }
    }
    // Times of five characters are in the order of their text.
    day.sort_by(|one, other| one.from.cmp(&other.from));
    match day.windows(2).any(|two| two[0].to > two[1].from) {
        true => Err((String::new(), "must not overlap".to_owned())),
        false => Ok(()),
    }
}

/// `HH:MM` as minutes of the day, up to 24:00.
fn minutes(text: &str) -> Option<u16> {
    let &[a, b, b':', c, d] = text.as_bytes() else {
        return None;
    };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    let (hour, minute) = (digit(a)? * 10 + digit(b)?, digit(c)? * 10 + digit(d)?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= MINUTES_A_DAY).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(stretches: &[(&str, &str)]) -> Vec<Stretch> {
        stretches
            .iter()
            .map(|(from, to)| Stretch {
                from: (*from).to_owned(),
                to: (*to).to_owned(),
            })
            .collect()
    }

    #[test]
    fn a_day_is_kept_in_order() {
        let mut monday = day(&[("13:00", "17:00"), ("09:00", "12:30"), ("17:00", "24:00")]);
        assert_eq!(in_order(&mut monday), Ok(()));
        assert_eq!(
            monday,
            day(&[("09:00", "12:30"), ("13:00", "17:00"), ("17:00", "24:00")])
        );
        assert_eq!(in_order(&mut day(&[("00:00", "24:00")])), Ok(()));
        assert_eq!(in_order(&mut []), Ok(()));
    }

    #[test]
    fn what_is_no_time_or_no_stretch_is_told_by_its_place() {
        for (stretches, place) in [
            (&[("9:00", "17:00")][..], "[0].from"),
            (&[("09:00", "24:01")], "[0].to"),
            (&[("24:00", "24:00")], "[0].from"),
            (&[("09:60", "17:00")], "[0].from"),
            (&[("٠٩:٠٠", "17:00")], "[0].from"),
            (&[("09:00", "17:00"), ("18:00", "17:59")], "[1].to"),
            (&[("09:00", "09:00")], "[0].to"),
            (&[("09:00", "")], "[0].to"),
            (&[("20:00", "02:00")], "[0].to"),
            (&[("09:00", "12:00"), ("11:59", "13:00")], ""),
            (&[("09:00", "12:00"), ("09:00", "12:00")], ""),
            (
                &[
                    ("01:00", "02:00"),
                    ("03:00", "04:00"),
                    ("05:00", "06:00"),
                    ("07:00", "08:00"),
                    ("09:00", "10:00"),
                ],
                "",
            ),
        ] {
            let (found, message) = in_order(&mut day(stretches)).unwrap_err();
            assert_eq!(found, place, "{stretches:?}: {message}");
        }
    }

    #[test]
    fn a_day_that_does_not_exist_is_refused() {
        let hours = |text| serde_json::from_str::<Hours>(text);
        assert_eq!(hours("{}").unwrap(), Hours::default());
        for bad in [
            r#"{"funday":[]}"#,
            r#"{"Monday":[]}"#,
            r#"{"monday":[],"monday":[]}"#,
            r#"{"monday":[{"from":"09:00","to":"10:00","x":1}]}"#,
            r#"{"monday":null}"#,
            "[]",
            r#"{"monday":[["09:00","10:00"]]}"#,
        ] {
            assert!(hours(bad).is_err(), "{bad}");
        }
    }
}
