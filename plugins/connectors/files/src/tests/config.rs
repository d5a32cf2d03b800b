//! Configuration keys, and the files that they name.

use std::fs;
use std::path::{Path, PathBuf};

use headwater_sdk::Request;
use headwater_sdk::abi::{HEADWATER_E_CONFIG_INVALID, HEADWATER_E_SOURCE_UNAVAILABLE};

use crate::{Checkpoint, FileConfig, Keys, Place, locate, open};

#[test]
fn unknown_keys_are_named_with_the_nearest_or_all() {
    let hint = |config: &str| Keys::parse(config, &["path", "compression"]).unwrap_err().hint;
    assert_eq!(hint(r#"{"Compresion":1}"#), "did you mean `compression`?");
    assert_eq!(hint(r#"{"pth":1}"#), "did you mean `path`?");
    assert_eq!(hint(r#"{"sheet":1}"#), "the keys are: path, compression");
    let failure = Keys::parse("[1]", &[]).unwrap_err();
    assert_eq!(failure.code, HEADWATER_E_CONFIG_INVALID);
}

#[test]
fn files_are_located_sorted_and_once() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    for name in ["b.csv", "a.csv", ".hidden.csv", "x[1].csv.gz"] {
        fs::write(at(name), "").unwrap();
    }
    fs::create_dir(at("dir.csv")).unwrap();
    let text = |name: &str| at(name).display().to_string();
    let found = locate(&[text("*.csv"), text("a.csv")]).unwrap();
    assert_eq!(found.files, [at("a.csv"), at("b.csv")]);
    assert_eq!(found.stream, "files");
    // A name that exists is no pattern.
    let found = locate(&[text("x[1].csv.gz")]).unwrap();
    assert_eq!((found.files.len(), found.stream.as_str()), (1, "x[1]"));

    let request = |stream, partition| Request {
        stream,
        checkpoint: b"",
        partition,
        batch_rows: 0,
        accepts_arrow: false,
    };
    assert!(found.expect(&request("", "")).is_ok());
    assert!(found.expect(&request("x[1]", "")).is_ok());
    assert_eq!(found.expect(&request("y", "")).unwrap_err().field, "stream");
    assert_eq!(found.expect(&request("", "1")).unwrap_err().field, "partition");

    assert_eq!(locate(&[text("*.json")]).unwrap_err().code, HEADWATER_E_SOURCE_UNAVAILABLE);
    assert_eq!(locate(&[text("dir.csv")]).unwrap_err().field, "path");
    assert_eq!(locate(&[text("a***")]).unwrap_err().field, "path");
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_is_refused_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("rows.csv");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Held open and filled, so that nothing would wait where it is opened.
    let mut held = fs::File::options().read(true).write(true).open(&pipe).unwrap();
    std::io::Write::write_all(&mut held, b"a,b\n1,2\n").unwrap();
    for path in [&*pipe, Path::new("/dev/null")] {
        let mut keys = Keys::parse(r#"{"path":"x"}"#, &["path"]).unwrap();
        let failure = open(path, &FileConfig::take(&mut keys).unwrap()).err().unwrap();
        assert_eq!((failure.code, failure.field.as_str()), (HEADWATER_E_CONFIG_INVALID, "path"));
    }
}

#[test]
fn a_checkpoint_is_written_and_read_the_same() {
    let files: Vec<PathBuf> = ["p/1.csv", "p/2.csv", "p/3.csv"].map(PathBuf::from).into();
    let place = Place { byte: 7, line: 2, unended: true, ..Place::default() };
    let (_directory, window) = super::text::window(b"text");
    let checkpoint = Checkpoint::new(&files, 1, place, &window);
    assert_eq!(Checkpoint::parse(&checkpoint.to_bytes()).unwrap().as_ref(), Some(&checkpoint));
    assert_eq!(Checkpoint::parse(b"").unwrap(), None);
    assert!(checkpoint.fits(&files).is_ok());
    // The directory may be another one, and files may come behind.
    assert!(checkpoint.fits(&["1.csv", "2.csv"].map(PathBuf::from)).is_ok());
    assert!(checkpoint.fits(&["0.csv", "2.csv"].map(PathBuf::from)).is_err());
    assert!(checkpoint.fits(&["2.csv"].map(PathBuf::from)).is_err());
    assert!(checkpoint.fits(&["1.csv", "3.csv"].map(PathBuf::from)).is_err());
}
