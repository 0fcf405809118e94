//! Deliveries for the fault test: small calls, each webhook sent again until it is answered 2xx,
//! as LiveKit would within its window.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use frontdesk_process::clock;
use serde_json::json;
use sha2::{Digest as _, Sha256};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinSet;

pub(crate) const KEY: &str = "devkey";
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Gives a delivery up when it is still not answered after this; nothing in the test is down
/// for so long.
const LONGEST: Duration = Duration::from_secs(60);

/// Senders at work.
pub(crate) struct Senders {
    tasks: JoinSet<Vec<String>>,
    stop: Arc<AtomicBool>,
}

impl Senders {
    /// Starts so many, each playing one call after another without a pause.
    pub(crate) fn start(address: SocketAddr, count: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for sender in 0..count {
            tasks.spawn(play(sender, address, stop.clone()));
        }
        Self { tasks, stop }
    }

    /// Lets each finish its call; gives the ids of all deliveries answered 2xx.
    pub(crate) async fn finish(mut self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut acknowledged = Vec::new();
        while let Some(ids) = self.tasks.join_next().await {
            acknowledged.extend(ids.unwrap());
        }
        acknowledged
    }
}

async fn play(sender: usize, address: SocketAddr, stop: Arc<AtomicBool>) -> Vec<String> {
    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(6))
        .build()
        .unwrap();
    let url = format!("http://{address}/webhooks/livekit");
    let mut acknowledged = Vec::new();
    for call in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        for (step, kind) in [
            "room_started",
            "participant_joined",
            "participant_left",
            "room_finished",
        ]
        .into_iter()
        .enumerate()
        {
            let id = format!("EV_{sender}_{call}_{step}");
            deliver(&http, &url, body(&id, kind, sender, call)).await;
            acknowledged.push(id);
        }
        // Sixteen partitions and two cores: a breath keeps the machine answering its own pings.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    acknowledged
}

fn body(id: &str, kind: &str, sender: usize, call: u64) -> String {
    let now = clock::now();
    let room = json!({
        "sid": format!("RM_{sender}_{call}"), "name": format!("call-{sender}-{call}"),
        "creationTime": now.timestamp().to_string(), "creationTimeMs": now.timestamp_millis().to_string(),
    });
    let mut body =
        json!({ "event": kind, "room": room, "id": id, "createdAt": now.timestamp().to_string() });
    if kind.starts_with("participant") {
        body["participant"] = json!({
            "sid": format!("PA_{sender}_{call}"), "identity": "sip_+12025550147", "kind": "SIP",
            "joinedAt": now.timestamp().to_string(), "joinedAtMs": now.timestamp_millis().to_string(),
            "attributes": {
                "sip.callID": format!("SCL_{sender}_{call}"), "sip.callStatus": "hangup",
                "sip.phoneNumber": "+12025550147", "sip.trunkPhoneNumber": "+12025550100",
            },
            "disconnectReason": "CLIENT_INITIATED",
        });
    }
    body.to_string()
}

async fn deliver(http: &reqwest::Client, url: &str, body: String) {
    let start = clock::monotonic();
    loop {
        // Signed at each try: a retry after a long outage would outlive its token otherwise.
        let hash = BASE64_STANDARD.encode(Sha256::digest(body.as_bytes()));
        let token = livekit_api::access_token::AccessToken::with_api_key(KEY, SECRET)
            .with_ttl(Duration::from_secs(300))
            .with_sha256(&hash)
            .to_jwt()
            .unwrap();
        let sent = http
            .post(url)
            .header("authorization", token)
            .header("content-type", "application/webhook+json")
            .body(body.clone())
            .send()
            .await;
        match sent {
            Ok(answer) if answer.status().is_success() => return,
            Ok(answer) => {
                let status = answer.status();
                assert!(
                    status.is_server_error(),
                    "a good delivery was refused for good: {status}"
                );
            }
            Err(_) => {}
        }
        assert!(
            start.elapsed() < LONGEST,
            "not answered 2xx within a minute"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
