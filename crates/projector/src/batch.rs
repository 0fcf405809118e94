//! From messages to what must be written: group by aggregate, load states, fold, derive.

use crate::{
    aggregate::Fact,
    checkpoint::{self, Anchor, Checkpoint},
    flush::{Advance, Flush},
    lane::Lane,
    owners::OwnerBook,
    projection::{EVENT_INDEX, Projection},
    reader::Taken,
    stop::Stop,
    store::Loader,
    table::{Changes, Table, Values, changes::Writes, value::clean},
};
use chrono::{DateTime, Utc};
use frontdesk_events::nats::DeadLetter;
use futures::future::try_join_all;
use std::{
    collections::{HashMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

/// An indexed key longer than this could not be stored in the index; no provider's comes near.
const LONGEST_INDEX_KEY: usize = 512;

/// Folds batches of one projection. Remembers states and owners between them; dropped with all
/// it remembers whenever something went wrong.
pub(crate) struct Folder<F> {
    lanes: Vec<Box<dyn Lane<F>>>,
    owners: OwnerBook,
    tables: Vec<Table>,
    stream_created_at: DateTime<Utc>,
}

/// Events that were found to be impossible to write, by sequence, with the reason.
pub(crate) type Poison = HashMap<u64, String>;

impl<F: Fact> Folder<F> {
    pub(crate) fn new(projection: &Projection<F>, stream_created_at: DateTime<Utc>) -> Self {
        let lanes = projection.lanes();
        Self {
            lanes,
            owners: OwnerBook::default(),
            tables: projection.tables(),
            stream_created_at,
        }
    }

    /// Folds a batch and moves the checkpoint in memory. `None` when all of it was folded before.
    pub(crate) async fn fold(
        &mut self,
        loader: &Loader,
        mut batch: Vec<Taken<F>>,
        checkpoint: &mut Checkpoint,
        poison: &Poison,
    ) -> Result<Option<Flush>, Stop> {
        batch.retain(|taken| !checkpoint.has(taken.partition, taken.sequence as i64));
        let Some(last) = batch.last() else {
            return Ok(None);
        };
        let (sequence, events) = (last.sequence, batch.len());
        let broken = |reason: String| Stop::Data {
            reason,
            last: sequence,
            events,
        };

        let mut dead = self.group(&batch, poison);
        self.load(loader).await?;
        let folded = catch_unwind(AssertUnwindSafe(|| self.fold_lanes(&batch)));
        dead.extend(folded.map_err(|_| broken("folding it panicked".into()))?);
        let mut questions = HashSet::new();
        for lane in &self.lanes {
            lane.questions(&mut questions);
        }
        self.owners
            .learn(&loader.client, &loader.owners, questions.iter())
            .await?;
        let derived = catch_unwind(AssertUnwindSafe(|| self.derive()));
        let (states, mut changes) =
            derived.map_err(|_| broken("deriving its rows panicked".into()))?;

        let letters = dead
            .iter()
            .map(|(index, reason)| DeadLetter::new(batch[*index].sequence, reason))
            .collect();
        let index = index_events(&batch, &dead);
        Ok(Some(Flush {
            events,
            last: sequence,
            advance: self.advance(&batch, checkpoint),
            states,
            rollups: changes.rollups(),
            tells: changes.take_tells(),
            warnings: changes.take_warnings(),
            tables: changes.take_tables(),
            index,
            dead: letters,
            stored_at: last.stored_at,
        }))
    }

    /// Tells the lanes which facts concern them; answers the dead letters found on the way.
    fn group(&mut self, batch: &[Taken<F>], poison: &Poison) -> HashMap<usize, String> {
        for lane in &mut self.lanes {
            lane.begin();
        }
        let mut dead = HashMap::new();
        for (index, taken) in batch.iter().enumerate() {
            let grouped = match (&taken.fact, poison.get(&taken.sequence)) {
                (_, Some(reason)) => Err(reason.clone()),
                (Err(error), _) => Err(error.0.clone()),
                (Ok(fact), None) => self
                    .lanes
                    .iter_mut()
                    .try_for_each(|lane| lane.group(index, fact))
                    .map_err(|error| error.0),
            };
            if let Err(reason) = grouped {
                dead.insert(index, reason);
            }
        }
        dead
    }

    /// Loads the states the batch needs and nobody remembers, all aggregates in one round trip.
    async fn load(&mut self, loader: &Loader) -> Result<(), Stop> {
        let missing: Vec<Vec<String>> = self.lanes.iter().map(|lane| lane.missing()).collect();
        let queries = loader
            .states
            .iter()
            .zip(&missing)
            .map(|(statement, keys)| async move {
                if keys.is_empty() {
                    return Ok(Vec::new());
                }
                loader.client.query(statement, &[keys]).await
            });
        let loaded = try_join_all(queries).await?;
        for (lane, rows) in self.lanes.iter_mut().zip(loaded) {
            for row in rows {
                let key: String = row.get(0);
                let admitted =
                    catch_unwind(AssertUnwindSafe(|| lane.admit(key.clone(), row.get(1))));
                let broken = match admitted {
                    Ok(Ok(())) => continue,
                    Ok(Err(error)) => error.to_string(),
                    Err(_) => "deriving its rows panicked".into(),
                };
                return Err(Stop::Halt(format!(
                    "the stored state {key:?} cannot be read ({broken}): it was written by another version; \
                     rebuild the projection"
                )));
            }
        }
        Ok(())
    }

    fn fold_lanes(&mut self, batch: &[Taken<F>]) -> Vec<(usize, String)> {
        let refused = self.lanes.iter_mut().flat_map(|lane| lane.fold(batch));
        refused.map(|(index, error)| (index, error.0)).collect()
    }

    fn derive(&mut self) -> (Vec<Writes>, Changes) {
        let mut changes = Changes::new(&self.tables);
        let derive = |lane: &mut Box<dyn Lane<F>>| {
            let mut states = Writes::new(2);
            lane.derive(&self.owners, &mut changes, &mut states);
            states
        };
        let states = self.lanes.iter_mut().map(derive).collect();
        (states, changes)
    }

    fn advance(&self, batch: &[Taken<F>], checkpoint: &mut Checkpoint) -> Advance {
        let last = batch.last().expect("an empty batch was answered before");
        let to = last.sequence as i64;
        let event = last.event.as_ref();
        Advance {
            table: checkpoint.table,
            from: checkpoint.advance(to),
            to,
            anchor: Anchor {
                event_id: event.map(|event| clean(&event.id).into_owned()),
                hash: checkpoint::hash(&last.subject, &last.payload),
                stream_created_at: self.stream_created_at,
            },
            as_of: checkpoint::as_of(event.and_then(|event| event.happened_at), last.stored_at),
            pending: last.pending as i64,
        }
    }
}

/// A row for every message, duplicates and dead letters included.
fn index_events<F: Fact>(batch: &[Taken<F>], dead: &HashMap<usize, String>) -> Values {
    let mut rows = Values::new(EVENT_INDEX.columns.len());
    for (index, taken) in batch.iter().enumerate() {
        let event = taken.event.as_ref();
        let key = taken
            .fact
            .as_ref()
            .ok()
            .filter(|_| !dead.contains_key(&index))
            .and_then(Fact::index_key);
        rows.put(&(taken.sequence as i64));
        rows.put(event.map_or("", |event| &event.source));
        rows.put(event.map_or("", |event| &event.id));
        rows.put(event.map_or("", |event| &event.kind));
        rows.put(&key.filter(|key| key.len() <= LONGEST_INDEX_KEY));
        rows.put(&event.and_then(|event| event.happened_at));
        let recorded_at = event.and_then(|event| event.recorded_at);
        rows.put(&recorded_at.unwrap_or(taken.stored_at));
    }
    rows
}
