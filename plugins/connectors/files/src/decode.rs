//! Turns text of any encoding into UTF-8, and keeps what is not valid visible.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, Encoding};

/// Stands where the input was not valid. It occurs nowhere in UTF-8, so that the row it lies in cannot pass for valid.
pub(crate) const INVALID: u8 = 0xFF;

const INPUT_BYTES: usize = 64 * 1024;

/// Reads the UTF-8 form of text in another encoding; its byte order mark is left out.
pub(crate) struct Transcoder<R> {
    input: R,
    decoder: Decoder,
    raw: Vec<u8>,
    raw_from: usize,
    raw_end: usize,
    text: Vec<u8>,
    text_from: usize,
    text_end: usize,
    input_ended: bool,
    finished: bool,
}

impl<R: Read> Transcoder<R> {
    pub(crate) fn new(input: R, encoding: &'static Encoding) -> Self {
        Self {
            input,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; INPUT_BYTES],
            raw_from: 0,
            raw_end: 0,
            text: vec![0; INPUT_BYTES],
            text_from: 0,
            text_end: 0,
            input_ended: false,
            finished: false,
        }
    }

    fn decode_more(&mut self) -> io::Result<()> {
        if self.raw_from == self.raw_end && !self.input_ended {
            self.raw_end = self.input.read(&mut self.raw)?;
            self.raw_from = 0;
            self.input_ended = self.raw_end == 0;
        }
        // The last byte stays free for the mark.
        let room = self.text.len() - 1;
        let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(
            &self.raw[self.raw_from..self.raw_end],
            &mut self.text[..room],
            self.input_ended,
        );
        self.raw_from += read;
        self.text_from = 0;
        self.text_end = written;
        match result {
            DecoderResult::Malformed(..) => {
                self.text[written] = INVALID;
                self.text_end += 1;
            }
            DecoderResult::InputEmpty => self.finished = self.input_ended,
            DecoderResult::OutputFull => {}
        }
        Ok(())
    }
}

impl<R: Read> Read for Transcoder<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        while self.text_from == self.text_end && !self.finished {
            self.decode_more()?;
        }
        let count = target.len().min(self.text_end - self.text_from);
        target[..count].copy_from_slice(&self.text[self.text_from..self.text_from + count]);
        self.text_from += count;
        Ok(count)
    }
}
