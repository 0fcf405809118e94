//! One conversation with the mail server for each mail.
//!
//! The stages are spoken one by one because the same code means different things: a 550 to the
//! recipient is about the recipient, a 550 to the sender or a 535 to the login is about our settings
//! and must not cost anybody a mail. So must no refusal to relay, which many servers tell only when they
//! hear the recipient. Of the server's words only the codes are kept; the rest often repeats the address.

use crate::config::{self, SmtpTls};
use lettre::{
    Message,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use std::{future::Future, io, time::Duration};
use url::{Host, Url};

/// To reach the server.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the server may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// From the connection to the moment it asks for the mail itself.
    pub(crate) before_mail: Duration,
    /// For the mail itself and the answer to its end. What it took after this we count as unknown and
    /// send again, so a limit that is too short sends the same mail at every try.
    pub(crate) mail: Duration,
}

impl Limits {
    /// Ten minutes are what RFC 5321, section 4.5.3.2.6, asks for at the end of a mail: servers look into
    /// it then, and one that is busy answers late.
    pub(crate) const USUAL: Self = Self {
        before_mail: Duration::from_secs(60),
        mail: Duration::from_secs(600),
    };
}

/// To say good-bye, which changes nothing any more.
const GOODBYE: Duration = Duration::from_secs(1);

/// The mail server.
pub(crate) struct Smtp {
    settings: config::Smtp,
    tls: Option<TlsParameters>,
    hello: ClientId,
    limits: Limits,
}

/// Why the server did not take a mail.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It, or the way to it, may do better later.
    ForNow(String),
    /// Not as we are set up: somebody must look, and then it may.
    Ours(String),
    /// It never will for this recipient.
    ForGood(String),
}

impl Smtp {
    pub(crate) fn new(
        settings: config::Smtp,
        public_url: &Url,
        limits: Limits,
    ) -> anyhow::Result<Self> {
        let tls = match settings.tls {
            SmtpTls::None => None,
            SmtpTls::Starttls | SmtpTls::Tls => Some(TlsParameters::new(settings.host.clone())?),
        };
        let hello = match public_url.host() {
            Some(Host::Domain(name)) => ClientId::Domain(name.to_owned()),
            Some(Host::Ipv4(address)) => ClientId::Ipv4(address),
            Some(Host::Ipv6(address)) => ClientId::Ipv6(address),
            None => ClientId::Domain("localhost".to_owned()),
        };
        Ok(Self {
            settings,
            tls,
            hello,
            limits,
        })
    }

    /// Sends a mail; `Ok` when the server has taken it on.
    pub(crate) async fn send(&self, message: &Message) -> Result<(), Refusal> {
        let bytes = message.formatted();
        let mut server = within(self.limits.before_mail, self.announce(message, &bytes)).await?;
        within(self.limits.mail, async {
            let taken = server.message(&bytes).await;
            taken.map_err(|error| theirs("refused the mail", &error))
        })
        .await?;
        // It has the mail. Until that is written down a crash would send it again, so nothing waits for
        // the server's good-bye.
        tokio::spawn(async move { tokio::time::timeout(GOODBYE, server.quit()).await });
        Ok(())
    }

    /// All that comes before the mail itself; answers when the server asks for it.
    async fn announce(
        &self,
        message: &Message,
        bytes: &[u8],
    ) -> Result<AsyncSmtpConnection, Refusal> {
        let mut server = self.greet().await?;
        let envelope = message.envelope();
        let mut options = Vec::new();
        let addresses = envelope.from().into_iter().chain(envelope.to());
        if addresses
            .into_iter()
            .any(|address| !AsRef::<str>::as_ref(address).is_ascii())
        {
            if !server
                .server_info()
                .supports_feature(Extension::SmtpUtfEight)
            {
                return Err(Refusal::ForGood(
                    "the mail server cannot write to such an address".into(),
                ));
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        if !bytes.is_ascii()
            && server
                .server_info()
                .supports_feature(Extension::EightBitMime)
        {
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        server
            .command(Mail::new(envelope.from().cloned(), options))
            .await
            .map_err(|error| ours("refused the sender", &error))?;
        for recipient in envelope.to() {
            server
                .command(Rcpt::new(recipient.clone(), Vec::new()))
                .await
                .map_err(|error| announced("refused the recipient", &error))?;
        }
        server
            .command(Data)
            .await
            .map_err(|error| announced("refused the mail", &error))?;
        Ok(server)
    }

    async fn greet(&self) -> Result<AsyncSmtpConnection, Refusal> {
        let at_once = match self.settings.tls {
            SmtpTls::Tls => self.tls.clone(),
            SmtpTls::None | SmtpTls::Starttls => None,
        };
        let address = (self.settings.host.as_str(), self.settings.port);
        let mut server =
            AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT), &self.hello, at_once, None)
                .await
                .map_err(|error| ours("cannot be reached", &error))?;
        if self.settings.tls == SmtpTls::Starttls
            && let Some(tls) = &self.tls
        {
            server
                .starttls(tls.clone(), &self.hello)
                .await
                .map_err(|error| ours("offers no TLS we can trust", &error))?;
        }
        if let Some((user, password)) = &self.settings.login {
            let credentials = Credentials::new(user.clone(), password.expose().to_owned());
            server
                .auth(DEFAULT_MECHANISMS, &credentials)
                .await
                .map_err(|error| ours("refused the login", &error))?;
        }
        Ok(server)
    }
}

async fn within<T>(
    limit: Duration,
    stage: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    tokio::time::timeout(limit, stage)
        .await
        .unwrap_or_else(|_| {
            Err(Refusal::ForNow(
                "the mail server did not answer in time".into(),
            ))
        })
}

/// About our settings or the way: every mail would fare the same, so none is given up for it at once.
fn ours(what: &str, error: &Error) -> Refusal {
    // A client's own error: the server offers no TLS, or no way to log in.
    if error.is_permanent() || error.is_client() || is_distrust(error) {
        Refusal::Ours(told(what, error))
    } else {
        Refusal::ForNow(told(what, error))
    }
}

/// About this mail, or about us: a server that would relay for us if we logged in says so only here
/// (`530`, or `5.7.x` of RFC 3463, "security or policy": `554 5.7.1 Relay access denied`).
fn announced(what: &str, error: &Error) -> Refusal {
    let is_policy = enhanced(error).is_some_and(|code| code.starts_with("5.7."));
    let is_530 = error.status().is_some_and(|code| u16::from(code) == 530);
    if error.is_permanent() && (is_530 || is_policy) {
        ours(what, error)
    } else {
        theirs(what, error)
    }
}

/// About this mail: a 5xx is the server's last word.
fn theirs(what: &str, error: &Error) -> Refusal {
    if error.is_permanent() {
        Refusal::ForGood(told(what, error))
    } else {
        Refusal::ForNow(told(what, error))
    }
}

fn told(what: &str, error: &Error) -> String {
    let why = match (error.status(), enhanced(error)) {
        (Some(code), Some(enhanced)) => format!("{code} {enhanced}"),
        (Some(code), None) => code.to_string(),
        (None, _) if is_distrust(error) => "its certificate or TLS".to_owned(),
        (None, _) => io_kind(error).map_or("the connection".to_owned(), |kind| kind.to_string()),
    };
    format!("the mail server {what} ({why})")
}

fn is_distrust(error: &Error) -> bool {
    // The second is how rustls tells of a handshake that failed.
    error.is_tls() || io_kind(error) == Some(io::ErrorKind::InvalidData)
}

/// The enhanced status code an answer begins with (RFC 2034): three numbers and nothing else.
fn enhanced(error: &Error) -> Option<String> {
    error.status()?;
    let words = std::error::Error::source(error)?.to_string();
    let code = words.split_whitespace().next()?;
    let parts: Vec<&str> = code.split('.').collect();
    let is_number = |part: &&str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|digit| digit.is_ascii_digit())
    };
    (parts.len() == 3 && parts.iter().all(is_number)).then(|| code.to_owned())
}

fn io_kind(error: &Error) -> Option<io::ErrorKind> {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        cause = inner.source();
    }
    None
}

#[cfg(test)]
mod tests;
