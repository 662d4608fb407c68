//! A bounded number of connections that the users of a worker share.

use super::{door::Door, link::Link};
use std::{cell::RefCell, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections that wait for users, and users that wait, in turn, for connections.
#[derive(Debug)]
pub struct Pool {
    free: Arc<Semaphore>,
    /// The one used last is taken first, so that those in use stay few.
    idle: RefCell<Vec<Link>>,
    /// When connections may be opened.
    pub door: Door,
}

/// The right to hold one of a pool's connections.
#[derive(Debug)]
pub struct Permit(#[expect(dead_code, reason = "held until it is dropped")] OwnedSemaphorePermit);

impl Pool {
    /// Room for `size` connections; none is open yet.
    pub fn new(size: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(size)),
            idle: RefCell::default(),
            door: Door::new(0),
        }
    }

    /// Takes a place at once if there is one.
    pub fn try_enter(&self) -> Option<Permit> {
        Arc::clone(&self.free).try_acquire_owned().ok().map(Permit)
    }

    /// Waits in turn for a place.
    pub async fn enter(&self) -> Option<Permit> {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.free).acquire_owned().await;
        permit.ok().map(Permit)
    }

    /// An open connection for the holder of a permit.
    pub fn take(&self) -> Option<Link> {
        self.idle.borrow_mut().pop()
    }

    /// Gives a connection to whoever comes next.
    pub fn give_back(&self, link: Link, permit: Permit) {
        self.idle.borrow_mut().push(link);
        drop(permit);
    }
}
