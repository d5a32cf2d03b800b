//! Binds the parameters of a statement one after the other, without a list of them in between.

use rusqlite::{Statement, ToSql};

use crate::error::Result;
use crate::value::Value;

use super::columns::bind_one;
use super::errors::store_error;

/// The next parameter of a statement.
pub(super) struct Binder<'a, 'c> {
    statement: &'a mut Statement<'c>,
    next: usize,
}

impl<'a, 'c> Binder<'a, 'c> {
    /// Starts at the first parameter.
    pub(super) fn new(statement: &'a mut Statement<'c>) -> Self {
        Self { statement, next: 1 }
    }

    /// Binds one parameter.
    pub(super) fn bind(&mut self, value: impl ToSql) -> Result<()> {
        let bound = self.statement.raw_bind_parameter(self.next, value);
        self.next += 1;
        bound.map_err(store_error("bind a value"))
    }

    /// Binds each of the columns of an attribute's value; addresses take six.
    pub(super) fn bind_value(&mut self, value: Option<&Value>, columns: usize) -> Result<()> {
        match value {
            Some(Value::Address(address)) => {
                address.0.iter().try_for_each(|part| self.bind(part.as_deref()))
            }
            Some(value) => self.bind(bind_one(value)),
            None => (0..columns).try_for_each(|_| self.bind(rusqlite::types::Null)),
        }
    }
}
