//! `headwater record item`: the items of an array, one by one (contract.md section 5.7).

use headwater::Result;
use serde_json::json;

use super::uuid;
use crate::arguments::{ItemCommand, ItemPlace};
use crate::commands::{object, open_existing};
use crate::output;

pub(super) fn run(command: &ItemCommand) -> Result<()> {
    match command {
        ItemCommand::Add { place, item, workspace } => {
            let body = object(item, "parts of the item")?;
            let workspace = open_existing(&workspace.workspace)?;
            let ItemPlace { record_type, id, attribute } = place;
            let added = headwater::add_item(&*workspace, record_type, uuid(id)?, attribute, body)?;
            output::json(&json!({ "data": added.to_json() }))
        }
        ItemCommand::Change { place, item, changes, workspace } => {
            let changes = object(changes, "changes")?;
            let workspace = open_existing(&workspace.workspace)?;
            let ItemPlace { record_type, id, attribute } = place;
            let id = uuid(id)?;
            let changed =
                headwater::update_item(&*workspace, record_type, id, attribute, item, changes)?;
            output::json(&json!({ "data": changed.to_json() }))
        }
        ItemCommand::Remove { place, item, workspace } => {
            let workspace = open_existing(&workspace.workspace)?;
            let ItemPlace { record_type, id, attribute } = place;
            headwater::remove_item(&*workspace, record_type, uuid(id)?, attribute, item)
        }
    }
}
