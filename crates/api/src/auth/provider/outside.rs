//! The one HTTP client of the api: for login providers. Bounded in time and size, and it follows no
//! redirect, so an answer comes from where it was asked or not at all.

use super::Trouble;
use anyhow::Context as _;
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::{Client, redirect};
use serde::de::DeserializeOwned;
use std::{future::Future, pin::Pin, time::Duration};
use url::Url;

/// A person waits for it, before a page that does not change.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// The largest answer we read: the keys of a provider are some kilobytes.
const LARGEST_ANSWER: usize = 64 * 1024;

/// Speaks to providers. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Outside(Client);

/// Why there is no answer. Says nothing of what was asked or answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    /// It did not come, or not in time.
    #[error("no answer: {0}")]
    Unreachable(reqwest::Error),
    /// It was too long.
    #[error("an answer of more than {LARGEST_ANSWER} bytes")]
    TooLarge,
}

impl Outside {
    /// # Errors
    /// When the system's certificates cannot be read.
    pub(super) fn open() -> anyhow::Result<Self> {
        // reqwest is built without a cryptography provider of its own. A second install is refused
        // and harmless: whoever came first has chosen the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .user_agent("frontdesk")
            .build()
            .context("preparing to speak to login providers")?;
        Ok(Self(client))
    }

    /// Reads JSON, as nobody or with an access token.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        url: Url,
        token: Option<&str>,
    ) -> Result<T, Trouble> {
        let mut request = self.0.get(url).header("accept", "application/json");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        if status != 200 {
            tracing::warn!(
                status = status.as_u16(),
                "a login provider refused to answer"
            );
            return Err(if status.is_server_error() {
                Trouble::Unavailable
            } else {
                Trouble::Failed
            });
        }
        let body = body_of(answer).await?;
        serde_json::from_slice(&body).map_err(|error| {
            tracing::warn!(
                line = error.line(),
                "a login provider answered something else"
            );
            Trouble::Failed
        })
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
        let request = reqwest::Request::try_from(request).map_err(unreachable)?;
        let answer = self.0.execute(request).await.map_err(unreachable)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut response = HttpResponse::new(body_of(answer).await?);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Outside {
    type Error = NoAnswer;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NoAnswer>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

async fn body_of(mut answer: reqwest::Response) -> Result<Vec<u8>, NoAnswer> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > LARGEST_ANSWER {
            return Err(NoAnswer::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Without its address: a query may hold what nobody should read in a log.
fn unreachable(error: reqwest::Error) -> NoAnswer {
    NoAnswer::Unreachable(error.without_url())
}
