//! An administrator's tour: finds everybody, decides about some of them, and every act is kept.

use crate::{outside::World, stranger::Stranger};
use serde_json::{Value, json};

pub(crate) async fn takes_a_tour(
    world: &World,
    wren: &Stranger,
    gale: &mut Stranger,
    hugo: &mut Stranger,
) {
    let mut ada = signs_in(world).await;
    finds(&mut ada, [wren, &*gale, &*hugo]).await;
    suspends_and_resumes(world, &mut ada, gale).await;
    promotes_and_demotes(world, &mut ada, hugo).await;
    reads_the_record(&mut ada, gale, hugo).await;
}

/// The first administrator is made by the operator and must sign in anew.
async fn signs_in(world: &World) -> Stranger {
    let mut ada = Stranger::by_mail(world, "Ada").await;
    assert_eq!(ada.browser.get("/api/admin/users").await.status, 403);
    world.appoint(&ada.email);
    assert_eq!(ada.browser.get("/api/auth/me").await.status, 401);
    let email = ada.email.clone();
    let me = ada.browser.log_in(&email).await.being(200);
    assert_eq!(me["user"]["role"], "admin");
    ada
}

async fn finds(ada: &mut Stranger, people: [&Stranger; 3]) {
    let all = ada.browser.json("/api/admin/users").await;
    let ids: Vec<_> = all["items"].as_array().unwrap().iter().collect();
    for person in people {
        assert!(ids.iter().any(|user| user["id"] == person.id.as_str()));
        let by_address = format!("/api/admin/users?q={}", person.email);
        let found = ada.browser.json(&by_address).await["items"].clone();
        assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
        assert_eq!(found[0]["clients"], 1);
        let one = ada
            .browser
            .json(&format!("/api/admin/users/{}", person.id))
            .await;
        assert_eq!(one["user"]["email"], person.email.as_str());
        assert_eq!(one["subscription"]["entitled"], true, "{one}");
        let by_name = format!("/api/admin/clients?q={}", person.name);
        let clients = ada.browser.json(&by_name).await;
        assert_eq!(clients["items"].as_array().unwrap().len(), 1);
    }
    let leaving = ada.browser.json("/api/admin/users?state=leaving").await;
    assert_eq!(
        leaving["items"][0]["id"],
        people[0].id.as_str(),
        "{leaving}"
    );
}

async fn decide(ada: &mut Stranger, about: &Stranger, what: &str) -> Value {
    let path = format!("/api/admin/users/{}/{what}", about.id);
    let reason = json!({ "reason": format!("to {what} {}", about.name) });
    ada.browser.post(&path, reason).await.being(200)
}

async fn suspends_and_resumes(world: &World, ada: &mut Stranger, gale: &mut Stranger) {
    assert_eq!(gale.browser.get("/api/calls").await.status, 200);
    let stands = decide(ada, gale, "suspend").await;
    assert_eq!(stands["state"], "suspended");
    assert_eq!(
        gale.browser.get("/api/calls").await.status,
        401,
        "the session is over"
    );
    let ended = world.come_through(&mut gale.browser, "google", &gale.name, &gale.email);
    let ended = ended.await;
    assert!(ended.contains("problem=suspended"), "{ended}");
    assert_eq!(gale.browser.get("/api/calls").await.status, 401);

    let stands = decide(ada, gale, "resume").await;
    assert_eq!(stands["state"], "active");
    world
        .come_through(&mut gale.browser, "google", &gale.name, &gale.email)
        .await;
    let calls = gale.browser.json("/api/calls").await;
    assert_eq!(
        calls["items"].as_array().unwrap().len(),
        1,
        "all is as it was"
    );
}

async fn promotes_and_demotes(world: &World, ada: &mut Stranger, hugo: &mut Stranger) {
    let all = "/api/admin/users";
    assert_eq!(hugo.browser.get(all).await.status, 403);
    assert_eq!(decide(ada, hugo, "promote").await["role"], "admin");
    assert_eq!(hugo.browser.get(all).await.status, 401, "must sign in anew");
    world
        .come_through(&mut hugo.browser, "github", &hugo.name, &hugo.email)
        .await;
    assert_eq!(hugo.browser.get(all).await.status, 200);
    assert_eq!(decide(ada, hugo, "demote").await["role"], "owner");
    assert_eq!(hugo.browser.get(all).await.status, 401);
    world
        .come_through(&mut hugo.browser, "github", &hugo.name, &hugo.email)
        .await;
    assert_eq!(hugo.browser.get(all).await.status, 403);
}

async fn reads_the_record(ada: &mut Stranger, gale: &mut Stranger, hugo: &Stranger) {
    let expected = [
        ("user.demoted", "demote", hugo),
        ("user.promoted", "promote", hugo),
        ("user.resumed", "resume", &*gale),
        ("user.suspended", "suspend", &*gale),
    ];
    let expected: Vec<_> = expected
        .map(|(act, what, about)| json!([act, about.id, format!("to {what} {}", about.name)]))
        .into();
    let acts = ada.browser.json("/api/admin/audit?limit=100").await;
    let acts = acts["items"].as_array().unwrap();
    let told: Vec<_> = acts
        .iter()
        .filter(|entry| entry["actor"]["kind"] == "admin")
        .map(|entry| {
            assert_eq!(entry["actor"]["id"], ada.id.as_str());
            json!([entry["act"], entry["subject"], entry["detail"]["reason"]])
        })
        .collect();
    assert_eq!(told, expected, "newest first");
    let system = acts
        .iter()
        .find(|entry| entry["subject"] == ada.id.as_str() && entry["act"] == "user.promoted");
    assert_eq!(
        system.unwrap()["actor"]["kind"],
        "system",
        "the operator's command"
    );
    let file = ada.browser.get("/api/admin/audit.csv").await;
    assert_eq!(
        file.text.matches("user.suspended").count(),
        1,
        "{}",
        file.text
    );
    // Who it was about sees that it was done, and neither by whom nor why.
    let own = gale.browser.json("/api/audit?act=user").await;
    for act in ["user.suspended", "user.resumed"] {
        let acts = own["items"].as_array().unwrap().iter();
        let acts: Vec<_> = acts.filter(|entry| entry["act"] == act).collect();
        assert_eq!(acts.len(), 1, "{own}");
        assert_eq!(acts[0]["actor"]["id"], Value::Null);
        assert_eq!(acts[0]["detail"], json!({}));
    }
}
