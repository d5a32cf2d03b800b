//! Job files: what they can say, and how their mistakes are told.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use headwater_program_tests::{Desk, finish};
use serde_json::json;

const ROWS: &str = r#"{"mail": "a@b.example", "name": {"first": "Ann"}, "tags": "x; y ;", "city": "Rome", "n": null}
{"mail": "c@d.example", "name": {"first": "Carl"}, "city": null, "n": 1}
"#;

fn job(stream: &str) -> String {
    format!(
        "[source]\nconnector = \"json\"\nconfig = {{ path = \"rows.jsonl\" }}\n\
         [target]\nworkspace = \"crm.db\"\n[[streams]]\n{stream}"
    )
}

const GOOD: &str = r#"record_type = "contact"
match = "primary_email"
[streams.attributes]
primary_email = "mail"
first_name = { expression = "row.name.first | upper" }
title = { value = "Friend" }
sms_consent = true
department = { column = "tags", default = "none", optional = true }
"address.city" = "city"
"address.country" = { value = "Italy" }
"#;

fn sync(desk: &Desk) -> headwater_program_tests::Finished {
    desk.run(&["sync", "job.toml", "--format", "json"])
}

#[test]
fn columns_constants_expressions_defaults_and_parts_reach_their_attributes() {
    let desk = Desk::new();
    desk.write("rows.jsonl", ROWS);
    desk.write("job.toml", job(GOOD));
    let finished = sync(&desk);
    assert_eq!(finished.status, Some(0), "{finished:?}");
    assert_eq!(finished.stream()["unused_columns"], json!(["n"]));
    let found =
        desk.run(&["record", "query", "contact", "--workspace=crm.db", "--sort=primary_email"]);
    let records = found.json()["data"].clone();
    let value = |index: usize, name: &str| records[index]["attributes"][name]["value"].clone();
    assert_eq!(value(0, "first_name"), "ANN");
    assert_eq!(value(0, "title"), "Friend");
    assert_eq!(value(0, "sms_consent"), true);
    assert_eq!(value(0, "department"), "x; y ;");
    assert_eq!(value(0, "address")["city"], "Rome");
    assert_eq!(value(1, "department"), "none");
    assert_eq!(value(1, "address")["city"], json!(null));
    assert_eq!(value(1, "address")["country"], "Italy");
}

#[test]
fn null_clears_or_keeps_as_the_job_says() {
    for (policy, expected) in [("clear", json!(null)), ("keep", json!("CEO"))] {
        let desk = Desk::new();
        let stream = format!(
            "record_type = \"contact\"\nmatch = \"primary_email\"\nnull = \"{policy}\"\n\
             [streams.attributes]\nprimary_email = \"mail\"\ntitle = \"title\"\n"
        );
        desk.write("job.toml", job(&stream));
        desk.write("rows.jsonl", "{\"mail\": \"a@b.example\", \"title\": \"CEO\"}\n");
        assert_eq!(sync(&desk).stream()["created"], 1);
        desk.write("rows.jsonl", "{\"mail\": \"a@b.example\", \"title\": null}\n");
        assert_eq!(sync(&desk).status, Some(0));
        let found = desk.run(&["record", "query", "contact", "--workspace=crm.db"]).json();
        assert_eq!(found["data"][0]["attributes"]["title"]["value"], expected, "{policy}");
    }
}

#[test]
fn split_makes_a_list_of_a_cell() {
    let desk = Desk::new();
    desk.write("rows.jsonl", "{\"d\": \"a.example; b.example;\", \"n\": \"A\"}\n");
    let stream = "record_type = \"account\"\nmatch = \"domains\"\n[streams.attributes]\n\
                  name = \"n\"\ndomains = { column = \"d\", split = \";\" }\n";
    desk.write("job.toml", job(stream));
    assert_eq!(sync(&desk).status, Some(0));
    let found = desk.run(&["record", "query", "account", "--workspace=crm.db"]).json();
    let domains = &found["data"][0]["attributes"]["domains"];
    assert_eq!(domains[1]["value"]["domain_name"], "b.example");
    assert_eq!(domains[0]["value"]["is_primary"], true);
}

#[test]
fn create_and_update_do_what_they_say() {
    let desk = Desk::new();
    desk.write("rows.jsonl", ROWS);
    let create = "record_type = \"contact\"\nmode = \"create\"\n[streams.attributes]\nprimary_email = \"mail\"\n";
    desk.write("job.toml", job(create));
    assert_eq!(sync(&desk).stream()["created"], 2);
    let update = "record_type = \"contact\"\nmatch = \"email\"\nmode = \"update\"\n\
                  [streams.attributes]\nemail = \"mail\"\ntitle = \"city\"\n";
    desk.write("job.toml", job(update));
    desk.write(
        "rows.jsonl",
        format!("{ROWS}{{\"mail\": \"new@x.example\", \"city\": \"Oslo\"}}\n"),
    );
    let updated = sync(&desk);
    assert_eq!(updated.stream()["updated"], 1);
    assert_eq!(updated.stream()["unchanged"], 1);
    assert_eq!(updated.stream()["rejects"], json!({"record_not_found": 1}));
}

#[test]
fn too_many_rejects_end_the_run_and_stop_writes_nothing_of_the_batch() {
    let bad = "{\"mail\": \"a@b.example\"}\n{\"mail\": \"nobody\"}\n{\"mail\": \"c@d.example\"}\n";
    let attributes = "[streams.attributes]\nprimary_email = \"mail\"\n";
    let base = "record_type = \"contact\"\nmatch = \"primary_email\"\n";
    let desk = Desk::new();
    desk.write("rows.jsonl", bad);
    desk.write("job.toml", job(&format!("{base}max_rejects = 0\n{attributes}")));
    let limited = sync(&desk);
    assert_eq!(limited.status, Some(1), "{limited:?}");
    assert_eq!(limited.json()["state"], "failed");
    assert_eq!(limited.stream()["created"], 2);
    desk.write("job.toml", job(&format!("{base}max_rejects = \"50%\"\n{attributes}")));
    assert_eq!(sync(&desk).status, Some(2));

    let desk = Desk::new();
    desk.write("rows.jsonl", bad);
    desk.write("job.toml", job(&format!("{base}on_reject = \"stop\"\n{attributes}")));
    let stopped = sync(&desk);
    assert_eq!(stopped.status, Some(1), "{stopped:?}");
    assert_eq!(stopped.stream()["rejected"], 1);
    assert_eq!(stopped.stream()["created"], 0);
    let found = desk.run(&["record", "query", "contact", "--workspace=crm.db"]).json();
    assert_eq!(found["data"], json!([]));
}

#[test]
fn a_mistake_is_told_with_its_place_and_the_nearest_right_name() {
    let desk = Desk::new();
    desk.write("rows.jsonl", ROWS);
    let cases = [
        (GOOD.replace("match", "mach"), "line 8, column 8", "did you mean \"match\"?"),
        (
            GOOD.replace("first_name", "frist_name"),
            "line 11, column 14",
            "did you mean \"first_name\"?",
        ),
        (GOOD.replace("\"mail\"", "\"mial\""), "line 10, column 17", "did you mean \"mail\"?"),
        (GOOD.replace("address.city", "address.citty"), "line 15", "did you mean address.city?"),
        (GOOD.replace("\"primary_email\"", "\"title\""), "line 8, column 9: ", "match by one of"),
        (
            GOOD.replace("primary_email = \"mail\"\n", ""),
            "line 8, column 9: nothing gives primary_email",
            "add primary_email",
        ),
        (
            GOOD.replace("\"contact\"", "\"contcat\""),
            "line 7, column 15: ",
            "did you mean \"contact\"?",
        ),
        (
            GOOD.replace("match =", "source = \"rowz\"\nmatch ="),
            "line 8, column 10: ",
            "did you mean \"rows\"?",
        ),
        (
            GOOD.replace("match =", "mode = \"asert\"\nmatch ="),
            "line 8",
            "did you mean \"assert\"?",
        ),
        (GOOD.replace("row.name.first | upper", "row.name.first | uper"), "line 11", "hint"),
        (GOOD.replace("row.name", "name"), "line 11", "row.name"),
        (GOOD.replace("title =", "display_name ="), "read-only", "hint"),
        (
            GOOD.replace("sms_consent = true", "sms_consent = 7"),
            "line 13",
            "expected true or false",
        ),
        (GOOD.replace("title =", "title = \"city\"\ntitle ="), "duplicate key", "hint"),
        (format!("{GOOD}[streams.more]\n"), "unknown key", "hint"),
        (GOOD.replace("\"address.city\"", "address.city"), "line 15", "\"address.city\" = .."),
        (GOOD.replace("optional = true", "split = \",\""), "line 14, column 14", "leave split out"),
        (
            GOOD.replace(
                "primary_email = \"mail\"",
                "primary_email = \"mail\"\ncontact_emails = { column = \"mail\", split = \"\" }",
            ),
            "split is empty",
            "between two elements",
        ),
        (format!("{GOOD}[[streams]]\n{GOOD}"), "line 17", "leave one of them out"),
        (format!("{GOOD}default_region = \"US\"\n"), "line 17", "at the top of the file"),
        (
            GOOD.replace("match =", "default_region = \"US\"\nmatch ="),
            "line 8",
            "at the top of the file",
        ),
        (GOOD.replace("match = \"primary_email\"\n", ""), "line 7, column 15: ", "match by one of"),
        (format!("{GOOD}address = \"city\"\n"), "line 17, column 11: ", "leave one of them out"),
    ];
    for (stream, place, hint) in cases {
        desk.write("job.toml", job(&stream));
        for command in ["check", "sync"] {
            let finished = desk.run(&[command, "job.toml"]);
            assert_eq!(finished.status, Some(1), "{stream}\n{finished:?}");
            assert!(finished.errors.contains("config_invalid"), "{stream}\n{}", finished.errors);
            assert!(finished.errors.contains(place), "{place} in\n{stream}\n{}", finished.errors);
            assert!(finished.errors.contains(hint), "{hint} in\n{stream}\n{}", finished.errors);
        }
    }
    desk.write("JOB.TOML", job(GOOD));
    let finished = desk.run(&["sync", "JOB.TOML", "--type=contact"]);
    assert!(finished.errors.contains("JOB.TOML is a job file"), "{finished:?}");
    let split = "\ncontact_emails = { column = \"tags\", optional = true, split = \";\", default = \"a@x.example; b@x.example\" }\n";
    desk.write("job.toml", job(&format!("{GOOD}{split}")));
    assert_eq!(desk.run(&["check", "job.toml"]).status, Some(0), "a default is split too");
    desk.write("job.toml", job(GOOD));
    assert_eq!(desk.run(&["check", "job.toml"]).status, Some(0));
    let check = |workspace: &str| {
        desk.write("other.toml", job(GOOD).replace("crm.db", workspace));
        desk.run(&["check", "other.toml"])
    };
    assert_eq!(check("new.db").status, Some(0));
    assert!(!desk.path("new.db").exists(), "a check makes nothing");
    desk.write("notes.txt", "a text, and no workspace");
    let unusable = check("notes.txt");
    assert!(
        unusable.status == Some(1) && unusable.errors.contains("store_corrupt"),
        "{unusable:?}"
    );
    for elsewhere in ["no/such/folder/new.db", "job.toml/new.db"] {
        assert_eq!(check(elsewhere).status, Some(1), "a sync could not make {elsewhere}");
    }
    let discovered = desk.run(&["discover", "job.toml", "--format=json"]).json();
    assert_eq!(discovered["streams"][0]["name"], "rows");
    assert_eq!(discovered["streams"][0]["fields"][0]["name"], "mail");
}

#[test]
fn a_secret_is_put_in_and_shown_nowhere() {
    const SECRET: &str = "hunter2-very-secret";
    let desk = Desk::new();
    desk.write("rows.csv", "primary_email\na@b.example\n");
    desk.write("secret.txt", format!("{SECRET}\n"));
    for reference in ["${HEADWATER_TEST_SECRET}", "${file:secret.txt}"] {
        let text = format!(
            "[source]\nconnector = \"csv\"\nconfig = {{ path = \"rows.csv\", encoding = \"{reference}\" }}\n\
             [target]\nworkspace = \"crm.db\"\n[[streams]]\nrecord_type = \"contact\"\nmatch = \"primary_email\"\n"
        );
        desk.write("job.toml", text);
        let mut command = desk.command(&["sync", "job.toml", "--format", "json"]);
        command.env("HEADWATER_TEST_SECRET", SECRET);
        let finished = finish(command);
        assert_eq!(finished.status, Some(1), "{finished:?}");
        assert!(finished.errors.contains("***"), "the message quotes the value: {finished:?}");
        assert!(!finished.errors.contains(SECRET) && !finished.output.contains(SECRET));
    }
    let missing = desk.run(&["sync", "job.toml"]);
    assert_eq!(missing.status, Some(1));
    for entry in std::fs::read_dir(desk.folder()).unwrap() {
        let path = entry.unwrap().path();
        let is_ours = path.file_name().is_some_and(|name| name != "secret.txt");
        let bytes = std::fs::read(&path).unwrap();
        let holds = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        assert!(!(is_ours && holds), "{} holds the secret", path.display());
    }
}

#[test]
fn a_run_that_cannot_begin_gives_a_report_too() {
    let desk = Desk::new();
    desk.write("rows.jsonl", ROWS);
    desk.write("job.toml", job(&GOOD.replace("\"mail\"", "\"mial\"")));
    let finished = sync(&desk);
    assert_eq!(finished.status, Some(1));
    let report = finished.json();
    assert_eq!(report["state"], "failed");
    assert_eq!(report["streams"], json!([]));
    assert_eq!(report["error"]["code"], "config_invalid");
}

#[test]
fn an_unset_variable_is_named() {
    let desk = Desk::new();
    desk.write("job.toml", job(GOOD).replace("rows.jsonl", "${HEADWATER_TEST_UNSET}"));
    let finished = desk.run(&["check", "job.toml"]);
    assert_eq!(finished.status, Some(1));
    assert!(finished.errors.contains("HEADWATER_TEST_UNSET is not set"), "{finished:?}");
}

#[test]
fn the_schema_for_editors_names_every_key_that_a_job_may_have() {
    let desk = Desk::new();
    let schema = desk.run(&["job-schema"]).json();
    // What the reader says it knows, from its own answer to an unknown key.
    let probes = [
        ("nope = 1\n", "/properties"),
        ("[target]\nworkspace = \"w\"\nnope = 1\n", "/properties/target/properties"),
        ("[source]\nconnector = \"csv\"\nnope = 1\n", "/properties/source/properties"),
        ("[[streams]]\nrecord_type = \"contact\"\nnope = 1\n", "/$defs/stream/properties"),
    ];
    let whole = "[source]\nconnector = \"csv\"\n[target]\nworkspace = \"w\"\n[[streams]]\nrecord_type = \"contact\"\n";
    for (probe, pointer) in probes {
        let header = probe.lines().next().unwrap();
        let text = if probe.starts_with("nope") {
            format!("{probe}{whole}")
        } else {
            let start = whole.find(header).unwrap();
            let end = whole[start + 1..].find("\n[").map_or(whole.len(), |end| start + end + 2);
            format!("{}{probe}{}", &whole[..start], &whole[end..])
        };
        desk.write("job.toml", text);
        let told = desk.run(&["check", "job.toml"]).errors;
        let listed = told.split("the keys here are ").nth(1).unwrap_or_else(|| panic!("{told}"));
        let mut known: Vec<&str> = listed.trim().split(", ").collect();
        known.sort_unstable();
        known.dedup();
        let mut described: Vec<&str> = schema
            .pointer(pointer)
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        described.sort_unstable();
        assert_eq!(known, described, "{pointer}");
    }
}

#[test]
fn one_column_may_feed_several_attributes() {
    let desk = Desk::new();
    desk.write("rows.jsonl", ROWS);
    let stream = "record_type = \"contact\"\nmatch = \"primary_email\"\n[streams.attributes]\n\
                  title = \"mail\"\nprimary_email = \"mail\"\ndepartment = \"mail\"\n";
    desk.write("job.toml", job(stream));
    assert_eq!(sync(&desk).status, Some(0));
    let found = desk.run(&["record", "query", "contact", "--workspace=crm.db"]).json();
    for name in ["title", "primary_email", "department"] {
        assert_eq!(found["data"][0]["attributes"][name]["value"], "a@b.example", "{name}");
    }
}
