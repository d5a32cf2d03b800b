//! Scopes: `*`, `contact:read`, `contact:write`. Who may write may read (contract.md section 8).

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorCode, Result};
use crate::schema::Schema;

/// What may be done with the records of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Read and query.
    Read,
    /// Create, change and archive as well.
    Write,
}

/// The right to read or write the records of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The record type.
    pub record_type: String,
    /// How much.
    pub level: Level,
}

/// What a key is given.
///
/// ```
/// use headwater::access::{Level, Permission, Scope};
/// let scope: Scope = "contact:write".parse()?;
/// assert!(scope.gives(&Permission { record_type: "contact".into(), level: Level::Read }));
/// assert_eq!(scope.to_string(), "contact:write");
/// # Ok::<(), headwater::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// One record type.
    Of(Permission),
}

impl Scope {
    /// Whether it gives a permission.
    #[must_use]
    pub fn gives(&self, wanted: &Permission) -> bool {
        match self {
            Self::All => true,
            Self::Of(given) => {
                given.record_type == wanted.record_type && given.level >= wanted.level
            }
        }
    }

    /// Refuses a scope of a record type that there is not.
    ///
    /// # Errors
    /// `unknown_record_type`.
    pub fn check(&self, schema: &Schema) -> Result<()> {
        match self {
            Self::All => Ok(()),
            Self::Of(permission) => schema.record_type(&permission.record_type).map(drop),
        }
    }
}

impl FromStr for Scope {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "*" {
            return Ok(Self::All);
        }
        let level = |name: &str| match name {
            "read" => Some(Level::Read),
            "write" => Some(Level::Write),
            _ => None,
        };
        text.split_once(':')
            .filter(|(record_type, _)| !record_type.is_empty())
            .and_then(|(record_type, name)| Some((record_type.to_owned(), level(name)?)))
            .map(|(record_type, level)| Self::Of(Permission { record_type, level }))
            .ok_or_else(|| {
                Error::new(ErrorCode::InvalidRequest, format!("{text:?} is not a scope"))
                    .at_field("scope")
                    .hint("write *, or a record type and read or write, for example contact:read")
            })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Of(permission) => permission.fmt(f),
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Read => "read",
            Level::Write => "write",
        };
        write!(f, "{}:{level}", self.record_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_as_it_is_written_and_nothing_else_is_one() {
        for text in ["*", "contact:read", "account:write"] {
            assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
        }
        for text in ["", "**", "contact", ":read", "contact:", "contact:Read", "contact:read "] {
            let error = text.parse::<Scope>().unwrap_err();
            assert_eq!((error.code(), error.field()), (ErrorCode::InvalidRequest, Some("scope")));
        }
    }

    #[test]
    fn writing_includes_reading_and_no_type_includes_another() {
        let gives = |scope: &str, record_type: &str, level| {
            let wanted = Permission { record_type: record_type.to_owned(), level };
            scope.parse::<Scope>().unwrap().gives(&wanted)
        };
        assert!(gives("contact:write", "contact", Level::Read));
        assert!(gives("contact:write", "contact", Level::Write));
        assert!(gives("contact:read", "contact", Level::Read));
        assert!(!gives("contact:read", "contact", Level::Write));
        assert!(!gives("contact:write", "account", Level::Read));
        assert!(gives("*", "account", Level::Write));
    }
}
