//! Numbers as people read them: three significant digits and a unit.

use std::{cmp::Ordering, time::Duration};

/// A time in ns: `812 ns`, `12.3 µs`, `1.23 ms`, `45.6 s`, `2m 05s`.
pub fn time(ns: f64) -> String {
    // The limits lie where rounding to three digits would give four.
    match ns {
        _ if ns < 999.5 => format!("{ns:.0} ns"),
        _ if ns < 999.5e3 => format!("{} µs", digits(ns / 1e3, 3)),
        _ if ns < 999.5e6 => format!("{} ms", digits(ns / 1e6, 3)),
        _ if ns < 99.95e9 => format!("{} s", digits(ns / 1e9, 3)),
        _ => length(ns / 1e9),
    }
}

/// A length in seconds: `0.5s`, `20s`, `1m 30s`, `2h 05m`.
pub fn length(seconds: f64) -> String {
    if seconds < 59.95 {
        let tenths = (seconds.max(0.0) * 10.0).round() / 10.0;
        return format!("{tenths}s");
    }
    let whole = seconds.round() as u64;
    let (hours, minutes, seconds) = (whole / 3_600, whole / 60 % 60, whole % 60);
    match (hours, minutes, seconds) {
        (0, minutes, 0) => format!("{minutes}m"),
        (0, minutes, seconds) => format!("{minutes}m {seconds:02}s"),
        (hours, 0, _) => format!("{hours}h"),
        (hours, minutes, _) => format!("{hours}h {minutes:02}m"),
    }
}

/// Writes a duration as scenarios do: `250ms`, `1.5s`, `5m`, `1h 30m`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if duration.is_zero() {
        return "0s".to_owned();
    }
    if seconds < 1e-3 {
        return format!("{}us", decimal(seconds * 1e6));
    }
    if seconds < 1.0 {
        return format!("{}ms", decimal(seconds * 1e3));
    }
    let whole = duration.as_secs();
    let rest = (whole % 60) as f64 + f64::from(duration.subsec_millis()) / 1e3;
    let parts = [
        (whole / 86_400, "d"),
        (whole / 3600 % 24, "h"),
        (whole / 60 % 60, "m"),
    ];
    let mut words: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    if rest > 0.0 {
        words.push(format!("{}s", decimal(rest)));
    }
    words.join(" ")
}

/// At most three digits after the point, thousands with commas.
pub fn decimal(number: f64) -> String {
    let text = format!("{number:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{grouped}{point}{fraction}")
}

/// A number of things: exact below 10,000, then `12.3k`, `4.56M`, `7.89G`.
pub fn count(number: u64) -> String {
    match number {
        0..10_000 => grouped(number),
        _ => large(number as f64, ""),
    }
}

/// An exact number of things: `1,234,567`.
pub fn grouped(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        _ => format!("{},{:03}", grouped(number / 1_000), number % 1_000),
    }
}

/// An amount of data: `512 B`, `1.23 kB`, `45.6 MB`.
pub fn bytes(number: u64) -> String {
    match number {
        0..1_000 => format!("{number} B"),
        _ => format!("{}B", large(number as f64, " ")),
    }
}

/// A number per second, without its unit: `0.25`, `160.5`, `12.3k`.
pub fn rate(per_second: f64) -> String {
    match per_second {
        _ if per_second < 9.995 => trimmed(digits(per_second, 3)),
        _ if per_second < 9_999.95 => format!("{per_second:.1}"),
        _ => large(per_second, ""),
    }
}

/// A chosen number, without digits that say nothing: `0.5`, `2,500`, `40k`, `1.5M`.
pub fn round(number: f64) -> String {
    let (number, unit) = match number.abs() {
        size if size < 9.995 => return trimmed(digits(number, 3)),
        size if size < 999.95 => return trimmed(format!("{number:.1}")),
        size if size < 9_999.5 => return decimal(number.round()),
        size if size < 999.5e3 => (number / 1e3, "k"),
        size if size < 999.5e6 => (number / 1e6, "M"),
        _ => (number / 1e9, "G"),
    };
    format!("{}{unit}", trimmed(digits(number, 3)))
}

/// A share of one: `0%`, `0.037%`, `0.93%`, `12.3%`.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let text = if (0.0995..9.995).contains(&percent) {
        format!("{percent:.2}")
    } else {
        digits(percent, 3)
    };
    format!("{}%", trimmed(text))
}

/// A measured number in its unit: seconds as times, bytes as sizes, shares of one in percent, the
/// rest in three digits.
pub fn in_unit(value: f64, unit: &str) -> String {
    let size = |value: f64| bytes(value.max(0.0).round() as u64);
    match unit {
        "s" => time(value * 1e9),
        "ratio" => percent(value),
        "B" => size(value),
        "B/s" => format!("{}/s", size(value)),
        unit if value >= 1000.0 => format!("{}{unit}", grouped(value.round() as u64)),
        unit => {
            let short: f64 = format!("{value:.2e}").parse().unwrap_or(value);
            format!("{short}{unit}")
        }
    }
}

/// A number that is judged by `limit`: three significant digits, or as many more as it takes to
/// show on which side of the limit it lies.
pub fn distinct(number: f64, limit: f64) -> String {
    let side = number.partial_cmp(&limit);
    (3..=17)
        .map(|significant| trimmed(digits(number, significant)))
        .find(|text| {
            text.parse::<f64>()
                .ok()
                .map(|shown| shown.partial_cmp(&limit))
                == Some(side)
        })
        .unwrap_or_else(|| number.to_string())
}

/// `1 arrival`, `2 arrivals`.
pub fn plural(number: u64, one: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {one}{ending}", grouped(number))
}

fn large(number: f64, space: &str) -> String {
    match number {
        _ if number < 999.5e3 => format!("{}{space}k", digits(number / 1e3, 3)),
        _ if number < 999.5e6 => format!("{}{space}M", digits(number / 1e6, 3)),
        _ => format!("{}{space}G", digits(number / 1e9, 3)),
    }
}

/// At least `significant` digits; an integer part is never cut.
fn digits(number: f64, significant: usize) -> String {
    if number == 0.0 || !number.is_finite() {
        return number.to_string();
    }
    let decimals = |number: f64| {
        let magnitude = number.abs().log10().floor() as i64;
        (significant as i64 - 1 - magnitude).clamp(0, 17) as usize
    };
    // Rounding may add a digit in front (9.996 becomes 10.00): then one decimal less.
    let rounded: f64 = format!("{number:.*}", decimals(number))
        .parse()
        .unwrap_or(number);
    let places = match rounded.abs().partial_cmp(&number.abs()) {
        Some(Ordering::Greater) => decimals(rounded),
        _ => decimals(number),
    };
    format!("{number:.places$}")
}

fn trimmed(text: String) -> String {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_have_three_digits_and_a_unit() {
        for (ns, text) in [
            (0.0, "0 ns"),
            (812.0, "812 ns"),
            (999.6, "1.00 µs"),
            (12_345.0, "12.3 µs"),
            (999_400.0, "999 µs"),
            (999_600.0, "1.00 ms"),
            (9_996_000.0, "10.0 ms"),
            (212_340_000.0, "212 ms"),
            (1.5e9, "1.50 s"),
            (99.9e9, "99.9 s"),
            (125.2e9, "2m 05s"),
            (3_600e9, "1h"),
        ] {
            assert_eq!(time(ns), text);
        }
    }

    #[test]
    fn chosen_numbers_have_no_idle_digits() {
        for (number, text) in [
            (0.0, "0"),
            (0.0025, "0.0025"),
            (0.5, "0.5"),
            (100.0, "100"),
            (160.5, "160.5"),
            (999.5, "999.5"),
            (2_500.0, "2,500"),
            (10_000.0, "10k"),
            (12_500.0, "12.5k"),
            (1_500_000.0, "1.5M"),
            (2e9, "2G"),
        ] {
            assert_eq!(round(number), text);
        }
    }

    #[test]
    fn lengths_and_counts_and_rates() {
        assert_eq!(length(0.0), "0s");
        assert_eq!(length(20.04), "20s");
        assert_eq!(length(59.97), "1m");
        assert_eq!(length(90.0), "1m 30s");
        assert_eq!(length(7_500.0), "2h 05m");
        assert_eq!(count(999), "999");
        assert_eq!(count(3_210), "3,210");
        assert_eq!(count(12_345), "12.3k");
        assert_eq!(count(999_999), "1.00M");
        assert_eq!(grouped(1_234_005), "1,234,005");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(1_234), "1.23 kB");
        assert_eq!(bytes(45_600_000), "45.6 MB");
        assert_eq!(rate(0.0), "0");
        assert_eq!(rate(0.25), "0.25");
        assert_eq!(rate(9.996), "10.0");
        assert_eq!(rate(160.52), "160.5");
        assert_eq!(rate(9_999.96), "10.0k");
        assert_eq!(percent(0.0), "0%");
        assert_eq!(percent(0.000_37), "0.037%");
        assert_eq!(percent(0.009_288), "0.93%");
        assert_eq!(percent(0.123_4), "12.3%");
        assert_eq!(percent(1.0), "100%");
        assert_eq!(in_unit(0.0514, "ratio"), "5.14%");
        assert_eq!(in_unit(0.0514, "s"), "51.4 ms");
        assert_eq!(in_unit(2e6, "B/s"), "2.00 MB/s");
        assert_eq!(in_unit(20.17, "/s"), "20.2/s");
        assert_eq!(plural(1, "arrival"), "1 arrival");
        assert_eq!(plural(0, "arrival"), "0 arrivals");
    }

    #[test]
    fn what_lies_beside_its_limit_is_told_apart() {
        assert_eq!(distinct(212.34, 300.0), "212");
        assert_eq!(distinct(300.000_2, 300.0), "300.0002");
        assert_eq!(distinct(299.97, 300.0), "299.97");
        assert_eq!(distinct(300.0, 300.0), "300");
        assert_eq!(distinct(0.0, 0.0), "0");
        assert_eq!(distinct(1.0, 0.0), "1");
        assert_eq!(distinct(123_456.0, 100_000.0), "123456");
    }

    proptest! {
        #[test]
        fn the_shown_number_is_on_the_same_side(number in 0.0..1e9f64, limit in 0.0..1e9f64, near in -1e-6..1e-6f64) {
            for limit in [limit, number + near, number] {
                let shown: f64 = distinct(number, limit).parse().unwrap();
                prop_assert_eq!(shown.partial_cmp(&limit), number.partial_cmp(&limit));
            }
        }
    }
}
