//! What is kept, and for how long.

use super::{letter::Opened, *};
use uuid::Uuid;

struct Directory(PathBuf);

impl Directory {
    fn make() -> Self {
        Self(std::env::temp_dir().join(Uuid::new_v4().to_string()))
    }

    fn open(&self) -> Mailbox {
        Mailbox::open(&self.0).unwrap()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_194_240, 0).unwrap()
}

fn keep(mailbox: &Mailbox, to: &[&str], source: &str) -> Arc<Letter> {
    let envelope = Envelope {
        from: "frontdesk@example.com".to_owned(),
        to: to.iter().map(|&to| to.to_owned()).collect(),
    };
    mailbox.keep(envelope, source.as_bytes(), now()).unwrap()
}

fn opened(source: &str) -> Opened {
    let directory = Directory::make();
    keep(&directory.open(), &["ann@example.com"], source).open()
}

#[test]
fn a_restart_keeps_every_mail_byte_for_byte() {
    let directory = Directory::make();
    let source = "From: Desk <desk@example.com>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\nHi\n\0\u{fffd}\r\n";
    let kept = keep(&directory.open(), &["ann@example.com"], source);
    let mailbox = directory.open();
    let again = mailbox.letter(kept.id).unwrap();
    assert_eq!(again.source(), source.as_bytes());
    assert_eq!(again.envelope, kept.envelope);
    assert_eq!(
        (again.subject.as_str(), again.from.as_str()),
        ("Grüße", "Desk <desk@example.com>")
    );
    assert_eq!(again.received_at, now());
    let following = keep(&mailbox, &["ann@example.com"], "\r\n");
    assert!(following.id > kept.id, "ids are never used twice");
}

#[test]
fn the_newest_five_hundred_stay_on_disk_and_in_memory() {
    let directory = Directory::make();
    let mailbox = directory.open();
    for number in 0..MOST_MAILS + 3 {
        keep(
            &mailbox,
            &["ann@example.com"],
            &format!("Subject: {number}\r\n\r\n"),
        );
    }
    for mailbox in [mailbox, directory.open()] {
        let all = mailbox.newest_first(|_| true);
        assert_eq!(all.len(), MOST_MAILS);
        assert_eq!(all[0].subject, format!("{}", MOST_MAILS + 2));
        assert_eq!(all[MOST_MAILS - 1].subject, "3");
    }
    assert_eq!(
        fs::read_dir(directory.0.join("mail")).unwrap().count(),
        MOST_MAILS
    );
}

#[test]
fn all_mails_together_have_a_size() {
    let directory = Directory::make();
    let mailbox = directory.open();
    let large = "x".repeat(MAX_MAIL_BYTES);
    let fit = MOST_BYTES / MAX_MAIL_BYTES;
    for _ in 0..=fit {
        keep(&mailbox, &["ann@example.com"], &large);
    }
    assert!(mailbox.newest_first(|_| true).len() < fit + 1);
}

#[test]
fn the_same_mail_for_the_same_person_was_sent_again() {
    let directory = Directory::make();
    let mailbox = directory.open();
    let source = "Message-ID: <welcome.7@frontdesk>\r\n\r\nHello\r\n";
    let first = keep(&mailbox, &["ann@example.com"], source);
    let other = keep(&mailbox, &["bob@example.com"], source);
    let second = keep(&mailbox, &["Ann@Example.com", "cy@example.com"], source);
    let nameless = keep(&mailbox, &["ann@example.com"], "\r\n\r\n");
    let again = |letter: &Letter| mailbox.was_sent_before(letter);
    assert!(!again(&first) && !again(&other) && again(&second) && !again(&nameless));
}

#[test]
fn a_damaged_file_stops_nothing_and_is_left_alone() {
    let directory = Directory::make();
    let kept = keep(
        &directory.open(),
        &["ann@example.com"],
        "Subject: good\r\n\r\n",
    );
    for (name, text) in [
        ("0000000099.mail", "{\"received"),
        ("notes.txt", "mine"),
        ("x.mail", ""),
    ] {
        fs::write(directory.0.join("mail").join(name), text).unwrap();
    }
    let mailbox = directory.open();
    let ids: Vec<_> = mailbox
        .newest_first(|_| true)
        .iter()
        .map(|letter| letter.id)
        .collect();
    assert_eq!(ids, [kept.id]);
    assert!(directory.0.join("mail/notes.txt").exists());
}

#[test]
fn both_ways_a_mail_is_written_are_found_and_none_is_made_up() {
    let both = opened(
        "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
         caf=C3=A9 http://localhost:8080/verify#a=3Db.\r\n\
         --b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n\
         PGI+Y2Fmw6k8L2I+\r\n--b--\r\n",
    );
    assert_eq!(
        both.text.as_deref().map(str::trim),
        Some("café http://localhost:8080/verify#a=b.")
    );
    assert_eq!(both.html.as_deref(), Some("<b>café</b>"));
    assert_eq!(both.links(), ["http://localhost:8080/verify#a=b"]);
    let plain = opened("Subject: x\r\n\r\nhello\r\n");
    assert!(plain.text.is_some() && plain.html.is_none());
    let html = opened(
        "Content-Type: text/html\r\n\r\n<a href=\"https://example.com/?a=1&amp;b=2\">x</a>\r\n",
    );
    assert!(html.text.is_none() && html.html.is_some());
    assert_eq!(html.links(), ["https://example.com/?a=1&b=2"]);
}

#[test]
fn what_ends_a_sentence_ends_an_address() {
    let opened = opened(
        "\r\nSee (https://a.example/x), <http://b.example/?q=1>; https://a.example/x! http://\r\n",
    );
    assert_eq!(
        opened.links(),
        ["https://a.example/x", "http://b.example/?q=1"]
    );
}

#[test]
fn whatever_a_mail_holds_it_can_be_opened() {
    let deep = "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n".repeat(3000);
    for source in [
        "",
        "\r\n",
        ":",
        "Subject",
        "Subject: =?utf-8?b?////?=\r\nFrom: \"<>@,;\r\nMessage-ID: <\r\n\r\n\u{0}",
        "Content-Type: multipart/mixed\r\n\r\n--\r\n",
        "Content-Type: text/html; charset=no-such\r\n\r\n<p>",
        &deep,
    ] {
        let _ = opened(source).links();
    }
}
