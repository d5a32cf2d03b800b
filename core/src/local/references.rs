//! References of operations: each names a record, which is found before its operation is decided.
//!
//! What they name is gathered with everything else, a batch at a time, into the working set of its
//! type; so a reference sees what the operations before its own have done.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::{MatchTarget, Operation, OperationKind};
use crate::record::{Attributes, Change, first_of};
use crate::schema::{Attribute, RecordType, Schema};
use crate::value::{Target, Value};

use super::target::only;
use super::working_set::{WorkingSet, WorkingSets};

/// What the references of a batch look for, by the record type it is looked for in.
pub(super) struct Sought<'a> {
    by_type: FxHashMap<&'a str, (&'a Arc<RecordType>, Vec<MatchTarget>)>,
}

impl<'a> Sought<'a> {
    /// What these operations refer to, as far as it can be looked for.
    pub(super) fn by(operations: &[Operation], schema: &'a Schema) -> Self {
        let mut by_type = FxHashMap::default();
        for operation in operations {
            let attributes = match &operation.kind {
                OperationKind::Create { attributes }
                | OperationKind::Patch { attributes, .. }
                | OperationKind::Assert { attributes, .. }
                | OperationKind::Update { attributes, .. } => attributes,
                OperationKind::Archive { .. }
                | OperationKind::Restore { .. }
                | OperationKind::EditItem { .. }
                | OperationKind::EditEdge { .. } => continue,
            };
            for (attribute, change) in attributes.iter() {
                let declared = operation.record_type.attribute(attribute);
                let (Some(name), Change::Set(value)) = (&declared.target, change) else { continue };
                let Ok(record_type) = schema.record_type(name) else { continue };
                let (_, sought) = by_type
                    .entry(record_type.api_name())
                    .or_insert_with(|| (record_type, Vec::new()));
                sought.extend(elements(value).iter().filter_map(|one| look_for(record_type, one)));
            }
        }
        Self { by_type }
    }

    /// The record types that are referred to.
    pub(super) fn record_types(&self) -> impl Iterator<Item = &'a Arc<RecordType>> + '_ {
        self.by_type.values().map(|(record_type, _)| *record_type)
    }

    /// What is looked for in this type.
    pub(super) fn of(&self, record_type: &RecordType) -> &[MatchTarget] {
        self.by_type.get(record_type.api_name()).map_or(&[], |(_, sought)| sought)
    }
}

/// What references lead to nothing, by their attribute and the id that they gave.
#[derive(Default)]
pub(super) struct Lost(Vec<(usize, Option<Uuid>, Error)>);

impl Lost {
    /// Refuses them.
    ///
    /// # Errors
    /// `target_record_not_found`, `ambiguous_match`, `invalid_matching_field`, `field_value_invalid`,
    /// at the field; where several fail, the others are related.
    pub(super) fn check(self) -> Result<()> {
        first_of(self.0.into_iter().map(|(.., fault)| fault)).map_or(Ok(()), Err)
    }

    /// Refuses them, but for ids that the record holds already: what it refers to may have been
    /// archived since, and what was read can be written back.
    ///
    /// # Errors
    /// As [`Lost::check`].
    pub(super) fn check_beside(mut self, current: &[Option<Value>]) -> Result<()> {
        let holds = |attribute: usize, id: Uuid| {
            current[attribute]
                .as_ref()
                .is_some_and(|held| elements(held).contains(&Value::Uuid(id)))
        };
        self.0.retain(|(attribute, id, _)| !id.is_some_and(|id| holds(*attribute, id)));
        self.check()
    }
}

/// Puts the ids of the records that references name in their place; gives those that name none.
pub(super) fn find(
    sets: &mut WorkingSets,
    record_type: &RecordType,
    attributes: &mut Attributes,
) -> Lost {
    let mut lost = Vec::new();
    for (index, change) in attributes.iter_mut() {
        let declared = record_type.attribute(index);
        let (Some(name), Change::Set(value)) = (&declared.target, change) else { continue };
        let elements = match value {
            Value::List(elements) => &mut elements[..],
            one => std::slice::from_mut(one),
        };
        for element in elements {
            let Some(target) = target_of(element) else { continue };
            match found(sets.get_mut(name.as_str()), declared, &target) {
                Ok(id) => *element = id,
                Err(error) => {
                    let id = match target {
                        Target::Id(id) => Some(id),
                        Target::Match { .. } => None,
                    };
                    lost.push((index, id, error.at_field(&declared.api_name)));
                }
            }
        }
    }
    Lost(lost)
}

fn found(set: Option<&mut WorkingSet>, declared: &Attribute, target: &Target) -> Result<Value> {
    let Some(set) = set else {
        // A type that workspaces do not hold: its ids are all that can be known of its records.
        return match target {
            Target::Id(id) => Ok(Value::Uuid(*id)),
            Target::Match { .. } => Err(Error::new(
                ErrorCode::TargetRecordNotFound,
                format!("{} refers to records that are not kept here", declared.api_name),
            )
            .hint("give the id")),
        };
    };
    let sought = MatchTarget::of(&set.record_type, target)?;
    let hits = set.answer(&sought);
    let hit = only(&set.record_type, target, &hits)?;
    Ok(Value::Uuid(set.entry(hit).record.id))
}

fn elements(value: &Value) -> &[Value] {
    value.as_list().unwrap_or_else(|| std::slice::from_ref(value))
}

fn look_for(record_type: &RecordType, element: &Value) -> Option<MatchTarget> {
    // What cannot be looked for is refused when its operation is decided.
    target_of(element).and_then(|target| MatchTarget::of(record_type, &target).ok())
}

fn target_of(element: &Value) -> Option<Target> {
    match element {
        Value::Uuid(id) => Some(Target::Id(*id)),
        Value::Target(target) => Some((**target).clone()),
        _ => None,
    }
}
