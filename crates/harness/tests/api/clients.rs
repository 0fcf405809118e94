//! Clients: making, editing and deleting them, by whom and against whom.

use crate::{
    browser::count,
    desk::{draft, edit, had_subscribed, make, path, problem, subscribe, told, wrong_field},
    person::Person,
    stage::Stage,
};
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_made_with_what_its_profession_says_and_shown_to_its_owner_alone() {
    let stage = Stage::set().await;
    let (olivia, bob) = (stage.owner(), stage.person("bob").await);
    let made = olivia
        .post("/api/clients", &draft("  Bright   Smile 🦷 "))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let client = made.json();
    assert_eq!(made.header("location"), path(&client, ""));
    assert_eq!(client["name"], "Bright Smile 🦷");
    assert_eq!(client["user_id"], json!(olivia.id));
    assert_eq!(
        (&client["version"], &client["voice"]),
        (&json!(1), &json!("warm"))
    );
    assert!(client["greeting"].as_str().unwrap().contains("{business}"));
    assert_eq!(client["numbers"], json!([]));
    assert_eq!(client["hours"]["sunday"], json!([]));
    let theirs = make(&bob, "Bob's Pipes").await;
    assert_eq!(
        names(&olivia.json("/api/clients").await),
        ["Bright Smile 🦷"]
    );
    assert_eq!(names(&bob.json("/api/clients").await), ["Bob's Pipes"]);
    assert_eq!(olivia.json(&path(&client, "")).await, client);
    assert_eq!(olivia.get(&path(&theirs, "")).await.status, 404);
    let facts = told(&stage, "dev.frontdesk.client.created.v1").await;
    assert_eq!(facts[0]["client_id"], client["id"]);
    assert_eq!(facts[0]["user_id"], json!(olivia.id));
    let text = facts[0].to_string();
    assert!(
        text.contains("\"name\"") && !text.contains("Bright"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_subscription_there_is_one_client_and_with_one_as_many_as_wanted() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    let carol = stage.person("carol").await;
    stage.person("bob").await;
    make(olivia, "One").await;
    let second = olivia.post("/api/clients", &draft("Two")).await;
    assert_eq!(problem(&second), (409, "no-subscription".into()));
    assert!(second.text.contains("subscribe"), "{}", second.text);
    // Somebody else's subscription is somebody else's.
    subscribe(&stage, "bob", "P-WHITE_LABEL").await;
    let still = olivia.post("/api/clients", &draft("Two")).await;
    assert_eq!(problem(&still), (409, "no-subscription".into()));
    subscribe(&stage, "olivia", "P-SOLO").await;
    for name in ["Two", "Three", "Four"] {
        make(olivia, name).await;
    }
    had_subscribed(&stage, "carol", "P-PRO").await;
    make(&carol, "One").await;
    let over = carol.post("/api/clients", &draft("Two")).await;
    assert_eq!(
        problem(&over),
        (409, "no-subscription".into()),
        "what is over gives nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_same_client_made_many_times_at_once_there_is_one() {
    let stage = Stage::set().await;
    let (olivia, bob) = (stage.owner(), stage.person("bob").await);
    // Without a subscription: one client, whatever it is called.
    let drafts: Vec<Value> = (0..8)
        .map(|number| draft(&format!("Client {number}")))
        .collect();
    let tries = drafts
        .iter()
        .map(|draft| olivia.post("/api/clients", draft));
    let answers = join_all(tries).await;
    let mut kinds: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, [201, 409, 409, 409, 409, 409, 409, 409]);
    // With one: one of each name.
    subscribe(&stage, "olivia", "P-PRO").await;
    let again = draft("Same");
    let answers = join_all((0..8).map(|_| olivia.post("/api/clients", &again))).await;
    let made: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .collect();
    assert_eq!(made.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(problem(answer), (409, "name-taken".into()));
    }
    let shouted = olivia.post("/api/clients", &draft("SAME")).await;
    assert_eq!(problem(&shouted), (409, "name-taken".into()));
    // Another account's names are its own.
    make(&bob, "Same").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_client_is_told_by_its_field_and_nothing_is_made() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    let with = |field: &str, value: Value| {
        let mut body = draft("Any");
        body[field] = value;
        body
    };
    let day = |from: &str, to: &str| json!({ "monday": [{ "from": from, "to": to }] });
    for (body, field) in [
        (with("name", json!("x".repeat(101))), "name"),
        (with("name", json!("🦷".repeat(101))), "name"),
        (with("name", json!("Bright\u{202e}elimS")), "name"),
        (with("name", json!("\u{2066}Bright\u{2069}")), "name"),
        (with("name", json!("Bright\u{0}Smile")), "name"),
        (with("name", json!("   ")), "name"),
        (with("name", json!(7)), "name"),
        (with("name", Value::Null), "name"),
        (with("profession", json!("")), "profession"),
        (with("profession", json!("x".repeat(41))), "profession"),
        (with("time_zone", json!("Mars/Olympus")), "time_zone"),
        (with("time_zone", json!("UTC+2")), "time_zone"),
        (with("time_zone", json!("america/new_york")), "time_zone"),
        (with("voice", json!("hal")), "voice"),
        (with("greeting", json!("x".repeat(501))), "greeting"),
        (with("greeting", json!("hello \u{202e}olleh")), "greeting"),
        (
            with("instructions", json!("x".repeat(10_001))),
            "instructions",
        ),
        (with("hours", day("17:00", "09:00")), "hours.monday[0].to"),
        (with("hours", day("9:00", "17:00")), "hours.monday[0].from"),
        (with("hours", json!({ "funday": [] })), "hours.funday"),
        (with("hours", json!([])), "hours"),
        (
            with("hours", json!({ "monday": [["09:00", "17:00"]] })),
            "hours.monday[0]",
        ),
        (
            with("transfer_number", json!("2025550147")),
            "transfer_number",
        ),
        (
            with("transfer_number", json!("+0000000")),
            "transfer_number",
        ),
        (with("numbers", json!(["+12025550147"])), "numbers"),
        (with("user_id", json!(stage.user("eve").await)), "user_id"),
        (with("tenant_key", json!("tnt_smile")), "tenant_key"),
        (
            json!({ "name": "Any", "profession": "dentist" }),
            "time_zone",
        ),
    ] {
        let answer = olivia.post("/api/clients", &body).await;
        assert_eq!(wrong_field(&answer), field, "{body}: {}", answer.text);
    }
    let twice = olivia
        .request(Method::POST, "/api/clients")
        .header("content-type", "application/json")
        .body(r#"{"name":"A","name":"B","profession":"dentist","time_zone":"UTC"}"#);
    assert_eq!(twice.send().await.unwrap().status(), 422);
    assert_eq!(
        names(&olivia.json("/api/clients").await),
        Vec::<&str>::new()
    );
    let many = olivia
        .post(
            "/api/clients",
            &json!({ "profession": "", "name": "", "time_zone": "x" }),
        )
        .await;
    assert_eq!(
        many.json()["errors"].as_array().unwrap().len(),
        3,
        "all at once: {}",
        many.text
    );
    let fits = with("name", json!("Ж".repeat(100)));
    assert_eq!(
        olivia.post("/api/clients", &fits).await.status,
        201,
        "characters are counted"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_saves_what_was_changed_meanwhile_is_told_the_version_and_nothing_else() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    let manager = stage.member(olivia.id, "manager").await;
    let client = make(olivia, "Bright Smile").await;
    let secret = json!({ "greeting": "A greeting of the other one", "hours": { "friday": [{ "from": "10:00", "to": "24:00" }] } });
    let saved = manager
        .put(&path(&client, ""), &edit(&client, secret))
        .await;
    assert_eq!(saved.status, 200, "{}", saved.text);
    assert_eq!(saved.json()["version"], 2);
    assert_eq!(saved.json()["hours"]["friday"][0]["to"], "24:00");
    let late = olivia
        .put(
            &path(&client, ""),
            &edit(&client, json!({ "voice": "calm" })),
        )
        .await;
    assert_eq!(problem(&late), (409, "changed-meanwhile".into()));
    assert!(
        late.text.contains("version 2") && !late.text.contains("other one"),
        "{}",
        late.text
    );
    assert_eq!(olivia.json(&path(&client, "")).await["voice"], "warm");
    // The same text once more changes nothing and makes no version.
    let same = saved.json();
    let again = olivia
        .put(&path(&client, ""), &edit(&same, json!({})))
        .await;
    assert_eq!(again.json(), same);
    let edits = (0..6).map(|number| edit(&same, json!({ "greeting": format!("Hello {number}") })));
    let edits: Vec<Value> = edits.collect();
    let place = path(&client, "");
    let answers = join_all(edits.iter().map(|edit| olivia.put(&place, edit))).await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1, "of edits at once one wins");
    let mut forgetful = edit(&same, json!({}));
    forgetful.as_object_mut().unwrap().remove("transfer_number");
    let answer = olivia.put(&place, &forgetful).await;
    assert_eq!(
        wrong_field(&answer),
        "transfer_number",
        "leaving it out is not null"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_client_is_gone_its_numbers_are_free_and_its_account_has_room_again() {
    let stage = Stage::set().await;
    let (olivia, bob) = (stage.owner(), stage.person("bob").await);
    subscribe(&stage, "olivia", "P-PRO").await;
    subscribe(&stage, "bob", "P-SOLO").await;
    let client = make(olivia, "Bright Smile").await;
    for number in ["+12025550101", "+12025550102"] {
        let assigned = olivia
            .post(&path(&client, "/numbers"), &json!({ "number": number }))
            .await;
        assert_eq!(assigned.status, 201, "{}", assigned.text);
    }
    let gone = olivia.delete(&path(&client, "")).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert_eq!(olivia.get(&path(&client, "")).await.status, 404);
    assert_eq!(olivia.delete(&path(&client, "")).await.status, 404);
    assert_eq!(
        names(&olivia.json("/api/clients").await),
        Vec::<&str>::new()
    );
    assert_eq!(
        names(&olivia.json("/api/clients?deleted=true").await),
        ["Bright Smile"]
    );
    assert_eq!(
        names(&bob.json("/api/clients?deleted=true").await),
        Vec::<&str>::new()
    );
    let theirs = make(&bob, "Bob's Pipes").await;
    let taken = bob
        .post(
            &path(&theirs, "/numbers"),
            &json!({ "number": "+12025550101" }),
        )
        .await;
    assert_eq!(taken.status, 201, "{}", taken.text);
    assert_eq!(
        told(&stage, "dev.frontdesk.number.released.v1").await.len(),
        2
    );
    assert_eq!(
        told(&stage, "dev.frontdesk.client.deleted.v1").await.len(),
        1
    );
    assert_eq!(
        count(&stage, "account.audit where act = 'client.deleted'").await,
        1
    );
    make(olivia, "Bright Smile").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_is_counted_with_what_was_made() {
    let stage = Stage::set().await;
    let (olivia, bob) = (stage.owner(), stage.person("bob").await);
    for number in 0..20 {
        let client = make(olivia, &format!("Client {number}")).await;
        assert_eq!(olivia.delete(&path(&client, "")).await.status, 204);
    }
    let refused = olivia.post("/api/clients", &draft("One more")).await;
    assert_eq!(problem(&refused), (429, "too-many".into()));
    assert!(!refused.header("retry-after").is_empty());
    make(&bob, "Bob's Pipes").await;
    // What is restored is not made.
    let deleted = olivia.json("/api/clients?deleted=true").await["items"][0].clone();
    let history = olivia.json(&path(&deleted, "/history")).await;
    let back = json!({ "change_id": history["items"][0]["id"] });
    let restored = olivia.post(&path(&deleted, "/restore"), &back).await;
    assert_eq!(restored.status, 200, "{}", restored.text);
    olivia.delete(&path(&deleted, "")).await;
    // One grows older than thirty days, and there is room for one.
    let sql = "alter table account.clients disable trigger user;
        update account.clients set created_at = now() - interval '31 d' where name = 'Client 7';
        alter table account.clients enable trigger user";
    stage.client.batch_execute(sql).await.unwrap();
    let client = make(olivia, "Another").await;
    olivia.delete(&path(&client, "")).await;
    let refused = olivia.post("/api/clients", &draft("One more")).await;
    assert_eq!(problem(&refused), (429, "too-many".into()));
    subscribe(&stage, "olivia", "P-SOLO").await;
    make(olivia, "One more").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_was_deleted_the_latest_hundred_are_listed() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    stage
        .execute(&format!(
            "insert into account.clients (id, user_id, name, profession, tenant_key, deleted_at)
            select gen_random_uuid(), '{}', 'Old ' || n, 'dentist', 'tnt_old' || n, now() - n * interval '1 minute'
            from generate_series(1, 105) n",
            olivia.id
        ))
        .await;
    let list = olivia.json("/api/clients?deleted=true").await;
    let listed = names(&list);
    assert_eq!(
        (listed.len(), listed[0], listed[99]),
        (100, "Old 1", "Old 100")
    );
}

/// Every route of a client: method, path behind the client, body.
fn routes() -> Vec<(Method, &'static str, Option<Value>)> {
    let settings = json!({ "version": 1, "name": "Mine now", "profession": "dentist", "time_zone": "UTC", "voice": "warm",
        "greeting": "", "instructions": "", "hours": {}, "transfer_number": null });
    vec![
        (Method::GET, "", None),
        (Method::PUT, "", Some(settings)),
        (Method::GET, "/numbers", None),
        (
            Method::POST,
            "/numbers",
            Some(json!({ "number": "+12025550199" })),
        ),
        (Method::DELETE, "/numbers/%2B12025550147", None),
        (Method::PUT, "/voice-sample", None),
        (Method::GET, "/voice-sample", None),
        (Method::DELETE, "/voice-sample", None),
        (Method::GET, "/history", None),
        (Method::POST, "/restore", Some(json!({ "change_id": 1 }))),
        (Method::GET, "/stats", None),
        (Method::GET, "/calls", None),
        (Method::GET, "/revenue", None),
        (Method::DELETE, "", None),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn another_accounts_client_is_not_there_whatever_is_asked_of_it() {
    let stage = Stage::set().await;
    let (olivia, bob) = (stage.owner(), stage.person("bob").await);
    subscribe(&stage, "olivia", "P-PRO").await;
    subscribe(&stage, "bob", "P-PRO").await;
    let client = make(olivia, "Bright Smile").await;
    let number = json!({ "number": "+12025550147" });
    let client = olivia
        .post(&path(&client, "/numbers"), &number)
        .await
        .json();
    for (method, rest, body) in routes() {
        let place = path(&client, rest);
        let answer = bob.send(method.clone(), &place, body.as_ref()).await;
        assert_eq!(
            problem(&answer),
            (404, "not-found".into()),
            "{method} {place}"
        );
        let nobody = "/api/clients/018f3c1e-0000-7000-8000-000000000000".to_owned() + rest;
        let same = bob.send(method.clone(), &nobody, body.as_ref()).await;
        let mut told = (answer.json(), same.json());
        told.0["instance"] = Value::Null;
        told.1["instance"] = Value::Null;
        assert_eq!(
            told.0, told.1,
            "{method} {rest}: not even that it exists is told"
        );
        let odd = bob
            .send(
                method.clone(),
                &format!("/api/clients/1{rest}"),
                body.as_ref(),
            )
            .await;
        assert_eq!(odd.status, 400, "{method} {rest}");
    }
    assert_eq!(
        olivia.json(&path(&client, "")).await,
        client,
        "and nothing happened to it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_look_managers_change_and_strangers_do_neither() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    let reader = stage.member(olivia.id, "reader").await;
    let manager = stage.member(olivia.id, "manager").await;
    subscribe(&stage, "olivia", "P-PRO").await;
    let client = make(olivia, "Bright Smile").await;
    assert_eq!(reader.json(&path(&client, "")).await, client);
    let changes = [
        (
            Method::POST,
            "/api/clients".to_owned(),
            Some(draft("Another")),
        ),
        (
            Method::PUT,
            path(&client, ""),
            Some(edit(&client, json!({ "voice": "calm" }))),
        ),
        (
            Method::POST,
            path(&client, "/numbers"),
            Some(json!({ "number": "+12025550147" })),
        ),
        (
            Method::DELETE,
            path(&client, "/numbers/%2B12025550147"),
            None,
        ),
        (Method::DELETE, path(&client, ""), None),
    ];
    for (method, place, body) in &changes {
        let refused = reader.send(method.clone(), place, body.as_ref()).await;
        assert_eq!(
            problem(&refused),
            (403, "forbidden".into()),
            "{method} {place}"
        );
        let nobody = stage.request(method.clone(), place);
        let nobody = match body {
            Some(body) => nobody.json(body),
            None => nobody,
        };
        assert_eq!(
            nobody.send().await.unwrap().status(),
            401,
            "{method} {place}"
        );
    }
    for (method, place, body) in &changes {
        let done = manager.send(method.clone(), place, body.as_ref()).await;
        assert!(
            (200..300).contains(&done.status),
            "{method} {place}: {}",
            done.text
        );
    }
    let elsewhere = stage
        .request(Method::POST, "/api/clients")
        .header("cookie", &olivia.cookie)
        .header("sec-fetch-site", "cross-site")
        .json(&draft("Forged"));
    assert_eq!(elsewhere.send().await.unwrap().status(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_has_not_changed_is_a_tag_and_one_of_many_clients_is_quick() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    subscribe(&stage, "olivia", "P-WHITE_LABEL").await;
    for number in 0..12 {
        let client = make(olivia, &format!("Client {number:02}")).await;
        let wanted = json!({ "number": format!("+120255501{number:02}") });
        olivia.post(&path(&client, "/numbers"), &wanted).await;
    }
    let list = olivia.get("/api/clients").await;
    let items = list.json()["items"].clone();
    for (number, item) in items.as_array().unwrap().iter().enumerate() {
        assert_eq!(item["name"], format!("Client {number:02}"), "by name");
        assert_eq!(item["numbers"], json!([format!("+120255501{number:02}")]));
        // A client's texts are its own answer's: a thousand of them would be forty megabytes.
        assert!(item.get("instructions").is_none() && item.get("greeting").is_none());
        assert_eq!(
            (&item["has_greeting"], &item["has_instructions"]),
            (&json!(true), &json!(true))
        );
    }
    let first = items[0].clone();
    let whole = olivia.json(&path(&first, "")).await;
    let wordless = edit(&whole, json!({ "greeting": "", "instructions": "" }));
    olivia.put(&path(&first, ""), &wordless).await;
    let first = olivia.json("/api/clients").await["items"][0].clone();
    assert_eq!(
        (&first["has_greeting"], &first["has_instructions"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(list.header("cache-control"), "no-store");
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_nine_professions_and_voices_to_choose_from() {
    let stage = Stage::set().await;
    let reader = stage.member(stage.owner().id, "reader").await;
    let choices = reader.json("/api/professions").await;
    let professions = choices["professions"].as_array().unwrap();
    assert_eq!(professions.len(), 9);
    for profession in professions {
        let mut body = draft(profession["name"].as_str().unwrap());
        body["profession"] = profession["id"].clone();
        body["greeting"] = profession["greeting"].clone();
        body["instructions"] = profession["instructions"].clone();
        let person: Person = stage.person(profession["id"].as_str().unwrap()).await;
        let made = person.post("/api/clients", &body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        assert_eq!(made.json()["instructions"], profession["instructions"]);
    }
    assert!(choices["voices"].as_array().unwrap().len() >= 6);
    let plans = reader.json("/api/subscriptions/plans").await;
    let limits: Vec<&Value> = plans["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|plan| &plan["number_limit"])
        .collect();
    assert_eq!(limits, [&json!(1), &json!(3), &Value::Null]);
}
