//! A real LiveKit server posts to our ingest while real WebRTC participants call, answer and
//! hang up; the call must appear with the right times and end reason.
//!
//! Needs livekit-server (`LIVEKIT_SERVER`, built by `make test` where Go is installed) and the
//! Python clients (`FRONTDESK_PYTHON`); says so and skips where either is missing.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

#[path = "real_livekit/dashboard.rs"]
mod dashboard;
#[path = "product/running.rs"]
mod product;

use dashboard::Dashboard;
use frontdesk_harness::{eventually, guard::Guarded, nats::free_port};
use frontdesk_process::clock;
use serde_json::Value;
use std::{path::PathBuf, process::Command};

const KEY: &str = product::LIVEKIT_KEY;
const SECRET: &str = product::LIVEKIT_SECRET;

/// LiveKit tells joins and leaves in whole seconds.
const RESOLUTION_MS: i64 = 1_000;
/// How much later than the client a server may notice, on a loaded machine.
const PATIENCE_MS: i64 = 4_000;

struct LiveKit {
    url: String,
    python: PathBuf,
    _server: Guarded,
    _directory: PathBuf,
}

impl LiveKit {
    /// A server that posts to this product, or `None` with a line that says what is missing.
    async fn start(dashboard: &Dashboard, port: u16) -> Option<Self> {
        let server = std::env::var_os("LIVEKIT_SERVER")
            .map(PathBuf::from)
            .filter(|path| path.exists());
        let python = std::env::var_os("FRONTDESK_PYTHON")
            .map(PathBuf::from)
            .filter(|path| path.exists());
        let (Some(server), Some(python)) = (server, python) else {
            println!(
                "skipped: no livekit-server (LIVEKIT_SERVER) or no Python clients (FRONTDESK_PYTHON) here"
            );
            return None;
        };
        let directory =
            std::env::temp_dir().join(format!("frontdesk-livekit-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&directory).unwrap();
        let (tcp, udp) = (free_port(), free_port());
        let config = directory.join("livekit.yaml");
        std::fs::write(
            &config,
            format!(
                "port: {port}\nbind_addresses: [\"127.0.0.1\"]\n\
                 rtc: {{ tcp_port: {tcp}, udp_port: {udp}, node_ip: 127.0.0.1, enable_loopback_candidate: true }}\n\
                 keys: {{ {KEY}: {SECRET} }}\nroom: {{ departure_timeout: 2, empty_timeout: 5 }}\n\
                 webhook:\n  api_key: {KEY}\n  urls: [\"{}/webhooks/livekit\"]\n",
                dashboard.product.url()
            ),
        )
        .unwrap();
        let command = [
            server.to_str().unwrap(),
            "--config",
            config.to_str().unwrap(),
        ];
        let server = Guarded::start(&command, &directory.join("log"), None);
        eventually("livekit-server listens", async || {
            tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .ok()
        })
        .await;
        Some(Self {
            url: format!("ws://127.0.0.1:{port}"),
            python,
            _server: server,
            _directory: directory,
        })
    }

    /// Plays a story with real participants; gives what they noted.
    async fn play(&self, story: &str, room: &str) -> Value {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/real_livekit/participants.py"
        );
        let mut command = Command::new(&self.python);
        command
            .args([script, story, room])
            .env("LIVEKIT_URL", &self.url);
        command
            .env("LIVEKIT_API_KEY", KEY)
            .env("LIVEKIT_API_SECRET", SECRET);
        let out = tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap();
        let text = String::from_utf8_lossy(&out.stdout);
        assert!(
            out.status.success(),
            "{story}: {text}{}",
            String::from_utf8_lossy(&out.stderr)
        );
        serde_json::from_str(text.trim().lines().last().unwrap()).unwrap()
    }
}

fn millis(value: &Value) -> i64 {
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("a time, not {value}"));
    chrono::DateTime::parse_from_rfc3339(text)
        .unwrap()
        .timestamp_millis()
}

#[track_caller]
fn assert_near(what: &str, told: &Value, noted: &Value) {
    let (told, noted) = (millis(told), noted.as_i64().unwrap());
    assert!(
        (noted - RESOLUTION_MS..=noted + PATIENCE_MS).contains(&told),
        "{what}: the product says {told}, the participant noted {noted}"
    );
}

async fn ended_call(dashboard: &Dashboard, room: &str) -> Value {
    eventually("the call has ended on the dashboard", async || {
        let list = dashboard.read("/api/calls?limit=100").await;
        let items = list["items"].as_array()?.clone();
        for item in items {
            let one = dashboard
                .read(&format!("/api/calls/{}", item["id"].as_str()?))
                .await;
            if one["call"]["room_name"] == room && one["call"]["state"] == "ended" {
                return Some(one["call"].clone());
            }
        }
        None
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn real_calls_appear_with_their_times_and_end_reasons() {
    let port = free_port();
    let dashboard = Dashboard::open(&format!("ws://127.0.0.1:{port}")).await;
    let Some(livekit) = LiveKit::start(&dashboard, port).await else {
        return;
    };

    let noted = livekit.play("answered", "answered-room").await;
    let call = ended_call(&dashboard, "answered-room").await;
    assert_eq!(call["result"], "answered", "{call}");
    assert_eq!(call["caller_number"], "+12025550147");
    assert_eq!(call["dialled_number"], "+12025550100");
    assert_eq!(call["end_reason"]["by"], "caller", "{call}");
    assert_near(
        "the answer",
        &call["answered_at"],
        &noted["agent_published"],
    );
    assert_near("the end", &call["ended_at"], &noted["sip_left"]);

    livekit.play("abandoned", "abandoned-room").await;
    let call = ended_call(&dashboard, "abandoned-room").await;
    assert_eq!(call["result"], "abandoned", "{call}");
    assert_eq!(call["answered_at"], Value::Null);

    let noted = livekit.play("operator", "operator-room").await;
    let call = ended_call(&dashboard, "operator-room").await;
    assert_eq!(call["result"], "answered", "{call}");
    assert_eq!(call["end_reason"]["code"], "ROOM_DELETED", "{call}");
    assert_near("the operator's end", &call["ended_at"], &noted["sip_left"]);

    // Somebody at the dashboard ends it: the product asks LiveKit, and LiveKit lets the caller go.
    let (_, (asked, at)) = tokio::join!(
        livekit.play("dashboard", "dashboard-room"),
        end_live_call(&dashboard, "dashboard-room"),
    );
    assert_eq!(asked, 202);
    let call = ended_call(&dashboard, "dashboard-room").await;
    assert_eq!(call["end_reason"]["code"], "ROOM_DELETED", "{call}");
    assert_eq!(call["end_reason"]["by"], "operator", "{call}");
    // The caller's library notices seconds after the server, so its own note does not bound it.
    assert_near("the end", &call["ended_at"], &at.into());
    let path = format!("/api/calls/{}/hangup", call["id"].as_str().unwrap());
    assert_eq!(dashboard.post(&path).await, 409);
}

/// Hangs up on the call in this room once they talk; gives the answer's status, and when that was.
async fn end_live_call(dashboard: &Dashboard, room: &str) -> (u16, i64) {
    let id = eventually("the call goes on on the dashboard", async || {
        let list = dashboard.read("/api/calls?limit=100").await;
        for item in list["items"].as_array()? {
            if item["state"] != "live" {
                continue;
            }
            let id = item["id"].as_str()?;
            let one = dashboard.read(&format!("/api/calls/{id}")).await;
            if one["call"]["room_name"] == room {
                return Some(id.to_owned());
            }
        }
        None
    })
    .await;
    let at = clock::now().timestamp_millis();
    let status = dashboard.post(&format!("/api/calls/{id}/hangup")).await;
    (status, at)
}
