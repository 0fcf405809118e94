//! A real nats-server a test, with `sync_interval: always`.

use crate::{deadline::within, guard::Guarded};
use frontdesk_events::nats::{Connection, NatsArgs, Role};
use std::{
    fs::File,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

/// The server under test. Dropped, it is killed and its files go.
#[derive(Debug)]
pub struct Nats {
    directory: PathBuf,
    port: u16,
    monitor_port: u16,
    process: Option<Guarded>,
}

/// A port that is free, and that no other test process is given as long as this one lives: a file
/// of its number is locked. It lies below the range from which the system picks ports for outgoing
/// connections.
#[must_use]
pub fn free_port() -> u16 {
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 12_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Locked until the process ends.
    static HELD: Mutex<Vec<File>> = Mutex::new(Vec::new());
    let directory = std::env::temp_dir().join("frontdesk-test-ports");
    let _ = std::fs::create_dir_all(&directory);
    // Processes that run side by side begin at different places.
    let begin = std::process::id().wrapping_mul(131);
    let (port, lock) = (0..COUNT)
        .map(|_| begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT)
        .filter_map(|place| u16::try_from(FIRST + place).ok())
        .find_map(|port| {
            // Where another user made the file it cannot be locked, and the port itself must do.
            let lock = File::create(directory.join(port.to_string())).ok();
            if lock.as_ref().is_some_and(|lock| lock.try_lock().is_err()) {
                return None;
            }
            // Somebody who is no test may have it.
            TcpListener::bind(("127.0.0.1", port)).ok()?;
            Some((port, lock))
        })
        .expect("one of twelve thousand ports is free");
    HELD.lock().unwrap().extend(lock);
    port
}

/// `NATS_SERVER`, else the one `make` installed, else the one on the PATH.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("NATS_SERVER") {
        return path.into();
    }
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.data/bin/nats-server");
    if installed.exists() {
        installed
    } else {
        "nats-server".into()
    }
}

impl Nats {
    /// Starts a server and creates the four streams in it. One that does not come up in half a minute
    /// gets a second chance, on other ports and another directory: whatever holds it up is not what a
    /// test is about.
    pub async fn start() -> Self {
        // The client of the monitoring address wants to know, though it speaks plain HTTP. A
        // second test of the process finds it installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut server = Self::prepare();
        if let Err(why) = server.come_up().await {
            server = Self::prepare();
            server
                .come_up()
                .await
                .unwrap_or_else(|again| panic!("{again}; before that: {why}"));
        }
        let operator = server.connect(Role::Operator).await;
        operator.ensure_streams(1, -1).await.unwrap();
        server
    }

    fn prepare() -> Self {
        let directory =
            std::env::temp_dir().join(format!("frontdesk-nats-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&directory).unwrap();
        Self {
            directory,
            port: free_port(),
            monitor_port: free_port(),
            process: None,
        }
    }

    /// Kills it with SIGKILL. What was acknowledged is on disk.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again on the same port and store, and waits until it answers.
    pub async fn restart(&mut self) {
        self.come_up().await.unwrap_or_else(|why| panic!("{why}"));
    }

    /// Starts it and waits until it answers; else says why it does not, with what it logged.
    async fn come_up(&mut self) -> Result<(), String> {
        self.kill();
        let config = self.directory.join("nats.conf");
        let (port, monitor, store) = (self.port, self.monitor_port, self.directory.join("store"));
        std::fs::write(
            &config,
            format!(
                "host: 127.0.0.1\nport: {port}\nhttp: \"127.0.0.1:{monitor}\"\n\
                 jetstream {{ store_dir: {store:?}, sync_interval: always }}\nmax_payload: 1179648\n"
            ),
        )
        .unwrap();
        let binary = binary();
        let (binary, config) = (binary.to_str().unwrap(), config.to_str().unwrap());
        // As scripts/nats.sh starts it.
        let command = ["env", "GOGC=400", binary, "-c", config];
        let log = self.directory.join("log");
        let process = self.process.insert(Guarded::start(&command, &log, None));
        let args = NatsArgs::open(
            &format!("nats://127.0.0.1:{port}"),
            &format!("http://127.0.0.1:{monitor}"),
        );
        let answered = within(async || {
            if process.has_ended() {
                return Some(false);
            }
            tokio::net::TcpStream::connect(("127.0.0.1", port))
                .await
                .ok()?;
            let connection = Connection::open_now(&args, Role::Operator).await.ok()?;
            let server = connection.durability().await.ok()?;
            // Ended meanwhile, it was another's that answered.
            server.sync_always.then(|| !process.has_ended())
        })
        .await;
        let logged = || std::fs::read_to_string(&log).unwrap_or_default();
        match answered {
            Some(true) => Ok(()),
            Some(false) => Err(format!("nats-server ended: {}", logged())),
            None => Err(format!("nats-server does not answer in time: {}", logged())),
        }
    }

    /// `nats://…`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The arguments a role would read.
    #[must_use]
    pub fn args(&self) -> NatsArgs {
        NatsArgs::open(
            &self.url(),
            &format!("http://127.0.0.1:{}", self.monitor_port),
        )
    }

    /// A connection of a role.
    pub async fn connect(&self, role: Role) -> Connection {
        Connection::open_now(&self.args(), role).await.unwrap()
    }

    /// The server's process id.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Guarded::pid)
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}
