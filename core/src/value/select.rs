//! Options of selects and stages.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use uuid::Uuid;

/// One option that a select or stage attribute may hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectOption {
    /// Stable id.
    pub id: Uuid,
    /// The name in the API, for example `working`; of a stage, in its pipeline.
    pub api_name: String,
    /// The name for people.
    pub display_value: String,
    /// The colour people see, for example `blue`.
    pub color: String,
    /// What a stage of an opportunity says beyond that.
    pub stage: Option<PipelineStage>,
}

/// A stage as a part of its pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineStage {
    /// The api name of the pipeline.
    pub pipeline: String,
    /// How likely it is to be won, as a decimal.
    pub closing_probability: String,
    /// Days that it usually takes.
    pub expected_days: u32,
}

impl SelectOption {
    /// The name that a record keeps: unlike the api name of a stage, it is the only one of its
    /// kind in its attribute.
    #[must_use]
    pub fn name(&self) -> Cow<'_, str> {
        match &self.stage {
            None => Cow::Borrowed(&self.api_name),
            Some(stage) => Cow::Owned(format!("{}.{}", stage.pipeline, self.api_name)),
        }
    }

    /// Whether `text` names this option: by id, api name, display value, or the name that a record keeps.
    pub(crate) fn is_named(&self, text: &str) -> bool {
        self.api_name == text
            || self.display_value == text
            || (self.stage.is_some() && self.name() == text)
            || Uuid::parse_str(text).is_ok_and(|id| id == self.id)
    }
}

/// The option as records show it (contract.md section 3).
impl Serialize for SelectOption {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("api_name", &self.api_name)?;
        map.serialize_entry("display_value", &self.display_value)?;
        map.serialize_entry("color", &self.color)?;
        if let Some(stage) = &self.stage {
            map.serialize_entry("closing_probability", &stage.closing_probability)?;
            map.serialize_entry("expected_days", &stage.expected_days)?;
        }
        map.end()
    }
}
