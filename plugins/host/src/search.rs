//! Where connectors are looked for: an explicit path, the environment, the user, the installation.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use headwater::schema::nearest;
use headwater::source::Connector;
use headwater::{Error, ErrorCode, Result};

use crate::load::LoadedConnector;

const PREFIX: &str = "libheadwater_connector_";
#[cfg(target_os = "macos")]
const SUFFIX: &str = ".dylib";
#[cfg(not(target_os = "macos"))]
const SUFFIX: &str = ".so";
const PATH_VARIABLE: &str = "HEADWATER_CONNECTOR_PATH";

/// Libraries are never unloaded, so one that was loaded is there for every later search.
static LOADED: LazyLock<Mutex<HashMap<PathBuf, Arc<LoadedConnector>>>> =
    LazyLock::new(Mutex::default);

/// The folders that connectors are looked for in.
#[derive(Debug, Clone)]
pub struct Connectors {
    folders: Vec<PathBuf>,
}

/// A library that was found in one of the folders.
#[derive(Debug)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// The connector, or why it cannot be used.
    pub loaded: Result<Arc<LoadedConnector>>,
}

impl Connectors {
    /// The folders of `HEADWATER_CONNECTOR_PATH` (colon-separated), then the user's
    /// (`~/.local/share/headwater/connectors`), then those of the installation.
    #[must_use]
    pub fn from_environment() -> Self {
        let mut folders: Vec<PathBuf> = std::env::var_os(PATH_VARIABLE)
            .map(|paths| {
                std::env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()).collect()
            })
            .unwrap_or_default();
        let data = std::env::var_os("XDG_DATA_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".local/share")));
        folders.extend(data.map(|data| data.join("headwater/connectors")));
        if let Some(folder) = std::env::current_exe().ok().as_deref().and_then(Path::parent) {
            folders.push(folder.join("../lib/headwater/connectors"));
            folders.push(folder.to_owned());
        }
        Self { folders }
    }

    /// Only these folders.
    #[must_use]
    pub fn in_folders(folders: Vec<PathBuf>) -> Self {
        Self { folders }
    }

    /// The connector with this name, or the library at this path (anything with a `/`).
    ///
    /// # Errors
    /// `connector_not_found`, saying every place that was looked at; what
    /// [`LoadedConnector::load`] says.
    pub fn find(&self, name: &str) -> Result<Arc<LoadedConnector>> {
        if name.contains('/') || name.ends_with(SUFFIX) {
            return load_once(Path::new(name));
        }
        let file = format!("{PREFIX}{name}{SUFFIX}");
        if let Some(path) =
            self.folders.iter().map(|folder| folder.join(&file)).find(|path| path.exists())
        {
            return load_once(&path);
        }
        let places: Vec<String> =
            self.folders.iter().map(|folder| folder.display().to_string()).collect();
        let error = Error::new(
            ErrorCode::ConnectorNotFound,
            format!("no connector {name:?}: looked for {file} in {}", places.join(", ")),
        );
        let names = self.names();
        Err(match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean {near:?}?")),
            None => error.hint(format!(
                "give the path of the library, or add its folder to {PATH_VARIABLE}; found: {}",
                names.join(", ")
            )),
        })
    }

    /// Every connector library in the folders, by name; of two with one name the first counts.
    #[must_use]
    pub fn list(&self) -> Vec<Found> {
        self.libraries()
            .into_iter()
            .map(|(_, path)| Found { loaded: load_once(&path), path })
            .collect()
    }

    fn names(&self) -> Vec<String> {
        self.libraries().into_iter().map(|(name, _)| name).collect()
    }

    fn libraries(&self) -> Vec<(String, PathBuf)> {
        let mut libraries: Vec<(String, PathBuf)> = Vec::new();
        for folder in &self.folders {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            for path in entries.map(|entry| entry.path()) {
                let file = path.file_name().and_then(|file| file.to_str()).unwrap_or_default();
                let name = file.strip_prefix(PREFIX).and_then(|file| file.strip_suffix(SUFFIX));
                if let Some(name) = name
                    && !libraries.iter().any(|(known, _)| known == name)
                {
                    libraries.push((name.to_owned(), path.clone()));
                }
            }
        }
        libraries.sort();
        libraries
    }
}

fn load_once(path: &Path) -> Result<Arc<LoadedConnector>> {
    let key = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(connector) = loaded.get(&key) {
        return Ok(Arc::clone(connector));
    }
    let connector = Arc::new(LoadedConnector::load(path)?);
    let expected = format!("{PREFIX}{}{SUFFIX}", connector.description().name);
    let file = key.file_name().and_then(|file| file.to_str()).unwrap_or_default();
    if file.starts_with(PREFIX) && file != expected {
        return Err(Error::new(
            ErrorCode::ConnectorMisbehaved,
            format!(
                "{file} calls itself {:?}, so it should be named {expected}",
                connector.description().name
            ),
        )
        .hint("rename the library"));
    }
    loaded.insert(key, Arc::clone(&connector));
    Ok(connector)
}
