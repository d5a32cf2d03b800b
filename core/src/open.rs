//! Opens a workspace by its URL.

use crate::error::{Error, ErrorCode, Result};
use crate::local::LocalWorkspace;
use crate::remote::{self, RemoteOptions, RemoteWorkspace};
use crate::schema::Schema;
use crate::store::{Generation, SqliteStore};
use crate::workspace::Workspace;

/// How a workspace is opened.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenOptions {
    /// Makes the workspace if there is none.
    pub create: bool,
    /// Sets for this and later openings whether a second record may take a match key that
    /// another one holds (contract.md section 11.1); `None` leaves it as it is.
    pub rejects_duplicates: Option<bool>,
    /// Sets for this and later openings whether changes are logged, as they are from the beginning;
    /// `None` leaves it as it is.
    pub keeps_history: Option<bool>,
}

impl OpenOptions {
    /// Refuses what a remote workspace does not let others set.
    pub(crate) fn check_remote(self) -> Result<()> {
        let set = [("duplicates", self.rejects_duplicates), ("history", self.keeps_history)];
        let Some((name, _)) = set.iter().find(|(_, setting)| setting.is_some()) else {
            return Ok(());
        };
        let what = format!("{name} is a setting of local workspaces");
        Err(Error::new(ErrorCode::ConfigInvalid, what).at_field(*name))
    }
}

/// Opens a workspace by URL: a path, or `sqlite:` and a path; or the address of a record API, which
/// brings the key that the environment names and has no settings of its own.
///
/// # Errors
/// `config_invalid` for a URL of another kind, and for settings of a remote one; `store_io`, `store_corrupt`, `store_busy`.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("crm.db");
/// use headwater::{OpenOptions, open, create};
/// let options = OpenOptions { create: true, ..OpenOptions::default() };
/// let workspace = open(path.to_str().unwrap(), options)?;
/// let attributes = serde_json::json!({"first_name": "Sarah", "primary_email": "sarah.chen@acme.com"});
/// let sarah = create(&*workspace, "contact", attributes.as_object().cloned().unwrap())?;
/// assert_eq!(workspace.get("contact", sarah.id)?.value("display_name"), sarah.value("display_name"));
/// # Ok::<(), headwater::Error>(())
/// ```
pub fn open(url: &str, options: OpenOptions) -> Result<Box<dyn Workspace>> {
    if remote::is_remote(url) {
        options.check_remote()?;
        return open_remote(url, RemoteOptions::from_environment()?);
    }
    open_generating(url, options, Generation::default())
}

/// Opens a remote workspace by the address of its record API. Nothing is sent yet.
///
/// # Errors
/// `config_invalid` for what is no address, and for one that holds a secret.
///
/// ```
/// use headwater::open_remote;
/// use headwater::remote::{ApiKey, RemoteOptions};
/// let options = RemoteOptions { api_key: Some(ApiKey::new("hw_..")?), ..RemoteOptions::default() };
/// let workspace = open_remote("https://api.reevo.ai/api/v2", options)?;
/// assert!(workspace.schema().record_type("contact")?.is_remote());
/// # Ok::<(), headwater::Error>(())
/// ```
pub fn open_remote(url: &str, options: RemoteOptions) -> Result<Box<dyn Workspace>> {
    Ok(Box::new(RemoteWorkspace::open(url, options)?))
}

/// As [`open`], with times and ids that are made in this way.
///
/// With an id seed the organisation's id follows from it too, where there was never a record.
///
/// # Errors
/// As [`open`].
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// use headwater::{Generation, OpenOptions, create, open_generating};
/// let options = OpenOptions { create: true, ..OpenOptions::default() };
/// let generation = Generation { id_seed: Some(42), clock: Some(headwater::FixedClock::at("2026-01-01T00:00:00Z")?) };
/// let made = ["one.db", "two.db"].map(|name| {
///     let path = folder.path().join(name);
///     let workspace = open_generating(path.to_str().unwrap(), options, generation).unwrap();
///     let attributes = serde_json::json!({"first_name": "Sarah"});
///     create(&*workspace, "contact", attributes.as_object().cloned().unwrap()).unwrap().to_json()
/// });
/// assert_eq!(made[0], made[1]);
/// # Ok::<(), headwater::Error>(())
/// ```
pub fn open_generating(
    url: &str,
    options: OpenOptions,
    generation: Generation,
) -> Result<Box<dyn Workspace>> {
    let path = match url.split_once(':') {
        Some(("sqlite", path)) => path.strip_prefix("//").unwrap_or(path),
        Some((scheme, rest))
            if rest.starts_with("//") || matches!(scheme, "postgres" | "postgresql") =>
        {
            return Err(Error::new(
                ErrorCode::ConfigInvalid,
                format!("no workspace can be opened at {scheme}:.. by this version"),
            )
            .at_field("workspace")
            .hint("give the path of a file, for example crm.db"));
        }
        _ => url,
    };
    check_path(path)?;
    let schema = Schema::standard();
    let path = std::path::Path::new(path);
    let store = SqliteStore::open_generating(path, &schema, options.create, generation)?;
    Ok(Box::new(LocalWorkspace::open(
        store,
        schema,
        options.rejects_duplicates,
        options.keeps_history,
    )?))
}

/// What can be no path of a workspace.
///
/// # Errors
/// `config_invalid`.
pub(crate) fn check_path(path: &str) -> Result<()> {
    let (what, hint) = match path {
        "" => ("the workspace has no path", "give the path of a file, for example crm.db"),
        ":memory:" => (
            "a workspace is a file: each of its connections would have a memory of its own",
            "give the path of a file, or open a temporary workspace",
        ),
        _ if path.starts_with("file:") => (
            "the workspace is given as a URI of SQLite",
            "give the path of a file without file:, for example crm.db",
        ),
        _ if path.contains('\0') => {
            ("the path of the workspace holds a NUL", "give the path of a file, for example crm.db")
        }
        _ if path.starts_with("~/") => (
            "~ is the home folder to a shell only, which has not seen this path",
            "write the whole path, or ./~/ for a folder of that name",
        ),
        _ => return Ok(()),
    };
    Err(Error::new(ErrorCode::ConfigInvalid, what).at_field("workspace").hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_path_of_a_file_is_refused_before_anything_is_made() {
        for path in ["", ":memory:", "file:crm.db", "file:crm.db?mode=memory", "a\0b", "~/crm.db"] {
            let options = OpenOptions { create: true, ..OpenOptions::default() };
            let refused = open(path, options).map(drop).unwrap_err();
            assert_eq!(refused.code(), ErrorCode::ConfigInvalid, "{path:?}");
            assert_eq!(refused.field(), Some("workspace"), "{path:?}");
        }
    }
}
