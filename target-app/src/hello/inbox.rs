//! The messages that came back.

use serde::Serialize;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Messages that are kept; the oldest make room.
const KEPT: usize = 10_000;

/// A message that the webhook got.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Received {
    pub(super) message_id: String,
    pub(super) message: String,
    pub(super) received_at: String,
    /// Milliseconds from publishing to the webhook.
    pub(super) delivery_ms: u64,
}

/// Clones share the messages.
#[derive(Debug, Clone, Default)]
pub(super) struct Inbox(Arc<Mutex<Messages>>);

#[derive(Debug, Default)]
struct Messages {
    by_id: HashMap<Arc<str>, Received>,
    oldest_first: VecDeque<Arc<str>>,
}

impl Inbox {
    /// Keeps a message; false when it is there already.
    pub(super) fn keep(&self, message: Received) -> bool {
        let id: Arc<str> = message.message_id.as_str().into();
        let mut messages = self.messages();
        if messages.by_id.contains_key(&id) {
            return false;
        }
        if messages.oldest_first.len() == KEPT
            && let Some(oldest) = messages.oldest_first.pop_front()
        {
            messages.by_id.remove(&oldest);
        }
        messages.oldest_first.push_back(Arc::clone(&id));
        messages.by_id.insert(id, message);
        true
    }

    /// The message with this id, if it came and is still kept.
    pub(super) fn find(&self, id: &str) -> Option<Received> {
        self.messages().by_id.get(id).cloned()
    }

    fn messages(&self) -> MutexGuard<'_, Messages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept_once() {
        let inbox = Inbox::default();
        let message = |id: usize| Received {
            message_id: id.to_string(),
            message: "m".to_owned(),
            received_at: String::new(),
            delivery_ms: 0,
        };
        for id in 0..=KEPT {
            assert!(inbox.keep(message(id)));
        }
        assert!(!inbox.keep(message(KEPT)));
        assert!(inbox.find("0").is_none());
        assert!(inbox.find("1").is_some() && inbox.find(&KEPT.to_string()).is_some());
    }
}
