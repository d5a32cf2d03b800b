//! `headwater record link` and its like: the links of a record (contract.md section 5.6).

use headwater::Result;
use serde_json::{Map, Value as Json, json};

use super::uuid;
use crate::arguments::{LinkPlace, RecordCommand};
use crate::commands::{object, open_existing};
use crate::output;

pub(super) fn run(command: &RecordCommand) -> Result<()> {
    match command {
        RecordCommand::Link { place, target, matching, set, workspace } => {
            let body = new_link(target.as_deref(), matching.as_deref(), set.as_deref())?;
            let workspace = open_existing(&workspace.workspace)?;
            let LinkPlace { record_type, id, relationship } = place;
            let added =
                headwater::add_edge(&*workspace, record_type, uuid(id)?, relationship, body)?;
            output::json(&added.edge.to_json())
        }
        RecordCommand::Relink { place, target, set, workspace } => {
            let changes = object(set, "changes")?;
            let workspace = open_existing(&workspace.workspace)?;
            let LinkPlace { record_type, id, relationship } = place;
            let (id, target) = (uuid(id)?, uuid(target)?);
            let changed = headwater::update_edge(
                &*workspace,
                record_type,
                id,
                relationship,
                target,
                changes,
            )?;
            output::json(&changed.edge.to_json())
        }
        RecordCommand::Unlink { place, target, workspace } => {
            let workspace = open_existing(&workspace.workspace)?;
            let LinkPlace { record_type, id, relationship } = place;
            let (id, target) = (uuid(id)?, uuid(target)?);
            headwater::remove_edge(&*workspace, record_type, id, relationship, target)
        }
        RecordCommand::Links { place, limit, cursor, workspace } => {
            let workspace = open_existing(&workspace.workspace)?;
            let LinkPlace { record_type, id, relationship } = place;
            let limit = limit.map(|limit| ("limit".to_owned(), json!(limit)));
            let cursor = cursor.as_ref().map(|cursor| ("cursor".to_owned(), json!(cursor)));
            let asked = limit.into_iter().chain(cursor).collect();
            let page = headwater::edges(&*workspace, record_type, uuid(id)?, relationship, asked)?;
            output::json(&page.to_json())
        }
        // The others are not about links.
        _ => Ok(()),
    }
}

/// The body that adds a link: where it leads, and what it says.
fn new_link(
    target: Option<&str>,
    matching: Option<&str>,
    set: Option<&str>,
) -> Result<Map<String, Json>> {
    let mut body = set.map_or(Ok(Map::new()), |set| object(set, "attributes of the link"))?;
    if let Some(target) = target {
        body.insert("related_record_id".to_owned(), json!(uuid(target)?));
    }
    if let Some(matching) = matching {
        body.insert("related_record_match".to_owned(), json!(object(matching, "match")?));
    }
    Ok(body)
}
