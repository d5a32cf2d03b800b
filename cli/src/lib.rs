//! The `headwater` command as a library, for the programs that are it: the binary beside this, and
//! the Python package.
//!
//! Results go to stdout, progress and errors to stderr. Exit status: 0 all good, 1 failed,
//! 2 finished with rejected rows, 130 stopped (`exit.rs`).

mod arguments;
mod commands;
mod data_file;
mod exit;
mod output;
mod progress;
mod twin_arguments;

use std::ffi::OsString;
use std::sync::Arc;

use clap::Parser;
use headwater::Result;
use headwater_host::testkit::Subject;
use headwater_host::{Connectors, Listed};

use arguments::{Arguments, Command};
use exit::Exit;

pub use data_file::DataFile;

/// Finds the connectors that jobs and commands name.
pub trait Finder {
    /// The connector of this name, or of the library at this path.
    ///
    /// # Errors
    /// `connector_not_found`, `connector_incompatible`, or what the connector reports.
    fn find(&self, name_or_path: &str) -> Result<Arc<dyn Subject>>;

    /// Every connector library that can be found by its name.
    fn list(&self) -> Vec<Listed>;
}

impl Finder for Connectors {
    fn find(&self, name_or_path: &str) -> Result<Arc<dyn Subject>> {
        Ok(Connectors::find(self, name_or_path)?)
    }

    fn list(&self) -> Vec<Listed> {
        Connectors::list(self)
    }
}

/// Runs the command that the arguments (the program's name first) say; gives its exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>, finder: &dyn Finder) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(told) => {
            // Nothing can be done where the terminal is gone. Not clap's own status 2, which means
            // "finished with rejected rows" here.
            let _ = told.print();
            return if told.use_stderr() { Exit::Failed } else { Exit::Done }.status();
        }
    };
    let result = match arguments.command {
        Command::Sync(arguments) => commands::sync::run(&arguments, finder),
        Command::Check(arguments) => {
            commands::told(commands::job::check(&arguments, finder), arguments.format)
        }
        Command::Discover(arguments) => {
            commands::told(commands::job::discover(&arguments, finder), arguments.format)
        }
        Command::JobSchema => commands::job::schema(),
        Command::Record { command } => commands::record::run(&command),
        Command::Connectors { command } => commands::connectors::run(&command, finder),
        Command::Seed(arguments) => commands::seed::run(&arguments),
        Command::Schema { command } => commands::schema::run(&command),
        Command::Serve(arguments) => commands::serve::run(&arguments),
        Command::Keys { command } => commands::keys::run(&command),
        Command::Runs(arguments) => commands::journal::runs(&arguments),
        Command::Rejects(arguments) => commands::journal::rejects(&arguments),
    };
    match result {
        Ok(exit) => exit.status(),
        Err(error) if output::is_unread(&error) => Exit::Done.status(),
        Err(error) => {
            output::error(&error);
            Exit::Failed.status()
        }
    }
}
