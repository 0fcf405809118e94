//! Mails people chose to get: about calls, about the day before, about a payment that failed.

use crate::{
    scene::{NUMBERS, Scene},
    story::{Story, analysis},
};
use chrono::{TimeDelta, Timelike as _};
use frontdesk_harness::{eventually, mailbox::Mail};
use frontdesk_process::clock;
use serde_json::json;

impl Scene {
    fn mails(&self, to: &str, subject: &str) -> Vec<Mail> {
        let to = format!("{to}@example.com");
        let mut mails = self.stand.mailbox.mails();
        mails.retain(|mail| mail.to == [to.clone()] && mail.header("Subject") == [subject]);
        mails
    }

    async fn mailed(&self, to: &str, subject: &str) -> Mail {
        eventually(&format!("{subject:?} to {to}"), async || {
            self.mails(to, subject).pop()
        })
        .await
    }

    /// Tells of calls that began so many minutes ago and ended half a minute later.
    async fn call(&self, calls: &[(&str, &'static str, i64, bool)]) {
        let mut events = Vec::new();
        for &(name, dialled, minutes_ago, answered) in calls {
            let mut report = analysis("success", "positive", None);
            report["summary"] = json!("Wants an appointment, see http://evil.example");
            let story = Story {
                dialled,
                started: clock::now() - TimeDelta::minutes(minutes_ago),
                answered: answered.then_some(4),
                left: Some((30, if answered { "hangup" } else { "ringing" })),
                report,
                ..Story::new(name)
            };
            events.extend(story.events());
        }
        self.tell(&events).await;
    }
}

#[tokio::test]
async fn a_call_is_told_once_to_who_chose_so_and_only_while_it_is_news() {
    let mut scene = Scene::set_without_workers().await;
    let choose = "update account.users set notify_new_call = true where id = $1";
    scene.stand.execute(choose, &[&scene.mallory]).await;
    // Ada has the usual choices: missed calls and no others.
    scene
        .call(&[
            ("missed", NUMBERS[0], 10, false),
            ("answered", NUMBERS[0], 10, true),
            ("old", NUMBERS[0], 180, false),
            ("every", NUMBERS[1], 10, true),
        ])
        .await;
    // Not before all is known of calls as old as these.
    scene.stand.start_workers().await;
    let mail = scene.mailed("ada", "A call was missed").await;
    for part in [&mail.text, &mail.html] {
        assert!(
            part.contains("15105550100") && part.contains("/calls/"),
            "{part}"
        );
        assert!(part.contains("/settings/notifications"), "{part}");
    }
    let mail = scene.mailed("mallory", "A call was answered").await;
    assert!(mail.text.contains("Wants an appointment"), "{}", mail.text);
    assert!(!mail.raw.contains("evil.example"), "{}", mail.raw);
    // A later call to the same people: whatever was due before has been sent by then.
    let quiet = "update account.users set suspended_at = now() where id = $1";
    scene.stand.execute(quiet, &[&scene.mallory]).await;
    scene
        .call(&[
            ("later", NUMBERS[0], 5, false),
            ("unheard", NUMBERS[1], 5, true),
        ])
        .await;
    eventually("the later call is told", async || {
        (scene.mails("ada", "A call was missed").len() == 2).then_some(())
    })
    .await;
    assert_eq!(scene.stand.mailbox.mails().len(), 3);
}

#[tokio::test]
async fn a_flood_of_calls_is_told_in_ten_mails_and_one_for_the_rest() {
    let mut scene = Scene::set().await;
    // So that all are known before any is told.
    scene.stand.running.remove(0).stop().await;
    let names: Vec<String> = (0..13).map(|number| format!("flood{number}")).collect();
    let calls: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), NUMBERS[0], 50, false))
        .collect();
    scene.call(&calls).await;
    scene.stand.start_workers().await;
    let more = scene.mailed("ada", "More calls").await;
    assert_eq!(scene.mails("ada", "A call was missed").len(), 10);
    assert!(
        more.text
            .replace("\r\n", "\n")
            .contains("\nCalls: 3\nNot answered: 3\n"),
        "{}",
        more.text
    );
    // The bound is one of an account, not of all.
    scene
        .call(&[
            ("other", NUMBERS[1], 5, false),
            ("eleventh", NUMBERS[0], 5, false),
        ])
        .await;
    scene.mailed("mallory", "A call was missed").await;
    assert_eq!(scene.stand.mailbox.mails().len(), 12);
    let told =
        "select count(*) from ops.effects where effect = 'notify' and reason = 'told together'";
    let row = scene.stand.client.query_one(told, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 3);
}

#[tokio::test]
async fn the_day_before_is_told_in_the_morning_and_a_failed_payment_once() {
    // In a morning of Berlin a worker would have found that there were no calls.
    let mut scene = Scene::set_without_workers().await;
    // Where it is nine in the morning now, whenever this runs.
    let ahead = match 9 - i64::from(clock::now().hour()) {
        ahead @ ..-12 => ahead + 24,
        ahead => ahead,
    };
    let zone = format!(
        "Etc/GMT{}{}",
        if ahead > 0 { '-' } else { '+' },
        ahead.abs()
    );
    let live = "update account.users set time_zone = $2 where id = $1";
    scene.stand.execute(live, &[&scene.ada, &zone]).await;
    scene
        .call(&[
            ("one", NUMBERS[0], 20 * 60, true),
            ("two", NUMBERS[0], 20 * 60, false),
            ("earlier", NUMBERS[0], 50 * 60, true),
        ])
        .await;
    for (user, id) in [(scene.ada, "I-ADA"), (scene.mallory, "I-MALLORY")] {
        scene
            .stand
            .execute(
                "insert into billing.subscriptions (id, user_id, status, status_history, past_due, last_failed_at,
                    next_retry_at)
                values ($2, $1, 'ACTIVE', '[]', true, now() - interval '1 hour', now() + interval '5 days')",
                &[&user, &id],
            )
            .await;
    }
    let quiet = "update account.users set notify_payment_trouble = false where id = $1";
    scene.stand.execute(quiet, &[&scene.mallory]).await;
    scene.stand.start_workers().await;
    let day = scene.mailed("ada", "Your calls yesterday").await;
    assert!(
        day.text.contains("Talk time")
            && day.text.contains("Calls: 2")
            && day.text.contains("Successful: 1"),
        "{}",
        day.text
    );
    let payment = scene.mailed("ada", "A payment failed").await;
    assert!(
        payment.text.contains("Tried again") && payment.text.contains("/billing"),
        "{}",
        payment.text
    );
    scene.stand.running.remove(0).stop().await;
    scene.stand.start_workers().await;
    // The next failure is another one.
    let again = "update billing.subscriptions set last_failed_at = now() where id = $1";
    scene.stand.execute(again, &[&"I-ADA"]).await;
    eventually("it is told as well", async || {
        (scene.mails("ada", "A payment failed").len() == 2).then_some(())
    })
    .await;
    assert_eq!(scene.mails("ada", "Your calls yesterday").len(), 1);
    assert_eq!(scene.stand.mailbox.mails().len(), 3);
}
