//! The NATS users of `nats.conf`: what ingest does there it may do, and nothing more.

use crate::stand::{AGENT, agent, serve};
use frontdesk_events::{
    Envelope, StreamName,
    nats::{Connection, NatsArgs, Outbound, Reader, Role, connection::Secret},
};
use frontdesk_harness::{eventually, guard::Guarded, nats::free_port};
use frontdesk_process::listen::Limits;
use std::{
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

async fn start() -> Served {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let directory = std::env::temp_dir().join(format!("frontdesk-nats-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&directory).unwrap();
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
        text(&root.join("nats.conf")),
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

#[tokio::test]
async fn ingest_may_do_what_it_needs_and_nothing_else() {
    let served = start().await;
    let operator = eventually("the operator connects", async || {
        Connection::open_now(&served.args, Role::Operator)
            .await
            .ok()
    })
    .await;
    operator.ensure_streams(1, -1).await.unwrap();
    let connection = Connection::open_now(&served.args, Role::Ingest)
        .await
        .unwrap();
    // Ready means that it has seen both streams and read PayPal's earlier deliveries back.
    let (_ingest, address, shutdown) = serve(connection.clone(), &[], Limits::default()).await;
    let event = serde_json::json!({
        "specversion": "1.0", "id": "1", "source": format!("/agents/{AGENT}"), "type": "com.example.thing",
    });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client
        .post(format!("http://{address}/events"))
        .header("authorization", agent())
        .header("content-type", "application/cloudevents+json")
        .body(event.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 200);
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
