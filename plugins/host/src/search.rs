//! Where connectors are looked for, and what is found there.

use std::ffi::OsString;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use headwater::{Error, ErrorCode, Result};

use crate::LoadedConnector;
use crate::watchdog::DEFAULT_PATIENCE;

/// The folders that are searched for connectors, in order.
///
/// A connector `csv` is the file `libheadwater_connector_csv.so` (on macOS `.dylib`, on Windows
/// `headwater_connector_csv.dll`). The first folder that has the file wins.
#[derive(Debug, Clone)]
pub struct Connectors {
    places: Vec<Place>,
    patience: Duration,
}

#[derive(Debug, Clone)]
struct Place {
    folder: PathBuf,
    /// Why it is searched, for the trace of a failed search.
    origin: &'static str,
}

/// A library that lies in one of the folders.
#[derive(Debug)]
pub struct Listed {
    /// The name that [`Connectors::find`] takes.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// The loaded connector, or why it cannot be used.
    pub connector: Result<Arc<LoadedConnector>>,
}

impl Connectors {
    /// The folders of this process: `HEADWATER_CONNECTOR_PATH`, the user's, the installation's.
    #[must_use]
    pub fn standard() -> Self {
        let program = std::env::current_exe().ok();
        Self::from_environment(|name| std::env::var_os(name), program.as_deref())
    }

    /// As [`Connectors::standard`], for a program that is not Headwater's own: what is installed
    /// lies in this folder, not beside the program.
    #[must_use]
    pub fn installed_in(folder: &Path) -> Self {
        let mut found = Self::from_environment(|name| std::env::var_os(name), None);
        found.add(folder.to_owned(), "the installation");
        found
    }

    /// The same places after these folders.
    #[must_use]
    pub fn behind(self, folders: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        let mut found = Self { places: Vec::new(), patience: self.patience };
        folders.into_iter().for_each(|folder| found.add(folder.into(), "given"));
        self.places.into_iter().for_each(|place| found.add(place.folder, place.origin));
        found
    }

    /// Only these folders.
    pub fn in_folders(folders: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        let place = |folder| Place { folder, origin: "given" };
        let places = folders.into_iter().map(Into::into).map(place).collect();
        Self { places, patience: DEFAULT_PATIENCE }
    }

    fn from_environment(
        variable: impl Fn(&str) -> Option<OsString>,
        program: Option<&Path>,
    ) -> Self {
        let variable = |name| variable(name).filter(|value| !value.is_empty());
        let mut found = Self { places: Vec::new(), patience: DEFAULT_PATIENCE };
        if let Some(folders) = variable("HEADWATER_CONNECTOR_PATH") {
            for folder in std::env::split_paths(&folders) {
                found.add(folder, "HEADWATER_CONNECTOR_PATH");
            }
        }
        let data = variable("XDG_DATA_HOME").map(PathBuf::from);
        let data = data.filter(|folder| folder.is_absolute()).or_else(|| {
            variable("HOME").map(|home| PathBuf::from(home).join(".local").join("share"))
        });
        if let Some(data) = data {
            found.add(data.join("headwater").join("connectors"), "the user's folder");
        }
        if let Some(folder) = program.and_then(Path::parent) {
            if let Some(prefix) = folder.parent() {
                let installed = prefix.join("lib").join("headwater").join("connectors");
                found.add(installed, "the installation");
            }
            found.add(folder.join("connectors"), "the installation");
            // A checkout: cargo puts the program and the libraries side by side.
            found.add(folder.to_owned(), "beside the program");
        }
        found
    }

    fn add(&mut self, folder: PathBuf, origin: &'static str) {
        let is_new = self.places.iter().all(|place| place.folder != folder);
        if is_new && !folder.as_os_str().is_empty() {
            self.places.push(Place { folder, origin });
        }
    }

    /// Gives every connector that is found this limit; see [`LoadedConnector::with_patience`].
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The folders, in the order of the search.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.places.iter().map(|place| place.folder.as_path())
    }

    /// Every connector in the folders, each name once, sorted by name. Loads each of them.
    #[must_use]
    pub fn list(&self) -> Vec<Listed> {
        let mut files = self.files();
        files.sort_by(|(a, _), (b, _)| a.cmp(b));
        files
            .into_iter()
            .map(|(name, path)| Listed { connector: self.load(&path), name, path })
            .collect()
    }

    /// Loads a connector by its name, or by the path of its library.
    ///
    /// A text with a path separator or with the ending of a library is a path.
    ///
    /// # Errors
    /// `connector_not_found`, naming every place that was looked at; else as
    /// [`LoadedConnector::load`].
    pub fn find(&self, name_or_path: &str) -> Result<Arc<LoadedConnector>> {
        let is_path = name_or_path.contains(['/', MAIN_SEPARATOR])
            || (name_or_path.ends_with(std::env::consts::DLL_SUFFIX) && name_or_path.len() > 3);
        if is_path {
            return self.load(Path::new(name_or_path));
        }
        let file = file_name(name_or_path);
        let here = self.places.iter().map(|place| place.folder.join(&file));
        match here.into_iter().find(|path| path.exists()) {
            Some(path) if !name_or_path.is_empty() => self.load(&path),
            _ => Err(self.not_found(name_or_path, &file)),
        }
    }

    fn load(&self, path: &Path) -> Result<Arc<LoadedConnector>> {
        LoadedConnector::load_with_patience(path, self.patience).map(Arc::new)
    }

    /// The connectors' names and paths; of two with one name the first.
    fn files(&self) -> Vec<(String, PathBuf)> {
        let mut found: Vec<(String, PathBuf)> = Vec::new();
        for place in &self.places {
            for (name, path) in connectors_in(&place.folder) {
                if found.iter().all(|(other, _)| *other != name) {
                    found.push((name, path));
                }
            }
        }
        found
    }

    fn not_found(&self, name: &str, file: &str) -> Error {
        let mut looked = Vec::new();
        for Place { folder, origin } in &self.places {
            let there = match folder.is_dir() {
                false => "no such folder".to_owned(),
                true => match connectors_in(folder).len() {
                    0 => "no connectors".to_owned(),
                    1 => "1 other connector".to_owned(),
                    more => format!("{more} other connectors"),
                },
            };
            looked.push(format!("{} ({origin}: {there})", folder.display()));
        }
        let looked = match looked.is_empty() {
            true => "nowhere, as there is no folder to search".to_owned(),
            false => looked.join(", "),
        };
        let message = format!("there is no connector `{name}` ({file}); looked in {looked}");
        let error = Error::new(ErrorCode::ConnectorNotFound, message);
        if name.starts_with("python:") {
            return error.hint("connectors in Python need the Python package and its own command");
        }
        let known: Vec<String> = self.files().into_iter().map(|(name, _)| name).collect();
        match near(name, &known) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        }
    }
}

/// The file that holds the connector `name`.
fn file_name(name: &str) -> String {
    use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
    format!("{DLL_PREFIX}headwater_connector_{name}{DLL_SUFFIX}")
}

fn connectors_in(folder: &Path) -> Vec<(String, PathBuf)> {
    let file = file_name("/");
    let Some((start, end)) = file.split_once('/') else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?.strip_prefix(start)?.strip_suffix(end)?;
            (!name.is_empty() && path.is_file()).then(|| (name.to_owned(), path.clone()))
        })
        .collect()
}

/// The known name that was most likely meant.
fn near<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let name = name.to_lowercase().replace('-', "_");
    known
        .iter()
        .map(|other| (strsim::damerau_levenshtein(&name, other), other))
        .filter(|(distance, other)| *distance <= 1.max(other.len() / 3))
        .min()
        .map(|(_, other)| other.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(set: &[(&str, &str)], program: Option<&str>) -> Vec<String> {
        let set: Vec<(String, String)> =
            set.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let variable =
            |name: &str| set.iter().find(|(key, _)| key == name).map(|(_, value)| value.into());
        Connectors::from_environment(variable, program.map(Path::new))
            .folders()
            .map(|folder| folder.display().to_string())
            .collect()
    }

    #[test]
    fn the_folders_come_in_their_order() {
        let set =
            [("HEADWATER_CONNECTOR_PATH", "/a::/b:/a"), ("XDG_DATA_HOME", "/x"), ("HOME", "/h")];
        assert_eq!(
            environment(&set, Some("/usr/bin/headwater")),
            [
                "/a",
                "/b",
                "/x/headwater/connectors",
                "/usr/lib/headwater/connectors",
                "/usr/bin/connectors",
                "/usr/bin"
            ]
        );
        assert_eq!(
            environment(&[("XDG_DATA_HOME", "not/absolute"), ("HOME", "/h")], None),
            ["/h/.local/share/headwater/connectors"]
        );
        assert!(environment(&[], None).is_empty());
        let given = Connectors::in_folders(["/b", "/c"]).behind(["/a", "/c"]);
        let folders: Vec<&Path> = given.folders().collect();
        assert_eq!(folders, [Path::new("/a"), Path::new("/c"), Path::new("/b")]);
        let installed = Connectors::installed_in(Path::new("/package/connectors"));
        assert_eq!(installed.folders().last(), Some(Path::new("/package/connectors")));
    }

    #[test]
    fn a_failed_search_says_where_it_looked_and_what_is_near() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(file_name("json")), "").unwrap();
        std::fs::create_dir(folder.path().join(file_name("folder"))).unwrap();
        let connectors = Connectors::in_folders([folder.path(), Path::new("/nowhere/at/all")]);
        let error = connectors.find("jsno").unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConnectorNotFound);
        assert!(error.message().contains("(given: 1 other connector)"), "{error}");
        assert!(error.message().contains("/nowhere/at/all (given: no such folder)"), "{error}");
        assert_eq!(error.remedy(), "did you mean `json`?");
        assert_eq!(connectors.find("").unwrap_err().code(), ErrorCode::ConnectorNotFound);
    }

    #[test]
    fn a_broken_library_does_not_break_the_list() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(file_name("broken")), "not a library").unwrap();
        let list = Connectors::in_folders([folder.path()]).list();
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].name, "broken");
        let error = list[0].connector.as_ref().unwrap_err();
        assert_eq!(error.code(), ErrorCode::ConnectorIncompatible);
    }
}
