//! What makes a workspace a twin for tests: copies to return to, and times and ids that repeat.

use std::path::Path;

use crate::error::Result;
use crate::store::Generation;

/// Copies of a workspace, and where its times and ids come from. Safe to share between threads.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("crm.db");
/// # let empty = folder.path().join("empty.db");
/// use headwater::{OpenOptions, open, create};
/// let options = OpenOptions { create: true, ..OpenOptions::default() };
/// let workspace = open(path.to_str().unwrap(), options)?;
/// let twin = workspace.twin()?;
/// twin.copy_to(&empty)?;
/// let attributes = serde_json::json!({"first_name": "Sarah"});
/// let sarah = create(&*workspace, "contact", attributes.as_object().cloned().unwrap())?;
/// twin.return_to(&empty)?;
/// assert!(workspace.get("contact", sarah.id).is_err());
/// # Ok::<(), headwater::Error>(())
/// ```
pub trait Twin: Send + Sync {
    /// How times and ids are made now.
    fn generation(&self) -> Generation;

    /// Makes the times and ids of what is written from now on in another way. `updated_at` still
    /// never goes back: a clock that stands before it is overruled.
    fn set_generation(&self, generation: Generation);

    /// Writes a copy of the present state to a file that is not there yet.
    ///
    /// # Errors
    /// `store_io`, `store_full`, `store_busy`.
    fn copy_to(&self, path: &Path) -> Result<()>;

    /// Becomes what a copy of it holds, in one transaction: whoever reads sees one of the two
    /// states, also after a sudden end. API keys stay as they are.
    ///
    /// # Errors
    /// `store_io`, `store_full`, `store_busy`; then nothing has changed.
    fn return_to(&self, path: &Path) -> Result<()>;
}
