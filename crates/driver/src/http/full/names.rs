//! The addresses of names, found once for all sessions of a worker.

use crate::Shortage;
use loadgen_core::time::{Clock, Nanos, SECOND};
use std::{collections::HashMap, net::SocketAddr};
use tokio::{net::lookup_host, sync::Mutex};

/// How long a name's addresses are believed, and for how long it is that it has none; as for the
/// fast client.
const ADDRESSES_LIVE: Nanos = 30 * SECOND;
const ABSENCE_LIVES: Nanos = SECOND;

/// What a worker knows. Whoever asks while somebody else does waits for that answer.
#[derive(Debug, Default)]
pub(super) struct Names(Mutex<HashMap<String, Known>>);

#[derive(Debug)]
struct Known {
    until: Nanos,
    found: Result<Vec<SocketAddr>, NoAddress>,
}

/// A name without an address.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{words}")]
pub(super) struct NoAddress {
    words: String,
    /// Of this machine, for want of which nobody was asked.
    pub shortage: Option<Shortage>,
}

impl Names {
    /// The addresses of `name`, without ports.
    pub(super) async fn of(&self, name: &str, clock: Clock) -> Result<Vec<SocketAddr>, NoAddress> {
        let mut all = self.0.lock().await;
        if let Some(known) = all.get(name)
            && clock.now() < known.until
        {
            return known.found.clone();
        }
        let found = ask(name).await;
        let lives = match &found {
            Ok(_) => ADDRESSES_LIVE,
            Err(_) => ABSENCE_LIVES,
        };
        let until = clock.now().saturating_add(lives);
        let known = Known {
            until,
            found: found.clone(),
        };
        all.insert(name.to_owned(), known);
        found
    }
}

async fn ask(name: &str) -> Result<Vec<SocketAddr>, NoAddress> {
    let no = |words: String, shortage| NoAddress {
        words: format!("cannot resolve {name}: {words}"),
        shortage,
    };
    let found = lookup_host((name, 0)).await;
    let found: Vec<SocketAddr> = found
        .map_err(|error| no(error.to_string(), Shortage::of(&error)))?
        .collect();
    if found.is_empty() {
        return Err(no("it has no address".to_owned(), None));
    }
    Ok(found)
}
