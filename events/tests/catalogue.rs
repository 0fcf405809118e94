//! Every event type has a schema, an example and a place in `asyncapi.yaml`, and what is committed
//! is what the types say.

// The whole file is tests; clippy only knows it of the functions marked so.
#![allow(clippy::unwrap_used)]

use frontdesk_events::{
    Partition, StreamName, asyncapi,
    catalogue::{self, account, agent, livekit, tolerant},
    nats::live::{Change, Topic},
    subject,
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn files(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(path(folder)).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn expected() -> BTreeSet<String> {
    catalogue::all()
        .map(|event| format!("{}.json", event.kind))
        .collect()
}

fn example(kind: &str) -> Vec<u8> {
    fs::read(path(&format!("examples/{kind}.json")))
        .unwrap_or_else(|error| panic!("{kind}: {error}"))
}

#[test]
fn each_type_is_there_once_with_its_schema_and_its_example() {
    assert_eq!(
        catalogue::all().count(),
        expected().len(),
        "two entries of one type"
    );
    assert_eq!(files("schemas"), expected());
    assert_eq!(files("examples"), expected());
}

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    for event in catalogue::all() {
        let committed = fs::read_to_string(path(&format!("schemas/{}.json", event.kind))).unwrap();
        assert_eq!(
            committed,
            event.schema_file(),
            "{}: run `make generate`",
            event.kind
        );
    }
}

#[test]
fn the_committed_asyncapi_document_is_that_of_the_catalogue() {
    let committed = fs::read_to_string(path("asyncapi.yaml")).unwrap();
    assert_eq!(committed, asyncapi::yaml(), "run `make generate`");
    let document = asyncapi::document();
    for event in catalogue::all() {
        assert!(
            document["components"]["messages"][event.kind].is_object(),
            "{}",
            event.kind
        );
        let channel = &document["channels"][event.stream.prefix()];
        assert!(
            channel["messages"][event.kind].is_object(),
            "{}",
            event.kind
        );
        let sources = channel["parameters"]["source"]["enum"].as_array();
        let is_listed = sources.map(|list| list.iter().any(|source| source == event.source));
        assert!(
            is_listed.unwrap_or(event.source.is_empty()),
            "{}",
            event.kind
        );
    }
}

#[test]
fn the_live_change_is_described_as_it_is_sent() {
    let change = Change {
        user: None,
        topic: Topic::Billing,
        ids: vec!["I-1".to_owned()],
    };
    let sent = serde_json::to_value(&change).unwrap();
    let schema = &asyncapi::document()["components"]["messages"]["liveChange"]["payload"];
    for name in sent.as_object().unwrap().keys() {
        assert!(schema["properties"][name].is_object(), "{name}");
    }
    let topics = schema["properties"]["topic"]["enum"].as_array().unwrap();
    for topic in [Topic::Calls, Topic::Billing] {
        assert!(
            topics.contains(&serde_json::to_value(topic).unwrap()),
            "{topic:?}"
        );
    }
}

#[test]
fn every_example_is_read_and_told_in_words() {
    for event in catalogue::all() {
        let data = example(event.kind);
        let words = catalogue::describe(event.kind, &data);
        assert!(
            !words.contains("not know") && !words.contains(event.kind),
            "{}: {words}",
            event.kind
        );
        if let Some(name) = event.kind.strip_prefix(livekit::PREFIX) {
            let webhook: livekit::Webhook = tolerant::read(&data).unwrap();
            assert_eq!(webhook.event.as_deref(), Some(name));
            let outline = livekit::Outline::read(&data).unwrap();
            assert!(
                outline.id == webhook.id && outline.happened_at().is_some(),
                "{}",
                event.kind
            );
            assert!(outline.room_name().is_some(), "{}", event.kind);
            assert_eq!(outline.room_name(), webhook.room_name(), "{}", event.kind);
        }
    }
}

#[test]
fn no_example_holds_what_is_stripped_before_storing() {
    for event in catalogue::all() {
        let text = String::from_utf8(example(event.kind)).unwrap();
        for secret in ["turnPassword", "streamKey", "accessKey", "\"s3\""] {
            assert!(!text.contains(secret), "{}: {secret}", event.kind);
        }
    }
}

#[test]
fn the_agents_examples_fill_every_field_a_row_shows() {
    let analysed: agent::Analysed = tolerant::read(&example(agent::ANALYSED)).unwrap();
    let outcome = analysed.outcome.unwrap();
    assert!(
        analysed.call_id.is_some() && analysed.room_sid.is_some() && analysed.room_name.is_some()
    );
    assert!(
        outcome
            .revenue
            .is_some_and(|revenue| revenue.amount_minor.is_some() && revenue.currency.is_some())
    );
    assert!(
        analysed
            .latency
            .is_some_and(|latency| latency.e2e_p50.is_some() && latency.turns.is_some())
    );
    assert!(
        analysed
            .usage
            .iter()
            .all(|usage| usage.kind.is_some() && !usage.quantities.is_empty())
    );
    assert!(
        !analysed.transcript.is_empty()
            && !analysed.tags.is_empty()
            && analysed.sentiment.is_some()
    );
    let transcript: agent::Transcript = tolerant::read(&example(agent::TRANSCRIPT)).unwrap();
    assert!(
        transcript.items.len() > 3
            && transcript
                .items
                .iter()
                .all(|item| item.id.is_some() && item.kind.is_some())
    );
    let answered: agent::Answered = tolerant::read(&example(agent::ANSWERED)).unwrap();
    assert!(answered.answered_at.is_some());
    let transferred: agent::Transferred = tolerant::read(&example(agent::TRANSFERRED)).unwrap();
    assert!(transferred.transfer_to.is_some() && transferred.transferred_at.is_some());
}

#[test]
fn a_webhook_reads_the_same_in_camel_and_snake_case_and_with_numbers_for_names() {
    let camel = br#"{"event":"participant_left","createdAt":"1795194333","room":{"sid":"RM_1","creationTimeMs":"1795194240118"},
        "participant":{"sid":"PA_1","kind":"SIP","joinedAtMs":"1795194240342","disconnectReason":"CLIENT_INITIATED"}}"#;
    let snake = br#"{"event":"participant_left","created_at":1795194333,"room":{"sid":"RM_1","creation_time_ms":1795194240118},
        "participant":{"sid":"PA_1","kind":3,"joined_at_ms":1795194240342.0,"disconnect_reason":1}}"#;
    let [camel, snake] =
        [&camel[..], snake].map(|body| tolerant::read::<livekit::Webhook>(body).unwrap());
    assert_eq!(camel, snake);
    let participant = camel.participant.unwrap();
    assert_eq!(
        (participant.kind(), participant.disconnect_reason()),
        ("SIP", "CLIENT_INITIATED")
    );
}

#[test]
fn what_is_absent_means_protobufs_default() {
    let webhook: livekit::Webhook =
        tolerant::read(br#"{"participant":{"sid":"PA_1"},"track":{"sid":"TR_1"},"egressInfo":{}}"#)
            .unwrap();
    let participant = webhook.participant.unwrap();
    assert_eq!(
        (participant.kind(), participant.disconnect_reason()),
        ("STANDARD", "UNKNOWN_REASON")
    );
    assert!(webhook.track.unwrap().is_audio());
    assert_eq!(webhook.egress_info.unwrap().status(), "EGRESS_STARTING");
}

#[test]
fn a_fact_holds_what_its_schema_names_and_nothing_that_must_not_be_kept() {
    for event in account::TYPES {
        let data: serde_json::Value = serde_json::from_slice(&example(event.kind)).unwrap();
        let schema = event.json_schema();
        let named: BTreeSet<_> = schema["properties"].as_object().unwrap().keys().collect();
        let held: BTreeSet<_> = data.as_object().unwrap().keys().collect();
        assert_eq!(held, named, "{}", event.kind);
        for name in named {
            let is_harmless = name.ends_with("_id")
                || [
                    "by",
                    "changes",
                    "due_at",
                    "is_new_device",
                    "method",
                    "number",
                    "provider",
                    "role",
                    "scopes",
                    "sequence",
                ]
                .contains(&name.as_str());
            assert!(is_harmless, "{}: {name}", event.kind);
        }
        assert!(!data.to_string().contains('@'), "{}", event.kind);
    }
}

#[test]
fn a_fact_and_a_report_are_never_mistaken_for_each_other() {
    for event in account::TYPES {
        assert_eq!(agent::review(event.kind, b"{}"), None, "{}", event.kind);
        assert_eq!(agent::describe(event.kind, b"{}"), None, "{}", event.kind);
        assert_eq!(event.stream, StreamName::Accounts);
        let subject = subject::fact(Partition::of("a"), event.kind);
        assert_eq!(subject.split('.').count(), 3, "{subject}");
        assert!(subject.starts_with("accounts.12."), "{subject}");
        assert!(!subject.contains("frontdesk"), "{subject}");
    }
    for event in agent::TYPES {
        assert_eq!(account::describe(event.kind, b"{}"), None, "{}", event.kind);
    }
    assert_eq!(
        subject::facts_of(account::SIGNED_UP),
        "accounts.*.user-signed_up-v1"
    );
}
