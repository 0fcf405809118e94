//! `asyncapi.yaml`: the streams, their subjects and every event type, for people and tools that
//! do not read Rust.
//!
//! Made from the catalogue and the stream definitions, so it cannot say anything else than they
//! do. AsyncAPI has message traits for CloudEvents over HTTP and Kafka but none for NATS; the one
//! here says which headers binary mode has.

use crate::{
    StreamName, catalogue,
    nats::live::MOST_IDS,
    partition::{PARTITIONS, Partition},
};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;

/// The order of the document's sections; within them keys are sorted.
const SECTIONS: [&str; 7] = [
    "asyncapi",
    "info",
    "defaultContentType",
    "servers",
    "channels",
    "operations",
    "components",
];

/// The document.
#[must_use]
pub fn document() -> Value {
    json!({
        "asyncapi": "3.1.0",
        "info": {
            "title": "Frontdesk events",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What happens on calls and in billing, as CloudEvents 1.0 on NATS JetStream in \
                binary mode (NATS protocol binding 1.0.3-wip): attributes are headers `ce-<name>`, \
                percent-encoded, and the payload is the data. Readers take structured mode as well.",
        },
        "defaultContentType": "application/json",
        "servers": { "nats": {
            "host": "localhost:4222",
            "protocol": "nats",
            "description": "NATS 2.15.1 or newer with JetStream and `sync_interval: always`.",
        } },
        "channels": channels(),
        "operations": operations(),
        "components": {
            "messageTraits": { "cloudEventOnNats": trait_of_headers() },
            "messages": messages(),
        },
    })
}

/// The document as YAML.
#[must_use]
pub fn yaml() -> String {
    let document = document();
    let mut yaml =
        "# Written by `make generate` from the catalogue and the stream definitions; do not edit.\n".to_owned();
    for section in SECTIONS {
        let mut one = Map::new();
        one.insert(section.to_owned(), document[section].clone());
        write_block(&mut yaml, &Value::Object(one), 0);
    }
    yaml
}

fn channels() -> Value {
    let of = |stream: StreamName| {
        let kinds = catalogue::all().filter(|event| event.stream == stream);
        kinds
            .map(|event| (event.kind.to_owned(), message_reference(event.kind)))
            .collect::<Map<_, _>>()
    };
    let one = |name: &str| Map::from_iter([(name.to_owned(), message_reference(name))]);
    json!({
        "calls": {
            "address": "calls.{partition}.{source}.{type}",
            "title": "Stream CALLS",
            "description": "Everything about a call, by the partition of its room name.",
            "parameters": {
                "partition": partitions(),
                "source": { "enum": ["livekit", "agent"], "description": "The sender's short name." },
                "type": { "description": "The event type without its reverse-DNS prefix, as one subject token." },
            },
            "messages": of(StreamName::Calls),
        },
        "billing": {
            "address": "billing.{partition}.{source}.{type}",
            "title": "Stream BILLING",
            "description": "What PayPal says. One partition: a refund does not name its subscription.",
            "parameters": {
                "partition": { "enum": [Partition::BILLING.to_string()], "description": "Always the same." },
                "source": { "enum": ["paypal"], "description": "The sender's short name." },
                "type": { "description": "The event type without its reverse-DNS prefix, as one subject token." },
            },
            "messages": of(StreamName::Billing),
        },
        "accounts": {
            "address": "accounts.{partition}.{type}",
            "title": "Stream ACCOUNTS",
            "description": "Facts about users and clients, by the partition of the user id.",
            "parameters": {
                "partition": partitions(),
                "type": { "description": "The event type without its reverse-DNS prefix, as one subject token." },
            },
            "messages": of(StreamName::Accounts),
        },
        "dead": {
            "address": "dead.{stream}.{reader}",
            "title": "Stream DEAD",
            "description": "Events a reader could not take, with the reason. They stay in their stream as well.",
            "parameters": {
                "stream": { "enum": ["calls", "billing", "accounts"], "description": "Where it stands." },
                "reader": { "description": "Who could not take it." },
            },
            "messages": one("deadLetter"),
        },
        "live": {
            "address": "live.{user}",
            "title": "Live changes (core NATS)",
            "description": "Which rows changed, told after the commit. A hint: it may be lost.",
            "parameters": { "user": { "description": "A user id, or `unassigned`." } },
            "messages": one("liveChange"),
        },
    })
}

fn partitions() -> Value {
    let all: Vec<_> = (0..PARTITIONS)
        .filter_map(Partition::new)
        .map(|partition| partition.to_string())
        .collect();
    json!({ "enum": all, "description": "FNV-1a (32 bit) of the partition key, modulo sixteen." })
}

fn operations() -> Value {
    let operation = |action: &str, channel: &str, summary: &str| json!({ "action": action, "channel": { "$ref": format!("#/channels/{channel}") }, "summary": summary });
    json!({
        "keepCalls": operation("send", "calls", "ingest stores verified webhooks and agents' reports"),
        "keepBilling": operation("send", "billing", "ingest stores verified PayPal webhooks"),
        "keepAccounts": operation("send", "accounts", "workers relay the outbox"),
        "actOnAccounts": operation("receive", "accounts", "workers write mails and make exports"),
        "keepDead": operation("send", "dead", "readers set aside what they cannot take"),
        "foldCalls": operation("receive", "calls", "the projector folds calls"),
        "foldBilling": operation("receive", "billing", "the projector folds subscriptions and sales"),
        "tellLive": operation("send", "live", "the projector tells what changed"),
        "hearLive": operation("receive", "live", "the api relays changes to browsers"),
    })
}

fn messages() -> Value {
    let mut messages = Map::new();
    for event in catalogue::all() {
        let message = json!({
            "name": event.kind,
            "title": event.kind,
            "summary": catalogue::describe(event.kind, b"{}"),
            "contentType": "application/json",
            "traits": [{ "$ref": "#/components/messageTraits/cloudEventOnNats" }],
            "payload": {
                "schemaFormat": "application/schema+json;version=draft-07",
                "schema": { "$ref": format!("./schemas/{}.json", event.kind) },
            },
            "x-example": format!("./examples/{}.json", event.kind),
        });
        messages.insert(event.kind.to_owned(), message);
    }
    let traits = json!([{ "$ref": "#/components/messageTraits/cloudEventOnNats" }]);
    messages.insert("deadLetter".to_owned(), json!({
        "title": "An event a reader could not take",
        "name": "dev.frontdesk.dead_letter.v1",
        "summary": "The payload is the event's as stored; the reason and its place are in `ce-dead…` headers.",
        "traits": traits,
    }));
    messages.insert(
        "liveChange".to_owned(),
        json!({
            "title": "Rows of one user that changed in one commit",
            "contentType": "application/json",
            "payload": {
                "type": "object",
                "required": ["topic", "ids"],
                "properties": {
                    "user": { "type": ["string", "null"], "format": "uuid" },
                    "topic": { "type": "string", "enum": ["calls", "billing"] },
                    "ids": { "type": "array", "items": { "type": "string" }, "maxItems": MOST_IDS },
                },
            },
        }),
    );
    Value::Object(messages)
}

fn message_reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/messages/{name}") })
}

fn trait_of_headers() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    json!({
        "title": "CloudEvents 1.0 in binary mode on NATS",
        "description": "Header values are percent-encoded: space, `\"`, `%` and everything outside U+0021–U+007E.",
        "headers": {
            "type": "object",
            "required": ["ce-specversion", "ce-id", "ce-source", "ce-type", "Nats-Msg-Id"],
            "properties": {
                "ce-specversion": { "type": "string", "const": "1.0" },
                "ce-id": text("The provider's event id. With the source it is the event's identity."),
                "ce-source": text("`/livekit/<api key>`, `/paypal/<sandbox|live>`, `/agents/<name>`, `/frontdesk/<role>`."),
                "ce-type": text("The event type."),
                "ce-subject": text("What it is about: room sid, call id, subscription id, sale id, user id."),
                "ce-time": { "type": "string", "format": "date-time",
                    "description": "When it happened, by the provider's own best field." },
                "ce-recordedtime": { "type": "string", "format": "date-time", "description": "When it was accepted." },
                "ce-partitionkey": text("What the partition is made of."),
                "ce-bodysha256": text("SHA-256 of the body as it was signed, before secrets were taken out."),
                "content-type": text("The media type of the payload."),
                "Nats-Msg-Id": text("A hash of source and id: within the duplicate window the server keeps one."),
            },
        },
    })
}

/// Block style with JSON's quoted texts, which YAML reads as they are.
fn write_block(yaml: &mut String, value: &Value, indent: usize) {
    let pad = "  ".repeat(indent);
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let plain = key
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
                let key = if plain {
                    key.clone()
                } else {
                    Value::from(key.as_str()).to_string()
                };
                let _ = write!(yaml, "{pad}{key}:");
                write_value(yaml, value, indent);
            }
        }
        Value::Array(list) => {
            for value in list {
                let _ = write!(yaml, "{pad}-");
                write_value(yaml, value, indent);
            }
        }
        scalar => {
            let _ = writeln!(yaml, "{pad}{scalar}");
        }
    }
}

fn write_value(yaml: &mut String, value: &Value, indent: usize) {
    let is_short = value.as_array().is_some_and(|list| {
        list.iter()
            .all(|item| !item.is_object() && !item.is_array())
    });
    let is_empty = value.as_object().is_some_and(Map::is_empty);
    if is_short || is_empty || !(value.is_object() || value.is_array()) {
        let _ = writeln!(yaml, " {value}");
    } else {
        yaml.push('\n');
        write_block(yaml, value, indent + 1);
    }
}
