//! Every event type we know, with the shape of its data.
//!
//! The types are for reading and refuse nothing but bytes that are not a JSON object: unknown
//! events, fields and enum values are normal. `cargo run -p frontdesk-events --bin catalogue`
//! writes the JSON Schemas and `asyncapi.yaml` from them; each type has an example of its own.

pub mod account;
pub mod agent;
pub mod livekit;
pub mod moment;
pub mod paypal;
pub mod tolerant;

use crate::StreamName;
use schemars::Schema;
use serde_json::{Map, Value};

/// One event type.
#[derive(Debug, Clone, Copy)]
pub struct EventType {
    /// The CloudEvents `type`.
    pub kind: &'static str,
    /// The stream it is kept in.
    pub stream: StreamName,
    /// The third token of its subject; empty for ACCOUNTS, whose subjects have none.
    pub source: &'static str,
    /// The schema of the Rust type it is read into.
    pub schema: fn() -> Schema,
    /// Which fields of that type it uses; empty when all.
    pub fields: &'static [&'static str],
}

impl EventType {
    /// The JSON Schema of its data (draft 07).
    #[must_use]
    pub fn json_schema(&self) -> Value {
        let mut schema = (self.schema)();
        schema.insert("$id".to_owned(), Value::from(format!("{}.json", self.kind)));
        schema.insert("title".to_owned(), Value::from(self.kind));
        if !self.fields.is_empty()
            && let Some(Value::Object(properties)) = schema.get_mut("properties")
        {
            properties.retain(|name, _| self.fields.contains(&name.as_str()));
        }
        let mut schema = schema.to_value();
        drop_unused_definitions(&mut schema);
        schema
    }

    /// The schema as it is committed.
    #[must_use]
    pub fn schema_file(&self) -> String {
        format!("{:#}\n", self.json_schema())
    }
}

/// Leaves out what nothing in the schema refers to any more.
fn drop_unused_definitions(schema: &mut Value) {
    let Some(Value::Object(mut definitions)) = schema
        .as_object_mut()
        .and_then(|map| map.remove("definitions"))
    else {
        return;
    };
    let mut used = Map::new();
    let mut text = schema.to_string();
    loop {
        let (named, rest): (Map<_, _>, Map<_, _>) = definitions
            .into_iter()
            .partition(|(name, _)| text.contains(&format!("\"#/definitions/{name}\"")));
        if named.is_empty() {
            break;
        }
        text = Value::from(named.clone()).to_string();
        used.extend(named);
        definitions = rest;
    }
    if !used.is_empty() {
        schema["definitions"] = Value::from(used);
    }
}

/// Every event type, source by source.
pub fn all() -> impl Iterator<Item = &'static EventType> {
    livekit::TYPES
        .iter()
        .chain(agent::TYPES)
        .chain(paypal::TYPES)
        .chain(account::TYPES)
}

/// One line for people about an event: what happened, in plain words.
#[must_use]
pub fn describe(kind: &str, data: &[u8]) -> String {
    if let Some(event) = kind.strip_prefix(livekit::PREFIX) {
        let mut webhook = tolerant::read::<livekit::Webhook>(data).unwrap_or_default();
        webhook.event = Some(event.to_owned());
        return livekit::describe(&webhook);
    }
    if kind.starts_with(paypal::PREFIX) {
        return paypal::describe(kind, data);
    }
    agent::describe(kind, data)
        .or_else(|| account::describe(kind, data))
        .unwrap_or_else(|| format!("An event of type {kind}"))
}
