//! Dates of cookies, which servers write in many ways (RFC 6265, 5.1.1).

use jiff::{civil::DateTime, tz::TimeZone};

/// Seconds since 1970; None for what is no date.
pub(super) fn parse(text: &[u8]) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(|byte| is_delimiter(*byte)) {
        if time.is_none()
            && let Some(found) = self::time(token)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some(found) = number(token, 1..=2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = self::month(token)
        {
            month = Some(found);
        } else if year.is_none()
            && let Some(found) = number(token, 2..=4)
        {
            year = Some(found);
        }
    }
    let year = match year? {
        year @ 70..=99 => year + 1900,
        year @ 0..=69 => year + 2000,
        year => year,
    };
    let (hour, minute, second) = time?;
    let small = |number: i16| i8::try_from(number).ok();
    // The calendar's earliest year is the RFC's.
    let date = DateTime::new(
        (year >= 1601).then_some(year)?,
        month?,
        small(day?)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    );
    let moment = date.ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(moment.timestamp().as_second())
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

/// The number that a token begins with, if it has so many digits.
fn number(token: &[u8], digits: std::ops::RangeInclusive<usize>) -> Option<i16> {
    let end = token.iter().position(|byte| !byte.is_ascii_digit());
    let text = &token[..end.unwrap_or(token.len())];
    if !digits.contains(&text.len()) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Hour, minute and second.
fn time(token: &[u8]) -> Option<(i16, i16, i16)> {
    let mut parts = token.splitn(3, |byte| *byte == b':');
    let mut whole = || {
        let part = parts.next()?;
        let digits = part.iter().all(u8::is_ascii_digit);
        digits.then(|| number(part, 1..=2))?
    };
    let (hour, minute) = (whole()?, whole()?);
    Some((hour, minute, number(parts.next()?, 1..=2)?))
}

fn month(token: &[u8]) -> Option<i8> {
    const NAMES: [&[u8]; 12] = [
        b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov",
        b"dec",
    ];
    let start = token.get(..3)?;
    let mut numbered = (1..).zip(NAMES);
    let found = numbered.find(|(_, name)| start.eq_ignore_ascii_case(name));
    found.map(|(number, _)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_however_it_is_written() {
        for text in [
            "Wed, 21 Oct 2015 07:28:00 GMT",
            "Wednesday, 21-Oct-15 07:28:00 GMT",
            "Wed Oct 21 07:28:00 2015",
            "wed, 21-oct-2015 7:28:0 UTC",
            "2015 21 October 07:28:00",
            "21 oct 2015 07:28:00.5",
        ] {
            assert_eq!(parse(text.as_bytes()), Some(1_445_412_480), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "0",
            "-1",
            "tomorrow",
            "Wed, 21 Oct 2015",
            "31 Feb 2015 07:28:00",
            "21 Oct 2015 24:00:00",
            "21 Oct 1600 07:28:00",
            "21 Oct 20155 07:28:00",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
