//! Pipelines with their stages, which the CRM's API only names (contract.md section 9.22).

use serde_json::{Value as Json, json};

use super::{Origin, RecordType, Schema};

impl Schema {
    /// Every pipeline with its stages, in the order of both.
    ///
    /// ```
    /// let pipelines = headwater::Schema::standard().pipelines();
    /// assert_eq!(pipelines[0]["api_name"], "sales");
    /// assert_eq!(pipelines[0]["stages"][0]["api_name"], "prospecting");
    /// ```
    #[must_use]
    pub fn pipelines(&self) -> Vec<Json> {
        self.record_types().iter().flat_map(|record_type| of(record_type)).collect()
    }
}

fn of(record_type: &RecordType) -> impl Iterator<Item = Json> {
    let attributes = record_type.attributes().iter();
    let of_stages = attributes.filter_map(|attribute| match attribute.origin {
        Origin::PipelineOf(stage) => Some((attribute, record_type.attribute(stage))),
        _ => None,
    });
    of_stages.flat_map(|(pipeline, stage)| {
        pipeline.options.iter().map(|pipeline| {
            let is_of = |name: &str| name == pipeline.api_name;
            let stages = stage
                .options
                .iter()
                .filter(|option| option.stage.as_ref().is_some_and(|stage| is_of(&stage.pipeline)));
            let mut document = pipeline.to_json();
            document["record_type"] = json!(record_type.api_name());
            document["stages"] = stages.map(|stage| stage.to_json()).collect();
            document
        })
    })
}
