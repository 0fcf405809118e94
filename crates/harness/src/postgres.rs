//! A real PostgreSQL a test process, and in it a database a test.
//!
//! The cluster is made once per checkout by `initdb` and copied for each process; the migrated
//! template is made once per process and copied for each test (tens of milliseconds).

use crate::{
    guard::{Guarded, unprivileged},
    nats::free_port,
};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};
use tokio::sync::OnceCell;

/// The server of this test process, shared by its tests.
struct Server {
    port: u16,
    _process: Guarded,
}

static SERVER: OnceCell<Server> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A migrated, empty database.
#[derive(Debug)]
pub struct Database {
    port: u16,
    name: String,
}

impl Database {
    /// Copies the template.
    pub async fn create() -> Self {
        let server = SERVER.get_or_init(start_shared).await;
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        // One copy of a template at a time: PostgreSQL refuses a second.
        static COPYING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
        let turn = COPYING.lock().await;
        execute(
            server.port,
            "postgres",
            &format!("create database {name} template template_frontdesk"),
        )
        .await;
        drop(turn);
        Self {
            port: server.port,
            name,
        }
    }

    /// `postgres://…`.
    #[must_use]
    pub fn url(&self) -> String {
        url(self.port, &self.name)
    }

    /// A client connected as the owner, for looking at tables.
    pub async fn client(&self) -> tokio_postgres::Client {
        client(self.port, &self.name)
            .await
            .expect("the test database accepts connections")
    }
}

/// A PostgreSQL of one test's own, for tests that kill it. Starts empty and migrated.
#[derive(Debug)]
pub struct Cluster {
    directory: PathBuf,
    port: u16,
    process: Option<Guarded>,
    fsync: bool,
}

impl Cluster {
    /// Starts one with a migrated database `frontdesk`.
    pub async fn start() -> Self {
        let mut cluster = Self {
            directory: copy_cluster(),
            port: free_port(),
            process: None,
            fsync: true,
        };
        cluster.restart().await;
        execute(cluster.port, "postgres", "create database frontdesk").await;
        migrate(&cluster.url()).await;
        cluster
    }

    /// Kills every process of it with SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    /// Starts it again on the same files and port, and waits until it has recovered.
    pub async fn restart(&mut self) {
        self.kill();
        self.process = Some(start_server(&self.directory, self.port, self.fsync).await);
    }

    /// `postgres://…/frontdesk`.
    #[must_use]
    pub fn url(&self) -> String {
        url(self.port, "frontdesk")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn url(port: u16, name: &str) -> String {
    format!("postgres://frontdesk@127.0.0.1:{port}/{name}")
}

async fn client(port: u16, name: &str) -> Option<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::connect(&url(port, name), tokio_postgres::NoTls)
        .await
        .ok()?;
    tokio::spawn(connection);
    Some(client)
}

async fn execute(port: u16, database: &str, sql: &str) {
    let client = client(port, database)
        .await
        .expect("the test server accepts connections");
    client
        .batch_execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}

/// What `frontdesk migrate` does to a database.
async fn migrate(url: &str) {
    let pool = sqlx::PgPool::connect(url).await.unwrap();
    sqlx::migrate!("../../migrations").run(&pool).await.unwrap();
    pool.close().await;
    frontdesk_projector::ensure_read_models(url).await.unwrap();
}

async fn start_shared() -> Server {
    let directory = copy_cluster();
    let port = free_port();
    let process = start_server(&directory, port, false).await;
    execute(port, "postgres", "create database template_frontdesk").await;
    migrate(&url(port, "template_frontdesk")).await;
    Server {
        port,
        _process: process,
    }
}

fn programs() -> PathBuf {
    if let Some(path) = std::env::var_os("POSTGRES_BIN") {
        return path.into();
    }
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|path| path.join("initdb").exists())
        .collect();
    found.sort();
    found
        .pop()
        .expect("PostgreSQL is installed (make test installs it)")
}

fn run(program: &Path, arguments: &[&str]) {
    let mut command = match unprivileged() {
        Some(user) => {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid", user, "--regid", user, "--clear-groups", "--"])
                .arg(program);
            command
        }
        None => Command::new(program),
    };
    let out = command.current_dir("/").args(arguments).output().unwrap();
    assert!(
        out.status.success(),
        "{program:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
}

fn scratch() -> PathBuf {
    // Not in target: PostgreSQL may run as another user, who cannot enter a private checkout.
    let root = std::env::temp_dir().join("frontdesk-test-postgres");
    std::fs::create_dir_all(&root).unwrap();
    if unprivileged().is_some() {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o1777)).unwrap();
    }
    root
}

/// Removes the directories of test processes that are gone.
fn sweep(root: &Path) {
    for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name
            .strip_prefix("run-")
            .and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// A fresh copy of an initialised cluster.
fn copy_cluster() -> PathBuf {
    let root = scratch();
    sweep(&root);
    let version = programs()
        .parent()
        .and_then(Path::file_name)
        .unwrap()
        .to_string_lossy()
        .into_owned();
    let pristine = root.join(format!("pristine-{version}"));
    if !pristine.exists() {
        let made = root.join(format!("making-{}", uuid::Uuid::new_v4()));
        let arguments = [
            "-D",
            made.to_str().unwrap(),
            "-U",
            "frontdesk",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "-N",
        ];
        run(&programs().join("initdb"), &arguments);
        // Another process may have been first; then its copy is as good.
        if std::fs::rename(&made, &pristine).is_err() {
            let _ = std::fs::remove_dir_all(&made);
        }
    }
    let copy = root.join(format!(
        "run-{}-{}",
        std::process::id(),
        uuid::Uuid::new_v4()
    ));
    run(
        Path::new("/bin/cp"),
        &["-a", pristine.to_str().unwrap(), copy.to_str().unwrap()],
    );
    copy
}

async fn start_server(directory: &Path, port: u16, fsync: bool) -> Guarded {
    let binary = programs().join("postgres");
    let port_text = port.to_string();
    let fsync = format!("fsync={}", if fsync { "on" } else { "off" });
    let command = [
        binary.to_str().unwrap(),
        "-D",
        directory.to_str().unwrap(),
        "-p",
        &port_text,
        "-h",
        "127.0.0.1",
        "-c",
        "unix_socket_directories=",
        "-c",
        &fsync,
        "-c",
        "max_connections=500",
        "-c",
        "shared_buffers=64MB",
        "-c",
        "autovacuum=off",
    ];
    let log = directory.join("log");
    let mut guarded = Guarded::start(&command, &log, unprivileged());
    crate::eventually("PostgreSQL accepts connections", async || {
        // Backends of a killed server may still hold its shared memory for a moment; the new
        // server then refuses to start, rightly.
        if guarded.has_ended() {
            guarded = Guarded::start(&command, &log, unprivileged());
        }
        client(port, "postgres").await
    })
    .await;
    guarded
}
