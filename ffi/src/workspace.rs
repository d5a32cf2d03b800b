//! Workspaces: opened by path or URL, shared by threads, closed.

use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock};

use headwater::{
    ActingAs, Actor, Error, ErrorCode, FixedClock, Generation, OpenOptions, Result, Workspace,
};
use headwater_abi::headwater_str;
use serde_json::json;

use crate::document::headwater_document;
use crate::error::headwater_error;
use crate::guard::call;
use crate::handle::{Owned, borrow, free, invalid, out};
use crate::poison::{Poison, Watch};
use crate::structs::{self, Struct};
use crate::text::{ABSENT, text};

/// Makes the workspace if there is none.
pub const HEADWATER_OPEN_CREATE: u64 = 1;
/// Makes ids from `id_seed` instead of chance, so that they repeat from run to run: for tests.
pub const HEADWATER_OPEN_ID_SEED: u64 = 2;

/// Leaves a setting of the workspace as it is.
pub const HEADWATER_SETTING_KEEP: i32 = 0;
/// Switches a setting of the workspace on, for later openings too.
pub const HEADWATER_SETTING_ON: i32 = 1;
/// Switches a setting of the workspace off, for later openings too.
pub const HEADWATER_SETTING_OFF: i32 = 2;

/// How a workspace is opened. Borrowed for the call. Zero leaves everything as it is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct headwater_open_options {
    /// `sizeof(headwater_open_options)` as the caller knows it.
    pub struct_size: usize,
    /// `HEADWATER_OPEN_*`.
    pub flags: u64,
    /// Whether a second record with a match key that another one holds is refused: one of
    /// `HEADWATER_SETTING_*`; off from the beginning.
    pub rejects_duplicates: i32,
    /// Whether changes are logged: one of `HEADWATER_SETTING_*`; on from the beginning.
    pub keeps_history: i32,
    /// Under which name changes are logged, a short one, as it is kept with each; empty for
    /// `library`.
    pub actor: headwater_str,
    /// For tests: a time that stands still until a write moves it on by a second, for example
    /// `2026-01-01T00:00:00Z`; empty for the machine's clock.
    pub clock: headwater_str,
    /// For tests: what ids are made from, with `HEADWATER_OPEN_ID_SEED`.
    pub id_seed: u64,
}

// SAFETY: plain numbers and pointers, the size first.
unsafe impl Struct for headwater_open_options {
    const FIRST: usize = 64;
    const ZERO: Self = Self {
        struct_size: 0,
        flags: 0,
        rejects_duplicates: 0,
        keeps_history: 0,
        actor: ABSENT,
        clock: ABSENT,
        id_seed: 0,
    };
}

/// An open workspace. Any number of threads may use one at the same time.
pub struct headwater_workspace {
    pub(crate) shared: Arc<Shared>,
}

impl Owned for headwater_workspace {}

/// What a workspace and what was made from it hold together.
pub(crate) struct Shared {
    open: RwLock<Option<Arc<dyn Workspace>>>,
    poison: Poison,
}

impl Shared {
    /// The workspace for the length of a call, which closing it meanwhile does not end.
    pub(crate) fn enter(&self) -> Result<Entered<'_>> {
        let watch = self.poison.watch("workspace")?;
        let workspace = self.open.read().unwrap_or_else(PoisonError::into_inner).clone();
        let workspace = workspace
            .ok_or_else(|| invalid("workspace", "the workspace is closed").hint("open it again"))?;
        Ok(Entered { workspace, _watch: watch })
    }
}

/// A workspace in use.
pub(crate) struct Entered<'a> {
    workspace: Arc<dyn Workspace>,
    _watch: Watch<'a>,
}

impl Deref for Entered<'_> {
    type Target = dyn Workspace;

    fn deref(&self) -> &Self::Target {
        &*self.workspace
    }
}

/// The workspace of a call.
///
/// # Safety
/// `workspace` is NULL or a workspace that is not freed during the call.
pub(crate) unsafe fn enter<'a>(workspace: *const headwater_workspace) -> Result<Entered<'a>> {
    // SAFETY: as the caller promises.
    unsafe { borrow(workspace, "workspace") }?.shared.enter()
}

/// Opens a workspace.
///
/// `url` (the path of a file, or `sqlite:` and a path; or the address of a record API, whose key the
/// environment names), `options` (or NULL): Borrowed for the call.
/// `*out_workspace`: Owned by the caller; free with `headwater_workspace_free`.
/// Threads: any. Errors: `config_invalid`, `invalid_request`, `field_value_invalid` (of `clock`);
/// `store_io`, `store_corrupt`, `store_busy`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_workspace_open(
    url: headwater_str,
    options: *const headwater_open_options,
    out_workspace: *mut *mut headwater_workspace,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_workspace_open", out_error, || {
            let place = out(out_workspace, "out_workspace")?;
            let url = text(url, "url")?;
            let options = structs::read(options, "options")?.unwrap_or(Struct::ZERO);
            let actor = match text(options.actor, "actor")? {
                "" => Actor::default(),
                name => Actor::named(name),
            };
            let generation = generation(&options)?;
            let (options, is_usual) =
                (open_options(&options)?, generation == Generation::default());
            let workspace = match is_usual {
                true => headwater::open(url, options)?,
                false => headwater::open_generating(url, options, generation)?,
            };
            *place = opened(workspace, actor).give();
            Ok(())
        })
    }
}

/// What the caller gets for a workspace that was opened.
pub(crate) fn opened(workspace: Box<dyn Workspace>, actor: Actor) -> headwater_workspace {
    let workspace: Arc<dyn Workspace> = Arc::new(ActingAs::new(workspace, actor));
    let shared = Shared { open: RwLock::new(Some(workspace)), poison: Poison::default() };
    headwater_workspace { shared: Arc::new(shared) }
}

fn open_options(options: &headwater_open_options) -> Result<OpenOptions> {
    let known = HEADWATER_OPEN_CREATE | HEADWATER_OPEN_ID_SEED;
    if options.flags & !known != 0 {
        let what = format!("{:#x} has flags that this library does not know", options.flags);
        return Err(invalid("flags", what));
    }
    Ok(OpenOptions {
        create: options.flags & HEADWATER_OPEN_CREATE != 0,
        rejects_duplicates: setting(options.rejects_duplicates, "rejects_duplicates")?,
        keeps_history: setting(options.keeps_history, "keeps_history")?,
    })
}

/// # Safety
/// The texts of the options can be read.
unsafe fn generation(options: &headwater_open_options) -> Result<Generation> {
    // SAFETY: as the caller promises.
    let clock = match unsafe { text(options.clock, "clock") }? {
        "" => None,
        time => Some(FixedClock::at(time)?),
    };
    let has_seed = options.flags & HEADWATER_OPEN_ID_SEED != 0;
    Ok(Generation { clock, id_seed: has_seed.then_some(options.id_seed) })
}

fn setting(given: i32, name: &str) -> Result<Option<bool>> {
    match given {
        HEADWATER_SETTING_KEEP => Ok(None),
        HEADWATER_SETTING_ON => Ok(Some(true)),
        HEADWATER_SETTING_OFF => Ok(Some(false)),
        other => Err(invalid(name, format!("{other} is none of HEADWATER_SETTING_*"))),
    }
}

/// Closes a workspace: does what is left to do, and lets go of its files once the calls that are
/// running have ended. Later calls are refused. Closed again, it stays closed.
///
/// Nothing that a call has written depends on this: each commits before it returns.
///
/// `workspace`: Borrowed for the call.
/// Threads: any. Errors: `store_io`, `store_full`; the workspace is closed in any case. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_workspace_close(
    workspace: *const headwater_workspace,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_workspace_close", out_error, || {
            let shared = &borrow(workspace, "workspace")?.shared;
            let open = shared.open.write().unwrap_or_else(PoisonError::into_inner).take();
            // Not under the lock: the others may go on, and are refused.
            open.map_or(Ok(()), |workspace| workspace.settle())
        })
    }
}

/// Frees a workspace; NULL is none. One that is not closed is closed, without what
/// `headwater_workspace_close` does beforehand; nothing is lost by that.
///
/// `workspace`: not used again. Queries and syncs that were made from it may still be freed, and are
/// refused otherwise.
/// Threads: any, once no call on it is running. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_workspace_free(workspace: *mut headwater_workspace) {
    // SAFETY: callers keep the conventions of the header.
    unsafe { free("headwater_workspace_free", workspace) }
}

impl Drop for headwater_workspace {
    fn drop(&mut self) {
        drop(self.shared.open.write().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Puts the records of JSON Lines into a workspace, all or none, those that the API only reads among
/// them: each line an object with `record_type`, `attributes` and, if wanted, `relationships`.
///
/// `workspace`, `lines`: Borrowed for the call. `*out_outcomes`: Owned by the caller; free with
/// `headwater_document_free`. It is `{"records": [{"action", "id"}]}`.
/// Threads: any. Errors: at the line (`record`) `invalid_request` and what is wrong with a record;
/// `store_busy`, `store_full`, `store_io`. Since 0.1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn headwater_workspace_seed(
    workspace: *const headwater_workspace,
    lines: headwater_str,
    out_outcomes: *mut *mut headwater_document,
    out_error: *mut *mut headwater_error,
) -> i32 {
    // SAFETY: callers keep the conventions of the header.
    unsafe {
        call("headwater_workspace_seed", out_error, || {
            let place = out(out_outcomes, "out_outcomes")?;
            let workspace = enter(workspace)?;
            let seeded = headwater::seed(&*workspace, text(lines, "lines")?.as_bytes())?;
            let records = seeded
                .iter()
                .map(|outcome| json!({ "action": outcome.action.name(), "id": outcome.id }));
            let records: Vec<_> = records.collect();
            *place = headwater_document::json(&json!({ "records": records })).give();
            Ok(())
        })
    }
}

pub(crate) fn lost(what: &str) -> Error {
    Error::new(ErrorCode::Internal, format!("a call came back without its {what}"))
}
