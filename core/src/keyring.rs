//! Secrets that the system keeps: the kernel's keyring on Linux, the Keychain on macOS, the Credential
//! Manager on Windows.

use crate::error::{Error, ErrorCode, Result};

/// What the entries belong to; the name of a secret is their user.
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
const SERVICE: &str = "headwater";

/// Reads the secret with this name.
///
/// # Errors
/// `config_invalid` where there is none, or none can be read.
pub(crate) fn secret(name: &str) -> Result<String> {
    let wrong = |what: String| Err(Error::new(ErrorCode::ConfigInvalid, what));
    if name.is_empty() {
        return wrong("a secret of the keyring needs a name".to_owned());
    }
    read(name).or_else(|why| wrong(format!("cannot read {name} from the system keyring: {why}")))
}

#[cfg(any(target_os = "linux", target_os = "macos", windows))]
fn read(name: &str) -> std::result::Result<String, String> {
    #[cfg(target_os = "macos")]
    use apple_native_keyring_store::keychain::Store;
    use keyring_core::api::CredentialStoreApi;
    #[cfg(target_os = "linux")]
    use linux_keyutils_keyring_store::Store;
    #[cfg(windows)]
    use windows_native_keyring_store::Store;

    let entry = Store::new().and_then(|store| store.build(SERVICE, name, None));
    // Some errors hold what they could not read: none is passed on.
    entry.and_then(|entry| entry.get_password()).map_err(|error| match error {
        keyring_core::Error::NoEntry => "there is no such entry".to_owned(),
        keyring_core::Error::NoStorageAccess(_) => "it cannot be reached".to_owned(),
        keyring_core::Error::BadEncoding(_) => "it is not text".to_owned(),
        _ => "the system refuses it".to_owned(),
    })
}

#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
fn read(_name: &str) -> std::result::Result<String, String> {
    Err("none is known on this system".to_owned())
}
