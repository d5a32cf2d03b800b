//! `headwater sync FILE`: no job file, columns matched by name, exit status by what was committed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use headwater_program_tests::Desk;
use serde_json::json;

const PEOPLE: &str = "First Name,LAST-NAME,primary_email,Shoe Size\n\
    Sarah,Chen,sarah@acme.com,38\n\
    Bob,Ray,bob@acme.com,\n";
const SYNC: [&str; 7] =
    ["sync", "people.csv", "--to", "crm.db", "--type", "contact", "--match=primary_email"];

fn json_sync(desk: &Desk) -> headwater_program_tests::Finished {
    desk.run(&[&SYNC[..], &["--format", "json"]].concat())
}

#[test]
fn the_report_is_one_json_object_with_every_count() {
    let desk = Desk::new();
    desk.write("people.csv", PEOPLE);
    let first = json_sync(&desk);
    assert_eq!(first.status, Some(0), "{first:?}");
    let mut report = first.json();
    assert!(report["run"].take().is_string());
    assert!(report["streams"][0]["seconds"].take().is_f64());
    let stages = report["stages"].take();
    for stage in ["read", "map", "resolve", "decide", "write", "commit"] {
        assert!(stages[stage].as_f64().is_some_and(|seconds| seconds > 0.0), "{stage}: {stages}");
    }
    assert_eq!(
        report,
        json!({
            "run": null, "state": "done", "rejected_before": 0, "stages": null,
            "streams": [{
                "source": "people", "record_type": "contact", "read": 2, "created": 2,
                "updated": 0, "unchanged": 0, "archived": 0, "rejected": 0, "rejects": {},
                "unused_columns": ["Shoe Size"], "seconds": null,
            }],
        })
    );
}

#[test]
fn a_second_sync_doubles_nothing_and_a_change_updates() {
    let desk = Desk::new();
    desk.write("people.csv", PEOPLE);
    assert_eq!(json_sync(&desk).stream()["created"], 2);
    let again = json_sync(&desk);
    assert_eq!((again.status, &again.stream()["unchanged"]), (Some(0), &json!(2)));
    desk.write("people.csv", PEOPLE.replace("Bob", "Robert"));
    let changed = json_sync(&desk).stream();
    assert_eq!((&changed["updated"], &changed["unchanged"]), (&json!(1), &json!(1)));
    let all = desk.run(&["record", "query", "contact", "--workspace", "crm.db"]).json();
    assert_eq!(all["data"].as_array().map(Vec::len), Some(2));
}

#[test]
fn an_empty_cell_leaves_the_attribute_alone() {
    let desk = Desk::new();
    desk.write("people.csv", "primary_email,title\na@b.example,CEO\n");
    json_sync(&desk);
    desk.write("people.csv", "primary_email,title\na@b.example,\n");
    assert_eq!(json_sync(&desk).stream()["unchanged"], 1);
    let all = desk.run(&["record", "query", "contact", "--workspace", "crm.db"]).json();
    assert_eq!(all["data"][0]["attributes"]["title"]["value"], "CEO");
}

#[test]
fn a_column_that_comes_after_the_sample_is_delivered_and_an_empty_file_is_no_mistake() {
    let desk = Desk::new();
    let row = |index: usize| match index {
        0..300 => format!("{{\"primary_email\": \"p{index}@x.example\"}}\n"),
        _ => format!("{{\"primary_email\": \"p{index}@x.example\", \"Title\": \"CTO\"}}\n"),
    };
    desk.write("people.jsonl", (0..310).map(row).collect::<String>());
    let sync = |file: &str| {
        desk.run(&[
            "sync",
            file,
            "--to=crm.db",
            "--type=contact",
            "--match=primary_email",
            "--format=json",
        ])
    };
    let report = sync("people.jsonl");
    assert_eq!(report.status, Some(0), "{report:?}");
    assert_eq!(report.stream()["unused_columns"], json!([]));
    let filter = r#"{"field": "title", "operator": "eq", "value": "CTO"}"#;
    let workspace = ["record", "query", "contact", "--workspace=crm.db", "--limit=100"];
    let all = desk.run(&[&workspace[..], &["--filter", filter]].concat());
    assert_eq!(all.json()["data"].as_array().map(Vec::len), Some(10), "{all:?}");

    for (name, text) in [("none.jsonl", ""), ("none.json", "[]")] {
        desk.write(name, text);
        let report = sync(name);
        assert_eq!((report.status, &report.stream()["read"]), (Some(0), &json!(0)), "{report:?}");
    }
}

#[test]
fn refused_rows_are_kept_and_give_a_status_of_their_own() {
    let desk = Desk::new();
    desk.write("people.csv", "primary_email,title\na@b.example,CEO\nnobody,CTO\n,CFO\n");
    let finished = json_sync(&desk);
    assert_eq!(finished.status, Some(2), "{finished:?}");
    let stream = finished.stream();
    assert_eq!(stream["read"], 3);
    assert_eq!(stream["rejects"], json!({"field_required_missing": 1, "field_value_invalid": 1}));

    let listed = desk.run(&["rejects", "--workspace", "crm.db", "--format", "jsonl"]);
    let rejects: Vec<serde_json::Value> =
        listed.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rejects.len(), 2);
    assert_eq!(rejects[0]["position"], 3);
    assert_eq!(rejects[0]["position_unit"], "line");
    assert_eq!(rejects[0]["code"], "field_value_invalid");
    assert_eq!(rejects[0]["field"], "primary_email");
    assert_eq!(rejects[0]["row"], r#"{"primary_email":"nobody","title":"CTO"}"#);
    assert!(rejects[0]["hint"].as_str().is_some_and(|hint| !hint.is_empty()));

    let one = desk.run(&[
        "rejects",
        "--workspace",
        "crm.db",
        "--code",
        "field_required_missing",
        "--format",
        "csv",
    ]);
    assert_eq!(one.output.lines().count(), 2, "{one:?}");
    let table = desk.run(&["rejects", "--workspace", "crm.db"]);
    assert_eq!(table.output.lines().count(), 3, "{table:?}");
    let run = finished.json()["run"].as_str().unwrap().to_owned();
    let other = "01890000-0000-7000-8000-000000000001";
    let of_none = desk.run(&["rejects", "--workspace", "crm.db", "--run", other, "--format=csv"]);
    assert_eq!((of_none.status, &*of_none.output), (Some(1), ""), "{of_none:?}");
    assert!(of_none.errors.contains("there is no run"), "{of_none:?}");
    let of_run = desk.run(&["rejects", "--workspace", "crm.db", "--run", &run, "--format=jsonl"]);
    assert_eq!(of_run.output, listed.output);
}

#[test]
fn rejects_of_several_files_name_theirs_and_an_empty_file_holds_none_up() {
    let desk = Desk::new();
    desk.write("a.csv", "primary_email\na@b.example\nnobody\n");
    desk.write("b.csv", "");
    desk.write("c.csv", "primary_email\nc@d.example\nno-one\n1,2\n");
    let sync = ["sync", "[abc].csv", "--to=crm.db", "--type=contact", "--match=primary_email"];
    assert_eq!(desk.run(&sync).status, Some(2));
    let listed = desk.run(&["rejects", "--workspace", "crm.db", "--format", "jsonl"]);
    let rejects = listed.output.lines().map(|line| {
        let reject: serde_json::Value = serde_json::from_str(line).unwrap();
        let message = reject["message"].as_str().unwrap();
        (message.split(':').next().unwrap().to_owned(), reject["position"].as_u64().unwrap())
    });
    let expected =
        [("a.csv", 3), ("c.csv", 3), ("c.csv", 4)].map(|(file, line)| (file.to_owned(), line));
    assert_eq!(rejects.collect::<Vec<_>>(), expected, "{listed:?}");
}

#[test]
fn what_cannot_work_fails_with_the_remedy_and_status_1() {
    let desk = Desk::new();
    desk.write("people.csv", PEOPLE);
    let cases: [(&[&str], &str); 8] = [
        (&["sync", "gone.csv", "--to=crm.db", "--type=contact", "--match=email"], "gone.csv"),
        (
            &["sync", "people.csv", "--to=crm.db", "--type=contacts", "--match=email"],
            "did you mean \"contact\"?",
        ),
        (
            &["sync", "people.csv", "--to=crm.db", "--type=contact", "--match=title"],
            "invalid_matching_field|does not identify",
        ),
        (&["sync", "people.csv", "--to=crm.db", "--type=contact"], "needs a match"),
        (&["sync", "people.csv", "--type=contact", "--match=email"], "--to"),
        (
            &["sync", "people.xls", "--to=crm.db", "--type=contact", "--match=email"],
            "no connector is known",
        ),
        (
            &["sync", "people.csv", "--to=people.csv", "--type=contact", "--match=primary_email"],
            "store_corrupt",
        ),
        (&["rejects", "--workspace=gone.db"], "there is no workspace"),
    ];
    for (arguments, expected) in cases {
        let finished = desk.run(arguments);
        assert_eq!(finished.status, Some(1), "{arguments:?}: {finished:?}");
        let found = expected.split('|').any(|part| finished.errors.contains(part));
        assert!(found, "{arguments:?}: expected {expected:?} in {}", finished.errors);
        assert!(finished.errors.contains("hint: "), "{arguments:?}: {}", finished.errors);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_no_utf8_is_told_so() {
    use std::os::unix::ffi::OsStrExt;
    let name = |bytes| std::ffi::OsStr::from_bytes(bytes).to_owned();
    let desk = Desk::new();
    let file = name(b"caf\xe9.csv");
    std::fs::write(desk.folder().join(&file), PEOPLE).unwrap();
    let options = ["--to=crm.db", "--type=contact", "--match=email"].map(std::ffi::OsString::from);
    let finished = desk.run(&[&["sync".into(), file][..], &options].concat());
    assert_eq!(finished.status, Some(1), "{finished:?}");
    assert!(finished.errors.contains("no UTF-8"), "{finished:?}");
    let folder = desk.folder().join(name(b"caf\xe9"));
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("people.csv"), PEOPLE).unwrap();
    let job = folder.join("job.toml");
    let text = "[source]\nconnector = \"csv\"\nconfig = { path = \"people.csv\" }\n\
        [target]\nworkspace = \"crm.db\"\n\
        [[streams]]\nrecord_type = \"contact\"\nmatch = \"primary_email\"\n";
    std::fs::write(&job, text).unwrap();
    let finished = desk.run(&["check".into(), job.into_os_string()]);
    assert_eq!(finished.status, Some(1), "{finished:?}");
    assert!(finished.errors.contains("no UTF-8"), "{finished:?}");
}

#[test]
fn the_last_line_of_progress_tells_of_all_rows() {
    let desk = Desk::new();
    desk.write("people.csv", "primary_email\na@x.example\nb@x.example\nc@x.example\n");
    desk.write(
        "job.toml",
        "[source]\nconnector = \"csv\"\nconfig = { path = \"people.csv\" }\n\
         [target]\nworkspace = \"crm.db\"\ncommit_rows = 1\n\
         [[streams]]\nrecord_type = \"contact\"\nmatch = \"primary_email\"\n",
    );
    let finished = desk.run(&["sync", "job.toml"]);
    assert_eq!(finished.status, Some(0), "{finished:?}");
    let last = finished.errors.lines().last().unwrap_or_default();
    assert!(last.contains("people: 3 rows"), "{finished:?}");
}

#[test]
fn a_terminal_obeys_no_name_of_a_column() {
    let desk = Desk::new();
    desk.write(
        "pe\u{1b}[31mople.csv",
        "primary_email,E\u{1b}[31mvil,\"two\nlines\"\na@x.example,1,2\n",
    );
    desk.write(
        "job.toml",
        "[source]\nconnector = \"csv\"\nconfig = { path = \"pe\\u001b[[]31mople.csv\" }\n\
         [target]\nworkspace = \"crm.db\"\n\
         [[streams]]\nrecord_type = \"contact\"\nmatch = \"primary_email\"\n",
    );
    for command in ["sync", "check", "discover"] {
        let finished = desk.run(&[command, "job.toml"]);
        assert_eq!(finished.status, Some(0), "{finished:?}");
        let shown = format!("{}{}", finished.output, finished.errors);
        assert!(!shown.contains(|c: char| c.is_control() && c != '\n'), "{finished:?}");
        assert!(command == "check" || shown.contains("two lines"), "{finished:?}");
    }
}

#[test]
fn a_mistyped_command_is_no_run_with_rejects() {
    let desk = Desk::new();
    assert_eq!(desk.run(&["runs"]).status, Some(1));
    assert_eq!(desk.run(&["sync", "--no-such-option"]).status, Some(1));
    assert_eq!(desk.run(&["--version"]).status, Some(0));
}

#[test]
fn runs_tell_the_history_newest_first() {
    let desk = Desk::new();
    desk.write("people.csv", PEOPLE);
    let first = json_sync(&desk).json()["run"].clone();
    let second = json_sync(&desk).json()["run"].clone();
    let listed = desk.run(&["runs", "--workspace", "crm.db", "--format", "jsonl"]);
    let runs: Vec<serde_json::Value> =
        listed.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!([&runs[0]["run"], &runs[1]["run"]], [&second, &first]);
    assert_eq!(runs[0]["job_hash"], runs[1]["job_hash"]);
    assert_eq!(runs[0]["connector"], "csv");
    assert_eq!(runs[0]["state"], "done");
    assert_eq!(runs[1]["streams"][0]["created"], 2);
}
