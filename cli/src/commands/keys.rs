//! `headwater keys`: who may use a workspace over HTTP.

use headwater::access::{ApiKey, Scope};
use headwater::{OpenOptions, Result};
use serde_json::{Value as Json, json};

use crate::arguments::{KeysCommand, ListFormat};
use crate::exit::Exit;
use crate::output;

const HEADER: [&str; 6] = ["id", "name", "scopes", "created_at", "status", "expired_at"];

pub(crate) fn run(command: &KeysCommand) -> Result<Exit> {
    match command {
        KeysCommand::Create { name, scopes, workspace } => {
            let scopes = scopes.iter().map(|text| text.parse()).collect::<Result<Vec<Scope>>>()?;
            let options = OpenOptions { create: true, ..OpenOptions::default() };
            let workspace = headwater::open(&workspace.workspace, options)?;
            let (key, secret) = workspace.api_keys()?.create_key(name, scopes)?;
            output::note(&format!("key {} ({name}): keep it, it is not shown again", key.id));
            // Alone on stdout, so that a script can take it.
            if let Err(error) = output::line(secret.reveal()) {
                // Where nobody reads it, the key is lost.
                output::error(&error);
                return Ok(Exit::Failed);
            }
        }
        KeysCommand::List { format, workspace } => {
            let keys = super::open_existing(&workspace.workspace)?.api_keys()?.list_keys()?;
            let rows = || keys.iter().map(row).collect::<Vec<_>>();
            match format {
                ListFormat::Jsonl => {
                    keys.iter().try_for_each(|key| output::line(&to_json(key).to_string()))?;
                }
                ListFormat::Table => output::table(&HEADER, &rows())?,
                ListFormat::Csv => output::csv(&HEADER, &rows())?,
            }
        }
        KeysCommand::Expire { key, workspace } => {
            let workspace = super::open_existing(&workspace.workspace)?;
            let ended = workspace.api_keys()?.expire_key(key)?;
            output::note(&format!("key {} ({}) has expired", ended.id, ended.name));
        }
    }
    Ok(Exit::Done)
}

fn scopes(key: &ApiKey) -> Vec<String> {
    key.scopes.iter().map(ToString::to_string).collect()
}

fn to_json(key: &ApiKey) -> Json {
    json!({
        "id": key.id, "name": key.name, "scopes": scopes(key),
        "created_at": key.created_at.to_string(), "status": key.status(),
        "expired_at": key.expired_at.map(|at| at.to_string()),
    })
}

fn row(key: &ApiKey) -> Vec<String> {
    vec![
        key.id.clone(),
        key.name.clone(),
        scopes(key).join(" "),
        key.created_at.to_string(),
        key.status().to_owned(),
        key.expired_at.map(|at| at.to_string()).unwrap_or_default(),
    ]
}
