//! Who can be called just now: the businesses as the accounts have them, those of the town and
//! those that users of the product add while the sandbox runs. LiveKit would learn of a number by
//! its dispatch rule; here the sandbox looks every few seconds.

use crate::{
    seed,
    world::{Business, Profession, World},
};
use anyhow::Context as _;
use chrono_tz::Tz;
use frontdesk_process::Shutdown;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_postgres::{Client, Row};

/// Somebody who has just assigned a number is looking at the page.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Somebody's own business is rung more often than one of the town.
const NEWCOMERS_WEIGHT: f64 = 3.0;

/// Clients that have a number now, and have not left.
const SERVED: &str = "
    select c.id, c.user_id, c.name, c.profession, c.tenant_key, c.time_zone, c.transfer_number, c.greeting,
        split_part(u.name, ' ', 1) as owner, array_agg(held.number order by held.number) as numbers
    from (select distinct on (number) number, client_id from account.number_assignments
          order by number, assigned_at desc, id desc) held
    join account.clients c on c.id = held.client_id
    join account.users u on u.id = c.user_id
    where c.deleted_at is null and u.deleted_at is null
    group by c.id, u.id
    order by c.created_at, c.id";

/// Everybody who can be called, as the accounts have it now.
///
/// # Errors
/// When the tables are missing.
pub async fn served(client: &Client) -> anyhow::Result<Vec<Business>> {
    let rows = client.query(SERVED, &[]).await;
    let rows = rows.context("reading which clients have a number")?;
    let town = World::town().businesses;
    Ok(rows.iter().map(|row| business(row, &town)).collect())
}

fn business(row: &Row, town: &[Business]) -> Business {
    let id = row.get("id");
    let of_town = town.iter().find(|business| business.id == id);
    let greeting: String = row.get("greeting");
    let written = of_town.map(Business::greeting);
    let name: String = row.get("name");
    let owner: String = of_town.map_or_else(|| row.get("owner"), |of_town| of_town.owner.clone());
    // As the product fills in what owners write.
    let greeting = greeting
        .replace("{business}", &name)
        .replace("{owner}", &owner);
    let address = |of_town: &Business| of_town.address.clone();
    Business {
        id,
        user_id: row.get("user_id"),
        name,
        profession: Profession::of_word(row.get("profession")),
        tenant_key: row.get("tenant_key"),
        tenant_on_rule: of_town.is_none_or(|of_town| of_town.tenant_on_rule),
        time_zone: row.get::<_, &str>("time_zone").parse().unwrap_or(Tz::UTC),
        numbers: row.get("numbers"),
        owner,
        address: of_town.map_or_else(|| "12 Market Street".to_owned(), address),
        transfer_number: row.get("transfer_number"),
        own_greeting: Some(greeting)
            .filter(|greeting| !greeting.trim().is_empty() && Some(greeting) != written.as_ref()),
        weight: of_town.map_or(NEWCOMERS_WEIGHT, |of_town| of_town.weight),
    }
}

/// Tells who can be called whenever that has changed, until shutdown. Without a database it is the
/// town for ever.
#[must_use]
pub fn watch(database_url: Option<String>, shutdown: Shutdown) -> mpsc::Receiver<Vec<Business>> {
    let (tell, changes) = mpsc::channel(1);
    if let Some(url) = database_url {
        let looking = async move {
            loop {
                if let Err(error) = look(&url, &tell).await {
                    tracing::warn!(%error, "asking who can be called");
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::spawn(async move { shutdown.run_until_cancelled(looking).await });
    }
    changes
}

/// Looks with one connection for as long as it lives.
async fn look(url: &str, tell: &mpsc::Sender<Vec<Business>>) -> anyhow::Result<()> {
    let client = seed::connect(url).await?;
    let mut known = None;
    loop {
        let now = served(&client).await?;
        if known.as_ref() != Some(&now) {
            known = Some(now.clone());
            // Nobody listens any more: the sandbox is going down.
            if tell.send(now).await.is_err() {
                return Ok(());
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
