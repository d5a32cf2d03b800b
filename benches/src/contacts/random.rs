//! Random numbers that are the same on every machine and in every version.

/// Splitmix64.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// The numbers that belong to one thing of one seed.
    pub(super) fn of(seed: u64, thing: u64) -> Self {
        Self(mix(seed ^ mix(thing)))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `end`; the bias is below `end` / 2^64.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Whether something happens that happens in `percent` of 100 cases.
    pub(super) fn happens(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// Spreads every bit over all others.
pub(super) fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Ranks with a long tail: rank `k` is drawn in proportion to `1 / (k + offset)`.
#[derive(Debug)]
pub(super) struct Skewed(Vec<u64>);

impl Skewed {
    /// The smaller `offset` is, the more the first ranks are preferred.
    pub(super) fn new(ranks: usize, offset: u64) -> Self {
        let mut sum = 0;
        let weights = (0..ranks as u64).map(|rank| 1_000_000_000 / (rank + offset));
        Self(
            weights
                .map(|weight| {
                    sum += weight;
                    sum
                })
                .collect(),
        )
    }

    pub(super) fn draw(&self, random: &mut Random) -> usize {
        let total = self.0.last().copied().unwrap_or(1);
        let drawn = random.below(total);
        self.0.partition_point(|&sum| sum <= drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ranks_come_most_often_and_all_come() {
        let skewed = Skewed::new(50, 2);
        let mut random = Random::of(1, 1);
        let mut counts = [0; 50];
        for _ in 0..100_000 {
            counts[skewed.draw(&mut random)] += 1;
        }
        assert!(counts[0] > 5 * counts[20], "{counts:?}");
        assert!(counts.iter().all(|&count| count > 0), "{counts:?}");
    }
}
