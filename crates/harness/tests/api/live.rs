//! The live channel: who is told what. When it ends is in `live_ends.rs`.

use crate::{
    person::{Following, Person, read},
    stage::Stage,
    story::Story,
};
use frontdesk_events::nats::live::{Change, Topic};
use frontdesk_harness::{eventually, people};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpSocket,
};
use uuid::Uuid;

/// What ids begin with that are told until they are heard, and mean nothing.
const MARK: &str = "mark";

fn ids(block: &str) -> Vec<String> {
    let Some(data) = block.lines().find_map(|line| line.strip_prefix("data: ")) else {
        return Vec::new();
    };
    let data: Value = serde_json::from_str(data).unwrap();
    let ids = data["ids"].as_array().cloned().unwrap_or_default();
    ids.iter()
        .map(|id| id.as_str().unwrap().to_owned())
        .collect()
}

fn calls(user: Option<Uuid>, id: &str) -> Change {
    Change {
        user,
        topic: Topic::Calls,
        ids: vec![id.to_owned()],
    }
}

/// What was said until this id was.
async fn said(following: &mut Following, last: &str) -> Vec<String> {
    following
        .until(last, |block| ids(block).iter().any(|id| id == last))
        .await
}

/// The ids that were told until this one was, and nothing else may have been said.
async fn heard(following: &mut Following, last: &str) -> Vec<String> {
    let blocks = said(following, last).await;
    let told = |block: &String| {
        block.starts_with("event: calls\n") || block.starts_with("event: billing\n")
    };
    assert!(blocks.iter().all(told), "{blocks:?}");
    let ids: BTreeSet<String> = blocks.iter().flat_map(|block| ids(block)).collect();
    ids.into_iter().filter(|id| !id.starts_with(MARK)).collect()
}

/// Waits until a change of an account, told from now on, reaches this listener. Core NATS forgets what is told
/// before the subscription stands, so it is told again and again.
pub(crate) async fn stands(stage: &Stage, following: &mut Following, user: Option<Uuid>) {
    let id = format!("{MARK}{}", Uuid::new_v4().simple());
    let mark = calls(user, &id);
    let telling = async {
        loop {
            stage.connection.tell(&mark).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        _ = said(following, &id) => {}
        () = telling => unreachable!("it tells for ever"),
    }
}

/// Follows, and waits until changes of an account are heard.
async fn following(stage: &Stage, person: &Person, user: Uuid) -> Following {
    let mut following = person.follow(None).await;
    following.event("hello").await;
    stands(stage, &mut following, Some(user)).await;
    following
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_told_after_it_can_be_read() {
    let stage = Stage::set().await;
    stage.reception().await;
    let mut following = stage.follow(None).await;
    assert!(following.next().await.unwrap().contains("event: hello"));
    stage
        .publish(
            &Story {
                left: None,
                ..Story::new("live")
            }
            .events(),
        )
        .await;
    let told = ids(&following.event("calls").await);
    assert_eq!(told, stage.ids("/api/calls").await);
    assert_eq!(told.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_account_is_told_of_its_own_calls_alone() {
    let stage = Stage::set().await;
    let people = [stage.person("ada").await, stage.person("bob").await];
    let dialled = ["+14155550201", "+14155550202"];
    let mut open = Vec::new();
    for (person, (name, number)) in people
        .iter()
        .zip([("of_ada", dialled[0]), ("of_bob", dialled[1])])
    {
        stage.business(person.id, name, number).await;
        open.push(following(&stage, person, person.id).await);
    }
    for (name, dialled) in [
        ("one", dialled[1]),
        ("two", dialled[0]),
        ("three", "+14155550999"),
        ("four", dialled[1]),
    ] {
        let story = Story {
            dialled,
            ..Story::new(name)
        };
        stage.tell(&story.events()).await;
    }
    for (person, mut open) in people.iter().zip(open) {
        // What is told after the last commit ends what was told of it.
        stage.connection.tell(&calls(Some(person.id), "~end")).await;
        let mut own = person.ids("/api/calls").await;
        own.sort();
        own.push("~end".to_owned());
        assert_eq!(heard(&mut open, "~end").await, own);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_and_keys_hear_the_account_they_look_at() {
    let stage = Stage::set().await;
    let (ada, bob) = (stage.person("ada").await, stage.person("bob").await);
    let reader = stage.member(ada.id, "reader").await;
    let mut of_key = of_key(&stage, &ada, &["calls:read"]).await;
    let mut of_ada = following(&stage, &ada, ada.id).await;
    let mut of_reader = following(&stage, &reader, ada.id).await;
    let mut of_bob = following(&stage, &bob, bob.id).await;
    for (user, id) in [
        (Some(bob.id), "b1"),
        (None, "n1"),
        (Some(ada.id), "a1"),
        (Some(reader.id), "r1"),
        (Some(Uuid::new_v4()), "x1"),
        (Some(ada.id), "a2"),
        (Some(bob.id), "b2"),
    ] {
        stage.connection.tell(&calls(user, id)).await;
    }
    for following in [&mut of_ada, &mut of_reader, &mut of_key] {
        assert_eq!(heard(following, "a2").await, ["a1", "a2"]);
    }
    assert_eq!(heard(&mut of_bob, "b2").await, ["b1", "b2"]);
}

/// The live channel of a key of an account.
async fn of_key(stage: &Stage, owner: &Person, scopes: &[&str]) -> Following {
    let body = json!({ "name": "a test", "scopes": scopes });
    let made = owner.post("/api/keys", &body).await.json();
    let request = stage
        .request(Method::GET, "/api/live")
        .bearer_auth(made["key"].as_str().unwrap());
    let mut of_key = Following::open(request).await;
    of_key.event("hello").await;
    stands(stage, &mut of_key, Some(owner.id)).await;
    of_key
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_hears_of_payments_only_with_the_scope_for_them() {
    let stage = Stage::set().await;
    let ada = stage.person("ada").await;
    let mut of_calls = of_key(&stage, &ada, &["calls:read"]).await;
    let mut of_both = of_key(&stage, &ada, &["calls:read", "billing:read"]).await;
    let billing = Change {
        topic: Topic::Billing,
        ..calls(Some(ada.id), "I-1")
    };
    stage.connection.tell(&billing).await;
    assert_eq!(ids(&of_both.event("billing").await), ["I-1"]);
    // Too many payments to name are no reason to ask for calls anew.
    let storm = Change {
        ids: (0..501).map(|n| format!("I-{n}")).collect(),
        ..billing
    };
    stage.connection.tell(&storm).await;
    of_both.event("resync").await;
    stage.connection.tell(&calls(Some(ada.id), "a1")).await;
    assert_eq!(heard(&mut of_both, "a1").await, ["a1"]);
    assert_eq!(heard(&mut of_calls, "a1").await, ["a1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_nobody_are_told_to_whoever_may_list_them() {
    let stage = Stage::set().await;
    let (admin, ada) = (stage.admin().await, stage.person("ada").await);
    let mut of_admin = following(&stage, &admin, admin.id).await;
    let mut of_ada = following(&stage, &ada, ada.id).await;
    let billing = Change {
        topic: Topic::Billing,
        ..calls(None, "I-1")
    };
    for change in [
        &billing,
        &calls(Some(ada.id), "a1"),
        &calls(None, "n1"),
        &calls(Some(admin.id), "o1"),
        &calls(Some(ada.id), "a2"),
        &calls(None, "n2"),
    ] {
        stage.connection.tell(change).await;
    }
    assert_eq!(heard(&mut of_admin, "n2").await, ["n1", "n2", "o1"]);
    assert_eq!(heard(&mut of_ada, "a2").await, ["a1", "a2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_has_a_name_a_number_and_ids() {
    let stage = Stage::set().await;
    let owner = stage.owner().id;
    let mut open = following(&stage, stage.owner(), owner).await;
    let change = Change {
        topic: Topic::Billing,
        ..calls(Some(owner), "I-1")
    };
    stage.connection.tell(&change).await;
    let block = open.event("billing").await;
    let lines: Vec<&str> = block.lines().collect();
    assert_eq!(lines.len(), 3, "{block}");
    assert!(
        lines[1]
            .strip_prefix("id: ")
            .unwrap()
            .parse::<u64>()
            .unwrap()
            > 0
    );
    assert_eq!(lines[2], r#"data: {"ids":["I-1"]}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_in_one_account_is_a_resync_for_it_alone() {
    let stage = Stage::set().await;
    let (ada, bob) = (stage.person("ada").await, stage.person("bob").await);
    let mut of_ada = following(&stage, &ada, ada.id).await;
    let mut of_bob = following(&stage, &bob, bob.id).await;
    let storm = Change {
        ids: (0..501).map(|n| n.to_string()).collect(),
        ..calls(Some(ada.id), "")
    };
    stage.connection.tell(&storm).await;
    for (person, id) in [(&ada, "a1"), (&bob, "b1")] {
        stage.connection.tell(&calls(Some(person.id), id)).await;
    }
    of_ada.event("resync").await;
    assert_eq!(heard(&mut of_bob, "b1").await, ["b1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_is_told_to_ask_anew() {
    let stage = Stage::set().await;
    let mut following = stage.follow(Some("17")).await;
    assert!(following.next().await.unwrap().contains("event: hello"));
    assert!(following.next().await.unwrap().contains("event: resync"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_to_nats_is_a_resync_for_all() {
    let mut stage = Stage::set().await;
    let bob = stage.person("bob").await;
    let mut of_owner = following(&stage, stage.owner(), stage.owner().id).await;
    let mut of_bob = following(&stage, &bob, bob.id).await;
    stage.nats.restart().await;
    of_owner.event("resync").await;
    of_bob.event("resync").await;
}

/// Reads nothing until it is told to, through a small window.
async fn lazy(stage: &Stage) -> tokio::net::TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(stage.address()).await.unwrap();
    let request = format!(
        "GET /api/live HTTP/1.1\r\nHost: localhost\r\nCookie: {}\r\n\r\n",
        stage.owner().cookie
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

/// What it reads until this text comes.
async fn drain(stream: &mut tokio::net::TcpStream, wanted: &str) {
    let reading = async {
        let (mut end, mut chunk) = (Vec::new(), vec![0; 64 * 1024]);
        loop {
            let length = stream.read(&mut chunk).await.unwrap();
            assert_ne!(length, 0, "the live channel stays open");
            end.extend_from_slice(&chunk[..length]);
            if end
                .windows(wanted.len())
                .any(|text| text == wanted.as_bytes())
            {
                return;
            }
            // The text may have come in two parts.
            end.drain(..end.len().saturating_sub(wanted.len()));
        }
    };
    tokio::time::timeout(Duration::from_secs(60), reading)
        .await
        .unwrap_or_else(|_| panic!("the lazy listener never read {wanted}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_falls_behind_is_told_to_ask_anew_and_holds_up_nobody() {
    let stage = Stage::set().await;
    let owner = stage.owner().id;
    let mut slow = lazy(&stage).await;
    drain(&mut slow, "event: hello").await;
    let mut fast = following(&stage, stage.owner(), owner).await;
    // More than the sockets and the queue hold; each is heard before the next is told, so none is gathered.
    let weight = "x".repeat(300_000);
    for round in 0..128 {
        let id = format!("{round}{weight}");
        stage.connection.tell(&calls(Some(owner), &id)).await;
        assert_eq!(heard(&mut fast, &id).await.len(), 1);
    }
    drain(&mut slow, "event: resync").await;
    stage
        .connection
        .tell(&calls(Some(owner), "afterwards"))
        .await;
    drain(&mut slow, "afterwards").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_channel_beats_every_fifteen_seconds() {
    let stage = Stage::set().await;
    let mut following = stage.follow(None).await;
    following.event("hello").await;
    assert_eq!(following.next().await.unwrap(), ": heartbeat");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_takes_compression_still_hears_at_once() {
    let stage = Stage::set().await;
    let request = stage.owner().request(Method::GET, "/api/live");
    let mut response = request
        .header("accept-encoding", "gzip, br")
        .send()
        .await
        .unwrap();
    assert!(!response.headers().contains_key("content-encoding"));
    assert!(
        response
            .chunk()
            .await
            .unwrap()
            .unwrap()
            .starts_with(b"event: hello")
    );
}

/// As many streams as one person may have.
async fn all_of(person: &Person) -> Vec<Following> {
    let mut open = Vec::new();
    for _ in 0..16 {
        open.push(person.follow(None).await);
    }
    open
}

/// Takes as many streams as one account may have: its owner's and those of three members.
async fn all_of_account(stage: &Stage, owner: &Person) -> Vec<Following> {
    let mut open = all_of(owner).await;
    for _ in 0..7 {
        open.extend(all_of(&stage.member(owner.id, "reader").await).await);
    }
    open
}

async fn refused(person: &Person) -> (u16, String, String) {
    let request = person.request(Method::GET, "/api/live");
    let answer = read(request.send().await.unwrap()).await;
    let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
    let retry = answer.header("retry-after").to_owned();
    (answer.status, retry, text("detail"))
}

async fn is_let_in_again(person: &Person) {
    eventually("a place is free again", async || {
        let request = person.request(Method::GET, "/api/live");
        (request.send().await.unwrap().status() == 200).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_takes_so_many_places_and_one_account_a_few_times_more() {
    let stage = Stage::set().await;
    let (ada, bob) = (stage.person("ada").await, stage.person("bob").await);
    // Whichever of their sessions, and whichever account they look at.
    people::join(&stage.client, ada.id, bob.id, "reader").await;
    let mut own = all_of(&ada).await;
    for session in [
        &ada,
        &stage.sign_in(ada.id).await,
        &stage.sign_in_to(ada.id, bob.id).await,
    ] {
        let (status, retry, words) = refused(session).await;
        assert_eq!((status, retry.as_str()), (429, "15"), "{words}");
        assert!(words.contains("of yours"), "{words}");
    }
    own.pop();
    is_let_in_again(&ada).await;
    drop(own);

    let mut all = all_of_account(&stage, &bob).await;
    let late = stage.member(bob.id, "manager").await;
    let (status, _, words) = refused(&late).await;
    assert_eq!(status, 429, "{words}");
    assert!(words.contains("this account"), "{words}");
    let key = json!({ "name": "a test", "scopes": ["calls:read"] });
    let key = bob.post("/api/keys", &key).await.json();
    let key = key["key"].as_str().unwrap();
    let request = stage.request(Method::GET, "/api/live").bearer_auth(key);
    assert_eq!(request.send().await.unwrap().status(), 429);
    let of_others = stage.person("eve").await.follow(None).await;
    drop(of_others);
    all.pop();
    is_let_in_again(&late).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn places_are_counted_and_given_back() {
    let stage = Stage::set().await;
    let mut open = Vec::new();
    for n in 0..12 {
        let owner = stage.person(&format!("owner{n}")).await;
        open.extend(all_of_account(&stage, &owner).await);
    }
    let (status, retry, words) = refused(stage.owner()).await;
    assert_eq!((status, retry.as_str()), (503, "2"), "{words}");
    open.clear();
    is_let_in_again(stage.owner()).await;
}
