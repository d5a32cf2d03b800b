//! The progress of a sync: a line that moves on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use headwater::sync::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

/// Plain lines come at most this often.
const LINE_INTERVAL: Duration = Duration::from_secs(1);

/// Shows how far a sync is, on stderr.
pub(crate) struct Display {
    bar: Option<ProgressBar>,
    started: Instant,
    last_line: Option<Instant>,
}

impl Display {
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { bar, started: Instant::now(), last_line: None }
    }

    pub(crate) fn show(&mut self, progress: &Progress<'_>) {
        let counts = &progress.stream.counts;
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = counts.read as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        let text = format!(
            "{}: {} rows, {rate:.0} rows/s, {} created, {} updated, {} unchanged, {} rejected",
            progress.stream.source,
            counts.read,
            counts.created,
            counts.updated,
            counts.unchanged,
            counts.rejected
        );
        match &self.bar {
            Some(bar) => bar.set_message(text),
            None if self.last_line.is_none_or(|at| at.elapsed() >= LINE_INTERVAL) => {
                output::note(&text);
                self.last_line = Some(Instant::now());
            }
            None => {}
        }
    }

    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
