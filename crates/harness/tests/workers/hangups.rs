//! Calls that are ended from the dashboard: LiveKit's API over the wire, with the sandbox's server.

use crate::{
    scene::{NUMBERS, Scene},
    story::Story,
};
use chrono::TimeDelta;
use frontdesk_events::{
    Envelope, Partition, StreamName,
    catalogue::account,
    nats::{Outbound, connection::Secret},
    subject,
};
use frontdesk_process::clock;
use frontdesk_sandbox::livekit::{
    body::Participant,
    rooms::{self, Ask},
    token::LiveKitKey,
};
use frontdesk_workers::LiveKit;
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::net::TcpListener;
use uuid::Uuid;

const KEY: &str = "APIhangup";
const SECRET: &str = "a secret of more than thirty-two letters";

/// A LiveKit whose rooms a test fills, and what it was asked to close.
struct Server {
    rooms: Arc<Mutex<BTreeMap<String, Vec<Participant>>>>,
    /// Rooms, and with an identity behind them single participants.
    closed: Arc<Mutex<Vec<String>>>,
    address: LiveKit,
}

impl Server {
    async fn start() -> Self {
        let key = LiveKitKey {
            key: KEY.to_owned(),
            secret: SECRET.to_owned(),
        };
        let (router, mut asked) = rooms::serve(key);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let server = Self {
            rooms: Arc::default(),
            closed: Arc::default(),
            address: LiveKit {
                url: Some(url),
                api_key: Some(KEY.to_owned()),
                api_secret: Some(Secret::from(SECRET.to_owned())),
            },
        };
        let (rooms, closed) = (Arc::clone(&server.rooms), Arc::clone(&server.closed));
        tokio::spawn(async move {
            while let Some(ask) = asked.recv().await {
                match ask {
                    Ask::Look(room, answer) => {
                        let there = rooms.lock().unwrap().get(&room).cloned();
                        answer.send(there).unwrap();
                    }
                    Ask::Remove(room, identity, answer) => {
                        closed.lock().unwrap().push(format!("{room}/{identity}"));
                        answer.send(true).unwrap();
                    }
                    Ask::Close(room, answer) => {
                        let gone = rooms.lock().unwrap().remove(&room).is_some();
                        closed.lock().unwrap().push(room);
                        answer.send(gone).unwrap();
                    }
                }
            }
        });
        server
    }

    fn open(&self, story: &Story, others: &[Participant]) {
        let mut there = vec![caller(&story.name), agent()];
        there.extend(others.to_vec());
        let room = format!("call_{}", story.name);
        self.rooms.lock().unwrap().insert(room, there);
    }

    fn closed(&self) -> Vec<String> {
        self.closed.lock().unwrap().clone()
    }
}

fn caller(name: &str) -> Participant {
    Participant {
        sid: format!("PA_{name}"),
        identity: format!("sip_{name}"),
        kind: "SIP".to_owned(),
        attributes: BTreeMap::from([("sip.callID".to_owned(), format!("SCL_{name}"))]),
        ..Participant::default()
    }
}

fn agent() -> Participant {
    Participant {
        sid: "PA_agent".to_owned(),
        identity: "agent-AJ_1".to_owned(),
        kind: "AGENT".to_owned(),
        ..Participant::default()
    }
}

/// A call of Ada's that goes on.
fn going_on(name: &str) -> Story {
    Story {
        dialled: NUMBERS[0],
        left: None,
        ..Story::new(name)
    }
}

async fn call_id(scene: &Scene, story: &Story) -> Uuid {
    let sql = "select id from calls.calls where room_sid = $1";
    let client = &scene.stand.client;
    client
        .query_one(sql, &[&story.room_sid()])
        .await
        .unwrap()
        .get(0)
}

/// What the api leaves in the outbox; answers the event's id.
async fn want(scene: &Scene, user: Uuid, call: Uuid) -> Uuid {
    let data = json!({ "user_id": user, "call_id": call, "by": user });
    let stand = &scene.stand;
    stand.fact(account::HANGUP_REQUESTED, user, data).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_goes_on_is_ended_once_and_nobody_elses_with_it() {
    let server = Server::start().await;
    let scene = Scene::set_with(server.address.clone()).await;
    let stories = ["alone", "left", "shared", "over"].map(going_on);
    for story in &stories {
        scene.tell(&story.events()).await;
    }
    let [alone, left, shared, over] = &stories;
    server.open(alone, &[]);
    server.open(shared, &[caller("somebody_else")]);

    let id = call_id(&scene, alone).await;
    let asked = want(&scene, scene.ada, id).await;
    let effect = scene.stand.settled(asked, "hangup").await;
    assert_eq!((effect.state.as_str(), effect.attempts), ("done", 1));
    assert_eq!(server.closed(), ["call_alone"]);

    // Asked for again: LiveKit knows no such room any more.
    let again = want(&scene, scene.ada, id).await;
    let effect = scene.stand.settled(again, "hangup").await;
    assert_eq!(effect.state, "discarded");
    assert_eq!(effect.reason.unwrap(), "LiveKit has ended it already");

    let id = call_id(&scene, shared).await;
    let asked = want(&scene, scene.ada, id).await;
    assert_eq!(scene.stand.settled(asked, "hangup").await.state, "done");
    let told = ["call_alone", "call_shared/sip_shared"];
    assert_eq!(server.closed(), told);

    // Another account's call is no call of hers.
    let id = call_id(&scene, left).await;
    let stranger = scene.mallory;
    let asked = want(&scene, stranger, id).await;
    let effect = scene.stand.settled(asked, "hangup").await;
    assert_eq!(effect.reason.unwrap(), "there is no such call");

    let mut ended = over.clone();
    ended.left = Some((64, "hangup"));
    scene.tell(&ended.events()).await;
    let id = call_id(&scene, over).await;
    let asked = want(&scene, scene.ada, id).await;
    let effect = scene.stand.settled(asked, "hangup").await;
    assert_eq!(effect.reason.unwrap(), "the call has ended");

    assert_eq!(server.closed(), told);
    let rooms = server.rooms.lock().unwrap();
    assert!(rooms.contains_key("call_shared"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_livekit_that_is_away_is_asked_again_and_then_given_up() {
    let mut server = Server::start().await;
    server.address.url = Some("http://127.0.0.1:9".to_owned());
    let scene = Scene::set_with(server.address.clone()).await;
    let story = going_on("nobody");
    scene.tell(&story.events()).await;
    let asked = want(&scene, scene.ada, call_id(&scene, &story).await).await;
    let effect = scene.stand.settled(asked, "hangup").await;
    assert_eq!((effect.state.as_str(), effect.attempts), ("discarded", 5));
    let reason = effect.reason.unwrap();
    assert_eq!(reason, "given up: LiveKit cannot be reached");
    let dead = scene.stand.messages(StreamName::Dead).await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].subject, "dead.accounts.workers-hangup");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_ends_nothing_and_says_so() {
    let mut server = Server::start().await;
    server.address.api_secret = Some(Secret::from("another secret of many letters..".to_owned()));
    let scene = Scene::set_with(server.address.clone()).await;
    let story = going_on("locked");
    server.open(&story, &[]);
    scene.tell(&story.events()).await;
    let asked = want(&scene, scene.ada, call_id(&scene, &story).await).await;
    let reason = frontdesk_harness::eventually("a try was in vain", async || {
        scene.stand.effect(asked, "hangup").await?.reason
    })
    .await;
    assert_eq!(reason, "LiveKit answered unauthenticated");
    assert!(server.closed().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_for_long_ago_is_not_done_any_more() {
    let server = Server::start().await;
    let scene = Scene::set_with(server.address.clone()).await;
    let story = going_on("late");
    server.open(&story, &[]);
    scene.tell(&story.events()).await;
    let (id, key) = (Uuid::new_v4(), scene.ada.to_string());
    let data =
        json!({ "user_id": scene.ada, "call_id": call_id(&scene, &story).await, "by": scene.ada });
    let event = Envelope::new(&id.to_string(), "/frontdesk/api", account::HANGUP_REQUESTED)
        .unwrap()
        .with_time(clock::now() - TimeDelta::minutes(2))
        .with_partition_key(&key)
        .with_data("application/json", data.to_string().into_bytes());
    let subject = subject::fact(Partition::of(&key), account::HANGUP_REQUESTED);
    let message = Outbound::new(&event, subject).unwrap();
    let operator = &scene.stand.operator;
    operator
        .publish(&message, Duration::from_secs(10))
        .await
        .unwrap();
    let effect = scene.stand.settled(id, "hangup").await;
    assert_eq!(effect.reason.unwrap(), "it was asked for too long ago");
    assert!(server.closed().is_empty());
}
