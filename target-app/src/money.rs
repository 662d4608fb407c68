//! Money as whole cents, and as a JSON number with two decimals. Never a float in between.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::io::Write;

/// An amount of money in cents, from nothing to 99,999,999.99: what DECIMAL(10,2) holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cents(i64);

impl Cents {
    pub(crate) const ZERO: Cents = Cents(0);
    pub(crate) const MAX: Cents = Cents(9_999_999_999);

    /// `cents`, when it is within the range.
    pub(crate) fn new(cents: i64) -> Option<Self> {
        (0..=Self::MAX.0).contains(&cents).then_some(Self(cents))
    }

    pub(crate) fn get(self) -> i64 {
        self.0
    }

    pub(crate) fn times(self, quantity: i64) -> Option<Self> {
        self.0.checked_mul(quantity).and_then(Self::new)
    }

    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).and_then(Self::new)
    }

    /// The exact value of a JSON number: none when `json` is no number, is negative, is too large,
    /// or has a fraction of a cent. `9.9`, `9.900` and `99e-1` are all 9.90.
    pub(crate) fn from_json(json: &str) -> Option<Self> {
        let (negative, digits) = match json.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, json),
        };
        let (digits, exponent) = match digits.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
            None => (digits, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));

        // The significant digits, which neither begin nor end with a zero, and the zeros after them.
        let mut significant: i64 = 0;
        let mut zeros: u32 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            match byte {
                b'0' if significant == 0 => {}
                b'0' => zeros += 1,
                b'1'..=b'9' => {
                    significant = significant
                        .checked_mul(10_i64.checked_pow(zeros + 1)?)?
                        .checked_add(i64::from(byte - b'0'))?;
                    zeros = 0;
                }
                _ => return None,
            }
        }
        if significant == 0 {
            return (!whole.is_empty()).then_some(Self::ZERO);
        }
        // Cents are significant * 10^shift: below zero, a fraction of a cent is left.
        let shift =
            i64::from(exponent) + i64::from(zeros) + 2 - i64::try_from(fraction.len()).ok()?;
        let scale = 10_i64.checked_pow(u32::try_from(shift).ok()?)?;
        let cents = significant.checked_mul(scale)?;
        if negative { None } else { Self::new(cents) }
    }
}

impl Serialize for Cents {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::Error;
        let mut text = [0; 24];
        let mut rest = &mut text[..];
        write!(rest, "{}.{:02}", self.0 / 100, self.0 % 100).map_err(S::Error::custom)?;
        let unused = rest.len();
        let text = &text[..text.len() - unused];
        let number: &RawValue = serde_json::from_slice(text).map_err(S::Error::custom)?;
        number.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_exact_or_refused() {
        for (json, cents) in [
            ("0", 0),
            ("-0.00", 0),
            ("0e99999", 0),
            ("9.9", 990),
            ("9.90", 990),
            ("99e-1", 990),
            ("0.99E+1", 990),
            ("1.005e1", 1005),
            ("0.0012e3", 120),
            ("100e-2", 100),
            ("9.9900000000000000000000000000", 999),
            ("99999999.99", 9_999_999_999),
            ("100000000000000000000000000e-25", 1000),
        ] {
            assert_eq!(
                Cents::from_json(json).map(Cents::get),
                Some(cents),
                "{json}"
            );
        }
        for json in [
            "-0.01",
            "9.999",
            "0.001",
            "1e-3",
            "100000000",
            "99999999.991",
            "1e8",
            "1e2147483647",
            "1e-2147483648",
            "1e99999999999",
            "9.990000000000000000001",
            "\"9.99\"",
            "null",
            "[]",
            "{}",
            "true",
            "",
        ] {
            assert_eq!(Cents::from_json(json), None, "{json}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(cents in 0..=Cents::MAX.get()) {
            let money = Cents::new(cents).unwrap();
            let json = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(json.split_once('.').map(|(_, decimals)| decimals.len()), Some(2));
            prop_assert_eq!(Cents::from_json(&json), Some(money));
        }

        #[test]
        fn any_spelling_of_a_value_is_that_value(
            cents in 1..=Cents::MAX.get(), zeros in 0..8_usize, shift in -12..=4_i32,
        ) {
            // cents * 10^-2, with trailing zeros and the point moved by an exponent.
            let digits = format!("{cents}{}", "0".repeat(zeros));
            let exponent = -2 - i32::try_from(zeros).unwrap();
            prop_assume!(digits.len() < 18);
            let point = exponent - shift;
            let json = if point >= 0 {
                format!("{digits}{}e{shift}", "0".repeat(usize::try_from(point).unwrap()))
            } else {
                let places = usize::try_from(-point).unwrap();
                let padded = format!("{digits:0>width$}", width = places + 1);
                let (whole, fraction) = padded.split_at(padded.len() - places);
                format!("{whole}.{fraction}e{shift}")
            };
            prop_assume!(json.len() < 19);
            prop_assert_eq!(Cents::from_json(&json).map(Cents::get), Some(cents), "{}", json);
        }

        #[test]
        fn nothing_panics(json in "\\PC*", number in "-?[0-9]{0,25}(\\.[0-9]{0,25})?(e[+-]?[0-9]{1,12})?") {
            let _ = Cents::from_json(&json);
            let _ = Cents::from_json(&number);
        }
    }
}
