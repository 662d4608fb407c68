//! Programs under test, and the folder of the project.

use std::path::{Path, PathBuf};

/// The folder of the project.
pub fn root() -> &'static Path {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    folder.expect("this crate is in crates/")
}

/// A binary of the package whose tests or benchmarks run, such as `loadgen`.
pub fn binary(name: &str) -> PathBuf {
    let variable = format!("CARGO_BIN_EXE_{name}");
    let path = std::env::var_os(&variable);
    path.unwrap_or_else(|| panic!("{variable} is not set: run the tests by cargo"))
        .into()
}
