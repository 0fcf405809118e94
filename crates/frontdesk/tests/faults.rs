//! `kill -9` of ingest, projector, PostgreSQL and nats-server at random moments under load.
//!
//! Afterwards every delivery that was answered 2xx is in the stream, once or as a marked
//! duplicate, and the tables equal two folds of the stream: the product's own (`projections
//! verify`) and an independent one written here. `KILLS` sets how often (40 when unset), `SEED`
//! repeats a run's choices.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

#[path = "faults/sender.rs"]
mod sender;

use frontdesk_events::{
    PartitionSet, StreamName,
    nats::{Reader, Role},
};
use frontdesk_harness::{
    Nats, Program,
    chance::{Chance, setting},
    eventually,
    postgres::Cluster,
};
use sender::{KEY, SECRET, Senders};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
    time::Duration,
};

const EXECUTABLE: &str = env!("CARGO_BIN_EXE_frontdesk");
const SENDERS: usize = 24;

struct Victims {
    nats: Nats,
    postgres: Cluster,
    ingest: Program,
    projector: Program,
}

impl Victims {
    async fn start() -> Self {
        let (nats, postgres) = (frontdesk_harness::nats().await, Cluster::start().await);
        let executable = Path::new(EXECUTABLE);
        let shared = [
            ("NATS_URL", nats.url()),
            ("NATS_MONITOR_URL", nats.args().nats_monitor_url),
            ("DATABASE_URL", postgres.url()),
            ("LIVEKIT_API_KEY", KEY.into()),
            ("LIVEKIT_API_SECRET", SECRET.into()),
        ];
        let ingest = Program::start(executable, "ingest", "INGEST_LISTEN", &shared).await;
        let projector = Program::start(executable, "projector", "PROJECTOR_LISTEN", &shared).await;
        Self {
            nats,
            postgres,
            ingest,
            projector,
        }
    }

    /// Kills one of the four and starts it again after a pause.
    async fn kill_one(&mut self, chance: &mut Chance) -> &'static str {
        let pause = Duration::from_millis(chance.below(150));
        match chance.below(4) {
            0 => {
                self.ingest.kill();
                tokio::time::sleep(pause).await;
                self.ingest.restart();
                "ingest"
            }
            1 => {
                self.projector.kill();
                tokio::time::sleep(pause).await;
                self.projector.restart();
                "projector"
            }
            2 => {
                self.postgres.kill();
                tokio::time::sleep(pause).await;
                self.postgres.restart().await;
                "postgres"
            }
            _ => {
                self.nats.kill();
                tokio::time::sleep(pause).await;
                self.nats.restart().await;
                "nats-server"
            }
        }
    }
}

/// Every message of CALLS: (source, event id) with its sequences, and the payloads in order.
async fn whole_stream(nats: &Nats) -> (BTreeMap<(String, String), Vec<u64>>, Vec<Value>) {
    let connection = nats.connect(Role::Operator).await;
    let end = connection
        .stream_state(StreamName::Calls)
        .await
        .unwrap()
        .last_sequence;
    let mut reader = Reader::open(&connection, StreamName::Calls, &PartitionSet::all(), 1)
        .await
        .unwrap();
    let (mut found, mut payloads, mut last) = (BTreeMap::<_, Vec<u64>>::new(), Vec::new(), 0);
    while last < end {
        for delivery in reader.read(1000, Duration::from_secs(3)).await.unwrap() {
            let envelope = delivery.envelope().unwrap();
            last = delivery.sequence;
            found
                .entry((envelope.source().into(), envelope.id().into()))
                .or_default()
                .push(last);
            payloads.push(serde_json::from_slice(envelope.data()).unwrap());
        }
    }
    (found, payloads)
}

/// The independent fold: which calls there are, and how many of them have ended. It shares
/// nothing with the projector but the meaning of three webhooks.
fn expected_calls(payloads: &[Value]) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut calls, mut ended) = (BTreeSet::new(), BTreeSet::new());
    for body in payloads {
        if let Some(call) = body["participant"]["attributes"]["sip.callID"].as_str() {
            calls.insert(call.to_owned());
            if body["event"] == "participant_left" {
                ended.insert(call.to_owned());
            }
        }
    }
    (calls, ended)
}

async fn assert_tables_equal(victims: &Victims, payloads: &[Value], messages: usize) {
    let (calls, ended) = expected_calls(payloads);
    assert!(
        calls.len() > 50,
        "only {} calls: the test would show little",
        calls.len()
    );
    let (client, connection) =
        tokio_postgres::connect(&victims.postgres.url(), tokio_postgres::NoTls)
            .await
            .unwrap();
    tokio::spawn(connection);
    eventually("the projector has caught up", async || {
        let row = client
            .query_one("select count(*) from calls.event_index", &[])
            .await
            .ok()?;
        (row.get::<_, i64>(0) == i64::try_from(messages).unwrap()).then_some(())
    })
    .await;
    let rows = client
        .query("select call_key, state from calls.calls", &[])
        .await
        .unwrap();
    let found: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(found, calls, "calls in the table and in the stream");
    let found: BTreeSet<String> = rows
        .iter()
        .filter(|row| row.get::<_, String>(1) == "ended")
        .map(|row| row.get(0))
        .collect();
    assert_eq!(found, ended, "ended calls in the table and in the stream");
    let counted: i64 = client
        .query_one(
            "select coalesce(sum(calls), 0)::bigint from calls.hourly",
            &[],
        )
        .await
        .unwrap()
        .get(0);
    assert_eq!(
        counted,
        i64::try_from(ended.len()).unwrap(),
        "ended calls in the rollups"
    );
}

fn assert_verified(victims: &Victims) {
    let out = Command::new(EXECUTABLE)
        .args([
            "projections",
            "--database-url",
            &victims.postgres.url(),
            "--nats-url",
            &victims.nats.url(),
        ])
        .args(["verify", "calls"])
        .output()
        .unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
    assert!(out.status.success(), "projections verify calls: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_whatever_is_killed() {
    let kills = setting("KILLS", 40);
    let mut chance = Chance::from_environment();
    println!("{kills} kills, SEED={}", chance.0);
    let mut victims = Victims::start().await;
    let senders = Senders::start(victims.ingest.address, SENDERS);

    let mut killed = BTreeMap::<_, u64>::new();
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(100 + chance.below(400))).await;
        *killed
            .entry(victims.kill_one(&mut chance).await)
            .or_default() += 1;
    }
    victims.ingest.wait_until_ready().await;
    victims.projector.wait_until_ready().await;
    let acknowledged = senders.finish().await;
    println!(
        "killed {killed:?}; {} deliveries acknowledged",
        acknowledged.len()
    );

    let (stored, payloads) = whole_stream(&victims.nats).await;
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|id| !stored.contains_key(&(format!("/livekit/{KEY}"), (*id).clone())))
        .collect();
    assert!(
        lost.is_empty(),
        "answered 2xx and not in the stream: {lost:?}"
    );
    let repeated = stored
        .values()
        .filter(|sequences| sequences.len() > 1)
        .count();
    println!(
        "{} events stored, {repeated} of them more than once",
        stored.len()
    );

    assert_tables_equal(&victims, &payloads, stored.values().map(Vec::len).sum()).await;
    assert_verified(&victims);
}
