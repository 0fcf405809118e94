//! The sandbox at work: the services others reach ([`services`]), the past told once, then calls as
//! they come, until it is asked to stop. Going down it lets everybody leave their rooms, as a server
//! that is drained would, so that no clock on a dashboard runs for ever; what a killed one left open
//! the next one ends ([`unfinished`]).

pub mod by_hand;
mod play;
mod players;
pub mod services;
pub mod state;
pub mod unfinished;

use crate::{
    delivery::{self, Counts, Courier, rules::Rules},
    livekit::{rooms, token::LiveKitKey},
    loopback,
    paypal::{Notification, authority, transmission::Transmitter},
    ready, seed,
    stories::{Story, WorldEvent, billing, traffic},
    wire::Signatures,
    world::World,
};
use anyhow::Context as _;
use axum::Router;
use chrono::{DateTime, Utc};
use frontdesk_process::{Shutdown, clock};
use state::State;
use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

/// How often PayPal looks for renewals that fell due.
const BILL_EVERY: Duration = Duration::from_secs(60);
/// Calls a day of the whole town in the past: five for each business, and enough that an hour of
/// live calls does not outweigh a day of it. More would keep a small machine busy for minutes.
const PAST_CALLS_A_DAY: f64 = 60.0;

/// What the outside world is made of.
#[derive(Debug, Clone)]
pub struct Outside {
    /// Frontdesk's ingest.
    pub target: String,
    /// The same seed and start give the same calls.
    pub seed: u64,
    /// Keys, certificates, and what was told already.
    pub state_dir: PathBuf,
    /// Where certificates, the mailbox's pages and the login providers are served.
    pub listen: SocketAddr,
    /// Mail, and who signs in where.
    pub services: services::Services,
    /// LiveKit's key.
    pub livekit: LiveKitKey,
    /// PayPal's name for the webhook.
    pub webhook_id: String,
    /// Where the businesses are written; nowhere when absent.
    pub database_url: Option<String>,
    /// PayPal's events out of order.
    pub shuffle: bool,
    /// PayPal's events twice.
    pub double: bool,
    /// What is real already and must not be imitated beside it.
    pub real: Real,
}

/// Which outside services this machine has accounts at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Real {
    /// A LiveKit server sends webhooks: no calls are made up.
    pub livekit: bool,
    /// PayPal sends webhooks: no payments are made up.
    pub paypal: bool,
}

/// How the calls come.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// On average.
    pub calls_per_minute: f64,
    /// 1 is life.
    pub speed: f64,
    /// Days of past told at the first run; 0 for none.
    pub history_days: u32,
}

/// The outside world with its keys ready and its certificates served.
pub struct Scene {
    outside: Outside,
    world: World,
    signatures: Signatures,
    client: reqwest::Client,
}

impl Outside {
    /// Makes or loads keys, and writes the businesses and the accounts that are ready to sign in.
    ///
    /// # Errors
    /// When an address is not of this machine, or state directory or database cannot be used.
    pub async fn prepare(mut self) -> anyhow::Result<Scene> {
        self.target = loopback::target(&self.target)?;
        loopback::listener(self.listen)?;
        let world = World::town();
        let signatures = self.signatures().await?;
        if let Some(url) = &self.database_url {
            let mut client = seed::connect(url).await?;
            seed::seed(&mut client, &world).await?;
            if !self.real.paypal {
                seed::name_plans(&client).await?;
            }
            let public_url = &self.services.public_url;
            let accounts = ready::open(&mut client, public_url, clock::now()).await?;
            let mailbox = self.services.mailbox_url(self.listen);
            ready::write(&self.state_dir, &accounts, mailbox.as_deref())?;
            tracing::info!(
                users = world.users.len(),
                clients = world.businesses.len(),
                "the businesses are in the database"
            );
        }
        Ok(Scene {
            client: delivery::client()?,
            outside: self,
            world,
            signatures,
        })
    }

    /// Everything that signs.
    ///
    /// # Errors
    /// When the state directory cannot be used.
    pub async fn signatures(&self) -> anyhow::Result<Signatures> {
        let paypal = self.transmitter().await?;
        Ok(Signatures {
            livekit: self.livekit_key(),
            paypal,
        })
    }

    /// LiveKit's key, the first while several are accepted.
    #[must_use]
    pub fn livekit_key(&self) -> LiveKitKey {
        LiveKitKey {
            key: first(&self.livekit.key),
            secret: first(&self.livekit.secret),
        }
    }

    /// PayPal's signing hand. RSA keys are made at the first time, which takes a moment.
    ///
    /// # Errors
    /// When the state directory cannot be used.
    pub async fn transmitter(&self) -> anyhow::Result<Transmitter> {
        let (state, now) = (self.state_dir.clone(), clock::now());
        let (_, leaf) =
            tokio::task::spawn_blocking(move || authority::open_or_create(&state, now)).await??;
        Ok(Transmitter {
            signer: Arc::new(leaf),
            webhook_id: first(&self.webhook_id),
            certificates_at: format!("http://{}", self.listen),
        })
    }
}

impl Scene {
    fn courier(&self, rules: Rules) -> Courier {
        Courier::start(
            rules,
            self.client.clone(),
            self.outside.target.clone(),
            self.signatures.clone(),
        )
    }

    /// Plays until shutdown.
    ///
    /// # Errors
    /// When a service cannot be served or the state cannot be kept.
    pub async fn run(self, pace: Pace, shutdown: Shutdown) -> anyhow::Result<()> {
        let (api, asked) = rooms::serve(self.signatures.livekit.clone());
        let api = if self.outside.real.livekit {
            Router::new()
        } else {
            players::asked_too(api, &self.outside.state_dir, self.client.clone())?
        };
        services::serve(&self.outside, &self.signatures.paypal, api, &shutdown).await?;
        let start = clock::now();
        let mut state = State::open(&self.outside.state_dir, start)?;
        if self.calls_are_known(&state, start).await {
            state.past_told = true;
            state.billed_until = Some(start);
        }
        let tells_past = pace.history_days > 0 && !state.past_told && !self.outside.real.livekit;
        let scene = Arc::new(self);
        let past = tokio::spawn({
            let (scene, shutdown) = (Arc::clone(&scene), shutdown.clone());
            async move {
                if tells_past {
                    let past = async {
                        // What was paid is told in a moment, and nobody should think meanwhile
                        // that no business has a subscription.
                        if scene.makes_up_payments() {
                            scene.tell_billing(&mut state).await;
                        }
                        scene.tell_past(state.anchor, pace.history_days).await
                    };
                    if shutdown.run_until_cancelled(past).await.is_none() {
                        return Ok(());
                    }
                }
                state.past_told = true;
                state.write(&scene.outside.state_dir)?;
                shutdown
                    .run_until_cancelled(scene.bill(&mut state))
                    .await
                    .unwrap_or(Ok(()))
            }
        });
        if scene.outside.real.livekit {
            tracing::info!("LIVEKIT_URL names a real LiveKit: no calls are made up");
            shutdown.cancelled().await;
        } else {
            scene.play(pace, start, asked, &shutdown).await?;
        }
        past.await.context("telling the past")?
    }

    /// Calls of an earlier sandbox, or of somebody else: no past is made up beside them. A past
    /// that was begun by this state directory is told to its end instead.
    async fn calls_are_known(&self, state: &State, start: DateTime<Utc>) -> bool {
        if state.anchor < start {
            return false;
        }
        let Some(url) = &self.outside.database_url else {
            return false;
        };
        match seed::connect(url).await {
            Ok(client) => seed::knows_calls(&client).await,
            Err(_) => false,
        }
    }

    /// Tells the calls of the days before `anchor`, waiting for every answer.
    pub async fn tell_past(&self, anchor: DateTime<Utc>, days: u32) -> Counts {
        let began = clock::monotonic();
        let seed = self.outside.seed;
        let stories = traffic::past_calls(&self.world, seed, anchor, days, PAST_CALLS_A_DAY);
        tracing::info!(calls = stories.len(), days, "telling the calls of the past");
        let courier = self.courier(Rules::past());
        // The newest first: the month somebody looks at is whole after a moment.
        for event in stories.into_iter().rev().flat_map(Story::told_afterwards) {
            courier.send(event);
        }
        let counts = courier.drain().await;
        let seconds = began.elapsed().as_secs_f64();
        tracing::info!(?counts, seconds, "the past is told");
        counts
    }

    /// Tells what PayPal has to say since the last time, in the order and number asked for.
    pub async fn tell_billing(&self, state: &mut State) -> Counts {
        let now = clock::now();
        let mut told = billing::past_notifications(&self.world, state.anchor, now);
        told.retain(|notification| {
            state
                .billed_until
                .is_none_or(|until| notification.time > until)
        });
        if told.is_empty() {
            return Counts::default();
        }
        let events = told.len();
        let courier = self.courier(Rules::paypal());
        let Outside {
            seed,
            shuffle,
            double,
            ..
        } = self.outside;
        for notification in arrange(told, seed, shuffle, double) {
            courier.send(WorldEvent::PayPal(notification));
        }
        let counts = courier.drain().await;
        tracing::info!(events, ?counts, "PayPal has told what was paid");
        state.billed_until = Some(now);
        counts
    }

    /// Payments as they fall due.
    async fn bill(&self, state: &mut State) -> anyhow::Result<()> {
        if !self.makes_up_payments() {
            tracing::info!(
                "no payments are made up: PayPal is real, or PAYPAL_WEBHOOK_ID is missing"
            );
            return Ok(());
        }
        loop {
            let before = state.billed_until;
            self.tell_billing(state).await;
            if state.billed_until != before {
                state.write(&self.outside.state_dir)?;
            }
            tokio::time::sleep(BILL_EVERY).await;
        }
    }

    fn makes_up_payments(&self) -> bool {
        !self.outside.real.paypal && !self.signatures.paypal.webhook_id.is_empty()
    }
}

/// Settings name several with commas while keys are rotated; a sender uses one.
fn first(list: &str) -> String {
    list.split(',').next().unwrap_or_default().trim().to_owned()
}

/// PayPal promises neither order nor single delivery: both can be asked for.
fn arrange(
    mut notifications: Vec<Notification>,
    seed: u64,
    shuffle: bool,
    double: bool,
) -> Vec<Notification> {
    if double {
        notifications = notifications
            .into_iter()
            .flat_map(|notification| [notification.clone(), notification])
            .collect();
    }
    if shuffle {
        let mut dice = crate::chance::Dice::new(seed).fork("shuffle", 0);
        for place in (1..notifications.len()).rev() {
            notifications.swap(place, dice.below(place + 1));
        }
    }
    notifications
}
