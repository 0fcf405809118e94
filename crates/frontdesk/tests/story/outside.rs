//! The product and the outside world around it: mailbox, Google, GitHub, PayPal and LiveKit of the
//! sandbox. What the sandbox asks the database is what the real ones know by themselves.

use crate::{
    browser::{Browser, http},
    product::{EXECUTABLE, LIVEKIT_KEY, LIVEKIT_SECRET, PUBLIC_URL, Product, WEBHOOK},
};
use frontdesk_harness::{eventually, nats::free_port};
use frontdesk_process::{Shutdown, clock};
use frontdesk_sandbox::{
    livekit::token::LiveKitKey,
    run::{
        Outside, Real,
        services::{self, Services},
    },
    seed,
    stories::plot::Course,
    world::Plan,
};
use reqwest::Url;
use serde_json::Value;
use std::{net::SocketAddr, path::PathBuf, process::Command};

const PROVIDER_SECRET: &str = "an invented secret";
/// A call of a minute is over in some seconds.
const SPEED: f64 = 20.0;

pub(crate) struct World {
    product: Product,
    outside: Outside,
    shutdown: Shutdown,
}

impl World {
    pub(crate) async fn start() -> Self {
        // The sandbox's PayPal signs before the product is there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut outside = outside();
        let shutdown = Shutdown::new();
        let paypal = outside.transmitter().await.unwrap();
        services::serve(&outside, &paypal, axum::Router::new(), &shutdown)
            .await
            .unwrap();
        let product = Product::start(&settings(&outside)).await;
        outside.target = product.url();
        outside.database_url = Some(product.database.url());
        // What is set up at PayPal before anybody comes: a plan there for each of ours.
        seed::name_plans(&product.database.client().await)
            .await
            .unwrap();
        Self {
            product,
            outside,
            shutdown,
        }
    }

    /// A browser in which nobody is signed in.
    pub(crate) fn browser(&self) -> Browser {
        Browser::of(self.product.url())
    }

    /// The mails to an address, newest first.
    async fn mails(&self, to: &str) -> Vec<Value> {
        let url = format!("http://{}/mail.json?to={to}", self.outside.listen);
        let answer = http().get(url).send().await.unwrap();
        let mails: Value = answer.json().await.unwrap();
        mails["mails"].as_array().unwrap().clone()
    }

    /// Where the newest mail to an address leads that has a link to this page, as soon as there is one.
    pub(crate) async fn link(&self, to: &str, page: &str) -> Url {
        eventually(
            &format!("a mail to {to} with a link to {page}"),
            async || {
                let mails = self.mails(to).await;
                let links = mails
                    .iter()
                    .flat_map(|mail| mail["links"].as_array().unwrap());
                let mut links = links.map(|link| Url::parse(link.as_str().unwrap()).unwrap());
                links.find(|link| link.as_str().starts_with(PUBLIC_URL) && link.path() == page)
            },
        )
        .await
    }

    /// What such a link carries.
    pub(crate) async fn token(&self, to: &str, page: &str) -> String {
        let link = self.link(to, page).await;
        link.fragment().unwrap().to_owned()
    }

    /// How many mails to an address have these words in their subject.
    pub(crate) async fn mails_about(&self, to: &str, words: &str) -> usize {
        let mails = self.mails(to).await;
        let about = |mail: &&Value| {
            mail["subject"]
                .as_str()
                .is_some_and(|it| it.contains(words))
        };
        mails.iter().filter(about).count()
    }

    /// Waits for a mail with these words in its subject.
    pub(crate) async fn mail_about(&self, to: &str, words: &str) {
        eventually(&format!("a mail to {to} about {words}"), async || {
            (self.mails_about(to, words).await > 0).then_some(())
        })
        .await;
    }

    /// Says on the provider's page who one is, and goes back to the product with it; gives the page
    /// of ours where that ends.
    pub(crate) async fn come_through(
        &self,
        browser: &mut Browser,
        provider: &str,
        name: &str,
        email: &str,
    ) -> String {
        let left = browser.get(&format!("/api/auth/{provider}")).await;
        let mut page = Url::parse(left.header("location")).unwrap();
        page.query_pairs_mut()
            .extend_pairs([("name", name), ("email", email), ("verified", "on")]);
        let form = page.query().unwrap().to_owned();
        page.set_query(None);
        let sent = http()
            .post(page)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let sent = sent.send().await.unwrap();
        assert_eq!(sent.status(), 303, "{provider} knows {name}");
        let back = sent.headers()["location"].to_str().unwrap();
        let back = back.strip_prefix(PUBLIC_URL).unwrap().to_owned();
        browser.get(&back).await.header("location").to_owned()
    }

    /// PayPal tells that somebody subscribed.
    pub(crate) async fn subscribe(&self, email: &str) {
        let outside = self.outside.clone();
        let told = outside.subscribe(email, Plan::Solo, clock::now()).await;
        let told = told.unwrap();
        assert_eq!(
            (told.refused, told.failed, told.dropped),
            (0, 0, 0),
            "{told:?}"
        );
    }

    /// LiveKit and the agent tell of an answered call to a number, in its own time but faster.
    pub(crate) async fn call(&self, number: &str) {
        let outside = self.outside.clone();
        let call = outside.call(number, Course::Answered, SPEED, clock::now());
        let told = call
            .await
            .unwrap()
            .play(&self.shutdown, |_| {})
            .await
            .unwrap()
            .counts;
        assert_eq!(
            (told.refused, told.failed, told.dropped),
            (0, 0, 0),
            "{told:?}"
        );
    }

    /// The operator makes somebody an administrator, by the command for it.
    pub(crate) fn appoint(&self, email: &str) {
        let made = Command::new(EXECUTABLE)
            .args(["users", "--database-url", &self.product.database.url()])
            .args(["admin", email])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{said}");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.shutdown.cancel();
        let _ = std::fs::remove_dir_all(&self.outside.state_dir);
    }
}

/// The sandbox as `make up` starts it, before it knows where the product is.
fn outside() -> Outside {
    let named = Some(("us".to_owned(), PROVIDER_SECRET.to_owned()));
    Outside {
        target: String::new(),
        seed: 7,
        state_dir: PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(uuid::Uuid::new_v4().to_string()),
        listen: free_address(),
        services: Services {
            smtp_listen: Some(free_address()),
            public_url: PUBLIC_URL.to_owned(),
            google: named.clone(),
            github: named,
        },
        livekit: LiveKitKey {
            key: LIVEKIT_KEY.to_owned(),
            secret: LIVEKIT_SECRET.to_owned(),
        },
        webhook_id: WEBHOOK.to_owned(),
        database_url: None,
        shuffle: true,
        double: true,
        real: Real::default(),
    }
}

/// What the product is told to find it.
fn settings(outside: &Outside) -> Vec<(&'static str, String)> {
    let at = format!("http://{}", outside.listen);
    let bundle = outside.state_dir.join("paypal-ca.pem");
    let smtp = outside.services.smtp_listen.unwrap();
    vec![
        ("PAYPAL_CERT_HOSTS", at.clone()),
        ("PAYPAL_TRUST_BUNDLE", bundle.to_string_lossy().into_owned()),
        ("SMTP_HOST", "127.0.0.1".into()),
        ("SMTP_PORT", smtp.port().to_string()),
        ("SMTP_TLS", "none".into()),
        ("MAIL_FROM", "Frontdesk <frontdesk@example.com>".into()),
        ("GOOGLE_CLIENT_ID", "us".into()),
        ("GOOGLE_CLIENT_SECRET", PROVIDER_SECRET.into()),
        ("GOOGLE_ISSUER", format!("{at}/google")),
        ("GITHUB_CLIENT_ID", "us".into()),
        ("GITHUB_CLIENT_SECRET", PROVIDER_SECRET.into()),
        ("GITHUB_URL", format!("{at}/github")),
        ("GITHUB_API_URL", format!("{at}/github/api")),
    ]
}

fn free_address() -> SocketAddr {
    ([127, 0, 0, 1], free_port()).into()
}
