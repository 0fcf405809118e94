//! Running the real `frontdesk` executable with its own servers, and looking at its memory.

use frontdesk_harness::{guard::Guarded, nats::free_port};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A running `frontdesk serve …`.
pub struct Program {
    process: Guarded,
    /// Where it answers.
    pub address: SocketAddr,
}

impl Program {
    /// Starts a role with environment variables; `listen` names the one that holds its address.
    pub async fn start(role: &str, listen: &str, environment: &[(&str, String)]) -> Self {
        let address: SocketAddr = format!("127.0.0.1:{}", free_port()).parse().expect("an address");
        let executable = root().join("target/release/frontdesk");
        assert!(executable.exists(), "build it first: cargo build --release -p frontdesk");
        let mut command = vec!["env".to_owned(), format!("{listen}={address}")];
        command.extend(environment.iter().map(|(name, value)| format!("{name}={value}")));
        command.extend([executable.to_string_lossy().into_owned(), "serve".to_owned(), role.to_owned()]);
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let process = Guarded::start(&command, &root().join("target/bench.log"), None);
        let program = Self { process, address };
        frontdesk_harness::eventually("frontdesk is ready (see target/bench.log)", async || {
            let mut connection = super::load::Connection::open(address).await.ok()?;
            let request = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";
            connection.exchange(request).await.ok().filter(|status| *status == 200)
        })
        .await;
        program
    }

    /// Resident memory now, in megabytes.
    pub fn resident_mb(&self) -> f64 {
        self.memory("VmRSS:")
    }

    /// The highest resident memory so far, in megabytes.
    pub fn peak_mb(&self) -> f64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, field: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.pid())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or("0");
        line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
    }
}
