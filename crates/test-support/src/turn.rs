//! Turns at using the machine: most tests run together, those that measure time run alone.

use crate::program::root;
use std::fs::{self, File};

/// A turn, which ends when it is dropped.
pub struct Turn {
    /// Locked, and unlocked when it is closed. A lock of a file holds between processes too, as
    /// some runners start one for each test.
    _lock: File,
}

impl Turn {
    /// Beside others.
    pub fn shared() -> Self {
        let lock = file();
        lock.lock_shared().expect("files can be locked");
        Self { _lock: lock }
    }

    /// Alone; waits for those that are at work. Nobody may hold a turn who asks for this.
    pub fn alone() -> Self {
        let lock = file();
        lock.lock().expect("files can be locked");
        Self { _lock: lock }
    }
}

fn file() -> File {
    let folder = root().join("target");
    fs::create_dir_all(&folder).expect("the project can be written to");
    File::create(folder.join("turn.lock")).expect("the folder is there for tests")
}
