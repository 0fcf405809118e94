//! Accounts to try everything with, ready on every machine the sandbox runs on: somebody with a
//! history, somebody who has just arrived, and an administrator. Their passwords stand here for
//! everybody to read, so nothing of this is ever written but by the sandbox, which serves loopback
//! addresses only, and for a product that is reached at one.
//!
//! What somebody has changed stays changed: a password that is there already is not replaced, and
//! an account whose password no longer opens it, or a key that was revoked, is not offered.

use crate::{
    keys, loopback,
    world::{World, billing_key, named},
};
use anyhow::Context as _;
use argon2::{
    Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version,
    password_hash::phc::PasswordHash,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::{fs, path::Path};
use tokio_postgres::Client;
use uuid::Uuid;

/// What the product and the greeting read.
pub const FILE: &str = "accounts.json";
/// Everything there is to read; a key that is written in a source file should change nothing.
const SCOPES: [&str; 3] = ["calls:read", "clients:read", "billing:read"];
const KEY_NAME: &str = "Sandbox";

/// Somebody who can sign in at once.
struct Offered {
    title: &'static str,
    email: &'static str,
    password: &'static str,
    /// Nobody of the town: their name.
    newcomer: Option<&'static str>,
    role: &'static str,
    has_key: bool,
}

/// The first has three businesses of three professions and nine months of payments: of the town
/// the account that shows most.
const OFFERED: [Offered; 3] = [
    Offered {
        title: "An owner with history",
        email: "tandem@example.com",
        password: "three bells by nine",
        newcomer: None,
        role: "owner",
        has_key: true,
    },
    Offered {
        title: "A new owner, nothing set up yet",
        email: "robin@example.com",
        password: "first day of spring",
        newcomer: Some("Robin Castell"),
        role: "owner",
        has_key: false,
    },
    Offered {
        title: "An administrator",
        email: "admin@example.com",
        password: "keeper of the desk",
        newcomer: Some("Noor Haidari"),
        role: "admin",
        has_key: false,
    },
];

/// One account as the file has it.
#[derive(Debug, Clone, Serialize)]
pub struct ReadyAccount {
    title: &'static str,
    email: &'static str,
    password: &'static str,
    api_key: Option<String>,
}

#[derive(Serialize)]
struct File<'a> {
    mailbox_url: Option<&'a str>,
    accounts: &'a [ReadyAccount],
}

/// Makes what is missing of the accounts; those that open as they should. None where the product is meant for
/// others than this machine.
///
/// # Errors
/// When the tables are missing, or an address is somebody else's.
pub async fn open(
    client: &mut Client,
    public_url: &str,
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<ReadyAccount>> {
    if loopback::target(public_url).is_err() {
        tracing::warn!(
            "no ready accounts: others than this machine reach the product at {public_url}"
        );
        return Ok(Vec::new());
    }
    let world = World::town();
    let mut ready = Vec::new();
    for offered in &OFFERED {
        let resident = world.users.iter().find(|user| user.email == offered.email);
        let id = resident.map_or_else(|| named("user", offered.email), |user| user.id);
        let making = || format!("making the account {}", offered.email);
        let Some(hash) = hash_of(client, offered, id).await.with_context(making)? else {
            tracing::info!(user = %id, "a ready account has another password now: it is not offered");
            continue;
        };
        let key = offered.has_key.then(key);
        furnish(client, offered, id, &hash, key.as_ref(), now)
            .await
            .with_context(making)?;
        ready.push(ReadyAccount {
            title: offered.title,
            email: offered.email,
            password: offered.password,
            api_key: valid(client, key).await?,
        });
    }
    Ok(ready)
}

/// Writes what can be tried where the product and the greeting look for it.
///
/// # Errors
/// When the directory cannot be written.
pub fn write(
    state_dir: &Path,
    accounts: &[ReadyAccount],
    mailbox_url: Option<&str>,
) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(&File {
        mailbox_url,
        accounts,
    })?;
    let (path, unfinished) = (
        state_dir.join(FILE),
        state_dir.join("accounts.json.unfinished"),
    );
    keys::write_private(&unfinished, &text)?;
    fs::rename(&unfinished, &path).with_context(|| format!("writing {}", path.display()))
}

/// The hash of the account's password: the one kept, or a new one; nothing when another password
/// is kept.
async fn hash_of(client: &Client, offered: &Offered, id: Uuid) -> anyhow::Result<Option<String>> {
    let kept = client
        .query_opt(
            "select hash from account.passwords where user_id = $1",
            &[&id],
        )
        .await?;
    let kept: Option<String> = kept.map(|row| row.get(0));
    let password = offered.password;
    // Argon2 keeps a core busy for a moment.
    let hashing = tokio::task::spawn_blocking(move || match kept {
        Some(kept) => Ok(opens(&kept, password).then_some(kept)),
        None => hash(password).map(Some),
    });
    hashing.await.context("hashing a password")?
}

/// Writes what is not there.
async fn furnish(
    client: &mut Client,
    offered: &Offered,
    id: Uuid,
    hash: &str,
    key: Option<&Key>,
    now: DateTime<Utc>,
) -> anyhow::Result<()> {
    let transaction = client.transaction().await?;
    if let Some(name) = offered.newcomer {
        let billing_key = billing_key(offered.email);
        transaction
            .execute(
                "insert into account.users (id, email, name, billing_key, role)
                 select $1, $2, $3, $4, $5 where not exists (select from account.users where id = $1)",
                &[&id, &offered.email, &name, &billing_key, &offered.role],
            )
            .await?;
    }
    transaction
        .execute(
            "insert into account.passwords (user_id, hash, changed_at) values ($1, $2, $3)
             on conflict (user_id) do nothing",
            &[&id, &hash, &now],
        )
        .await?;
    if let Some(key) = key {
        let scopes: Vec<&str> = SCOPES.to_vec();
        transaction
            .execute(
                "insert into account.api_keys (id, prefix, key_hash, name, user_id, account_id, scopes, created_at)
                 values ($1, $2, $3, $4, $5, $5, $6, $7) on conflict do nothing",
                &[&named("key", &key.prefix), &key.prefix, &key.hash(), &KEY_NAME, &id, &scopes, &now],
            )
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// The key, unless somebody has revoked it.
async fn valid(client: &Client, key: Option<Key>) -> anyhow::Result<Option<String>> {
    let Some(key) = key else { return Ok(None) };
    let valid =
        "select exists (select from account.api_keys where key_hash = $1 and revoked_at is null)";
    let row = client.query_one(valid, &[&key.hash()]).await;
    let row = row.context("asking whether the key is good")?;
    Ok(row.get::<_, bool>(0).then_some(key.whole))
}

/// A key of a program.
struct Key {
    prefix: String,
    whole: String,
}

impl Key {
    fn hash(&self) -> Vec<u8> {
        Sha256::digest(&self.whole).to_vec()
    }
}

/// Prefix and whole key: `fd_`, eight letters of base32, `_`, 43 of base64url. The same on every
/// machine, like the passwords.
fn key() -> Key {
    const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let bytes = Sha256::digest("the sandbox's own key");
    let letters = bytes.iter().take(8);
    let letters: String = letters
        .map(|byte| char::from(BASE32[usize::from(byte % 32)]))
        .collect();
    let prefix = format!("fd_{letters}");
    let secret = URL_SAFE_NO_PAD.encode(Sha256::digest(bytes));
    Key {
        whole: format!("{prefix}_{secret}"),
        prefix,
    }
}

/// The product's own cost: 19 MiB, two passes, one lane.
fn hash(password: &str) -> anyhow::Result<String> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| anyhow::anyhow!("{error}"))?;
    let hashed = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password(password.as_bytes())
        .map_err(|error| anyhow::anyhow!("hashing a password: {error}"))?;
    Ok(hashed.to_string())
}

fn opens(hash: &str, password: &str) -> bool {
    let parsed = PasswordHash::new(hash);
    parsed.is_ok_and(|parsed| {
        Argon2::default()
            .verify_password(password.as_bytes(), &parsed)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_products_form() {
        let Key { prefix, whole } = key();
        assert_eq!((prefix.len(), whole.len()), (11, 55));
        assert!(whole.starts_with(&format!("{prefix}_")));
        let base32 = |letter: char| matches!(letter, 'a'..='z' | '2'..='7');
        assert!(prefix.strip_prefix("fd_").unwrap().chars().all(base32));
    }

    #[test]
    fn a_password_is_hashed_as_the_product_does_and_opens() {
        let hashed = hash("first day of spring").unwrap();
        assert!(
            hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hashed}"
        );
        assert!(opens(&hashed, "first day of spring") && !opens(&hashed, "another"));
        assert!(!opens("no hash", "first day of spring"));
    }

    #[test]
    fn passwords_are_of_a_length_the_product_takes() {
        for offered in &OFFERED {
            assert!(
                (8..=128).contains(&offered.password.len()),
                "{}",
                offered.email
            );
        }
    }
}
