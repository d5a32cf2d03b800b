//! `headwater serve`: a workspace over HTTP, in the CRM's own wire format.

use std::path::PathBuf;
use std::time::Duration;

use headwater::operation::QueryLimits;
use headwater::{Error, ErrorCode, FixedClock, Generation, OpenOptions, Result};
use headwater_server::{FaultPlan, Limits, ServeOptions, Server, TlsFiles, TwinOptions};

use tracing::Level;

use crate::arguments::{
    DuplicatesArgument, HistoryArgument, LogFormat, QueryArguments, ServeArguments,
};
use crate::commands::seed;
use crate::exit::Exit;
use crate::output;
use crate::twin_arguments::TwinArguments;

pub(crate) fn run(arguments: &ServeArguments) -> Result<Exit> {
    let options = OpenOptions {
        create: true,
        rejects_duplicates: arguments.duplicates.map(|choice| choice == DuplicatesArgument::Reject),
        keeps_history: arguments.history.map(|choice| choice == HistoryArgument::On),
    };
    // What is temporary ends with this function, after the server.
    let folder = arguments.twin.temporary.then(super::temporary_folder).transpose()?;
    let path = match &folder {
        Some(folder) => folder.path().join("crm.db").display().to_string(),
        None => arguments.workspace.clone().unwrap_or_default(),
    };
    let workspace = headwater::open_generating(&path, options, generation(&arguments.twin)?)?;
    let options = serve_options(arguments)?;
    if let Some(file) = &arguments.twin.seed {
        output::note(&seed::from_file(&*workspace, file)?);
    }
    if !options.no_auth
        && workspace.api_keys()?.list_keys()?.iter().all(|key| key.expired_at.is_some())
    {
        output::note("the workspace has no active API key: make one with `headwater keys create`");
    }
    start_log(arguments.log);
    let server = Server::bind(workspace.into(), &options)?;
    let stopper = server.stopper();
    ctrlc::set_handler(move || stopper.stop()).map_err(|cause| {
        Error::new(ErrorCode::Internal, "cannot listen for Ctrl-C").because(cause)
    })?;
    // The address is the result: with port 0 nobody else knows it.
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    output::line(&format!("{scheme}://{}/api/v2", server.address()))?;
    server.run();
    Ok(Exit::Done)
}

/// Sends what the server notes to stderr.
fn start_log(format: Option<LogFormat>) {
    let level = if format.is_some() { Level::INFO } else { Level::ERROR };
    let log = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_ansi(false)
        .with_writer(std::io::stderr);
    match format {
        Some(LogFormat::Json) => log.json().flatten_event(true).with_current_span(false).init(),
        Some(LogFormat::Text) | None => log.init(),
    }
}

fn query_limits(arguments: &QueryArguments) -> QueryLimits {
    QueryLimits {
        default_page: arguments.default_page.into(),
        max_page: arguments.max_page.into(),
        filters: arguments.max_filters.into(),
        values: arguments.max_filter_values.into(),
        nesting: arguments.max_filter_depth.into(),
        hops: arguments.max_path.into(),
        time: Some(Duration::from_secs(arguments.query_time.into())),
    }
}

fn serve_options(arguments: &ServeArguments) -> Result<ServeOptions> {
    let limits = Limits {
        body_bytes: arguments.max_body,
        request_time: Duration::from_secs(arguments.request_time.into()),
        connections: arguments.max_connections.get().into(),
        requests_per_second: arguments.rate_limit,
        query: query_limits(&arguments.query),
    };
    let files = arguments.tls_certificate.clone().zip(arguments.tls_key.clone());
    Ok(ServeOptions {
        no_auth: arguments.no_auth,
        limits,
        tls: files.map(|(certificate, key)| TlsFiles { certificate, key }),
        twin: twin_options(&arguments.twin)?,
        ..ServeOptions::on(arguments.listen)
    })
}

/// What the server is a twin with, where it is to be one.
fn twin_options(arguments: &TwinArguments) -> Result<Option<TwinOptions>> {
    let plan = |file: &PathBuf| {
        let name = file.display();
        let text = std::fs::read_to_string(file).map_err(|cause| {
            Error::new(ErrorCode::ConfigInvalid, format!("cannot read {name}: {cause}"))
                .at_field("faults")
                .because(cause)
        })?;
        FaultPlan::from_toml(&text).map_err(|error| error.on_record(name.to_string()))
    };
    let faults = arguments.faults.as_ref().map(plan).transpose()?.unwrap_or_default();
    Ok(arguments.twin.then_some(TwinOptions { faults }))
}

/// How times and ids are made.
fn generation(arguments: &TwinArguments) -> Result<Generation> {
    let clock = |text: &String| FixedClock::at(text)?.with_step(arguments.clock_step);
    let clock = arguments.clock.as_ref().map(clock).transpose()?;
    Ok(Generation { clock, id_seed: arguments.id_seed })
}
