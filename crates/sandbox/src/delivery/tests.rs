//! The senders' rules against a real server on this machine, with paused time: waits are measured,
//! not waited for.

use super::*;
use crate::{
    chance::Dice,
    livekit::{Webhook, token::LiveKitKey},
    paypal::{Notification, authority::Authority, transmission::Transmitter},
};
use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use std::sync::Mutex;

/// What arrived: when, with which headers, which body.
type Seen = Arc<Mutex<Vec<(Instant, HeaderMap, String)>>>;

/// Status and Retry-After of the n-th request (from 0) with this body.
type Rule = dyn Fn(usize, &str) -> (u16, Option<&'static str>) + Send + Sync;

#[derive(Clone)]
struct Receiver {
    seen: Seen,
    answer: Arc<Rule>,
}

/// A receiver that answers the n-th request it gets (from 0) by this rule.
async fn receiver(
    answer: impl Fn(usize, &str) -> (u16, Option<&'static str>) + Send + Sync + 'static,
) -> (String, Seen) {
    async fn take(
        State(receiver): State<Receiver>,
        headers: HeaderMap,
        body: Bytes,
    ) -> (http::StatusCode, HeaderMap) {
        let body = String::from_utf8(body.to_vec()).unwrap();
        let place = {
            let mut seen = receiver.seen.lock().unwrap();
            seen.push((now(), headers, body.clone()));
            seen.len() - 1
        };
        let (status, after) = (receiver.answer)(place, &body);
        let mut headers = HeaderMap::new();
        if let Some(after) = after {
            headers.insert("retry-after", after.parse().unwrap());
        }
        (http::StatusCode::from_u16(status).unwrap(), headers)
    }
    let seen = Seen::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    let state = Receiver {
        seen: Arc::clone(&seen),
        answer: Arc::new(answer),
    };
    let routes = Router::new()
        .route("/webhooks/livekit", post(take))
        .route("/webhooks/paypal", post(take))
        .with_state(state);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (target, seen)
}

fn signatures() -> Signatures {
    // One key for all tests: making an RSA key takes a while.
    static SIGNER: std::sync::OnceLock<Arc<crate::paypal::authority::Signer>> =
        std::sync::OnceLock::new();
    let signer = SIGNER.get_or_init(|| {
        let authority = Authority::create(clock::now()).unwrap();
        Arc::new(authority.issue_message_certificate(clock::now()).unwrap())
    });
    Signatures {
        livekit: LiveKitKey {
            key: "APItest".into(),
            secret: "a secret of more than thirty-two letters".into(),
        },
        paypal: Transmitter {
            signer: Arc::clone(signer),
            webhook_id: "WH1".into(),
            certificates_at: "http://127.0.0.1:8090".into(),
        },
    }
}

fn webhook(queue: &str, number: usize) -> WorldEvent {
    let body = format!("{queue}/{number}");
    WorldEvent::LiveKit(Webhook {
        queue: queue.to_owned(),
        event: "room_started",
        body: body.into(),
    })
}

fn courier(rules: Rules, target: &str) -> Courier {
    Courier::start(rules, client().unwrap(), target.to_owned(), signatures())
}

fn waits(seen: &Seen) -> Vec<u64> {
    let seen = seen.lock().unwrap();
    seen.windows(2)
        .map(|pair| (pair[1].0 - pair[0].0).as_secs_f64().round() as u64)
        .collect()
}

#[tokio::test(start_paused = true)]
async fn livekit_tries_five_times_with_one_token_and_then_gives_up() {
    let (target, seen) = receiver(|_, _| (503, None)).await;
    let livekit = courier(Rules::livekit(), &target);
    livekit.send(webhook("room", 0));
    let counts = livekit.drain().await;
    assert_eq!(
        counts,
        Counts {
            failed: 1,
            retried: 4,
            ..Counts::default()
        }
    );
    assert_eq!(waits(&seen), [1, 2, 4, 8]);
    let seen = seen.lock().unwrap();
    let tokens: std::collections::HashSet<_> = seen
        .iter()
        .map(|(_, headers, _)| headers["authorization"].clone())
        .collect();
    assert_eq!(tokens.len(), 1);
    assert!(
        !seen[0].1["authorization"]
            .to_str()
            .unwrap()
            .starts_with("Bearer")
    );
    assert_eq!(seen[0].1["content-type"], "application/webhook+json");
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_obeyed_on_429_and_503_alone() {
    let (target, seen) = receiver(|place, _| match place {
        0 => (429, Some("11")),
        1 => (503, Some("40")),
        2 => (500, Some("99")),
        _ => (200, None),
    })
    .await;
    let livekit = courier(Rules::livekit(), &target);
    livekit.send(webhook("room", 0));
    assert_eq!(
        livekit.drain().await,
        Counts {
            sent: 1,
            retried: 3,
            ..Counts::default()
        }
    );
    assert_eq!(waits(&seen), [11, 40, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_counts_as_sent_and_is_not_tried_again() {
    let (target, seen) = receiver(|place, _| ([401, 404, 501][place], None)).await;
    let livekit = courier(Rules::livekit(), &target);
    for number in 0..3 {
        livekit.send(webhook("room", number));
    }
    assert_eq!(
        livekit.drain().await,
        Counts {
            sent: 3,
            refused: 3,
            ..Counts::default()
        }
    );
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_room_waits_for_its_event_while_other_rooms_go_on() {
    let (target, seen) = receiver(|place, body| {
        if body == "slow/0" && place < 3 {
            (503, None)
        } else {
            (200, None)
        }
    })
    .await;
    let livekit = courier(Rules::livekit(), &target);
    for number in 0..3 {
        livekit.send(webhook("slow", number));
        livekit.send(webhook("quick", number));
    }
    livekit.drain().await;
    let seen = seen.lock().unwrap();
    let order = |room: &str| {
        let mut bodies: Vec<_> = seen
            .iter()
            .map(|(_, _, body)| body.clone())
            .filter(|body| body.starts_with(room))
            .collect();
        bodies.dedup();
        bodies
    };
    assert_eq!(order("slow"), ["slow/0", "slow/1", "slow/2"]);
    assert_eq!(order("quick"), ["quick/0", "quick/1", "quick/2"]);
    let last_quick = seen
        .iter()
        .rposition(|(_, _, body)| body.starts_with("quick"))
        .unwrap();
    let second_slow = seen
        .iter()
        .position(|(_, _, body)| body == "slow/1")
        .unwrap();
    assert!(last_quick < second_slow);
}

#[tokio::test(start_paused = true)]
async fn what_waited_longer_than_thirty_seconds_is_dropped() {
    // The first event takes 31 s to be delivered; the two behind it are then too old.
    let (target, seen) = receiver(|place, _| {
        if place == 0 {
            (503, Some("31"))
        } else {
            (200, None)
        }
    })
    .await;
    let livekit = courier(Rules::livekit(), &target);
    for number in 0..3 {
        livekit.send(webhook("room", number));
    }
    assert_eq!(
        livekit.drain().await,
        Counts {
            sent: 1,
            retried: 1,
            dropped: 2,
            ..Counts::default()
        }
    );
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn beyond_two_hundred_waiting_events_of_a_room_are_dropped() {
    let (target, seen) =
        receiver(|place, _| if place == 0 { (503, None) } else { (200, None) }).await;
    let livekit = courier(Rules::livekit(), &target);
    for number in 0..260 {
        livekit.send(webhook("room", number));
    }
    let counts = livekit.drain().await;
    // One is on its way, two hundred wait.
    assert_eq!(
        counts,
        Counts {
            sent: 201,
            retried: 1,
            dropped: 59,
            ..Counts::default()
        }
    );
    let last = seen.lock().unwrap().last().unwrap().2.clone();
    assert_eq!(last, "room/200");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_there_is_tried_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let livekit = courier(Rules::livekit(), &target);
    livekit.send(webhook("room", 0));
    assert_eq!(
        livekit.drain().await,
        Counts {
            failed: 1,
            retried: 4,
            ..Counts::default()
        }
    );
}

#[tokio::test(start_paused = true)]
async fn paypal_tries_anything_but_2xx_again_as_a_new_transmission_of_the_same_event() {
    let (target, seen) = receiver(|place, _| {
        if place < 3 {
            ([401, 302, 500][place], None)
        } else {
            (200, None)
        }
    })
    .await;
    let paypal = courier(Rules::paypal(), &target);
    let notification = Notification {
        id: format!("WH-{}", Dice::new(1).capitals(17)),
        event_type: "PAYMENT.SALE.COMPLETED",
        time: clock::now(),
        body: Bytes::from_static(br#"{"id":"WH-1"}"#),
    };
    paypal.send(WorldEvent::PayPal(notification));
    assert_eq!(
        paypal.drain().await,
        Counts {
            sent: 1,
            retried: 3,
            ..Counts::default()
        }
    );
    let seen = seen.lock().unwrap();
    let ids: std::collections::HashSet<_> = seen
        .iter()
        .map(|(_, headers, _)| headers["paypal-transmission-id"].clone())
        .collect();
    assert_eq!(ids.len(), 4);
    assert!(seen.iter().all(|(_, _, body)| body == r#"{"id":"WH-1"}"#));
}

#[tokio::test(start_paused = true)]
async fn the_past_keeps_few_deliveries_in_flight() {
    let (target, seen) = receiver(|_, _| (200, None)).await;
    let mut rules = Rules::past();
    rules.in_flight = 3;
    let past = courier(rules, &target);
    for number in 0..300 {
        past.send(webhook(&format!("room{}", number % 40), number));
    }
    assert_eq!(past.drain().await.sent, 300);
    let seen = seen.lock().unwrap();
    for room in 0..40 {
        let prefix = format!("room{room}/");
        let numbers: Vec<usize> = seen
            .iter()
            .filter_map(|(_, _, body)| body.strip_prefix(&prefix)?.parse().ok())
            .collect();
        assert!(numbers.is_sorted() && !numbers.is_empty());
    }
}
