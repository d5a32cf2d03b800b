//! Opens one file: decompresses it, finds out its encoding, and gives a window on its text.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use encoding_rs::{Encoding, UTF_8};
use flate2::read::MultiGzDecoder;
use headwater_sdk::{Failure, Retry};

use crate::config::{Compression, FileConfig};
use crate::decode::Transcoder;
use crate::window::{Source, Window};

/// Opens a file as UTF-8 text.
///
/// A byte order mark decides the encoding, before what the configuration says, and is not part of the text.
///
/// # Errors
/// `source_unavailable` with the system's message; `source_data_invalid` if the compressed data are damaged, or if the
/// file is compressed and its name does not say so.
pub fn open(path: &Path, config: &FileConfig) -> Result<Window, Failure> {
    // Asked before it is opened: to open a pipe waits for whoever writes into it.
    let metadata = path.metadata().map_err(|error| cannot_read(path, &error))?;
    if metadata.is_dir() {
        return Err(Failure::config(
            "path",
            format!("found a directory at `{}`, expected a file", path.display()),
        ));
    }
    if !metadata.is_file() {
        // The file is read to find out its columns, read again for its rows, and once more to resume.
        return Err(Failure::config(
            "path",
            format!("found a pipe or a device at `{}`, expected a file", path.display()),
        )
        .hint("write it to a file first, and name that"));
    }
    let file = File::open(path).map_err(|error| cannot_read(path, &error))?;
    let mut source = match compression_of(path, config.compression) {
        Compression::Gzip => {
            Source::Stream(Box::new(MultiGzDecoder::new(BufReader::new(file))), "gzip")
        }
        Compression::Zstd => {
            let decoder = zstd::stream::read::Decoder::new(file)
                .map_err(|error| cannot_read(path, &error))?;
            Source::Stream(Box::new(decoder), "zstd")
        }
        _ => Source::File(file),
    };

    let mut first = [0; 4];
    let count =
        read_up_to(&mut source, &mut first).map_err(|error| read_failure(path, &source, &error))?;
    let first = &first[..count];
    if config.compression == Compression::Auto && source.compression().is_empty() {
        expect_text(path, first)?;
    }
    let mark = Encoding::for_bom(first);
    let encoding = mark.map(|(encoding, _)| encoding).or(config.encoding).unwrap_or(UTF_8);
    if encoding == UTF_8 {
        let mut window = Window::new(path, source, first);
        window.consume(mark.map_or(0, |(_, length)| length));
        return Ok(window);
    }
    let label = source.compression();
    let text = Transcoder::new(Cursor::new(first.to_vec()).chain(source), encoding);
    Ok(Window::new(path, Source::Stream(Box::new(text), label), &[]))
}

fn compression_of(path: &Path, configured: Compression) -> Compression {
    let ending = path.extension().map(OsStr::to_ascii_lowercase);
    match (configured, ending.as_ref().and_then(|ending| ending.to_str())) {
        (Compression::Auto, Some("gz")) => Compression::Gzip,
        (Compression::Auto, Some("zst")) => Compression::Zstd,
        (Compression::Auto, _) => Compression::None,
        (configured, _) => configured,
    }
}

/// Refuses what is known by its first bytes to be no text in any encoding.
fn expect_text(path: &Path, first: &[u8]) -> Result<(), Failure> {
    let (what, hint) = match first {
        [0x1F, 0x8B, ..] => ("gzip", "set `compression` to \"gzip\", or name the file with .gz"),
        [0x28, 0xB5, 0x2F, 0xFD] => {
            ("zstd", "set `compression` to \"zstd\", or name the file with .zst")
        }
        [b'P', b'K', 3, 4] => {
            ("zip", "take the file out of the archive, or save the spreadsheet as CSV")
        }
        _ => return Ok(()),
    };
    Err(Failure::data(format!("found {what} data in `{}`, expected text", path.display()))
        .at_field("path")
        .hint(hint))
}

fn read_up_to(source: &mut Source, target: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < target.len() {
        match source.read(&mut target[count..]) {
            Ok(0) => break,
            Ok(read) => count += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

fn cannot_read(path: &Path, error: &io::Error) -> Failure {
    let failure =
        Failure::unavailable(format!("cannot read `{}`: {error}", path.display())).at_field("path");
    match error.kind() {
        // Waiting brings back neither a file nor a permission.
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => {
            Failure { retry: Retry::Never, ..failure }
        }
        _ => failure,
    }
}

/// Tells damaged compressed data from a file that cannot be read.
pub(crate) fn read_failure(path: &Path, source: &Source, error: &io::Error) -> Failure {
    let damaged = matches!(
        error.kind(),
        io::ErrorKind::InvalidData
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::Other
    );
    match source.compression() {
        "" => cannot_read(path, error),
        label if damaged => {
            Failure::data(format!("`{}` is no complete {label} file: {error}", path.display()))
                .hint("set `compression` to what the file is, or fetch the file again")
        }
        _ => cannot_read(path, error),
    }
}
