//! Whether a query's range of `updated_at` holds few records, so that its index is the shorter way
//! to them, although a query without a sort answers in the order of creation.

use rusqlite::params_from_iter;

use crate::error::Result;
use crate::operation::Query;
use crate::operation::query::{Condition, Filter, Operator};
use crate::schema::{Origin, RecordType, SystemField};

use super::errors::store_error;
use super::query::Sql;
use super::transaction::Transaction;

/// Up to so many records are sorted for each page. Where there are more, going through all records
/// in the order of creation finds a page of them sooner, and the next page goes on from there.
const FEW: usize = 10_000;

/// Whether a query without a sort asks for few records by a range of `updated_at`.
pub(super) fn is_narrow(
    transaction: &Transaction<'_>,
    record_type: &RecordType,
    query: &Query,
) -> Result<bool> {
    let ranges = ranges(record_type, &query.filter);
    if !query.sort.is_empty() || ranges.is_empty() {
        return Ok(false);
    }
    let mut sql = Sql::rows_of(&transaction.store().layouts, record_type);
    for condition in ranges {
        sql.condition(condition);
        sql.push(" AND ");
    }
    sql.push(&format!("TRUE LIMIT {}", FEW + 1));
    let count: usize = transaction
        .prepare(&format!("SELECT count(*) FROM ({})", sql.text))?
        .query_row(params_from_iter(sql.bound), |row| row.get(0))
        .map_err(store_error("query records"))?;
    Ok(count <= FEW)
}

/// The ranges of `updated_at` that every record of the answer lies in.
fn ranges<'a>(record_type: &RecordType, filter: &'a Filter) -> Vec<&'a Condition> {
    match filter {
        Filter::All(filters) => {
            filters.iter().flat_map(|filter| ranges(record_type, filter)).collect()
        }
        Filter::Condition(condition) if is_range(record_type, condition) => vec![condition],
        _ => Vec::new(),
    }
}

fn is_range(record_type: &RecordType, condition: &Condition) -> bool {
    use Operator::{Between, Gt, Gte, Lt, Lte};
    condition.hops.is_empty()
        && matches!(condition.operator, Gt | Gte | Lt | Lte | Between)
        && record_type.attribute(condition.attribute).origin
            == Origin::System(SystemField::UpdatedAt)
}
