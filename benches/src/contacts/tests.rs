//! The generator is the same everywhere, and its contacts are what they are said to be.

use std::collections::{HashMap, HashSet};

use super::{Plan, Written, write};

const PLAN: Plan =
    Plan { seed: 1, people: 5000, known: 5000, new: 0, changed_per_million: 0, order: 1 };

fn file(plan: &Plan) -> (Written, String) {
    let mut bytes = Vec::new();
    let written = write(plan, &mut bytes).unwrap();
    assert_eq!(written.bytes, bytes.len() as u64);
    (written, String::from_utf8(bytes).unwrap())
}

fn email(line: &str) -> &str {
    line.split(',').nth(2).unwrap()
}

fn by_email(text: &str) -> HashMap<&str, &str> {
    text.lines().skip(1).map(|line| (email(line), line)).collect()
}

/// FNV-1a: any change of the contacts is a change of what was measured before, and must be meant.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[test]
fn a_seed_gives_the_same_bytes_on_every_machine() {
    let (_, text) = file(&PLAN);
    assert_eq!(
        fingerprint(&text),
        0xb6d_0b30_d2fb_f596,
        "the contacts are others: {:#x}",
        fingerprint(&text)
    );
    assert_ne!(file(&Plan { seed: 2, ..PLAN }).1, text);
}

#[test]
fn addresses_are_unique_and_in_no_order() {
    let (written, text) = file(&PLAN);
    let emails: Vec<String> = text.lines().skip(1).map(|line| email(line).to_lowercase()).collect();
    assert_eq!(written.rows, 5000);
    assert_eq!(emails.iter().collect::<HashSet<_>>().len(), 5000);
    let rising = emails.windows(2).filter(|pair| pair[0] < pair[1]).count();
    assert!((2000..3000).contains(&rising), "{rising} of 5000 rise");
}

#[test]
fn a_later_file_has_the_same_people_and_as_many_changes_as_it_says() {
    let (_, first) = file(&PLAN);
    let (written, later) = file(&Plan { changed_per_million: 100_000, order: 2, ..PLAN });
    let (first, later) = (by_email(&first), by_email(&later));
    assert_eq!(first.len(), later.len());
    let differing = first.iter().filter(|(email, line)| later[*email] != **line).count();
    assert_eq!(differing as u64, written.changed);
    assert!((400..600).contains(&differing), "{differing} of 5000");
}

#[test]
fn a_growing_file_is_half_known_and_half_new() {
    let (_, first) = file(&PLAN);
    let (written, batch) = file(&Plan { known: 500, new: 500, order: 3, ..PLAN });
    let first = by_email(&first);
    let known = by_email(&batch).into_iter().filter(|(email, line)| first.get(email) == Some(line));
    assert_eq!(known.count(), 500);
    assert_eq!(written, Written { rows: 1000, changed: 0, ..written });
}
