//! The remote workspace as a testee: the Rust library, which asks `headwater serve` over HTTP.
//!
//! What a case sets up beside the record API (users, custom fields) is done at the server; what the
//! library does is asked of it as of any other workspace.

use std::path::Path;

use headwater::ErrorCode;
use serde_json::{Map, Value as Json, json};
use ureq::Agent;

use super::requests::seed_line;
use super::served::Served;
use super::{InProcess, Response, Testee};

/// The library on a workspace behind a server.
#[derive(Default)]
pub struct Remote {
    in_process: InProcess,
    server: Option<Served>,
}

impl Testee for Remote {
    fn call(&mut self, request: &Json) -> Result<Response, String> {
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        match text("do") {
            "begin" => {
                let folder = Path::new(text("folder"));
                let served = Served::start(&folder.join("crm.db"), &request["workspace"])?;
                self.in_process.begin_remote(folder, &served.base);
                self.server = Some(served);
                self.reopen()
            }
            "end" => {
                let ended = self.in_process.call(request);
                self.server = None;
                ended
            }
            "seed" => {
                let line = seed_line(request.as_object().unwrap_or(&Map::new()));
                let answer = self.server()?.seed(&line)?;
                match answer["records"][0]["id"].as_str() {
                    Some(id) => self.in_process.call(&json!({
                        "do": "get", "record_type": text("record_type"), "id": id,
                    })),
                    None => Ok(Response::Error(answer["error"].clone())),
                }
            }
            "declare" => {
                let declared = self.local("schema", request.get("body"))?;
                // The library has asked for the record types already.
                self.reopen()?;
                Ok(declared)
            }
            "snapshot" | "reset" => {
                let answer = self.local(text("do"), None)?;
                Ok(match answer {
                    Response::Ok(_) => Response::Ok(Json::Null),
                    other => other,
                })
            }
            "apply" => self.apply(request),
            // Local extensions, which are no part of the record API.
            verb @ ("open" | "restore" | "history") => Ok(Response::Unsupported(verb.to_owned())),
            _ => self.in_process.call(request),
        }
    }
}

impl Remote {
    /// Many cases begin with a batch of new records that are all taken: for those it makes no
    /// difference whether each stands alone. What else all or nothing means is not to be had.
    fn apply(&mut self, request: &Json) -> Result<Response, String> {
        if request["mode"] != "all_or_nothing" {
            return self.in_process.call(request);
        }
        let unsupported = || Ok(Response::Unsupported("apply".to_owned()));
        let mut operations = request["operations"].as_array().into_iter().flatten();
        if !operations.all(|operation| operation["do"] == "create") {
            return unsupported();
        }
        let mut outcomes = Vec::new();
        // One by one, as the cases ask for the order in which they were made.
        for operation in request["operations"].as_array().into_iter().flatten() {
            let mut alone = request.clone();
            alone["mode"] = json!("per_record");
            alone["operations"] = json!([operation]);
            match self.in_process.call(&alone)? {
                Response::Ok(answer) if answer["outcomes"][0]["error"].is_null() => {
                    outcomes.push(answer["outcomes"][0].clone());
                }
                Response::Ok(_) => return unsupported(),
                other => return Ok(other),
            }
        }
        Ok(Response::Ok(json!({ "outcomes": outcomes })))
    }

    fn server(&self) -> Result<&Served, String> {
        self.server.as_ref().ok_or_else(|| "the case has no server".to_owned())
    }

    fn reopen(&mut self) -> Result<Response, String> {
        let base = self.server()?.base.clone();
        self.in_process.call(&json!({ "do": "open", "workspace": base }))
    }

    /// Posts to a local extension of the server.
    fn local(&self, name: &str, body: Option<&Json>) -> Result<Response, String> {
        let base = self.server()?.base.trim_end_matches("/api/v2");
        let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();
        let request = agent.post(format!("{base}/api/local/{name}"));
        let sent = match body {
            Some(body) => request.send_json(body),
            None => request.send_empty(),
        };
        let mut answer = sent.map_err(|cause| format!("the server does not answer: {cause}"))?;
        let body: Json = answer
            .body_mut()
            .read_json()
            .map_err(|cause| format!("the answer is not JSON: {cause}"))?;
        let error = &body["error"];
        match error["code"].as_str().and_then(ErrorCode::from_name) {
            Some(_) => Ok(Response::Error(error.clone())),
            None => Ok(Response::Ok(body)),
        }
    }
}
