//! Expressions over a row, in the language of minijinja, which users of dbt and Airbyte know.

use std::sync::LazyLock;

use minijinja::{Environment, ErrorKind, Expression, UndefinedBehavior, Value, context};
use serde_json::Value as Json;

use crate::error::{Error, ErrorCode, Result};

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

/// A compiled expression.
#[derive(Debug)]
pub(super) struct RowExpression {
    text: String,
    compiled: Expression<'static, 'static>,
}

impl RowExpression {
    /// Compiles an expression.
    ///
    /// # Errors
    /// `config_invalid` if it is not one.
    pub(super) fn compile(text: &str) -> Result<Self> {
        let compiled = ENVIRONMENT.compile_expression_owned(text.to_owned()).map_err(|cause| {
            Error::new(
                ErrorCode::ConfigInvalid,
                format!("cannot read the expression {text:?}: {}", explain(&cause)),
            )
            .hint("write an expression over row, for example row.first ~ ' ' ~ row.last")
        })?;
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
        Ok(Self { text: text.to_owned(), compiled })
    }

    /// Evaluates it; `None` is undefined.
    ///
    /// # Errors
    /// `field_value_invalid` if it fails on this row.
    pub(super) fn evaluate(&self, row: &Value) -> Result<Option<Json>> {
        let failed = |why: String| {
            Error::new(
                ErrorCode::FieldValueInvalid,
                format!("the expression {:?} fails on this row: {why}", self.text),
            )
        };
        let result =
            self.compiled.eval(context! { row => row }).map_err(|cause| failed(explain(&cause)))?;
        if result.is_undefined() {
            return Ok(None);
        }
        let is_endless = |float: f64| !float.is_finite();
        if result.is_number() && f64::try_from(result.clone()).is_ok_and(is_endless) {
            // JSON would make null of it, which clears the attribute.
            return Err(failed(format!("the result is {result}, no number")));
        }
        serde_json::to_value(&result).map(Some).map_err(|cause| failed(cause.to_string()))
    }

    /// The columns that it takes as `row.column`.
    pub(super) fn columns(&self) -> impl Iterator<Item = String> {
        let paths = self.compiled.undeclared_variables(true).into_iter();
        paths.filter_map(|path| {
            let rest = path.strip_prefix("row.")?;
            Some(rest.split('.').next().unwrap_or(rest).to_owned())
        })
    }

    /// Whether the expression uses a column, as `row.column` or `row["column"]`.
    pub(super) fn mentions(&self, column: &str) -> bool {
        let quoted = [format!("\"{column}\""), format!("'{column}'")];
        quoted.iter().any(|name| self.text.contains(name))
            || self.compiled.undeclared_variables(true).iter().any(|path| {
                path.strip_prefix("row.").is_some_and(|rest| rest.split('.').next() == Some(column))
            })
    }
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
