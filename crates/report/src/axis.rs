//! Round numbers for the axes of charts, wherever they are drawn.

/// Round numbers from 0 to at least `most`, some four of them.
pub fn ticks(most: f64) -> Vec<f64> {
    let most = if most > 0.0 { most } else { 1.0 };
    let magnitude = 10f64.powf((most / 4.0).log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * magnitude)
        .find(|step| step * 4.0 >= most * 0.999)
        .unwrap_or(10.0 * magnitude);
    let number = (most / step - 1e-9).ceil().max(1.0) as u32;
    (0..=number).map(|tick| f64::from(tick) * step).collect()
}

/// Round times in seconds within a length, at most ten of them besides 0.
pub fn time_ticks(length: f64) -> Vec<f64> {
    time_ticks_at_most(length, 10.0)
}

/// Round times in seconds within a length, at most so many of them besides 0.
pub fn time_ticks_at_most(length: f64, most: f64) -> Vec<f64> {
    const STEPS: [f64; 17] = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0,
        7_200.0, 14_400.0, 43_200.0, 86_400.0,
    ];
    let step = STEPS.into_iter().find(|step| length / step <= most);
    let step = step.unwrap_or_else(|| (length / most / 86_400.0).ceil() * 86_400.0);
    (0..)
        .map(|tick| f64::from(tick) * step)
        .take_while(|at| *at <= length)
        .collect()
}

/// A round time in ns without digits that say nothing: `250 ms`, `1.5 s`.
pub fn time(ns: f64) -> String {
    if ns == 0.0 {
        return "0".to_owned();
    }
    let (number, unit) = match ns {
        _ if ns < 1e3 => (ns, "ns"),
        _ if ns < 1e6 => (ns / 1e3, "µs"),
        _ if ns < 1e9 => (ns / 1e6, "ms"),
        _ => (ns / 1e9, "s"),
    };
    let rounded = (number * 1_000.0).round() / 1_000.0;
    format!("{rounded} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_beyond_what_a_chart_expects_make_no_nonsense() {
        for most in [0.0, 1e-9, 0.3, 1.0, 7.0, 99.0, 1e6, 3.6e12] {
            let ticks = ticks(most);
            assert!((2..=6).contains(&ticks.len()), "{most}: {ticks:?}");
            assert!(
                ticks.last().is_some_and(|last| *last >= most * 0.999),
                "{most}: {ticks:?}"
            );
        }
        for length in [1.0, 20.0, 61.0, 3_600.0, 90_000.0, 1e7] {
            let ticks = time_ticks(length);
            assert!((2..=11).contains(&ticks.len()), "{length}: {ticks:?}");
            assert!(time_ticks_at_most(length, 3.0).len() <= 4);
        }
    }

    #[test]
    fn axes_are_labelled_without_idle_digits() {
        let times = [0.0, 250e6, 1.5e9, 20e3].map(time);
        assert_eq!(times, ["0", "250 ms", "1.5 s", "20 µs"]);
    }
}
