//! Opens a library and checks everything that can be checked before the first call into it.

use std::error::Error as _;
use std::path::Path;

use headwater::{Error, ErrorCode, Result};
use headwater_abi::headwater_connector_v1_fn;

use crate::layout::check_layout;
use crate::table::{Functions, incompatible};
use crate::whole::missing;

#[cfg(unix)]
pub(crate) use libloading::os::unix::Library;
#[cfg(windows)]
pub(crate) use libloading::os::windows::Library;

/// Loads the library at `path`, which is absolute. It is never unloaded.
///
/// # Errors
/// `connector_not_found` if there is no such file; `connector_incompatible` if it cannot be used.
pub(crate) fn load(path: &Path) -> Result<Functions> {
    let on_path = |error: Error| error.on_record(path.display().to_string());
    is_file(path).and_then(|()| is_whole(path)).map_err(on_path)?;
    let library = open(path).map_err(on_path)?;
    // Never unloaded, also when it is refused: its threads and its thread-local destructors
    // would run into unmapped code.
    let library = std::mem::ManuallyDrop::new(library);
    check(&library).map_err(on_path)
}

fn is_file(path: &Path) -> Result<()> {
    let fault = match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => "a directory was found, a library was expected",
        Ok(_) => return Ok(()),
        Err(error) => {
            return Err(Error::new(ErrorCode::ConnectorNotFound, "there is no such file")
                .hint("check the path of the connector library")
                .because(error));
        }
    };
    Err(Error::new(ErrorCode::ConnectorNotFound, fault).hint("name the library inside it"))
}

fn is_whole(path: &Path) -> Result<()> {
    // What cannot be read here cannot be loaded either, and the loader says why.
    match missing(path) {
        Ok(Some(how)) => Err(incompatible(format!("the file of the library was cut off: {how}"))
            .hint("copy or build the library again")),
        Ok(None) | Err(_) => Ok(()),
    }
}

fn open(path: &Path) -> Result<Library> {
    #[cfg(unix)]
    let opened = {
        use libloading::os::unix::{RTLD_LOCAL, RTLD_NOW};
        // RTLD_NOW: a library with an unresolved symbol is refused here, not at its first use.
        // SAFETY: loading runs the library's initialisers; the user chose the library, and
        // that it is honest code is what the contract asks of it.
        unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }
    };
    #[cfg(windows)]
    // SAFETY: as above.
    let opened = unsafe { Library::new(path) };
    opened.map_err(|error| {
        // libloading's own text is "dlopen failed"; what happened stands in its sources.
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(source) = cause {
            text = format!("{text}: {source}");
            cause = source.source();
        }
        incompatible(format!("the file cannot be loaded as a library: {text}"))
            .hint("check that it is a shared library for this machine and that the libraries it needs are installed")
            .because(error)
    })
}

fn check(library: &Library) -> Result<Functions> {
    // SAFETY: the type is the one that the header fixes for this name.
    let entry = unsafe { library.get::<headwater_connector_v1_fn>(b"headwater_connector_v1\0") };
    let Ok(entry) = entry else { return Err(no_entry(library)) };
    check_layout(library)?;
    // SAFETY: the contract of the symbol: no arguments, callable at any time.
    let table = unsafe { entry() };
    // SAFETY: it comes from `headwater_connector_v1`.
    unsafe { Functions::from_table(table) }
}

fn no_entry(library: &Library) -> Error {
    let other = (2..10).find(|version| {
        let symbol = format!("headwater_connector_v{version}\0");
        // SAFETY: the symbol is looked up, not used.
        unsafe { library.get::<*const ()>(symbol.as_bytes()) }.is_ok()
    });
    match other {
        Some(version) => incompatible(format!(
            "the connector speaks connector ABI {version}, this host speaks 1"
        ))
        .hint("update Headwater, or use a connector built for this version"),
        None => incompatible("the library does not export `headwater_connector_v1`").hint(
            "check that it is a Headwater connector, and that it exports the symbol (default \
             visibility, `extern \"C\"`)",
        ),
    }
}
