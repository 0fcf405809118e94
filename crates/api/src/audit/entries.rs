//! The record of security-relevant acts as it is shown, page by page, newest first: to an account's
//! owner their own, to administrators everybody's.

use crate::{
    csv::{self, Cell},
    cursor::Cursor,
    moment::Moment,
    parameters::{self, Parameters},
};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use sqlx::{PgConnection, types::Json};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

const USUAL_LIMIT: i64 = 50;

/// One thing that was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Its number; later acts have higher ones.
    #[schema(example = 4711)]
    pub id: i64,
    /// When.
    pub at: Moment,
    /// What was done: stable words, for programs.
    #[schema(example = "member.invited")]
    pub act: String,
    /// The account it concerns; null when it is nobody's.
    pub account: Option<AuditAccount>,
    /// Who did it.
    pub actor: AuditActor,
    /// What it was done to: an id.
    #[schema(example = "018f3c1e-0000-7000-8000-000000000000")]
    pub subject: Option<String>,
    /// The address it was done from.
    #[schema(example = "203.0.113.7")]
    pub address: Option<String>,
    /// What the browser or program called itself.
    pub user_agent: Option<String>,
    /// Particulars.
    #[schema(value_type = Object, example = json!({ "role": "reader" }))]
    pub detail: Map<String, Value>,
}

/// The account something concerns.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditAccount {
    /// Its owner's id.
    pub id: Uuid,
    /// Its owner's name.
    #[schema(example = "Ada Lovelace")]
    pub name: Option<String>,
}

/// Who did something.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditActor {
    /// By what means: `session`, `key`, `token`, `admin`, `system` or `stranger`.
    #[schema(example = "session")]
    pub kind: String,
    /// The person; null for a stranger, for the service itself, and for administrators as owners
    /// see them.
    pub id: Option<Uuid>,
    /// Their name, while they belong to the account.
    #[schema(example = "Ada Lovelace")]
    pub name: Option<String>,
}

/// A page of acts.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPage {
    /// Newest first.
    pub items: Vec<AuditEntry>,
    /// What to send as `cursor` for the page that follows; null on the last one.
    pub next_cursor: Option<String>,
}

/// What acts are asked for.
#[derive(Debug, Default, Clone, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditFilters {
    /// Only this act, or with a word without a dot all acts of a group.
    #[param(example = "member.invited", pattern = r"^[a-z0-9_]+(\.[a-z0-9_]+)?$")]
    act: Option<String>,
    /// Done at or after (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<DateTime<Utc>>,
    /// Done before (RFC 3339).
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<DateTime<Utc>>,
}

/// Where a page begins and how long it is.
#[derive(Debug, Default, Clone, Copy, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditPaging {
    /// How many, 1 to 100; 50 when left out.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<i64>,
}

impl AuditFilters {
    pub(crate) fn take(given: &mut Parameters) -> Self {
        Self {
            act: given.take("act", act),
            from: given.take("from", parameters::instant),
            to: given.take("to", parameters::instant),
        }
    }
}

impl AuditPaging {
    pub(crate) fn take(given: &mut Parameters) -> Self {
        Self {
            limit: given.take("limit", parameters::whole(1, 100)),
            cursor: given.take("cursor", position),
        }
    }
}

fn act(text: &str) -> Result<String, String> {
    let is_word = |word: &str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        !word.is_empty() && word.chars().all(plain)
    };
    if text.len() <= 64 && text.splitn(2, '.').all(is_word) {
        Ok(text.to_owned())
    } else {
        Err("must be an act like member.invited or a group like member".into())
    }
}

fn position(text: &str) -> Result<i64, String> {
    let id = Cursor::decode(text)?.id;
    id.parse()
        .map_err(|_| "is not a cursor of this list".to_owned())
}

/// Which acts, for whose eyes.
#[derive(Debug, Default, Clone)]
pub(crate) struct Wanted {
    /// The account they concern; all when it is left out.
    pub(crate) account: Option<Uuid>,
    /// Who did them.
    pub(crate) actor: Option<Uuid>,
    /// Whether administrators are shown without who and where they are, and without their reasons:
    /// an owner learns what was done and that support did it.
    pub(crate) hides_support: bool,
    pub(crate) filters: AuditFilters,
}

/// Reads a page.
pub(crate) async fn page(
    db: &mut PgConnection,
    wanted: &Wanted,
    paging: AuditPaging,
) -> sqlx::Result<AuditPage> {
    let limit = paging.limit.unwrap_or(USUAL_LIMIT);
    let below = paging.cursor.unwrap_or(i64::MAX);
    let mut items = read(db, wanted, below, limit + 1).await?;
    let more = items.len() as i64 > limit;
    items.truncate(limit as usize);
    let cursor = |last: &AuditEntry| Cursor {
        at: last.at.0,
        id: last.id.to_string(),
    };
    let next_cursor = items
        .last()
        .filter(|_| more)
        .map(|last| cursor(last).encode());
    Ok(AuditPage { items, next_cursor })
}

/// The titles of [`file_page`]'s cells.
pub(crate) const HEAD: &[&str] = &[
    "id",
    "at",
    "act",
    "account_id",
    "account",
    "actor_kind",
    "actor_id",
    "actor",
    "subject",
    "address",
    "user_agent",
    "detail",
];

/// Reads the rows of a file that come below this one.
pub(crate) async fn file_page(
    db: &mut PgConnection,
    wanted: &Wanted,
    below: i64,
) -> sqlx::Result<csv::Page<i64>> {
    let entries = read(db, wanted, below, csv::PAGE).await?;
    let is_full = entries.len() as i64 == csv::PAGE;
    Ok(csv::Page {
        next: entries.last().filter(|_| is_full).map(|last| last.id),
        rows: entries.iter().map(cells).collect(),
    })
}

fn cells(entry: &AuditEntry) -> Vec<Cell> {
    let account = entry.account.as_ref();
    vec![
        Cell::ours(entry.id),
        Cell::ours(entry.at),
        Cell::ours(&entry.act),
        Cell::maybe_ours(account.map(|account| account.id)),
        Cell::maybe_said(account.and_then(|account| account.name.as_deref())),
        Cell::ours(&entry.actor.kind),
        Cell::maybe_ours(entry.actor.id),
        Cell::maybe_said(entry.actor.name.as_deref()),
        Cell::maybe_said(entry.subject.as_deref()),
        Cell::maybe_said(entry.address.as_deref()),
        Cell::maybe_said(entry.user_agent.as_deref()),
        Cell::said(&Value::from(entry.detail.clone()).to_string()),
    ]
}

async fn read(
    db: &mut PgConnection,
    wanted: &Wanted,
    below: i64,
    limit: i64,
) -> sqlx::Result<Vec<AuditEntry>> {
    let rows = sqlx::query!(
        r#"select a.id, a.at as "at: Moment", a.act, a.user_id, owner.name as "account_name?", a.actor_kind,
            case when not hidden then a.actor_id end as actor_id, actor.name as "actor_name?", a.subject,
            case when not hidden then a.address end as address,
            case when not hidden then a.user_agent end as user_agent,
            case when hidden then a.detail - 'reason' else a.detail end as "detail!: Json<Map<String, Value>>"
        from account.audit a
        cross join lateral (select $1::boolean and a.actor_kind = 'admin' as hidden) eyes
        left join account.users owner on owner.id = a.user_id
        left join account.users actor on actor.id = a.actor_id and not hidden
        where ($2::uuid is null or a.user_id = $2)
            and ($3::uuid is null or a.actor_id = $3)
            and ($4::text is null or a.act = $4 or starts_with(a.act, $4 || '.'))
            and ($5::timestamptz is null or a.at >= $5)
            and ($6::timestamptz is null or a.at < $6)
            and a.id < $7
        order by a.id desc
        limit $8"#,
        wanted.hides_support,
        wanted.account,
        wanted.actor,
        wanted.filters.act,
        wanted.filters.from,
        wanted.filters.to,
        below,
        limit,
    )
    .fetch_all(db)
    .await?;
    let entries = rows.into_iter().map(|row| AuditEntry {
        id: row.id,
        at: row.at,
        act: row.act,
        account: row.user_id.map(|id| AuditAccount {
            id,
            name: row.account_name,
        }),
        actor: AuditActor {
            kind: row.actor_kind,
            id: row.actor_id,
            name: row.actor_name,
        },
        subject: row.subject,
        address: row.address,
        user_agent: row.user_agent,
        detail: row.detail.0,
    });
    Ok(entries.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_is_a_word_or_two_with_a_dot() {
        for good in ["member", "member.invited", "user.logged_in", "totp2"] {
            assert!(act(good).is_ok(), "{good}");
        }
        for bad in [
            "", ".", "member.", ".invited", "a.b.c", "Member", "a b", "a%", "ä",
        ] {
            assert!(act(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let foreign = Cursor {
            at: DateTime::UNIX_EPOCH,
            id: "S-1".into(),
        };
        assert!(position(&foreign.encode()).is_err());
    }
}
