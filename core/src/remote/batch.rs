//! Batches: many operations at a time, what the ledger knows before them, and what it learns.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{Digest, Operation, OperationKind, Outcome, Outcomes};
use crate::source::Control;
use crate::store::{Entry, Ledger, LedgerTransaction, OpenCreate};
use crate::value::Timestamp;
use crate::workspace::Foresight;

use super::chains::chains;
use super::client::Client;
use super::failure::{ends_all, not_sent};
use super::fingerprints::{Fingerprints, create_key, match_key};
use super::perform::{Begun, Known, Performed, has_parts, writes_match};
use super::sending::{self, Done, Sending};

/// What is known of an operation before it is sent.
#[derive(Debug)]
pub(super) struct Before {
    /// The digest of its match.
    pub(super) key: Option<Digest>,
    pub(super) known: Option<Known>,
    pub(super) create: Option<Create>,
}

/// What is known of a create, or of an assert that may have to be one, before it is sent.
#[derive(Debug)]
pub(super) struct Create {
    /// The digest of what it asks for.
    pub(super) asked: Digest,
    /// Whether a match finds what it makes: then it matters only when it was asked for.
    pub(super) is_matched: bool,
    /// Tells those that ask the same apart.
    number: usize,
    pub(super) begun: Begun,
    /// What creates that are over and asked the same have made.
    pub(super) others: Vec<Uuid>,
}

impl Create {
    fn new(asked: Digest, is_matched: bool) -> Self {
        Self { asked, is_matched, number: 0, begun: Begun::No, others: Vec::new() }
    }
}

/// A batch on its way.
pub(super) struct Batch {
    operations: Arc<Vec<Operation>>,
    before: Arc<Vec<Before>>,
    performed: Done,
    /// Whether what is known of records is made use of: without a ledger every match is made anew.
    has_ledger: bool,
    /// When its creates were noted, by the workspace's clock.
    noted_at: Option<Timestamp>,
}

impl Batch {
    pub(super) fn new(operations: Vec<Operation>) -> Self {
        let before = operations.iter().map(|operation| {
            let record_type = &operation.record_type;
            let (key, create) = match &operation.kind {
                OperationKind::Assert { matching, .. } => {
                    let key = match_key(record_type, matching);
                    let asked = key.filter(|_| !record_type.has_assert());
                    (key, asked.map(|asked| Create::new(asked, true)))
                }
                OperationKind::Update { matching, .. } => (match_key(record_type, matching), None),
                OperationKind::Create { attributes } => {
                    (None, Some(Create::new(create_key(record_type, attributes), false)))
                }
                _ => (None, None),
            };
            Before { key, known: None, create }
        });
        let before = Arc::new(before.collect());
        let (operations, performed) = (Arc::new(operations), Vec::new());
        Self { operations, before, performed, has_ledger: false, noted_at: None }
    }

    /// Takes in what the ledger knows, and notes what is about to be sent: in one transaction, as another
    /// job may note the same.
    pub(super) fn begin(&mut self, ledger: &Ledger, now: Timestamp) -> Result<()> {
        let mut transaction = ledger.write()?;
        self.recall(&mut transaction, now)?;
        self.note(&mut transaction)?;
        transaction.commit()
    }

    /// Takes in what the ledger knows.
    pub(super) fn recall(
        &mut self,
        ledger: &mut LedgerTransaction<'_>,
        now: Timestamp,
    ) -> Result<()> {
        self.has_ledger = true;
        self.noted_at = Some(now);
        let mut same: HashMap<[u8; 16], usize> = HashMap::new();
        // Nobody else has it yet.
        for before in Arc::get_mut(&mut self.before).into_iter().flatten() {
            if let Some(key) = before.key {
                before.known = ledger.find(key)?.map(|entry| Known {
                    id: entry.id,
                    fingerprints: Fingerprints::from_bytes(&entry.fingerprints),
                });
                if before.known.is_some() {
                    before.create = None;
                }
            }
            let Some(create) = &mut before.create else { continue };
            let place = same.entry(create.asked.0).or_default();
            let open = ledger.creates(create.asked)?;
            match open.get(*place) {
                Some(known) => {
                    create.number = known.number;
                    create.begun = known.made.map_or(Begun::Perhaps(known.noted_at), Begun::Made);
                }
                None => {
                    let first = open.last().map_or(0, |last| last.number + 1);
                    create.number = first + (*place - open.len());
                }
            }
            create.others = ledger.made(create.asked)?;
            *place += 1;
        }
        Ok(())
    }

    /// What the operations would ask for, by what the ledger knows.
    pub(super) fn foresee(&self) -> Foresight {
        let mut foresight = Foresight::default();
        for (operation, before) in self.operations.iter().zip(&*self.before) {
            let record_type = &operation.record_type;
            let (attributes, is_update) = match &operation.kind {
                OperationKind::Assert { attributes, .. } => (attributes, false),
                OperationKind::Update { attributes, .. } => (attributes, true),
                _ => {
                    foresight.requests += 1;
                    continue;
                }
            };
            // An address that is written in part is read before, or written after the rest.
            let parts = u64::from(has_parts(attributes));
            foresight.requests += match &before.known {
                Some(known) => {
                    let changed = known.fingerprints.changed(record_type, attributes);
                    if changed.is_empty() {
                        foresight.unchanged += 1;
                        continue;
                    }
                    1 + u64::from(has_parts(&changed))
                }
                None if record_type.has_assert() && !is_update => 1 + parts,
                None => 2,
            };
        }
        foresight
    }

    /// What an operation writes that the ledger knows otherwise.
    fn changes(&self, place: usize) -> Option<(Uuid, Fingerprints)> {
        let operation = &self.operations[place];
        let record_type = &operation.record_type;
        let known = self.before[place].known.as_ref()?;
        let (OperationKind::Assert { matching, attributes }
        | OperationKind::Update { matching, attributes }) = &operation.kind
        else {
            return None;
        };
        let changed = known.fingerprints.changed(record_type, attributes);
        if changed.is_empty() || writes_match(record_type, matching, &changed) {
            return None;
        }
        Some((known.id, Fingerprints::of(record_type, &changed)))
    }

    /// Notes what is about to be sent, so that a kill leaves a trace of it: creates, and that what is
    /// to be changed is not known from here on.
    fn note(&self, ledger: &mut LedgerTransaction<'_>) -> Result<()> {
        for (place, before) in self.before.iter().enumerate() {
            if let Some(create) = before.create.as_ref().filter(|it| it.begun == Begun::No) {
                let noted_at = self.noted_at.unwrap_or_else(Timestamp::now);
                let open = OpenCreate { number: create.number, made: None, noted_at };
                ledger.note_create(create.asked, &open)?;
            }
            if let Some((id, prints)) = self.changes(place) {
                let Some(stored) = ledger.fingerprints(id)? else { continue };
                let mut stored = Fingerprints::from_bytes(&stored);
                stored.forget(&prints);
                let entry = Entry { id, fingerprints: stored.to_bytes() };
                ledger.save(self.operations[place].record_type.api_name(), &entry)?;
            }
        }
        Ok(())
    }

    /// Sends the operations, until the control says stop.
    pub(super) fn perform(
        &mut self,
        client: &Client,
        returns_records: bool,
        control: &Control,
    ) -> Result<()> {
        let known: Vec<Option<Uuid>> =
            self.before.iter().map(|before| before.known.as_ref().map(|known| known.id)).collect();
        let chains = chains(&self.operations, &known);
        let (operations, before) = (Arc::clone(&self.operations), Arc::clone(&self.before));
        let has_ledger = self.has_ledger;
        let send = |exchange| {
            let common = Sending {
                exchange,
                operations,
                before,
                returns_records,
                has_ledger,
                alone: AtomicUsize::new(0),
            };
            sending::send(common, chains)
        };
        self.performed = client.wait_for_batch(control, send)?;
        Ok(())
    }

    /// Whether anything was done.
    pub(super) fn has_done(&self) -> bool {
        self.performed.iter().any(|done| matches!(done, Some(Ok(_))))
    }

    /// Takes out the error that has ended the batch as a whole; what was done before it is known all
    /// the same.
    pub(super) fn take_end(&mut self) -> Option<Error> {
        let ends = |done: &&mut Option<Result<Performed>>| matches!(done, Some(Err(error)) if ends_all(error));
        if let Some(Some(Err(error))) = self.performed.iter_mut().find(ends).map(Option::take) {
            return Some(error);
        }
        // A task has panicked: nothing may pass its operations by.
        if self.performed.iter().any(Option::is_none) {
            return Some(lost());
        }
        let is_unsent = |done: &Option<Result<Performed>>| matches!(done, Some(Err(error)) if error.code() == ErrorCode::Cancelled);
        self.performed.iter().any(is_unsent).then(not_sent)
    }

    /// Notes in the ledger what was done.
    pub(super) fn learn(
        &self,
        ledger: &mut LedgerTransaction<'_>,
        now: Timestamp,
        is_over: bool,
    ) -> Result<()> {
        let mut written: BTreeMap<Uuid, Written<'_>> = BTreeMap::new();
        for (place, done) in self.performed.iter().enumerate() {
            let before = &self.before[place];
            if let Some(create) = &before.create {
                let noted_at = self.noted_at.unwrap_or(now);
                learn_create(ledger, create, done.as_ref(), is_over.then_some(now), noted_at)?;
            }
            let Some(Ok(performed)) = done else { continue };
            let Some(known) = &performed.known else { continue };
            let record_type = self.operations[place].record_type.api_name();
            written
                .entry(known.id)
                .or_insert_with(|| Written::new(record_type, before.key))
                .take_in(before.key, performed);
            if let Some(key) = before.key
                && before.known.as_ref().is_none_or(|old| old.id != known.id)
            {
                ledger.save_key(key, known.id)?;
            }
        }
        for (id, written) in written {
            // As it is now: another job may have the same ledger.
            let stored = ledger.fingerprints(id)?;
            if let Some(fingerprints) = written.onto(stored.as_deref()) {
                ledger.save(written.record_type, &Entry { id, fingerprints })?;
            }
        }
        if self.before.iter().any(|before| before.create.is_some()) {
            ledger.forget_made(now)?;
        }
        Ok(())
    }

    /// What became of each operation.
    pub(super) fn into_outcomes(self) -> Outcomes {
        let outcome = |done: Option<Result<Performed>>| -> Result<Outcome> {
            done.unwrap_or_else(|| Err(lost())).map(|performed| performed.outcome)
        };
        self.performed.into_iter().map(outcome).collect()
    }
}

fn lost() -> Error {
    Error::new(ErrorCode::Internal, "requests of a batch ended without an answer or an error")
}

/// Notes what became of a create: only what is certain ends it.
fn learn_create(
    ledger: &mut LedgerTransaction<'_>,
    create: &Create,
    done: Option<&Result<Performed>>,
    over_at: Option<Timestamp>,
    noted_at: Timestamp,
) -> Result<()> {
    let Create { asked, number, .. } = *create;
    match (done, over_at) {
        (Some(Ok(_)), _) if create.is_matched => ledger.end_create(asked, number, None),
        (Some(Ok(performed)), Some(now)) => {
            ledger.end_create(asked, number, Some((performed.outcome.id, now)))
        }
        (Some(Ok(performed)), None) => {
            let made = Some(performed.outcome.id);
            let noted_at = match create.begun {
                Begun::Perhaps(at) => at.min(noted_at),
                _ => noted_at,
            };
            ledger.note_create(asked, &OpenCreate { number, made, noted_at })
        }
        // One that was not sent need not be looked for, unless it was asked for before.
        (Some(Err(error)), _) if error.code() == ErrorCode::Cancelled => match create.begun {
            Begun::No => ledger.end_create(asked, number, None),
            Begun::Perhaps(_) | Begun::Made(_) => Ok(()),
        },
        (Some(Err(error)), Some(_)) if !ends_all(error) => ledger.end_create(asked, number, None),
        _ => Ok(()),
    }
}

/// What the operations of a batch have written to one record.
struct Written<'a> {
    record_type: &'a str,
    /// The match of those that came first.
    key: Option<Digest>,
    /// Whether others have found it by another match: they may have gone at the same time, so that
    /// where they say different things nothing is known.
    is_shared: bool,
    prints: Fingerprints,
    unknown: Fingerprints,
    /// What was read of attributes that follow from what was written.
    beside: Fingerprints,
}

impl<'a> Written<'a> {
    fn new(record_type: &'a str, key: Option<Digest>) -> Self {
        let prints = Fingerprints::default;
        let (prints, unknown, beside) = (prints(), prints(), prints());
        Self { record_type, key, is_shared: false, prints, unknown, beside }
    }

    fn take_in(&mut self, key: Option<Digest>, performed: &Performed) {
        self.is_shared |= key != self.key;
        if self.is_shared {
            self.unknown.learn(self.prints.differing(&performed.wrote));
        }
        if performed.may_be_late {
            self.unknown.learn(performed.wrote.clone());
        }
        self.prints.forget_other_than(&performed.beside);
        self.prints.learn(performed.wrote.clone());
        self.beside.learn(performed.beside.clone());
    }

    /// What is known then; `None` where that is nothing new.
    fn onto(&self, stored: Option<&[u8]>) -> Option<Vec<u8>> {
        let mut known = stored.map(Fingerprints::from_bytes).unwrap_or_default();
        known.forget_other_than(&self.beside);
        known.learn(self.prints.clone());
        known.forget(&self.unknown);
        let known = known.to_bytes();
        (stored != Some(&known[..])).then_some(known)
    }
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
