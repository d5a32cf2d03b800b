//! The error type: a code of the table plus what a person and a program need to act on it.

mod code;

pub use code::{ErrorCode, ErrorGroup};

use std::fmt;
use std::time::Duration;

use serde_json::{Value as Json, json};

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whether the same call may succeed later, unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// It will fail again: change the input first.
    Never,
    /// It may succeed later; wait longer after each attempt.
    Backoff,
    /// It may succeed once this much time has passed.
    After(Duration),
}

/// A failure, one word wide. Errors are data: read the fields, never the text.
///
/// `Display` is one line; the alternate form (`{:#}`) adds the hint and the causes.
///
/// ```
/// use headwater::{Error, ErrorCode};
/// let error = Error::new(ErrorCode::UnknownField, "no attribute `titel` on contact")
///     .at_field("titel")
///     .hint("did you mean `title`?");
/// assert_eq!(error.code().name(), "unknown_field");
/// assert_eq!(error.to_string(), "unknown_field: no attribute `titel` on contact (field titel)");
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    code: ErrorCode,
    message: String,
    field: Option<String>,
    record: Option<String>,
    retry: Retry,
    hint: Option<String>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    related: Vec<Error>,
}

impl Error {
    /// Makes an error; retry advice starts from the code's row in the table.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            code,
            message: message.into(),
            field: None,
            record: None,
            retry: code.retry(),
            hint: None,
            source: None,
            related: Vec::new(),
        }))
    }

    /// Names the attribute (or configuration key) at fault, cut where it is longer than any of them.
    #[must_use]
    pub fn at_field(mut self, field: impl Into<String>) -> Self {
        const LONGEST: usize = 400;
        let mut field = field.into();
        if field.len() > LONGEST {
            let end = (0..=LONGEST).rev().find(|end| field.is_char_boundary(*end));
            field.truncate(end.unwrap_or_default());
            field.push('…');
        }
        self.0.field = Some(field);
        self
    }

    /// Names the record at fault: its id, its match key, or its place in the source.
    #[must_use]
    pub fn on_record(mut self, record: impl Into<String>) -> Self {
        self.0.record = Some(record.into());
        self
    }

    /// Says what to do about it; without this the table's hint is shown.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Overrides the table's retry advice.
    #[must_use]
    pub fn retry_with(mut self, retry: Retry) -> Self {
        self.0.retry = retry;
        self
    }

    /// Keeps the lower-level cause for [`std::error::Error::source`].
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(cause.into());
        self
    }

    /// Adds the other faults found in the same input; the first one decides the code.
    #[must_use]
    pub fn with_related(mut self, related: Vec<Error>) -> Self {
        self.0.related = related;
        self
    }

    /// Adds another fault of the same input and what it is related to; the first one decides the code.
    pub(crate) fn and_also(mut self, other: Self) -> Self {
        self.0.related.extend(other.apart());
        self
    }

    /// This fault and its related ones, each by itself.
    pub(crate) fn apart(mut self) -> impl Iterator<Item = Self> {
        let related = std::mem::take(&mut self.0.related);
        std::iter::once(self).chain(related)
    }

    /// The same error with each of its texts changed, and so those found with it. The lower-level
    /// cause is left out: its text nobody can change.
    ///
    /// ```
    /// use headwater::{Error, ErrorCode};
    /// let error = Error::new(ErrorCode::SourceUnavailable, "no login as ann:sesame").at_field("url");
    /// let hidden = error.map_texts(&|text| text.replace("sesame", "***"));
    /// assert_eq!((hidden.message(), hidden.field()), ("no login as ann:***", Some("url")));
    /// ```
    #[must_use]
    pub fn map_texts(&self, change: &dyn Fn(&str) -> String) -> Self {
        let changed = |text: &Option<String>| text.as_deref().map(change);
        Self(Box::new(Inner {
            code: self.0.code,
            message: change(&self.0.message),
            field: changed(&self.0.field),
            record: changed(&self.0.record),
            retry: self.0.retry,
            hint: changed(&self.0.hint),
            source: None,
            related: self.0.related.iter().map(|other| other.map_texts(change)).collect(),
        }))
    }

    /// The code, one of [`ErrorCode::ALL`].
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// What was found and what was expected.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The attribute or configuration key at fault.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The record at fault.
    #[must_use]
    pub fn record(&self) -> Option<&str> {
        self.0.record.as_deref()
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub fn retry(&self) -> Retry {
        self.0.retry
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &str {
        self.0.hint.as_deref().unwrap_or_else(|| self.0.code.hint())
    }

    /// Further faults of the same input, in the order of contract.md section 11.7.
    #[must_use]
    pub fn related(&self) -> &[Error] {
        &self.0.related
    }

    /// All of it as one JSON object, as documents have it; what it was caused by is left out.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let retry = match self.retry() {
            Retry::Never => json!("never"),
            Retry::Backoff => json!("backoff"),
            Retry::After(time) => json!({ "after_seconds": time.as_secs_f64() }),
        };
        json!({
            "code": self.code().name(), "message": self.message(), "field": self.field(),
            "record": self.record(), "hint": self.remedy(), "retry": retry,
            "details": { "errors": self.faults_to_json() },
        })
    }

    /// Every fault of a request, this one first, each with its code, field and message
    /// (contract.md section 11.7).
    #[must_use]
    pub fn faults_to_json(&self) -> Vec<Json> {
        let fault = |error: &Self| json!({ "code": error.code().name(), "field": error.field(), "message": error.message() });
        std::iter::once(self).chain(self.related()).map(fault).collect()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.name(), self.0.message)?;
        match (&self.0.field, &self.0.record) {
            (Some(field), Some(record)) => write!(f, " (field {field}, record {record})")?,
            (Some(field), None) => write!(f, " (field {field})")?,
            (None, Some(record)) => write!(f, " (record {record})")?,
            (None, None) => {}
        }
        if f.alternate() {
            write!(f, "\nhint: {}", self.remedy())?;
            let mut cause = std::error::Error::source(self);
            while let Some(error) = cause {
                write!(f, "\ncause: {error}")?;
                cause = error.source();
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|cause| cause as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn changed_texts_leave_no_part_out() {
        let retry = Retry::After(Duration::from_secs(7));
        let full = |text: &str| {
            let error = Error::new(ErrorCode::RateLimited, text).retry_with(retry);
            error.at_field(text).on_record(text).hint(text)
        };
        let error = full("a").because(std::io::Error::other("a"));
        let changed = error.with_related(vec![full("a")]).map_texts(&|text| text.replace('a', "b"));
        for (error, code) in [(&changed, 1), (&changed.related()[0], 0)] {
            let texts =
                [Some(error.message()), error.field(), error.record(), Some(error.remedy())];
            assert_eq!(texts, [Some("b"); 4]);
            assert_eq!((error.code(), error.retry()), (ErrorCode::RateLimited, retry));
            assert_eq!(error.related().len(), code);
        }
        assert!(std::error::Error::source(&changed).is_none());
        let plain = Error::new(ErrorCode::StoreIo, "a").map_texts(&str::to_owned);
        assert_eq!(plain.remedy(), ErrorCode::StoreIo.hint());
    }

    #[test]
    fn both_renderings_are_pinned() {
        let error = Error::new(ErrorCode::StoreIo, "cannot write")
            .on_record("7")
            .because(std::io::Error::other("disk gone"));
        assert_eq!(error.to_string(), "store_io: cannot write (record 7)");
        let hint = ErrorCode::StoreIo.hint();
        assert_eq!(
            format!("{error:#}"),
            format!("store_io: cannot write (record 7)\nhint: {hint}\ncause: disk gone")
        );
    }
}
