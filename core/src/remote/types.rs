//! The record types of a remote workspace, asked for when they are first needed.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, ErrorCode, Result};
use crate::schema::{RecordType, Schema};

use super::client::Client;
use super::request::Request;

/// What is known of the workspace's record types.
pub(super) struct Types(Mutex<Known>);

struct Known {
    schema: Arc<Schema>,
    /// Those that the workspace itself has described.
    described: HashSet<String>,
}

/// What every CRM has is not there.
fn no_api(name: &str, error: &Error) -> Error {
    let what = format!("there is no {name} at the workspace's URL: {}", error.message());
    Error::new(ErrorCode::ConfigInvalid, what)
        .at_field("workspace")
        .hint("check that the URL is that of the CRM's record API, for example https://api.reevo.ai/api/v2")
}

impl Types {
    pub(super) fn new() -> Self {
        let schema = Arc::new(Schema::remote());
        Self(Mutex::new(Known { schema, described: HashSet::new() }))
    }

    /// The record types as far as they are known: those of every CRM at first.
    pub(super) fn schema(&self) -> Arc<Schema> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner).schema)
    }

    /// The record type with this name, as the workspace describes it.
    ///
    /// # Errors
    /// `unknown_record_type`, and what a request may end with.
    pub(super) fn record_type(&self, client: &Client, name: &str) -> Result<Arc<RecordType>> {
        {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.described.contains(name) {
                return known.schema.record_type(name).cloned();
            }
        }
        if name.is_empty() {
            return self.schema().record_type(name).cloned();
        }
        let answer = client.send(Request::get(&["_schema", name]));
        let document = match answer {
            Ok(answer) => answer.data(),
            Err(error) if error.code() == ErrorCode::RecordNotFound => {
                // A status without a code.
                let known = self.schema().record_type(name).cloned();
                return Err(known.err().unwrap_or_else(|| no_api(name, &error)));
            }
            Err(error) => return Err(error),
        };
        if document["is_junction"] == true {
            // It has no records of its own, so it is as unknown as a name that the CRM does not have.
            return self.schema().record_type(name).cloned();
        }
        let described = Arc::new(RecordType::from_document(&document)?);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.schema = Arc::new(known.schema.with(Arc::clone(&described)));
        known.described.insert(name.to_owned());
        Ok(described)
    }
}
