//! A server that speaks as a script says, over a real connection.

use super::*;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

const SOON: Duration = Duration::from_secs(5);
const NEVER: Duration = Duration::from_secs(3600);

#[derive(Clone, Copy)]
struct Script {
    greeting_after: Duration,
    recipient: &'static str,
    data: &'static str,
    end_after: Duration,
    end: &'static str,
}

const WILLING: Script = Script {
    greeting_after: Duration::ZERO,
    recipient: "250 2.1.5 OK",
    data: "354 go on",
    end_after: Duration::ZERO,
    end: "250 2.0.0 OK",
};

impl Script {
    async fn speak(self, stream: TcpStream) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        tokio::time::sleep(self.greeting_after).await;
        let mut answer = "220 mail.example.com";
        loop {
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
            let mut line = String::new();
            stream.read_line(&mut line).await?;
            answer = match line.get(..4).unwrap_or_default() {
                "EHLO" => "250 mail.example.com",
                "RCPT" => self.recipient,
                "DATA" if self.data.starts_with("354") => {
                    stream.write_all(b"354 go on\r\n").await?;
                    while line != ".\r\n" {
                        line.clear();
                        stream.read_line(&mut line).await?;
                    }
                    tokio::time::sleep(self.end_after).await;
                    self.end
                }
                "DATA" => self.data,
                "QUIT" | "" => return Ok(()),
                _ => "250 OK",
            };
        }
    }
}

/// What comes of a mail to a server that follows the script.
async fn sent(script: Script, limits: Limits) -> Result<(), Refusal> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = config::Smtp {
        host: "127.0.0.1".to_owned(),
        port: listener.local_addr().unwrap().port(),
        tls: SmtpTls::None,
        login: None,
        from: "hello@example.com".parse().unwrap(),
    };
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        script.speak(stream).await
    });
    let message = Message::builder()
        .from(settings.from.clone())
        .to("ada@example.com".parse().unwrap())
        .body("Hello".to_owned())
        .unwrap();
    let home = "https://app.example.com".parse().unwrap();
    let smtp = Smtp::new(settings, &home, limits).unwrap();
    let outcome = smtp.send(&message).await;
    server.abort();
    outcome
}

fn late() -> Refusal {
    Refusal::ForNow("the mail server did not answer in time".to_owned())
}

#[tokio::test]
async fn a_server_that_thinks_long_about_the_end_of_a_mail_is_waited_for() {
    let limits = Limits {
        before_mail: SOON,
        mail: NEVER,
    };
    let thoughtful = Script {
        end_after: SOON + Duration::from_millis(500),
        ..WILLING
    };
    assert_eq!(sent(thoughtful, limits).await, Ok(()));
    const { assert!(Limits::USUAL.mail.as_secs() >= 600) };
}

#[tokio::test]
async fn each_part_of_the_conversation_has_its_end() {
    let short = Duration::from_millis(200);
    let silent = Script {
        greeting_after: NEVER,
        ..WILLING
    };
    let limits = Limits {
        before_mail: short,
        mail: NEVER,
    };
    assert_eq!(sent(silent, limits).await, Err(late()));
    let undecided = Script {
        end_after: NEVER,
        ..WILLING
    };
    let limits = Limits {
        before_mail: NEVER,
        mail: short,
    };
    assert_eq!(sent(undecided, limits).await, Err(late()));
}

#[tokio::test]
async fn a_refusal_to_relay_is_about_us_and_one_of_the_recipient_or_the_mail_about_them() {
    let told = async |script: Script| match sent(script, Limits::USUAL).await.unwrap_err() {
        Refusal::ForNow(reason) => ("for now", reason),
        Refusal::Ours(reason) => ("ours", reason),
        Refusal::ForGood(reason) => ("for good", reason),
    };
    for (recipient, verdict, codes) in [
        (
            "554 5.7.1 <ada@example.com>: Relay access denied",
            "ours",
            "(554 5.7.1)",
        ),
        (
            "550 5.7.60 not permitted to send as this sender",
            "ours",
            "(550 5.7.60)",
        ),
        (
            "530 5.7.0 Must issue a STARTTLS command first",
            "ours",
            "(530 5.7.0)",
        ),
        ("530 Authentication required", "ours", "(530)"),
        (
            "550 5.1.1 <ada@example.com>: no such mailbox",
            "for good",
            "(550 5.1.1)",
        ),
        ("550 no such mailbox", "for good", "(550)"),
        ("550 ada@5.7.1 is nobody", "for good", "(550)"),
        ("451 4.7.1 come back later", "for now", "(451 4.7.1)"),
    ] {
        let script = Script {
            recipient,
            ..WILLING
        };
        let reason = format!("the mail server refused the recipient {codes}");
        assert_eq!(told(script).await, (verdict, reason), "{recipient}");
    }
    let data = "554 5.7.1 Relay access denied";
    assert_eq!(told(Script { data, ..WILLING }).await.0, "ours");
    // What it says once it has read the mail is about the mail.
    let end = "554 5.7.1 this looks like an advertisement";
    assert_eq!(told(Script { end, ..WILLING }).await.0, "for good");
}
