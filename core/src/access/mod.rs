//! API keys: who may do what with the records of a workspace.
//!
//! A key is shown once, when it is made. The workspace keeps its hash, and knows it again by the
//! part that is no secret, its id.

mod scope;
mod secret;

pub use scope::{Level, Permission, Scope};
pub use secret::{KeyHash, Secret};

use crate::error::Result;
use crate::value::Timestamp;

/// What a workspace tells of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The part of the key that is no secret.
    pub id: String,
    /// What people call it; no two keys that are active share a name.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ceased to be accepted.
    pub expired_at: Option<Timestamp>,
}

impl ApiKey {
    /// `active` or `expired`.
    #[must_use]
    pub fn status(&self) -> &'static str {
        if self.expired_at.is_some() { "expired" } else { "active" }
    }

    /// Whether its scopes hold `*`.
    #[must_use]
    pub fn may_everything(&self) -> bool {
        self.scopes.contains(&Scope::All)
    }

    /// Whether one of its scopes gives a permission.
    #[must_use]
    pub fn may(&self, permission: &Permission) -> bool {
        self.scopes.iter().any(|scope| scope.gives(permission))
    }
}

/// The keys of a workspace. Safe to share between threads.
pub trait ApiKeys: Send + Sync {
    /// Makes a key; the secret is not kept and cannot be had again.
    ///
    /// # Errors
    /// `invalid_request` for a name or scopes that cannot be, `unknown_record_type`,
    /// `unique_conflict` where an active key has the name; `store_busy`, `store_io`.
    fn create_key(&self, name: &str, scopes: Vec<Scope>) -> Result<(ApiKey, Secret)>;

    /// Every key, expired ones too, oldest first.
    ///
    /// # Errors
    /// `store_busy`, `store_io`, `store_corrupt`.
    fn list_keys(&self) -> Result<Vec<ApiKey>>;

    /// Ends a key, by its id or its name, at once and for good. One that has ended stays as it is.
    ///
    /// # Errors
    /// `record_not_found` if there is no such key; `store_busy`, `store_io`.
    fn expire_key(&self, id_or_name: &str) -> Result<ApiKey>;

    /// The key that a text is.
    ///
    /// # Errors
    /// `unauthorized` if it is none of this workspace, or has expired; `store_busy`, `store_io`.
    fn authenticate(&self, given: &str) -> Result<ApiKey>;
}
