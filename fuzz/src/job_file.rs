//! Job files: any text is a job or is refused with a reason, and never shows a secret.

use std::collections::BTreeSet;

use headwater::schema::Schema;
use headwater::source::Control;
use headwater::sync::Job;
use headwater::{Error, ErrorCode};

use crate::expect::good_error;
use crate::memory::MemoryConnector;
use crate::secret::{self, SECRETS};

/// Checks one input.
pub fn run(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    // Files of this machine are not what is tested, and some never end.
    if text.contains("file:/") || text.contains("..") || secret::stands_in(text) {
        return;
    }
    let folder = secret::folder();
    let job = match Job::parse(text, folder) {
        Ok(job) => job,
        Err(error) => return check_error(&error),
    };
    let again = Job::parse(text, folder).expect("what could be read can be read again");
    assert_eq!(job.hash(), again.hash(), "one text has two hashes");
    assert!(!job.connector.contains(SECRETS[0]), "a secret became the name of a connector");
    assert!(job.commit_rows > 0);
    secret::assert_hidden(&format!("{:?} {}", job.secrets, job.hash()));
    let columns = ["id", "name", "mail", "phone"].map(str::to_owned);
    let connector = MemoryConnector::new(&BTreeSet::from(columns), text.len() % 2 == 0);
    let schema = Schema::standard();
    if let Err(error) = headwater::sync::check(&job, &connector, &schema, &Control::default()) {
        check_error(&error);
    }
}

fn check_error(error: &Error) {
    good_error(error, &[ErrorCode::ConfigInvalid, ErrorCode::OperationNotSupported]);
    secret::assert_hidden(&format!("{error:#}"));
}
