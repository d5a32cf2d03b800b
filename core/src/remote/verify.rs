//! Verification: the records of a type as they are now against what the ledger knows of them, for
//! workspaces that others write to. One look at everything, a page at a time.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::source::Control;
use crate::store::{Entry, Ledger};
use crate::workspace::Drift;

use super::client::Client;
use super::fingerprints::{Fingerprints, match_keys};
use super::request::Request;
use super::types::Types;
use super::{decode, lookup, recognize};

/// How often it begins again where its cursor has expired.
const RESTARTS: u32 = 2;

/// Reads every record of a type; the ledger forgets what it knew otherwise.
pub(super) fn verify(
    client: &Client,
    types: &Types,
    ledger: &Ledger,
    record_type: &str,
    control: &Control,
) -> Result<Drift> {
    let record_type = types.record_type(client, record_type)?;
    let begin = || Drift { record_type: record_type.api_name().to_owned(), ..Drift::default() };
    let verification = Uuid::now_v7().to_string();
    let (mut drift, mut cursor, mut restarts) = (begin(), None, 0);
    loop {
        if control.is_cancelled() {
            return Err(Error::new(ErrorCode::Cancelled, "the verification was stopped"));
        }
        let mut body = json!({ "limit": lookup::PAGE });
        if let Some(cursor) = &cursor {
            body["cursor"] = json!(cursor);
        }
        let path = [record_type.api_name(), "_query"];
        let page = match client.send_while(control, Request::post(&path, body)) {
            // Cursors may expire: what was forgotten by then was rightly so.
            Err(error)
                if error.code() == ErrorCode::InvalidCursor
                    && cursor.is_some()
                    && restarts < RESTARTS =>
            {
                (drift, cursor, restarts) = (begin(), None, restarts + 1);
                continue;
            }
            page => page?,
        };
        cursor = decode::next_cursor(&page.body);
        let Json::Array(found) = page.data() else { return Err(lookup::no_list()) };
        let mut transaction = ledger.write()?;
        for data in found {
            let record = decode::record(&record_type, data)?;
            client.exchange().note_organization(record.organization_id);
            drift.read += 1;
            let Some(known) = transaction.fingerprints(record.id)? else { continue };
            drift.known += 1;
            let mut fingerprints = Fingerprints::from_bytes(&known);
            if fingerprints.forget_other_than(&Fingerprints::of_record(&record)) > 0 {
                drift.changed += 1;
                let entry = Entry { id: record.id, fingerprints: fingerprints.to_bytes() };
                transaction.save(record_type.api_name(), &entry)?;
            }
            transaction.keep_keys(record.id, &match_keys(&record))?;
            transaction.mark_verified(record.id, &verification)?;
        }
        recognize::remember(client, &mut transaction)?;
        transaction.commit()?;
        if cursor.is_none() {
            break;
        }
    }
    recognize::ask_whose(client, ledger, record_type.api_name())?;
    let mut transaction = ledger.write()?;
    if drift.known == 0 {
        transaction.forget_creates(record_type.api_name())?;
    }
    drift.gone = transaction.forget_others(record_type.api_name(), &verification)? as u64;
    transaction.commit()?;
    Ok(drift)
}
