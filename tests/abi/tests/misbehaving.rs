//! Connectors that break the contract while they run: each is contained, and the next read works.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use headwater::ErrorCode::{
    self, Cancelled, ConfigInvalid, ConnectorMisbehaved, ConnectorPanicked, Timeout,
};
use headwater::source::{Batch, Connector, Control, Payload, ReadRequest};
use headwater::{Error, Result};
use headwater_abi_tests::{build_rust, compile_c, repository};
use headwater_host::LoadedConnector;
use serde_json::json;

const PATIENCE: Duration = Duration::from_millis(300);

/// What the function `.0` does wrong is `.1`; the error has this code and says this.
type Case = (&'static str, &'static str, ErrorCode, &'static str);

/// Wrong in every function that returns a status.
const STATUS_CASES: &[(&str, ErrorCode, &str)] = &[
    ("without a reason", ConnectorMisbehaved, "returned 306 (source_unavailable) without a reason"),
    ("negative status", ConnectorMisbehaved, "returned -7 (unknown) without a reason"),
    ("failure and OK", ConnectorMisbehaved, "`fail`: source_data_invalid: page 3 is broken"),
    ("failure and done", ConnectorMisbehaved, "returned HEADWATER_DONE after it had called `fail`"),
    ("unknown code", ConnectorMisbehaved, "unknown code 9999: a code of my own"),
    ("message not UTF-8", ConfigInvalid, "caf\u{fffd}"),
    ("short failure", ConnectorMisbehaved, "failure has struct_size 8, expected 88"),
    ("NULL failure", ConnectorMisbehaved, "called `fail` without a failure"),
    ("hang", Timeout, "showed no sign of life for 0.3 s"),
];

const CASES: &[Case] = &[
    ("open", "done", ConnectorMisbehaved, "HEADWATER_DONE, which only `next` may return"),
    ("open", "NULL", ConnectorMisbehaved, "left *out_source NULL"),
    ("check", "done", ConnectorMisbehaved, "HEADWATER_DONE, which only `next` may return"),
    ("check", "name not UTF-8", ConnectorMisbehaved, "the name of stream 0 is not UTF-8"),
    ("check", "name NULL", ConnectorMisbehaved, "name of stream 0 is NULL with a length of 5"),
    ("check", "two names", ConnectorMisbehaved, "stream 1 is named `a`"),
    ("check", "short stream", ConnectorMisbehaved, "elements with struct_size 8"),
    ("check", "mixed sizes", ConnectorMisbehaved, "struct_size 8 in element 1"),
    ("check", "short field", ConnectorMisbehaved, "fields of stream `a` has elements with"),
    ("check", "NULL fields", ConnectorMisbehaved, "fields of stream `a` is NULL with a count"),
    ("check", "NULL streams", ConnectorMisbehaved, "array of streams is NULL with a count of 2"),
    ("check", "endless streams", ConnectorMisbehaved, "impossible count of 18446744073709551615"),
    ("read", "done", ConnectorMisbehaved, "HEADWATER_DONE, which only `next` may return"),
    ("read", "NULL", ConnectorMisbehaved, "left *out_stream NULL"),
    ("next", "nothing", ConnectorMisbehaved, "payload kind 0"),
    ("next", "arrow", ConnectorMisbehaved, "arrow_array is NULL or not aligned"),
    ("next", "more", ConnectorMisbehaved, "claims 3 rows and holds 2"),
    ("next", "fewer", ConnectorMisbehaved, "claims 1 rows and holds 2"),
    ("next", "endless", ConnectorMisbehaved, "claims 18446744073709551615 rows and holds 2"),
    ("next", "no newline", ConnectorMisbehaved, "line 2 of the batch's data does not end"),
    ("next", "empty line", ConnectorMisbehaved, "line 2 of the batch's data is empty"),
    ("next", "not UTF-8", ConnectorMisbehaved, "the batch's data is not UTF-8"),
    ("next", "NULL data", ConnectorMisbehaved, "data is NULL with a length of 9"),
    ("next", "big checkpoint", ConnectorMisbehaved, "65537 bytes, at most 65536 are allowed"),
    ("next", "NULL checkpoint", ConnectorMisbehaved, "checkpoint is NULL with a length of 9"),
    ("next", "no checkpoint", ConnectorMisbehaved, "checkpoint is empty, which is the beginning"),
    ("next", "no checkpoint for a bad row", ConnectorMisbehaved, "checkpoint is empty"),
    ("next", "no checkpoint after rows", ConnectorMisbehaved, "checkpoint is empty"),
    ("next", "crooked positions", ConnectorMisbehaved, "positions are not aligned"),
    ("next", "endless position", ConnectorMisbehaved, "position 18446744073709551615, expected"),
    ("next", "endless bad row", ConnectorMisbehaved, "position 18446744073709551615, expected"),
    ("next", "short bad row", ConnectorMisbehaved, "bad rows has elements with struct_size 8"),
    ("next", "NULL bad rows", ConnectorMisbehaved, "bad rows is NULL with a count of 1"),
];

fn broken() -> LoadedConnector {
    let folder = tempfile::tempdir().unwrap();
    let source = repository().join("tests/abi/broken/broken.c");
    let path = compile_c(&source, folder.path(), "broken.so", &[]);
    LoadedConnector::load(&path).unwrap().with_patience(PATIENCE)
}

/// Opens, checks, reads: the function that failed first and its error, or the batches.
fn drive(
    connector: &LoadedConnector,
    config: &str,
    control: &Control,
) -> std::result::Result<Vec<Batch>, (&'static str, Error)> {
    let at = |function: &'static str| move |error| (function, error);
    let mut source = connector.open(&json!({"case": config})).map_err(at("open"))?;
    source.check(control).map_err(at("check"))?;
    let request = ReadRequest { stream: "a".to_owned(), batch_rows: 10, ..Default::default() };
    let mut stream = source.read(control, &request).map_err(at("read"))?;
    let mut batches = Vec::new();
    loop {
        match stream.next(control) {
            Ok(Some(batch)) => batches.push(batch),
            Ok(None) => return Ok(batches),
            Err(error) => {
                let again = stream.next(control).unwrap_err();
                assert_eq!(again.code(), error.code(), "{config}");
                assert!(again.message().starts_with("the stream is dead"), "{again}");
                return Err(("next", error));
            }
        }
    }
}

fn assert_good(connector: &LoadedConnector, after: &str) {
    let batches = drive(connector, "good", &Control::default());
    let batches = batches.unwrap_or_else(|error| panic!("after {after}: {error:?}"));
    assert_eq!(batches.len(), 1, "after {after}");
    assert_eq!(batches[0].row_count, 2, "after {after}");
}

#[test]
fn each_breach_is_named_and_the_next_good_read_works() {
    let connector = broken();
    let functions = ["open", "check", "read", "next"];
    let in_every_function = functions.iter().flat_map(|function| {
        STATUS_CASES.iter().map(|&(what, code, message)| (*function, what, code, message))
    });
    for (function, what, code, message) in in_every_function.chain(CASES.iter().copied()) {
        let config = format!("{function} {what}");
        let start = Instant::now();
        let (failed, error) =
            drive(&connector, &config, &Control::default()).map(|_| ()).expect_err(&config);
        assert_eq!(failed, function, "{config}: {error:#}");
        assert_eq!(error.code(), code, "{config}: {error:#}");
        assert!(error.message().contains(message), "{config}: {error:#}");
        assert!(!error.remedy().is_empty(), "{config}");
        assert!(start.elapsed() < Duration::from_secs(5), "{config} took {:?}", start.elapsed());
        assert_good(&connector, &config);
    }
}

#[test]
fn what_is_legal_is_accepted() {
    let connector = broken();
    let read = |config: &str| drive(&connector, config, &Control::default());
    let batch = |config: &str| read(config).unwrap().swap_remove(0);
    assert_eq!(batch("next nothing at NULL").row_count, 0);
    assert_eq!(batch("next no checkpoint yet").row_count, 0);
    assert_eq!(batch("next largest checkpoint").checkpoint.as_bytes().len(), 65536);
    let good = batch("good");
    let Payload::JsonLines(rows) = good.payload else { panic!("{:?}", good.payload) };
    assert_eq!(rows, "{\"n\":1}\n{\"n\":2}\n");
    assert_eq!(good.bad_rows[0].raw, "\u{fffd}");
    assert_eq!(good.bad_rows[0].error.code(), ErrorCode::SourceDataInvalid);
    // A bad row's unknown code is that row's trouble alone.
    let error = &batch("next bad row of unknown code").bad_rows[0].error;
    assert_eq!(error.code(), ConnectorMisbehaved);
    // Alive, although it takes longer than the patience; and odd log calls do no harm.
    for function in ["check", "read", "next"] {
        assert!(read(&format!("{function} slow")).is_ok(), "{function}");
        assert!(read(&format!("{function} bad log")).is_ok(), "{function}");
    }
}

#[test]
fn a_cancel_ends_any_call_also_of_a_connector_that_ignores_it() {
    let connector = broken();
    for function in ["check", "read", "next"] {
        for what in ["deaf", "hang", "chatter"] {
            let config = format!("{function} {what}");
            let control = Control::default();
            let (took, error) = std::thread::scope(|scope| {
                let cancelled = scope.spawn(|| {
                    std::thread::sleep(Duration::from_millis(50));
                    control.cancel();
                    Instant::now()
                });
                let patient = connector.with_patience(Duration::from_secs(2));
                let outcome = drive(&patient, &config, &control);
                let ended = Instant::now();
                let took = ended.saturating_duration_since(cancelled.join().unwrap());
                (took, outcome.map(|_| ()).expect_err(&config).1)
            });
            assert_eq!(error.code(), Cancelled, "{config}: {error:#}");
            assert!(error.message().contains("did not stop"), "{config}: {error:#}");
            assert!(took < Duration::from_secs(5), "{config}: {took:?}");
        }
    }
    assert_good(&connector, "the cancels");
}

#[test]
fn a_free_that_hangs_does_not_hang_the_host() {
    let connector = broken();
    for config in ["close_stream hang", "close hang"] {
        let start = Instant::now();
        assert_eq!(drive(&connector, config, &Control::default()).unwrap().len(), 1);
        assert!(start.elapsed() < Duration::from_secs(3), "{config}: {:?}", start.elapsed());
        assert_good(&connector, config);
    }
}

#[test]
fn a_panic_in_any_function_is_contained() -> Result<()> {
    let path = build_rust("headwater-abi-broken-panics");
    let connector = LoadedConnector::load(&path)?.with_patience(PATIENCE);
    for function in ["open", "check", "read", "next"] {
        let (failed, error) =
            drive(&connector, function, &Control::default()).map(|_| ()).expect_err(function);
        assert_eq!((failed, error.code()), (function, ConnectorPanicked), "{error:#}");
        assert!(error.message().contains(&format!("boom in {function}")), "{error:#}");
        assert!(error.message().contains("src/lib.rs:"), "{error:#}");
        assert_eq!(drive(&connector, "none", &Control::default()).unwrap().len(), 1);
    }
    // What frees cannot fail; the next read has to work all the same.
    for function in ["close_stream", "close", "none"] {
        assert_eq!(drive(&connector, function, &Control::default()).unwrap().len(), 1);
    }
    // A source that has panicked is not entered again.
    let mut source = connector.open(&json!({"case": "check"}))?;
    for expected in ["the connector panicked", "the source is dead since an earlier call failed"] {
        let error = source.check(&Control::default()).unwrap_err();
        assert!(error.message().starts_with(expected), "{error:#}");
    }
    Ok(())
}
