//! How much one query may ask for.

use std::time::Duration;

use serde_json::Value as Json;

use crate::error::Result;
use crate::value::{Number, excerpt};

use super::invalid;

/// The default number of records a page (contract.md section 7).
const DEFAULT_PAGE: usize = 50;
/// The largest number of records a page (contract.md section 7), unless a caller says otherwise.
const MAX_PAGE: usize = 100;

/// What bounds queries of records and lists of edges.
///
/// ```
/// use headwater::operation::{Query, QueryLimits};
/// let schema = headwater::Schema::standard();
/// let limits = QueryLimits { max_page: 1000, ..QueryLimits::default() };
/// let body = serde_json::json!({"limit": 101}).as_object().cloned().unwrap();
/// let contact = schema.record_type("contact")?;
/// assert_eq!(Query::parse_within(&schema, contact, body.clone(), &limits)?.limit, 101);
/// let refused = Query::parse(&schema, contact, body);
/// assert_eq!(refused.unwrap_err().code(), headwater::ErrorCode::InvalidRequest);
/// # Ok::<(), headwater::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryLimits {
    /// How many records a page has where nothing is said; no more than `max_page` in any case.
    pub default_page: usize,
    /// How many records a page may have.
    pub max_page: usize,
    /// How many conditions and groups the filters may hold in all.
    pub filters: usize,
    /// How many values the filters may compare with in all.
    pub values: usize,
    /// How deep groups may nest.
    pub nesting: usize,
    /// How many relationships the path of a field may pass (contract.md section 11.9).
    pub hops: usize,
    /// How long the records may be searched for; `None` for as long as it takes.
    pub time: Option<Duration>,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self {
            default_page: DEFAULT_PAGE,
            max_page: MAX_PAGE,
            filters: 500,
            values: 1000,
            nesting: 16,
            hops: 2,
            time: None,
        }
    }
}

impl QueryLimits {
    /// The number of records a page that was asked for.
    ///
    /// # Errors
    /// `invalid_request`, at `limit`.
    pub(super) fn page(&self, asked: Option<&Json>) -> Result<usize> {
        let Some(asked) = asked else { return Ok(self.default_page.min(self.max_page)) };
        // `50.0` is the same number as 50.
        let number = match asked {
            Json::Number(number) => Number::from_json(number),
            _ => None,
        };
        let page = match number {
            Some(Number::Integer(page)) => usize::try_from(page).ok(),
            _ => None,
        };
        page.filter(|page| (1..=self.max_page).contains(page)).ok_or_else(|| {
            let what =
                format!("expected a limit of 1 to {}, found {}", self.max_page, excerpt(asked));
            invalid(what).at_field("limit")
        })
    }
}
