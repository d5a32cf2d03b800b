//! Queries: the records that fulfil filters, page after page.

use std::sync::{Arc, Mutex};

use headwater::activity::{ACTIVITY, shown};
use headwater::operation::QueryLimits;
use headwater::{Query, Result, Workspace};
use headwater_abi::{HEADWATER_DONE, HEADWATER_OK, headwater_str};
use serde_json::{Map, Value as Json, json};

use crate::document::headwater_document;
use crate::error::headwater_error;
use crate::guard::{call, call_with_status};
use crate::handle::{Owned, borrow, free, invalid, out};
use crate::poison::Poison;
use crate::text::{optional_object, text};
use crate::workspace::{Shared, headwater_workspace};

/// A query that is being read. One thread at a time uses it.
pub struct headwater_query {
    shared: Arc<Shared>,
    record_type: String,
    /// What the next page is asked for with; `None` after the last one.
    next: Mutex<Option<Map<String, Json>>>,
    poison: Poison,
}

impl Owned for headwater_query {}

/// Begins to read the records that fulfil filters; reads nothing yet, but refuses what cannot be
/// asked.
///
/// `workspace`, `record_type`, `body` (a JSON object that may hold `filters`, `sort`, `limit` and
/// `cursor`, or empty): Borrowed for the call. `*out_query`: Owned by the caller; free with
/// `headwater_query_free`. Activities take `contact_id` and their like, as the CRM has it.
/// Threads: any. Errors: `unknown_record_type`, `invalid_request`, `invalid_filter_field`,
/// `invalid_filter_operator`, `invalid_filter_value`, `filter_depth_exceeded`,
/// `sort_too_many_fields`, `unsortable_field`, `invalid_cursor`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_query_open(
    workspace: *const headwater_workspace,
    record_type: headwater_str,
    body: headwater_str,
    out_query: *mut *mut headwater_query,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_query_open", out_error, || {
            let place = out(out_query, "out_query")?;
            let shared = Arc::clone(&borrow(workspace, "workspace")?.shared);
            let record_type = text(record_type, "record_type")?.to_owned();
            let body = optional_object(body, "body")?;
            let workspace = shared.enter()?;
            // A remote one is asked for the type where it is not known yet.
            let known = workspace.record_type(&record_type)?;
            if record_type != ACTIVITY {
                Query::parse(&workspace.schema(), &known, body.clone())?;
            }
            drop(workspace);
            let next = Mutex::new(Some(body));
            let poison = Poison::default();
            *place = headwater_query { shared, record_type, next, poison }.give();
            Ok(())
        })
    }
}

/// Reads the next page, `HEADWATER_OK`; after the last one `HEADWATER_DONE`.
///
/// `query`: Borrowed for the call. `*out_page`: Owned by the caller; free with
/// `headwater_document_free`. It is `{"data": [record], "next_cursor"}`, where `next_cursor` may
/// begin another query that goes on from there; NULL after the last page. A page may be read again
/// after an error.
/// Threads: one at a time. Errors: as `headwater_query_open`, `invalid_request` after the workspace
/// was closed; `store_busy`, `store_io`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_query_next(
    query: *mut headwater_query,
    out_page: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call_with_status("headwater_query_next", out_error, || {
            let place = out(out_page, "out_page")?;
            let query = borrow(query, "query")?;
            let _watch = query.poison.watch("query")?;
            let mut next = query.next.try_lock().map_err(|_| {
                invalid("query", "another thread is reading this query")
                    .hint("open a query for each thread")
            })?;
            let Some(body) = &*next else { return Ok(HEADWATER_DONE) };
            let page = page(&*query.shared.enter()?, &query.record_type, body.clone())?;
            *next = following(body, &page);
            *place = headwater_document::json(&page).give();
            Ok(HEADWATER_OK)
        })
    }
}

/// Frees a query; NULL is none.
///
/// `query`: not used again.
/// Threads: any, once no call on it is running. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_query_free(query: *mut headwater_query) {
    // SAFETY: callers keep the conventions of the header.
    unsafe { free("headwater_query_free", query) }
}

fn page(workspace: &dyn Workspace, record_type: &str, body: Map<String, Json>) -> Result<Json> {
    #[cfg(feature = "planted-panics")]
    crate::guard::planted_in("page");
    if record_type == ACTIVITY {
        return headwater::query_activities(workspace, body, &QueryLimits::default());
    }
    let known = workspace.record_type(record_type)?;
    let query = Query::parse(&workspace.schema(), &known, body)?;
    let page = workspace.query(record_type, &query)?;
    let records: Vec<Json> = page.records.iter().map(shown).collect();
    Ok(json!({ "data": records, "next_cursor": page.next_cursor }))
}

/// The cursor holds filters and sort; only the size of the page is said again.
fn following(body: &Map<String, Json>, page: &Json) -> Option<Map<String, Json>> {
    let cursor = page["next_cursor"].as_str()?;
    let mut next = Map::from_iter([("cursor".to_owned(), json!(cursor))]);
    next.extend(body.get("limit").map(|limit| ("limit".to_owned(), limit.clone())));
    Some(next)
}
