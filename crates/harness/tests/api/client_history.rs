//! The history of clients, and the way back.

use crate::{
    desk::{draft, edit, make, path, problem, subscribe, told, wrong_field},
    stage::Stage,
};
use serde_json::{Value, json};

fn kinds(history: &Value) -> Vec<&str> {
    let items = history["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["kind"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_kept_with_who_and_when_and_can_be_gone_back_to() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    let manager = stage.member(olivia.id, "manager").await;
    subscribe(&stage, "olivia", "P-PRO").await;
    let first = make(olivia, "Bright Smile").await;
    let second = edit(&first, json!({ "name": "Brighter Smile", "voice": "calm" }));
    let second = manager.put(&path(&first, ""), &second).await.json();
    let number = json!({ "number": "+12025550147" });
    manager.post(&path(&first, "/numbers"), &number).await;
    let history = olivia.json(&path(&first, "/history")).await;
    assert_eq!(kinds(&history), ["number_assigned", "edited", "created"]);
    let items = &history["items"];
    assert_eq!(
        items[1]["changes"],
        json!({ "name": { "from": "Bright Smile", "to": "Brighter Smile" },
        "voice": { "from": "warm", "to": "calm" } })
    );
    assert_eq!(
        items[0]["changes"],
        json!({ "numbers": { "from": [], "to": ["+12025550147"] } })
    );
    assert_eq!(items[2]["by"], json!({ "id": olivia.id, "name": "olivia" }));
    assert_eq!(items[1]["by"]["id"], json!(manager.id));
    assert!(
        items[1]["by"]["name"]
            .as_str()
            .unwrap()
            .starts_with("manager")
    );

    let version = second["version"].as_i64().unwrap();
    let to_version = |version: i64| json!({ "change_id": items[2]["id"], "version": version });
    let stale = olivia
        .post(&path(&first, "/restore"), &to_version(version - 1))
        .await;
    assert_eq!(problem(&stale), (409, "changed-meanwhile".into()));
    let blind = json!({ "change_id": items[2]["id"] });
    let blind = olivia.post(&path(&first, "/restore"), &blind).await;
    assert_eq!(wrong_field(&blind), "version");
    let restored = olivia
        .post(&path(&first, "/restore"), &to_version(version))
        .await;
    assert_eq!(restored.status, 200, "{}", restored.text);
    let restored = restored.json();
    assert_eq!(
        (&restored["name"], &restored["voice"]),
        (&first["name"], &first["voice"])
    );
    assert_eq!(
        restored["version"],
        json!(version + 1),
        "a version of its own"
    );
    assert_eq!(
        restored["numbers"],
        json!(["+12025550147"]),
        "numbers stay where they are"
    );
    let again = olivia
        .post(&path(&first, "/restore"), &to_version(version + 1))
        .await;
    assert_eq!(again.json(), restored, "going where one is changes nothing");
    let history = olivia.json(&path(&first, "/history")).await;
    assert_eq!(
        kinds(&history),
        ["restored", "number_assigned", "edited", "created"]
    );
    assert_eq!(
        told(&stage, "dev.frontdesk.client.restored.v1").await.len(),
        1
    );

    // Whoever leaves the account keeps no name in it.
    let sql = "delete from account.members where user_id = $1";
    stage.client.execute(sql, &[&manager.id]).await.unwrap();
    let history = olivia.json(&path(&first, "/history")).await;
    assert_eq!(
        history["items"][2]["by"],
        json!({ "id": manager.id, "name": null })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_read_in_pages_that_do_not_shift() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    let mut client = make(olivia, "Client 0").await;
    for number in 1..5 {
        let change = edit(&client, json!({ "name": format!("Client {number}") }));
        client = olivia.put(&path(&client, ""), &change).await.json();
    }
    let page = olivia.json(&path(&client, "/history?limit=2")).await;
    let change = edit(&client, json!({ "name": "Client 5" }));
    olivia.put(&path(&client, ""), &change).await;
    let mut seen = page["items"].as_array().unwrap().clone();
    let mut cursor = page["next_cursor"].clone();
    while let Some(at) = cursor.as_str() {
        let page = olivia
            .json(&path(&client, &format!("/history?limit=2&cursor={at}")))
            .await;
        seen.extend(page["items"].as_array().unwrap().clone());
        cursor = page["next_cursor"].clone();
    }
    let names: Vec<&Value> = seen
        .iter()
        .map(|item| &item["changes"]["name"]["to"])
        .collect();
    assert_eq!(
        names,
        ["Client 4", "Client 3", "Client 2", "Client 1", "Client 0"]
    );
    for bad in [
        "limit=0",
        "limit=51",
        "cursor=x",
        "from=2026-11-01T00:00:00Z",
    ] {
        let answer = olivia.get(&path(&client, &format!("/history?{bad}"))).await;
        assert_eq!(answer.status, 400, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_client_comes_back_within_thirty_days_without_its_numbers() {
    let stage = Stage::set().await;
    let (olivia, bob) = (stage.owner(), stage.person("bob").await);
    subscribe(&stage, "olivia", "P-PRO").await;
    let client = make(olivia, "Bright Smile").await;
    olivia
        .post(
            &path(&client, "/numbers"),
            &json!({ "number": "+12025550147" }),
        )
        .await;
    olivia.delete(&path(&client, "")).await;
    let history = olivia.json(&path(&client, "/history")).await;
    assert_eq!(kinds(&history), ["deleted", "number_assigned", "created"]);
    assert_eq!(
        history["items"][0]["changes"]["numbers"],
        json!({ "from": ["+12025550147"], "to": [] })
    );
    let back = json!({ "change_id": history["items"][0]["id"] });
    assert_eq!(
        bob.post(&path(&client, "/restore"), &back).await.status,
        404
    );
    let late = edit(&client, json!({}));
    assert_eq!(
        olivia.put(&path(&client, ""), &late).await.status,
        404,
        "an edit does not bring it back"
    );

    let namesake = make(olivia, "bright smile").await;
    let taken = olivia.post(&path(&client, "/restore"), &back).await;
    assert_eq!(problem(&taken), (409, "name-taken".into()));
    olivia.delete(&path(&namesake, "")).await;
    let restored = olivia.post(&path(&client, "/restore"), &back).await;
    assert_eq!(restored.status, 200, "{}", restored.text);
    assert_eq!(restored.json()["numbers"], json!([]));
    assert_eq!(restored.json()["name"], "Bright Smile");
    assert_eq!(
        olivia.json("/api/clients").await["items"][0]["id"],
        client["id"]
    );

    olivia.delete(&path(&client, "")).await;
    let sql = "update account.clients set deleted_at = now() - interval '31 d' where deleted_at is not null";
    stage.client.execute(sql, &[]).await.unwrap();
    let gone = olivia.post(&path(&client, "/restore"), &back).await;
    assert_eq!(problem(&gone), (404, "not-found".into()));
    assert_eq!(olivia.get(&path(&client, "/history")).await.status, 404);
    assert_eq!(
        olivia.json("/api/clients?deleted=true").await["items"],
        json!([])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_changed_so_often_a_day_and_can_be_deleted_however_often() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    subscribe(&stage, "olivia", "P-PRO").await;
    let (client, other) = (make(olivia, "One").await, make(olivia, "Two").await);
    let number = json!({ "number": "+12025550147" });
    let mut client = olivia
        .post(&path(&client, "/numbers"), &number)
        .await
        .json();
    // It was made and given a number; with these there are two hundred changes.
    for count in 0..198 {
        let voice = if count % 2 == 0 { "calm" } else { "warm" };
        let change = edit(&client, json!({ "voice": voice }));
        let changed = olivia.put(&path(&client, ""), &change).await;
        assert_eq!(changed.status, 200, "{count}: {}", changed.text);
        client = changed.json();
    }
    let change = edit(&client, json!({ "voice": "calm" }));
    let refused = olivia.put(&path(&client, ""), &change).await;
    assert_eq!(problem(&refused), (429, "too-many".into()));
    assert!(!refused.header("retry-after").is_empty());
    let second = json!({ "number": "+12025550148" });
    let refused = olivia.post(&path(&client, "/numbers"), &second).await;
    assert_eq!(problem(&refused), (429, "too-many".into()));
    let history = olivia.json(&path(&client, "/history")).await;
    let back = json!({ "change_id": history["items"][1]["id"], "version": client["version"] });
    let refused = olivia.post(&path(&client, "/restore"), &back).await;
    assert_eq!(problem(&refused), (429, "too-many".into()));
    // Nothing is changed by it, so nothing is kept of it.
    let same = edit(&client, json!({}));
    assert_eq!(olivia.put(&path(&client, ""), &same).await.json(), client);
    let change = edit(&other, json!({ "voice": "calm" }));
    assert_eq!(olivia.put(&path(&other, ""), &change).await.status, 200);
    let released = olivia
        .delete(&path(&client, "/numbers/%2B12025550147"))
        .await;
    assert_eq!(released.status, 200, "{}", released.text);
    assert_eq!(olivia.delete(&path(&client, "")).await.status, 204);
    let back = json!({ "change_id": history["items"][0]["id"] });
    let refused = olivia.post(&path(&client, "/restore"), &back).await;
    assert_eq!(problem(&refused), (429, "too-many".into()));
    // A day later.
    let sql = "alter table account.client_changes disable trigger only_erased;
        update account.client_changes set at = at - interval '1 d';
        alter table account.client_changes enable trigger only_erased";
    stage.client.batch_execute(sql).await.unwrap();
    let restored = olivia.post(&path(&client, "/restore"), &back).await;
    assert_eq!(restored.status, 200, "{}", restored.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_keeps_the_rules_of_today() {
    let stage = Stage::set().await;
    let (olivia, bob) = (stage.owner(), stage.person("bob").await);
    // Without a subscription a second client does not come back beside the first.
    let one = make(olivia, "One").await;
    olivia.delete(&path(&one, "")).await;
    make(olivia, "Two").await;
    let history = olivia.json(&path(&one, "/history")).await;
    let back = json!({ "change_id": history["items"][0]["id"] });
    let refused = olivia.post(&path(&one, "/restore"), &back).await;
    assert_eq!(problem(&refused), (409, "no-subscription".into()));

    // A number it once put callers through to has become its own.
    subscribe(&stage, "bob", "P-PRO").await;
    let mut body = draft("Bob's Pipes");
    body["transfer_number"] = json!("+12025550123");
    let theirs = bob.post("/api/clients", &body).await.json();
    let without = edit(&theirs, json!({ "transfer_number": null }));
    bob.put(&path(&theirs, ""), &without).await;
    let now = bob
        .post(
            &path(&theirs, "/numbers"),
            &json!({ "number": "+12025550123" }),
        )
        .await
        .json();
    let history = bob.json(&path(&theirs, "/history")).await;
    let made = history["items"].as_array().unwrap().last().unwrap()["id"].clone();
    let circle = bob
        .post(
            &path(&theirs, "/restore"),
            &json!({ "change_id": made, "version": now["version"] }),
        )
        .await;
    assert_eq!(wrong_field(&circle), "transfer_number");

    // A change of another client, of another account, or of nobody is no change of this one.
    for change in [
        back["change_id"].clone(),
        json!(0),
        json!(-1),
        json!(i64::MAX),
    ] {
        let answer = bob
            .post(&path(&theirs, "/restore"), &json!({ "change_id": change }))
            .await;
        assert_eq!(problem(&answer), (404, "not-found".into()), "{change}");
    }
}
