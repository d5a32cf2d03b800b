//! The command line.

mod record;

use std::net::SocketAddr;
use std::num::{NonZeroU16, NonZeroU32};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use record::{
    DuplicatesArgument, HistoryArgument, ItemCommand, ItemPlace, LinkPlace, QueryFormat,
    RecordCommand,
};

use crate::twin_arguments::TwinArguments;

/// Bring records from any source into a CRM workspace, without losing or doubling any.
///
/// Exit status: 0 all good, 1 failed, 2 finished with rejected rows, 130 stopped by Ctrl-C.
#[derive(Parser)]
#[command(name = "headwater", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Sync a job file (.toml) or a data file into a workspace.
    Sync(SyncArguments),
    /// Check a job file against its source, without reading rows.
    Check(JobArguments),
    /// Show the streams and columns that a job's source offers.
    Discover(JobArguments),
    /// Print the JSON Schema of job files, for editors.
    JobSchema,
    /// Read and change records.
    Record {
        #[command(subcommand)]
        command: RecordCommand,
    },
    /// List, describe and test connector libraries.
    Connectors {
        #[command(subcommand)]
        command: ConnectorsCommand,
    },
    /// Put the records of a file into a workspace, users among them: all of them or none.
    Seed(SeedArguments),
    /// Declare custom objects and custom fields.
    Schema {
        #[command(subcommand)]
        command: SchemaCommand,
    },
    /// Serve a workspace over HTTP, in the CRM's own wire format, until Ctrl-C.
    Serve(ServeArguments),
    /// Make, list and end the API keys that the server asks for.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Show the runs of a workspace, newest first.
    Runs(RunsArguments),
    /// Show the rows that were refused.
    Rejects(RejectsArguments),
}

#[derive(Args)]
pub(crate) struct SyncArguments {
    /// A job file, or a data file (.csv .tsv .txt .json .jsonl .ndjson, also .gz and .zst).
    pub(crate) file: PathBuf,
    /// The workspace, for a data file.
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) to: Option<String>,
    /// The record type, for a data file.
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) record_type: Option<String>,
    /// The attribute that finds an existing record, for a data file.
    #[arg(long = "match", value_name = "ATTRIBUTE")]
    pub(crate) matching: Option<String>,
    /// What to do with a row, for a data file.
    #[arg(long, value_enum)]
    pub(crate) mode: Option<ModeArgument>,
    /// The region of phone numbers without a country code, for a data file.
    #[arg(long, value_name = "REGION")]
    pub(crate) default_region: Option<String>,
    /// Log changes of records, or log none from now on, for a data file.
    #[arg(long, value_enum)]
    pub(crate) history: Option<HistoryArgument>,
    /// Start over instead of resuming a run that did not end.
    #[arg(long)]
    pub(crate) full: bool,
    /// First compare what was delivered to a remote workspace with what is there now, for when
    /// others write to it too.
    #[arg(long)]
    pub(crate) verify: bool,
    /// First read the rows once to tell how many requests a remote workspace will be asked, and for
    /// how long.
    #[arg(long)]
    pub(crate) estimate: bool,
    /// Send and write nothing: only what --verify and --estimate tell, and exit status 2 where rows would
    /// be refused before they are sent.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How the report is written.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: ReportFormat,
}

#[derive(Args)]
pub(crate) struct JobArguments {
    /// The job file.
    pub(crate) job: PathBuf,
    /// How the result is written.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: ReportFormat,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum ModeArgument {
    /// Create or update by the match.
    Assert,
    /// Create, whatever is there.
    Create,
    /// Update by the match.
    Update,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people.
    Table,
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated, with a header.
    Csv,
}

#[derive(Args)]
pub(crate) struct SeedArguments {
    /// JSON Lines of {"record_type": .., "attributes": {..}}.
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) workspace: WorkspaceArgument,
    /// How the result is written; JSON has the records' ids.
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: ReportFormat,
}

#[derive(Subcommand)]
pub(crate) enum SchemaCommand {
    /// Add what a schema file declares; what is there already stays, with every option that records may
    /// hold.
    ///
    /// A field that is declared again is named, required, nullable and has the default that it is
    /// declared with last.
    Apply {
        /// The schema file (.toml).
        file: PathBuf,
        #[command(flatten)]
        workspace: WorkspaceArgument,
        /// How the result is written.
        #[arg(long, value_enum, default_value = "text")]
        format: ReportFormat,
    },
}

/// Where a command works.
#[derive(Args)]
pub(crate) struct WorkspaceArgument {
    /// The workspace.
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) workspace: String,
}

#[derive(Subcommand)]
pub(crate) enum ConnectorsCommand {
    /// List every connector that can be found.
    List {
        /// How the list is written.
        #[arg(long, value_enum, default_value = "text")]
        format: ReportFormat,
    },
    /// Describe a connector and its configuration.
    Info {
        /// A name, or the path of a library.
        name: String,
    },
    /// Test a connector library: counts, resume from every checkpoint, cancel, leaks.
    Test {
        /// A name, or the path of a library.
        library: String,
        /// A configuration to test with, a JSON object; without it only what needs none is tested.
        #[arg(long, value_name = "JSON")]
        config: Option<String>,
    },
}

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key and print it, this once.
    Create {
        /// What to call it.
        #[arg(long)]
        name: String,
        /// `*`, or a record type and read or write, for example contact:read; may be repeated.
        #[arg(long = "scope", value_name = "SCOPE", required = true)]
        scopes: Vec<String>,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// List the keys, without what is secret of them.
    List {
        /// How the list is written.
        #[arg(long, value_enum, default_value = "table")]
        format: ListFormat,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// End a key, at once and for good.
    Expire {
        /// Its id, or its name.
        key: String,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
}

#[derive(Args)]
pub(crate) struct ServeArguments {
    /// The workspace; made if there is none.
    #[arg(long, value_name = "WORKSPACE", required_unless_present = "temporary")]
    pub(crate) workspace: Option<String>,
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// Answer every program on this machine, without an API key.
    #[arg(long)]
    pub(crate) no_auth: bool,
    /// Encrypt with this certificate chain, a PEM file.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// The certificate's private key, a PEM file.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Requests a second that each key may make; without it any number.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) rate_limit: Option<NonZeroU32>,
    /// The largest body, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 1_048_576)]
    pub(crate) max_body: usize,
    /// Connections that are served at once; further ones wait.
    #[arg(long, value_name = "NUMBER", default_value = "512")]
    pub(crate) max_connections: NonZeroU16,
    /// Seconds that the head of a request may take to arrive, then its body, then the next one.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) request_time: u32,
    #[command(flatten)]
    pub(crate) query: QueryArguments,
    /// Write a line to stderr for each request; without it only where the server itself fails.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) log: Option<LogFormat>,
    /// Refuse (or allow again), from now on, a second record with the same match key.
    #[arg(long, value_enum)]
    pub(crate) duplicates: Option<DuplicatesArgument>,
    /// Log changes, or log none from now on.
    #[arg(long, value_enum)]
    pub(crate) history: Option<HistoryArgument>,
    #[command(flatten)]
    pub(crate) twin: TwinArguments,
}

/// How much one query may ask for; what is more is refused.
#[derive(Args)]
pub(crate) struct QueryArguments {
    /// Records a page where a query does not say.
    #[arg(long, value_name = "NUMBER", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) default_page: u16,
    /// Records a page that a query may ask for.
    #[arg(long, value_name = "NUMBER", default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) max_page: u16,
    /// Conditions and groups of a query's filters.
    #[arg(long, value_name = "NUMBER", default_value_t = 500, value_parser = clap::value_parser!(u16).range(0..=500))]
    pub(crate) max_filters: u16,
    /// Values that a query's filters compare with.
    #[arg(long, value_name = "NUMBER", default_value_t = 1000, value_parser = clap::value_parser!(u16).range(0..=10_000))]
    pub(crate) max_filter_values: u16,
    /// Groups that may stand in each other in a query's filters.
    #[arg(long, value_name = "NUMBER", default_value_t = 16, value_parser = clap::value_parser!(u8).range(0..=16))]
    pub(crate) max_filter_depth: u8,
    /// Relationships that the path of a filtered field may pass.
    #[arg(long, value_name = "NUMBER", default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=5))]
    pub(crate) max_path: u8,
    /// Seconds that a query may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub(crate) query_time: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

#[derive(Args)]
pub(crate) struct RunsArguments {
    /// The workspace.
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) workspace: String,
    /// How many runs, at most.
    #[arg(long, default_value_t = 20)]
    pub(crate) limit: usize,
    /// How the list is written.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: ListFormat,
}

#[derive(Args)]
pub(crate) struct RejectsArguments {
    /// The workspace.
    #[arg(long, value_name = "WORKSPACE")]
    pub(crate) workspace: String,
    /// Of this run only.
    #[arg(long, value_name = "ID")]
    pub(crate) run: Option<String>,
    /// With this code only.
    #[arg(long)]
    pub(crate) code: Option<String>,
    /// How the list is written.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: ListFormat,
}
