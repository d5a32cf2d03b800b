//! Generated contacts: 8 columns, realistic skew, the same for a seed on every machine, written
//! without holding more than one of them.

mod permutation;
mod person;
mod phone;
mod random;
#[rustfmt::skip]
mod words;

use std::io::{self, Write};

use permutation::Permutation;
use person::{MOST_PEOPLE, People, Person};
use random::Random;

/// The columns of a file; each is an attribute of a contact, or a part of one.
pub const COLUMNS: [&str; 8] = [
    "first_name",
    "last_name",
    "primary_email",
    "title",
    "department",
    "primary_phone_number",
    "address.city",
    "linkedin_url",
];

/// What a file holds.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Decides everything.
    pub seed: u64,
    /// The contacts 0..people may be in it.
    pub people: u64,
    /// How many of those are in it, from anywhere among them.
    pub known: u64,
    /// How many others follow from `people` on.
    pub new: u64,
    /// How many in a million of the known ones have changed.
    pub changed_per_million: u64,
    /// Decides the order, and nothing else.
    pub order: u64,
}

/// What a file came to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// Its rows.
    pub rows: u64,
    /// Those of them that differ from the first file.
    pub changed: u64,
    /// Its size.
    pub bytes: u64,
}

/// Writes a CSV file.
///
/// # Errors
/// What writing gives, and `InvalidInput` where the plan asks for more than there can be.
pub fn write(plan: &Plan, out: &mut impl Write) -> io::Result<Written> {
    if plan.known > plan.people || plan.people + plan.new > MOST_PEOPLE {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("at most {MOST_PEOPLE} people, and the known ones are among them"),
        ));
    }
    let everyone = People::new(plan.seed);
    let order = Permutation::new(plan.known + plan.new, plan.order);
    let choice = Permutation::new(plan.people, plan.order.wrapping_add(1));
    let mut written = Written { rows: 0, changed: 0, bytes: 0 };
    let mut line = COLUMNS.join(",");
    line.push('\n');
    for place in 0..plan.known + plan.new {
        let index = order.of(place);
        let person = match index.checked_sub(plan.known) {
            Some(new) => everyone.person(plan.people + new),
            None => {
                let number = choice.of(index);
                let drawn = Random::of(plan.seed ^ 0x6368_616e_6765, number).below(1_000_000);
                if drawn < plan.changed_per_million {
                    written.changed += 1;
                    everyone.changed(number)
                } else {
                    everyone.person(number)
                }
            }
        };
        push(&person, &mut line);
        if line.len() > 1 << 16 {
            written.bytes += line.len() as u64;
            out.write_all(line.as_bytes())?;
            line.clear();
        }
        written.rows += 1;
    }
    written.bytes += line.len() as u64;
    out.write_all(line.as_bytes())?;
    out.flush()?;
    Ok(written)
}

fn push(person: &Person, line: &mut String) {
    let cells = [
        person.first_name,
        person.last_name,
        &person.email,
        person.title,
        person.department,
        &person.phone,
        person.city,
        &person.linkedin_url,
    ];
    for (column, cell) in cells.into_iter().enumerate() {
        if column > 0 {
            line.push(',');
        }
        if cell.contains([',', '"']) {
            line.push('"');
            line.push_str(&cell.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(cell);
        }
    }
    line.push('\n');
}

#[cfg(test)]
mod tests;
