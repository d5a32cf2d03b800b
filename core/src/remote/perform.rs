//! What an operation means on the wire: the requests that it takes, as few as what is known of its
//! record allows.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Action, Match, MatchTarget, Operation, OperationKind, Outcome};
use crate::record::{Attributes, Change, Record};
use crate::schema::{Origin, RecordType};
use crate::value::{Timestamp, Value};

use super::brief::Brief;
use super::client::Exchange;
use super::fingerprints::{self, Fingerprints, holds};
use super::request::{Answer, Request};
use super::{creates, decode, edges, encode, lookup, parts};

/// Attempts at what must not be done twice, each after a look for what the one before did.
pub(super) const ATTEMPTS: u32 = 12;

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
    /// It was asked for at this time or later, and it is not known what came of it.
    Perhaps(Timestamp),
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
    pub(super) made: Vec<Uuid>,
    /// Creates that ask for the same and may have been done.
    pub(super) open: usize,
}

/// What became of an operation, and of its record.
pub(super) struct Performed {
    pub(super) outcome: Outcome,
    pub(super) known: Option<Known>,
    /// What it has said of the record, and what follows from that.
    pub(super) wrote: Fingerprints,
    pub(super) beside: Fingerprints,
    /// Whether an attempt that was given up may still be done, over what others write since.
    pub(super) may_be_late: bool,
}

/// An assert that the API has answered.
struct Asserted {
    action: Action,
    record: Record,
    /// Whether an attempt before may still be done.
    may_be_late: bool,
}

impl Performed {
    pub(super) fn of(action: Action, id: Uuid, record: Option<Record>) -> Self {
        Self {
            outcome: Outcome { action, id, record, edge: None },
            known: None,
            wrote: Fingerprints::default(),
            beside: Fingerprints::default(),
            may_be_late: false,
        }
    }
}

impl Performer<'_> {
    pub(super) async fn perform(&mut self, operation: &Operation) -> Result<Performed> {
        let record_type = &operation.record_type;
        match &operation.kind {
            OperationKind::Create { attributes } => {
                creates::create(self, record_type, attributes).await
            }
            OperationKind::Patch { id, attributes } => {
                let (record, may_be_late) = self.patch(record_type, *id, attributes).await?;
                Ok(self.done(Action::Updated, record, attributes, may_be_late))
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
                edges::edit(self, record_type, *of, *relationship, edit).await
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

    pub(super) async fn send(&self, request: Request) -> Result<Answer> {
        self.exchange.send(&request).await.map_err(|failure| failure.of(&request))
    }

    /// The outcome of a request that is answered with the record.
    pub(super) fn performed(
        &self,
        record_type: &Arc<RecordType>,
        action: Action,
        answer: Answer,
        attributes: &Attributes,
    ) -> Result<Performed> {
        let may_be_late = answer.may_be_late;
        let record = decode::record(record_type, answer.data())?;
        Ok(self.done(action, record, attributes, may_be_late))
    }

    /// The same, from the record.
    pub(super) fn done(
        &self,
        action: Action,
        record: Record,
        attributes: &Attributes,
        may_be_late: bool,
    ) -> Performed {
        self.exchange.note_organization(record.organization_id);
        let wrote = Fingerprints::of(&record.record_type, attributes);
        let beside = Fingerprints::beside(&record, attributes);
        let mut fingerprints = match &self.known {
            Some(known) if known.id == record.id => known.fingerprints.clone(),
            _ => Fingerprints::default(),
        };
        fingerprints.forget_other_than(&beside);
        match may_be_late {
            true => fingerprints.forget(&wrote),
            false => fingerprints.learn(wrote.clone()),
        }
        let known = Some(Known { id: record.id, fingerprints });
        let id = record.id;
        let record = self.returns_records.then_some(record);
        let outcome = Outcome { action, id, record, edge: None };
        Performed { outcome, known, wrote, beside, may_be_late }
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
        Ok(Performed { known, ..Performed::of(Action::Unchanged, id, record) })
    }

    /// Changes a record; gives it as it is then, and whether an attempt before may still be done.
    async fn patch(
        &self,
        record_type: &Arc<RecordType>,
        id: Uuid,
        attributes: &Attributes,
    ) -> Result<(Record, bool)> {
        let current = match has_parts(attributes) {
            true => Some(lookup::by_id(self.exchange, record_type, id).await?),
            false => None,
        };
        let whole = whole(record_type, attributes, current.as_ref());
        let body = json!({ "attributes": encode::attributes(record_type, &whole) });
        let path = [record_type.api_name(), &id.to_string()];
        // Whole: what it shows empty tells that the record has lost what it is found by.
        let answer = self.send(Request::patch(&path, body)).await?;
        let may_be_late = answer.may_be_late;
        Ok((decode::record(record_type, answer.data())?, may_be_late))
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
        let has_assert = record_type.has_assert();
        if let Some(done) = self.by_ledger(record_type, matching, attributes, has_assert).await? {
            return Ok(done);
        }
        if !has_assert {
            return self.assert_by_query(record_type, matching, attributes).await;
        }
        // What an address has beside the parts that are written only the answer tells.
        let (parts, others) = split_parts(attributes);
        let others = whole(record_type, &others, None);
        let asserted = self.send_assert(record_type, matching, &others, &parts).await?;
        self.finish_address(asserted, &parts, attributes).await
    }

    /// Asks the API for an assert of just these attributes; those that are yet to be written in part are
    /// asked of its answer.
    async fn send_assert(
        &self,
        record_type: &Arc<RecordType>,
        matching: &Match,
        attributes: &Attributes,
        parts: &Attributes,
    ) -> Result<Asserted> {
        let body = json!({
            "match": encode::matching(record_type, matching),
            "attributes": encode::attributes(record_type, attributes),
        });
        let request = Request::post(&[record_type.api_name(), "_assert"], body);
        let asked = || {
            let mut shown = fingerprints::beside(record_type, attributes);
            shown.extend(parts.iter().map(|(index, _)| index));
            Brief { attributes: shown, record_type: Arc::clone(record_type) }
        };
        let brief = (!self.returns_records).then(asked);
        let answer = self.send(request.brief(brief)).await?;
        let is_new = answer.body["meta"]["action"] == "created" || answer.status == 201;
        let action = if is_new { Action::Created } else { Action::Updated };
        let may_be_late = answer.may_be_late;
        let record = decode::record(record_type, answer.data())?;
        Ok(Asserted { action, record, may_be_late })
    }

    /// Writes the parts of an address onto the one that an assert has shown.
    async fn finish_address(
        &self,
        asserted: Asserted,
        parts: &Attributes,
        attributes: &Attributes,
    ) -> Result<Performed> {
        let Asserted { action, record, may_be_late } = asserted;
        let record_type = Arc::clone(&record.record_type);
        let mut changed = Fingerprints::of_record(&record).changed(&record_type, parts);
        if changed.is_empty() {
            return Ok(self.done(action, record, attributes, may_be_late));
        }
        // Where an answer does not show the address, it is asked for.
        if action == Action::Created || changed.iter().all(|(index, _)| shows(&record, index)) {
            changed = whole(&record_type, &changed, Some(&record));
        }
        let (record, is_patch_late) = self.patch(&record_type, record.id, &changed).await?;
        Ok(self.done(action, record, attributes, may_be_late || is_patch_late))
    }

    /// An assert of what has changed since the ledger's record was last confirmed. The match decides,
    /// not the ledger: what was found by it may have gone to another record since, which gets the whole.
    async fn assert_changed(
        &self,
        record_type: &Arc<RecordType>,
        matching: &Match,
        (changed, attributes): (&Attributes, &Attributes),
        id: Uuid,
    ) -> Result<Performed> {
        let first = self.send_assert(record_type, matching, changed, &Attributes::default()).await;
        let is_new = match first {
            Ok(Asserted { action: Action::Updated, record, may_be_late }) if record.id == id => {
                return Ok(self.done(Action::Updated, record, changed, may_be_late));
            }
            Ok(asserted) => asserted.action == Action::Created,
            // There is none any more, and what has changed makes none.
            Err(error) if error.code() == ErrorCode::FieldRequiredMissing => false,
            Err(error) => return Err(error),
        };
        let whole =
            self.send_assert(record_type, matching, attributes, &Attributes::default()).await?;
        let action = if is_new { Action::Created } else { whole.action };
        Ok(self.done(action, whole.record, attributes, whole.may_be_late))
    }

    /// What needs no look for the record: the ledger knows which one it is, and how it is. `None`
    /// where it does not, the record is gone, or it has not any more what it was found by.
    async fn by_ledger(
        &mut self,
        record_type: &Arc<RecordType>,
        matching: &Match,
        attributes: &Attributes,
        may_assert: bool,
    ) -> Result<Option<Performed>> {
        let Some(known) = &self.known else { return Ok(None) };
        let id = known.id;
        let changed = known.fingerprints.changed(record_type, attributes);
        if writes_match(record_type, matching, &changed) {
            self.known = None;
            return Ok(None);
        }
        if may_assert && !changed.is_empty() && !has_parts(attributes) {
            let both = (&changed, attributes);
            return self.assert_changed(record_type, matching, both, id).await.map(Some);
        }
        let done = match changed.is_empty() {
            true => self.unchanged(record_type, id, None).await.map(Some),
            false => self.patch(record_type, id, &changed).await.map(|(record, may_be_late)| {
                let is_found = holds(&record, matching);
                is_found.then(|| self.done(Action::Updated, record, &changed, may_be_late))
            }),
        };
        match done {
            Err(error) if error.code() == ErrorCode::RecordNotFound => self.known = None,
            Ok(None) => self.known = None,
            done => return done,
        }
        Ok(None)
    }

    async fn update(
        &mut self,
        record_type: &Arc<RecordType>,
        matching: &Match,
        attributes: &Attributes,
    ) -> Result<Performed> {
        if let Some(done) = self.by_ledger(record_type, matching, attributes, false).await? {
            return Ok(done);
        }
        match lookup::by_match(self.exchange, record_type, matching).await? {
            Some(record) => self.bring_to(record_type, record, attributes, false).await,
            None => {
                let what = format!("no {} has {}", record_type.api_name(), matching.describe());
                Err(Error::new(ErrorCode::RecordNotFound, what).at_field(&*matching.name))
            }
        }
    }

    /// Changes what a record has otherwise than the attributes say; one that an attempt of this run may
    /// have made is as good as created.
    pub(super) async fn bring_to(
        &mut self,
        record_type: &Arc<RecordType>,
        record: Record,
        attributes: &Attributes,
        is_asked: bool,
    ) -> Result<Performed> {
        let changed = Fingerprints::of_record(&record).changed(record_type, attributes);
        let mut fingerprints = Fingerprints::default();
        fingerprints.learn(Fingerprints::of(record_type, attributes));
        self.known = Some(Known { id: record.id, fingerprints });
        if changed.is_empty() {
            let mut done = self.unchanged(record_type, record.id, Some(record)).await?;
            if is_asked {
                done.outcome.action = Action::Created;
            }
            let wrote = Fingerprints::of(record_type, attributes);
            return Ok(Performed { wrote, ..done });
        }
        let id = record.id;
        let whole = whole(record_type, &changed, Some(&record));
        let (record, may_be_late) = self.patch(record_type, id, &whole).await?;
        Ok(self.done(Action::Updated, record, attributes, may_be_late))
    }
}

/// Whether a patch of these would give a record the value that it is looked for by: then others have
/// given it another one, and it is not the record that is meant.
pub(super) fn writes_match(
    record_type: &RecordType,
    matching: &Match,
    changed: &Attributes,
) -> bool {
    let MatchTarget::Values { attribute: by, .. } = matching.target else { return false };
    changed.iter().any(|(index, _)| {
        index == by
            || matches!(record_type.attribute(index).origin, Origin::PrimaryOf(of) if of == by)
    })
}

/// Whether parts of an address are changed and others left as they are.
pub(super) fn has_parts(attributes: &Attributes) -> bool {
    attributes.iter().any(|(_, change)| is_part(change))
}

fn is_part(change: &Change) -> bool {
    matches!(change, Change::Merge(patch) if patch.0.iter().any(Option::is_none))
}

/// The parts of addresses, and the attributes that need no look at what is there.
fn split_parts(attributes: &Attributes) -> (Attributes, Attributes) {
    let (mut parts, mut others) = (Attributes::default(), Attributes::default());
    for (index, change) in attributes.iter() {
        let place = if is_part(change) { &mut parts } else { &mut others };
        place.set(index, change.clone());
    }
    (parts, others)
}

/// Whether the answer that a record was read from shows this attribute.
fn shows(record: &Record, index: usize) -> bool {
    let name = &record.record_type.attribute(index).api_name;
    record.raw.as_ref().is_some_and(|raw| raw["attributes"].get(name).is_some())
}

/// The attributes with every address whole, from what the record has now.
pub(super) fn whole(
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
