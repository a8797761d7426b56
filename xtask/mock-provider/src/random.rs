//! Random numbers that depend on a seed only.

use std::ops::Range;

/// The generator SplitMix64, which is small and sufficient for tests.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// Returns a number in `range`, or its start if it is empty.
    pub(crate) fn number(&mut self, range: Range<usize>) -> usize {
        let span = range.end.saturating_sub(range.start).max(1);
        range.start + usize::try_from(self.next() % span as u64).expect("below a `usize`")
    }

    /// Returns true in one of `n` cases.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.number(0..n) == 0
    }

    /// Returns one of `choices`, which are not empty.
    pub(crate) fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.number(0..choices.len())]
    }

    /// Returns `length` random bytes.
    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[3]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let bytes = |seed| Random::new(seed).bytes(100);
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
    }

    #[test]
    fn numbers_keep_to_their_range() {
        let mut random = Random::new(7);
        assert!((0..1000).all(|_| (3..6).contains(&random.number(3..6))));
        assert_eq!(random.number(3..3), 3);
    }
}
