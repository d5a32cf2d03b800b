//! Who makes changes, as the change log names it.

use std::sync::Arc;

use uuid::Uuid;

/// The name under which changes are logged.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor(Arc<str>);

impl Actor {
    /// An actor of this name.
    ///
    /// ```
    /// assert_eq!(headwater::Actor::named("import script").name(), "import script");
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self(name.into())
    }

    /// A run of a sync.
    #[must_use]
    pub fn run(id: Uuid) -> Self {
        Self::named(&format!("run {id}"))
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// A program that calls the library and says no more of itself.
impl Default for Actor {
    fn default() -> Self {
        Self::named("library")
    }
}
