//! Queries: which records, in which order, which page (contract.md section 5.5).

mod cursor;
mod edges;
mod filter;
mod history;
mod limits;

pub use cursor::Position;
pub use edges::{EdgePage, EdgeQuery};
pub(crate) use filter::keys_of;
pub use filter::{Condition, Filter, Hop, Operator};
pub use history::{HistoryPage, HistoryQuery, RecordedChange};
pub use limits::QueryLimits;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use crate::error::{Error, ErrorCode, Result};
use crate::record::Record;
use crate::schema::{RecordType, Schema, nearest};
use crate::source::Control;
use crate::value::{excerpt, quoted};

/// The largest number of sort fields (contract.md section 7).
pub const MAX_SORT_FIELDS: usize = 3;

/// Which records, in which order, which page.
#[derive(Debug, Clone)]
pub struct Query {
    /// What records must fulfil.
    pub filter: Filter,
    /// The order; records that are equal in it come in the order of their creation.
    pub sort: Vec<Sort>,
    /// How many records a page, 1 to [`QueryLimits::max_page`].
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<Position>,
    /// How long the records may be searched for; `None` for as long as it takes.
    pub time: Option<Duration>,
    /// Ends the search where it is cancelled; a request to a remote workspace is not called back.
    pub control: Option<Arc<Control>>,
    /// The cursor as it was given, where only the remote workspace can read it.
    remote_cursor: Option<String>,
    /// Filters and sort as they were given, for the cursor.
    origin: Json,
}

/// One field of the order. Records without a value come last in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// The attribute.
    pub attribute: usize,
    /// Whether the largest comes first.
    pub is_descending: bool,
}

/// One page of records.
#[derive(Debug, Clone)]
pub struct Page {
    /// The records, in order.
    pub records: Vec<Record>,
    /// Opaque; gives the next page. `None` at the end.
    pub next_cursor: Option<String>,
}

impl Query {
    /// Parses the body of a `_query` request: `filters`, `sort`, `limit`, `cursor`, all optional.
    ///
    /// With a cursor alone the filters and the sort are those of the page before.
    ///
    /// # Errors
    /// `invalid_request` for a body of the wrong shape; `invalid_filter_field`,
    /// `invalid_filter_operator`, `invalid_filter_value`, `filter_depth_exceeded`,
    /// `sort_too_many_fields`, `unsortable_field`, `invalid_cursor`.
    ///
    /// ```
    /// use headwater::{Query, Schema};
    /// let schema = Schema::standard();
    /// let body = serde_json::json!({
    ///     "filters": [{"field": "updated_at", "operator": "gte", "value": "2026-01-01T00:00:00Z"}],
    ///     "sort": [{"field": "updated_at", "direction": "asc"}],
    /// });
    /// let query = Query::parse(&schema, schema.record_type("contact")?, body.as_object().cloned().unwrap())?;
    /// assert_eq!(query.limit, 50);
    /// # Ok::<(), headwater::Error>(())
    /// ```
    pub fn parse(
        schema: &Schema,
        record_type: &RecordType,
        body: Map<String, Json>,
    ) -> Result<Self> {
        Self::parse_within(schema, record_type, body, &QueryLimits::default())
    }

    /// As [`Query::parse`], within other limits than the usual ones.
    ///
    /// # Errors
    /// As [`Query::parse`].
    pub fn parse_within(
        schema: &Schema,
        record_type: &RecordType,
        mut body: Map<String, Json>,
        limits: &QueryLimits,
    ) -> Result<Self> {
        let mut take = |key: &str| body.remove(key).filter(|value| !value.is_null());
        let (filters, sort, limit, cursor) =
            (take("filters"), take("sort"), take("limit"), take("cursor"));
        if let Some((key, _)) = body.iter().next() {
            let error = invalid(format!("a query has no key {}", quoted(key))).at_field(key);
            return Err(match nearest(key, ["filters", "sort", "limit", "cursor"]) {
                Some(near) => error.hint(format!("did you mean {near:?}?")),
                None => error,
            });
        }
        let limit = limits.page(limit.as_ref())?;
        let mut remote_cursor = None;
        let (origin, after) = match cursor {
            None => (json!({ "filters": filters, "sort": sort }), None),
            Some(Json::String(cursor)) if record_type.is_remote() => {
                remote_cursor = Some(cursor);
                (json!({ "filters": filters, "sort": sort }), None)
            }
            Some(Json::String(cursor)) => {
                let (origin, position) = cursor::decode(record_type, &cursor)?;
                // Those of relationships and histories have others.
                if ["filters", "sort"].iter().any(|key| origin.get(*key).is_none()) {
                    return Err(cursor::invalid("the cursor belongs to no query of records"));
                }
                for (key, given) in [("filters", &filters), ("sort", &sort)] {
                    let is_other = |given: &Json| {
                        let is_same = *given == origin[key]
                            || is_empty(given) && is_empty(&origin[key])
                            || key == "sort" && is_same_sort(record_type, given, &origin[key]);
                        !is_same
                    };
                    if given.as_ref().is_some_and(is_other) {
                        return Err(cursor::invalid(format!(
                            "the cursor belongs to other {key} than those given"
                        )));
                    }
                }
                (origin, Some(position))
            }
            Some(other) => {
                return Err(invalid(format!("expected a cursor, found {}", excerpt(&other))));
            }
        };
        let query = Self {
            filter: filter::parse(schema, record_type, &origin["filters"], limits)?,
            sort: parse_sort(record_type, &origin["sort"])?,
            limit,
            after,
            time: limits.time,
            control: None,
            remote_cursor,
            origin,
        };
        match &query.after {
            Some(position) if position.values.len() != query.sort.len() => {
                Err(cursor::invalid("the cursor does not fit its own sort"))
            }
            _ => Ok(query),
        }
    }

    /// Whether an id or a match key tells which records it can only be: few, however many there are.
    #[must_use]
    pub fn is_lookup(&self, record_type: &RecordType) -> bool {
        self.filter.lookup(record_type).is_some()
    }

    /// The body of the request that asks a remote workspace the same: what is absent is left out.
    pub(crate) fn to_body(&self) -> Map<String, Json> {
        let mut body = Map::new();
        for key in ["filters", "sort"] {
            if !self.origin[key].is_null() {
                body.insert(key.to_owned(), self.origin[key].clone());
            }
        }
        body.insert("limit".to_owned(), json!(self.limit));
        if let Some(cursor) = &self.remote_cursor {
            body.insert("cursor".to_owned(), json!(cursor));
        }
        body
    }

    /// The cursor of a page that ends at `position`.
    #[must_use]
    pub fn cursor(&self, record_type: &RecordType, position: &Position) -> String {
        cursor::encode(record_type, &self.origin, position)
    }
}

/// Whether filters or a sort are the same as none.
fn is_empty(list: &Json) -> bool {
    list.is_null() || list.as_array().is_some_and(Vec::is_empty)
}

/// Whether two sorts mean the same, as where one of them says `asc` and the other nothing.
fn is_same_sort(record_type: &RecordType, one: &Json, other: &Json) -> bool {
    let parsed = |sort| parse_sort(record_type, sort).ok();
    parsed(one).is_some_and(|sort| Some(sort) == parsed(other))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::InvalidRequest, message)
}

fn parse_sort(record_type: &RecordType, sort: &Json) -> Result<Vec<Sort>> {
    let entries = match sort {
        Json::Null => return Ok(Vec::new()),
        Json::Array(entries) => entries,
        other => {
            return Err(invalid(format!(
                "expected a list of sort fields, found {}",
                excerpt(other)
            )));
        }
    };
    if entries.len() > MAX_SORT_FIELDS {
        return Err(Error::new(
            ErrorCode::SortTooManyFields,
            format!("{} sort fields are given, {MAX_SORT_FIELDS} are allowed", entries.len()),
        ));
    }
    entries
        .iter()
        .map(|entry| {
            let Some(field) = entry.get("field").and_then(Json::as_str) else {
                return Err(invalid(format!("expected a sort field, found {}", excerpt(entry)))
                    .hint("write {\"field\": .., \"direction\": \"asc\" or \"desc\"}"));
            };
            let is_descending = match entry.get("direction") {
                None | Some(Json::Null) => false,
                Some(Json::String(direction)) if direction == "asc" => false,
                Some(Json::String(direction)) if direction == "desc" => true,
                Some(other) => {
                    return Err(invalid(format!("expected asc or desc, found {}", excerpt(other))));
                }
            };
            let sortable = record_type
                .index_of(field)
                .filter(|&index| record_type.attribute(index).is_sortable());
            match sortable {
                Some(attribute) => Ok(Sort { attribute, is_descending }),
                None => Err(unsortable(record_type, field)),
            }
        })
        .collect()
}

fn unsortable(record_type: &RecordType, field: &str) -> Error {
    let message = format!("{} cannot be sorted by {}", record_type.api_name(), quoted(field));
    let error = Error::new(ErrorCode::UnsortableField, message).at_field(field);
    let sortable = record_type.attributes().iter().filter(|attribute| attribute.is_sortable());
    match nearest(field, sortable.map(|attribute| attribute.api_name.as_str())) {
        Some(near) if near != field => error.hint(format!("did you mean {near:?}?")),
        _ => error,
    }
}
