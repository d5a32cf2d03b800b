//! Targets of references and relationships: which record one stands for.

use std::borrow::Cow;

use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result};
use crate::operation::MatchTarget;
use crate::schema::RecordType;
use crate::store::{ReadTransaction, RowKey, Selection};
use crate::value::Target;

use super::draft::keys_of;

/// The one of these hits, each once, that a target stands for.
///
/// # Errors
/// `target_record_not_found`, `ambiguous_match`.
pub(super) fn only<T: Copy>(record_type: &RecordType, target: &Target, hits: &[T]) -> Result<T> {
    let name = record_type.api_name();
    match hits {
        [hit] => Ok(*hit),
        [] => Err(Error::new(
            ErrorCode::TargetRecordNotFound,
            format!("there is no {name} with the {target}"),
        )),
        _ => Err(Error::new(
            ErrorCode::AmbiguousMatch,
            format!("{} records of type {name} have the {target}", hits.len()),
        )
        .hint("give the id of one of them")),
    }
}

/// The stored record that a target stands for.
///
/// # Errors
/// `target_record_not_found` (also for an archived record), `ambiguous_match`,
/// `invalid_matching_field`, `field_value_invalid`; `store_io`, `store_corrupt`.
pub(super) fn resolve(
    transaction: &mut dyn ReadTransaction,
    record_type: &RecordType,
    target: &Target,
) -> Result<(RowKey, Uuid)> {
    let rows: Vec<RowKey> = match MatchTarget::of(record_type, target)? {
        MatchTarget::Id(id) => {
            transaction.find_ids(record_type, &[id])?.into_iter().flatten().collect()
        }
        MatchTarget::Values { attribute, values } => {
            let keys = values.iter().flat_map(|value| keys_of(record_type, attribute, Some(value)));
            let mut keys: Vec<String> = keys.map(Cow::into_owned).collect();
            keys.sort_unstable();
            keys.dedup();
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let found = transaction.find_keys(record_type, attribute, &keys)?;
            let mut rows: Vec<RowKey> = found.into_iter().map(|(_, row)| row).collect();
            rows.sort_unstable();
            rows.dedup();
            rows
        }
    };
    let row = only(record_type, target, &rows)?;
    let found = transaction.load(record_type, &Selection::none(record_type), &[row])?.pop();
    found.map(|record| (row, record.id)).ok_or_else(|| {
        Error::new(ErrorCode::Internal, "a record was found and could not be loaded")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::calls::{archive, create};
    use crate::open::{OpenOptions, open};
    use crate::schema::Schema;
    use crate::store::{SqliteStore, Store};

    #[test]
    fn a_stored_record_is_found_by_id_and_by_its_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crm.db");
        let options = OpenOptions { create: true, ..OpenOptions::default() };
        let workspace = open(path.to_str().unwrap(), options).unwrap();
        let account = |name: &str, domain: &str| {
            let json = json!({"name": name, "domains": [domain]});
            create(&*workspace, "account", json.as_object().cloned().unwrap()).unwrap().id
        };
        let acme = account("Acme", "acme.com");
        account("Twin", "twin.com");
        account("Other twin", "twin.com");
        let gone = account("Gone", "gone.com");
        archive(&*workspace, "account", gone).unwrap();
        let schema = Schema::standard();
        let accounts = schema.record_type("account").unwrap();
        let store = SqliteStore::open(&path, &schema, false).unwrap();
        let resolved = |target: serde_json::Value| {
            let target = Target::parse(target.into()).unwrap();
            resolve(&mut *store.read().unwrap(), accounts, &target).map(|(_, id)| id)
        };
        let code = |target| resolved(target).unwrap_err().code();
        let by = |key: &str, value: &str| json!({"related_record_match": {key: value}});
        assert_eq!(resolved(json!(acme)).unwrap(), acme);
        assert_eq!(resolved(by("domain_name", " ACME.com")).unwrap(), acme);
        assert_eq!(code(by("domain_name", "twin.com")), ErrorCode::AmbiguousMatch);
        assert_eq!(code(by("domain_name", "gone.com")), ErrorCode::TargetRecordNotFound);
        assert_eq!(code(json!(gone)), ErrorCode::TargetRecordNotFound);
        assert_eq!(code(by("display_name", "Acme")), ErrorCode::InvalidMatchingField);
        assert_eq!(code(by("nickname", "Acme")), ErrorCode::InvalidMatchingField);
    }
}
