//! Syncs whose ledger is about something else by now: another organisation, records that are gone, or a
//! record that became another person's.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use headwater::remote;
use headwater_program_tests::{Desk, Finished, Served, executable, finish};
use serde_json::{Value as Json, json};

fn twin(desk: &Desk) -> Served {
    Served::start(desk, &["--no-auth", "--twin"])
}

/// A job for a file of one record type; `more` is its mode or match, and its attributes.
fn write_job(desk: &Desk, crm: &Served, (file, record_type): (&str, &str), more: &str) {
    let job = format!(
        r#"
[source]
connector = "csv"
config = {{ path = "{file}" }}
[target]
workspace = "{}"
ledger = "crm.ledger"
[[streams]]
record_type = "{record_type}"
{more}
"#,
        crm.base
    );
    desk.write("job.toml", job);
}

fn write_people_job(desk: &Desk, crm: &Served) {
    let attributes = "primary_email = \"mail\"\nfirst_name = \"first\"\ntitle = \"title\"";
    let more = format!("match = \"primary_email\"\n[streams.attributes]\n{attributes}");
    write_job(desk, crm, ("people.csv", "contact"), &more);
}

fn write_people(desk: &Desk, rows: &[[&str; 3]]) {
    let lines: String = rows.iter().map(|row| row.join(",") + "\n").collect();
    desk.write("people.csv", format!("mail,first,title\n{lines}"));
}

fn sync(desk: &Desk, more: &[&str]) -> Finished {
    desk.run(&[&["sync", "job.toml", "--format", "json"], more].concat())
}

fn is_done(desk: &Desk, more: &[&str]) -> Json {
    let finished = sync(desk, more);
    assert_eq!(finished.status, Some(0), "{finished:?}");
    finished.stream().clone()
}

/// Address, name and title of the contacts, in order.
fn people(crm: &Served) -> Vec<[String; 3]> {
    let (status, page) = crm.post("/contact/_query", &json!({"limit": 100}));
    assert_eq!(status, 200, "{page}");
    let text = |record: &Json, name: &str| {
        record["attributes"][name]["value"].as_str().unwrap_or_default().to_owned()
    };
    let of = |record| ["primary_email", "first_name", "title"].map(|name| text(record, name));
    let mut people: Vec<_> = page["data"].as_array().unwrap().iter().map(of).collect();
    people.sort();
    people
}

fn first_id(crm: &Served, record_type: &str) -> String {
    let (_, found) = crm.post(&format!("/{record_type}/_query"), &json!({}));
    found["data"][0]["id"].as_str().unwrap().to_owned()
}

/// Makes the ledger one of another organisation.
fn give_away(desk: &Desk) {
    let ledger = rusqlite::Connection::open(desk.path("crm.ledger")).unwrap();
    let other = "0191e4a0-0000-7000-8000-000000000001";
    let set = "UPDATE headwater_setting SET value = ?1 WHERE name = 'remote_organization'";
    assert_eq!(ledger.execute(set, [other]).unwrap(), 1);
}

fn count(desk: &Desk, what: &str) -> i64 {
    let ledger = rusqlite::Connection::open(desk.path("crm.ledger")).unwrap();
    let sql = format!("SELECT count(*) FROM {what}");
    ledger.query_row(&sql, [], |row| row.get(0)).unwrap()
}

fn is_refused(finished: &Finished) {
    assert_eq!(finished.status, Some(1), "{finished:?}");
    let errors = &finished.errors;
    assert!(errors.contains("config_invalid") && errors.contains("organisation"), "{finished:?}");
}

#[test]
fn a_record_that_became_another_persons_is_written_for_that_one_alone() {
    let desk = Desk::new();
    let crm = twin(&desk);
    write_people_job(&desk, &crm);
    let (anna, carl) = (["a@x.example", "Anna", "T1"], ["c@x.example", "Carl", "T2"]);
    write_people(&desk, &[anna]);
    is_done(&desk, &[]);
    let moved = json!({"attributes": {"contact_emails": ["c@x.example"]}}).to_string();
    let path = format!("/contact/{}", first_id(&crm, "contact"));
    assert_eq!(crm.send("PATCH", &path, moved.as_bytes()).0, 200);
    write_people(&desk, &[anna, carl]);
    // Anna is taken for unchanged, and Carl for new: he finds the record that was hers.
    is_done(&desk, &[]);
    assert_eq!(people(&crm), [carl]);
    // Now the record is known to be his.
    is_done(&desk, &[]);
    assert_eq!(people(&crm), [anna, carl]);
    assert_eq!(is_done(&desk, &[])["unchanged"], 2);
}

#[test]
fn a_verification_keeps_what_was_found_by_several_addresses() {
    let desk = Desk::new();
    let crm = twin(&desk);
    let split = "contact_emails = { column = \"mails\", split = \";\" }\ntitle = \"title\"";
    let more = format!("match = \"contact_emails\"\n[streams.attributes]\n{split}");
    write_job(&desk, &crm, ("people.csv", "contact"), &more);
    desk.write("people.csv", "mails,title\nb@x.example;a@x.example,T1\nc@x.example,T2\n");
    assert_eq!(is_done(&desk, &[])["created"], 2);
    assert_eq!(is_done(&desk, &["--verify"])["unchanged"], 2);
}

#[test]
fn another_organisation_is_known_before_a_record_of_a_new_type_is_made_there() {
    let desk = Desk::new();
    let crm = twin(&desk);
    write_people_job(&desk, &crm);
    write_people(&desk, &[["a@x.example", "Anna", "T1"]]);
    is_done(&desk, &[]);
    give_away(&desk);
    let creates = "mode = \"create\"\n[streams.attributes]\nname = \"name\"";
    write_job(&desk, &crm, ("companies.csv", "account"), creates);
    let lines: String = (0..300).map(|row| format!("Company {row}\n")).collect();
    desk.write("companies.csv", format!("name\n{lines}"));
    is_refused(&sync(&desk, &[]));
    let (_, found) = crm.post("/account/_query", &json!({"limit": 100}));
    assert_eq!(found["data"], json!([]));
    // One in which nothing is that could tell: as soon as there is.
    assert_eq!(crm.local("POST", "/reset", &Json::Null).0, 200);
    is_refused(&sync(&desk, &[]));
    let (_, found) = crm.post("/account/_query", &json!({"limit": 100}));
    let made = found["data"].as_array().unwrap().len();
    assert!((1..=32).contains(&made), "{made} were made");
}

#[test]
fn a_verification_of_another_organisation_forgets_nothing() {
    let desk = Desk::new();
    let crm = twin(&desk);
    write_people_job(&desk, &crm);
    write_people(&desk, &[["a@x.example", "Anna", "T1"]]);
    is_done(&desk, &[]);
    give_away(&desk);
    // Its records are others, or those of another type.
    assert_eq!(crm.local("POST", "/reset", &Json::Null).0, 200);
    let others = [("contact", json!({"first_name": "Z"})), ("account", json!({"name": "Z"}))];
    for (record_type, attributes) in others {
        let made = crm.post(&format!("/{record_type}"), &json!({ "attributes": attributes }));
        assert_eq!(made.0, 201, "{made:?}");
        is_refused(&sync(&desk, &["--verify"]));
        assert_eq!(count(&desk, "headwater_ledger_record"), 1, "{record_type}");
    }
}

#[test]
fn what_is_forgotten_is_found_by_no_key_any_more() {
    let desk = Desk::new();
    let crm = twin(&desk);
    write_people_job(&desk, &crm);
    let lost = "headwater_ledger_key WHERE record NOT IN (SELECT id FROM headwater_ledger_record)";
    write_people(&desk, &[["a@x.example", "Anna", "T1"]]);
    is_done(&desk, &[]);
    let path = format!("/contact/{}", first_id(&crm, "contact"));
    assert_eq!(crm.send("DELETE", &path, b"").0, 204);
    write_people(&desk, &[["b@x.example", "Bob", "T1"]]);
    is_done(&desk, &["--verify"]);
    assert_eq!((count(&desk, "headwater_ledger_key"), count(&desk, lost)), (1, 0));
    assert_eq!(crm.local("POST", "/reset", &Json::Null).0, 200);
    write_people(&desk, &[["c@x.example", "Carl", "T1"]]);
    is_done(&desk, &[]);
    assert_eq!((count(&desk, "headwater_ledger_key"), count(&desk, lost)), (1, 0));
}

#[test]
fn refused_rows_are_found_in_the_ledger_that_the_report_names() {
    let desk = Desk::new();
    let crm = twin(&desk);
    std::fs::create_dir(desk.path("a job")).unwrap();
    desk.write("a job/people.csv", "mail\nnobody\n");
    let job = format!(
        "[source]\nconnector = \"csv\"\nconfig = {{ path = \"people.csv\" }}\n\
         [target]\nworkspace = \"{}\"\n\
         [[streams]]\nrecord_type = \"contact\"\nmatch = \"primary_email\"\n\
         [streams.attributes]\nprimary_email = \"mail\"\n",
        crm.base
    );
    desk.write("a job/job.toml", job);
    let finished = desk.run(&["sync", "a job/job.toml"]);
    assert_eq!(finished.status, Some(2), "{finished:?}");
    let ledger = desk.path("a job").join(remote::ledger_name(&crm.base).unwrap());
    // The command that it names is one for a shell, blanks in paths or not.
    let (_, shown) = finished.output.split_once("see them with: headwater ").unwrap();
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("\"$0\" {shown}")).arg(executable()).current_dir(desk.folder());
    let shown = finish(command);
    assert!(shown.output.contains("field_value_invalid"), "{shown:?}");
    let rejects =
        |workspace: &str| desk.run(&["rejects", "--workspace", workspace, "--format", "jsonl"]);
    assert!(rejects(ledger.to_str().unwrap()).output.contains("field_value_invalid"));
    // By its address it is looked for in the present folder, and not made there.
    for command in ["rejects", "runs"] {
        let finished = desk.run(&[command, "--workspace", &crm.base]);
        assert_eq!(finished.status, Some(1), "{finished:?}");
        assert!(finished.errors.contains("ledger"), "{finished:?}");
    }
    let here = desk.path(ledger.file_name().unwrap().to_str().unwrap());
    assert!(!here.exists());
    std::fs::copy(&ledger, &here).unwrap();
    assert!(rejects(&crm.base).output.contains("field_value_invalid"));
}

#[test]
fn a_workspace_is_no_ledger() {
    let desk = Desk::new();
    let crm = twin(&desk);
    write_people_job(&desk, &crm);
    write_people(&desk, &[["a@x.example", "Anna", "T1"]]);
    desk.write("schema.toml", "");
    let made = desk.run(&["schema", "apply", "schema.toml", "--workspace", "crm.ledger"]);
    assert_eq!(made.status, Some(0), "{made:?}");
    let finished = sync(&desk, &[]);
    assert_eq!(finished.status, Some(1), "{finished:?}");
    assert!(finished.errors.contains("is a workspace, and no ledger"), "{finished:?}");
    assert_eq!(people(&crm), Vec::<[String; 3]>::new());
    let job = std::fs::read_to_string(desk.path("job.toml")).unwrap();
    desk.write("job.toml", job.replace("\"crm.ledger\"", "\"\""));
    let finished = sync(&desk, &[]);
    assert!(finished.errors.contains("the ledger has no path"), "{finished:?}");
}

#[test]
fn a_dry_run_tells_its_result_on_stdout_and_leaves_no_ledger() {
    let desk = Desk::new();
    let crm = twin(&desk);
    write_people_job(&desk, &crm);
    let good = ["a@x.example", "Anna", "T1"];
    write_people(&desk, &[good, ["nobody", "Bob", "T2"]]);
    let dry = desk.run(&["sync", "job.toml", "--dry-run"]);
    assert_eq!(dry.status, Some(2), "{dry:?}");
    assert!(dry.output.starts_with("estimate: 2 rows, 0 unchanged, 1 refused"), "{dry:?}");
    write_people(&desk, &[good]);
    assert_eq!(sync(&desk, &["--dry-run"]).status, Some(0));
    assert!(!desk.path("crm.ledger").exists());
    assert_eq!(people(&crm), Vec::<[String; 3]>::new());
    is_done(&desk, &[]);
    let dry = desk.run(&["sync", "job.toml", "--dry-run"]);
    assert!(dry.output.starts_with("estimate: 1 rows, 1 unchanged"), "{dry:?}");
}
