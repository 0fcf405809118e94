//! Leaving: thirty days in which nothing is lost, and then an end that is whole.

use crate::{
    browser::{count, facts},
    person::{Answer, Person},
    stage::Stage,
};
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_api::{
    users::ending::{end_due, erase_files},
    viewer::Database,
};
use frontdesk_events::catalogue::account;
use frontdesk_process::{clock, files::Files};
use reqwest::Method;
use serde_json::{Value, json};
use std::{fs, path::PathBuf};
use uuid::Uuid;

async fn leave(person: &Person, email: &str) -> Answer {
    let body = json!({ "email": email });
    let path = "/api/users/account";
    person.send(Method::DELETE, path, Some(&body)).await
}

async fn keep(person: &Person) -> u16 {
    let answer = person
        .send(Method::POST, "/api/users/account/keep", None)
        .await;
    answer.status
}

async fn due(person: &Person) -> Value {
    person.json("/api/auth/me").await["user"]["deletion_due_at"].clone()
}

/// What the sweep does at an instant.
async fn sweep(stage: &Stage, now: DateTime<Utc>) -> u64 {
    let database = Database::open(&stage.database.url()).unwrap();
    let files = Files::open(&stage.files()).unwrap();
    let ended = end_due(&database, now).await.unwrap();
    // A store that is away keeps nobody from leaving.
    erase_files(&database, &files, now).await.unwrap();
    ended
}

fn in_a_month() -> DateTime<Utc> {
    clock::now() + TimeDelta::days(31)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_wants_to_leave_has_thirty_days_to_stay() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    assert_eq!(due(owner).await, Value::Null);
    let asked = leave(owner, " Olivia@example.com ").await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    let first = asked.json()["deletion_due_at"].clone();
    assert_eq!(due(owner).await, first);
    let days = first.as_str().unwrap().parse::<DateTime<Utc>>().unwrap() - clock::now();
    assert!((TimeDelta::days(29)..=TimeDelta::days(30)).contains(&days));
    let again = leave(owner, "olivia@example.com").await;
    assert_eq!(again.json()["deletion_due_at"], first, "the day stays");
    assert_eq!(sweep(&stage, clock::now() + TimeDelta::days(29)).await, 0);
    assert_eq!(due(owner).await, first);

    assert_eq!(keep(owner).await, 204);
    assert_eq!(keep(owner).await, 204, "twice is no mistake");
    assert_eq!(due(owner).await, Value::Null);
    assert_eq!(sweep(&stage, in_a_month()).await, 0);
    assert_eq!(
        facts(&stage).await,
        [account::DELETION_REQUESTED, account::DELETION_CANCELLED]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_wants_ones_own_address_a_fresh_proof_and_no_office() {
    let stage = Stage::set().await;
    let (owner, admin) = (stage.owner(), stage.admin().await);
    for wrong in ["", "x", "other@example.com", "olivia@example.com.x"] {
        let answer = leave(owner, wrong).await;
        assert_eq!(answer.status, 422, "{wrong}");
        assert_eq!(answer.json()["errors"][0]["field"], "email");
    }
    let sql = "select email from account.users where id = $1";
    let email: String = stage
        .client
        .query_one(sql, &[&admin.id])
        .await
        .unwrap()
        .get(0);
    let answer = leave(&admin, &email).await;
    assert_eq!(answer.status, 409);
    assert!(answer.text.contains("administrator"));
    // Who looks at somebody else's account leaves with their own.
    let reader = stage.member(owner.id, "reader").await;
    assert_eq!(leave(&reader, "olivia@example.com").await.status, 422);
    let sql = "update account.sessions set proven_at = now() - interval '16 minutes'";
    stage.client.batch_execute(sql).await.unwrap();
    assert_eq!(leave(owner, "olivia@example.com").await.status, 403);
    assert_eq!(
        count(&stage, "account.users where deletion_due_at is not null").await,
        0
    );
}

/// How many files are stored.
fn samples(stage: &Stage) -> usize {
    let mut found = 0;
    let mut open = vec![PathBuf::from(stage.files().file_store)];
    while let Some(path) = open.pop() {
        match fs::read_dir(&path) {
            Ok(inside) => open.extend(inside.map(|entry| entry.unwrap().path())),
            Err(_) => found += 1,
        }
    }
    found
}

/// Somebody with all that somebody can have; gives them, a member of theirs, and their client.
async fn a_full_life(stage: &Stage) -> (Person, Person, Uuid) {
    let ada = stage.person("ada").await;
    let client = stage.business(ada.id, "smile", "+12025550147").await;
    let mut sound = b"RIFF\x24\x08\0\0WAVEfmt ".to_vec();
    sound.resize(2048, 0);
    let path = format!("/api/clients/{client}/voice-sample");
    let upload = ada.request(Method::PUT, &path).body(sound);
    let upload = upload.header("content-type", "audio/wav");
    assert_eq!(upload.send().await.unwrap().status(), 200);
    assert_eq!(samples(stage), 1);
    let reader = stage.member(ada.id, "reader").await;
    let invited = json!({ "email": "grace@example.com", "role": "manager" });
    assert_eq!(
        ada.post("/api/members/invitations", &invited).await.status,
        201
    );
    let key = json!({ "name": "Till", "scopes": ["calls:read"] });
    assert_eq!(ada.post("/api/keys", &key).await.status, 201);
    let change = json!({ "email": "ada@new.example.com" });
    assert_eq!(ada.post("/api/users/email", &change).await.status, 202);
    // What log-in makes, which this test is not about, and a change of a client.
    let id = ada.id;
    let sql = format!(
        "insert into account.passwords (user_id, hash, changed_at) values ('{id}', 'x', now());
         insert into account.identities (provider, subject, user_id, email, linked_at)
            values ('google', '1', '{id}', 'ada@example.com', now());
         insert into account.second_factors (user_id, secret_sealed, created_at) values ('{id}', 'x', now());
         insert into account.recovery_codes (user_id, code_hash) values ('{id}', 'x');
         insert into account.refresh_tokens (token_hash, family, user_id, account_id, created_at, proven_at, expires_at)
            values ('x', gen_random_uuid(), '{id}', '{id}', now(), now(), now());
         insert into account.members (account_id, user_id, role, joined_at)
            select id, '{id}', 'manager', now() from account.users where email = 'olivia@example.com';
         insert into account.invitations (id, account_id, email, role, token_hash, invited_by, created_at, expires_at,
                accepted_at, accepted_by)
            select gen_random_uuid(), u.id, 'ada@example.com', 'manager', sha256(given.how::bytea), u.id, now(),
                now(), given.at, given.by_user
            from account.users u, (values ('joined', now(), '{id}'::uuid), ('asked', null, null)) given (how, at, by_user)
            where u.email = 'olivia@example.com';
         update account.clients set greeting = 'Hello', instructions = 'Be kind', transfer_number = '+12025550100'
            where id = '{client}';
         insert into account.client_changes (user_id, client_id, at, by_user, kind, changes, snapshot)
            values ('{id}', '{client}', now(), '{id}', 'edited', '{{\"greeting\": 1}}', '{{\"greeting\": \"Hello\"}}')"
    );
    stage.client.batch_execute(&sql).await.unwrap();
    (ada, reader, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_ends_leaves_no_person_behind() {
    let stage = Stage::set().await;
    let (ada, reader, client) = a_full_life(&stage).await;
    assert_eq!(
        reader.json("/api/auth/me").await["account"]["id"],
        json!(ada.id)
    );
    assert_eq!(leave(&ada, "ada@example.com").await.status, 200);
    assert_eq!(sweep(&stage, in_a_month()).await, 1);
    assert_eq!(sweep(&stage, in_a_month()).await, 0, "once");

    assert_eq!(ada.get("/api/auth/me").await.status, 401);
    let me = reader.json("/api/auth/me").await;
    assert_eq!(
        me["account"]["id"],
        json!(reader.id),
        "a member is back in their own account"
    );
    assert_eq!(me["accounts"].as_array().unwrap().len(), 1);
    let id = ada.id;
    for table in [
        "passwords",
        "identities",
        "second_factors",
        "recovery_codes",
        "refresh_tokens",
        "sessions",
        "mail_tokens",
        "api_keys",
        "members",
    ] {
        let rows = format!("account.{table} where user_id = '{id}'");
        assert_eq!(count(&stage, &rows).await, 0, "{table}");
    }
    for table in ["members", "invitations", "api_keys"] {
        let rows = format!("account.{table} where account_id = '{id}'");
        assert_eq!(count(&stage, &rows).await, 0, "{table}");
    }
    let invited = "account.invitations where email ilike 'ada@%'";
    assert_eq!(count(&stage, invited).await, 0, "of others, to her address");
    let blank = format!(
        "account.users where id = '{id}' and email = 'deleted-{id}@deleted.invalid' and name = 'Deleted user'
         and deleted_at is not null and deletion_due_at is null"
    );
    assert_eq!(count(&stage, &blank).await, 1);
    let blank = format!(
        "account.clients where id = '{client}' and name = 'Deleted' and greeting = '' and instructions = ''
         and transfer_number is null and deleted_at is not null"
    );
    assert_eq!(count(&stage, &blank).await, 1);
    let texts = format!(
        "account.client_changes where client_id = '{client}' and (changes, snapshot) <> ('{{}}', '{{}}')"
    );
    assert_eq!(count(&stage, &texts).await, 0);
    assert_eq!(
        count(
            &stage,
            &format!("account.client_changes where client_id = '{client}'")
        )
        .await,
        3,
        "the upload, the edit, the end"
    );

    let whereabouts = format!(
        "account.audit where (actor_id = '{id}' or user_id = '{id}' and actor_id is null)
         and (address is not null or user_agent is not null)"
    );
    assert_eq!(count(&stage, &whereabouts).await, 0);
    let acts = format!("account.audit where actor_id = '{id}' and act = 'member.invited'");
    assert_eq!(count(&stage, &acts).await, 1, "what was done stays");
    // Of who is still here nothing can be made to go, and of nobody what they did.
    let of_reader = format!(
        "insert into account.audit (at, actor_id, actor_kind, act, address) values (now(), '{0}', 'session', 'x', '::1')",
        reader.id
    );
    stage.execute(&of_reader).await;
    for rewriting in [
        format!(
            "update account.audit set address = null where actor_id = '{}'",
            reader.id
        ),
        format!("update account.audit set act = 'x' where actor_id = '{id}'"),
        format!("update account.audit set address = '::1' where actor_id = '{id}'"),
        "delete from account.audit".to_owned(),
    ] {
        let refused = stage.client.batch_execute(&rewriting).await.unwrap_err();
        assert!(
            format!("{refused:?}").contains("append-only"),
            "{rewriting}"
        );
    }

    assert_eq!(samples(&stage), 0);
    let told = facts(&stage).await;
    for kind in [
        account::NUMBER_RELEASED,
        account::CLIENT_DELETED,
        account::DELETED,
    ] {
        assert_eq!(
            told.iter().filter(|told| *told == kind).count(),
            1,
            "{kind}"
        );
    }
    let removed = told.iter().filter(|told| *told == account::MEMBER_REMOVED);
    assert_eq!(removed.count(), 2, "of hers, and she of another's");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_ended_account_had_is_free_for_others_who_keep_theirs() {
    let stage = Stage::set().await;
    let (ada, _, _) = a_full_life(&stage).await;
    let kept = stage
        .business(stage.owner().id, "kept", "+12025550148")
        .await;
    assert_eq!(leave(&ada, "ada@example.com").await.status, 200);
    assert_eq!(sweep(&stage, in_a_month()).await, 1);
    let numbers = stage.json("/api/clients").await["items"][0]["numbers"].clone();
    assert_eq!(numbers, json!(["+12025550148"]));
    let list = stage.json("/api/members").await;
    assert_eq!(
        list["members"].as_array().unwrap().len(),
        1,
        "she was a member here"
    );
    // Her number and her address can be had again.
    let sql = format!(
        "select set_config('app.user_id', '{}', false); set role frontdesk_api",
        stage.owner().id
    );
    stage.client.batch_execute(&sql).await.unwrap();
    let sql = "select account.assign_number('+12025550147', $1)";
    let said: String = stage.client.query_one(sql, &[&kept]).await.unwrap().get(0);
    assert_eq!(said, "assigned");
    stage.client.batch_execute("reset role").await.unwrap();
    let again = stage.person("ada2").await;
    let change = json!({ "email": "ada@example.com" });
    assert_eq!(again.post("/api/users/email", &change).await.status, 202);
    assert_eq!(
        facts(&stage).await.last().unwrap(),
        account::EMAIL_CHANGE_REQUESTED
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_is_whole_or_not_at_all_and_one_that_fails_stops_no_other() {
    let stage = Stage::set().await;
    let (ada, bob) = (stage.person("ada").await, stage.person("bob").await);
    stage.business(ada.id, "smile", "+12025550147").await;
    for (person, email) in [(&ada, "ada@example.com"), (&bob, "bob@example.com")] {
        assert_eq!(leave(person, email).await.status, 200);
    }
    // The last thing the end writes fails for Ada, as if the process had died there.
    let fail = format!(
        "create function fail() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
         create trigger fail before insert on account.audit for each row
            when (new.act = 'user.deleted' and new.user_id = '{}') execute function fail()",
        ada.id
    );
    stage.client.batch_execute(&fail).await.unwrap();
    assert_eq!(sweep(&stage, in_a_month()).await, 1);
    assert_eq!(bob.get("/api/auth/me").await.status, 401);
    assert_eq!(
        ada.json("/api/users/profile").await["name"],
        "ada",
        "nothing happened"
    );
    assert_eq!(
        count(&stage, "account.clients where deleted_at is not null").await,
        0
    );
    assert!(
        !facts(&stage)
            .await
            .contains(&account::NUMBER_RELEASED.to_owned())
    );
    stage
        .client
        .batch_execute("drop trigger fail on account.audit")
        .await
        .unwrap();
    assert_eq!(sweep(&stage, in_a_month()).await, 1);
    assert_eq!(ada.get("/api/auth/me").await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_keeps_nobody_and_is_emptied_when_it_is_back() {
    let stage = Stage::set().await;
    let (ada, _, _) = a_full_life(&stage).await;
    assert_eq!(leave(&ada, "ada@example.com").await.status, 200);
    let database = Database::open(&stage.database.url()).unwrap();
    let files = Files::open(&stage.files()).unwrap();
    assert_eq!(end_due(&database, in_a_month()).await.unwrap(), 1);
    assert_eq!(ada.get("/api/auth/me").await.status, 401);
    // A file where the directory of all samples is meant to be: nothing below it can be listed.
    let (place, aside) = (
        stage.directory().join("voice-samples"),
        stage.directory().join("aside"),
    );
    fs::rename(&place, &aside).unwrap();
    fs::write(&place, "in the way").unwrap();
    assert_eq!(
        erase_files(&database, &files, in_a_month()).await.unwrap(),
        0
    );
    fs::remove_file(&place).unwrap();
    fs::rename(&aside, &place).unwrap();
    assert_eq!(samples(&stage), 1);
    for erased in [1, 0] {
        assert_eq!(
            erase_files(&database, &files, in_a_month()).await.unwrap(),
            erased
        );
        assert_eq!(samples(&stage), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_end_an_account_once() {
    let stage = Stage::set().await;
    for number in 0..10 {
        let name = format!("p{number}");
        let person = stage.person(&name).await;
        assert_eq!(
            leave(&person, &format!("{name}@example.com")).await.status,
            200
        );
    }
    let ends = [0; 4].map(|_| sweep(&stage, in_a_month()));
    let ended: u64 = futures::future::join_all(ends).await.into_iter().sum();
    let rest = sweep(&stage, in_a_month()).await;
    assert_eq!(ended + rest, 10);
    let told = facts(&stage).await;
    assert_eq!(
        told.iter().filter(|kind| *kind == account::DELETED).count(),
        10
    );
}
