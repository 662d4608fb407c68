//! Times as texts and numbers.

use std::time::{SystemTime, UNIX_EPOCH};
use time::OffsetDateTime;

/// RFC 3339 in UTC with milliseconds: `2026-11-21T08:30:00.000Z`.
pub(crate) fn timestamp(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time);
    let (year, month, day) = time.to_calendar_date();
    let (hour, minute, second, milli) = time.to_hms_milli();
    let month = u8::from(month);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// Milliseconds since 1970; 0 before.
pub(crate) fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_time_is_shown_to_the_millisecond() {
        let time = UNIX_EPOCH + Duration::from_millis(1_795_249_800_042);
        assert_eq!(timestamp(time), "2026-11-21T08:30:00.042Z");
        assert_eq!(millis(time), 1_795_249_800_042);
    }
}
