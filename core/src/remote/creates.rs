//! What must not be done twice. An attempt of which nothing was heard is followed by looks for what it
//! did, before another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorCode, Result};
use crate::operation::Action;
use crate::record::Attributes;
use crate::schema::RecordType;

use super::client::Exchange;
use super::failure::unknown;
use super::perform::{ATTEMPTS, Begun, Performed, Performer};
use super::request::{Answer, Request};
use super::{lookup, parts, waits};

/// From the end of an attempt until what is not found was not done: what is done may be found only a
/// while later, or still be under way when the connection is lost.
const GRACE: Duration = Duration::from_secs(5);

/// Until when what an attempt has done may not be found yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doubt(Instant);

impl Doubt {
    /// Of an attempt that has ended just now, or at a time that nobody knows.
    pub(super) fn new() -> Self {
        Self(Instant::now() + GRACE)
    }

    /// How long to wait before the next look, where nothing was found; `None` where that is
    /// believed. To be asked before the look, so that the last one begins when the time is over.
    pub(super) fn pause(self) -> Option<Duration> {
        let left = self.0.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }
}

/// What came of a request that must not be done twice.
pub(super) enum Sent<T> {
    /// It was answered.
    Answered(Answer),
    /// An attempt of which nothing was heard has done this.
    Found(T),
}

/// Sends what must not be done twice; after an attempt of which nothing was heard only once `look`
/// has found nothing.
///
/// # Errors
/// What a request may end with; `timeout` where it is not known what was done.
pub(super) async fn send_once<T, Looked: Future<Output = Result<Option<T>>>>(
    exchange: &Exchange,
    request: &Request,
    mut doubt: Option<Doubt>,
    look: impl Fn() -> Looked,
) -> Result<Sent<T>> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            exchange.stop().sleep(waits::backoff(attempt)).await;
        }
        while let Some(last) = doubt {
            let pause = last.pause();
            if let Some(found) = look().await.map_err(unknown)? {
                return Ok(Sent::Found(found));
            }
            match pause {
                Some(pause) => exchange.stop().sleep(pause).await,
                None => doubt = None,
            }
        }
        match exchange.send(request).await {
            Ok(answer) => return Ok(Sent::Answered(answer)),
            Err(failure) if failure.may_be_done && failure.is_passing() => {
                doubt = Some(Doubt::new());
            }
            Err(failure) if failure.may_be_done => return Err(unknown(failure.error)),
            Err(failure) => return Err(failure.of(request)),
        }
    }
    Err(every_attempt_lost())
}

/// Nothing was heard of any attempt.
pub(super) fn every_attempt_lost() -> Error {
    unknown(Error::new(ErrorCode::Internal, "no attempt was answered"))
}

/// Creates a record, once.
pub(super) async fn create(
    performer: &Performer<'_>,
    record_type: &Arc<RecordType>,
    attributes: &Attributes,
) -> Result<Performed> {
    let exchange = performer.exchange;
    // Later than it was noted: the less there is to look through.
    let (mut since, mut doubt) = (exchange.time(), None);
    match performer.begun {
        Begun::No => {}
        Begun::Perhaps(noted_at) => {
            since = noted_at;
            // It was noted before all requests of its batch; the last attempt may have been just now.
            doubt = Some(Doubt::new());
        }
        Begun::Made(id) => {
            let record = match performer.returns_records {
                true => Some(lookup::by_id(exchange, record_type, id).await?),
                false => None,
            };
            return Ok(Performed::of(Action::Created, id, record));
        }
    }
    let lost = lookup::Lost {
        record_type,
        attributes,
        since,
        known: &performer.made,
        open: performer.open,
    };
    let body = parts::create_body(record_type, attributes);
    let request = Request::post(&[record_type.api_name()], body).once();
    match send_once(exchange, &request, doubt, || lookup::made(exchange, &lost)).await? {
        Sent::Found(record) => Ok(performer.done(Action::Created, record, attributes, false)),
        Sent::Answered(answer) => {
            let done = performer.performed(record_type, Action::Created, answer, attributes);
            done.map_err(unknown)
        }
    }
}
