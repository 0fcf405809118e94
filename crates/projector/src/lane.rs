//! One aggregate's states during a batch, and between batches.
//!
//! States are kept between batches because the checkpoint's compare-and-set proves that nobody
//! else writes them; any doubt (an error, another writer) forgets them all. The cache is bounded
//! in bytes: what two bounds' worth of younger states have pushed out is loaded again.

use crate::{
    aggregate::{Aggregate, FoldError, Owner, OwnerQuestion, Owners},
    reader::Taken,
    table::{Changes, Derived as _, changes::Writes, value::clean},
};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Saved bytes of states kept in the younger half; the older half holds as much, and a state in
/// memory takes a few times its saved size.
const YOUNG_BYTES: usize = 2 * 1024 * 1024;

/// An index entry of PostgreSQL ends at 2,704 bytes; no provider's id comes near.
const LONGEST_KEY: usize = 512;

/// An aggregate without its types, as the engine drives it through a batch: `begin`, `group`
/// each fact, load what is `missing` and `admit` it, `fold`, answer `questions`, `derive`.
pub(crate) trait Lane<F>: Send + Sync {
    /// Starts a batch.
    fn begin(&mut self);
    /// Notes which states the fact of this index concerns.
    fn group(&mut self, index: usize, fact: &F) -> Result<(), FoldError>;
    /// The keys whose states must be loaded.
    fn missing(&self) -> Vec<String>;
    /// Takes a loaded state over.
    fn admit(&mut self, key: String, saved: &[u8]) -> Result<(), serde_json::Error>;
    /// Folds the batch; answers which facts were refused, and why.
    fn fold(&mut self, batch: &[Taken<F>]) -> Vec<(usize, FoldError)>;
    /// What the rows of the touched states depend on.
    fn questions(&self, out: &mut HashSet<OwnerQuestion>);
    /// The touched states' rows and saved forms.
    fn derive(&mut self, owners: &dyn Owners, changes: &mut Changes, states: &mut Writes);
}

/// A state with what was derived from it.
struct Entry<A: Aggregate> {
    state: A::State,
    /// The rows as they stand in the tables (or will, once the batch in flight is committed).
    rows: A::Rows,
    size: usize,
    /// Whether the table has the state (or will, once the batch in flight is committed).
    stored: bool,
}

/// How a state is stored: with the answers its rows were derived from. The rows in the tables
/// can then be derived again exactly, even if an owner's history was written late.
#[derive(Serialize)]
struct Save<'a, S> {
    state: &'a S,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    owners: &'a [(OwnerQuestion, Owner)],
}

#[derive(Deserialize)]
struct Saved<S> {
    state: S,
    #[serde(default = "Vec::new")]
    owners: Vec<(OwnerQuestion, Owner)>,
}

/// In the order of the questions, because a state of thousands of calls asks thousands.
struct Answers<'a>(&'a [(OwnerQuestion, Owner)]);

impl Owners for Answers<'_> {
    fn owner(&self, question: &OwnerQuestion) -> Option<Owner> {
        let found = self.0.binary_search_by(|(asked, _)| asked.cmp(question));
        found.ok().map(|index| self.0[index].1)
    }
}

/// The lane of an aggregate.
pub(crate) struct AggregateLane<A: Aggregate> {
    young: HashMap<String, Entry<A>>,
    old: HashMap<String, Entry<A>>,
    young_bytes: usize,
    touched: HashMap<String, Vec<usize>>,
}

impl<A: Aggregate> Default for AggregateLane<A> {
    fn default() -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            young_bytes: 0,
            touched: HashMap::new(),
        }
    }
}

impl<A: Aggregate> Lane<A::Fact> for AggregateLane<A> {
    /// Ages the cache at most once a batch, so that a state of the batch in flight, which the
    /// tables do not have yet, is never forgotten.
    fn begin(&mut self) {
        self.touched.clear();
        if self.young_bytes > YOUNG_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
    }

    fn group(&mut self, index: usize, fact: &A::Fact) -> Result<(), FoldError> {
        for key in A::keys(fact) {
            if key.len() > LONGEST_KEY {
                return Err(FoldError(format!(
                    "a {} key of {} bytes",
                    A::NAME,
                    key.len()
                )));
            }
            let key = clean(&key).into_owned();
            if let Some(entry) = self.old.remove(&key) {
                self.young_bytes += entry.size;
                self.young.insert(key.clone(), entry);
            }
            self.touched.entry(key).or_default().push(index);
        }
        Ok(())
    }

    fn missing(&self) -> Vec<String> {
        self.touched
            .keys()
            .filter(|key| !self.young.contains_key(*key))
            .cloned()
            .collect()
    }

    fn admit(&mut self, key: String, saved: &[u8]) -> Result<(), serde_json::Error> {
        let Saved { state, owners } = serde_json::from_slice::<Saved<A::State>>(saved)?;
        let rows = A::rows(&key, &state, &Answers(&owners));
        self.young_bytes += saved.len();
        self.young.insert(
            key,
            Entry {
                state,
                rows,
                size: saved.len(),
                stored: true,
            },
        );
        Ok(())
    }

    fn fold(&mut self, batch: &[Taken<A::Fact>]) -> Vec<(usize, FoldError)> {
        let mut refused = Vec::new();
        for (key, indexes) in &self.touched {
            let entry = self.young.entry(key.clone()).or_insert_with(|| Entry {
                state: A::State::default(),
                rows: A::Rows::default(),
                size: 0,
                stored: false,
            });
            for index in indexes {
                let Ok(fact) = &batch[*index].fact else {
                    continue;
                };
                if let Err(error) = A::fold(&mut entry.state, key, fact) {
                    refused.push((*index, error));
                }
            }
        }
        refused
    }

    fn questions(&self, out: &mut HashSet<OwnerQuestion>) {
        for key in self.touched.keys() {
            out.extend(
                self.young
                    .get(key)
                    .into_iter()
                    .flat_map(|entry| A::questions(&entry.state)),
            );
        }
    }

    fn derive(&mut self, owners: &dyn Owners, changes: &mut Changes, states: &mut Writes) {
        let mut saved = Vec::new();
        for key in self.touched.keys() {
            let entry = self
                .young
                .get_mut(key)
                .expect("fold makes an entry for every touched key");
            let mut questions = A::questions(&entry.state);
            questions.sort_unstable();
            questions.dedup();
            let answers: Vec<_> = questions
                .into_iter()
                .filter_map(|question| owners.owner(&question).map(|owner| (question, owner)))
                .collect();
            let rows = A::rows(key, &entry.state, &Answers(&answers));
            A::Rows::changes(&entry.rows, &rows, changes);
            entry.rows = rows;
            saved.clear();
            let save = Save {
                state: &entry.state,
                owners: &answers,
            };
            serde_json::to_writer(&mut saved, &save)
                .expect("a state is maps with text keys and plain values, which JSON can hold");
            self.young_bytes = (self.young_bytes + saved.len()).saturating_sub(entry.size);
            entry.size = saved.len();
            let states = match std::mem::replace(&mut entry.stored, true) {
                true => &mut states.changed,
                false => &mut states.fresh,
            };
            states.put(key.as_str());
            states.put(saved.as_slice());
        }
    }
}
