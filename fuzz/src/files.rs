//! Drives a file connector in this process and checks what holds of every one of them.

use std::borrow::Cow;
use std::path::PathBuf;

use headwater::source::{ArrowRows, NullMeans};
use headwater_abi::{
    HEADWATER_E_CHECKPOINT_INVALID, HEADWATER_E_CONFIG_INVALID, HEADWATER_E_SOURCE_DATA_INVALID,
    HEADWATER_E_SOURCE_UNAVAILABLE, HEADWATER_MAX_CHECKPOINT_BYTES,
};
use headwater_sdk::{Batch, Call, Connector, Failure, LogLevel, Request, Stream, StreamInfo};
use serde_json::{Map, Value as Json};

use crate::expect::good_failure;
use crate::scratch;

/// Checkpoints of one read that are resumed from, at most: each one reads the rest of the file.
const MAX_RESUMED: usize = 5;

/// A host that never cancels.
pub(crate) struct Quiet;

impl Call for Quiet {
    fn is_cancelled(&self) -> bool {
        false
    }

    fn log(&self, _level: LogLevel, _message: &str) {}
}

/// A file with these contents, named after the thread: targets run side by side in tests.
pub(crate) fn file(contents: &[u8], ending: &str) -> PathBuf {
    let thread = format!("{:?}", std::thread::current().id());
    let number: String = thread.chars().filter(char::is_ascii_digit).collect();
    let path = scratch::folder().join(format!("input{number}.{ending}"));
    std::fs::write(&path, contents).expect("a file can be written");
    path
}

/// Splits an input into the size of batches, a configuration and the contents of a file.
///
/// The first byte is the size of batches, the rest of the first line the configuration, JSON
/// without `path`; where it is not an object, there is none.
pub(crate) fn split(input: &[u8]) -> Option<(usize, Map<String, Json>, &[u8])> {
    let (first, rest) = input.split_first()?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let config = serde_json::from_slice(&rest[..end]).unwrap_or_default();
    Some((1 + usize::from(*first) % 8, config, &rest[end + 1..]))
}

/// One row as a connector gives it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Row {
    /// Its position and its JSON text.
    Good(u64, String),
    /// Its position, why it could not be read, and its bytes.
    Bad(u64, Failure, Vec<u8>),
}

impl Row {
    pub(crate) fn position(&self) -> u64 {
        match self {
            Self::Good(position, _) | Self::Bad(position, ..) => *position,
        }
    }

    /// Whether both are the same row, however its JSON is written.
    fn says_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Good(a, one), Self::Good(b, other)) => {
                let parse = |text| serde_json::from_str::<Json>(text).ok();
                a == b && (one == other || parse(one) == parse(other))
            }
            _ => self == other,
        }
    }
}

/// Everything that a read gave.
pub(crate) struct Read {
    pub(crate) info: StreamInfo,
    pub(crate) rows: Vec<Row>,
    /// What ended it before its end.
    pub(crate) failure: Option<Failure>,
}

/// Opens, checks and reads; `None` where that was refused, for a reason that makes sense.
///
/// Reads again in batches of another size and from its checkpoints, and compares.
pub(crate) fn read_in_full<C: Connector>(
    mut config: Map<String, Json>,
    path: &std::path::Path,
    batch_rows: usize,
) -> Option<Read> {
    config.insert("path".to_owned(), path.display().to_string().into());
    let config = Json::Object(config).to_string();
    let mut connector = C::open(&config)
        .inspect_err(|failure| good_failure(failure, &[HEADWATER_E_CONFIG_INVALID]))
        .ok()?;
    let refused = [
        HEADWATER_E_CONFIG_INVALID,
        HEADWATER_E_SOURCE_DATA_INVALID,
        HEADWATER_E_SOURCE_UNAVAILABLE,
    ];
    let mut infos =
        connector.check(&Quiet).inspect_err(|failure| good_failure(failure, &refused)).ok()?;
    let (Some(info), true) = (infos.pop(), infos.is_empty()) else {
        panic!("a file source has one stream")
    };
    let mut batches = Vec::new();
    let start = Request { batch_rows, ..request(&info.name, b"") };
    let failure = read_from(&mut connector, &start, &mut batches)
        .inspect_err(|failure| good_failure(failure, &refused))
        .err();
    let rows: Vec<Row> = batches.iter().flat_map(|(rows, _)| rows.iter().cloned()).collect();
    check_rows(&info, &rows);

    let mut at_once = Vec::new();
    let other = read_from(&mut connector, &request(&info.name, b""), &mut at_once).err();
    let once: Vec<Row> = at_once.into_iter().flat_map(|(rows, _)| rows).collect();
    assert_eq!((&once, &other), (&rows, &failure), "the size of batches changes the rows");

    let mut columns = Vec::new();
    let start = Request { accepts_arrow: true, ..start };
    let other = read_from(&mut connector, &start, &mut columns).err();
    assert_eq!(other, failure, "Arrow fails otherwise");
    let columns: Vec<Row> = columns.into_iter().flat_map(|(rows, _)| rows).collect();
    assert_eq!(columns.len(), rows.len(), "Arrow has other rows");
    for (arrow, lines) in columns.iter().zip(&rows) {
        assert!(arrow.says_same(lines), "as Arrow {arrow:?}, as lines {lines:?}");
    }

    let step = batches.len().div_ceil(MAX_RESUMED).max(1);
    let mut given = 0;
    for (index, (batch, checkpoint)) in batches.iter().enumerate() {
        given += batch.len();
        if index % step != 0 && index + 1 != batches.len() {
            continue;
        }
        let mut rest = Vec::new();
        let start = request(&info.name, checkpoint);
        let end = read_from(&mut connector, &start, &mut rest).err();
        let rest: Vec<Row> = rest.into_iter().flat_map(|(rows, _)| rows).collect();
        let shown = String::from_utf8_lossy(checkpoint);
        assert_eq!((&rest[..], &end), (&rows[given..], &failure), "resumed from {shown}");
    }
    Some(Read { info, rows, failure })
}

/// Asks for lines, in batches larger than most inputs.
fn request<'a>(stream: &'a str, checkpoint: &'a [u8]) -> Request<'a> {
    Request { stream, checkpoint, partition: "", batch_rows: 1000, accepts_arrow: false }
}

/// Reads from a checkpoint to the end; `batches` gets each batch's rows and checkpoint.
fn read_from<C: Connector>(
    connector: &mut C,
    request: &Request<'_>,
    batches: &mut Vec<(Vec<Row>, Vec<u8>)>,
) -> Result<(), Failure> {
    let mut stream = connector.read(&Quiet, request)?;
    let mut batch = Batch::default();
    loop {
        batch.clear();
        if !stream.next(&Quiet, &mut batch)? {
            assert!(batch.is_empty(), "the end of a stream has rows");
            return Ok(());
        }
        assert!(batch.len() <= request.batch_rows, "more rows than were asked for");
        assert!(!batch.checkpoint.is_empty() && !batch.is_empty());
        assert!(batch.checkpoint.len() <= HEADWATER_MAX_CHECKPOINT_BYTES);
        batches.push((rows_of(&batch), batch.checkpoint.clone()));
    }
}

/// The rows of a batch in the order of the source.
fn rows_of(batch: &Batch) -> Vec<Row> {
    assert!(batch.json_lines.is_empty() || batch.json_lines.ends_with('\n'));
    let mut lines: Vec<Cow<'_, str>> =
        batch.json_lines.split_terminator('\n').map(Cow::Borrowed).collect();
    if let Some(arrow) = &batch.arrow {
        assert!(lines.is_empty(), "a batch has lines and Arrow");
        let null_means = match arrow.null_means {
            headwater_sdk::NullMeans::Null => NullMeans::Null,
            headwater_sdk::NullMeans::Absent => NullMeans::Absent,
        };
        let rows = ArrowRows::new(arrow.rows.clone(), null_means).expect("rows that a host takes");
        lines.extend((0..rows.len()).map(|row| Cow::Owned(rows.json(row).to_string())));
    }
    assert_eq!(lines.len(), batch.positions.len(), "each row has one line and one position");
    let good = lines.iter().zip(&batch.positions);
    let mut rows: Vec<Row> =
        good.map(|(line, position)| Row::Good(*position, line.to_string())).collect();
    rows.extend(batch.bad_rows.iter().map(|bad| {
        good_failure(&bad.failure, &[HEADWATER_E_SOURCE_DATA_INVALID]);
        Row::Bad(bad.position, bad.failure.clone(), bad.raw.clone())
    }));
    // No two rows of these connectors stand in one place.
    rows.sort_by_key(Row::position);
    rows
}

fn check_rows(info: &StreamInfo, rows: &[Row]) {
    for pair in rows.windows(2) {
        assert!(pair[0].position() < pair[1].position(), "positions do not rise: {pair:?}");
    }
    for row in rows {
        let Row::Good(_, line) = row else { continue };
        let object: Map<String, Json> = match serde_json::from_str(line) {
            Ok(object) => object,
            // JSON all the same; who reads the column has to refuse it.
            Err(error) if is_too_large(&error) => continue,
            Err(error) => panic!("not an object: {error}: {line}"),
        };
        if info.fields_are_complete {
            for name in object.keys() {
                let is_known = info.fields.iter().any(|field| field.name == *name);
                assert!(is_known, "{name:?} is not one of the stream's fields");
            }
        }
    }
}

/// Whether the only thing wrong with a JSON text is a number that no float holds.
pub(crate) fn is_too_large(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("number out of range")
}

/// Reads from any checkpoint: it is refused, or the rows after it are given.
pub(crate) fn read_from_any<C: Connector>(
    mut config: Map<String, Json>,
    path: &std::path::Path,
    checkpoint: &[u8],
) {
    config.insert("path".to_owned(), path.display().to_string().into());
    let Ok(mut connector) = C::open(&Json::Object(config).to_string()) else { return };
    let mut batches = Vec::new();
    if let Err(failure) = read_from(&mut connector, &request("", checkpoint), &mut batches) {
        let codes = [
            HEADWATER_E_CHECKPOINT_INVALID,
            HEADWATER_E_SOURCE_DATA_INVALID,
            HEADWATER_E_SOURCE_UNAVAILABLE,
        ];
        good_failure(&failure, &codes);
    }
}
