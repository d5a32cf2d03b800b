//! The command line of `headwater record`.

use clap::{Args, Subcommand, ValueEnum};

use super::{ListFormat, ReportFormat, WorkspaceArgument};

#[derive(Subcommand)]
pub(crate) enum RecordCommand {
    /// Print a record.
    Get {
        /// The record type.
        record_type: String,
        /// The record's id.
        id: String,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// Make a record and print it.
    Create {
        /// The record type.
        record_type: String,
        /// Its attributes, a JSON object; `-` reads it from stdin.
        attributes: String,
        /// Refuse (or allow again), from now on, a second record with the same match key.
        #[arg(long, value_enum)]
        duplicates: Option<DuplicatesArgument>,
        /// Log changes, or log none from now on.
        #[arg(long, value_enum)]
        history: Option<HistoryArgument>,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// Change the attributes that are given, null clears, and print the record.
    Patch {
        /// The record type.
        record_type: String,
        /// The record's id.
        id: String,
        /// The changes, a JSON object; `-` reads it from stdin.
        attributes: String,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// Hide a record from reads, queries and matches.
    Archive {
        /// The record type.
        record_type: String,
        /// The record's id.
        id: String,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// Bring an archived record back and print it.
    Restore {
        /// The record type.
        record_type: String,
        /// The record's id.
        id: String,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// Print what happened to a record, the latest change first, one page.
    History {
        /// The record type.
        record_type: String,
        /// The record's id; it may be archived.
        id: String,
        /// Changes a page, 1 to 100.
        #[arg(long)]
        limit: Option<usize>,
        /// The `next_cursor` of the page before.
        #[arg(long)]
        cursor: Option<String>,
        /// How the changes are written.
        #[arg(long, value_enum, default_value = "text")]
        format: ReportFormat,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// Update the one record that matches, or make it, and print it.
    Assert {
        /// The record type.
        record_type: String,
        /// The match, a JSON object with one key.
        #[arg(long = "match", value_name = "JSON")]
        matching: String,
        /// The attributes, a JSON object; `-` reads it from stdin.
        attributes: String,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// Print the records that a query selects, one page.
    Query {
        /// The record type.
        record_type: String,
        /// Conditions, a JSON list: [{"field", "operator", "value"}].
        #[arg(long, value_name = "JSON")]
        filter: Option<String>,
        /// Attributes to sort by, `-` before one for descending; at most three.
        #[arg(long, value_name = "ATTRIBUTE", value_delimiter = ',', allow_hyphen_values = true)]
        sort: Vec<String>,
        /// Records a page, 1 to 100.
        #[arg(long)]
        limit: Option<usize>,
        /// The `next_cursor` of the page before.
        #[arg(long)]
        cursor: Option<String>,
        /// One JSON object, or one record a line.
        #[arg(long, value_enum, default_value = "json")]
        format: QueryFormat,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// Add, change and remove the items of an array: e-mails, phone numbers, domains.
    Item {
        #[command(subcommand)]
        command: ItemCommand,
    },
    /// Link a record to another and print the link; one that is there already is made what is given.
    Link {
        #[command(flatten)]
        place: LinkPlace,
        /// The other record's id.
        #[arg(required_unless_present = "matching")]
        target: Option<String>,
        /// What finds the other record instead, a JSON object with one key.
        #[arg(long = "match", value_name = "JSON", conflicts_with = "target")]
        matching: Option<String>,
        /// What the link says, a JSON object; `-` reads it from stdin.
        #[arg(long, value_name = "JSON")]
        set: Option<String>,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// Change what a link says and print it.
    Relink {
        #[command(flatten)]
        place: LinkPlace,
        /// The other record's id.
        target: String,
        /// The changes, a JSON object; `-` reads it from stdin.
        #[arg(long, value_name = "JSON")]
        set: String,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// Take the link to another record away.
    Unlink {
        #[command(flatten)]
        place: LinkPlace,
        /// The other record's id.
        target: String,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// Print the links of a record, one page.
    Links {
        #[command(flatten)]
        place: LinkPlace,
        /// Links a page, 1 to 100.
        #[arg(long)]
        limit: Option<usize>,
        /// The `next_cursor` of the page before.
        #[arg(long)]
        cursor: Option<String>,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// Print the schema of a record type, or list all of them with what they are linked to.
    Schema {
        /// The record type; without it all are listed.
        record_type: Option<String>,
        /// List the relationships of the record type instead.
        #[arg(long, requires = "record_type")]
        relationships: bool,
        /// How a list is written.
        #[arg(long, value_enum, default_value = "table")]
        format: ListFormat,
        /// The workspace, for what it declares beyond the standard record types.
        #[arg(long, value_name = "WORKSPACE")]
        workspace: Option<String>,
    },
}

#[derive(Subcommand)]
pub(crate) enum ItemCommand {
    /// Add an item and print it; one that is there already is made what is given.
    Add {
        #[command(flatten)]
        place: ItemPlace,
        /// The item, a JSON object; `-` reads it from stdin.
        item: String,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// Change what is given of an item and print it.
    Change {
        #[command(flatten)]
        place: ItemPlace,
        /// The item's id; of a domain, its name.
        item: String,
        /// The changes, a JSON object; `-` reads it from stdin.
        changes: String,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
    /// Take an item away.
    Remove {
        #[command(flatten)]
        place: ItemPlace,
        /// The item's id; of a domain, its name.
        item: String,
        #[command(flatten)]
        workspace: WorkspaceArgument,
    },
}

/// An array of a record.
#[derive(Args)]
pub(crate) struct ItemPlace {
    /// The record type.
    pub(crate) record_type: String,
    /// The record's id.
    pub(crate) id: String,
    /// The array, for example contact_emails.
    pub(crate) attribute: String,
}

/// A relationship of a record.
#[derive(Args)]
pub(crate) struct LinkPlace {
    /// The record type.
    pub(crate) record_type: String,
    /// The record's id.
    pub(crate) id: String,
    /// The relationship, for example accounts.
    pub(crate) relationship: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum QueryFormat {
    /// `{"data": [..], "next_cursor": ..}`.
    Json,
    /// One record a line.
    Jsonl,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DuplicatesArgument {
    /// Two records may hold the same match key.
    Allow,
    /// A second record with the same match key is refused.
    Reject,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HistoryArgument {
    /// Changes are logged.
    On,
    /// Nothing is logged; what is logged already stays.
    Off,
}
