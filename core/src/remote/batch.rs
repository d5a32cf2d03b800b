//! Batches: many operations at a time, what the ledger knows before them, and what it learns.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result, Retry};
use crate::operation::{Digest, Operation, OperationKind, Outcome, Outcomes};
use crate::store::{Entry, LedgerTransaction};
use crate::workspace::Foresight;

use super::chains::chains;
use super::client::{Client, Exchange};
use super::fingerprints::{Fingerprints, create_key, match_key};
use super::perform::{Begun, Known, Performed, Performer, has_parts};

/// What is known of an operation before it is sent.
#[derive(Debug, Clone)]
struct Before {
    /// The digest of its match.
    key: Option<Digest>,
    known: Option<Known>,
    /// The digest of what it creates, and which of those that ask the same it is.
    create: Option<(Digest, usize)>,
    begun: Begun,
}

/// A batch on its way.
pub(super) struct Batch {
    operations: Arc<Vec<Operation>>,
    before: Vec<Before>,
    performed: Vec<Option<Result<Performed>>>,
    /// Whether what is known of records is made use of: without a ledger every match is made anew.
    has_ledger: bool,
}

impl Batch {
    pub(super) fn new(operations: Vec<Operation>) -> Self {
        let mut same: HashMap<[u8; 16], usize> = HashMap::new();
        let before = operations.iter().map(|operation| {
            let record_type = &operation.record_type;
            let (key, create) = match &operation.kind {
                OperationKind::Assert { matching, .. } | OperationKind::Update { matching, .. } => {
                    (match_key(record_type, matching), None)
                }
                OperationKind::Create { attributes } => {
                    let asked = create_key(record_type, attributes);
                    let number = same.entry(asked.0).or_default();
                    *number += 1;
                    (None, Some((asked, *number - 1)))
                }
                _ => (None, None),
            };
            Before { key, known: None, create, begun: Begun::No }
        });
        let before = before.collect();
        Self { operations: Arc::new(operations), before, performed: Vec::new(), has_ledger: false }
    }

    /// Takes in what the ledger knows.
    pub(super) fn recall(&mut self, ledger: &mut LedgerTransaction<'_>) -> Result<()> {
        self.has_ledger = true;
        for before in &mut self.before {
            if let Some(key) = before.key {
                before.known = ledger.find(key)?.map(|entry| Known {
                    id: entry.id,
                    fingerprints: Fingerprints::from_bytes(&entry.fingerprints),
                });
            }
            if let Some((asked, number)) = before.create {
                before.begun = match ledger.creates(asked)?.get(number) {
                    None => Begun::No,
                    Some(None) => Begun::Perhaps,
                    Some(Some(id)) => Begun::Made(*id),
                };
            }
        }
        Ok(())
    }

    /// What the operations would ask for, by what the ledger knows.
    pub(super) fn foresee(&self) -> Foresight {
        let mut foresight = Foresight::default();
        for (operation, before) in self.operations.iter().zip(&self.before) {
            let record_type = &operation.record_type;
            let (attributes, is_update) = match &operation.kind {
                OperationKind::Assert { attributes, .. } => (attributes, false),
                OperationKind::Update { attributes, .. } => (attributes, true),
                _ => {
                    foresight.requests += 1;
                    continue;
                }
            };
            // An address that is written in part is read before.
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

    pub(super) fn has_creates(&self) -> bool {
        self.before.iter().any(|before| before.create.is_some())
    }

    /// Notes the creates that are about to be sent, so that a kill leaves a trace of them.
    pub(super) fn note_creates(&self, ledger: &mut LedgerTransaction<'_>) -> Result<()> {
        for before in self.before.iter().filter(|before| before.begun == Begun::No) {
            if let Some((asked, number)) = before.create {
                ledger.note_create(asked, number, None)?;
            }
        }
        Ok(())
    }

    /// Sends the operations. The error is the first that ends the batch as a whole; what was done
    /// before it is known all the same.
    pub(super) fn perform(&mut self, client: &Client, returns_records: bool) -> Result<()> {
        let known: Vec<Option<Uuid>> =
            self.before.iter().map(|before| before.known.as_ref().map(|known| known.id)).collect();
        let chains = chains(&self.operations, &known);
        let (operations, before) = (Arc::clone(&self.operations), self.before.clone());
        let exchange = Arc::clone(client.exchange());
        let how = How { returns_records, has_ledger: self.has_ledger };
        self.performed = client.wait(perform(exchange, operations, before, chains, how))?;
        let fatal = self
            .performed
            .iter_mut()
            .find(|done| matches!(done, Some(Err(error)) if is_fatal(error)));
        match fatal.and_then(Option::take) {
            Some(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Notes in the ledger what was done.
    pub(super) fn learn(&self, ledger: &mut LedgerTransaction<'_>, is_over: bool) -> Result<()> {
        let shared = self.shared();
        for ((operation, before), done) in
            self.operations.iter().zip(&self.before).zip(&self.performed)
        {
            let performed = match done {
                Some(Ok(performed)) => Some(performed),
                _ => None,
            };
            if let (Some(key), Some(known)) =
                (before.key, performed.and_then(|it| it.known.as_ref()))
            {
                let fingerprints = shared.get(&known.id).unwrap_or(&known.fingerprints).to_bytes();
                let entry = Entry { id: known.id, fingerprints };
                let is_new = before.known.as_ref().is_none_or(|old| {
                    old.id != known.id || old.fingerprints.to_bytes() != entry.fingerprints
                });
                if is_new {
                    ledger.save(operation.record_type.api_name(), &entry, Some(key))?;
                }
            }
            match before.create {
                Some((asked, _)) if is_over => ledger.end_creates(asked)?,
                Some((asked, number)) => {
                    if let Some(performed) = performed {
                        ledger.note_create(asked, number, Some(performed.outcome.id))?;
                    }
                }
                None => {}
            }
        }
        Ok(())
    }

    /// What is known of records that operations with several matches have found: they may have gone
    /// at the same time, so that where they say different things nothing is known.
    fn shared(&self) -> HashMap<Uuid, Fingerprints> {
        let mut found: HashMap<Uuid, (Fingerprints, Digest, bool)> = HashMap::new();
        for (before, done) in self.before.iter().zip(&self.performed) {
            let (Some(key), Some(Ok(Performed { known: Some(known), .. }))) = (before.key, done)
            else {
                continue;
            };
            let fingerprints = known.fingerprints.clone();
            match found.get_mut(&known.id) {
                None => drop(found.insert(known.id, (fingerprints, key, false))),
                Some((latest, first, _)) if *first == key => *latest = fingerprints,
                Some((agreed, _, is_shared)) => {
                    agreed.agree_with(&fingerprints);
                    *is_shared = true;
                }
            }
        }
        let shared = found.into_iter().filter(|(_, (.., is_shared))| *is_shared);
        shared.map(|(id, (fingerprints, ..))| (id, fingerprints)).collect()
    }

    /// What became of each operation.
    pub(super) fn into_outcomes(self) -> Outcomes {
        let outcome = |done: Option<Result<Performed>>| -> Result<Outcome> {
            done.unwrap_or_else(|| Err(not_sent())).map(|performed| performed.outcome)
        };
        self.performed.into_iter().map(outcome).collect()
    }
}

fn not_sent() -> Error {
    Error::new(ErrorCode::Cancelled, "it was not sent, as an operation before it ended the batch")
}

/// Whether an error is about the workspace and not about one record: what follows would end so too.
fn is_fatal(error: &Error) -> bool {
    matches!(
        error.code(),
        ErrorCode::Unauthorized
            | ErrorCode::Forbidden
            | ErrorCode::RateLimited
            | ErrorCode::Unavailable
            | ErrorCode::Timeout
            | ErrorCode::ConfigInvalid
    )
}

/// Answers to others that show that it is not the workspace that fails.
const OTHERS: u64 = 20;

/// Whether the workspace failed at it, in a way that was worth trying again for long.
fn is_passing(error: &Error) -> bool {
    matches!(error.code(), ErrorCode::Unavailable | ErrorCode::Timeout)
        && error.retry() != Retry::Never
}

/// The failure of a record alone, which a run goes on after.
fn of_the_record(error: &Error) -> Error {
    let what = format!("the workspace fails at this record: {}", error.message());
    Error::new(ErrorCode::InvalidRequest, what)
        .hint("run again; where it stays so, tell those who run the workspace")
}

/// How the operations of a batch are performed.
#[derive(Clone, Copy)]
struct How {
    returns_records: bool,
    has_ledger: bool,
}

type Done = Vec<Option<Result<Performed>>>;

async fn perform(
    exchange: Arc<Exchange>,
    operations: Arc<Vec<Operation>>,
    before: Vec<Before>,
    chains: Vec<Vec<usize>>,
    how: How,
) -> Done {
    let mut done: Done = operations.iter().map(|_| None).collect();
    let is_over = Arc::new(AtomicBool::new(false));
    let before = Arc::new(before);
    let mut tasks = tokio::task::JoinSet::new();
    for chain in chains {
        let (exchange, operations) = (Arc::clone(&exchange), Arc::clone(&operations));
        let (before, is_over) = (Arc::clone(&before), Arc::clone(&is_over));
        tasks.spawn(async move {
            let mut made = Vec::new();
            let mut ended = Vec::with_capacity(chain.len());
            // What the operations before have left behind, by match.
            let mut known: HashMap<[u8; 16], Known> = HashMap::new();
            for place in chain {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                let before = &before[place];
                let later = before.key.and_then(|key| known.get(&key.0).cloned());
                let answered = exchange.answered();
                let mut performer = Performer {
                    exchange: &exchange,
                    returns_records: how.returns_records,
                    known: later.or_else(|| before.known.clone()),
                    begun: before.begun,
                    made: &made,
                };
                let mut performed = performer.perform(&operations[place]).await;
                match &performed {
                    Ok(performed) => {
                        if before.create.is_some() {
                            made.push(performed.outcome.id);
                        }
                        if let Some(changed) = performed.known.as_ref().filter(|_| how.has_ledger) {
                            let same = known.values_mut().filter(|known| known.id == changed.id);
                            same.for_each(|known| *known = changed.clone());
                            if let Some(key) = before.key {
                                known.insert(key.0, changed.clone());
                            }
                        }
                    }
                    Err(error) if is_fatal(error) => {
                        if is_passing(error) && exchange.answered() > answered + OTHERS {
                            // The workspace answers others: it is this record alone.
                            performed = performed.map_err(|error| of_the_record(&error));
                        } else {
                            is_over.store(true, Ordering::Relaxed);
                        }
                    }
                    Err(_) => {}
                }
                ended.push((place, performed));
            }
            ended
        });
    }
    while let Some(ended) = tasks.join_next().await {
        for (place, performed) in ended.unwrap_or_default() {
            done[place] = Some(performed);
        }
    }
    done
}
