//! Quantities with units as scenarios and flags write them: `90s`, `1m30s`, `1s..3s`, `200/s`, `64MiB`.

use std::time::Duration;

/// Longest duration that makes sense in a scenario: a year and a day.
pub const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

/// Why a text is no quantity: what is wrong, and what to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {help}")]
pub struct Invalid {
    /// Description of the problem.
    pub message: String,
    /// Correction to suggest.
    pub help: String,
}

fn invalid(message: impl Into<String>, help: impl Into<String>) -> Invalid {
    Invalid {
        message: message.into(),
        help: help.into(),
    }
}

const DURATION_UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// Reads a length of time: numbers with the units ns, us, ms, s, m, h, d, one after the other.
pub fn duration(text: &str) -> Result<Duration, Invalid> {
    let help = || r#"write it as "500ms", "30s", "5m" or "1h30m""#;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(invalid("not a duration", help()));
    }
    let mut total: u128 = 0;
    while !rest.is_empty() {
        let (number, after) = split_number(rest);
        let after = after.trim_start();
        let letters = after
            .find(|c: char| !c.is_alphabetic())
            .unwrap_or(after.len());
        let (unit, next) = after.split_at(letters);
        if number.is_empty() {
            return Err(invalid("not a duration", help()));
        }
        if unit.is_empty() && next.is_empty() && text.trim() == number {
            let help = format!(r#"write "{number}s" for seconds, "{number}ms" for milliseconds"#);
            return Err(invalid("a duration needs a unit", help));
        }
        let known = DURATION_UNITS.iter().find(|(name, _)| *name == unit);
        let (_, nanos) = known.ok_or_else(|| {
            let message = match unit {
                "" => "not a duration".to_owned(),
                unit => format!("`{unit}` is no unit of time"),
            };
            invalid(message, "the units are ns, us, ms, s, m, h and d")
        })?;
        let part =
            decimal(number, u128::from(*nanos)).ok_or_else(|| invalid("not a duration", help()))?;
        total = total.saturating_add(part);
        rest = next.trim_start();
    }
    match u64::try_from(total).map(Duration::from_nanos) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        _ => Err(invalid("too long a time", "at most 366d is possible")),
    }
}

/// Reads a pause: a duration, or two with `..` between for anything from the first to the second.
pub fn pause(text: &str) -> Result<(Duration, Duration), Invalid> {
    let Some((from, to)) = text.split_once("..") else {
        let both = duration(text).map_err(|error| Invalid {
            help: format!(r#"{}, or "1s..3s" for a range"#, error.help),
            ..error
        })?;
        return Ok((both, both));
    };
    let (from, to) = (duration(from)?, duration(to)?);
    if from > to {
        let help = "write the shorter pause first";
        return Err(invalid("the range ends before it begins", help));
    }
    Ok((from, to))
}

/// Greatest rate that makes sense: one each 100 ns.
pub const HIGHEST_RATE: f64 = 1e7;

/// Lowest rate above zero: one a day.
pub const LOWEST_RATE: f64 = 1.0 / 86_400.0;

/// Reads a rate per second: `200/s`, `12000/m`, `50/h`, or a plain number of them per second.
pub fn rate(text: &str) -> Result<f64, Invalid> {
    let help = r#"write it as "200/s", "12000/m" or "50/h""#;
    let (number, unit) = match text.split_once('/') {
        Some((number, unit)) => (number.trim(), unit.trim()),
        None => (text.trim(), "s"),
    };
    let seconds = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => {
            let message = format!("`/{unit}` is no unit of a rate");
            return Err(invalid(message, help));
        }
    };
    let (digits, rest) = split_number(number);
    match digits.parse::<f64>() {
        Ok(number) if rest.is_empty() => checked_rate(number / seconds),
        _ => Err(invalid("not a rate", help)),
    }
}

/// The rate, unless it is negative, not a number, or past what a clock can tell apart.
pub fn checked_rate(per_second: f64) -> Result<f64, Invalid> {
    if per_second == 0.0 || (LOWEST_RATE..=HIGHEST_RATE).contains(&per_second) {
        Ok(per_second)
    } else {
        let help = "a rate is 0, or from one a day to ten million a second";
        Err(invalid("impossible rate", help))
    }
}

/// Reads a share: `10%`, or a number from 0 to 1.
pub fn share(text: &str) -> Result<f64, Invalid> {
    let help = r#"write it as "10%", or as a number from 0 to 1"#;
    let text = text.trim();
    let (number, whole) = match text.strip_suffix('%') {
        Some(percent) => (percent.trim_end(), 100.0),
        None => (text, 1.0),
    };
    let (digits, rest) = split_number(number);
    match digits.parse::<f64>() {
        Ok(number) if rest.is_empty() => checked_share(number / whole),
        _ => Err(invalid("not a share", help)),
    }
}

/// The share, if it is one.
pub fn checked_share(share: f64) -> Result<f64, Invalid> {
    if (0.0..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err(invalid("impossible share", "a share is from 0 to 1"))
    }
}

const SIZE_UNITS: [(&str, u64); 8] = [
    ("", 1),
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
];

/// Reads a number of bytes: `65536`, `64KiB`, `10MB`.
pub fn size(text: &str) -> Result<u64, Invalid> {
    let (number, unit) = split_number(text.trim());
    let unit = unit.trim();
    let help = r#"write it as "64KiB", "10MB" or a number of bytes"#;
    let known = SIZE_UNITS.iter().find(|(name, _)| *name == unit);
    let bytes = known.and_then(|(_, factor)| decimal(number, u128::from(*factor)));
    bytes
        .and_then(|bytes| u64::try_from(bytes).ok())
        .ok_or_else(|| invalid("not a size", help))
}

/// Digits and points at the start, and the rest.
fn split_number(text: &str) -> (&str, &str) {
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    text.split_at(digits)
}

/// A decimal number times `unit`, cut to whole ones; None when it is no number or far too large.
fn decimal(number: &str, unit: u128) -> Option<u128> {
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
        None => (number, ""),
    };
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !plain(whole) || !plain(fraction) {
        return None;
    }
    // Eighteen digits are more than a nanosecond in the longest unit can show.
    let fraction = &fraction[..fraction.len().min(18)];
    let whole = whole.parse::<u64>().ok()?;
    let parts = if fraction.is_empty() {
        0
    } else {
        fraction.parse::<u128>().ok()? * unit / 10u128.pow(fraction.len() as u32)
    };
    Some(u128::from(whole) * unit + parts)
}

/// Regular expressions of JSON Schema (ECMA-262) for these texts: narrow enough to find a missing
/// unit, and never narrower than what is read.
pub mod patterns {
    /// [`super::duration`].
    pub const DURATION: &str = r"^\s*([0-9]+(\.[0-9]+)?\s*(ns|us|µs|ms|s|m|h|d)\s*)+$";
    /// [`super::pause`].
    pub const PAUSE: &str = r"^\s*([0-9]+(\.[0-9]+)?\s*(ns|us|µs|ms|s|m|h|d)\s*)+(\.\.\s*([0-9]+(\.[0-9]+)?\s*(ns|us|µs|ms|s|m|h|d)\s*)+)?$";
    /// [`super::rate`].
    pub const RATE: &str = r"^\s*[0-9.]+\s*(/\s*(s|m|h)\s*)?$";
    /// [`super::share`].
    pub const SHARE: &str = r"^\s*[0-9.]+\s*%?\s*$";
    /// [`super::size`].
    pub const SIZE: &str = r"^\s*[0-9]+(\.[0-9]+)?\s*(B|kB|MB|GB|KiB|MiB|GiB)?\s*$";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations() {
        let nanos = |text| duration(text).unwrap().as_nanos();
        assert_eq!(nanos("5m"), 300_000_000_000);
        assert_eq!(nanos("1h30m"), 5_400_000_000_000);
        assert_eq!(nanos("1.5s"), 1_500_000_000);
        assert_eq!(nanos(" 250 ms "), 250_000_000);
        assert_eq!(nanos("1h 30m"), 5_400_000_000_000);
        assert_eq!(nanos("10us"), 10_000);
        assert_eq!(nanos("10µs"), 10_000);
        assert_eq!(nanos("0s"), 0);
        assert_eq!(nanos("366d"), LONGEST.as_nanos());
        let refused = [
            "",
            "s",
            "5",
            "5x",
            "5 sec",
            "-5s",
            "1..2s",
            ".5s",
            "1.s",
            "1e3s",
            "367d",
            "5m3",
            "99999999999999999999999999s",
            "NaNs",
        ];
        for text in refused {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(
            duration("30").unwrap_err().message,
            "a duration needs a unit"
        );
    }

    #[test]
    fn pauses() {
        let second = Duration::from_secs;
        assert_eq!(pause("2s").unwrap(), (second(2), second(2)));
        assert_eq!(pause("1s..3s").unwrap(), (second(1), second(3)));
        assert_eq!(pause("1s .. 3s").unwrap(), (second(1), second(3)));
        for text in ["3s..1s", "1s..", "..", "1..3s", "1s..2s..3s"] {
            assert!(pause(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rates() {
        assert_eq!(rate("200/s").unwrap(), 200.0);
        assert_eq!(rate("12000/m").unwrap(), 200.0);
        assert_eq!(rate("36/h").unwrap(), 0.01);
        assert_eq!(rate("2.5").unwrap(), 2.5);
        for text in [
            "",
            "/s",
            "200/",
            "200/d",
            "fast",
            "-1/s",
            "1e9/s",
            "1/s/s",
            "0.00000001/s",
        ] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shares() {
        assert_eq!(share("10%").unwrap(), 0.1);
        assert_eq!(share("2.5 %").unwrap(), 0.025);
        assert_eq!(share("0.25").unwrap(), 0.25);
        assert_eq!(share("1").unwrap(), 1.0);
        assert_eq!(share("0%").unwrap(), 0.0);
        for text in ["", "%", "101%", "2", "-1", "half", "1e-1", "10 %%", "NaN"] {
            assert!(share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes() {
        assert_eq!(size("64KiB").unwrap(), 65_536);
        assert_eq!(size("1.5 MB").unwrap(), 1_500_000);
        assert_eq!(size("10").unwrap(), 10);
        for text in ["", "KiB", "64kb", "-1", "99999999999999999999"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9.a-zµ/ -]*") {
            let _ = (duration(&text), pause(&text), rate(&text), size(&text));
            let _ = share(&text);
        }
    }

    /// Checks that texts which can be read match their pattern; a missing or misspelt unit does
    /// not.
    #[test]
    fn patterns_are_no_narrower_than_what_is_read() {
        let check = |pattern: &str, read: &dyn Fn(&str) -> bool, texts: &[&str]| {
            let pattern = regex::Regex::new(pattern).unwrap();
            for text in texts {
                assert_eq!(read(text), pattern.is_match(text), "{text:?}");
            }
        };
        let durations = [
            "5m", "1h30m", "1.5s", " 250 ms ", "1h 30m", "10us", "10µs", "0s", "", "s", "5", "5x",
            "5 sec", "1.s", ".5s", "-1s", "1,5s",
        ];
        check(
            patterns::DURATION,
            &|text| duration(text).is_ok(),
            &durations,
        );
        let pauses = [
            "2s",
            "1s..3s",
            "500ms..1m30s",
            "1s .. 3s",
            "1..3s",
            "1s..",
            "..3s",
            "1s..3",
            "1s...3s",
        ];
        check(patterns::PAUSE, &|text| pause(text).is_ok(), &pauses);
        let rates = [
            "200/s", "12000/m", "0.5/h", "5", "5 / s", "5/d", "5/", "/s", "5 s", "x",
        ];
        check(patterns::RATE, &|text| rate(text).is_ok(), &rates);
        let shares = ["10%", "2.5 %", "0.25", "1", "x", "%", "10 percent", ""];
        check(patterns::SHARE, &|text| share(text).is_ok(), &shares);
        let sizes = [
            "64KiB", "1.5MB", "65536", "2 GB", "10B", "64kib", "x", "", "-1B",
        ];
        check(patterns::SIZE, &|text| size(text).is_ok(), &sizes);
    }
}
