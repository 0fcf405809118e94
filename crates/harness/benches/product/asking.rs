//! The list of calls as many people ask for it: each with a session of their own and a place of their
//! own in their list, so that no two ask the same and no read answers two.
//!
//! Row-level security is on, as everywhere. What it costs is measured on the API's own statement
//! (the text is the one its build was checked with), in the API's own transaction: once as the API's
//! role, whom the policies hold, and once as the owner of the tables, whom they do not, with the
//! account named in the statement instead.

use super::{
    floor, freshness, load,
    report::{Figure, Report, Target},
};
use anyhow::ensure;
use chrono::{DateTime, Utc};
use frontdesk_api::cursor::Cursor;
use frontdesk_harness::{Database, Program};
use frontdesk_process::clock;
use futures::future::try_join_all;
use std::{path::Path, sync::Arc, time::Duration};
use uuid::Uuid;

const CONNECTIONS: usize = 32;
const LONGEST: Duration = Duration::from_secs(15);
/// Many more than connections, so that hardly anybody is asked for by two at once, and far fewer
/// requests a second of each than one person may send.
const PEOPLE: usize = 1_000;
/// Rows of a page, and the one more that tells whether another page follows.
const PAGE: i64 = 51;
/// The condition of the API's statement that row-level security adds to.
const BELOW: &str = "where (started_at, id) < ($1, $2)";

/// And the other one, of the business whose call it was.
const OF_CALL: &str = "on k.id = c.client_id";

/// Where somebody asks from.
#[derive(Clone)]
struct Place {
    person: Uuid,
    cookie: String,
    at: DateTime<Utc>,
    id: Uuid,
}

/// Measures SQL alone, an empty route, and then the API.
///
/// # Errors
/// When a part does not start or answers anything but 200.
pub async fn measure(report: &mut Report, executable: &Path, quick: bool) -> anyhow::Result<()> {
    let (nats, database) = (
        frontdesk_harness::nats().await,
        frontdesk_harness::database().await,
    );
    let (calls, requests) = if quick { (100, 5_000) } else { (500, 40_000) };
    let places = Arc::new(fill(&database, calls, requests).await?);
    limits(report, &database, &places).await?;
    floor::small(report, requests, CONNECTIONS).await?;

    let environment = freshness::environment(&nats, &database);
    let program = Program::start(executable, "all", "API_LISTEN", &environment).await;
    let requests: Vec<_> = places.iter().map(request).collect();
    let first = Arc::new(requests[..requests.len() / 10].to_vec());
    load::send_all(program.address, first, CONNECTIONS, LONGEST).await?;
    let requests = Arc::new(requests);
    let outcome = load::send_all(program.address, requests, CONNECTIONS, LONGEST).await?;
    ensure!(
        outcome.refused == 0,
        "{} answers were not 200",
        outcome.refused
    );
    report.add(Figure {
        name: "api_authed_calls_per_s",
        what: "GET /api/calls of 1,000 people, each with a session and a cursor of their own, requests/s",
        value: outcome.per_second(),
        limit: Some("limit_authed_sql_per_s"),
        target: Some(Target::AtLeast(4_000.0)),
    });
    report.note(
        "api_authed_calls_p50_ms",
        "its latency, 32 connections, p50",
        outcome.percentile_ms(0.5),
    );
    report.note(
        "api_authed_calls_p99_ms",
        "its latency, 32 connections, p99",
        outcome.percentile_ms(0.99),
    );
    Ok(())
}

fn request(place: &Place) -> Vec<u8> {
    let cursor = Cursor {
        at: place.at,
        id: place.id.to_string(),
    };
    format!(
        "GET /api/calls?cursor={} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nCookie: {}\r\n\r\n",
        cursor.encode(),
        place.cookie
    )
    .into_bytes()
}

async fn limits(
    report: &mut Report,
    database: &Database,
    places: &Arc<Vec<Place>>,
) -> anyhow::Result<()> {
    let statement = api_statement()?;
    let named = statement
        .replace(BELOW, &format!("{BELOW} and user_id = $4"))
        .replace(OF_CALL, &format!("{OF_CALL} and k.user_id = $4"));
    ensure!(
        named.matches("user_id = $4").count() == 2,
        "the API's statement has changed"
    );
    let alone = Asking {
        role: None,
        begins: false,
        statement: named.clone(),
    };
    report.note(
        "limit_authed_sql_per_s",
        "the same pages as one prepared statement without row-level security or transaction, 32 connections, queries/s",
        alone.run(database, places).await?,
    );
    // Twice each, in turn, so that neither is the one that came first.
    let (mut without, mut with) = (0.0, 0.0);
    for _ in 0..2 {
        let owner = Asking {
            role: None,
            begins: true,
            statement: named.clone(),
        };
        without += owner.run(database, places).await? / 2.0;
        let api = Asking {
            role: Some("frontdesk_api"),
            begins: true,
            statement: statement.clone(),
        };
        with += api.run(database, places).await? / 2.0;
    }
    report.note(
        "rls_off_sql_per_s",
        "in the API's transaction, as the owner of the tables, with the account named in the statement, queries/s",
        without,
    );
    report.add(Figure {
        name: "rls_on_sql_per_s",
        what: "in the API's transaction, as the API's role under row-level security, queries/s",
        value: with,
        limit: Some("rls_off_sql_per_s"),
        target: None,
    });
    report.note(
        "rls_price_percent",
        "by how much less row-level security lets PostgreSQL answer, %",
        (1.0 - with / without) * 100.0,
    );
    Ok(())
}

/// The statement of the page nobody has filtered, as the API's build was checked with it.
fn api_statement() -> anyhow::Result<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../api/.sqlx");
    for entry in std::fs::read_dir(directory)? {
        let text = std::fs::read_to_string(entry?.path())?;
        let checked: serde_json::Value = serde_json::from_str(&text)?;
        let sql = checked["query"].as_str().unwrap_or_default();
        if sql.contains(BELOW) && sql.contains(") newest order by") {
            return Ok(sql.to_owned());
        }
    }
    anyhow::bail!("crates/api/.sqlx has no statement of the newest calls")
}

/// A way to ask PostgreSQL itself.
struct Asking {
    role: Option<&'static str>,
    /// Whether as the API does: settings and statement in one transaction.
    begins: bool,
    statement: String,
}

impl Asking {
    /// Queries a second over all connections.
    async fn run(&self, database: &Database, places: &Arc<Vec<Place>>) -> anyhow::Result<f64> {
        let clients = try_join_all((0..CONNECTIONS).map(|_| async {
            let client = database.client().await;
            if let Some(role) = self.role {
                client.batch_execute(&format!("set role {role}")).await?;
            }
            client.batch_execute("set jit = off").await?;
            let statement = client.prepare(&self.statement).await?;
            anyhow::Ok((client, statement))
        }));
        let clients = clients.await?;
        let (begins, is_named) = (self.begins, self.role.is_none());
        let start = clock::monotonic();
        let asking = clients
            .into_iter()
            .zip(0..)
            .map(|((client, statement), first)| {
                let places = Arc::clone(places);
                tokio::spawn(async move {
                    let mut done = 0;
                    for place in places.iter().skip(first).step_by(CONNECTIONS) {
                        if start.elapsed() > LONGEST {
                            break;
                        }
                        if begins {
                            client.batch_execute(&begin(place.person)).await?;
                        }
                        let rows = match is_named {
                            true => {
                                client
                                    .query(
                                        &statement,
                                        &[&place.at, &place.id, &PAGE, &place.person],
                                    )
                                    .await?
                            }
                            false => {
                                client
                                    .query(&statement, &[&place.at, &place.id, &PAGE])
                                    .await?
                            }
                        };
                        ensure!(rows.len() as i64 == PAGE, "a page of {} rows", rows.len());
                        if begins {
                            client.batch_execute("commit").await?;
                        }
                        done += 1;
                    }
                    anyhow::Ok(done)
                })
            });
        let done = try_join_all(asking).await?;
        let done = done.into_iter().sum::<anyhow::Result<usize>>()?;
        Ok(done as f64 / start.elapsed().as_secs_f64())
    }
}

/// What opens the API's transaction.
fn begin(person: Uuid) -> String {
    format!(
        "begin isolation level repeatable read read only; set local app.user_id = '{person}'; \
         set local app.person_id = '{person}'"
    )
}

/// People with a business and a session each, and so many ended calls each over the last ninety days,
/// one person's among all others'. Gives a place in the upper half of somebody's list for each request.
async fn fill(database: &Database, calls: i64, requests: usize) -> anyhow::Result<Vec<Place>> {
    let client = database.client().await;
    let people = PEOPLE as i64;
    client
        .execute(
            "insert into account.users (id, email, name, billing_key, created_at)
             select gen_random_uuid(), 'person' || n || '@example.com', 'Person ' || n, 'bill_' || n, '2020-01-01'
             from generate_series(1, $1::bigint) as n",
            &[&people],
        )
        .await?;
    client
        .batch_execute(
            "insert into account.clients (id, user_id, name, profession, tenant_key, created_at)
             select gen_random_uuid(), id, name || ' Dental', 'dentist', 'tnt_' || billing_key, '2020-01-01'
             from account.users;
             insert into account.sessions (id, token_hash, user_id, account_id, method, user_agent, address,
                 created_at, seen_at, proven_at, expires_at)
             select gen_random_uuid(), sha256(convert_to(billing_key, 'UTF8')), id, id, 'password', 'a bench',
                 '127.0.0.1', now(), now(), now(), now() + interval '7 d'
             from account.users",
        )
        .await?;
    client
        .execute(
            "insert into calls.calls (id, room_sid, partition, room_name, call_key, user_id, client_id, channel, caller_number,
                 dialled_number, state, result, started_at, answered_at, ended_at, ring_ms, talk_ms, end_code, end_by,
                 end_words, outcome_status, outcome_label, summary, sentiment_label, sentiment_score)
             select gen_random_uuid(), 'RM_' || key, 0, 'call-' || key, 'SCL_' || key, user_id, client_id, 'phone',
                 '+1202555' || lpad((n % 10000)::text, 4, '0'), '+13035550100', 'ended',
                 case when n % 25 = 0 then 'missed' else 'answered' end, t, t + interval '3 s', t + interval '90 s',
                 3000, 87000, 'CLIENT_INITIATED', 'caller', 'The caller hung up', 'success', 'booked',
                 'The caller moved an appointment to next Tuesday at ten.',
                 case when n % 16 = 0 then 'negative' else 'positive' end, 0.7
             from (select n, c.user_id, c.id as client_id, n || '_' || c.id as key,
                     now() - n * (interval '90 d' / $1::bigint) as t
                 from generate_series(1, $1::bigint) as n cross join account.clients c order by n) as series",
            &[&calls],
        )
        .await?;
    client.batch_execute("vacuum analyze calls.calls").await?;
    client
        .batch_execute("analyze account.users; analyze account.clients; analyze account.sessions")
        .await?;
    places(&client, requests).await
}

async fn places(client: &tokio_postgres::Client, requests: usize) -> anyhow::Result<Vec<Place>> {
    // As many of each person's newest as it takes, in an order in which a person comes round last.
    let each = requests.div_ceil(PEOPLE) as i64;
    let rows = client
        .query(
            "select user_id, billing_key, started_at, id from (
                 select c.user_id, u.billing_key, c.started_at, c.id,
                     row_number() over (partition by c.user_id order by c.started_at desc) as place
                 from calls.calls c join account.users u on u.id = c.user_id) placed
             where place <= $1 order by place, md5(user_id::text)",
            &[&each],
        )
        .await?;
    let place = |row: &tokio_postgres::Row| Place {
        person: row.get(0),
        cookie: format!("session={}", row.get::<_, String>(1)),
        at: row.get(2),
        id: row.get(3),
    };
    let places: Vec<_> = rows.iter().take(requests).map(place).collect();
    ensure!(
        places.len() == requests,
        "too few calls for so many requests"
    );
    Ok(places)
}
