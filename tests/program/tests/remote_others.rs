//! CRMs that are not Headwater's own: what their schema documents say is kept to, and what their answers
//! leave open is found out.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use headwater::operation::{OperationKind, Outcome};
use headwater::record::{Attributes, Change};
use headwater::remote::RemoteOptions;
use headwater::source::Control;
use headwater::value::{ADDRESS_PARTS, AddressPatch};
use headwater::{
    Action, ApplyOptions, Error, ErrorCode, Match, Operation, Retry, Schema, Workspace,
    Write as Writing, open_remote,
};
use serde_json::{Map, Value as Json, json};

const ID: &str = "0191e4a0-0000-7000-8000-000000000001";

/// A request as a CRM gets it.
#[derive(Debug, Clone)]
struct Asked {
    line: String,
    body: Json,
}

/// What a CRM answers; no status where it cuts the connection.
struct Told(Option<u16>, Json);

/// A CRM that answers as a function says, and notes what it was asked.
struct Crm {
    workspace: Box<dyn Workspace>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Crm {
    fn new(answer: impl FnMut(&str, &Json) -> Told + Send + 'static) -> Self {
        let patience = Duration::from_secs(5);
        Self::with(RemoteOptions { patience, ..RemoteOptions::default() }, answer)
    }

    fn with(
        options: RemoteOptions,
        mut answer: impl FnMut(&str, &Json) -> Told + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/api/v2", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(request) = read(&mut stream) else { continue };
                let Told(status, body) = answer(&request.line, &request.body);
                noted.lock().unwrap().push(request);
                let Some(status) = status else { continue };
                let body = if body.is_null() { String::new() } else { body.to_string() };
                let length = body.len();
                // The client may have gone.
                let _ = write!(
                    stream,
                    "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: \
                     {length}\r\nConnection: close\r\n\r\n{body}"
                );
            }
        });
        let workspace = open_remote(&url, options).unwrap();
        Self { workspace, asked }
    }

    /// The lines of the requests since the last look, without those for schemas.
    fn lines(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        let lines = asked.into_iter().map(|asked| asked.line);
        lines.filter(|line| !line.contains("/_schema/")).collect()
    }

    fn apply(&self, record_type: &str, kind: impl FnOnce(Given) -> OperationKind) -> Applied {
        let record_type = self.workspace.record_type(record_type)?;
        let kind = kind(Given(&record_type));
        let mut operation = Operation::new(Arc::clone(&record_type), kind);
        // As jobs do: without an `_assert` records are looked for.
        operation.writes_read_only = true;
        self.workspace.apply(vec![operation], ApplyOptions::default())?.remove(0)
    }

    fn assert(&self, record_type: &str, matching: Json, attributes: Json) -> Applied {
        self.apply(record_type, |given| OperationKind::Assert {
            matching: given.matching(matching),
            attributes: given.attributes(attributes, Writing::Assert),
        })
    }

    fn update(&self, record_type: &str, matching: Json, attributes: Json) -> Applied {
        self.apply(record_type, |given| OperationKind::Update {
            matching: given.matching(matching),
            attributes: given.attributes(attributes, Writing::Patch),
        })
    }

    fn create(&self, record_type: &str, attributes: Json) -> Applied {
        self.apply(record_type, |given| OperationKind::Create {
            attributes: given.attributes(attributes, Writing::Create),
        })
    }
}

type Applied = Result<Outcome, Error>;

/// What is given for a record type.
struct Given<'a>(&'a Arc<headwater::schema::RecordType>);

impl Given<'_> {
    fn matching(&self, json: Json) -> Match {
        Match::parse(self.0, object(json), None).unwrap()
    }

    fn attributes(&self, json: Json, write: Writing) -> Attributes {
        Attributes::parse(self.0, object(json), write, None).unwrap()
    }
}

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().filter_map(|line| line.split_once(": "));
    let mut length = length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let mut body = vec![0; length.next().map_or(0, |(_, length)| length.parse().unwrap())];
    stream.read_exact(&mut body).ok()?;
    let line = head.lines().next()?.trim_end_matches(" HTTP/1.1").replace("/api/v2", "");
    Some(Asked { line, body: serde_json::from_slice(&body).unwrap_or_default() })
}

/// The schema document of a standard type, each of its attributes changed by a function.
fn schema(record_type: &str, change: impl Fn(&mut Json)) -> Told {
    let mut document = Schema::standard().record_type(record_type).unwrap().to_json();
    document["attributes"].as_array_mut().unwrap().iter_mut().for_each(change);
    Told(Some(200), document)
}

fn record(status: u16, attributes: &Json) -> Told {
    Told(Some(status), json!({"data": {"id": ID, "attributes": attributes}}))
}

fn page(records: Json) -> Told {
    page_before(None, records)
}

/// A page that others follow, where there is a cursor.
fn page_before(cursor: Option<&str>, records: Json) -> Told {
    let next_cursor = ("next_cursor".to_owned(), json!(cursor));
    Told(Some(200), [("data".to_owned(), records), next_cursor].into_iter().collect())
}

/// Takes away the filters by these attributes.
fn without_filters<'a>(names: &'a [&str]) -> impl Fn(&mut Json) + 'a {
    move |attribute| {
        if names.iter().any(|name| attribute["api_name"] == *name) {
            attribute["is_filterable"] = json!(false);
            attribute["filter_operators"] = json!([]);
        }
    }
}

#[test]
fn a_record_is_looked_for_by_what_the_schema_takes_filters_by() {
    let filters = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&filters);
    let crm = Crm::new(move |line, body| match line {
        "GET /_schema/contact" => schema("contact", without_filters(&["contact_emails"])),
        "GET /_schema/account" => schema("account", without_filters(&["domains"])),
        "POST /contact/_query" => {
            seen.lock().unwrap().push(body["filters"].clone());
            page(json!([{"id": ID, "attributes": {}}]))
        }
        line if line.starts_with("PATCH /contact/") => record(200, &json!({})),
        _ => Told(Some(500), json!(null)),
    });
    for name in ["contact_emails", "primary_email"] {
        let updated = crm.update("contact", json!({name: "a@x.example"}), json!({"title": "T"}));
        assert_eq!(updated.unwrap().action, Action::Updated, "{name}");
        let filter = filters.lock().unwrap().pop().unwrap();
        let expected = json!({"field": "primary_email", "operator": "eq", "value": "a@x.example"});
        assert_eq!(filter, json!([expected]), "{name}");
    }
    // By nothing: the whole batch ends, unsent.
    crm.lines();
    let refused = crm.update("account", json!({"domains": "a.com"}), json!({"name": "A"}));
    let refused = refused.unwrap_err();
    assert_eq!(refused.code(), ErrorCode::ConfigInvalid, "{refused}");
    assert_eq!((refused.field(), crm.lines()), (Some("domains"), vec![]));
}

#[test]
fn options_that_a_schema_does_not_list_are_the_crms_own() {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&sent);
    let crm = Crm::new(move |line, body| match line.split_once("/_schema/") {
        Some((_, name)) => schema(name, |attribute| {
            attribute["type_info"].as_object_mut().unwrap().remove("options");
        }),
        None => {
            seen.lock().unwrap().push(body["attributes"].clone());
            let read = json!({"stage": {"id": ID, "api_name": "vip", "display_value": "VIP"}});
            record(201, &read)
        }
    });
    let of_both = [
        ("contact", json!({"first_name": "A", "stage": "vip"})),
        ("contact", json!({"first_name": "A", "stage": {"api_name": "vip"}})),
        ("task", json!({"title": "A", "owner_user_id": ID, "status": "ON_HOLD"})),
        ("opportunity", json!({"display_name": "A", "account_id": ID, "stage": ID})),
        ("opportunity", json!({"display_name": "A", "account_id": ID, "stage": "prospecting"})),
    ];
    for (record_type, mut attributes) in of_both {
        crm.create(record_type, attributes.clone()).unwrap();
        if attributes["stage"].is_object() {
            attributes["stage"] = attributes["stage"]["api_name"].take();
        }
        let sent = sent.lock().unwrap().pop().unwrap();
        for name in ["stage", "status"] {
            assert_eq!(sent[name], attributes[name], "{record_type} {attributes}");
        }
    }
}

/// A CRM that makes what it is asked for, in a form of its own, and loses its first answers; the filters
/// of its queries may refuse attributes.
fn careless(record_type: &'static str, keep: fn(&str) -> String, refuses: &'static [&str]) -> Crm {
    let mut records: Vec<Json> = Vec::new();
    let create = format!("POST /{record_type}");
    Crm::new(move |line, body| {
        if line.contains("/_schema/") {
            return schema(record_type, |_| {});
        }
        if line == create {
            let mut kept = body["attributes"].clone();
            for value in kept.as_object_mut().unwrap().values_mut() {
                if let Some(text) = value.as_str() {
                    *value = json!(keep(text));
                }
            }
            let id = format!("0191e4a0-0000-7000-8000-{:012}", records.len() + 1);
            records.push(json!({"id": id, "attributes": kept}));
            return Told((records.len() > 2).then_some(201), json!({"data": records.last()}));
        }
        let filters = body["filters"].as_array().unwrap();
        for filter in filters {
            if let Some(field) = refuses.iter().find(|name| filter["field"] == **name) {
                let error = json!({"code": "invalid_filter_value", "message": "m", "field": field});
                return Told(Some(400), json!({"error": error}));
            }
        }
        let holds = |record: &&Json| {
            let mut filters = filters.iter().filter(|filter| filter["operator"] == "eq");
            filters.all(|filter| {
                record["attributes"][filter["field"].as_str().unwrap()] == filter["value"]
            })
        };
        page(records.iter().filter(holds).cloned().collect())
    })
}

#[test]
fn a_lost_create_is_found_in_whatever_form_its_texts_are_kept() {
    let crm = careless("note", |text| format!("<p>{text}</p>"), &[]);
    for text in ["one", "two", "three"] {
        crm.create("note", json!({ "note_html": text, "title": text })).unwrap();
        let sent = crm.lines().iter().filter(|line| *line == "POST /note").count();
        assert_eq!(sent, 1, "{text}");
    }
    // One that is kept as it is costs no second look.
    let crm = careless("note", str::to_owned, &[]);
    crm.create("note", json!({"note_html": "one", "title": "one"})).unwrap();
    assert_eq!(crm.lines(), ["POST /note", "POST /note/_query"]);
}

#[test]
fn a_lost_create_is_looked_for_by_what_every_crm_compares() {
    let opportunity = |name: &str, amount: &str| json!({"display_name": name, "account_id": ID, "amount": amount, "stage": "sales.closed_won"});
    for refuses in [&["stage", "amount", "account_id"][..], &["display_name"][..]] {
        let crm = careless("opportunity", str::to_owned, refuses);
        for (name, amount) in [("A", "1"), ("A", "2"), ("A", "3")] {
            crm.create("opportunity", opportunity(name, amount)).unwrap();
            let lines = crm.lines();
            let sent = lines.iter().filter(|line| *line == "POST /opportunity").count();
            assert_eq!(sent, 1, "{refuses:?} {amount}: {lines:?}");
        }
    }
}

#[test]
fn a_path_that_is_unknown_there_is_no_fault_of_a_row() {
    for (status, told) in [(404, "Not Found"), (405, "Method Not Allowed")] {
        let crm = Crm::new(move |line, _| match line.split_once("/_schema/") {
            Some((_, name)) => schema(name, |_| {}),
            None => Told(Some(status), json!({"detail": told})),
        });
        let by_email = || json!({"email": "a@x.example"});
        let title = || json!({"title": "T"});
        for refused in [
            crm.assert("contact", by_email(), title()),
            crm.update("contact", by_email(), title()),
            crm.create("contact", json!({"first_name": "A"})),
        ] {
            let refused = refused.unwrap_err();
            assert_eq!(refused.code(), ErrorCode::ConfigInvalid, "{refused}");
            assert!(refused.message().contains(" /contact"), "{refused}");
        }
        if status == 404 {
            let refused = crm.assert("account", json!({"id": ID}), json!({"name": "A"}));
            assert_eq!(refused.unwrap_err().code(), ErrorCode::RecordNotFound);
        }
    }
}

/// The schema of tasks whose titles are unique.
fn unique_titles() -> Told {
    schema("task", |attribute| {
        if attribute["api_name"] == "title" {
            attribute["is_unique"] = json!(true);
        }
    })
}

/// Asserts a task by its title.
fn assert_task(crm: &Crm) -> Applied {
    crm.assert("task", json!({"title": "T"}), json!({"title": "T", "note": "N"}))
}

#[test]
fn a_create_that_was_answered_without_its_record_is_looked_for() {
    for (status, body) in [(201, json!(null)), (204, json!(null)), (202, json!({"data": {}}))] {
        let mut made = Vec::new();
        let crm = Crm::new(move |line, asked| match line {
            "GET /_schema/task" => unique_titles(),
            "POST /task" => {
                made.push(json!({"id": ID, "attributes": asked["attributes"]}));
                Told(Some(status), body.clone())
            }
            _ => page(json!(made)),
        });
        assert_eq!(assert_task(&crm).unwrap().action, Action::Created, "{status}");
        assert_eq!(crm.lines(), ["POST /task/_query", "POST /task", "POST /task/_query"]);
    }
    // What is not found then either is no refused row, and not made again.
    let crm = Crm::new(|line, _| match line {
        "GET /_schema/task" => unique_titles(),
        "POST /task" => Told(Some(201), json!(null)),
        _ => page(json!([])),
    });
    let error = assert_task(&crm).unwrap_err();
    assert_eq!((error.code(), error.retry()), (ErrorCode::Unavailable, Retry::Never), "{error}");
    assert_eq!(crm.lines().iter().filter(|line| *line == "POST /task").count(), 1);
}

#[test]
fn a_conflict_leads_to_the_record_that_others_have_made_just_now() {
    const OTHER: &str = "0191e4a0-0000-7000-8000-000000000002";
    let task = |id: &str, title: &str| json!({"id": id, "attributes": {"title": title}});
    // By its id, by a later look, or not at all, as it is about another attribute or record.
    let none: &[&str] = &[];
    for (error, found_at, rest) in [
        (json!({"details": {"record_id": ID}}), 9, &["GET", "PATCH"][..]),
        (json!({"field": "title"}), 2, &["POST", "POST", "PATCH"]),
        (json!({"field": "note"}), 9, none),
        (json!({"field": "title", "details": {"record": OTHER}}), 9, &["GET"]),
    ] {
        let (mut looks, mut error) = (0, error);
        error["code"] = json!("unique_conflict");
        let crm = Crm::new(move |line, asked| match line {
            "GET /_schema/task" => unique_titles(),
            "POST /task" => Told(Some(409), json!({ "error": error })),
            "POST /task/_query" => {
                looks += 1;
                page(if looks > found_at { json!([task(ID, "T")]) } else { json!([]) })
            }
            line if line.starts_with("GET /task/") => {
                let title = if line.ends_with(ID) { "T" } else { "another" };
                Told(Some(200), json!({"data": task(ID, title)}))
            }
            line if line.starts_with("PATCH /task/") => record(200, &asked["attributes"]),
            _ => Told(Some(500), json!(null)),
        });
        let done = assert_task(&crm);
        match rest.last() {
            Some(&"PATCH") => assert_eq!(done.unwrap().action, Action::Updated),
            _ => assert_eq!(done.unwrap_err().code(), ErrorCode::UniqueConflict),
        }
        let lines = crm.lines();
        let verbs: Vec<&str> =
            lines[2..].iter().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(verbs, rest, "{lines:?}");
    }
}

#[test]
fn parts_of_an_address_are_written_onto_what_the_assert_answers() {
    let address = json!({"value_type": "address", "value": {"street_one": "Main 1", "city": "X"}});
    let patched = Arc::new(Mutex::new(Vec::new()));
    let (seen, mut actions) = (Arc::clone(&patched), ["updated", "updated", "created"].into_iter());
    let mut shown = [json!({"address": address}), json!({}), json!({})].into_iter();
    let crm = Crm::new(move |line, body| match line {
        "GET /_schema/contact" => schema("contact", without_filters(&["contact_emails"])),
        "POST /contact/_assert" => {
            assert_eq!(body["attributes"], json!({"title": "T"}));
            let data = json!({"id": ID, "attributes": shown.next()});
            Told(Some(200), json!({"data": data, "meta": {"action": actions.next()}}))
        }
        line if line.starts_with("GET /contact/") => record(200, &json!({"address": address})),
        line if line.starts_with("PATCH /contact/") => {
            seen.lock().unwrap().push(body["attributes"].clone());
            record(200, &body["attributes"])
        }
        _ => Told(Some(500), json!(null)),
    });
    let assert = || {
        let matching = json!({"email": "a@x.example"});
        let done = crm.apply("contact", |given| {
            let mut attributes = given.attributes(json!({"title": "T"}), Writing::Assert);
            let city = AddressPatch(
                ADDRESS_PARTS.map(|part| (part == "city").then(|| Some("Oslo".into()))),
            );
            let address = given.0.index_of("address").unwrap();
            attributes.set(address, Change::Merge(Box::new(city)));
            OperationKind::Assert { matching: given.matching(matching), attributes }
        });
        let done = done.unwrap();
        let sent = patched.lock().unwrap().pop().unwrap()["address"].take();
        (done.action, crm.lines().len(), sent["street_one"].clone(), sent["city"].clone())
    };
    assert_eq!(assert(), (Action::Updated, 2, json!("Main 1"), json!("Oslo")));
    // Where the answer does not show the address it is asked for.
    assert_eq!(assert(), (Action::Updated, 3, json!("Main 1"), json!("Oslo")));
    assert_eq!(assert(), (Action::Created, 2, json!(null), json!("Oslo")));
}

#[test]
fn a_verification_begins_again_at_an_expired_cursor() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = Some(folder.path().join("ledger.db"));
    let mut queries = 0;
    let options = RemoteOptions { ledger, ..RemoteOptions::default() };
    let crm = Crm::with(options, move |line, body| {
        if line.contains("/_schema/") {
            return schema("contact", |_| {});
        }
        queries += 1;
        let records = json!([{"id": ID, "attributes": {}}]);
        match (queries, body["cursor"].is_null()) {
            (1 | 3, true) => page_before(Some("c"), records),
            (2, false) => {
                let error = json!({"code": "invalid_cursor", "message": "it has expired"});
                Told(Some(400), json!({ "error": error }))
            }
            _ => page(records),
        }
    });
    let drift = crm.workspace.verify("contact", &Control::default()).unwrap();
    assert_eq!(drift.read, 2, "what was read before counts once");
}
