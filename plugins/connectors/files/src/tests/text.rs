//! Decoding, and the window on the text.

use std::io::{self, Read};

use encoding_rs::{Encoding, UTF_16LE};
use headwater_sdk::abi::{HEADWATER_E_CANCELLED, HEADWATER_E_CHECKPOINT_INVALID};

use super::Polls;
use crate::decode::{INVALID, Transcoder};
use crate::{Checkpoint, FileConfig, Keys, Place, Window, open};

/// Gives one byte at a time, so that every character is cut.
struct Bytewise<'a>(&'a [u8]);

impl Read for Bytewise<'_> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        self.0.read(&mut target[..1])
    }
}

fn decode(bytes: &[u8], encoding: &'static Encoding) -> Vec<u8> {
    let mut text = Vec::new();
    Transcoder::new(Bytewise(bytes), encoding).read_to_end(&mut text).unwrap();
    text
}

#[test]
fn characters_survive_being_cut_and_invalid_ones_are_marked() {
    let text = "a€😀\0ü".repeat(30_000);
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(decode(&bytes, UTF_16LE) == text.as_bytes());
    assert_eq!(decode(b"\xFF\xFEa\0", UTF_16LE), b"a");
    assert_eq!(decode(b"a\0\x00\xD8b\0c", UTF_16LE), [b'a', INVALID, b'b', INVALID]);
    let japanese = encoding_rs::SHIFT_JIS;
    assert_eq!(
        decode(b"a\x83\x5C\x81 \xFD", japanese),
        ["aソ".as_bytes(), &[INVALID], b" ", &[INVALID]].concat()
    );
    assert_eq!(decode(b"", UTF_16LE), b"");
}

pub(super) fn window(text: &[u8]) -> (tempfile::TempDir, Window) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("text");
    std::fs::write(&path, text).unwrap();
    let mut keys = Keys::parse(r#"{"path":"text"}"#, &["path"]).unwrap();
    let window = open(&path, &FileConfig::take(&mut keys).unwrap()).unwrap();
    (directory, window)
}

#[test]
fn every_offset_is_found_again_by_its_fingerprint() {
    let text: Vec<u8> =
        (0..700_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let call = Polls::without_end();
    for offset in [0, 1, 4095, 4096, 4097, 8192, 262_144, 262_145, 500_000, 700_000] {
        let (_directory, mut window) = window(&text);
        while window.offset() < offset as u64 {
            assert!(window.ensure(&call, 1).unwrap());
            window.consume(
                window
                    .unread()
                    .len()
                    .min(offset - usize::try_from(window.offset()).unwrap())
                    .min(1000),
            );
        }
        let place = |byte: usize| Place { byte: byte as u64, ..Place::default() };
        let checkpoint = |byte| Checkpoint::new(&[], 0, place(byte), &window);
        let print = window.fingerprint();
        let (_directory, mut again) = self::window(&text);
        again.skip_to(&call, &checkpoint(offset)).unwrap();
        assert_eq!((again.offset(), again.fingerprint()), (offset as u64, print.clone()));
        while again.fill(&call).unwrap() {}
        assert!(again.unread() == &text[offset..], "{offset}");

        let (_directory, mut other) = self::window(&text);
        let failure = other.skip_to(&call, &checkpoint(offset + 1)).unwrap_err();
        assert_eq!(failure.code, HEADWATER_E_CHECKPOINT_INVALID);
    }
}

#[test]
fn used_text_does_not_pile_up() {
    let (_directory, mut window) = window(&vec![b'x'; 20 << 20]);
    let call = Polls::without_end();
    let mut most = 0;
    while window.ensure(&call, 1).unwrap() {
        most = most.max(window.unread().len());
        window.consume(window.unread().len());
    }
    assert_eq!(window.offset(), 20 << 20);
    assert!(most < 1 << 20, "{most}");
}

#[test]
fn reading_on_obeys_a_cancellation() {
    let (_directory, mut window) = window(&vec![b'x'; 4 << 20]);
    let call = Polls(std::cell::Cell::new(3));
    let failure = window.ensure(&call, 4 << 20).unwrap_err();
    assert_eq!(failure.code, HEADWATER_E_CANCELLED);
}
