//! A query that takes longer than it may is ended, and the server answers the next one.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use headwater::operation::{OperationKind, QueryLimits};
use headwater::{ApplyOptions, Attributes, OpenOptions, Operation, Write, open};
use headwater_server::{Limits, ServeOptions, Server};
use serde_json::{Value, json};

#[test]
fn a_query_without_time_is_refused_with_timeout_unless_an_index_answers_it() {
    let folder = tempfile::tempdir().unwrap();
    let options = OpenOptions { create: true, ..OpenOptions::default() };
    let workspace = open(folder.path().join("crm.db").to_str().unwrap(), options).unwrap();
    let contact = workspace.schema().record_type("contact").unwrap().clone();
    let create = |number: usize| {
        let json = json!({ "contact_emails": [format!("s{number}@acme.com")] });
        let json = json.as_object().cloned().unwrap();
        let attributes = Attributes::parse(&contact, json, Write::Create, None).unwrap();
        Operation::new(contact.clone(), OperationKind::Create { attributes })
    };
    workspace.apply((0..1000).map(create).collect(), ApplyOptions::default()).unwrap();
    let query = QueryLimits { time: Some(Duration::ZERO), ..QueryLimits::default() };
    let options = ServeOptions {
        no_auth: true,
        limits: Limits { query, ..Limits::default() },
        ..ServeOptions::on("127.0.0.1:0".parse().unwrap())
    };
    let server = Server::bind(workspace.into(), &options).unwrap();
    let (address, stopper) = (server.address(), server.stopper());
    let running = std::thread::spawn(move || server.run());
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let ask = |field: &str, operator: &str, value: &str| {
        let url = format!("http://{address}/api/v2/contact/_query");
        let filter = json!({ "field": field, "operator": operator, "value": value });
        let mut answer = agent.post(url).send_json(json!({ "filters": [filter] })).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_json::<Value>().unwrap())
    };
    let (status, answer) = ask("title", "ends_with", "officer");
    assert_eq!((status, &answer["error"]["code"]), (504, &json!("timeout")), "{answer}");
    let (status, answer) = ask("primary_email", "eq", "s7@acme.com");
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["data"].as_array().unwrap().len(), 1);
    let id = answer["data"][0]["id"].as_str().unwrap();
    let url = format!("http://{address}/api/local/contact/{id}/history");
    let mut answer = agent.get(url).call().unwrap();
    let body = answer.body_mut().read_json::<Value>().unwrap();
    assert_eq!((answer.status().as_u16(), &body["error"]["code"]), (504, &json!("timeout")));
    stopper.stop();
    running.join().unwrap();
}
