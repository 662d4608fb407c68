//! The dashboard for browsers: a page on loopback that shows a run while it goes on, and keeps
//! what it has when the run is over. It only shows; nothing that is sent to it changes anything.

pub mod guard;
mod hub;
pub mod limited;
mod message;
#[cfg(test)]
mod tests;

use super::State;
use axum::{
    Router,
    body::Body,
    http::header::CONTENT_TYPE,
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::get,
};
use guard::{Hosts, guard};
use hub::{End, Hub};
use limited::Limited;
use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tokio::{
    runtime::{Builder, Handle},
    sync::{oneshot, watch},
};

/// Longest time that viewers may take to receive the end.
const PATIENCE: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(10);

/// Files to serve, by path: the type, and the bytes.
const FILES: [(&str, &str, &str); 5] = [
    (
        "/",
        "text/html; charset=utf-8",
        include_str!("../../templates/live/index.html"),
    ),
    (
        "/live.css",
        "text/css; charset=utf-8",
        include_str!("../../templates/live/live.css"),
    ),
    (
        "/live.js",
        "text/javascript; charset=utf-8",
        include_str!("../../templates/live/live.js"),
    ),
    (
        "/uplot.css",
        "text/css; charset=utf-8",
        include_str!("../../vendor/uplot/uPlot.min.css"),
    ),
    (
        "/uplot.js",
        "text/javascript; charset=utf-8",
        include_str!("../../vendor/uplot/uPlot.iife.min.js"),
    ),
];

/// The server, on a thread of its own; it ends when this is dropped.
#[derive(Debug)]
pub struct Web {
    address: SocketAddr,
    hub: Arc<Hub>,
    runtime: Handle,
    _stop: oneshot::Sender<()>,
}

impl Web {
    /// Listens on an address of this machine's loopback; port 0 is any free one.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn start(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let hub = Hub::new();
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let router = router(&hub);
        thread::Builder::new().name("web".into()).spawn(move || {
            runtime.block_on(async {
                // Made of a listener that is bound already: only the runtime could refuse it.
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else {
                    return;
                };
                tokio::select! {
                    _ = axum::serve(Limited::new(listener), router) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        })?;
        Ok(Self {
            address,
            hub,
            runtime: handle,
            _stop: stop,
        })
    }

    /// Returns the URL of the page.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Passes states on to browsers, until there are no more.
    pub(super) fn follow(&self, states: watch::Receiver<Arc<State>>) {
        self.runtime.spawn(Arc::clone(&self.hub).follow(states));
    }

    /// Tells browsers how the run ended: `outcome` is `passed`, `done` or `failed`. Waits until
    /// they know, but not for one that does not read.
    pub fn end(&self, verdict: &str, outcome: &str) {
        self.hub.end(End {
            verdict: verdict.to_owned(),
            outcome: outcome.to_owned(),
        });
        let deadline = Instant::now() + PATIENCE;
        while self.hub.viewers() > 0 && Instant::now() < deadline {
            thread::sleep(POLL);
        }
        // Sent data may still be on its way out of this process.
        thread::sleep(POLL);
    }
}

fn router(hub: &Arc<Hub>) -> Router {
    let mut router = Router::new();
    for (path, kind, text) in FILES {
        let file = move || async move { ([(CONTENT_TYPE, kind)], text) };
        router = router.route(path, get(file));
    }
    let hub = Arc::clone(hub);
    let events = move || async move { events(hub) };
    router
        .route("/events", get(events))
        .layer(from_fn_with_state(Hosts::default(), guard))
}

fn events(hub: Arc<Hub>) -> Response {
    let kind = [(CONTENT_TYPE, "text/event-stream")];
    (kind, Body::from_stream(hub.watch())).into_response()
}
