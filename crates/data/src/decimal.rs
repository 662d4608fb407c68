//! Decimal numbers of any length, compared as they are written.

use std::{borrow::Cow, cmp::Ordering};

/// A decimal number without its superfluous zeros: equal numbers are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal<'a> {
    negative: bool,
    /// Significant digits, without zeros at either end.
    digits: Cow<'a, str>,
    /// Power of ten of the last digit.
    exponent: i64,
}

impl<'a> Decimal<'a> {
    /// Reads `-12.50`, `1e6` or `.5`; None when it is no number, NaN and infinity included.
    pub fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let (negative, text) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = match (whole, fraction) {
            ("", fraction) => Cow::Borrowed(fraction),
            (whole, "") => Cow::Borrowed(whole),
            (whole, fraction) => Cow::Owned(format!("{whole}{fraction}")),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let behind = i64::try_from(fraction.len()).ok()?;
        let kept = digits.trim_end_matches('0').len();
        let zeros = i64::try_from(digits.len() - kept).ok()?;
        let significant = digits[..kept].trim_start_matches('0').len();
        if significant == 0 {
            return Some(Self::ZERO);
        }
        let range = kept - significant..kept;
        Some(Self {
            negative,
            digits: match digits {
                Cow::Borrowed(digits) => Cow::Borrowed(&digits[range]),
                Cow::Owned(digits) => Cow::Owned(digits[range].to_owned()),
            },
            exponent: i64::from(exponent) - behind + zeros,
        })
    }

    const ZERO: Self = Self {
        negative: false,
        digits: Cow::Borrowed(""),
        exponent: 0,
    };

    /// Sort key of absolute values: the power of ten of the first digit, which zero does not
    /// have, and the digits, which are ordered as texts are because no zero ends them.
    fn size(&self) -> (Option<i64>, &str) {
        let first = self.exponent.saturating_add(self.digits.len() as i64);
        ((!self.digits.is_empty()).then_some(first), &self.digits)
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.size().cmp(&other.size()),
            (true, true) => other.size().cmp(&self.size()),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_is_itself_however_it_is_written(
            digits in "[1-9]([0-9]{0,40}[1-9])?",
            shift in 0..20_i32,
            zeros in 0..9_usize,
            minus: bool,
        ) {
            let sign = if minus { "-" } else { "" };
            let long = format!("{sign}{}{digits}{}", "0".repeat(zeros), "0".repeat(shift as usize));
            let spellings = [
                format!("{sign}{digits}e{shift}"),
                format!("{long}.{}", "0".repeat(zeros)),
                format!(" {sign}.{digits}E{} ", i64::from(shift) + digits.len() as i64),
            ];
            for spelling in &spellings {
                prop_assert_eq!(Decimal::parse(spelling), Decimal::parse(&long), "{}", spelling);
            }
        }

        #[test]
        fn whole_numbers_are_ordered_as_they_are(a: i64, near in -2..=2_i64, far: i64) {
            for b in [a.saturating_add(near), far, near] {
                let (left, right) = (a.to_string(), b.to_string());
                let order = Decimal::parse(&left).unwrap().cmp(&Decimal::parse(&right).unwrap());
                prop_assert_eq!(order, a.cmp(&b));
            }
        }

        #[test]
        fn floats_are_ordered_as_their_decimals(a in -1e3..1e3_f64, b in -1e3..1e3_f64) {
            let (left, right) = (format!("{a:e}"), b.to_string());
            let order = Decimal::parse(&left).unwrap().partial_cmp(&Decimal::parse(&right).unwrap());
            prop_assert_eq!(order, a.partial_cmp(&b));
        }

        #[test]
        fn a_float_is_its_shortest_decimal(number in any::<f64>().prop_filter("finite", |x| x.is_finite())) {
            let (plain, exponential) = (format!("{number}"), format!("{number:e}"));
            let read = Decimal::parse(&plain).unwrap();
            prop_assert!(Some(read) == Decimal::parse(&exponential));
        }

        #[test]
        fn nothing_makes_it_panic(text in "[-+0-9.eE ]{0,12}|.{0,6}") {
            let _ = Decimal::parse(&text);
        }
    }

    #[test]
    fn what_is_no_number() {
        for text in [
            "",
            "-",
            ".",
            "1x",
            "NaN",
            "inf",
            "1e",
            "0x10",
            "1 2",
            "1e99999999999",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        for zero in ["-0", "0.00", "0e5", ".0"] {
            assert_eq!(Decimal::parse(zero), Some(Decimal::ZERO), "{zero}");
        }
    }
}
