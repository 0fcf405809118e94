//! Child processes that cannot outlive the test process.
//!
//! A shell stands between: it waits on our end of a pipe, and when that closes, because the test
//! ended or was killed, it kills the server. A `Drop` alone would leave servers behind `kill -9`.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

/// A server process; killed (SIGKILL) when this is dropped or the test process is gone.
#[derive(Debug)]
pub struct Guarded {
    shell: Child,
    stdin: Option<ChildStdin>,
    pid: u32,
}

const SCRIPT: &str = r#"
log=$1; shift
"$@" >>"$log" 2>&1 </dev/null &
pid=$!
echo "$pid"
cat >/dev/null
kill -9 "$pid" 2>/dev/null
wait "$pid" 2>/dev/null
exit 0
"#;

impl Guarded {
    /// Starts a command; its output is appended to `log`. `user` runs it as that user when we are
    /// root (PostgreSQL refuses to run as root).
    #[must_use]
    pub fn start(command: &[&str], log: &Path, user: Option<&str>) -> Self {
        let mut shell = Command::new(if user.is_some() { "setpriv" } else { "sh" });
        if let Some(user) = user {
            shell.args([
                "--reuid",
                user,
                "--regid",
                user,
                "--clear-groups",
                "--",
                "sh",
            ]);
        }
        let mut shell = shell
            .args(["-c", SCRIPT, "guard"])
            .arg(log)
            .args(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("starting {command:?}: {error}"));
        let mut line = String::new();
        let stdout = shell.stdout.take().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let pid = line
            .trim()
            .parse()
            .unwrap_or_else(|_| panic!("{command:?} did not start"));
        let stdin = shell.stdin.take();
        Self { shell, stdin, pid }
    }

    /// The server's process id, for fault tests.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether the server is gone although nobody killed it through us.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        // The field after the command name is the state; a zombie has ended.
        std::fs::read_to_string(format!("/proc/{}/stat", self.pid)).map_or(true, |stat| {
            stat.rsplit(") ")
                .next()
                .is_some_and(|rest| rest.starts_with('Z'))
        })
    }

    /// Ends it with SIGKILL and waits until it is gone.
    pub fn kill(&mut self) {
        drop(self.stdin.take());
        let _ = self.shell.wait();
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The user to run PostgreSQL as: none unless we are root.
#[must_use]
pub fn unprivileged() -> Option<&'static str> {
    let is_root = Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|out| out.stdout.starts_with(b"0\n"));
    is_root.then_some("postgres")
}
