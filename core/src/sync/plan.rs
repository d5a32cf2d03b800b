//! Plans: a job checked against its source and its workspace's schema, before a row is read.

use crate::error::{Error, ErrorCode, Result};
use crate::schema::{Schema, nearest};
use crate::source::{Connector, Control, Source, StreamDescription};
use crate::store::journal::StreamKey;
use crate::workspace::Workspace;

use super::asked::unless_asked;
use super::job::Job;
use super::mapping::Mapping;
use super::stream_job::{Mode, StreamJob};

/// A stream that is ready to be read.
pub(super) struct StreamPlan<'a> {
    pub(super) job: &'a StreamJob,
    pub(super) description: StreamDescription,
    pub(super) mapping: Mapping,
    pub(super) key: StreamKey,
    /// Where it is noted which stream creates records of these rows; `None` for other modes.
    pub(super) created: Option<StreamKey>,
}

/// Checks a job: its configuration, its source, its streams, attributes, columns and matches.
///
/// # Errors
/// `config_invalid` with the place and the nearest right name; what the connector reports.
pub fn check(
    job: &Job,
    connector: &dyn Connector,
    schema: &Schema,
    control: &Control,
) -> Result<Vec<StreamDescription>> {
    let mut source = open(job, connector)?;
    let plans = plan(job, connector, &mut *source, schema, control)?;
    Ok(plans.into_iter().map(|plan| plan.description).collect())
}

/// Asks a workspace for the record types of a job, which a remote one does not know before.
///
/// # Errors
/// `config_invalid` for one that it does not have, and what asking may end with.
pub(super) fn know_types(job: &Job, workspace: &dyn Workspace) -> Result<()> {
    for stream in &job.streams {
        match workspace.record_type(&stream.record_type) {
            Err(error) if error.code() == ErrorCode::UnknownRecordType => {
                return Err(unknown_type(stream, &error));
            }
            Err(error) => return Err(job.secrets.hide_in(error)),
            Ok(_) => {}
        }
    }
    Ok(())
}

/// The mistake of a job that names a record type which is not there.
fn unknown_type(stream: &StreamJob, error: &Error) -> Error {
    let mistake = Error::new(ErrorCode::ConfigInvalid, error.message());
    stream.locate(mistake.at_field("record_type").hint(error.remedy()))
}

/// Asks a job's source what it offers.
///
/// # Errors
/// What the connector reports.
pub fn discover(
    job: &Job,
    connector: &dyn Connector,
    control: &Control,
) -> Result<Vec<StreamDescription>> {
    let mut source = open(job, connector)?;
    described(job, &mut *source, control)
}

fn described(
    job: &Job,
    source: &mut dyn Source,
    control: &Control,
) -> Result<Vec<StreamDescription>> {
    source.check(control).map_err(|error| job.secrets.hide_in(unless_asked(error, control)))
}

pub(super) fn open(job: &Job, connector: &dyn Connector) -> Result<Box<dyn Source>> {
    let config = job.resolved_config(connector.description());
    connector.open(&config).map_err(|error| job.secrets.hide_in(error))
}

pub(super) fn plan<'a>(
    job: &'a Job,
    connector: &dyn Connector,
    source: &mut dyn Source,
    schema: &Schema,
    control: &Control,
) -> Result<Vec<StreamPlan<'a>>> {
    if job.streams.is_empty() {
        return Err(Error::new(ErrorCode::ConfigInvalid, "the job has no stream")
            .at_field("streams")
            .hint("add a [[streams]] table"));
    }
    let described = described(job, source, control)?;
    let mut plans = Vec::with_capacity(job.streams.len());
    for (index, stream) in job.streams.iter().enumerate() {
        // What the source calls its streams and columns is part of these errors.
        let located = |error| job.secrets.hide_in(stream.locate(error));
        let description = find_stream(stream, &described).map_err(located)?.clone();
        let record_type = schema
            .record_type(&stream.record_type)
            .map_err(|error| unknown_type(stream, &error))?;
        let mapping =
            Mapping::compile(stream, record_type, &description, job.default_region.as_deref())
                .map_err(located)?;
        let key = |job_stream_hash| StreamKey { job_stream_hash, partition: String::new() };
        let creates = stream.mode == Mode::Create;
        let created = creates.then(|| key(job.created_hash(index, connector.description())));
        let key = key(job.stream_hash(index, connector.description()));
        plans.push(StreamPlan { job: stream, description, mapping, key, created });
    }
    Ok(plans)
}

fn find_stream<'a>(
    stream: &StreamJob,
    described: &'a [StreamDescription],
) -> Result<&'a StreamDescription> {
    let names = || described.iter().map(|stream| stream.name.as_str());
    let wrong = |what: String| Error::new(ErrorCode::ConfigInvalid, what).at_field("source");
    let all = || names().collect::<Vec<_>>().join(", ");
    match &stream.source {
        Some(name) => described.iter().find(|known| known.name == *name).ok_or_else(|| {
            let error = wrong(format!("the source has no stream {name:?}"));
            match nearest(name, names()) {
                Some(near) => error.hint(format!("did you mean {near:?}?")),
                None => error.hint(format!("its streams are {}", all())),
            }
        }),
        None => match described {
            [one] => Ok(one),
            [] => Err(wrong("the source has no streams".to_owned())),
            _ => Err(wrong("the source has several streams".to_owned())
                .hint(format!("say which one: source = one of {}", all()))),
        },
    }
}
