//! Requests whose askers hang up at any moment of their course.

use crate::{stage::Stage, story::Story};
use axum::{Router, body::Body};
use frontdesk_harness::eventually;
use std::{
    future::{Future as _, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};
use tower::ServiceExt as _;

/// Shorter than the five seconds after which PostgreSQL itself would end a forgotten transaction.
const SOON: Duration = Duration::from_secs(3);

/// Asks, and hangs up when the request has come `steps` waits far; whether it was answered before.
async fn give_up_after(steps: usize, router: &Router, cookie: &str, path: &str) -> bool {
    let request = http::Request::get(path)
        .header("cookie", cookie)
        .body(Body::empty())
        .unwrap();
    let mut answer = pin!(router.clone().oneshot(request));
    let mut taken = 0;
    poll_fn(|context| {
        taken += 1;
        match answer.as_mut().poll(context) {
            Poll::Ready(answer) => {
                assert_eq!(answer.unwrap().status(), 200, "{path}");
                Poll::Ready(true)
            }
            Poll::Pending if taken == steps => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Waits until no session of the API does anything; how many there are.
async fn settled(stage: &Stage, after: &str) -> usize {
    let sql = "select state from pg_stat_activity
               where datname = current_database() and application_name = 'frontdesk api'";
    let settled = eventually("every session is idle", async || {
        let rows = stage.client.query(sql, &[]).await.unwrap();
        // One that is just connecting has no state yet.
        let idle = |row: &tokio_postgres::Row| row.get::<_, Option<&str>>(0) == Some("idle");
        rows.iter().all(idle).then_some(rows.len())
    });
    tokio::time::timeout(SOON, settled)
        .await
        .unwrap_or_else(|_| panic!("a session waits in a transaction after {after}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_up_leaves_no_transaction_behind() {
    let stage = Stage::set().await;
    stage.reception().await;
    stage.tell(&Story::new("before").events()).await;
    let router = stage.router();
    let call = stage.ids("/api/calls").await.remove(0);
    for path in [
        "/api/invoices",
        "/api/subscriptions/current",
        "/api/stats",
        "/api/calls?state=ended",
        "/api/clients",
        &format!("/api/calls/{call}"),
    ] {
        let mut steps = 1;
        while !give_up_after(steps, &router, &stage.owner().cookie, path).await {
            settled(&stage, &format!("{steps} steps of {path}")).await;
            steps += 1;
        }
    }

    // A session in an old transaction would answer from its old snapshot.
    stage.tell(&Story::new("after").events()).await;
    let sessions = settled(&stage, "everything").await;
    let asked = (0..4 * sessions).map(|n| {
        let (stage, path) = (&stage, format!("/api/calls?limit={}", n + 2));
        async move { stage.ids(&path).await.len() }
    });
    for calls in futures::future::join_all(asked).await {
        assert_eq!(calls, 2);
    }
}
