//! Leaving NATS on purpose, at the end of a command or of a role, worries nobody. A test program
//! of its own, because it listens to all that is logged.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use frontdesk_events::nats::Role;
use frontdesk_harness::eventually;
use frontdesk_projector::{Output, ProjectionsCommand, command};
use std::{fmt::Debug, sync::Mutex};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

static HEARD: Mutex<Vec<(Level, String)>> = Mutex::new(Vec::new());

/// Keeps what our NATS module logs.
struct Ear;

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("frontdesk_events::nats")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut words = Words(String::new());
        event.record(&mut words);
        let level = *event.metadata().level();
        HEARD.lock().unwrap().push((level, words.0));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!("{}={value:?} ", field.name());
    }
}

fn heard() -> Vec<(Level, String)> {
    HEARD.lock().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_command_or_role_is_no_warning() {
    tracing::subscriber::set_global_default(Ear).unwrap();
    let (mut nats, database) =
        tokio::join!(frontdesk_harness::nats(), frontdesk_harness::database());
    let status = ProjectionsCommand::Status(Output { json: true });
    command(status, &database.url(), &nats.args())
        .await
        .unwrap();
    let role = nats.connect(Role::Api).await;
    role.close().await;
    drop(role);
    for who in ["operator", "api"] {
        eventually("it has left", async || {
            let left =
                |(_, words): &(Level, String)| words.contains(who) && words.contains("closed");
            heard().iter().any(left).then_some(())
        })
        .await;
    }
    let worried = |heard: &[(Level, String)]| -> Vec<String> {
        let worries = heard.iter().filter(|(level, _)| *level <= Level::WARN);
        worries.map(|(_, words)| words.clone()).collect()
    };
    assert_eq!(worried(&heard()), [""; 0]);

    // A server that goes away is one.
    let _role = nats.connect(Role::Api).await;
    nats.kill();
    eventually("it is a warning", async || {
        (!worried(&heard()).is_empty()).then_some(())
    })
    .await;
}
