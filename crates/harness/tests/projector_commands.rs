//! The operator's commands on the read models there are, while the projector runs.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use frontdesk_events::{
    Envelope, Partition, StreamName,
    nats::{Connection, Outbound, Role},
    subject,
};
use frontdesk_harness::{eventually, fixtures};
use frontdesk_process::{Shutdown, health::Health};
use frontdesk_projector::{Name, Named, Output, ProjectionsCommand, ProjectorArgs, command};
use std::time::Duration;

fn webhooks() -> Vec<Outbound> {
    let names = fixtures::names("livekit");
    let message = |name: &String| {
        let body = fixtures::compact(name);
        let webhook: serde_json::Value = serde_json::from_slice(&body).ok()?;
        let kind = webhook["event"].as_str()?;
        let room = webhook["room"]["name"].as_str().unwrap_or("no room");
        let envelope = Envelope::new(name, "/livekit/test", &format!("io.livekit.{kind}"))
            .unwrap()
            .with_partition_key(room)
            .with_data("application/json", body);
        let subject = subject::event(StreamName::Calls, Partition::of(room), "livekit", kind);
        Some(Outbound::new(&envelope, subject).unwrap())
    };
    names.iter().filter_map(message).collect()
}

async fn publish_webhooks(connection: &Connection) -> i64 {
    let webhooks = webhooks();
    assert!(webhooks.len() > 20);
    for webhook in &webhooks {
        connection
            .publish(webhook, Duration::from_secs(5))
            .await
            .unwrap();
    }
    webhooks.len() as i64
}

#[tokio::test(flavor = "multi_thread")]
async fn both_read_models_are_rebuilt_swapped_rolled_back_and_verified() {
    let (nats, database) = tokio::join!(frontdesk_harness::nats(), frontdesk_harness::database());
    let connection = nats.connect(Role::Projector).await;
    let (health, shutdown) = (Health::default(), Shutdown::new());
    let args = ProjectorArgs {
        partitions: "0-15".parse().unwrap(),
        batch: 10,
    };
    let role = tokio::spawn(frontdesk_projector::run(
        args,
        database.url(),
        connection.clone(),
        health.clone(),
        shutdown.clone(),
    ));
    let all = publish_webhooks(&connection).await;
    let client = database.client().await;
    let indexed = async || -> i64 {
        let sql = "select count(*) from calls.event_index";
        client
            .query_one(sql, &[])
            .await
            .map_or(-1, |row| row.get(0))
    };
    eventually("the webhooks are folded", async || {
        (indexed().await == all).then_some(())
    })
    .await;
    let run =
        async |command_: ProjectionsCommand| command(command_, &database.url(), &nats.args()).await;
    let output = Output { json: true };
    for name in [Name::Calls, Name::Billing] {
        there_and_back(Named { name, output }, &run).await;
    }
    run(ProjectionsCommand::Status(output)).await.unwrap();
    assert_eq!(indexed().await, all);

    nobody_else_may_write(&client).await;
    client
        .batch_execute("update calls.calls set talk_ms = 7")
        .await
        .unwrap();
    let named = Named {
        name: Name::Calls,
        output,
    };
    let difference = run(ProjectionsCommand::Verify(named)).await.unwrap_err();
    assert!(difference.to_string().contains("differs"), "{difference}");

    eventually("it is well", async || health.is_ready().then_some(())).await;
    shutdown.cancel();
    role.await.unwrap().unwrap();
}

async fn nobody_else_may_write(client: &tokio_postgres::Client) {
    for (role, reads) in [
        ("frontdesk_workers", true),
        ("frontdesk_admin", true),
        // It sees what belongs to an account it acts for, and here it acts for none.
        ("frontdesk_api", false),
    ] {
        let set = format!("reset role; set role {role}");
        client.batch_execute(&set).await.unwrap();
        let calls = client
            .query_one("select count(*) from calls.calls", &[])
            .await
            .unwrap();
        assert_eq!(calls.get::<_, i64>(0) > 0, reads, "{role} reads");
        for change in [
            "delete from calls.calls",
            "update billing.invoices set status = 'paid'",
            "insert into calls.checkpoints (partition, sequence) values (99, 1)",
        ] {
            let changed = client.batch_execute(change).await;
            assert!(changed.is_err(), "{role}: {change}");
        }
    }
    client
        .batch_execute("reset role; set role frontdesk_projector")
        .await
        .unwrap();
    assert!(
        client
            .batch_execute("delete from account.users")
            .await
            .is_err()
    );
    client.batch_execute("reset role").await.unwrap();
}

fn swap(named: Named) -> ProjectionsCommand {
    ProjectionsCommand::Swap {
        named,
        drop_previous: false,
    }
}

async fn there_and_back(
    named: Named,
    run: &impl AsyncFn(ProjectionsCommand) -> anyhow::Result<()>,
) {
    let swap_too_early = run(swap(named)).await.unwrap_err();
    assert!(
        swap_too_early.to_string().contains("rebuild"),
        "{swap_too_early}"
    );
    run(ProjectionsCommand::Rebuild(named)).await.unwrap();
    run(swap(named)).await.unwrap();
    run(ProjectionsCommand::Verify(named)).await.unwrap();
    run(ProjectionsCommand::Rollback(named)).await.unwrap();
    let previous = false;
    run(ProjectionsCommand::DropShadow { named, previous })
        .await
        .unwrap();
    run(ProjectionsCommand::Verify(named)).await.unwrap();
    assert!(run(ProjectionsCommand::Rollback(named)).await.is_err());
}
