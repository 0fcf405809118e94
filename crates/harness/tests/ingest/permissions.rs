//! The NATS users of `nats.conf`: what ingest, the api and workers do there they may do, and nothing more.

use crate::stand::{AGENT, agent, serve};
use frontdesk_events::{
    Envelope, PartitionSet, StreamName,
    nats::{
        Connection, Consumer, ConsumerOptions, DeadLetter, NatsArgs, Outbound, Reader, Role,
        connection::Secret,
    },
};
use frontdesk_harness::{eventually, guard::Guarded, nats::free_port};
use frontdesk_process::listen::Limits;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

/// A server as `make up` starts it, on ports of its own.
struct Served {
    directory: PathBuf,
    args: NatsArgs,
    _process: Guarded,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// With these lines of its configuration left out.
async fn start(without: &str) -> Served {
    start_with(without, "").await
}

/// With these lines of its configuration replaced.
async fn start_with(theirs: &str, ours: &str) -> Served {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let directory = std::env::temp_dir().join(format!("frontdesk-nats-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&directory).unwrap();
    let configuration = std::fs::read_to_string(root.join("nats.conf")).unwrap();
    assert!(configuration.contains(theirs));
    let conf = directory.join("nats.conf");
    std::fs::write(&conf, configuration.replace(theirs, ours)).unwrap();
    let installed = root.join(".data/bin/nats-server");
    let binary = std::env::var_os("NATS_SERVER").map_or_else(
        || {
            if installed.exists() {
                installed
            } else {
                "nats-server".into()
            }
        },
        PathBuf::from,
    );
    let (port, monitor) = (free_port().to_string(), free_port().to_string());
    let mut command = vec![
        "env".to_owned(),
        format!("NATS_STORE_DIR={:?}", directory.join("store")),
    ];
    for role in ["INGEST", "PROJECTOR", "API", "WORKERS", "OPERATOR"] {
        command.push(format!("NATS_{role}_PASSWORD=secret-of-{role}"));
    }
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    command.extend([
        text(&binary),
        "-c".to_owned(),
        text(&conf),
        "-p".to_owned(),
        port.clone(),
        "-m".to_owned(),
        monitor.clone(),
    ]);
    let command: Vec<_> = command.iter().map(String::as_str).collect();
    let process = Guarded::start(&command, &directory.join("log"), None);
    let password = |role: &str| Some(Secret::from(format!("secret-of-{role}")));
    let args = NatsArgs {
        nats_ingest_password: password("INGEST"),
        nats_operator_password: password("OPERATOR"),
        nats_workers_password: password("WORKERS"),
        nats_api_password: password("API"),
        ..NatsArgs::open(
            &format!("nats://127.0.0.1:{port}"),
            &format!("http://127.0.0.1:{monitor}"),
        )
    };
    Served {
        directory,
        args,
        _process: process,
    }
}

impl Served {
    async fn operator(&self) -> Connection {
        let operator = self.connected().await;
        operator.ensure_streams(1, -1).await.unwrap();
        operator
    }

    async fn connected(&self) -> Connection {
        eventually("the operator connects", async || {
            Connection::open_now(&self.args, Role::Operator).await.ok()
        })
        .await
    }
}

/// The status of an answer to an agent's event.
async fn send(address: SocketAddr) -> u16 {
    let event = serde_json::json!({
        "specversion": "1.0", "id": "1", "source": format!("/agents/{AGENT}"), "type": "com.example.thing",
    });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client
        .post(format!("http://{address}/events"))
        .header("authorization", agent())
        .header("content-type", "application/cloudevents+json")
        .body(event.to_string());
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn nothing_is_bounded_while_it_is_not_known_what_a_stream_holds() {
    // The last one that is asked about.
    let silent = r#"publish: { allow: [">"], deny: ["$JS.API.STREAM.INFO.DEAD"] }, subscribe: ">""#;
    let served = start_with(r#"publish: ">", subscribe: ">""#, silent).await;
    let operator = served.connected().await;
    let refused = operator.ensure_streams(1, 1 << 20).await;
    let why = format!("{:#}", refused.unwrap_err());
    assert!(why.starts_with("asking for stream DEAD"), "{why}");
    let calls = operator.stream_state(StreamName::Calls).await;
    assert_eq!(calls.unwrap_err().to_string(), "there is no stream CALLS");
}

#[tokio::test]
async fn where_paypals_past_cannot_be_read_the_others_are_served_and_ingest_is_ready() {
    let served = start(
        r#""$JS.API.CONSUMER.CREATE.BILLING", "$JS.API.CONSUMER.CREATE.BILLING.>"
    "$JS.API.CONSUMER.INFO.BILLING.*", "$JS.API.CONSUMER.DELETE.BILLING.*""#,
    )
    .await;
    let _operator = served.operator().await;
    let connection = Connection::open_now(&served.args, Role::Ingest)
        .await
        .unwrap();
    let (_ingest, address, shutdown) = serve(connection.clone(), &[], Limits::default()).await;
    assert!(
        Reader::open_envelopes(&connection, StreamName::Billing, 1)
            .await
            .is_err()
    );
    assert_eq!(send(address).await, 200);
    shutdown.cancel();
}

#[tokio::test]
async fn ingest_may_do_what_it_needs_and_nothing_else() {
    let served = start("").await;
    let operator = served.operator().await;
    let connection = Connection::open_now(&served.args, Role::Ingest)
        .await
        .unwrap();
    // Ready means that it has seen both streams.
    let (_ingest, address, shutdown) = serve(connection.clone(), &[], Limits::default()).await;
    assert_eq!(send(address).await, 200);
    assert!(
        Reader::open_envelopes(&connection, StreamName::Billing, 1)
            .await
            .is_ok(),
        "what PayPal delivered earlier is read back"
    );
    assert!(
        Reader::open_envelopes(&connection, StreamName::Calls, 1)
            .await
            .is_err(),
        "calls are not its to read"
    );
    let envelope = Envelope::new("1", "/frontdesk/x", "dev.frontdesk.x").unwrap();
    let dead = Outbound::of(envelope, "dead.calls.x".to_owned()).unwrap();
    let published = connection.publish(&dead, Duration::from_secs(1)).await;
    assert!(published.is_err(), "nor dead letters to write");
    assert_eq!(
        operator
            .stream_state(StreamName::Dead)
            .await
            .unwrap()
            .messages,
        0
    );
    shutdown.cancel();
}

#[tokio::test]
async fn workers_act_on_accounts_redrive_the_rest_and_read_it_message_by_message() {
    let served = start("").await;
    let operator = served.operator().await;
    let connection = Connection::open_now(&served.args, Role::Workers)
        .await
        .unwrap();
    let second = Duration::from_secs(1);
    let message = |subject: &str| {
        let envelope = Envelope::new(subject, "/frontdesk/x", "dev.frontdesk.x").unwrap();
        Outbound::of(envelope, subject.to_owned()).unwrap()
    };
    for subject in ["live.x", "dead.calls.x"] {
        let published = connection.publish(&message(subject), second).await;
        assert!(published.is_err(), "{subject}");
    }
    // What was refused there goes back where it came from.
    for subject in ["calls.00.agent.again", "billing.00.paypal.again"] {
        connection.publish(&message(subject), second).await.unwrap();
    }
    let stored = operator
        .publish(&message("calls.00.agent.x"), second)
        .await
        .unwrap();
    let fact = message("accounts.00.x");
    connection.publish(&fact, second).await.unwrap();
    connection
        .publish_batch(
            "1",
            &[message("accounts.01.x"), message("accounts.02.x")],
            second,
        )
        .await
        .unwrap();
    let options = |stream| ConsumerOptions {
        stream,
        name: "workers-test".to_owned(),
        subjects: Vec::new(),
        ack_wait: second,
        most_unsettled: 10,
    };
    assert!(
        Consumer::open(&connection, &options(StreamName::Calls))
            .await
            .is_err()
    );
    let consumer = Consumer::open(&connection, &options(StreamName::Accounts))
        .await
        .unwrap();
    for _ in 0..2 {
        let assignment = consumer.next(second).await.unwrap().unwrap();
        assignment.working().await;
        assignment.ack().await;
    }
    let third = consumer.next(second).await.unwrap().unwrap();
    third.retry(Duration::ZERO).await;
    let again = eventually("it comes again", async || {
        consumer.next(second).await.unwrap()
    })
    .await;
    assert_eq!(again.delivery.sequence, third.delivery.sequence);
    again.ack().await;
    eventually("the server has heard every ack", async || {
        let state = consumer.state().await.unwrap();
        (state.waiting + state.unsettled == 0).then_some(())
    })
    .await;
    DeadLetter::new(1, "a test")
        .publish(
            &connection,
            Role::Workers,
            StreamName::Accounts,
            "workers-test",
        )
        .await
        .unwrap();
    assert!(
        Reader::open(&connection, StreamName::Calls, &PartitionSet::all(), 1)
            .await
            .is_err()
    );
    let call = connection
        .stored(StreamName::Calls, stored.sequence)
        .await
        .unwrap();
    assert!(call.is_some(), "an export reads them one by one");
    let delete = async |stream, sequence| connection.delete_stored(stream, sequence).await;
    assert!(delete(StreamName::Dead, 1).await.unwrap());
    assert!(!delete(StreamName::Dead, 1).await.unwrap(), "it is gone");
    for stream in [StreamName::Calls, StreamName::Billing, StreamName::Accounts] {
        assert!(delete(stream, 1).await.is_err(), "{stream}");
    }
}

#[tokio::test]
async fn the_api_looks_through_dead_letters_and_at_workers_and_changes_nothing() {
    let served = start("").await;
    let operator = served.operator().await;
    let connection = Connection::open_now(&served.args, Role::Api).await.unwrap();
    let second = Duration::from_secs(1);
    let event = Envelope::new("1", "/frontdesk/x", "dev.frontdesk.x").unwrap();
    let message = |subject: &str| Outbound::of(event.clone(), subject.to_owned()).unwrap();
    let fact = message("accounts.00.x");
    operator.publish(&fact, second).await.unwrap();
    DeadLetter::new(1, "a test")
        .publish(&operator, Role::Workers, StreamName::Accounts, "workers-x")
        .await
        .unwrap();
    let mut reader = Reader::open_envelopes(&connection, StreamName::Dead, 1)
        .await
        .unwrap();
    assert_eq!(reader.read(10, second).await.unwrap().len(), 1);
    let options = ConsumerOptions {
        stream: StreamName::Accounts,
        name: "workers-test".to_owned(),
        subjects: Vec::new(),
        ack_wait: second,
        most_unsettled: 10,
    };
    Consumer::open(&operator, &options).await.unwrap();
    let consumers = connection.consumers(StreamName::Accounts).await.unwrap();
    assert_eq!(consumers.len(), 1);
    assert_eq!(consumers[0].1.waiting, 1);
    assert!(connection.delete_stored(StreamName::Dead, 1).await.is_err());
    for subject in ["accounts.00.y", "dead.accounts.x", "calls.00.agent.x"] {
        let published = connection.publish(&message(subject), second).await;
        assert!(published.is_err(), "{subject}");
    }
    assert!(
        Reader::open(&connection, StreamName::Calls, &PartitionSet::all(), 1)
            .await
            .is_err()
    );
}
