//! What an export holds beside events and calls, that it forgets no table, and what a large one costs.

use crate::{scene::Scene, stand::Stand};
use bytes::Bytes;
use frontdesk_events::catalogue::account;
use frontdesk_harness::{Mailbox, eventually};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};
use uuid::Uuid;

/// Columns that name a person or an account, whoever they are to the row.
const NAMING: &str =
    "'user_id', 'account_id', 'person', 'person_id', 'actor_id', 'by_user', 'invited_by',
    'accepted_by', 'requested_by'";

#[tokio::test]
async fn every_table_that_names_somebody_has_a_sheet_or_a_reason() {
    let stand = Stand::without_workers(Mailbox::start().await).await;
    let tables = async |condition: &str| -> BTreeSet<String> {
        let sql = format!(
            "select distinct c.table_schema || '.' || c.table_name from information_schema.columns c
            join information_schema.tables t using (table_schema, table_name)
            where table_schema in ('account', 'ops', 'calls', 'billing') and t.table_type = 'BASE TABLE' and {condition}"
        );
        let rows = stand.client.query(&sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    let known: BTreeMap<&str, &str> = frontdesk_workers::exported_tables().collect();
    let naming = tables(&format!("column_name in ({NAMING})")).await;
    assert!(naming.len() > 15, "{naming:?}");
    let forgotten: Vec<_> = naming
        .iter()
        .filter(|table| !known.contains_key(table.as_str()))
        .collect();
    assert!(
        forgotten.is_empty(),
        "in no sheet and for no reason: {forgotten:?}"
    );
    let all = tables("true").await;
    let made_up: Vec<_> = known
        .keys()
        .filter(|table| !all.contains(**table))
        .collect();
    assert!(made_up.is_empty(), "{made_up:?}");
    assert!(known.values().all(|place| place.len() > 8), "{known:?}");
}

impl Scene {
    /// A little of everything, of both accounts.
    async fn furnish(&self) {
        for (user, other, name) in [
            (self.ada, self.mallory, "ada"),
            (self.mallory, self.ada, "mallory"),
        ] {
            let (client, key) = (self.client_of(user).await, Uuid::new_v4());
            let of = |what: &str| format!("{name}-{what}");
            let sql = "insert into account.client_changes (user_id, client_id, at, by_user, kind, changes, snapshot)
                values ($1, $2, now(), $1, 'edited', jsonb_build_object('greeting', jsonb_build_object('to', $3::text)),
                    '{}')";
            self.stand
                .execute(sql, &[&user, &client, &of("greeting")])
                .await;
            let sql =
                "insert into account.identities (provider, subject, user_id, email, linked_at)
                values ('github', $2, $1, $3, now())";
            let address = format!("{name}@github.example");
            self.stand
                .execute(sql, &[&user, &of("subject"), &address])
                .await;
            let sql = "insert into account.sessions (id, token_hash, user_id, account_id, method, user_agent, address,
                    created_at, seen_at, proven_at, expires_at)
                values (gen_random_uuid(), sha256($2::text::bytea), $1, $1, 'password', $2, '203.0.113.7', now(), now(), now(),
                    now() + interval '7 days')";
            self.stand.execute(sql, &[&user, &of("browser")]).await;
            let guest = self.stand.user(&of("guest")).await;
            let sql = "insert into account.members (account_id, user_id, role, joined_at) values ($1, $2, 'reader', now())";
            self.stand.execute(sql, &[&user, &guest]).await;
            let sql = "insert into account.invitations (id, account_id, email, role, token_hash, invited_by, created_at,
                    expires_at)
                values (gen_random_uuid(), $1, $2, 'reader', sha256($2::text::bytea), $1, now(), now())";
            self.stand
                .execute(sql, &[&user, &format!("{name}-invited@example.com")])
                .await;
            let sql = "insert into account.api_keys (id, prefix, key_hash, name, user_id, account_id, scopes, created_at)
                values ($2, $3, sha256($3::text::bytea), $3, $1, $1, '{calls}', now())";
            self.stand.execute(sql, &[&user, &key, &of("key")]).await;
            let sql = "insert into account.audit (at, user_id, actor_id, actor_kind, act, address, user_agent, detail)
                values (now(), $1, $1, 'session', $2, '203.0.113.7', $2, '{}'),
                    (now(), $1, $3, 'admin', 'user.suspended', '198.51.100.9', $2, '{\"reason\": \"a whim\"}')";
            self.stand.execute(sql, &[&user, &of("act"), &other]).await;
            let kept = format!("samples/{user}/{client}/1");
            let sample = json!({ "key": kept, "name": of("voice.wav"), "type": "audio/wav", "bytes": 9,
                "uploaded_at": "2026-01-01T00:00:00Z" });
            let sound = Bytes::from(format!("RIFF of {name}"));
            self.stand.files().put(&kept, sound).await.unwrap();
            let sql = "update account.clients set voice_sample = $2 where id = $1";
            self.stand.execute(sql, &[&client, &sample]).await;
        }
    }

    async fn client_of(&self, user: Uuid) -> Uuid {
        let sql = "select id from account.clients where user_id = $1";
        self.stand
            .client
            .query_one(sql, &[&user])
            .await
            .unwrap()
            .get(0)
    }
}

#[tokio::test]
async fn an_export_holds_all_data_and_nothing_that_opens_an_account() {
    let scene = Scene::set().await;
    scene.furnish().await;
    let (id, event) = scene.ask().await;
    let effect = scene.stand.settled(event, "export").await;
    assert_eq!(effect.state, "done", "{effect:?}");
    for (file, held) in [
        ("client_history.csv", "ada-greeting"),
        ("numbers.csv", "14155550123"),
        ("logins.csv", "ada@github.example"),
        ("sessions.csv", "ada-browser"),
        ("members.csv", "ada-guest@example.com"),
        ("invitations.csv", "ada-invited@example.com"),
        ("api_keys.csv", "ada-key"),
        ("audit.csv", "ada-act"),
        ("audit.csv", "user.suspended"),
        ("clients.csv", "ada-voice.wav"),
    ] {
        let text = scene.file(id, file);
        assert!(text.contains(held), "{file}: {text}");
    }
    let client = scene.client_of(scene.ada).await;
    assert_eq!(
        scene.file(id, &format!("voice_sample_{client}.wav")),
        "RIFF of ada"
    );
    let folder = scene.stand.export_dir.join(id.to_string());
    let names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names.len(), 16, "{names:?}");
    let secrets = scene.stand.client.query(
        "select encode(key_hash, 'hex') from account.api_keys union all
        select encode(token_hash, 'hex') from account.sessions union all
        select encode(token_hash, 'hex') from account.invitations",
        &[],
    );
    let mut unwanted: Vec<String> = secrets
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(unwanted.len(), 6);
    // Nothing of the other account; and of an administrator neither who nor where nor why.
    let others = ["mallory", "198.51.100.9", "a whim"].map(str::to_owned);
    unwanted.extend(others);
    unwanted.push(scene.mallory.to_string());
    for name in names {
        let text = scene.file(id, &name);
        for unwanted in &unwanted {
            assert!(!text.contains(unwanted), "{name}: {unwanted}: {text}");
        }
    }
}

#[tokio::test]
async fn a_sample_that_is_lost_does_not_keep_the_rest_from_its_owner() {
    let scene = Scene::set().await;
    let client = scene.client_of(scene.ada).await;
    let sample = json!({ "key": "samples/gone", "name": "x", "type": "audio/wav", "bytes": 1 });
    let sql = "update account.clients set voice_sample = $2 where id = $1";
    scene.stand.execute(sql, &[&client, &sample]).await;
    let (id, event) = scene.ask().await;
    assert_eq!(scene.stand.settled(event, "export").await.state, "done");
    assert!(scene.file(id, "clients.csv").contains(&client.to_string()));
}

#[tokio::test]
async fn a_large_account_is_read_once_and_not_once_a_page() {
    const CALLS: i64 = 12_000;
    let mut scene = Scene::set().await;
    let client = scene.client_of(scene.ada).await;
    // As many as no projector folds within a test: two calls a room but for one that was never closed, and many
    // at one instant.
    let sql = "insert into calls.calls (id, partition, room_sid, room_name, call_key, user_id, client_id, channel, state, started_at)
        select gen_random_uuid(), 0, 'RM_' || case when n <= 3000 then 0 else n / 2 end, 'room', 'call ' || n, $1, $2, 'phone', 'ended',
            timestamptz '2026-01-01' + n / 500 * interval '1 minute'
        from generate_series(1, $3::bigint) n";
    scene
        .stand
        .execute(sql, &[&scene.ada, &client, &CALLS])
        .await;
    scene
        .stand
        .client
        .batch_execute("analyze calls.calls")
        .await
        .unwrap();
    scene
        .stand
        .client
        .batch_execute("select pg_stat_reset()")
        .await
        .unwrap();
    let (id, event) = scene.ask().await;
    let effect = scene.stand.settled(event, "export").await;
    assert_eq!(effect.state, "done", "{effect:?}");
    let text = scene.file(id, "calls.csv");
    let ids: BTreeSet<&str> = text
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .collect();
    assert_eq!(
        (ids.len(), text.lines().count()),
        (CALLS as usize, CALLS as usize + 1)
    );
    // What a session has read is counted for certain when it has ended.
    scene.stand.running.remove(0).stop().await;
    eventually("the workers' sessions have ended", async || {
        let sql = "select from pg_stat_activity where application_name = 'frontdesk workers' and datname = current_database()";
        scene.stand.client.query(sql, &[]).await.unwrap().is_empty().then_some(())
    })
    .await;
    let sql = "select seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relid = 'calls.calls'::regclass";
    let read: i64 = scene.stand.client.query_one(sql, &[]).await.unwrap().get(0);
    // Once for the sheet; for the events once to find the rooms, and the calls of each room twice, or once a page
    // that has calls of it.
    assert!(
        (CALLS..CALLS * 8).contains(&read),
        "{read} rows were read for {CALLS} calls"
    );
}

#[tokio::test]
async fn the_end_of_an_account_does_not_wait_for_an_export() {
    let scene = Scene::set().await;
    let mut blocking = scene.stand.database.client().await;
    let lock = blocking.transaction().await.unwrap();
    lock.batch_execute("lock table calls.turns in access exclusive mode")
        .await
        .unwrap();
    let (_, export) = scene.ask().await;
    eventually("the export is being made", async || {
        scene.stand.effect(export, "export").await
    })
    .await;
    let gone = json!({ "user_id": scene.mallory });
    let event = scene
        .stand
        .fact(account::DELETED, scene.mallory, gone)
        .await;
    assert_eq!(scene.stand.settled(event, "export").await.state, "done");
    // The export's try has not ended meanwhile, in whatever way.
    let effect = scene.stand.effect(export, "export").await.unwrap();
    assert_eq!((effect.state.as_str(), effect.attempts), ("claimed", 0));
    lock.rollback().await.unwrap();
    assert_eq!(scene.stand.settled(export, "export").await.state, "done");
}
