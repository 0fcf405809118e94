//! Settings: how somebody is called and what they are told, and a key for a program of theirs.

use crate::stranger::{Business, Stranger};
use serde_json::json;

pub(crate) async fn are_changed(owner: &mut Stranger, business: &Business) {
    profile(owner).await;
    key(owner, business).await;
    let acts = owner.browser.json("/api/audit").await;
    let acts: Vec<_> = acts["items"].as_array().unwrap().iter().collect();
    for act in ["key.created", "key.revoked"] {
        assert!(
            acts.iter().any(|entry| entry["act"] == act),
            "{act}: {acts:?}"
        );
    }
}

async fn profile(owner: &mut Stranger) {
    let path = "/api/users/profile";
    let mut profile = owner.browser.json(path).await;
    profile["time_zone"] = json!("Asia/Tokyo");
    profile["locale"] = json!("de-DE");
    profile["notifications"]["new_call"] = json!(true);
    profile["notifications"]["daily_summary"] = json!(false);
    let saved = owner.browser.put(path, profile.clone()).await.being(200);
    assert_eq!(saved, profile);
    assert_eq!(owner.browser.json(path).await, profile);
    assert_eq!(owner.browser.me().await["user"]["time_zone"], "Asia/Tokyo");
    profile["time_zone"] = json!("Atlantis/Capital");
    assert_eq!(owner.browser.put(path, profile).await.status, 422);
}

async fn key(owner: &mut Stranger, business: &Business) {
    let wanted = json!({ "name": "Our calendar", "scopes": ["calls:read"] });
    let made = owner.browser.post("/api/keys", wanted).await.being(201);
    let key = made["key"].as_str().unwrap();
    let program = owner.browser.another();
    let calls = program.with_key(key, "/api/calls").await.being(200);
    assert_eq!(calls["items"][0]["id"], business.call.as_str());
    for path in ["/api/clients", "/api/keys", "/api/admin/users"] {
        assert_eq!(program.with_key(key, path).await.status, 403, "{path}");
    }
    let listed = owner.browser.json("/api/keys").await;
    assert_eq!(listed["items"][0]["name"], "Our calendar");
    assert!(listed["items"][0]["used_at"].is_string(), "{listed}");
    let path = format!("/api/keys/{}", made["id"].as_str().unwrap());
    owner.browser.delete(&path).await.being(204);
    assert_eq!(program.with_key(key, "/api/calls").await.status, 401);
}
