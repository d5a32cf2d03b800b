//! Secrets that the system keeps: the kernel's keyring on Linux, the Keychain on macOS, the Credential
//! Manager on Windows.

use crate::error::{Error, ErrorCode, Result};

/// What the entries belong to.
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
const SERVICE: &str = "headwater";

/// Reads the secret with this name, without its last line end.
///
/// # Errors
/// `config_invalid` where there is none, or none can be read.
pub(crate) fn secret(name: &str) -> Result<String> {
    let secret = read(name)
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not text".to_owned()));
    match secret {
        Ok(secret) => {
            let secret = secret.strip_suffix('\n').unwrap_or(&secret);
            Ok(secret.strip_suffix('\r').unwrap_or(secret).to_owned())
        }
        Err(why) => {
            let what = format!("cannot read {name} from the system's keyring: {why}");
            Err(Error::new(ErrorCode::ConfigInvalid, what)
                .hint("put it in as README shows, for the user that runs this"))
        }
    }
}

/// From the keyring of the session, which leads to that of the user. Without
/// `linux-keyutils-keyring-store`: where there is no session keyring, in a container or under cron, it
/// makes an empty one, from which nothing of the user is reached.
#[cfg(target_os = "linux")]
fn read(name: &str) -> std::result::Result<Vec<u8>, String> {
    use linux_keyutils::{KeyError, KeyRing, KeyRingIdentifier};
    let session = KeyRing::from_special_id(KeyRingIdentifier::Session, false);
    let found = session.and_then(|session| session.search(&format!("{SERVICE}:{name}")));
    found.and_then(|key| key.read_to_vec()).map_err(|error| match error {
        KeyError::KeyDoesNotExist | KeyError::KeyExpired | KeyError::KeyRevoked => {
            "there is no such entry".to_owned()
        }
        other => format!("the kernel says {other}"),
    })
}

#[cfg(any(target_os = "macos", windows))]
fn read(name: &str) -> std::result::Result<Vec<u8>, String> {
    #[cfg(target_os = "macos")]
    use apple_native_keyring_store::keychain::Store;
    use keyring_core::api::CredentialStoreApi;
    #[cfg(windows)]
    use windows_native_keyring_store::Store;

    let entry = Store::new().and_then(|store| store.build(SERVICE, name, None));
    // Some errors hold what they could not read: none is passed on.
    entry.and_then(|entry| entry.get_secret()).map_err(|error| match error {
        keyring_core::Error::NoEntry => "there is no such entry".to_owned(),
        keyring_core::Error::NoStorageAccess(_) => "it cannot be reached".to_owned(),
        _ => "the system refuses it".to_owned(),
    })
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn read(_name: &str) -> std::result::Result<Vec<u8>, String> {
    Err("none is known on this system".to_owned())
}
