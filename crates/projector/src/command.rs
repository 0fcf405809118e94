//! `frontdesk projections …`.

use crate::{
    aggregate::Fact,
    operate::{Operator, bar::Bar, status::Status, swap::Swapped},
    projection::Projection,
    projections,
};
use anyhow::bail;
use frontdesk_events::nats::{Connection, NatsArgs, Role};
use futures::future::BoxFuture;
use serde::Serialize;
use std::io::Write as _;

/// Looks after projections.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum ProjectionsCommand {
    /// How far each projection is: checkpoint, stream end, lag, rate.
    Status(Output),
    /// Fill a shadow schema (`<name>_next`) from the first event on; nothing that is read changes.
    Rebuild(Named),
    /// Put the shadow in the place of the live schema, which is kept as `<name>_prev`.
    Swap {
        /// Which, and how to say so.
        #[command(flatten)]
        named: Named,
        /// Drop the `<name>_prev` an earlier swap left; without this nothing is swapped over it.
        #[arg(long)]
        drop_previous: bool,
    },
    /// Put `<name>_prev` back in place.
    Rollback(Named),
    /// Replay the stream into a scratch schema and prove that the live tables equal it.
    Verify(Named),
    /// Drop the shadow schema (`<name>_next`) and its tables.
    DropShadow {
        /// Which, and how to say so.
        #[command(flatten)]
        named: Named,
        /// Drop what the last swap left behind (`<name>_prev`) instead: there is no going back then.
        #[arg(long)]
        previous: bool,
    },
}

/// How to answer.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Output {
    /// Answer in JSON.
    #[arg(long)]
    pub json: bool,
}

/// Which projection.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Named {
    /// The projection.
    pub name: Name,
    /// How to answer.
    #[command(flatten)]
    pub output: Output,
}

/// The projections there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Name {
    /// Calls, transcripts, figures.
    Calls,
    /// Subscriptions, invoices, payments.
    Billing,
}

/// Carries out a command. Boxed, so that the engine is compiled here and not in every program that
/// awaits it.
///
/// # Errors
/// When it cannot be done, or a verification finds a difference.
#[must_use = "nothing happens until it is awaited"]
pub fn command<'a>(
    command: ProjectionsCommand,
    database_url: &'a str,
    nats: &'a NatsArgs,
) -> BoxFuture<'a, anyhow::Result<()>> {
    Box::pin(dispatch(command, database_url, nats))
}

async fn dispatch(
    command: ProjectionsCommand,
    database_url: &str,
    nats: &NatsArgs,
) -> anyhow::Result<()> {
    let operator = Operator::new(
        database_url,
        Connection::open_now(nats, Role::Operator).await?,
    );
    let named = match &command {
        ProjectionsCommand::Status(output) => return status(&operator, *output).await,
        ProjectionsCommand::Rebuild(named)
        | ProjectionsCommand::Swap { named, .. }
        | ProjectionsCommand::Rollback(named)
        | ProjectionsCommand::Verify(named)
        | ProjectionsCommand::DropShadow { named, .. } => *named,
    };
    let operator = operator.showing(!named.output.json);
    match named.name {
        Name::Calls => carry_out(&operator, &command, projections::calls(), named.output).await,
        Name::Billing => carry_out(&operator, &command, projections::billing(), named.output).await,
    }
}

async fn carry_out<F: Fact>(
    operator: &Operator,
    command: &ProjectionsCommand,
    projection: Projection<F>,
    Output { json }: Output,
) -> anyhow::Result<()> {
    let name = projection.name;
    match command {
        // Answered before a projection was chosen.
        ProjectionsCommand::Status(_) => Ok(()),
        ProjectionsCommand::Rebuild(_) => rebuild(operator, projection, json).await,
        ProjectionsCommand::Swap { drop_previous, .. } => {
            let swapped = match drop_previous {
                true => operator.swap_dropping_previous(projection).await?,
                false => operator.swap(projection).await?,
            };
            say_swapped(json, &swapped)
        }
        ProjectionsCommand::Rollback(_) => say_swapped(json, &operator.rollback(projection).await?),
        ProjectionsCommand::Verify(_) => verify(operator, projection, json).await,
        ProjectionsCommand::DropShadow { previous, .. } => {
            let schema = operator.drop_shadow(name, *previous).await?;
            let dropped = serde_json::json!({ "dropped": schema });
            say(json, &dropped, &format!("{schema} is gone"))
        }
    }
}

async fn rebuild<F: Fact>(
    operator: &Operator,
    projection: Projection<F>,
    json: bool,
) -> anyhow::Result<()> {
    let name = projection.name;
    let mut bar = Bar::new(&format!("rebuilding {name}"), json);
    let done = operator.rebuild(projection, &mut bar).await?;
    let words = format!(
        "{} holds {} events, folded in {:.1} s ({:.0}/s), {} dead letters; \
         `frontdesk projections swap {name}` puts it in place",
        done.schema, done.events, done.seconds, done.events_per_s, done.dead_letters
    );
    say(json, &done, &words)
}

fn say_swapped(json: bool, done: &Swapped) -> anyhow::Result<()> {
    let Swapped {
        live,
        kept,
        dropped,
    } = done;
    let dropped = dropped
        .as_ref()
        .map(|schema| format!("; the older {schema} was dropped"));
    let dropped = dropped.unwrap_or_default();
    say(
        json,
        done,
        &format!("{live} is in place; what it was is kept as {kept}{dropped}"),
    )
}

async fn verify<F: Fact>(
    operator: &Operator,
    projection: Projection<F>,
    json: bool,
) -> anyhow::Result<()> {
    let name = projection.name;
    let mut bar = Bar::new(&format!("verifying {name}"), json);
    let found = operator.verify(projection, &mut bar).await?;
    let verdict = match found.differences.is_empty() {
        true => "all equal to a replay",
        false => "NOT what the stream gives",
    };
    let mut words = format!(
        "{} rows in {} tables up to sequence {}: {verdict}",
        found.rows, found.tables, found.sequence
    );
    for difference in &found.differences {
        let user = difference.user.as_deref().unwrap_or("nobody");
        words += &format!(
            "\n  {} of {user}: {} rows live, {} replayed",
            difference.table, difference.live_rows, difference.replayed_rows
        );
    }
    say(json, &found, &words)?;
    if !found.differences.is_empty() {
        bail!("{name} differs from what the stream gives");
    }
    Ok(())
}

async fn status(operator: &Operator, Output { json }: Output) -> anyhow::Result<()> {
    let (calls, billing) = (projections::calls(), projections::billing());
    let (calls, billing) = tokio::try_join!(operator.status(&calls), operator.status(&billing))?;
    let all: Vec<Status> = calls.into_iter().chain(billing).collect();
    if all.is_empty() {
        bail!("there are no read models yet: run `frontdesk migrate`");
    }
    let mut words = format!(
        "{:<14} {:>12} {:>12} {:>10} {:>8} {:>9}  as of",
        "schema", "checkpoint", "stream end", "lag", "lag s", "events/s"
    );
    for status in &all {
        let as_of = status
            .as_of
            .map_or_else(|| "nothing folded".into(), |time| time.to_rfc3339());
        words += &format!(
            "\n{:<14} {:>12} {:>12} {:>10} {:>8.1} {:>9.0}  {as_of}{}",
            status.schema,
            status.checkpoint,
            status.stream_end,
            status.lag_events,
            status.lag_seconds,
            status.events_per_s,
            if status.current {
                ""
            } else {
                "  (made by another version)"
            }
        );
    }
    say(json, &all, &words)
}

fn say(json: bool, facts: &impl Serialize, words: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match json {
        true => writeln!(out, "{}", serde_json::to_string(facts)?)?,
        false => writeln!(out, "{words}")?,
    }
    Ok(())
}
