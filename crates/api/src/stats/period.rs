//! A period in a time zone: its days, what to compare it with, and whether UTC's hours fit it.

use chrono::{
    DateTime, Datelike as _, Days, Months, NaiveDate, NaiveTime, Offset as _, TimeDelta,
    TimeZone as _, Utc,
};
use chrono_tz::Tz;

/// The longest period: three years and some days. Longer ones would read more rollups than a
/// page can show days.
const MOST_DAYS: i64 = 1_100;

/// From an instant to another, seen in a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Period {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    pub(super) zone: Tz,
}

impl Period {
    /// What is left out: from the beginning of `to`'s month, up to now.
    ///
    /// # Errors
    /// The parameter that is wrong, and why.
    pub(super) fn new(
        from: Option<DateTime<Utc>>,
        to: Option<DateTime<Utc>>,
        zone: Tz,
        now: DateTime<Utc>,
    ) -> Result<Self, (&'static str, String)> {
        let to = to.unwrap_or_else(|| from.map_or(now, |from| now.max(from)));
        for (name, at) in [("to", to), ("from", from.unwrap_or(to))] {
            if !(1900..=9998).contains(&at.year()) {
                return Err((name, "must lie in the years 1900 to 9998".into()));
            }
        }
        let from = from.unwrap_or_else(|| month_start(zone, local_date(zone, to)));
        if to < from {
            return Err(("to", "lies before from".into()));
        }
        if (to - from).num_days() > MOST_DAYS {
            return Err(("from", format!("lies more than {MOST_DAYS} days before to")));
        }
        Ok(Self { from, to, zone })
    }

    /// The period to compare with: the whole month before when this one begins with a month and
    /// stays in it, else as long a time just before.
    pub(super) fn previous(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        let first = local_date(self.zone, self.from);
        if first.day() == 1
            && start_of_day(self.zone, first) == self.from
            && self.to <= next_month(self.zone, first)
        {
            let before = first.checked_sub_months(Months::new(1)).unwrap_or(first);
            return (start_of_day(self.zone, before), self.from);
        }
        (self.from - (self.to - self.from), self.from)
    }

    /// Every local date in it.
    pub(super) fn days(&self) -> Vec<NaiveDate> {
        if self.from == self.to {
            return Vec::new();
        }
        let last = local_date(self.zone, self.to - TimeDelta::microseconds(1));
        local_date(self.zone, self.from)
            .iter_days()
            .take_while(|date| *date <= last)
            .collect()
    }

    /// Whether local hours begin with UTC's hours throughout.
    pub(super) fn has_whole_hours(&self) -> bool {
        let whole = |at: DateTime<Utc>| {
            self.zone
                .offset_from_utc_datetime(&at.naive_utc())
                .fix()
                .local_minus_utc()
                % 3600
                == 0
        };
        let days = self.days();
        days.into_iter()
            .map(|date| start_of_day(self.zone, date))
            .chain([self.from, self.to])
            .all(whole)
    }
}

fn local_date(zone: Tz, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&zone).date_naive()
}

fn month_start(zone: Tz, date: NaiveDate) -> DateTime<Utc> {
    start_of_day(zone, date.with_day(1).unwrap_or(date))
}

fn next_month(zone: Tz, date: NaiveDate) -> DateTime<Utc> {
    start_of_day(
        zone,
        date.checked_add_months(Months::new(1)).unwrap_or(date),
    )
}

/// The first instant of a local day. Where clocks go forward at midnight that is not 00:00.
fn start_of_day(zone: Tz, date: NaiveDate) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    let quarters = (0..=96).map(|quarter| midnight + TimeDelta::minutes(15 * quarter));
    let first = quarters
        .map(|time| zone.from_local_datetime(&time))
        .find_map(|local| local.earliest());
    // A zone may skip a whole day when it crosses the date line; the next one begins where it would.
    first.map_or_else(
        || start_of_day(zone, date.checked_add_days(Days::new(1)).unwrap_or(date)),
        |local| local.to_utc(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    fn period(from: &str, to: &str, zone: Tz) -> Period {
        Period::new(
            Some(at(from)),
            Some(at(to)),
            zone,
            at("2026-11-23T12:00:00Z"),
        )
        .unwrap()
    }

    #[test]
    fn without_bounds_it_is_this_month_so_far_against_the_month_before() {
        let now = at("2026-11-23T12:00:00Z");
        let month = Period::new(None, None, Tz::America__New_York, now).unwrap();
        // Summer time ended on the first of November, after its midnight.
        assert_eq!((month.from, month.to), (at("2026-11-01T04:00:00Z"), now));
        assert_eq!(
            month.previous(),
            (at("2026-10-01T04:00:00Z"), at("2026-11-01T04:00:00Z"))
        );
        assert_eq!(month.days().len(), 23);
    }

    #[test]
    fn any_other_period_is_compared_with_as_long_a_time_before() {
        let week = period("2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z", Tz::UTC);
        assert_eq!(
            week.previous(),
            (at("2026-11-09T00:00:00Z"), at("2026-11-16T00:00:00Z"))
        );
        let quarter = period("2026-07-01T00:00:00Z", "2026-10-01T00:00:00Z", Tz::UTC);
        assert_eq!(quarter.previous().0, at("2026-03-31T00:00:00Z"));
        let utc_month_elsewhere = period(
            "2026-11-01T00:00:00Z",
            "2026-11-23T00:00:00Z",
            Tz::Europe__Berlin,
        );
        assert_eq!(utc_month_elsewhere.previous().0, at("2026-10-10T00:00:00Z"));
    }

    #[test]
    fn days_are_local_days() {
        let day = period(
            "2026-11-22T23:00:00Z",
            "2026-11-23T23:00:00Z",
            Tz::Europe__Berlin,
        );
        assert_eq!(day.days(), [NaiveDate::from_ymd_opt(2026, 11, 23).unwrap()]);
        // 25 hours long, still one day.
        let long = period(
            "2026-10-24T22:00:00Z",
            "2026-10-25T23:00:00Z",
            Tz::Europe__Berlin,
        );
        assert_eq!(long.days().len(), 1);
        assert!(
            period("2026-11-22T23:00:00Z", "2026-11-22T23:00:00Z", Tz::UTC)
                .days()
                .is_empty()
        );
    }

    #[test]
    fn a_day_without_midnight_begins_when_clocks_say_so() {
        // Cairo's clocks go from 00:00 to 01:00 on the last Friday of April.
        let date = NaiveDate::from_ymd_opt(2026, 4, 24).unwrap();
        assert_eq!(
            start_of_day(Tz::Africa__Cairo, date),
            at("2026-04-23T22:00:00Z")
        );
        // Samoa had no 30 December 2011.
        let missing = NaiveDate::from_ymd_opt(2011, 12, 30).unwrap();
        assert_eq!(
            start_of_day(Tz::Pacific__Apia, missing),
            at("2011-12-30T10:00:00Z")
        );
    }

    #[test]
    fn only_zones_with_whole_hours_can_use_hourly_rollups() {
        let of =
            |zone| period("2026-01-01T00:00:00Z", "2026-12-01T00:00:00Z", zone).has_whole_hours();
        assert!(of(Tz::UTC) && of(Tz::America__New_York) && of(Tz::Asia__Tokyo));
        assert!(!of(Tz::Asia__Kolkata) && !of(Tz::Asia__Kathmandu));
        // Whole hours in its summer, half in its winter.
        assert!(!of(Tz::Australia__Lord_Howe));
    }

    #[test]
    fn impossible_periods_are_refused_by_name() {
        let new = |from: &str, to: &str| {
            Period::new(
                Some(at(from)),
                Some(at(to)),
                Tz::UTC,
                at("2026-11-23T12:00:00Z"),
            )
        };
        assert_eq!(
            new("2026-11-02T00:00:00Z", "2026-11-01T00:00:00Z")
                .unwrap_err()
                .0,
            "to"
        );
        assert_eq!(
            new("2020-11-02T00:00:00Z", "2026-11-01T00:00:00Z")
                .unwrap_err()
                .0,
            "from"
        );
        assert_eq!(
            new("0001-01-01T00:00:00Z", "2026-11-01T00:00:00Z")
                .unwrap_err()
                .0,
            "from"
        );
        assert_eq!(
            new("9999-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
                .unwrap_err()
                .0,
            "to"
        );
        let ahead = Period::new(
            Some(at("2027-01-01T00:00:00Z")),
            None,
            Tz::UTC,
            at("2026-11-23T12:00:00Z"),
        )
        .unwrap();
        assert_eq!(ahead.from, ahead.to, "nothing has happened in the future");
    }
}
