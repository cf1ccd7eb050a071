//! Chance that can be repeated: the same seed gives the same numbers.

/// A number that depends on `seed` and `n` alone and looks like chance: SplitMix64 (Steele, Lea and Flood, *Fast
/// splittable pseudorandom number generators*, 2014), started by the seed and moved on to its `n`th number.
#[must_use]
pub const fn draw(seed: u32, n: u64) -> u64 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let start = mix((seed as u64).wrapping_add(GOLDEN));
    mix(start.wrapping_add(GOLDEN.wrapping_mul(n.wrapping_add(1))))
}

const fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Whether something happens the `n`th time that happens in `percent` of all times.
#[must_use]
pub const fn happens(percent: u8, seed: u32, n: u64) -> bool {
    draw(seed, n) % 100 < percent as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_as_many_times_as_it_says_and_each_time_the_same() {
        let times = |seed| (0..10_000).filter(|n| happens(30, seed, *n)).count();
        assert!((2_850..3_150).contains(&times(1)), "{}", times(1));
        assert_eq!(times(1), times(1));
        let first = |seed| (0..64).map(|n| happens(50, seed, n)).collect::<Vec<_>>();
        assert_ne!(first(1), first(2), "another seed is another sequence");
        assert!((0..100).all(|n| happens(100, 7, n)));
    }
}
