//! The dashboard of the owner of the one business that is called.

use crate::product::Product;
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
    pub(crate) async fn open() -> Self {
        let product = Product::start(&[]).await;
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
