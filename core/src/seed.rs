//! Seeding: records put into a workspace from a file, those that the API only reads among them.

use std::io::BufRead;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::activity::{ACTIVITY, seeded};
use crate::error::{Error, ErrorCode, Result};
use crate::operation::{ApplyMode, EdgeEdit, EdgeOf, Match, Operation, OperationKind, Outcome};
use crate::record::Attributes;
use crate::schema::{RecordType, Write};
use crate::value::{excerpt, read_json};
use crate::workspace::{ApplyOptions, Workspace};

/// Puts the records of a file into a workspace, all of them or none: JSON Lines of
/// `{"record_type", "attributes"}`, with `relationships` for what a record is linked to:
/// `{"contacts": ["<id>", {"related_record_match": {"email": ".."}}]}`, attributes of a link beside
/// its target.
///
/// A record with a value that no other may share (a user's `email`) updates the one that has it
/// already, so a file can be seeded again; other records are new each time. A record may refer to
/// those of earlier lines, and be linked to them. Activities may be of any type, and their `metadata`
/// is the object that is read. Relationships that the API only reads (those of
/// meetings) are written like others.
///
/// # Errors
/// At the line (`record`): `invalid_request` for one that is not such an object, and what is wrong
/// with its attributes, as for a create, or with its relationships, as for adding a link; `source_unavailable` if `lines` cannot be read.
///
/// ```
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("crm.db");
/// use headwater::{OpenOptions, open, seed};
/// let options = OpenOptions { create: true, ..OpenOptions::default() };
/// let workspace = open(path.to_str().unwrap(), options)?;
/// let lines = r#"{"record_type": "user", "attributes": {"email": "owner@acme.com"}}"#;
/// let owner = seed(&*workspace, lines.as_bytes())?[0].id;
/// assert_eq!(workspace.get("user", owner)?.id, owner);
/// # Ok::<(), headwater::Error>(())
/// ```
pub fn seed(workspace: &dyn Workspace, lines: impl BufRead) -> Result<Vec<Outcome>> {
    let mut numbers = Vec::new();
    let mut operations = Vec::new();
    for (index, line) in lines.lines().enumerate() {
        let at_line = |error: Error| error.on_record(format!("line {}", index + 1));
        let line = line.map_err(|cause| {
            at_line(
                Error::new(ErrorCode::SourceUnavailable, format!("cannot be read: {cause}"))
                    .because(cause),
            )
        })?;
        // Editors on Windows put a byte order mark first.
        let line = if index == 0 { line.trim_start_matches('\u{feff}') } else { &line };
        if line.trim().is_empty() {
            continue;
        }
        let line = operations_of(workspace, line, operations.len()).map_err(at_line)?;
        numbers.extend(line.iter().map(|_| index + 1));
        operations.extend(line);
    }
    let is_edge = |kind: &OperationKind| matches!(kind, OperationKind::EditEdge { .. });
    let of_records: Vec<bool> =
        operations.iter().map(|operation| !is_edge(&operation.kind)).collect();
    operations.iter_mut().for_each(|operation| operation.writes_read_only = true);
    let options = ApplyOptions { mode: ApplyMode::AllOrNothing, ..ApplyOptions::default() };
    let outcomes = workspace.apply(operations, options)?;
    let is_cause = |error: &Error| error.code() != ErrorCode::Cancelled;
    let mut seeded = Vec::with_capacity(outcomes.len());
    for ((number, of_record), outcome) in numbers.into_iter().zip(of_records).zip(outcomes) {
        match outcome {
            Ok(outcome) => seeded.extend(of_record.then_some(outcome)),
            Err(error) if is_cause(&error) => {
                return Err(error.on_record(format!("line {number}")));
            }
            Err(_) => {}
        }
    }
    Ok(seeded)
}

/// The operation that makes the record of a line, at this place of the batch, and those that link it.
fn operations_of(workspace: &dyn Workspace, line: &str, place: usize) -> Result<Vec<Operation>> {
    let wrong = |why: String| {
        Error::new(ErrorCode::InvalidRequest, why).hint(
            "write {\"record_type\": \"user\", \"attributes\": {\"email\": \"owner@acme.com\"}}",
        )
    };
    let mut object = match read_json(line.as_bytes()) {
        Ok(Json::Object(object)) => object,
        Ok(other) => return Err(wrong(format!("not a JSON object: {}", excerpt(&other)))),
        Err(cause) => return Err(wrong(format!("not a JSON object: {cause}"))),
    };
    let relationships = match object.remove("relationships") {
        None | Some(Json::Null) => Map::new(),
        Some(Json::Object(relationships)) => relationships,
        Some(_) => return Err(wrong("expected relationships to be an object".to_owned())),
    };
    let (record_type, attributes) =
        match (object.remove("record_type"), object.remove("attributes"), object.keys().next()) {
            (Some(Json::String(name)), Some(Json::Object(attributes)), None) => (name, attributes),
            (_, _, Some(other)) => return Err(wrong(format!("a seed has no key {other:?}"))),
            _ => return Err(wrong("expected record_type and attributes".to_owned())),
        };
    let record_type = workspace.record_type(&record_type)?;
    let attributes = match record_type.api_name() == ACTIVITY {
        true => seeded(&record_type, attributes)?,
        false => attributes,
    };
    let matching = known_by(&record_type, &attributes)?;
    let attributes = Attributes::parse(&record_type, attributes, Write::Create, None)?;
    let kind = match matching {
        Some(matching) => OperationKind::Assert { matching, attributes },
        None => OperationKind::Create { attributes },
    };
    let mut operations = vec![Operation::new(Arc::clone(&record_type), kind)];
    for (name, targets) in relationships {
        let relationship = record_type.require_relationship(&name)?;
        let end = record_type.relationship(relationship);
        let Json::Array(targets) = targets else {
            return Err(wrong(format!("expected a list of what {name} leads to")));
        };
        for target in targets {
            let body = match target {
                Json::Object(body) => body,
                id => Map::from_iter([("related_record_id".to_owned(), id)]),
            };
            let edit = Box::new(EdgeEdit::seed(end, body)?);
            let kind = OperationKind::EditEdge { of: EdgeOf::Outcome(place), relationship, edit };
            operations.push(Operation::new(Arc::clone(&record_type), kind));
        }
    }
    Ok(operations)
}

/// The match by the first given value that no two records may share.
fn known_by(record_type: &RecordType, attributes: &Map<String, Json>) -> Result<Option<Match>> {
    let key = record_type.attributes().iter().find(|attribute| {
        let given = attributes.get(&attribute.api_name);
        attribute.is_never_shared() && given.is_some_and(|value| !value.is_null())
    });
    key.map(|key| {
        let value = attributes[&key.api_name].clone();
        let object = Map::from_iter([(key.api_name.clone(), value)]);
        Match::parse(record_type, object, None)
    })
    .transpose()
}
