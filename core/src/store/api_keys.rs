//! How a store keeps API keys: with the records, as hashes.

use crate::access::{ApiKey, KeyHash};
use crate::error::Result;
use crate::value::Timestamp;

/// A key as a store holds it.
#[derive(Debug, Clone)]
pub struct StoredKey {
    /// What may be told of it.
    pub key: ApiKey,
    /// What it is known by.
    pub hash: KeyHash,
}

/// Reads API keys.
pub trait KeyReader {
    /// Every key, oldest first.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn api_keys(&mut self) -> Result<Vec<ApiKey>>;

    /// The key with this id.
    ///
    /// # Errors
    /// `store_io`, `store_corrupt`.
    fn api_key(&mut self, id: &str) -> Result<Option<StoredKey>>;
}

/// Writes API keys.
pub trait KeyWriter {
    /// Adds a key, whose id is new and whose name no active key has.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn add_api_key(&mut self, key: &StoredKey) -> Result<()>;

    /// Notes that an active key has ended.
    ///
    /// # Errors
    /// `store_io`, `store_full`.
    fn expire_api_key(&mut self, id: &str, at: Timestamp) -> Result<()>;
}
