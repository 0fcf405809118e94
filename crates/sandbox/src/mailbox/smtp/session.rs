//! What is said on one SMTP connection: a machine that is fed bytes and says what to answer. It
//! knows no socket and no clock. Commands and the dots of a mail are read by `smtp-proto`, which
//! takes a mail to end at CRLF, dot, CRLF and at nothing else (so no second mail can be smuggled in
//! one).

use super::MAX_MAIL_BYTES;
use crate::mailbox::Envelope;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use smtp_proto::{
    AUTH_LOGIN, AUTH_PLAIN, Error, Request,
    request::receiver::{DataReceiver, DummyDataReceiver, LineReceiver, RequestReceiver},
};
use std::slice::Iter;

pub(super) const GREETING: &str = "220 localhost ESMTP Frontdesk sandbox\r\n";
pub(super) const BUSY: &str = "421 4.7.0 too many connections\r\n";
pub(super) const TOO_SLOW: &str = "421 4.4.2 nothing was said for a minute\r\n";
pub(super) const TOO_MUCH: &str = "421 4.7.0 too much for one connection\r\n";
pub(super) const KEPT: &str = "250 2.0.0 kept\r\n";
pub(super) const NOT_KEPT: &str = "451 4.3.0 the mail cannot be kept now\r\n";
const OK: &str = "250 2.0.0 OK\r\n";
const SENDER_FIRST: &str = "503 5.5.1 MAIL first\r\n";
const TOO_LARGE: &str = "552 5.3.4 the mail is larger than this mailbox takes\r\n";
const NOT_BASE64: &str = "501 5.5.2 that is no base64\r\n";
const SIGNED_IN: &str = "235 2.7.0 signed in; any password would do\r\n";
/// The size is [`MAX_MAIL_BYTES`]; a test compares them.
const EHLO: &str = "250-localhost\r\n250-SIZE 2097152\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
    250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN LOGIN\r\n";

/// One mail goes to no more.
const MOST_RECIPIENTS: usize = 100;
/// Whoever is refused so often is no mail program.
const MOST_ERRORS: usize = 20;
/// RFC 5321, 4.5.3.1.3: a path with its angle brackets is 256 octets.
const MOST_ADDRESS_BYTES: usize = 254;

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The bytes are used up.
    Listen,
    /// Answer.
    Say(&'static str),
    /// Answer and hang up.
    End(&'static str),
    /// Keep this mail; then answer with [`KEPT`] or [`NOT_KEPT`].
    Keep(Envelope, Vec<u8>),
}

/// One connection.
#[derive(Default)]
pub(super) struct Session {
    greeted: bool,
    from: Option<String>,
    to: Vec<String>,
    errors: usize,
    requests: RequestReceiver,
    listening: Listening,
}

/// For what.
#[derive(Default)]
enum Listening {
    #[default]
    Commands,
    Mail(DataReceiver, Vec<u8>),
    /// To its end, so that the answer is heard.
    TooLarge(DummyDataReceiver),
    /// What is still to be asked for; the answers are not looked at.
    Password(LineReceiver<Asked>),
}

/// A step of signing in.
#[derive(Default)]
enum Asked {
    #[default]
    Last,
    NameOfLogin,
}

impl Session {
    /// What these bytes, or the first of them, mean. Call again until it is [`Step::Listen`].
    pub(super) fn next(&mut self, bytes: &mut Iter<u8>) -> Step {
        match std::mem::take(&mut self.listening) {
            Listening::Commands => self.command(bytes),
            Listening::Mail(receiver, mail) => self.mail(receiver, mail, bytes),
            Listening::TooLarge(mut receiver) => {
                if receiver.ingest(bytes) {
                    self.refuse(TOO_LARGE)
                } else {
                    self.listening = Listening::TooLarge(receiver);
                    Step::Listen
                }
            }
            Listening::Password(receiver) => self.password(receiver, bytes),
        }
    }

    fn command(&mut self, bytes: &mut Iter<u8>) -> Step {
        let request = match self.requests.ingest(bytes) {
            Ok(request) => request.into_owned(),
            Err(Error::NeedsMoreData { .. }) => return Step::Listen,
            // The rest of the line would be read as commands.
            Err(Error::ResponseTooLong) => return Step::End("500 5.5.2 the line is too long\r\n"),
            Err(error) => return self.refuse(unreadable(&error)),
        };
        match request {
            Request::Ehlo { .. } => {
                self.begin();
                Step::Say(EHLO)
            }
            Request::Helo { .. } => {
                self.begin();
                Step::Say("250 localhost\r\n")
            }
            Request::Mail { from } => self.sender(from.address, from.size),
            Request::Rcpt { to } => self.recipient(to.address),
            Request::Data => self.data(),
            Request::Auth {
                mechanism,
                initial_response,
            } => self.sign_in(mechanism, &initial_response),
            Request::Rset => {
                self.forget();
                Step::Say(OK)
            }
            Request::Noop { .. } => Step::Say(OK),
            Request::Vrfy { .. } => Step::Say("252 2.5.0 everybody has a mailbox here\r\n"),
            Request::Help { .. } => Step::Say("214 2.0.0 RFC 5321\r\n"),
            Request::Quit => Step::End("221 2.0.0 goodbye\r\n"),
            _ => self.refuse("502 5.5.1 that command is not known here\r\n"),
        }
    }

    fn begin(&mut self) {
        self.greeted = true;
        self.forget();
    }

    /// The mail begun, not the greeting.
    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
    }

    fn sender(&mut self, address: String, size: usize) -> Step {
        if !self.greeted {
            return self.refuse("503 5.5.1 EHLO first\r\n");
        }
        if self.from.is_some() {
            return self.refuse("503 5.5.1 one mail at a time\r\n");
        }
        if size > MAX_MAIL_BYTES {
            return self.refuse(TOO_LARGE);
        }
        if !address.is_empty() && !is_address(&address) {
            return self.refuse("553 5.1.7 that is no sender's address\r\n");
        }
        self.from = Some(address);
        Step::Say("250 2.1.0 OK\r\n")
    }

    fn recipient(&mut self, address: String) -> Step {
        if self.from.is_none() {
            return self.refuse(SENDER_FIRST);
        }
        if !is_address(&address) {
            return self.refuse("553 5.1.3 that is no recipient's address\r\n");
        }
        if self.to.len() >= MOST_RECIPIENTS {
            return self.refuse("452 4.5.3 too many recipients\r\n");
        }
        self.to.push(address);
        Step::Say("250 2.1.5 OK\r\n")
    }

    fn data(&mut self) -> Step {
        if self.from.is_none() {
            return self.refuse(SENDER_FIRST);
        }
        if self.to.is_empty() {
            return self.refuse("554 5.5.1 nobody would get it\r\n");
        }
        let mut receiver = DataReceiver::new();
        // The line before is over: a dot right away ends an empty mail.
        receiver.ingest(&mut b"\r\n".iter(), &mut Vec::new());
        self.listening = Listening::Mail(receiver, Vec::new());
        Step::Say("354 the mail, then a dot on a line of its own\r\n")
    }

    fn mail(
        &mut self,
        mut receiver: DataReceiver,
        mut mail: Vec<u8>,
        bytes: &mut Iter<u8>,
    ) -> Step {
        let over = receiver.ingest(bytes, &mut mail);
        if mail.len() > MAX_MAIL_BYTES {
            if over {
                return self.refuse(TOO_LARGE);
            }
            self.listening = Listening::TooLarge(DummyDataReceiver::new_data(&receiver));
            return Step::Listen;
        }
        if !over {
            self.listening = Listening::Mail(receiver, mail);
            return Step::Listen;
        }
        let envelope = Envelope {
            from: self.from.take().unwrap_or_default(),
            to: std::mem::take(&mut self.to),
        };
        Step::Keep(envelope, mail)
    }

    fn sign_in(&mut self, mechanism: u64, answer: &str) -> Step {
        if !self.greeted {
            return self.refuse("503 5.5.1 EHLO first\r\n");
        }
        let asked = match (mechanism, answer.is_empty()) {
            (AUTH_PLAIN, false) if is_base64(answer.as_bytes()) => return Step::Say(SIGNED_IN),
            (AUTH_LOGIN, false) if is_base64(answer.as_bytes()) => Asked::Last,
            (AUTH_PLAIN | AUTH_LOGIN, false) => return self.refuse(NOT_BASE64),
            (AUTH_PLAIN, true) => Asked::Last,
            (AUTH_LOGIN, true) => Asked::NameOfLogin,
            _ => return self.refuse("504 5.5.4 PLAIN or LOGIN\r\n"),
        };
        let question = match (mechanism, &asked) {
            (AUTH_PLAIN, _) => "334 \r\n",
            // "Username:" and "Password:", as every LOGIN asks.
            (_, Asked::NameOfLogin) => "334 VXNlcm5hbWU6\r\n",
            (_, Asked::Last) => "334 UGFzc3dvcmQ6\r\n",
        };
        self.listening = Listening::Password(LineReceiver::new(asked));
        Step::Say(question)
    }

    fn password(&mut self, mut receiver: LineReceiver<Asked>, bytes: &mut Iter<u8>) -> Step {
        if !receiver.ingest(bytes) {
            self.listening = Listening::Password(receiver);
            return Step::Listen;
        }
        match (receiver.buf.as_slice(), receiver.state) {
            (b"*", _) => self.refuse("501 5.7.0 as you wish\r\n"),
            (answer, _) if !is_base64(answer) => self.refuse(NOT_BASE64),
            (_, Asked::NameOfLogin) => {
                self.listening = Listening::Password(LineReceiver::new(Asked::Last));
                Step::Say("334 UGFzc3dvcmQ6\r\n")
            }
            (_, Asked::Last) => Step::Say(SIGNED_IN),
        }
    }

    /// Says no; too many of these end the connection.
    fn refuse(&mut self, answer: &'static str) -> Step {
        if answer == TOO_LARGE {
            self.forget();
        }
        self.errors += 1;
        if self.errors >= MOST_ERRORS {
            return Step::End("421 4.7.0 too many errors\r\n");
        }
        Step::Say(answer)
    }
}

fn is_base64(answer: &[u8]) -> bool {
    // A lone `=` is an empty answer.
    answer == b"=" || STANDARD.decode(answer).is_ok()
}

/// A mailbox and a domain, nothing that could break a line of a header or a page.
fn is_address(address: &str) -> bool {
    let parts = address.rsplit_once('@');
    parts.is_some_and(|(mailbox, domain)| !mailbox.is_empty() && !domain.is_empty())
        && address.len() <= MOST_ADDRESS_BYTES
        && !address
            .chars()
            .any(|letter| letter.is_control() || letter == ' ')
}

/// In words of ours: the client's own are not said back.
fn unreadable(error: &Error) -> &'static str {
    match error {
        Error::UnknownCommand => "500 5.5.1 that command is not known here\r\n",
        Error::InvalidSenderAddress => "501 5.1.7 that is no sender's address\r\n",
        Error::InvalidRecipientAddress => "501 5.1.3 that is no recipient's address\r\n",
        Error::SyntaxError { .. } => "501 5.5.2 that is not how the command is written\r\n",
        Error::InvalidParameter { .. } => "501 5.5.4 a parameter's value is wrong\r\n",
        Error::UnsupportedParameter { .. } => "555 5.5.4 a parameter is not known here\r\n",
        _ => "500 5.5.2 that cannot be read\r\n",
    }
}

#[cfg(test)]
mod tests;
