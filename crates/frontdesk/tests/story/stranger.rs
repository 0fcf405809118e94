//! Somebody nobody knows yet, until calls come in.

use crate::{
    browser::{Browser, PASSWORD},
    outside::World,
};
use frontdesk_harness::eventually;
use serde_json::{Value, json};

/// A person with a browser, signed in.
pub(crate) struct Stranger {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) id: String,
    pub(crate) browser: Browser,
}

impl Stranger {
    /// Signs up by e-mail and shows the link of the mail.
    pub(crate) async fn by_mail(world: &World, name: &str) -> Self {
        let (mut browser, email) = (world.browser(), address(name));
        assert_eq!(browser.get("/api/auth/me").await.status, 401);
        let wanted = json!({ "name": name, "email": email, "password": PASSWORD,
            "time_zone": "America/New_York", "locale": "en-US" });
        browser.post("/api/auth/signup", wanted).await.being(202);
        let before = browser.log_in(&email).await;
        assert_eq!(
            before.problem(401),
            "wrong-credentials",
            "nothing is proven yet"
        );
        let token = world.token(&email, "/verify").await;
        let shown = json!({ "token": token });
        browser
            .post("/api/auth/verify-email", shown.clone())
            .await
            .being(201);
        let mut other = browser.another();
        let again = other.post("/api/auth/verify-email", shown).await;
        assert!(again.status >= 400, "a link works once");
        world.mail_about(&email, "Welcome").await;
        Self::signed_in(browser, name, email).await
    }

    /// Comes through a provider, who knows name and address.
    pub(crate) async fn through(world: &World, provider: &str, name: &str) -> Self {
        let (mut browser, email) = (world.browser(), address(name));
        let ended = world.come_through(&mut browser, provider, name, &email);
        assert_eq!(ended.await, "/");
        world.mail_about(&email, "Welcome").await;
        let stranger = Self::signed_in(browser, name, email).await;
        let mut phone = world.browser();
        world
            .come_through(&mut phone, provider, name, &stranger.email)
            .await;
        assert_eq!(
            phone.me().await["user"]["id"],
            stranger.id.as_str(),
            "known again"
        );
        stranger
    }

    async fn signed_in(mut browser: Browser, name: &str, email: String) -> Self {
        let me = browser.me().await;
        assert_eq!(me["user"]["name"], name);
        assert_eq!(me["user"]["email"], email.as_str());
        Self {
            name: name.to_owned(),
            email,
            id: me["user"]["id"].as_str().unwrap().to_owned(),
            browser,
        }
    }
}

pub(crate) fn address(name: &str) -> String {
    format!("{}@example.com", name.to_lowercase())
}

/// A client in service, and its first call.
pub(crate) struct Business {
    pub(crate) client: String,
    pub(crate) number: String,
    pub(crate) call: String,
}

impl Business {
    /// Makes a client, pays, assigns a number, and sees a call to it come in and end.
    pub(crate) async fn open(world: &World, owner: &mut Stranger, number: &str) -> Self {
        let client = make_client(owner).await;
        assign(world, owner, &client, number).await;
        let call = see_a_call(world, owner, &client, number).await;
        Self {
            client,
            number: number.to_owned(),
            call,
        }
    }
}

async fn make_client(owner: &mut Stranger) -> String {
    let browser = &mut owner.browser;
    let none = browser.json("/api/clients").await;
    assert_eq!(none["items"], json!([]));
    let draft = |name: String| json!({ "name": name, "profession": "dentist", "time_zone": "America/New_York" });
    let made = browser.post("/api/clients", draft(format!("{} Dental", owner.name)));
    let made = made.await.being(201);
    let second = browser.post("/api/clients", draft("Another".into())).await;
    assert_eq!(
        second.problem(409),
        "no-subscription",
        "one without a subscription"
    );
    made["id"].as_str().unwrap().to_owned()
}

/// A number is put into service once something is paid.
async fn assign(world: &World, owner: &mut Stranger, client: &str, number: &str) {
    let (path, wanted) = (
        format!("/api/clients/{client}/numbers"),
        json!({ "number": number }),
    );
    let unpaid = owner.browser.post(&path, wanted.clone()).await;
    assert_eq!(unpaid.problem(409), "no-subscription");
    world.subscribe(&owner.email).await;
    let has_access = |current: &Value| (current["subscription"]["entitled"] == true).then_some(());
    let current = "/api/subscriptions/current";
    owner.browser.until("access", current, has_access).await;
    // The payment is a delivery of its own.
    let amount = |invoices: &Value| invoices["items"][0]["amount"]["amount_minor"].as_i64();
    let invoices = "/api/invoices";
    let paid = owner.browser.until("an invoice", invoices, amount).await;
    assert_eq!(paid, 29_900);
    let assigned = owner.browser.post(&path, wanted).await.being(201);
    assert_eq!(assigned["numbers"], json!([number]));
    let history = format!("/api/clients/{client}/history");
    let history = owner.browser.json(&history).await;
    assert_eq!(history["items"][0]["kind"], "number_assigned", "{history}");
}

/// The live channel names the call while it goes on, the list shows it, and at its end there is all of it.
async fn see_a_call(world: &World, owner: &mut Stranger, client: &str, number: &str) -> String {
    let mut live = owner.browser.follow().await;
    let seen = async {
        live.hear("event: calls").await;
        let going_on = |calls: &Value| {
            let call = &calls["items"][0];
            let state = call["state"].as_str()?;
            Some((call["id"].as_str()?.to_owned(), state.to_owned()))
        };
        let list = "/api/calls";
        let (id, state) = owner.browser.until("a call", list, going_on).await;
        live.hear(&id).await;
        (id, state)
    };
    let ((), (id, state)) = tokio::join!(world.call(number), seen);
    assert!(
        matches!(state.as_str(), "ringing" | "live"),
        "it was seen when it was {state}"
    );
    let path = format!("/api/calls/{id}");
    let whole = eventually("the call is over and was analysed", async || {
        let one = owner.browser.json(&path).await;
        let is_whole = one["call"]["state"] == "ended" && one["call"]["outcome"].is_object();
        is_whole.then_some(one)
    })
    .await;
    assert_eq!(whole["call"]["dialled_number"], number);
    assert_eq!(whole["call"]["client"]["id"], client);
    assert_eq!(whole["call"]["result"], "answered");
    assert_ne!(whole["turns"], json!([]), "what was said is there");
    let told = owner.browser.json(&format!("{path}/events")).await;
    assert!(told["items"].as_array().unwrap().len() > 5, "{told}");
    id
}
