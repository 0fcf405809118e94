//! The projector's connections to PostgreSQL, and the statements prepared on them.
//!
//! One connection writes and nothing else; another loads states and owners for the next batch
//! meanwhile. Both take the role `frontdesk_projector`, which may write read models alone.

use crate::{
    aggregate::Fact,
    owners::OwnerStatements,
    projection::{EVENT_INDEX, Projection},
    sql,
    table::Table,
};
use anyhow::Context as _;
use std::{str::FromStr as _, time::Duration};
use tokio_postgres::{Client, Config, NoTls, Statement};

/// A database that does not take a connection within this is away.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What each session is set to.
/// - A crash of PostgreSQL may lose the last commits: rows and checkpoint are lost together and
///   the stream has the events, so no commit waits for the disk.
/// - All statements find rows by key. A plan made while a table was empty would scan it for
///   ever, so plans by scanning or hashing are off, and each plan is made once.
const SETTINGS: &str = "-c role=frontdesk_projector -c synchronous_commit=off -c jit=off \
     -c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off \
     -c enable_mergejoin=off -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s";

/// A connection whose unqualified names mean this schema.
///
/// # Errors
/// When the database is away or refuses.
pub(crate) async fn connect(database_url: &str, schema: &str) -> anyhow::Result<Client> {
    let mut config = Config::from_str(database_url).context("reading DATABASE_URL")?;
    let given = config.get_options().unwrap_or_default().to_owned();
    config
        .options(format!("{given} {SETTINGS} -c search_path={schema}"))
        .application_name(format!("frontdesk projector {schema}"))
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_user_timeout(CONNECT_TIMEOUT * 2)
        .keepalives_idle(CONNECT_TIMEOUT)
        .keepalives_interval(CONNECT_TIMEOUT)
        .keepalives_retries(2);
    connect_with(&config).await
}

/// A connection as DATABASE_URL's own user, for what only the owner of schemas may do.
pub(crate) async fn connect_as_owner(database_url: &str) -> anyhow::Result<Client> {
    let mut config = Config::from_str(database_url).context("reading DATABASE_URL")?;
    config
        .application_name("frontdesk projections")
        .connect_timeout(CONNECT_TIMEOUT);
    connect_with(&config).await
}

async fn connect_with(config: &Config) -> anyhow::Result<Client> {
    let (client, connection) = config
        .connect(NoTls)
        .await
        .context("connecting to PostgreSQL (DATABASE_URL)")?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to PostgreSQL ended");
        }
    });
    Ok(client)
}

/// The loading connection.
pub(crate) struct Loader {
    pub(crate) client: Client,
    pub(crate) owners: OwnerStatements,
    /// By aggregate, in the projection's order.
    pub(crate) states: Vec<Statement>,
}

impl Loader {
    pub(crate) async fn open<F: Fact>(
        client: Client,
        projection: &Projection<F>,
    ) -> anyhow::Result<Self> {
        let owners = OwnerStatements::prepare(&client)
            .await
            .context("preparing questions to account")?;
        let mut states = Vec::new();
        for aggregate in projection.aggregates() {
            states.push(client.prepare(&sql::load_states(aggregate)).await?);
        }
        Ok(Self {
            client,
            owners,
            states,
        })
    }
}

/// The statements that write rows of one shape.
pub(crate) struct Rows {
    pub(crate) write: Statement,
    /// Where each column travels as what it is.
    pub(crate) copy: Option<Statement>,
}

impl Rows {
    async fn prepare(client: &Client, shape: &sql::Shape, write: &str) -> anyhow::Result<Self> {
        let context = || format!("preparing statements for table {}", shape.name);
        let copy = match sql::copy(shape) {
            Some(sql) => Some(client.prepare(&sql).await.with_context(context)?),
            None => None,
        };
        let write = client.prepare(write).await.with_context(context)?;
        Ok(Self { write, copy })
    }
}

/// The statements that write one table of an aggregate.
pub(crate) struct TableStatements {
    pub(crate) table: Table,
    pub(crate) rows: Rows,
    /// Rows by key; of a rollup, those whose sums have become zero.
    pub(crate) delete: Statement,
}

/// The writing connection.
pub(crate) struct Writer {
    pub(crate) client: Client,
    pub(crate) advance: Statement,
    pub(crate) index: Rows,
    /// By aggregate, in the projection's order.
    pub(crate) states: Vec<Rows>,
    tables: Vec<TableStatements>,
}

impl Writer {
    pub(crate) async fn open<F: Fact>(
        client: Client,
        projection: &Projection<F>,
    ) -> anyhow::Result<Self> {
        let mut states = Vec::new();
        for aggregate in projection.aggregates() {
            let shape = sql::states_table(aggregate);
            states.push(Rows::prepare(&client, &shape, &sql::upsert(&shape)).await?);
        }
        let mut tables = Vec::new();
        for table in projection.tables() {
            let shape = sql::Shape::of(&table);
            let rows = Rows::prepare(&client, &shape, &sql::upsert(&shape)).await?;
            let delete = client.prepare(&sql::delete(&table)).await?;
            tables.push(TableStatements {
                table,
                rows,
                delete,
            });
        }
        let index = sql::Shape::of(&EVENT_INDEX);
        Ok(Self {
            advance: client
                .prepare(sql::ADVANCE)
                .await
                .context("preparing the checkpoint's statement")?,
            index: Rows::prepare(&client, &index, &sql::insert(&index)).await?,
            client,
            states,
            tables,
        })
    }

    /// The statements of a table.
    pub(crate) fn table(&self, table: &Table) -> &TableStatements {
        let found = self
            .tables
            .iter()
            .find(|statements| statements.table.name == table.name);
        found.expect("statements were prepared for every table of the projection")
    }
}
