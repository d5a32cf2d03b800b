//! The local workspace as a twin for tests.

use std::path::Path;

use crate::error::Result;
use crate::store::{Generation, Store};
use crate::twin::Twin;

use super::LocalWorkspace;

impl<S: Store> Twin for LocalWorkspace<S> {
    fn generation(&self) -> Generation {
        self.store.generator().generation()
    }

    fn set_generation(&self, generation: Generation) {
        self.store.generator().set(generation);
    }

    fn copy_to(&self, path: &Path) -> Result<()> {
        self.store.copy_to(path)
    }

    fn return_to(&self, path: &Path) -> Result<()> {
        self.store.return_to(path)?;
        let declarations = self.store.read()?.declarations()?;
        self.custom.renewed(declarations).map(drop)
    }
}
