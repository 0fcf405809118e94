//! JetStream away, slow, full, or asked for the same thing twice: nothing is acknowledged that is
//! not stored, and nobody waits for long.

use crate::stand::{Stand, counted, problem};
use axum::http::StatusCode;
use frontdesk_events::StreamName;
use frontdesk_harness::eventually;
use frontdesk_process::clock;
use futures::future;
use serde_json::json;
use std::{
    collections::{HashMap, HashSet},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    task::JoinHandle,
};

fn body(id: &str) -> Vec<u8> {
    json!({"event": "room_started", "id": id, "room": {"name": id}})
        .to_string()
        .into_bytes()
}

fn signal(pid: u32, name: &str) {
    assert!(
        Command::new("kill")
            .args([name, &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

#[tokio::test]
async fn without_jetstream_the_sender_is_told_to_come_again_and_then_taken() {
    let mut stand = Stand::start().await;
    stand.nats.kill();
    for round in 0..2 {
        let started = clock::monotonic();
        let answer = stand.deliver(&body("EV_1")).await;
        assert_eq!(answer.headers()["retry-after"], "2", "round {round}");
        assert_eq!(problem(answer).await.0, 503);
        assert!(started.elapsed() < Duration::from_secs(5));
    }
    stand.nats.restart().await;
    eventually("the delivery is taken", async || {
        (stand.deliver(&body("EV_1")).await.status() == StatusCode::OK).then_some(())
    })
    .await;
    eventually("and is there once", async || {
        let state = stand.operator.stream_state(StreamName::Calls).await.ok()?;
        (state.messages == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_jetstream_that_hangs_is_not_waited_for_longer_than_a_sender_can_bear() {
    let stand = Stand::start().await;
    let pid = stand.nats.pid().unwrap();
    signal(pid, "-STOP");
    let started = clock::monotonic();
    let bodies: Vec<_> = (0..20).map(|n| body(&format!("EV_{n}"))).collect();
    let answers = future::join_all(bodies.iter().map(|body| stand.deliver(body))).await;
    let took = started.elapsed();
    signal(pid, "-CONT");
    for answer in answers {
        assert_eq!(problem(answer).await.0, 503);
    }
    assert!(took < Duration::from_secs(10), "{took:?}");
    // Whatever the server did with the first tries, the second make it once each.
    for body in &bodies {
        eventually("the repetition is taken", async || {
            (stand.deliver(body).await.status() == StatusCode::OK).then_some(())
        })
        .await;
    }
    assert_eq!(stand.count(StreamName::Calls).await, 20);
}

#[tokio::test]
async fn who_came_while_the_store_hung_is_stored_when_it_no_longer_does() {
    let stand = Arc::new(Stand::start().await);
    let pid = stand.nats.pid().unwrap();
    signal(pid, "-STOP");
    let send = |id: String| {
        let stand = stand.clone();
        tokio::spawn(async move { stand.deliver(&body(&id)).await.status() })
    };
    let early: Vec<_> = (0..40).map(|n| send(format!("EV_early_{n}"))).collect();
    // Waits by the clock, because patience is what is tried: the late ones come when that of the
    // early ones is nearly used up, and the store answers only after it is.
    let late = async {
        tokio::time::sleep(Duration::from_millis(3500)).await;
        let late: Vec<_> = (0..40).map(|n| send(format!("EV_late_{n}"))).collect();
        tokio::time::sleep(Duration::from_millis(1000)).await;
        signal(pid, "-CONT");
        future::join_all(late).await
    };
    let (early, late) = future::join(future::join_all(early), late).await;
    let is = |status: StatusCode| move |answer: &Result<StatusCode, _>| matches!(answer, Ok(of) if *of == status);
    assert!(
        early.iter().all(is(StatusCode::SERVICE_UNAVAILABLE)),
        "{early:?}"
    );
    assert!(late.iter().all(is(StatusCode::OK)), "{late:?}");
}

/// Speaks for the stream CALLS, which a lone server cannot be brought to say: to each message the next of
/// these answers. Ends with when each came, and under which id.
async fn answer_for_calls(
    stand: &Stand,
    answers: [&'static str; 2],
) -> JoinHandle<Vec<(Instant, String)>> {
    let address = stand.nats.url().replace("nats://", "");
    let mut nats = BufReader::new(TcpStream::connect(address).await.unwrap());
    let greeting = "CONNECT {\"verbose\":false,\"headers\":true}\r\nSUB gone 1\r\n\
                    PUB $JS.API.STREAM.DELETE.CALLS gone 0\r\n\r\nSUB calls.> 2\r\nPING\r\n";
    nats.write_all(greeting.as_bytes()).await.unwrap();
    // These two come in either order.
    let mut said = String::new();
    while !(said.contains("PONG\r\n") && said.contains("\"success\":true")) {
        nats.read_line(&mut said).await.unwrap();
    }
    tokio::spawn(async move {
        let mut came = Vec::new();
        for answer in answers {
            let mut head = String::new();
            nats.read_line(&mut head).await.unwrap();
            // HMSG <subject> <subscription> <reply> <size of the headers> <size>
            let words: Vec<_> = head.split_whitespace().collect();
            let mut message = vec![0; words[5].parse::<usize>().unwrap() + 2];
            nats.read_exact(&mut message).await.unwrap();
            let message = String::from_utf8(message).unwrap();
            let id = message.lines().find(|line| line.starts_with("Nats-Msg-Id"));
            came.push((clock::monotonic(), id.unwrap().to_owned()));
            let reply = format!("PUB {} {}\r\n{answer}\r\n", words[3], answer.len());
            nats.write_all(reply.as_bytes()).await.unwrap();
        }
        came
    })
}

#[tokio::test]
async fn an_id_that_is_just_being_stored_is_asked_for_again_after_a_pause() {
    let stand = Stand::start().await;
    let leader = answer_for_calls(
        &stand,
        [
            r#"{"error":{"code":409,"err_code":10158,"description":"duplicate message id is in process"},"stream":"CALLS","seq":0}"#,
            r#"{"stream":"CALLS","seq":7,"duplicate":true}"#,
        ],
    )
    .await;
    assert_eq!(stand.deliver(&body("EV_1")).await.status(), StatusCode::OK);
    let came = leader.await.unwrap();
    let [(first, id), (second, again)] = came.as_slice() else {
        panic!("{came:?}");
    };
    assert_eq!(id, again);
    assert!(*second - *first >= Duration::from_millis(50));
}

#[tokio::test]
async fn draining_ends_when_all_that_waits_is_stored() {
    let stand = Arc::new(Stand::start().await);
    let senders: Vec<_> = (0..300)
        .map(|n| {
            let stand = stand.clone();
            tokio::spawn(async move { stand.deliver(&body(&format!("EV_{n}"))).await.status() })
        })
        .collect();
    eventually("the first are stored", async || {
        (stand.count(StreamName::Calls).await > 0).then_some(())
    })
    .await;
    stand.shut_down();
    let answers = future::join_all(senders).await;
    tokio::time::timeout(Duration::from_secs(8), stand.ingest.drain())
        .await
        .expect("draining ends");
    let accepted = answers
        .iter()
        .flatten()
        .filter(|status| **status == StatusCode::OK)
        .count();
    assert!(accepted > 0);
    assert!(stand.count(StreamName::Calls).await >= accepted as u64);
}

#[tokio::test]
async fn a_stored_id_among_new_ones_costs_the_new_ones_nothing() {
    let stand = Stand::start().await;
    assert_eq!(stand.deliver(&body("EV_0")).await.status(), StatusCode::OK);
    for round in 0..5 {
        let bodies: Vec<_> = (0..100)
            .map(|n| body(&format!("EV_{}", n * (round + 1))))
            .collect();
        let answers = future::join_all(bodies.iter().map(|body| stand.deliver(body))).await;
        assert!(
            answers
                .iter()
                .all(|answer| answer.status() == StatusCode::OK)
        );
    }
    let mut times = HashMap::new();
    for message in stand.stored(StreamName::Calls).await {
        *times.entry(message.envelope.id().to_owned()).or_insert(0) += 1;
    }
    let expected: HashSet<_> = (0..5)
        .flat_map(|round| (0..100).map(move |n| n * (round + 1)))
        .collect();
    assert_eq!(times.len(), expected.len());
    assert!(times.values().all(|times| *times == 1));
}

#[tokio::test]
async fn a_full_stream_refuses_and_forgets_nothing() {
    let stand = Stand::start().await;
    stand.operator.ensure_streams(1, 200_000).await.unwrap();
    let mut accepted = 0;
    let mut refused = 0;
    for n in 0..20 {
        let mut bytes = body(&format!("EV_{n}"));
        bytes.resize(bytes.len() + 20_000, b' ');
        let answer = stand.deliver(&bytes).await;
        if answer.status() == StatusCode::OK {
            accepted += 1;
            assert_eq!(refused, 0, "a stream does not become empty by itself");
        } else {
            let (status, document) = problem(answer).await;
            assert_eq!(
                (status, document["reason"].as_str()),
                (503, Some("store_full"))
            );
            refused += 1;
        }
    }
    assert!(
        accepted > 3 && refused > 3,
        "{accepted} accepted, {refused} refused"
    );
    assert_eq!(stand.count(StreamName::Calls).await, accepted);
}

#[tokio::test]
async fn a_bound_below_what_is_stored_is_refused_and_changes_nothing() {
    let stand = Stand::start().await;
    for n in 0..5 {
        let answer = stand.deliver(&body(&format!("EV_{n}"))).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    let state = async |stream| stand.operator.stream_state(stream).await.unwrap();
    let before = state(StreamName::Calls).await;
    let bound = i64::try_from(before.bytes).unwrap();
    let refused = stand.operator.ensure_streams(1, bound - 1).await;
    let why = refused.unwrap_err().to_string();
    assert!(
        why.contains("CALLS") && why.contains("STREAM_MAX_BYTES") && !why.contains('\n'),
        "{why}"
    );
    for stream in StreamName::ALL {
        assert_eq!(state(stream).await.most_bytes, None, "{stream}");
    }
    // One that just holds it all is taken: then what is new is refused, and what is there stays.
    stand.operator.ensure_streams(1, bound).await.unwrap();
    let (status, document) = problem(stand.deliver(&body("EV_new")).await).await;
    assert_eq!(
        (status, document["reason"].as_str()),
        (503, Some("store_full"))
    );
    let after = state(StreamName::Calls).await;
    assert_eq!(
        (after.messages, after.bytes, after.most_bytes),
        (before.messages, before.bytes, Some(before.bytes))
    );
    stand.operator.ensure_streams(1, bound * 2).await.unwrap();
    let answer = stand.deliver(&body("EV_new")).await;
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_request_that_is_abandoned_disturbs_no_other() {
    let stand = Arc::new(Stand::start().await);
    let mut abandoned = Vec::new();
    for n in 0..200 {
        let stand = stand.clone();
        abandoned.push(tokio::spawn(async move {
            stand.deliver(&body(&format!("EV_gone_{n}"))).await
        }));
    }
    let kept: Vec<_> = (0..200).map(|n| body(&format!("EV_kept_{n}"))).collect();
    let answers = future::join_all(kept.iter().map(|body| stand.deliver(body)));
    for task in &abandoned {
        task.abort();
    }
    assert!(
        answers
            .await
            .iter()
            .all(|answer| answer.status() == StatusCode::OK)
    );
    let stored = stand.stored(StreamName::Calls).await;
    assert_eq!(
        stored
            .iter()
            .filter(|message| message.envelope.id().starts_with("EV_kept_"))
            .count(),
        200
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kills_of_the_server() {
    let mut stand = Stand::start().await;
    let over = Arc::new(AtomicBool::new(false));
    let next = Arc::new(AtomicUsize::new(0));
    let url = stand.url("/webhooks/livekit");
    let beside = counted(&["ingest_batches_beside_total", "CALLS"]).await;
    // Enough of them for two batches on their way at once.
    let senders: Vec<_> = (0..512)
        .map(|_| {
            let (over, next, url, client) = (
                over.clone(),
                next.clone(),
                url.clone(),
                stand.client.clone(),
            );
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                while !over.load(Relaxed) {
                    // Each id comes twice, about a batch apart.
                    let turn = next.fetch_add(1, Relaxed);
                    let id = format!("EV_{}", turn / 400 * 200 + turn % 200);
                    let body = body(&id);
                    let request = client
                        .post(&url)
                        .header("authorization", crate::stand::signed(&body))
                        .body(body);
                    if request
                        .send()
                        .await
                        .is_ok_and(|answer| answer.status() == StatusCode::OK)
                    {
                        acknowledged.push(id);
                    }
                }
                acknowledged
            })
        })
        .collect();
    for kill in 1..=4 {
        let wanted = next.load(Relaxed) + 300 * kill;
        eventually("some load", async || {
            (next.load(Relaxed) > wanted).then_some(())
        })
        .await;
        stand.nats.restart().await;
    }
    let wanted = next.load(Relaxed) + 300;
    eventually("load after the last restart", async || {
        (next.load(Relaxed) > wanted).then_some(())
    })
    .await;
    over.store(true, Relaxed);
    let acknowledged: HashSet<String> = future::join_all(senders)
        .await
        .into_iter()
        .flat_map(Result::unwrap)
        .collect();
    stand.operator = stand
        .nats
        .connect(frontdesk_events::nats::Role::Operator)
        .await;
    let mut times: HashMap<String, usize> = HashMap::new();
    for message in stand.stored(StreamName::Calls).await {
        *times.entry(message.envelope.id().to_owned()).or_default() += 1;
    }
    assert!(
        acknowledged.len() > 200,
        "only {} were acknowledged",
        acknowledged.len()
    );
    assert!(
        counted(&["ingest_batches_beside_total", "CALLS"]).await > beside,
        "no batch went out beside another"
    );
    for id in &acknowledged {
        assert_eq!(times.get(id), Some(&1), "{id}");
    }
}
