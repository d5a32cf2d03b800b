//! The arguments of `headwater serve` that make the server a twin for tests.

use std::path::PathBuf;

use clap::Args;

#[derive(Args)]
pub(crate) struct TwinArguments {
    /// Serve a workspace of its own, which is gone with the server.
    #[arg(long, conflicts_with = "workspace", requires = "no_auth")]
    pub(crate) temporary: bool,
    /// Put the records of this file in first, as `headwater seed` does.
    #[arg(long, value_name = "FILE")]
    pub(crate) seed: Option<PathBuf>,
    /// Let clients with the scope * set the workspace back, and the clock and faults: for tests only.
    #[arg(long)]
    pub(crate) twin: bool,
    /// Stop the clock at this time, such as 2026-01-01T00:00:00Z; each write moves it on.
    #[arg(long, value_name = "TIME", requires = "twin")]
    pub(crate) clock: Option<String>,
    /// How far each write moves that clock on, in milliseconds.
    #[arg(long, value_name = "MILLISECONDS", requires = "clock", default_value_t = 1000)]
    pub(crate) clock_step: i64,
    /// Make ids that follow from this number: the same requests get the same ids.
    #[arg(long, value_name = "NUMBER", requires = "twin")]
    pub(crate) id_seed: Option<u64>,
    /// Let faults happen as this file (.toml) says.
    #[arg(long, value_name = "FILE", requires = "twin")]
    pub(crate) faults: Option<PathBuf>,
}
