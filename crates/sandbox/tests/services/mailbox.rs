//! Mail by a real mail client (Python's smtplib) and by bare hands.

use crate::stand::Stand;
use std::{process::Command, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Runs a script with the mailbox's port in `PORT`; what it prints.
async fn python(stand: &Stand, script: &str) -> String {
    let port = stand.addresses.smtp.unwrap().port();
    let python = std::env::var_os("FRONTDESK_PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    command.args(["-c", script]).env("PORT", port.to_string());
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.unwrap().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// Says this to the mailbox and hangs up; everything it answered.
async fn by_hand(stand: &Stand, said: &[u8]) -> String {
    let mut stream = TcpStream::connect(stand.addresses.smtp.unwrap())
        .await
        .unwrap();
    let _ = stream.write_all(said).await;
    let _ = stream.shutdown().await;
    let mut answered = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answered))
        .await
        .expect("the mailbox ends the conversation");
    String::from_utf8(answered).unwrap()
}

#[tokio::test]
async fn a_mail_program_delivers_a_mail_that_tests_can_read() {
    let stand = Stand::start().await;
    python(
        &stand,
        r#"
import os, smtplib
from email.message import EmailMessage
mail = EmailMessage()
mail["From"] = "Frontdesk <frontdesk@example.com>"
mail["To"] = "Ünal <unal@example.com>"
mail["Subject"] = "Bestätigen Sie Ihre Adresse"
mail["Message-ID"] = "<signup.1@frontdesk>"
mail.set_content("Press this:\n\nhttp://localhost:8080/verify#token=a-b_c\n\n.\n..\n")
mail.add_alternative("<p>Press <a href='http://localhost:8080/verify#token=a-b_c'>this</a></p>", subtype="html")
with smtplib.SMTP("127.0.0.1", int(os.environ["PORT"]), timeout=20) as server:
    server.ehlo()
    assert server.has_extn("pipelining") and server.has_extn("smtputf8") and server.has_extn("size")
    server.login("anybody", "any password")
    assert server.send_message(mail, to_addrs=["unal@example.com", "second@example.com"]) == {}
    assert server.noop()[0] == 250
    assert server.rset()[0] == 250
    assert server.verify("unal@example.com")[0] == 252
    server.send_message(mail)
"#,
    )
    .await;
    let told = stand.json("/mail.json?to=UNAL@example.com").await;
    let mails = told["mails"].as_array().unwrap();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0]["sent_again"], true);
    assert_eq!(mails[1]["sent_again"], false);
    let mail = &mails[1];
    assert_eq!(mail["subject"], "Bestätigen Sie Ihre Adresse");
    assert_eq!(mail["from"], "Frontdesk <frontdesk@example.com>");
    assert_eq!(
        mail["to"],
        serde_json::json!(["unal@example.com", "second@example.com"])
    );
    assert_eq!(mail["message_id"], "signup.1@frontdesk");
    assert_eq!(
        mail["links"],
        serde_json::json!(["http://localhost:8080/verify#token=a-b_c"])
    );
    let text = mail["text"].as_str().unwrap().replace("\r\n", "\n");
    assert!(text.ends_with("\n.\n..\n"), "dots survive: {text:?}");
    assert!(mail["html"].as_str().unwrap().contains("<a href="));
    let second = stand.json("/mail.json?to=second@example.com").await;
    assert_eq!(second["mails"].as_array().unwrap().len(), 1);
    let part = stand.json("/mail.json?to=example.com").await;
    assert_eq!(
        part["mails"],
        serde_json::json!([]),
        "a whole address is asked for"
    );
}

#[tokio::test]
async fn what_a_mail_program_must_hear_it_hears() {
    let stand = Stand::start().await;
    let said = python(
        &stand,
        r#"
import os, smtplib
def refused(act):
    try:
        return act()
    except smtplib.SMTPResponseException as error:
        return error.smtp_code
    except smtplib.SMTPRecipientsRefused as error:
        return list(error.recipients.values())[0][0]
port = int(os.environ["PORT"])
server = smtplib.SMTP("127.0.0.1", port, timeout=20)
print(refused(lambda: server.sendmail("a@example.com", ["b@example.com"], "x" * 3_000_000)))
print(refused(lambda: server.sendmail("a@example.com", ["no address"], "x")))
print(refused(lambda: server.sendmail("not an address", ["b@example.com"], "x")))
print(refused(lambda: server.starttls() and 0) if server.has_extn("starttls") else "no starttls")
print(server.docmd("EXPN", "list")[0], server.docmd("NONSENSE")[0])
print(refused(lambda: server.sendmail("a@example.com", ["b@example.com"], "Subject: fine\r\n\r\nx")))
server.quit()
"#,
    )
    .await;
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines, ["552", "501", "501", "no starttls", "502 500", "{}"]);
    let mails = stand.json("/mail.json").await;
    assert_eq!(mails["mails"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn hostile_bytes_break_nothing() {
    let stand = Stand::start().await;
    let many = vec![b'A'; 200_000];
    for said in [
        &b"\0\0\0\0"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"EHLO \xff\xfe\r\nMAIL FROM:<\xff@\xfe>\r\nRCPT TO:<\xf0\x28\x8c\x28@x>\r\nDATA\r\n\xff\r\n.\r\n",
        b"EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nnever ended",
        b"EHLO c\nMAIL FROM:<a@b.example>\nDATA\n.\n",
        &many,
    ] {
        let answered = by_hand(&stand, said).await;
        assert!(answered.starts_with("220 "), "{answered:?}");
    }
    let kept = by_hand(
        &stand,
        b"EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nSubject: <script>alert(1)</script>\r\n\r\n<b>\r\n.\r\nQUIT\r\n",
    )
    .await;
    assert!(
        kept.contains("250 2.0.0 kept") && kept.ends_with("221 2.0.0 goodbye\r\n"),
        "{kept}"
    );
    let mails = stand.json("/mail.json").await;
    let subjects: Vec<_> = mails["mails"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mail| &mail["subject"])
        .collect();
    assert_eq!(
        subjects.last().unwrap().as_str(),
        Some("<script>alert(1)</script>")
    );
}

#[tokio::test]
async fn a_crowd_of_connections_is_told_to_wait() {
    let stand = Stand::start().await;
    let mut open = Vec::new();
    let mut refused = 0;
    for _ in 0..40 {
        let mut stream = TcpStream::connect(stand.addresses.smtp.unwrap())
            .await
            .unwrap();
        let mut code = [0; 3];
        stream.read_exact(&mut code).await.unwrap();
        match &code {
            b"220" => open.push(stream),
            b"421" => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(
        refused >= 8 && open.len() <= 32,
        "{refused} refused, {} open",
        open.len()
    );
}

#[tokio::test]
async fn mails_outlive_the_sandbox() {
    let mut stand = Stand::start().await;
    let said = b"EHLO c\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nSubject: kept\r\n\r\n.\r\n";
    by_hand(&stand, said).await;
    let before = stand.json("/mail.json").await;
    stand.restart().await;
    assert_eq!(stand.json("/mail.json").await, before);
    assert_eq!(before["mails"][0]["subject"], "kept");
}
