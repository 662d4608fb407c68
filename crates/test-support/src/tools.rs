//! Programs that `scripts/test` installs for tests.

use crate::program::root;
use std::path::PathBuf;

/// A program of the Python environment in which these tools are.
pub fn tool(name: &str) -> PathBuf {
    let folder = root().join("target/tools/python/bin");
    let path = folder.join(name);
    assert!(path.exists(), "`scripts/test test` installs {name}");
    path
}
