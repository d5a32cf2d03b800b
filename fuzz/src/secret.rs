//! Secrets that a job brings in, and the check that none of them is shown.

use std::sync::Once;

/// One plain, one that looks different wherever it is quoted.
pub(crate) const SECRETS: [&str; 2] = ["hw-plain-secret", "hw\"hostile\\secret"];
/// The environment variables that hold them.
pub(crate) const VARIABLES: [&str; 2] = ["HEADWATER_FUZZ_PLAIN", "HEADWATER_FUZZ_HOSTILE"];

/// Puts the secrets into the environment.
pub(crate) fn set() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for (variable, secret) in VARIABLES.iter().zip(SECRETS) {
            // SAFETY: the other users of the environment, in this process, read through std, whose
            // lock this takes as well.
            unsafe { std::env::set_var(variable, secret) };
        }
    });
}

/// Whether a text holds a secret, as it is or as it stands in quotes.
pub(crate) fn stands_in(text: &str) -> bool {
    SECRETS.iter().any(|secret| {
        text.contains(secret) || text.contains(format!("{secret:?}").trim_matches('"'))
    })
}

/// Checks that a text for a person holds no secret.
pub(crate) fn assert_hidden(text: &str) {
    assert!(!stands_in(text), "a secret is shown: {text}");
}
