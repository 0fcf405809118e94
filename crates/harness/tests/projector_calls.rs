//! The calls read model on a real stream and in real tables: the same rows in any order of
//! delivery, owners from account's history, and nothing a sender can write that stops it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use chrono::{DateTime, Utc};
use frontdesk_events::{
    Envelope, Partition, StreamName,
    catalogue::{agent, livekit, tolerant},
    nats::{Connection, Outbound, Role},
    subject,
};
use frontdesk_harness::{Database, Nats, eventually, fixtures};
use frontdesk_process::{Shutdown, health::Health};
use frontdesk_projector::{ProjectorArgs, keep, projections};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio_postgres::Client;
use uuid::Uuid;

struct Stage {
    _nats: Nats,
    database: Database,
    connection: Connection,
    client: Client,
}

impl Stage {
    async fn set() -> Self {
        let nats = frontdesk_harness::nats().await;
        let database = frontdesk_harness::database().await;
        frontdesk_projector::ensure_read_models(&database.url())
            .await
            .unwrap();
        let client = database.client().await;
        client
            .batch_execute(
                "insert into account.users (id, email, name, billing_key, created_at)
                    values ('00000000-0000-0000-0000-000000000065', 'ada@example.com', 'Ada', 'tnt', '2026-01-01');
                 insert into account.clients (id, user_id, name, profession, tenant_key, created_at) values
                    ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-000000000065',
                        'Bright Smile', 'dentist', 'tnt_brightsmile', '2026-01-01'),
                    ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000065',
                        'Quick Pipes', 'plumber', 'tnt_pipes', '2026-01-01');
                 insert into account.number_assignments (number, client_id, assigned_at) values
                    ('+14155550199', '00000000-0000-0000-0000-000000000001', '2026-01-01'),
                    ('+14155550199', '00000000-0000-0000-0000-000000000002', '2026-11-20 18:00:00Z');",
            )
            .await
            .unwrap();
        Self {
            connection: nats.connect(Role::Operator).await,
            _nats: nats,
            database,
            client,
        }
    }

    /// Publishes messages in this order and folds them.
    async fn tell(&self, messages: &[Outbound]) {
        self.publish(messages).await;
        self.fold(&["0-15"]).await;
    }

    async fn publish(&self, messages: &[Outbound]) {
        for batch in messages.chunks(100) {
            let id = Uuid::new_v4().to_string();
            let timeout = Duration::from_secs(10);
            self.connection
                .publish_batch(&id, batch, timeout)
                .await
                .unwrap();
        }
    }

    /// Folds what was published, each share of the partitions by a projector of its own.
    async fn fold(&self, shares: &[&str]) {
        let folding = shares.iter().map(async |share| {
            let args = ProjectorArgs {
                partitions: share.parse().unwrap(),
                batch: 7,
            };
            let calls = Arc::new(projections::calls());
            let (health, shutdown) = (Health::default(), Shutdown::new());
            let (url, partitions) = (self.database.url(), args.partitions.clone());
            let connection = self.connection.clone();
            keep(
                calls, partitions, &args, &url, connection, &health, &shutdown,
            )
            .await;
        });
        tokio::select! {
            _ = futures::future::join_all(folding) => panic!("the projection ended by itself"),
            () = self.caught_up() => {}
        }
    }

    async fn caught_up(&self) {
        eventually("every message of the stream is indexed", async || {
            let messages = self
                .connection
                .stream_state(StreamName::Calls)
                .await
                .ok()?
                .messages;
            let indexed = self.count("select count(*) from calls.event_index").await;
            (indexed as u64 == messages).then_some(())
        })
        .await;
    }

    async fn rows(&self) -> Vec<String> {
        let sql = "select 'call ' || to_jsonb(c)::text from calls.calls c
            union all select 'turn ' || to_jsonb(t)::text from calls.turns t
            union all select 'hour ' || to_jsonb(h)::text from calls.hourly h
            union all select 'revenue ' || to_jsonb(r)::text from calls.hourly_revenue r order by 1";
        let rows = self.client.query(sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn call(&self, key: &str) -> Value {
        let sql = "select to_jsonb(c) from calls.calls c where call_key = $1";
        self.client.query_one(sql, &[&key]).await.unwrap().get(0)
    }

    async fn count(&self, sql: &str) -> i64 {
        self.client.query_one(sql, &[]).await.unwrap().get(0)
    }
}

/// A body as ingest puts it on the stream, but under an event id of its own each time, as if the
/// duplicate window had passed.
fn outbound(source: &str, kind: &str, body: &[u8]) -> Outbound {
    let accepted_at: DateTime<Utc> = "2026-11-21T00:00:00Z".parse().unwrap();
    let webhook = tolerant::read::<livekit::Webhook>(body).ok();
    let report = tolerant::read::<agent::Heartbeat>(body).ok();
    let key = webhook
        .and_then(|webhook| webhook.room_name().map(str::to_owned))
        .or_else(|| report?.room_name)
        .unwrap_or_default();
    let envelope = Envelope::new(&Uuid::new_v4().to_string(), source, kind)
        .unwrap()
        .with_recorded_time(accepted_at)
        .with_partition_key(&key)
        .with_data("application/json", body.to_vec());
    let partition = Partition::of(&envelope.partition_key().unwrap_or_default());
    let subject = subject::event(StreamName::Calls, partition, "livekit", kind);
    Outbound::new(&envelope, subject).unwrap()
}

fn webhook(body: &[u8]) -> Outbound {
    let value: Value = serde_json::from_slice(body).unwrap();
    let event = value["event"].as_str().unwrap_or("odd");
    outbound(
        "/livekit/devkey",
        &format!("{}{event}", livekit::PREFIX),
        body,
    )
}

fn bodies() -> Vec<Vec<u8>> {
    let names = fixtures::names("livekit");
    names.iter().map(|name| fixtures::compact(name)).collect()
}

fn report(kind: &str, data: &Value) -> Outbound {
    outbound("/agents/receptionist", kind, data.to_string().as_bytes())
}

fn analysis() -> Outbound {
    let data = std::fs::read(format!(
        "{}/../../events/examples/{}.json",
        env!("CARGO_MANIFEST_DIR"),
        agent::ANALYSED
    ));
    report(
        agent::ANALYSED,
        &serde_json::from_slice(&data.unwrap()).unwrap(),
    )
}

#[tokio::test]
async fn the_fixtures_give_the_same_rows_in_any_order_and_twice() {
    let (first, second) = (Stage::set().await, Stage::set().await);
    let mut messages: Vec<_> = bodies().iter().map(|body| webhook(body)).collect();
    messages.push(analysis());
    first.tell(&messages).await;
    let backwards: Vec<_> = messages.iter().rev().cloned().collect();
    second.tell(&backwards).await;
    let again: Vec<_> = bodies().iter().map(|body| webhook(body)).collect();
    second.tell(&again).await;
    let rows = first.rows().await;
    assert!(rows.len() > 8, "{rows:#?}");
    assert_eq!(rows, second.rows().await);

    let call = first.call("SCL_Bz6UoG4fHtNj").await;
    assert_eq!(call["client_id"], "00000000-0000-0000-0000-000000000001");
    assert_eq!(call["outcome_label"], "appointment booked");
    assert_eq!(call["tags"], json!(["emergency", "new patient"]));
    assert_eq!(call["usage"][0]["quantities"]["input_tokens"], 5120);
    assert_eq!(call["recording_state"], "ready");
    let sql = "select sum(calls)::bigint from calls.hourly";
    assert_eq!(first.count(sql).await, 5, "ended calls, each once");
    let owned =
        "select count(*) from calls.turns where user_id = '00000000-0000-0000-0000-000000000065'";
    assert_eq!(first.count(owned).await, 2);
}

#[tokio::test]
async fn a_number_that_changed_hands_finds_the_client_of_its_time() {
    let stage = Stage::set().await;
    let joined = |room: &str, call: &str, at: i64| {
        webhook(
            json!({
                "event": "participant_joined", "createdAt": at, "room": { "sid": room, "name": room },
                "participant": { "sid": format!("PA_{call}"), "kind": "SIP", "joinedAt": at, "attributes": {
                    "sip.callID": call, "sip.trunkPhoneNumber": "1 (415) 555-0199",
                } },
            })
            .to_string()
            .as_bytes(),
        )
    };
    // 17:00, 19:00, a year before anybody had the number, and by a clock ten years ahead.
    let told = [
        joined("RM_1", "SCL_1", 1_795_194_000),
        joined("RM_2", "SCL_2", 1_795_201_200),
        joined("RM_3", "SCL_3", 1_763_658_000),
        joined("RM_4", "SCL_4", 2_110_700_000),
    ];
    stage.tell(&told).await;
    let client = async |key: &str| stage.call(key).await["client_id"].clone();
    assert_eq!(
        client("SCL_1").await,
        "00000000-0000-0000-0000-000000000001"
    );
    assert_eq!(
        client("SCL_2").await,
        "00000000-0000-0000-0000-000000000002"
    );
    assert_eq!(client("SCL_3").await, Value::Null);
    assert_eq!(
        client("SCL_4").await,
        "00000000-0000-0000-0000-000000000002",
        "by when we accepted it"
    );
}

#[tokio::test]
async fn a_report_that_names_another_room_meets_no_other_projectors_state() {
    let stage = Stage::set().await;
    let (here, there) = ("call_1", "call_2");
    let low = |name: &str| Partition::of(name).number() < 8;
    assert_ne!(low(here), low(there), "two projectors share the work");
    let joined = json!({
        "event": "participant_joined", "createdAt": 1_795_194_000, "room": { "sid": "RM_1", "name": here },
        "participant": { "sid": "PA_1", "kind": "SIP", "joinedAt": 1_795_194_000,
            "attributes": { "sip.callID": "SCL_1", "sip.trunkPhoneNumber": "+14155550199" } },
    });
    let said = |room: &str| {
        let item = json!({ "id": "item_1", "type": "message", "role": "user", "text": room });
        json!({ "callId": "SCL_1", "roomSid": "RM_1", "roomName": room, "summary": room, "transcript": [item] })
    };
    let mut messages = vec![webhook(joined.to_string().as_bytes())];
    for _ in 0..20 {
        messages.extend([there, here].map(|room| report(agent::ANALYSED, &said(room))));
    }
    stage.publish(&messages).await;
    stage.fold(&["0-7", "8-15"]).await;
    assert_eq!(stage.call("SCL_1").await["summary"], here);
    let shown = "select count(*) from calls.turns where user_id is not null and text = 'call_1'";
    assert_eq!(stage.count(shown).await, 1);
    assert_eq!(stage.count("select count(*) from calls.turns").await, 2);
    let states = "select count(*) from calls.room_session_states";
    assert_eq!(stage.count(states).await, 2);
}

/// Replaces every leaf of a body in turn by every oddity.
fn odd_versions(body: &[u8]) -> Vec<Vec<u8>> {
    let oddities = [
        json!(null),
        json!("nul \u{0} and \u{202e}"),
        json!("9999-12-31T23:59:59Z"),
        json!("2026-19-01T00:00:00Z"),
        json!(-1),
        json!(i64::MAX),
        json!("-9223372036854775808"),
        json!(1e300),
        json!("a.b.>\r\n*".repeat(1200)),
        json!([[{}]]),
    ];
    let whole: Value = serde_json::from_slice(body).unwrap();
    let mut versions = Vec::new();
    for (index, pointer) in pointers(&whole, "").into_iter().enumerate() {
        let mut odd = whole.clone();
        *odd.pointer_mut(&pointer).unwrap() = oddities[index % oddities.len()].clone();
        versions.push(odd.to_string().into_bytes());
    }
    versions
}

fn pointers(value: &Value, at: &str) -> Vec<String> {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(name, value)| pointers(value, &format!("{at}/{}", escaped(name))))
            .collect(),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .flat_map(|(index, value)| pointers(value, &format!("{at}/{index}")))
            .collect(),
        _ => vec![at.to_owned()],
    }
}

/// What an agent may send under types we know. Far more of it than the dead letters that would
/// stop the projection is sent below.
fn junk(number: usize) -> Outbound {
    let data: &[u8] = [b"not json".as_slice(), b"", b"[1]"][number % 3];
    let kinds = [agent::HEARTBEAT, agent::ANALYSED, agent::TRANSCRIPT];
    outbound("/agents/receptionist", kinds[number / 3 % 3], data)
}

#[tokio::test]
async fn nothing_a_sender_writes_stops_the_projection() {
    let stage = Stage::set().await;
    let mut messages: Vec<_> = Vec::new();
    for name in [
        "02-participant_joined-sip",
        "05-track_published-agent",
        "07-participant_left-sip",
        "13-egress_ended-complete",
    ] {
        let body = fixtures::compact(&format!("livekit/{name}.json"));
        messages.extend(odd_versions(&body).iter().map(|body| webhook(body)));
    }
    for kind in [
        agent::ANALYSED,
        agent::TRANSCRIPT,
        agent::ANSWERED,
        agent::TRANSFERRED,
    ] {
        let path = format!(
            "{}/../../events/examples/{kind}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let body = std::fs::read(path).unwrap();
        messages.extend(
            odd_versions(&body)
                .iter()
                .map(|body| outbound("/agents/receptionist", kind, body)),
        );
    }
    messages.extend((0..150).map(junk));
    messages.push(outbound(
        "/livekit/devkey",
        "io.livekit.room_started",
        b"not json",
    ));
    messages.push(outbound(
        "/livekit/devkey",
        "io.livekit.room_started",
        br#"{"room":{"sid":"\ud800"}}"#,
    ));
    messages.extend(bodies().iter().map(|body| webhook(body)));
    stage.tell(&messages).await;
    let dead = stage
        .connection
        .stream_state(StreamName::Dead)
        .await
        .unwrap()
        .messages;
    assert_eq!(dead, 1, "only what is no JSON at all is a dead letter");
    // Under an odd sid or name it is another room's call.
    let body: Value =
        serde_json::from_slice(&fixtures::compact("livekit/02-participant_joined-sip.json"))
            .unwrap();
    let sql = "select result from calls.calls where call_key = 'SCL_Bz6UoG4fHtNj' and room_sid = $1 and room_name = $2";
    let [sid, name] = ["sid", "name"].map(|field| body["room"][field].as_str().unwrap());
    let row = stage.client.query_one(sql, &[&sid, &name]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "answered");
    let backwards = "select count(*) from calls.calls where ended_at < started_at or talk_ms < 0 or ring_ms < 0
        or answered_at < started_at or started_at < '1970-01-01' or ended_at > '9999-12-31 23:59:59.999999Z'";
    assert_eq!(stage.count(backwards).await, 0);
}
