//! Exports: all that is kept about somebody, nothing of anybody else's, and gone when it is over.

use crate::{
    scene::{NUMBERS, Scene},
    stand::{HOME, Stand},
    story::{Story, analysis},
};
use frontdesk_events::{StreamName, catalogue::account};
use frontdesk_harness::{Mailbox, eventually};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    time::{Duration, SystemTime},
};
use uuid::Uuid;

impl Scene {
    /// Asks for an export; answers its id and its event's.
    pub(crate) async fn ask(&self) -> (Uuid, Uuid) {
        let id = Uuid::new_v4();
        (id, self.ask_for(id).await)
    }

    async fn ask_for(&self, id: Uuid) -> Uuid {
        self.stand
            .execute(
                "insert into account.exports (id, user_id, requested_at, requested_by) values ($1, $2, now(), $2)",
                &[&id, &self.ada],
            )
            .await;
        let data = json!({ "user_id": self.ada, "export_id": id });
        self.stand
            .fact(account::EXPORT_REQUESTED, self.ada, data)
            .await
    }

    pub(crate) fn file(&self, id: Uuid, name: &str) -> String {
        fs::read_to_string(self.stand.export_dir.join(id.to_string()).join(name)).unwrap()
    }
}

fn story(name: &str, dialled: &'static str, caller: &'static str) -> Story {
    Story {
        dialled,
        caller,
        report: analysis("success", "positive", Some(24000)),
        ..Story::new(name)
    }
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn an_export_holds_everything_of_ones_own_and_nothing_of_others() {
    let scene = Scene::set().await;
    let (own, foreign) = (
        story("own", NUMBERS[0], "+15105550100"),
        story("foreign", NUMBERS[1], "+15105550111"),
    );
    let events = [own.events(), foreign.events()].concat();
    scene.tell(&events).await;
    let noted = scene
        .stand
        .fact(
            account::PROFILE_CHANGED,
            scene.ada,
            json!({ "user_id": scene.ada, "changes": ["name"] }),
        )
        .await;
    let (id, event) = scene.ask().await;
    assert_eq!(scene.stand.settled(event, "export").await.state, "done");

    let stored = lines(&scene.file(id, "events.jsonl"));
    let ids: BTreeSet<&str> = stored
        .iter()
        .map(|event| event["id"].as_str().unwrap())
        .collect();
    let wanted: BTreeSet<String> = own
        .events()
        .iter()
        .map(|event| event.id().to_owned())
        .chain([noted.to_string(), event.to_string()])
        .collect();
    assert_eq!(ids, wanted.iter().map(String::as_str).collect());
    let joined = stored
        .iter()
        .find(|event| event["type"] == "io.livekit.participant_joined")
        .unwrap();
    assert_eq!(joined["specversion"], "1.0");
    assert_eq!(
        joined["data"]["room"]["sid"], "RM_own",
        "data is JSON, not a text: {joined}"
    );

    let calls = scene.file(id, "calls.csv");
    assert_eq!(calls.lines().count(), 2, "{calls}");
    assert!(
        calls.contains(",'+15105550100,") && calls.contains(",booked,"),
        "{calls}"
    );
    let clients = scene.file(id, "clients.csv");
    assert!(
        clients.contains(", ;'=HYPERLINK(1),") && clients.contains("\"Hello,\n\"\"you\"\"\""),
        "{clients}"
    );
    assert!(clients.contains("'+14155550123"), "{clients}");
    assert!(scene.file(id, "account.csv").contains("ada@example.com"));
    assert_eq!(scene.file(id, "invoices.csv").lines().count(), 1);
    for name in ["events.jsonl", "calls.csv", "clients.csv", "account.csv"] {
        let text = scene.file(id, name).to_lowercase();
        for foreign in ["mallory", "foreign", "5550199", "5550111"] {
            assert!(!text.contains(foreign), "{name}: {foreign}");
        }
    }
}

#[tokio::test]
async fn of_a_room_shared_with_others_an_export_holds_ones_own_events_alone() {
    let scene = Scene::set().await;
    let in_hall = |story: Story| Story {
        room: "hall".to_owned(),
        ..story
    };
    let own = in_hall(story("own", NUMBERS[0], "+15105550100"));
    let foreign = in_hall(story("foreign", NUMBERS[1], "+15105550111"));
    scene.tell(&[own.events(), foreign.events()].concat()).await;
    let (id, event) = scene.ask().await;
    assert_eq!(scene.stand.settled(event, "export").await.state, "done");
    let text = scene.file(id, "events.jsonl");
    let stored = lines(&text);
    let kinds = stored.iter().map(|event| event["type"].as_str().unwrap());
    let kinds: Vec<_> = kinds
        .filter(|kind| !kind.contains("export_requested"))
        .collect();
    assert_eq!(
        kinds,
        [
            "io.livekit.participant_joined",
            "io.livekit.participant_left",
            "dev.frontdesk.call.analysed.v1",
        ]
    );
    for foreign in ["foreign", "5550199", "5550111"] {
        assert!(!text.contains(foreign), "{foreign}: {text}");
    }
}

#[tokio::test]
async fn files_are_listed_told_of_by_mail_and_nobody_elses_to_read() {
    let scene = Scene::set().await;
    let (id, event) = scene.ask().await;
    scene.stand.settled(event, "export").await;
    let row = scene
        .stand
        .client
        .query_one(
            "select files, expires_at - ready_at = interval '7 days', user_id, failure from ops.exports where id = $1",
            &[&id],
        )
        .await
        .unwrap();
    let files: Value = row.get(0);
    assert!(row.get::<_, bool>(1));
    assert_eq!(
        (row.get::<_, Uuid>(2), row.get::<_, Option<String>>(3)),
        (scene.ada, None)
    );
    let folder = scene.stand.export_dir.join(id.to_string());
    assert_eq!(
        fs::metadata(&folder).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let names: Vec<&str> = files
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "events.jsonl",
            "account.csv",
            "clients.csv",
            "client_history.csv",
            "numbers.csv",
            "logins.csv",
            "sessions.csv",
            "members.csv",
            "invitations.csv",
            "api_keys.csv",
            "audit.csv",
            "calls.csv",
            "subscriptions.csv",
            "invoices.csv",
            "payments.csv"
        ]
    );
    for file in files.as_array().unwrap() {
        let path = folder.join(file["name"].as_str().unwrap());
        let bytes = fs::read(&path).unwrap();
        assert_eq!(file["bytes"], bytes.len());
        assert_eq!(file["sha256"], sha256(&bytes));
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let mail = scene.stand.mailbox.mail_to("ada@example.com").await;
    assert_eq!(mail.header("Subject"), ["Your data is ready"]);
    assert!(mail.text.contains(&format!("{HOME}/settings/data")));
    let ready = scene
        .stand
        .events(StreamName::Accounts)
        .await
        .pop()
        .unwrap();
    assert_eq!(
        (ready.kind(), ready.source()),
        (account::EXPORT_READY, "/frontdesk/workers")
    );
}

fn long_ago() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(bytes))
}

#[tokio::test]
async fn what_is_over_or_was_left_by_a_crash_is_swept_away() {
    let mut scene = Scene::set().await;
    let (id, event) = scene.ask().await;
    scene.stand.settled(event, "export").await;
    let (kept, kept_event) = scene.ask().await;
    scene.stand.settled(kept_event, "export").await;
    scene
        .stand
        .execute(
            "update ops.exports set expires_at = now() where id = $1",
            &[&id],
        )
        .await;
    let directory = scene.stand.export_dir.clone();
    let left = directory.join(format!("{}.part", Uuid::new_v4()));
    fs::create_dir(&left).unwrap();
    fs::File::open(&left)
        .unwrap()
        .set_modified(long_ago())
        .unwrap();
    let others = directory.join("somebody-elses.part");
    fs::create_dir(&others).unwrap();
    // Whole, and no row lists it: one of long ago, and one that may just be being made. The one that
    // is listed is as old.
    let (nameless, young) = (Uuid::new_v4(), Uuid::new_v4());
    for id in [nameless, young] {
        fs::create_dir(directory.join(id.to_string())).unwrap();
    }
    for id in [nameless, kept] {
        let folder = fs::File::open(directory.join(id.to_string())).unwrap();
        folder.set_modified(long_ago()).unwrap();
    }
    // Every process sweeps when it starts.
    scene.stand.start_workers().await;
    eventually("the files are gone", async || {
        let gone = [
            directory.join(id.to_string()),
            directory.join(nameless.to_string()),
            left.clone(),
        ];
        (!gone.iter().any(|place| place.exists())).then_some(())
    })
    .await;
    assert!(directory.join(young.to_string()).exists());
    eventually("and no row names them", async || {
        let sql = "select files = '[]' from ops.exports where id = $1";
        let row = scene.stand.client.query_one(sql, &[&id]).await.unwrap();
        row.get::<_, bool>(0).then_some(())
    })
    .await;
    assert!(directory.join(kept.to_string()).join("calls.csv").exists());
    assert!(others.exists());
}

#[tokio::test]
async fn a_directory_that_cannot_be_removed_stops_no_other() {
    let mut scene = Scene::set().await;
    let directory = scene.stand.export_dir.clone();
    let mut made = Vec::new();
    for _ in 0..4 {
        let (id, event) = scene.ask().await;
        scene.stand.settled(event, "export").await;
        made.push(id);
    }
    // A file in its place is refused to everybody, also to a superuser.
    let spoil = |id: Uuid| {
        let place = directory.join(id.to_string());
        fs::remove_dir_all(&place).unwrap();
        fs::write(&place, "").unwrap();
    };
    spoil(made[0]);
    spoil(made[2]);
    let end = "update ops.exports set expires_at = now() - $2::text::interval where id = $1";
    scene.stand.execute(end, &[&made[0], &"2 hours"]).await;
    scene.stand.execute(end, &[&made[1], &"1 hour"]).await;
    let left = directory.join(format!("{}.part", Uuid::new_v4()));
    fs::create_dir(&left).unwrap();
    fs::File::open(&left)
        .unwrap()
        .set_modified(long_ago())
        .unwrap();
    scene.stand.start_workers().await;
    eventually("the others are swept", async || {
        (!directory.join(made[1].to_string()).exists() && !left.exists()).then_some(())
    })
    .await;
    let sooner = "update ops.exports set expires_at = now() + interval '1 hour' where id = $1";
    scene.stand.execute(sooner, &[&made[2]]).await;
    let gone = json!({ "user_id": scene.ada });
    let event = scene.stand.fact(account::DELETED, scene.ada, gone).await;
    let effect = eventually("a try was in vain", async || {
        let effect = scene.stand.effect(event, "export").await?;
        effect.reason.is_some().then_some(effect)
    })
    .await;
    assert_eq!(effect.state, "claimed", "{effect:?}");
    assert!(!directory.join(made[3].to_string()).exists());
}

#[tokio::test]
async fn the_files_of_an_account_that_ends_go_with_it() {
    let scene = Scene::set().await;
    let (id, event) = scene.ask().await;
    scene.stand.settled(event, "export").await;
    let folder = scene.stand.export_dir.join(id.to_string());
    assert!(folder.exists());
    scene
        .stand
        .execute(
            "update account.users set deleted_at = now(), email = id::text where id = $1",
            &[&scene.ada],
        )
        .await;
    let gone = json!({ "user_id": scene.ada });
    let event = scene.stand.fact(account::DELETED, scene.ada, gone).await;
    assert_eq!(scene.stand.settled(event, "export").await.state, "done");
    assert!(!folder.exists());
    let sql = "select files = '[]' and expires_at <= now() from ops.exports where id = $1";
    let row = scene.stand.client.query_one(sql, &[&id]).await.unwrap();
    assert!(row.get::<_, bool>(0));
}

#[tokio::test]
async fn files_are_listed_before_they_have_their_name() {
    let scene = Scene::set().await;
    let id = Uuid::new_v4();
    // In the way of the renaming, so that it ends as with a crash before it.
    fs::create_dir_all(&scene.stand.export_dir).unwrap();
    let place = scene.stand.export_dir.join(id.to_string());
    fs::write(&place, "").unwrap();
    let event = scene.ask_for(id).await;
    eventually("a try was in vain", async || {
        let effect = scene.stand.effect(event, "export").await?;
        effect
            .reason
            .filter(|reason| reason.starts_with("naming an export"))
    })
    .await;
    let sql = "select files <> '[]' and ready_at is null and expires_at > now() from ops.exports where id = $1";
    let row = scene.stand.client.query_one(sql, &[&id]).await.unwrap();
    assert!(row.get::<_, bool>(0));
    fs::remove_file(&place).unwrap();
    assert_eq!(scene.stand.settled(event, "export").await.state, "done");
    let sql = "select ready_at is not null from ops.exports where id = $1";
    let row = scene.stand.client.query_one(sql, &[&id]).await.unwrap();
    assert!(row.get::<_, bool>(0) && place.join("account.csv").exists());
}

#[tokio::test]
async fn a_later_try_for_an_account_that_ended_removes_what_earlier_ones_made() {
    let mut scene = Scene::set().await;
    scene.stand.running.remove(0).stop().await;
    // A crash between the renaming and the outcome, and another one in the try after it.
    let id = Uuid::new_v4();
    let event = scene.ask_for(id).await;
    let places =
        [id.to_string(), format!("{id}.part")].map(|name| scene.stand.export_dir.join(name));
    for place in &places {
        fs::create_dir_all(place).unwrap();
        fs::write(place.join("account.csv"), "ada@example.com").unwrap();
    }
    scene
        .stand
        .execute(
            "insert into ops.exports (id, user_id, expires_at, files)
            values ($1, $2, now() + interval '7 days', '[{\"name\": \"account.csv\"}]')",
            &[&id, &scene.ada],
        )
        .await;
    let gone = "update account.users set deleted_at = now(), email = id::text where id = $1";
    scene.stand.execute(gone, &[&scene.ada]).await;
    scene.stand.start_workers().await;
    let effect = scene.stand.settled(event, "export").await;
    assert_eq!(effect.state, "discarded");
    for place in &places {
        assert!(!place.exists(), "{place:?}");
    }
    let sql = "select files = '[]' and expires_at <= now() from ops.exports where id = $1";
    let row = scene.stand.client.query_one(sql, &[&id]).await.unwrap();
    assert!(row.get::<_, bool>(0));
}

#[tokio::test]
async fn an_export_nobody_asked_for_or_of_an_account_that_is_gone_is_not_made() {
    let scene = Scene::set().await;
    let (id, event) = scene.ask().await;
    scene.stand.settled(event, "export").await;
    let eve = scene.stand.user("mallet").await;
    let mut events = Vec::new();
    // Another's export, and one that does not exist.
    for (user, export) in [(eve, id), (scene.ada, Uuid::new_v4())] {
        let data = json!({ "user_id": user, "export_id": export });
        events.push(
            scene
                .stand
                .fact(account::EXPORT_REQUESTED, user, data)
                .await,
        );
    }
    for event in events {
        assert_eq!(
            scene.stand.settled(event, "export").await.state,
            "discarded"
        );
    }
    let folders: Vec<_> = fs::read_dir(&scene.stand.export_dir).unwrap().collect();
    assert_eq!(folders.len(), 1);
    assert!(scene.file(id, "account.csv").contains("ada@example.com"));
}

#[tokio::test]
async fn an_export_that_cannot_be_made_is_given_up_and_its_owner_can_see_that() {
    let mut stand = Stand::without_workers(Mailbox::start().await).await;
    // A file where the directory should be.
    fs::write(&stand.export_dir, "").unwrap();
    let (ada, id) = (stand.user("ada").await, Uuid::new_v4());
    stand
        .execute(
            "insert into account.exports (id, user_id, requested_at, requested_by) values ($1, $2, now(), $2)",
            &[&id, &ada],
        )
        .await;
    let data = json!({ "user_id": ada, "export_id": id });
    let event = stand.fact(account::EXPORT_REQUESTED, ada, data).await;
    // All tries but the last, which would take hours to wait for.
    let key = format!("{event}/export");
    stand
        .execute(
            "insert into ops.effects (key, effect, state, attempts, claimed_at) values ($1, 'export', 'claimed', 5, now())",
            &[&key],
        )
        .await;
    stand.start_workers().await;
    let effect = stand.settled(event, "export").await;
    assert_eq!((effect.state.as_str(), effect.attempts), ("discarded", 6));
    let sql = "select failure, files = '[]' and ready_at is null from ops.exports where id = $1";
    let row = stand.client.query_one(sql, &[&id]).await.unwrap();
    assert!(row.get::<_, String>(0).contains("ask for them again"));
    assert!(row.get::<_, bool>(1));
    let letter = stand.messages(StreamName::Dead).await.remove(0);
    let reason = letter.envelope().unwrap().extension("deadreason").unwrap();
    assert!(
        reason.starts_with("given up: making the directory"),
        "{reason}"
    );
    fs::remove_file(&stand.export_dir).unwrap();
}
