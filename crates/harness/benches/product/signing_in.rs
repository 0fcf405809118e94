//! Logging in: argon2 is to be all that bounds it. So argon2 alone is measured beside it, with as many
//! hashes at once as the API lets run.

use super::{
    freshness, load,
    report::{Figure, Report},
};
use anyhow::{Context as _, ensure};
use argon2::{
    Argon2, PasswordHasher as _, PasswordVerifier as _, password_hash::phc::PasswordHash,
};
use frontdesk_harness::{Database, Program};
use frontdesk_process::clock;
use futures::future::try_join_all;
use std::{path::Path, sync::Arc, time::Duration};

/// What the API lets run at once.
const HASHES_AT_ONCE: usize = 2;
/// Enough that one always waits, few enough that none is turned away.
const CONNECTIONS: usize = 16;
const LONGEST: Duration = Duration::from_secs(60);
const PASSWORD: &str = "three bells by nine";

/// Measures people who log in, each to an account of their own, and argon2 alone around them.
///
/// # Errors
/// When a part does not start or somebody is not let in.
pub async fn measure(report: &mut Report, executable: &Path, quick: bool) -> anyhow::Result<()> {
    let people = if quick { 60 } else { 600 };
    // The parameters of the library's defaults are the API's: 19 MiB, two passes, one lane.
    let hash = Argon2::default()
        .hash_password(PASSWORD.as_bytes())
        .map_err(|error| anyhow::anyhow!("{error}"))?
        .to_string();
    // Before and after: what else the machine does meanwhile must not make one look faster.
    let before = alone(&hash, people).await?;

    let (nats, database) = (
        frontdesk_harness::nats().await,
        frontdesk_harness::database().await,
    );
    sign_up(&database, &hash, people).await?;
    let environment = freshness::environment(&nats, &database);
    let program = Program::start(executable, "all", "API_LISTEN", &environment).await;
    let requests = (0..people).map(request).collect();
    let outcome = load::send_all(program.address, Arc::new(requests), CONNECTIONS, LONGEST).await?;
    ensure!(
        outcome.refused == 0,
        "{} of {people} were not let in",
        outcome.refused
    );
    let after = alone(&hash, people).await?;
    report.note(
        "limit_argon2_per_s",
        "argon2id (m=19456 KiB, t=2, p=1) alone, two at once, before and after the log-ins, verifications/s",
        f64::midpoint(before, after),
    );
    report.add(Figure {
        name: "login_per_s",
        what: "POST /api/auth/login with the right password (argon2id, m=19456 KiB, t=2, p=1), 16 connections, log-ins/s",
        value: outcome.per_second(),
        limit: Some("limit_argon2_per_s"),
        target: None,
    });
    report.note(
        "login_p50_ms",
        "its latency, 14 of 16 waiting for their turn, p50",
        outcome.percentile_ms(0.5),
    );
    Ok(())
}

async fn alone(hash: &str, count: usize) -> anyhow::Result<f64> {
    let start = clock::monotonic();
    let each = count / HASHES_AT_ONCE;
    let threads = (0..HASHES_AT_ONCE).map(|_| {
        let hash = hash.to_owned();
        tokio::task::spawn_blocking(move || {
            let parsed = PasswordHash::new(&hash).ok()?;
            (0..each).try_for_each(|_| {
                Argon2::default()
                    .verify_password(PASSWORD.as_bytes(), &parsed)
                    .ok()
            })
        })
    });
    let done = try_join_all(threads).await?;
    done.into_iter()
        .collect::<Option<()>>()
        .context("a hash does not open with its own password")?;
    Ok((each * HASHES_AT_ONCE) as f64 / start.elapsed().as_secs_f64())
}

async fn sign_up(database: &Database, hash: &str, people: usize) -> anyhow::Result<()> {
    let client = database.client().await;
    let sql = "with made as (
            insert into account.users (id, email, name, billing_key)
            select gen_random_uuid(), 'person' || n || '@example.com', 'Person ' || n, 'bill_' || n
            from generate_series(0, $2::bigint - 1) as n
            returning id
        )
        insert into account.passwords (user_id, hash, changed_at) select id, $1, now() from made";
    client.execute(sql, &[&hash, &(people as i64)]).await?;
    Ok(())
}

fn request(person: usize) -> Vec<u8> {
    let body = format!(r#"{{"email":"person{person}@example.com","password":"{PASSWORD}"}}"#);
    format!(
        "POST /api/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
