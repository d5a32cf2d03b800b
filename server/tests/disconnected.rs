//! The query of a client that has gone is ended: it would keep a thread for an answer to nobody.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};

use headwater::operation::{EdgePage, EdgeQuery, OperationKind, Outcomes, QueryLimits};
use headwater::store::journal::JournalReader;
use headwater::{
    ApplyOptions, Attributes, Error, ErrorCode, OpenOptions, Operation, Page, Query, Record,
    Result, Schema, Settle, Uuid, Workspace, Write, open,
};
use headwater_server::{Limits, ServeOptions, Server};
use serde_json::json;

/// A workspace that tells when a query begins and how it ends; the rest goes through.
struct Watched {
    inner: Box<dyn Workspace>,
    begun: Sender<()>,
    ended: Sender<Option<ErrorCode>>,
}

impl Workspace for Watched {
    fn query(&self, record_type: &str, query: &Query) -> Result<Page> {
        self.begun.send(()).unwrap();
        let page = self.inner.query(record_type, query);
        self.ended.send(page.as_ref().err().map(Error::code)).unwrap();
        page
    }

    fn schema(&self) -> Arc<Schema> {
        self.inner.schema()
    }

    fn get(&self, record_type: &str, id: Uuid) -> Result<Record> {
        self.inner.get(record_type, id)
    }

    fn edges(&self, query: &EdgeQuery) -> Result<EdgePage> {
        self.inner.edges(query)
    }

    fn apply_and_settle(
        &self,
        operations: Vec<Operation>,
        options: ApplyOptions,
        settle: &mut Settle<'_>,
    ) -> Result<Outcomes> {
        self.inner.apply_and_settle(operations, options, settle)
    }

    fn read_journal(
        &self,
        read: &mut dyn FnMut(&mut dyn JournalReader) -> Result<()>,
    ) -> Result<()> {
        self.inner.read_journal(read)
    }

    fn settle(&self) -> Result<()> {
        self.inner.settle()
    }
}

/// Records with much text, in which to look for many things takes long.
fn with_long_texts(folder: &tempfile::TempDir) -> Box<dyn Workspace> {
    let options = OpenOptions { create: true, ..OpenOptions::default() };
    let workspace = open(folder.path().join("crm.db").to_str().unwrap(), options).unwrap();
    let account = workspace.schema().record_type("account").unwrap().clone();
    let create = |number: usize| {
        let text = "words ".repeat(40_000);
        let json = json!({ "name": format!("Acme {number}"), "description": text });
        let json = json.as_object().cloned().unwrap();
        let attributes = Attributes::parse(&account, json, Write::Create, None).unwrap();
        Operation::new(account.clone(), OperationKind::Create { attributes })
    };
    workspace.apply((0..100).map(create).collect(), ApplyOptions::default()).unwrap();
    workspace
}

#[test]
fn the_query_of_a_client_that_goes_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (begins, begun) = channel();
    let (ends, ended) = channel();
    let workspace =
        Arc::new(Watched { inner: with_long_texts(&folder), begun: begins, ended: ends });
    // Without a limit, so that nothing but the client's going ends a query early.
    let query = QueryLimits { time: None, ..QueryLimits::default() };
    let options = ServeOptions {
        no_auth: true,
        limits: Limits { query, ..Limits::default() },
        ..ServeOptions::on("127.0.0.1:0".parse().unwrap())
    };
    let server = Server::bind(workspace.clone(), &options).unwrap();
    let (address, stopper) = (server.address(), server.stopper());
    let running = std::thread::spawn(move || server.run());

    let sought = |number: usize| json!({ "field": "description", "operator": "contains", "value": format!("word {number}") });
    let sought: Vec<_> = (0..400).map(sought).collect();
    let body = json!({ "filters": [{ "or": sought }] }).to_string();
    let mut client = TcpStream::connect(address).unwrap();
    let length = body.len();
    let head = format!(
        "POST /api/v2/account/_query HTTP/1.1\r\nhost: crm\r\ncontent-length: {length}\r\n\r\n"
    );
    client.write_all(format!("{head}{body}").as_bytes()).unwrap();
    begun.recv().unwrap();
    drop(client);
    assert_eq!(ended.recv().unwrap(), Some(ErrorCode::Cancelled));
    stopper.stop();
    running.join().unwrap();
}
