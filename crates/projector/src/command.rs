//! `frontdesk projections …`.

use crate::{
    aggregate::Fact,
    operate::{Operator, bar::Bar, status::Status},
    projection::Projection,
    projections,
};
use anyhow::bail;
use frontdesk_events::nats::{Connection, NatsArgs, Role};
use serde::Serialize;
use std::io::Write as _;

/// Looks after projections.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum ProjectionsCommand {
    /// How far each projection is: checkpoint, stream end, lag, rate.
    Status(Output),
    /// Fill a shadow schema (`<name>_next`) from the first event on; nothing that is read changes.
    Rebuild(Named),
    /// Put the shadow in the place of the live schema, which is kept as `<name>_prev`; an older
    /// one of that name is dropped.
    Swap(Named),
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

/// Carries out a command.
///
/// # Errors
/// When it cannot be done, or a verification finds a difference.
pub async fn command(
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
        | ProjectionsCommand::Swap(named)
        | ProjectionsCommand::Rollback(named)
        | ProjectionsCommand::Verify(named)
        | ProjectionsCommand::DropShadow { named, .. } => *named,
    };
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
        ProjectionsCommand::Status(_) => Ok(()),
        ProjectionsCommand::Rebuild(_) => {
            let done = operator
                .rebuild(
                    projection,
                    &mut Bar::new(&format!("rebuilding {name}"), json),
                )
                .await?;
            let words = format!(
                "{} holds {} events, folded in {:.1} s ({:.0}/s), {} dead letters; `frontdesk projections swap {name}` \
                 puts it in place",
                done.schema, done.events, done.seconds, done.events_per_s, done.dead_letters
            );
            say(json, &done, &words)
        }
        ProjectionsCommand::Swap(_) | ProjectionsCommand::Rollback(_) => {
            let done = match command {
                ProjectionsCommand::Swap(_) => operator.swap(projection).await?,
                _ => operator.rollback(projection).await?,
            };
            let dropped = done.dropped.as_ref().map_or(String::new(), |schema| {
                format!("; the older {schema} was dropped")
            });
            say(
                json,
                &done,
                &format!(
                    "{} is in place, what it was is {}{dropped}",
                    done.live, done.kept
                ),
            )
        }
        ProjectionsCommand::Verify(_) => {
            let found = operator
                .verify(
                    projection,
                    &mut Bar::new(&format!("verifying {name}"), json),
                )
                .await?;
            let mut words = format!(
                "{} rows in {} tables up to sequence {}: {}",
                found.rows,
                found.tables,
                found.sequence,
                if found.differences.is_empty() {
                    "all equal to a replay"
                } else {
                    "NOT what the stream gives"
                }
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
        ProjectionsCommand::DropShadow { previous, .. } => {
            let schema = operator.drop_shadow(name, *previous).await?;
            say(
                json,
                &serde_json::json!({ "dropped": schema }),
                &format!("{schema} is gone"),
            )
        }
    }
}

async fn status(operator: &Operator, Output { json }: Output) -> anyhow::Result<()> {
    let (calls, billing) = (projections::calls(), projections::billing());
    let (calls, billing) = tokio::try_join!(operator.status(&calls), operator.status(&billing))?;
    let all: Vec<Status> = calls.into_iter().chain(billing).collect();
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
