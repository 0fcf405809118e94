//! A real SMTP server (aiosmtpd) a test, and the mails it has taken.

use crate::{eventually, guard::Guarded, nats::free_port};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The mail server under test. Dropped, it is killed and its file goes.
#[derive(Debug)]
pub struct Mailbox {
    port: u16,
    file: PathBuf,
    arguments: Vec<String>,
    process: Option<Guarded>,
}

/// A mail as the server took it.
#[derive(Debug, Clone, Deserialize)]
pub struct Mail {
    /// Who it is from, by the envelope.
    pub from: String,
    /// Who gets it, by the envelope.
    pub to: Vec<String>,
    /// Whether the way was encrypted.
    pub secure: bool,
    /// Who had logged in.
    pub user: Option<String>,
    /// Decoded, in order.
    pub headers: Vec<(String, String)>,
    /// The plain part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// The bytes.
    pub raw: String,
}

impl Mail {
    /// The values of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Vec<&str> {
        let of_name = self
            .headers
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name));
        of_name.map(|(_, value)| value.as_str()).collect()
    }

    /// Its Message-ID.
    #[must_use]
    pub fn id(&self) -> &str {
        self.header("Message-ID")[0]
    }
}

/// `FRONTDESK_PYTHON`, else the one `make test` installed.
fn python() -> PathBuf {
    std::env::var_os("FRONTDESK_PYTHON").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/python"),
        PathBuf::from,
    )
}

impl Mailbox {
    /// Starts a server that takes mails in the open from everybody.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts one with these options of `tests/clients/smtp.py`.
    pub async fn start_with(options: &[&str]) -> Self {
        let port = free_port();
        let file = std::env::temp_dir().join(format!("frontdesk-mailbox-{port}.jsonl"));
        let _ = std::fs::remove_file(&file);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/smtp.py");
        let mut arguments = vec![
            python().to_string_lossy().into_owned(),
            script.to_string_lossy().into_owned(),
            port.to_string(),
            file.to_string_lossy().into_owned(),
        ];
        arguments.extend(options.iter().map(|&option| option.to_owned()));
        let mut mailbox = Self {
            port,
            file,
            arguments,
            process: None,
        };
        mailbox.restart().await;
        mailbox
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again on the same port; it keeps the mails it has.
    pub async fn restart(&mut self) {
        self.kill();
        let command: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let log = self.file.with_extension("log");
        let process = Guarded::start(&command, &log, None);
        eventually("the mail server accepts connections", async || {
            assert!(
                !process.has_ended(),
                "no mail server (make test installs aiosmtpd; FRONTDESK_PYTHON names its Python): {}",
                std::fs::read_to_string(&log).unwrap_or_default()
            );
            tokio::net::TcpStream::connect(("127.0.0.1", self.port))
                .await
                .ok()
        })
        .await;
        self.process = Some(process);
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// All mails it has taken, in order.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        // A line is written in one piece, but may not have its end yet.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Waits until nobody is connected any more: what the senders had sent until then is among the mails.
    pub async fn is_left_alone(&self) {
        eventually("the mail server is left alone", async || {
            let sockets = std::fs::read_to_string("/proc/net/tcp").unwrap();
            let here = format!("0100007F:{:04X}", self.port);
            // ESTABLISHED, even if not accepted yet, and CLOSE_WAIT: the server has more to read.
            let is_open = |line: &str| {
                let fields: Vec<&str> = line.split_whitespace().collect();
                fields.get(1) == Some(&here.as_str()) && matches!(fields[3], "01" | "08")
            };
            (!sockets.lines().any(is_open)).then_some(())
        })
        .await;
    }

    /// Waits for the first mail to an address.
    pub async fn mail_to(&self, address: &str) -> Mail {
        eventually(&format!("a mail to {address}"), async || {
            self.mails()
                .into_iter()
                .find(|mail| mail.to == [address.to_owned()])
        })
        .await
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_file(&self.file);
        let _ = std::fs::remove_file(self.file.with_extension("log"));
    }
}
