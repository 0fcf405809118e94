//! Calls with what was said on them. In the order of the index `calls_newest`, from its end.

use super::{BY_TIME_AND_UUID, Sheet, moment};

pub(super) const SHEETS: &[Sheet] = &[Sheet {
    name: "calls.csv",
    tables: &["calls.calls", "calls.turns"],
    columns: &[
        "id", "client_id", "direction", "channel", "caller_number", "caller_name", "dialled_number", "state",
        "result", "started_at", "answered_at", "ended_at", "ring_ms", "talk_ms", "ended_because", "outcome",
        "outcome_label", "outcome_reason", "revenue_minor", "revenue_currency", "revenue_evidence", "summary",
        "sentiment", "tags", "transferred_to", "transcript",
    ],
    first: BY_TIME_AND_UUID,
    sql: concat!(
        "select started_at::text as key_1, id::text as key_2, array[id::text, client_id::text, direction, channel,
            caller_number, caller_name, dialled_number, state, result, ", moment!("started_at"), ", ",
        moment!("answered_at"), ", ", moment!("ended_at"), ", ring_ms::text, talk_ms::text, end_words,
            outcome_status, outcome_label, outcome_reason, revenue_minor::text, revenue_currency, revenue_evidence,
            summary, sentiment_label, array_to_string(tags, ', '), transferred_to,
            (select string_agg(t.speaker || ': ' || t.text, E'\\n' order by t.position, t.id)
                from calls.turns t where t.room_sid = calls.room_sid and t.call_key = calls.call_key
                and t.user_id = $1 and t.text is not null)] as cells
        from calls.calls where user_id = $1 and (started_at, id) > ($2::text::timestamptz, $3::text::uuid)
        order by started_at, id limit $4",
    ),
}];
