//! PostgreSQL's `numeric` on the wire: groups of four decimal digits.

use bytes::BytesMut;

/// Sign, decimal digits and places of a number.
struct Decimal {
    negative: bool,
    /// Digits without the point, most significant first.
    digits: Vec<u8>,
    /// How many of them stand behind the point.
    scale: usize,
}

/// Most digits on either side of the point: what the wire form can hold.
const MOST_DIGITS: usize = 16_383;

/// Appends the binary form of a decimal number such as `-12.50` or `1e6`; None when it is none.
pub fn encode(text: &str, out: &mut BytesMut) -> Option<()> {
    let Decimal {
        negative,
        mut digits,
        scale,
    } = parse(text)?;
    // Whole groups before and behind the point.
    let before = digits.len() - scale;
    let lead = before.next_multiple_of(4) - before;
    digits.splice(0..0, std::iter::repeat_n(0, lead));
    let trail = scale.next_multiple_of(4) - scale;
    digits.extend(std::iter::repeat_n(0, trail));
    let groups: Vec<i16> = digits
        .chunks_exact(4)
        .map(|group| {
            group
                .iter()
                .fold(0, |sum, digit| 10 * sum + i16::from(*digit))
        })
        .collect();
    let zero = |group: &&i16| **group == 0;
    let leading = groups.iter().take_while(zero).count();
    let trailing = groups[leading..].iter().rev().take_while(zero).count();
    let significant = &groups[leading..groups.len() - trailing];
    // The power of 10,000 that the first group counts.
    let weight = match significant {
        [] => 0,
        _ => i16::try_from((before + lead) / 4).ok()? - 1 - i16::try_from(leading).ok()?,
    };
    let negative = negative && !significant.is_empty();

    out.extend_from_slice(&i16::try_from(significant.len()).ok()?.to_be_bytes());
    out.extend_from_slice(&weight.to_be_bytes());
    let sign: u16 = if negative { 0x4000 } else { 0 };
    out.extend_from_slice(&sign.to_be_bytes());
    out.extend_from_slice(&i16::try_from(scale).ok()?.to_be_bytes());
    for group in significant {
        out.extend_from_slice(&group.to_be_bytes());
    }
    Some(())
}

/// Reads the binary form as text; None when it is malformed or has no digits to show (NaN, infinity).
pub fn decode(bytes: &[u8]) -> Option<String> {
    let (head, groups) = bytes.split_at_checked(8)?;
    let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    let (count, sign, scale) = (usize::from(word(0)), word(4), usize::from(word(6)));
    let weight = i32::from(word(2) as i16);
    if sign & 0x8000 != 0 || groups.len() != 2 * count {
        return None;
    }
    let group = |index: i32| {
        usize::try_from(index)
            .ok()
            .and_then(|index| groups.get(2 * index..2 * index + 2))
            .map_or(0, |pair| u16::from_be_bytes([pair[0], pair[1]]))
    };
    let mut text = String::new();
    if sign == 0x4000 {
        text.push('-');
    }
    let whole: String = (0..=weight)
        .map(|index| format!("{:04}", group(index)))
        .collect();
    let whole = whole.trim_start_matches('0');
    text.push_str(if whole.is_empty() { "0" } else { whole });
    if scale > 0 {
        let first = weight + 1;
        let last = first + i32::try_from(scale.div_ceil(4)).ok()?;
        let fraction: String = (first..last)
            .map(|index| format!("{:04}", group(index)))
            .collect();
        text.push('.');
        text.push_str(&fraction[..scale]);
    }
    Some(text)
}

fn parse(text: &str) -> Option<Decimal> {
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
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    digits.iter_mut().for_each(|digit| *digit -= b'0');
    let scale = i64::try_from(fraction.len()).ok()? - i64::from(exponent);
    let longest = MOST_DIGITS as i64;
    if scale.abs() > longest || digits.len() as i64 > longest {
        return None;
    }
    // Zeros that the exponent asks for, behind the digits or before them.
    let missing = usize::try_from(-scale).unwrap_or(0);
    digits.extend(std::iter::repeat_n(0, missing));
    let scale = usize::try_from(scale).unwrap_or(0);
    let lead = scale.saturating_sub(digits.len());
    digits.splice(0..0, std::iter::repeat_n(0, lead));
    Some(Decimal {
        negative,
        digits,
        scale,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(text: &str) -> Option<String> {
        let mut bytes = BytesMut::new();
        encode(text, &mut bytes)?;
        decode(&bytes)
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(whole in "0|[1-9][0-9]{0,30}", fraction in "[0-9]{0,30}", minus: bool) {
            let mut text = whole;
            if !fraction.is_empty() {
                text = format!("{text}.{fraction}");
            }
            if minus && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte)) {
                text.insert(0, '-');
            }
            prop_assert_eq!(round_trip(&text), Some(text));
        }

        #[test]
        fn nothing_makes_it_panic(text in "[-+0-9.eE ]{0,12}", bytes: Vec<u8>) {
            let _ = round_trip(&text);
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn unusual_spellings() {
        for (text, shown) in [
            ("-0", "0"),
            ("-0.00", "0.00"),
            ("+007", "7"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e6", "1000000"),
            ("1.5E+3", "1500"),
            ("1.25e-6", "0.00000125"),
            (" 12 ", "12"),
            ("10000", "10000"),
            ("0.0001", "0.0001"),
            ("0.00001", "0.00001"),
        ] {
            assert_eq!(round_trip(text).as_deref(), Some(shown), "{text}");
        }
        for text in ["", "-", ".", "1x", "NaN", "1e", "1e99999", "0x10", "1 2"] {
            assert_eq!(round_trip(text), None, "{text}");
        }
    }
}
