//! A proxy of the environment is never asked for a workspace on this machine: it would read the key.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::TcpListener;

use headwater_program_tests::{Desk, Served, finish};

#[test]
fn a_workspace_on_this_machine_is_asked_without_a_proxy() {
    let desk = Desk::new();
    let crm = Served::start(&desk, &["--no-auth", "--twin"]);
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let query = ["record", "query", "contact", "--workspace", &crm.base];
    let mut command = desk.command(&query);
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        command.env(name, format!("http://{}", proxy.local_addr().unwrap()));
    }
    command.env("HEADWATER_API_KEY", "sesame").env_remove("NO_PROXY").env_remove("no_proxy");
    let asked = finish(command);
    assert_eq!(asked.status, Some(0), "{asked:?}");
    assert!(proxy.accept().is_err(), "the proxy was asked");
}
