//! Whether a ledger is still about what is behind its address: a key of another organisation, or a twin
//! that was set back, would otherwise be told that all is there already.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value as Json, json};

use crate::error::{Error, ErrorCode, Result};
use crate::operation::Operation;
use crate::schema::RecordType;
use crate::store::{Ledger, LedgerTransaction};

use super::client::Client;
use super::failure::ends_all;
use super::request::Request;
use super::{decode, parts};

/// Records of the ledger of which none is there any more before it is forgotten.
const SAMPLE: usize = 3;

/// The record types that were looked at.
#[derive(Default)]
pub(super) struct Recognizer(Mutex<HashSet<String>>);

impl Recognizer {
    /// Looks for a record that the ledger knows, once for each record type; forgets those of the
    /// type where none is found.
    ///
    /// # Errors
    /// `config_invalid` where they are those of another organisation.
    pub(super) fn check(
        &self,
        client: &Client,
        ledger: &Ledger,
        operations: &[Operation],
    ) -> Result<()> {
        for operation in operations {
            let name = operation.record_type.api_name();
            let mut checked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if checked.contains(name) {
                continue;
            }
            if !is_there(client, ledger, operation)? {
                let mut transaction = ledger.write()?;
                remember(client, &mut transaction)?;
                transaction.forget_records(name)?;
                transaction.commit()?;
            }
            checked.insert(name.to_owned());
        }
        Ok(())
    }
}

/// Notes in the ledger whose records it knows.
///
/// # Errors
/// `config_invalid` where the workspace has shown those of another organisation.
pub(super) fn remember(client: &Client, ledger: &mut LedgerTransaction<'_>) -> Result<()> {
    let Some(shown) = client.exchange().organization() else { return Ok(()) };
    let shown = shown.to_string();
    match ledger.organization()? {
        None => ledger.set_organization(&shown),
        Some(known) if known == shown => Ok(()),
        Some(known) => {
            let what = format!(
                "the API key is one of the organisation {shown}, the ledger is that of {known}"
            );
            Err(Error::new(ErrorCode::ConfigInvalid, what)
                .at_field("ledger")
                .hint("give each organisation a ledger of its own"))
        }
    }
}

fn is_there(client: &Client, ledger: &Ledger, operation: &Operation) -> Result<bool> {
    let record_type = &operation.record_type;
    let known = ledger.read()?.latest(record_type.api_name(), SAMPLE)?;
    for id in &known {
        match client.send(Request::get(&[record_type.api_name(), &id.to_string()])) {
            Ok(answer) => {
                note(client, record_type, answer.data());
                let mut transaction = ledger.write()?;
                remember(client, &mut transaction)?;
                transaction.commit()?;
                return Ok(true);
            }
            Err(error) if error.code() == ErrorCode::RecordNotFound => {}
            Err(error) if ends_all(&error) => return Err(error),
            // Records of this type are not read by their ids.
            Err(_) => return Ok(true),
        }
    }
    if !known.is_empty() && record_type.api_name() != parts::ACTIVITY {
        let request = Request::post(&[record_type.api_name(), "_query"], json!({ "limit": 1 }));
        if let Json::Array(found) = client.send(request)?.data() {
            found.into_iter().for_each(|data| note(client, record_type, data));
        }
    }
    Ok(known.is_empty())
}

fn note(client: &Client, record_type: &std::sync::Arc<RecordType>, data: Json) {
    if let Ok(record) = decode::record(record_type, data) {
        client.exchange().note_organization(record.organization_id);
    }
}
