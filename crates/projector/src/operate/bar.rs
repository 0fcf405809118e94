//! How long work shows itself: a bar with rate and ETA on a terminal, a line every few seconds
//! elsewhere, nothing for machines.

use frontdesk_process::clock;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::IsTerminal as _,
    time::{Duration, Instant},
};

/// How often a log gets a line.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// A progress display on standard error.
pub struct Bar {
    bar: ProgressBar,
    lines: bool,
    started: Instant,
    last_line: Instant,
    first: Option<u64>,
    what: String,
}

impl Bar {
    /// Shows `what` is being done; silent when machines read the result.
    #[must_use]
    pub fn new(what: &str, silent: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        if silent || !terminal {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let template = "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} ETA {eta}";
        bar.set_style(ProgressStyle::with_template(template).expect("the template is a constant"));
        bar.set_message(what.to_owned());
        let now = clock::monotonic();
        Self {
            bar,
            lines: !silent && !terminal,
            started: now,
            last_line: now,
            first: None,
            what: what.to_owned(),
        }
    }

    /// So many are done, so many are still to come.
    pub fn show(&mut self, done: u64, pending: u64) {
        let first = *self.first.get_or_insert(done);
        self.bar.set_length(done + pending);
        self.bar.set_position(done);
        if self.lines && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = clock::monotonic();
            let rate = (done - first) as f64 / self.started.elapsed().as_secs_f64();
            let eta = if rate > 0.0 {
                pending as f64 / rate
            } else {
                0.0
            };
            eprintln!(
                "{}: {done} of {} events, {rate:.0}/s, {eta:.0} s to go",
                self.what,
                done + pending
            );
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
