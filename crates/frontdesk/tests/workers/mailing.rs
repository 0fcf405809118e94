//! Mails under fire, and over TLS.

use crate::stage::Stage;
use frontdesk_harness::{
    chance::{Chance, setting},
    eventually,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Duration,
};
use tokio_postgres::Client;
use uuid::Uuid;

/// Facts that each bring a mail to an address of its own; answers event ids by address.
async fn welcome(session: &Client, count: usize) -> BTreeMap<String, Uuid> {
    let mut events = BTreeMap::new();
    for number in 0..count {
        let (user, event) = (Uuid::new_v4(), Uuid::new_v4());
        let address = format!("user{number}@example.com");
        session
            .execute(
                "with made as (insert into account.users (id, email, name, billing_key) values ($1, $2, 'Ada', $2))
                insert into account.outbox (event_id, partition_key, kind, subject, data, occurred_at)
                values ($3, $1, 'dev.frontdesk.user.signed_up.v1', $2,
                    jsonb_build_object('user_id', $1, 'method', 'password'), now())",
                &[&user, &address, &event],
            )
            .await
            .unwrap();
        events.insert(address, event);
    }
    events
}

/// The addresses whose mail is noted as sent.
async fn noted(session: &Client, events: &BTreeMap<String, Uuid>) -> BTreeSet<String> {
    let rows = session
        .query("select key from ops.effects where state = 'done'", &[])
        .await
        .unwrap();
    let done: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let is_done = |event: &Uuid| done.contains(&format!("{event}/mail"));
    events
        .iter()
        .filter(|(_, event)| is_done(event))
        .map(|(address, _)| address.clone())
        .collect()
}

fn sent(stage: &Stage) -> BTreeMap<String, Vec<String>> {
    let mut sent = BTreeMap::<String, Vec<String>>::new();
    for mail in stage.mailbox.mails() {
        sent.entry(mail.to[0].clone())
            .or_default()
            .push(mail.id().to_owned());
    }
    sent
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mail_is_sent_twice_but_in_the_moment_between_250_and_our_note_of_it() {
    let (kills, count) = (setting("KILLS", 12), setting("MAILS", 160) as usize);
    let mut chance = Chance::from_environment();
    println!("{kills} kills, SEED={}", chance.0);
    // The server thinks for a moment about each mail, which makes the window wide enough to be hit.
    let pause = format!("0.{:03}", setting("PAUSE_MS", 30));
    let mut stage = Stage::start(&["--pause", &pause], &[]).await;
    let session = stage.client().await;
    let events = welcome(&session, count).await;
    // How often the server had a mail and the worker died before it could say so.
    let mut in_the_window = BTreeMap::<String, usize>::new();
    for _ in 0..kills {
        let before = stage.mailbox.mails().len();
        eventually("mails go on, or all are sent", async || {
            let go_on = stage.mailbox.mails().len() > before;
            (go_on || noted(&session, &events).await.len() == count).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(chance.below(100))).await;
        stage.workers.kill();
        // What PostgreSQL was told before the kill it writes down after it.
        eventually("the sessions of the dead are gone", async || {
            let sql = "select count(*) from pg_stat_activity where application_name = 'frontdesk workers'";
            let row = session.query_one(sql, &[]).await.unwrap();
            (row.get::<_, i64>(0) == 0).then_some(())
        })
        .await;
        // Nor has the server read all that it was sent.
        stage.mailbox.is_left_alone().await;
        let done = noted(&session, &events).await;
        for (address, mails) in sent(&stage) {
            let known = in_the_window.get(&address).copied().unwrap_or_default();
            if !done.contains(&address) && mails.len() > known {
                in_the_window.insert(address, mails.len());
            }
        }
        stage.workers.restart();
    }
    eventually("every mail is noted as sent", async || {
        (noted(&session, &events).await.len() == count).then_some(())
    })
    .await;
    let sent = sent(&stage);
    assert_eq!(sent.len(), count, "every mail was sent");
    let mut again = 0;
    for (address, mails) in &sent {
        assert!(
            mails.iter().all(|id| *id == mails[0]),
            "one effect, one Message-ID"
        );
        let window = in_the_window.get(address).copied().unwrap_or_default();
        assert_eq!(
            mails.len(),
            window + 1,
            "{address} got its mail outside the window again"
        );
        again += mails.len() - 1;
    }
    let ids: BTreeSet<_> = sent.values().map(|mails| &mails[0]).collect();
    assert_eq!(ids.len(), count, "two effects, two Message-IDs");
    println!(
        "{count} mails, {kills} kills: {again} sent again, each killed between 250 and our note of it"
    );
}

/// A certificate for localhost that nobody has signed but itself.
fn certificate() -> (PathBuf, PathBuf) {
    let folder = std::env::temp_dir().join(format!("frontdesk-certificate-{}", Uuid::new_v4()));
    std::fs::create_dir(&folder).unwrap();
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    (certificate, key)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_travels_encrypted_to_a_server_whose_certificate_is_trusted_and_to_no_other() {
    let (certificate, key) = certificate();
    let text = |path: &PathBuf| path.to_string_lossy().into_owned();
    for tls in ["starttls", "tls"] {
        let server = [
            "--tls",
            tls,
            "--cert",
            &text(&certificate),
            "--key",
            &text(&key),
        ];
        let trusting = [
            ("SMTP_TLS", tls.to_owned()),
            ("SSL_CERT_FILE", text(&certificate)),
        ];
        let stage = Stage::start(&server, &trusting).await;
        welcome(&stage.client().await, 1).await;
        assert!(
            stage.mailbox.mail_to("user0@example.com").await.secure,
            "{tls}"
        );

        let stage = Stage::start(&server, &[("SMTP_TLS", tls.to_owned())]).await;
        let session = stage.client().await;
        let event = welcome(&session, 1).await["user0@example.com"];
        let reason = eventually("a try was in vain", async || {
            let sql = "select reason from ops.effects where key = $1";
            let row = session.query_opt(sql, &[&format!("{event}/mail")]).await;
            row.unwrap()?.get::<_, Option<String>>(0)
        })
        .await;
        assert!(reason.contains("TLS"), "{tls}: {reason}");
        assert!(stage.mailbox.mails().is_empty(), "{tls}");
    }
}
