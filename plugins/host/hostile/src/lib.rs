//! The connector ABI's inputs: whatever a connector lends is copied in full or refused.
//!
//! The memory that is lent really is there, each piece in an allocation of its own, so that a read
//! beyond it is noticed; what stands in it, and the lengths, sizes and counts that can be checked,
//! are the input's.

mod arrow;
mod lent;
mod table;

use std::panic::{set_hook, take_hook};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, Once, PoisonError};

use arbitrary::{Result as Chosen, Unstructured};
use headwater::source::{ArrowRows, Batch, Connector, Control, Payload, ReadRequest};
use headwater::{Error, ErrorCode};
use headwater_abi::{
    HEADWATER_DONE, HEADWATER_MAX_CHECKPOINT_BYTES, HEADWATER_OK, HEADWATER_PAYLOAD_ARROW,
    HEADWATER_PAYLOAD_JSON_LINES, headwater_batch, headwater_discovery,
};
use headwater_host::LoadedConnector;
use serde_json::json;

use crate::arrow::{LIVE, Type};
use crate::lent::Lent;
use crate::table::{Call, SCRIPT, Script, table};

/// Checks one input.
pub fn run(input: &[u8]) {
    // The functions of the table share one script.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    contain_panics_of_the_importer();
    let mut choices = Unstructured::new(input);
    let mut lent = Lent::default();
    // Where the input ends early, there is nothing to check.
    let _ = drive(&mut choices, &mut lent);
    // Only now may the memory go: every source is closed.
    *SCRIPT.lock().unwrap_or_else(PoisonError::into_inner) = None;
    lent.take_back();
    assert_eq!(LIVE.load(Ordering::SeqCst), 0, "what was moved out is not released");
}

/// arrow's importer panics on some mistakes, which the host knows and catches; libFuzzer would end
/// at any panic. One that is not caught ends the connector's thread, which is noticed.
fn contain_panics_of_the_importer() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = take_hook();
        set_hook(Box::new(move |info| {
            let is_in_arrow = info.location().is_some_and(|at| at.file().contains("/arrow-"));
            let thread = std::thread::current();
            let is_host = thread.name().is_some_and(|name| name.starts_with("connector"));
            if !(is_in_arrow && is_host) {
                previous(info);
            }
        }));
    });
}

/// What a batch should be if the host takes it.
struct Expected {
    data: Vec<u8>,
    positions: Vec<u64>,
    bad_rows: usize,
    checkpoint: Vec<u8>,
    record_count: u64,
}

fn drive(choices: &mut Unstructured<'_>, lent: &mut Lent) -> Chosen<()> {
    let mut connector_table = table();
    break_table(choices, &mut connector_table)?;
    let describe = (call(choices, lent)?, describe(choices, lent)?);
    let open = call(choices, lent)?;
    let check = (call(choices, lent)?, discovery(choices, lent)?);
    let read = call(choices, lent)?;
    // Every Arrow batch of a read has one schema, more or less.
    let rows = Type::of_rows(choices)?;
    let mut batches = Vec::new();
    let mut expected = Vec::new();
    for _ in 0..choices.int_in_range(0..=3)? {
        let played = call(choices, lent)?;
        let (batch, expectation) = match choices.ratio(1, 2)? {
            true => arrow_batch(choices, lent, &rows)?,
            false => batch(choices, lent)?,
        };
        batches.push((played, batch));
        expected.push(expectation);
    }
    let script = Script { describe, open, check, read, batches, next: 0 };
    *SCRIPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(script);
    // SAFETY: the table is a whole one, or says at its start that it is not.
    if let Err(error) = unsafe { play(&raw const connector_table, &expected) } {
        check_error(&error);
    }
    Ok(())
}

/// # Safety
/// As [`LoadedConnector::from_table`].
unsafe fn play(
    table: *const headwater_abi::headwater_connector,
    expected: &[Expected],
) -> headwater::Result<()> {
    // SAFETY: the caller's promise.
    let connector = unsafe { LoadedConnector::from_table(table) }?;
    let description = connector.description();
    assert!(!description.name.is_empty() && description.config_schema.is_object());
    let control = Control::new(|_, _| {});
    let mut source = connector.open(&json!({ "a": 1 }))?;
    match source.check(&control) {
        Ok(streams) => {
            for (index, stream) in streams.iter().enumerate() {
                let is_new = streams[..index].iter().all(|other| other.name != stream.name);
                assert!(is_new && !stream.name.is_empty(), "streams need names of their own");
            }
        }
        Err(error) => check_error(&error),
    }
    let request = ReadRequest { batch_rows: 10, ..ReadRequest::default() };
    let mut stream = source.read(&control, &request)?;
    for expected in expected {
        match stream.next(&control) {
            Ok(Some(batch)) => check_batch(&batch, expected),
            Ok(None) => {
                assert!(matches!(stream.next(&control), Ok(None)), "an end is the end");
                break;
            }
            Err(error) => {
                let again = stream.next(&control).expect_err("a stream that failed is dead");
                assert_eq!(again.code(), error.code());
                return Err(error);
            }
        }
    }
    Ok(())
}

fn check_error(error: &Error) {
    assert!(!error.message().is_empty() && !error.remedy().is_empty(), "{error:?}");
    assert!(!error.message().contains("thread ended"), "{error:#}");
    assert!(!matches!(error.code(), ErrorCode::ConnectorNotFound), "{error:#}");
}

/// A batch that was taken is what was lent.
fn check_batch(batch: &Batch, expected: &Expected) {
    match &batch.payload {
        Payload::JsonLines(lines) => {
            assert_eq!(lines.as_bytes(), expected.data);
            assert_eq!(lines.lines().count(), batch.row_count);
        }
        Payload::Arrow(rows) => {
            assert_eq!(rows.len(), batch.row_count);
            read_columns(rows);
        }
    }
    assert_eq!(batch.row_count as u64, expected.record_count);
    assert!(batch.positions.is_empty() || batch.positions.len() == batch.row_count);
    assert!(expected.positions.starts_with(&batch.positions));
    assert_eq!(batch.bad_rows.len(), expected.bad_rows);
    assert_eq!(batch.checkpoint.as_bytes(), expected.checkpoint);
    assert!(expected.checkpoint.len() <= HEADWATER_MAX_CHECKPOINT_BYTES);
}

/// Reads every cell of an Arrow batch that was taken, alone and with its row.
fn read_columns(rows: &ArrowRows) {
    for index in 0..rows.names().count() {
        match rows.column(index) {
            Ok(column) => {
                for row in 0..rows.len() {
                    if let Err(error) = column.cell(row) {
                        assert_eq!(error.code(), ErrorCode::FieldValueInvalid);
                    }
                }
            }
            Err(error) => assert_eq!(error.code(), ErrorCode::SourceDataInvalid),
        }
    }
    for row in 0..rows.len() {
        assert!(rows.json(row).is_object());
    }
    // It must not panic; columns of nulls alone have no buffers, and take nothing.
    let _ = rows.bytes();
}

/// Whether to do what is rare: one time in eight.
fn rarely(choices: &mut Unstructured<'_>) -> Chosen<bool> {
    choices.ratio(1, 8)
}

fn break_table(
    choices: &mut Unstructured<'_>,
    table: &mut headwater_abi::headwater_connector,
) -> Chosen<()> {
    match choices.arbitrary::<u8>()? {
        250 => table.struct_size = choices.int_in_range(0..=size_of_val(table))?,
        251 => table.abi_major = choices.arbitrary()?,
        252 => table.abi_minor = choices.arbitrary()?,
        253 => table.check = None,
        254 => table.next = None,
        255 => table.close = None,
        _ => {}
    }
    Ok(())
}

fn call(choices: &mut Unstructured<'_>, lent: &mut Lent) -> Chosen<Call> {
    if !rarely(choices)? {
        return Ok(Call::default());
    }
    let mut call = Call {
        status: *choices.choose(&[HEADWATER_OK, HEADWATER_DONE, 202, 306, 308, 501, 502, 9999])?,
        leaves_null: rarely(choices)?,
        ..Call::default()
    };
    if rarely(choices)? {
        call.status = choices.arbitrary()?;
    }
    for _ in 0..choices.int_in_range(0..=2)? {
        call.failures.push(lent.failure(choices)?);
    }
    for _ in 0..choices.int_in_range(0..=2)? {
        call.logs.push((choices.arbitrary()?, lent.text(choices)?));
    }
    Ok(call)
}

fn describe(
    choices: &mut Unstructured<'_>,
    lent: &mut Lent,
) -> Chosen<[headwater_abi::headwater_str; 3]> {
    if rarely(choices)? {
        return Ok([lent.text(choices)?, lent.text(choices)?, lent.text(choices)?]);
    }
    Ok([lent.bytes(b"fuzz".to_vec()), lent.bytes(b"1.0.0".to_vec()), lent.bytes(b"{}".to_vec())])
}

fn discovery(choices: &mut Unstructured<'_>, lent: &mut Lent) -> Chosen<headwater_discovery> {
    let mut streams = Vec::new();
    for _ in 0..choices.int_in_range(0..=2)? {
        streams.push(lent.stream(choices)?);
    }
    let (streams, stream_count) = lent.array(choices, &streams)?;
    let struct_size = size_of::<headwater_discovery>();
    Ok(headwater_discovery { struct_size, streams, stream_count })
}

fn batch(choices: &mut Unstructured<'_>, lent: &mut Lent) -> Chosen<(headwater_batch, Expected)> {
    let data = match rarely(choices)? {
        true => lent.arbitrary_bytes(choices)?,
        false => {
            let rows = choices.int_in_range(0..=3)?;
            let mut lines = Vec::new();
            for _ in 0..rows {
                lines.extend(lent.arbitrary_bytes(choices)?);
                lines.push(b'\n');
            }
            lines
        }
    };
    let count = data.iter().filter(|byte| **byte == b'\n').count();
    let positions: Vec<u64> = (0..count).map(|_| choices.arbitrary()).collect::<Chosen<_>>()?;
    let mut bad_rows = Vec::new();
    for _ in 0..choices.int_in_range(0..=2)? {
        bad_rows.push(lent.bad_row(choices)?);
    }
    let checkpoint = match choices.ratio(1, 64)? {
        true => vec![b'c'; choices.int_in_range(65_530..=65_540)?],
        false => lent.arbitrary_bytes(choices)?,
    };
    let record_count = if rarely(choices)? { choices.arbitrary()? } else { count as u64 };
    let (bad, bad_row_count) = lent.array(choices, &bad_rows)?;
    let batch = headwater_batch {
        struct_size: if rarely(choices)? { 0 } else { size_of::<headwater_batch>() },
        payload_kind: match rarely(choices)? {
            true => choices.int_in_range(-1..=3)?,
            false => HEADWATER_PAYLOAD_JSON_LINES,
        },
        null_means: choices.int_in_range(0..=3)?,
        data: if rarely(choices)? { lent.text(choices)? } else { lent.bytes(data.clone()) },
        arrow_array: std::ptr::null_mut(),
        arrow_schema: std::ptr::null_mut(),
        record_count,
        positions: lent.positions(choices, &positions)?,
        bad_rows: bad,
        bad_row_count,
        checkpoint: lent.bytes(checkpoint.clone()),
        part: lent.text(choices)?,
    };
    let data = lent.seen(batch.data).map_or(data, <[u8]>::to_vec);
    // As many as are lent: fewer than there are is a count like any other.
    let bad_rows = bad_row_count;
    Ok((batch, Expected { data, positions, bad_rows, checkpoint, record_count }))
}

fn arrow_batch(
    choices: &mut Unstructured<'_>,
    lent: &mut Lent,
    rows: &Type,
) -> Chosen<(headwater_batch, Expected)> {
    let (mut batch, mut expected) = batch(choices, lent)?;
    let count = choices.int_in_range(0..=5)?;
    let other = Type::of_rows(choices)?;
    let rows = if rarely(choices)? { &other } else { rows };
    (batch.arrow_array, batch.arrow_schema) = lent.tree(choices, rows, count)?;
    batch.payload_kind = match rarely(choices)? {
        true => choices.int_in_range(-1..=3)?,
        false => HEADWATER_PAYLOAD_ARROW,
    };
    if batch.payload_kind == HEADWATER_PAYLOAD_ARROW {
        batch.record_count = if rarely(choices)? { choices.arbitrary()? } else { count as u64 };
        // As many as an array of ours can be long.
        expected.positions = (0..16).collect();
        batch.positions = lent.positions(choices, &expected.positions)?;
        expected.record_count = batch.record_count;
        batch.null_means = choices.int_in_range(1..=2)?;
    }
    Ok((batch, expected))
}
