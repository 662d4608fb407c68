use super::*;
use crate::rng::{Purpose, stream};
use proptest::prelude::*;
use statrs::distribution::{ChiSquared, ContinuousCDF};
use std::collections::HashMap;

/// The number of draws that are not counted.
const NONE: u64 = 0;

fn rng(seed: u64) -> Stream {
    stream(seed, 0, Purpose::User, 0)
}

fn ints(generator: &Generator, draws: usize, seed: u64) -> Vec<i64> {
    let mut rng = rng(seed);
    let draw = |_| match generator.draw(&mut rng, NONE) {
        Value::Int(n) => n,
        other => panic!("{other:?} is not whole"),
    };
    (0..draws).map(draw).collect()
}

fn floats(generator: &Generator, draws: usize, seed: u64) -> Vec<f64> {
    let mut rng = rng(seed);
    let draw = |_| match generator.draw(&mut rng, NONE) {
        Value::Float(x) => x,
        other => panic!("{other:?} is not a float"),
    };
    (0..draws).map(draw).collect()
}

/// Pearson's test: how probable it is that counts as far from the expected ones come by chance.
fn chance(observed: &[u64], probabilities: &[f64]) -> f64 {
    let total: u64 = observed.iter().sum();
    let statistic: f64 = observed
        .iter()
        .zip(probabilities)
        .map(|(&seen, p)| {
            let expected = p * total as f64;
            assert!(expected >= 5.0, "a cell of {expected} is too small to test");
            (seen as f64 - expected).powi(2) / expected
        })
        .sum();
    let freedom = (observed.len() - 1) as f64;
    1.0 - ChiSquared::new(freedom).unwrap().cdf(statistic)
}

fn counts(values: impl IntoIterator<Item = i64>, from: i64, cells: usize) -> Vec<u64> {
    let mut counts = vec![0; cells];
    for value in values {
        counts[(value - from) as usize] += 1;
    }
    counts
}

/// A right distribution fails one seed in a hundred here; a wrong one fails all of them.
const UNLIKELY: f64 = 0.01;

#[test]
fn uniform_integers_are_even_and_keep_both_ends() {
    let generator = Generator::uniform_int(-3, 6).unwrap();
    let seen = counts(ints(&generator, 100_000, 11), -3, 10);
    assert!(chance(&seen, &[0.1; 10]) > UNLIKELY, "{seen:?}");
}

#[test]
fn uniform_floats_are_even() {
    let generator = Generator::uniform_float(2.0, 4.0).unwrap();
    let cells = floats(&generator, 100_000, 12)
        .into_iter()
        .map(|x| ((x - 2.0) * 10.0).min(19.0) as i64);
    let seen = counts(cells, 0, 20);
    assert!(chance(&seen, &[0.05; 20]) > UNLIKELY, "{seen:?}");
}

#[test]
fn zipf_falls_off_with_the_power_of_the_rank() {
    for exponent in [0.0, 0.5, 1.0, 1.0 + 1e-12, 1.1, 2.0] {
        let generator = Generator::zipf(101, 200, exponent).unwrap();
        let weights: Vec<f64> = (1..=100).map(|k| f64::from(k).powf(-exponent)).collect();
        let sum: f64 = weights.iter().sum();
        let probabilities: Vec<f64> = weights.iter().map(|w| w / sum).collect();
        let seen = counts(ints(&generator, 400_000, 13), 101, 100);
        let chance = chance(&seen, &probabilities);
        assert!(chance > UNLIKELY, "exponent {exponent}: {chance}");
    }
}

#[test]
fn zipf_stays_in_its_range_where_floats_get_coarse() {
    let last = (MOST_RANKS - 1) as i64;
    for exponent in [0.0, 1.0, 1.5, GREATEST_EXPONENT] {
        let generator = Generator::zipf(0, last, exponent).unwrap();
        for value in ints(&generator, 2_000, 14) {
            assert!((0..=last).contains(&value));
        }
    }
    let lowest = Generator::zipf(i64::MIN, i64::MIN + 9, 1.0).unwrap();
    assert!(ints(&lowest, 100, 15).iter().all(|n| *n <= i64::MIN + 9));
}

#[test]
fn weighted_texts_come_in_proportion() {
    let weights = [
        ("a", 40.0),
        ("b", 10.0),
        ("c", 0.0),
        ("d", 0.5),
        ("e", 49.5),
    ];
    let generator = Generator::weighted(weights.map(|(t, w)| (Arc::from(t), w))).unwrap();
    let mut rng = rng(16);
    let mut seen: HashMap<String, u64> = HashMap::new();
    for _ in 0..200_000 {
        let Value::Text(text) = generator.draw(&mut rng, NONE) else {
            panic!("not a text");
        };
        *seen.entry(text.to_string()).or_default() += 1;
    }
    assert!(!seen.contains_key("c"), "weight 0 never comes");
    let observed = ["a", "b", "d", "e"].map(|text| seen[text]);
    assert!(chance(&observed, &[0.4, 0.1, 0.005, 0.495]) > UNLIKELY);
}

#[test]
fn normal_has_its_mean_and_deviation() {
    let generator = Generator::normal(20.0, 3.0, None, None).unwrap();
    let values = floats(&generator, 100_000, 17);
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    // Four standard errors of each.
    assert!((mean - 20.0).abs() < 4.0 * 3.0 / n.sqrt(), "{mean}");
    assert!((variance.sqrt() - 3.0).abs() < 4.0 * 3.0 / (2.0 * n).sqrt());
}

#[test]
fn normal_is_moved_to_its_bounds() {
    let generator = Generator::normal(0.0, 10.0, Some(-5.0), Some(5.0)).unwrap();
    let values = floats(&generator, 10_000, 18);
    assert!(values.iter().all(|x| (-5.0..=5.0).contains(x)));
    // A bell of deviation 10 is past 5 in 31 % of the draws, on either side.
    let at_most = values.iter().filter(|x| **x == 5.0).count() as f64 / 10_000.0;
    assert!((at_most - 0.3085).abs() < 0.02, "{at_most}");
    let point = Generator::normal(7.0, 0.0, None, None).unwrap();
    assert_eq!(floats(&point, 3, 0), [7.0; 3]);
}

#[test]
fn a_sequence_gives_every_value_once_and_wraps() {
    let generator = Generator::sequence(10, 5, Some(100)).unwrap();
    let mut rng = rng(0);
    let mut seen = Vec::new();
    // 19 values, and one draw more.
    for number in 0..20 {
        seen.push(generator.draw(&mut rng, number));
    }
    let expected: Vec<Value> = (0..19).map(|k| Value::Int(10 + 5 * k)).collect();
    assert_eq!(seen[..19], expected);
    assert_eq!(seen[19], Value::Int(10));
}

#[test]
fn a_sequence_reaches_the_ends_of_its_type() {
    let whole = Generator::sequence(i64::MIN, 1, None).unwrap();
    assert_eq!(whole.draw(&mut rng(0), u64::MAX), Value::Int(i64::MAX));
    let down = Generator::sequence(3, -2, None).unwrap();
    assert_eq!(down.draw(&mut rng(0), 3), Value::Int(-3));
    assert!(matches!(down.draw(&mut rng(0), u64::MAX), Value::Int(_)));
}

#[test]
fn arguments_that_mean_nothing_are_refused_by_name() {
    let refused = |made: Result<Generator, Refusal>| made.unwrap_err().argument.into_owned();
    assert_eq!(refused(Generator::uniform_int(2, 1)), "to");
    assert_eq!(refused(Generator::uniform_float(2.0, 1.0)), "to");
    assert_eq!(refused(Generator::uniform_float(f64::NAN, 1.0)), "from");
    assert_eq!(refused(Generator::uniform_float(f64::MIN, f64::MAX)), "to");
    assert_eq!(refused(Generator::normal(0.0, -1.0, None, None)), "stddev");
    assert_eq!(
        refused(Generator::normal(0.0, 1.0, Some(2.0), Some(1.0))),
        "max"
    );
    assert_eq!(
        refused(Generator::normal(0.0, 1.0, Some(f64::INFINITY), None)),
        "min"
    );
    assert_eq!(refused(Generator::zipf(1, 0, 1.0)), "to");
    assert_eq!(refused(Generator::zipf(0, i64::MAX, 1.0)), "to");
    assert_eq!(refused(Generator::zipf(1, 9, -0.1)), "exponent");
    assert_eq!(refused(Generator::zipf(1, 9, f64::NAN)), "exponent");
    assert_eq!(refused(Generator::sequence(1, 0, None)), "step");
    assert_eq!(refused(Generator::sequence(1, -1, Some(5))), "to");
    assert_eq!(refused(Generator::weighted([])), "weighted");
    assert_eq!(
        refused(Generator::weighted([(Arc::from("x"), 0.0)])),
        "weighted"
    );
    assert_eq!(refused(Generator::weighted([(Arc::from("x"), -1.0)])), "x");
}

#[test]
fn the_least_of_weights_still_chooses() {
    let tiny = f64::from_bits(1);
    let choices = [(Arc::from("x"), tiny), (Arc::from("y"), 0.0)];
    let generator = Generator::weighted(choices).unwrap();
    assert_eq!(
        generator.draw(&mut rng(0), NONE),
        Value::Text(Arc::from("x"))
    );
}

#[test]
fn the_same_seed_draws_the_same_values() {
    let generator = Generator::zipf(1, 10_000, 1.1).unwrap();
    assert_eq!(ints(&generator, 50, 5), ints(&generator, 50, 5));
    assert_ne!(ints(&generator, 50, 5), ints(&generator, 50, 6));
}

/// A seed must mean the same in every release: results are compared across them.
#[test]
fn a_seed_means_these_values() {
    let text = |text: &str| Arc::<str>::from(text);
    let generators = [
        Generator::uniform_int(1, 1000),
        Generator::uniform_float(0.0, 1.0),
        Generator::normal(0.0, 1.0, None, None),
        Generator::zipf(1, 1000, 1.1),
        Generator::weighted([(text("a"), 1.0), (text("b"), 2.0), (text("c"), 3.0)]),
    ];
    let mut rng = rng(1);
    let drawn: Vec<Vec<Value>> = generators
        .into_iter()
        .map(|made| {
            let generator = made.unwrap();
            (0..5).map(|_| generator.draw(&mut rng, NONE)).collect()
        })
        .collect();
    insta::assert_debug_snapshot!(drawn);
}

proptest! {
    #[test]
    fn any_weights_are_refused_or_chosen_by(weights in prop::collection::vec(prop::num::f64::ANY, 0..9), seed in any::<u64>()) {
        let choices = weights.iter().enumerate().map(|(i, w)| (Arc::from(i.to_string()), *w));
        if let Ok(generator) = Generator::weighted(choices) {
            let Value::Text(text) = generator.draw(&mut rng(seed), NONE) else { panic!() };
            prop_assert!(text.parse::<usize>().unwrap() < weights.len());
        }
    }

    #[test]
    fn whatever_is_accepted_draws_finite_values_in_range(
        from in any::<f64>(), to in any::<f64>(), a in any::<i64>(), b in any::<i64>(),
        exponent in 0.0..GREATEST_EXPONENT, step in any::<i64>(), number in any::<u64>(), seed in any::<u64>()
    ) {
        let mut rng = rng(seed);
        if let Ok(generator) = Generator::uniform_float(from, to) {
            let Value::Float(x) = generator.draw(&mut rng, number) else { panic!() };
            prop_assert!((from..=to).contains(&x));
        }
        if let Ok(generator) = Generator::normal(from, to, None, None) {
            let Value::Float(x) = generator.draw(&mut rng, number) else { panic!() };
            prop_assert!(x.is_finite());
        }
        for generator in [Generator::uniform_int(a, b), Generator::zipf(a, b, exponent)].into_iter().flatten() {
            let Value::Int(n) = generator.draw(&mut rng, number) else { panic!() };
            prop_assert!((a..=b).contains(&n));
        }
        if let Ok(generator) = Generator::sequence(a, step, Some(b)) {
            let Value::Int(n) = generator.draw(&mut rng, number) else { panic!() };
            prop_assert!((a.min(b)..=a.max(b)).contains(&n));
            prop_assert_eq!((i128::from(n) - i128::from(a)) % i128::from(step), 0);
        }
    }
}
