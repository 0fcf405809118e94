//! Who may come in, by what, and what they did: log-ins, sessions, members, keys, the record of acts.
//! Nothing that would open a door is in any of it.

use super::{BY_NUMBER, BY_TIME_AND_TEXT, BY_TIME_AND_UUID, Sheet, moment};

pub(super) const SHEETS: &[Sheet] = &[
    Sheet {
        name: "logins.csv",
        tables: &["account.identities"],
        columns: &["provider", "subject", "email", "linked_at", "used_at"],
        first: BY_TIME_AND_TEXT,
        sql: concat!(
            "select linked_at::text as key_1, provider as key_2, array[provider, subject, email, ",
            moment!("linked_at"), ", ", moment!("used_at"), "] as cells
            from account.identities
            where user_id = $1 and (linked_at, provider) > ($2::text::timestamptz, $3::text)
            order by linked_at, provider limit $4",
        ),
    },
    Sheet {
        name: "sessions.csv",
        tables: &["account.sessions"],
        columns: &[
            "id", "account_id", "method", "user_agent", "address", "created_at", "seen_at", "expires_at",
        ],
        first: BY_TIME_AND_UUID,
        sql: concat!(
            "select created_at::text as key_1, id::text as key_2, array[id::text, account_id::text, method,
                user_agent, address, ", moment!("created_at"), ", ", moment!("seen_at"), ", ",
            moment!("expires_at"), "] as cells
            from account.sessions
            where user_id = $1 and (created_at, id) > ($2::text::timestamptz, $3::text::uuid)
            order by created_at, id limit $4",
        ),
    },
    // Of other accounts only that one is a member there.
    Sheet {
        name: "members.csv",
        tables: &["account.members"],
        columns: &["account_id", "user_id", "email", "name", "role", "joined_at"],
        first: BY_TIME_AND_TEXT,
        sql: concat!(
            "select m.joined_at::text as key_1, m.account_id::text || m.user_id::text as key_2,
                array[m.account_id::text, m.user_id::text, u.email, u.name, m.role, ", moment!("m.joined_at"), "] as cells
            from account.members m join account.users u on u.id = m.user_id
            where (m.account_id = $1 or m.user_id = $1)
                and (m.joined_at, m.account_id::text || m.user_id::text) > ($2::text::timestamptz, $3::text)
            order by m.joined_at, m.account_id::text || m.user_id::text limit $4",
        ),
    },
    Sheet {
        name: "invitations.csv",
        tables: &["account.invitations"],
        columns: &[
            "id", "account_id", "email", "role", "invited_by", "created_at", "expires_at", "accepted_at",
            "accepted_by", "revoked_at",
        ],
        first: BY_TIME_AND_UUID,
        sql: concat!(
            "select created_at::text as key_1, id::text as key_2, array[id::text, account_id::text, email, role,
                invited_by::text, ", moment!("created_at"), ", ", moment!("expires_at"), ", ",
            moment!("accepted_at"), ", accepted_by::text, ", moment!("revoked_at"), "] as cells
            from account.invitations
            where (account_id = $1 or accepted_by = $1) and (created_at, id) > ($2::text::timestamptz, $3::text::uuid)
            order by created_at, id limit $4",
        ),
    },
    Sheet {
        name: "api_keys.csv",
        tables: &["account.api_keys"],
        columns: &[
            "id", "prefix", "name", "made_by", "account_id", "scopes", "created_at", "expires_at", "used_at",
            "revoked_at",
        ],
        first: BY_TIME_AND_UUID,
        sql: concat!(
            "select created_at::text as key_1, id::text as key_2, array[id::text, prefix, name, user_id::text,
                account_id::text, array_to_string(scopes, ' '), ", moment!("created_at"), ", ",
            moment!("expires_at"), ", ", moment!("used_at"), ", ", moment!("revoked_at"), "] as cells
            from account.api_keys
            where (account_id = $1 or user_id = $1) and (created_at, id) > ($2::text::timestamptz, $3::text::uuid)
            order by created_at, id limit $4",
        ),
    },
    // As the owner sees it: who an administrator is stays theirs. Of acts in the accounts of others only
    // that the person did them; administrators' acts there are the service's.
    Sheet {
        name: "audit.csv",
        tables: &["account.audit"],
        columns: &[
            "id", "at", "act", "account_id", "actor_kind", "actor_id", "subject", "address", "user_agent", "detail",
        ],
        first: BY_NUMBER,
        sql: concat!(
            "select a.id::text as key_1, '' as key_2, array[a.id::text, ", moment!("a.at"), ", a.act,
                a.user_id::text, a.actor_kind, case when not hidden then a.actor_id::text end,
                case when not foreign_account then a.subject end, case when not hidden then a.address end,
                case when not hidden then a.user_agent end,
                case when foreign_account then '{}' when hidden then (a.detail - 'reason')::text
                    else a.detail::text end] as cells
            from (
                (select * from account.audit where user_id = $1 and id > $2::text::bigint order by id limit $4)
                union all
                (select * from account.audit where actor_id = $1 and user_id is distinct from $1
                    and actor_kind <> 'admin' and id > $2::text::bigint order by id limit $4)
            ) a
            cross join lateral (select a.actor_kind = 'admin' and a.actor_id is distinct from $1 as hidden,
                a.user_id is distinct from $1 as foreign_account) eyes
            where $3::text is not null order by a.id limit $4",
        ),
    },
];
