//! The `headwater` command: syncs sources into a workspace, and works on its records.
//!
//! Results go to stdout, progress and errors to stderr. Exit status: 0 all good, 1 failed,
//! 2 finished with rejected rows (`exit.rs`).

mod arguments;
mod commands;
mod exit;
mod output;
mod progress;
mod twin_arguments;

use clap::Parser;

use arguments::{Arguments, Command};
use exit::Exit;

/// Rows are many small texts that one thread makes and another frees, which the system's
/// allocator is slow at. Only a program may choose one: a library would impose it on others.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(told) => {
            // Nothing can be done where the terminal is gone. Not clap's own status 2, which means
            // "finished with rejected rows" here.
            let _ = told.print();
            return if told.use_stderr() { Exit::Failed } else { Exit::Done }.into();
        }
    };
    let result = match arguments.command {
        Command::Sync(arguments) => commands::sync::run(&arguments),
        Command::Check(arguments) => commands::job::check(&arguments),
        Command::Discover(arguments) => commands::job::discover(&arguments),
        Command::JobSchema => commands::job::schema(),
        Command::Record { command } => commands::record::run(&command),
        Command::Connectors { command } => commands::connectors::run(&command),
        Command::Seed(arguments) => commands::seed::run(&arguments),
        Command::Schema { command } => commands::schema::run(&command),
        Command::Serve(arguments) => commands::serve::run(&arguments),
        Command::Keys { command } => commands::keys::run(&command),
        Command::Runs(arguments) => commands::journal::runs(&arguments),
        Command::Rejects(arguments) => commands::journal::rejects(&arguments),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            output::error(&error);
            Exit::Failed.into()
        }
    }
}
