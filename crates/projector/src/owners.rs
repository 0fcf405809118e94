//! Answers to owner questions, from account's append-only history.
//!
//! What is not known yet is asked in one round trip a batch and remembered. An answer must be the
//! one a rebuild gets years later, so before it is given the database is told until which instant
//! history is answered (`account.answer_until`); it waits for whoever is adding to history, and
//! lets nothing begin before that instant any more. An instant that is still to come has no owner:
//! any other answer could change.

use crate::{
    aggregate::{Owner, OwnerQuestion, Owners},
    table::value::clean,
};
use chrono::{DateTime, SubsecRound as _, Utc};
use futures::future::try_join3;
use std::collections::HashMap;
use tokio_postgres::{
    Client, Row, Statement,
    types::{Timestamp, ToSql, Type},
};
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

const ANSWER_UNTIL: &str = "select account.answer_until($1)";

/// Who had something from an instant on; later entries end earlier ones.
type History = Vec<(DateTime<Utc>, Option<Owner>)>;

struct Known {
    /// Nothing can join the history at or before this instant.
    answered_until: DateTime<Utc>,
    history: History,
}

/// What is known of owners.
#[derive(Default)]
pub(crate) struct OwnerBook {
    // By kind (number, tenant, billing), then key.
    known: [HashMap<String, Known>; 3],
}

/// The prepared questions to account.
pub(crate) struct OwnerStatements {
    answer_until: Statement,
    histories: [Statement; 3],
}

impl OwnerStatements {
    pub(crate) async fn prepare(client: &Client) -> Result<Self, tokio_postgres::Error> {
        let prepare = |sql| client.prepare_typed(sql, &[Type::TEXT_ARRAY]);
        let (numbers, tenants, billings) =
            try_join3(prepare(NUMBERS), prepare(TENANTS), prepare(BILLINGS)).await?;
        Ok(Self {
            answer_until: client.prepare(ANSWER_UNTIL).await?,
            histories: [numbers, tenants, billings],
        })
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
        let mut instants = Vec::new();
        for question in questions {
            let (kind, key, at) = parts(question);
            if self.known[kind]
                .get(&key)
                .is_none_or(|known| at > known.answered_until)
            {
                unknown[kind].push(key);
                instants.push(at);
            }
        }
        if unknown.iter().all(Vec::is_empty) {
            return Ok(());
        }
        let load = |kind: usize| {
            let keys = &unknown[kind];
            let statement = &statements.histories[kind];
            async move {
                if keys.is_empty() {
                    return Ok(Vec::new());
                }
                client.query(statement, &[keys]).await
            }
        };
        // Sent before the questions: they are answered by what they see after the mark was moved.
        let parameters: [&(dyn ToSql + Sync); 1] = [&instants];
        let mark = client.query_one(&statements.answer_until, &parameters);
        let (mark, rows) =
            futures::future::try_join(mark, try_join3(load(0), load(1), load(2))).await?;
        let answered_until = mark.get::<_, Timestamp<DateTime<Utc>>>(0);
        let answered_until = match answered_until {
            Timestamp::Value(until) => until,
            // Nothing was asked that may be answered.
            _ => DateTime::<Utc>::MIN_UTC,
        };
        for (kind, rows) in [rows.0, rows.1, rows.2].into_iter().enumerate() {
            for key in std::mem::take(&mut unknown[kind]) {
                self.known[kind].insert(
                    key,
                    Known {
                        answered_until,
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
        let known = self.known[kind].get(&key)?;
        if at > known.answered_until {
            return None;
        }
        known
            .history
            .iter()
            .rev()
            .find(|(from, _)| *from <= at)
            .and_then(|(_, owner)| *owner)
    }
}

/// PostgreSQL cannot be asked about NUL, and has no key with one; its instants are microseconds.
fn parts(question: &OwnerQuestion) -> (usize, String, DateTime<Utc>) {
    let (kind, key, at) = match question {
        OwnerQuestion::Number(key, at) => (0, key, at),
        OwnerQuestion::Tenant(key, at) => (1, key, at),
        OwnerQuestion::Billing(key, at) => (2, key, at),
    };
    (kind, clean(key).into_owned(), at.trunc_subsecs(6))
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
                answered_until: at(8),
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
        assert_eq!(ask(9), None, "it may still pass to somebody else");
        assert_eq!(book.owner(&OwnerQuestion::Tenant("+1".into(), at(2))), None);
    }
}
