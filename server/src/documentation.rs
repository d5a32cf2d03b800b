//! The API described, as its schema is now: a document for programs and a page for people.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use headwater::{Error, ErrorCode, Result, Schema, Workspace};

use crate::allow;
use crate::blocking::blocking;
use crate::endpoints::{Endpoint, Endpoints};
use crate::failure::Failure;
use crate::gate::Gate;
use crate::openapi::{self, describe};
use crate::page;

/// The page needs no more than its own style.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// What describes the API.
pub(crate) struct Documentation {
    workspace: Arc<dyn Workspace>,
    gate: Arc<Gate>,
    table: OnceLock<Vec<Endpoint>>,
    /// For those who bring no key: custom objects and fields are nothing for strangers.
    standard: Written,
    own: Written,
}

impl Documentation {
    pub(crate) fn new(workspace: Arc<dyn Workspace>, gate: Arc<Gate>) -> Self {
        let (standard, own) = (Written::default(), Written::default());
        Self { workspace, gate, table: OnceLock::new(), standard, own }
    }

    /// Tells it which endpoints there are, itself among them.
    pub(crate) fn tell(&self, table: Vec<Endpoint>) {
        // Told once, by what routes to it.
        let _ = self.table.set(table);
    }

    /// The verbs that a path takes of those of its route.
    pub(crate) fn allowed(&self, route: &str, path: &str) -> String {
        let table = self.table.get().map(Vec::as_slice).unwrap_or_default();
        allow::allowed(table, &self.workspace.schema(), route, path)
    }

    async fn texts(self: Arc<Self>, headers: &HeaderMap) -> Result<Arc<Texts>> {
        let knows = self.gate.knows(headers).await?;
        blocking(move || {
            let table = self.table.get().map(Vec::as_slice).unwrap_or_default();
            match knows {
                true => self.own.of(self.workspace.schema(), table),
                false => self.standard.of(standard_schema(), table),
            }
        })
        .await
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
    fn of(&self, schema: Arc<Schema>, table: &[Endpoint]) -> Result<Arc<Texts>> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, texts)) = &*last
            && Arc::ptr_eq(of, &schema)
        {
            return Ok(Arc::clone(texts));
        }
        let texts = Arc::new(write(&schema, table)?);
        *last = Some((schema, Arc::clone(&texts)));
        Ok(texts)
    }
}

fn write(schema: &Schema, table: &[Endpoint]) -> Result<Texts> {
    let document = openapi::document(schema, table).to_json().map_err(|cause| {
        Error::new(ErrorCode::Internal, "cannot write the document").because(cause)
    })?;
    let page = page::of(&document)?;
    Ok(Texts { document: document.into(), page: page.into() })
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
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, texts.page.clone()).into_response())
}
