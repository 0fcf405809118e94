//! The dashboard of the owner of the one business that is called.

use crate::product::{PUBLIC_URL, Product};
use frontdesk_harness::people;
use serde_json::Value;

/// The number of the one business.
const NUMBER: &str = "+12025550100";

/// The whole product, and its owner signed in.
pub(crate) struct Dashboard {
    pub(crate) product: Product,
    http: reqwest::Client,
    cookie: String,
}

impl Dashboard {
    /// Calls can be ended at the LiveKit with this address.
    pub(crate) async fn open(livekit_url: &str) -> Self {
        let product = Product::start(&[("LIVEKIT_URL", livekit_url.to_owned())]).await;
        let client = product.database.client().await;
        let owner = people::user(&client, "olivia").await;
        people::business(&client, owner, "smile", NUMBER).await;
        let cookie = people::sign_in(&client, owner, owner).await;
        Self {
            product,
            http: reqwest::Client::new(),
            cookie,
        }
    }

    /// A POST of the owner without a body; gives the status.
    pub(crate) async fn post(&self, path: &str) -> u16 {
        let url = format!("{}{path}", self.product.url());
        let request = self.http.post(&url).header("cookie", &self.cookie);
        let answer = request.header("origin", PUBLIC_URL).send().await.unwrap();
        answer.status().as_u16()
    }

    /// A GET of the owner; panics on anything but 200 and JSON.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.product.url());
        let request = self.http.get(&url).header("cookie", &self.cookie);
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "GET {path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }
}
