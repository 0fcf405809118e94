//! What the sandbox does for people: accounts to sign in with, and calls and a subscription for
//! whoever has just come.

use crate::stand::Stand;
use frontdesk_events::StreamName;
use frontdesk_harness::eventually;
use frontdesk_process::{Shutdown, clock};
use frontdesk_sandbox::{
    ready,
    run::{Pace, by_hand::End, services::serve_certificates},
    seed,
    stories::plot::Course,
    world::Plan,
};
use serde_json::Value;
use uuid::Uuid;

/// What the sandbox wrote down for the product.
fn offered(stand: &Stand) -> Vec<Value> {
    let text = std::fs::read(stand.outside.state_dir.join(ready::FILE)).unwrap();
    let told: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(
        told["mailbox_url"],
        Value::Null,
        "this sandbox has no mailbox"
    );
    told["accounts"].as_array().unwrap().clone()
}

#[tokio::test]
async fn three_accounts_are_ready_and_what_somebody_changed_stays_changed() {
    let stand = Stand::start().await;
    let client = stand.database.client().await;
    stand.scene().await;
    let accounts = offered(&stand);
    assert_eq!(accounts.len(), 3);
    let roles = client
        .query(
            "select u.email, u.role, p.hash like '$argon2id$v=19$m=19456,t=2,p=1$%' as hashed,
                (select count(*) from account.clients c where c.user_id = u.id) as clients
             from account.users u join account.passwords p on p.user_id = u.id order by u.email",
            &[],
        )
        .await
        .unwrap();
    let roles: Vec<(String, String, bool, i64)> = roles
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3)))
        .collect();
    let expected = [
        ("admin@example.com", "admin", 0),
        ("robin@example.com", "owner", 0),
        ("tandem@example.com", "owner", 3),
    ];
    let expected =
        expected.map(|(email, role, clients)| (email.to_owned(), role.to_owned(), true, clients));
    assert_eq!(roles, expected);
    let key = accounts[0]["api_key"].as_str().unwrap();
    assert!(key.starts_with("fd_") && accounts[1]["api_key"].is_null());

    client
        .batch_execute(
            "update account.passwords set hash = '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$qqSCqQPLbO7RKU9jPwDFGA'
             where user_id = (select id from account.users where email = 'robin@example.com');
             update account.api_keys set revoked_at = now()",
        )
        .await
        .unwrap();
    stand.scene().await;
    let accounts = offered(&stand);
    let emails: Vec<_> = accounts
        .iter()
        .map(|account| account["email"].as_str().unwrap())
        .collect();
    assert_eq!(emails, ["tandem@example.com", "admin@example.com"]);
    assert_eq!(
        accounts[0]["api_key"],
        Value::Null,
        "a revoked key stays revoked"
    );
}

#[tokio::test]
async fn accounts_whose_passwords_everybody_knows_are_made_on_one_machine_alone() {
    let mut stand = Stand::start().await;
    stand.outside.services.public_url = "https://desk.example.com".to_owned();
    stand.scene().await;
    assert_eq!(offered(&stand), Vec::<Value>::new());
    let client = stand.database.client().await;
    let known = client.query("select from account.passwords", &[]).await;
    assert_eq!(known.unwrap().len(), 0);
}

#[tokio::test]
async fn clients_look_like_somebodys_and_plans_are_known_to_paypal() {
    let stand = Stand::start().await;
    let client = stand.database.client().await;
    stand.scene().await;
    let bare = "select count(*) from account.clients where greeting = '' or instructions = ''
        or hours = '{}' or transfer_number is null or tenant_key is null";
    assert_eq!(
        client.query_one(bare, &[]).await.unwrap().get::<_, i64>(0),
        0
    );
    let plans = client.query(
        "select paypal_plan_id from account.plans order by position",
        &[],
    );
    let plans: Vec<Option<String>> = plans.await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(
        plans
            .iter()
            .all(|plan| plan.as_ref().is_some_and(|plan| plan.starts_with("P-")))
    );

    client
        .batch_execute(
            "update account.clients set greeting = 'Ahoy.', hours = '{}', version = 2;
             update account.plans set paypal_plan_id = 'P-REAL' where id = 'solo'",
        )
        .await
        .unwrap();
    stand.scene().await;
    let kept = "select count(*) from account.clients where greeting = 'Ahoy.' and hours = '{}'";
    assert_eq!(
        client.query_one(kept, &[]).await.unwrap().get::<_, i64>(0),
        12
    );
    let plan = client.query_one(
        "select paypal_plan_id from account.plans where id = 'solo'",
        &[],
    );
    assert_eq!(plan.await.unwrap().get::<_, String>(0), "P-REAL");
}

/// A client that somebody makes while the sandbox runs, with this number; its tenant key. (The
/// api that would do this is another role's test.)
async fn add_client(client: &tokio_postgres::Client, number: &str) -> String {
    let id = Uuid::new_v4();
    let tenant = format!("tnt_{}", id.simple());
    client
        .execute(
            "insert into account.clients (id, user_id, name, profession, tenant_key, greeting)
             select $1, id, 'Otter Bikes', 'bicycle repair', $2, '{business}, what is flat?'
             from account.users where email = 'robin@example.com'",
            &[&id, &tenant],
        )
        .await
        .unwrap();
    assign(client, number, Some(id)).await;
    tenant
}

async fn assign(client: &tokio_postgres::Client, number: &str, to: Option<Uuid>) {
    let insert = "insert into account.number_assignments (number, client_id) values ($1, $2)";
    client.execute(insert, &[&number, &to]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_gets_a_number_is_called_within_moments() {
    let stand = Stand::start().await;
    let client = stand.database.client().await;
    let scene = stand.scene().await;
    let shutdown = Shutdown::new();
    let pace = Pace {
        // The town is silent: what comes is for the newcomer.
        calls_per_minute: 0.001,
        speed: 20.0,
        history_days: 0,
    };
    let running = tokio::spawn(scene.run(pace, shutdown.clone()));
    let tenant = add_client(&client, "+12025550199").await;
    let told = eventually("a call of the newcomer is analysed", async || {
        let stored = stand.stored(StreamName::Calls).await;
        let room = stored.iter().find_map(|envelope| {
            let names = String::from_utf8_lossy(envelope.data()).contains(&tenant);
            names.then(|| envelope.partition_key().unwrap())
        })?;
        let of_room = |envelope: &&frontdesk_events::Envelope| {
            envelope.partition_key().as_ref() == Some(&room)
        };
        let told: Vec<_> = stored.iter().filter(of_room).cloned().collect();
        let analysed = told
            .iter()
            .any(|envelope| envelope.kind() == "dev.frontdesk.call.analysed.v1");
        analysed.then_some(told)
    })
    .await;
    let holds = |text: &str| {
        told.iter()
            .any(|envelope| String::from_utf8_lossy(envelope.data()).contains(text))
    };
    assert!(
        holds("+12025550199") || holds("\"12025550199\""),
        "the number is dialled"
    );
    assert!(
        holds("Otter Bikes, what is flat?"),
        "the client's own greeting is said"
    );
    shutdown.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn who_can_be_called_follows_the_accounts() {
    let stand = Stand::start().await;
    let client = stand.database.client().await;
    stand.scene().await;
    let served = async || frontdesk_sandbox::registry::served(&client).await.unwrap();
    assert_eq!(served().await.len(), 12);
    let number = "+12025550199";
    let tenant = add_client(&client, number).await;
    let businesses = served().await;
    let newcomer = businesses
        .iter()
        .find(|business| business.tenant_key == tenant)
        .unwrap();
    assert_eq!(
        (
            newcomer.numbers.as_slice(),
            newcomer.transfer_number.as_ref()
        ),
        (&[number.to_owned()][..], None)
    );
    assert_eq!(newcomer.owner, "Robin");
    let of_town = businesses
        .iter()
        .find(|business| business.tenant_key == "tnt_maplestreet")
        .unwrap();
    assert_eq!(
        (of_town.owner.as_str(), &of_town.own_greeting),
        ("Dr. Vance", &None)
    );

    assign(&client, number, None).await;
    assert_eq!(
        served().await.len(),
        12,
        "without its number nobody reaches it"
    );
    assign(&client, number, Some(of_town.id)).await;
    client
        .execute(
            "update account.clients set deleted_at = now() where tenant_key = 'tnt_lockwood'",
            &[],
        )
        .await
        .unwrap();
    let businesses = served().await;
    assert_eq!(businesses.len(), 11);
    let of_town = businesses
        .iter()
        .find(|business| business.tenant_key == "tnt_maplestreet")
        .unwrap();
    assert_eq!(of_town.numbers, [number, "+14045550148"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_can_be_asked_for_and_an_interrupted_one_ends() {
    let stand = Stand::start().await;
    stand.scene().await;
    let outside = stand.outside.clone();
    let call = outside
        .call("+14045550148", Course::Answered, 20.0, clock::now())
        .await
        .unwrap();
    assert_eq!(call.business.as_deref(), Some("Maple Street Dental"));
    let mut said = Vec::new();
    let played = call
        .play(&Shutdown::new(), |event| said.push(event.to_owned()))
        .await
        .unwrap();
    assert_eq!(played.end, End::AsPlanned);
    let counts = played.counts;
    assert_eq!((counts.refused, counts.failed, counts.dropped), (0, 0, 0));
    assert_eq!(said.first().map(String::as_str), Some("room_started"));
    assert_eq!(stand.count(StreamName::Calls).await, said.len() as u64);

    let stray = stand
        .outside
        .clone()
        .call("+12025550101", Course::Answered, 1.0, clock::now())
        .await
        .unwrap();
    assert_eq!(stray.business, None);
    let hung_up = Shutdown::new();
    let mut said = Vec::new();
    let cut = hung_up.clone();
    let played = stray
        .play(&hung_up, |event| {
            said.push(event.to_owned());
            if event == "participant_joined" {
                cut.cancel();
            }
        })
        .await
        .unwrap();
    assert_eq!(played.end, End::HungUp);
    assert_eq!(said.last().map(String::as_str), Some("room_finished"));
    let owed = std::fs::read_dir(stand.outside.state_dir.join("rooms")).unwrap();
    assert_eq!(owed.count(), 0);
}

#[tokio::test]
async fn somebody_without_a_subscription_can_be_given_one() {
    let stand = Stand::start().await;
    stand.scene().await;
    let transmitter = stand.outside.transmitter().await.unwrap();
    serve_certificates(stand.outside.listen, &transmitter, stand.shutdown.clone())
        .await
        .unwrap();
    let subscribe = async |email: &str| {
        let outside = stand.outside.clone();
        outside.subscribe(email, Plan::Pro, clock::now()).await
    };
    let counts = subscribe("Robin@example.com").await.unwrap();
    assert_eq!((counts.sent, counts.refused, counts.failed), (3, 0, 0));
    let stored = stand.stored(StreamName::Billing).await;
    let kinds: Vec<_> = stored
        .iter()
        .map(|envelope| envelope.kind().to_owned())
        .collect();
    for kind in [
        "com.paypal.billing.subscription.created",
        "com.paypal.payment.sale.completed",
        "com.paypal.billing.subscription.activated",
    ] {
        assert!(kinds.iter().any(|known| known == kind), "{kinds:?}");
    }
    let client = stand.database.client().await;
    let key = client.query_one(
        "select billing_key from account.users where email = 'robin@example.com'",
        &[],
    );
    let key: String = key.await.unwrap().get(0);
    assert!(stored.iter().all(|envelope| {
        let body: Value = serde_json::from_slice(envelope.data()).unwrap();
        let resource = &body["resource"];
        let named = resource.get("custom_id").or(resource.get("custom"));
        named.is_none_or(|named| named == &Value::from(key.as_str()))
    }));
    let error = subscribe("nobody@example.com").await.unwrap_err();
    assert!(
        error.to_string().contains("nobody@example.com"),
        "{error:#}"
    );
    assert!(!seed::is_subscribed(&client, Uuid::new_v4()).await.unwrap());
}
