//! `headwater serve` on a desk, asked as an integrator's program asks it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value as Json, json};
use ureq::Agent;
use ureq::http::{Request, Response};

use crate::{Desk, Finished};

/// A server on `crm.db` of a desk; it is killed where it is dropped.
pub struct Served {
    /// The running program.
    pub child: Child,
    /// Where the record API is.
    pub base: String,
    /// The API key that requests bring.
    pub key: Option<String>,
    agent: Agent,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    /// Starts it with these arguments, and on a free port.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start(desk: &Desk, arguments: &[&str]) -> Self {
        Self::start_without_workspace(desk, &[&["--workspace", "crm.db"], arguments].concat())
    }

    /// Starts it with these arguments alone, and on a free port.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start_without_workspace(desk: &Desk, arguments: &[&str]) -> Self {
        let serve = ["serve", "--listen", "127.0.0.1:0"];
        Self::of(desk.start(&[&serve, arguments].concat()))
    }

    /// Starts it by a command of its own.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    pub fn start_command(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::of(command.spawn().expect("the program starts"))
    }

    /// A server that has been started, with its stdout piped.
    ///
    /// # Panics
    /// If it does not say where it is.
    #[must_use]
    pub fn of(mut child: Child) -> Self {
        let mut base = String::new();
        let output = child.stdout.take().expect("stdout is piped");
        BufReader::new(output).read_line(&mut base).expect("the server says where it is");
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            // As many as the threads of a test that use it.
            .max_idle_connections(64)
            .max_idle_connections_per_host(64)
            .build()
            .new_agent();
        Self { child, base: base.trim().to_owned(), key: None, agent }
    }

    /// Host and port.
    ///
    /// # Panics
    /// If the server did not say where it is.
    #[must_use]
    pub fn address(&self) -> &str {
        let (_, rest) = self.base.split_once("://").expect("a URL");
        rest.split('/').next().unwrap_or_default()
    }

    /// Sends a request with further headers; the path begins below the host.
    ///
    /// # Errors
    /// If the server does not answer.
    ///
    /// # Panics
    /// If no request can be made of it.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Response<String>, ureq::Error> {
        let scheme = self.base.split("://").next().unwrap_or_default();
        let url = format!("{scheme}://{}{path}", self.address());
        let mut request = Request::builder().method(method).uri(url);
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.agent.run(request.body(body).expect("a request"))?;
        let (parts, mut body) = response.into_parts();
        Ok(Response::from_parts(parts, body.read_to_string()?))
    }

    /// Sends a body to the record API; gives the status and the answer, null where it is empty.
    ///
    /// # Errors
    /// If the server does not answer.
    ///
    /// # Panics
    /// If the answer is not JSON.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Result<(u16, Json), ureq::Error> {
        let response = self.request(method, &format!("/api/v2{path}"), &[], body)?;
        let answer = match response.body().as_str() {
            "" => Json::Null,
            text => serde_json::from_str(text).expect("the answer is JSON"),
        };
        Ok((response.status().as_u16(), answer))
    }

    /// As [`Served::try_send`], where an answer is certain.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn send(&self, method: &str, path: &str, body: &[u8]) -> (u16, Json) {
        self.try_send(method, path, body).expect("the server answers")
    }

    /// Posts a JSON body to the record API.
    ///
    /// # Panics
    /// If there is no answer.
    #[must_use]
    pub fn post(&self, path: &str, body: &Json) -> (u16, Json) {
        self.send("POST", path, body.to_string().as_bytes())
    }

    /// Sends a JSON body, or none for null, to a local extension.
    ///
    /// # Panics
    /// If there is no answer, or it is not JSON.
    #[must_use]
    pub fn local(&self, method: &str, path: &str, body: &Json) -> (u16, Json) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let path = format!("/api/local{path}");
        let response = self.request(method, &path, &[], body.as_bytes()).expect("an answer");
        let answer = serde_json::from_str(response.body()).expect("the answer is JSON");
        (response.status().as_u16(), answer)
    }

    /// Sends bytes as they are over a connection of their own; gives all that comes back.
    ///
    /// # Panics
    /// If the server leaves the connection open without a word for half a minute.
    #[must_use]
    pub fn send_raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address()).expect("a connection");
        let patience = Some(Duration::from_secs(30));
        stream.set_read_timeout(patience).expect("a time limit");
        // It may have answered, and closed, before all is sent.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            Err(cause) if cause.kind() == std::io::ErrorKind::WouldBlock => {
                panic!("the connection stays open after {:?}", String::from_utf8_lossy(&answer))
            }
            _ => String::from_utf8_lossy(&answer).into_owned(),
        }
    }

    /// Tells it to end, with SIGTERM.
    ///
    /// # Panics
    /// If there is no `kill`.
    pub fn terminate(&self) {
        Command::new("kill").arg(self.child.id().to_string()).status().expect("kill runs");
    }

    /// Ends it with SIGTERM; gives its status and what it wrote to stderr.
    ///
    /// # Panics
    /// If it cannot be ended.
    #[must_use]
    pub fn stop(mut self) -> Finished {
        self.terminate();
        let mut errors = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut errors).expect("stderr is text");
        }
        let status = self.child.wait().expect("it ends").code();
        Finished { status, output: String::new(), errors }
    }
}

/// The code of an error's answer; null where it is none.
#[must_use]
pub fn code(answer: &Json) -> Json {
    json!(answer["error"]["code"])
}
