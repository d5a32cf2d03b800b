//! The record types of an open workspace: the standard ones with what the workspace declares.

use std::sync::{Arc, PoisonError, RwLock};

use crate::error::Result;
use crate::schema::{Declarations, Declared, Schema};

/// The schema that is in force, which a declaration replaces for everybody at once.
pub(super) struct CustomSchema {
    standard: Schema,
    current: RwLock<Current>,
}

/// A schema, and the text that declares what is not standard in it.
#[derive(Clone)]
pub(super) struct Current {
    pub(super) schema: Arc<Schema>,
    pub(super) text: Arc<str>,
}

impl CustomSchema {
    /// The standard record types with those that a workspace keeps the text of.
    ///
    /// # Errors
    /// `store_corrupt`; `config_invalid` if what was declared clashes with a newer standard type.
    pub(super) fn new(standard: Schema, text: Option<String>) -> Result<Self> {
        let current = read(&standard, &text.unwrap_or_default())?;
        Ok(Self { standard, current: RwLock::new(current) })
    }

    pub(super) fn schema(&self) -> Arc<Schema> {
        self.current().schema
    }

    /// The schema that the text of a workspace stands for.
    ///
    /// # Errors
    /// As [`CustomSchema::new`].
    pub(super) fn renewed(&self, text: Option<String>) -> Result<Arc<Schema>> {
        let text = text.unwrap_or_default();
        let current = self.current();
        if *current.text == *text {
            return Ok(current.schema);
        }
        let renewed = read(&self.standard, &text)?;
        self.set(renewed.clone());
        Ok(renewed.schema)
    }

    /// What becomes of the text of a workspace with other declarations; `None` where nothing does.
    /// The text as it is comes into force first.
    ///
    /// # Errors
    /// What is wrong with them: `config_invalid`, `unknown_record_type`, `operation_not_supported`.
    pub(super) fn add(
        &self,
        text: &str,
        others: Declarations,
    ) -> Result<(Declared, Option<Current>)> {
        self.renewed(Some(text.to_owned()))?;
        let mut declarations = declarations(text)?;
        let declared = declarations.add(others)?;
        if declared == Declared::default() {
            return Ok((declared, None));
        }
        let schema = Arc::new(self.standard.extended(&declarations)?);
        let text = declarations.to_text()?.into();
        Ok((declared, Some(Current { schema, text })))
    }

    /// Brings into force what has been committed in place of a text. Where another one is in force
    /// by now it is the later one, and stays.
    pub(super) fn replace(&self, before: &str, latest: Current) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if *current.text == *before {
            *current = latest;
        }
    }

    fn set(&self, current: Current) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn read(standard: &Schema, text: &str) -> Result<Current> {
    let schema = Arc::new(standard.extended(&declarations(text)?)?);
    Ok(Current { schema, text: text.into() })
}

fn declarations(text: &str) -> Result<Declarations> {
    if text.is_empty() { Ok(Declarations::default()) } else { Declarations::from_text(text) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(name: &str) -> Declarations {
        let field = json!({"api_name": name, "display_name": "X", "value_type": "string"});
        let fields = json!([{"record_type": "contact", "attributes": [field]}]);
        Declarations::from_json(json!({ "custom_fields": fields })).unwrap()
    }

    #[test]
    fn of_two_declarations_the_later_stays_in_whichever_order_they_come_into_force() {
        for first_is_late in [true, false] {
            let custom = CustomSchema::new(Schema::standard(), None).unwrap();
            let first = custom.add("", field("a")).unwrap().1.unwrap();
            let text = Arc::clone(&first.text);
            if !first_is_late {
                custom.replace("", first.clone());
            }
            let second = custom.add(&text, field("b")).unwrap().1.unwrap();
            custom.replace(&text, second);
            if first_is_late {
                custom.replace("", first);
            }
            let schema = custom.schema();
            let contact = schema.record_type("contact").unwrap();
            assert!(contact.index_of("a").is_some() && contact.index_of("b").is_some());
        }
    }
}
