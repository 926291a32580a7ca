//! Numbers that look drawn by chance, the same in every run.

/// A generator of them (a linear congruence), from a seed.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// The next number, below `bound`; 0 where that is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}
