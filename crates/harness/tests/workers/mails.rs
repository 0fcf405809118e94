//! Which mail each fact brings, to whom, and what is in it.

use crate::stand::{HOME, SECRET, Stand, link_of};
use chrono::TimeDelta;
use frontdesk_events::{
    Envelope, Partition, StreamName, catalogue::account, nats::Outbound, subject,
};
use frontdesk_harness::{Mailbox, eventually, mailbox::Mail};
use frontdesk_process::clock;
use serde_json::json;
use std::{collections::BTreeSet, time::Duration};
use uuid::Uuid;

/// What a mail must be: kind, key, data; to whom, subject, where its button leads.
struct Expected {
    event: Uuid,
    to: &'static str,
    subject: &'static str,
    link: Option<String>,
}

/// One fact of every kind that brings a mail.
async fn all_facts(stand: &Stand) -> Vec<Expected> {
    let (ada, owner) = (stand.user("ada").await, stand.user("owner").await);
    let signup = stand
        .signup("stranger@example.com", clock::now() + TimeDelta::hours(1))
        .await;
    let reset = stand
        .mail_token(ada, "reset_password", "reset@example.com")
        .await;
    let change = stand
        .mail_token(ada, "change_email", "after@example.com")
        .await;
    let (session, invitation, export) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
    stand
        .execute(
            "insert into account.sessions (id, token_hash, user_id, account_id, method, user_agent, address, created_at,
                seen_at, proven_at, expires_at)
            values ($1, 'x', $2, $2, 'password', 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0', '203.0.113.7', now(), now(), now(), now())",
            &[&session, &ada],
        )
        .await;
    stand
        .execute(
            "insert into account.invitations (id, account_id, email, role, token_hash, invited_by, created_at, expires_at)
            values ($1, $2, 'guest@example.com', 'manager', 'x', $2, now(), now() + interval '7 days')",
            &[&invitation, &owner],
        )
        .await;
    stand
        .execute(
            "insert into ops.exports (id, user_id, ready_at, expires_at) values ($1, $2, now(), now() + interval '7 days')",
            &[&export, &ada],
        )
        .await;
    stand
        .execute(
            "update account.users set deletion_due_at = now() + interval '30 days' where id = $1",
            &[&owner],
        )
        .await;
    let due = clock::now() + TimeDelta::days(30);
    let page = |path: &str| Some(format!("{HOME}{path}"));
    let token = |path: &str, id: Uuid| Some(format!("{HOME}{path}#{}", link_of(id)));
    let user = |id: Uuid| json!({ "user_id": id });
    let facts = [
        (
            account::SIGNUP_REQUESTED,
            signup,
            json!({ "signup_id": signup }),
            "stranger@example.com",
            "Confirm your e-mail address",
            token("/verify", signup),
        ),
        (
            account::SIGNUP_REPEATED,
            ada,
            user(ada),
            "ada@example.com",
            "You already have an account",
            page("/sign-in"),
        ),
        (
            account::SIGNED_UP,
            ada,
            json!({ "user_id": ada, "method": "password" }),
            "ada@example.com",
            "Welcome to Frontdesk",
            page("/clients/new"),
        ),
        (
            account::SIGNED_IN,
            ada,
            json!({ "user_id": ada, "session_id": session, "method": "password", "is_new_device": true }),
            "ada@example.com",
            "New sign-in to your account",
            page("/settings/security"),
        ),
        (
            account::PASSWORD_RESET_REQUESTED,
            ada,
            json!({ "user_id": ada, "token_id": reset }),
            "reset@example.com",
            "Choose another password",
            token("/reset", reset),
        ),
        (
            account::PASSWORD_CHANGED,
            ada,
            user(ada),
            "ada@example.com",
            "Your password was changed",
            page("/forgotten"),
        ),
        (
            account::EMAIL_CHANGE_REQUESTED,
            ada,
            json!({ "user_id": ada, "token_id": change }),
            "after@example.com",
            "Confirm your new e-mail address",
            token("/confirm-email", change),
        ),
        (
            account::EMAIL_CHANGED,
            ada,
            json!({ "user_id": ada, "token_id": change }),
            "before@example.com",
            "Your e-mail address was changed",
            None,
        ),
        (
            account::MEMBER_INVITED,
            owner,
            json!({ "account_id": owner, "invitation_id": invitation, "role": "manager" }),
            "guest@example.com",
            "You are invited to an account",
            token("/invitation", invitation),
        ),
        (
            account::MEMBER_JOINED,
            owner,
            json!({ "account_id": owner, "user_id": ada, "role": "manager" }),
            "owner@example.com",
            "Somebody joined your account",
            page("/settings/members"),
        ),
        (
            account::KEY_CREATED,
            owner,
            json!({ "user_id": owner, "key_id": invitation, "scopes": ["calls:read"] }),
            "owner@example.com",
            "An API key was made",
            page("/settings/keys"),
        ),
        (
            account::IDENTITY_LINKED,
            ada,
            json!({ "user_id": ada, "provider": "github" }),
            "ada@example.com",
            "A login was linked to your account",
            page("/settings/security"),
        ),
        (
            account::SECOND_FACTOR_ENABLED,
            ada,
            user(ada),
            "ada@example.com",
            "Two-step sign-in is on",
            page("/settings/security"),
        ),
        (
            account::SECOND_FACTOR_DISABLED,
            ada,
            user(ada),
            "ada@example.com",
            "Two-step sign-in is off",
            page("/settings/security"),
        ),
        (
            account::EXPORT_READY,
            ada,
            json!({ "user_id": ada, "export_id": export }),
            "ada@example.com",
            "Your data is ready",
            page("/settings/data"),
        ),
        (
            account::DELETION_REQUESTED,
            owner,
            json!({ "user_id": owner, "due_at": due }),
            "owner@example.com",
            "Your account will be deleted",
            page("/settings/data"),
        ),
    ];
    let mut expected = Vec::new();
    for (kind, key, data, to, subject, link) in facts {
        expected.push(Expected {
            event: stand.fact(kind, key, data).await,
            to,
            subject,
            link,
        });
    }
    expected
}

fn with_subject(mails: &[Mail], subject: &str) -> Mail {
    let mut found = mails
        .iter()
        .filter(|mail| mail.header("Subject") == [subject]);
    let mail = found
        .next()
        .unwrap_or_else(|| panic!("no mail {subject:?}"));
    assert!(found.next().is_none(), "two mails {subject:?}");
    mail.clone()
}

#[tokio::test]
async fn each_fact_brings_its_one_mail_to_whom_it_concerns() {
    let stand = Stand::start().await;
    let expected = all_facts(&stand).await;
    for fact in &expected {
        let effect = stand.settled(fact.event, "mail").await;
        assert_eq!(
            (effect.state.as_str(), effect.attempts),
            ("done", 1),
            "{effect:?}"
        );
    }
    let mails = stand.mailbox.mails();
    assert_eq!(mails.len(), expected.len());
    for fact in &expected {
        let mail = with_subject(&mails, fact.subject);
        assert_eq!(mail.to, [fact.to]);
        assert_eq!(mail.from, "hello@example.com");
        assert_eq!(mail.header("From"), ["Frontdesk <hello@example.com>"]);
        assert_eq!(mail.header("To"), [fact.to]);
        assert_eq!(mail.header("Auto-Submitted"), ["auto-generated"]);
        assert_eq!(
            (mail.header("Date").len(), mail.header("Message-ID").len()),
            (1, 1)
        );
        for part in [&mail.text, &mail.html] {
            assert!(part.contains("Hello"), "{part}");
            assert!(!part.contains("{{") && !part.contains("&#38;"), "{part}");
        }
        if let Some(link) = &fact.link {
            assert!(
                mail.text.lines().any(|line| line == link),
                "{link}: {}",
                mail.text
            );
            assert!(
                mail.html.contains(&format!("href=\"{link}\"")),
                "{link}: {}",
                mail.html
            );
        }
    }
    let signed_in = with_subject(&mails, "New sign-in to your account").text;
    for particular in [
        "(Europe/Berlin)",
        "With your password",
        "Firefox on Linux",
        "203.\u{2060}0.\u{2060}113.\u{2060}7",
    ] {
        assert!(signed_in.contains(particular), "{particular}: {signed_in}");
    }
    // Who signs up a stranger's address chooses no word of what the stranger reads.
    let verify = with_subject(&mails, "Confirm your e-mail address");
    assert!(!verify.raw.contains("evil") && !verify.raw.contains("Somebody http"));
}

#[tokio::test]
async fn streams_and_tables_hold_no_address_and_nothing_a_link_carries() {
    let stand = Stand::start().await;
    let expected = all_facts(&stand).await;
    for fact in &expected {
        stand.settled(fact.event, "mail").await;
    }
    let links: Vec<String> = expected
        .iter()
        .filter_map(|fact| Some(fact.link.as_ref()?.split_once('#')?.1.to_owned()))
        .collect();
    assert_eq!(links.len(), 4);
    let mut kept = Vec::new();
    for stream in [StreamName::Accounts, StreamName::Dead] {
        kept.extend(
            stand
                .messages(stream)
                .await
                .iter()
                .map(|message| format!("{message:?}")),
        );
    }
    assert!(kept.len() >= expected.len());
    let rows = stand
        .client
        .query("select row_to_json(e)::text from ops.effects e", &[])
        .await
        .unwrap();
    kept.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    for text in &kept {
        assert!(!text.contains("example.com"), "{text}");
        assert!(!links.iter().any(|link| text.contains(link)), "{text}");
        assert!(!text.contains(SECRET), "{text}");
    }
}

#[tokio::test]
async fn what_is_used_over_or_gone_is_not_mailed() {
    let stand = Stand::start().await;
    let (ada, gone) = (stand.user("ada").await, stand.user("gone").await);
    stand
        .execute(
            "update account.users set deleted_at = now(), email = id::text where id = $1",
            &[&gone],
        )
        .await;
    let over = stand
        .signup("late@example.com", clock::now() - TimeDelta::seconds(1))
        .await;
    let used = stand
        .mail_token(ada, "reset_password", "ada@example.com")
        .await;
    stand
        .execute(
            "update account.mail_tokens set used_at = now() where id = $1",
            &[&used],
        )
        .await;
    let past = stand
        .mail_token(ada, "change_email", "ada@example.com")
        .await;
    stand
        .execute(
            "update account.mail_tokens set expires_at = now() - interval '1 second' where id = $1",
            &[&past],
        )
        .await;
    let revoked = Uuid::new_v4();
    stand
        .execute(
            "insert into account.invitations (id, account_id, email, role, token_hash, invited_by, created_at, expires_at,
                revoked_at)
            values ($1, $2, 'guest@example.com', 'reader', 'x', $2, now(), now() + interval '7 days', now())",
            &[&revoked, &ada],
        )
        .await;
    let missing = Uuid::new_v4();
    let mut events = Vec::new();
    for (kind, key, data) in [
        (
            account::SIGNUP_REQUESTED,
            over,
            json!({ "signup_id": over }),
        ),
        (
            account::SIGNUP_REQUESTED,
            missing,
            json!({ "signup_id": missing }),
        ),
        (
            account::SIGNED_UP,
            gone,
            json!({ "user_id": gone, "method": "google" }),
        ),
        (
            account::SIGNED_IN,
            ada,
            json!({ "user_id": ada, "session_id": missing, "method": "google", "is_new_device": false }),
        ),
        (
            account::PASSWORD_RESET_REQUESTED,
            ada,
            json!({ "user_id": ada, "token_id": used }),
        ),
        // A token of another purpose, and another user's, opens nothing either.
        (
            account::PASSWORD_RESET_REQUESTED,
            ada,
            json!({ "user_id": ada, "token_id": past }),
        ),
        (
            account::PASSWORD_RESET_REQUESTED,
            gone,
            json!({ "user_id": gone, "token_id": used }),
        ),
        (
            account::EMAIL_CHANGE_REQUESTED,
            ada,
            json!({ "user_id": ada, "token_id": past }),
        ),
        (
            account::MEMBER_INVITED,
            ada,
            json!({ "account_id": ada, "invitation_id": revoked, "role": "reader" }),
        ),
        (
            account::EXPORT_READY,
            ada,
            json!({ "user_id": ada, "export_id": missing }),
        ),
        (
            account::DELETION_REQUESTED,
            ada,
            json!({ "user_id": ada, "due_at": clock::now() }),
        ),
    ] {
        events.push(stand.fact(kind, key, data).await);
    }
    for event in events {
        let effect = stand.settled(event, "mail").await;
        assert_eq!(effect.state, "discarded", "{effect:?}");
        assert!(effect.reason.is_some());
    }
    assert!(stand.mailbox.mails().is_empty());
    assert!(
        stand.messages(StreamName::Dead).await.is_empty(),
        "nobody need look at these"
    );
}

#[tokio::test]
async fn news_that_waited_longer_than_mails_are_tried_is_told_to_nobody() {
    let stand = Stand::start().await;
    let ada = stand.user("ada").await;
    let facts = [
        (account::SIGNUP_REPEATED, json!({ "user_id": ada })),
        (
            account::SIGNED_UP,
            json!({ "user_id": ada, "method": "password" }),
        ),
        (
            account::SIGNED_IN,
            json!({ "user_id": ada, "session_id": null, "method": "password", "is_new_device": true }),
        ),
        (account::PASSWORD_CHANGED, json!({ "user_id": ada })),
    ];
    let told = async |age: TimeDelta| {
        let mut states = Vec::new();
        for (kind, data) in &facts {
            let at = clock::now() - age;
            let event = stand.fact_of(at, kind, ada, data.clone()).await;
            let effect = stand.settled(event, "mail").await;
            states.push((effect.state, effect.reason));
        }
        states
    };
    let over = ("discarded".to_owned(), Some("too old".to_owned()));
    assert_eq!(told(TimeDelta::days(5)).await, vec![over; facts.len()]);
    assert!(stand.mailbox.mails().is_empty());
    let done = ("done".to_owned(), None);
    assert_eq!(told(TimeDelta::days(3)).await, vec![done; facts.len()]);
    assert_eq!(stand.mailbox.mails().len(), facts.len());
}

#[tokio::test]
async fn an_event_that_comes_again_brings_no_second_mail() {
    let stand = Stand::start().await;
    let ada = stand.user("ada").await;
    let data = json!({ "user_id": ada, "method": "password" });
    let event = stand.fact(account::SIGNED_UP, ada, data).await;
    stand.settled(event, "mail").await;
    // The relay died before it took the fact out, and was away for longer than the stream looks back.
    // Another source gives the same event another message id, without waiting for that.
    let stored = stand.events(StreamName::Accounts).await.remove(0);
    let partition = Partition::of(&ada.to_string());
    let subject = subject::fact(partition, account::SIGNED_UP);
    let again = Outbound::new(&stored, subject).unwrap();
    let ack = stand
        .operator
        .publish(&again, Duration::from_secs(5))
        .await
        .unwrap();
    assert!(
        ack.duplicate,
        "within the window the stream itself refuses it"
    );
    let past = Envelope::new(stored.id(), "/frontdesk/relay", stored.kind())
        .unwrap()
        .with_partition_key(&ada.to_string())
        .with_data("application/json", stored.data().to_vec());
    let subject = subject::fact(partition, account::SIGNED_UP);
    let past = Outbound::new(&past, subject).unwrap();
    stand
        .operator
        .publish(&past, Duration::from_secs(5))
        .await
        .unwrap();
    assert_eq!(stand.messages(StreamName::Accounts).await.len(), 2);
    let last = stand
        .fact(account::PASSWORD_CHANGED, ada, json!({ "user_id": ada }))
        .await;
    stand.settled(last, "mail").await;
    eventually("the second delivery is settled", async || {
        (stand.unsettled("workers-mail").await == Some(0)).then_some(())
    })
    .await;
    let welcomes = stand.mailbox.mails();
    let welcomes = welcomes
        .iter()
        .filter(|mail| mail.header("Subject") == ["Welcome to Frontdesk"]);
    assert_eq!(welcomes.count(), 1);
    assert_eq!(stand.effect(event, "mail").await.unwrap().attempts, 1);
}

#[tokio::test]
async fn without_a_mail_server_mails_wait_and_nothing_is_unready() {
    let mut stand = Stand::without_workers(Mailbox::start().await).await;
    let silent = frontdesk_workers::WorkersArgs {
        smtp_host: Some(String::new()),
        ..stand.args()
    };
    stand.start_workers_with(&silent).await;
    let ada = stand.user("ada").await;
    let data = json!({ "user_id": ada, "method": "password" });
    let event = stand.fact(account::SIGNED_UP, ada, data).await;
    stand.outbox_is_empty().await;
    eventually("the workers are ready", async || {
        stand.running[0].health.is_ready().then_some(())
    })
    .await;
    assert!(stand.effect(event, "mail").await.is_none());
    stand.running.remove(0).stop().await;
    stand.start_workers().await;
    stand.mailbox.mail_to("ada@example.com").await;
}

#[tokio::test]
async fn two_processes_share_the_work_and_no_mail() {
    let mut stand = Stand::without_workers(Mailbox::start().await).await;
    let mut events = Vec::new();
    for number in 0..40 {
        let user = stand.user(&format!("user{number}")).await;
        let data = json!({ "user_id": user, "method": "google" });
        events.push(stand.fact(account::SIGNED_UP, user, data).await);
    }
    stand.start_workers().await;
    stand.start_workers().await;
    for event in events {
        let effect = stand.settled(event, "mail").await;
        assert_eq!((effect.state.as_str(), effect.attempts), ("done", 1));
    }
    let mails = stand.mailbox.mails();
    let ids: BTreeSet<&str> = mails.iter().map(Mail::id).collect();
    assert_eq!((mails.len(), ids.len()), (40, 40));
}

#[tokio::test]
async fn who_is_asked_to_end_finishes_what_is_in_hand() {
    let mut stand = Stand::start().await;
    let user = stand.user("slow").await;
    let data = json!({ "user_id": user, "method": "password" });
    let event = stand.fact(account::SIGNED_UP, user, data).await;
    // The server has it, and thinks about it for five seconds.
    stand.mailbox.mail_to("slow@example.com").await;
    assert_eq!(stand.effect(event, "mail").await.unwrap().state, "claimed");
    stand.running.remove(0).stop().await;
    assert_eq!(stand.effect(event, "mail").await.unwrap().state, "done");
}

#[tokio::test]
async fn a_try_that_a_killed_process_left_does_not_count() {
    let mut stand = Stand::start().await;
    let user = stand.user("slow").await;
    let data = json!({ "user_id": user, "method": "password" });
    let event = stand.fact(account::SIGNED_UP, user, data).await;
    // The server has it, and its answer finds nobody.
    stand.mailbox.mail_to("slow@example.com").await;
    stand.running.remove(0).kill().await;
    let effect = stand.effect(event, "mail").await.unwrap();
    assert_eq!((effect.state.as_str(), effect.attempts), ("claimed", 0));
    stand.start_workers().await;
    let effect = stand.settled(event, "mail").await;
    assert_eq!((effect.state.as_str(), effect.attempts), ("done", 1));
    let mails = stand.mailbox.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].id(), mails[1].id());
}
