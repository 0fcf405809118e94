//! Mail servers that refuse, are away, or would have us send in the open.

use crate::stand::Stand;
use frontdesk_events::{
    Envelope, Partition, StreamName,
    catalogue::account,
    nats::{Outbound, connection::Secret},
    subject,
};
use frontdesk_harness::{Mailbox, eventually};
use frontdesk_workers::{SmtpTls, WorkersArgs};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

async fn welcome(stand: &Stand, name: &str, email: &str) -> Uuid {
    let user = stand.user_at(name, email).await;
    let data = json!({ "user_id": user, "method": "password" });
    stand.fact(account::SIGNED_UP, user, data).await
}

#[tokio::test]
async fn a_refused_recipient_is_given_up_and_the_dead_letter_names_no_address() {
    let stand = Stand::start().await;
    let mut events = Vec::new();
    for email in ["refused@example.com", "unwanted@example.com"] {
        events.push(welcome(&stand, "Ada", email).await);
    }
    for event in &events {
        let effect = stand.settled(*event, "mail").await;
        assert_eq!((effect.state.as_str(), effect.attempts), ("discarded", 1));
        let reason = effect.reason.unwrap();
        assert!(
            reason.contains("(550 5.1.1)") || reason.contains("(554 5.7.1)"),
            "{reason}"
        );
        assert!(!reason.contains('@'), "{reason}");
    }
    let dead = stand.messages(StreamName::Dead).await;
    assert_eq!(dead.len(), 2);
    for letter in dead {
        assert_eq!(letter.subject, "dead.accounts.workers-mail");
        let envelope = letter.envelope().unwrap();
        assert_eq!(envelope.source(), "/frontdesk/workers");
        assert!(!format!("{envelope:?}").contains("example.com"));
    }
    assert!(stand.mailbox.mails().is_empty());
}

#[tokio::test]
async fn a_server_that_does_not_relay_for_us_costs_nobody_a_mail_and_health_says_why() {
    let stand = Stand::start().await;
    let condition = || stand.running[0].health.conditions()["mail-server"].clone();
    let event = welcome(&stand, "Ada", "abroad@example.com").await;
    let effect = eventually("a try was in vain", async || {
        let effect = stand.effect(event, "mail").await?;
        effect.reason.is_some().then_some(effect)
    })
    .await;
    let why = "the mail server refused the recipient (554 5.7.1)";
    assert_eq!(
        (effect.state.as_str(), effect.reason.as_deref()),
        ("claimed", Some(why))
    );
    assert_eq!((condition().ok, condition().why.as_str()), (true, why));
    assert!(stand.messages(StreamName::Dead).await.is_empty());
    // More than one, because the first may be tried again at any moment.
    eventually("a mail that is taken makes it well again", async || {
        let name = Uuid::new_v4().simple().to_string();
        let event = welcome(&stand, "Bob", &format!("{name}@example.com")).await;
        assert_eq!(stand.settled(event, "mail").await.state, "done");
        condition().why.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_recipient_who_is_put_off_gets_the_mail_later_and_once() {
    let stand = Stand::start().await;
    let event = welcome(&stand, "Ada", "later@example.com").await;
    let effect = stand.settled(event, "mail").await;
    assert_eq!((effect.state.as_str(), effect.attempts), ("done", 2));
    assert_eq!(stand.mailbox.mails().len(), 1);
}

#[tokio::test]
async fn a_hostile_name_or_address_adds_no_header_and_no_recipient() {
    let stand = Stand::start().await;
    let name = "Ada\r\nBcc: eve@example.com\r\n\r\n<script>alert(1)</script> https://evil.example/";
    let event = welcome(&stand, name, "ada@example.com").await;
    let mut refused = Vec::new();
    for email in [
        "bob@example.com\r\nBcc: eve@example.com",
        "bob@example.com, eve@example.com",
        "Eve <eve@example.com>",
        "eve",
    ] {
        refused.push(welcome(&stand, "Bob", email).await);
    }
    assert_eq!(stand.settled(event, "mail").await.state, "done");
    for event in refused {
        assert_eq!(stand.settled(event, "mail").await.state, "discarded");
    }
    let mails = stand.mailbox.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, ["ada@example.com"]);
    assert!(mails[0].header("Bcc").is_empty());
    assert!(!mails[0].html.contains("<script>"));
    for part in [&mails[0].text, &mails[0].html] {
        assert!(
            !part.contains("https://evil") && !part.contains("evil.example"),
            "{part}"
        );
    }
    assert_eq!(mails[0].header("Subject"), ["Welcome to Frontdesk"]);
}

#[tokio::test]
async fn nothing_is_sent_in_the_open_to_a_server_that_offers_no_tls() {
    let mut stand = Stand::without_workers(Mailbox::start().await).await;
    for tls in [SmtpTls::Starttls, SmtpTls::Tls] {
        let args = WorkersArgs {
            smtp_tls: tls,
            ..stand.args()
        };
        stand.start_workers_with(&args).await;
        let event = welcome(&stand, "Ada", &format!("{tls:?}@example.com")).await;
        let effect = eventually("a try was in vain", async || {
            stand
                .effect(event, "mail")
                .await
                .filter(|effect| effect.reason.is_some())
        })
        .await;
        assert_eq!(effect.state, "claimed", "{effect:?}");
        assert!(stand.mailbox.mails().is_empty());
        stand.running.remove(0).stop().await;
    }
    assert!(stand.messages(StreamName::Dead).await.is_empty());
}

#[tokio::test]
async fn a_refused_login_and_a_server_that_is_away_cost_nobody_a_mail() {
    let mailbox = Mailbox::start_with(&["--login", "frontdesk:right"]).await;
    let mut stand = Stand::without_workers(mailbox).await;
    let wrong = WorkersArgs {
        smtp_user: Some("frontdesk".to_owned()),
        smtp_password: Some(Secret::from("wrong".to_owned())),
        ..stand.args()
    };
    stand.start_workers_with(&wrong).await;
    let event = welcome(&stand, "Ada", "ada@example.com").await;
    let vain = async |stand: &Stand, words: &str| {
        eventually(words, async || {
            let effect = stand.effect(event, "mail").await?;
            effect.reason.filter(|reason| reason.contains(words))
        })
        .await
    };
    let reason = vain(&stand, "refused the login (535").await;
    assert!(!reason.contains("wrong"), "{reason}");
    stand.running.remove(0).stop().await;
    stand.mailbox.kill();
    let right = WorkersArgs {
        smtp_password: Some(Secret::from("right".to_owned())),
        ..wrong
    };
    stand.start_workers_with(&right).await;
    vain(&stand, "cannot be reached").await;
    stand.mailbox.restart().await;
    // The third try comes half a minute after the second; a new event need not wait for it.
    let second = welcome(&stand, "Bob", "bob@example.com").await;
    assert_eq!(stand.settled(second, "mail").await.state, "done");
    assert_eq!(stand.mailbox.mails()[0].user.as_deref(), Some("frontdesk"));
    assert_eq!(stand.effect(event, "mail").await.unwrap().state, "claimed");
}

#[tokio::test]
async fn what_is_no_fact_of_ours_goes_to_dead_and_stops_nobody() {
    let stand = Stand::start().await;
    let publish = async |id: &str, kind: &str, data: &str| {
        let event = Envelope::new(id, "/frontdesk/api", kind)
            .unwrap()
            .with_partition_key("x")
            .with_data("application/json", data.to_owned());
        let subject = subject::fact(Partition::of("x"), kind);
        let message = Outbound::of(event, subject).unwrap();
        let ack = stand
            .operator
            .publish(&message, Duration::from_secs(5))
            .await;
        ack.unwrap();
    };
    publish("not a uuid", account::SIGNED_UP, "{}").await;
    for data in ["", "[]", "{}", r#"{"user_id":7}"#, r#"{"user_id":"x"}"#] {
        publish(&Uuid::new_v4().to_string(), account::SIGNED_UP, data).await;
    }
    let event = welcome(&stand, "Ada", "ada@example.com").await;
    assert_eq!(stand.settled(event, "mail").await.state, "done");
    eventually("six dead letters", async || {
        (stand.messages(StreamName::Dead).await.len() == 6).then_some(())
    })
    .await;
}
