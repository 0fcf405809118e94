//! What others rely on in the tables of `account`: history is only added to, keys stay, and each
//! role may do its own part and no more.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use frontdesk_harness::Database;
use frontdesk_sandbox::{seed, world::World};
use tokio_postgres::Client;

const USER: &str = "00000000-0000-0000-0000-000000000001";
const CLIENT: &str = "00000000-0000-0000-0000-000000000002";
const OTHER: &str = "00000000-0000-0000-0000-000000000003";

/// A database with a user, a client and a number of theirs, written as the api writes them.
async fn town() -> (Database, Client) {
    let database = frontdesk_harness::database().await;
    let client = database.client().await;
    let town = format!(
        "set role frontdesk_auth;
         insert into account.users (id, email, name, billing_key) values
             ('{USER}', 'ada@example.com', 'Ada', 'bill'), ('{OTHER}', 'bob@example.com', 'Bob', 'bob');
         set role frontdesk_api;
         set app.user_id = '{USER}';
         set app.person_id = '{USER}';
         insert into account.clients (id, user_id, name, profession, tenant_key)
             values ('{CLIENT}', '{USER}', 'Bright Smile', 'dentist', 'tnt');
         select account.assign_number('+14155550100', '{CLIENT}');"
    );
    client.batch_execute(&town).await.unwrap();
    (database, client)
}

/// What PostgreSQL says to a statement it refuses.
async fn refusal(client: &Client, sql: &str) -> String {
    let refused = client.batch_execute(sql).await;
    let error = refused.expect_err(sql);
    error.as_db_error().unwrap().message().to_owned()
}

#[tokio::test]
async fn the_api_marks_as_deleted_what_it_may_not_delete() {
    let (_database, client) = town().await;
    for table in ["users", "clients", "number_assignments"] {
        for verb in ["delete from", "truncate"] {
            let said = refusal(&client, &format!("{verb} account.{table}")).await;
            assert!(said.contains("permission denied"), "{said}");
        }
    }
    let mark = "update account.clients set deleted_at = now(), name = 'gone';
        set role frontdesk_admin;
        update account.users set deleted_at = now(), name = 'gone', email = 'gone' where name = 'Ada'";
    client.batch_execute(mark).await.unwrap();
    // Nor does whoever owns the tables, by mistake.
    client.batch_execute("reset role").await.unwrap();
    for table in ["clients", "users"] {
        let said = refusal(&client, &format!("delete from account.{table}")).await;
        assert!(said.contains("marked as deleted"), "{said}");
        let said = refusal(&client, &format!("truncate account.{table} cascade")).await;
        assert!(
            said.contains("not deleted") || said.contains("append-only"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn what_events_name_a_row_by_never_changes() {
    let (_database, client) = town().await;
    let changes = [
        "users set id = gen_random_uuid()",
        "users set billing_key = 'other'",
        "users set created_at = '2020-01-01'",
        "clients set tenant_key = 'other'",
        "clients set created_at = '2020-01-01'",
        "clients set user_id = gen_random_uuid()",
    ];
    for change in changes {
        let said = refusal(&client, &format!("update account.{change}")).await;
        assert!(said.contains("permission denied"), "{change}: {said}");
    }
    client.batch_execute("reset role").await.unwrap();
    for change in changes {
        let said = refusal(&client, &format!("update account.{change}")).await;
        assert!(said.contains("never change"), "{change}: {said}");
    }
    client
        .batch_execute(
            "update account.users set name = 'Ada L', billing_key = billing_key where name = 'Ada'",
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn the_api_changes_nobody_but_who_asks_and_makes_nobody_a_member() {
    let (_database, client) = town().await;
    let look = format!(
        "reset role;
         insert into account.members (account_id, user_id, role, joined_at) values ('{OTHER}', '{USER}', 'reader', now());
         set role frontdesk_api;
         set app.user_id = '{OTHER}'"
    );
    client.batch_execute(&look).await.unwrap();
    let changed = client
        .execute("update account.users set name = 'Mallory'", &[])
        .await
        .unwrap();
    assert_eq!(changed, 1, "herself, and not whose account she looks at");
    let join =
        format!("insert into account.members values ('{OTHER}', '{USER}', 'manager', now())");
    assert!(refusal(&client, &join).await.contains("permission denied"));
    let own = format!("set app.user_id = '{USER}'");
    client.batch_execute(&own).await.unwrap();
    let promote = "update account.members set role = 'manager'";
    let changed = client.execute(promote, &[]).await.unwrap();
    assert_eq!(
        changed, 0,
        "her part in another's account is not hers to change"
    );
}

#[tokio::test]
async fn the_history_of_a_client_is_erased_with_its_account_and_never_rewritten() {
    let (_database, client) = town().await;
    let write = format!(
        "insert into account.client_changes (user_id, client_id, at, by_user, kind, changes, snapshot)
         values ('{USER}', '{CLIENT}', now(), '{USER}', 'edited', '{{\"name\": 1}}', '{{\"name\": 2}}');
         set role frontdesk_admin"
    );
    client.batch_execute(&write).await.unwrap();
    let erase = "update account.client_changes set changes = '{}', snapshot = '{}'";
    assert!(
        refusal(&client, erase).await.contains("append-only"),
        "the account lives"
    );
    let end = format!("update account.users set deleted_at = now() where id = '{USER}'");
    client.batch_execute(&end).await.unwrap();
    let half = "update account.client_changes set changes = '{}', snapshot = '{\"name\": 3}'";
    assert!(refusal(&client, half).await.contains("append-only"));
    client.batch_execute(erase).await.unwrap();
    client.batch_execute("reset role").await.unwrap();
    for lost in ["delete from", "truncate"] {
        let said = refusal(&client, &format!("{lost} account.client_changes")).await;
        assert!(said.contains("append-only"), "{said}");
    }
    let other =
        "update account.client_changes set changes = '{}', snapshot = '{}', kind = 'created'";
    assert!(refusal(&client, other).await.contains("append-only"));
}

#[tokio::test]
async fn history_is_open_to_the_past_until_somebody_asks() {
    let (database, client) = town().await;
    let said = refusal(
        &client,
        "insert into account.number_assignments (number, assigned_at) values ('+14155550100', '2024-01-01')",
    )
    .await;
    assert!(
        said.contains("permission denied"),
        "the api begins things now: {said}"
    );
    let owner = database.client().await;
    let import = "insert into account.number_assignments (number, client_id, assigned_at)
        values ('+14155550101', null, '2024-01-01')";
    owner.batch_execute(import).await.unwrap();

    let projector = database.client().await;
    let ask = "set role frontdesk_projector;
        select account.answer_until(array['2024-06-01'::timestamptz, '9999-01-01'])";
    projector.batch_execute(ask).await.unwrap();
    let said = refusal(&owner, import).await;
    assert!(said.contains("nothing can begin at"), "{said}");
    owner
        .batch_execute(&import.replace("2024-01-01", "2024-06-01 00:00:00.000001"))
        .await
        .unwrap();
    // Nobody else moves the mark, and it never goes back.
    let said = refusal(&client, "select account.answer_until(array[now()])").await;
    assert!(said.contains("permission denied"), "{said}");
    projector
        .batch_execute("select account.answer_until(array['2023-01-01'::timestamptz])")
        .await
        .unwrap();
    let said = refusal(&owner, import).await;
    assert!(said.contains("nothing can begin at"), "{said}");
}

#[tokio::test]
async fn the_sandboxs_town_has_a_past_only_where_nobody_asked_about_it() {
    for is_asked in [false, true] {
        let database = frontdesk_harness::database().await;
        let mut client = database.client().await;
        let ask = "select account.answer_until(array[clock_timestamp()])";
        if is_asked {
            client.batch_execute(ask).await.unwrap();
        }
        let world = World::town();
        for _ in 0..2 {
            seed::seed(&mut client, &world).await.unwrap();
            client.batch_execute(ask).await.unwrap();
        }
        let sql = "select count(*), count(*) filter (where assigned_at < '2025-01-01')
            from account.number_assignments a join account.clients c on c.id = a.client_id
            where c.created_at <= a.assigned_at";
        let row = client.query_one(sql, &[]).await.unwrap();
        let (numbers, old): (i64, i64) = (row.get(0), row.get(1));
        assert!(numbers > 5, "{numbers}");
        assert_eq!(old, if is_asked { 0 } else { numbers });
    }
}

#[tokio::test]
async fn every_table_names_its_owner() {
    let database = frontdesk_harness::database().await;
    let sql = "select format('%I.%I', n.nspname, c.relname)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('account', 'ops', 'calls', 'billing') and c.relkind in ('r', 'p')
            and coalesce(obj_description(c.oid, 'pg_class'), '') !~ '^Owner: (api|projector|workers)\\.'";
    let client = database.client().await;
    let nameless: Vec<String> = client
        .query(sql, &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(nameless, [""; 0]);
    let all = "select count(*) from pg_tables where schemaname in ('account', 'calls', 'billing')";
    let count: i64 = client.query_one(all, &[]).await.unwrap().get(0);
    assert!(count > 10, "{count}");
}
