//! What somebody is and has: the account, its clients, their history and numbers.

use super::{BY_NUMBER, BY_TIME_AND_UUID, Sheet, moment};

pub(super) const SHEETS: &[Sheet] = &[
    Sheet {
        name: "account.csv",
        tables: &["account.users"],
        columns: &[
            "id", "email", "name", "role", "time_zone", "locale", "created_at", "notify_new_call",
            "notify_missed_call", "notify_daily_summary", "notify_payment_trouble", "suspended_at",
            "deletion_due_at",
        ],
        first: BY_TIME_AND_UUID,
        sql: concat!(
            "select created_at::text as key_1, id::text as key_2, array[id::text, email, name, role, time_zone, locale,",
            moment!("created_at"), ", notify_new_call::text, notify_missed_call::text, notify_daily_summary::text,
                notify_payment_trouble::text, ", moment!("suspended_at"), ", ", moment!("deletion_due_at"), "] as cells
            from account.users where id = $1 and (created_at, id) > ($2::text::timestamptz, $3::text::uuid)
            order by created_at, id limit $4",
        ),
    },
    Sheet {
        name: "clients.csv",
        tables: &["account.clients"],
        columns: &[
            "id", "name", "profession", "time_zone", "voice", "greeting", "instructions", "hours",
            "transfer_number", "numbers", "voice_sample", "created_at", "updated_at", "deleted_at",
        ],
        first: BY_TIME_AND_UUID,
        sql: concat!(
            "select c.created_at::text as key_1, c.id::text as key_2, array[c.id::text, c.name, c.profession,
                c.time_zone, c.voice, c.greeting, c.instructions, c.hours::text, c.transfer_number,
                (select string_agg(held.number, ' ' order by held.number) from (
                    select distinct on (a.number) a.number, a.client_id from account.number_assignments a
                    where a.user_id = $1 order by a.number, a.assigned_at desc, a.id desc) held
                    where held.client_id = c.id),
                c.voice_sample ->> 'name', ", moment!("c.created_at"), ", ", moment!("c.updated_at"), ", ",
            moment!("c.deleted_at"), "] as cells
            from account.clients c
            where c.user_id = $1 and (c.created_at, c.id) > ($2::text::timestamptz, $3::text::uuid)
            order by c.created_at, c.id limit $4",
        ),
    },
    Sheet {
        name: "client_history.csv",
        tables: &["account.client_changes"],
        columns: &["id", "client_id", "at", "by_user", "kind", "changes", "client_then"],
        first: BY_NUMBER,
        sql: concat!(
            "select id::text as key_1, '' as key_2, array[id::text, client_id::text, ", moment!("at"), ",
                by_user::text, kind, changes::text, snapshot::text] as cells
            from account.client_changes
            where user_id = $1 and id > $2::text::bigint and $3::text is not null order by id limit $4",
        ),
    },
    Sheet {
        name: "numbers.csv",
        tables: &["account.number_assignments"],
        columns: &["id", "number", "client_id", "from"],
        first: BY_NUMBER,
        sql: concat!(
            "select id::text as key_1, '' as key_2, array[id::text, number, client_id::text, ",
            moment!("assigned_at"), "] as cells
            from account.number_assignments
            where user_id = $1 and id > $2::text::bigint and $3::text is not null order by id limit $4",
        ),
    },
];
