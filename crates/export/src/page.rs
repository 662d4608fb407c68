//! The page that a Prometheus scrapes.

use axum::{
    Router,
    extract::State,
    http::header::CONTENT_TYPE,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::get,
};
use loadgen_dashboard::web::{
    guard::{Hosts, guard},
    limited::Limited,
};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time, time::Instant};

/// Longest wait for a last scrape.
const LONGEST: Duration = Duration::from_secs(30);

/// Shortest interval between scrapes: with several Prometheus servers the gaps say nothing about
/// how often one of them comes.
const SHORTEST: Duration = Duration::from_secs(5);

/// Metrics to show, and the number of scrapes.
#[derive(Debug, Default)]
struct Shown {
    text: String,
    /// The last scrape, and the time between it and the one before.
    last: Option<(Instant, Option<Duration>)>,
}

#[derive(Debug, Default)]
struct Shared {
    shown: Mutex<Shown>,
    scraped: Notify,
}

impl Shared {
    fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A page that is served.
#[derive(Debug)]
pub(super) struct Page(Arc<Shared>);

impl Page {
    /// Serves it, empty at first, for as long as the runtime lives, to those who request it by an
    /// address, by a name that no stranger can own, or by one of `named`.
    pub(super) fn serve(listener: std::net::TcpListener, named: &[String]) -> Self {
        let shared = Arc::<Shared>::default();
        let address = listener.local_addr();
        let hosts = Hosts {
            network: address.is_ok_and(|address| !address.ip().is_loopback()),
            named: named.into(),
        };
        let router = Router::new()
            .route("/metrics", get(scrape))
            .with_state(Arc::clone(&shared))
            .layer(from_fn_with_state(hosts, guard));
        tokio::spawn(async move {
            // Whoever cannot be served sees it; the run does not depend on it.
            if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
                let _ = axum::serve(Limited::new(listener), router).await;
            }
        });
        Self(shared)
    }

    pub(super) fn show(&self, text: String) {
        self.0.shown().text = text;
    }

    /// Waits, if somebody scrapes again and again, until the last values were scraped: about
    /// two of its intervals.
    pub(super) async fn linger(self) {
        let Some((_, Some(between))) = self.0.shown().last else {
            return;
        };
        let wait = (between * 2).clamp(SHORTEST, LONGEST);
        let _ = time::timeout(wait, self.0.scraped.notified()).await;
        // The response is on its way.
        time::sleep(Duration::from_millis(50)).await;
    }
}

async fn scrape(State(shared): State<Arc<Shared>>) -> Response {
    let now = Instant::now();
    let text = {
        let mut shown = shared.shown();
        let between = shown.last.map(|(before, _)| now - before);
        shown.last = Some((now, between));
        shown.text.clone()
    };
    shared.scraped.notify_waiters();
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(CONTENT_TYPE, kind)], text).into_response()
}
