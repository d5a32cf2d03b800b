//! Many clients write over HTTP while the server is killed at random moments and started again: what
//! was acknowledged is there, and nothing is there twice.
//!
//! `HEADWATER_SOAK_SECONDS` is how long, 20 by default; `make soak` takes ten minutes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use headwater_crash_tests::desk::{CrashDesk, start};
use headwater_crash_tests::random::{Random, seed};
use headwater_crash_tests::workspace::Contents;
use headwater_crash_tests::{signals, tell};
use headwater_program_tests::Served;
use serde_json::{Value as Json, json};

const CLIENTS: u64 = 16;
/// Acknowledged writes between two kills, at most.
const MOST_BETWEEN_KILLS: u64 = 20_000;
/// What the server may take, in KiB: page caches of a few connections and what is under way.
const MOST_MEMORY: u64 = 256 * 1024;

/// A contact as one client knows it, who alone writes it.
#[derive(Default)]
struct Contact {
    email: String,
    /// Where its making was acknowledged.
    path: Option<String>,
    title: Option<String>,
    /// Its other addresses.
    emails: BTreeSet<String>,
    /// What was asked for and not answered: it may be there or not.
    doubt: Option<Doubt>,
}

enum Doubt {
    Making,
    Title(String),
    Email(String),
}

impl Contact {
    /// Compares what the server has with what it said, and settles what was in doubt.
    fn check(&mut self, found: &Json) {
        let records = found["data"].as_array().unwrap();
        assert!(records.len() <= 1, "{} is there {} times", self.email, records.len());
        let Some(record) = records.first() else {
            assert!(self.path.is_none(), "{} was acknowledged and is lost", self.email);
            self.doubt = None;
            return;
        };
        let attributes = &record["attributes"];
        let title = attributes["title"]["value"].as_str().map(str::to_owned);
        let mut emails: BTreeSet<String> = attributes["contact_emails"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["value"]["email"].as_str().unwrap().to_owned())
            .collect();
        assert!(emails.remove(&self.email), "{found}");
        match self.doubt.take() {
            Some(Doubt::Title(asked)) if title.as_ref() == Some(&asked) => {
                self.title.clone_from(&title);
            }
            Some(Doubt::Email(asked)) if emails.contains(&asked) => {
                self.emails.insert(asked);
            }
            Some(Doubt::Making) => self.title.clone_from(&title),
            _ => {}
        }
        assert_eq!((&title, &emails), (&self.title, &self.emails), "of {}", self.email);
        self.path = Some(format!("/contact/{}", record["id"].as_str().unwrap()));
    }
}

/// One client: it makes contacts and changes them, and remembers what was acknowledged.
struct Client<'a> {
    name: u64,
    random: Random,
    server: &'a RwLock<Served>,
    contacts: Vec<Contact>,
    written: u64,
}

impl Client<'_> {
    /// Writes until it is told to stop; says of each acknowledged write that it was.
    fn write_until(&mut self, stops: &AtomicBool, acknowledged: &Sender<()>) {
        while !stops.load(Ordering::Relaxed) {
            self.written += 1;
            let place = match self.random.below(4) {
                0 => self.contacts.len(),
                _ => usize::try_from(self.random.below(self.contacts.len() as u64)).unwrap(),
            };
            if place == self.contacts.len() {
                let email = format!("c{}-{}@soak.example", self.name, self.written);
                self.contacts.push(Contact { email, ..Contact::default() });
            }
            let kind = self.random.below(3);
            let (made, asked) = self.ask(place, kind);
            match made {
                Some((200 | 201, answer)) => {
                    self.take_note(place, asked, &answer);
                    acknowledged.send(()).unwrap();
                }
                Some((status, answer)) => panic!("{status}: {answer}"),
                None => {
                    self.contacts[place].doubt = Some(asked);
                    self.look_at(place);
                }
            }
        }
    }

    /// Asks for one write of a contact; `None` where the answer did not come.
    fn ask(&self, place: usize, kind: u64) -> (Option<(u16, Json)>, Doubt) {
        let contact = &self.contacts[place];
        let title = format!("title {}", self.written);
        let (method, path, body, asked) = match (&contact.path, kind) {
            (None, 0) => {
                let body = json!({"attributes": {"primary_email": contact.email}});
                ("POST", "/contact".to_owned(), body, Doubt::Making)
            }
            (None, _) => {
                let body = json!({"match": {"contact_emails": contact.email}, "attributes": {}});
                ("POST", "/contact/_assert".to_owned(), body, Doubt::Making)
            }
            (Some(path), 0) => {
                let body = json!({"attributes": {"title": title}});
                ("PATCH", path.clone(), body, Doubt::Title(title))
            }
            (Some(path), 1) if contact.emails.len() < 5 => {
                let email = format!("more{}.{}", self.written, contact.email);
                let body = json!({"email": email, "is_primary": false});
                ("POST", format!("{path}/attribute/contact_emails"), body, Doubt::Email(email))
            }
            (Some(_), _) => {
                let matching = json!({"contact_emails": contact.email});
                let body = json!({"match": matching, "attributes": {"title": title}});
                ("POST", "/contact/_assert".to_owned(), body, Doubt::Title(title))
            }
        };
        let server = self.server.read().unwrap_or_else(PoisonError::into_inner);
        (server.try_send(method, &path, body.to_string().as_bytes()).ok(), asked)
    }

    fn take_note(&mut self, place: usize, done: Doubt, answer: &Json) {
        let contact = &mut self.contacts[place];
        match done {
            Doubt::Making => {
                contact.path = answer["data"]["id"].as_str().map(|id| format!("/contact/{id}"));
            }
            Doubt::Title(title) => contact.title = Some(title),
            Doubt::Email(email) => {
                contact.emails.insert(email);
            }
        }
    }

    /// Reads a contact until there is an answer, and compares.
    fn look_at(&mut self, place: usize) {
        let contact = &mut self.contacts[place];
        let filter = json!({"field": "contact_emails", "operator": "eq", "value": contact.email});
        let query = json!({"filters": [filter]}).to_string();
        let found = loop {
            let server = self.server.read().unwrap_or_else(PoisonError::into_inner);
            if let Ok((status, found)) =
                server.try_send("POST", "/contact/_query", query.as_bytes())
            {
                assert_eq!(status, 200, "{found}");
                break found;
            }
        };
        contact.check(&found);
    }
}

fn serve(desk: &CrashDesk) -> Served {
    let serve = ["serve", "--workspace", "crm.db", "--listen", "127.0.0.1:0", "--no-auth"];
    Served::of(start(&mut desk.command(&serve)))
}

/// The most memory that a running server has taken, in KiB.
fn peak(server: &Served) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn what_many_clients_were_told_is_there_after_any_number_of_kills() {
    let seconds = env::var("HEADWATER_SOAK_SECONDS")
        .map_or(20, |text| text.parse().expect("HEADWATER_SOAK_SECONDS is a whole number"));
    let end = Instant::now() + Duration::from_secs(seconds);
    let desk = CrashDesk::with("", "");
    let server = RwLock::new(serve(&desk));
    let (acknowledged, acknowledgements) = channel();
    let stops = AtomicBool::new(false);
    let mut random = Random::new(seed());
    let (mut total, mut kills, mut peaks) = (0_u64, 0, Vec::new());
    let mut clients: Vec<Client> = (0..CLIENTS)
        .map(|name| Client {
            name,
            random: Random::new(random.number()),
            server: &server,
            contacts: Vec::new(),
            written: 0,
        })
        .collect();
    thread::scope(|scope| {
        for client in &mut clients {
            let (stops, acknowledged) = (&stops, acknowledged.clone());
            scope.spawn(move || client.write_until(stops, &acknowledged));
        }
        drop(acknowledged);
        // Short and long lives in turn: what is in memory, in the log, being moved into the file.
        while Instant::now() < end {
            let most = MOST_BETWEEN_KILLS >> random.below(8);
            let lives = 1 + random.below(most);
            for _ in 0..lives {
                // Ends where the clients have failed, which is told by their panic.
                if acknowledgements.recv().is_err() {
                    return;
                }
                total += 1;
            }
            peaks.push(peak(&server.read().unwrap()));
            signals::send(&server.read().unwrap().child, "-KILL");
            kills += 1;
            *server.write().unwrap_or_else(PoisonError::into_inner) = serve(&desk);
        }
        stops.store(true, Ordering::Relaxed);
        total += acknowledgements.iter().count() as u64;
    });
    thread::scope(|scope| {
        for client in &mut clients {
            scope.spawn(|| (0..client.contacts.len()).for_each(|place| client.look_at(place)));
        }
    });
    let contacts: usize = clients.iter().map(|client| client.contacts.len()).sum();
    let server = server.into_inner().unwrap();
    peaks.push(peak(&server));
    assert_eq!(server.stop().status, Some(0));
    let found = Contents::read(&desk.workspace()).count("contact");
    assert!(found <= contacts, "{found} contacts are there, {contacts} were asked for");
    let most = peaks.iter().max().unwrap();
    let mut told = String::new();
    let _ = write!(told, "{seconds} s: {total} writes acknowledged, {kills} kills, 0 lost, ");
    let _ = writeln!(told, "{found} contacts, most memory {} MB", most / 1024);
    tell(&told);
    assert!(kills > 0 && total > 0, "{told}");
    assert!(*most < MOST_MEMORY, "{told}");
}
