//! Administration: for administrators alone, and nobody else can tell what is there.

use crate::{
    browser::{PASSWORD, count, facts},
    person::{Answer, Person, read},
    stage::Stage,
};
use frontdesk_api::{UsersCommand, users_command};
use frontdesk_events::catalogue::account;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Every route, with an id in it where it has one.
fn routes(id: &str) -> Vec<(Method, String)> {
    let mut all = Vec::new();
    for path in ["users", "clients", "audit", "audit.csv"] {
        all.push((Method::GET, format!("/api/admin/{path}")));
    }
    all.push((Method::GET, format!("/api/admin/users/{id}")));
    for act in ["suspend", "resume", "promote", "demote"] {
        all.push((Method::POST, format!("/api/admin/users/{id}/{act}")));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn to_all_others_every_path_says_the_same() {
    let stage = Stage::set().await;
    let owner = stage.owner();
    let members = [
        stage.member(owner.id, "manager").await,
        stage.member(owner.id, "reader").await,
    ];
    let key = json!({ "name": "Till", "scopes": ["calls:read", "clients:write", "billing:read"] });
    let made = owner.post("/api/keys", &key).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let key = made.json()["key"].as_str().unwrap().to_owned();
    let mut said: Vec<Value> = Vec::new();
    for id in [
        &owner.id.to_string(),
        &Uuid::new_v4().to_string(),
        "nonsense",
        "%00",
    ] {
        for (method, path) in routes(id) {
            let bodies = match method {
                Method::POST => vec!["{\"reason\":\"x\"}", "{", "{\"reason\":7}", "{\"x\":1}"],
                _ => vec![""],
            };
            for body in bodies {
                let with = |request: reqwest::RequestBuilder| {
                    request
                        .header("content-type", "application/json")
                        .body(body)
                };
                for person in [owner, &members[0], &members[1]] {
                    let answer = with(person.request(method.clone(), &path))
                        .send()
                        .await
                        .unwrap();
                    assert_eq!(answer.status(), 403, "{method} {path} {body}");
                    let mut problem: Value = answer.json().await.unwrap();
                    problem["instance"] = Value::Null;
                    said.push(problem);
                }
                let request = stage.request(method.clone(), &path).bearer_auth(&key);
                assert_eq!(
                    with(request).send().await.unwrap().status(),
                    403,
                    "{method} {path}"
                );
                let request = stage.request(method.clone(), &path);
                assert_eq!(
                    with(request).send().await.unwrap().status(),
                    401,
                    "{method} {path}"
                );
            }
        }
    }
    assert!(
        said.iter().all(|problem| problem == &said[0]),
        "one answer to all"
    );
}

async fn names(admin: &Person, path: &str) -> Vec<String> {
    let list = admin.json(path).await;
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_found_by_part_of_name_or_address_page_by_page() {
    let stage = Stage::set().await;
    let admin = stage.admin().await;
    let (ada, adam) = (stage.person("ada").await, stage.person("adam").await);
    stage.business(ada.id, "smile", "+12025550147").await;
    let found = admin.json("/api/admin/users?q=ADA").await["items"].clone();
    assert_eq!(found.as_array().unwrap().len(), 2);
    let mut found = found.as_array().unwrap().clone();
    found.sort_by_key(|user| user["name"].as_str().unwrap().len());
    assert_eq!(
        (&found[0]["clients"], &found[0]["state"]),
        (&json!(1), &json!("active"))
    );
    assert_eq!(found[0]["email"], "ada@example.com");
    assert_eq!(
        names(&admin, "/api/admin/users?q=adam%40exa").await,
        ["adam"]
    );
    assert_eq!(
        names(&admin, &format!("/api/admin/users?q={}", adam.id)).await,
        ["adam"]
    );
    for nothing in ["%25", "_", "zzz", "'"] {
        assert_eq!(
            names(&admin, &format!("/api/admin/users?q={nothing}"))
                .await
                .len(),
            0
        );
    }
    let all = names(&admin, "/api/admin/users").await;
    let mut paged = Vec::new();
    let mut path = "/api/admin/users?limit=1".to_owned();
    loop {
        let page = admin.json(&path).await;
        let items = page["items"].as_array().unwrap();
        paged.extend(
            items
                .iter()
                .map(|item| item["name"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api/admin/users?limit=1&cursor={cursor}");
    }
    assert_eq!(paged, all);
    assert_eq!(all.len(), 4);
    assert_eq!(names(&admin, "/api/admin/users?role=admin").await.len(), 1);
    assert_eq!(
        names(&admin, "/api/admin/users?state=deleted").await.len(),
        0
    );
    for bad in ["q=", "limit=0", "cursor=x", "state=x", "role=x", "x=1"] {
        assert_eq!(
            admin.get(&format!("/api/admin/users?{bad}")).await.status,
            400,
            "{bad}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_is_shown_with_all_that_belongs_to_them() {
    let stage = Stage::set().await;
    let (admin, ada) = (stage.admin().await, stage.person("ada").await);
    stage.business(ada.id, "smile", "+12025550147").await;
    stage
        .business(stage.owner().id, "other", "+12025550148")
        .await;
    let reader = stage.member(ada.id, "reader").await;
    let page = admin.json(&format!("/api/admin/users/{}", ada.id)).await;
    assert_eq!(page["user"]["name"], "ada");
    assert_eq!(page["access"]["sessions"], 1);
    assert_eq!(page["access"]["has_password"], false);
    let bob = stage.browser().sign_up(&stage, "bob").await;
    let his = admin.json(&format!("/api/admin/users/{bob}")).await;
    assert_eq!(his["access"]["has_password"], true);
    assert_eq!(page["clients"].as_array().unwrap().len(), 1);
    assert_eq!(page["clients"][0]["numbers"], json!(["+12025550147"]));
    assert_eq!(page["members"][1]["user_id"], json!(reader.id));
    assert_eq!(page["subscription"], Value::Null);
    let page = admin.json(&format!("/api/admin/users/{}", reader.id)).await;
    assert_eq!(page["memberships"][0]["account_id"], json!(ada.id));
    assert_eq!(
        admin
            .get(&format!("/api/admin/users/{}", Uuid::new_v4()))
            .await
            .status,
        404
    );
    assert_eq!(admin.get("/api/admin/users/1").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_found_by_name_number_and_owner() {
    let stage = Stage::set().await;
    let (admin, ada) = (stage.admin().await, stage.person("ada").await);
    stage.business(ada.id, "smile", "+12025550147").await;
    stage
        .business(stage.owner().id, "pipes", "+12025550148")
        .await;
    assert_eq!(names(&admin, "/api/admin/clients").await.len(), 2);
    for (q, found) in [
        ("SMIL", vec!["smile"]),
        ("ada%40", vec!["smile"]),
        ("olivia", vec!["pipes"]),
        ("555-0148", vec!["pipes"]),
        ("%2B1%20(202)%20555", vec!["pipes", "smile"]),
        ("%25", vec![]),
    ] {
        let mut named = names(&admin, &format!("/api/admin/clients?q={q}")).await;
        named.sort();
        assert_eq!(named, found, "{q}");
    }
    let first = admin.json("/api/admin/clients?limit=1").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = admin
        .json(&format!("/api/admin/clients?limit=1&cursor={cursor}"))
        .await;
    assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);
    assert_eq!(second["next_cursor"], Value::Null);
}

async fn decide(admin: &Person, user: Uuid, decision: &str) -> Answer {
    let path = format!("/api/admin/users/{user}/{decision}");
    admin.post(&path, &json!({ "reason": "ticket 4711" })).await
}

fn kind(answer: &Answer) -> String {
    let kind = answer.json()["type"].as_str().unwrap().to_owned();
    kind.rsplit(':').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_suspended_is_out_at_once_and_their_keys_with_them() {
    let stage = Stage::set().await;
    let (admin, ada) = (stage.admin().await, stage.person("ada").await);
    let reader = stage.member(ada.id, "reader").await;
    let key = json!({ "name": "Till", "scopes": ["calls:read"] });
    let key = ada.post("/api/keys", &key).await.json()["key"]
        .as_str()
        .unwrap()
        .to_owned();
    let by_key = async || {
        let request = stage.request(Method::GET, "/api/calls").bearer_auth(&key);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(by_key().await, 200);
    let answer = decide(&admin, ada.id, "suspend").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["state"], "suspended");
    assert_eq!(ada.get("/api/auth/me").await.status, 401, "signed out");
    let again = stage.sign_in(ada.id).await;
    assert_eq!(kind(&again.get("/api/calls").await), "suspended");
    assert_eq!(by_key().await, 403);
    let me = reader.json("/api/auth/me").await;
    assert_eq!(
        me["account"]["id"],
        json!(reader.id),
        "a member is back in their own account"
    );
    assert_eq!(
        kind(&decide(&admin, ada.id, "suspend").await),
        "suspended-already"
    );

    // An owner learns that it was support, not who and why.
    assert_eq!(
        decide(&admin, ada.id, "resume").await.json()["state"],
        "active"
    );
    assert_eq!(
        kind(&decide(&admin, ada.id, "resume").await),
        "not-suspended"
    );
    assert_eq!(again.get("/api/calls").await.status, 200);
    assert_eq!(by_key().await, 200);
    let acts = again.json("/api/audit?act=user").await["items"].clone();
    assert_eq!(
        (&acts[0]["act"], &acts[1]["act"]),
        (&json!("user.resumed"), &json!("user.suspended"))
    );
    assert_eq!(
        acts[1]["actor"],
        json!({ "kind": "admin", "id": null, "name": null })
    );
    assert_eq!(
        (&acts[1]["detail"], &acts[1]["address"]),
        (&json!({}), &Value::Null)
    );
    let path = format!("/api/admin/audit?user_id={}&act=user.suspended", ada.id);
    let kept = admin.json(&path).await["items"][0].clone();
    assert_eq!(kept["detail"]["reason"], "ticket 4711");
    assert_eq!(kept["actor"]["id"], json!(admin.id));
    let told = facts(&stage).await;
    assert!(told.ends_with(&[account::SUSPENDED.to_owned(), account::RESUMED.to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_about_themselves_or_without_reason_or_proof() {
    let stage = Stage::set().await;
    let (admin, ada) = (stage.admin().await, stage.person("ada").await);
    for decision in ["suspend", "demote"] {
        assert_eq!(kind(&decide(&admin, admin.id, decision).await), "oneself");
    }
    assert_eq!(
        kind(&decide(&admin, admin.id, "promote").await),
        "administrator-already"
    );
    assert_eq!(
        kind(&decide(&admin, ada.id, "demote").await),
        "no-administrator"
    );
    for decision in ["suspend", "resume", "promote", "demote"] {
        assert_eq!(decide(&admin, Uuid::new_v4(), decision).await.status, 404);
        let path = format!("/api/admin/users/{}/{decision}", ada.id);
        for bad in [
            json!({}),
            json!({ "reason": "" }),
            json!({ "reason": "x".repeat(501) }),
            json!({ "reason": "a\u{0}" }),
            json!({ "reason": "a", "x": 1 }),
            json!({ "reason": "a\u{202e}" }),
        ] {
            assert_eq!(
                admin.post(&path, &bad).await.status,
                422,
                "{decision} {bad}"
            );
        }
    }
    let sql = "update account.sessions set proven_at = now() - interval '16 minutes'";
    stage.client.batch_execute(sql).await.unwrap();
    for decision in ["suspend", "promote", "demote"] {
        assert_eq!(
            kind(&decide(&admin, ada.id, decision).await),
            "proof-needed"
        );
    }
    assert_eq!(
        count(&stage, "account.audit where actor_kind = 'admin'").await,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_is_made_and_unmade_and_one_always_remains() {
    let stage = Stage::set().await;
    let (admin, ada) = (stage.admin().await, stage.person("ada").await);
    assert_eq!(
        decide(&admin, ada.id, "promote").await.json()["role"],
        "admin"
    );
    assert_eq!(
        ada.get("/api/auth/me").await.status,
        401,
        "signs in anew with other rights"
    );
    let ada = stage.sign_in(ada.id).await;
    assert_eq!(ada.get("/api/admin/users").await.status, 200);
    let (one, other) = tokio::join!(
        decide(&admin, ada.id, "demote"),
        decide(&ada, admin.id, "demote")
    );
    let won = [one.status, other.status]
        .iter()
        .filter(|status| **status == 200)
        .count();
    assert_eq!(won, 1, "{} {}", one.text, other.text);
    assert_eq!(count(&stage, "account.users where role = 'admin'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_makes_the_first_administrator() {
    let stage = Stage::set().await;
    let ada = stage.person("ada").await;
    let url = stage.database.url();
    let make = async |email: &str| {
        let email = email.to_owned();
        users_command(UsersCommand::Admin { email }, &url).await
    };
    assert_eq!(ada.get("/api/admin/users").await.status, 403);
    make("Ada@example.com").await.unwrap();
    make("ada@example.com").await.unwrap();
    for wrong in ["nobody@example.com", "ada", ""] {
        let error = make(wrong).await.unwrap_err().to_string();
        assert!(!error.contains('\n'), "{error}");
    }
    assert_eq!(ada.get("/api/auth/me").await.status, 401);
    let ada = stage.sign_in(ada.id).await;
    assert_eq!(ada.get("/api/admin/users").await.status, 200);
    let acts = ada.json("/api/audit?act=user.promoted").await["items"].clone();
    assert_eq!(acts.as_array().unwrap().len(), 1);
    assert_eq!(acts[0]["actor"]["kind"], "system");
    assert_eq!(facts(&stage).await, [account::PROMOTED]);
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_read_the_record_of_everybody() {
    let stage = Stage::set().await;
    let (admin, ada) = (stage.admin().await, stage.person("ada").await);
    let invitation = json!({ "email": "grace@example.com", "role": "reader" });
    for person in [stage.owner(), &ada] {
        assert_eq!(
            person
                .post("/api/members/invitations", &invitation)
                .await
                .status,
            201
        );
    }
    let all = admin.json("/api/admin/audit").await["items"].clone();
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert_eq!(all[0]["account"]["name"], "ada");
    assert_eq!(all[0]["actor"]["name"], "ada");
    let path = format!("/api/admin/audit?user_id={}", stage.owner().id);
    assert_eq!(
        admin.json(&path).await["items"][0]["account"]["name"],
        "olivia"
    );
    let path = format!("/api/admin/audit.csv?actor_id={}", ada.id);
    let file = admin.get(&path).await;
    assert_eq!(file.text.lines().count(), 2);
    assert!(file.text.contains("member.invited"));
    assert_eq!(admin.get("/api/admin/audit?user_id=1").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_is_run_from_a_browser_and_not_with_a_programs_token() {
    let stage = Stage::set().await;
    let id = stage.browser().sign_up(&stage, "ada").await;
    stage
        .execute(&format!(
            "update account.users set role = 'admin' where id = '{id}'"
        ))
        .await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let tokens = stage.browser().post("/api/auth/token", body).await.json();
    let access = tokens["access_token"].as_str().unwrap();
    for path in ["/api/admin/users", "/api/admin/audit"] {
        let request = stage.request(Method::GET, path).bearer_auth(access);
        let answer = read(request.send().await.unwrap()).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(
            answer.text.contains("sign in with a browser"),
            "{}",
            answer.text
        );
        let own = stage.sign_in(id).await;
        assert_eq!(own.get(path).await.status, 200);
    }
    let request = stage
        .request(Method::GET, "/api/clients")
        .bearer_auth(access);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_leaving_is_made_no_administrator() {
    let stage = Stage::set().await;
    let (admin, ada) = (stage.admin().await, stage.person("ada").await);
    let leaving = json!({ "email": "ada@example.com" });
    let left = ada
        .send(Method::DELETE, "/api/users/account", Some(&leaving))
        .await;
    assert_eq!(left.status, 200, "{}", left.text);
    let refused = decide(&admin, ada.id, "promote").await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("problem:leaving"), "{}", refused.text);
    let email = "ada@example.com".to_owned();
    let by_hand = users_command(UsersCommand::Admin { email }, &stage.database.url()).await;
    assert!(by_hand.unwrap_err().to_string().contains("deleted"));
    let kept = ada
        .send(Method::POST, "/api/users/account/keep", None)
        .await;
    assert_eq!(kept.status, 204);
    assert_eq!(decide(&admin, ada.id, "promote").await.status, 200);
}
