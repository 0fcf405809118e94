//! What the voice agent is told about a number, and by whom it may ask.

use crate::{
    desk::{edit, make, path, problem, subscribe},
    person::{Answer, read},
    stage::Stage,
};
use frontdesk_process::livekit::{Keys, VideoGrants};
use livekit_api::access_token::AccessToken;
use reqwest::Method;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

const PLACE: &str = "/api/agent/clients/by-number/%2B12025550147";

/// A key of a person's with a scope.
async fn key(person: &crate::person::Person, scope: &str) -> String {
    let wanted = json!({ "name": "Agent", "scopes": [scope] });
    let made = person.post("/api/keys", &wanted).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()["key"].as_str().unwrap().to_owned()
}

async fn ask(stage: &Stage, key: &str, place: &str) -> Answer {
    let request = stage.request(Method::GET, place).bearer_auth(key);
    read(request.send().await.unwrap()).await
}

/// Olivia's client with a number.
async fn client_with_a_number(stage: &Stage) -> Value {
    subscribe(stage, "olivia", "P-PRO").await;
    let olivia = stage.owner();
    let client = make(olivia, "Bright Smile").await;
    let change = json!({ "greeting": "{business} here, {owner} is out. {unknown}", "transfer_number": "+12025550123",
        "hours": { "monday": [{ "from": "09:00", "to": "17:00" }] } });
    olivia.put(&path(&client, ""), &edit(&client, change)).await;
    let number = json!({ "number": "+12025550147" });
    olivia
        .post(&path(&client, "/numbers"), &number)
        .await
        .json()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_told_what_to_answer_with_names_filled_in() {
    let stage = Stage::set().await;
    let client = client_with_a_number(&stage).await;
    let agent = key(stage.owner(), "agent").await;
    let answer = ask(&stage, &agent, PLACE).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let told = answer.json();
    assert_eq!(told["client_id"], client["id"]);
    assert!(told["tenant_key"].as_str().unwrap().starts_with("tnt_"));
    assert_eq!(
        told["greeting"],
        "Bright Smile here, olivia is out. {unknown}"
    );
    assert!(
        !told["instructions"]
            .as_str()
            .unwrap()
            .contains("{business}")
    );
    assert_eq!(told["hours"], client["hours"]);
    assert_eq!(
        (&told["voice"], &told["time_zone"]),
        (&client["voice"], &client["time_zone"])
    );
    assert_eq!(told["transfer_number"], "+12025550123");
    assert_eq!(told["in_service"], true);
    // The owner sees the same, and the answer is what the document says.
    assert_eq!(stage.json(PLACE).await, told);

    let tag = answer.header("etag").to_owned();
    let known = stage
        .request(Method::GET, PLACE)
        .bearer_auth(&agent)
        .header("if-none-match", &tag);
    let known = read(known.send().await.unwrap()).await;
    assert_eq!((known.status, known.text.as_str()), (304, ""));
    let olivia = stage.owner();
    let now = olivia.json(&path(&client, "")).await;
    olivia
        .put(&path(&client, ""), &edit(&now, json!({ "voice": "calm" })))
        .await;
    let changed = stage
        .request(Method::GET, PLACE)
        .bearer_auth(&agent)
        .header("if-none-match", &tag);
    assert_eq!(changed.send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_is_told_of_its_own_accounts_numbers_alone() {
    let stage = Stage::set().await;
    let bob = stage.person("bob").await;
    let manager = stage.member(stage.owner().id, "manager").await;
    client_with_a_number(&stage).await;
    let (theirs, reading) = (
        key(&bob, "agent").await,
        key(stage.owner(), "clients:read").await,
    );
    assert_eq!(
        problem(&ask(&stage, &theirs, PLACE).await),
        (404, "not-found".into())
    );
    assert_eq!(problem(&bob.get(PLACE).await), (404, "not-found".into()));
    assert_eq!(
        problem(&ask(&stage, &reading, PLACE).await),
        (403, "forbidden".into())
    );
    assert_eq!(
        problem(&manager.get(PLACE).await),
        (403, "forbidden".into())
    );
    let nobody = stage.request(Method::GET, PLACE).send().await.unwrap();
    assert_eq!(nobody.status(), 401);
    for (place, status) in [
        ("/api/agent/clients/by-number/+12025550147", 200),
        ("/api/agent/clients/by-number/%2B12025550148", 404),
        ("/api/agent/clients/by-number/12025550147", 400),
        ("/api/agent/clients/by-number/x", 400),
        ("/api/agent/clients/by-number/%00", 400),
    ] {
        assert_eq!(stage.get(place).await.status, status, "{place}");
    }
}

/// A token of LiveKit's for somebody, signed with this secret.
fn token(secret: &str, grants: VideoGrants) -> String {
    AccessToken::with_api_key("devkey", secret)
        .with_identity("receptionist")
        .with_grants(grants)
        .with_ttl(Duration::from_secs(60))
        .to_jwt()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_agent_answers_for_everybody_and_a_caller_for_nobody() {
    let keys = Arc::new(Keys::new([("devkey", "secret")]));
    let stage = Stage::set_with(|args| args.livekit = Some(keys)).await;
    let client = client_with_a_number(&stage).await;
    let agent = token("secret", VideoGrants::default());
    let told = ask(&stage, &agent, PLACE).await;
    assert_eq!(told.status, 200, "{}", told.text);
    assert_eq!(told.json(), stage.json(PLACE).await, "as its owner is told");
    let unknown = "/api/agent/clients/by-number/%2B12025550148";
    assert_eq!(ask(&stage, &agent, unknown).await.status, 404);

    let joins = VideoGrants {
        room_join: true,
        room: "r".into(),
        ..VideoGrants::default()
    };
    for foreign in [
        token("secret", joins),
        token("another secret", VideoGrants::default()),
    ] {
        assert_eq!(ask(&stage, &foreign, PLACE).await.status, 401);
    }
    // It opens nothing else, and a number that somebody let go is nobody's.
    for place in ["/api/clients", "/api/calls", "/api/auth/me", "/api/live"] {
        assert_eq!(ask(&stage, &agent, place).await.status, 401, "{place}");
    }
    let sql = "update account.users set suspended_at = now() where id = $1";
    let owner = stage.owner();
    stage.client.execute(sql, &[&owner.id]).await.unwrap();
    assert_eq!(ask(&stage, &agent, PLACE).await.json()["in_service"], false);
    let sql = "update account.users set suspended_at = null where id = $1";
    stage.client.execute(sql, &[&owner.id]).await.unwrap();
    let number = path(&client, "/numbers/%2B12025550147");
    assert_eq!(owner.delete(&number).await.status, 200);
    assert_eq!(ask(&stage, &agent, PLACE).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_more_numbers_than_the_plan_has_those_had_longest_are_answered() {
    let stage = Stage::set().await;
    let client = client_with_a_number(&stage).await;
    let olivia = stage.owner();
    let place = |number: &str| format!("/api/agent/clients/by-number/%2B{number}");
    for number in ["+12025550148", "+12025550149"] {
        let number = json!({ "number": number });
        assert_eq!(
            olivia
                .post(&path(&client, "/numbers"), &number)
                .await
                .status,
            201
        );
    }
    let sql = "update account.plans set number_limit = 2 where id = 'pro'";
    stage.client.execute(sql, &[]).await.unwrap();
    for (number, in_service) in [
        ("12025550147", true),
        ("12025550148", true),
        ("12025550149", false),
    ] {
        let told = stage.json(&place(number)).await;
        assert_eq!(told["in_service"], in_service, "{number}");
    }
    // One that is let go makes room for the next.
    let first = path(&client, "/numbers/%2B12025550147");
    assert_eq!(olivia.delete(&first).await.status, 200);
    assert_eq!(stage.json(&place("12025550149")).await["in_service"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_was_released_or_is_not_paid_for_is_told_so() {
    let stage = Stage::set().await;
    let client = client_with_a_number(&stage).await;
    let olivia = stage.owner();
    let sql = "update billing.subscriptions set status = 'EXPIRED', paid_through = now() - interval '4 d', past_due = false";
    stage.client.execute(sql, &[]).await.unwrap();
    assert_eq!(stage.json(PLACE).await["in_service"], false);
    let number = path(&client, "/numbers/%2B12025550147");
    assert_eq!(olivia.delete(&number).await.status, 200);
    assert_eq!(stage.get(PLACE).await.status, 404);
}
