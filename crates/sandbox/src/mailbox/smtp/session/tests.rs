//! Conversations, as they should go and as nobody should hold them.

use super::*;
use proptest::{collection::vec, prelude::*};

const HELLO: &str = "EHLO client.example\r\n";
const BEGIN: &str = "EHLO c\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n";

/// What is answered, what is kept, and whether the line is cut, for bytes that come in pieces of
/// this size.
fn hold(heard: &[u8], piece: usize) -> (String, Vec<(Envelope, Vec<u8>)>, bool) {
    let mut session = Session::default();
    let (mut said, mut kept) = (String::new(), Vec::new());
    for piece in heard.chunks(piece.max(1)) {
        let mut bytes = piece.iter();
        loop {
            match session.next(&mut bytes) {
                Step::Listen => break,
                Step::Say(answer) => said.push_str(answer),
                Step::End(answer) => {
                    said.push_str(answer);
                    return (said, kept, true);
                }
                Step::Keep(envelope, source) => {
                    said.push_str(KEPT);
                    kept.push((envelope, source));
                }
            }
        }
        assert_eq!(bytes.len(), 0, "what was heard is used up");
    }
    (said, kept, false)
}

/// The codes of the answers, one a line of several.
fn codes(heard: &str) -> String {
    let (said, ..) = hold(heard.as_bytes(), usize::MAX);
    let last = |line: &&str| line.as_bytes().get(3) == Some(&b' ');
    let codes: Vec<_> = said.lines().filter(last).map(|line| &line[..3]).collect();
    codes.join(" ")
}

#[test]
fn a_mail_arrives_however_its_bytes_are_cut() {
    let heard = format!("{BEGIN}DATA\r\nSubject: x\r\n\r\n..dot\r\n.\r\nQUIT\r\n");
    for piece in [1, 2, 3, 7, 1000] {
        let (said, kept, over) = hold(heard.as_bytes(), piece);
        assert!(
            over && said.ends_with("221 2.0.0 goodbye\r\n"),
            "{piece}: {said}"
        );
        let (envelope, source) = &kept[0];
        assert_eq!(envelope.from, "a@example.com");
        assert_eq!(envelope.to, ["b@example.com"]);
        assert_eq!(
            source, b"Subject: x\r\n\r\n.dot\r\n",
            "in pieces of {piece}"
        );
    }
}

#[test]
fn an_empty_mail_is_a_mail() {
    let (_, kept, _) = hold(format!("{BEGIN}DATA\r\n.\r\n").as_bytes(), 5);
    assert_eq!(kept.len(), 1);
}

#[test]
fn several_mails_go_over_one_connection() {
    let one = "MAIL FROM:<>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nx\r\n.\r\n";
    let (_, kept, over) = hold(
        format!("{HELLO}{one}{one}RSET\r\n{one}NOOP\r\n").as_bytes(),
        11,
    );
    assert_eq!((kept.len(), over), (3, false));
}

#[test]
fn no_second_mail_can_hide_in_one() {
    for end in ["\n.\n", "\n.\r\n", "\r.\r", "\r\n.\n", "\r.\r\n"] {
        let hidden =
            format!("MAIL FROM:<evil@example.com>{end}RCPT TO:<b@example.com>{end}DATA{end}");
        let heard = format!("{BEGIN}DATA\r\nx{end}{hidden}boo\r\n.\r\n");
        let (_, kept, _) = hold(heard.as_bytes(), usize::MAX);
        assert_eq!(kept.len(), 1, "{end:?}");
        assert_eq!(kept[0].0.from, "a@example.com");
    }
}

#[test]
fn commands_out_of_turn_are_refused() {
    for (heard, expected) in [
        ("MAIL FROM:<a@example.com>\r\n", "503"),
        ("AUTH PLAIN AGEAYg==\r\n", "503"),
        ("HELO c\r\nRCPT TO:<b@example.com>\r\n", "250 503"),
        ("HELO c\r\nDATA\r\n", "250 503"),
        (
            "HELO c\r\nMAIL FROM:<a@example.com>\r\nDATA\r\n",
            "250 250 554",
        ),
        (
            "HELO c\r\nMAIL FROM:<a@example.com>\r\nMAIL FROM:<a@example.com>\r\n",
            "250 250 503",
        ),
        (
            "HELO c\r\nMAIL FROM:<a@example.com>\r\nRSET\r\nRCPT TO:<b@example.com>\r\n",
            "250 250 250 503",
        ),
        (
            "HELO c\r\nMAIL FROM:<a@example.com>\r\nEHLO c\r\nRCPT TO:<b@example.com>\r\n",
            "250 250 250 503",
        ),
    ] {
        assert_eq!(codes(heard), expected, "{heard:?}");
    }
}

#[test]
fn bad_input_gets_a_5xx() {
    for heard in [
        "HELLO\r\n",
        "\r\n",
        "GET / HTTP/1.1\r\n",
        "\u{0}\u{1}\r\n",
        "STARTTLS\r\n",
        "BDAT 5 LAST\r\n",
        "LHLO c\r\n",
        "EHLO\r\n",
        "EHLO c\r\nMAIL FROM:a@example.com\r\n",
        "EHLO c\r\nMAIL FROM:<a@example.com> SIZE=99999999999\r\n",
        "EHLO c\r\nMAIL FROM:<a@example.com> NO-SUCH=1\r\n",
        "EHLO c\r\nMAIL FROM:<a>\r\n",
        "EHLO c\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<>\r\n",
        "EHLO c\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b>\r\n",
        "EHLO c\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b\u{7}@example.com>\r\n",
        "EHLO c\r\nAUTH CRAM-MD5\r\n",
        "EHLO c\r\nAUTH PLAIN ???\r\n",
        "EHLO c\r\nAUTH LOGIN\r\n???\r\n",
        "EHLO c\r\nAUTH PLAIN\r\n*\r\n",
    ] {
        let codes = codes(heard);
        let last = codes.split(' ').next_back().unwrap();
        assert!(last.starts_with('5'), "{heard:?}: {codes}");
    }
}

#[test]
fn any_password_signs_in() {
    for heard in [
        "AUTH PLAIN AGEAYg==\r\n",
        "AUTH PLAIN\r\nAGEAYg==\r\n",
        "AUTH LOGIN\r\nYQ==\r\nYg==\r\n",
        "AUTH LOGIN YQ==\r\nYg==\r\n",
    ] {
        let codes = codes(&format!("{HELLO}{heard}MAIL FROM:<a@example.com>\r\n"));
        assert!(codes.ends_with("235 250"), "{heard:?}: {codes}");
    }
}

#[test]
fn a_mail_that_is_too_large_is_refused_after_its_end_and_the_next_is_taken() {
    assert!(EHLO.contains(&format!("SIZE {MAX_MAIL_BYTES}\r\n")));
    let large = "x".repeat(100).repeat(MAX_MAIL_BYTES / 100) + "\r\n" + &"y".repeat(200);
    let small = "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nx\r\n.\r\n";
    let heard = format!("{BEGIN}DATA\r\n{large}\r\n.\r\n{small}");
    for piece in [8192, usize::MAX] {
        let (said, kept, _) = hold(heard.as_bytes(), piece);
        assert!(said.contains("552 5.3.4"), "{said}");
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].1, b"x\r\n");
    }
}

#[test]
fn endless_lines_recipients_and_mistakes_have_an_end() {
    let (said, _, over) = hold("x".repeat(10_000).as_bytes(), 1000);
    assert!(over && said.starts_with("500"), "{said}");
    let (said, _, over) = hold("x\r\n".repeat(100).as_bytes(), usize::MAX);
    assert!(over && said.ends_with("421 4.7.0 too many errors\r\n"));
    let many = "RCPT TO:<b@example.com>\r\n".repeat(MOST_RECIPIENTS + 1);
    assert!(codes(&format!("HELO c\r\nMAIL FROM:<a@example.com>\r\n{many}")).ends_with("250 452"));
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let words = [
        "EHLO c",
        "HELO",
        "MAIL FROM:<a@example.com>",
        "MAIL FROM:<> SIZE=1",
        "RCPT TO:<b@example.com>",
        "DATA",
        ".",
        "..",
        "RSET",
        "AUTH LOGIN",
        "AUTH PLAIN",
        "YQ==",
        "*",
        "BDAT 9",
        "QUIT",
        "Subject: x",
        "",
    ];
    let ends = ["\r\n", "\n", "\r", "", "\r\n.\r\n"];
    let known = (
        prop::sample::select(words.to_vec()),
        prop::sample::select(ends.to_vec()),
    );
    prop_oneof![
        4 => known.prop_map(|(word, end)| [word.as_bytes(), end.as_bytes()].concat()),
        1 => vec(any::<u8>(), 0..40),
    ]
}

proptest! {
    #[test]
    fn whatever_is_said_is_answered_and_nothing_breaks(lines in vec(line(), 0..60), piece in 1_usize..200) {
        let heard = lines.concat();
        let (said, kept, _) = hold(&heard, piece);
        for answer in said.split_inclusive("\r\n") {
            let code = answer.as_bytes();
            prop_assert!(code.len() > 5 && code[..3].iter().all(u8::is_ascii_digit), "{answer:?}");
        }
        for (envelope, _) in kept {
            prop_assert!(!envelope.to.is_empty());
        }
    }
}
