//! What an operation means on the wire: the requests that it takes, as few as what is known of its
//! record allows.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Action, Match, MatchTarget, Operation, OperationKind, Outcome};
use crate::record::{Attributes, Change, Record};
use crate::schema::RecordType;
use crate::value::Value;

use super::client::Exchange;
use super::fingerprints::Fingerprints;
use super::request::Request;
use super::{decode, encode, lookup, parts, waits};

/// Attempts at what must not be done twice, each after a look for what the one before did.
const ATTEMPTS: u32 = 12;

/// What the ledger knows of the record that an operation is about.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: Uuid,
    pub(super) fingerprints: Fingerprints,
}

/// What is known of a create before it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begun {
    /// Nobody has asked for it.
    No,
    /// It was asked for, and it is not known what came of it.
    Perhaps,
    /// It was asked for, and made this record.
    Made(Uuid),
}

/// An operation on its way.
pub(super) struct Performer<'a> {
    pub(super) exchange: &'a Exchange,
    pub(super) returns_records: bool,
    /// What the ledger knows of the record.
    pub(super) known: Option<Known>,
    pub(super) begun: Begun,
    /// Records that other creates have made.
    pub(super) made: &'a [Uuid],
}

/// What became of an operation, and of its record.
pub(super) struct Performed {
    pub(super) outcome: Outcome,
    pub(super) known: Option<Known>,
}

impl Performed {
    pub(super) fn of(action: Action, id: Uuid, record: Option<Record>) -> Self {
        Self { outcome: Outcome { action, id, record, edge: None }, known: None }
    }
}

impl Performer<'_> {
    pub(super) async fn perform(&mut self, operation: &Operation) -> Result<Performed> {
        let record_type = &operation.record_type;
        match &operation.kind {
            OperationKind::Create { attributes } => self.create(record_type, attributes).await,
            OperationKind::Patch { id, attributes } => {
                self.patch(record_type, *id, attributes).await
            }
            OperationKind::Archive { id } => self.archive(record_type, *id).await,
            OperationKind::Restore { .. } => {
                let what = "the record API brings no archived record back";
                Err(Error::new(ErrorCode::OperationNotSupported, what))
            }
            OperationKind::EditItem { id, attribute, edit } => {
                parts::edit_item(self, record_type, *id, *attribute, edit).await
            }
            OperationKind::EditEdge { of, relationship, edit } => {
                parts::edit_edge(self, record_type, *of, *relationship, edit).await
            }
            OperationKind::Assert { matching, attributes } => {
                if !operation.writes_read_only {
                    record_type.check_can_assert()?;
                }
                self.assert(record_type, matching, attributes).await
            }
            OperationKind::Update { matching, attributes } => {
                self.update(record_type, matching, attributes).await
            }
        }
    }

    pub(super) async fn send(&self, request: Request) -> Result<super::request::Answer> {
        self.exchange.send(&request).await.map_err(|failure| failure.error)
    }

    /// The outcome of a request that is answered with the record.
    fn performed(
        &self,
        record_type: &Arc<RecordType>,
        action: Action,
        data: Json,
        attributes: &Attributes,
    ) -> Result<Performed> {
        let record = decode::record(record_type, data)?;
        let mut fingerprints = match &self.known {
            Some(known) if known.id == record.id => known.fingerprints.clone(),
            _ => Fingerprints::default(),
        };
        fingerprints.learn(Fingerprints::of(record_type, attributes));
        let known = Some(Known { id: record.id, fingerprints });
        let id = record.id;
        let record = self.returns_records.then_some(record);
        Ok(Performed { outcome: Outcome { action, id, record, edge: None }, known })
    }

    /// The outcome of an operation that asks for what is there already.
    async fn unchanged(
        &self,
        record_type: &Arc<RecordType>,
        id: Uuid,
        record: Option<Record>,
    ) -> Result<Performed> {
        let record = match (self.returns_records, record) {
            (false, _) => None,
            (true, Some(record)) => Some(record),
            (true, None) => Some(lookup::by_id(self.exchange, record_type, id).await?),
        };
        let known = self.known.clone();
        Ok(Performed {
            outcome: Outcome { action: Action::Unchanged, id, record, edge: None },
            known,
        })
    }

    async fn create(
        &self,
        record_type: &Arc<RecordType>,
        attributes: &Attributes,
    ) -> Result<Performed> {
        if let Begun::Made(id) = self.begun {
            let record = match self.returns_records {
                true => Some(lookup::by_id(self.exchange, record_type, id).await?),
                false => None,
            };
            return Ok(Performed::of(Action::Created, id, record));
        }
        let body = parts::create_body(record_type, attributes);
        let request = Request::post(&[record_type.api_name()], body).once();
        let mut is_uncertain = self.begun == Begun::Perhaps;
        // Each attempt that may have made it is followed by a look for what it made.
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(waits::backoff(attempt)).await;
            }
            if is_uncertain {
                let found = lookup::made(self.exchange, record_type, attributes, self.made).await?;
                if let Some(record) = found {
                    let data = record.to_json();
                    return self.performed(record_type, Action::Created, data, attributes);
                }
            }
            match self.exchange.send(&request).await {
                Ok(answer) => {
                    return self.performed(record_type, Action::Created, answer.data(), attributes);
                }
                Err(failure) if failure.may_be_done && failure.is_passing() => is_uncertain = true,
                Err(failure) => return Err(failure.error),
            }
        }
        let what = "it is not known whether the record was made";
        Err(Error::new(ErrorCode::Timeout, what).hint("run again: it is looked for first"))
    }

    async fn patch(
        &self,
        record_type: &Arc<RecordType>,
        id: Uuid,
        attributes: &Attributes,
    ) -> Result<Performed> {
        let current = match has_parts(attributes) {
            true => Some(lookup::by_id(self.exchange, record_type, id).await?),
            false => None,
        };
        let whole = whole(record_type, attributes, current.as_ref());
        let body = json!({ "attributes": encode::attributes(record_type, &whole) });
        let path = [record_type.api_name(), &id.to_string()];
        let answer = self.send(Request::patch(&path, body)).await?;
        self.performed(record_type, Action::Updated, answer.data(), attributes)
    }

    async fn archive(&self, record_type: &Arc<RecordType>, id: Uuid) -> Result<Performed> {
        let path = [record_type.api_name(), &id.to_string()];
        match self.exchange.send(&Request::delete(&path)).await {
            Ok(_) => {}
            // An attempt before, of which nothing was heard, has done it.
            Err(failure) if parts::is_gone(&failure) => {}
            Err(failure) => return Err(failure.error),
        }
        Ok(Performed::of(Action::Archived, id, None))
    }

    async fn assert(
        &mut self,
        record_type: &Arc<RecordType>,
        matching: &Match,
        attributes: &Attributes,
    ) -> Result<Performed> {
        if let Some(done) = self.by_ledger(record_type, attributes).await? {
            return Ok(done);
        }
        if !record_type.has_assert() {
            return self.assert_by_query(record_type, matching, attributes).await;
        }
        let current = match has_parts(attributes) {
            true => lookup::by_match(self.exchange, record_type, matching).await?,
            false => None,
        };
        let whole = whole(record_type, attributes, current.as_ref());
        let body = json!({
            "match": encode::matching(record_type, matching),
            "attributes": encode::attributes(record_type, &whole),
        });
        let answer = self.send(Request::post(&[record_type.api_name(), "_assert"], body)).await?;
        let is_new = answer.body["meta"]["action"] == "created" || answer.status == 201;
        let action = if is_new { Action::Created } else { Action::Updated };
        self.performed(record_type, action, answer.data(), attributes)
    }

    /// What needs no look for the record: the ledger knows which one it is, and how it is. `None`
    /// where it does not, or the record is gone.
    async fn by_ledger(
        &mut self,
        record_type: &Arc<RecordType>,
        attributes: &Attributes,
    ) -> Result<Option<Performed>> {
        let Some(known) = &self.known else { return Ok(None) };
        let id = known.id;
        let changed = known.fingerprints.changed(record_type, attributes);
        let done = match changed.is_empty() {
            true => self.unchanged(record_type, id, None).await,
            false => self.patch(record_type, id, &changed).await,
        };
        match done {
            Err(error) if error.code() == ErrorCode::RecordNotFound => {
                self.known = None;
                Ok(None)
            }
            done => done.map(Some),
        }
    }

    async fn update(
        &mut self,
        record_type: &Arc<RecordType>,
        matching: &Match,
        attributes: &Attributes,
    ) -> Result<Performed> {
        if let Some(done) = self.by_ledger(record_type, attributes).await? {
            return Ok(done);
        }
        match lookup::by_match(self.exchange, record_type, matching).await? {
            Some(record) => self.bring_to(record_type, record, attributes).await,
            None => {
                let what = format!("no {} has {}", record_type.api_name(), matching.describe());
                Err(Error::new(ErrorCode::RecordNotFound, what).at_field(&*matching.name))
            }
        }
    }

    /// An assert of records that the API cannot assert: looked for, then made or changed.
    async fn assert_by_query(
        &mut self,
        record_type: &Arc<RecordType>,
        matching: &Match,
        attributes: &Attributes,
    ) -> Result<Performed> {
        let (mut conflict, mut is_uncertain) = (None, false);
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(waits::backoff(attempt)).await;
            }
            match lookup::by_match(self.exchange, record_type, matching).await? {
                Some(record) => {
                    let mut done = self.bring_to(record_type, record, attributes).await?;
                    if is_uncertain && done.outcome.action == Action::Unchanged {
                        done.outcome.action = Action::Created;
                    }
                    return Ok(done);
                }
                None if conflict.is_some() => break,
                None => {}
            }
            if let MatchTarget::Id(id) = matching.target {
                let what = format!("there is no {} with the id {id}", record_type.api_name());
                return Err(Error::new(ErrorCode::RecordNotFound, what).on_record(id.to_string()));
            }
            let new = with_match(record_type, matching, attributes);
            let body = parts::create_body(record_type, &whole(record_type, &new, None));
            let request = Request::post(&[record_type.api_name()], body).once();
            match self.exchange.send(&request).await {
                Ok(answer) => {
                    let data = answer.data();
                    return self.performed(record_type, Action::Created, data, attributes);
                }
                // Made by an attempt of which nothing was heard, or by somebody else just now.
                Err(failure) if failure.may_be_done && failure.is_passing() => is_uncertain = true,
                Err(failure) if failure.error.code() == ErrorCode::UniqueConflict => {
                    conflict = Some(failure.error);
                }
                Err(failure) => return Err(failure.error),
            }
        }
        let unknown = || {
            let what = "it is not known whether the record was made";
            Error::new(ErrorCode::Timeout, what).hint("run again: it is looked for first")
        };
        Err(conflict.unwrap_or_else(unknown))
    }

    /// Changes what a record has otherwise than the attributes say.
    async fn bring_to(
        &mut self,
        record_type: &Arc<RecordType>,
        record: Record,
        attributes: &Attributes,
    ) -> Result<Performed> {
        let changed = Fingerprints::of_record(&record).changed(record_type, attributes);
        let mut fingerprints = Fingerprints::default();
        fingerprints.learn(Fingerprints::of(record_type, attributes));
        self.known = Some(Known { id: record.id, fingerprints });
        if changed.is_empty() {
            return self.unchanged(record_type, record.id, Some(record)).await;
        }
        let id = record.id;
        let whole = whole(record_type, &changed, Some(&record));
        self.patch(record_type, id, &whole).await
    }
}

/// Whether parts of an address are changed and others left as they are.
pub(super) fn has_parts(attributes: &Attributes) -> bool {
    attributes.iter().any(|(_, change)| match change {
        Change::Merge(patch) => patch.0.iter().any(Option::is_none),
        _ => false,
    })
}

/// The attributes with every address whole, from what the record has now.
fn whole(
    record_type: &RecordType,
    attributes: &Attributes,
    current: Option<&Record>,
) -> Attributes {
    let mut whole = attributes.clone();
    for (index, change) in attributes.iter() {
        let Change::Merge(patch) = change else { continue };
        let name = &record_type.attribute(index).api_name;
        let address = current.and_then(|record| record.value(name)?.as_address());
        whole.set(
            index,
            match patch.as_ref().clone().apply_to(address) {
                Some(address) => Change::Set(Value::Address(Box::new(address))),
                None => Change::Clear,
            },
        );
    }
    whole
}

/// The attributes of a new record, with the match value where they do not give it.
fn with_match(record_type: &RecordType, matching: &Match, attributes: &Attributes) -> Attributes {
    let mut new = attributes.clone();
    let MatchTarget::Values { attribute, values } = &matching.target else { return new };
    if new.change(*attribute).is_none() {
        let value = match (record_type.attribute(*attribute).is_array, values.first()) {
            (true, _) => Value::List(values.clone().into()),
            (false, Some(value)) => value.clone(),
            (false, None) => return new,
        };
        new.set(*attribute, Change::Set(value));
    }
    new
}
