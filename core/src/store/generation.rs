//! Where the times and ids of records come from: the machine, or a rule that repeats from run to run.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest as _, Sha256};
use uuid::{Builder, Uuid};

use crate::error::{Error, ErrorCode, Result};
use crate::value::{Timestamp, parse_timestamp};

/// How times and ids are made; by default the machine's clock and chance make them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Generation {
    /// A clock that only writes move on, in place of the machine's.
    pub clock: Option<FixedClock>,
    /// Ids follow from this number and the order of the records of a type, in place of chance.
    pub id_seed: Option<u64>,
}

/// A clock that stands still between writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedClock {
    /// The time of the next write.
    pub now: Timestamp,
    /// How far each write moves it on, in microseconds.
    pub step: i64,
}

/// The step where none is given: a second.
const STEP: i64 = 1_000_000;
/// The longest step, an hour, and the first instant that is too late to start from, the year 3000:
/// no clock comes to the end of what a timestamp can hold.
const LONGEST_STEP: i64 = 3_600_000_000;
const TOO_LATE: Timestamp = Timestamp(32_503_680_000_000_000);

/// The time in ids that follow from a seed, in milliseconds: the beginning of the year 2020.
const SEEDED_AT: u64 = 1_577_836_800_000;

impl FixedClock {
    /// A clock that starts at this time and moves a second with each write.
    ///
    /// # Errors
    /// `field_value_invalid` at `clock` for a time that is none, or not of the years 1970 to 2999.
    pub fn at(text: &str) -> Result<Self> {
        let now = parse_timestamp(text).map_err(|error| error.at_field("clock"))?;
        if now < Timestamp(0) || now >= TOO_LATE {
            let what = format!("expected a time of the years 1970 to 2999, found {text:?}");
            return Err(Error::new(ErrorCode::FieldValueInvalid, what).at_field("clock"));
        }
        Ok(Self { now, step: STEP })
    }

    /// The same clock with another step, in milliseconds.
    ///
    /// # Errors
    /// `field_value_invalid` at `step_milliseconds` for a step that is not 1 to 3 600 000.
    pub fn with_step(self, milliseconds: i64) -> Result<Self> {
        match milliseconds.checked_mul(1000) {
            Some(step) if (1..=LONGEST_STEP).contains(&step) => Ok(Self { step, ..self }),
            _ => {
                let what = format!("a step has 1 to 3600000 milliseconds, found {milliseconds}");
                let error = Error::new(ErrorCode::FieldValueInvalid, what);
                Err(error.at_field("step_milliseconds"))
            }
        }
    }
}

/// What a store's times and ids are made by, as it is set now.
#[derive(Debug, Default)]
pub struct Generator(RwLock<(Times, Ids)>);

impl Generator {
    /// A generator that is set like this.
    #[must_use]
    pub fn new(generation: Generation) -> Self {
        Self(RwLock::new(parts(generation)))
    }

    /// Makes times and ids in another way from now on.
    pub fn set(&self, generation: Generation) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = parts(generation);
    }

    /// How it is set, with the time that its clock has come to.
    #[must_use]
    pub fn generation(&self) -> Generation {
        let (times, ids) = self.current();
        let clock = times.0.map(|ticking| FixedClock {
            now: Timestamp(ticking.next.load(Ordering::Relaxed)),
            step: ticking.step,
        });
        Generation { clock, id_seed: ids.0 }
    }

    /// What gives times.
    #[must_use]
    pub fn times(&self) -> Times {
        self.current().0
    }

    /// What gives ids.
    #[must_use]
    pub fn ids(&self) -> Ids {
        self.current().1
    }

    fn current(&self) -> (Times, Ids) {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn parts(generation: Generation) -> (Times, Ids) {
    let ticking = |clock: FixedClock| {
        Arc::new(Ticking { next: AtomicI64::new(clock.now.0), step: clock.step })
    };
    (Times(generation.clock.map(ticking)), Ids(generation.id_seed))
}

/// Gives the times of writes: the machine's, or those of a fixed clock.
#[derive(Debug, Clone, Default)]
pub struct Times(Option<Arc<Ticking>>);

#[derive(Debug)]
struct Ticking {
    next: AtomicI64,
    step: i64,
}

impl Times {
    /// The time that the next write would be given.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            None => Timestamp::now(),
            Some(ticking) => Timestamp(ticking.next.load(Ordering::Relaxed)),
        }
    }

    /// The time of a write; a fixed clock moves on.
    #[must_use]
    pub fn tick(&self) -> Timestamp {
        match &self.0 {
            None => Timestamp::now(),
            Some(ticking) => Timestamp(ticking.next.fetch_add(ticking.step, Ordering::Relaxed)),
        }
    }
}

/// Gives what is random in ids: by chance, or following from a seed and from what the id is of.
///
/// It keeps no count: the same record gets the same id whatever was refused before it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ids(Option<u64>);

impl Ids {
    /// The milliseconds of an id that is made at this time. With a seed they are always the same: a
    /// batch takes its ids before it has all its times, so these depend on what it has in it.
    #[must_use]
    pub fn unix_millis(&self, now: Timestamp) -> u64 {
        match self.0 {
            None => u64::try_from(now.0 / 1000).unwrap_or(0),
            Some(_) => SEEDED_AT,
        }
    }

    /// Random bytes for the id of the record of this type at this place.
    #[must_use]
    pub fn bytes(&self, record_type: &str, place: u64) -> [u8; 10] {
        let mut random = [0; 10];
        match self.0 {
            None => fastrand::fill(&mut random),
            Some(seed) => {
                let hash = hash(seed, "record", &[record_type.as_bytes(), &place.to_be_bytes()]);
                random.copy_from_slice(&hash[..10]);
            }
        }
        random
    }

    /// A random number for a new item of a record; `attempt` counts those that were taken.
    #[must_use]
    pub fn item_number(&self, record: Uuid, attribute: &str, key: &str, attempt: u32) -> u32 {
        match self.0 {
            None => fastrand::u32(..),
            Some(seed) => {
                let of: [&[u8]; 3] = [record.as_bytes(), attribute.as_bytes(), key.as_bytes()];
                let [a, b, c, d, ..] = hash(seed, &format!("item {attempt}"), &of);
                u32::from_be_bytes([a, b, c, d])
            }
        }
    }

    /// The id of the organisation whose records these are; `None` where it is left to chance.
    #[must_use]
    pub fn organization(&self) -> Option<Uuid> {
        let hash = hash(self.0?, "organization", &[]);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Some(Builder::from_random_bytes(bytes).into_uuid())
    }
}

/// Each part with its length, so that no two inputs look alike.
fn hash(seed: u64, what: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(seed.to_be_bytes());
    for part in [what.as_bytes()].iter().chain(parts) {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_clock_moves_with_each_write_and_can_be_set_back() {
        let start = FixedClock { now: Timestamp(1_000), step: 5 };
        let generation = Generation { clock: Some(start), id_seed: None };
        let generator = Generator::new(generation);
        let times = generator.times();
        assert_eq!(
            [times.tick(), times.now(), times.tick()].map(|time| time.0),
            [1_000, 1_005, 1_005]
        );
        assert_eq!(generator.generation().clock.map(|clock| clock.now), Some(Timestamp(1_010)));
        generator.set(generation);
        assert_eq!(generator.times().now(), Timestamp(1_000));
        generator.set(Generation::default());
        assert!(generator.times().tick() > Timestamp(1_700_000_000_000_000));
    }

    #[test]
    fn ids_follow_from_the_seed_and_from_nothing_else() {
        let ids = |seed| Generator::new(Generation { clock: None, id_seed: Some(seed) }).ids();
        let record = Uuid::from_u128(7);
        assert_eq!(ids(42).bytes("contact", 1), ids(42).bytes("contact", 1));
        // Nor from the time: how much of it has passed depends on what was grouped.
        assert_eq!(ids(42).unix_millis(Timestamp(0)), ids(42).unix_millis(Timestamp(1_000_000)));
        assert_eq!(Ids::default().unix_millis(Timestamp(1_000_000)), 1000);
        let others =
            [ids(43).bytes("contact", 1), ids(42).bytes("contact", 2), ids(42).bytes("task", 1)];
        assert!(!others.contains(&ids(42).bytes("contact", 1)));
        let number =
            |attempt| ids(42).item_number(record, "contact_emails", "a@x.example", attempt);
        assert_eq!(number(0), number(0));
        assert_ne!(number(0), number(1));
        assert_eq!(ids(42).organization(), ids(42).organization());
        assert_eq!(Ids::default().organization(), None);
        assert_ne!(Ids::default().bytes("contact", 1), Ids::default().bytes("contact", 1));
    }
}
