//! Expressions over a row, in the language of minijinja, which users of dbt and Airbyte know.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock};

use minijinja::value::{Object, ObjectRepr, ValueKind};
use minijinja::{Environment, ErrorKind, Expression, UndefinedBehavior, Value, context};
use serde_json::Value as Json;

use crate::error::{Error, ErrorCode, Result};

use self::paths::Paths;

mod paths;

/// Steps that one evaluation may take: enough for any row, far too few to hang a sync.
const FUEL: u64 = 1_000_000;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    environment
});

/// Evaluates over a row without columns, to find what no row can mend: a filter that is not there.
static PROBE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = ENVIRONMENT.clone();
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment
});

/// Evaluates over a row whose nulls are [`Nothing`], which is none to a test.
static WITHOUT_NULLS: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = ENVIRONMENT.clone();
    environment.add_test("none", |value: &Value| value.is_none() || is_nothing(value));
    environment
});

/// A null that a text does not show.
#[derive(Debug)]
struct Nothing;

impl Object for Nothing {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        false
    }

    fn render(self: &Arc<Self>, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

fn is_nothing(value: &Value) -> bool {
    value.downcast_object_ref::<Nothing>().is_some()
}

/// A compiled expression.
#[derive(Debug)]
pub(super) struct RowExpression {
    text: String,
    paths: Paths,
    compiled: Expression<'static, 'static>,
    without_nulls: Expression<'static, 'static>,
}

impl RowExpression {
    /// Compiles an expression.
    ///
    /// # Errors
    /// `config_invalid` if it is not one.
    pub(super) fn compile(text: &str) -> Result<Self> {
        let unreadable = |cause: minijinja::Error| {
            Error::new(
                ErrorCode::ConfigInvalid,
                format!("cannot read the expression {text:?}: {}", explain(&cause)),
            )
            .hint("write an expression over row, for example row.first ~ ' ' ~ row[\"Last Name\"]")
        };
        let compiled = ENVIRONMENT.compile_expression_owned(text.to_owned()).map_err(unreadable)?;
        let without_nulls =
            WITHOUT_NULLS.compile_expression_owned(text.to_owned()).map_err(unreadable)?;
        let unknown = compiled.undeclared_variables(false);
        if let Some(name) = unknown.iter().find(|name| *name != "row" && !is_function(name)) {
            return Err(Error::new(
                ErrorCode::ConfigInvalid,
                format!("the expression {text:?} uses {name:?}, which is not defined"),
            )
            .hint(format!("a column is written row.{name}")));
        }
        let empty = context! { row => Value::from_pairs(std::iter::empty::<(&str, &str)>()) };
        let probed = PROBE.compile_expression(text).and_then(|probe| probe.eval(empty));
        if let Err(cause) = probed
            && matches!(
                cause.kind(),
                ErrorKind::UnknownFilter | ErrorKind::UnknownFunction | ErrorKind::UnknownTest
            )
        {
            return Err(Error::new(
                ErrorCode::ConfigInvalid,
                format!("cannot use the expression {text:?}: {}", explain(&cause)),
            )
            .hint(
                "the filters and tests are those of minijinja, for example first, lower, split",
            ));
        }
        Ok(Self { text: text.to_owned(), paths: Paths::of(text), compiled, without_nulls })
    }

    /// Evaluates it; `None` is undefined, or a text without anything but white space.
    ///
    /// # Errors
    /// `field_value_invalid` if it fails on this row.
    pub(super) fn evaluate(&self, row: &Value) -> Result<Option<Json>> {
        let failed = |why: String| {
            Error::new(
                ErrorCode::FieldValueInvalid,
                format!("the expression {:?} fails on this row: {why}", self.text),
            )
            .hint("the filters are those of minijinja; row.x | default('') stands in where there is nothing")
        };
        let mut row = Cow::Borrowed(row);
        let mut evaluated = self.compiled.eval(context! { row => row.as_ref() });
        if self.paths.has_slice && evaluated.as_ref().map_or(true, shows_no_elements) {
            // minijinja slices what is not there to an empty list, and writes that into a text.
            let paths = self.paths.read.iter();
            row = Cow::Owned(paths.fold(row.into_owned(), |row, path| filled(&row, path)));
            evaluated = self.compiled.eval(context! { row => row.as_ref() });
        }
        let mut result = evaluated.map_err(|cause| failed(explain(&cause)))?;
        if may_show_null(&result) && has_null(&row) {
            // minijinja writes null as "None" into a text, an absent column as nothing.
            let row = without_nulls(&row);
            let shown = self.without_nulls.eval(context! { row => row });
            result = with_nulls(&shown.map_err(|cause| failed(explain(&cause)))?);
        }
        // What joins absent columns has only its spaces left.
        if result.is_undefined() || result.as_str().is_some_and(|text| text.trim().is_empty()) {
            return Ok(None);
        }
        let is_endless = |float: f64| !float.is_finite();
        if result.is_number() && f64::try_from(result.clone()).is_ok_and(is_endless) {
            // JSON would make null of it, which clears the attribute.
            return Err(failed(format!("the result is {result}, no number")));
        }
        serde_json::to_value(&result).map(Some).map_err(|cause| failed(cause.to_string()))
    }

    /// The columns that it names.
    pub(super) fn columns(&self) -> Vec<&str> {
        self.paths.columns()
    }

    /// Whether it says what holds where a column is not there.
    pub(super) fn has_default(&self) -> bool {
        self.paths.has_default
    }

    /// Whether it uses a column: it names it, or has its name as a text.
    pub(super) fn mentions(&self, column: &str) -> bool {
        let quoted = [format!("\"{column}\""), format!("'{column}'")];
        self.paths.read.iter().any(|path| path[0] == column)
            || quoted.iter().any(|name| self.text.contains(name))
    }
}

/// Whether a result is an empty list, or a text that has one written into it.
fn shows_no_elements(result: &Value) -> bool {
    match result.kind() {
        ValueKind::String => result.as_str().is_some_and(|text| text.contains("[]")),
        ValueKind::Seq | ValueKind::Iterable => {
            result.len() == Some(0) || values(result).any(|value| shows_no_elements(&value))
        }
        _ => false,
    }
}

/// The row with an empty text at this path, where nothing or null is there.
fn filled(value: &Value, path: &[String]) -> Value {
    let Some((name, rest)) = path.split_first() else {
        return if value.is_none() || value.is_undefined() {
            Value::from("")
        } else {
            value.clone()
        };
    };
    if value.kind() != ValueKind::Map {
        return value.clone();
    }
    let inner = value.get_attr(name).map_or(Value::UNDEFINED, |inner| filled(&inner, rest));
    let others = values(value).filter(|key| key.as_str() != Some(name));
    let others = others.map(|key| {
        let inner = value.get_item(&key).unwrap_or(Value::UNDEFINED);
        (key, inner)
    });
    Value::from_pairs(others.chain([(Value::from(name.as_str()), inner)]))
}

/// Whether a text in a result may have a null written into it, in any case.
fn may_show_null(result: &Value) -> bool {
    match result.kind() {
        ValueKind::String => {
            result.as_str().is_some_and(|text| text.to_ascii_lowercase().contains("none"))
        }
        ValueKind::Seq | ValueKind::Iterable => values(result).any(|value| may_show_null(&value)),
        ValueKind::Map => {
            values(result).any(|key| result.get_item(&key).is_ok_and(|it| may_show_null(&it)))
        }
        _ => false,
    }
}

fn has_null(value: &Value) -> bool {
    match value.kind() {
        ValueKind::None => true,
        ValueKind::Seq => values(value).any(|value| has_null(&value)),
        ValueKind::Map => {
            values(value).any(|key| value.get_item(&key).is_ok_and(|it| has_null(&it)))
        }
        _ => false,
    }
}

/// The value with every null in it as [`Nothing`].
fn without_nulls(value: &Value) -> Value {
    match value.kind() {
        ValueKind::None => Value::from_object(Nothing),
        ValueKind::Seq => values(value).map(|value| without_nulls(&value)).collect(),
        ValueKind::Map => Value::from_pairs(values(value).map(|key| {
            let inner = value.get_item(&key).map_or(Value::UNDEFINED, |it| without_nulls(&it));
            (key, inner)
        })),
        _ => value.clone(),
    }
}

/// The value with every [`Nothing`] in it as null again.
fn with_nulls(value: &Value) -> Value {
    match value.kind() {
        _ if is_nothing(value) => Value::from(()),
        ValueKind::Seq => values(value).map(|value| with_nulls(&value)).collect(),
        ValueKind::Map => Value::from_pairs(values(value).map(|key| {
            let inner = value.get_item(&key).map_or(Value::UNDEFINED, |it| with_nulls(&it));
            (key, inner)
        })),
        _ => value.clone(),
    }
}

/// The elements of a list, or the keys of a map.
fn values(value: &Value) -> impl Iterator<Item = Value> {
    value.try_iter().into_iter().flatten()
}

fn is_function(name: &str) -> bool {
    ENVIRONMENT.globals().any(|(known, _)| known == name)
}

fn explain(cause: &minijinja::Error) -> String {
    match cause.detail() {
        Some(detail) => format!("{}: {detail}", cause.kind()),
        None => cause.kind().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_expression_gives_no_endless_number() {
        let expression = RowExpression::compile("row.revenue | float").unwrap();
        let row = |text: &str| Value::from_pairs([("revenue", text)]);
        assert_eq!(expression.evaluate(&row("1.5")).unwrap(), Some(json!(1.5)));
        for text in ["nan", "inf"] {
            let error = expression.evaluate(&row(text)).unwrap_err();
            assert_eq!(error.code(), ErrorCode::FieldValueInvalid);
        }
    }
}
