//! Whether people who were let in would be let in now: for what goes on long after its request.

use super::{
    Database, Means, Problem, Viewer,
    rows::{Login, Row, select_keys, select_logins, select_sessions},
};
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

impl Viewer {
    /// This viewer as they would be let in at `now`, to the same account.
    ///
    /// # Errors
    /// 401 when they would not.
    pub(crate) async fn again(
        &self,
        database: &Database,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let again = look_again(database, std::slice::from_ref(self), now).await?;
        let again = again.into_iter().next().flatten();
        again
            .filter(|again| again.account() == self.account())
            .ok_or_else(Problem::unauthorised)
    }
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
    tokens: BTreeSet<Login>,
}

impl Asked {
    fn of(viewers: &[Viewer], now: DateTime<Utc>) -> Self {
        let mut asked = Self::default();
        for viewer in viewers.iter().filter(|viewer| has_time(viewer, now)) {
            match *viewer.means() {
                Means::Session { id, .. } => asked.sessions.insert(id),
                Means::Key { id, .. } => asked.keys.insert(id),
                Means::Token { login, .. } => asked.tokens.insert(Login {
                    login,
                    person: viewer.person(),
                    account: viewer.account(),
                }),
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
        let rows = select_sessions!("s.id = any($1)", &ids, now)
            .fetch_all(db)
            .await?;
        let found = rows.into_iter().map(|row| ((row.id, None), Row::from(row)));
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
        let rows = select_keys!("k.id = any($1)", &ids, now)
            .fetch_all(db)
            .await?;
        let found = rows
            .into_iter()
            .filter_map(|row| Some(((row.id, None), row.named()?)));
        Ok(found.collect())
    }

    async fn tokens(&self, db: &mut PgConnection) -> sqlx::Result<HashMap<Credential, Row>> {
        if self.tokens.is_empty() {
            return Ok(HashMap::new());
        }
        let asked: Vec<Login> = self.tokens.iter().copied().collect();
        let rows = select_logins(db, &asked).await?;
        let found = rows.into_iter().filter_map(|(asked, row)| {
            let credential = (asked.login, Some(asked.account));
            Some((credential, row.named()?))
        });
        Ok(found.collect())
    }
}
