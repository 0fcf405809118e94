//! What the sandbox tells is believed, stored once, and closed at its end.

use crate::stand::Stand;
use frontdesk_events::StreamName;
use frontdesk_harness::eventually;
use frontdesk_process::{Shutdown, clock};
use frontdesk_sandbox::{
    run::{Pace, services::serve_certificates, state::State},
    stories::billing,
    world::World,
};
use std::collections::HashSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_past_and_what_was_paid_are_believed_and_stored_once() {
    let stand = Stand::start().await;
    let scene = stand.scene().await;
    let signatures = stand.outside.signatures().await.unwrap();
    serve_certificates(
        stand.outside.listen,
        &signatures.paypal,
        stand.shutdown.clone(),
    )
    .await
    .unwrap();
    let mut state = State::open(&stand.outside.state_dir, clock::now()).unwrap();

    let told = scene.tell_past(state.anchor, 2).await;
    assert!(
        told.sent > 100 && told.refused + told.failed + told.dropped == 0,
        "{told:?}"
    );
    assert_eq!(stand.count(StreamName::Calls).await, told.sent);
    // A crash in the middle tells the whole past again, with the same ids.
    let again = scene.tell_past(state.anchor, 2).await;
    assert_eq!(
        (again, stand.count(StreamName::Calls).await),
        (told, told.sent)
    );

    let paid = scene.tell_billing(&mut state).await;
    let events =
        billing::past_notifications(&World::town(), state.anchor, clock::now()).len() as u64;
    assert_eq!((paid.sent, paid.refused + paid.failed), (2 * events, 0));
    assert_eq!(stand.count(StreamName::Billing).await, events);
    assert_eq!(scene.tell_billing(&mut state).await.sent, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_come_in_and_every_room_is_closed_at_the_end() {
    let stand = Stand::start().await;
    let shutdown = Shutdown::new();
    let pace = Pace {
        calls_per_minute: 300.0,
        speed: 20.0,
        history_days: 0,
    };
    let running = tokio::spawn(stand.scene().await.run(pace, shutdown.clone()));
    eventually("hundreds of events are stored", async || {
        (stand.count(StreamName::Calls).await > 300).then_some(())
    })
    .await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
    let calls = stand.calls().await;
    assert_eq!(
        rooms(&calls, "io.livekit.room_started"),
        rooms(&calls, "io.livekit.room_finished")
    );
    let owed = std::fs::read_dir(stand.outside.state_dir.join("rooms")).unwrap();
    assert_eq!(owed.count(), 0, "what was delivered is owed no longer");
    let kinds: HashSet<_> = calls.iter().map(|(kind, _)| kind.as_str()).collect();
    for kind in [
        "io.livekit.participant_joined",
        "dev.frontdesk.call.transcript.v1",
        "dev.frontdesk.call.analysed.v1",
    ] {
        assert!(kinds.contains(kind), "{kinds:?}");
    }
}

/// Rooms by the kind of event told about them.
fn rooms<'a>(calls: &'a [(String, String)], kind: &str) -> HashSet<&'a str> {
    calls
        .iter()
        .filter(|(known, _)| known == kind)
        .map(|(_, room)| room.as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_sandbox_left_open_the_next_one_ends() {
    let stand = Stand::start().await;
    let shutdown = Shutdown::new();
    let pace = Pace {
        calls_per_minute: 600.0,
        speed: 10.0,
        history_days: 0,
    };
    let running = tokio::spawn(stand.scene().await.run(pace, shutdown.clone()));
    eventually("hundreds of events are stored", async || {
        (stand.count(StreamName::Calls).await > 300).then_some(())
    })
    .await;
    // It gets no chance to say anything more.
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    shutdown.cancel();
    eventually("its certificate endpoint is gone", async || {
        tokio::net::TcpListener::bind(stand.outside.listen)
            .await
            .ok()
    })
    .await;
    let calls = stand.calls().await;
    let (opened, closed) = (
        rooms(&calls, "io.livekit.room_started"),
        rooms(&calls, "io.livekit.room_finished"),
    );
    assert!(opened.len() > closed.len(), "calls were cut");

    let shutdown = Shutdown::new();
    let pace = Pace {
        calls_per_minute: 0.001,
        ..pace
    };
    let running = tokio::spawn(stand.scene().await.run(pace, shutdown.clone()));
    eventually("every room of the first run is closed", async || {
        let calls = stand.calls().await;
        let closed = rooms(&calls, "io.livekit.room_finished");
        opened.is_subset(&closed).then_some(())
    })
    .await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
    let calls = stand.calls().await;
    assert_eq!(
        rooms(&calls, "io.livekit.room_started"),
        rooms(&calls, "io.livekit.room_finished")
    );
    let endings = calls
        .iter()
        .filter(|(kind, _)| kind == "io.livekit.room_finished");
    assert_eq!(
        endings.count(),
        rooms(&calls, "io.livekit.room_finished").len(),
        "each was told once: what had arrived already is known by its id"
    );
}

#[tokio::test]
async fn seeding_twice_changes_nothing() {
    let stand = Stand::start().await;
    let client = stand.database.client().await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        stand.scene().await;
        let row = client
            .query_one(
                "select (select count(*) from account.users), (select count(*) from account.clients),
                        (select count(*) from account.number_assignments),
                        (select string_agg(u::text || c::text, ',' order by c.id)
                         from account.users u join account.clients c on c.user_id = u.id),
                        (select string_agg(p::text, ',' order by p.user_id) from account.passwords p)
                            || (select string_agg(k::text, ',' order by k.id) from account.api_keys k)
                            || (select string_agg(p::text, ',' order by p.id) from account.plans p)",
                &[],
            )
            .await
            .unwrap();
        let counts: (i64, i64, i64, String, String) =
            (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4));
        seen.push(counts);
    }
    assert_eq!(seen[0], seen[1]);
    let world = World::town();
    let numbers = world
        .businesses
        .iter()
        .map(|business| business.numbers.len())
        .sum::<usize>();
    // Two of the ready accounts are nobody of the town.
    let users = world.users.len() + 2;
    let expected = [users, world.businesses.len(), numbers].map(|count| count as i64);
    assert_eq!([seen[0].0, seen[0].1, seen[0].2], expected);
}
