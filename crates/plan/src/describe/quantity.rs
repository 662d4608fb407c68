//! Numbers as people read them.

use crate::Think;

pub(super) use loadgen_core::human::{decimal, duration as time};

/// Writes a size as scenarios do: `64KiB`, `10MB`, `123B`.
pub(crate) fn size(bytes: u64) -> String {
    let units = [
        (1 << 30, "GiB"),
        (1_000_000_000, "GB"),
        (1 << 20, "MiB"),
        (1_000_000, "MB"),
        (1 << 10, "KiB"),
        (1_000, "kB"),
    ];
    let whole = |(unit, _): &&(u64, &str)| bytes >= *unit && bytes.is_multiple_of(*unit);
    match units.iter().find(whole) {
        Some((unit, name)) => format!("{}{name}", bytes / unit),
        None => format!("{bytes}B"),
    }
}

/// `1 user`, `50 users`.
pub(super) fn count(number: f64, noun: &str) -> String {
    let plural = if number == 1.0 { "" } else { "s" };
    format!("{} {noun}{plural}", decimal(number))
}

/// None when there is no pause.
pub(super) fn pause(think: Think) -> Option<String> {
    match think {
        Think::None => None,
        Think::Constant(pause) => Some(format!("pause {}", time(pause))),
        Think::Normal(mean, stddev) => Some(format!(
            "pause about {}, with a deviation of {}",
            time(mean),
            time(stddev)
        )),
        Think::Exponential(mean) => Some(format!("pause {} on average, exponential", time(mean))),
        Think::Uniform(from, to) => Some(format!("pause {} to {}", time(from), time(to))),
    }
}
