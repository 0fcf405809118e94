//! What was subscribed to and paid. A sale belongs to whoever its subscription belongs to, and without
//! one to whoever it names itself.

use super::{BY_TIME_AND_TEXT, Sheet, moment};

pub(super) const SHEETS: &[Sheet] = &[
    Sheet {
        name: "subscriptions.csv",
        tables: &["billing.subscriptions"],
        columns: &[
            "id", "plan_id", "status", "started_at", "next_billing_at", "paid_through", "cancelled_at", "past_due",
            "payer_name", "payer_email", "status_history",
        ],
        first: BY_TIME_AND_TEXT,
        sql: concat!(
            "select '-infinity' as key_1, id as key_2, array[id, plan_id, status, ", moment!("started_at"), ", ",
            moment!("next_billing_at"), ", ", moment!("paid_through"), ", ", moment!("cancelled_at"), ",
                past_due::text, payer_name, payer_email, status_history::text] as cells
            from billing.subscriptions where user_id = $1 and $2::text is not null and id > $3::text
            order by id limit $4",
        ),
    },
    Sheet {
        name: "invoices.csv",
        tables: &["billing.invoices"],
        columns: &[
            "id", "subscription_id", "status", "issued_at", "amount_minor", "refunded_minor", "currency",
        ],
        first: BY_TIME_AND_TEXT,
        sql: concat!(
            "select i.issued_at::text as key_1, i.id as key_2, array[i.id, i.subscription_id, i.status, ",
            moment!("i.issued_at"), ", i.amount_minor::text, i.refunded_minor::text, i.currency] as cells
            from billing.invoices i join billing.subscriptions s on s.id = i.subscription_id
            where s.user_id = $1 and (i.issued_at, i.id) > ($2::text::timestamptz, $3::text)
            order by i.issued_at, i.id limit $4",
        ),
    },
    Sheet {
        name: "payments.csv",
        tables: &["billing.payments"],
        columns: &[
            "id", "sale_id", "subscription_id", "kind", "state", "amount_minor", "currency", "occurred_at",
        ],
        first: BY_TIME_AND_TEXT,
        sql: concat!(
            "select p.occurred_at::text as key_1, concat_ws(' ', p.sale_id, p.kind, p.id) as key_2,
                array[p.id, p.sale_id, p.subscription_id, p.kind, p.state, p.amount_minor::text, p.currency, ",
            moment!("p.occurred_at"), "] as cells
            from billing.payments p left join billing.subscriptions s on s.id = p.subscription_id
            where coalesce(s.user_id, p.user_id) = $1
                and (p.occurred_at, concat_ws(' ', p.sale_id, p.kind, p.id)) > ($2::text::timestamptz, $3::text)
            order by p.occurred_at, concat_ws(' ', p.sale_id, p.kind, p.id) limit $4",
        ),
    },
];
