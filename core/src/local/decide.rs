//! Deciding: what each operation of a batch does to the records that were gathered for it.

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{
    Action, Digest, ItemEdit, Match, MatchTarget, Operation, OperationKind, Outcome,
};
use crate::record::Attributes;
use crate::store::Settings;
use crate::workspace::ApplyOptions;

use super::draft::{NewValues, items_of, revise, revise_items};
use super::references::Lost;
use super::working_set::{WorkingSet, WorkingSets};
use super::{items, not_found, references};

/// Decides one operation; the working sets are then as the operation leaves them.
pub(super) fn decide(
    sets: &mut WorkingSets,
    settings: Settings,
    options: ApplyOptions,
    operation: Operation,
) -> Result<Outcome> {
    let digest = operation.digest();
    let Operation { record_type, mut kind, actor, writes_read_only, .. } = operation;
    let lost = match &mut kind {
        OperationKind::Create { attributes }
        | OperationKind::Patch { attributes, .. }
        | OperationKind::Assert { attributes, .. }
        | OperationKind::Update { attributes, .. } => {
            references::find(sets, &record_type, attributes)
        }
        OperationKind::Archive { .. }
        | OperationKind::Restore { .. }
        | OperationKind::EditItem { .. }
        | OperationKind::EditEdge { .. } => Lost::default(),
    };
    if !writes_read_only {
        record_type.check_writable()?;
    }
    let set = sets.get_mut(record_type.api_name()).ok_or_else(|| {
        Error::new(ErrorCode::Internal, "an operation's record type was not gathered")
    })?;
    set.log.begin(&kind, actor.as_ref());
    let mut place = None;
    let decided = match kind {
        OperationKind::Create { attributes } => {
            create(set, (settings, options), lost, attributes, None, digest)
        }
        OperationKind::Patch { id, attributes } => match set.with_id(id) {
            Some(index) => update(set, settings, index, lost, attributes, None, digest),
            None => lost.check().and_then(|()| Err(not_found(&record_type, id))),
        },
        OperationKind::Archive { id } => match set.with_id(id) {
            Some(index) => {
                set.archive(index);
                Ok((Action::Archived, index))
            }
            None => Err(not_found(&record_type, id)),
        },
        OperationKind::Restore { id } => match (set.with_id(id), set.archived(id)) {
            (Some(index), _) => Ok((Action::Unchanged, index)),
            (None, Some(index)) => restore(set, settings, index),
            (None, None) => Err(not_found(&record_type, id)),
        },
        OperationKind::EditItem { id, attribute, edit } => match set.with_id(id) {
            Some(index) => edit_item(set, settings, index, attribute, *edit),
            None => Err(not_found(&record_type, id)),
        },
        OperationKind::EditEdge { .. } => {
            Err(Error::new(ErrorCode::Internal, "an edge was taken for a record"))
        }
        OperationKind::Assert { matching, attributes } => {
            let matching = place.insert(matching);
            let found = find(set, matching);
            let can_assert = if writes_read_only { Ok(()) } else { record_type.check_can_assert() };
            let matching = Some(&*matching);
            can_assert.and_then(|()| match found {
                Ok(Some(index)) => update(set, settings, index, lost, attributes, matching, digest),
                Ok(None) => create(set, (settings, options), lost, attributes, matching, digest),
                Err(error) => lost.check().and(Err(error)),
            })
        }
        OperationKind::Update { matching, attributes } => {
            let matching = place.insert(matching);
            let found = find(set, matching);
            match found {
                Ok(Some(index)) => {
                    update(set, settings, index, lost, attributes, Some(matching), digest)
                }
                Ok(None) => {
                    let what = format!("no {} matches", record_type.api_name());
                    lost.check().and(Err(Error::new(ErrorCode::RecordNotFound, what)))
                }
                Err(error) => lost.check().and(Err(error)),
            }
        }
    };
    match decided {
        Ok((action, index)) => {
            let record =
                options.returns_records.then(|| set.record(index, settings.organization_id));
            let id = set.entry(index).record.id;
            Ok(Outcome { action, id, record, edge: None })
        }
        Err(error) if error.record().is_none() => Err(match place {
            Some(matching) => error.on_record(matching.describe()),
            None => error,
        }),
        Err(error) => Err(error),
    }
}

/// The one record that a match finds; `None` where there is none.
fn find(set: &mut WorkingSet, matching: &Match) -> Result<Option<usize>> {
    let found = set.answer(&matching.target);
    match found[..] {
        [] => match matching.target {
            // An id cannot be chosen, so there is nothing to make (contract.md section 5.4).
            MatchTarget::Id(id) => Err(not_found(&set.record_type, id)),
            MatchTarget::Values { .. } => Ok(None),
        },
        [index] => Ok(Some(index)),
        _ => {
            const SHOWN: usize = 5;
            let mut ids: Vec<String> = found
                .iter()
                .take(SHOWN)
                .map(|&index| set.entry(index).record.id.to_string())
                .collect();
            if found.len() > SHOWN {
                ids.push("..".to_owned());
            }
            Err(Error::new(
                ErrorCode::AmbiguousMatch,
                format!(
                    "{} records of type {} match {}: {}",
                    found.len(),
                    set.record_type.api_name(),
                    matching.describe(),
                    ids.join(", ")
                ),
            )
            .at_field(&*matching.name))
        }
    }
}

fn create(
    set: &mut WorkingSet,
    (settings, options): (Settings, ApplyOptions),
    lost: Lost,
    attributes: Attributes,
    matching: Option<&Match>,
    digest: Option<Digest>,
) -> Result<(Action, usize)> {
    let values = and_also(lost.check(), revise(&set.record_type, None, attributes, matching))?;
    set.check_unique(None, &values, settings.rejects_duplicates)?;
    Ok((Action::Created, set.insert(values, digest, options.returns_records)?))
}

fn update(
    set: &mut WorkingSet,
    settings: Settings,
    index: usize,
    lost: Lost,
    attributes: Attributes,
    matching: Option<&Match>,
    digest: Option<Digest>,
) -> Result<(Action, usize)> {
    if set.entry(index).is_repeated {
        return Ok((Action::Unchanged, index));
    }
    let referred = lost.check_beside(set.entry(index).values());
    let revised = revise(&set.record_type, Some(set.current(index)), attributes, matching);
    let values = and_also(referred, revised)?;
    if values.is_empty() {
        return Ok((Action::Unchanged, index));
    }
    set.check_unique(Some(index), &values, settings.rejects_duplicates)?;
    set.update(index, values, digest);
    Ok((Action::Updated, index))
}

/// What was revised, unless a reference was not found; the faults of both are told at once.
fn and_also(referred: Result<()>, revised: Result<NewValues>) -> Result<NewValues> {
    match (referred, revised) {
        (Ok(()), revised) => revised,
        (Err(fault), Ok(_)) => Err(fault),
        (Err(first), Err(second)) => Err(first.and_also(second)),
    }
}

/// Brings a record back, unless another one has taken what no two may share.
fn restore(set: &mut WorkingSet, settings: Settings, index: usize) -> Result<(Action, usize)> {
    let values = set.key_values(index);
    set.check_unique(Some(index), &values, settings.rejects_duplicates)?;
    set.restore(index);
    Ok((Action::Restored, index))
}

fn edit_item(
    set: &mut WorkingSet,
    settings: Settings,
    index: usize,
    attribute: usize,
    edit: ItemEdit,
) -> Result<(Action, usize)> {
    let record_type = &set.record_type;
    let entry = set.entry(index);
    let mut edited = items_of(entry.values()[attribute].as_ref());
    let declared = record_type.attribute(attribute);
    let is_removal = matches!(edit, ItemEdit::Remove(_));
    let action = items::edit(entry.record.id, declared, &mut edited, edit)?;
    let values = revise_items(record_type, set.current(index), attribute, edited, is_removal)?;
    if values.is_empty() {
        return Ok((Action::Unchanged, index));
    }
    set.check_unique(Some(index), &values, settings.rejects_duplicates)?;
    set.update(index, values, None);
    Ok((action, index))
}
