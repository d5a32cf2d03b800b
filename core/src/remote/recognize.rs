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
        let is_there = is_there(client, record_type, &known)?;
        ask_whose(client, ledger, name)?;
        if !is_there && !known.is_empty() {
            let mut transaction = ledger.write()?;
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
fn is_there(client: &Client, record_type: &Arc<RecordType>, known: &[Uuid]) -> Result<bool> {
    for id in known {
        match client.send(Request::get(&[record_type.api_name(), &id.to_string()])) {
            Ok(answer) => {
                note(client, &answer.data());
                return Ok(true);
            }
            Err(error) if error.code() == ErrorCode::RecordNotFound => {}
            Err(error) if ends_all(&error) => return Err(error),
            // Records of this type are not read by their ids.
            Err(_) => return Ok(true),
        }
    }
    Ok(false)
}

/// Finds out whose records there are before something is written or forgotten, where the ledger knows
/// those of one organisation: by one record of this type, or of any that it knows. One that has none of
/// them is known by the first that is made there, which ends its batch.
///
/// # Errors
/// `config_invalid` where they are those of another organisation; what a request may end with.
pub(super) fn ask_whose(client: &Client, ledger: &Ledger, record_type: &str) -> Result<()> {
    let mut known = ledger.read()?;
    let owner = known.organization()?.and_then(|text| text.parse().ok());
    let Some(owner) = owner else { return Ok(()) };
    client.exchange().expect_organization(owner);
    let mut types = known.record_types()?;
    drop(known);
    types.retain(|name| name != record_type);
    types.insert(0, record_type.to_owned());
    for name in types.iter().filter(|name| *name != parts::ACTIVITY) {
        if client.exchange().organization().is_some() {
            break;
        }
        match client.send(Request::post(&[name, "_query"], json!({ "limit": 1 }))) {
            Ok(answer) => note(client, &answer.data()[0]),
            Err(error) if ends_all(&error) => return Err(error),
            // A type that only the other organisation has.
            Err(_) => {}
        }
    }
    let mut transaction = ledger.write()?;
    remember(client, &mut transaction)?;
    transaction.commit()
}

fn note(client: &Client, record: &Json) {
    if let Some(organization) = decode::organization(record) {
        client.exchange().note_organization(organization);
    }
}
