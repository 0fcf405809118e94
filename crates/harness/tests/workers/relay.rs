//! The relay: every fact once, in order, whoever relays.

use crate::{stand::Stand, wire::Wire};
use frontdesk_events::{Partition, StreamName, catalogue::account};
use frontdesk_harness::{Mailbox, eventually};
use serde_json::{Value, json};
use uuid::Uuid;

async fn silent() -> Stand {
    Stand::without_workers(Mailbox::start().await).await
}

#[tokio::test]
async fn a_fact_is_an_event_with_its_kind_key_subject_and_time() {
    let mut stand = silent().await;
    let key = Uuid::new_v4();
    let data = json!({ "user_id": key, "changes": ["name"], "note": "Zoë %0A\r\n" });
    let id = stand
        .fact(account::PROFILE_CHANGED, key, data.clone())
        .await;
    stand.start_workers().await;
    stand.outbox_is_empty().await;
    let message = stand.messages(StreamName::Accounts).await.remove(0);
    let partition = Partition::of(&key.to_string());
    assert_eq!(
        message.subject,
        format!("accounts.{partition}.user-profile_changed-v1")
    );
    let event = message.envelope().unwrap();
    assert_eq!(
        (event.id(), event.source()),
        (id.to_string().as_str(), "/frontdesk/api")
    );
    assert_eq!(event.kind(), account::PROFILE_CHANGED);
    assert_eq!(event.subject(), Some(key.to_string().as_str()));
    assert_eq!(event.partition_key(), Some(key.to_string()));
    assert_eq!(event.content_type(), Some("application/json"));
    let late = event.time().unwrap() - event.recorded_time().unwrap();
    assert!(late.num_milliseconds() == 0, "{late}");
    assert_eq!(serde_json::from_slice::<Value>(event.data()).unwrap(), data);
}

#[tokio::test]
async fn a_backlog_is_published_in_order_and_a_committed_fact_at_once() {
    let mut stand = silent().await;
    let keys: Vec<Uuid> = (0..7).map(|_| Uuid::new_v4()).collect();
    let mut written = Vec::new();
    for number in 0..700_usize {
        let key = keys[number % keys.len()];
        written.push(
            stand
                .fact(
                    account::SECOND_FACTOR_ENABLED,
                    key,
                    json!({ "user_id": key }),
                )
                .await,
        );
    }
    stand.start_workers().await;
    stand.outbox_is_empty().await;
    let ids = |events: Vec<frontdesk_events::Envelope>| -> Vec<String> {
        events.iter().map(|event| event.id().to_owned()).collect()
    };
    let published = ids(stand.events(StreamName::Accounts).await);
    let written: Vec<String> = written.iter().map(Uuid::to_string).collect();
    assert_eq!(published, written);
    // What is not committed is nobody's to see.
    let mut client = stand.database.client().await;
    let transaction = client.transaction().await.unwrap();
    transaction
        .execute(
            "insert into account.outbox (event_id, partition_key, kind, subject, data, occurred_at)
            values ($1, $1, 'dev.frontdesk.user.deleted.v1', 'x', '{}', now())",
            &[&Uuid::new_v4()],
        )
        .await
        .unwrap();
    transaction.rollback().await.unwrap();
    stand
        .fact(account::DELETED, keys[0], json!({ "user_id": keys[0] }))
        .await;
    stand.outbox_is_empty().await;
    assert_eq!(stand.events(StreamName::Accounts).await.len(), 701);
}

#[tokio::test]
async fn one_relays_and_when_it_ends_another_takes_over() {
    let mut stand = silent().await;
    stand.start_workers().await;
    stand.start_workers().await;
    let leaders = async |stand: &Stand| -> i64 {
        let sql = "select count(*) from pg_locks where locktype = 'advisory' and granted
            and database = (select oid from pg_database where datname = current_database())
            and (classid::bigint << 32 | objid::bigint) = hashtextextended('relay of the outbox', 0)";
        stand.client.query_one(sql, &[]).await.unwrap().get(0)
    };
    eventually("one of two relays", async || {
        (leaders(&stand).await == 1).then_some(())
    })
    .await;
    eventually("who stands by is well", async || {
        stand
            .running
            .iter()
            .all(|running| running.health.is_ready())
            .then_some(())
    })
    .await;
    let key = Uuid::new_v4();
    for left in [1, 0] {
        stand
            .fact(account::DELETED, key, json!({ "user_id": key }))
            .await;
        stand.outbox_is_empty().await;
        stand.running.remove(0).stop().await;
        if left == 1 {
            eventually("the other takes over", async || {
                (leaders(&stand).await == 1).then_some(())
            })
            .await;
        }
    }
    assert_eq!(stand.events(StreamName::Accounts).await.len(), 2);
}

#[tokio::test]
async fn a_fact_that_fits_no_message_holds_back_its_own_key_alone() {
    let mut stand = silent().await;
    let (stuck, free) = (Uuid::new_v4(), Uuid::new_v4());
    let large = json!({ "user_id": stuck, "changes": ["x".repeat(1024 * 1024)] });
    let first = stand
        .fact(account::DELETED, stuck, json!({ "user_id": stuck }))
        .await;
    stand.fact(account::PROFILE_CHANGED, stuck, large).await;
    stand
        .fact(account::DELETED, stuck, json!({ "user_id": stuck }))
        .await;
    let other = stand
        .fact(account::DELETED, free, json!({ "user_id": free }))
        .await;
    stand.start_workers().await;
    eventually("the others are published", async || {
        let waiting: i64 = stand
            .client
            .query_one("select count(*) from account.outbox", &[])
            .await
            .unwrap()
            .get(0);
        (waiting == 2).then_some(())
    })
    .await;
    let later = stand
        .fact(account::DELETED, free, json!({ "user_id": free }))
        .await;
    eventually("and those that come later", async || {
        (stand.messages(StreamName::Accounts).await.len() == 3).then_some(())
    })
    .await;
    let events = stand.events(StreamName::Accounts).await;
    let ids: Vec<&str> = events.iter().map(|event| event.id()).collect();
    assert_eq!(ids, [first, other, later].map(|id| id.to_string()));
    eventually("health says so", async || {
        let conditions = stand.running[0].health.conditions();
        let relay = &conditions["relay"];
        (!relay.ok && relay.why.contains("1 keys")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_workers_role_can_take_facts_out_and_do_nothing_else_to_accounts() {
    let stand = silent().await;
    let key = Uuid::new_v4();
    stand
        .fact(account::DELETED, key, json!({ "user_id": key }))
        .await;
    let client = stand.database.client().await;
    client
        .batch_execute("set role frontdesk_workers")
        .await
        .unwrap();
    for forbidden in [
        "delete from account.outbox",
        "update account.outbox set data = '{}'",
        "insert into account.outbox (event_id, partition_key, kind, subject, data, occurred_at)
            values (gen_random_uuid(), gen_random_uuid(), 'x', 'x', '{}', now())",
        "update account.users set email = 'x'",
        "select hash from account.passwords",
        "select secret_sealed from account.second_factors",
        "select key_hash from account.api_keys",
        "insert into account.signups select * from account.signups",
        "delete from calls.calls",
    ] {
        let error = client.batch_execute(forbidden).await.unwrap_err();
        let code = error.code().map(|code| code.code().to_owned());
        assert_eq!(code.as_deref(), Some("42501"), "{forbidden}: {error}");
    }
    let rows = client
        .query_one("select count(*), max(id) from account.outbox", &[])
        .await
        .unwrap();
    assert_eq!(rows.get::<_, i64>(0), 1);
    client
        .execute(
            "select account.outbox_published(array[$1::bigint])",
            &[&rows.get::<_, i64>(1)],
        )
        .await
        .unwrap();
    stand.outbox_is_empty().await;
}

#[tokio::test]
async fn a_postgresql_that_is_gone_without_a_word_is_noticed_and_found_again() {
    let mut stand = silent().await;
    let url = stand.database.url();
    let port: u16 = url
        .rsplit_once(':')
        .unwrap()
        .1
        .split('/')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let wire = Wire::to(port).await;
    let args = stand.args();
    let through = url.replace(&format!(":{port}/"), &format!(":{}/", wire.port()));
    stand.start_workers_at(&args, &through).await;
    let relay = |stand: &Stand| stand.running[0].health.conditions()["relay"].clone();
    let key = Uuid::new_v4();
    let gone = json!({ "user_id": key });
    stand.fact(account::DELETED, key, gone.clone()).await;
    stand.outbox_is_empty().await;
    eventually("it relays", async || relay(&stand).ok.then_some(())).await;
    wire.freeze();
    eventually("health says so", async || {
        let found = relay(&stand);
        (!found.ok && found.why.contains("PostgreSQL does not answer")).then_some(())
    })
    .await;
    stand.fact(account::DELETED, key, gone).await;
    wire.mend();
    stand.outbox_is_empty().await;
    assert_eq!(stand.messages(StreamName::Accounts).await.len(), 2);
}
