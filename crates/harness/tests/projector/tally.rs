//! A small read model that uses everything the engine offers: owners, rows that come and go,
//! arrays, a rollup, live changes, refusals and values a database cannot hold.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file that includes this uses a part of it"
)]

use chrono::{DateTime, TimeZone as _, Utc};
use frontdesk_events::{
    Envelope, Partition, StreamName,
    nats::{Connection, Outbound, live::Topic},
    subject,
};
use frontdesk_harness::{Database, Nats, eventually};
use frontdesk_process::{Shutdown, health::Health};
use frontdesk_projector::{
    ProjectorArgs,
    aggregate::{Aggregate, Fact, FoldError, OwnerQuestion, Owners},
    keep,
    operate::{Operator, bar::Bar, verify::Verified},
    projection::Projection,
    rollup, row,
    table::{Changes, Derived, Table, Tell},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::task::JoinHandle;
use uuid::Uuid;

pub const SQL: &str = "
create table checkpoints (
    partition smallint primary key, sequence bigint not null, event_id text, event_hash bytea,
    stream_created_at timestamptz, as_of timestamptz, pending bigint not null default 0,
    updated_at timestamptz not null default now()
);
create table tally_states (key text primary key, state bytea not null);
create table tallies (
    name text primary key, user_id uuid, total bigint not null, words text[] not null, small integer
);
create unique index one_small on tallies (small);
create table parts (name text not null, id text not null, n bigint not null, primary key (name, id));
create table totals (
    letter text primary key, user_id uuid, names bigint not null, sum bigint not null, spread bigint[] not null
);
create table event_index (
    sequence bigint primary key, source text not null, event_id text not null, kind text not null,
    aggregate text, occurred_at timestamptz, received_at timestamptz not null
);
";

/// One number added to a name; the same id twice is one number, the larger one.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Add {
    pub name: String,
    pub n: i64,
    #[serde(default)]
    pub word: String,
    #[serde(default)]
    pub tenant: Option<String>,
    /// The instant the tenant is asked about; of several the latest.
    #[serde(default)]
    pub at: Option<DateTime<Utc>>,
    /// Goes into a unique column: the second name with one cannot be written.
    #[serde(default)]
    pub small: Option<i32>,
    #[serde(skip)]
    pub id: String,
}

impl Fact for Add {
    fn decode(envelope: &Envelope) -> Result<Self, FoldError> {
        let mut add: Self = serde_json::from_slice(envelope.data())
            .map_err(|error| FoldError(error.to_string()))?;
        add.id = envelope.id().to_owned();
        assert_ne!(add.word, "panic in decode");
        Ok(add)
    }

    fn index_key(&self) -> Option<&str> {
        Some(&self.name)
    }
}

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub struct State {
    parts: BTreeMap<String, (i64, String)>,
    tenant: Option<String>,
    at: Option<DateTime<Utc>>,
    small: Option<i32>,
}

row! {
    pub struct Tally in "tallies", keyed by (name) {
        pub name: String,
        pub user_id: Option<Uuid>,
        pub total: i64,
        pub words: Vec<String>,
        pub small: Option<i32>,
    }
}

row! {
    pub struct Part in "parts", keyed by (name, id) {
        pub name: String,
        pub id: String,
        pub n: i64,
    }
}

rollup! {
    pub struct Total in "totals", keyed by (letter), adding (names, sum, spread) {
        pub letter: String,
        pub user_id: Option<Uuid>,
        pub names: i64,
        pub sum: i64,
        pub spread: [i64; 3],
    }
}

#[derive(Debug, Default, PartialEq)]
pub struct Rows {
    tallies: Vec<Tally>,
    parts: Vec<Part>,
}

impl Rows {
    fn totals(&self) -> impl Iterator<Item = Total> {
        self.tallies.iter().map(|tally| Total {
            // By the total's last digit: rows move from one sum to another as events come.
            letter: format!("{}", tally.total.rem_euclid(10)),
            user_id: None,
            names: 1,
            sum: tally.total,
            spread: std::array::from_fn(|place| {
                i64::from(tally.total.rem_euclid(3) == place as i64)
            }),
        })
    }
}

impl Derived for Rows {
    fn tables() -> Vec<Table> {
        vec![
            Table::of::<Tally>(),
            Table::of::<Part>(),
            Table::rollup::<Total>(),
        ]
    }

    fn changes(before: &Self, after: &Self, out: &mut Changes) {
        out.rows_telling(&before.tallies, &after.tallies, |tally| {
            Some(Tell {
                user: tally.user_id,
                topic: Topic::Calls,
                id: tally.name.clone(),
            })
        });
        out.rows(&before.parts, &after.parts);
        out.rollup(before.totals(), after.totals());
    }
}

pub struct Tallies;

impl Aggregate for Tallies {
    const NAME: &'static str = "tally";
    type Fact = Add;
    type State = State;
    type Rows = Rows;

    fn keys(fact: &Add) -> Vec<String> {
        vec![fact.name.clone()]
    }

    fn fold(state: &mut State, _: &str, fact: &Add) -> Result<(), FoldError> {
        if fact.word == "refuse" {
            return Err(FoldError("refused by its word".into()));
        }
        assert_ne!(fact.word, "panic in fold");
        let part = state.parts.entry(fact.id.clone()).or_default();
        *part = part.clone().max((fact.n, fact.word.clone()));
        state.tenant = state.tenant.clone().max(fact.tenant.clone());
        state.at = state.at.max(fact.at);
        state.small = state.small.max(fact.small);
        Ok(())
    }

    fn questions(state: &State) -> Vec<OwnerQuestion> {
        let asked = state.tenant.as_ref().zip(state.at);
        asked
            .map(|(tenant, at)| OwnerQuestion::Tenant(tenant.clone(), at))
            .into_iter()
            .collect()
    }

    fn rows(key: &str, state: &State, owners: &dyn Owners) -> Rows {
        let owner = Self::questions(state)
            .first()
            .and_then(|question| owners.owner(question));
        // Parts of zero or less have no row, so that rows come and go.
        let parts: Vec<Part> = state
            .parts
            .iter()
            .filter(|(_, (n, _))| *n > 0)
            .map(|(id, (n, _))| Part {
                name: key.to_owned(),
                id: id.clone(),
                n: *n,
            })
            .collect();
        let tally = Tally {
            name: key.to_owned(),
            user_id: owner.map(|owner| owner.user),
            total: parts.iter().map(|part| part.n).sum(),
            words: state.parts.values().map(|(_, word)| word.clone()).collect(),
            small: state.small,
        };
        Rows {
            tallies: vec![tally],
            parts,
        }
    }
}

#[must_use]
pub fn projection() -> Projection<Add> {
    Projection::new("tally", StreamName::Calls, SQL, 1).with::<Tallies>()
}

/// An addition as an event.
#[must_use]
pub fn add(id: &str, name: &str, n: i64) -> Add {
    Add {
        name: name.into(),
        n,
        word: format!("word {id}, \"quoted\\\" {{}}"),
        tenant: None,
        at: None,
        small: None,
        id: id.into(),
    }
}

/// Publishes additions, each a message of its own, in batches.
pub async fn publish(connection: &Connection, adds: &[Add]) {
    let time = Utc.with_ymd_and_hms(2026, 11, 23, 12, 0, 0).unwrap();
    let outbound: Vec<Outbound> = adds
        .iter()
        .enumerate()
        .map(|(index, add)| {
            let data = serde_json::to_vec(add).unwrap();
            let envelope = Envelope::new(
                &add.id,
                &format!("/agents/{}", Uuid::new_v4()),
                "dev.frontdesk.test.add",
            )
            .unwrap()
            .with_time(time + chrono::TimeDelta::seconds(index as i64))
            .with_data("application/json", data);
            Outbound::new(&envelope, subject_of(&add.name)).unwrap()
        })
        .collect();
    for batch in outbound.chunks(500) {
        let id = Uuid::new_v4().to_string();
        connection
            .publish_batch(&id, batch, Duration::from_secs(10))
            .await
            .unwrap();
    }
}

#[must_use]
pub fn subject_of(name: &str) -> String {
    subject::event(StreamName::Calls, Partition::of(name), "agent", "add")
}

/// A running projector, ended by dropping or aborting.
pub struct Running {
    pub health: Health,
    pub shutdown: Shutdown,
    pub task: JoinHandle<()>,
}

impl Running {
    #[must_use]
    pub fn start(nats: &Connection, url: &str, batch: u32) -> Self {
        Self::start_on(nats, url, batch, "0-15")
    }

    #[must_use]
    pub fn start_on(nats: &Connection, url: &str, batch: u32, partitions: &str) -> Self {
        let (health, shutdown) = (Health::default(), Shutdown::new());
        let args = ProjectorArgs {
            partitions: partitions.parse().unwrap(),
            batch,
        };
        let (url, nats, token, told) = (
            url.to_owned(),
            nats.clone(),
            shutdown.clone(),
            health.clone(),
        );
        let task = tokio::spawn(async move {
            let partitions = args.partitions.clone();
            keep(
                Arc::new(projection()),
                partitions,
                &args,
                &url,
                nats,
                &told,
                &token,
            )
            .await;
        });
        Self {
            health,
            shutdown,
            task,
        }
    }

    /// Why it is not well; empty while it is.
    #[must_use]
    pub fn why(&self) -> String {
        self.health
            .conditions()
            .get("projector-tally")
            .map_or("unknown".into(), |condition| condition.why.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Servers, a schema and a client that looks at it.
pub struct Stage {
    pub nats: Nats,
    pub database: Database,
    pub connection: Connection,
    pub client: tokio_postgres::Client,
}

impl Stage {
    pub async fn set() -> Self {
        let nats = frontdesk_harness::nats().await;
        let database = frontdesk_harness::database().await;
        let connection = nats.connect(frontdesk_events::nats::Role::Operator).await;
        frontdesk_projector::ensure_read_model(&database.url(), &projection())
            .await
            .unwrap();
        let client = database.client().await;
        Self {
            nats,
            database,
            connection,
            client,
        }
    }

    #[must_use]
    pub fn operator(&self) -> Operator {
        Operator::new(&self.database.url(), self.connection.clone())
    }

    /// What the database's clock says.
    pub async fn clock(&self) -> DateTime<Utc> {
        let row = self.client.query_one("select clock_timestamp()", &[]).await;
        row.unwrap().get(0)
    }

    pub async fn number(&self, sql: &str) -> i64 {
        self.client.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Waits until every partition's checkpoint is at the stream's end (of those this asks for).
    pub async fn caught_up(&self) {
        eventually("the projector has caught up", async || {
            let end = self
                .connection
                .stream_state(StreamName::Calls)
                .await
                .ok()?
                .last_sequence;
            let at = self
                .number("select coalesce(min(sequence), 0) from tally.checkpoints")
                .await;
            (at as u64 >= end).then_some(())
        })
        .await;
    }

    pub async fn verify(&self) -> Verified {
        self.operator()
            .verify(projection(), &mut Bar::new("", true))
            .await
            .unwrap()
    }

    pub async fn must_equal_a_replay(&self) {
        let verified = self.verify().await;
        assert_eq!(verified.differences, [], "{verified:?}");
        assert!(verified.rows > 0);
    }

    /// All rows as text, without checkpoints.
    pub async fn dump(&self) -> Vec<String> {
        let sql = "select 'tally ' || t::text from tally.tallies t union all select 'part ' || t::text from tally.parts t
                   union all select 'total ' || t::text from tally.totals t
                   union all select 'state ' || key || convert_from(state, 'utf8') from tally.tally_states order by 1";
        self.client
            .query(sql, &[])
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect()
    }
}

/// Additions with repeated ids and names, deterministic.
#[must_use]
pub fn many(count: usize, names: usize) -> Vec<Add> {
    (0..count)
        .map(|index| {
            let mixed = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 17;
            let id = format!("e{}", mixed % (count as u64 * 3 / 4 + 1));
            add(
                &id,
                &format!("n{}", mixed as usize % names),
                (mixed % 2000) as i64 - 300,
            )
        })
        .collect()
}
