//! Record types, their attributes and relationships: the standard ones are declared in `standard/*.toml`.

mod attribute;
mod custom;
mod declaration;
mod document;
mod index;
mod nearest;
mod pipelines;
mod record_type;
mod relationship;
mod relationship_declaration;

use std::sync::{Arc, LazyLock};

pub use attribute::{Attribute, Origin, SystemField, Write};
pub use custom::{Declarations, Declared};
pub use declaration::parse_record_type;
pub use nearest::nearest;
pub use record_type::{MatchKey, RecordType};
pub use relationship::{OnePrimary, Relationship, RelationshipEnd, Side};

use serde_json::Value as Json;

use crate::error::{Error, ErrorCode, Result};
use declaration::invalid;

/// The declarations of the standard record types, embedded.
const STANDARD: [&str; 8] = [
    include_str!("standard/user.toml"),
    include_str!("standard/contact.toml"),
    include_str!("standard/account.toml"),
    include_str!("standard/opportunity.toml"),
    include_str!("standard/task.toml"),
    include_str!("standard/note.toml"),
    include_str!("standard/meeting.toml"),
    include_str!("standard/activity.toml"),
];

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
            let parsed = STANDARD.iter().map(|text| parse_record_type(text));
            let schema = parsed.collect::<Result<_>>().and_then(Schema::of);
            schema.expect("the embedded declarations are valid")
        });
        STANDARD_TYPES.clone()
    }

    /// These record types and no others, with the relationships that they declare.
    ///
    /// # Errors
    /// `config_invalid` for a relationship to another record type, or a name that is taken.
    pub fn of(record_types: Vec<RecordType>) -> Result<Self> {
        let declared: Vec<RelationshipEnd> =
            record_types.iter().flat_map(|declaring| declaring.relationships.clone()).collect();
        let mut schema = Self { record_types: record_types.into_iter().map(Arc::new).collect() };
        declared.iter().try_for_each(|end| schema.link(end))?;
        Ok(schema)
    }

    /// Gives the other side of a relationship to the record type that it leads to.
    fn link(&mut self, end: &RelationshipEnd) -> Result<()> {
        let (here, there) = (end.here(), end.there());
        let at = format!("{}.{}", here.record_type, here.api_name);
        if self.record_types.iter().any(|known| known.api_name == end.relationship.name) {
            return Err(invalid(&at, "the junction has the name of a record type"));
        }
        let mut targets = self.record_types.iter_mut();
        let target = targets
            .find(|known| known.api_name == there.record_type)
            .ok_or_else(|| invalid(&at, "it leads to no record type"))?;
        if target.require_relationship(&there.api_name).is_ok() {
            let what = format!("{} has a relationship {:?}", there.record_type, there.api_name);
            return Err(invalid(&at, what));
        }
        if target.index_of(&there.api_name).is_some() {
            let what = format!("{} has an attribute {:?}", there.record_type, there.api_name);
            return Err(invalid(&at, what));
        }
        Arc::make_mut(target).relationships.push(end.opposite());
        Ok(())
    }

    /// The standard record types as a remote workspace has them, until it describes its own.
    pub(crate) fn remote() -> Self {
        let mut schema = Self::standard();
        schema.record_types.iter_mut().for_each(|known| Arc::make_mut(known).is_remote = true);
        schema
    }

    /// The same with this record type, in place of one of its name.
    pub(crate) fn with(&self, record_type: Arc<RecordType>) -> Self {
        let mut schema = self.clone();
        let mut known = schema.record_types.iter_mut();
        match known.find(|known| known.api_name == record_type.api_name) {
            Some(known) => *known = record_type,
            None => schema.record_types.push(record_type),
        }
        schema
    }

    /// Every relationship, each once, as the type that declares it sees it.
    pub fn relationships(&self) -> impl Iterator<Item = &RelationshipEnd> {
        let ends = self.record_types.iter().flat_map(|record_type| record_type.relationships());
        ends.filter(|end| end.side == 0)
    }

    /// Every junction: a relationship whose links have attributes, each once.
    pub fn junctions(&self) -> impl Iterator<Item = &Relationship> {
        self.relationships().map(|end| &*end.relationship).filter(|one| one.is_typed)
    }

    /// The schema document of the junction with this name.
    pub(crate) fn junction_json(&self, name: &str) -> Option<Json> {
        self.junctions().find(|one| one.name == name).map(Relationship::junction_json)
    }

    /// The schema document of the record type or the junction with this name (contract.md section 4.11).
    ///
    /// # Errors
    /// `unknown_record_type`, with the nearest name.
    pub fn describe(&self, name: &str) -> Result<Json> {
        match self.junction_json(name) {
            Some(document) => Ok(document),
            None => self.record_type(name).map(|record_type| record_type.to_json()),
        }
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

    #[test]
    fn both_sides_have_a_relationship_that_one_declares() {
        let schema = Schema::standard();
        let contact = schema.record_type("contact").unwrap();
        let account = schema.record_type("account").unwrap();
        let accounts = contact.relationship(contact.require_relationship("accounts").unwrap());
        let contacts = account.relationship(account.require_relationship("contacts").unwrap());
        assert_eq!(accounts.there().api_name, contacts.here().api_name);
        assert!(Arc::ptr_eq(&accounts.relationship, &contacts.relationship));
        let unknown = contact.require_relationship("acounts").unwrap_err();
        assert_eq!(unknown.code(), ErrorCode::UnknownRelationship);
        assert_eq!(unknown.remedy(), "did you mean \"accounts\"?");
    }

    #[test]
    fn a_relationship_that_cannot_be_is_refused() {
        let wrong = |relationship: &str| {
            let text = format!(
                "api_name = 'a'\ndisplay_name = 'A'\nattributes = []\n[[relationships]]\n\
                 api_name = 'others'\ndisplay_name = 'Others'\n{relationship}"
            );
            let refused = parse_record_type(&text).and_then(|declared| Schema::of(vec![declared]));
            refused.unwrap_err().message().to_owned()
        };
        let inverse = "inverse = { api_name = 'back', display_name = 'Back' }";
        assert!(wrong(&format!("target = 'b'\n{inverse}")).contains("no record type"));
        let taken = "target = 'a'\ninverse = { api_name = 'others', display_name = 'Others' }";
        assert!(wrong(taken).contains("a has a relationship"));
        let named = format!("target = 'a'\njunction = 'a'\n{inverse}");
        assert!(wrong(&named).contains("name of a record type"));
        let role =
            "attributes = [{ api_name = 'role', display_name = 'R', value_type = 'string' }]";
        assert!(wrong(&format!("target = 'a'\n{inverse}\n{role}")).contains("a junction has"));
        let per = format!("target = 'a'\njunction = 'j'\none_primary_per = 'a'\n{inverse}");
        assert!(wrong(&per).contains("is_primary"));
    }
}
