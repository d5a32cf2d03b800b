//! Filters: conditions on attributes, joined by and, or, not.

use serde_json::{Map, Value as Json};

use crate::error::{Error, ErrorCode, Result};
use crate::schema::{Attribute, RecordType, nearest};
use crate::value::{self, Context, Value, ValueType};

use super::invalid;

/// How deep groups may nest.
const MAX_NESTING: usize = 16;
/// How many operands a query may hold in all.
const MAX_OPERANDS: usize = 1000;
/// How many relationships a field's path may pass (contract.md section 11.9).
const MAX_HOPS: usize = 2;

/// What a record must fulfil.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// Every one of these.
    All(Vec<Filter>),
    /// At least one of these.
    Any(Vec<Filter>),
    /// Not this.
    Not(Box<Filter>),
    /// A condition on one attribute.
    Condition(Condition),
}

/// A condition on one attribute; of an array, some element must fulfil it.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The attribute.
    pub attribute: usize,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with: none, one, two, or any number, as the operator takes.
    pub operands: Vec<Value>,
}

/// The operators of contract.md section 5.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// Equal; text exactly, e-mails, domains and phones in match form.
    Eq,
    /// Not equal, or empty.
    Ne,
    /// Equal to one of a list.
    In,
    /// Equal to none of a list, or empty.
    NotIn,
    /// Holds a text, in any case.
    Contains,
    /// Begins with a text, in any case.
    StartsWith,
    /// Ends with a text, in any case.
    EndsWith,
    /// Greater.
    Gt,
    /// Greater or equal.
    Gte,
    /// Less.
    Lt,
    /// Less or equal.
    Lte,
    /// From the first to the second, both included.
    Between,
    /// Not empty.
    Exists,
    /// Empty.
    NotExists,
}

const OPERATORS: [(&str, Operator); 14] = [
    ("eq", Operator::Eq),
    ("ne", Operator::Ne),
    ("in", Operator::In),
    ("not_in", Operator::NotIn),
    ("contains", Operator::Contains),
    ("starts_with", Operator::StartsWith),
    ("ends_with", Operator::EndsWith),
    ("gt", Operator::Gt),
    ("gte", Operator::Gte),
    ("lt", Operator::Lt),
    ("lte", Operator::Lte),
    ("between", Operator::Between),
    ("exists", Operator::Exists),
    ("not_exists", Operator::NotExists),
];

/// Parses the `filters` of a query, a list that is joined by and.
pub(super) fn parse(record_type: &RecordType, filters: &Json) -> Result<Filter> {
    match filters {
        Json::Null => Ok(Filter::All(Vec::new())),
        Json::Array(nodes) => {
            let mut parser = Parser { record_type, operands: 0 };
            parser.nodes(nodes, 0).map(Filter::All)
        }
        other => {
            Err(invalid(format!("expected a list of filters, found {other}")).at_field("filters"))
        }
    }
}

struct Parser<'a> {
    record_type: &'a RecordType,
    operands: usize,
}

impl Parser<'_> {
    fn nodes(&mut self, nodes: &[Json], depth: usize) -> Result<Vec<Filter>> {
        nodes.iter().map(|node| self.node(node, depth)).collect()
    }

    fn node(&mut self, node: &Json, depth: usize) -> Result<Filter> {
        if depth > MAX_NESTING {
            return Err(Error::new(
                ErrorCode::FilterDepthExceeded,
                format!("filters nest deeper than {MAX_NESTING} groups"),
            ));
        }
        let wrong = || {
            invalid(format!("expected a filter, found {node}"))
                .hint("write {\"field\", \"operator\", \"value\"}, {\"and\": [..]}, {\"or\": [..]} or {\"not\": ..}")
        };
        let object = node.as_object().ok_or_else(wrong)?;
        if object.contains_key("field") {
            return self.condition(object).map(Filter::Condition);
        }
        let mut entries = object.iter();
        let (Some((key, group)), None) = (entries.next(), entries.next()) else {
            return Err(wrong());
        };
        match (key.as_str(), group) {
            ("and", Json::Array(nodes)) => self.nodes(nodes, depth + 1).map(Filter::All),
            ("or", Json::Array(nodes)) => self.nodes(nodes, depth + 1).map(Filter::Any),
            ("not", Json::Array(nodes)) => {
                self.nodes(nodes, depth + 1).map(|nodes| Filter::Not(Box::new(Filter::All(nodes))))
            }
            ("not", node @ Json::Object(_)) => {
                self.node(node, depth + 1).map(|node| Filter::Not(Box::new(node)))
            }
            _ => Err(wrong()),
        }
    }

    fn condition(&mut self, object: &Map<String, Json>) -> Result<Condition> {
        let wrong = |what: &str| invalid(format!("expected {what} in a filter"));
        if let Some(key) =
            object.keys().find(|key| !matches!(key.as_str(), "field" | "operator" | "value"))
        {
            return Err(invalid(format!("a filter has no key {key:?}")));
        }
        let field = object["field"].as_str().ok_or_else(|| wrong("a field name"))?;
        let attribute = self.field(field)?;
        let declared = self.record_type.attribute(attribute);
        let name = object
            .get("operator")
            .and_then(Json::as_str)
            .ok_or_else(|| wrong("an operator").at_field(field))?;
        let operator = operator(declared, name)?;
        let value = object.get("value").unwrap_or(&Json::Null);
        let operands = operands(declared, operator, value)?;
        self.operands += operands.len();
        if self.operands > MAX_OPERANDS {
            return Err(invalid(format!("a query holds more than {MAX_OPERANDS} values")));
        }
        Ok(Condition { attribute, operator, operands })
    }

    fn field(&self, field: &str) -> Result<usize> {
        let hops = field.matches('.').count();
        if hops > MAX_HOPS {
            return Err(Error::new(
                ErrorCode::FilterDepthExceeded,
                format!("{field:?} passes {hops} relationships, {MAX_HOPS} are allowed"),
            )
            .at_field(field));
        }
        let filterable = |index: &usize| self.record_type.attribute(*index).is_filterable();
        self.record_type.index_of(field).filter(filterable).ok_or_else(|| {
            let message =
                format!("{} cannot be filtered by {field:?}", self.record_type.api_name());
            let error = Error::new(ErrorCode::InvalidFilterField, message).at_field(field);
            let attributes = self.record_type.attributes().iter();
            let names = attributes
                .filter(|attribute| attribute.is_filterable())
                .map(|attribute| attribute.api_name.as_str());
            match nearest(field, names) {
                Some(near) => error.hint(format!("did you mean {near:?}?")),
                None => error,
            }
        })
    }
}

fn operator(attribute: &Attribute, name: &str) -> Result<Operator> {
    let allowed = attribute.filter_operators();
    let known = OPERATORS.iter().find(|(known, _)| *known == name && allowed.contains(known));
    known.map(|(_, operator)| *operator).ok_or_else(|| {
        Error::new(
            ErrorCode::InvalidFilterOperator,
            format!("{} takes no operator {name:?}", attribute.api_name),
        )
        .at_field(&attribute.api_name)
        .hint(format!("its operators are {}", allowed.join(", ")))
    })
}

fn operands(attribute: &Attribute, operator: Operator, value: &Json) -> Result<Vec<Value>> {
    let wrong = |what: &str| {
        Error::new(ErrorCode::InvalidFilterValue, format!("expected {what}, found {value}"))
            .at_field(&attribute.api_name)
    };
    match operator {
        Operator::Exists | Operator::NotExists => Ok(Vec::new()),
        Operator::In | Operator::NotIn => {
            let values = value.as_array().ok_or_else(|| wrong("a list"))?;
            values.iter().map(|value| operand(attribute, value)).collect()
        }
        Operator::Between => match value.as_array().map(Vec::as_slice) {
            Some([low, high]) => Ok(vec![operand(attribute, low)?, operand(attribute, high)?]),
            _ => Err(wrong("a list of two values")),
        },
        Operator::Contains | Operator::StartsWith | Operator::EndsWith => match value {
            Json::String(text) => Ok(vec![Value::Text(text.to_lowercase().into())]),
            _ => Err(wrong("text")),
        },
        _ => operand(attribute, value).map(|operand| vec![operand]),
    }
}

/// One value in the form that it is compared in.
fn operand(attribute: &Attribute, value: &Json) -> Result<Value> {
    let wrong = |error: Error| {
        Error::new(ErrorCode::InvalidFilterValue, error.message())
            .at_field(&attribute.api_name)
            .hint(error.remedy())
    };
    // An item is compared by its text alone.
    let value_type = attribute.value_type;
    let json = match value {
        Json::Null | Json::Array(_) => {
            return Err(wrong(Error::new(
                ErrorCode::InvalidFilterValue,
                format!("expected a single value, found {value}"),
            )));
        }
        json => json.clone(),
    };
    let context = Context { options: &attribute.options, default_region: None };
    let parsed = value::parse(value_type, false, json, context).map_err(wrong)?;
    Ok(match parsed {
        Some(Value::Item(item)) => Value::Text(value_type.match_key(&item.text).into()),
        Some(Value::Text(text)) if value_type == ValueType::Email => {
            Value::Text(value_type.match_key(&text).into())
        }
        Some(value) => value,
        None => {
            return Err(wrong(Error::new(
                ErrorCode::InvalidFilterValue,
                format!("expected a value, found {value}"),
            )));
        }
    })
}
