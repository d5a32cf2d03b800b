//! Random numbers that a seed repeats (`SplitMix64`).

use std::env;

/// A generator of random numbers.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The numbers that belong to a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; 0 for a limit of 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.number() % limit.max(1)
    }

    /// Whether one of `count` equally likely cases is met.
    pub fn is_one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

/// `HEADWATER_CRASH_SEED`, or the seed of every ordinary run.
///
/// # Panics
/// If the variable holds no number.
#[must_use]
pub fn seed() -> u64 {
    env::var("HEADWATER_CRASH_SEED")
        .map_or(20_260_301, |text| text.parse().expect("HEADWATER_CRASH_SEED is a whole number"))
}
