//! Creating and naming the schemas of read models.
//!
//! A read model is never migrated. Its schema says by which version it was made; a program of
//! another version refuses to add to it, and reaches its own by a rebuild and a swap.

use crate::{aggregate::Fact, projection::Projection, stop::Stop, store};
use anyhow::Context as _;
use futures::future::BoxFuture;
use tokio_postgres::Client;

/// Creates the schema of a projection if it is not there. Leaves one of another version alone:
/// it is still what the dashboard shows.
pub(crate) async fn ensure<F: Fact>(
    client: &mut Client,
    projection: &Projection<F>,
) -> anyhow::Result<()> {
    // Two programs may start at once; the second finds what the first made.
    client
        .execute(
            "select pg_advisory_lock(hashtext('frontdesk read models'))",
            &[],
        )
        .await?;
    let found = version(client, projection.name).await?;
    if found.is_none() {
        create(client, projection.name, projection).await?;
    } else if found.as_deref() != Some(&projection.version()) {
        tracing::warn!(
            "{}",
            outdated(
                projection.name,
                found.as_deref().unwrap_or_default(),
                projection
            )
        );
    }
    client
        .execute(
            "select pg_advisory_unlock(hashtext('frontdesk read models'))",
            &[],
        )
        .await?;
    Ok(())
}

/// Creates a schema of this version, empty, written by the projector and read by workers and
/// administrators; what the api may read stands with the rules of whose rows are whose.
pub(crate) async fn create<F: Fact>(
    client: &mut Client,
    schema: &str,
    projection: &Projection<F>,
) -> anyhow::Result<()> {
    let transaction = client.transaction().await?;
    let (sql, name, version) = (projection.sql, projection.name, projection.version());
    let script = format!(
        "create schema {schema} authorization frontdesk_projector;
         set local role frontdesk_projector;
         set local search_path = {schema};
         {sql}
         ;
         grant usage on schema {schema} to frontdesk_api, frontdesk_workers, frontdesk_admin;
         grant select on all tables in schema {schema} to frontdesk_workers, frontdesk_admin;
         comment on schema {schema} is 'frontdesk read model {name}, version {version}';"
    );
    transaction
        .batch_execute(&script)
        .await
        .with_context(|| format!("creating schema {schema}"))?;
    transaction.commit().await?;
    tracing::info!(schema, version, "created a read model");
    Ok(())
}

/// Drops a schema and its tables.
pub(crate) async fn drop(client: &Client, schema: &str) -> anyhow::Result<()> {
    let sql = format!("drop schema if exists {schema} cascade");
    client
        .batch_execute(&sql)
        .await
        .with_context(|| format!("dropping schema {schema}"))
}

/// The version a schema was made by; empty when it does not say, `None` without the schema.
pub(crate) async fn version(
    client: &Client,
    schema: &str,
) -> Result<Option<String>, tokio_postgres::Error> {
    let row = client
        .query_opt(
            "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = $1",
            &[&schema],
        )
        .await?;
    Ok(row.map(|row| {
        let comment: Option<String> = row.get(0);
        comment
            .as_deref()
            .and_then(|text| text.rsplit_once("version "))
            .map_or("", |(_, version)| version)
            .to_owned()
    }))
}

/// Refuses a schema this program must not add to.
pub(crate) async fn must_be_current<F: Fact>(
    client: &Client,
    schema: &str,
    projection: &Projection<F>,
) -> Result<(), Stop> {
    match version(client, schema).await? {
        Some(found) if found == projection.version() => Ok(()),
        Some(found) => Err(Stop::Halt(outdated(schema, &found, projection))),
        None => Err(Stop::Halt(format!(
            "schema {schema} does not exist: run `frontdesk migrate`"
        ))),
    }
}

fn outdated<F: Fact>(schema: &str, found: &str, projection: &Projection<F>) -> String {
    let (name, version) = (projection.name, projection.version());
    format!(
        "schema {schema} was made by version {found} of read model {name}, this program writes {version}: \
         run `frontdesk projections rebuild {name}`, then `frontdesk projections swap {name}`"
    )
}

/// Creates the schemas of all read models that are missing, with the rights of each role. Boxed, so that
/// it is compiled here and not in every program that awaits it.
///
/// # Errors
/// When the database is away, or its user may not create schemas.
#[must_use = "nothing happens until it is awaited"]
pub fn ensure_read_models(database_url: &str) -> BoxFuture<'_, anyhow::Result<()>> {
    Box::pin(async move {
        ensure_read_model(database_url, &crate::projections::calls()).await?;
        ensure_read_model(database_url, &crate::projections::billing()).await
    })
}

/// Creates the schema of one read model if it is missing.
///
/// # Errors
/// When the database is away, or its user may not create schemas.
pub async fn ensure_read_model<F: Fact>(
    database_url: &str,
    projection: &Projection<F>,
) -> anyhow::Result<()> {
    ensure(
        &mut store::connect_as_owner(database_url).await?,
        projection,
    )
    .await
}
