//! The text of a key, and the hash that stands for it.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::error::{Error, ErrorCode, Result};

/// What every key begins with, so that people and scanners know one where they find it.
const PREFIX: &str = "hw_";
const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;

/// A key as its holder has it: `hw_`, the id, `_`, the secret. It does not print itself.
pub struct Secret {
    text: String,
}

/// SHA-256 of a key. With 256 random bits in the key nothing slower is needed.
#[derive(Clone, Copy)]
pub struct KeyHash(pub [u8; 32]);

impl Secret {
    /// A new key, from the system's randomness.
    ///
    /// # Errors
    /// `internal_error` where the system gives none.
    pub fn random() -> Result<Self> {
        let mut bytes = [0; ID_BYTES + SECRET_BYTES];
        getrandom::fill(&mut bytes).map_err(|cause| {
            Error::new(ErrorCode::Internal, "the system gives no random numbers").because(cause)
        })?;
        let (id, secret) = bytes.split_at(ID_BYTES);
        Ok(Self { text: format!("{PREFIX}{}_{}", hexadecimal(id), hexadecimal(secret)) })
    }

    /// A text that has the form of a key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let is_hexadecimal = |part: &str, bytes: usize| {
            part.len() == 2 * bytes
                && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        (is_hexadecimal(id, ID_BYTES) && is_hexadecimal(secret, SECRET_BYTES))
            .then(|| Self { text: text.to_owned() })
    }

    /// The part that is no secret.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.text[PREFIX.len()..PREFIX.len() + 2 * ID_BYTES]
    }

    /// What may be kept of it.
    #[must_use]
    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::digest(self.text.as_bytes()).into())
    }

    /// All of it: for its holder alone.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl KeyHash {
    /// Whether both are of one key; takes the same time wherever they differ.
    #[must_use]
    pub fn is_of(&self, secret: &Secret) -> bool {
        self.0.ct_eq(&secret.hash().0).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({PREFIX}{}_..)", self.id())
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(..)")
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_hash_alone() {
        let (key, other) = (Secret::random().unwrap(), Secret::random().unwrap());
        assert_ne!(key.reveal(), other.reveal());
        let again = Secret::parse(key.reveal()).unwrap();
        assert_eq!((again.id().len(), again.id()), (16, key.id()));
        assert!(key.hash().is_of(&again));
        assert!(!key.hash().is_of(&other));
    }

    #[test]
    fn a_key_does_not_print_itself() {
        let key = Secret::random().unwrap();
        let secret = key.reveal().rsplit('_').next().unwrap();
        assert!(!format!("{key:?} {:?}", key.hash()).contains(&secret[..8]));
    }

    #[test]
    fn what_has_another_form_is_no_key() {
        let key = Secret::random().unwrap();
        let text = key.reveal();
        for wrong in [
            "",
            "hw_",
            "hw__",
            &text[1..],
            &text[..text.len() - 1],
            &format!("{text}0"),
            &text.to_uppercase(),
            &format!("{}é", &text[..text.len() - 2]),
            &text.replacen('_', "__", 2),
        ] {
            assert!(Secret::parse(wrong).is_none(), "{wrong:?}");
        }
    }
}
