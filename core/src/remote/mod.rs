//! The remote workspace: the CRM itself, or a twin of it, over HTTP.
//!
//! An operation becomes as few requests as what is known of its record allows. What is known, and the
//! journal of syncs, lives in a ledger on this machine.

mod batch;
mod brief;
mod chains;
mod client;
mod creates;
mod decode;
mod edges;
mod encode;
mod failure;
mod fingerprints;
mod governor;
mod key;
mod latency;
mod likeness;
mod lookup;
mod options;
mod pace;
mod parts;
mod perform;
mod query_assert;
mod recognize;
mod request;
mod sending;
mod speed;
mod stop;
mod types;
mod verify;
mod waits;

pub(crate) use failure::ends_all;
pub use key::ApiKey;
pub(crate) use options::is_possible_rate;
pub use options::{RemoteOptions, is_remote, ledger_name};

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use serde_json::Value as Json;
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{ApplyMode, EdgePage, EdgeQuery, Operation, Outcomes, Page, Query};
use crate::record::Record;
use crate::schema::{RecordType, Schema};
use crate::source::Control;
use crate::store::Ledger;
use crate::store::journal::JournalReader;
use crate::workspace::{ApplyOptions, Drift, Foresight, Prepared, RequestPace, Settle, Workspace};

use batch::Batch;
use client::Client;
use recognize::Recognizer;
use request::Request;
use speed::Speed;
use types::Types;

/// A workspace behind a record API.
pub(crate) struct RemoteWorkspace {
    client: Client,
    types: Types,
    ledger_path: Option<PathBuf>,
    ledger: OnceLock<Ledger>,
    recognizer: Recognizer,
    speed: Speed,
}

impl RemoteWorkspace {
    /// Takes the address of a record API; nothing is sent yet.
    ///
    /// # Errors
    /// `config_invalid` for what is no address, or one that holds a secret.
    pub(crate) fn open(url: &str, options: RemoteOptions) -> Result<Self> {
        let client = Client::new(url, &options)?;
        let ledger_path = options.ledger;
        let (types, ledger) = (Types::new(), OnceLock::new());
        let (recognizer, speed) = (Recognizer::default(), Speed::default());
        Ok(Self { client, types, ledger_path, ledger, recognizer, speed })
    }

    fn ledger(&self) -> Result<&Ledger> {
        if let Some(ledger) = self.ledger.get() {
            return Ok(ledger);
        }
        let address = self.client.exchange().address();
        let path = self.ledger_path.clone().unwrap_or_else(|| options::name_ledger(address));
        let ledger = Ledger::open(&path, address.as_str())?;
        Ok(self.ledger.get_or_init(|| ledger))
    }

    /// With a ledger, which knows what need not be sent, and learns what was.
    fn deliver(
        &self,
        operations: Vec<Operation>,
        options: ApplyOptions,
        settle: &mut Settle<'_>,
        control: &Control,
    ) -> Result<Outcomes> {
        if control.is_cancelled() && !operations.is_empty() {
            return Err(stopped());
        }
        let ledger = self.ledger()?;
        self.recognizer.check(&self.client, ledger, &operations)?;
        let begun = Instant::now();
        let mut batch = Batch::new(operations);
        batch.begin(ledger, self.client.exchange().time())?;
        batch.perform(&self.client, options.returns_records, control)?;
        let ended = batch.take_end();
        let mut transaction = ledger.write()?;
        recognize::remember(&self.client, &mut transaction)?;
        batch.learn(&mut transaction, self.client.exchange().time(), ended.is_none())?;
        if let Some(error) = ended {
            // What was done is done, whatever becomes of the rest.
            transaction.commit()?;
            return Err(if control.is_cancelled() { stopped() } else { error });
        }
        let outcomes = batch.into_outcomes();
        settle(&outcomes, transaction.journal())?;
        transaction.commit()?;
        self.speed.note(outcomes.len(), begun.elapsed());
        Ok(outcomes)
    }

    /// Without a ledger: there is nothing to settle. Where the batch ended in the middle, what was done
    /// is told all the same.
    fn perform(
        &self,
        operations: Vec<Operation>,
        options: ApplyOptions,
        control: &Control,
    ) -> Result<Outcomes> {
        let begun = Instant::now();
        let mut batch = Batch::new(operations);
        batch.perform(&self.client, options.returns_records, control)?;
        let ended = if batch.has_done() { None } else { batch.take_end() };
        if let Some(error) = ended {
            return Err(if control.is_cancelled() { stopped() } else { error });
        }
        let outcomes = batch.into_outcomes();
        self.speed.note(outcomes.len(), begun.elapsed());
        Ok(outcomes)
    }
}

impl Workspace for RemoteWorkspace {
    fn schema(&self) -> Arc<Schema> {
        self.types.schema()
    }

    fn record_type(&self, name: &str) -> Result<Arc<RecordType>> {
        self.types.record_type(&self.client, name)
    }

    fn get(&self, record_type: &str, id: Uuid) -> Result<Record> {
        let record_type = self.record_type(record_type)?;
        let path = [record_type.api_name(), &id.to_string()];
        let answer = self.client.send(Request::get(&path))?;
        decode::record(&record_type, answer.data())
    }

    fn query(&self, record_type: &str, query: &Query) -> Result<Page> {
        let record_type = self.record_type(record_type)?;
        let mut body = query.to_body();
        if record_type.api_name() == parts::ACTIVITY {
            body = parts::activity_scope(body);
        }
        let path = [record_type.api_name(), "_query"];
        let answer = self.client.send(Request::post(&path, Json::Object(body)))?;
        let next_cursor = decode::next_cursor(&answer.body);
        let Json::Array(found) = answer.data() else { return Err(lookup::no_list()) };
        let records = found.into_iter().map(|data| decode::record(&record_type, data));
        Ok(Page { records: records.collect::<Result<_>>()?, next_cursor })
    }

    fn edges(&self, query: &EdgeQuery) -> Result<EdgePage> {
        edges::page(query, self.client.send(edges::page_request(query))?)
    }

    fn apply_and_settle(
        &self,
        operations: Vec<Operation>,
        options: ApplyOptions,
        settle: &mut Settle<'_>,
    ) -> Result<Outcomes> {
        let prepared = Prepared::new(operations, options);
        self.apply_prepared(prepared, Some(settle), &Control::default())
    }

    fn apply(&self, operations: Vec<Operation>, options: ApplyOptions) -> Result<Outcomes> {
        self.apply_prepared(Prepared::new(operations, options), None, &Control::default())
    }

    fn apply_prepared(
        &self,
        prepared: Prepared,
        settle: Option<&mut Settle<'_>>,
        control: &Control,
    ) -> Result<Outcomes> {
        let Prepared { operations, options, .. } = prepared;
        check_mode(&operations, options)?;
        match settle {
            Some(settle) => self.deliver(operations, options, settle, control),
            None => self.perform(operations, options, control),
        }
    }

    fn read_journal(
        &self,
        read: &mut dyn FnMut(&mut dyn JournalReader) -> Result<()>,
    ) -> Result<()> {
        read(self.ledger()?.read()?.journal_reader())
    }

    fn foresee(&self, operations: &[Operation]) -> Result<Foresight> {
        let mut batch = Batch::new(operations.to_vec());
        batch.recall(&mut self.ledger()?.read()?, self.client.exchange().time())?;
        Ok(batch.foresee())
    }

    fn verify(&self, record_type: &str, control: &Control) -> Result<Drift> {
        verify::verify(&self.client, &self.types, self.ledger()?, record_type, control)
    }

    fn still_holds(&self, record_type: &str) -> Result<bool> {
        let record_type = self.record_type(record_type)?;
        self.recognizer.look(&self.client, self.ledger()?, &record_type)
    }

    fn pace(&self) -> Option<RequestPace> {
        Some(self.client.exchange().governor().report())
    }

    fn batch_rows(&self) -> usize {
        self.speed.batch_rows(self.client.exchange().governor().report().allowed)
    }

    fn settle(&self) -> Result<()> {
        Ok(())
    }
}

/// However a batch ended that was to be stopped: the next run finds out.
fn stopped() -> Error {
    Error::new(ErrorCode::Cancelled, "the delivery was asked to stop")
        .hint("run again: it goes on there")
}

/// One failure cannot keep the others from being done: they are requests of their own.
fn check_mode(operations: &[Operation], options: ApplyOptions) -> Result<()> {
    if options.mode != ApplyMode::AllOrNothing || operations.len() < 2 {
        return Ok(());
    }
    let what = "a remote workspace cannot apply several operations all or nothing";
    Err(Error::new(ErrorCode::OperationNotSupported, what)
        .hint("let each outcome stand alone: on_reject = \"continue\""))
}
