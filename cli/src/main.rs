//! The `headwater` program.

use headwater_host::Connectors;

/// Rows are many small texts that one thread makes and another frees, which the system's
/// allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    headwater_cli::run(std::env::args_os(), &Connectors::standard()).into()
}
