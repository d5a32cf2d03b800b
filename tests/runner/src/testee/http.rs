//! The server as a testee: `headwater serve`, asked over HTTP as an integrator's program asks it.

use std::cell::OnceCell;
use std::path::Path;

use serde_json::{Map, Value as Json, json};
use ureq::Agent;

use super::documented;
use super::requests::seed_line;
use super::served::Served;
use super::{Response, Testee};

/// A server on each case's workspace.
pub struct HttpTestee {
    agent: Agent,
    server: Option<Served>,
    /// What the server says of itself, as long as no case declares more.
    standard: OnceCell<Json>,
    /// The same once this case has.
    extended: OnceCell<Json>,
    has_declared: bool,
}

impl Default for HttpTestee {
    fn default() -> Self {
        let agent = Agent::config_builder().http_status_as_error(false).build().new_agent();
        let (standard, extended) = (OnceCell::new(), OnceCell::new());
        Self { agent, server: None, standard, extended, has_declared: false }
    }
}

impl Testee for HttpTestee {
    fn call(&mut self, request: &Json) -> Result<Response, String> {
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        let record_type = text("record_type");
        let body = |names: &[&str]| {
            let given =
                names.iter().filter_map(|name| request.get(name).map(|value| (name, value)));
            let body: Map<String, Json> =
                given.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            Some(Json::Object(body))
        };
        match text("do") {
            "begin" => {
                let workspace = Path::new(text("folder")).join("crm.db");
                self.server = Some(Served::start(&workspace, &request["workspace"])?);
                Ok(Response::Ok(Json::Null))
            }
            "end" => {
                self.server = None;
                self.has_declared = false;
                Ok(Response::Ok(Json::Null))
            }
            "declare" => {
                self.extended = OnceCell::new();
                self.has_declared = true;
                self.ask("POST", "/api/local/schema", request.get("body").cloned(), 200)
            }
            "pipelines" => self.ask("GET", "/api/local/pipelines", None, 200),
            "snapshot" => self.ask("POST", "/api/local/snapshot", None, 201).map(without_answer),
            "reset" => self.ask("POST", "/api/local/reset", None, 200).map(without_answer),
            "seed" => {
                self.seed(record_type, &seed_line(request.as_object().unwrap_or(&Map::new())))
            }
            "create" => self.ask("POST", &segments(&[record_type]), body(&["attributes"]), 201),
            "get" => self.ask("GET", &segments(&[record_type, text("id")]), None, 200),
            "patch" => {
                self.ask("PATCH", &segments(&[record_type, text("id")]), body(&["attributes"]), 200)
            }
            "archive" => self.ask("DELETE", &segments(&[record_type, text("id")]), None, 204),
            "restore" => {
                let path = segments(&["api", "local", record_type, text("id"), "restore"]);
                self.ask("POST", &path, None, 200)
            }
            "history" => {
                let path = segments(&["api", "local", record_type, text("id"), "history"]);
                self.ask("GET", &format!("{path}?{}", parameters(request)), None, 200)
            }
            "assert" => self.assert(record_type, body(&["match", "attributes"])),
            "query" => {
                let path = segments(&[record_type, "_query"]);
                self.ask("POST", &path, request.get("body").cloned(), 200)
            }
            "schema" => self.ask("GET", &segments(&["_schema", record_type]), None, 200),
            "add_item" | "update_item" | "remove_item" => self.edit_item(request),
            "edges" | "add_edge" | "update_edge" | "remove_edge" => self.edge(request),
            "apply" => self.create_each(request),
            other => Ok(Response::Unsupported(other.to_owned())),
        }
    }
}

impl HttpTestee {
    /// Seeds the workspace beside the server, which reads what came in.
    fn seed(&self, record_type: &str, line: &str) -> Result<Response, String> {
        let answer = self.server.as_ref().ok_or("the case has no server")?.seed(line)?;
        match answer["records"][0]["id"].as_str() {
            Some(id) => self.ask("GET", &segments(&[record_type, id]), None, 200),
            None => Ok(Response::Error(answer["error"].clone())),
        }
    }

    /// Many cases begin with a batch of new records, which can be made one by one; what else a
    /// batch means the wire has no words for.
    fn create_each(&self, request: &Json) -> Result<Response, String> {
        let unsupported = || Ok(Response::Unsupported("apply".to_owned()));
        let Some(operations) = request["operations"].as_array() else { return unsupported() };
        let is_create = |operation: &Json| operation["do"] == "create";
        let is_all_or_nothing = request["mode"] == "all_or_nothing";
        if !operations.iter().all(is_create) {
            return unsupported();
        }
        let mut outcomes = Vec::with_capacity(operations.len());
        for operation in operations {
            let path = segments(&[operation["record_type"].as_str().unwrap_or_default()]);
            let body = json!({ "attributes": operation["attributes"] });
            outcomes.push(match self.ask("POST", &path, Some(body), 201)? {
                Response::Ok(created) => json!({
                    "action": "created", "id": created["data"]["id"], "data": created["data"],
                }),
                // One by one, those before it stay.
                Response::Error(_) if is_all_or_nothing => return unsupported(),
                Response::Error(error) => json!({ "error": error }),
                other @ Response::Unsupported(_) => return Ok(other),
            });
        }
        Ok(Response::Ok(json!({ "outcomes": outcomes })))
    }

    /// An assert's status and its `meta.action` say the same.
    fn assert(&self, record_type: &str, body: Option<Json>) -> Result<Response, String> {
        let (status, answer) = self.send("POST", &segments(&[record_type, "_assert"]), body)?;
        let wanted = if answer["meta"]["action"] == "created" { 201 } else { 200 };
        judge(status, wanted, answer)
    }

    /// An added item is new or was there already by its status; an attribute that the path names
    /// in vain is not found.
    fn edit_item(&self, request: &Json) -> Result<Response, String> {
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        let (record_type, id, attribute) = (text("record_type"), text("id"), text("attribute"));
        let list = [record_type, id, "attribute", attribute];
        let one = [record_type, id, "attribute", attribute, text("item")];
        let body = request.get("body").cloned();
        let (status, mut answer) = match text("do") {
            "add_item" => self.send("POST", &segments(&list), body)?,
            "update_item" => self.send("PATCH", &segments(&one), body)?,
            _ => self.send("DELETE", &segments(&one), None)?,
        };
        let error = &answer["error"];
        if error["code"] == "unknown_field" && error["field"] == attribute {
            return match status {
                404 => judge(headwater::ErrorCode::UnknownField.http_status(), 200, answer),
                _ => Err(format!("the status {status} with {error}")),
            };
        }
        let wanted = match text("do") {
            "add_item" if matches!(status, 200 | 201) => {
                answer["is_new"] = json!(status == 201);
                status
            }
            "remove_item" => 204,
            _ => 200,
        };
        judge(status, wanted, answer)
    }

    /// An added edge is new or was there already by its status.
    fn edge(&self, request: &Json) -> Result<Response, String> {
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        let list = [text("record_type"), text("id"), "relationship", text("relationship")];
        let one = segments(&[list[0], list[1], list[2], list[3], text("target")]);
        let list = segments(&list);
        let body = request.get("body").cloned();
        match text("do") {
            "edges" => self.ask("GET", &format!("{list}?{}", parameters(request)), None, 200),
            "add_edge" => {
                let (status, mut answer) = self.send("POST", &list, body)?;
                if matches!(status, 200 | 201) {
                    answer["is_new"] = json!(status == 201);
                    return judge(status, status, answer);
                }
                judge(status, 201, answer)
            }
            "update_edge" => self.ask("PATCH", &one, body, 200),
            _ => self.ask("DELETE", &one, None, 204),
        }
    }

    fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<Json>,
        wanted: u16,
    ) -> Result<Response, String> {
        let (status, answer) = self.send(method, path, body)?;
        judge(status, wanted, answer)
    }

    /// Sends a request whose answer must be one that the server's own document has.
    fn send(&self, method: &str, path: &str, body: Option<Json>) -> Result<(u16, Json), String> {
        let (status, answer) = self.exchange(method, path, body)?;
        let whole = if path.starts_with("/api/") { path } else { &format!("/api/v2{path}") };
        documented::check(self.document()?, method, whole, status, &answer)?;
        Ok((status, answer))
    }

    fn document(&self) -> Result<&Json, String> {
        let kept = if self.has_declared { &self.extended } else { &self.standard };
        if kept.get().is_none() {
            let (_, document) = self.exchange("GET", "/api/local/openapi.json", None)?;
            // Nobody else sets it.
            let _ = kept.set(document);
        }
        kept.get().ok_or_else(|| "there is no document".to_owned())
    }

    fn exchange(
        &self,
        method: &str,
        path: &str,
        body: Option<Json>,
    ) -> Result<(u16, Json), String> {
        let base = &self.server.as_ref().ok_or("the case has no server")?.base;
        // Local extensions are beside the record API, not under it.
        let is_local = path.starts_with("/api/local/");
        let base = if is_local { base.trim_end_matches("/api/v2") } else { base };
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{base}{path}"))
            .header("content-type", "application/json")
            .body(body.map(|body| body.to_string()).unwrap_or_default())
            .map_err(|cause| format!("no request can be made of it: {cause}"))?;
        let mut response = self
            .agent
            .run(request)
            .map_err(|cause| format!("the server does not answer: {cause}"))?;
        let status = response.status().as_u16();
        let text = response
            .body_mut()
            .read_to_string()
            .map_err(|cause| format!("the answer cannot be read: {cause}"))?;
        if text.is_empty() {
            return Ok((status, Json::Null));
        }
        let answer = serde_json::from_str(&text)
            .map_err(|cause| format!("the answer is not JSON: {cause}: {text}"))?;
        Ok((status, answer))
    }
}

/// The parameters of a list.
fn parameters(request: &Json) -> String {
    let given = ["limit", "cursor"].into_iter().filter_map(|name| {
        let value = request.get(name)?;
        Some(format!("{name}={}", value.as_str().map_or(value.to_string(), encode)))
    });
    given.collect::<Vec<_>>().join("&")
}

/// What went well, with nothing to show.
fn without_answer(response: Response) -> Response {
    match response {
        Response::Ok(_) => Response::Ok(Json::Null),
        other => other,
    }
}

/// A path of these segments, each encoded.
fn segments(segments: &[&str]) -> String {
    segments.iter().map(|segment| format!("/{}", encode(segment))).collect()
}

/// Text in a path or a parameter.
fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// The wanted status with a body, or an error whose status is that of its code.
fn judge(status: u16, wanted: u16, mut answer: Json) -> Result<Response, String> {
    if status == wanted {
        return Ok(Response::Ok(answer));
    }
    let error = answer["error"].take();
    let code = error["code"].as_str().and_then(headwater::ErrorCode::from_name);
    match code {
        Some(code) if code.http_status() == status => {
            let details = &error["details"];
            let all = details.get("errors").map(|all| json!({ "errors": all }));
            Ok(Response::Error(json!({
                "code": error["code"],
                "field": error["field"],
                "message": error["message"],
                "record": details["record"],
                "hint": details["hint"],
                "retry": retry(code),
                "details": all,
            })))
        }
        _ => Err(format!("the status {status} with {error}")),
    }
}

/// The wire says by its status whether to try again; no case asks for more.
fn retry(code: headwater::ErrorCode) -> &'static str {
    match code.retry() {
        headwater::Retry::Never => "never",
        _ => "backoff",
    }
}
