//! Pages of the history of a record: its changes, the latest first. A local extension.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::error::Result;
use crate::operation::ChangeKind;
use crate::record::attribute_envelope;
use crate::schema::{RecordType, nearest};
use crate::value::{Timestamp, Value, excerpt};

use super::cursor::{self, Position};
use super::{QueryLimits, invalid};

/// Which record's history, and which page of it.
#[derive(Debug, Clone)]
pub struct HistoryQuery {
    /// The type of the record.
    pub record_type: Arc<RecordType>,
    /// The record, archived or not.
    pub id: Uuid,
    /// How many changes a page, 1 to [`QueryLimits::max_page`].
    pub limit: usize,
    /// The time of the change that the page before ended with.
    pub before: Option<Timestamp>,
    /// How long the changes may be read for; `None` for as long as it takes.
    pub time: Option<Duration>,
}

/// One page of the history of a record, the latest change first.
#[derive(Debug, Clone)]
pub struct HistoryPage {
    /// The type of the record.
    pub record_type: Arc<RecordType>,
    /// The record.
    pub id: Uuid,
    /// The changes, in order.
    pub changes: Vec<RecordedChange>,
    /// Opaque; gives the next page. `None` at the end.
    pub next_cursor: Option<String>,
}

/// One change of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedChange {
    /// The operation; `not_logged` for what may have changed while no log was kept.
    pub kind: ChangeKind,
    /// Who did it, where that is known.
    pub actor: Option<String>,
    /// The record's `updated_at` after it; `None` for what was not logged.
    pub at: Option<Timestamp>,
    /// The attributes that changed: what they held before, and after.
    pub attributes: Vec<(usize, Option<Value>, Option<Value>)>,
}

impl HistoryQuery {
    /// Parses the parameters of a history: `limit` and `cursor`, both optional.
    ///
    /// # Errors
    /// `invalid_request` for other parameters or a limit that is none, `invalid_cursor`.
    pub fn parse(
        record_type: &Arc<RecordType>,
        id: Uuid,
        parameters: Map<String, Json>,
    ) -> Result<Self> {
        Self::parse_within(record_type, id, parameters, &QueryLimits::default())
    }

    /// As [`HistoryQuery::parse`], within other limits than the usual ones.
    ///
    /// # Errors
    /// As [`HistoryQuery::parse`].
    pub fn parse_within(
        record_type: &Arc<RecordType>,
        id: Uuid,
        mut parameters: Map<String, Json>,
        limits: &QueryLimits,
    ) -> Result<Self> {
        let mut take = |key: &str| parameters.remove(key).filter(|value| !value.is_null());
        let (limit, cursor) = (take("limit"), take("cursor"));
        if let Some((key, _)) = parameters.iter().next() {
            let error = invalid(format!("a history has no parameter {key:?}")).at_field(key);
            return Err(match nearest(key, ["limit", "cursor"]) {
                Some(near) => error.hint(format!("did you mean {near:?}?")),
                None => error,
            });
        }
        let limit = limits.page(limit.as_ref())?;
        let record_type = Arc::clone(record_type);
        let mut query = Self { record_type, id, limit, before: None, time: limits.time };
        query.before = match cursor {
            None => None,
            Some(Json::String(cursor)) => {
                let (origin, position) = cursor::decode(&query.record_type, &cursor)?;
                if origin != query.origin() {
                    return Err(cursor::invalid("the cursor belongs to another list"));
                }
                Some(Timestamp(position.row))
            }
            Some(other) => {
                return Err(invalid(format!("expected a cursor, found {}", excerpt(&other))));
            }
        };
        Ok(query)
    }

    /// The cursor of a page that ends with the change at this time.
    #[must_use]
    pub fn cursor(&self, at: Timestamp) -> String {
        let position = Position { values: Vec::new(), row: at.0 };
        cursor::encode(&self.record_type, &self.origin(), &position)
    }

    fn origin(&self) -> Json {
        json!({ "history": self.id })
    }
}

impl HistoryPage {
    /// The page as a list of contract.md section 1.4: `{"data": [change], "next_cursor"}`.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let changes: Vec<Json> = self.changes.iter().map(|change| self.change(change)).collect();
        json!({ "data": changes, "next_cursor": self.next_cursor })
    }

    /// `{"operation", "actor", "at", "attributes": {api_name: {"before", "after"}}}`.
    fn change(&self, change: &RecordedChange) -> Json {
        let attributes = change.attributes.iter().map(|(index, before, after)| {
            let attribute = self.record_type.attribute(*index);
            let envelope =
                |value: &Option<Value>| attribute_envelope(self.id, attribute, value.as_ref());
            let states = json!({ "before": envelope(before), "after": envelope(after) });
            (attribute.api_name.clone(), states)
        });
        json!({
            "operation": change.kind.name(),
            "actor": change.actor,
            "at": change.at.map(|at| at.to_string()),
            "attributes": attributes.collect::<Map<String, Json>>(),
        })
    }
}
