//! Members: invited by the owner, joined by the invited person alone, and what they may do changes at
//! once.

use crate::{
    browser::{count, facts, mailed, token},
    person::{Answer, Person},
    stage::Stage,
};
use frontdesk_events::catalogue::account;
use frontdesk_harness::eventually;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

async fn invite(owner: &Person, email: &str, role: &str) -> Answer {
    let body = json!({ "email": email, "role": role });
    owner.post("/api/members/invitations", &body).await
}

/// Invites somebody and gives what the mail's link carries.
async fn link(stage: &Stage, email: &str, role: &str) -> String {
    let invited = invite(stage.owner(), email, role).await;
    assert_eq!(invited.status, 201, "{}", invited.text);
    mailed(stage, account::MEMBER_INVITED).await
}

async fn show(person: &Person, token: &str) -> Answer {
    person
        .post("/api/invitations/show", &json!({ "token": token }))
        .await
}

async fn accept(person: &Person, token: &str) -> Answer {
    person
        .post("/api/invitations/accept", &json!({ "token": token }))
        .await
}

fn kind(answer: &Answer) -> String {
    let kind = answer.json()["type"].as_str().unwrap().to_owned();
    kind.rsplit(':').next().unwrap().to_owned()
}

async fn acting(person: &Person) -> (Value, Value) {
    let account = person.json("/api/auth/me").await["account"].clone();
    (account["id"].clone(), account["role"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_gets_few_mails_however_many_accounts_invite_them() {
    let stage = Stage::set().await;
    for number in 0..7 {
        let owner = stage.person(&format!("owner{number}")).await;
        let invited = invite(&owner, "Stranger@home.example.com", "reader").await;
        let is_sent = number < 5;
        let status = if is_sent { 201 } else { 429 };
        assert_eq!(invited.status, status, "{}", invited.text);
        let list = owner.json("/api/members").await;
        let open = list["invitations"].as_array().unwrap().len();
        assert_eq!(open, usize::from(is_sent), "what is not sent is not made");
    }
    assert_eq!(
        facts(&stage).await,
        [account::MEMBER_INVITED; 5],
        "each fact is a mail"
    );
    let noted = "account.audit where act = 'member.invited'";
    assert_eq!(count(&stage, noted).await, 5);
    link(&stage, "other@home.example.com", "reader").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_person_joins_and_acts_for_the_account() {
    let stage = Stage::set().await;
    let (owner, grace) = (stage.owner(), stage.person("grace").await);
    let token = link(&stage, "Grace@example.com", "manager").await;
    let list = owner.json("/api/members").await;
    assert_eq!(list["members"][0]["role"], "owner");
    assert_eq!(list["invitations"][0]["email"], "grace@example.com");

    let shown = show(&grace, &token).await.json();
    assert_eq!(shown["account_name"], "olivia");
    assert_eq!(
        (&shown["email"], &shown["role"]),
        (&json!("grace@example.com"), &json!("manager"))
    );
    let joined = accept(&grace, &token).await;
    assert_eq!(joined.status, 200, "{}", joined.text);
    assert_eq!(joined.json()["account"]["id"], json!(owner.id));
    assert_eq!(acting(&grace).await, (json!(owner.id), json!("manager")));
    let list = grace.json("/api/members").await;
    assert_eq!(list["members"][1]["email"], "grace@example.com");
    assert_eq!(list["invitations"], json!([]));
    for answer in [accept(&grace, &token).await, show(&grace, &token).await] {
        assert_eq!(
            (answer.status, kind(&answer).as_str()),
            (409, "already-used")
        );
    }
    assert_eq!(
        facts(&stage).await,
        [account::MEMBER_INVITED, account::MEMBER_JOINED]
    );
    let acts = owner.json("/api/audit").await["items"].clone();
    assert_eq!(acts[0]["act"], "member.joined");
    assert_eq!(acts[0]["actor"]["name"], "grace");
    assert_eq!(acts[1]["act"], "member.invited");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_is_for_the_address_it_was_sent_to() {
    let stage = Stage::set().await;
    let (mallory, grace) = (stage.person("mallory").await, stage.person("grace").await);
    let token = link(&stage, "grace@example.com", "reader").await;
    let answer = accept(&mallory, &token).await;
    assert_eq!(
        (answer.status, kind(&answer).as_str()),
        (403, "other-address")
    );
    let answer = accept(stage.owner(), &token).await;
    assert_eq!(
        (answer.status, kind(&answer).as_str()),
        (403, "other-address")
    );
    let nobody = stage
        .request(Method::POST, "/api/invitations/accept")
        .json(&json!({ "token": token }))
        .send()
        .await
        .unwrap();
    assert_eq!(nobody.status(), 401);
    assert_eq!(
        accept(&grace, &token).await.status,
        200,
        "it was not used up by them"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_acceptances_at_once_one_wins_and_the_other_is_told() {
    let stage = Stage::set().await;
    let grace = stage.person("grace").await;
    let again = stage.sign_in(grace.id).await;
    let token = link(&stage, "grace@example.com", "reader").await;
    let (one, other) = tokio::join!(accept(&grace, &token), accept(&again, &token));
    let mut answers = [one.status, other.status];
    answers.sort_unstable();
    assert_eq!(answers, [200, 409]);
    let lost = if one.status == 409 { one } else { other };
    assert_eq!(kind(&lost), "already-used");
    let told = facts(&stage).await;
    assert_eq!(
        told.iter()
            .filter(|kind| *kind == account::MEMBER_JOINED)
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_with_a_later_one_with_time_and_when_it_is_taken_back() {
    let stage = Stage::set().await;
    let (owner, grace) = (stage.owner(), stage.person("grace").await);
    let replaced = link(&stage, "grace@example.com", "reader").await;
    let over = link(&stage, "GRACE@example.com", "manager").await;
    let open = owner.json("/api/members").await["invitations"].clone();
    assert_eq!(open.as_array().unwrap().len(), 1, "one an address");
    stage
        .client
        .batch_execute("update account.invitations set expires_at = now()")
        .await
        .unwrap();
    let revoked = link(&stage, "grace@example.com", "reader").await;
    let id = owner.json("/api/members").await["invitations"][0]["id"].clone();
    let path = format!("/api/members/invitations/{}", id.as_str().unwrap());
    assert_eq!(owner.delete(&path).await.status, 204);
    assert_eq!(owner.delete(&path).await.status, 404);
    for token in [
        &replaced,
        &over,
        &revoked,
        &token(Uuid::nil()),
        &"x".repeat(4000),
    ] {
        for answer in [accept(&grace, token).await, show(&grace, token).await] {
            assert_eq!((answer.status, kind(&answer).as_str()), (410, "link-over"));
        }
    }
    let last = link(&stage, "grace@example.com", "reader").await;
    let suspend =
        "update account.users set suspended_at = now() where email = 'olivia@example.com'";
    stage.client.batch_execute(suspend).await.unwrap();
    assert_eq!(
        accept(&grace, &last).await.status,
        410,
        "a suspended account takes nobody in"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_one_cannot_invite() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    let grace = stage.person("grace").await;
    for (email, role, field) in [
        ("", "reader", "email"),
        ("grace", "reader", "email"),
        ("grace@example.com\r\nBcc: x@example.com", "reader", "email"),
        ("Olivia@example.com", "reader", "email"),
        ("grace@example.com", "owner", "role"),
        ("grace@example.com", "admin", "role"),
        ("grace@example.com", "", "role"),
    ] {
        let answer = invite(owner, email, role).await;
        assert_eq!(answer.status, 422, "{email} {role}");
        assert_eq!(answer.json()["errors"][0]["field"], field);
    }
    let token = link(&stage, "grace@example.com", "reader").await;
    assert_eq!(accept(&grace, &token).await.status, 200);
    let answer = invite(owner, "grace@example.com", "manager").await;
    assert_eq!(
        (answer.status, kind(&answer).as_str()),
        (409, "already-member")
    );
    for number in 0..19 {
        let answer = invite(owner, &format!("p{number}@example.com"), "reader").await;
        assert_eq!(answer.status, 201);
    }
    assert_eq!(invite(owner, "p20@example.com", "reader").await.status, 429);
    let earlier = "update account.invitations set created_at = now() - interval '25 h'";
    stage.client.batch_execute(earlier).await.unwrap();
    let fill = format!(
        "with made as (insert into account.users (id, email, name, billing_key)
            select gen_random_uuid(), 'm' || n || '@example.com', 'm', 'm' || n from generate_series(1, 30) n returning id)
         insert into account.members (account_id, user_id, role, joined_at) select '{}', id, 'reader', now() from made",
        owner.id
    );
    stage.client.batch_execute(&fill).await.unwrap();
    let answer = invite(owner, "p20@example.com", "reader").await;
    assert_eq!(
        (answer.status, kind(&answer).as_str()),
        (409, "member-limit")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_counts_from_the_next_request_on() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    let member = stage.member(owner.id, "reader").await;
    let path = format!("/api/members/{}", member.id);
    let role = |role: &str| json!({ "role": role });
    assert_eq!(owner.put(&path, &role("manager")).await.status, 204);
    assert_eq!(acting(&member).await, (json!(owner.id), json!("manager")));
    for bad in ["owner", "admin", "", "Reader"] {
        assert_eq!(owner.put(&path, &role(bad)).await.status, 422, "{bad}");
    }
    let own = format!("/api/members/{}", owner.id);
    assert_eq!(
        owner.put(&own, &role("reader")).await.status,
        404,
        "the owner stays the owner"
    );
    assert_eq!(owner.delete(&own).await.status, 404);
    assert_eq!(owner.delete(&path).await.status, 204);
    assert_eq!(
        acting(&member).await,
        (json!(member.id), json!("owner")),
        "back in their own"
    );
    assert_eq!(owner.delete(&path).await.status, 404);
    assert_eq!(
        facts(&stage).await,
        [account::MEMBER_CHANGED, account::MEMBER_REMOVED]
    );

    let leaver = stage.member(owner.id, "manager").await;
    let own = format!("/api/members/{}", leaver.id);
    assert_eq!(leaver.delete(&own).await.status, 204);
    assert_eq!(acting(&leaver).await.0, json!(leaver.id));
    assert_eq!(
        owner.json("/api/audit").await["items"][0]["act"],
        "member.left"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn members_decide_about_nobody_and_strangers_see_nobody() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    let (manager, reader) = (
        stage.member(owner.id, "manager").await,
        stage.member(owner.id, "reader").await,
    );
    let stranger = stage.person("stranger").await;
    link(&stage, "grace@example.com", "reader").await;
    let invitation = owner.json("/api/members").await["invitations"][0]["id"].clone();
    let invitation = format!("/api/members/invitations/{}", invitation.as_str().unwrap());
    for member in [&manager, &reader] {
        assert_eq!(
            member.json("/api/members").await,
            owner.json("/api/members").await
        );
        let other = if member.id == manager.id {
            &reader
        } else {
            &manager
        };
        let path = format!("/api/members/{}", other.id);
        assert_eq!(invite(member, "x@example.com", "reader").await.status, 403);
        assert_eq!(
            member.put(&path, &json!({ "role": "reader" })).await.status,
            403
        );
        assert_eq!(member.delete(&path).await.status, 403);
        assert_eq!(member.delete(&invitation).await.status, 403);
        let own = format!("/api/members/{}", member.id);
        assert_eq!(
            member.put(&own, &json!({ "role": "manager" })).await.status,
            403
        );
    }
    // The second tenant: an account with a member of its own.
    let theirs = stage.member(stranger.id, "reader").await;
    let list = stranger.json("/api/members").await;
    let ids: Vec<_> = list["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["user_id"].clone())
        .collect();
    assert_eq!(ids, [json!(stranger.id), json!(theirs.id)]);
    assert_eq!(list["invitations"], json!([]));
    let path = format!("/api/members/{}", reader.id);
    assert_eq!(
        stranger
            .put(&path, &json!({ "role": "manager" }))
            .await
            .status,
        404
    );
    assert_eq!(stranger.delete(&path).await.status, 404);
    assert_eq!(stranger.delete(&invitation).await.status, 404);
    assert_eq!(
        owner.json("/api/members").await["members"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(stranger.delete("/api/members/1").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_join_and_as_what_is_decided_with_a_fresh_proof() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    let member = stage.member(owner.id, "reader").await;
    let path = format!("/api/members/{}", member.id);
    let role = json!({ "role": "manager" });
    let age = "update account.sessions set proven_at = now() - interval '16 minutes'";
    stage.client.batch_execute(age).await.unwrap();
    for answer in [
        invite(owner, "grace@example.com", "reader").await,
        owner.put(&path, &role).await,
    ] {
        assert_eq!(
            (answer.status, kind(&answer).as_str()),
            (403, "proof-needed")
        );
    }
    assert!(facts(&stage).await.is_empty());
    // Sending somebody away is no danger, and may be urgent.
    assert_eq!(owner.delete(&path).await.status, 204);
}

/// Until a request waits for a row that somebody else has.
async fn somebody_waits(stage: &Stage) {
    let waiting = "select exists (select from pg_stat_activity
                   where datname = current_database() and wait_event_type = 'Lock')";
    eventually("somebody waits", async || {
        let row = stage.client.query_one(waiting, &[]).await.unwrap();
        row.get::<_, bool>(0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_meanwhile_invites_nobody_and_changes_nobody() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    let member = stage.member(owner.id, "reader").await;
    let path = format!("/api/members/{}", member.id);
    let mut other = stage.database.client().await;
    for what in ["invite", "change"] {
        let ending = other.transaction().await.unwrap();
        // As signing out everywhere does, which has not come to its end yet.
        let sql = format!(
            "delete from account.sessions where user_id = '{}'",
            owner.id
        );
        ending.batch_execute(&sql).await.unwrap();
        let asked = async {
            match what {
                "invite" => invite(owner, "grace@example.com", "reader").await.status,
                _ => owner.put(&path, &json!({ "role": "manager" })).await.status,
            }
        };
        let end = async {
            somebody_waits(&stage).await;
            ending.rollback().await.unwrap();
        };
        let (status, ()) = tokio::join!(asked, end);
        // Nobody signed out after all.
        assert!([201, 204].contains(&status), "{what}: {status}");
    }
    let ending = other.transaction().await.unwrap();
    let sql = format!(
        "delete from account.sessions where user_id = '{}'",
        owner.id
    );
    ending.batch_execute(&sql).await.unwrap();
    let asked = invite(owner, "late@example.com", "reader");
    let end = async {
        somebody_waits(&stage).await;
        ending.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(asked, end);
    assert_eq!(answer.status, 401, "{}", answer.text);
    let open = count(
        &stage,
        "account.invitations where email = 'late@example.com'",
    )
    .await;
    assert_eq!(open, 0);
}
