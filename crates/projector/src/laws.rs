//! The laws of design.md section 5 as one test for every aggregate: order, repeat, batch,
//! rebuild, total.
//!
//! Pure: rows go into maps instead of tables. Call [`hold`] from a property test with events of
//! your own making, and [`total`] with every event you can find.

use crate::{
    aggregate::{Aggregate, Fact, FoldError, Owner, OwnerQuestion, Owners},
    table::{Changes, Derived as _, Values},
};
use frontdesk_events::Envelope;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Owners made up from the question: two thirds of all keys have one, and every number changes
/// hands once, so that a fold that forgets the instant is found out.
#[derive(Debug, Default, Clone, Copy)]
pub struct MadeUpOwners;

impl Owners for MadeUpOwners {
    fn owner(&self, question: &OwnerQuestion) -> Option<Owner> {
        let (key, epoch, billing) = match question {
            OwnerQuestion::Number(key, at) => (key, at.timestamp() / (90 * 86_400), false),
            OwnerQuestion::Tenant(key, _) => (key, 0, false),
            OwnerQuestion::Billing(key, _) => (key, 0, true),
        };
        let uuid = |what: &str| {
            Uuid::new_v5(
                &Uuid::NAMESPACE_OID,
                format!("{what} {epoch} {key}").as_bytes(),
            )
        };
        let owned = uuid("owned").as_u128() % 3 > 0;
        owned.then(|| Owner {
            user: uuid("user"),
            client: (!billing).then(|| uuid("client")),
        })
    }
}

/// Panics unless the events obey order, repeat, batch and rebuild for this aggregate, in several
/// arrangements drawn from `seed`. Events that cannot be decoded are left out, as dead letters
/// are; an event that cannot be folded must leave its state as it was.
pub fn hold<A: Aggregate>(envelopes: &[Envelope], owners: &dyn Owners, seed: u64) {
    let facts: Vec<A::Fact> = envelopes
        .iter()
        .filter_map(|envelope| A::Fact::decode(envelope).ok())
        .collect();
    let mut random = Random(seed);
    let order: Vec<usize> = (0..facts.len()).collect();
    let expected = play::<A>(&facts, std::slice::from_ref(&order), owners);

    let one_by_one: Vec<Vec<usize>> = order.iter().map(|index| vec![*index]).collect();
    expected.must_equal(
        &play::<A>(&facts, &one_by_one, owners),
        "batch: one event a batch",
    );

    let twice: Vec<usize> = order.iter().chain(&order).copied().collect();
    expected.must_equal(
        &play::<A>(&facts, &[order.clone(), twice], owners),
        "repeat: all events again",
    );

    let backwards: Vec<usize> = order.iter().rev().copied().collect();
    expected.must_equal(&play::<A>(&facts, &[backwards], owners), "order: backwards");

    for _ in 0..4 {
        let mut shuffled = order.clone();
        let repeats = random.below(order.len() + 1);
        shuffled.extend((0..repeats).map(|_| order[random.below(order.len())]));
        random.shuffle(&mut shuffled);
        let batches = random.split(&shuffled);
        expected.must_equal(
            &play::<A>(&facts, &batches, owners),
            &format!("order, repeat and batch together: {batches:?}"),
        );
    }
    expected.must_equal(
        &play::<A>(&facts, &[order], owners),
        "rebuild: the same once more",
    );
}

/// Panics if the event, or any mutilation of it, makes decoding, folding or deriving rows panic.
pub fn total<A: Aggregate>(envelope: &Envelope, owners: &dyn Owners, seed: u64) {
    let mut random = Random(seed);
    let content_type = envelope
        .content_type()
        .unwrap_or("application/json")
        .to_owned();
    let mut data = vec![envelope.data().to_vec()];
    data.extend((0..24).map(|_| random.mutilate(envelope.data())));
    let mut state = A::State::default();
    for data in data {
        let mutilated = envelope.clone().with_data(&content_type, data);
        let Ok(fact) = A::Fact::decode(&mutilated) else {
            continue;
        };
        for key in A::keys(&fact) {
            // Into a fresh state and on top of everything before: both must stand it.
            for state in [&mut state, &mut A::State::default()] {
                let _: Result<(), FoldError> = A::fold(state, &key, &fact);
                let _ = A::questions(state);
                let _ = A::rows(&key, state, owners);
            }
        }
    }
}

/// What was folded, in a form that compares and prints.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    states: BTreeMap<String, String>,
    rows: BTreeMap<(&'static str, Vec<u8>), Vec<u8>>,
    rollups: BTreeMap<&'static str, Vec<Vec<u8>>>,
}

impl Outcome {
    fn must_equal(&self, other: &Self, law: &str) {
        for (key, state) in &self.states {
            assert_eq!(
                Some(state),
                other.states.get(key),
                "law {law}: state of {key:?}"
            );
        }
        assert_eq!(
            self.states.len(),
            other.states.len(),
            "law {law}: number of states"
        );
        let readable = |outcome: &Self| -> Vec<(&str, String)> {
            outcome
                .rows
                .iter()
                .map(|((table, _), row)| (*table, readable(row)))
                .collect()
        };
        assert_eq!(readable(self), readable(other), "law {law}: rows");
        assert_eq!(self.rows, other.rows, "law {law}: rows");
        assert_eq!(self.rollups, other.rollups, "law {law}: rollups");
    }
}

fn readable(row: &[u8]) -> String {
    String::from_utf8_lossy(row)
        .chars()
        .filter(|letter| !letter.is_control())
        .collect()
}

/// Folds batches as the engine does: states saved as JSON and loaded again between batches, rows
/// and rollups changed by the difference each batch makes.
fn play<A: Aggregate>(facts: &[A::Fact], batches: &[Vec<usize>], owners: &dyn Owners) -> Outcome {
    let mut states: BTreeMap<String, String> = BTreeMap::new();
    let mut rows = BTreeMap::new();
    let mut changes = Changes::new(&A::Rows::tables());
    for batch in batches {
        let mut touched: BTreeMap<String, (A::State, A::Rows)> = BTreeMap::new();
        for fact in batch.iter().map(|index| &facts[*index]) {
            for key in A::keys(fact) {
                let (state, _) = touched.entry(key.clone()).or_insert_with(|| {
                    let Some(saved) = states.get(&key) else {
                        return Default::default();
                    };
                    let state: A::State = serde_json::from_str(saved).expect("a saved state loads");
                    let before = A::rows(&key, &state, owners);
                    (state, before)
                });
                let before = json(state);
                if A::fold(state, &key, fact).is_err() {
                    assert_eq!(
                        before,
                        json(state),
                        "a refused fact must leave the state as it was"
                    );
                }
            }
        }
        for (key, (state, before)) in touched {
            let answers = Only(owners, A::questions(&state).into_iter().collect());
            let after = A::rows(&key, &state, &answers);
            A::Rows::changes(&before, &after, &mut changes);
            states.insert(key, json(&state));
        }
        write(&mut changes, &mut rows);
    }
    let rollups = changes
        .rollups()
        .into_iter()
        .map(|(table, sums)| (table.name, flat(&sums)))
        .collect();
    Outcome {
        states,
        rows,
        rollups,
    }
}

fn json<S: serde::Serialize>(state: &S) -> String {
    serde_json::to_string(state).expect("a state can be saved")
}

/// Answers only what was asked beforehand, as the engine does.
struct Only<'a>(&'a dyn Owners, BTreeSet<OwnerQuestion>);

impl Owners for Only<'_> {
    fn owner(&self, question: &OwnerQuestion) -> Option<Owner> {
        assert!(
            self.1.contains(question),
            "rows ask {question:?}, which Aggregate::questions does not name"
        );
        self.0.owner(question)
    }
}

fn write(changes: &mut Changes, rows: &mut BTreeMap<(&'static str, Vec<u8>), Vec<u8>>) {
    for table in changes.take_tables() {
        let keys: Vec<usize> = table
            .table
            .keys
            .iter()
            .filter_map(|key| {
                table
                    .table
                    .columns
                    .iter()
                    .position(|column| column.name == *key)
            })
            .collect();
        for key in table.deletes.iter_rows() {
            let gone = rows.remove(&(table.table.name, key.concat()));
            assert!(
                gone.is_some(),
                "a deleted row of {} was never written",
                table.table.name
            );
        }
        let writes = &table.writes;
        for row in writes.fresh.iter_rows().chain(writes.changed.iter_rows()) {
            let key: Vec<u8> = keys
                .iter()
                .flat_map(|key| row[*key].iter().copied())
                .collect();
            rows.insert((table.table.name, key), row.concat());
        }
    }
}

fn flat(values: &Values) -> Vec<Vec<u8>> {
    values.iter_rows().map(|row| row.concat()).collect()
}

/// A small deterministic source of chance (splitmix64), so that a seed names a run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn shuffle(&mut self, indexes: &mut [usize]) {
        for last in (1..indexes.len()).rev() {
            indexes.swap(last, self.below(last + 1));
        }
    }

    fn split(&mut self, indexes: &[usize]) -> Vec<Vec<usize>> {
        let mut batches = Vec::new();
        let mut rest = indexes;
        while !rest.is_empty() {
            let (batch, tail) = rest.split_at(1 + self.below(rest.len().min(7)));
            batches.push(batch.to_vec());
            rest = tail;
        }
        batches
    }

    fn mutilate(&mut self, data: &[u8]) -> Vec<u8> {
        let mut bytes = data.to_vec();
        if let Ok(mut json) = serde_json::from_slice::<serde_json::Value>(data)
            && self.below(4) > 0
        {
            for _ in 0..=self.below(3) {
                self.mutilate_json(&mut json, 0);
            }
            return json.to_string().into_bytes();
        }
        match self.below(3) {
            0 => bytes.truncate(self.below(bytes.len() + 1)),
            1 if !bytes.is_empty() => {
                let at = self.below(bytes.len());
                bytes[at] ^= 1 << self.below(8);
            }
            _ => bytes.extend_from_slice(b"\0{\"a\":"),
        }
        bytes
    }

    /// Walks to a random place and puts something unexpected there.
    fn mutilate_json(&mut self, value: &mut serde_json::Value, depth: usize) {
        let descend = self.below(8) > 0 && depth < 12;
        match value {
            serde_json::Value::Object(map) if descend && !map.is_empty() => {
                let at = self.below(map.len());
                let inner = map.iter_mut().nth(at).expect("below its length").1;
                self.mutilate_json(inner, depth + 1);
            }
            serde_json::Value::Array(items) if descend && !items.is_empty() => {
                let at = self.below(items.len());
                self.mutilate_json(&mut items[at], depth + 1);
            }
            other => *other = self.oddity(),
        }
    }

    fn oddity(&mut self) -> serde_json::Value {
        use serde_json::json;
        let oddities = [
            json!(null),
            json!(""),
            json!("nul \u{0} in the middle"),
            json!("\u{202e}x".repeat(3000)),
            json!(0),
            json!(-1),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(1e300),
            json!("18446744073709551616"),
            json!("-9223372036854775808"),
            json!("1e5"),
            json!("9999-12-31T23:59:59Z"),
            json!("0000-01-01T00:00:00Z"),
            json!("2024-19-39T25:61:61Z"),
            json!(true),
            json!([]),
            json!({}),
            json!([null, {"a": [1, "2"]}]),
            json!("+999999999999999999999"),
        ];
        oddities[self.below(oddities.len())].clone()
    }
}
