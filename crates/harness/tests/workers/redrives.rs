//! Dead letters that are tried again or thrown away, with the reader that could not take the event.

use crate::{
    scene::{NUMBERS, Scene},
    stand::Stand,
    story::Story,
};
use frontdesk_events::{
    Envelope, Partition, StreamName,
    catalogue::account,
    nats::{DeadLetter, Letter, Outbound, Role},
    subject,
};
use frontdesk_harness::{Mailbox, eventually};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// The letters there are, with their places.
async fn letters(stand: &Stand) -> Vec<(u64, Letter)> {
    let state = stand.operator.stream_state(StreamName::Dead).await.unwrap();
    let mut found = Vec::new();
    for sequence in state.first_sequence.max(1)..=state.last_sequence {
        if let Some(stored) = stand
            .operator
            .stored(StreamName::Dead, sequence)
            .await
            .unwrap()
        {
            found.push((sequence, Letter::read(&stored.envelope.unwrap()).unwrap()));
        }
    }
    found
}

/// What the api leaves in the outbox; answers the event's id.
async fn want(stand: &Stand, kind: &str, (sequence, letter): &(u64, Letter)) -> Uuid {
    let by = Uuid::new_v4();
    let data = json!({ "sequence": sequence, "letter_id": letter.id, "by": by });
    stand.fact(kind, by, data).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_was_given_up_is_tried_again_and_no_other_worker_acts_twice() {
    let mut stand = Stand::without_workers(Mailbox::start().await).await;
    let user = stand.user_at("ada", "refused@example.com").await;
    stand.start_workers().await;
    let data = json!({ "user_id": user, "method": "password" });
    let event = stand.fact(account::SIGNED_UP, user, data).await;
    assert_eq!(stand.settled(event, "mail").await.state, "discarded");
    let dead = letters(&stand).await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].1.worker(), Some("mail"));
    assert_eq!(dead[0].1.attribute("id").unwrap(), event.to_string());

    // It is refused once more: another letter, at the event's new place.
    let first = want(&stand, account::REDRIVE_REQUESTED, &dead[0]).await;
    assert_eq!(stand.settled(first, "redrive").await.state, "done");
    let again = eventually("the mail is given up again", async || {
        let again = letters(&stand).await;
        (again.len() == 1 && again[0].0 != dead[0].0).then_some(again)
    })
    .await;
    assert_ne!(again[0].1.sequence, dead[0].1.sequence);
    assert_eq!(stand.settled(event, "mail").await.attempts, 1);

    // Once its address is right it goes out, once, however often somebody asks.
    let sql = "update account.users set email = 'ada@example.com' where id = $1";
    stand.execute(sql, &[&user]).await;
    for _ in 0..2 {
        let asked = want(&stand, account::REDRIVE_REQUESTED, &again[0]).await;
        stand.settled(asked, "redrive").await;
    }
    assert_eq!(stand.settled(event, "mail").await.state, "done");
    stand.mailbox.mail_to("ada@example.com").await;
    assert!(letters(&stand).await.is_empty());
    assert_eq!(stand.mailbox.mails().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_a_fold_refused_is_folded_once_more() {
    let scene = Scene::set().await;
    let story = Story {
        dialled: NUMBERS[0],
        ..Story::new("refused")
    };
    scene.tell(&story.events()).await;
    let stand = &scene.stand;
    let before = stand.messages(StreamName::Calls).await;
    // As the projection writes it about an event it could not take.
    DeadLetter::new(2, "refused")
        .publish(&stand.operator, Role::Projector, StreamName::Calls, "calls")
        .await
        .unwrap();
    let dead = letters(stand).await;
    let asked = want(stand, account::REDRIVE_REQUESTED, &dead[0]).await;
    assert_eq!(stand.settled(asked, "redrive").await.state, "done");
    let after = stand.messages(StreamName::Calls).await;
    assert_eq!(after.len(), before.len() + 1);
    let (again, first) = (after.last().unwrap(), &before[1]);
    let (one, other) = (first.envelope().unwrap(), again.envelope().unwrap());
    assert_eq!(first.subject, again.subject);
    assert_eq!(first.payload(), again.payload());
    let value =
        |envelope: &Envelope| -> Value { serde_json::from_str(&envelope.to_json()).unwrap() };
    assert_eq!(value(&one), value(&other));
    let place = again.sequence as i64;
    eventually("the projection has taken it", async || {
        let sql = "select count(*) from calls.event_index where sequence = $1";
        let row = stand.client.query_one(sql, &[&place]).await.unwrap();
        (row.get::<_, i64>(0) == 1).then_some(())
    })
    .await;
    assert!(letters(stand).await.is_empty());
    let asked = want(stand, account::REDRIVE_REQUESTED, &dead[0]).await;
    let effect = stand.settled(asked, "redrive").await;
    assert_eq!(effect.reason.unwrap(), "the letter is not there any more");
    assert_eq!(stand.messages(StreamName::Calls).await.len(), after.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_take_is_refused_and_can_be_thrown_away() {
    let stand = Stand::start().await;
    let id = Uuid::new_v4().to_string();
    let event = Envelope::new("not one of ours", "/frontdesk/api", account::SIGNED_UP)
        .unwrap()
        .with_partition_key(&id)
        .with_data("application/json", &b"{}"[..]);
    let subject = subject::fact(Partition::of(&id), account::SIGNED_UP);
    let message = Outbound::new(&event, subject).unwrap();
    stand
        .operator
        .publish(&message, Duration::from_secs(10))
        .await
        .unwrap();
    let dead = eventually("the mail worker gives it up", async || {
        let dead = letters(&stand).await;
        (dead.len() == 1).then_some(dead)
    })
    .await;
    let asked = want(&stand, account::REDRIVE_REQUESTED, &dead[0]).await;
    let effect = stand.settled(asked, "redrive").await;
    assert!(effect.reason.unwrap().contains("no id of ours"));
    assert_eq!(letters(&stand).await.len(), 1);

    // Another letter at its place is not meant.
    let mut other = dead[0].clone();
    other.1.id = "ACCOUNTS-999-workers-mail".to_owned();
    let asked = want(&stand, account::DISCARD_REQUESTED, &other).await;
    stand.settled(asked, "redrive").await;
    assert_eq!(letters(&stand).await.len(), 1);

    let asked = want(&stand, account::DISCARD_REQUESTED, &dead[0]).await;
    assert_eq!(stand.settled(asked, "redrive").await.state, "done");
    assert!(letters(&stand).await.is_empty());
    let facts = stand.messages(StreamName::Accounts).await;
    assert!(
        facts
            .iter()
            .any(|fact| fact.envelope().unwrap().id() == "not one of ours")
    );
}
