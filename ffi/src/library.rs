//! The library: its version, and what a program is told to need.

use headwater_abi::headwater_str;

use crate::guard::value;
use crate::text::{ABSENT, lent};

/// Major version of the library that this header belongs to; it is also in the name of the shared
/// library. Another major version may lack what this one has.
pub const HEADWATER_VERSION_MAJOR: i32 = 0;
/// Minor version of the library that this header belongs to; a later one has more functions.
pub const HEADWATER_VERSION_MINOR: i32 = 1;
/// Patch version of the library that this header belongs to.
pub const HEADWATER_VERSION_PATCH: i32 = 0;
/// The version as one number: major * 1 000 000 + minor * 1 000 + patch.
pub const HEADWATER_VERSION_NUMBER: i32 = 1000;

/// Gives the version of the library that is linked, for example `0.1.0`.
///
/// The text: Borrowed from the library for ever.
/// Threads: any. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn headwater_library_version() -> headwater_str {
    value("headwater_library_version", ABSENT, || lent(env!("CARGO_PKG_VERSION")))
}

/// Gives the version of the library that is linked as one number, like `HEADWATER_VERSION_NUMBER`.
///
/// Threads: any. Errors: none. Since 0.1.
#[unsafe(no_mangle)]
pub extern "C" fn headwater_library_version_number() -> i32 {
    value("headwater_library_version_number", 0, || HEADWATER_VERSION_NUMBER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_version_is_the_package_s() {
        let parts = [HEADWATER_VERSION_MAJOR, HEADWATER_VERSION_MINOR, HEADWATER_VERSION_PATCH];
        assert_eq!(parts.map(|part| part.to_string()).join("."), env!("CARGO_PKG_VERSION"));
        let [major, minor, patch] = parts;
        assert_eq!(major * 1_000_000 + minor * 1000 + patch, HEADWATER_VERSION_NUMBER);
        assert_eq!(headwater_library_version_number(), HEADWATER_VERSION_NUMBER);
    }
}
