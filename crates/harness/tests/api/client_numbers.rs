//! Numbers of clients: what a plan allows, who has one, and what is told to whom.

use crate::{
    browser::count,
    desk::{edit, had_subscribed, make, path, problem, subscribe, told, wrong_field},
    person::{Answer, Person},
    stage::Stage,
};
use futures::future::join_all;
use serde_json::{Value, json};

async fn assign(person: &Person, client: &Value, number: &str) -> Answer {
    let wanted = json!({ "number": number });
    person.post(&path(client, "/numbers"), &wanted).await
}

async fn release(person: &Person, client: &Value, number: &str) -> Answer {
    let number = number.replace('+', "%2B");
    person
        .delete(&path(client, &format!("/numbers/{number}")))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_put_into_service_with_a_subscription_alone() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    let client = make(olivia, "Bright Smile").await;
    let refused = assign(olivia, &client, "+12025550101").await;
    assert_eq!(problem(&refused), (409, "no-subscription".into()));
    assert!(
        refused.text.contains("subscribe to a plan"),
        "{}",
        refused.text
    );
    had_subscribed(&stage, "olivia", "P-PRO").await;
    let over = assign(olivia, &client, "+12025550101").await;
    assert_eq!(
        problem(&over),
        (409, "no-subscription".into()),
        "what is over gives nothing"
    );
    subscribe(&stage, "olivia", "P-SOLO").await;
    let assigned = assign(olivia, &client, "+1 (202) 555-0101").await;
    assert_eq!(assigned.status, 201, "{}", assigned.text);
    assert_eq!(assigned.json()["numbers"], json!(["+12025550101"]));
    assert_eq!(
        assigned.json()["version"],
        1,
        "an open editor is not disturbed"
    );
    let again = assign(olivia, &client, "+12025550101").await;
    assert_eq!(
        (again.status, again.json()["numbers"].clone()),
        (200, json!(["+12025550101"]))
    );
    let facts = told(&stage, "dev.frontdesk.number.assigned.v1").await;
    assert_eq!(facts.len(), 1);
    assert_eq!(facts[0]["number"], "+12025550101");
    assert_eq!(
        count(
            &stage,
            "account.audit where act = 'number.assigned' and detail = '{}'"
        )
        .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_counts_the_numbers_of_all_clients_together() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    for (plan, name, limit) in [("P-SOLO", "Solo", 1), ("P-PRO", "Pro", 3)] {
        subscribe(&stage, "olivia", plan).await;
        let held = olivia.json("/api/clients").await["items"]
            .as_array()
            .unwrap()
            .len();
        for number in held..limit {
            let client = make(olivia, &format!("Client {number}")).await;
            let assigned = assign(olivia, &client, &format!("+120255501{number:02}")).await;
            assert_eq!(assigned.status, 201, "{}", assigned.text);
        }
        let first = olivia.json("/api/clients").await["items"][0].clone();
        let refused = assign(olivia, &first, "+12025550199").await;
        assert_eq!(problem(&refused), (409, "number-limit".into()));
        assert!(
            refused
                .text
                .contains(&format!("the plan {name} has {limit} number")),
            "{}",
            refused.text
        );
        if limit == 1 {
            // PayPal ends the old one when a plan is changed; access follows the one that is active.
            let sql = "update billing.subscriptions set status = 'CANCELLED', paid_through = now() - interval '1 d',
                       next_billing_at = null where plan_id = 'P-SOLO'";
            stage.client.execute(sql, &[]).await.unwrap();
        }
    }
    let first = olivia.json("/api/clients").await["items"][0].clone();
    let number = first["numbers"][0].as_str().unwrap().to_owned();
    assert_eq!(release(olivia, &first, &number).await.status, 200);
    assert_eq!(
        assign(olivia, &first, "+12025550199").await.status,
        201,
        "a released one makes room"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_plan_gives_as_many_numbers_as_are_wanted_and_an_unknown_one_none() {
    let stage = Stage::set().await;
    let (olivia, bob) = (stage.owner(), stage.person("bob").await);
    subscribe(&stage, "olivia", "P-OF-ANOTHER-TIME").await;
    let client = make(olivia, "Bright Smile").await;
    let refused = assign(olivia, &client, "+12025550101").await;
    assert_eq!(problem(&refused), (409, "no-subscription".into()));
    subscribe(&stage, "bob", "P-WHITE_LABEL").await;
    let theirs = make(&bob, "Bob's Pipes").await;
    for number in 10..20 {
        let assigned = assign(&bob, &theirs, &format!("+120255501{number}")).await;
        assert_eq!(assigned.status, 201, "unlimited: {}", assigned.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_in_use_is_refused_without_a_word_of_whose_it_is() {
    let stage = Stage::set().await;
    let (olivia, bob) = (stage.owner(), stage.person("bob").await);
    subscribe(&stage, "olivia", "P-PRO").await;
    subscribe(&stage, "bob", "P-PRO").await;
    let (client, other) = (
        make(olivia, "Bright Smile").await,
        make(olivia, "Second Smile").await,
    );
    let theirs = make(&bob, "Bob's Pipes").await;
    assert_eq!(assign(olivia, &client, "+12025550101").await.status, 201);
    let stranger = assign(&bob, &theirs, "+12025550101").await;
    let own = assign(olivia, &other, "+12025550101").await;
    for refused in [&stranger, &own] {
        assert_eq!(problem(refused), (409, "number-taken".into()));
        for word in [
            "olivia",
            "Smile",
            olivia.id.to_string().as_str(),
            client["id"].as_str().unwrap(),
        ] {
            assert!(!refused.text.contains(word), "{}", refused.text);
        }
    }
    assert_eq!(stranger.json()["detail"], own.json()["detail"]);
    // Nobody releases what is not theirs, and the list of who had a number shows own rows alone.
    assert_eq!(release(&bob, &theirs, "+12025550101").await.status, 404);
    assert_eq!(release(olivia, &other, "+12025550101").await.status, 404);
    assert_eq!(release(olivia, &client, "+12025550101").await.status, 200);
    assert_eq!(assign(&bob, &theirs, "+12025550101").await.status, 201);
    assert_eq!(olivia.json(&path(&client, "")).await["numbers"], json!([]));
    assert_eq!(
        bob.json(&path(&theirs, "")).await["numbers"],
        json!(["+12025550101"])
    );
    let history = olivia.json(&path(&client, "/numbers")).await;
    let items = history["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert!(items[0]["released_at"].as_str() > items[0]["assigned_at"].as_str());
    let history = bob.json(&path(&theirs, "/numbers")).await;
    assert_eq!(history["items"][0]["released_at"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_those_who_ask_for_a_number_at_once_one_has_it() {
    let stage = Stage::set().await;
    let people = join_all((0..6).map(|number| {
        let stage = &stage;
        async move {
            let name = format!("person{number}");
            let person = stage.person(&name).await;
            let client = make(&person, "A client").await;
            (name, person, client)
        }
    }))
    .await;
    for (name, _, _) in &people {
        subscribe(&stage, name, "P-SOLO").await;
    }
    let asked = people
        .iter()
        .map(|(_, person, client)| assign(person, client, "+12025550101"));
    let answers = join_all(asked).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 201).count(),
        1
    );
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(problem(answer), (409, "number-taken".into()));
    }
    // And of several numbers asked for at once by one account, as many as the plan has.
    let (_, person, client) = people
        .iter()
        .zip(&answers)
        .find(|(_, answer)| answer.status != 201)
        .map(|(person, _)| person)
        .unwrap();
    let numbers: Vec<String> = (10..18)
        .map(|number| format!("+120255501{number}"))
        .collect();
    let answers = join_all(numbers.iter().map(|number| assign(person, client, number))).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 201).count(),
        1,
        "Solo has one"
    );
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!(problem(answer), (409, "number-limit".into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_every_country_are_taken_and_of_no_country_are_not() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    subscribe(&stage, "olivia", "P-WHITE_LABEL").await;
    let client = make(olivia, "Bright Smile").await;
    for (given, kept) in [
        ("+1 202 555 0147", "+12025550147"),
        ("+44 20 7946 0018", "+442079460018"),
        ("+49 (30) 901-820", "+4930901820"),
        ("+39 06 698 12345", "+390669812345"),
        ("+290 1234", "+2901234"),
        ("+64.4.555.0100", "+6445550100"),
        ("tel:+86-138-0013-8000", "+8613800138000"),
        ("+998 999 999 999 999", "+998999999999999"),
    ] {
        let assigned = assign(olivia, &client, given).await;
        assert_eq!(assigned.status, 201, "{given}: {}", assigned.text);
        assert!(
            assigned.json()["numbers"]
                .as_array()
                .unwrap()
                .contains(&json!(kept)),
            "{given}"
        );
    }
    for bad in [
        "",
        "+",
        "911",
        "2025550147",
        "+0123456",
        "+1234567890123456",
        "+1202555014a",
        "++12025550147",
        "+1202555\u{202e}0147",
        "+١٢٣٤٥٦٧",
        "tel:+12025550147;ext=1",
        "+1202555014\u{0}7",
        "00441234",
        "+999 999 999 999 999",
        "+210 555 0147",
    ] {
        assert_eq!(
            wrong_field(&assign(olivia, &client, bad).await),
            "number",
            "{bad:?}"
        );
    }
    let odd = olivia
        .post(
            &path(&client, "/numbers"),
            &json!({ "number": 12_025_550_147_i64 }),
        )
        .await;
    assert_eq!(wrong_field(&odd), "number");
    assert_eq!(release(olivia, &client, "+4420794600").await.status, 404);
    assert_eq!(release(olivia, &client, "not-a-number").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_come_and_go_so_often_a_day() {
    let stage = Stage::set().await;
    let (olivia, bob) = (stage.owner(), stage.person("bob").await);
    subscribe(&stage, "olivia", "P-WHITE_LABEL").await;
    subscribe(&stage, "bob", "P-SOLO").await;
    let client = make(olivia, "Bright Smile").await;
    let theirs = make(&bob, "Bob's Pipes").await;
    stage
        .execute(&format!(
            "insert into account.number_assignments (number, client_id)
            select '+1999' || lpad(n::text, 7, '0'), '{}' from generate_series(1, 499) n",
            client["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(assign(olivia, &client, "+12025550101").await.status, 201);
    let refused = assign(olivia, &client, "+12025550102").await;
    assert_eq!(problem(&refused), (429, "too-many".into()));
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(release(olivia, &client, "+12025550101").await.status, 200);
    assert_eq!(assign(&bob, &theirs, "+12025550103").await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_is_put_through_to_where_it_came_from() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    subscribe(&stage, "olivia", "P-PRO").await;
    let client = make(olivia, "Bright Smile").await;
    let with_transfer = edit(&client, json!({ "transfer_number": "+1 202 555 0123" }));
    let client = olivia.put(&path(&client, ""), &with_transfer).await.json();
    assert_eq!(client["transfer_number"], "+12025550123");
    let circle = assign(olivia, &client, "+12025550123").await;
    assert_eq!(wrong_field(&circle), "number");
    let client = assign(olivia, &client, "+12025550147").await.json();
    let circle = edit(&client, json!({ "transfer_number": "+1 (202) 555-0147" }));
    let circle = olivia.put(&path(&client, ""), &circle).await;
    assert_eq!(wrong_field(&circle), "transfer_number");
}
