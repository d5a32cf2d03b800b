//! Creates: what must not be done twice. An attempt of which nothing was heard is followed by looks for
//! what it made, before another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, ErrorCode, Result};
use crate::operation::Action;
use crate::record::{Attributes, Record};
use crate::schema::RecordType;

use super::failure::unknown;
use super::perform::{ATTEMPTS, Begun, Performed, Performer};
use super::request::Request;
use super::{lookup, parts, waits};

/// From the end of an attempt until a record that is not found was not made: what is made may be
/// found only a while later, or still be under way when the connection is lost.
pub(super) const GRACE: Duration = Duration::from_secs(5);
/// Between two looks in that time.
const STEP: Duration = Duration::from_millis(2500);

/// How long to wait before the next look, where nothing was found; `None` where that is believed.
pub(super) fn pause(until: Instant) -> Option<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    (!left.is_zero()).then(|| left.min(STEP))
}

/// Creates a record, once.
pub(super) async fn create(
    performer: &Performer<'_>,
    record_type: &Arc<RecordType>,
    attributes: &Attributes,
) -> Result<Performed> {
    let exchange = performer.exchange;
    let mut since = performer.noted_at;
    let mut uncertain = None;
    match performer.begun {
        Begun::No => {}
        Begun::Perhaps(noted_at) => {
            since = noted_at;
            let age = u64::try_from(exchange.time().0.saturating_sub(noted_at.0)).unwrap_or(0);
            let left = GRACE.saturating_sub(Duration::from_micros(age));
            uncertain = Some(Instant::now() + left);
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
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(waits::backoff(attempt)).await;
        }
        if let Some(until) = uncertain
            && let Some(record) = found(performer, &lost, until).await.map_err(unknown)?
        {
            return Ok(performer.done(Action::Created, record, attributes, false));
        }
        match exchange.send(&request).await {
            Ok(answer) => {
                let done = performer.performed(record_type, Action::Created, answer, attributes);
                return done.map_err(unknown);
            }
            Err(failure) if failure.may_be_done && failure.is_passing() => {
                uncertain = Some(Instant::now() + GRACE);
            }
            Err(failure) if failure.may_be_done => return Err(unknown(failure.error)),
            Err(failure) => return Err(failure.error),
        }
    }
    let what = "it is not known whether the record was made";
    Err(Error::new(ErrorCode::Timeout, what).hint("run again: it is looked for first"))
}

/// What an attempt before has made, after as many looks as it takes to believe that it has not.
async fn found(
    performer: &Performer<'_>,
    lost: &lookup::Lost<'_>,
    until: Instant,
) -> Result<Option<Record>> {
    loop {
        // Before the look, so that the last one begins when the time is over.
        let pause = pause(until);
        if let Some(record) = lookup::made(performer.exchange, lost).await? {
            return Ok(Some(record));
        }
        let Some(pause) = pause else { return Ok(None) };
        tokio::time::sleep(pause).await;
    }
}
