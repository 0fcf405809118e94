//! Fetch, fold, flush: the loop every read model is filled by.
//!
//! While one batch is being written the next is folded and the one after that read and decoded.
//! Nothing is acknowledged to JetStream: the checkpoint, which moves in the transaction that
//! moves the rows, is the only memory of how far this came. Any doubt ends the run, and the next
//! one starts at the checkpoint with nothing remembered.

use crate::{
    aggregate::Fact,
    batch::{Folder, Poison},
    checkpoint::{self, Checkpoint},
    dead::Storm,
    flush::Flush,
    goal::Goal,
    progress::Progress,
    projection::Projection,
    reader::ReadAhead,
    schema,
    stop::Stop,
    store::{self, Loader, Writer},
};
use frontdesk_events::{
    PartitionSet,
    nats::{Connection, DeadLetter, Role, admin::StreamState},
};
use frontdesk_process::{Shutdown, clock};
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::{JoinError, JoinHandle};

/// With this many messages at hand the next batch is folded beside the write in flight. With
/// fewer, gathering while it lasts makes larger and so cheaper batches, and delays nobody: the
/// next write could not start sooner.
const WORTH_FOLDING_AHEAD: usize = 256;

/// Two writes of small batches begin at least this far apart. A transaction of one event costs the
/// two cores nearly what one of fifty costs, so without it a steady trickle would eat what ingest
/// and the API need. An event after a pause waits for nothing.
const PACE: Duration = Duration::from_millis(8);

/// Payload bytes of one batch; with what is derived from them, tens of megabytes in memory.
const LARGEST_BATCH_BYTES: usize = 4 * 1024 * 1024;

/// A reader that has messages to come and brings none for this long is opened again.
const STALLED: Duration = Duration::from_secs(10);

/// What is stored at this moment the reader has a moment later; longer than its own patience with
/// a silent server.
const ON_ITS_WAY: Duration = Duration::from_secs(5);

/// How a run differs from another.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Where the tables are.
    pub(crate) schema: String,
    pub(crate) partitions: PartitionSet,
    /// The most messages in a batch.
    pub(crate) most: usize,
    /// The live run tells what changed, and counts.
    pub(crate) live: bool,
    /// Dead letters of later messages are published; with `None` of no message.
    pub(crate) letters_after: Option<u64>,
    pub(crate) goal: Goal,
}

/// Fills one schema from one stream.
pub(crate) struct Engine<F: Fact> {
    projection: Arc<Projection<F>>,
    settings: Settings,
    database_url: String,
    connection: Connection,
    pub(crate) progress: Progress,
    storm: Storm,
    careful: Option<Careful>,
    poison: Poison,
    /// Dead letters that were published and whose batch was not written: they are not published
    /// again, however long it takes.
    published: BTreeSet<u64>,
}

/// After a batch that could not be written: smaller ones, until past its end.
#[derive(Debug, Clone, Copy)]
struct Careful {
    most: usize,
    past: u64,
}

/// Whether there is anything to fold.
#[derive(Debug, PartialEq, Eq)]
enum Gathered {
    Messages,
    /// All of the stream is folded and nothing more is wanted.
    Nothing,
}

/// One run's connections and what it remembers.
struct Session<F: Fact> {
    loader: Loader,
    writer: Arc<Writer>,
    checkpoint: Checkpoint,
    folder: Folder<F>,
    read: ReadAhead<F>,
    in_flight: Option<InFlight>,
    launched_at: Option<Instant>,
}

/// With the dead letters that were published for it.
type InFlight = JoinHandle<(Vec<u64>, Result<Flush, Stop>)>;

impl<F: Fact> Engine<F> {
    pub(crate) fn new(
        projection: Arc<Projection<F>>,
        settings: Settings,
        database_url: &str,
        connection: Connection,
    ) -> Self {
        Self {
            projection,
            settings,
            database_url: database_url.to_owned(),
            connection,
            progress: Progress::default(),
            storm: Storm::default(),
            careful: None,
            poison: Poison::new(),
            published: BTreeSet::new(),
        }
    }

    /// Runs from the checkpoint until the goal is reached, shutdown, or something ends it. Call
    /// it again after anything but [`Stop::Storm`].
    pub(crate) async fn run(&mut self, shutdown: &Shutdown) -> Result<(), Stop> {
        let result = tokio::select! {
            result = self.follow() => result,
            () = shutdown.cancelled() => Ok(()),
        };
        self.progress.note(|done| done.running = false);
        if let Err(Stop::Data {
            reason,
            last,
            events,
        }) = &result
        {
            self.be_careful(reason, *last, *events);
        }
        result
    }

    /// Halves the batch until the event that cannot be written stands alone; then it is known.
    fn be_careful(&mut self, reason: &str, last: u64, events: usize) {
        tracing::warn!(
            projection = self.projection.name,
            reason,
            last,
            events,
            "a batch could not be written"
        );
        if events == 1 {
            self.poison.insert(last, reason.to_owned());
        }
        let past = self.careful.map_or(last, |careful| careful.past.max(last));
        self.careful = Some(Careful {
            most: (events / 2).max(1),
            past,
        });
    }

    async fn follow(&mut self) -> Result<(), Stop> {
        let (mut session, stream) = self.open().await?;
        let folded = session.checkpoint.start() - 1;
        if self
            .settings
            .goal
            .is_reached(folded, stream.last_sequence.saturating_sub(folded))
        {
            return Ok(());
        }
        if !self.has_to_fold(&session.checkpoint).await? && self.settings.goal != Goal::Follow {
            return Ok(());
        }
        while self.gather(&mut session).await? == Gathered::Messages {
            let most = self.most(&session.checkpoint);
            let mut batch = session.read.take(most, LARGEST_BATCH_BYTES)?;
            let last = batch.last().map(|last| (last.sequence, last.pending));
            // Who cannot write must not look as if there were nothing to do.
            self.progress.note(|done| done.unwritten = true);
            self.settings.goal.leave_out_what_is_beyond(&mut batch);
            let Session {
                folder,
                loader,
                checkpoint,
                ..
            } = &mut session;
            let flush = folder.fold(loader, batch, checkpoint, &self.poison).await?;
            self.land(&mut session).await?;
            if let Some(flush) = flush {
                if let Some(why) = self.storm.forbids(flush.events, &flush.dead) {
                    return Err(Stop::Storm(why));
                }
                session.in_flight = Some(self.launch(flush, Arc::clone(&session.writer)));
                session.launched_at = Some(clock::monotonic());
            } else {
                self.progress.note(|done| done.unwritten = false);
            }
            if last.is_some_and(|(seen, pending)| self.settings.goal.is_reached(seen, pending)) {
                break;
            }
        }
        self.land(&mut session).await
    }

    /// Connects, and makes sure that schema and stream are the right ones.
    async fn open(&self) -> Result<(Session<F>, StreamState), Stop> {
        let (schema, projection) = (&self.settings.schema, &self.projection);
        let client = store::connect(&self.database_url, schema)
            .await
            .map_err(Stop::Lost)?;
        schema::must_be_current(&client, schema, projection).await?;
        let loader = Loader::open(client, projection).await.map_err(Stop::Lost)?;
        let client = store::connect(&self.database_url, schema)
            .await
            .map_err(Stop::Lost)?;
        let writer = Writer::open(client, projection).await.map_err(Stop::Lost)?;
        let partitions = &self.settings.partitions;
        let checkpoint = Checkpoint::load(&loader.client, partitions).await?;
        let checked = checkpoint.check(&self.connection, projection.stream).await;
        let stream = checked.map_err(Stop::Lost)?.map_err(Stop::Halt)?;
        let start = checkpoint.start();
        let read = ReadAhead::start(&self.connection, projection.stream, partitions, start).await?;
        let session = Session {
            folder: Folder::new(projection, stream.created),
            loader,
            writer: Arc::new(writer),
            checkpoint,
            read,
            in_flight: None,
            launched_at: None,
        };
        Ok((session, stream))
    }

    fn most(&mut self, checkpoint: &Checkpoint) -> usize {
        match self.careful {
            Some(careful) if (checkpoint.furthest() as u64) < careful.past => careful.most,
            _ => {
                self.careful = None;
                self.settings.most
            }
        }
    }

    /// Waits for messages, and for the write in flight while there are few.
    async fn gather(&mut self, session: &mut Session<F>) -> Result<Gathered, Stop> {
        loop {
            if session.in_flight.is_some() && session.read.has(WORTH_FOLDING_AHEAD) {
                return Ok(Gathered::Messages);
            }
            if let Some(flight) = &mut session.in_flight {
                let landed = tokio::select! {
                    landed = flight => Some(landed),
                    more = session.read.more() => { more?; None }
                };
                if let Some(landed) = landed {
                    session.in_flight = None;
                    self.landed(landed)?;
                }
                continue;
            }
            let has_come = match tokio::time::timeout(STALLED, session.read.ready()).await {
                Ok(ready) => ready.map(|()| true)?,
                Err(_) if self.is_behind(session).await? => {
                    must_bring(&mut session.read).await?;
                    true
                }
                Err(_) => false,
            };
            if has_come {
                let since = session.launched_at.map_or(PACE, |at| at.elapsed());
                if since < PACE && !session.read.has(WORTH_FOLDING_AHEAD) {
                    tokio::time::sleep(PACE - since).await;
                }
                return Ok(Gathered::Messages);
            }
            if self.settings.goal != Goal::Follow {
                return Ok(Gathered::Nothing);
            }
        }
    }

    /// Whether the stream has messages that nobody has brought.
    async fn is_behind(&self, session: &Session<F>) -> Result<bool, Stop> {
        // Nobody else would notice before the next event comes: a database that went away, a
        // stream that was replaced.
        session.loader.client.batch_execute("").await?;
        let (checkpoint, stream) = (&session.checkpoint, self.projection.stream);
        let checked = checkpoint.check(&self.connection, stream).await;
        checked.map_err(Stop::Lost)?.map_err(Stop::Halt)?;
        self.has_to_fold(checkpoint).await
    }

    /// Whether messages are stored past the checkpoints. The stream's last sequence does not tell: it may
    /// be of other partitions, or erased. With nothing to fold the run has shown that it works.
    async fn has_to_fold(&self, checkpoint: &Checkpoint) -> Result<bool, Stop> {
        let positions = &checkpoint.positions;
        let behind = checkpoint::behind(positions, &self.connection, self.projection.stream);
        let has_to_fold = !behind.await.map_err(Stop::Lost)?.is_empty();
        if !has_to_fold {
            self.progress.note(|done| {
                done.pending = 0;
                done.unwritten = false;
                done.running = true;
            });
        }
        Ok(has_to_fold)
    }

    /// Waits for the write in flight, if there is one.
    async fn land(&mut self, session: &mut Session<F>) -> Result<(), Stop> {
        match session.in_flight.take() {
            Some(flight) => self.landed(flight.await),
            None => Ok(()),
        }
    }

    fn landed(
        &mut self,
        landed: Result<(Vec<u64>, Result<Flush, Stop>), JoinError>,
    ) -> Result<(), Stop> {
        let (published, written) = landed.map_err(|error| Stop::Lost(error.into()))?;
        self.published.extend(published);
        let flush = written?;
        self.storm.count(flush.events, &flush.dead);
        self.published = self.published.split_off(&(flush.last + 1));
        self.progress.note(|done| {
            done.events += flush.events as u64;
            done.dead += flush.dead.len() as u64;
            done.last = flush.last;
            done.pending = flush.advance.pending as u64;
            done.stored_at = Some(flush.stored_at);
            done.unwritten = false;
            done.running = true;
        });
        Ok(())
    }

    /// Writes a batch in the background: dead letters before the checkpoint passes them, then
    /// the transaction, then word of it.
    fn launch(&self, mut flush: Flush, writer: Arc<Writer>) -> InFlight {
        let (name, stream, live) = (
            self.projection.name,
            self.projection.stream,
            self.settings.live,
        );
        let is_to_publish = |letter: &&DeadLetter| {
            let sequence = letter.sequence();
            let is_wanted = self
                .settings
                .letters_after
                .is_some_and(|after| sequence > after);
            is_wanted && !self.published.contains(&sequence)
        };
        let letters: Vec<DeadLetter> = flush.dead.iter().filter(is_to_publish).cloned().collect();
        for letter in flush.dead.iter().filter(|letter| !is_to_publish(letter)) {
            let (sequence, reason) = (letter.sequence(), letter.reason());
            tracing::info!(%stream, sequence, reason, "could not be folded; no letter is published now");
        }
        let connection = self.connection.clone();
        tokio::spawn(async move {
            let mut published = Vec::new();
            for letter in &letters {
                if let Err(error) = letter
                    .publish(&connection, Role::Projector, stream, name)
                    .await
                {
                    return (published, Err(Stop::Lost(error)));
                }
                published.push(letter.sequence());
            }
            let started = clock::monotonic();
            if let Err(stop) = flush.commit(&writer).await {
                return (published, Err(stop));
            }
            if live {
                flush.tell(&connection, &writer).await;
                warn(name, &flush);
                count(name, &flush, started.elapsed());
            }
            (published, Ok(flush))
        })
    }
}

/// Waits for a message that is stored. One that came between the reader's last word and the
/// question is nearly here; a reader that does not bring it is broken.
async fn must_bring<F: Fact>(read: &mut ReadAhead<F>) -> Result<(), Stop> {
    let ready = tokio::time::timeout(ON_ITS_WAY, read.ready()).await;
    let broken = || anyhow::anyhow!("no progress for {STALLED:?} with messages to come");
    Ok(ready.map_err(|_| Stop::Lost(broken()))??)
}

fn warn(name: &'static str, flush: &Flush) {
    for warning in &flush.warnings {
        tracing::warn!(projection = name, row = warning.id, "{}", warning.what);
    }
    metrics::counter!("frontdesk_projection_warnings_total", "projection" => name)
        .increment(flush.warnings.len() as u64);
}

fn count(name: &'static str, flush: &Flush, took: Duration) {
    metrics::counter!("frontdesk_projection_events_total", "projection" => name)
        .increment(flush.events as u64);
    metrics::counter!("frontdesk_projection_dead_letters_total", "projection" => name)
        .increment(flush.dead.len() as u64);
    metrics::counter!("frontdesk_projection_batches_total", "projection" => name).increment(1);
    metrics::histogram!("frontdesk_projection_flush_seconds", "projection" => name)
        .record(took.as_secs_f64());
}
