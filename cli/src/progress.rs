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
    /// The line that came too early to be written.
    held_back: Option<String>,
    /// Requests before the run.
    before: u64,
    /// Requests that the run will take, where that was estimated.
    expected: Option<u64>,
}

impl Display {
    pub(crate) fn new(before: Option<RequestPace>, expected: Option<u64>) -> Self {
        let before = before.map_or(0, |pace| pace.requests);
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { bar, started: Instant::now(), last_line: None, held_back: None, before, expected }
    }

    pub(crate) fn show(&mut self, progress: &Progress<'_>) {
        let text = text(progress, self.started.elapsed(), self.before, self.expected);
        match &self.bar {
            Some(bar) => bar.set_message(output::flat(&text)),
            None if self.last_line.is_none_or(|at| at.elapsed() >= LINE_INTERVAL) => {
                output::note(&text);
                self.last_line = Some(Instant::now());
                self.held_back = None;
            }
            None => self.held_back = Some(text),
        }
    }

    /// Leaves how far it came as the last line.
    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        if let Some(text) = self.held_back {
            output::note(&text);
        }
    }
}

/// How far it is after this time.
fn text(progress: &Progress<'_>, elapsed: Duration, before: u64, expected: Option<u64>) -> String {
    let seconds = elapsed.as_secs_f64().max(0.001);
    let counts = &progress.stream.counts;
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = counts.read as f64 / seconds;
    let mut text = format!(
        "{}: {} rows, {rate:.0} rows/s, {} created, {} updated, {} unchanged, {} rejected",
        progress.stream.source,
        counts.read,
        counts.created,
        counts.updated,
        counts.unchanged,
        counts.rejected
    );
    if let Some(pace) = progress.pace {
        // Those of a verification are not of the run.
        let pace = RequestPace { requests: pace.requests.saturating_sub(before), ..pace };
        text.push_str(&requests(&pace, seconds, expected));
    }
    text
}

/// How a remote workspace is asked: the rate, what is left of its budget, the time to go.
fn requests(pace: &RequestPace, seconds: f64, expected: Option<u64>) -> String {
    let sent = pace.requests;
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = sent as f64 / seconds;
    let mut text = format!(", {sent} requests at {rate:.0}/s");
    if let Some(allowed) = pace.allowed {
        text.push_str(&format!(" of {allowed:.0}/s allowed"));
    }
    if let Some(left) = pace.left {
        text.push_str(&format!(", {left} left"));
    }
    if let Some(expected) = expected {
        #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
        let seconds = expected.saturating_sub(sent) as f64 / rate.max(0.001);
        text.push_str(&format!(", about {seconds:.0} s to go"));
    }
    text
}

#[cfg(test)]
mod tests {
    use headwater::Uuid;
    use headwater::store::journal::{Counts, StreamRun};

    use super::*;

    #[test]
    fn a_remote_run_tells_its_rate_what_is_left_and_the_time_to_go() {
        let counts =
            Counts { read: 300, created: 200, updated: 40, unchanged: 60, ..Counts::default() };
        let stream = StreamRun { source: "people".to_owned(), counts, ..StreamRun::default() };
        let pace = |allowed, left| Some(RequestPace { requests: 750, refused: 1, allowed, left });
        let told = |pace, expected| {
            let progress = Progress { run: Uuid::nil(), stream: &stream, pace };
            text(&progress, Duration::from_secs(10), 500, expected)
        };
        let rows = "people: 300 rows, 30 rows/s, 200 created, 40 updated, 60 unchanged, 0 rejected";
        assert_eq!(told(None, None), rows);
        assert_eq!(told(pace(None, None), None), format!("{rows}, 250 requests at 25/s"));
        let all = "250 requests at 25/s of 30/s allowed, 4000 left, about 30 s to go";
        assert_eq!(told(pace(Some(30.0), Some(4000)), Some(1000)), format!("{rows}, {all}"));
    }
}
