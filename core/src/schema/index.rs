//! What is asked of a record type's attributes for every record, found once.

use std::collections::HashMap;

use super::attribute::{Attribute, Origin};

/// Indexes of the attributes of a record type, by name and by kind.
#[derive(Debug, Clone)]
pub(super) struct AttributeIndex {
    /// By their names and aliases.
    pub(super) by_name: HashMap<String, usize>,
    /// Those with a default.
    pub(super) defaults: Vec<usize>,
    /// Those that a new record needs.
    pub(super) required: Vec<usize>,
    /// Those that follow from others, each after what it follows from.
    pub(super) derived: Vec<usize>,
}

impl AttributeIndex {
    pub(super) fn of(attributes: &[Attribute]) -> Self {
        let mut by_name = HashMap::new();
        for (index, attribute) in attributes.iter().enumerate() {
            by_name.insert(attribute.api_name.clone(), index);
            for alias in &attribute.aliases {
                by_name.insert(alias.clone(), index);
            }
        }
        let those = |is_one: &dyn Fn(&Attribute) -> bool| -> Vec<usize> {
            (0..attributes.len()).filter(|&index| is_one(&attributes[index])).collect()
        };
        // A name may be joined from primary items, and a pipeline says nothing of either.
        let mut derived = those(&|one| matches!(one.origin, Origin::PrimaryOf(_)));
        derived.extend(those(&|one| matches!(one.origin, Origin::PipelineOf(_))));
        derived.extend(those(&|one| matches!(one.origin, Origin::JoinOf { .. })));
        Self {
            by_name,
            defaults: those(&|one| one.default.is_some()),
            required: those(&|one| one.is_required_on_create),
            derived,
        }
    }
}
