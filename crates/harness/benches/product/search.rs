//! Search: words among a million calls of one account, a dozen turns each. Common words, rare ones,
//! phrases and words that nobody said, alone and with filters, each question a new one.

use super::{
    freshness, load,
    report::{Figure, Report, Target},
};
use anyhow::ensure;
use frontdesk_harness::{Database, Program, people};
use frontdesk_process::clock;
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};
use uuid::Uuid;

const LONGEST: Duration = Duration::from_secs(60);
/// Of each kind of question.
const QUESTIONS: usize = 120;
/// Different words there are, the first of them the most common.
const WORDS: i32 = 20_000;

/// A kind of question: its name, what it says, and what is asked in turn.
struct Asked {
    name: &'static str,
    what: &'static str,
    paths: Vec<String>,
}

/// Fills the tables and asks.
///
/// # Errors
/// When a part does not start or answers anything but 200.
pub async fn measure(report: &mut Report, executable: &Path, quick: bool) -> anyhow::Result<()> {
    let (nats, database) = (
        frontdesk_harness::nats().await,
        frontdesk_harness::database().await,
    );
    let client = database.client().await;
    let owner = people::user(&client, "olivia").await;
    fill(&database, owner, if quick { 20_000 } else { 1_000_000 }).await?;
    plain(report, &database).await?;
    let program = Program::start(
        executable,
        "all",
        "API_LISTEN",
        &freshness::environment(&nats, &database),
    )
    .await;
    let cookie = people::sign_in(&client, owner, owner).await;
    let mut all = Vec::new();
    for asked in questions(&database).await? {
        let times = ask(program.address, &cookie, &asked.paths).await?;
        report.note(asked.name, asked.what, load::percentile_ms(&times, 0.95));
        all.extend(times);
    }
    all.sort_unstable();
    report.add(Figure {
        name: "search_1m_p95_ms",
        what: "all of them, each as often, p95",
        value: load::percentile_ms(&all, 0.95),
        limit: Some("limit_search_sql_p95_ms"),
        target: Some(Target::Below(100.0)),
    });
    report.note(
        "search_1m_p50_ms",
        "all of them, p50",
        load::percentile_ms(&all, 0.5),
    );
    Ok(())
}

/// One after the other, as people do; the first of a kind are a warm-up.
async fn ask(address: SocketAddr, cookie: &str, paths: &[String]) -> anyhow::Result<Vec<u32>> {
    let request = |path: &String| {
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n\r\n").into_bytes()
    };
    let requests: Vec<_> = paths.iter().map(request).collect();
    let first = Arc::new(requests[..5].to_vec());
    load::send_all(address, first, 1, LONGEST).await?;
    let outcome = load::send_all(address, Arc::new(requests), 1, LONGEST).await?;
    ensure!(
        outcome.refused == 0 && outcome.ok == paths.len(),
        "{} of {} were answered, {} were refused",
        outcome.ok,
        paths.len(),
        outcome.refused
    );
    Ok(outcome.into_latencies())
}

#[expect(clippy::too_many_lines, reason = "a table of questions is long")]
async fn questions(database: &Database) -> anyhow::Result<Vec<Asked>> {
    let client = database.client().await;
    let words: Vec<String> = client
        .query("select word from bench_words order by n", &[])
        .await?
        .iter()
        .map(|row| row.get(0))
        .collect();
    let calls: i64 = client
        .query_one("select count(*) from calls.calls", &[])
        .await?
        .get(0);
    let asked = |name, what, path: &dyn Fn(usize) -> String| Asked {
        name,
        what,
        paths: (0..QUESTIONS).map(path).collect(),
    };
    let filters = [
        "&result=missed",
        "&sentiment=negative",
        "&client_id=00000000-0000-0000-0000-000000000007",
        "&from=2020-01-01T00:00:00Z&state=ended",
        "&has_recording=false",
        "&min_talk_ms=87000",
    ];
    Ok(vec![
        asked(
            "search_1m_common_p95_ms",
            "words that a tenth to all of a million calls hold, p95",
            &|n| {
                format!(
                    "/api/calls?q={}+appointment&limit={}",
                    words[n % 40],
                    50 - n / 40
                )
            },
        ),
        asked(
            "search_1m_middling_p95_ms",
            "words that one call in a hundred holds, or fewer, p95",
            &|n| format!("/api/calls?q={}", words[1_500 + 60 * n]),
        ),
        asked(
            "search_1m_rare_p95_ms",
            "words that one call holds, p95",
            &|n| format!("/api/calls?q=ticket{}", calls / 2 + 31 * n as i64),
        ),
        asked(
            "search_1m_phrase_p95_ms",
            "two words in quotation marks, one of them common, p95",
            &|n| format!("/api/calls?q=%22next+tuesday%22+{}", words[200 + 40 * n]),
        ),
        asked(
            "search_1m_none_p95_ms",
            "common words with one that nobody said, p95",
            &|n| format!("/api/calls?q=appointment+unheard{n}"),
        ),
        asked(
            "search_1m_filtered_p95_ms",
            "words of every kind with a filter, p95",
            &|n| {
                let word = [words[n].as_str(), "appointment", words[3_000 + n].as_str()][n % 3];
                format!("/api/calls?q={word}{}", filters[n % filters.len()])
            },
        ),
    ])
}

/// The middling words, which neither way is made for, as the two plain statements: the better of the
/// two for each.
async fn plain(report: &mut Report, database: &Database) -> anyhow::Result<()> {
    let client = database.client().await;
    client
        .batch_execute(
            "set jit = off; set work_mem = '32MB'; set plan_cache_mode = force_custom_plan",
        )
        .await?;
    let walk = client
        .prepare(
            "select c.id from calls.calls c, lateral (select from calls.said s
                where s.call_id = c.id and s.words @@ $1::text::tsquery offset 0) s
             order by started_at desc, id desc limit 51",
        )
        .await?;
    let look_up = client
        .prepare(
            "select c.id from (select call_id from calls.said where words @@ $1::text::tsquery offset 0) s
             join calls.calls c on c.id = s.call_id order by started_at desc, c.id desc limit 51",
        )
        .await?;
    let words = client
        .query(
            "select word from bench_words where n % 60 = 0 and n between 1500 and 8700",
            &[],
        )
        .await?;
    let mut times = Vec::new();
    for row in words {
        let word: String = row.get(0);
        let start = clock::monotonic();
        client.query(&look_up, &[&word]).await?;
        let by_index = start.elapsed();
        // A walk that takes longer is not the better one, and for a rare word it would take seconds.
        let patience = by_index.as_millis() + 1;
        client
            .batch_execute(&format!("set statement_timeout = {patience}"))
            .await?;
        let start = clock::monotonic();
        let walked = client.query(&walk, &[&word]).await;
        let on_foot = walked.map_or(by_index, |_| start.elapsed());
        client.batch_execute("set statement_timeout = 0").await?;
        let best = by_index.min(on_foot).as_micros();
        times.push(u32::try_from(best).unwrap_or(u32::MAX));
    }
    times.sort_unstable();
    report.note(
        "limit_search_sql_p95_ms",
        "middling words as plain SQL without policies, the better of walk and index, p95",
        load::percentile_ms(&times, 0.95),
    );
    Ok(())
}

const CALLS: &str = "insert into calls.calls (id, room_sid, partition, room_name, call_key, user_id, client_id, channel,
                 caller_number, dialled_number, state, result, started_at, answered_at, ended_at, ring_ms, talk_ms,
                 end_code, end_by, end_words, outcome_status, outcome_label, summary, sentiment_label, sentiment_score)
             select md5(n::text)::uuid, 'RM_' || n, 0, 'call-' || n, 'SCL_' || n, $2, lpad(to_hex(n % 400), 32, '0')::uuid,
                 'phone', '+1202555' || lpad((n % 10000)::text, 4, '0'), '+13035550100', 'ended',
                 case when n % 25 = 0 then 'missed' else 'answered' end, t, t + interval '3 s', t + interval '90 s',
                 3000, 87000, 'CLIENT_INITIATED', 'caller', 'The caller hung up', 'success', 'booked', 'A call.',
                 case when n % 16 = 0 then 'negative' else 'positive' end, 0.7
             from (select n, now() - n * interval '7 s' as t from generate_series(1, $1::bigint) as n) as series";

const TURNS: &str = "insert into calls.turns (room_sid, partition, id, call_key, position, speaker, text, interrupted, is_error, user_id)
             select 'RM_' || n, 0, 'i' || place, 'SCL_' || n, place,
                 case when place % 2 = 0 then 'receptionist' else 'caller' end,
                 case when place > 0 then l.text
                     when n % 2 = 0 then 'i would like to move my appointment to next tuesday please ticket' || n
                     else 'good morning ticket' || n end,
                 false, false, $2
             from generate_series(1, $1::bigint) n
             cross join generate_series(0, 11) place
             join bench_lines l on l.line = (hashint8(n * 16 + place) & 2147483647) % 4000";

/// Calls of the last ninety days with what was said on each: twelve turns of twelve words, common and
/// rare as in a language, every second one about an appointment. Made in the database, like the calls
/// of the list; the index is made last, or the fill would take an hour.
async fn fill(database: &Database, owner: Uuid, calls: i64) -> anyhow::Result<()> {
    let client = database.client().await;
    client
        .batch_execute(&format!(
            "set synchronous_commit = off; set jit = off; set maintenance_work_mem = '512MB';
             create table bench_words as
                select n, translate(md5(n::text), '0123456789', 'ghijklmnop')::char(8)::text as word
                from generate_series(0, {WORDS} - 1) n;
             create table bench_lines as
                select line, string_agg(word, ' ' order by place) as text
                from (select line, place, floor({WORDS} * power(random(), 4))::int as n
                    from generate_series(0, 3999) line, generate_series(1, 12) place offset 0) drawn
                join bench_words using (n) group by line;
             create unique index on bench_lines (line);
             drop index calls.said_words;"
        ))
        .await?;
    client.execute(CALLS, &[&calls, &owner]).await?;
    client.execute(TURNS, &[&calls, &owner]).await?;
    client
        .execute(
            "insert into calls.said (call_id, user_id, words)
             select c.id, $1::uuid, t.words || format('''@%1$s'' ''@%1$s/%2$s''', $1::uuid,
                 floor(extract(epoch from c.started_at) / 86400))::tsvector
             from (select room_sid, to_tsvector('simple', string_agg(text, ' ' order by position)) as words
                from calls.turns group by room_sid) t
             join calls.calls c on c.room_sid = t.room_sid order by c.started_at",
            &[&owner],
        )
        .await?;
    client
        .batch_execute("create index said_words on calls.said using gin (words)")
        .await?;
    // Each alone: PostgreSQL vacuums in no transaction.
    for table in ["calls.calls", "calls.said", "calls.turns"] {
        client
            .batch_execute(&format!("vacuum analyze {table}"))
            .await?;
    }
    Ok(())
}
