//! Sends the operations of a batch: chain beside chain, the operations of each in their order.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinSet;

use crate::error::{Error, ErrorCode, Result, Retry};
use crate::operation::Operation;

use super::batch::Before;
use super::client::Exchange;
use super::failure::{ends_all, not_sent};
use super::perform::{Begun, Known, Performed, Performer};
use super::request::Request;

/// Answers to others that show that it is not the workspace that fails.
const OTHERS: u64 = 20;
/// Records of a batch that may be refused alone where nobody else was answered meanwhile.
const ALONE: usize = 3;
/// Chains on their way: more than requests go at a time, as some wait for what was lost.
const CHAINS: usize = 256;

/// What the operations of a batch have in common.
pub(super) struct Sending {
    pub(super) exchange: Exchange,
    pub(super) operations: Arc<Vec<Operation>>,
    pub(super) before: Arc<Vec<Before>>,
    pub(super) returns_records: bool,
    /// Whether what is known of records is made use of: without a ledger every match is made anew.
    pub(super) has_ledger: bool,
    /// Records that were refused alone as the workspace answers something else.
    pub(super) alone: AtomicUsize,
}

impl Sending {
    /// Whether it is a record at which the workspace fails, and not the workspace: it answers others,
    /// or at least answers.
    async fn is_of_the_record(&self, answered_before: u64) -> bool {
        if self.exchange.stop().is_set() {
            return false;
        }
        if self.exchange.answered() > answered_before + OTHERS {
            return true;
        }
        if self.alone.fetch_add(1, Ordering::Relaxed) >= ALONE {
            return false;
        }
        let asked = self.exchange.send(&Request::get(&["health"])).await;
        asked.map_or_else(|failure| !failure.is_passing(), |_| true)
    }
}

/// What became of each operation; nothing of those of a task that has panicked.
pub(super) type Done = Vec<Option<Result<Performed>>>;

/// Sends all operations, or until one shows that the others would end as it did.
pub(super) async fn send(sending: Sending, chains: Vec<Vec<usize>>) -> Done {
    let mut done: Done = sending.operations.iter().map(|_| None).collect();
    let sending = Arc::new(sending);
    let mut waiting = chains.into_iter();
    let mut tasks = JoinSet::new();
    for chain in waiting.by_ref().take(CHAINS) {
        tasks.spawn(send_chain(Arc::clone(&sending), chain));
    }
    while let Some(ended) = tasks.join_next().await {
        for (place, performed) in ended.unwrap_or_default() {
            done[place] = Some(performed);
        }
        if let Some(chain) = waiting.next() {
            tasks.spawn(send_chain(Arc::clone(&sending), chain));
        }
    }
    done
}

async fn send_chain(sending: Arc<Sending>, chain: Vec<usize>) -> Vec<(usize, Result<Performed>)> {
    let Sending { exchange, operations, before, has_ledger, .. } = &*sending;
    let mut made = Vec::new();
    let mut ended = Vec::with_capacity(chain.len());
    // What the operations before have left behind, by match.
    let mut known: HashMap<[u8; 16], Known> = HashMap::new();
    for (at, &place) in chain.iter().enumerate() {
        if exchange.stop().is_set() {
            ended.push((place, Err(not_sent())));
            continue;
        }
        let Before { key, known: recalled, create } = &before[place];
        let later = key.and_then(|key| known.get(&key.0).cloned());
        let answered = exchange.answered();
        let is_open = |other: &&usize| {
            let other = before[**other].create.as_ref();
            other.zip(create.as_ref()).is_some_and(|(other, this)| {
                other.asked.0 == this.asked.0 && matches!(other.begun, Begun::Perhaps(_))
            })
        };
        let others = create.iter().flat_map(|create| &create.others);
        let mut performer = Performer {
            exchange,
            returns_records: sending.returns_records,
            known: later.or_else(|| recalled.clone()),
            begun: create.as_ref().map_or(Begun::No, |create| create.begun),
            made: others.chain(&made).copied().collect(),
            open: chain[at..].iter().filter(is_open).count(),
        };
        let mut performed = performer.perform(&operations[place]).await;
        if exchange.is_anothers() {
            exchange.stop().set();
        }
        match &performed {
            Ok(performed) => {
                if create.as_ref().is_some_and(|create| !create.is_matched) {
                    made.push(performed.outcome.id);
                }
                // The last one leaves nothing to others.
                let is_last = at + 1 == chain.len();
                let changed = performed.known.as_ref().filter(|_| *has_ledger && !is_last);
                if let Some(changed) = changed {
                    let same = known.values_mut().filter(|known| known.id == changed.id);
                    same.for_each(|known| *known = changed.clone());
                    if let Some(key) = key {
                        known.insert(key.0, changed.clone());
                    }
                }
            }
            Err(error) if ends_all(error) => {
                // A create of which nothing is known is no refused row.
                if create.as_ref().is_none_or(|create| create.is_matched)
                    && is_passing(error)
                    && sending.is_of_the_record(answered).await
                {
                    performed = performed.map_err(|error| of_the_record(&error));
                } else {
                    exchange.stop().set();
                }
            }
            Err(_) => {}
        }
        ended.push((place, performed));
    }
    ended
}

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
