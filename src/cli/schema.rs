//! `loadgen schema`.

use super::{Exit, output};
use crate::scenario::schema;

/// Writes the schema to standard output.
pub fn execute() -> Exit {
    output::show(&schema::text(), Exit::Success)
}
