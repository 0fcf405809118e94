//! Joining what is known: commutative, associative and idempotent, piece by piece.
//!
//! There is no "overwrite" here on purpose. Where one of two values must win, it wins by an order
//! that both arrivals agree on, never by which came last.

use frontdesk_events::catalogue::moment::Moment;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, cmp::Ordering, collections::BTreeMap};

/// A piece of state that can be joined with another.
pub trait Merge {
    /// Takes in what the other knows.
    fn merge(&mut self, other: &Self);
}

/// Pieces by their key. Boxed, because a node of the map has room for eleven of them: a room holds
/// two or three, of several hundred bytes each, and every fact is a map of one.
pub type Keyed<T> = BTreeMap<String, Box<T>>;

/// The least value seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Least<T>(pub Option<T>);

/// The greatest value seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Greatest<T>(pub Option<T>);

/// The value said last: by its time, then by the id of the event that said it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Latest<T>(pub Option<Said<T>>);

/// The values said last, newest first, a few of them. A later one that leaves something out does
/// not unsay it: see [`Recent::value`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Recent<T>(pub Vec<Said<T>>);

/// How many of them are kept. Whoever says a thing says it once, or once more to correct it.
const MOST_RECENT: usize = 4;

/// Something that may leave things open.
pub trait Fill {
    /// Takes from an older one what this one leaves open.
    fn fill(&mut self, older: &Self);
}

/// A value with the event that said it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said<T> {
    /// When.
    #[serde(rename = "t")]
    pub at: Option<Moment>,
    /// The event's id.
    #[serde(rename = "i")]
    pub id: String,
    /// What.
    #[serde(rename = "v")]
    pub value: T,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Fill + Clone> Recent<T> {
    /// The newest value, with what only older ones say.
    #[must_use]
    pub fn value(&self) -> Option<Cow<'_, T>> {
        let (newest, older) = self.0.split_first()?;
        if older.is_empty() {
            return Some(Cow::Borrowed(&newest.value));
        }
        let mut value = newest.value.clone();
        for said in older {
            value.fill(&said.value);
        }
        Some(Cow::Owned(value))
    }
}

impl<T> Recent<T> {
    /// All that are kept, newest first.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|said| &said.value)
    }
}

impl<T: Clone + PartialEq + Serialize> Merge for Recent<T> {
    fn merge(&mut self, other: &Self) {
        for theirs in &other.0 {
            let place = self.0.binary_search_by(|ours| theirs.order(ours));
            if let Err(place) = place {
                self.0.insert(place, theirs.clone());
            }
        }
        self.0.truncate(MOST_RECENT);
    }
}

macro_rules! nothing_known {
    ($($name:ident)+) => {
        $(
            impl<T> Default for $name<T> {
                fn default() -> Self {
                    Self(None)
                }
            }

            impl<T> $name<T> {
                /// Whether nothing is known: such a piece is not stored.
                #[must_use]
                pub fn is_none(&self) -> bool {
                    self.0.is_none()
                }
            }
        )+
    };
}
nothing_known! { Least Greatest Latest }

impl<T> Latest<T> {
    /// What was said, whoever said it.
    #[must_use]
    pub fn value(&self) -> Option<&T> {
        self.0.as_ref().map(|said| &said.value)
    }
}

impl<T: Ord + Clone> Merge for Least<T> {
    fn merge(&mut self, other: &Self) {
        if let Some(theirs) = &other.0
            && self.0.as_ref().is_none_or(|ours| theirs < ours)
        {
            self.0 = Some(theirs.clone());
        }
    }
}

impl<T: Ord + Clone> Merge for Greatest<T> {
    fn merge(&mut self, other: &Self) {
        if let Some(theirs) = &other.0
            && self.0.as_ref().is_none_or(|ours| theirs > ours)
        {
            self.0 = Some(theirs.clone());
        }
    }
}

impl<T: Clone + PartialEq + Serialize> Merge for Latest<T> {
    fn merge(&mut self, other: &Self) {
        if let Some(theirs) = &other.0
            && self
                .0
                .as_ref()
                .is_none_or(|ours| theirs.order(ours) == Ordering::Greater)
        {
            self.0 = Some(theirs.clone());
        }
    }
}

impl<T: PartialEq + Serialize> Said<T> {
    fn order(&self, other: &Self) -> Ordering {
        (self.at, &self.id)
            .cmp(&(other.at, &other.id))
            .then_with(|| {
                if self.value == other.value {
                    return Ordering::Equal;
                }
                // One id with two contents is a sender's fault, but the order must still be one. Only
                // then is the price of writing both down paid.
                let written = |said: &Self| serde_json::to_string(&said.value).unwrap_or_default();
                written(self).cmp(&written(other))
            })
    }
}

/// Joins two maps key by key and keeps the `most` least keys. A key among those was never
/// dropped before, in whatever order keys came, so the bound does not depend on it either.
pub fn merge_bounded<T: Merge + Clone>(ours: &mut Keyed<T>, theirs: &Keyed<T>, most: usize) {
    for (key, theirs) in theirs {
        match ours.get_mut(key) {
            Some(ours) => ours.merge(theirs),
            None => {
                ours.insert(key.clone(), theirs.clone());
            }
        }
    }
    while ours.len() > most {
        ours.pop_last();
    }
}
