//! API keys of a local workspace: what makes one, ends one, and lets one in.

use crate::access::{ApiKey, ApiKeys, Scope, Secret};
use crate::error::{Error, ErrorCode, Result};
use crate::store::Store;
use crate::store::api_keys::StoredKey;
use crate::value::Timestamp;

use super::LocalWorkspace;

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;

impl<S: Store> ApiKeys for LocalWorkspace<S> {
    fn create_key(&self, name: &str, scopes: Vec<Scope>) -> Result<(ApiKey, Secret)> {
        check_name(name)?;
        if scopes.is_empty() {
            return Err(Error::new(ErrorCode::InvalidRequest, "a key needs a scope")
                .at_field("scope")
                .hint("give * for everything, or for example contact:read"));
        }
        scopes.iter().try_for_each(|scope| scope.check(&self.custom.schema()))?;
        let secret = Secret::random()?;
        let key = ApiKey {
            id: secret.id().to_owned(),
            name: name.to_owned(),
            scopes,
            created_at: Timestamp::now(),
            expired_at: None,
        };
        let stored = StoredKey { key, hash: secret.hash() };
        let mut transaction = self.store.write()?;
        let taken = transaction
            .api_keys()?
            .into_iter()
            .find(|other| other.name == name && other.expired_at.is_none());
        if let Some(other) = taken {
            return Err(Error::new(
                ErrorCode::UniqueConflict,
                format!("the active key {} is named {name:?} already", other.id),
            )
            .at_field("name")
            .on_record(other.id)
            .hint("choose another name, or expire that key"));
        }
        transaction.add_api_key(&stored)?;
        transaction.commit()?;
        Ok((stored.key, secret))
    }

    fn list_keys(&self) -> Result<Vec<ApiKey>> {
        self.store.read()?.api_keys()
    }

    fn expire_key(&self, id_or_name: &str) -> Result<ApiKey> {
        let mut transaction = self.store.write()?;
        let keys = transaction.api_keys()?;
        // Of the keys with one name at most one is active, and that one is meant.
        let mut key = keys
            .iter()
            .find(|key| key.id == id_or_name)
            .or_else(|| keys.iter().find(|key| key.name == id_or_name && key.expired_at.is_none()))
            .or_else(|| keys.iter().rfind(|key| key.name == id_or_name))
            .cloned()
            .ok_or_else(|| {
                Error::new(ErrorCode::RecordNotFound, format!("there is no key {id_or_name:?}"))
                    .on_record(id_or_name)
                    .hint("list the keys with `headwater keys list`")
            })?;
        if key.expired_at.is_none() {
            let now = Timestamp::now();
            transaction.expire_api_key(&key.id, now)?;
            transaction.commit()?;
            key.expired_at = Some(now);
        }
        Ok(key)
    }

    fn authenticate(&self, given: &str) -> Result<ApiKey> {
        // The same words for every wrong key: none tells which part of it is right.
        let refused = || {
            Error::new(ErrorCode::Unauthorized, "the API key is not one of this workspace")
                .hint("make one with `headwater keys create`")
        };
        let secret = Secret::parse(given).ok_or_else(refused)?;
        let stored = self.store.read()?.api_key(secret.id())?.ok_or_else(refused)?;
        if !stored.hash.is_of(&secret) {
            return Err(refused());
        }
        match stored.key.expired_at {
            None => Ok(stored.key),
            Some(_) => Err(Error::new(ErrorCode::Unauthorized, "the API key has expired")
                .hint("make a new one with `headwater keys create`")),
        }
    }
}

fn check_name(name: &str) -> Result<()> {
    let wrong = |what: &str| Err(Error::new(ErrorCode::InvalidRequest, what).at_field("name"));
    if name.trim().is_empty() {
        return wrong("a key needs a name");
    }
    if name.chars().any(char::is_control) {
        return wrong("the name holds control characters");
    }
    if name.chars().count() > LONGEST_NAME {
        return wrong(&format!("the name is longer than {LONGEST_NAME} characters"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open::{OpenOptions, open};
    use crate::workspace::Workspace;

    fn workspace(folder: &tempfile::TempDir) -> Box<dyn Workspace> {
        let path = folder.path().join("crm.db").display().to_string();
        open(&path, OpenOptions { create: true, ..OpenOptions::default() }).unwrap()
    }

    fn scopes(texts: &[&str]) -> Vec<Scope> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_key_lets_in_until_it_expires_and_the_file_does_not_hold_it() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (workspace(&folder), workspace(&folder));
        let keys = one.api_keys().unwrap();
        let given = scopes(&["contact:write", "account:read"]);
        let (made, secret) = keys.create_key("sync", given).unwrap();
        assert_eq!(other.api_keys().unwrap().authenticate(secret.reveal()).unwrap(), made);
        assert_eq!(keys.list_keys().unwrap(), std::slice::from_ref(&made));
        for file in ["crm.db", "crm.db-wal"] {
            let held = std::fs::read(folder.path().join(file)).unwrap();
            let secret = &secret.reveal().as_bytes()[20..];
            assert!(!held.windows(secret.len()).any(|window| window == secret), "{file}");
        }

        // Another program ends it: it is refused at once.
        let ended = other.api_keys().unwrap().expire_key("sync").unwrap();
        assert_eq!((ended.id.as_str(), ended.status()), (made.id.as_str(), "expired"));
        let error = keys.authenticate(secret.reveal()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Unauthorized);
        assert!(error.message().contains("expired"), "{error}");
        assert_eq!(keys.expire_key(&made.id).unwrap(), ended);
    }

    #[test]
    fn a_wrong_key_is_refused_without_a_word_of_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(&folder);
        let keys = workspace.api_keys().unwrap();
        let (_, secret) = keys.create_key("sync", scopes(&["*"])).unwrap();
        let last = if secret.reveal().ends_with('0') { "1" } else { "0" };
        let near = format!("{}{last}", &secret.reveal()[..secret.reveal().len() - 1]);
        let messages = ["", "password", near.as_str(), Secret::random().unwrap().reveal()]
            .map(|wrong| keys.authenticate(wrong).unwrap_err().to_string());
        assert!(messages.iter().all(|message| *message == messages[0]), "{messages:?}");
        assert!(messages[0].starts_with("unauthorized"));
    }

    #[test]
    fn of_one_name_there_is_one_active_key() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(&folder);
        let keys = workspace.api_keys().unwrap();
        let (first, _) = keys.create_key("sync", scopes(&["*"])).unwrap();
        let error = keys.create_key("sync", scopes(&["*"])).unwrap_err();
        assert_eq!((error.code(), error.field()), (ErrorCode::UniqueConflict, Some("name")));
        keys.expire_key("sync").unwrap();
        let (second, _) = keys.create_key("sync", scopes(&["*"])).unwrap();
        assert_eq!(keys.expire_key("sync").unwrap().id, second.id);
        assert_eq!(keys.list_keys().unwrap().len(), 2);
        assert_ne!(first.id, second.id);
        assert_eq!(keys.expire_key("other").unwrap_err().code(), ErrorCode::RecordNotFound);
    }

    #[test]
    fn a_key_needs_a_name_and_scopes_that_there_are() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(&folder);
        let keys = workspace.api_keys().unwrap();
        let refused = |name: &str, texts: &[&str]| {
            keys.create_key(name, scopes(texts)).map(drop).unwrap_err().code()
        };
        for name in ["", " ", "a\nb", &"n".repeat(101)] {
            assert_eq!(refused(name, &["*"]), ErrorCode::InvalidRequest, "{name:?}");
        }
        assert_eq!(refused("sync", &[]), ErrorCode::InvalidRequest);
        assert_eq!(refused("sync", &["contract:read"]), ErrorCode::UnknownRecordType);
    }
}
