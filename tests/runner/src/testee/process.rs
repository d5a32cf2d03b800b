//! A testee in another process: one JSON object a line on its stdin and stdout.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::Value as Json;

use super::{Response, Testee};

/// How long an answer may take; a testee that hangs must not hang the run.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// A program that speaks the protocol; it ends when its stdin does.
pub struct ProcessTestee {
    child: Child,
    requests: Option<ChildStdin>,
    answers: Receiver<std::io::Result<String>>,
}

impl ProcessTestee {
    /// Starts the program.
    ///
    /// # Errors
    /// Text that says why it cannot be started.
    pub fn start(mut command: Command) -> Result<Self, String> {
        let shown = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|cause| format!("cannot start {shown}: {cause}"))?;
        let requests = child.stdin.take();
        let output = child.stdout.take().ok_or("the testee has no stdout")?;
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines() {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, requests, answers })
    }

    fn send(&mut self, request: &Json) -> std::io::Result<()> {
        let mut line = request.to_string();
        line.push('\n');
        match &mut self.requests {
            Some(requests) => requests.write_all(line.as_bytes()).and_then(|()| requests.flush()),
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Testee for ProcessTestee {
    fn call(&mut self, request: &Json) -> Result<Response, String> {
        let sent = self.send(request);
        let line = match (sent, self.answers.recv_timeout(ANSWER_TIMEOUT)) {
            (Ok(()), Ok(line)) => {
                line.map_err(|cause| format!("cannot read its answer: {cause}"))?
            }
            (Ok(()), Err(RecvTimeoutError::Timeout)) => {
                // What it may still say would be taken for the answer to the next request.
                self.requests = None;
                return Err(format!("the testee did not answer within {ANSWER_TIMEOUT:?}"));
            }
            (Err(cause), _) => return Err(format!("the testee takes no requests: {cause}")),
            (Ok(()), Err(RecvTimeoutError::Disconnected)) => {
                return Err("the testee ended without an answer".to_owned());
            }
        };
        serde_json::from_str(&line)
            .map_err(|cause| cause.to_string())
            .and_then(Response::from_json)
            .map_err(|why| format!("{why}: {line}"))
    }
}

impl Drop for ProcessTestee {
    fn drop(&mut self) {
        self.requests = None;
        // It should end by itself; one that hangs is ended, so that the run is not held up.
        for _ in 0..100 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
