//! Signatures and certificates checked by libraries the signing side does not use.

use super::{
    Notification,
    authority::{self, Authority, MESSAGE_NAME, Signer},
    certificates::{Answer, Shelf},
    faults::{CertificateFault, TransmissionFault},
    transmission::Transmitter,
};
use crate::wire::Post;
use base64::{Engine as _, prelude::BASE64_STANDARD};

use frontdesk_process::clock;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _};
use std::{os::unix::fs::PermissionsExt as _, sync::Arc, time::Duration};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

fn notification() -> Notification {
    let body = r#"{"id":"WH-1-2","event_type":"PAYMENT.SALE.COMPLETED","resource":{"amount":{"total":"299.00"}}}"#;
    Notification {
        id: "WH-1-2".into(),
        event_type: "PAYMENT.SALE.COMPLETED",
        time: clock::now(),
        body: body.into(),
    }
}

fn transmitter(signer: Signer) -> Transmitter {
    Transmitter {
        signer: Arc::new(signer),
        webhook_id: "5GP028458E2496506".into(),
        certificates_at: "http://127.0.0.1:8090".into(),
    }
}

/// Whether webpki accepts this leaf for PayPal's name under this authority, today.
fn trusted(leaf: &str, authority: &str) -> bool {
    let authority = CertificateDer::from_pem_slice(authority.as_bytes()).unwrap();
    let anchors = [anchor_from_trusted_cert(&authority).unwrap()];
    let leaf = CertificateDer::from_pem_slice(leaf.as_bytes()).unwrap();
    let leaf = EndEntityCert::try_from(&leaf).unwrap();
    let now =
        UnixTime::since_unix_epoch(Duration::from_secs(clock::now().timestamp().unsigned_abs()));
    let chain = leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        &[],
        now,
        KeyUsage::server_auth(),
        None,
        None,
    );
    chain.is_ok()
        && leaf
            .verify_is_valid_for_subject_name(&ServerName::try_from(MESSAGE_NAME).unwrap())
            .is_ok()
}

/// Whether the signature over this request is good for this webhook and certificate, as PayPal's
/// own SDKs check it.
fn believed(post: &Post, webhook_id: &str, leaf: &str) -> bool {
    let header = |name: &str| {
        post.headers
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    };
    let (Some(id), Some(time), Some(signature)) = (
        header("paypal-transmission-id"),
        header("paypal-transmission-time"),
        header("paypal-transmission-sig"),
    ) else {
        return false;
    };
    let signed = format!("{id}|{time}|{webhook_id}|{}", crc32fast::hash(&post.body));
    let leaf = CertificateDer::from_pem_slice(leaf.as_bytes()).unwrap();
    let leaf = EndEntityCert::try_from(&leaf).unwrap();
    let signature = BASE64_STANDARD.decode(signature).unwrap();
    leaf.verify_signature(
        webpki::ring::RSA_PKCS1_2048_8192_SHA256,
        signed.as_bytes(),
        &signature,
    )
    .is_ok()
}

#[test]
fn a_delivery_is_believed_and_its_certificate_trusted() {
    let now = clock::now();
    let authority = Authority::create(now).unwrap();
    let transmitter = transmitter(authority.issue_message_certificate(now).unwrap());
    let leaf = transmitter.signer.certificate.clone();
    let post = transmitter.transmit(&notification(), 0, now);
    assert!(believed(&post, "5GP028458E2496506", &leaf));
    assert!(!believed(&post, "ANOTHER", &leaf));
    assert!(trusted(&leaf, authority.certificate()));
    let signature = &post
        .headers
        .iter()
        .find(|(name, _)| *name == "paypal-transmission-sig")
        .unwrap()
        .1;
    assert_eq!(signature.len(), 344);
    assert_eq!(post.body, notification().body);
}

#[test]
fn each_fault_of_a_transmission_is_one() {
    let now = clock::now();
    let authority = Authority::create(now).unwrap();
    let transmitter = transmitter(authority.issue_message_certificate(now).unwrap());
    let leaf = &transmitter.signer.certificate;
    let forged = [
        TransmissionFault::BadSignature,
        TransmissionFault::OtherWebhook,
        TransmissionFault::Simulator,
        TransmissionFault::ChangedBody,
        TransmissionFault::PrettyPrinted,
        TransmissionFault::MissingHeader("paypal-transmission-sig"),
    ];
    for fault in forged {
        let post = fault.transmit(&transmitter, &notification(), now);
        assert!(!believed(&post, &transmitter.webhook_id, leaf), "{fault:?}");
    }
    let simulated = TransmissionFault::Simulator.transmit(&transmitter, &notification(), now);
    assert!(believed(&simulated, "WEBHOOK_ID", leaf));
    // Not covered by the signature: the receiver must look at these itself.
    for fault in [
        TransmissionFault::WrongAlgorithm,
        TransmissionFault::ForeignHost("https://evilpaypal.com".into()),
    ] {
        let post = fault.transmit(&transmitter, &notification(), now);
        assert!(believed(&post, &transmitter.webhook_id, leaf), "{fault:?}");
        assert_ne!(
            post,
            transmitter.transmit(&notification(), 0, now),
            "{fault:?}"
        );
    }
}

#[test]
fn each_fault_of_a_certificate_is_one() {
    let now = clock::now();
    let authority = Authority::create(now).unwrap();
    let faults = [
        CertificateFault::Expired,
        CertificateFault::NotYetValid,
        CertificateFault::WrongName,
        CertificateFault::LookalikeName,
        CertificateFault::OtherAuthority,
    ];
    for fault in faults {
        let signer = fault.issue(&authority, now).unwrap();
        assert!(
            !trusted(&signer.certificate, authority.certificate()),
            "{fault:?}"
        );
        let transmitter = transmitter(signer);
        let post = transmitter.transmit(&notification(), 0, now);
        assert!(
            believed(
                &post,
                &transmitter.webhook_id,
                &transmitter.signer.certificate
            ),
            "{fault:?}"
        );
    }
}

#[test]
fn a_restart_keeps_the_trust_and_keys_are_private() {
    let folder = std::env::temp_dir().join(format!("frontdesk-sandbox-{}", uuid::Uuid::new_v4()));
    let (first, first_leaf) = authority::open_or_create(&folder, clock::now()).unwrap();
    let (second, second_leaf) = authority::open_or_create(&folder, clock::now()).unwrap();
    assert_eq!(first.certificate(), second.certificate());
    assert_eq!(first_leaf.certificate_id(), second_leaf.certificate_id());
    assert!(trusted(&second_leaf.certificate, second.certificate()));
    for key in ["paypal-ca.key", "paypal-leaf.key"] {
        let mode = std::fs::metadata(folder.join(key))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
    // Later certificates of the same authority are trusted as well.
    let (third, _) = authority::open_or_create(&folder, clock::now()).unwrap();
    let next = third.issue_message_certificate(clock::now()).unwrap();
    assert!(trusted(&next.certificate, first.certificate()));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn the_shelf_answers_as_it_was_told() {
    let shelf = Shelf::default()
        .with("CERT-good", Answer::Pem("-----\n".into()))
        .with("CERT-crlf", Answer::Crlf("-----\n".into()))
        .with("CERT-html", Answer::Html)
        .with("CERT-moved", Answer::Redirect("http://127.0.0.1:1/".into()))
        .with("CERT-large", Answer::Large(70_000));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!(
        "http://{}/v1/notifications/certs",
        listener.local_addr().unwrap()
    );
    tokio::spawn(async move { axum::serve(listener, shelf.router()).await });
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let fetch = async |id: &str| {
        let answer = client.get(format!("{base}/{id}")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(fetch("CERT-good").await, (200, "-----\n".to_owned()));
    assert_eq!(fetch("CERT-crlf").await, (200, "-----\r\n".to_owned()));
    assert!(fetch("CERT-html").await.1.starts_with("<html>"));
    assert_eq!(fetch("CERT-moved").await.0, 302);
    assert_eq!(fetch("CERT-none").await.0, 404);
    assert_eq!(fetch("CERT-large").await.1.len(), 70_000);
}
