//! Reads for a large batch on two connections at once.
//!
//! While a transaction holds the write lock nobody else can write, so that until it writes itself
//! every reader sees the very state that it sees.

use std::thread;

use crate::error::Result;

use super::transaction::Transaction;

/// From this many on, a second connection gains more than it costs.
const LARGE: usize = 4000;

/// Reads what is wanted, in its order; the second half on a connection and thread of its own where
/// that is worth it. `read` is told where its part begins.
pub(super) fn in_halves<I: Sync, T: Send>(
    transaction: &Transaction<'_>,
    wanted: &[I],
    read: impl Fn(&Transaction<'_>, usize, &[I]) -> Result<Vec<T>> + Sync,
) -> Result<Vec<T>> {
    if wanted.len() < LARGE || !transaction.sees_what_readers_see() {
        return read(transaction, 0, wanted);
    }
    let middle = wanted.len() / 2;
    let (first, second) = wanted.split_at(middle);
    let (store, read) = (transaction.store(), &read);
    thread::scope(|scope| {
        let other = scope.spawn(move || read(&store.begin_read()?, middle, second));
        let mut found = read(transaction, 0, first)?;
        let others = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        found.extend(others);
        Ok(found)
    })
}
