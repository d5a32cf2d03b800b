//! Repeated asserts: finds the records that a batch leaves as they are, without reading them.
//!
//! A record keeps the digest of the assert that left it as it is, until something else changes it.
//! Where no operation of the batch asks for anything else, there is nothing to compare.

use crate::operation::Operation;

use super::holders::Found;
use super::working_set::WorkingSet;

/// What the operations of a batch ask of a record, so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nothing,
    Repeated,
    Other,
}

/// Marks the records that every operation which finds them leaves as they are; gives the others,
/// in their order.
pub(super) fn find_repeated<'a>(
    set: &mut WorkingSet,
    operations: impl Iterator<Item = (&'a Operation, &'a Found)>,
) -> Vec<usize> {
    let mut asked = vec![Asked::Nothing; set.len()];
    for (operation, found) in operations {
        let digest = operation.digest().filter(|_| found.len() == 1);
        for &index in found {
            let is_repeated = digest.is_some() && set.entry(index).record.digest == digest;
            asked[index] = match asked[index] {
                Asked::Nothing | Asked::Repeated if is_repeated => Asked::Repeated,
                _ => Asked::Other,
            };
        }
    }
    let mut others = Vec::new();
    for (index, asked) in asked.into_iter().enumerate() {
        match asked {
            Asked::Repeated => set.mark_repeated(index),
            Asked::Nothing | Asked::Other => others.push(index),
        }
    }
    others
}
