//! API keys in SQLite.

use rusqlite::{OptionalExtension, Row, params};

use crate::access::{ApiKey, KeyHash, Scope};
use crate::error::Result;
use crate::store::api_keys::{KeyReader, KeyWriter, StoredKey};
use crate::value::Timestamp;

use super::columns::{parse, read_timestamp};
use super::errors::{corrupt, store_error};
use super::transaction::Transaction;

const READING: &str = "read the API keys";
const WRITING: &str = "write the API keys";

impl KeyReader for Transaction<'_> {
    fn api_keys(&mut self) -> Result<Vec<ApiKey>> {
        let failed = store_error(READING);
        let mut statement = self.prepare(
            "SELECT id, hash, name, scopes, created_at, expired_at FROM headwater_api_key \
             ORDER BY created_at, id",
        )?;
        let mut found = statement.query([]).map_err(&failed)?;
        let mut keys = Vec::new();
        while let Some(sql) = found.next().map_err(&failed)? {
            keys.push(read_key(sql)?.key);
        }
        Ok(keys)
    }

    fn api_key(&mut self, id: &str) -> Result<Option<StoredKey>> {
        self.prepare(
            "SELECT id, hash, name, scopes, created_at, expired_at FROM headwater_api_key \
             WHERE id = ?1",
        )?
        .query_row([id], |sql| Ok(read_key(sql)))
        .optional()
        .map_err(store_error(READING))?
        .transpose()
    }
}

fn read_key(sql: &Row<'_>) -> Result<StoredKey> {
    let failed = store_error(READING);
    let hash: Vec<u8> = sql.get(1).map_err(&failed)?;
    let hash = hash.try_into().map_err(|_| corrupt("a key's hash of another length"))?;
    let scopes: String = sql.get(3).map_err(&failed)?;
    let scopes = scopes
        .split_ascii_whitespace()
        .map(|text| text.parse::<Scope>().map_err(|_| corrupt(format_args!("the scope {text:?}"))))
        .collect::<Result<_>>()?;
    let expired_at = sql.get_ref(5).map_err(&failed)?;
    Ok(StoredKey {
        key: ApiKey {
            id: parse(sql.get_ref(0).map_err(&failed)?, "an id")?,
            name: sql.get(2).map_err(&failed)?,
            scopes,
            created_at: read_timestamp(sql.get_ref(4).map_err(&failed)?)?,
            expired_at: match expired_at {
                rusqlite::types::ValueRef::Null => None,
                expired_at => Some(read_timestamp(expired_at)?),
            },
        },
        hash: KeyHash(hash),
    })
}

impl KeyWriter for Transaction<'_> {
    fn add_api_key(&mut self, stored: &StoredKey) -> Result<()> {
        let key = &stored.key;
        let scopes: Vec<String> = key.scopes.iter().map(ToString::to_string).collect();
        self.prepare(
            "INSERT INTO headwater_api_key (id, hash, name, scopes, created_at, expired_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            key.id,
            stored.hash.0.as_slice(),
            key.name,
            scopes.join(" "),
            key.created_at.to_string(),
            key.expired_at.map(|at| at.to_string()),
        ])
        .map_err(store_error(WRITING))?;
        Ok(())
    }

    fn expire_api_key(&mut self, id: &str, at: Timestamp) -> Result<()> {
        self.prepare(
            "UPDATE headwater_api_key SET expired_at = ?2 WHERE id = ?1 AND expired_at IS NULL",
        )?
        .execute(params![id, at.to_string()])
        .map_err(store_error(WRITING))?;
        Ok(())
    }
}
