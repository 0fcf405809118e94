//! Instants as people read them, in their own time zone.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// `Friday 27 November 2026, 14:05 (Europe/Berlin)`; UTC where the zone is not known.
pub(super) fn in_words(at: DateTime<Utc>, time_zone: &str) -> String {
    let zone: Tz = time_zone.parse().unwrap_or(Tz::UTC);
    at.with_timezone(&zone)
        .format(&format!("%A %-d %B %Y, %H:%M ({zone})"))
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_told_in_the_readers_zone_and_names_it() {
        let at = "2026-11-27T13:05:00Z".parse().unwrap();
        assert_eq!(
            in_words(at, "Europe/Berlin"),
            "Friday 27 November 2026, 14:05 (Europe/Berlin)"
        );
        assert_eq!(
            in_words(at, "America/New_York"),
            "Friday 27 November 2026, 08:05 (America/New_York)"
        );
        assert_eq!(
            in_words(at, "Nowhere/%s"),
            "Friday 27 November 2026, 13:05 (UTC)"
        );
    }
}
