//! `frontdesk users …`: what an operator must be able to do without an administrator: make the first one,
//! and let somebody in again who has lost both their authenticator app and the codes for that day.

use crate::{
    admin::standing,
    audit::{self, Act, Actor},
    auth::{second_factor, totp},
    problem::Problem,
    session, text,
    viewer::Database,
};
use anyhow::{anyhow, bail};
use chrono::{DateTime, Utc};
use frontdesk_events::catalogue::account::SECOND_FACTOR_DISABLED;
use frontdesk_process::clock;
use serde_json::json;
use sqlx::PgConnection;
use std::io::{self, Write as _};

/// What can be done to users by hand.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum UsersCommand {
    /// Make somebody who has signed up an administrator of the service; they must sign in anew.
    Admin {
        /// The address they signed up with.
        email: String,
    },
    /// Turn off the two-step sign-in of somebody who has lost their app and their recovery codes. They are
    /// signed out everywhere, told by mail, and sign in with their password. Be sure who asks for it.
    EndSecondFactor {
        /// The address of their account.
        email: String,
    },
}

/// Does it.
///
/// # Errors
/// In one line: the address is none or nobody's, or the database is away.
pub async fn command(command: UsersCommand, database_url: &str) -> anyhow::Result<()> {
    let (UsersCommand::Admin { email } | UsersCommand::EndSecondFactor { email }) = &command;
    let email = text::email(email.clone()).map_err(|message| anyhow!("the address {message}"))?;
    let (database, now) = (Database::open(database_url)?, clock::now());
    let said = match command {
        UsersCommand::Admin { .. } => {
            let promoted = database
                .admin(move |db| {
                    Box::pin(async move { standing::promote_by_hand(db, now, &email).await })
                })
                .await
                .map_err(|problem| anyhow!("making an administrator: {}", problem.detail()))?;
            match promoted {
                None => bail!("nobody has signed up with this address"),
                Some(false) => "they are an administrator already",
                Some(true) => "they are an administrator now, and must sign in anew",
            }
        }
        UsersCommand::EndSecondFactor { .. } => {
            let ended = database
                .admin(move |db| Box::pin(async move { end_second_factor(db, now, &email).await }))
                .await
                .map_err(|problem| anyhow!("ending a second factor: {}", problem.detail()))?;
            match ended {
                None => bail!("nobody has signed up with this address"),
                Some(false) => "they have no second factor; nothing was changed",
                Some(true) => {
                    "their second factor is off, and they are signed out everywhere; a mail tells them"
                }
            }
        }
    };
    writeln!(io::stdout(), "{said}")?;
    Ok(())
}

/// `None` when nobody has the address, `Some(false)` when there is no second factor.
async fn end_second_factor(
    db: &mut PgConnection,
    now: DateTime<Utc>,
    email: &str,
) -> Result<Option<bool>, Problem> {
    let user = sqlx::query_scalar!(
        "select id from account.users where lower(email) = lower($1) and deleted_at is null for no key update",
        email,
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(user) = user else { return Ok(None) };
    if !second_factor::end(db, user).await? {
        return Ok(Some(false));
    }
    // Whoever has the app now, if it was not lost but taken, has nothing of it.
    session::end_others(db, user, None).await?;
    let act = Act {
        act: "second_factor.disabled",
        account: Some(user),
        actor: Actor::SYSTEM,
        subject: Some(user.to_string()),
        detail: json!({ "reason": "an operator's command" }),
    };
    audit::note(db, now, None, act).await?;
    totp::tell(db, now, user, SECOND_FACTOR_DISABLED).await?;
    Ok(Some(true))
}
