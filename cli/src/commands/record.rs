//! `headwater record`: the record operations, shapes as on the wire (contract.md section 1); only that
//! an assert also says `unchanged`.

mod describe;
mod items;
mod links;

use headwater::activity::{ACTIVITY, shown};
use headwater::value::read_json;
use headwater::{Error, ErrorCode, OpenOptions, Page, Query, Result, Schema, Uuid};
use serde_json::{Map, Value as Json, json};

use crate::arguments::{DuplicatesArgument, HistoryArgument, QueryFormat, RecordCommand};
use crate::exit::Exit;
use crate::output;

pub(crate) fn run(command: &RecordCommand) -> Result<Exit> {
    match command {
        RecordCommand::Get { record_type, id, workspace } => {
            let record = super::open_existing(&workspace.workspace)?.get(record_type, uuid(id)?)?;
            output::json(&json!({ "data": shown(&record) }))?;
        }
        RecordCommand::Create { record_type, attributes, duplicates, history, workspace } => {
            let options = OpenOptions {
                create: true,
                rejects_duplicates: duplicates.map(|choice| choice == DuplicatesArgument::Reject),
                keeps_history: history.map(|choice| choice == HistoryArgument::On),
            };
            let attributes = super::object(attributes, "attributes")?;
            let workspace = super::open(&workspace.workspace, options)?;
            let made = match record_type.as_str() {
                ACTIVITY => headwater::log_activity(&*workspace, attributes)?,
                _ => headwater::create(&*workspace, record_type, attributes)?.to_json(),
            };
            output::json(&json!({ "data": made }))?;
        }
        RecordCommand::Patch { record_type, id, attributes, workspace } => {
            let attributes = super::object(attributes, "attributes")?;
            let workspace = super::open_existing(&workspace.workspace)?;
            let record = headwater::patch(&*workspace, record_type, uuid(id)?, attributes)?;
            output::json(&json!({ "data": record.to_json() }))?;
        }
        RecordCommand::Archive { record_type, id, workspace } => {
            let workspace = super::open_existing(&workspace.workspace)?;
            headwater::archive(&*workspace, record_type, uuid(id)?)?;
        }
        RecordCommand::Restore { record_type, id, workspace } => {
            let workspace = super::open_existing(&workspace.workspace)?;
            let record = headwater::restore(&*workspace, record_type, uuid(id)?)?;
            output::json(&json!({ "data": record.to_json() }))?;
        }
        RecordCommand::History { record_type, id, limit, cursor, format, workspace } => {
            let workspace = super::open_existing(&workspace.workspace)?;
            let parameters = page(*limit, cursor.as_deref());
            let page = headwater::history(&*workspace, record_type, uuid(id)?, parameters)?;
            super::history::print(&page, *format)?;
        }
        RecordCommand::Assert { record_type, matching, attributes, workspace } => {
            let matching = super::object(matching, "match")?;
            let attributes = super::object(attributes, "attributes")?;
            let workspace = super::open(
                &workspace.workspace,
                OpenOptions { create: true, ..OpenOptions::default() },
            )?;
            let outcome = headwater::assert(&*workspace, record_type, matching, attributes)?;
            let record = outcome.record.map(|record| record.to_json());
            output::json(&json!({ "data": record, "meta": { "action": outcome.action.name() } }))?;
        }
        RecordCommand::Query { record_type, filter, sort, limit, cursor, format, workspace } => {
            let workspace = super::open_existing(&workspace.workspace)?;
            let body = query_body(filter.as_deref(), sort, *limit, cursor.as_deref())?;
            let of_type = |cursor: Option<String>| {
                let mut body = body.clone();
                body.extend(cursor.map(|cursor| ("cursor".to_owned(), Json::from(cursor))));
                let asked = workspace.record_type(record_type)?;
                workspace.query(record_type, &Query::parse(&workspace.schema(), &asked, body)?)
            };
            match format {
                QueryFormat::Json => {
                    let page = of_type(None)?;
                    let records: Vec<Json> = page.records.iter().map(shown).collect();
                    output::json(&json!({ "data": records, "next_cursor": page.next_cursor }))?;
                }
                QueryFormat::Jsonl => lines(&of_type, limit.is_none())?,
            }
        }
        RecordCommand::Item { command } => items::run(command)?,
        RecordCommand::Link { .. }
        | RecordCommand::Relink { .. }
        | RecordCommand::Unlink { .. }
        | RecordCommand::Links { .. } => links::run(command)?,
        RecordCommand::Schema { record_type, relationships, format, workspace } => {
            let workspace = workspace.as_deref().map(super::open_existing).transpose()?;
            let schema =
                workspace.as_ref().map_or_else(|| Schema::standard().into(), |it| it.schema());
            match (record_type, workspace) {
                (None, _) => describe::record_types(&schema, *format)?,
                (Some(name), Some(workspace)) if *relationships => {
                    describe::relationships(&*workspace.record_type(name)?, *format)?;
                }
                (Some(name), None) if *relationships => {
                    describe::relationships(schema.record_type(name)?, *format)?;
                }
                (Some(name), Some(workspace)) => output::json(&workspace.describe(name)?)?,
                (Some(name), None) => output::json(&schema.describe(name)?)?,
            }
        }
    }
    Ok(Exit::Done)
}

/// Prints the records of a page, one a line; those of all pages that follow where no limit was given.
fn lines(page_at: &dyn Fn(Option<String>) -> Result<Page>, is_all: bool) -> Result<()> {
    let mut page = page_at(None)?;
    loop {
        for record in &page.records {
            output::line(&shown(record).to_string())?;
        }
        page = match page.next_cursor {
            None => return Ok(()),
            Some(cursor) if is_all => page_at(Some(cursor))?,
            Some(cursor) => {
                output::note_more(&cursor);
                return Ok(());
            }
        };
    }
}

fn uuid(text: &str) -> Result<Uuid> {
    Uuid::parse_str(text).map_err(|_| {
        Error::new(ErrorCode::InvalidRequest, format!("{text:?} is not a record id"))
            .hint("a record id is a UUID, as `record query` shows it")
    })
}

fn query_body(
    filter: Option<&str>,
    sort: &[String],
    limit: Option<usize>,
    cursor: Option<&str>,
) -> Result<Map<String, Json>> {
    let mut body = page(limit, cursor);
    if let Some(filter) = filter {
        let filters = read_json(filter.as_bytes()).map_err(|cause| {
            Error::new(ErrorCode::InvalidRequest, format!("the filter is not JSON: {cause}")).hint(
                "for example '[{\"field\": \"title\", \"operator\": \"eq\", \"value\": \"CTO\"}]'",
            )
        })?;
        let filters = if filters.is_object() { json!([filters]) } else { filters };
        body.insert("filters".to_owned(), filters);
    }
    if !sort.is_empty() {
        let sort = sort.iter().map(|name| match name.strip_prefix('-') {
            Some(field) => json!({ "field": field, "direction": "desc" }),
            None => json!({ "field": name, "direction": "asc" }),
        });
        body.insert("sort".to_owned(), sort.collect());
    }
    Ok(body)
}

/// Which page is asked for.
fn page(limit: Option<usize>, cursor: Option<&str>) -> Map<String, Json> {
    let given = [("limit", limit.map(Json::from)), ("cursor", cursor.map(Json::from))];
    given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}
