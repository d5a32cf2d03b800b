//! Checks a connector's table before the first call into it.

use std::ffi::c_void;

use headwater::{Error, ErrorCode, Result};
use headwater_abi::{
    HEADWATER_CONNECTOR_ABI_MAJOR as MAJOR, HEADWATER_CONNECTOR_ABI_MINOR as MINOR,
    headwater_batch, headwater_call, headwater_connector, headwater_description,
    headwater_discovery, headwater_request, headwater_str,
};

/// The functions of a connector, each one present.
#[derive(Clone, Copy)]
pub(crate) struct Functions {
    pub(crate) describe:
        unsafe extern "C" fn(*const headwater_call, *mut headwater_description) -> i32,
    pub(crate) open:
        unsafe extern "C" fn(*const headwater_call, headwater_str, *mut *mut c_void) -> i32,
    pub(crate) check:
        unsafe extern "C" fn(*const headwater_call, *mut c_void, *mut headwater_discovery) -> i32,
    pub(crate) read: unsafe extern "C" fn(
        *const headwater_call,
        *mut c_void,
        *const headwater_request,
        *mut *mut c_void,
    ) -> i32,
    pub(crate) next:
        unsafe extern "C" fn(*const headwater_call, *mut c_void, *mut headwater_batch) -> i32,
    pub(crate) close_stream: unsafe extern "C" fn(*mut c_void),
    pub(crate) close: unsafe extern "C" fn(*mut c_void),
}

/// The library does not fit this host: `message` says how.
pub(crate) fn incompatible(message: impl Into<String>) -> Error {
    Error::new(ErrorCode::ConnectorIncompatible, message)
}

impl Functions {
    /// Checks the size, the version and the slots of the table at `table`.
    ///
    /// # Safety
    /// `table` is NULL, or what a function `headwater_connector_v1` returned: at least a size,
    /// and as many readable bytes as it says.
    pub(crate) unsafe fn from_table(table: *const headwater_connector) -> Result<Self> {
        if table.is_null() || !table.is_aligned() {
            return Err(incompatible("`headwater_connector_v1` returned no table").hint(
                "for the connector's authors: return the address of a static headwater_connector",
            ));
        }
        // SAFETY: not NULL, aligned, and the table starts with its size.
        let size = unsafe { (&raw const (*table).struct_size).read() };
        let needed = size_of::<headwater_connector>();
        if size < needed {
            return Err(incompatible(format!(
                "the connector's table has {size} bytes, connector ABI {MAJOR}.{MINOR} needs {needed}"
            ))
            .hint("rebuild the connector against this version's header, and set struct_size to sizeof(headwater_connector)"));
        }
        // SAFETY: the size covers every field.
        let table = unsafe { &*table };
        let (major, minor) = (table.abi_major, table.abi_minor);
        if major != MAJOR || minor > MINOR {
            return Err(incompatible(format!(
                "the connector speaks connector ABI {major}.{minor}, this host speaks {MAJOR}.{MINOR}"
            ))
            .hint(if major == MAJOR {
                "update Headwater, or use a connector built for this version"
            } else {
                "rebuild the connector against this version's header"
            }));
        }
        Ok(Self {
            describe: present("describe", table.describe)?,
            open: present("open", table.open)?,
            check: present("check", table.check)?,
            read: present("read", table.read)?,
            next: present("next", table.next)?,
            close_stream: present("close_stream", table.close_stream)?,
            close: present("close", table.close)?,
        })
    }
}

fn present<T>(name: &str, slot: Option<T>) -> Result<T> {
    slot.ok_or_else(|| {
        incompatible(format!("the function `{name}` of the connector's table is NULL"))
            .hint("for the connector's authors: fill every slot of the table")
    })
}
