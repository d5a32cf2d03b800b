//! Writes the baseline of the binary interface; when, the Makefile says.

use headwater_ffi_tests::{abi, repository};

fn main() -> std::io::Result<()> {
    let scratch = tempfile::tempdir()?;
    abi::describe(&repository().join("include"), scratch.path(), &abi::baseline());
    Ok(())
}
