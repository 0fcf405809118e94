//! Answers to owner questions, from account's append-only history.
//!
//! What is not known yet is asked in one round trip a batch and remembered. An answer about an
//! instant is final once the database's clock has passed it: history is only ever appended, at
//! the moment of appending. So an answer loaded at T serves instants before T and no others.

use crate::{
    aggregate::{Owner, OwnerQuestion, Owners},
    table::value::clean,
};
use chrono::{DateTime, Utc};
use futures::future::try_join3;
use std::collections::HashMap;
use tokio_postgres::{Client, Row, Statement, types::Type};
use uuid::Uuid;

/// Above this many remembered keys all are forgotten: simpler than ageing, and a service has far
/// fewer numbers than that.
const MOST_KEYS: usize = 100_000;

const NUMBERS: &str = "
    select a.number, a.assigned_at, c.id, c.user_id
    from account.number_assignments a
    left join account.clients c on c.id = a.client_id
    where a.number = any($1)
    order by a.number, a.assigned_at, a.id";
const TENANTS: &str = "
    select tenant_key, created_at, id, user_id from account.clients where tenant_key = any($1)";
const BILLINGS: &str = "
    select billing_key, created_at, null::uuid, id from account.users where billing_key = any($1)";

/// Who had something from an instant on; later entries end earlier ones.
type History = Vec<(DateTime<Utc>, Option<Owner>)>;

struct Known {
    loaded_at: DateTime<Utc>,
    history: History,
}

/// What is known of owners.
#[derive(Default)]
pub(crate) struct OwnerBook {
    // By kind (number, tenant, billing), then key.
    known: [HashMap<String, Known>; 3],
}

/// The prepared questions to account.
pub(crate) struct OwnerStatements([Statement; 3]);

impl OwnerStatements {
    pub(crate) async fn prepare(client: &Client) -> Result<Self, tokio_postgres::Error> {
        let prepare = |sql| client.prepare_typed(sql, &[Type::TEXT_ARRAY]);
        let (numbers, tenants, billings) =
            try_join3(prepare(NUMBERS), prepare(TENANTS), prepare(BILLINGS)).await?;
        Ok(Self([numbers, tenants, billings]))
    }
}

impl OwnerBook {
    /// Loads what is needed to answer these and is not known.
    pub(crate) async fn learn<'a>(
        &mut self,
        client: &Client,
        statements: &OwnerStatements,
        questions: impl Iterator<Item = &'a OwnerQuestion>,
    ) -> Result<(), tokio_postgres::Error> {
        if self.known.iter().map(HashMap::len).sum::<usize>() > MOST_KEYS {
            *self = Self::default();
        }
        let mut unknown: [Vec<String>; 3] = Default::default();
        for question in questions {
            let (kind, key, at) = parts(question);
            if self.known[kind]
                .get(&key)
                .is_none_or(|known| at >= known.loaded_at)
            {
                unknown[kind].push(key);
            }
        }
        if unknown.iter().all(Vec::is_empty) {
            return Ok(());
        }
        let load = |kind: usize| {
            let keys = &unknown[kind];
            let statement = &statements.0[kind];
            async move {
                if keys.is_empty() {
                    return Ok(Vec::new());
                }
                client.query(statement, &[keys]).await
            }
        };
        // Read before the histories are, so that nothing appended in between counts as known.
        let clock = client.query_one("select clock_timestamp()", &[]);
        let (clock, rows) =
            futures::future::try_join(clock, try_join3(load(0), load(1), load(2))).await?;
        let loaded_at: DateTime<Utc> = clock.get(0);
        for (kind, rows) in [rows.0, rows.1, rows.2].into_iter().enumerate() {
            for key in std::mem::take(&mut unknown[kind]) {
                self.known[kind].insert(
                    key,
                    Known {
                        loaded_at,
                        history: Vec::new(),
                    },
                );
            }
            for row in rows {
                self.note(kind, &row);
            }
        }
        Ok(())
    }

    fn note(&mut self, kind: usize, row: &Row) {
        let key: String = row.get(0);
        let client: Option<Uuid> = row.get(2);
        let owner = row
            .get::<_, Option<Uuid>>(3)
            .map(|user| Owner { user, client });
        if let Some(known) = self.known[kind].get_mut(&key) {
            known.history.push((row.get(1), owner));
        }
    }
}

impl Owners for OwnerBook {
    fn owner(&self, question: &OwnerQuestion) -> Option<Owner> {
        let (kind, key, at) = parts(question);
        let history = &self.known[kind].get(&key)?.history;
        history
            .iter()
            .rev()
            .find(|(from, _)| *from <= at)
            .and_then(|(_, owner)| *owner)
    }
}

/// PostgreSQL cannot be asked about NUL, and has no key with one.
fn parts(question: &OwnerQuestion) -> (usize, String, DateTime<Utc>) {
    let (kind, key, at) = match question {
        OwnerQuestion::Number(key, at) => (0, key, at),
        OwnerQuestion::Tenant(key, at) => (1, key, at),
        OwnerQuestion::Billing(key, at) => (2, key, at),
    };
    (kind, clean(key).into_owned(), *at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone as _;

    #[test]
    fn the_owner_is_the_last_one_not_after_the_instant() {
        let at = |hour| Utc.with_ymd_and_hms(2026, 1, 1, hour, 0, 0).unwrap();
        let owner = |id| Owner {
            user: Uuid::from_u128(id),
            client: Some(Uuid::from_u128(id)),
        };
        let mut book = OwnerBook::default();
        let history = vec![
            (at(1), Some(owner(1))),
            (at(3), None),
            (at(5), Some(owner(2))),
        ];
        book.known[0].insert(
            "+1".into(),
            Known {
                loaded_at: at(9),
                history,
            },
        );
        let ask = |hour| book.owner(&OwnerQuestion::Number("+1".into(), at(hour)));
        assert_eq!(
            [ask(0), ask(1), ask(2)],
            [None, Some(owner(1)), Some(owner(1))]
        );
        assert_eq!(
            [ask(3), ask(4), ask(5), ask(8)],
            [None, None, Some(owner(2)), Some(owner(2))]
        );
        assert_eq!(book.owner(&OwnerQuestion::Tenant("+1".into(), at(2))), None);
    }
}
