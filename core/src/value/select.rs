//! Options of selects and stages.

use uuid::Uuid;

/// One option that a select or stage attribute may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectOption {
    /// Stable id.
    pub id: Uuid,
    /// The name in the API, for example `working`.
    pub api_name: String,
    /// The name for people.
    pub display_value: String,
    /// The colour people see, for example `blue`.
    pub color: String,
}

impl SelectOption {
    /// Whether `text` names this option: by id, api name, or display value.
    pub(super) fn is_named(&self, text: &str) -> bool {
        self.api_name == text
            || self.display_value == text
            || Uuid::parse_str(text).is_ok_and(|id| id == self.id)
    }
}
