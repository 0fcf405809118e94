//! What somebody asks for by a command: one call to a number now, and a subscription for somebody
//! who has none. Both go over the wire like everything else; the database is only asked who it is
//! about.

use super::{Outside, first, unfinished::Unfinished};
use crate::{
    chance::Dice,
    delivery::{self, Courier, rules::Rules},
    loopback, registry, seed,
    stories::{self, Story, Timeline, WorldEvent, billing, plot},
    world::{Business, Plan, World},
};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use frontdesk_process::{Shutdown, clock};
use std::time::Duration;

/// How long the last events may take to be delivered.
const GOODBYE: Duration = Duration::from_secs(8);

/// A call that somebody asked for, and what is told about it while it goes on.
#[derive(Debug)]
pub struct Call {
    story: Story,
    /// Whose number it is; nobody's when nobody has it.
    pub business: Option<String>,
    outside: Outside,
}

impl Outside {
    /// A call to this number that begins now.
    ///
    /// # Errors
    /// When the target is not this machine, or the database does not answer.
    pub async fn call(
        mut self,
        number: &str,
        course: plot::Course,
        speed: f64,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Call> {
        self.target = loopback::target(&self.target)?;
        let businesses = match &self.database_url {
            Some(url) => registry::served(&seed::connect(url).await?).await?,
            None => World::town().businesses,
        };
        let called = businesses
            .iter()
            .find(|business| business.numbers.iter().any(|had| had == number));
        let mut dice = Dice::new(self.seed).fork("by hand", now.timestamp_millis().unsigned_abs());
        let timeline = Timeline::new(now, speed);
        let business = called.map_or_else(|| of_nobody(number), Clone::clone);
        let business = Business {
            numbers: vec![number.to_owned()],
            ..business
        };
        let drawn = plot::Plot::draw_phone(&mut dice, &business);
        let plot = plot::Plot {
            channel: plot::Channel::Phone(plot::NumberShown::Yes),
            course,
            ..drawn
        };
        Ok(Call {
            story: stories::tell(&plot, &mut dice, &business, timeline),
            business: called.map(|called| called.name.clone()),
            outside: self,
        })
    }

    /// Tells what PayPal tells when somebody subscribes: created, paid, active.
    ///
    /// # Errors
    /// When nobody has this address, or it is subscribed already.
    pub async fn subscribe(
        mut self,
        email: &str,
        plan: Plan,
        now: DateTime<Utc>,
    ) -> anyhow::Result<delivery::Counts> {
        self.target = loopback::target(&self.target)?;
        anyhow::ensure!(
            !first(&self.webhook_id).is_empty(),
            "PAYPAL_WEBHOOK_ID is missing: PayPal signs for a webhook"
        );
        let url = self.database_url.as_ref();
        let client =
            seed::connect(url.context("DATABASE_URL is missing: it knows who pays")?).await?;
        let user = client
            .query_opt(
                "select id, name, email, billing_key from account.users
                 where lower(email) = lower($1) and deleted_at is null",
                &[&email.trim()],
            )
            .await
            .context("looking for the user")?;
        let user = user.with_context(|| format!("nobody has the address {email}"))?;
        anyhow::ensure!(
            !seed::is_subscribed(&client, user.get("id")).await?,
            "{email} has a subscription already"
        );
        let subscriber = billing::Subscriber {
            name: user.get("name"),
            email: user.get("email"),
            billing_key: user.get("billing_key"),
        };
        let courier = self.courier(Rules::paypal()).await?;
        for notification in billing::first_notifications(&subscriber, plan, now) {
            courier.send(WorldEvent::PayPal(notification));
        }
        Ok(courier.drain().await)
    }

    async fn courier(&self, rules: Rules) -> anyhow::Result<Courier> {
        let signatures = self.signatures().await?;
        Ok(Courier::start(
            rules,
            delivery::client()?,
            self.target.clone(),
            signatures,
        ))
    }
}

/// Somebody at a number that nobody has: the call stays unassigned.
fn of_nobody(number: &str) -> Business {
    let mut nobody = World::town().businesses.swap_remove(0);
    nobody.name = "the office".to_owned();
    nobody.numbers = vec![number.to_owned()];
    nobody.tenant_on_rule = false;
    nobody
}

impl Call {
    /// Plays it in its own time, to its end or until shutdown; then everybody leaves. `say` hears
    /// the name of each event as it is sent.
    ///
    /// # Errors
    /// When an event cannot be signed, or the state directory cannot be used.
    pub async fn play(
        self,
        shutdown: &Shutdown,
        mut say: impl FnMut(&str),
    ) -> anyhow::Result<delivery::Counts> {
        let livekit = self.outside.courier(Rules::livekit()).await?;
        let agent = self.outside.courier(Rules::agent()).await?;
        let mut unfinished = Unfinished::open(&self.outside.state_dir)?;
        unfinished.begin(&self.story, 0)?;
        let mut cut = None;
        for (offset, event) in &self.story.events {
            let wait = (self.story.start + *offset - clock::now()).to_std();
            let waited = tokio::time::sleep(wait.unwrap_or_default());
            if shutdown.run_until_cancelled(waited).await.is_none() {
                cut = Some(clock::now());
                break;
            }
            tell(&livekit, &agent, event.clone(), &mut say);
        }
        if let Some(now) = cut {
            for event in self.story.shut_down(now) {
                tell(&livekit, &agent, event, &mut say);
            }
        }
        let goodbye = async { tokio::join!(livekit.drain(), agent.drain()) };
        let (livekit, _) = tokio::time::timeout(GOODBYE, goodbye)
            .await
            .context("waiting for the last events to be delivered: the next run tells them")?;
        if livekit.failed + livekit.dropped == 0 {
            let room = self.story.room_sid().to_owned();
            unfinished.finished([room].iter())?;
        }
        Ok(livekit)
    }
}

fn tell(livekit: &Courier, agent: &Courier, event: WorldEvent, say: &mut impl FnMut(&str)) {
    match &event {
        WorldEvent::LiveKit(webhook) => {
            say(webhook.event);
            livekit.send(event);
        }
        WorldEvent::Agent(report) => {
            say(report.kind);
            agent.send(event);
        }
        WorldEvent::PayPal(_) => {}
    }
}
