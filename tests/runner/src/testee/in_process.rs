//! The testee in this process: the Rust library, called directly.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use headwater::error::{Error, ErrorCode, Result};
use headwater::operation::QueryLimits;
use headwater::source::Control;
use headwater::sync::{self, Job, RunOptions};
use headwater::{Action, Declarations, OpenOptions, Query, Record, Workspace};
use headwater_host::Connectors;
use serde_json::{Map, Value as Json, json};

use super::requests::{Request, answer, error_json, meta_action, seed_line};
use super::{Response, Testee, requests};

/// The record type with functions of its own.
const ACTIVITY: &str = "activity";

/// The Rust library over SQLite.
#[derive(Default)]
pub struct InProcess {
    folder: Option<PathBuf>,
    workspace: Option<Box<dyn Workspace>>,
    /// The record API that stands for the case's workspace, where one does.
    remote: Option<String>,
}

impl Testee for InProcess {
    fn call(&mut self, request: &Json) -> Result<Response, String> {
        let empty = Map::new();
        let request = Request(request.as_object().unwrap_or(&empty));
        // A panic fails its case, not the run.
        catch_unwind(AssertUnwindSafe(|| self.answer(request)))
            .map_err(|_| "the library panicked".to_owned())
    }
}

impl InProcess {
    fn answer(&mut self, request: Request<'_>) -> Response {
        let verb = request.text("do").unwrap_or_default();
        let answered = match verb {
            "begin" => self.begin(request),
            "end" => {
                self.workspace = None;
                Ok(Json::Null)
            }
            "open" => self.open(request),
            "declare" => self.declare(request),
            "seed" => self.seed(request),
            "create" => self.create(request),
            "get" => self.get(request),
            "patch" => self.patch(request),
            "archive" => self.archive(request),
            "restore" => self.restore(request),
            "history" => self.history(request),
            "assert" => self.assert(request),
            "update" => self.update(request),
            "add_item" => self.add_item(request),
            "update_item" => self.update_item(request),
            "remove_item" => self.remove_item(request),
            "edges" => self.edges(request),
            "add_edge" => self.add_edge(request),
            "update_edge" => self.update_edge(request),
            "remove_edge" => self.remove_edge(request),
            "apply" => self.apply(request),
            "schema" => self.schema(request),
            "query" => self.query(request),
            "sync" => self.sync(request),
            "pipelines" => self.pipelines(),
            "snapshot" => self.snapshot(),
            "reset" => self.reset(),
            _ => return Response::Unsupported(verb.to_owned()),
        };
        match answered {
            Ok(ok) => Response::Ok(ok),
            Err(error) => Response::Error(error_json(&error)),
        }
    }

    /// Begins a case whose workspace is behind a record API.
    pub(super) fn begin_remote(&mut self, folder: &Path, base: &str) {
        self.folder = Some(folder.to_owned());
        self.remote = Some(base.to_owned());
    }

    fn workspace(&self) -> Result<&dyn Workspace> {
        self.workspace
            .as_deref()
            .ok_or_else(|| Error::new(ErrorCode::Internal, "the case has no open workspace"))
    }

    fn begin(&mut self, request: Request<'_>) -> Result<Json> {
        let folder = PathBuf::from(request.text("folder")?);
        let path = folder.join("crm.db");
        self.folder = Some(folder);
        let options = request.0["workspace"].as_object().cloned().unwrap_or_default();
        self.open_at(&path.to_string_lossy(), true, Request(&options))
    }

    /// Opens another workspace, which the steps after it use.
    fn open(&mut self, request: Request<'_>) -> Result<Json> {
        let create = request.0.get("create").and_then(Json::as_bool).unwrap_or(false);
        self.open_at(request.text("workspace")?, create, request)
    }

    /// Opens a workspace with the settings that are given.
    fn open_at(&mut self, url: &str, create: bool, given: Request<'_>) -> Result<Json> {
        let setting = |name: &str| given.0.get(name).and_then(Json::as_str);
        let options = OpenOptions {
            create,
            rejects_duplicates: setting("duplicates").map(|duplicates| duplicates == "reject"),
            keeps_history: setting("history").map(|history| history == "on"),
        };
        self.workspace = Some(headwater::open(url, options)?);
        Ok(Json::Null)
    }

    /// A local extension: custom objects and custom fields.
    fn declare(&self, request: Request<'_>) -> Result<Json> {
        let declarations = Declarations::from_json(Json::Object(request.object("body")?))?;
        let declared = self.workspace()?.declare(declarations)?;
        Ok(json!({ "added": declared.added, "changed": declared.changed }))
    }

    /// A local extension: pipelines with their stages.
    fn pipelines(&self) -> Result<Json> {
        Ok(json!({ "data": self.workspace()?.schema().pipelines() }))
    }

    /// A local extension of twins: keeps the present state, in place of one that was kept.
    fn snapshot(&self) -> Result<Json> {
        let path = self.snapshot_path();
        // There may be none.
        let _ = std::fs::remove_file(&path);
        self.workspace()?.twin()?.copy_to(&path)?;
        Ok(Json::Null)
    }

    /// A local extension of twins: goes back to the state that was kept.
    fn reset(&self) -> Result<Json> {
        self.workspace()?.twin()?.return_to(&self.snapshot_path())?;
        Ok(Json::Null)
    }

    fn snapshot_path(&self) -> PathBuf {
        self.folder.clone().unwrap_or_default().join("snapshot.db")
    }

    /// A local extension: a record of a type that the API may only read.
    fn seed(&self, request: Request<'_>) -> Result<Json> {
        let line = seed_line(request.0);
        let seeded = headwater::seed(self.workspace()?, line.as_bytes())?;
        let id = seeded.first().map(|outcome| outcome.id).unwrap_or_default();
        let record = self.workspace()?.get(request.text("record_type")?, id)?;
        Ok(json!({ "data": record.to_json() }))
    }

    fn create(&self, request: Request<'_>) -> Result<Json> {
        if request.text("record_type")? == ACTIVITY {
            let logged = headwater::log_activity(self.workspace()?, request.object("attributes")?)?;
            return Ok(json!({ "data": logged }));
        }
        let record = headwater::create(
            self.workspace()?,
            request.text("record_type")?,
            request.object("attributes")?,
        )?;
        Ok(json!({ "data": record.to_json() }))
    }

    fn get(&self, request: Request<'_>) -> Result<Json> {
        let record = self.workspace()?.get(request.text("record_type")?, request.id()?)?;
        let is_activity = record.record_type.api_name() == ACTIVITY;
        let shown = if is_activity { headwater::activity_json(&record) } else { record.to_json() };
        Ok(json!({ "data": shown }))
    }

    fn patch(&self, request: Request<'_>) -> Result<Json> {
        let record = headwater::patch(
            self.workspace()?,
            request.text("record_type")?,
            request.id()?,
            request.object("attributes")?,
        )?;
        Ok(json!({ "data": record.to_json() }))
    }

    fn archive(&self, request: Request<'_>) -> Result<Json> {
        headwater::archive(self.workspace()?, request.text("record_type")?, request.id()?)?;
        Ok(Json::Null)
    }

    /// A local extension: an archived record comes back.
    fn restore(&self, request: Request<'_>) -> Result<Json> {
        let record_type = request.text("record_type")?;
        let record = headwater::restore(self.workspace()?, record_type, request.id()?)?;
        Ok(json!({ "data": record.to_json() }))
    }

    /// A local extension: what happened to a record.
    fn history(&self, request: Request<'_>) -> Result<Json> {
        let parameters = request.some_of(&["limit", "cursor"]);
        let record_type = request.text("record_type")?;
        let page = headwater::history(self.workspace()?, record_type, request.id()?, parameters)?;
        Ok(page.to_json())
    }

    fn assert(&self, request: Request<'_>) -> Result<Json> {
        let outcome = headwater::assert(
            self.workspace()?,
            request.text("record_type")?,
            request.object("match")?,
            request.object("attributes")?,
        )?;
        let mut answer = answer(&outcome);
        answer["meta"] = json!({ "action": meta_action(outcome.action) });
        Ok(answer)
    }

    fn add_item(&self, request: Request<'_>) -> Result<Json> {
        let added = headwater::add_item(
            self.workspace()?,
            request.text("record_type")?,
            request.id()?,
            request.text("attribute")?,
            request.object("body")?,
        )?;
        Ok(json!({ "data": added.to_json(), "is_new": added.action == Action::Created }))
    }

    fn update_item(&self, request: Request<'_>) -> Result<Json> {
        let updated = headwater::update_item(
            self.workspace()?,
            request.text("record_type")?,
            request.id()?,
            request.text("attribute")?,
            request.text("item")?,
            request.object("body")?,
        )?;
        Ok(json!({ "data": updated.to_json() }))
    }

    fn remove_item(&self, request: Request<'_>) -> Result<Json> {
        headwater::remove_item(
            self.workspace()?,
            request.text("record_type")?,
            request.id()?,
            request.text("attribute")?,
            request.text("item")?,
        )?;
        Ok(Json::Null)
    }

    fn edges(&self, request: Request<'_>) -> Result<Json> {
        let page = headwater::edges(
            self.workspace()?,
            request.text("record_type")?,
            request.id()?,
            request.text("relationship")?,
            request.some_of(&["limit", "cursor"]),
        )?;
        Ok(page.to_json())
    }

    fn add_edge(&self, request: Request<'_>) -> Result<Json> {
        let added = headwater::add_edge(
            self.workspace()?,
            request.text("record_type")?,
            request.id()?,
            request.text("relationship")?,
            request.object("body")?,
        )?;
        let mut answer = added.edge.to_json();
        answer["is_new"] = json!(added.action == Action::Created);
        Ok(answer)
    }

    fn update_edge(&self, request: Request<'_>) -> Result<Json> {
        let updated = headwater::update_edge(
            self.workspace()?,
            request.text("record_type")?,
            request.id()?,
            request.text("relationship")?,
            request.uuid("target")?,
            request.object("body")?,
        )?;
        Ok(updated.edge.to_json())
    }

    fn remove_edge(&self, request: Request<'_>) -> Result<Json> {
        headwater::remove_edge(
            self.workspace()?,
            request.text("record_type")?,
            request.id()?,
            request.text("relationship")?,
            request.uuid("target")?,
        )?;
        Ok(Json::Null)
    }

    /// A local extension: as assert, but a record that is not there is an error.
    fn update(&self, request: Request<'_>) -> Result<Json> {
        let workspace = self.workspace()?;
        let outcome = workspace
            .apply_one(headwater::parse_operation(workspace, &Json::Object(request.0.clone()))?)?;
        let mut answer = answer(&outcome);
        answer["meta"] = json!({ "action": meta_action(outcome.action) });
        Ok(answer)
    }

    fn apply(&self, request: Request<'_>) -> Result<Json> {
        let outcomes = requests::apply(self.workspace()?, request)?;
        let outcomes: Vec<Json> = outcomes
            .iter()
            .map(|outcome| match outcome {
                Ok(outcome) => {
                    let mut answer = answer(outcome);
                    answer["action"] = json!(Action::name(outcome.action));
                    answer
                }
                Err(error) => json!({ "error": error_json(error) }),
            })
            .collect();
        Ok(json!({ "outcomes": outcomes }))
    }

    fn schema(&self, request: Request<'_>) -> Result<Json> {
        self.workspace()?.describe(request.text("record_type")?)
    }

    fn query(&self, request: Request<'_>) -> Result<Json> {
        let workspace = self.workspace()?;
        if request.text("record_type")? == ACTIVITY {
            return headwater::query_activities(
                workspace,
                request.object("body")?,
                &QueryLimits::default(),
            );
        }
        let record_type = workspace.record_type(request.text("record_type")?)?;
        let schema = workspace.schema();
        let query = Query::parse(&schema, &record_type, request.object("body")?)?;
        let page = workspace.query(record_type.api_name(), &query)?;
        let records: Vec<Json> = page.records.iter().map(Record::to_json).collect();
        Ok(json!({ "data": records, "next_cursor": page.next_cursor }))
    }

    /// Runs a job (`job`: its text) with the case's folder as its own, and gives the report; what
    /// made it fail is the error.
    fn sync(&self, request: Request<'_>) -> Result<Json> {
        let folder = self.folder.as_deref().unwrap_or(Path::new(""));
        let mut job = Job::parse(request.text("job")?, folder)?;
        if let Some(remote) = &self.remote {
            job.workspace.clone_from(remote);
        }
        let connector = Connectors::in_folders([connectors()]).find(&job.connector)?;
        let workspace = job.open_workspace()?;
        let full = request.0.get("full").and_then(Json::as_bool).unwrap_or(false);
        let report = sync::run(
            &job,
            &*connector,
            &*workspace,
            RunOptions { full },
            &Control::default(),
            &mut |_| {},
        )?;
        match report.error {
            Some(error) => Err(error),
            None => Ok(report.to_json()),
        }
    }
}

/// Where a testee is told that the connectors are.
pub(crate) const CONNECTOR_PATH: &str = "HEADWATER_CONNECTOR_PATH";

/// The folder of the bundled connectors and the scripted one, built once where it is not told.
pub(crate) fn connectors() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| match std::env::var_os(CONNECTOR_PATH) {
        Some(told) => told.into(),
        None => headwater_program_tests::build(&[
            "headwater-connector-csv",
            "headwater-connector-json",
            "headwater-connector-scripted",
        ]),
    })
}
