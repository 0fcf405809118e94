//! The sandbox against the real ingest: everything it tells is believed, stored once, and closed
//! at its end.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use clap::Parser;
use frontdesk_events::{
    PartitionSet, StreamName,
    nats::{Connection, Reader, Role},
};
use frontdesk_harness::{Database, Nats, eventually};
use frontdesk_ingest::{Ingest, IngestArgs};
use frontdesk_process::{
    Shutdown, clock,
    health::Health,
    listen::{self, Limits},
};
use frontdesk_sandbox::{
    livekit::token::LiveKitKey,
    run::{
        Outside, Pace, Real, Scene,
        services::{Services, serve_certificates},
        state::State,
    },
    stories::billing,
    world::World,
};
use std::{
    collections::HashSet,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

const KEY: &str = "APItest";
const SECRET: &str = "a secret of thirty-two characters";
const WEBHOOK: &str = "5GP028458E2496506";

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    ingest: IngestArgs,
}

/// Ingest and a sandbox that knows it.
struct Stand {
    _nats: Nats,
    _ingest: Ingest,
    database: Database,
    operator: Connection,
    outside: Outside,
    shutdown: Shutdown,
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.shutdown.cancel();
        let _ = std::fs::remove_dir_all(&self.outside.state_dir);
    }
}

impl Stand {
    async fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let shutdown = Shutdown::new();
        let state_dir =
            PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(uuid::Uuid::new_v4().to_string());
        let certificates = free_address().await;
        let args = ingest_args(certificates, &state_dir);
        let nats = frontdesk_harness::nats().await;
        let health = Health::default();
        let connection = nats.connect(Role::Ingest).await;
        let ingest = Ingest::start(args, connection, health.clone(), shutdown.clone())
            .await
            .unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(listen::serve(
            listener,
            ingest.router(),
            Limits::default(),
            shutdown.clone(),
        ));
        eventually("ingest is ready", async || health.is_ready().then_some(())).await;
        let database = frontdesk_harness::database().await;
        let outside = Outside {
            target,
            seed: 7,
            state_dir,
            listen: certificates,
            services: Services::default(),
            livekit: LiveKitKey {
                key: KEY.to_owned(),
                secret: SECRET.to_owned(),
            },
            webhook_id: WEBHOOK.to_owned(),
            database_url: Some(database.url()),
            shuffle: true,
            double: true,
            real: Real::default(),
        };
        let operator = nats.connect(Role::Operator).await;
        Self {
            _nats: nats,
            _ingest: ingest,
            database,
            operator,
            outside,
            shutdown,
        }
    }

    async fn scene(&self) -> Scene {
        self.outside.clone().prepare().await.unwrap()
    }

    async fn count(&self, stream: StreamName) -> u64 {
        self.operator.stream_state(stream).await.unwrap().messages
    }

    /// Type and room of everything in CALLS.
    async fn calls(&self) -> Vec<(String, String)> {
        let count = self.count(StreamName::Calls).await as usize;
        let mut reader = Reader::open(&self.operator, StreamName::Calls, &PartitionSet::all(), 1)
            .await
            .unwrap();
        let mut calls = Vec::new();
        while calls.len() < count {
            let deliveries = reader.read(1000, Duration::from_secs(2)).await.unwrap();
            calls.extend(deliveries.iter().map(|delivery| {
                let envelope = delivery.envelope().unwrap();
                (
                    envelope.kind().to_owned(),
                    envelope.partition_key().unwrap(),
                )
            }));
        }
        calls
    }
}

/// Ingest that trusts the sandbox's PayPal.
fn ingest_args(certificates: SocketAddr, state_dir: &Path) -> IngestArgs {
    let bundle = state_dir.join("paypal-ca.pem");
    let origin = format!("http://{certificates}");
    let flags = [
        "ingest",
        "--livekit-api-key",
        KEY,
        "--livekit-api-secret",
        SECRET,
        "--paypal-webhook-id",
        WEBHOOK,
        "--paypal-cert-hosts",
        &origin,
        "--paypal-trust-bundle",
        bundle.to_str().unwrap(),
    ];
    Command::try_parse_from(flags).unwrap().ingest
}

async fn free_address() -> SocketAddr {
    tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_and_what_was_paid_are_believed_and_stored_once() {
    let stand = Stand::start().await;
    let scene = stand.scene().await;
    let signatures = stand.outside.signatures().await.unwrap();
    serve_certificates(
        stand.outside.listen,
        &signatures.paypal,
        stand.shutdown.clone(),
    )
    .await
    .unwrap();
    let mut state = State::open(&stand.outside.state_dir, clock::now()).unwrap();

    let told = scene.tell_past(state.anchor, 2).await;
    assert!(
        told.sent > 100 && told.refused + told.failed + told.dropped == 0,
        "{told:?}"
    );
    assert_eq!(stand.count(StreamName::Calls).await, told.sent);
    // A crash in the middle tells the whole past again, with the same ids.
    let again = scene.tell_past(state.anchor, 2).await;
    assert_eq!(
        (again, stand.count(StreamName::Calls).await),
        (told, told.sent)
    );

    let paid = scene.tell_billing(&mut state).await;
    let events =
        billing::past_notifications(&World::town(), state.anchor, clock::now()).len() as u64;
    assert_eq!((paid.sent, paid.refused + paid.failed), (2 * events, 0));
    assert_eq!(stand.count(StreamName::Billing).await, events);
    assert_eq!(scene.tell_billing(&mut state).await.sent, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_come_in_and_every_room_is_closed_at_the_end() {
    let stand = Stand::start().await;
    let shutdown = Shutdown::new();
    let pace = Pace {
        calls_per_minute: 300.0,
        speed: 20.0,
        history_days: 0,
    };
    let running = tokio::spawn(stand.scene().await.run(pace, shutdown.clone()));
    eventually("hundreds of events are stored", async || {
        (stand.count(StreamName::Calls).await > 300).then_some(())
    })
    .await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
    let calls = stand.calls().await;
    assert_eq!(
        rooms(&calls, "io.livekit.room_started"),
        rooms(&calls, "io.livekit.room_finished")
    );
    let owed = std::fs::read_dir(stand.outside.state_dir.join("rooms")).unwrap();
    assert_eq!(owed.count(), 0, "what was delivered is owed no longer");
    let kinds: HashSet<_> = calls.iter().map(|(kind, _)| kind.as_str()).collect();
    for kind in [
        "io.livekit.participant_joined",
        "dev.frontdesk.call.transcript.v1",
        "dev.frontdesk.call.analysed.v1",
    ] {
        assert!(kinds.contains(kind), "{kinds:?}");
    }
}

/// Rooms by the kind of event told about them.
fn rooms<'a>(calls: &'a [(String, String)], kind: &str) -> HashSet<&'a str> {
    calls
        .iter()
        .filter(|(known, _)| known == kind)
        .map(|(_, room)| room.as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_sandbox_left_open_the_next_one_ends() {
    let stand = Stand::start().await;
    let shutdown = Shutdown::new();
    let pace = Pace {
        calls_per_minute: 600.0,
        speed: 10.0,
        history_days: 0,
    };
    let running = tokio::spawn(stand.scene().await.run(pace, shutdown.clone()));
    eventually("hundreds of events are stored", async || {
        (stand.count(StreamName::Calls).await > 300).then_some(())
    })
    .await;
    // It gets no chance to say anything more.
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    shutdown.cancel();
    eventually("its certificate endpoint is gone", async || {
        tokio::net::TcpListener::bind(stand.outside.listen)
            .await
            .ok()
    })
    .await;
    let calls = stand.calls().await;
    let (opened, closed) = (
        rooms(&calls, "io.livekit.room_started"),
        rooms(&calls, "io.livekit.room_finished"),
    );
    assert!(opened.len() > closed.len(), "calls were cut");

    let shutdown = Shutdown::new();
    let pace = Pace {
        calls_per_minute: 0.001,
        ..pace
    };
    let running = tokio::spawn(stand.scene().await.run(pace, shutdown.clone()));
    eventually("every room of the first run is closed", async || {
        let calls = stand.calls().await;
        let closed = rooms(&calls, "io.livekit.room_finished");
        opened.is_subset(&closed).then_some(())
    })
    .await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
    let calls = stand.calls().await;
    assert_eq!(
        rooms(&calls, "io.livekit.room_started"),
        rooms(&calls, "io.livekit.room_finished")
    );
    let endings = calls
        .iter()
        .filter(|(kind, _)| kind == "io.livekit.room_finished");
    assert_eq!(
        endings.count(),
        rooms(&calls, "io.livekit.room_finished").len(),
        "each was told once: what had arrived already is known by its id"
    );
}

#[tokio::test]
async fn seeding_twice_changes_nothing() {
    let stand = Stand::start().await;
    let client = stand.database.client().await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        stand.scene().await;
        let row = client
            .query_one(
                "select (select count(*) from account.users), (select count(*) from account.clients),
                        (select count(*) from account.number_assignments),
                        (select string_agg(u::text || c::text, ',' order by c.id)
                         from account.users u join account.clients c on c.user_id = u.id),
                        (select string_agg(p::text, ',' order by p.user_id) from account.passwords p)
                            || (select string_agg(k::text, ',' order by k.id) from account.api_keys k)
                            || (select string_agg(p::text, ',' order by p.id) from account.plans p)",
                &[],
            )
            .await
            .unwrap();
        let counts: (i64, i64, i64, String, String) =
            (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4));
        seen.push(counts);
    }
    assert_eq!(seen[0], seen[1]);
    let world = World::town();
    let numbers = world
        .businesses
        .iter()
        .map(|business| business.numbers.len())
        .sum::<usize>();
    // Two of the ready accounts are nobody of the town.
    let users = world.users.len() + 2;
    let expected = [users, world.businesses.len(), numbers].map(|count| count as i64);
    assert_eq!([seen[0].0, seen[0].1, seen[0].2], expected);
}
