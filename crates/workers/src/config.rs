//! What the role reads from its environment, checked once: a mail server is reached safely or not at
//! all.

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use frontdesk_events::nats::connection::Secret;
use lettre::message::Mailbox;
use std::net::IpAddr;

/// Configuration of the role.
#[derive(Debug, Clone, clap::Args)]
pub struct WorkersArgs {
    /// The mail server. Without it no mail is sent; they wait until there is one.
    #[arg(long, env = "SMTP_HOST")]
    pub smtp_host: Option<String>,
    /// Its port; by SMTP_TLS 25 (none), 587 (starttls) or 465 (tls) when not set.
    #[arg(long, env = "SMTP_PORT")]
    pub smtp_port: Option<String>,
    /// Who we are to it; without it we do not log in.
    #[arg(long, env = "SMTP_USER")]
    pub smtp_user: Option<String>,
    /// The password that goes with SMTP_USER.
    #[arg(long, env = "SMTP_PASSWORD", hide_env_values = true)]
    pub smtp_password: Option<Secret>,
    /// How the way to it is kept private; `none` for a server on this machine only.
    #[arg(long, env = "SMTP_TLS", value_enum, default_value_t = SmtpTls::Starttls)]
    pub smtp_tls: SmtpTls,
    /// Who mails are from and answers go to, for example "Frontdesk <hello@example.com>".
    #[arg(long, env = "MAIL_FROM")]
    pub mail_from: Option<String>,
}

/// How the way to the mail server is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SmtpTls {
    /// Not at all.
    None,
    /// Plain at first, then TLS, or no mail is sent.
    Starttls,
    /// TLS from the first byte.
    Tls,
}

/// The checked form of what mails need.
#[derive(Debug, Clone)]
pub(crate) struct Smtp {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: SmtpTls,
    pub(crate) login: Option<(String, Secret)>,
    pub(crate) from: Mailbox,
}

impl Smtp {
    /// `None` when no mail server is set.
    ///
    /// # Errors
    /// One line naming the variable that is wrong and what it must be.
    pub(crate) fn check(args: &WorkersArgs) -> anyhow::Result<Option<Self>> {
        let Some(host) = set(args.smtp_host.as_deref()) else {
            return Ok(None);
        };
        if args.smtp_tls == SmtpTls::None && !is_loopback(host) {
            bail!(
                "SMTP_TLS=none sends passwords and links in the open, so it is refused unless SMTP_HOST is this \
                 machine (localhost): it is {host}"
            );
        }
        let port = match set(args.smtp_port.as_deref()) {
            Some(port) => port
                .parse()
                .ok()
                .filter(|port| *port > 0)
                .context("SMTP_PORT must be a number from 1 to 65535")?,
            None => match args.smtp_tls {
                SmtpTls::None => 25,
                SmtpTls::Starttls => 587,
                SmtpTls::Tls => 465,
            },
        };
        let password = args
            .smtp_password
            .clone()
            .filter(|password| !password.expose().is_empty());
        let login = match (set(args.smtp_user.as_deref()), password) {
            (Some(user), Some(password)) => Some((user.to_owned(), password)),
            (None, None) => None,
            (Some(_), None) => bail!("SMTP_USER is set and SMTP_PASSWORD is not"),
            (None, Some(_)) => bail!("SMTP_PASSWORD is set and SMTP_USER is not"),
        };
        let from = set(args.mail_from.as_deref()).context(
            "MAIL_FROM must be set beside SMTP_HOST, for example \"Frontdesk <hello@example.com>\"",
        )?;
        let from: Mailbox = from
            .parse()
            .ok()
            .context("MAIL_FROM must be an address like \"Frontdesk <hello@example.com>\"")?;
        Ok(Some(Self {
            host: host.to_owned(),
            port,
            tls: args.smtp_tls,
            login,
            from,
        }))
    }
}

/// A variable that is set to nothing is not set.
fn set(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(host: &str, tls: SmtpTls) -> WorkersArgs {
        WorkersArgs {
            smtp_host: Some(host.to_owned()),
            smtp_port: None,
            smtp_user: None,
            smtp_password: None,
            smtp_tls: tls,
            mail_from: Some("Frontdesk <hello@example.com>".to_owned()),
        }
    }

    fn refusal(args: &WorkersArgs) -> String {
        let error = Smtp::check(args).unwrap_err().to_string();
        assert!(!error.contains('\n'), "{error}");
        error
    }

    #[test]
    fn no_mail_server_is_no_error() {
        assert!(Smtp::check(&args("", SmtpTls::None)).unwrap().is_none());
        let absent = WorkersArgs {
            smtp_host: None,
            mail_from: None,
            ..args("", SmtpTls::Tls)
        };
        assert!(Smtp::check(&absent).unwrap().is_none());
    }

    #[test]
    fn nothing_travels_in_the_open_to_another_machine() {
        for host in [
            "mail.example.com",
            "10.0.0.1",
            "localhost.example.com",
            "0.0.0.0",
            "127.0.0.1.nip.io",
        ] {
            assert!(
                refusal(&args(host, SmtpTls::None)).contains("SMTP_TLS"),
                "{host}"
            );
            assert!(Smtp::check(&args(host, SmtpTls::Starttls)).is_ok());
        }
        for host in ["localhost", "127.0.0.1", "127.0.0.9", "::1"] {
            assert!(Smtp::check(&args(host, SmtpTls::None)).is_ok(), "{host}");
        }
    }

    #[test]
    fn half_a_login_and_a_wrong_sender_are_told_in_one_line() {
        let with = |change: &dyn Fn(&mut WorkersArgs)| {
            let mut args = args("mail.example.com", SmtpTls::Tls);
            change(&mut args);
            refusal(&args)
        };
        assert!(with(&|args| args.smtp_user = Some("u".into())).contains("SMTP_PASSWORD"));
        assert!(
            with(&|args| args.smtp_password = Some(Secret::from("hidden".to_owned())))
                .contains("SMTP_USER")
        );
        for port in ["0", "65536", "x", "-1"] {
            assert!(with(&|args| args.smtp_port = Some(port.into())).contains("SMTP_PORT"));
        }
        assert!(with(&|args| args.mail_from = None).contains("MAIL_FROM"));
        for from in ["hello", "a@b\r\nBcc: c@example.com", "<>"] {
            assert!(
                with(&|args| args.mail_from = Some(from.into())).contains("MAIL_FROM"),
                "{from:?}"
            );
        }
    }

    #[test]
    fn the_port_follows_from_how_the_way_is_kept_private() {
        let port = |tls| Smtp::check(&args("localhost", tls)).unwrap().unwrap().port;
        assert_eq!(
            [SmtpTls::None, SmtpTls::Starttls, SmtpTls::Tls].map(port),
            [25, 587, 465]
        );
    }
}
