//! The API described, as its schema is now: a document for programs and a page for people.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use headwater::operation::QueryLimits;
use headwater::{Error, ErrorCode, Result, Schema, Workspace};

use crate::allow;
use crate::blocking::blocking;
use crate::endpoints::{Endpoint, Endpoints};
use crate::failure::Failure;
use crate::gate::Gate;
use crate::openapi::{self, Context, describe};
use crate::page;

/// What describes the API.
pub(crate) struct Documentation {
    workspace: Arc<dyn Workspace>,
    gate: Arc<Gate>,
    limits: QueryLimits,
    is_twin: bool,
    table: OnceLock<Vec<Endpoint>>,
    /// For those who bring no key: custom objects and fields are nothing for strangers.
    standard: Written,
    own: Written,
}

impl Documentation {
    pub(crate) fn new(
        workspace: Arc<dyn Workspace>,
        gate: Arc<Gate>,
        limits: QueryLimits,
        is_twin: bool,
    ) -> Self {
        let (standard, own) = (Written::default(), Written::default());
        Self { workspace, gate, limits, is_twin, table: OnceLock::new(), standard, own }
    }

    fn table(&self) -> &[Endpoint] {
        self.table.get().map(Vec::as_slice).unwrap_or_default()
    }

    fn context<'a>(&self, schema: &'a Schema) -> Context<'a> {
        Context { schema, limits: self.limits, is_twin: self.is_twin }
    }

    /// Tells it which endpoints there are, itself among them.
    pub(crate) fn tell(&self, table: Vec<Endpoint>) {
        // Told once, by what routes to it.
        let _ = self.table.set(table);
    }

    /// The verbs that a path takes of those of its route.
    pub(crate) fn allowed(&self, route: &str, path: &str) -> String {
        let schema = self.workspace.schema();
        allow::allowed(self.table(), &self.context(&schema), route, path)
    }

    async fn texts(self: Arc<Self>, headers: &HeaderMap) -> Result<Arc<Texts>> {
        let knows = self.gate.knows(headers)?;
        blocking(move || match knows {
            true => self.own.of(self.workspace.schema(), |schema| self.write(schema)),
            false => self.standard.of(standard_schema(), |schema| self.write(schema)),
        })
        .await
    }

    fn write(&self, schema: &Schema) -> Result<Texts> {
        let document = openapi::document(&self.context(schema), self.table());
        let document = document.to_json().map_err(|cause| {
            Error::new(ErrorCode::Internal, "cannot write the document").because(cause)
        })?;
        let page = page::of(&document)?;
        Ok(Texts { document: document.into(), page: page.into() })
    }
}

fn standard_schema() -> Arc<Schema> {
    static STANDARD: OnceLock<Arc<Schema>> = OnceLock::new();
    Arc::clone(STANDARD.get_or_init(|| Arc::new(Schema::standard())))
}

/// The document and the page of one schema.
struct Texts {
    document: Bytes,
    page: Bytes,
}

/// What was last written, which stays true until the schema changes.
#[derive(Default)]
struct Written(Mutex<Option<(Arc<Schema>, Arc<Texts>)>>);

impl Written {
    fn of(
        &self,
        schema: Arc<Schema>,
        write: impl FnOnce(&Schema) -> Result<Texts>,
    ) -> Result<Arc<Texts>> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, texts)) = &*last
            && Arc::ptr_eq(of, &schema)
        {
            return Ok(Arc::clone(texts));
        }
        let texts = Arc::new(write(&schema)?);
        *last = Some((schema, Arc::clone(&texts)));
        Ok(texts)
    }
}

/// Where the API is described.
pub(crate) fn endpoints(documentation: Arc<Documentation>) -> Endpoints {
    Endpoints::new()
        .get("/openapi.json", show_document, describe::document)
        .get("/reference", show_page, describe::reference)
        .with_state(documentation)
}

async fn show_document(
    State(documentation): State<Arc<Documentation>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let texts = documentation.texts(&headers).await?;
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    Ok((content_type, texts.document.clone()).into_response())
}

async fn show_page(
    State(documentation): State<Arc<Documentation>>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let texts = documentation.texts(&headers).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, page::policy()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, texts.page.clone()).into_response())
}
