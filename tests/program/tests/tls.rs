//! The server with a certificate: encrypted, and ended as well as without.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use headwater_program_tests::{Desk, Served};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Writes a certificate for this machine, and its key.
fn certify(desk: &Desk) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    desk.write("certificate.pem", cert.pem());
    desk.write("key.pem", signing_key.serialize_pem());
    cert.der().clone()
}

/// Asks over an encrypted connection; gives the whole answer.
fn ask(crm: &Served, root: &CertificateDer<'static>) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(crm.address())?);
    stream.write_all(
        b"GET /api/v2/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

const FILES: [&str; 5] =
    ["--no-auth", "--tls-certificate", "certificate.pem", "--tls-key", "key.pem"];

#[test]
fn with_a_certificate_the_server_is_encrypted() {
    let desk = Desk::new();
    let certificate = certify(&desk);
    let crm = Served::start(&desk, &FILES);
    assert!(crm.base.starts_with("https://"), "{}", crm.base);
    let answer = ask(&crm, &certificate).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && answer.ends_with(r#"{"data":{"status":"healthy"}}"#),
        "{answer}"
    );

    // Who trusts another root gets no answer, and who does not encrypt none either.
    let stranger = certify(&Desk::new());
    assert!(ask(&crm, &stranger).is_err());
    let plain = crm.send_raw(b"GET /api/v2/health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(!plain.contains("healthy"), "{plain}");

    ask(&crm, &certificate).unwrap();
    assert_eq!(crm.stop().status, Some(0));
}

#[test]
fn a_certificate_that_is_no_use_is_named() {
    let desk = Desk::new();
    certify(&desk);
    let serve = |files: [&str; 5]| {
        let start = ["serve", "--workspace", "crm.db", "--listen", "127.0.0.1:0"];
        desk.run(&[start.as_slice(), &files].concat())
    };
    let missing = serve(FILES.map(|name| if name == "certificate.pem" { "no.pem" } else { name }));
    assert_eq!(missing.status, Some(1));
    assert!(missing.errors.contains("no.pem") && missing.errors.contains("tls_certificate"));

    desk.write("other.pem", "not a key");
    let unreadable = serve(FILES.map(|name| if name == "key.pem" { "other.pem" } else { name }));
    assert!(unreadable.errors.contains("tls_key"), "{unreadable:?}");

    let other = Desk::new();
    certify(&other);
    desk.write("other.pem", std::fs::read(other.path("key.pem")).unwrap());
    let of_another = serve(FILES.map(|name| if name == "key.pem" { "other.pem" } else { name }));
    assert_eq!(of_another.status, Some(1));
    assert!(of_another.errors.contains("config_invalid"), "{of_another:?}");

    let alone = ["serve", "--workspace", "crm.db", "--tls-key", "key.pem"];
    assert!(desk.run(&alone).errors.contains("--tls-certificate"));
}
