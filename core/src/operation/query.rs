//! Queries: which records, in which order, which page.

use crate::record::Record;

/// The default number of records a page.
pub const DEFAULT_LIMIT: usize = 50;
/// The largest number of records a page.
pub const MAX_LIMIT: usize = 1000;

/// Which records, in which order, which page. Built by [`Query::parse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Query {
    /// How many records a page.
    pub limit: Option<usize>,
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
    /// Parses.
    ///
    /// # Errors
    /// None yet.
    pub fn parse(
        _record_type: &crate::schema::RecordType,
        _body: serde_json::Map<String, serde_json::Value>,
    ) -> crate::error::Result<Self> {
        Ok(Self::default())
    }
}
