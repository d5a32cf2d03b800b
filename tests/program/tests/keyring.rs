//! API keys that the system's keyring has: the kernel's own, as Linux always has one.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use headwater_program_tests::{Desk, Served, finish};
use linux_keyutils::{Key, KeyRing, KeyRingIdentifier};

/// A secret in the keyring for as long as this lives.
struct Kept {
    name: String,
    key: Key,
}

impl Kept {
    fn new(test: &str, secret: &str) -> Self {
        let name = format!("test-{test}-{}", std::process::id());
        let user = KeyRing::from_special_id(KeyRingIdentifier::User, false).unwrap();
        let key = user.add_key(&format!("headwater:{name}"), secret).unwrap();
        Self { name, key }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = self.key.invalidate();
    }
}

fn make_key(desk: &Desk) -> String {
    let made = ["keys", "create", "--workspace", "crm.db", "--name", "me", "--scope", "*"];
    desk.run(&made).output.trim().to_owned()
}

fn job(crm: &Served, name: &str) -> String {
    format!(
        r#"
[source]
connector = "csv"
config = {{ path = "people.csv" }}
[target]
workspace = "{}"
api_key = "${{keyring:{name}}}"
[[streams]]
record_type = "contact"
match = "primary_email"
[streams.attributes]
primary_email = "mail"
"#,
        crm.base
    )
}

#[test]
fn a_job_takes_its_key_from_the_keyring_and_shows_it_nowhere() {
    let desk = Desk::new();
    let key = make_key(&desk);
    let kept = Kept::new("job", &format!("{key}\n"));
    let crm = Served::start(&desk, &[]);
    desk.write("people.csv", "mail\na@x.example\nb@x.example\n");
    desk.write("job.toml", job(&crm, &kept.name));
    let done = desk.run(&["sync", "job.toml", "--format", "json"]);
    assert_eq!((done.status, &done.stream()["created"]), (Some(0), &2.into()), "{done:?}");
    assert!(!format!("{done:?}").contains(&key), "the key is shown");

    let wrong = Kept::new("wrong", "hw_that_is_none");
    desk.write("job.toml", job(&crm, &wrong.name));
    let refused = desk.run(&["sync", "job.toml"]);
    assert!(refused.errors.contains("unauthorized"), "{refused:?}");
    assert!(!refused.errors.contains("hw_that_is_none"), "{refused:?}");
}

#[test]
fn a_command_takes_its_key_from_the_keyring() {
    let desk = Desk::new();
    let kept = Kept::new("command", &make_key(&desk));
    let crm = Served::start(&desk, &[]);
    let mut command = desk.command(&["record", "query", "contact", "--workspace", &crm.base]);
    command.env("HEADWATER_API_KEY_KEYRING", &kept.name);
    let found = finish(command);
    assert_eq!(found.status, Some(0), "{found:?}");
}

#[test]
fn an_entry_that_is_not_there_is_named_with_its_place() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth"]);
    desk.write("people.csv", "mail\na@x.example\n");
    desk.write("job.toml", job(&crm, "of-nobody"));
    let refused = desk.run(&["sync", "job.toml"]);
    assert_eq!(refused.status, Some(1));
    let words =
        ["config_invalid", "line 7", "of-nobody", "keyring", "there is no such entry", "README"];
    for word in words {
        assert!(refused.errors.contains(word), "{word}: {refused:?}");
    }
}
