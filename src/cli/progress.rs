//! A progress bar for runs that take long, on a terminal only.

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Most runs are over before anybody wonders.
const PATIENCE: Duration = Duration::from_secs(1);

/// The bar, which does not exist until it is needed.
pub(super) struct Progress {
    start: Instant,
    is_terminal: bool,
    bar: OnceLock<ProgressBar>,
}

impl Progress {
    pub(super) fn new() -> Progress {
        Progress { start: Instant::now(), is_terminal: std::io::stderr().is_terminal(), bar: OnceLock::new() }
    }

    /// Called by any worker at any time.
    pub(super) fn show(&self, done: usize, total: usize) {
        if !self.is_terminal || self.start.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_init(|| {
            let style = ProgressStyle::with_template("checking {wide_bar} {human_pos}/{human_len} files, {eta} left");
            ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_length(total as u64);
        // Workers report out of order.
        if done as u64 > bar.position() {
            bar.set_position(done as u64);
        }
    }

    /// Takes the bar away before a report is printed.
    pub(super) fn finish(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
