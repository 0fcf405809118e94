//! The billing read model on a real stream and in real tables: whatever the order of delivery,
//! the same rows, and access as the stories say.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use chrono::{DateTime, Utc};
use frontdesk_api::billing_words::Standing;
use frontdesk_events::{
    Envelope, Partition, StreamName,
    catalogue::paypal,
    nats::{Connection, Outbound, Role},
    subject,
};
use frontdesk_harness::{Database, Nats, eventually, fixtures};
use frontdesk_process::{Shutdown, health::Health};
use frontdesk_projector::{ProjectorArgs, keep, projections};
use futures::StreamExt as _;
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
        let owner = "insert into account.users (id, email, name, billing_key, created_at)
            values (gen_random_uuid(), 'ada@example.com', 'Ada', 'tnt_alpha', '2026-01-01')";
        client.execute(owner, &[]).await.unwrap();
        Self {
            connection: nats.connect(Role::Operator).await,
            _nats: nats,
            database,
            client,
        }
    }

    /// Publishes bodies in this order, each as a message of its own, and folds them.
    async fn tell(&self, bodies: &[Vec<u8>]) {
        for batch in bodies.chunks(100) {
            let messages: Vec<Outbound> = batch.iter().map(|body| outbound(body)).collect();
            let id = Uuid::new_v4().to_string();
            self.connection
                .publish_batch(&id, &messages, Duration::from_secs(10))
                .await
                .unwrap();
        }
        let args = ProjectorArgs {
            partitions: "0-15".parse().unwrap(),
            batch: 7,
        };
        let billing = Arc::new(projections::billing());
        let (health, shutdown) = (Health::default(), Shutdown::new());
        let (url, partitions) = (self.database.url(), billing.all_partitions());
        let folding = keep(
            billing,
            partitions,
            &args,
            &url,
            self.connection.clone(),
            &health,
            &shutdown,
        );
        tokio::select! {
            () = folding => panic!("the projection ended by itself"),
            () = self.caught_up() => {}
        }
    }

    async fn caught_up(&self) {
        eventually("the billing projection has caught up", async || {
            let end = self
                .connection
                .stream_state(StreamName::Billing)
                .await
                .ok()?
                .last_sequence;
            let at: i64 = self
                .client
                .query_one("select sequence from billing.checkpoints", &[])
                .await
                .ok()?
                .get(0);
            (at as u64 >= end).then_some(())
        })
        .await;
    }

    async fn rows(&self) -> Vec<String> {
        let sql = "select 'subscription ' || (to_jsonb(s) - 'user_id')::text from billing.subscriptions s
            union all select 'invoice ' || (to_jsonb(i) - 'user_id')::text from billing.invoices i
            union all select 'payment ' || (to_jsonb(p) - 'user_id')::text from billing.payments p order by 1";
        self.client
            .query(sql, &[])
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect()
    }

    async fn count(&self, sql: &str) -> i64 {
        self.client.query_one(sql, &[]).await.unwrap().get(0)
    }
}

/// A webhook as ingest puts it on the stream, but under an event id of its own each time, as if
/// the duplicate window had passed.
fn outbound(body: &[u8]) -> Outbound {
    let event = paypal::Event::read(body).unwrap();
    let kind = event.kind().unwrap();
    let accepted_at: DateTime<Utc> = "2026-07-01T00:00:00Z".parse().unwrap();
    let envelope = Envelope::new(&Uuid::new_v4().to_string(), "/paypal/sandbox", &kind)
        .unwrap()
        .with_time(paypal::happened_at(
            &event,
            "2026-07-01T00:00:00Z",
            accepted_at,
        ))
        .with_recorded_time(accepted_at)
        .with_data("application/json", body.to_vec());
    let short = kind.strip_prefix(paypal::PREFIX).unwrap();
    Outbound::new(
        &envelope,
        subject::event(StreamName::Billing, Partition::BILLING, "paypal", short),
    )
    .unwrap()
}

fn bodies() -> Vec<Vec<u8>> {
    let names = fixtures::names("paypal")
        .into_iter()
        .filter(|name| name.starts_with("paypal/evt-"));
    let mut bodies: Vec<Vec<u8>> = names.map(|name| fixtures::compact(&name)).collect();
    // What PostgreSQL cannot hold as text or as a key, and what is no number or date.
    let odd = |id: String| {
        json!({ "event_type": "PAYMENT.SALE.COMPLETED", "resource": {
            "id": id, "billing_agreement_id": "I-ODD", "state": "completed", "custom": "nul \u{0} in it",
            "amount": { "total": "9.90", "currency": "USD" }, "create_time": "9999-12-31T23:59:59-12:00",
        }})
    };
    bodies.extend(
        [
            odd("S\u{0}1".into()),
            odd("x".repeat(5000)),
            odd("S2".into()),
        ]
        .iter()
        .map(|body| body.to_string().into_bytes()),
    );
    bodies
}

#[tokio::test(flavor = "multi_thread")]
async fn every_order_of_delivery_gives_the_same_tables() {
    let told = Stage::set().await;
    told.tell(&bodies()).await;
    let backwards = Stage::set().await;
    let mut reversed: Vec<Vec<u8>> = bodies().into_iter().rev().collect();
    reversed.extend(bodies().into_iter().step_by(2));
    backwards.tell(&reversed).await;

    let rows = told.rows().await;
    assert!(rows.len() > 50, "{} rows", rows.len());
    assert_eq!(rows, backwards.rows().await);
    let dead = told
        .connection
        .stream_state(StreamName::Dead)
        .await
        .unwrap()
        .messages;
    assert_eq!(dead, 1, "only the sale whose id is no id cannot be folded");
    let alpha =
        "select count(*) from billing.subscriptions s join account.users u on u.id = s.user_id
        where s.id = 'I-7KX4R2M9PT3A' and u.billing_key = 'tnt_alpha'";
    assert_eq!(told.count(alpha).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn access_lasts_as_the_stories_say() {
    let stage = Stage::set().await;
    stage.tell(&bodies()).await;
    let index: Value = serde_json::from_slice(&fixtures::compact("paypal/index.json")).unwrap();
    let mut asked = 0;
    for story in index["stories"].as_array().unwrap() {
        let sql =
            "select status, paid_through, next_billing_at, past_due, last_failed_at, next_retry_at
            from billing.subscriptions where id = $1";
        let row = stage
            .client
            .query_one(sql, &[&story["subscription"].as_str().unwrap()])
            .await
            .unwrap();
        let status: Option<String> = row.get(0);
        let standing = Standing {
            is_ours: true,
            status: status.as_deref(),
            paid_through: row.get(1),
            next_billing_at: row.get(2),
            past_due: row.get(3),
            last_failed_at: row.get(4),
            next_retry_at: row.get(5),
        };
        assert_eq!(status.as_deref(), story["expected"]["status"].as_str());
        for (question, expected) in story["expected"].as_object().unwrap() {
            let Some(day) = question.strip_prefix("entitled_on_") else {
                continue;
            };
            let now: DateTime<Utc> = format!("{day}T00:00:00Z").parse().unwrap();
            assert_eq!(
                standing.entitled(now),
                expected.as_bool().unwrap(),
                "{} on {day}",
                story["name"]
            );
            asked += 1;
        }
    }
    assert!(asked >= 2);
}

/// What happens to a sale of the alpha subscription that does not say whose it is.
fn of_a_sale(event_type: &str, resource: &Value) -> Vec<u8> {
    json!({ "event_type": event_type, "resource": resource })
        .to_string()
        .into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_payer_is_told_of_a_refund_that_names_neither_him_nor_his_subscription() {
    let stage = Stage::set().await;
    let alpha: Uuid = stage
        .client
        .query_one("select id from account.users", &[])
        .await
        .unwrap()
        .get(0);
    let amount = json!({ "total": "9.90", "currency": "USD" });
    let sale = json!({
        "id": "SALE-1", "billing_agreement_id": "I-7KX4R2M9PT3A", "state": "completed", "amount": amount,
        "create_time": "2026-03-01T09:16:02Z",
    });
    let refund = json!({
        "id": "REFUND-1", "sale_id": "SALE-1", "state": "completed", "amount": amount,
        "create_time": "2026-03-02T09:16:02Z",
    });
    let dispute = json!({
        "dispute_id": "PP-1", "status": "OPEN", "create_time": "2026-03-03T09:16:02Z",
        "disputed_transactions": [{ "seller_transaction_id": "SALE-1" }],
    });
    stage
        .tell(&[
            fixtures::compact("paypal/evt-a2-activated.json"),
            of_a_sale("PAYMENT.SALE.COMPLETED", &sale),
        ])
        .await;
    for (event_type, resource) in [
        ("PAYMENT.SALE.REFUNDED", &refund),
        ("CUSTOMER.DISPUTE.CREATED", &dispute),
    ] {
        let mut told = stage.connection.listen().await.unwrap();
        stage.tell(&[of_a_sale(event_type, resource)]).await;
        // What came before is told a moment after its commit, so it may still be heard here.
        let of_the_sale = async {
            loop {
                let change = told.next().await.unwrap();
                if change.ids == ["SALE-1"] {
                    return change;
                }
            }
        };
        let change = tokio::time::timeout(Duration::from_secs(10), of_the_sale).await;
        assert_eq!(change.expect(event_type).user, Some(alpha), "{event_type}");
    }
}
