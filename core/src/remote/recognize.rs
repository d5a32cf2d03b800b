//! Whether a ledger is still about what is behind its address: a key of another organisation, or a twin
//! that was set back, would otherwise be told that all is there already.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::Operation;
use crate::schema::RecordType;
use crate::store::{Ledger, LedgerTransaction};

use super::client::Client;
use super::failure::ends_all;
use super::request::Request;
use super::{decode, parts};

/// Records of the ledger, those first that were confirmed last and as many of the others, of which
/// none is there any more before it is forgotten: some alone may have been archived.
const SAMPLE: usize = 10;

/// The record types that were looked at.
#[derive(Default)]
pub(super) struct Recognizer(Mutex<HashSet<String>>);

impl Recognizer {
    /// Looks for a record of each of these operations' types, where that was not done yet.
    ///
    /// # Errors
    /// As [`Recognizer::look`].
    pub(super) fn check(
        &self,
        client: &Client,
        ledger: &Ledger,
        operations: &[Operation],
    ) -> Result<()> {
        for operation in operations {
            let name = operation.record_type.api_name();
            let is_new = !self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(name);
            if is_new {
                self.look(client, ledger, &operation.record_type)?;
            }
        }
        Ok(())
    }

    /// Looks for a record of this type that the ledger knows; forgets those of the type where none
    /// is found. Whether the ledger knows of any then.
    ///
    /// # Errors
    /// `config_invalid` where they are those of another organisation; what a request may end with.
    pub(super) fn look(
        &self,
        client: &Client,
        ledger: &Ledger,
        record_type: &Arc<RecordType>,
    ) -> Result<bool> {
        let name = record_type.api_name();
        let known = ledger.read()?.sample(name, SAMPLE)?;
        let is_there = is_there(client, ledger, record_type, &known)?;
        if !is_there && !known.is_empty() {
            let mut transaction = ledger.write()?;
            remember(client, &mut transaction)?;
            transaction.forget_records(name)?;
            transaction.commit()?;
        }
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        Ok(is_there)
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

/// Whether one of these records is there.
fn is_there(
    client: &Client,
    ledger: &Ledger,
    record_type: &Arc<RecordType>,
    known: &[Uuid],
) -> Result<bool> {
    for id in known {
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
    Ok(false)
}

fn note(client: &Client, record_type: &Arc<RecordType>, data: Json) {
    if let Ok(record) = decode::record(record_type, data) {
        client.exchange().note_organization(record.organization_id);
    }
}
