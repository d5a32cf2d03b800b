//! Record types and their attributes: the standard ones are declared in `standard/*.toml`.

mod attribute;
mod declaration;
mod nearest;
mod record_type;

use std::sync::{Arc, LazyLock};

pub use attribute::{Attribute, Origin, SystemField, Write};
pub use declaration::parse_record_type;
pub use nearest::nearest;
pub use record_type::{MatchKey, RecordType};

use crate::error::{Error, ErrorCode, Result};

/// The declarations of the standard record types, embedded.
const STANDARD: [&str; 2] =
    [include_str!("standard/contact.toml"), include_str!("standard/account.toml")];

/// The record types of a workspace.
#[derive(Debug, Clone)]
pub struct Schema {
    record_types: Vec<Arc<RecordType>>,
}

impl Schema {
    /// The standard record types.
    ///
    /// ```
    /// let schema = headwater::Schema::standard();
    /// let contact = schema.record_type("contact")?;
    /// assert!(contact.index_of("primary_email").is_some());
    /// # Ok::<(), headwater::Error>(())
    /// ```
    #[must_use]
    pub fn standard() -> Self {
        static STANDARD_TYPES: LazyLock<Schema> = LazyLock::new(|| {
            let parsed = STANDARD.iter().map(|text| parse_record_type(text).map(Arc::new));
            let record_types = parsed.collect::<Result<_>>();
            Schema { record_types: record_types.expect("the embedded declarations are valid") }
        });
        STANDARD_TYPES.clone()
    }

    /// These record types and no others.
    #[must_use]
    pub fn of(record_types: Vec<Arc<RecordType>>) -> Self {
        Self { record_types }
    }

    /// Every record type.
    #[must_use]
    pub fn record_types(&self) -> &[Arc<RecordType>] {
        &self.record_types
    }

    /// The record type with this name.
    ///
    /// # Errors
    /// `unknown_record_type`, with the nearest name.
    pub fn record_type(&self, name: &str) -> Result<&Arc<RecordType>> {
        let names = || self.record_types.iter().map(|record_type| record_type.api_name());
        self.record_types.iter().find(|record_type| record_type.api_name() == name).ok_or_else(
            || {
                let known: Vec<&str> = names().collect();
                let hint = match nearest(name, names()) {
                    Some(near) => format!("did you mean {near:?}?"),
                    None => format!("the record types are {}", known.join(", ")),
                };
                Error::new(ErrorCode::UnknownRecordType, format!("no record type {name:?}"))
                    .hint(hint)
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_types_say_what_a_match_may_use() {
        let schema = Schema::standard();
        let contact = schema.record_type("contact").unwrap();
        let emails = MatchKey::Attribute(contact.index_of("contact_emails").unwrap());
        for name in ["contact_emails", "primary_email", "email"] {
            assert_eq!(contact.match_key(name).unwrap(), emails, "{name}");
        }
        assert_eq!(contact.match_key("id").unwrap(), MatchKey::Id);
        let refused = contact.match_key("title").unwrap_err();
        assert_eq!(refused.code(), ErrorCode::InvalidMatchingField);
        let account = schema.record_type("account").unwrap();
        assert_eq!(
            account.match_key("domain_name").unwrap(),
            account.match_key("domains").unwrap()
        );
        assert_eq!(account.index_of("name"), account.index_of("display_name"));
    }

    #[test]
    fn an_unknown_name_comes_with_the_nearest_right_one() {
        let error = Schema::standard().record_type("contacts").unwrap_err();
        assert_eq!(error.remedy(), "did you mean \"contact\"?");
    }
}
