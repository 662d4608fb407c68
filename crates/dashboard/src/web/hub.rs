//! Updates for all viewers: each is made once, sent once, and never waited for.

use super::message::{Cursor, FullState, Update};
use crate::State;
use axum::body::Bytes;
use futures_util::Stream;
use serde::Serialize;
use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{
    broadcast::{self, error::RecvError},
    watch,
};

/// Updates that a slow viewer may be behind; further behind it gets the whole anew.
const BEHIND: usize = 16;
/// Seconds after which everyone gets the whole anew, so that pages stay as bounded as the history.
const ANEW: u64 = 600;
/// A comment after so long without an update keeps the connection from looking dead.
const QUIET: Duration = Duration::from_secs(15);

/// The end of the run, as the page tells it.
#[derive(Debug, Clone, Serialize)]
pub(super) struct End {
    pub verdict: String,
    /// `passed`, `done` or `failed`.
    pub outcome: String,
}

/// The one place where updates come in and viewers take them.
#[derive(Debug)]
pub(super) struct Hub {
    latest: Mutex<Latest>,
    update: broadcast::Sender<Bytes>,
    viewers: AtomicUsize,
}

#[derive(Debug, Default)]
struct Latest {
    state: Arc<State>,
    end: Option<End>,
}

/// A viewer, from the first message to its last.
struct Viewer {
    hub: Arc<Hub>,
    update: broadcast::Receiver<Bytes>,
    next: Next,
}

enum Next {
    FullState,
    Update,
    Nothing,
}

impl Hub {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            latest: Mutex::default(),
            update: broadcast::Sender::new(BEHIND),
            viewers: AtomicUsize::new(0),
        })
    }

    /// Passes on each state of a run until its end.
    pub async fn follow(self: Arc<Self>, mut states: watch::Receiver<Arc<State>>) {
        let (mut told, mut since) = (Cursor::default(), 0);
        loop {
            let state = Arc::clone(&states.borrow_and_update());
            let cursor = Cursor::after(&state);
            since += told.behind(cursor);
            self.set(|latest| latest.state = Arc::clone(&state));
            if self.update.receiver_count() > 0 {
                let message = if since >= ANEW {
                    since = 0;
                    message("whole", &FullState::of(&state))
                } else {
                    message("update", &Update::of(&state, told))
                };
                // Nobody listens any more: no matter.
                let _ = self.update.send(message);
            }
            told = cursor;
            if states.changed().await.is_err() {
                return;
            }
        }
    }

    /// Tells the end.
    pub fn end(&self, end: End) {
        self.set(|latest| latest.end = Some(end.clone()));
        let _ = self.update.send(message("end", &end));
    }

    /// Viewers that have not been told everything yet.
    pub fn viewers(&self) -> usize {
        self.viewers.load(Ordering::Relaxed)
    }

    /// Messages for one viewer, until the run's end.
    pub fn watch(self: Arc<Self>) -> impl Stream<Item = Result<Bytes, Infallible>> + use<> {
        self.viewers.fetch_add(1, Ordering::Relaxed);
        let viewer = Viewer {
            // Before the whole is made, so that nothing falls between.
            update: self.update.subscribe(),
            hub: self,
            next: Next::FullState,
        };
        futures_util::stream::unfold(viewer, |mut viewer| async move {
            let message = viewer.next().await?;
            Some((Ok(message), viewer))
        })
    }

    fn set(&self, change: impl FnOnce(&mut Latest)) {
        // Nothing that holds it panics, and half a change is none.
        change(&mut self.latest.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn whole(&self) -> (Bytes, Option<End>) {
        let latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, end) = (Arc::clone(&latest.state), latest.end.clone());
        drop(latest);
        (message("whole", &FullState::of(&state)), end)
    }
}

impl Viewer {
    async fn next(&mut self) -> Option<Bytes> {
        match self.next {
            Next::Nothing => return None,
            Next::FullState => return Some(self.whole()),
            Next::Update => {}
        }
        match tokio::time::timeout(QUIET, self.update.recv()).await {
            Err(_) => Some(Bytes::from_static(b":\n\n")),
            Ok(Ok(message)) => {
                if message.starts_with(END) {
                    self.next = Next::Nothing;
                }
                Some(message)
            }
            // Too slow for the updates: what is known by now makes up for what was missed.
            Ok(Err(RecvError::Lagged(_))) => Some(self.whole()),
            Ok(Err(RecvError::Closed)) => None,
        }
    }

    fn whole(&mut self) -> Bytes {
        self.update = self.update.resubscribe();
        let (whole, end) = self.hub.whole();
        self.next = Next::Update;
        let Some(end) = end else {
            return whole;
        };
        self.next = Next::Nothing;
        [whole, message("end", &end)].concat().into()
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.hub.viewers.fetch_sub(1, Ordering::Relaxed);
    }
}

const END: &[u8] = b"event: end\n";

/// A server-sent event.
fn message(event: &str, content: &impl Serialize) -> Bytes {
    // Numbers, lists and texts alone: nothing that JSON could not say.
    let data = serde_json::to_string(content).unwrap_or_default();
    format!("event: {event}\ndata: {data}\n\n").into()
}
