//! Whether people who were let in would be let in now: for what goes on long after its request. The same
//! rules as in [`super::credential`], for many at once.

use super::{Database, IDLE, Means, Viewer, credential::Row};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Each of them as they would be let in at `now`; `None` for whoever would not. A statement a kind of
/// credential, however many viewers there are. It does not count as use of a session or key.
///
/// # Errors
/// When the database is away.
pub(crate) async fn look_again(
    database: &Database,
    viewers: &[Viewer],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<Option<Viewer>>> {
    let asked = Asked::of(viewers, now);
    if asked.is_empty() {
        return Ok(vec![None; viewers.len()]);
    }
    let mut session = database.auth_session().await?;
    let mut found = asked.sessions(&mut session, now).await?;
    found.extend(asked.keys(&mut session, now).await?);
    found.extend(asked.tokens(&mut session).await?);
    let again = |viewer: &Viewer| {
        let row = found.get(&credential(viewer))?.clone();
        let found = row.found(viewer.means().clone());
        (!found.suspended).then_some(found.viewer)
    };
    Ok(viewers
        .iter()
        .map(|viewer| again(viewer).filter(|_| has_time(viewer, now)))
        .collect())
}

/// A credential by its row, and the account it opens where the row does not say.
type Credential = (Uuid, Option<Uuid>);

fn credential(viewer: &Viewer) -> Credential {
    match *viewer.means() {
        Means::Session { id, .. } | Means::Key { id, .. } => (id, None),
        Means::Token { login, .. } => (login, Some(viewer.account())),
    }
}

/// A token says itself when it ends; of the others the tables know.
fn has_time(viewer: &Viewer, now: DateTime<Utc>) -> bool {
    match *viewer.means() {
        Means::Token { expires_at, .. } => now < expires_at,
        Means::Session { .. } | Means::Key { .. } => true,
    }
}

/// What to look for: each once, for many pages may be open in one session.
#[derive(Default)]
struct Asked {
    sessions: BTreeSet<Uuid>,
    keys: BTreeSet<Uuid>,
    /// Login, person, account.
    tokens: BTreeSet<(Uuid, Uuid, Uuid)>,
}

impl Asked {
    fn of(viewers: &[Viewer], now: DateTime<Utc>) -> Self {
        let mut asked = Self::default();
        for viewer in viewers.iter().filter(|viewer| has_time(viewer, now)) {
            match *viewer.means() {
                Means::Session { id, .. } => asked.sessions.insert(id),
                Means::Key { id, .. } => asked.keys.insert(id),
                Means::Token { login, .. } => {
                    asked
                        .tokens
                        .insert((login, viewer.person(), viewer.account()))
                }
            };
        }
        asked
    }

    fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.keys.is_empty() && self.tokens.is_empty()
    }

    async fn sessions(
        &self,
        db: &mut PgConnection,
        now: DateTime<Utc>,
    ) -> sqlx::Result<HashMap<Credential, Row>> {
        if self.sessions.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<Uuid> = self.sessions.iter().copied().collect();
        let rows = sqlx::query!(
            r#"select s.id, s.user_id, s.account_id,
                case when s.account_id = s.user_id then 'owner'
                    when a.deleted_at is null and a.suspended_at is null then m.role
                end as role,
                u.role = 'admin' as "is_admin!", u.suspended_at is not null as "suspended!"
            from account.sessions s
            join account.users u on u.id = s.user_id and u.deleted_at is null
            join account.users a on a.id = s.account_id
            left join account.members m on m.account_id = s.account_id and m.user_id = s.user_id
            where s.id = any($1) and s.expires_at > $2 and s.seen_at > $3"#,
            &ids,
            now,
            now - IDLE,
        )
        .fetch_all(db)
        .await?;
        let found = rows.into_iter().map(|row| {
            let named = Row {
                user_id: row.user_id,
                account_id: row.account_id,
                role: row.role,
                is_admin: row.is_admin,
                suspended: row.suspended,
            };
            ((row.id, None), named)
        });
        Ok(found.collect())
    }

    async fn keys(
        &self,
        db: &mut PgConnection,
        now: DateTime<Utc>,
    ) -> sqlx::Result<HashMap<Credential, Row>> {
        if self.keys.is_empty() {
            return Ok(HashMap::new());
        }
        let ids: Vec<Uuid> = self.keys.iter().copied().collect();
        let rows = sqlx::query!(
            r#"select k.id, k.user_id, k.account_id,
                case when k.account_id = k.user_id then 'owner' else m.role end as "role!",
                (u.suspended_at is not null or a.suspended_at is not null) as "suspended!"
            from account.api_keys k
            join account.users u on u.id = k.user_id and u.deleted_at is null
            join account.users a on a.id = k.account_id and a.deleted_at is null
            left join account.members m on m.account_id = k.account_id and m.user_id = k.user_id
            where k.id = any($1) and k.revoked_at is null and (k.expires_at is null or k.expires_at > $2)
                and (k.account_id = k.user_id or m.role is not null)"#,
            &ids,
            now,
        )
        .fetch_all(db)
        .await?;
        let found = rows.into_iter().map(|row| {
            let named = Row {
                user_id: row.user_id,
                account_id: row.account_id,
                role: Some(row.role),
                is_admin: false,
                suspended: row.suspended,
            };
            ((row.id, None), named)
        });
        Ok(found.collect())
    }

    async fn tokens(&self, db: &mut PgConnection) -> sqlx::Result<HashMap<Credential, Row>> {
        if self.tokens.is_empty() {
            return Ok(HashMap::new());
        }
        let (mut logins, mut people, mut accounts) = (Vec::new(), Vec::new(), Vec::new());
        for (login, person, account) in &self.tokens {
            logins.push(*login);
            people.push(*person);
            accounts.push(*account);
        }
        let rows = sqlx::query!(
            r#"select asked.login as "login!", u.id as "user_id!", a.id as "account_id!",
                case when u.id = a.id then 'owner' else m.role end as "role!",
                u.role = 'admin' as "is_admin!",
                (u.suspended_at is not null or a.suspended_at is not null) as "suspended!"
            from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as asked (login, person, account)
            join account.users u on u.id = asked.person and u.deleted_at is null
            join account.users a on a.id = asked.account and a.deleted_at is null
            left join account.members m on m.account_id = a.id and m.user_id = u.id
            where exists (select from account.refresh_tokens t where t.family = asked.login and t.user_id = u.id)
                and (u.id = a.id or m.role is not null)"#,
            &logins,
            &people,
            &accounts,
        )
        .fetch_all(db)
        .await?;
        let found = rows.into_iter().map(|row| {
            let named = Row {
                user_id: row.user_id,
                account_id: row.account_id,
                role: Some(row.role),
                is_admin: row.is_admin,
                suspended: row.suspended,
            };
            ((row.login, Some(row.account_id)), named)
        });
        Ok(found.collect())
    }
}
