//! The sandbox's pages: a stranger's text stays text, and nobody from elsewhere reads along.

use crate::stand::Stand;
use reqwest::header::{CONTENT_SECURITY_POLICY, HOST, HeaderMap};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const HOSTILE: &str = "EHLO c\r\nMAIL FROM:<\"<i>\"@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n\
    From: \"<img src=x onerror=alert(1)>\" <a@b.example>\r\nSubject: <script>alert(1)</script>\r\n\
    MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain\r\n\r\n<script>alert(2)</script> see http://localhost:8080/x#t=1. javascript:alert(3)\r\n\
    --b\r\nContent-Type: text/html\r\n\r\n<html><head><title>x</title></head><body><script>alert(4)</script>\
    <a href=\"http://localhost:8080/x\">go</a></body></html>\r\n--b--\r\n.\r\nQUIT\r\n";

async fn deliver(stand: &Stand, said: &str) {
    let mut stream = TcpStream::connect(stand.addresses.smtp.unwrap())
        .await
        .unwrap();
    stream.write_all(said.as_bytes()).await.unwrap();
    let mut answered = String::new();
    stream.read_to_string(&mut answered).await.unwrap();
    assert!(answered.contains("250 2.0.0 kept"), "{answered}");
}

async fn headers(stand: &Stand, path: &str) -> HeaderMap {
    let answer = stand.client.get(stand.at(path)).send().await.unwrap();
    answer.headers().clone()
}

#[tokio::test]
async fn a_mail_is_shown_and_runs_nothing() {
    let stand = Stand::start().await;
    deliver(&stand, HOSTILE).await;
    let id = stand.json("/mail.json").await["mails"][0]["id"].clone();
    for path in [
        "/mail".to_owned(),
        format!("/mail/{id}"),
        format!("/mail/{id}?view=text"),
        format!("/mail/{id}?view=headers"),
        format!("/mail/{id}?view=source"),
    ] {
        let page = stand.page(&path).await;
        assert!(
            !page.contains("<script>") && !page.contains("<img"),
            "{path}: {page}"
        );
        let policy = headers(&stand, &path).await[CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("script-src 'self'"),
            "{path}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
    }
    let text = stand.page(&format!("/mail/{id}?view=text")).await;
    assert!(text.contains(
        "<a href=\"http://localhost:8080/x#t=1\" target=\"_blank\" rel=\"noopener noreferrer\">"
    ));
    assert!(!text.contains("href=\"javascript:"));
    let shown = stand.page(&format!("/mail/{id}")).await;
    let frame = format!(
        "<iframe class=\"sheet\" src=\"/mail/{id}/html\" sandbox=\"allow-popups allow-popups-to-escape-sandbox\""
    );
    assert!(shown.contains(&frame), "{shown}");
}

#[tokio::test]
async fn the_html_of_a_mail_stands_in_a_frame_without_rights() {
    let stand = Stand::start().await;
    deliver(&stand, HOSTILE).await;
    let id = stand.json("/mail.json").await["mails"][0]["id"].clone();
    let path = format!("/mail/{id}/html");
    let policy = headers(&stand, &path).await[CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap()
        .to_owned();
    for part in [
        "default-src 'none'",
        "sandbox allow-popups",
        "form-action 'none'",
        "frame-ancestors 'self'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(
        !policy.contains("script-src") && !policy.contains("allow-scripts"),
        "{policy}"
    );
    let html = stand.page(&path).await;
    assert!(
        html.contains("<head><base target=\"_blank\"><title>"),
        "{html}"
    );
    assert_eq!(
        headers(&stand, &format!("/mail/{id}/source")).await["content-type"],
        "text/plain; charset=utf-8"
    );
}

#[tokio::test]
async fn mails_are_found_by_their_recipient() {
    let stand = Stand::start().await;
    assert!(stand.page("/mail").await.contains("Nothing yet."));
    deliver(&stand, HOSTILE).await;
    assert!(
        stand
            .page("/mail?to=C@D")
            .await
            .contains("href=\"/mail/1\"")
    );
    let none = stand.page("/mail?to=%22%3E%3Cscript%3E").await;
    assert!(
        !none.contains("href=\"/mail/1\"") && !none.contains("\"><script>"),
        "{none}"
    );
    for path in [
        "/mail/2",
        "/mail/0",
        "/mail/x",
        "/mail/-1",
        "/mail/2/html",
        "/mail/99999999999999999999",
    ] {
        let answer = stand.client.get(stand.at(path)).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn a_website_whose_name_was_pointed_here_reads_nothing() {
    let stand = Stand::start().await;
    for path in [
        "/mail.json",
        "/mail",
        "/google/.well-known/openid-configuration",
        "/",
    ] {
        for host in [
            "evil.example.com",
            "localhost.evil.example.com",
            "10.0.0.1",
            "",
            "127.0.0.1@evil.example",
        ] {
            let asked = stand.client.get(stand.at(path)).header(HOST, host);
            let status = asked.send().await.unwrap().status();
            assert!(
                matches!(status.as_u16(), 400 | 421),
                "{path} {host}: {status}"
            );
        }
        let asked = stand
            .client
            .get(stand.at(path))
            .header(HOST, "localhost:8090");
        assert!(asked.send().await.unwrap().status().as_u16() < 400);
    }
}

#[tokio::test]
async fn what_is_real_elsewhere_is_not_imitated() {
    let stand = Stand::with(|services| {
        services.smtp_listen = None;
        services.google = None;
        services.github = None;
    })
    .await;
    for path in [
        "/mail",
        "/mail.json",
        "/google/.well-known/openid-configuration",
        "/github/login/oauth/authorize",
    ] {
        let answer = stand.client.get(stand.at(path)).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
    }
    // Where others reach the product, everybody could be anybody.
    let stand =
        Stand::with(|services| "https://desk.example.com".clone_into(&mut services.public_url))
            .await;
    let path = "/google/.well-known/openid-configuration";
    let answer = stand.client.get(stand.at(path)).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    stand.page("/mail").await;
}
