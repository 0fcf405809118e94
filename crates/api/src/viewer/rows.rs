//! Whom a credential stands for, as the tables say at this instant. The rules are here once: a request
//! asks by what it carries ([`super::credential`]), what goes on long after it by ids ([`super::again`]).

use super::{Means, Role, Viewer};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use std::collections::HashMap;
use uuid::Uuid;

/// A row that names somebody.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) user_id: Uuid,
    pub(super) account_id: Uuid,
    /// Null when they are no member of that account any more, or it is suspended or gone.
    pub(super) role: Option<String>,
    pub(super) is_admin: bool,
    pub(super) suspended: bool,
}

pub(super) struct Found {
    pub(super) viewer: Viewer,
    pub(super) suspended: bool,
}

impl Row {
    pub(super) fn found(self, means: Means) -> Found {
        let role = self.role.as_deref().and_then(Role::of);
        let (account, role) = match role {
            Some(role) => (self.account_id, role),
            // An administrator looks at an account without being a member of it.
            None if self.is_admin => (self.account_id, Role::Reader),
            // Who was removed meanwhile is back in their own account: one account's end must not
            // keep a person out of another.
            None => (self.user_id, Role::Owner),
        };
        Found {
            viewer: Viewer::new(self.user_id, account, role, self.is_admin, means),
            suspended: self.suspended,
        }
    }
}

/// A session that is not over.
#[derive(Debug, Clone)]
pub(super) struct SessionRow {
    pub(super) id: Uuid,
    pub(super) token_hash: Vec<u8>,
    pub(super) proven_at: DateTime<Utc>,
    pub(super) seen_at: DateTime<Utc>,
    pub(super) user_id: Uuid,
    pub(super) account_id: Uuid,
    pub(super) role: Option<String>,
    pub(super) is_admin: bool,
    pub(super) suspended: bool,
}

impl From<SessionRow> for Row {
    fn from(row: SessionRow) -> Self {
        Self {
            user_id: row.user_id,
            account_id: row.account_id,
            role: row.role,
            is_admin: row.is_admin,
            suspended: row.suspended,
        }
    }
}

/// The sessions that fit a condition on `$1` and are not over: `$2` is now, `$3` when the last use must
/// have been.
macro_rules! select_sessions {
    ($condition:literal, $which:expr, $now:expr) => {
        sqlx::query_as!(
            $crate::viewer::rows::SessionRow,
            r#"select s.id, s.token_hash, s.proven_at, s.seen_at, s.user_id, s.account_id,
                case when s.account_id = s.user_id then 'owner'
                    when a.deleted_at is null and a.suspended_at is null then m.role
                end as role,
                u.role = 'admin' as "is_admin!", u.suspended_at is not null as "suspended!"
            from account.sessions s
            join account.users u on u.id = s.user_id and u.deleted_at is null
            join account.users a on a.id = s.account_id
            left join account.members m on m.account_id = s.account_id and m.user_id = s.user_id
            where s.expires_at > $2 and s.seen_at > $3 and "#
                + $condition,
            $which,
            $now,
            $now - $crate::viewer::IDLE,
        )
    };
}
pub(super) use select_sessions;

/// An API key that is neither revoked nor over.
#[derive(Debug, Clone)]
pub(super) struct KeyRow {
    pub(super) id: Uuid,
    pub(super) key_hash: Vec<u8>,
    pub(super) scopes: Vec<String>,
    pub(super) used_at: Option<DateTime<Utc>>,
    pub(super) user_id: Uuid,
    pub(super) account_id: Uuid,
    pub(super) role: Option<String>,
    pub(super) suspended: bool,
}

impl KeyRow {
    /// A key never outlives its maker's place in the account, and administrates nothing.
    pub(super) fn named(self) -> Option<Row> {
        self.role.is_some().then_some(Row {
            user_id: self.user_id,
            account_id: self.account_id,
            role: self.role,
            is_admin: false,
            suspended: self.suspended,
        })
    }
}

/// The keys that fit a condition on `$1`; `$2` is now.
macro_rules! select_keys {
    ($condition:literal, $which:expr, $now:expr) => {
        sqlx::query_as!(
            $crate::viewer::rows::KeyRow,
            r#"select k.id, k.key_hash, k.scopes, k.used_at, k.user_id, k.account_id,
                case when k.account_id = k.user_id then 'owner' else m.role end as role,
                (u.suspended_at is not null or a.suspended_at is not null) as "suspended!"
            from account.api_keys k
            join account.users u on u.id = k.user_id and u.deleted_at is null
            join account.users a on a.id = k.account_id and a.deleted_at is null
            left join account.members m on m.account_id = k.account_id and m.user_id = k.user_id
            where k.revoked_at is null and (k.expires_at is null or k.expires_at > $2) and "#
                + $condition,
            $which,
            $now,
        )
    };
}
pub(super) use select_keys;

/// A log-in of a program that has not ended.
#[derive(Debug, Clone)]
pub(super) struct LoginRow {
    login: Uuid,
    user_id: Uuid,
    account_id: Uuid,
    role: Option<String>,
    is_admin: bool,
    suspended: bool,
}

/// What an access token claims: this person's log-in, used for this account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Login {
    pub(super) login: Uuid,
    pub(super) person: Uuid,
    pub(super) account: Uuid,
}

impl LoginRow {
    fn asked(&self) -> Login {
        Login {
            login: self.login,
            person: self.user_id,
            account: self.account_id,
        }
    }

    /// A token of an account that its holder left must not turn to their own.
    pub(super) fn named(self) -> Option<Row> {
        self.role.is_some().then_some(Row {
            user_id: self.user_id,
            account_id: self.account_id,
            role: self.role,
            is_admin: self.is_admin,
            suspended: self.suspended,
        })
    }
}

/// The log-ins among those asked for that have not ended.
pub(super) async fn select_logins(
    db: &mut PgConnection,
    asked: &[Login],
) -> sqlx::Result<HashMap<Login, LoginRow>> {
    let logins: Vec<Uuid> = asked.iter().map(|asked| asked.login).collect();
    let people: Vec<Uuid> = asked.iter().map(|asked| asked.person).collect();
    let accounts: Vec<Uuid> = asked.iter().map(|asked| asked.account).collect();
    let rows = sqlx::query_as!(
        LoginRow,
        r#"select asked.login as "login!", u.id as "user_id!", a.id as "account_id!",
            case when u.id = a.id then 'owner' else m.role end as role,
            u.role = 'admin' as "is_admin!",
            (u.suspended_at is not null or a.suspended_at is not null) as "suspended!"
        from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as asked (login, person, account)
        join account.users u on u.id = asked.person and u.deleted_at is null
        join account.users a on a.id = asked.account and a.deleted_at is null
        left join account.members m on m.account_id = a.id and m.user_id = u.id
        where exists (select from account.refresh_tokens t where t.family = asked.login and t.user_id = u.id)"#,
        &logins,
        &people,
        &accounts,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.asked(), row)).collect())
}
