//! Which tables an export holds, as which sheet, and which it leaves out and why.

mod account;
mod billing;
mod calls;
mod people;

/// One sheet.
pub(super) struct Sheet {
    pub(super) name: &'static str,
    /// The tables whose rows about somebody are all in it.
    pub(super) tables: &'static [&'static str],
    pub(super) columns: &'static [&'static str],
    /// Below every key, in the types that the SQL compares.
    pub(super) first: [&'static str; 2],
    /// Selects `(key_1 text, key_2 text, cells text[])` for user $1 with a key after ($2, $3), ordered by
    /// key, at most $4.
    pub(super) sql: &'static str,
}

const BY_TIME_AND_UUID: [&str; 2] = ["-infinity", "00000000-0000-0000-0000-000000000000"];
const BY_TIME_AND_TEXT: [&str; 2] = ["-infinity", ""];
const BY_NUMBER: [&str; 2] = ["0", ""];

/// An instant as all sheets write it.
macro_rules! moment {
    ($column:literal) => {
        concat!(
            "to_char(",
            $column,
            " at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
        )
    };
}
pub(crate) use moment;

/// In the order they are listed.
pub(super) fn all() -> impl Iterator<Item = &'static Sheet> {
    [
        account::SHEETS,
        people::SHEETS,
        calls::SHEETS,
        billing::SHEETS,
    ]
    .into_iter()
    .flatten()
}

/// Tables that name people or accounts and have no sheet.
const LEFT_OUT: &[(&str, &str)] = &[
    (
        "account.passwords",
        "a hash that proves somebody and tells nothing about them",
    ),
    (
        "account.second_factors",
        "a sealed secret; that it was set up is in audit.csv",
    ),
    ("account.recovery_codes", "hashes that prove somebody"),
    (
        "account.refresh_tokens",
        "hashes that prove somebody; the log-ins they come from are in audit.csv",
    ),
    (
        "account.mail_tokens",
        "links of the last days; what they were for is in events.jsonl",
    ),
    (
        "account.exports",
        "that an export was asked for is in events.jsonl",
    ),
    ("ops.exports", "where the files of exports lie"),
    (
        "account.hangups",
        "calls that are to be hung up; how each ended is in calls.csv",
    ),
    ("calls.said", "the words of transcripts, for searching"),
    ("calls.hourly", "sums of what is in calls.csv"),
    ("calls.hourly_revenue", "sums of what is in calls.csv"),
];

/// Every table of which an export knows, with the sheet its rows are in or the reason they are in none.
pub fn tables() -> impl Iterator<Item = (&'static str, &'static str)> {
    let held = all().flat_map(|sheet| sheet.tables.iter().map(move |table| (*table, sheet.name)));
    held.chain(LEFT_OUT.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_sheet_has_a_name_a_key_and_a_page_of_its_own() {
        let names: BTreeSet<_> = all().map(|sheet| sheet.name).collect();
        assert_eq!(names.len(), all().count());
        for sheet in all() {
            assert!(sheet.name.ends_with(".csv"));
            for part in ["as key_1", "as key_2", "$2::text", "limit $4"] {
                assert!(sheet.sql.contains(part), "{}: {part}", sheet.name);
            }
            assert!(!sheet.sql.contains("hash"), "{}", sheet.name);
        }
    }

    #[test]
    fn each_table_is_in_one_place() {
        let all: Vec<_> = tables().map(|(table, _)| table).collect();
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    }
}
