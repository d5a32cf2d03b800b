//! The streams of a job: how their rows become operations.

use serde_json::{Value as Json, json};

use crate::error::{Error, ErrorCode, Result};
use crate::schema::Write;
use crate::value::address_part;

use super::document::{Node, Section};

/// How the rows of one stream become operations.
#[derive(Debug, Clone)]
pub struct StreamJob {
    /// The stream's name at the source; needed only where there are several.
    pub source: Option<String>,
    /// The record type.
    pub record_type: String,
    /// The name of the match key; `None` only for creates.
    pub matching: Option<String>,
    /// What is done with a row.
    pub mode: Mode,
    /// What a null in a row means.
    pub null: NullPolicy,
    /// What is done about a row that is refused.
    pub on_reject: OnReject,
    /// How many refused rows end the run.
    pub max_rejects: Option<RejectLimit>,
    /// The attributes; `None` matches columns to attributes by name.
    pub attributes: Option<Vec<AttributeJob>>,
    pub(super) outline: Json,
    /// Where its keys stand in the job file, for messages.
    places: Vec<(&'static str, String)>,
}

/// Where the value of one attribute comes from.
#[derive(Debug, Clone)]
pub struct AttributeJob {
    /// The attribute, or `attribute.part` for one part of an address.
    pub name: String,
    /// Where its value comes from.
    pub origin: ValueOrigin,
    /// Where it stands in the job file, for messages: `line 3, column 5`, or empty.
    pub place: String,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueOrigin {
    /// A column of the row.
    Column {
        /// The column.
        name: String,
        /// Splits the text of the cell into a list at this text.
        split: Option<String>,
        /// Overrides the stream's null policy.
        null: Option<NullPolicy>,
        /// Stands in where the cell is absent or null.
        default: Option<Json>,
        /// Whether rows may lack the column, also all of them.
        is_optional: bool,
    },
    /// The same value for every row.
    Constant(Json),
    /// An expression over `row`.
    Expression {
        /// The expression, in the language of minijinja.
        text: String,
        /// Overrides the stream's null policy.
        null: Option<NullPolicy>,
        /// Stands in where the result is undefined or none.
        default: Option<Json>,
        /// Whether the source may lack the columns that it names.
        is_optional: bool,
    },
}

/// What is done with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Create or update by the match.
    Assert,
    /// Create, whatever is there.
    Create,
    /// Update by the match; refuse a row that matches nothing.
    Update,
}

/// What a null in a row means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullPolicy {
    /// Clear the attribute.
    Clear,
    /// Leave the attribute as it is.
    Keep,
}

/// What is done about a row that is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnReject {
    /// Keep it in the journal and go on.
    Continue,
    /// Keep it in the journal and end the run.
    Stop,
}

/// How many refused rows end the run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RejectLimit {
    /// More than this many.
    Count(u64),
    /// More than this share of the rows read, 0 to 1.
    Share(f64),
}

const MODES: [(&str, Mode); 3] =
    [("assert", Mode::Assert), ("create", Mode::Create), ("update", Mode::Update)];
const NULL_POLICIES: [(&str, NullPolicy); 2] =
    [("clear", NullPolicy::Clear), ("keep", NullPolicy::Keep)];

impl Mode {
    /// What it does to attributes.
    pub(super) fn write(self) -> Write {
        match self {
            Self::Assert => Write::Assert,
            Self::Create => Write::Create,
            Self::Update => Write::Patch,
        }
    }
}

impl StreamJob {
    /// A stream with the defaults of a job file, columns matched by name.
    #[must_use]
    pub fn new(record_type: &str, matching: Option<&str>, mode: Mode) -> Self {
        let mode_name = MODES.iter().find(|(_, known)| *known == mode).map(|(name, _)| *name);
        Self {
            source: None,
            record_type: record_type.to_owned(),
            matching: matching.map(str::to_owned),
            mode,
            null: NullPolicy::Clear,
            on_reject: OnReject::Continue,
            max_rejects: None,
            attributes: None,
            outline: json!({ "record_type": record_type, "match": matching, "mode": mode_name }),
            places: Vec::new(),
        }
    }

    /// Puts the place of the key at fault before a message that has none; of a match that is missing,
    /// that of the record type.
    pub(super) fn locate(&self, error: Error) -> Error {
        let place_of = |key: &str| self.places.iter().find(|(known, _)| *known == key);
        let place = match error.field() {
            Some("match") => place_of("match").or_else(|| place_of("record_type")),
            Some(key) => place_of(key),
            None => None,
        };
        let Some((_, place)) = place.filter(|_| error.code() == ErrorCode::ConfigInvalid) else {
            return error;
        };
        Error::new(ErrorCode::ConfigInvalid, format!("{place}: {}", error.message()))
            .at_field(error.field().unwrap_or_default())
            .hint(error.remedy())
    }

    /// What it says, but for what is done about refused rows, which gives no row a meaning.
    pub(super) fn meaning(&self) -> Json {
        let mut outline = self.outline.clone();
        if let Some(outline) = outline.as_object_mut() {
            // A run that these ended goes on with others.
            outline.remove("max_rejects");
            outline.remove("on_reject");
        }
        outline
    }
}

/// Reads one `[[streams]]` table.
///
/// # Errors
/// `config_invalid`, with the place in the file and the nearest right name.
pub(super) fn parse_stream(mut section: Section<'_>) -> Result<StreamJob> {
    let mut outline = json!({});
    let mut places = Vec::new();
    let mut note = |key: &'static str, node: &Node<'_>| -> Result<()> {
        places.push((key, node.place()));
        outline[key] = node.json(&mut |_, text| Ok(text.to_owned()))?;
        Ok(())
    };
    let mut take = |key: &'static str| -> Result<Option<Node<'_>>> {
        let node = section.take(key);
        if let Some(node) = &node {
            note(key, node)?;
        }
        Ok(node)
    };
    let source = take("source")?.map(|node| node.text()).transpose()?;
    let record_type = take("record_type")?.map(|node| node.text()).transpose()?;
    let matching = take("match")?.map(|node| node.text()).transpose()?;
    let mode = take("mode")?.map_or(Ok(Mode::Assert), |node| node.choice(&MODES))?;
    let null = take("null")?.map_or(Ok(NullPolicy::Clear), |node| node.choice(&NULL_POLICIES))?;
    let on_reject = take("on_reject")?.map_or(Ok(OnReject::Continue), |node| {
        node.choice(&[("continue", OnReject::Continue), ("stop", OnReject::Stop)])
    })?;
    let max_rejects = take("max_rejects")?.map(|node| reject_limit(&node)).transpose()?;
    let attributes = match take("attributes")? {
        Some(node) => {
            let mut table = node.table()?;
            let attributes = table.rest().into_iter().map(|(name, node)| attribute(name, node));
            Some(attributes.collect::<Result<Vec<_>>>()?)
        }
        None => None,
    };
    let record_type = match record_type {
        Some(record_type) => record_type,
        None => section.require("record_type")?.text()?,
    };
    section.finish()?;
    Ok(StreamJob {
        source,
        record_type,
        matching,
        mode,
        null,
        on_reject,
        max_rejects,
        attributes,
        outline,
        places,
    })
}

fn attribute(name: String, node: Node<'_>) -> Result<AttributeJob> {
    let place = node.place();
    let origin = if let Some(column) = node.as_str() {
        column_origin(column.to_owned())
    } else if node.is_table() {
        detailed_origin(&name, node)?
    } else {
        ValueOrigin::Constant(node.json(&mut |_, text| Ok(text.to_owned()))?)
    };
    Ok(AttributeJob { name, origin, place })
}

fn column_origin(name: String) -> ValueOrigin {
    ValueOrigin::Column { name, split: None, null: None, default: None, is_optional: false }
}

fn detailed_origin(name: &str, node: Node<'_>) -> Result<ValueOrigin> {
    let wrong = node.error("expected exactly one of column, expression and value").hint(
        "write \"Column\", { column = \"Column\" }, { expression = \"row.a ~ row.b\" } or { value = \"fixed\" }",
    );
    let mut table = node.table()?;
    let column = table.take("column").map(|node| node.text()).transpose()?;
    let expression = table.take("expression").map(|node| node.text()).transpose()?;
    let plain = |node: Node<'_>| node.json(&mut |_, text| Ok(text.to_owned()));
    let value = table.take("value").map(plain).transpose()?;
    let default = table.take("default").map(plain).transpose()?;
    let null = table.take("null").map(|node| node.choice(&NULL_POLICIES)).transpose()?;
    let split = table.take("split").map(|node| node.text()).transpose()?;
    let optional = table.take("optional").map(|node| node.boolean()).transpose()?;
    if let (None, None, None, Some(key)) = (&column, &expression, &value, table.left())
        && address_part(key).is_some()
    {
        // TOML reads `address.city = ..` as a table.
        return Err(table
            .error(&format!("{name}.{key} is not in quotes"))
            .at_field(format!("{name}.{key}"))
            .hint(format!("write the name in quotes: \"{name}.{key}\" = ..")));
    }
    table.finish()?;
    match (column, expression, value) {
        (Some(name), None, None) => Ok(ValueOrigin::Column {
            name,
            split,
            null,
            default,
            is_optional: optional.unwrap_or(false),
        }),
        (None, Some(text), None) if split.is_none() => Ok(ValueOrigin::Expression {
            text,
            null,
            default,
            is_optional: optional.unwrap_or(false),
        }),
        (None, None, Some(value))
            if split.is_none() && optional.is_none() && default.is_none() && null.is_none() =>
        {
            Ok(ValueOrigin::Constant(value))
        }
        _ => Err(wrong),
    }
}

fn reject_limit(node: &Node<'_>) -> Result<RejectLimit> {
    let wrong = || {
        node.error("max_rejects is not a limit")
            .hint("write a number of rows, for example 100, or a share, for example \"5%\"")
    };
    match node.json(&mut |_, text| Ok(text.to_owned()))? {
        Json::Number(number) => number.as_u64().map(RejectLimit::Count).ok_or_else(wrong),
        Json::String(text) => {
            let percent = text.trim().strip_suffix('%').and_then(|text| text.trim().parse().ok());
            percent
                .filter(|percent: &f64| (0.0..=100.0).contains(percent))
                .map(|percent| RejectLimit::Share(percent / 100.0))
                .ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}
