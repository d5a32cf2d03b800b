//! A moving window on the text of one file: what has been read and not yet used, and where that stands.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use headwater_sdk::abi::HEADWATER_E_CHECKPOINT_INVALID;
use headwater_sdk::{Call, Failure};
use sha2::{Digest, Sha256};

use crate::checkpoint::{Checkpoint, START_OVER};
use crate::open::read_failure;

/// The largest row: 64 MiB. What is longer is no row, but a quote or a bracket that nobody closed.
pub const MAX_ROW_BYTES: usize = 64 << 20;

/// How much text before the position, and at the start of the file, a fingerprint covers twice.
const SPAN: usize = 4096;

const CHUNK: usize = 256 * 1024;

/// Where the bytes come from.
pub(crate) enum Source {
    /// A plain file, in which one can seek.
    File(File),
    /// Anything that can only be read from the start, and how it is compressed (may be empty).
    Stream(Box<dyn Read + Send>, &'static str),
}

impl Source {
    pub(crate) fn compression(&self) -> &'static str {
        match self {
            Self::File(_) => "",
            Self::Stream(_, label) => label,
        }
    }
}

impl Read for Source {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(target),
            Self::Stream(stream, _) => stream.read(target),
        }
    }
}

/// A window on the text of one file.
pub struct Window {
    path: PathBuf,
    source: Source,
    /// `buffer[..start]` is used and kept for the fingerprint, `buffer[start..end]` is unread.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The offset of `buffer[0]` in the text.
    base: u64,
    head: Vec<u8>,
    /// The checksum of the text up to `buffer[hashed]`.
    checksum: crc32fast::Hasher,
    hashed: usize,
    ended: bool,
    /// How long a plain file was when it was opened; it may have grown since.
    length: u64,
    /// Its length and when it was last changed; empty where one cannot seek.
    stamp: String,
}

impl Window {
    pub(crate) fn new(path: &Path, source: Source, first: &[u8]) -> Self {
        let (length, stamp) = match &source {
            Source::File(file) => stamp(file).unwrap_or_default(),
            Source::Stream(..) => Default::default(),
        };
        Self {
            path: path.to_owned(),
            source,
            buffer: first.to_vec(),
            start: 0,
            end: first.len(),
            base: 0,
            head: first.to_vec(),
            checksum: crc32fast::Hasher::new(),
            hashed: 0,
            ended: false,
            length,
            stamp,
        }
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text that has been read from the file and not been consumed.
    #[must_use]
    pub fn unread(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// The offset of the first unread byte in the text: after decompression and decoding, with the byte order mark of
    /// a UTF-8 file.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    /// Moves on over unread text.
    pub fn consume(&mut self, bytes: usize) {
        debug_assert!(bytes <= self.end - self.start);
        self.start += bytes;
    }

    /// Reads more text behind the unread text, which stays; returns `false` at the end of the file.
    ///
    /// # Errors
    /// `cancelled`; `source_unavailable` or `source_data_invalid` if the file cannot be read on or if the unread text
    /// has grown past the limit.
    pub fn fill(&mut self, call: &dyn Call) -> Result<bool, Failure> {
        if call.is_cancelled() {
            return Err(Failure::cancelled());
        }
        if self.ended {
            return Ok(false);
        }
        let unread = self.end - self.start;
        if unread >= MAX_ROW_BYTES {
            return Err(Failure::data(format!(
                "found a row longer than {} MiB",
                MAX_ROW_BYTES >> 20
            )));
        }
        let keep_from = self.start.saturating_sub(SPAN);
        // Doubling keeps the cost of a long row linear.
        let room = CHUNK.max(unread);
        if self.buffer.len() < self.end + room {
            self.checksum.update(&self.buffer[self.hashed..self.start]);
            self.buffer.copy_within(keep_from..self.end, 0);
            self.hashed = self.start - keep_from;
            self.base += keep_from as u64;
            self.start -= keep_from;
            self.end -= keep_from;
            if self.buffer.len() < self.end + room {
                self.buffer.resize(self.end + room, 0);
            }
        }
        let count = loop {
            match self.source.read(&mut self.buffer[self.end..self.end + room]) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(read_failure(&self.path, &self.source, &error)),
            }
        };
        if self.head.len() < SPAN {
            let missing = (SPAN - self.head.len()).min(count);
            self.head.extend_from_slice(&self.buffer[self.end..self.end + missing]);
        }
        self.end += count;
        self.ended = count == 0;
        let offset = self.base + self.end as u64;
        if self.ended && offset < self.length {
            // An end here would pass for the end of the source, a row cut in two for a short one.
            return Err(Failure::unavailable(format!(
                "`{}` was cut off at byte {offset} while it was read, it had {}",
                self.path.display(),
                self.length
            ))
            .at_field("path"));
        }
        Ok(!self.ended)
    }

    /// Reads on until at least `bytes` are unread; returns `false` if the file ends before.
    ///
    /// # Errors
    /// As [`Window::fill`].
    pub fn ensure(&mut self, call: &dyn Call, bytes: usize) -> Result<bool, Failure> {
        while self.unread().len() < bytes {
            if !self.fill(call)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A hash of the first 4 KiB of the text and of the 4 KiB before the offset, and a checksum of all text before it:
    /// an appended file keeps it, an edited or replaced one does not.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let offset = usize::try_from(self.offset()).unwrap_or(usize::MAX);
        let head = &self.head[..offset.min(self.head.len())];
        let tail = &self.buffer[self.start - self.start.min(SPAN)..self.start];
        let digest = Sha256::new().chain_update(head).chain_update(tail).finalize();
        let edges: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let mut checksum = self.checksum.clone();
        checksum.update(&self.buffer[self.hashed..self.start]);
        format!("{edges}{:08x}", checksum.finalize())
    }

    /// The length of a plain file and the time of its last change; empty for one that is decoded.
    #[must_use]
    pub fn stamp(&self) -> &str {
        &self.stamp
    }

    /// Moves forward to the place of a checkpoint, before which the text must be the same.
    ///
    /// A plain file that has the length and the time of the checkpoint's is trusted, and the text in between is not
    /// read again.
    ///
    /// # Errors
    /// `checkpoint_invalid` if the file does not fit; otherwise as [`Window::fill`].
    pub fn skip_to(&mut self, call: &dyn Call, checkpoint: &Checkpoint) -> Result<(), Failure> {
        let Checkpoint { fingerprint, .. } = checkpoint;
        let offset = checkpoint.place.byte;
        let is_untouched = !self.stamp.is_empty() && checkpoint.stamp == self.stamp;
        let mut trusted = None;
        // No further: what comes behind may be damaged, and is read when it is asked for.
        while (self.head.len() as u64) < offset.min(SPAN as u64) && self.fill(call)? {}
        if offset < self.offset() {
            return Err(self.changed("its first rows are not the same"));
        }
        let span_start = offset.saturating_sub(SPAN as u64);
        if let Source::File(file) = &self.source
            && is_untouched
            && span_start > self.base + self.end as u64
            && let Some(checksum) = checksum_of(fingerprint)
        {
            let unavailable = |error: io::Error| {
                Failure::unavailable(format!("cannot seek in `{}`: {error}", self.path.display()))
            };
            if file.metadata().map_err(unavailable)?.len() < offset {
                return Err(self.changed("it is shorter now"));
            }
            { file }.seek(SeekFrom::Start(span_start)).map_err(unavailable)?;
            self.base = span_start;
            self.start = 0;
            self.end = 0;
            self.hashed = 0;
            self.ended = false;
            trusted = Some(checksum);
        }
        while self.base + (self.end as u64) < offset {
            self.start = self.end;
            if !self.fill(call)? {
                return Err(self.changed("it is shorter now"));
            }
        }
        self.start = usize::try_from(offset - self.base).unwrap_or(self.end);
        if let Some(checksum) = trusted {
            self.checksum = crc32fast::Hasher::new_with_initial(checksum);
            self.hashed = self.start;
        }
        if self.fingerprint() != *fingerprint {
            return Err(self.changed("what was read before is not the same"));
        }
        Ok(())
    }

    /// The failure of a file that no longer fits its checkpoint.
    #[must_use]
    pub fn changed(&self, how: &str) -> Failure {
        Failure::new(
            HEADWATER_E_CHECKPOINT_INVALID,
            format!("`{}` has changed since the checkpoint: {how}", self.path.display()),
        )
        .hint(START_OVER)
    }
}

fn stamp(file: &File) -> Option<(u64, String)> {
    let metadata = file.metadata().ok()?;
    let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let stamp = modified.map(|time| format!("{} {}", metadata.len(), time.as_nanos()));
    Some((metadata.len(), stamp.unwrap_or_default()))
}

/// The checksum in a fingerprint.
fn checksum_of(fingerprint: &str) -> Option<u32> {
    u32::from_str_radix(fingerprint.get(16..)?, 16).ok()
}
