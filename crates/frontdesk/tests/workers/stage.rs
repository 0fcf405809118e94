//! The real executable as the role workers, beside the servers it needs.

use frontdesk_harness::{Mailbox, Nats, Program, eventually, postgres::Cluster};
use std::path::Path;

pub(crate) const EXECUTABLE: &str = env!("CARGO_BIN_EXE_frontdesk");

pub(crate) struct Stage {
    pub(crate) nats: Nats,
    pub(crate) postgres: Cluster,
    pub(crate) mailbox: Mailbox,
    pub(crate) workers: Program,
}

impl Stage {
    /// With these options of the mail server, and these settings of the workers.
    pub(crate) async fn start(mail_server: &[&str], more: &[(&str, String)]) -> Self {
        let (nats, postgres, mailbox) = tokio::join!(
            frontdesk_harness::nats(),
            Cluster::start(),
            Mailbox::start_with(mail_server)
        );
        let place = |of: &str| {
            let name = format!("frontdesk-{of}-{}", mailbox.port());
            let place = std::env::temp_dir().join(name);
            place.to_string_lossy().into_owned()
        };
        let mut settings = vec![
            ("NATS_URL", nats.url()),
            ("NATS_MONITOR_URL", nats.args().nats_monitor_url),
            ("DATABASE_URL", postgres.url()),
            (
                "JWT_SECRET",
                "an invented secret of forty characters..".to_owned(),
            ),
            ("SMTP_HOST", "localhost".to_owned()),
            ("SMTP_PORT", mailbox.port().to_string()),
            ("SMTP_TLS", "none".to_owned()),
            ("MAIL_FROM", "hello@example.com".to_owned()),
            ("EXPORT_DIR", place("exports")),
            ("FILE_STORE", place("files")),
        ];
        settings.extend(more.iter().cloned());
        let executable = Path::new(EXECUTABLE);
        let workers = Program::start(executable, "workers", "WORKERS_LISTEN", &settings).await;
        Self {
            nats,
            postgres,
            mailbox,
            workers,
        }
    }

    /// A client of the owner of the tables; PostgreSQL may just be starting.
    pub(crate) async fn client(&self) -> tokio_postgres::Client {
        let url = self.postgres.url();
        eventually("PostgreSQL answers", async || connect(&url).await).await
    }
}

/// `None` while PostgreSQL is away.
pub(crate) async fn connect(url: &str) -> Option<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .ok()?;
    tokio::spawn(connection);
    Some(client)
}
