//! `[validity]`: when a run may be believed.

use crate::form::table;
use std::time::Duration;

table! {
    /// Conditions under which a run is valid.
    pub struct Validity as "[validity]" {
        /// Schedule lag up to this is no lateness.
        max_lag: Duration,
    }
}
