//! Pages of the edges of a record (contract.md sections 1.6 and 9.25).

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::error::Result;
use crate::record::{Edge, parent_to_json};
use crate::schema::{RecordType, nearest};
use crate::value::excerpt;

use super::cursor::{self, Position};
use super::{QueryLimits, invalid};

/// Which edges of a record, and which page of them.
#[derive(Debug, Clone)]
pub struct EdgeQuery {
    /// The type of the record.
    pub record_type: Arc<RecordType>,
    /// The record.
    pub parent: Uuid,
    /// The relationship, by its index in the record type.
    pub relationship: usize,
    /// How many edges a page, 1 to [`QueryLimits::max_page`].
    pub limit: usize,
    /// The store's handle of the record that the page before ended with.
    pub after: Option<i64>,
    /// The cursor as it was given, where only the remote workspace can read it.
    pub(crate) remote_cursor: Option<String>,
}

/// One page of the edges of a record, in the order in which the related records were made.
#[derive(Debug, Clone)]
pub struct EdgePage {
    /// The type of the record.
    pub record_type: Arc<RecordType>,
    /// The record.
    pub parent: Uuid,
    /// The relationship, by its index in the record type.
    pub relationship: usize,
    /// The edges, in order.
    pub edges: Vec<Edge>,
    /// Opaque; gives the next page. `None` at the end.
    pub next_cursor: Option<String>,
}

impl EdgeQuery {
    /// Parses the parameters of a list of edges: `limit` and `cursor`, both optional.
    ///
    /// # Errors
    /// `unknown_relationship`; `invalid_request` for other parameters or a limit that is none,
    /// `invalid_cursor`.
    pub fn parse(
        record_type: &Arc<RecordType>,
        parent: Uuid,
        relationship: &str,
        parameters: Map<String, Json>,
    ) -> Result<Self> {
        let limits = QueryLimits::default();
        Self::parse_within(record_type, parent, relationship, parameters, &limits)
    }

    /// As [`EdgeQuery::parse`], within other limits than the usual ones.
    ///
    /// # Errors
    /// As [`EdgeQuery::parse`].
    pub fn parse_within(
        record_type: &Arc<RecordType>,
        parent: Uuid,
        relationship: &str,
        mut parameters: Map<String, Json>,
        limits: &QueryLimits,
    ) -> Result<Self> {
        let relationship = record_type.require_relationship(relationship)?;
        let mut take = |key: &str| parameters.remove(key).filter(|value| !value.is_null());
        let (limit, cursor) = (take("limit"), take("cursor"));
        if let Some((key, _)) = parameters.iter().next() {
            let error = invalid(format!("a list of edges has no parameter {key:?}")).at_field(key);
            return Err(match nearest(key, ["limit", "cursor"]) {
                Some(near) => error.hint(format!("did you mean {near:?}?")),
                None => error,
            });
        }
        let limit = limits.page(limit.as_ref())?;
        let mut query = Self {
            record_type: Arc::clone(record_type),
            parent,
            relationship,
            limit,
            after: None,
            remote_cursor: None,
        };
        query.after = match cursor {
            None => None,
            Some(Json::String(cursor)) if record_type.is_remote() => {
                query.remote_cursor = Some(cursor);
                None
            }
            Some(Json::String(cursor)) => {
                let (origin, position) = cursor::decode(record_type, &cursor)?;
                if origin != query.origin() {
                    return Err(cursor::invalid("the cursor belongs to another list"));
                }
                Some(position.row)
            }
            Some(other) => {
                return Err(invalid(format!("expected a cursor, found {}", excerpt(&other))));
            }
        };
        Ok(query)
    }

    /// The cursor of a page that ends at the record with this handle.
    #[must_use]
    pub fn cursor(&self, row: i64) -> String {
        cursor::encode(&self.record_type, &self.origin(), &Position { values: Vec::new(), row })
    }

    fn origin(&self) -> Json {
        let name = &self.record_type.relationship(self.relationship).here().api_name;
        json!({ "parent": self.parent, "relationship": name })
    }
}

impl EdgePage {
    /// The page as contract.md section 9.25 shows it.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut document = parent_to_json(&self.record_type, self.parent, self.relationship);
        document["items"] = self.edges.iter().map(Edge::item_to_json).collect();
        document["next_cursor"] = json!(self.next_cursor);
        document
    }
}
