//! Leaving: a copy of everything first, and thirty days in which one may stay.

use crate::{
    outside::World,
    stranger::{Business, Stranger},
};
use frontdesk_harness::eventually;
use reqwest::Method;
use serde_json::{Value, json};

pub(crate) async fn takes_everything(world: &World, owner: &mut Stranger, business: &Business) {
    let path = "/api/users/export";
    let asked = owner.browser.send(Method::POST, path, None).await;
    let asked = asked.being(202);
    world.mail_about(&owner.email, "Your data is ready").await;
    let page = world.link(&owner.email, "/settings/data").await;
    assert_eq!(
        page.fragment(),
        None,
        "whoever finds the mail has no key in it"
    );
    let export = owner.browser.json(path).await["items"][0].clone();
    assert_eq!(
        (&export["id"], &export["state"]),
        (&asked["id"], &json!("ready"))
    );

    let account = fetched(owner, &export, "account.csv").await;
    for word in [&owner.email, "Asia/Tokyo"] {
        assert!(account.contains(word), "{account}");
    }
    let clients = fetched(owner, &export, "clients.csv").await;
    assert!(clients.contains(&business.number), "{clients}");
    let calls = fetched(owner, &export, "calls.csv").await;
    assert!(
        calls.contains(&business.call) && calls.contains("answered"),
        "{calls}"
    );
    let invoices = fetched(owner, &export, "invoices.csv").await;
    assert!(invoices.contains("29900"), "{invoices}");
    let events = fetched(owner, &export, "events.jsonl").await;
    let kinds: Vec<_> = events
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["type"].clone())
        .collect();
    for kind in [
        "io.livekit.room_finished",
        "com.paypal.payment.sale.completed",
        "dev.frontdesk.call.analysed.v1",
    ] {
        assert!(kinds.iter().any(|known| known == kind), "{kind}: {kinds:?}");
    }
}

/// A file of an export, which is the owner's alone.
async fn fetched(owner: &mut Stranger, export: &Value, name: &str) -> String {
    let files = export["files"].as_array().unwrap();
    let file = files.iter().find(|file| file["name"] == name);
    let file = file.unwrap_or_else(|| panic!("no {name}: {export}"));
    let href = file["href"].as_str().unwrap();
    assert_eq!(owner.browser.another().get(href).await.status, 401);
    let answer = owner.browser.get(href).await;
    assert_eq!(answer.status, 200, "{href}: {}", answer.text);
    assert_eq!(file["bytes"], answer.text.len());
    answer.text
}

pub(crate) async fn goes_and_stays_and_goes(world: &World, owner: &mut Stranger) {
    let leave = Some(json!({ "email": owner.email }));
    let (path, keep) = ("/api/users/account", "/api/users/account/keep");
    let wrong = Some(json!({ "email": "somebody@example.com" }));
    let wrong = owner.browser.send(Method::DELETE, path, wrong).await;
    assert_eq!(wrong.status, 422);
    let asked = owner
        .browser
        .send(Method::DELETE, path, leave.clone())
        .await;
    let due = asked.being(200)["deletion_due_at"].clone();
    assert_eq!(owner.browser.me().await["user"]["deletion_due_at"], due);
    world.mail_about(&owner.email, "will be deleted").await;
    let kept = owner.browser.send(Method::POST, keep, None).await;
    kept.being(204);
    assert_eq!(
        owner.browser.me().await["user"]["deletion_due_at"],
        Value::Null
    );
    let calls = owner.browser.json("/api/calls").await;
    assert_eq!(
        calls["items"].as_array().unwrap().len(),
        1,
        "nothing is lost"
    );
    let again = owner.browser.send(Method::DELETE, path, leave).await;
    again.being(200);
    eventually("a second mail about it", async || {
        let mails = world.mails_about(&owner.email, "will be deleted").await;
        (mails == 2).then_some(())
    })
    .await;
}
