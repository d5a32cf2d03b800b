//! Finds out the delimiter from the first row of a file.

/// In the order of preference when two occur equally often.
const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];

/// What stands in a text about the delimiter.
pub(crate) struct Detected {
    /// The candidate that stands most often outside quotes; a comma if none does.
    pub(crate) delimiter: u8,
    /// Whether the row ends in the text; if not, more of it may decide otherwise.
    pub(crate) saw_whole_row: bool,
}

/// Counts the candidates in the first row of `text`; with `trim` a quote may open after spaces.
pub(crate) fn detect(text: &[u8], quote: Option<u8>, trim: bool) -> Detected {
    let mut counts = [0_usize; CANDIDATES.len()];
    let mut in_quotes = false;
    // Only there can a quote open: inside a cell it is a character like any other (5" pipe).
    let mut at_cell_start = true;
    let mut saw_whole_row = false;
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if in_quotes {
            if Some(byte) == quote && bytes.next_if(|next| Some(*next) == quote).is_none() {
                in_quotes = false;
            }
        } else if Some(byte) == quote {
            in_quotes = at_cell_start;
            at_cell_start = false;
        } else if matches!(byte, b'\r' | b'\n') {
            saw_whole_row = true;
            break;
        } else {
            let candidate = CANDIDATES.iter().position(|&candidate| candidate == byte);
            at_cell_start = candidate.is_some() || (trim && byte == b' ' && at_cell_start);
            if let Some(index) = candidate {
                counts[index] += 1;
            }
        }
    }
    let mut best = 0;
    for index in 1..counts.len() {
        if counts[index] > counts[best] {
            best = index;
        }
    }
    Detected { delimiter: CANDIDATES[best], saw_whole_row }
}
