//! Cancellation of statements of SQLite, by a flag that it checks while it works.

use sqlx::SqliteConnection;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Instructions that SQLite executes between two checks of the flag.
const STEPS: i32 = 1000;

/// Flag that interrupts the statements of a connection while it is raised.
#[derive(Debug, Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Has a connection check a new flag.
    ///
    /// # Errors
    /// When the connection's thread has ended.
    pub async fn of(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let flag = Arc::new(AtomicBool::new(false));
        let checked = Arc::clone(&flag);
        let mut handle = connection.lock_handle().await?;
        handle.set_progress_handler(STEPS, move || !checked.load(Ordering::Relaxed));
        Ok(Self(flag))
    }

    /// Interrupts the statement that is executed, and those that follow.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Lets statements run again.
    pub fn lower(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
