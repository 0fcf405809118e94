//! Clients that are made through the API, and the subscriptions that allow more than one.

use crate::{
    billing::{paypal, subscription},
    person::{Answer, Person},
    stage::Stage,
};
use chrono::TimeDelta;
use frontdesk_process::clock;
use serde_json::{Value, json};
use uuid::Uuid;

/// The least a client is made of.
pub(crate) fn draft(name: &str) -> Value {
    json!({ "name": name, "profession": "dentist", "time_zone": "America/New_York" })
}

/// A client, made.
pub(crate) async fn make(person: &Person, name: &str) -> Value {
    let made = person.post("/api/clients", &draft(name)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()
}

/// A path of a client.
pub(crate) fn path(client: &Value, rest: &str) -> String {
    format!("/api/clients/{}{rest}", client["id"].as_str().unwrap())
}

/// What is sent to edit a client as it stands, with other values for some fields.
pub(crate) fn edit(client: &Value, change: Value) -> Value {
    let fields = [
        "version",
        "name",
        "profession",
        "time_zone",
        "voice",
        "greeting",
        "instructions",
        "hours",
        "transfer_number",
    ];
    let mut edit = json!({});
    for field in fields {
        edit[field] = change.get(field).unwrap_or(&client[field]).clone();
    }
    edit
}

/// Tells which plans of PayPal's are ours: `P-SOLO`, `P-PRO` and `P-WHITE_LABEL`.
pub(crate) async fn name_plans(stage: &Stage) {
    let sql = "update account.plans set paypal_plan_id = 'P-' || upper(id)";
    stage.client.execute(sql, &[]).await.unwrap();
}

/// Subscribes the user of this name to a plan of PayPal's.
pub(crate) async fn subscribe(stage: &Stage, name: &str, plan: &str) {
    name_plans(stage).await;
    let start = clock::now() - TimeDelta::days(3);
    let next = start + TimeDelta::days(30);
    let mut resource = subscription(&format!("I-{name}-{plan}"), name, "ACTIVE", start, next);
    resource["plan_id"] = json!(plan);
    let id = format!("WH-{}", Uuid::new_v4());
    let kind = "BILLING.SUBSCRIPTION.ACTIVATED";
    stage.tell(&[paypal(&id, kind, start, resource)]).await;
}

/// A subscription that ended two months ago.
pub(crate) async fn had_subscribed(stage: &Stage, name: &str, plan: &str) {
    let start = clock::now() - TimeDelta::days(90);
    let next = start + TimeDelta::days(30);
    let mut resource = subscription(&format!("I-{name}-{plan}"), name, "EXPIRED", start, next);
    resource["plan_id"] = json!(plan);
    let id = format!("WH-{}", Uuid::new_v4());
    let kind = "BILLING.SUBSCRIPTION.EXPIRED";
    stage.tell(&[paypal(&id, kind, next, resource)]).await;
}

/// What the facts of this type say, in order.
pub(crate) async fn told(stage: &Stage, kind: &str) -> Vec<Value> {
    let sql = "select data from account.outbox where kind = $1 order by id";
    let rows = stage.client.query(sql, &[&kind]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

/// The kind of a problem, by its status.
pub(crate) fn problem(answer: &Answer) -> (u16, String) {
    let kind = answer.json()["type"].as_str().unwrap().to_owned();
    let kind = kind.strip_prefix("urn:frontdesk:problem:").unwrap();
    (answer.status, kind.to_owned())
}

/// The field of the first error of a 422.
pub(crate) fn wrong_field(answer: &Answer) -> String {
    assert_eq!(answer.status, 422, "{}", answer.text);
    answer.json()["errors"][0]["field"]
        .as_str()
        .unwrap()
        .to_owned()
}
