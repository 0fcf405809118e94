//! `GET /api/auth/offer`: what the sign-in page can offer: the providers that are set up, and on a
//! machine of one's own the accounts the sandbox keeps ready.
//!
//! Ready accounts come with their passwords, so they are shown to loopback alone, and the role refuses
//! to start with them under any other address.

use super::provider::Provider;
use crate::{
    Api, answer,
    origin::Origin,
    parameters::Parameters,
    problem::{OpenProblems, Problem},
};
use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use std::{io::ErrorKind, path::Path};
use utoipa::ToSchema;

/// More than the sandbox ever writes.
const LARGEST_FILE: u64 = 64 * 1024;

/// What can be signed in with.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Offer {
    /// Providers that are set up: `google`, `github`.
    #[schema(example = json!(["google", "github"]))]
    providers: Vec<&'static str>,
    /// Accounts to try, on a machine of one's own; otherwise none.
    ready_accounts: Vec<ReadyAccount>,
    /// Where the sandbox shows the mails it received; null without a sandbox.
    mailbox_url: Option<String>,
}

/// An account to try.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReadyAccount {
    /// What it is good for.
    #[schema(example = "An owner with history")]
    title: String,
    /// Its address.
    #[schema(example = "tandem@example.com")]
    email: String,
    /// Its password.
    #[schema(example = "three bells by nine")]
    password: String,
}

/// What the sandbox writes. It may hold more than is shown.
#[derive(Debug, Default, Deserialize)]
struct Ready {
    mailbox_url: Option<String>,
    #[serde(default)]
    accounts: Vec<ReadyAccount>,
}

/// Says what can be signed in with.
#[utoipa::path(
    get, operation_id = "show_offer", path = "/api/auth/offer", tag = "auth", security(()),
    responses((status = 200, description = "What can be signed in with", body = Offer), OpenProblems)
)]
pub async fn show(
    State(api): State<Api>,
    origin: Origin,
    given: Parameters,
) -> Result<Response, Problem> {
    given.finish()?;
    let file = api.access().ready_accounts.as_deref();
    let ready = match file.filter(|_| origin.address.is_loopback()) {
        Some(file) => read(file).await,
        None => Ready::default(),
    };
    let offer = Offer {
        providers: api.providers().offered().map(Provider::word).collect(),
        ready_accounts: ready.accounts,
        mailbox_url: ready.mailbox_url,
    };
    Ok(answer::json(answer::written(&offer, 1024)))
}

/// Read at each request: the sandbox starts after us and writes when it is ready. Whatever is wrong
/// with the file, people can sign in without it.
async fn read(file: &Path) -> Ready {
    let text = match sized(file).await {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ready::default(),
        Err(error) => {
            tracing::warn!(%error, "READY_ACCOUNTS cannot be read");
            return Ready::default();
        }
    };
    serde_json::from_slice(&text).unwrap_or_else(|error| {
        tracing::warn!(
            line = error.line(),
            "READY_ACCOUNTS is not as the sandbox writes it"
        );
        Ready::default()
    })
}

async fn sized(file: &Path) -> std::io::Result<Vec<u8>> {
    if tokio::fs::metadata(file).await?.len() > LARGEST_FILE {
        return Err(std::io::Error::other(
            "it is larger than any list of accounts",
        ));
    }
    tokio::fs::read(file).await
}
