//! Who is asking, for which account, and the only way to a database connection for them.
//!
//! A handler cannot touch an account's rows without a [`Viewer`], and a viewer comes only from credentials that
//! were checked with the request: a browser's session, a program's access token, or an API key. Each
//! read and write tells PostgreSQL for whom it is, and row-level security does the rest; nothing here
//! or in a handler filters by tenant.
//!
//! What is about persons (logging in, keys, invitations taken up) or across accounts (administration,
//! agents) goes through [`Database::auth`], [`Database::admin`] and [`Database::agent`], by name and
//! nowhere else.

mod again;
mod credential;
mod database;
mod right;
mod rows;
mod together;
mod transaction;
mod turns;

pub(crate) use again::look_again;
pub(crate) use credential::{IDLE, KEY_PREFIX, Lookups, cookie, is_same_origin, session_token};
use database::Reach;
pub use database::{Database, Plan};
pub use right::{Right, Role, Scope};
pub(crate) use transaction::{Reading, Writing, to_its_end};

use crate::{Api, origin::address_of, problem::Problem};
use axum::{
    extract::FromRequestParts,
    http::{Uri, request::Parts},
};
use chrono::{DateTime, TimeDelta, Utc};
use frontdesk_process::clock;
use sqlx::PgConnection;
use std::sync::Arc;
use uuid::Uuid;

/// How long a password or second factor that was just shown counts for dangerous acts.
pub(crate) const PROOF_LASTS: TimeDelta = TimeDelta::minutes(15);

/// Whose rows a read is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The account's, as row-level security shows them.
    Account,
    /// Those that no account has. The query itself must say so: nothing narrows it.
    Nobody,
}

/// Someone whose credentials were checked. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Viewer(Arc<Known>);

#[derive(Debug)]
struct Known {
    person: Uuid,
    account: Uuid,
    role: Role,
    is_admin: bool,
    means: Means,
}

/// How a viewer proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Means {
    /// A browser's session.
    Session {
        /// The row in `account.sessions`.
        id: Uuid,
        /// When a password or code was last shown in it.
        proven_at: DateTime<Utc>,
    },
    /// A program's short-lived access token.
    Token {
        /// The login it came from: `family` in `account.refresh_tokens`.
        login: Uuid,
        /// When its login was proven.
        proven_at: DateTime<Utc>,
        /// When it is over; its login may go on.
        expires_at: DateTime<Utc>,
    },
    /// An API key.
    Key {
        /// The row in `account.api_keys`.
        id: Uuid,
        /// What it may do.
        scopes: Vec<Scope>,
    },
}

impl FromRequestParts<Api> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let viewer = credential::admit(api, &parts.method, &parts.headers, clock::now()).await?;
        let address = address_of(api, &parts.extensions, &parts.headers);
        api.limits()
            .of(viewer.caller(), address, clock::monotonic())?;
        Ok(viewer)
    }
}

impl Viewer {
    fn new(person: Uuid, account: Uuid, role: Role, is_admin: bool, means: Means) -> Self {
        Self(Arc::new(Known {
            person,
            account,
            role,
            is_admin,
            means,
        }))
    }

    /// Who is signed in, or whose key it is.
    pub(crate) fn person(&self) -> Uuid {
        self.0.person
    }

    /// Whose clients and calls it is about.
    pub(crate) fn account(&self) -> Uuid {
        self.0.account
    }

    /// How they proved themselves.
    pub(crate) fn means(&self) -> &Means {
        &self.0.means
    }

    /// Who is counted when somebody asks too often: each key by itself.
    pub(crate) fn caller(&self) -> Uuid {
        match self.0.means {
            Means::Key { id, .. } => id,
            Means::Session { .. } | Means::Token { .. } => self.0.person,
        }
    }

    /// Whether they may do this.
    ///
    /// # Errors
    /// 403 in words.
    pub(crate) fn require(&self, right: Right) -> Result<(), Problem> {
        let allowed = match &self.0.means {
            Means::Key { scopes, .. } => right.scope().is_some_and(|scope| scopes.contains(&scope)),
            // A token lies on some program's disk for weeks: the service is run from a browser, and all
            // that is kept about an account leaves through one.
            Means::Token { .. } if matches!(right, Right::Administrate | Right::TakeAway) => false,
            Means::Session { .. } | Means::Token { .. } => match right {
                Right::Administrate => self.0.is_admin,
                right => right.belongs_to(self.0.role),
            },
        };
        if allowed {
            return Ok(());
        }
        Err(Problem::forbidden(match (&self.0.means, right) {
            (Means::Key { .. }, right) if right.scope().is_none() => {
                "an API key cannot do this; sign in instead"
            }
            (Means::Key { .. }, _) => "this API key has not the scope for it",
            (Means::Token { .. }, Right::Administrate) if self.0.is_admin => {
                "an access token cannot do this; sign in with a browser"
            }
            (Means::Token { .. }, Right::TakeAway) if self.0.role == Role::Owner => {
                "an access token cannot do this; sign in with a browser"
            }
            (_, Right::Administrate) => "only administrators of the service may do this",
            (_, Right::Own | Right::TakeAway) => "only the owner of the account may do this",
            _ => "your role in this account does not allow it",
        }))
    }

    /// Whether a password or code was shown within the last quarter of an hour.
    ///
    /// # Errors
    /// 403 `proof-needed`.
    pub(crate) fn require_proof(&self, now: DateTime<Utc>) -> Result<(), Problem> {
        match &self.0.means {
            Means::Session { proven_at, .. } | Means::Token { proven_at, .. }
                if now - *proven_at <= PROOF_LASTS =>
            {
                Ok(())
            }
            Means::Key { .. } => Err(Problem::forbidden(
                "an API key cannot do this; sign in instead",
            )),
            _ => Err(Problem::proof_needed()),
        }
    }

    /// Keeps this viewer's login from ending before the transaction does, in [`Database::auth`]. For what
    /// opens another way in: who signs out everywhere or sets another password then either sees it and
    /// ends it, or was first.
    ///
    /// # Errors
    /// 401 when the login has ended meanwhile.
    pub(crate) async fn hold(&self, db: &mut PgConnection) -> Result<(), Problem> {
        let held =
            match self.0.means {
                Means::Session { id, .. } => {
                    sqlx::query_scalar!(
                        "select id from account.sessions where id = $1 for share",
                        id
                    )
                    .fetch_optional(db)
                    .await?
                }
                Means::Token { login, .. } => sqlx::query_scalar!(
                    "select family from account.refresh_tokens where family = $1 limit 1 for share",
                    login
                )
                .fetch_optional(db)
                .await?,
                Means::Key { id, .. } => Some(id),
            };
        held.map(|_| ()).ok_or_else(Problem::unauthorised)
    }

    /// Like [`Self::hold`], in [`Self::write`]. Not before another row of the transaction is locked that
    /// whoever ends log-ins has locked first (`account.users`).
    ///
    /// # Errors
    /// 401 when the login has ended meanwhile.
    pub(crate) async fn hold_for_write(&self, db: &mut PgConnection) -> Result<(), Problem> {
        let (session, login) = match self.0.means {
            Means::Session { id, .. } => (Some(id), None),
            Means::Token { login, .. } => (None, Some(login)),
            Means::Key { .. } => return Ok(()),
        };
        let held = sqlx::query_scalar!(
            r#"select account.hold_login($1, $2) as "held!""#,
            session,
            login
        )
        .fetch_one(db)
        .await?;
        held.then_some(()).ok_or_else(Problem::unauthorised)
    }

    /// What makes two requests the same question: who asks for whom, and what. An answer that is shared was
    /// read for whoever asked first, perhaps by other means, so whoever may not see those rows has no question.
    ///
    /// # Errors
    /// 403 for whoever may not see them.
    pub(crate) fn question(&self, whose: Whose, uri: &Uri) -> Result<String, Problem> {
        self.require_sight(whose)?;
        Ok(format!("{} {} {uri}", self.0.account, self.0.person))
    }

    fn require_sight(&self, whose: Whose) -> Result<(), Problem> {
        match whose {
            Whose::Account => Ok(()),
            Whose::Nobody => self.require(Right::Administrate),
        }
    }

    /// Reads for this viewer what is `wanted`; `query` may run twice, and runs to its end (see
    /// [`Database::read`]).
    ///
    /// # Errors
    /// The problem to answer with.
    pub(crate) async fn read<A, T, Q>(
        &self,
        database: &Database,
        plan: Plan,
        wanted: A,
        query: Q,
    ) -> Result<T, Problem>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        Q: for<'c> Fn(&'c mut PgConnection, &'c A) -> Reading<'c, T> + Send + Sync + 'static,
    {
        self.read_of(Whose::Account, database, plan, wanted, query)
            .await
    }

    /// Like [`Self::read`], and for administrators also of what no account has.
    ///
    /// # Errors
    /// The problem to answer with; 403 for whoever is no administrator.
    pub(crate) async fn read_of<A, T, Q>(
        &self,
        whose: Whose,
        database: &Database,
        plan: Plan,
        wanted: A,
        query: Q,
    ) -> Result<T, Problem>
    where
        A: Send + Sync + 'static,
        T: Send + 'static,
        Q: for<'c> Fn(&'c mut PgConnection, &'c A) -> Reading<'c, T> + Send + Sync + 'static,
    {
        self.require_sight(whose)?;
        let reach = match whose {
            Whose::Account => Reach::Account(self.settings()),
            Whose::Nobody => Reach::Everything,
        };
        Ok(database.read(reach, plan, wanted, query).await?)
    }

    /// Changes something for this viewer, in one transaction that is committed when `change` succeeds
    /// and runs to its end once begun. `change` may run twice, the first time to no effect: what it does
    /// outside the database must bear that.
    ///
    /// # Errors
    /// The problem to answer with; then nothing was changed.
    pub(crate) async fn write<T, Q>(&self, database: &Database, change: Q) -> Result<T, Problem>
    where
        T: Send + 'static,
        Q: for<'c> FnOnce(&'c mut PgConnection) -> Writing<'c, T> + Clone + Send + 'static,
    {
        database.write(self.settings(), change).await
    }

    fn settings(&self) -> database::Settings {
        database::Settings {
            account: self.0.account,
            person: self.0.person,
        }
    }
}
