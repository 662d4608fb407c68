//! Settings of a population that requests in the background of its load share.

use super::{headers::Header, step::Shared};
use std::time::Duration;

/// Settings that calls take from a population.
#[derive(Debug)]
pub(super) struct Common {
    /// Headers that are the same for every request.
    pub headers: Vec<Header>,
    pub prefix: String,
    pub timeout: Duration,
}

impl Common {
    /// Takes them from the settings that steps share.
    pub fn of(shared: &Shared<'_>) -> Option<Self> {
        let headers = shared.headers.as_ref()?.iter();
        let same = headers.filter(|header| header.value.variables().is_empty());
        Some(Self {
            headers: same.cloned().collect(),
            prefix: shared.prefix.clone(),
            timeout: shared.timeout?,
        })
    }
}
