//! PayPal's signing certificates: where they are fetched, how often, and who can disturb that.

use crate::{
    authority::{PayPalStand, Served, WEBHOOK_ID, world},
    paypal::{SALE, refusal},
};
use axum::http::StatusCode;
use frontdesk_events::StreamName;
use frontdesk_process::clock;
use futures::future;
use std::time::Duration;

#[tokio::test]
async fn a_certificate_that_cannot_be_had_or_trusted_makes_paypal_come_again() {
    let paypal = PayPalStand::start(&[]).await;
    let world = world();
    let serve = |name: &'static str, served| {
        paypal.host.serve(name, served);
        name
    };
    for (name, signer, reason) in [
        (
            serve(
                "CERT-expired",
                Served::Pem(world.expired.certificate.clone()),
            ),
            &world.expired,
            "certificate_out_of_date",
        ),
        (
            serve(
                "CERT-misnamed",
                Served::Pem(world.misnamed.certificate.clone()),
            ),
            &world.misnamed,
            "foreign_certificate",
        ),
        (
            serve(
                "CERT-foreign",
                Served::Pem(world.foreign.certificate.clone()),
            ),
            &world.foreign,
            "untrusted_certificate",
        ),
        (
            serve("CERT-html", Served::Html),
            &world.genuine,
            "not_a_certificate",
        ),
        (
            serve("CERT-huge", Served::Endless),
            &world.genuine,
            "not_a_certificate",
        ),
        (
            serve("CERT-404", Served::Status(404)),
            &world.genuine,
            "certificate_unreachable",
        ),
    ] {
        let delivery = paypal.delivery_by(
            signer,
            name,
            WEBHOOK_ID,
            "b5eb01d0-4e5c-11ef",
            "2026-03-01T09:17:12Z",
            SALE,
        );
        for _ in 0..3 {
            assert_eq!(
                refusal(&paypal, &delivery).await,
                (503, reason.to_owned()),
                "{name}"
            );
        }
        assert_eq!(
            paypal.host.times_asked(name),
            1,
            "{name}: a failure is remembered"
        );
    }
    // A minute's fetches are used up now; what is known already needs none.
    assert_eq!(
        refusal(
            &paypal,
            &paypal.delivery_by(
                &world.genuine,
                "CERT-2",
                WEBHOOK_ID,
                "x",
                "2026-03-01T09:17:12Z",
                SALE
            )
        )
        .await,
        (503, "certificate_fetches".into())
    );
    assert_eq!(paypal.host.times_asked("CERT-2"), 0);
    assert_eq!(paypal.stand.count(StreamName::Billing).await, 0);
}

#[tokio::test]
async fn strangers_cannot_use_up_the_fetches_of_a_certificate_that_proved_genuine() {
    let mut paypal = PayPalStand::start(&[]).await;
    let first = paypal.send(&paypal.delivery(SALE)).await;
    assert_eq!(first.status(), StatusCode::OK);
    paypal.restart().await;
    let invented = |n: usize| {
        let certificate = paypal.certificate_url(&format!("CERT-invented-{n}"));
        let unsigned = paypal.delivery(b"{}").with("paypal-cert-url", &certificate);
        unsigned.with("paypal-transmission-sig", &"A".repeat(344))
    };
    let mut reasons = Vec::new();
    for n in 0..40 {
        reasons.push(refusal(&paypal, &invented(n)).await.1);
    }
    assert_eq!(reasons.first().unwrap(), "certificate_unreachable");
    assert_eq!(reasons.last().unwrap(), "certificate_fetches");
    let other = String::from_utf8_lossy(SALE).replace("WH-1", "WH-2");
    let genuine = paypal.delivery(other.as_bytes());
    assert_eq!(paypal.send(&genuine).await.status(), StatusCode::OK);
    assert_eq!(paypal.host.times_asked("CERT-1"), 2, "once a process");
    assert_eq!(paypal.stand.count(StreamName::Billing).await, 2);
}

#[tokio::test]
async fn whoever_hangs_up_in_the_middle_begins_no_other_fetch() {
    let paypal = PayPalStand::start(&[]).await;
    paypal.host.serve("CERT-slow", Served::Never);
    let certificate = paypal.certificate_url("CERT-slow");
    let slow = paypal.delivery(SALE).with("paypal-cert-url", &certificate);
    for _ in 0..5 {
        let hung_up = tokio::time::timeout(Duration::from_millis(300), paypal.send(&slow)).await;
        assert!(hung_up.is_err());
    }
    assert_eq!(paypal.host.times_asked("CERT-slow"), 1);
}

#[tokio::test]
async fn a_certificate_host_that_redirects_or_hangs_is_not_followed() {
    let paypal = PayPalStand::start(&[]).await;
    paypal.host.serve(
        "CERT-away",
        Served::Redirect(paypal.certificate_url("CERT-1")),
    );
    paypal.host.serve("CERT-slow", Served::Never);
    let by = |name| {
        paypal.delivery_by(
            &world().genuine,
            name,
            WEBHOOK_ID,
            "a",
            "2026-03-01T09:17:12Z",
            SALE,
        )
    };
    assert_eq!(
        refusal(&paypal, &by("CERT-away")).await,
        (503, "certificate_unreachable".into())
    );
    assert_eq!(paypal.host.times_asked("CERT-1"), 0);
    let started = clock::monotonic();
    assert_eq!(
        refusal(&paypal, &by("CERT-slow")).await,
        (503, "certificate_unreachable".into())
    );
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn many_deliveries_at_once_fetch_their_certificate_once() {
    let paypal = PayPalStand::start(&[]).await;
    let deliveries: Vec<_> = (0..200)
        .map(|n| {
            paypal.delivery(
                String::from_utf8_lossy(SALE)
                    .replace("WH-1", &format!("WH-{}", n / 2))
                    .as_bytes(),
            )
        })
        .collect();
    let answers = future::join_all(deliveries.iter().map(|delivery| paypal.send(delivery))).await;
    assert!(
        answers
            .iter()
            .all(|answer| answer.status() == StatusCode::OK)
    );
    assert_eq!(
        (
            paypal.host.times_asked("CERT-1"),
            paypal.stand.count(StreamName::Billing).await
        ),
        (1, 100)
    );
}
