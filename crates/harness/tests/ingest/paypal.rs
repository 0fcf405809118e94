//! PayPal's webhooks: verified locally, stored byte for byte with their proof.

use crate::{
    authority::{Delivery, PayPalStand, WEBHOOK_ID, world},
    stand::{counted, problem},
};
use axum::http::StatusCode;
use frontdesk_events::StreamName;
use frontdesk_harness::fixtures;
use frontdesk_process::clock;

pub const SALE: &[u8] = br#"{"id":"WH-1","event_type":"PAYMENT.SALE.COMPLETED","create_time":"2026-03-01T09:17:12.123Z","resource":{"id":"S1","billing_agreement_id":"I-1","amount":{"total":"9.90"}}, "z":1.0,"z":{} }"#;

pub async fn refusal(paypal: &PayPalStand, delivery: &Delivery) -> (u16, String) {
    let (status, document) = problem(paypal.send(delivery).await).await;
    (status, document["reason"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn every_kind_of_event_is_stored_byte_for_byte_with_its_proof() {
    let paypal = PayPalStand::start(&[]).await;
    let events: Vec<_> = fixtures::names("paypal")
        .into_iter()
        .filter(|name| name.contains("/evt-"))
        .collect();
    assert!(events.len() > 30);
    let mut sent = Vec::new();
    for name in &events {
        let delivery = paypal.delivery(&fixtures::compact(name));
        assert_eq!(
            paypal.send(&delivery).await.status(),
            StatusCode::OK,
            "{name}"
        );
        sent.push(delivery);
    }
    let stored = paypal.stand.stored(StreamName::Billing).await;
    // Fixtures share some event ids on purpose: the later one is the same event again.
    assert!(stored.len() > 30 && stored.len() <= sent.len());
    for message in &stored {
        let envelope = &message.envelope;
        let delivery = sent
            .iter()
            .find(|delivery| delivery.body == envelope.data())
            .expect("the bytes that were sent");
        let event: serde_json::Value = serde_json::from_slice(&delivery.body).unwrap();
        assert_eq!(envelope.id(), event["id"]);
        assert_eq!(envelope.source(), "/paypal/sandbox");
        assert_eq!(
            envelope.kind(),
            format!(
                "com.paypal.{}",
                event["event_type"].as_str().unwrap().to_lowercase()
            )
        );
        assert!(
            message.subject.starts_with("billing.00.paypal."),
            "{}",
            message.subject
        );
        for (extension, header) in [
            ("paypaltransmissionid", "paypal-transmission-id"),
            ("paypaltransmissiontime", "paypal-transmission-time"),
            ("paypaltransmissionsig", "paypal-transmission-sig"),
            ("paypalcerturl", "paypal-cert-url"),
            ("paypalauthalgo", "paypal-auth-algo"),
        ] {
            assert_eq!(
                envelope.extension(extension).as_deref(),
                Some(delivery.header(header))
            );
        }
        assert_eq!(
            envelope.extension("paypalwebhookid").as_deref(),
            Some(WEBHOOK_ID)
        );
        assert!(
            envelope
                .time()
                .is_some_and(|time| time <= clock::now() + chrono::TimeDelta::minutes(5))
        );
    }
    assert_eq!(paypal.host.times_asked("CERT-1"), 1);
}

#[tokio::test]
async fn both_addresses_take_the_same_event_once() {
    let paypal = PayPalStand::start(&[]).await;
    for path in [
        "/webhooks/paypal",
        "/api/webhooks/paypal",
        "/webhooks/paypal",
    ] {
        assert_eq!(
            paypal.send_to(path, &paypal.delivery(SALE)).await.status(),
            StatusCode::OK,
            "{path}"
        );
    }
    let stored = paypal.stand.only(StreamName::Billing).await;
    assert_eq!(
        (stored.envelope.data(), stored.envelope.subject()),
        (SALE, Some("I-1"))
    );
}

#[tokio::test]
async fn a_delivery_that_is_not_paypals_is_refused_and_counted() {
    let paypal = PayPalStand::start(&[]).await;
    let good = paypal.delivery(SALE);
    let (id, time) = (
        good.header("paypal-transmission-id"),
        good.header("paypal-transmission-time"),
    );
    let by = |signer, webhook_id| paypal.delivery_by(signer, "CERT-1", webhook_id, id, time, SALE);
    let altered = Delivery {
        body: SALE.to_ascii_lowercase(),
        ..good.clone()
    };
    for (delivery, status, reason) in [
        (altered, 401, "wrong_signature"),
        (
            Delivery {
                body: Vec::new(),
                ..good.clone()
            },
            401,
            "wrong_signature",
        ),
        (by(&world().foreign, WEBHOOK_ID), 401, "wrong_signature"),
        (
            by(&world().genuine, "0AA00000AA000000A"),
            401,
            "wrong_signature",
        ),
        (by(&world().genuine, "WEBHOOK_ID"), 401, "simulator"),
        (
            good.with(
                "paypal-transmission-id",
                "b5eb01d0-4e5c-11ef-8572-997c8c58ed96",
            ),
            401,
            "wrong_signature",
        ),
        (
            good.with("paypal-transmission-time", "2026-03-01T09:17:12Z"),
            401,
            "wrong_signature",
        ),
        (
            good.with("paypal-transmission-sig", "AAAA"),
            401,
            "wrong_signature",
        ),
        (
            good.with("paypal-auth-algo", "SHA1withRSA"),
            401,
            "wrong_algorithm",
        ),
        (
            good.with(
                "paypal-cert-url",
                "https://evil.example/v1/notifications/certs/CERT-1",
            ),
            401,
            "certificate_url",
        ),
        (
            good.with(
                "paypal-cert-url",
                "https://api.sandbox.paypal.com.evil.example/v1/notifications/certs/C",
            ),
            401,
            "certificate_url",
        ),
        (
            good.with(
                "paypal-cert-url",
                &format!("{}/v1/notifications/certs/../../x", paypal.origin),
            ),
            401,
            "certificate_url",
        ),
        (
            good.with(
                "paypal-cert-url",
                &format!("{}/other/CERT-1", paypal.origin),
            ),
            401,
            "certificate_url",
        ),
        (
            good.with("paypal-transmission-time", "2018-19-12T22:20:32.000Z"),
            400,
            "transmission_headers",
        ),
        (
            good.with("paypal-transmission-id", ""),
            400,
            "transmission_headers",
        ),
        (
            good.with("paypal-transmission-time", ""),
            400,
            "transmission_headers",
        ),
        (
            good.with("paypal-transmission-sig", ""),
            400,
            "transmission_headers",
        ),
        (
            good.with("paypal-cert-url", ""),
            400,
            "transmission_headers",
        ),
        (
            good.with("paypal-auth-algo", ""),
            400,
            "transmission_headers",
        ),
    ] {
        let before = counted(&["ingest_rejected_total", "paypal", reason]).await;
        assert_eq!(
            refusal(&paypal, &delivery).await,
            (status, reason.to_owned()),
            "{:?}",
            delivery.headers
        );
        assert!(counted(&["ingest_rejected_total", "paypal", reason]).await > before);
    }
    assert_eq!(paypal.stand.count(StreamName::Billing).await, 0);
    // None of the forgeries has used up the genuine one.
    assert_eq!(paypal.send(&good).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn no_time_of_paypals_lies_ahead_of_ours() {
    let paypal = PayPalStand::start(&[]).await;
    let ahead = paypal.delivery_by(
        &world().genuine,
        "CERT-1",
        WEBHOOK_ID,
        "b5eb01d0-4e5c-11ef",
        "9999-12-31T23:59:59-12:00",
        br#"{"id":"WH-1","event_type":"A","create_time":"2018-19-12T22:20:32.000Z"}"#,
    );
    assert_eq!(paypal.send(&ahead).await.status(), StatusCode::OK);
    let time = paypal.stand.only(StreamName::Billing).await.envelope.time();
    let age = clock::now() - time.unwrap();
    assert!(age.num_seconds().abs() < 60, "{time:?}");
}

#[tokio::test]
async fn a_second_body_under_one_transmission_is_refused_though_its_checksum_fits() {
    let mut paypal = PayPalStand::start(&[]).await;
    let first = paypal.delivery(SALE);
    assert_eq!(paypal.send(&first).await.status(), StatusCode::OK);
    assert_eq!(paypal.send(&first).await.status(), StatusCode::OK);
    let forged = Delivery {
        body: with_checksum(
            br#"{"id":"WH-2","resource":{"amount":{"total":"0.01"}},"x":""#,
            crc32fast::hash(SALE),
        ),
        ..first.clone()
    };
    assert_eq!(crc32fast::hash(&forged.body), crc32fast::hash(SALE));
    assert_eq!(refusal(&paypal, &forged).await, (401, "second_body".into()));
    paypal.restart().await;
    assert_eq!(
        refusal(&paypal, &forged).await,
        (401, "second_body".into()),
        "a restart forgets nothing"
    );
    assert_eq!(paypal.send(&first).await.status(), StatusCode::OK);
    assert_eq!(
        paypal.stand.only(StreamName::Billing).await.envelope.data(),
        SALE
    );
}

/// Appends four bytes that give a text any CRC-32: what an attacker does.
fn with_checksum(text: &[u8], wanted: u32) -> Vec<u8> {
    let table: Vec<u32> = (0..256_u32)
        .map(|byte| {
            (0..8).fold(byte, |crc, _| {
                if crc & 1 == 1 {
                    (crc >> 1) ^ 0xedb8_8320
                } else {
                    crc >> 1
                }
            })
        })
        .collect();
    let mut backwards = wanted ^ 0xffff_ffff;
    for _ in 0..4 {
        let index = table
            .iter()
            .position(|entry| entry >> 24 == backwards >> 24)
            .unwrap();
        backwards = ((backwards ^ table[index]) << 8) | u32::try_from(index).unwrap();
    }
    let state = crc32fast::hash(text) ^ 0xffff_ffff;
    [text, &(backwards ^ state).to_le_bytes()].concat()
}

#[tokio::test]
async fn odd_bodies_are_stored_and_large_ones_refused() {
    let paypal = PayPalStand::start(&[]).await;
    let bodies: [(&str, &[u8]); 5] = [
        ("unparsable", b"not json"),
        ("unparsable", br#"{"id":"WH-9"}"#),
        ("unparsable", b"{\"event_type\":\"A\""),
        ("something.new", br#"{"id":"WH-10","event_type":"SOMETHING.NEW","create_time":"2018-19-12T22:20:32.000Z","resource":7}"#),
        ("payment.sale.completed", br#"{"id":"WH\u0000","event_type":"PAYMENT.SALE.COMPLETED","create_time":"9999-12-31T23:59:59Z"}"#),
    ];
    for (_, body) in bodies {
        assert_eq!(
            paypal.send(&paypal.delivery(body)).await.status(),
            StatusCode::OK
        );
    }
    for ((kind, body), message) in bodies
        .iter()
        .zip(paypal.stand.stored(StreamName::Billing).await)
    {
        assert_eq!(
            (message.envelope.kind(), message.envelope.data()),
            (format!("com.paypal.{kind}").as_str(), *body)
        );
        let time = message.envelope.time().unwrap();
        assert!(
            (clock::now() - time).num_seconds().abs() < 60,
            "{time}: the transmission's time stands in"
        );
    }
}

#[tokio::test]
async fn the_largest_delivery_is_stored_and_one_beyond_it_refused() {
    let paypal = PayPalStand::start(&[]).await;
    let mut body = SALE.to_vec();
    body.resize(256 * 1024, b' ');
    let largest = paypal.delivery(&body);
    assert_eq!(paypal.send(&largest).await.status(), StatusCode::OK);
    let stored = paypal.stand.only(StreamName::Billing).await;
    assert_eq!(stored.envelope.data(), body);
    body.push(b' ');
    let larger = paypal.delivery(&body);
    assert_eq!(refusal(&paypal, &larger).await, (413, "too_large".into()));
}

#[tokio::test]
async fn the_simulator_is_believed_only_where_it_is_allowed() {
    let paypal = PayPalStand::start(&["--paypal-allow-simulator"]).await;
    let delivery = paypal.delivery_by(
        &world().genuine,
        "CERT-1",
        "WEBHOOK_ID",
        "a-1",
        "2026-03-01T09:17:12Z",
        SALE,
    );
    assert_eq!(paypal.send(&delivery).await.status(), StatusCode::OK);
    let stored = paypal.stand.only(StreamName::Billing).await;
    assert_eq!(
        stored.envelope.extension("paypalwebhookid").as_deref(),
        Some("WEBHOOK_ID")
    );
}

#[tokio::test]
async fn without_a_webhook_id_paypal_keeps_its_events() {
    let paypal = PayPalStand::with(&[]).await;
    assert_eq!(
        refusal(&paypal, &paypal.delivery(SALE)).await,
        (503, "not_configured".into())
    );
}
