//! What holds of every error that a user or a journal gets to see.

use headwater::{Error, ErrorCode};
use headwater_sdk::Failure;

/// A message is for a person, and kept with every refused row: the input is not repeated in it.
const MAX_MESSAGE_BYTES: usize = 2000;

/// Checks that an error says what is wrong and what to do, at a length that can be read.
pub(crate) fn good_error(error: &Error, codes: &[ErrorCode]) {
    assert!(codes.contains(&error.code()), "unexpected code: {error:#}");
    good_text(error.message(), error.remedy());
    for related in error.related() {
        good_text(related.message(), related.remedy());
    }
}

/// As [`good_error`], for what a connector written with the SDK says.
pub(crate) fn good_failure(failure: &Failure, codes: &[i32]) {
    assert!(codes.contains(&failure.code), "unexpected code: {failure:?}");
    // Without a hint of its own, the code's is shown.
    good_text(&failure.message, "the code's");
}

fn good_text(message: &str, hint: &str) {
    assert!(!message.trim().is_empty(), "an error without a message");
    assert!(!hint.trim().is_empty(), "an error without a hint: {message}");
    assert!(
        message.len() <= MAX_MESSAGE_BYTES && hint.len() <= MAX_MESSAGE_BYTES,
        "a message of {} and a hint of {} bytes: {}..",
        message.len(),
        hint.len(),
        message.chars().take(200).collect::<String>()
    );
}
