//! The arithmetic by which benches/ calls one build slower than another.

#[path = "../benches/ratio.rs"]
mod ratio;
#[path = "../benches/verdict.rs"]
mod verdict;

use rand::{SeedableRng, rngs::StdRng};
use rand_distr::{Distribution, Normal};
use ratio::Ratio;
use verdict::{LEAST_PAIRS, Verdict, is_enough};

/// Equal to three digits after the point.
fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 5e-4
}

/// Interval of ratios whose logarithms are -0.02, 0 and 0.02: deviation 0.02, standard error
/// 0.011547.
fn of_three(interval: fn([f64; 3]) -> Ratio) -> Ratio {
    interval([-0.02_f64, 0.0, 0.02].map(f64::exp))
}

#[test]
fn bounds_are_those_of_students_t() {
    // From printed tables, with two degrees of freedom: 2.920 (one-sided) and 4.303 (two-sided).
    for (ratio, quantile) in [
        (of_three(Ratio::of), 2.920),
        (of_three(Ratio::two_sided), 4.303),
    ] {
        let margin: f64 = quantile * 0.02 / 3_f64.sqrt();
        assert!(close(ratio.mean, 1.0), "{ratio}");
        assert!(close(ratio.lower, (-margin).exp()), "{ratio}");
        assert!(close(ratio.upper, margin.exp()), "{ratio}");
    }
    // 4.303 * 0.011547 = 0.049687; its exponentials are 0.951527 and 1.050942.
    assert!(close(of_three(Ratio::two_sided).width(), 0.0994));
}

#[test]
fn the_mean_is_geometric() {
    let ratio = Ratio::two_sided([0.5, 2.0, 1.0, 1.0]);
    assert!(close(ratio.mean, 1.0), "{ratio}");
}

#[test]
fn a_verdict_needs_a_narrow_interval_from_enough_pairs() {
    let ratio = |lower, upper| Ratio {
        mean: f64::midpoint(lower, upper),
        lower,
        upper,
    };
    for (lower, upper, pairs, verdict) in [
        (0.99, 1.02, LEAST_PAIRS, Verdict::NotSlower),
        (1.02, 1.05, LEAST_PAIRS, Verdict::NotSlower),
        (1.031, 1.05, LEAST_PAIRS, Verdict::Slower),
        // Far away, a wide one tells as well.
        (1.2, 1.5, LEAST_PAIRS, Verdict::Slower),
        (0.97, 1.02, LEAST_PAIRS, Verdict::CouldNotTell),
        (0.99, 1.02, LEAST_PAIRS - 1, Verdict::CouldNotTell),
    ] {
        let found = Verdict::of(&ratio(lower, upper), pairs);
        assert_eq!(found, verdict, "{lower} to {upper} in {pairs} pairs");
    }
}

/// Pairs whose ratio is `true_ratio` but for noise on a log scale, until there are enough of them.
fn measured(true_ratio: f64, noise: f64, random: &mut StdRng) -> (Ratio, usize) {
    let logs = Normal::new(true_ratio.ln(), noise).expect("a deviation is not negative");
    let mut ratios: Vec<f64> = Vec::new();
    loop {
        ratios.push(logs.sample(random).exp());
        if ratios.len() >= LEAST_PAIRS {
            let ratio = Ratio::two_sided(ratios.iter().copied());
            if is_enough(&ratio, ratios.len()) {
                return (ratio, ratios.len());
            }
        }
    }
}

#[test]
fn stopping_at_a_width_keeps_the_promise_of_the_interval() {
    const RUNS: usize = 3_000;
    let mut random = StdRng::seed_from_u64(16);
    let (mut covered, mut slower) = (0, 0);
    for _ in 0..RUNS {
        // So noisy that measuring goes on for some 11 pairs.
        let (ratio, pairs) = measured(1.03, 0.03, &mut random);
        covered += usize::from((ratio.lower..=ratio.upper).contains(&1.03));
        slower += usize::from(Verdict::of(&ratio, pairs) == Verdict::Slower);
    }
    // 95 %, of which stopping at intervals that happen to be narrow takes one or two.
    assert!(covered * 100 >= 92 * RUNS, "{covered} of {RUNS}");
    // One side of the rest, at the very bound.
    assert!(slower * 100 <= 5 * RUNS, "{slower} of {RUNS}");
}

#[test]
fn a_build_that_is_a_tenth_slower_is_found() {
    let mut random = StdRng::seed_from_u64(17);
    for _ in 0..50 {
        let (ratio, pairs) = measured(1.1, 0.02, &mut random);
        assert_eq!(Verdict::of(&ratio, pairs), Verdict::Slower, "{ratio}");
        let (ratio, pairs) = measured(1.0, 0.02, &mut random);
        assert_eq!(Verdict::of(&ratio, pairs), Verdict::NotSlower, "{ratio}");
    }
}
