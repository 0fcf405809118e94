//! Passwords changed by who knows the one before, and set anew by who reads the mailbox: afterwards
//! nothing that somebody else opened is left.

use crate::{
    browser::{Browser, PASSWORD, address, count, facts, mailed, token, wanted},
    stage::Stage,
};
use frontdesk_harness::eventually;
use futures::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

const ANOTHER: &str = "four bells by ten";
const REQUESTED: &str = "dev.frontdesk.user.password_reset_requested.v1";
const CHANGED: &str = "dev.frontdesk.user.password_changed.v1";
const CHANGE: &str = "/api/auth/password/change";
const RESET: &str = "/api/auth/password/reset";

fn changing(from: &str, to: &str) -> Value {
    json!({ "current_password": from, "password": to })
}

/// Forgets the password of `ada`; gives what the mail's link carries. The answer comes before it is
/// written.
pub(crate) async fn forget(stage: &Stage) -> String {
    let links = "account.mail_tokens where purpose = 'reset_password'";
    let before = count(stage, links).await;
    let asked = stage
        .browser()
        .post(
            "/api/auth/password/forgot",
            json!({ "email": address("ada") }),
        )
        .await;
    assert_eq!((asked.status, asked.text.as_str()), (202, "{}"));
    eventually("a link is on its way", async || {
        (count(stage, links).await > before).then_some(())
    })
    .await;
    mailed(stage, REQUESTED).await
}

async fn reset(stage: &Stage, token: &str, password: &str) -> u16 {
    let body = json!({ "token": token, "password": password });
    stage.browser().post(RESET, body).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_ends_links_and_forgets_none() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    browser.sign_up(&stage, "ada").await;
    let ask = async |browser: &mut Browser, name: &str| {
        let body = json!({ "email": address(name) });
        browser.post("/api/users/email", body).await.status
    };
    for number in 0..5 {
        assert_eq!(ask(&mut browser, &format!("ada{number}")).await, 202);
    }
    let link = mailed(&stage, "dev.frontdesk.user.email_change_requested.v1").await;
    let changed = browser.post(CHANGE, changing(PASSWORD, ANOTHER)).await;
    assert_eq!(changed.status, 204);
    let body = json!({ "token": link });
    let confirmed = browser.post("/api/users/email/confirm", body).await;
    assert_eq!(confirmed.status, 410);
    assert_eq!(
        ask(&mut browser, "ada5").await,
        429,
        "strangers get no more mails for it"
    );
    // The mail that tells the address before of a change asks which one it was.
    let known = "account.mail_tokens where purpose = 'change_email' and old_email is not null";
    assert_eq!(count(&stage, known).await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_signs_out_everywhere_else() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    browser.sign_up(&stage, "ada").await;
    let mut other = stage.browser();
    other.log_in("ada", PASSWORD).await;
    let before = browser.clone();
    let answer = browser.post(CHANGE, changing(PASSWORD, ANOTHER)).await;
    assert_eq!(
        (answer.status, answer.text.as_str()),
        (204, ""),
        "{}",
        answer.text
    );
    assert!(browser.me().await.is_some(), "who changed it stays");
    assert_ne!(browser.cookies["session"], before.cookies["session"]);
    assert_eq!(before.clone().me().await, None, "with another secret");
    assert_eq!(other.me().await, None);
    assert_eq!(other.log_in("ada", PASSWORD).await.status, 401);
    assert_eq!(other.log_in("ada", ANOTHER).await.status, 200);
    assert!(facts(&stage).await.contains(&CHANGED.to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_by_who_knows_the_one_before() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    browser.sign_up(&stage, "ada").await;
    for (body, field) in [
        (changing("not the password", ANOTHER), "current_password"),
        (json!({ "password": ANOTHER }), "current_password"),
        (changing(PASSWORD, "short"), "password"),
        (changing(PASSWORD, "iloveyou"), "password"),
        (changing(PASSWORD, "ada@example.com"), "password"),
        (changing(PASSWORD, PASSWORD), "password"),
        (changing(ANOTHER, ANOTHER), "current_password"),
    ] {
        let answer = browser.post(CHANGE, body.clone()).await;
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["field"]),
            (422, &json!(field)),
            "{body}"
        );
    }
    let mut guessing = browser.clone();
    for _ in 0..3 {
        guessing
            .post(CHANGE, changing("not the password", ANOTHER))
            .await;
    }
    assert_eq!(stage.lengthen_waits().await, 1);
    let waiting = guessing.post(CHANGE, changing(PASSWORD, ANOTHER)).await;
    assert_eq!(waiting.status, 429, "guessing is counted");
    let nobody = stage
        .browser()
        .post(CHANGE, changing(PASSWORD, ANOTHER))
        .await;
    assert_eq!(nobody.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_changes_at_once_one_wins_and_the_other_is_told() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    browser.sign_up(&stage, "ada").await;
    let other = stage.browser();
    let mut browsers = vec![browser, other];
    browsers[1].log_in("ada", PASSWORD).await;
    let changes = browsers.into_iter().zip(["one of two", "two of two"]);
    let answers = join_all(changes.map(|(mut browser, to)| async move {
        browser.post(CHANGE, changing(PASSWORD, to)).await.status
    }));
    let mut statuses = answers.await;
    statuses.sort_unstable();
    // The other's session ended with the change, before it was looked at or after.
    assert_eq!(statuses[0], 204, "{statuses:?}");
    assert!([401, 422].contains(&statuses[1]), "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_password_sets_one_with_a_fresh_proof() {
    let stage = Stage::set().await;
    let person = stage.person("without").await;
    stage
        .execute("update account.sessions set proven_at = now() - interval '16 min'")
        .await;
    let refused = person.post(CHANGE, &json!({ "password": ANOTHER })).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["type"], "urn:frontdesk:problem:proof-needed");
    stage
        .execute("update account.sessions set proven_at = now()")
        .await;
    let set = person.post(CHANGE, &json!({ "password": ANOTHER })).await;
    assert_eq!(set.status, 204);
    assert_eq!(stage.browser().log_in("without", ANOTHER).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_of_the_mailbox_takes_the_account_back_and_nothing_of_an_attacker_survives() {
    let stage = Stage::set().await;
    let mut owner = stage.browser();
    let id = owner.sign_up(&stage, "ada").await;
    let mut attacker = stage.browser();
    attacker.log_in("ada", PASSWORD).await;
    let arrange = format!(
        "with key as (
            insert into account.api_keys (id, prefix, key_hash, name, user_id, account_id, scopes, created_at)
            values (gen_random_uuid(), 'fd_abc', sha256('k'), 'a back door', '{id}', '{id}', '{{calls:read}}', now())
        ), refresh as (
            insert into account.refresh_tokens (token_hash, family, user_id, account_id, created_at, proven_at, expires_at)
            values (sha256('r'), gen_random_uuid(), '{id}', '{id}', now(), now(), now() + interval '30 d')
        ), identities as (
            insert into account.identities (provider, subject, user_id, email, linked_at) values
                ('google', 'of the owner', '{id}', 'ADA@example.com', now()),
                ('github', 'of the attacker', '{id}', 'mallory@example.com', now())
        )
        insert into account.mail_tokens (id, token_hash, user_id, purpose, email, created_at, expires_at)
        values (gen_random_uuid(), sha256('m'), '{id}', 'change_email', 'mallory@example.com', now(), now() + interval '1 h')"
    );
    stage.execute(&arrange).await;
    let other = forget(&stage).await;
    let token = forget(&stage).await;
    assert_eq!(reset(&stage, &token, ANOTHER).await, 204);
    assert_eq!((owner.me().await, attacker.me().await), (None, None));
    assert_eq!(attacker.log_in("ada", PASSWORD).await.status, 401);
    for left in [
        "account.refresh_tokens",
        "account.mail_tokens where used_at is null",
        "account.api_keys where revoked_at is null",
        "account.identities where provider = 'github'",
    ] {
        assert_eq!(count(&stage, left).await, 0, "{left}");
    }
    assert_eq!(
        count(&stage, "account.identities where provider = 'google'").await,
        1
    );
    assert_eq!(
        reset(&stage, &other, "five bells by one").await,
        410,
        "a link asked for before"
    );
    let told = facts(&stage).await;
    for kind in [
        CHANGED,
        "dev.frontdesk.key.revoked.v1",
        "dev.frontdesk.user.identity_unlinked.v1",
    ] {
        assert!(told.contains(&kind.to_owned()), "{kind}");
    }
    assert_eq!(owner.log_in("ada", ANOTHER).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_just_logging_in_does_not_outlive_a_reset() {
    let stage = Stage::set().await;
    let id = stage.browser().sign_up(&stage, "ada").await;
    let sessions = format!("account.sessions where user_id = '{id}'");
    let mut password = PASSWORD.to_owned();
    for round in 0..4 {
        let link = forget(&stage).await;
        let another = format!("password of round {round}");
        let old = password.clone();
        let logging_in = (0..4).map(|_| {
            let (mut browser, old) = (stage.browser(), old.clone());
            async move { browser.log_in("ada", &old).await.status }
        });
        let (done, _) = tokio::join!(reset(&stage, &link, &another), join_all(logging_in));
        assert_eq!(done, 204);
        // Whoever was first is signed out, whoever was later is not let in.
        assert_eq!(count(&stage, &sessions).await, 0);
        stage.execute("delete from account.login_failures").await;
        password = another;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_made_at_the_last_moment_does_not_outlive_a_reset() {
    let stage = Stage::set().await;
    let mut attacker = stage.browser();
    attacker.sign_up(&stage, "ada").await;
    let link = forget(&stage).await;
    let keys = join_all((0..8).map(|number| {
        let mut browser = attacker.clone();
        let wanted = json!({ "name": format!("key {number}"), "scopes": ["calls:read"] });
        async move { browser.post("/api/keys", wanted).await.status }
    }));
    let (done, made) = tokio::join!(reset(&stage, &link, ANOTHER), keys);
    assert_eq!(done, 204);
    assert!(
        made.iter().all(|status| [201, 401].contains(status)),
        "{made:?}"
    );
    assert_eq!(
        count(&stage, "account.api_keys where revoked_at is null").await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_sets_a_password_once_however_many_bring_it() {
    let stage = Stage::set().await;
    stage.browser().sign_up(&stage, "ada").await;
    let token = forget(&stage).await;
    // A bad password does not use it up.
    for bad in ["short", "password1", "ada@example.com"] {
        assert_eq!(reset(&stage, &token, bad).await, 422, "{bad}");
    }
    let passwords = (0..6).map(|number| format!("number {number} of many"));
    let mut statuses = join_all(passwords.map(|password| {
        let (stage, token) = (&stage, &token);
        async move { reset(stage, token, &password).await }
    }))
    .await;
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 410, 410, 410, 410, 410]);
    assert_eq!(reset(&stage, &token, ANOTHER).await, 410);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_over_when_it_is_old_or_for_something_else() {
    let stage = Stage::set().await;
    let id = stage.browser().sign_up(&stage, "ada").await;
    for none in ["", "x", "\0", &token(Uuid::new_v4())] {
        assert_eq!(reset(&stage, none, ANOTHER).await, 410, "{none:?}");
    }
    for over in [
        "update account.mail_tokens set expires_at = now() - interval '1 s'",
        "update account.mail_tokens set purpose = 'change_email'",
        "update account.mail_tokens set used_at = now()",
        // It was sent to an address that is the account's no more.
        "update account.mail_tokens set email = 'before@example.com'",
        "update account.users set deleted_at = now() where email = 'ada@example.com'",
    ] {
        let token = forget(&stage).await;
        stage.execute(over).await;
        assert_eq!(reset(&stage, &token, ANOTHER).await, 410, "{over}");
        stage
            .execute("update account.users set deleted_at = null")
            .await;
        stage.execute("delete from account.mail_tokens").await;
    }
    let signup = "select count(*) from account.passwords where user_id = $1 and changed_at > now() - interval '1 h'";
    let kept: i64 = stage.client.query_one(signup, &[&id]).await.unwrap().get(0);
    assert_eq!(kept, 1);
    assert_eq!(stage.browser().log_in("ada", PASSWORD).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_under_way_does_not_outlive_a_change() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    browser.sign_up(&stage, "ada").await;
    let token = forget(&stage).await;
    assert_eq!(
        browser
            .post(CHANGE, changing(PASSWORD, ANOTHER))
            .await
            .status,
        204
    );
    assert_eq!(reset(&stage, &token, "five bells by one").await, 410);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_ends_the_wait_of_its_owner_and_gives_a_password_to_who_had_none() {
    let stage = Stage::set().await;
    let mut browser = stage.browser();
    browser.sign_up(&stage, "ada").await;
    for _ in 0..5 {
        browser.log_in("ada", "not the password").await;
    }
    assert_eq!(stage.lengthen_waits().await, 1);
    assert_eq!(browser.log_in("ada", PASSWORD).await.status, 429);
    stage.execute("delete from account.passwords").await;
    let token = forget(&stage).await;
    assert_eq!(reset(&stage, &token, ANOTHER).await, 204);
    assert_eq!(stage.browser().log_in("ada", ANOTHER).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_is_not_filled_with_links_and_nobody_is_told() {
    let stage =
        Stage::set_with(|args| args.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    let mut own = stage.browser().from("198.51.100.7");
    own.sign_up(&stage, "ada").await;
    let ask = async |mut browser: Browser, name: &str| {
        let body = json!({ "email": address(name) });
        browser.post("/api/auth/password/forgot", body).await.status
    };
    for number in 0..8 {
        let elsewhere = stage.browser().from(&format!("203.0.{number}.1"));
        assert_eq!(ask(elsewhere, "ada").await, 202);
    }
    let sent = async || {
        let told = facts(&stage).await;
        told.iter().filter(|kind| *kind == REQUESTED).count()
    };
    eventually("five mails", async || (sent().await >= 5).then_some(())).await;
    let mut statuses = Vec::new();
    for number in 0..12 {
        let one_range = stage.browser().from("192.0.2.1");
        statuses.push(ask(one_range, &format!("person{number}")).await);
    }
    assert_eq!(statuses[..10], [202; 10]);
    assert_eq!(statuses[10..], [429, 429]);
    assert_eq!(sent().await, 5, "beside the mail of the sign-up");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_up_over_and_over_gets_a_link_to_a_new_password_all_the_same() {
    let stage =
        Stage::set_with(|args| args.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    let mut own = stage.browser().from("198.51.100.7");
    own.sign_up(&stage, "ada").await;
    for number in 0..8 {
        let mut stranger = stage.browser().from(&format!("203.0.{number}.1"));
        let asked = stranger.post("/api/auth/signup", wanted("ada")).await;
        assert_eq!(asked.status, 202);
    }
    let link = forget(&stage).await;
    assert_eq!(reset(&stage, &link, ANOTHER).await, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_takes_open_invitations_back() {
    let stage = Stage::set().await;
    let mut attacker = stage.browser();
    attacker.sign_up(&stage, "ada").await;
    let invited = json!({ "email": "mallory@example.com", "role": "manager" });
    let invited = attacker.post("/api/members/invitations", invited).await;
    assert_eq!(invited.status, 201, "{}", invited.text);
    let invitation = mailed(&stage, "dev.frontdesk.member.invited.v1").await;
    let link = forget(&stage).await;
    assert_eq!(reset(&stage, &link, ANOTHER).await, 204);
    let mallory = stage.person("mallory").await;
    let body = json!({ "token": invitation });
    let late = mallory.post("/api/invitations/accept", &body).await;
    assert_eq!(late.status, 410, "{}", late.text);
    let noted = "account.audit where act = 'invitation.revoked'";
    assert_eq!(count(&stage, noted).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_answered_before_anybody_has_looked() {
    let stage = Stage::set().await;
    stage.browser().sign_up(&stage, "ada").await;
    // Whoever looks has to wait for this; who asks does not.
    let mut other = stage.database.client().await;
    let held = other.transaction().await.unwrap();
    held.batch_execute("lock table account.mail_tokens in access exclusive mode")
        .await
        .unwrap();
    for name in ["ada", "nobody"] {
        let body = json!({ "email": address(name) });
        let asked = stage
            .browser()
            .post("/api/auth/password/forgot", body)
            .await;
        assert_eq!((asked.status, asked.text.as_str()), (202, "{}"), "{name}");
    }
    held.commit().await.unwrap();
    eventually("the link is on its way", async || {
        (count(&stage, "account.mail_tokens").await == 1).then_some(())
    })
    .await;
}
