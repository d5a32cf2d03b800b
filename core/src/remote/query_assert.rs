//! Asserts of records that the API cannot assert: each is looked for, then made or changed.

use std::sync::Arc;

use uuid::Uuid;

use crate::error::{Error, ErrorCode, Result, Retry};
use crate::operation::{Action, Match, MatchTarget};
use crate::record::{Attributes, Change, Record};
use crate::schema::RecordType;
use crate::value::Value;

use super::creates::Doubt;
use super::fingerprints::holds;
use super::perform::{ATTEMPTS, Begun, Performed, Performer, whole};
use super::request::Request;
use super::{creates, failure, lookup, parts, waits};

/// Who holds a value that is unique.
enum Holder {
    /// The record that is looked for.
    Record(Box<Record>),
    /// Another one, which has what it is looked for by otherwise.
    Another,
    /// Queries may find it a while later.
    Unknown,
}

impl Performer<'_> {
    /// An assert of records that the API cannot assert: looked for, then made or changed.
    pub(super) async fn assert_by_query(
        &mut self,
        record_type: &Arc<RecordType>,
        matching: &Match,
        attributes: &Attributes,
    ) -> Result<Performed> {
        // What it ends with where the next look finds nothing.
        let mut end = None;
        // Whether an attempt of this run may have made it.
        let mut is_asked = false;
        let mut doubt = match self.begun {
            Begun::Perhaps(_) => Some(Doubt::new()),
            Begun::No | Begun::Made(_) => None,
        };
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                self.exchange.stop().sleep(waits::backoff(attempt)).await;
            }
            let look = async || {
                let found = lookup::by_match(self.exchange, record_type, matching).await;
                found.map_err(|error| if is_asked { failure::unknown(error) } else { error })
            };
            let mut found = look().await?;
            while let (None, Some(pause)) = (&found, doubt.and_then(Doubt::pause)) {
                self.exchange.stop().sleep(pause).await;
                found = look().await?;
            }
            match found {
                Some(record) => {
                    return self.bring_to(record_type, record, attributes, is_asked).await;
                }
                None if end.is_some() => break,
                None => {}
            }
            if let MatchTarget::Id(id) = matching.target {
                let what = format!("there is no {} with the id {id}", record_type.api_name());
                return Err(Error::new(ErrorCode::RecordNotFound, what).on_record(id.to_string()));
            }
            let new = with_match(record_type, matching, attributes);
            let body = parts::create_body(record_type, &whole(record_type, &new, None));
            let request = Request::post(&[record_type.api_name()], body).once();
            match self.exchange.send(&request).await {
                Ok(answer) => {
                    match self.performed(record_type, Action::Created, answer, attributes) {
                        Ok(done) => return Ok(done),
                        // Made, and not told which record it is.
                        Err(error) => {
                            (is_asked, doubt) = (true, Some(Doubt::new()));
                            end = Some(error.retry_with(Retry::Never));
                        }
                    }
                }
                // Made by an attempt of which nothing was heard, or by somebody else just now.
                Err(failure) if failure.may_be_done && failure.is_passing() => {
                    (is_asked, doubt) = (true, Some(Doubt::new()));
                }
                Err(failure) if failure.error.code() == ErrorCode::UniqueConflict => {
                    let error = failure.error;
                    match self.holder(record_type, matching, &error).await? {
                        Holder::Record(record) => {
                            return self.bring_to(record_type, *record, attributes, is_asked).await;
                        }
                        Holder::Another => return Err(error),
                        Holder::Unknown => (doubt, end) = (Some(Doubt::new()), Some(error)),
                    }
                }
                Err(failure) => return Err(failure.of(&request)),
            }
        }
        Err(end.unwrap_or_else(creates::every_attempt_lost))
    }

    /// Who holds the value that a new record cannot have, as far as the refusal tells.
    async fn holder(
        &self,
        record_type: &Arc<RecordType>,
        matching: &Match,
        conflict: &Error,
    ) -> Result<Holder> {
        let MatchTarget::Values { attribute, .. } = matching.target else {
            return Ok(Holder::Another);
        };
        if let Some(id) = conflict.record().and_then(|id| Uuid::parse_str(id).ok()) {
            match lookup::by_id(self.exchange, record_type, id).await {
                Ok(record) if holds(&record, matching) => {
                    return Ok(Holder::Record(Box::new(record)));
                }
                Ok(_) => return Ok(Holder::Another),
                Err(error) if error.code() == ErrorCode::RecordNotFound => {}
                Err(error) => return Err(error),
            }
        }
        let is_of_match = |field: &str| record_type.index_of(field) == Some(attribute);
        Ok(match conflict.field() {
            Some(field) if !is_of_match(field) => Holder::Another,
            _ => Holder::Unknown,
        })
    }
}

/// The attributes of a new record, with the match value where they do not give it.
fn with_match(record_type: &RecordType, matching: &Match, attributes: &Attributes) -> Attributes {
    let mut new = attributes.clone();
    let MatchTarget::Values { attribute, values } = &matching.target else { return new };
    if new.change(*attribute).is_none() {
        let value = match (record_type.attribute(*attribute).is_array, values.first()) {
            (true, _) => Value::List(values.clone().into()),
            (false, Some(value)) => value.clone(),
            (false, None) => return new,
        };
        new.set(*attribute, Change::Set(value));
    }
    new
}
