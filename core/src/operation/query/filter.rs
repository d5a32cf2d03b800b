//! Filters: conditions on attributes, joined by and, or, not.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::error::{Error, ErrorCode, Result};
use crate::schema::{Attribute, Origin, RecordType, RelationshipEnd, Schema, SystemField, nearest};
use crate::value::{self, Context, Value, ValueType, caseless, excerpt, quoted};

use super::{QueryLimits, invalid};

/// What a record must fulfil.
#[derive(Debug, Clone)]
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

impl Filter {
    /// The equality of an id or a match key, where it is nothing else.
    pub(crate) fn lookup(&self, record_type: &RecordType) -> Option<&Condition> {
        let condition = match self {
            Self::All(filters) | Self::Any(filters) => match &filters[..] {
                [only] => return only.lookup(record_type),
                _ => return None,
            },
            Self::Not(_) => return None,
            Self::Condition(condition) => condition,
        };
        // Behind a relationship the attribute is one of another record type.
        if !condition.hops.is_empty() || condition.operator != Operator::Eq {
            return None;
        }
        let attribute = record_type.attribute(condition.attribute);
        let is_id = attribute.origin == Origin::System(SystemField::Id);
        (is_id || keys_of(record_type, condition.attribute).is_some()).then_some(condition)
    }

    /// The record types behind the relationships that its conditions follow: what a query tells
    /// of beside the records that it gives.
    pub fn related_types(&self) -> Vec<&str> {
        match self {
            Self::All(filters) | Self::Any(filters) => {
                filters.iter().flat_map(Self::related_types).collect()
            }
            Self::Not(filter) => filter.related_types(),
            Self::Condition(condition) => {
                condition.hops.iter().map(|hop| hop.record_type.api_name()).collect()
            }
        }
    }
}

/// The attribute whose match keys tell which records can have a value of this one.
pub(crate) fn keys_of(record_type: &RecordType, attribute: usize) -> Option<usize> {
    let keys = match record_type.attribute(attribute).origin {
        Origin::PrimaryOf(array) => array,
        _ => attribute,
    };
    record_type.key_attributes().any(|index| index == keys).then_some(keys)
}

/// A condition on one attribute; of an array, some element must fulfil it, and behind a
/// relationship some related record.
#[derive(Debug, Clone)]
pub struct Condition {
    /// The relationships that lead to the records with the attribute.
    pub hops: Vec<Hop>,
    /// The attribute.
    pub attribute: usize,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with: none, one, two, or any number, as the operator takes.
    pub operands: Vec<Value>,
}

/// One relationship of a path.
#[derive(Debug, Clone)]
pub struct Hop {
    /// The relationship.
    pub end: RelationshipEnd,
    /// The type of the records that it leads to.
    pub record_type: Arc<RecordType>,
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
pub(super) fn parse(
    schema: &Schema,
    record_type: &RecordType,
    filters: &Json,
    limits: &QueryLimits,
) -> Result<Filter> {
    match filters {
        Json::Null => Ok(Filter::All(Vec::new())),
        Json::Array(nodes) => {
            let mut parser = Parser { schema, record_type, limits, nodes: 0, operands: 0 };
            parser.nodes(nodes, 0).map(Filter::All)
        }
        other => Err(invalid(format!("expected a list of filters, found {}", excerpt(other)))
            .at_field("filters")),
    }
}

struct Parser<'a> {
    schema: &'a Schema,
    record_type: &'a RecordType,
    limits: &'a QueryLimits,
    nodes: usize,
    operands: usize,
}

impl Parser<'_> {
    fn nodes(&mut self, nodes: &[Json], depth: usize) -> Result<Vec<Filter>> {
        nodes.iter().map(|node| self.node(node, depth)).collect()
    }

    fn node(&mut self, node: &Json, depth: usize) -> Result<Filter> {
        let QueryLimits { nesting, filters, .. } = *self.limits;
        if depth > nesting {
            return Err(Error::new(
                ErrorCode::FilterDepthExceeded,
                format!("filters nest deeper than {nesting} groups"),
            ));
        }
        self.nodes += 1;
        if self.nodes > filters {
            return Err(invalid(format!("a query holds more than {filters} filters")));
        }
        let wrong = || {
            invalid(format!("expected a filter, found {}", excerpt(node)))
                .hint("write {\"field\", \"operator\", \"value\"}, {\"and\": [..]}, {\"or\": [..]} or {\"not\": ..}")
        };
        let object = node.as_object().ok_or_else(wrong)?;
        if object.get("field").is_some_and(|field| !field.is_null()) {
            return self.condition(object).map(Filter::Condition);
        }
        let mut entries = object.iter().filter(|(key, value)| !is_left_out(key, value));
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
        let is_other = |(key, value): &(&String, &Json)| {
            !matches!(key.as_str(), "field" | "operator" | "value") && !is_left_out(key, value)
        };
        if let Some((key, _)) = object.iter().find(is_other) {
            return Err(invalid(format!("a filter has no key {}", quoted(key))));
        }
        let field = object["field"].as_str().ok_or_else(|| wrong("a field name"))?;
        let (hops, attribute) = self.field(field)?;
        let record_type = hops.last().map_or(self.record_type, |hop| &*hop.record_type);
        let declared = record_type.attribute(attribute);
        let name = object
            .get("operator")
            .and_then(Json::as_str)
            .ok_or_else(|| wrong("an operator").at_field(field))?;
        let mut operator = operator(declared, name)?;
        let value = object.get("value").unwrap_or(&Json::Null);
        let operands = operands(declared, operator, value)?;
        if operands.len() > 1 {
            operator = match operator {
                Operator::Eq => Operator::In,
                Operator::Ne => Operator::NotIn,
                other => other,
            };
        }
        self.operands += operands.len();
        let most = self.limits.values;
        if self.operands > most {
            return Err(invalid(format!("a query holds more than {most} values")));
        }
        Ok(Condition { hops, attribute, operator, operands })
    }

    /// The relationships of a path, and the attribute at its end.
    fn field(&self, field: &str) -> Result<(Vec<Hop>, usize)> {
        let mut names: Vec<&str> = field.split('.').collect();
        let name = names.pop().unwrap_or_default();
        let most = self.limits.hops;
        if names.len() > most {
            return Err(Error::new(
                ErrorCode::FilterDepthExceeded,
                format!(
                    "{} passes {} relationships, {most} are allowed",
                    quoted(field),
                    names.len()
                ),
            )
            .at_field(field));
        }
        let mut hops: Vec<Hop> = Vec::with_capacity(names.len());
        for name in names {
            let from = hops.last().map_or(self.record_type, |hop| &*hop.record_type);
            let relationship = from.require_relationship(name).map_err(|error| {
                let message = format!("{} has no relationship {}", from.api_name(), quoted(name));
                Error::new(ErrorCode::InvalidFilterField, message)
                    .at_field(field)
                    .hint(error.remedy())
            })?;
            let end = from.relationship(relationship).clone();
            let record_type = Arc::clone(self.schema.record_type(&end.there().record_type)?);
            hops.push(Hop { end, record_type });
        }
        let record_type = hops.last().map_or(self.record_type, |hop| &*hop.record_type);
        let filterable = |index: &usize| record_type.attribute(*index).is_filterable();
        let attribute = record_type.index_of(name).filter(filterable).ok_or_else(|| {
            let message =
                format!("{} cannot be filtered by {}", record_type.api_name(), quoted(name));
            let error = Error::new(ErrorCode::InvalidFilterField, message).at_field(field);
            let attributes = record_type.attributes().iter();
            let names = attributes
                .filter(|attribute| attribute.is_filterable())
                .map(|attribute| attribute.api_name.as_str());
            match nearest(name, names) {
                Some(near) => error.hint(format!("did you mean {near:?}?")),
                None => error,
            }
        })?;
        Ok((hops, attribute))
    }
}

/// Whether a key of a filter is null where another kind of filter has it: who has one shape for all
/// of them sends all its keys.
fn is_left_out(key: &str, value: &Json) -> bool {
    value.is_null() && matches!(key, "field" | "operator" | "value" | "and" | "or" | "not")
}

fn operator(attribute: &Attribute, name: &str) -> Result<Operator> {
    let allowed = attribute.filter_operators();
    let known = OPERATORS.iter().find(|(known, _)| *known == name && allowed.contains(known));
    known.map(|(_, operator)| *operator).ok_or_else(|| {
        Error::new(
            ErrorCode::InvalidFilterOperator,
            format!("{} takes no operator {}", attribute.api_name, quoted(name)),
        )
        .at_field(&attribute.api_name)
        .hint(format!("its operators are {}", allowed.join(", ")))
    })
}

fn operands(attribute: &Attribute, operator: Operator, value: &Json) -> Result<Vec<Value>> {
    let wrong = |what: &str| {
        let message = format!("expected {what}, found {}", excerpt(value));
        Error::new(ErrorCode::InvalidFilterValue, message).at_field(&attribute.api_name)
    };
    match operator {
        Operator::Exists | Operator::NotExists => Ok(Vec::new()),
        Operator::In | Operator::NotIn => {
            let values = value.as_array().ok_or_else(|| wrong("a list"))?;
            let each = values.iter().map(|value| any_named(attribute, value));
            each.collect::<Result<Vec<_>>>().map(|each| each.into_iter().flatten().collect())
        }
        Operator::Eq | Operator::Ne => any_named(attribute, value),
        Operator::Between => match value.as_array().map(Vec::as_slice) {
            Some([low, high]) => Ok(vec![operand(attribute, low)?, operand(attribute, high)?]),
            _ => Err(wrong("a list of two values")),
        },
        Operator::Contains | Operator::StartsWith | Operator::EndsWith => match value {
            Json::String(text) => Ok(vec![Value::Text(caseless(text).into())]),
            _ => Err(wrong("text")),
        },
        _ => operand(attribute, value).map(|operand| vec![operand]),
    }
}

/// One value in the form that it is compared in; every option that has its name, as stages of two
/// pipelines may have one.
fn any_named(attribute: &Attribute, value: &Json) -> Result<Vec<Value>> {
    let named = value.as_str().map(|name| {
        let options = attribute.options.iter().filter(|option| option.is_named(name));
        options.map(|option| Value::Text(option.name().into())).collect::<Vec<_>>()
    });
    match named.filter(|named| named.len() > 1) {
        Some(named) => Ok(named),
        None => operand(attribute, value).map(|operand| vec![operand]),
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
                format!("expected a single value, found {}", excerpt(value)),
            )));
        }
        json => json.clone(),
    };
    let context = Context { options: &attribute.options, default_region: None };
    let parsed = value::parse(value_type, false, json, context).map_err(wrong)?;
    Ok(match parsed {
        Some(Value::Item(item)) => {
            Value::Text(value_type.match_key(&item.text).into_owned().into())
        }
        Some(Value::Text(text)) if value_type == ValueType::Email => {
            Value::Text(value_type.match_key(&text).into_owned().into())
        }
        Some(Value::Target(target)) => {
            let message = format!("a filter takes the id of a record, found {}", excerpt(&target));
            return Err(wrong(Error::new(ErrorCode::InvalidFilterValue, message)));
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
