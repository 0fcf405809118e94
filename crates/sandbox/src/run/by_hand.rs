//! What somebody asks for by a command: one call to a number now, and a subscription for somebody
//! who has none. Both go over the wire like everything else; the database is only asked who it is
//! about.

use super::{Outside, first, players::Player, services, unfinished::Unfinished};
use crate::{
    chance::Dice,
    delivery::{self, Courier, rules::Rules},
    livekit::rooms::{self, Ask},
    loopback, registry, seed,
    stories::{self, Story, Timeline, WorldEvent, billing, plot},
    world::{Business, Plan, World},
};
use anyhow::Context as _;
use chrono::{DateTime, Utc};
use frontdesk_process::{Shutdown, clock};
use std::time::Duration;
use tokio::sync::mpsc;

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

/// How a call ended, and what became of its events.
#[derive(Debug, Clone, Copy)]
pub struct Played {
    /// LiveKit's events.
    pub counts: delivery::Counts,
    /// Who ended it.
    pub end: End,
}

/// Who ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It went as it was to go.
    AsPlanned,
    /// Whoever placed it hung up.
    HungUp,
    /// Somebody had LiveKit close its room.
    Closed,
}

/// A call that ends before its time: who ended it when, and what is told of that.
struct Cut {
    end: End,
    at: DateTime<Utc>,
    events: Vec<WorldEvent>,
}

impl Call {
    /// Plays it in its own time, to its end, until shutdown, or until LiveKit is asked to close its
    /// room; then everybody leaves. `say` hears the name of each event as it is sent.
    ///
    /// # Errors
    /// When an event cannot be signed, or the state directory cannot be used.
    pub async fn play(
        self,
        shutdown: &Shutdown,
        mut say: impl FnMut(&str),
    ) -> anyhow::Result<Played> {
        let livekit = self.outside.courier(Rules::livekit()).await?;
        let agent = self.outside.courier(Rules::agent()).await?;
        let (api, mut asked) = rooms::serve(self.outside.livekit_key());
        let served = Shutdown::new();
        let address = services::serve_room(api, served.clone())?;
        let _served = served.drop_guard();
        let room = self.story.room_sid().to_owned();
        let _player = Player::enter(&self.outside.state_dir, &room, address)?;
        let mut unfinished = Unfinished::open(&self.outside.state_dir)?;
        unfinished.begin(&self.story, 0)?;
        let mut end = End::AsPlanned;
        for (offset, event) in &self.story.events {
            let due = self.story.start + *offset;
            if let Some(cut) = self.cut_before(due, shutdown, &mut asked).await {
                end = cut.end;
                unfinished.cut(&room, cut.at, &cut.events)?;
                for event in cut.events {
                    tell(&livekit, &agent, event, &mut say);
                }
                break;
            }
            tell(&livekit, &agent, event.clone(), &mut say);
        }
        // There is no such room any more. What is owed about it we still deliver.
        drop(asked);
        let goodbye = async { tokio::join!(livekit.drain(), agent.drain()) };
        let (counts, _) = tokio::time::timeout(GOODBYE, goodbye)
            .await
            .context("waiting for the last events to be delivered: the sandbox tells them")?;
        if counts.failed + counts.dropped == 0 {
            unfinished.finished([room].iter())?;
        }
        Ok(Played { counts, end })
    }

    /// Waits until `due` and answers meanwhile what LiveKit is asked; `None` when nothing ended the
    /// call before.
    async fn cut_before(
        &self,
        due: DateTime<Utc>,
        shutdown: &Shutdown,
        asked: &mut mpsc::Receiver<Ask>,
    ) -> Option<Cut> {
        loop {
            let wait = (due - clock::now()).to_std().unwrap_or_default();
            tokio::select! {
                biased;
                () = shutdown.cancelled() => {
                    let (end, at) = (End::HungUp, clock::now());
                    return Some(Cut { end, at, events: self.story.shut_down(at) });
                }
                Some(ask) = asked.recv() => {
                    let closed = self.answer(ask, clock::now());
                    if closed.is_some() {
                        return closed;
                    }
                }
                () = tokio::time::sleep(wait) => return None,
            }
        }
    }

    /// What is asked of LiveKit about this room; there is no other here.
    fn answer(&self, ask: Ask, at: DateTime<Utc>) -> Option<Cut> {
        let is_here = |room: &str| room == self.story.room_name();
        match ask {
            Ask::Look(room, answer) => {
                let there = is_here(&room).then(|| self.story.there(at)).flatten();
                let _ = answer.send(there);
            }
            // The room has one caller, who is let go by closing it.
            Ask::Remove(_, _, answer) => {
                let _ = answer.send(false);
            }
            Ask::Close(room, answer) => {
                let events = if is_here(&room) {
                    self.story.deleted(at)
                } else {
                    Vec::new()
                };
                let _ = answer.send(!events.is_empty());
                let end = End::Closed;
                return (!events.is_empty()).then_some(Cut { end, at, events });
            }
        }
        None
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
