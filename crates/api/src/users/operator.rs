//! `frontdesk users …`: what an operator must be able to do without an administrator, above all make
//! the first one.

use crate::{admin::standing, text, viewer::Database};
use anyhow::{anyhow, bail};
use frontdesk_process::clock;
use std::io::{self, Write as _};

/// What can be done to users by hand.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum UsersCommand {
    /// Make somebody who has signed up an administrator of the service; they must sign in anew.
    Admin {
        /// The address they signed up with.
        email: String,
    },
}

/// Does it.
///
/// # Errors
/// In one line: the address is none or nobody's, or the database is away.
pub async fn command(command: UsersCommand, database_url: &str) -> anyhow::Result<()> {
    let UsersCommand::Admin { email } = command;
    let email = text::email(email).map_err(|message| anyhow!("the address {message}"))?;
    let (database, now) = (Database::open(database_url)?, clock::now());
    let promoted = database
        .admin(move |db| Box::pin(async move { standing::promote_by_hand(db, now, &email).await }))
        .await
        .map_err(|problem| anyhow!("making an administrator: {}", problem.detail()))?;
    let said = match promoted {
        None => bail!("nobody has signed up with this address"),
        Some(false) => "they are an administrator already",
        Some(true) => "they are an administrator now, and must sign in anew",
    };
    writeln!(io::stdout(), "{said}")?;
    Ok(())
}
