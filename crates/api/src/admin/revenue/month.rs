//! A month of UTC.

use chrono::{DateTime, Datelike as _, Months, NaiveDate, NaiveTime, Utc};
use std::fmt;

/// A month of UTC, by its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Month(NaiveDate);

impl Month {
    /// The month of an instant.
    pub(super) fn of(at: DateTime<Utc>) -> Self {
        let day = at.date_naive();
        Self(day.with_day(1).unwrap_or(day))
    }

    /// From `2026-11`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let is_plain = text.len() == 7
            && text.bytes().enumerate().all(|(place, byte)| {
                if place == 4 {
                    byte == b'-'
                } else {
                    byte.is_ascii_digit()
                }
            });
        let day = is_plain
            .then(|| format!("{text}-01").parse::<NaiveDate>().ok())
            .flatten()
            // Before it nothing was ever paid here, and dates far from ours are mistakes.
            .filter(|day| (2000..=2200).contains(&day.year()));
        day.map(Self)
            .ok_or_else(|| "must be a month like 2026-11".to_owned())
    }

    /// So many months earlier.
    pub(super) fn before(self, months: usize) -> Self {
        let months = Months::new(u32::try_from(months).unwrap_or(u32::MAX));
        Self(self.0.checked_sub_months(months).unwrap_or(self.0))
    }

    fn next(self) -> Self {
        Self(self.0.checked_add_months(Months::new(1)).unwrap_or(self.0))
    }

    /// Its first instant.
    pub(super) fn start(self) -> DateTime<Utc> {
        self.0.and_time(NaiveTime::MIN).and_utc()
    }

    /// The first instant that is not in it.
    pub(super) fn end(self) -> DateTime<Utc> {
        self.next().start()
    }

    /// How many months from this one to a later one, both counted.
    pub(super) fn until(self, last: Self) -> usize {
        let number = |month: Self| month.0.year() * 12 + month.0.month() as i32;
        usize::try_from(number(last) - number(self) + 1).unwrap_or(0)
    }

    /// This one and all to a later one.
    pub(super) fn through(self, last: Self) -> Vec<Self> {
        std::iter::successors(Some(self), |month| Some(month.next()))
            .take(self.until(last))
            .collect()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_counted_over_the_end_of_a_year() {
        let (first, last) = (
            Month::parse("2025-11").unwrap(),
            Month::parse("2026-02").unwrap(),
        );
        assert_eq!(first.until(last), 4);
        let all: Vec<String> = first.through(last).iter().map(Month::to_string).collect();
        assert_eq!(all, ["2025-11", "2025-12", "2026-01", "2026-02"]);
        assert_eq!(last.before(3), first);
        assert_eq!(last.end().to_rfc3339(), "2026-03-01T00:00:00+00:00");
        assert_eq!(Month::of(last.end()).to_string(), "2026-03");
        for bad in [
            "2026-13",
            "2026-00",
            "2026-1",
            "+202-01",
            "1999-12",
            "",
            "2026-11-01",
        ] {
            assert!(Month::parse(bad).is_err(), "{bad}");
        }
    }
}
