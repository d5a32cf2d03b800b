//! The progress of a sync: a line that moves on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use headwater::RequestPace;
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
    /// Requests that the run will take, where that was estimated.
    expected: Option<u64>,
}

impl Display {
    pub(crate) fn new(expected: Option<u64>) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { bar, started: Instant::now(), last_line: None, expected }
    }

    pub(crate) fn show(&mut self, progress: &Progress<'_>) {
        let counts = &progress.stream.counts;
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = counts.read as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        let mut text = format!(
            "{}: {} rows, {rate:.0} rows/s, {} created, {} updated, {} unchanged, {} rejected",
            progress.stream.source,
            counts.read,
            counts.created,
            counts.updated,
            counts.unchanged,
            counts.rejected
        );
        if let Some(pace) = &progress.pace {
            text.push_str(&self.requests(pace));
        }
        match &self.bar {
            Some(bar) => bar.set_message(text),
            None if self.last_line.is_none_or(|at| at.elapsed() >= LINE_INTERVAL) => {
                output::note(&text);
                self.last_line = Some(Instant::now());
            }
            None => {}
        }
    }

    /// How a remote workspace is asked: the rate, what is left of its budget, the time to go.
    fn requests(&self, pace: &RequestPace) -> String {
        let sent = pace.requests;
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = sent as f64 / self.started.elapsed().as_secs_f64().max(0.001);
        let mut text = format!(", {sent} requests at {rate:.0}/s");
        if let Some(allowed) = pace.allowed {
            text.push_str(&format!(" of {allowed:.0}/s allowed"));
        }
        if let Some(left) = pace.left {
            text.push_str(&format!(", {left} left"));
        }
        if let Some(expected) = self.expected {
            #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
            let seconds = expected.saturating_sub(sent) as f64 / rate.max(0.001);
            text.push_str(&format!(", about {seconds:.0} s to go"));
        }
        text
    }

    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
