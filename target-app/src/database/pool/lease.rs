//! A connection in use, and what becomes of it afterwards.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::{CLEANUP, Shared, close_in_background};
use crate::database::PoolSettings;
use crate::database::driver::Driver;

/// In which state a connection would come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing is under way on it.
    Clean,
    /// A statement or a transaction is under way.
    Midway,
    /// The connection itself failed.
    Broken,
}

/// A connection in use; dropping it frees it.
#[derive(Debug)]
pub(crate) struct Lease<C: Driver> {
    pub(super) connection: Option<C>,
    pub(super) generation: u64,
    pub(super) state: State,
    pub(super) shared: Arc<Shared<C>>,
    pub(super) permit: Option<OwnedSemaphorePermit>,
}

impl<C: Driver> Lease<C> {
    /// Says what dropping it now would leave behind.
    pub(crate) fn mark(&mut self, state: State) {
        // A broken connection stays so.
        if self.state != State::Broken {
            self.state = state;
        }
        if state == State::Broken {
            self.shared.discard_older(self.generation);
        }
    }
}

const HELD: &str = "a lease holds its connection until it is dropped";

impl<C: Driver> Deref for Lease<C> {
    type Target = C;

    fn deref(&self) -> &C {
        // Only dropping the lease takes it away.
        self.connection.as_ref().expect(HELD)
    }
}

impl<C: Driver> DerefMut for Lease<C> {
    fn deref_mut(&mut self) -> &mut C {
        // Only dropping the lease takes it away.
        self.connection.as_mut().expect(HELD)
    }
}

impl<C: Driver> Drop for Lease<C> {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        let shared = Arc::clone(&self.shared);
        let unpooled = matches!(shared.settings, PoolSettings::Unpooled { .. });
        match (self.state, Handle::try_current()) {
            (State::Clean, _) if !unpooled => shared.put_back(connection, self.generation),
            (State::Clean, Ok(_)) => {
                shared.closed(1);
                close_in_background(connection);
            }
            (State::Midway, Ok(runtime)) => {
                let (permit, generation) = (self.permit.take(), self.generation);
                runtime.spawn(async move {
                    let usable = timeout(CLEANUP, is_usable(&mut connection)).await;
                    if usable == Ok(true) && !unpooled {
                        shared.put_back(connection, generation);
                    } else {
                        shared.closed(1);
                        drop(connection);
                    }
                    drop(permit);
                });
            }
            // The other end notices that the connection is gone.
            (State::Broken | State::Clean | State::Midway, _) => shared.closed(1),
        }
        // The permit is dropped after this.
    }
}

/// Waits for the statement under way, and ends the transaction if there is one.
async fn is_usable<C: Driver>(connection: &mut C) -> bool {
    // SQLite calls it an error when there is none.
    let _ = connection.run("ROLLBACK").await;
    connection.ping().await.is_ok()
}
