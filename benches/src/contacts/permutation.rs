//! An order of 0..n that looks random and takes no memory: a Feistel network, walked on until the
//! number is in range.

use super::random::mix;

const ROUNDS: u64 = 4;

/// A permutation of `0..count`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Permutation {
    count: u64,
    half_bits: u32,
    seed: u64,
}

impl Permutation {
    pub(super) fn new(count: u64, seed: u64) -> Self {
        let bits = u64::BITS - count.saturating_sub(1).leading_zeros();
        Self { count, half_bits: bits.div_ceil(2).max(1), seed }
    }

    /// Where `index` goes; it must be below the count.
    pub(super) fn of(&self, index: u64) -> u64 {
        debug_assert!(index < self.count);
        let mut place = index;
        loop {
            place = self.shuffle(place);
            if place < self.count {
                return place;
            }
        }
    }

    fn shuffle(&self, place: u64) -> u64 {
        let mask = (1 << self.half_bits) - 1;
        let (mut left, mut right) = (place >> self.half_bits, place & mask);
        for round in 0..ROUNDS {
            let next = left ^ (mix(right ^ mix(self.seed.wrapping_add(round))) & mask);
            (left, right) = (right, next);
        }
        (left << self.half_bits) | right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_taken_once_in_an_order_of_the_seed() {
        for count in [1, 2, 3, 1000, 4096, 5000] {
            let order = |seed| -> Vec<u64> {
                let permutation = Permutation::new(count, seed);
                (0..count).map(|index| permutation.of(index)).collect()
            };
            let mut sorted = order(1);
            sorted.sort_unstable();
            assert_eq!(sorted, (0..count).collect::<Vec<_>>());
            if count >= 1000 {
                assert_ne!(order(1), order(2));
            }
        }
    }
}
