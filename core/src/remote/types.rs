//! The record types of a remote workspace, asked for when they are first needed.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{ErrorCode, Result};
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
        let answer = client.send(Request::get(&["_schema", name]));
        let document = match answer {
            Ok(answer) => answer.data(),
            Err(error) if error.code() == ErrorCode::RecordNotFound => {
                // A status without a code: the nearest name is known here.
                return Err(self.schema().record_type(name).err().unwrap_or(error));
            }
            Err(error) => return Err(error),
        };
        let described = Arc::new(RecordType::from_document(&document)?);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.schema = Arc::new(known.schema.with(Arc::clone(&described)));
        known.described.insert(name.to_owned());
        Ok(described)
    }
}
