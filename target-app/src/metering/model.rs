//! Bodies of requests and responses.

use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::database::Timestamp;
use crate::http::{ApiError, parse_json};

/// The most that one event can count.
const MAX_QUANTITY: i64 = 1_000_000_000;

/// The longest name of a tenant or a customer.
const MAX_NAME: usize = 64;

/// Something that a customer used.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    pub(super) tenant_id: String,
    pub(super) customer_id: String,
    pub(super) quantity: i64,
}

impl Event {
    pub(super) fn from_json(body: &[u8]) -> Result<Self, ApiError> {
        let event: Self = parse_json(body)?;
        for (field, name) in [
            ("tenant_id", &event.tenant_id),
            ("customer_id", &event.customer_id),
        ] {
            if !is_name(name) {
                return Err(ApiError::invalid(format!(
                    "{field} must be 1 to {MAX_NAME} letters, digits, dots, dashes or underscores"
                )));
            }
        }
        if !(1..=MAX_QUANTITY).contains(&event.quantity) {
            let message = format!("quantity must be from 1 to {MAX_QUANTITY}");
            return Err(ApiError::invalid(message));
        }
        Ok(event)
    }
}

/// Names make up the key of a lock, whose parts are told apart by colons.
fn is_name(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

/// A window of one customer, by its first second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) tenant_id: String,
    pub(super) customer_id: String,
    pub(super) start: Timestamp,
}

impl Window {
    /// The name of its lock.
    pub(super) fn lock_key(&self) -> String {
        let Window {
            tenant_id,
            customer_id,
            start,
        } = self;
        format!("aggregation:lock:{tenant_id}:{customer_id}:{start}")
    }
}

/// A window that has been added up.
#[derive(Debug, Serialize)]
pub(super) struct Aggregated {
    pub(super) window_start: String,
    pub(super) window_end: String,
    pub(super) event_count: i64,
    pub(super) total_quantity: i64,
    pub(super) processed_by: String,
}

/// Division of time into windows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Windows {
    seconds: i64,
}

impl Windows {
    /// Windows of whole seconds, at least one.
    pub(super) fn new(length: Duration) -> Self {
        let seconds = i64::try_from(length.as_secs()).unwrap_or(i64::MAX);
        Self {
            seconds: seconds.max(1),
        }
    }

    /// The start of the window that `time` is in.
    pub(super) fn start_of(self, time: SystemTime) -> Timestamp {
        let now = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        Timestamp::from_unix(now - now % self.seconds)
    }

    /// The start of the window after the one that starts at `start`, which is its end.
    pub(super) fn after(self, start: Timestamp) -> Timestamp {
        Timestamp::from_unix(start.unix() + self.seconds)
    }

    /// The latest start of those windows that are over at `time`.
    pub(super) fn last_finished(self, time: SystemTime) -> Timestamp {
        Timestamp::from_unix(self.start_of(time).unix() - self.seconds)
    }

    /// Time from `time` to the end of its window.
    pub(super) fn left(self, time: SystemTime) -> Duration {
        let end = self.after(self.start_of(time)).unix();
        let end = UNIX_EPOCH + Duration::from_secs(u64::try_from(end).unwrap_or(0));
        end.duration_since(time).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_cut_without_gaps() {
        let windows = Windows::new(Duration::from_secs(30));
        let at = |millis| UNIX_EPOCH + Duration::from_millis(millis);
        assert_eq!(windows.start_of(at(59_999)).unix(), 30);
        assert_eq!(windows.start_of(at(60_000)).unix(), 60);
        assert_eq!(windows.after(Timestamp::from_unix(30)).unix(), 60);
        assert_eq!(windows.last_finished(at(60_000)).unix(), 30);
        assert_eq!(windows.left(at(59_900)), Duration::from_millis(100));
        assert_eq!(windows.left(at(60_000)), Duration::from_secs(30));
    }

    #[test]
    fn a_lock_is_named_after_its_window() {
        let window = Window {
            tenant_id: "acme".to_owned(),
            customer_id: "c-1".to_owned(),
            start: Timestamp::from_unix(1_795_249_800),
        };
        assert_eq!(
            window.lock_key(),
            "aggregation:lock:acme:c-1:2026-11-21T08:30:00Z"
        );
    }

    #[test]
    fn names_cannot_be_taken_for_two() {
        for good in ["a", "A-1_b.c", &"x".repeat(64)] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "a:b", "a b", "ä", "a\0", &"x".repeat(65)] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
