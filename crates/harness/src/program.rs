//! The real `frontdesk` executable as a process of its own, for tests of the whole product, for
//! fault tests and for benchmarks.

use crate::{eventually, guard::Guarded, nats::free_port};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A running `frontdesk serve …`; killed when dropped.
#[derive(Debug)]
pub struct Program {
    executable: PathBuf,
    role: String,
    environment: Vec<(String, String)>,
    log: PathBuf,
    process: Option<Guarded>,
    /// Where it answers, `/readyz` included.
    pub address: SocketAddr,
}

impl Program {
    /// Starts a role as [`Self::launch`] does, and waits until it is ready.
    pub async fn start(
        executable: &Path,
        role: &str,
        listen: &str,
        environment: &[(&str, String)],
    ) -> Self {
        let program = Self::launch(executable, role, listen, environment);
        program.wait_until_ready().await;
        program
    }

    /// Starts a role with only these environment variables (and PATH). `listen` names the variable that
    /// holds the address where it answers.
    #[must_use]
    pub fn launch(
        executable: &Path,
        role: &str,
        listen: &str,
        environment: &[(&str, String)],
    ) -> Self {
        let address: SocketAddr = format!("127.0.0.1:{}", free_port())
            .parse()
            .expect("an address");
        let mut environment: Vec<_> = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        environment.push((listen.to_owned(), address.to_string()));
        let log = std::env::temp_dir().join(format!("frontdesk-{role}-{}.log", address.port()));
        let _ = std::fs::remove_file(&log);
        let mut program = Self {
            executable: executable.to_owned(),
            role: role.to_owned(),
            environment,
            log,
            process: None,
            address,
        };
        program.restart();
        program
    }

    /// What it was started with, for a second one like it.
    #[must_use]
    pub fn settings(&self) -> Vec<(String, String)> {
        let is_shared = |(name, _): &&(String, String)| !name.ends_with("_LISTEN");
        self.environment.iter().filter(is_shared).cloned().collect()
    }

    /// Kills it with SIGKILL.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again at the same address; does not wait for it.
    pub fn restart(&mut self) {
        self.kill();
        let mut command = vec!["env".to_owned(), "-i".to_owned()];
        command.push(format!(
            "PATH={}",
            std::env::var("PATH").unwrap_or_default()
        ));
        command.extend(
            self.environment
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        command.extend([
            self.executable.to_string_lossy().into_owned(),
            "serve".to_owned(),
            self.role.clone(),
        ]);
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        self.process = Some(Guarded::start(&command, &self.log, None));
    }

    /// Waits for a 200 of `/readyz`; panics with the end of its log when the process has ended.
    pub async fn wait_until_ready(&self) {
        eventually("frontdesk is ready", async || {
            let ended = self.process.as_ref().is_none_or(Guarded::has_ended);
            assert!(
                !ended,
                "frontdesk serve {} ended:\n{}",
                self.role,
                self.log_end()
            );
            self.is_ready().await.then_some(())
        })
        .await;
    }

    async fn is_ready(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(self.address).await else {
            return false;
        };
        let request = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let mut answer = Vec::new();
        stream.write_all(request).await.is_ok()
            && stream.read_to_end(&mut answer).await.is_ok()
            && answer.starts_with(b"HTTP/1.1 200")
    }

    /// The last lines it logged.
    #[must_use]
    pub fn log_end(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let start = text.len().saturating_sub(4000);
        text.get(start..).unwrap_or(&text).to_owned()
    }

    /// Its process id; `None` while it is killed.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Guarded::pid)
    }

    /// Resident memory now, in megabytes.
    #[must_use]
    pub fn resident_mb(&self) -> f64 {
        self.memory("VmRSS:")
    }

    /// The highest resident memory so far, in megabytes.
    #[must_use]
    pub fn peak_mb(&self) -> f64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, field: &str) -> f64 {
        let status = self
            .pid()
            .and_then(|pid| std::fs::read_to_string(format!("/proc/{pid}/status")).ok());
        let kilobytes = status.as_deref().and_then(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix(field))?;
            line.split_whitespace().next()?.parse::<f64>().ok()
        });
        kilobytes.unwrap_or(f64::NAN) / 1024.0
    }
}
