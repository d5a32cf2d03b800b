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
    ///
    /// # Errors
    /// What is wrong with them: `config_invalid`, `unknown_record_type`, `operation_not_supported`.
    pub(super) fn add(
        &self,
        text: Option<String>,
        others: Declarations,
    ) -> Result<(Declared, Option<Current>)> {
        let mut declarations = declarations(&text.unwrap_or_default())?;
        let declared = declarations.add(others)?;
        if declared == Declared::default() {
            return Ok((declared, None));
        }
        let schema = Arc::new(self.standard.extended(&declarations)?);
        let text = declarations.to_text()?.into();
        Ok((declared, Some(Current { schema, text })))
    }

    pub(super) fn set(&self, current: Current) {
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
