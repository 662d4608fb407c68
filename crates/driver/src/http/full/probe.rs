//! What can be seen of a step from outside of reqwest: when it opens a connection, and when that is
//! open.

use super::names::Names;
use loadgen_core::time::{Clock, Nanos};
use reqwest::dns::{Name, Resolve, Resolving};
use std::{
    error::Error,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll},
};
use tower_layer::Layer;
use tower_service::Service;

/// What was seen of the current attempt.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// Connections that were begun.
    pub begun: u32,
    /// The last one that was opened: when, and how long it took, TLS included, finding the address
    /// not.
    pub opened: Option<(Nanos, Nanos)>,
    /// Redirects that were followed.
    pub hops: u32,
    /// A connection was begun for the first request, not for a redirect.
    pub begun_first: bool,
    /// When an address was found.
    resolved: Nanos,
}

/// Watches the connections of one session.
#[derive(Debug)]
pub(super) struct Probe {
    clock: Clock,
    /// With the number of the attempt: what an earlier one began says nothing of this one.
    state: Mutex<(u64, Seen)>,
}

impl Probe {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, (u64, Seen)> {
        // Nothing that holds it can panic; if something did, numbers are still numbers.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// A new attempt begins.
    pub(super) fn renew(&self) {
        let mut state = self.state();
        *state = (state.0 + 1, Seen::default());
    }

    pub(super) fn seen(&self) -> Seen {
        self.state().1
    }

    /// A redirect is followed.
    pub(super) fn hop(&self) {
        self.state().1.hops += 1;
    }

    fn begin(&self) -> (u64, Nanos) {
        let now = self.clock.now();
        let mut state = self.state();
        state.1.begun += 1;
        state.1.begun_first |= state.1.hops == 0;
        (state.0, now)
    }

    fn opened(&self, attempt: u64, began: Nanos) {
        let now = self.clock.now();
        let mut state = self.state();
        if state.0 == attempt {
            let from = began.max(state.1.resolved);
            state.1.opened = Some((now, now.saturating_sub(from)));
        }
    }
}

/// Finds addresses, and tells the session's probe when.
#[derive(Debug)]
pub(super) struct Resolver {
    pub names: Arc<Names>,
    pub probe: Arc<Probe>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, probe) = (Arc::clone(&self.names), Arc::clone(&self.probe));
        Box::pin(async move {
            let found = names.of(name.as_str(), probe.clock).await?;
            probe.state().1.resolved = probe.clock.now();
            let addresses: Box<dyn Iterator<Item = _> + Send> = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

/// Puts the probe around reqwest's connector.
#[derive(Debug, Clone)]
pub(super) struct Timing(pub Arc<Probe>);

impl<S> Layer<S> for Timing {
    type Service = Timed<S>;

    fn layer(&self, inner: S) -> Timed<S> {
        Timed {
            inner,
            probe: Arc::clone(&self.0),
        }
    }
}

/// A connector with a probe.
#[derive(Debug, Clone)]
pub(super) struct Timed<S> {
    inner: S,
    probe: Arc<Probe>,
}

type BoxError = Box<dyn Error + Send + Sync>;

impl<S, R> Service<R> for Timed<S>
where
    S: Service<R, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, destination: R) -> Self::Future {
        let probe = Arc::clone(&self.probe);
        let (attempt, began) = probe.begin();
        let connecting = self.inner.call(destination);
        Box::pin(async move {
            let connection = connecting.await?;
            probe.opened(attempt, began);
            Ok(connection)
        })
    }
}
