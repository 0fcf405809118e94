//! Which of the sixteen partitions an event belongs to.
//!
//! The number is part of stored subjects, so it is for ever: another count would send later
//! events of a room to another partition than its earlier ones.

use std::{fmt, str::FromStr};

/// How many partitions there are.
pub const PARTITIONS: u8 = 16;

/// One partition, 0 to 15; written with two digits in subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Partition(u8);

impl Partition {
    /// The only partition of BILLING: refunds do not name their subscription, so a key could
    /// separate them from it.
    pub const BILLING: Self = Self(0);

    /// The partition of a key: FNV-1a (32 bit) modulo sixteen.
    #[must_use]
    pub fn of(key: &str) -> Self {
        let hash = key.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        // A remainder of sixteen fits a byte.
        Self((hash % u32::from(PARTITIONS)) as u8)
    }

    /// A partition by its number; `None` from sixteen on.
    #[must_use]
    pub fn new(number: u8) -> Option<Self> {
        (number < PARTITIONS).then_some(Self(number))
    }

    /// Its number, 0 to 15.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

/// The partitions one reader owns; never empty. Written `0-7`, `3` or `0-3,8`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionSet(Vec<Partition>);

impl PartitionSet {
    /// All sixteen.
    #[must_use]
    pub fn all() -> Self {
        Self((0..PARTITIONS).map(Partition).collect())
    }

    /// Exactly one.
    #[must_use]
    pub fn one(partition: Partition) -> Self {
        Self(vec![partition])
    }

    /// The members in rising order.
    pub fn iter(&self) -> impl Iterator<Item = Partition> + '_ {
        self.0.iter().copied()
    }

    /// Whether it holds all sixteen, so that no filter is needed.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.0.len() == usize::from(PARTITIONS)
    }
}

impl FromStr for PartitionSet {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut numbers = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let parse = |text: &str| {
                text.trim()
                    .parse::<u8>()
                    .ok()
                    .and_then(Partition::new)
                    .ok_or_else(|| format!("{text:?} is not a partition from 0 to 15"))
            };
            let (first, last) = (parse(first)?, parse(last)?);
            if first > last {
                return Err(format!("{part:?} counts downwards"));
            }
            numbers.extend((first.0..=last.0).map(Partition));
        }
        numbers.sort_unstable();
        numbers.dedup();
        Ok(Self(numbers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_the_partition_they_were_stored_under() {
        // The reference values of FNV-1a: "" 811c9dc5, "a" e40c292c, "foobar" bf9cf968.
        for (key, number) in [("", 5), ("a", 12), ("foobar", 8)] {
            assert_eq!(Partition::of(key).number(), number, "{key:?}");
        }
    }

    #[test]
    fn sets_are_read_as_an_operator_writes_them() {
        let set: PartitionSet = "8,0-2".parse().unwrap();
        assert_eq!(
            set.iter().map(Partition::number).collect::<Vec<_>>(),
            [0, 1, 2, 8]
        );
        assert!("0-15".parse::<PartitionSet>().unwrap().is_all());
        for bad in ["", "16", "5-3", "a", "1-", "-1"] {
            assert!(bad.parse::<PartitionSet>().is_err(), "{bad:?}");
        }
    }
}
