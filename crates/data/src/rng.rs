//! The named random algorithm and how its streams are split.

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;

/// xoshiro256++ (Blackman and Vigna, 2019): small, fast and, unlike `SmallRng`, the same on every
/// platform and in every release.
pub type Stream = Xoshiro256PlusPlus;

/// Purpose of a stream; keeps streams of equal indices apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Task choices and values of one closed-model user, but for those of shared iterations.
    User = 1,
    /// Task choice and values of one open-model arrival.
    Arrival = 2,
    /// The gaps between Poisson arrivals.
    Gaps = 3,
    /// Values that are drawn once for the whole run.
    Run = 4,
    /// The order of a file's or a list's rows.
    Rows = 5,
    /// Values of what is done once before and after the load.
    Lifecycle = 6,
    /// Task choice and values of one of the iterations that users share.
    Iteration = 7,
    /// Iterations during the warm-up.
    WarmupIteration = 8,
}

/// The stream number `index` of `owner`, a population or a source, for `purpose`: a pure function of
/// its arguments.
///
/// The words are folded one after the other through the finaliser of SplitMix64 (Steele, Lea and
/// Flood, 2014), which also expands the result to xoshiro's state.
pub fn stream(seed: u64, owner: usize, purpose: Purpose, index: u64) -> Stream {
    let mut state = mix(seed);
    state = mix(state ^ owner as u64);
    state = mix(state ^ purpose as u64);
    state = mix(state ^ index);
    Stream::seed_from_u64(state)
}

/// A number that depends on all of `words`, as evenly as if it were random.
pub fn hash(words: &[u64]) -> u64 {
    words.iter().fold(0, |state, word| mix(state ^ word))
}

fn mix(word: u64) -> u64 {
    let mut z = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
