//! Calls placed by commands while a sandbox runs, each in a process of its own: who asks the running
//! sandbox about the room of such a call reaches the process that plays it.

use super::{KEY, SECRET, command};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    routing::post,
};
use frontdesk_sandbox::delivery;
use livekit_api::access_token::{AccessToken, VideoGrants};
use livekit_protocol::{
    DeleteRoomRequest, ListParticipantsRequest, ListParticipantsResponse, ParticipantInfo,
};
use prost::Message;
use serde_json::Value;
use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

const DEADLINE: Duration = Duration::from_secs(30);

type Webhooks = Arc<Mutex<Vec<Value>>>;

/// The state directory that commands share, and an ear for what LiveKit says in all rooms.
struct Stage {
    state_dir: PathBuf,
    target: String,
    heard: Webhooks,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.state_dir);
    }
}

impl Stage {
    async fn set() -> Self {
        async fn hear(State(heard): State<Webhooks>, body: Bytes) {
            let webhook = serde_json::from_slice(&body).unwrap();
            heard.lock().unwrap().push(webhook);
        }
        let heard = Webhooks::default();
        let routes = Router::new()
            .route("/webhooks/livekit", post(hear))
            .with_state(Arc::clone(&heard))
            .route("/webhooks/paypal", post(async || ()))
            .route("/events", post(async || ()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let tests = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        Self {
            state_dir: tests.join(uuid::Uuid::new_v4().to_string()),
            target,
            heard,
        }
    }

    fn start(&self, arguments: &[&str]) -> Started {
        let mut command = command(arguments, &self.state_dir);
        command.args(["--target", &self.target]);
        Started(Some(command.stdout(Stdio::piped()).spawn().unwrap()))
    }

    /// A sandbox that runs and plays next to nothing itself.
    async fn run(&self) -> (Started, LiveKit) {
        let address = free_address();
        let listen = address.to_string();
        let quiet = ["--calls-per-minute", "0.001", "--history-days", "0"];
        let started = self.start(&[&["run", "--listen", &listen][..], &quiet].concat());
        until("the sandbox", async || {
            tokio::net::TcpStream::connect(address).await.ok()
        })
        .await;
        let client = delivery::client().unwrap();
        (started, LiveKit { address, client })
    }

    /// The room in which a caller has dialled this number, once there is one.
    async fn room_of(&self, number: &str) -> String {
        until(&format!("a caller of {number}"), async || {
            let heard = self.heard.lock().unwrap();
            let joined = heard.iter().find(|webhook| {
                let dialled = &webhook["participant"]["attributes"]["sip.trunkPhoneNumber"];
                webhook["event"] == "participant_joined"
                    && dialled
                        .as_str()
                        .is_some_and(|dialled| number.ends_with(dialled))
            });
            Some(joined?["room"]["name"].as_str().unwrap().to_owned())
        })
        .await
    }

    /// What was said of this room and who was in it, recordings aside.
    fn told_of(&self, room: &str) -> Vec<Value> {
        let heard = self.heard.lock().unwrap();
        let is_of_room =
            |webhook: &&Value| webhook["room"]["name"] == room && webhook["egressInfo"].is_null();
        heard.iter().filter(is_of_room).cloned().collect()
    }
}

/// Below those that the system gives to outgoing connections: one of them could take it before the
/// sandbox does.
fn free_address() -> SocketAddr {
    let ports = std::iter::repeat_with(|| 10_000 + uuid::Uuid::new_v4().as_u128() % 10_000);
    let mut addresses =
        ports.map(|port| SocketAddr::from(([127, 0, 0, 1], u16::try_from(port).unwrap())));
    let is_free = |address: &SocketAddr| std::net::TcpListener::bind(address).is_ok();
    addresses.find(is_free).unwrap()
}

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let seen = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let seen = tokio::time::timeout(DEADLINE, seen).await;
    seen.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// A process that ends with the test.
struct Started(Option<Child>);

impl Started {
    /// It gets no chance to say anything more.
    fn kill(&mut self) {
        if let Some(mut child) = self.0.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// What it printed, once it has ended by itself and well.
    async fn ended(mut self) -> String {
        let child = self.0.take().unwrap();
        let output = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap());
        let output = output.await.unwrap();
        assert!(output.status.success(), "{output:?}");
        super::text(&output.stdout)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.kill();
    }
}

/// LiveKit's server API as the product asks it.
struct LiveKit {
    address: SocketAddr,
    client: reqwest::Client,
}

impl LiveKit {
    async fn ask(&self, method: &str, room: &str, message: impl Message) -> (StatusCode, Bytes) {
        let token = AccessToken::with_api_key(KEY, SECRET).with_grants(VideoGrants {
            room: room.to_owned(),
            room_admin: true,
            room_create: true,
            ..VideoGrants::default()
        });
        let url = format!("http://{}/twirp/livekit.RoomService/{method}", self.address);
        let asked = self
            .client
            .post(url)
            .bearer_auth(token.to_jwt().unwrap())
            .header(header::CONTENT_TYPE, "application/protobuf")
            .body(message.encode_to_vec());
        let answer = asked.send().await.unwrap();
        (answer.status(), answer.bytes().await.unwrap())
    }

    /// `None` when there is no such room.
    async fn participants(&self, room: &str) -> Option<Vec<ParticipantInfo>> {
        let asked = ListParticipantsRequest {
            room: room.to_owned(),
        };
        let (status, body) = self.ask("ListParticipants", room, asked).await;
        if status == StatusCode::NOT_FOUND {
            return None;
        }
        assert_eq!(status, StatusCode::OK);
        let told = ListParticipantsResponse::decode(body).unwrap();
        Some(told.participants)
    }

    async fn close(&self, room: &str) -> StatusCode {
        let asked = DeleteRoomRequest {
            room: room.to_owned(),
        };
        self.ask("DeleteRoom", room, asked).await.0
    }
}

#[tokio::test]
async fn a_call_placed_by_hand_is_ended_where_the_product_asks() {
    let stage = Stage::set().await;
    let (_running, livekit) = stage.run().await;
    let [first, second] = ["+12025550101", "+12025550102"];
    let [first_call, second_call] = [first, second].map(|it| stage.start(&["call", it]));
    let room = stage.room_of(first).await;
    let other = stage.room_of(second).await;

    let is_caller = |person: &ParticipantInfo| person.attributes.contains_key("sip.callID");
    // Who comes between the question and the end would leave as well.
    let there = until("both the caller and the agent", async || {
        let there = livekit.participants(&room).await.unwrap();
        (there.len() == 2).then_some(there)
    })
    .await;
    assert!(there.iter().any(is_caller), "{there:?}");
    assert_eq!(livekit.close(&room).await, StatusCode::OK);
    let printed = first_call.ended().await;
    assert!(
        printed.ends_with("the other side ended the call\n"),
        "{printed}"
    );
    let told = stage.told_of(&room);
    let left = told
        .iter()
        .filter(|webhook| webhook["event"] == "participant_left");
    let reasons: Vec<_> = left
        .map(|webhook| &webhook["participant"]["disconnectReason"])
        .collect();
    assert_eq!(reasons, vec!["ROOM_DELETED"; there.len()]);
    let last = told.last().unwrap();
    assert_eq!(last["event"], "room_finished");
    assert_eq!(last["roomEndReason"], "ROOM_END_API_DELETE");
    assert_eq!(livekit.participants(&room).await, None);
    assert_eq!(livekit.close(&room).await, StatusCode::NOT_FOUND);

    // Another call knows nothing of it.
    assert!(livekit.participants(&other).await.is_some());
    assert_eq!(livekit.close(&other).await, StatusCode::OK);
    second_call.ended().await;
}

#[tokio::test]
async fn a_call_outlives_the_sandbox_that_ran_and_ends_without_its_own_process() {
    let stage = Stage::set().await;
    let (mut before, _) = stage.run().await;
    let call = stage.start(&["call", "+12025550103"]);
    let room = stage.room_of("+12025550103").await;
    before.kill();
    let (_after, livekit) = stage.run().await;

    let mut killed = stage.start(&["call", "+12025550104", "--speed", "20"]);
    let left = stage.room_of("+12025550104").await;
    assert!(livekit.participants(&left).await.is_some());
    killed.kill();
    assert_eq!(livekit.participants(&left).await, None);
    until("what it left open is closed", async || {
        let told = stage.told_of(&left);
        told.iter()
            .any(|webhook| webhook["event"] == "room_finished")
            .then_some(())
    })
    .await;

    // Meanwhile nobody has taken over what goes on.
    assert!(livekit.participants(&room).await.is_some());
    assert_eq!(livekit.close(&room).await, StatusCode::OK);
    let printed = call.ended().await;
    assert!(
        printed.ends_with("the other side ended the call\n"),
        "{printed}"
    );
    let told = stage.told_of(&room);
    assert_eq!(told.last().unwrap()["roomEndReason"], "ROOM_END_API_DELETE");
}
