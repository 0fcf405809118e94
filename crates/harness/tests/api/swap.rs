//! Rebuilding while the dashboard reads.

use crate::{
    desk::{draft, make, problem, subscribe},
    stage::Stage,
    story::Story,
};
use frontdesk_projector::{
    operate::{Operator, bar::Bar},
    projections,
};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Every way of reading the schema, prepared in every session of the pool.
async fn read_everything(stage: &Stage, id: &str) {
    for path in [
        "/api/calls",
        "/api/calls?state=ended",
        &format!("/api/calls/{id}"),
        &format!("/api/calls/{id}/events"),
        &format!("/api/calls/{id}?as_of=2026-12-01T00:00:00Z"),
        "/api/stats?from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z",
    ] {
        let answer = stage.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_do_not_notice_a_swap() {
    let stage = Stage::set().await;
    stage.reception().await;
    let stories: Vec<_> = (0..20).map(|n| Story::new(&format!("s{n}"))).collect();
    stage
        .tell(&stories.iter().flat_map(Story::events).collect::<Vec<_>>())
        .await;
    let id = stage.ids("/api/calls").await.remove(0);
    let (done, reads) = (AtomicBool::new(false), AtomicUsize::new(0));
    let readers = (0..6).map(|_| async {
        while !done.load(Ordering::Relaxed) {
            read_everything(&stage, &id).await;
            let shown = stage.ids("/api/calls").await.len();
            assert_eq!(shown, 20, "never half a table");
            reads.fetch_add(1, Ordering::Relaxed);
        }
    });
    let swaps = async {
        let operator = Operator::new(&stage.database.url(), stage.connection.clone());
        for _ in 0..3 {
            let before = reads.load(Ordering::Relaxed);
            operator
                .rebuild(projections::calls(), &mut Bar::new("", true))
                .await
                .unwrap();
            operator.swap(projections::calls()).await.unwrap();
            operator.drop_shadow("calls", true).await.unwrap();
            frontdesk_harness::eventually("reading went on", async || {
                (reads.load(Ordering::Relaxed) > before + 6).then_some(())
            })
            .await;
        }
        done.store(true, Ordering::Relaxed);
    };
    futures::future::join(futures::future::join_all(readers), swaps).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swapped_in_schema_whose_columns_changed_type_costs_nobody_an_answer() {
    let stage = Stage::set().await;
    stage.reception().await;
    stage.tell(&Story::new("one").events()).await;
    let id = stage.ids("/api/calls").await.remove(0);
    for _ in 0..8 {
        futures::future::join_all((0..8).map(|_| read_everything(&stage, &id))).await;
    }
    // PostgreSQL refuses each session's prepared statement once.
    for kind in ["varchar(4000)", "text"] {
        stage
            .client
            .batch_execute(&format!(
                "alter table calls.calls alter column caller_name type {kind}"
            ))
            .await
            .unwrap();
        futures::future::join_all((0..8).map(|_| read_everything(&stage, &id))).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_too_are_made_after_a_swap_that_changed_a_columns_type() {
    let stage = Stage::set().await;
    let (olivia, admin) = (stage.owner(), stage.admin().await);
    subscribe(&stage, "olivia", "P-PRO").await;
    make(olivia, "Bright Smile").await;
    // It asks for the subscription, then finds the name taken: a change that can be tried any number of
    // times, in every session of the pool.
    let again = draft("Bright Smile");
    let page = format!("/api/admin/users/{}", olivia.id);
    let change_everywhere = async || {
        let changes = (0..8).map(|_| olivia.post("/api/clients", &again));
        for answer in futures::future::join_all(changes).await {
            assert_eq!(
                problem(&answer),
                (409, "name-taken".into()),
                "{}",
                answer.text
            );
        }
        for answer in futures::future::join_all((0..3).map(|_| admin.get(&page))).await {
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
    };
    for _ in 0..8 {
        change_everywhere().await;
    }
    for kind in ["varchar(4000)", "text"] {
        let sql = format!("alter table billing.subscriptions alter column plan_id type {kind}");
        stage.client.batch_execute(&sql).await.unwrap();
        change_everywhere().await;
    }
    make(olivia, "Brighter Smile").await;
}
