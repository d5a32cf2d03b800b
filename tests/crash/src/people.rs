//! Contacts to be synced: created, updated, unchanged and refused ones, the later rows changing
//! the earlier.

use std::fmt::Write;

use crate::random::Random;

/// The first line of the file.
pub const HEADER: &str = "mails,first,last,title,stage,phones,street,city,country,consent\n";

/// Generates a CSV file of `rows` rows. The same arguments give the same file.
///
/// About seven rows in ten are new people; the others come back to an earlier one, with other
/// values, with the same values, or with empty cells. Some rows are refused: by the connector,
/// by the mapping, by a value, or because their addresses belong to two people.
///
/// # Panics
/// Never: text is written to memory.
#[must_use]
pub fn csv(rows: usize, seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut text = String::with_capacity(rows * 100 + HEADER.len());
    text.push_str(HEADER);
    let mut people = 0;
    for row in 0..rows as u64 {
        let is_new = people == 0 || random.below(10) < 7;
        let person = if is_new { people } else { random.below(people) };
        people += u64::from(is_new);
        // Mostly the values are those of the person, so that coming back changes nothing.
        let edition = if random.is_one_in(2) { 0 } else { row };
        match random.below(30) {
            0 => refused(&mut text, &mut random, person, row),
            _ => taken(&mut text, &mut random, person, edition),
        }
    }
    text
}

fn taken(text: &mut String, random: &mut Random, person: u64, edition: u64) {
    let city = ["Aberdeen", "Łódź", "\"São Paulo, SP\"", "\"Two\nLines\""][(person % 4) as usize];
    let stage = ["new", "working", "", "qualified"][(edition % 4) as usize];
    // Few, because numbers are what takes longest to understand.
    let phone = match person % 10 {
        0 => format!("+4420794{:05}", person % 100_000),
        1 => format!("+4420794{:05};+1202555{:04}", person % 100_000, edition % 10_000),
        _ => String::new(),
    };
    // An empty cell leaves alone what an earlier row wrote.
    let title = if random.is_one_in(5) { String::new() } else { format!("T{edition}") };
    let consent = ["yes", "no", ""][(edition % 3) as usize];
    let last = if person.is_multiple_of(7) { "" } else { "O'Neil" };
    writeln!(
        text,
        "{},First{person},{last},{title},{stage},{phone},{} Main St,{city},GB,{consent}",
        mails(random, person),
        edition % 50,
    )
    .unwrap();
}

/// One or two addresses, in changing letters: the same to whoever compares addresses.
fn mails(random: &mut Random, person: u64) -> String {
    let domain = if random.is_one_in(4) { "X.Example" } else { "x.example" };
    match person % 3 {
        0 if random.is_one_in(2) => format!("p{person}@{domain};home{person}@y.example"),
        0 => format!("home{person}@y.example"),
        _ => format!("p{person}@{domain}"),
    }
}

fn refused(text: &mut String, random: &mut Random, person: u64, row: u64) {
    match random.below(5) {
        0 => writeln!(text, "nobody{row},F,L,T,new,,,,,"),
        1 => writeln!(text, ",F,L,no address {row},new,,,,,"),
        2 => writeln!(text, "p{person}@x.example,F,L,T{row},no such stage,,,,,"),
        3 => writeln!(text, "p{person}@x.example,F,L,T{row},new,,,,GB,yes,one cell too many"),
        // Ambiguous where both are known by then.
        _ => writeln!(text, "p{person}@x.example;p{}@x.example,F,L,T{row},new,,,,,", person / 2),
    }
    .unwrap();
}

/// The job of the file `people.csv` into the workspace `crm.db`.
#[must_use]
pub fn job(commit_rows: usize) -> String {
    format!(
        r#"default_region = "GB"
[source]
connector = "csv"
config = {{ path = "people.csv" }}
[target]
workspace = "crm.db"
commit_rows = {commit_rows}
[[streams]]
record_type = "contact"
match = "contact_emails"
[streams.attributes]
contact_emails = {{ column = "mails", split = ";" }}
first_name = "first"
last_name = "last"
title = "title"
stage = "stage"
contact_phone_numbers = {{ column = "phones", split = ";" }}
"address.street_one" = "street"
"address.city" = "city"
"address.country" = "country"
sms_consent = "consent"
"#
    )
}
